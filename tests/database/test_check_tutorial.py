"""The tutorial on adding a layer, followed word for word on a fresh database."""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from werkzeug.test import Client

from catalogue.files import LAYERS, read_layers
from catalogue.layer import Layer
from core.errors import CatalogueError
from core.settings import Settings
from database.check import check_catalogue
from server import app
from server.cli import main

TUTORIAL = (Path(__file__).parents[2] / "docs/tutorials/add-a-layer.md").read_text(encoding="utf-8")
UNIT = """
INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc)
VALUES (3, '99999', 'Xã Thử', 'Xã', '2020-01-01', 'thử',
        ST_Multi(ST_MakeEnvelope(560000, 1280000, 570000, 1290000, 9212)))
"""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)


@pytest.fixture
def database(empty_db: str) -> str:
    """The database after the tutorial's SQL."""
    with psycopg.connect(empty_db) as connection:
        connection.execute(UNIT)
        for block in _blocks("sql"):
            connection.execute(block.encode())
    return empty_db


@pytest.fixture
def connection(database: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database) as connection:
        yield connection


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration with the layer file of the tutorial in it."""
    folder = tmp_path / "config"
    shutil.copytree(LAYERS.parent, folder)
    block, _ = _blocks("yaml")
    (folder / "layers" / "tram-quan-trac.yml").write_text(block, encoding="utf-8")
    return folder


@pytest.fixture
def layers(config: Path) -> tuple[Layer, ...]:
    return read_layers(config / "layers")


def test_the_layer_of_the_tutorial_fits_its_table(connection: Connection[Any], layers: tuple[Layer, ...]) -> None:
    check_catalogue(connection, layers)

    assert "tram-quan-trac" in {each.id for each in layers}
    assert f"`{len(layers)} layers fit the database.`" in TUTORIAL


def test_what_the_tutorial_says_is_derived_is_derived(connection: Connection[Any]) -> None:
    query = "SELECT ten, ma_xa, ST_SRID(geom_goc), ST_SRID(geom), lg.so_dong_trong('qt.tram_quan_trac', false, NULL)"

    rows = connection.execute(f"{query} FROM qt.tram_quan_trac".encode()).fetchall()

    assert rows == [("Trạm Xã Thử", "99999", 9212, 4326, 1)]


def test_without_the_index_the_check_says_what_the_tutorial_promises(
    connection: Connection[Any], layers: tuple[Layer, ...]
) -> None:
    connection.execute("DROP INDEX qt.tram_quan_trac_do_ph_id_idx")

    with pytest.raises(CatalogueError) as error:
        check_catalogue(connection, layers)

    (promised,) = _blocks("text")
    assert str(error.value).splitlines()[1:] == promised.splitlines()


def test_the_command_of_the_tutorial_answers_as_it_says(
    database: str, config: Path, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"DATDAI_DATABASE_URL": as_app(database)}

    code = main(["check", "--layers", str(config / "layers")], environ)

    answer = capsys.readouterr().out.strip()
    assert code == 0
    assert f"`{answer}`" in TUTORIAL


def test_the_command_lists_every_fault_and_ends_with_2(
    empty_db: str, config: Path, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(empty_db) as connection:
        connection.execute("DROP INDEX dc.moc_loai")

    code = main(["check", "--layers", str(config / "layers")], {"DATDAI_DATABASE_URL": as_app(empty_db)})

    assert code == 2
    assert capsys.readouterr().err.splitlines() == [
        "datdai: The layer catalogue does not fit the database:",
        "- moc: loai is sortable without an index: CREATE INDEX ON dc.moc (loai, id)",
        "- tram-quan-trac: there is no table qt.tram_quan_trac",
    ]


def test_the_address_of_the_tutorial_serves_the_station_once_it_is_published(
    database: str,
    config: Path,
    as_app: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(app, "CONFIG", config)
    monkeypatch.setattr(read_layers, "__defaults__", (config / "layers",))
    monkeypatch.chdir(tmp_path)
    environ = {"DATDAI_DATABASE_URL": as_app(database), "DATDAI_ADMIN_DATABASE_URL": database}
    (address,) = re.findall(r"curl 'http://127.0.0.1:8000(.*?)'", TUTORIAL)
    _, agreement = _blocks("yaml")
    Path("tram-quan-trac-cong-khai.yml").write_text(agreement, encoding="utf-8")
    assert main(["account", "bootstrap", "so.quantri1", "Mot", "so.quantri2", "Hai"], environ) == 0
    with psycopg.connect(database) as connection:  # as if both had used their codes
        connection.execute("UPDATE acl.account SET state = 'active'")
    application = app.create(Settings(database_url=as_app(database), home=tmp_path))
    request.addfinalizer(application.close)
    before = Client(application).get(address).status_code

    said = ""
    for line in (each for block in _blocks("sh") for each in block.splitlines() if "datdai agreement" in each):
        hash_ = re.search(r'"body_hash": "(\w+)"', said)
        capsys.readouterr()
        words = shlex.split(line.replace("$HASH", hash_[1] if hash_ else ""))[1:]
        assert main(words, environ) == 0, capsys.readouterr().err
        said += capsys.readouterr().out
    answer = Client(application).get(address).get_json(force=True)

    assert before in (401, 404)
    assert [each["properties"]["ten"] for each in answer["features"]] == ["Trạm Xã Thử"]
    assert answer["features"][0]["geometry"]["type"] == "Point"
