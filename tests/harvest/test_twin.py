"""The crawlable twin, written by the command."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from formats.records.about import About
from harvest.reading import Catalogue
from harvest.twin import _write_records
from server.cli import main
from tests.harvest.stock import BASE, Stock, at, record

type Asked = Callable[[], Catalogue]
RECORDS = sorted((record(f"so-{n}") for n in range(3)), key=lambda each: each.id)


@pytest.fixture
def write(stock: Stock, empty_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Callable[..., int]:
    """Run the command on a catalogue of three records, one of them hidden and one taken away."""
    for each in RECORDS:
        stock.put(each)
    stock.remove(RECORDS[1].id, at(5))
    stock.put(record("an"), at(9), "don-vi:gia-dat")
    environ = {"DATDAI_DATABASE_URL": as_app(empty_db), "DATDAI_HOME": str(tmp_path / "home")}
    environ |= {"DATDAI_BASE_URL": "http://land.example.vn"}
    return lambda *arguments: main(["catalogue-export", *map(str, arguments)], environ)


def test_the_twin_holds_what_the_public_sees_and_its_digests_are_right(
    write: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "twin"

    assert write(folder) == 0

    catalogue = json.loads((folder / "catalog.json").read_text())
    items = [each["href"] for each in catalogue["links"] if each["rel"] == "item"]
    assert items == [f"records/{each.id}.json" for each in (RECORDS[0], RECORDS[2])]
    assert "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core" in catalogue["conformsTo"]
    for item in items:
        shown = json.loads((folder / item).read_text())
        root = etree.parse(folder / item.replace(".json", ".xml")).getroot()
        assert shown["id"] in etree.tostring(root).decode()
    assert (folder / "sitemap.xml").read_text().count("<loc>") == 2
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert checked.returncode == 0
    assert len((folder / "SHA256SUMS").read_text().splitlines()) == 6


def test_an_earlier_twin_is_replaced_and_leaves_nothing_behind(
    write: Callable[..., int], stock: Stock, tmp_path: Path
) -> None:
    folder = tmp_path / "twin"
    write(folder)
    stock.remove(RECORDS[0].id, at(50))

    assert write(folder) == 0

    assert not (folder / "records" / f"{RECORDS[0].id}.json").exists()
    assert sorted(each.name for each in tmp_path.iterdir() if "twin" in each.name) == ["twin"]


def test_a_folder_with_anything_else_in_it_is_left_alone(write: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")

    assert write(tmp_path / "mine") == 2

    assert (tmp_path / "mine" / "letter").read_text() == "dear"


def test_a_catalogue_that_was_never_published_is_not_written_and_the_old_twin_stays(
    write: Callable[..., int], stock: Stock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "twin"
    write(folder)
    before = (folder / "SHA256SUMS").read_text()
    stock.unpublish()

    assert write(folder) == 2

    assert "not published yet" in capsys.readouterr().err
    assert (folder / "SHA256SUMS").read_text() == before
    assert sorted(each.name for each in tmp_path.iterdir() if "twin" in each.name) == ["twin"]


def test_a_token_that_is_none_is_refused(write: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("nobody")

    assert write(tmp_path / "twin", "--token-file", tmp_path / "token") == 2
    assert write(tmp_path / "twin", "--token-file", tmp_path / "absent") == 2
    assert not (tmp_path / "twin").exists()


def test_what_is_published_while_it_is_written_is_in_it(stock: Stock, asked: Asked, tmp_path: Path) -> None:
    for n, each in enumerate(RECORDS):
        stock.put(each, at(n))
    begun: list[Catalogue] = []

    def meanwhile() -> Catalogue:
        begun.append(asked())
        if len(begun) == 3:  # the one page is read, the next one is not
            stock.retitle(RECORDS[0], "Tên mới", at(60))
            stock.remove(RECORDS[1].id, at(61))
        return begun[-1]

    ids = _write_records(tmp_path / "records", About(BASE, "vi", f"{BASE}/collections/sieu-du-lieu"), meanwhile)

    assert ids == [RECORDS[0].id, RECORDS[2].id]
    assert "Tên mới" in (tmp_path / "records" / f"{RECORDS[0].id}.json").read_text()
    assert not (tmp_path / "records" / f"{RECORDS[1].id}.json").exists()
