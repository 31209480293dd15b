"""Each client carries the token of an account of the demo and sees exactly its world: collections, columns and rows."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import owslib.ogcapi
import psycopg
import pyogrio
import pytest
from owslib.ogcapi.features import Features
from owslib.util import Authentication
from pyogrio import raw
from requests import PreparedRequest
from requests.auth import AuthBase

from catalogue.record_keys import RECORDS
from tests.clients.worlds import SPECIAL, WORLDS, Rows, Sees

pytestmark = [
    pytest.mark.client,
    pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning"),  # pyogrio's own, for dates
]
PUBLIC = {"don-vi-hanh-chinh", "chi-gioi", "phuong-an-quy-hoach", "vung-quy-hoach"}
ACCOUNTS = list(WORLDS)
OPTIONS = {"GDAL_HTTP_HEADERS", "GDAL_HTTP_HEADER_FILE", "GDAL_HTTP_AUTH", "GDAL_HTTP_BEARER"}

type RunGdal = Callable[..., str]


class Bearer(AuthBase):
    """Add a token to the requests of one service."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@pytest.fixture(scope="module")
def demo_rows(demo_db: str) -> Iterator[Rows]:
    """Ask a copy of the database that the server reads, around the service."""
    with psycopg.connect(demo_db, autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()


@pytest.fixture
def header_file(demo_tokens: Mapping[str, str], tmp_path: Path) -> Callable[[str], str]:
    """Write the token of an account into a file of headers, as the how-to says."""

    def written(account: str) -> str:
        file = tmp_path / f"header-{account}"
        file.write_text(f"Authorization: Bearer {demo_tokens[account]}\n")
        file.chmod(0o600)
        return str(file)

    return written


def _gdal_version(run_gdal: RunGdal) -> tuple[int, ...]:
    found = re.search(r"GDAL (\d+)\.(\d+)", run_gdal("ogrinfo", "--version"))
    assert found
    return tuple(map(int, found.groups()))


def _options(way: str, token: str, header_file: str) -> dict[str, str]:
    return {
        "file": {"GDAL_HTTP_HEADER_FILE": header_file},
        "headers": {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {token}"},
        "bearer": {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": token},
    }[way]


def _carries(way: str, version: tuple[int, ...]) -> bool:
    """Tell whether that version of GDAL sends a token given in that way, as the how-to says."""
    return {"file": True, "headers": version < (3, 10), "bearer": version >= (3, 10)}[way]


def _listed(said: str) -> set[str]:
    return {line.split()[1] for line in said.splitlines() if line[:1].isdigit()}


@pytest.mark.parametrize("way", ["file", "headers", "bearer"])
def test_ogrinfo_lists_the_world_of_its_token_in_each_way_that_its_version_knows(
    run_gdal: RunGdal, demo_live: Any, demo_tokens: Mapping[str, str], header_file: Callable[[str], str], way: str
) -> None:
    account = "25195.motcua"
    options = _options(way, demo_tokens[account], header_file(account))
    given = [part for name, value in options.items() for part in ("--config", name, value)]

    said = run_gdal("ogrinfo", *given, f"OAPIF:{demo_live.url}")

    carried = _carries(way, _gdal_version(run_gdal))
    assert _listed(said) == {*(WORLDS[account] if carried else PUBLIC), RECORDS}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_ogr2ogr_reads_exactly_the_rows_and_columns_of_its_token(
    run_gdal: RunGdal,
    demo_live: Any,
    demo_rows: Rows,
    header_file: Callable[[str], str],
    tmp_path: Path,
    account: str,
) -> None:
    options = ("--config", "GDAL_HTTP_HEADER_FILE", header_file(account), "-oo", "PAGE_SIZE=1000")

    read = {name: _converted(run_gdal, demo_live, tmp_path, name, options) for name in WORLDS[account]}

    for name, sees in WORLDS[account].items():
        assert sorted(map(_id, read[name])) == sees.ids(demo_rows) != [], name
        assert {key for each in read[name] for key in each["properties"]} | {"id"} == sees.names(), name
        assert {each["geometry"] is not None for each in read[name]} == {sees.spatial}, name


def _id(feature: Any) -> str:
    """Return the key of a row: numbers are GDAL's own ids, what else there is a column."""
    return str(feature["properties"].get("id", feature.get("id")))


def _converted(run_gdal: RunGdal, live: Any, folder: Path, name: str, options: tuple[str, ...]) -> list[Any]:
    target = folder / f"{name}.geojson"
    run_gdal("ogr2ogr", "-f", "GeoJSON", "-preserve_fid", str(target), f"OAPIF:{live.url}", name, *options)
    return list(json.loads(target.read_text(encoding="utf-8"))["features"])


def test_ogr2ogr_reads_the_collection_of_a_special_request_beside_that_of_the_layer(
    run_gdal: RunGdal, demo_live: Any, demo_rows: Rows, header_file: Callable[[str], str], tmp_path: Path
) -> None:
    options = ("--config", "GDAL_HTTP_HEADER_FILE", header_file("692.diachinh"), "-oo", "PAGE_SIZE=500")

    read = _converted(run_gdal, demo_live, tmp_path, "thua-dat~dt-2025-001", options)

    assert sorted(each["properties"]["id"] for each in read) == SPECIAL.ids(demo_rows) != []
    assert set(read[0]["properties"]) == SPECIAL.names()


@contextmanager
def _pyogrio_with(options: Mapping[str, str]) -> Iterator[None]:
    """Set options of the GDAL in this process, and take them back: they hold for every address."""
    pyogrio.set_gdal_config_options(dict(options))
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(OPTIONS))


needs_oapif = pytest.mark.skipif(
    "OAPIF" not in pyogrio.list_drivers(), reason="pyogrio was built without the OAPIF driver"
)


@needs_oapif
@pytest.mark.parametrize("way", ["file", "headers", "bearer"])
def test_pyogrio_lists_the_world_of_its_token_in_each_way_that_its_version_knows(
    demo_live: Any, demo_tokens: Mapping[str, str], header_file: Callable[[str], str], way: str
) -> None:
    account = "25195.motcua"

    with _pyogrio_with(_options(way, demo_tokens[account], header_file(account))):
        listed = {str(name) for name, _ in pyogrio.list_layers(f"OAPIF:{demo_live.url}")}

    carried = _carries(way, pyogrio.__gdal_version__)
    assert listed == {*(WORLDS[account] if carried else PUBLIC), RECORDS}


@needs_oapif
@pytest.mark.parametrize("account", ACCOUNTS)
def test_pyogrio_reads_exactly_the_rows_and_columns_of_its_token(
    demo_live: Any, demo_tokens: Mapping[str, str], demo_rows: Rows, account: str
) -> None:
    with _pyogrio_with(_options("bearer", demo_tokens[account], "")):
        read = {name: raw.read(f"OAPIF:{demo_live.url}", layer=name, return_fids=True) for name in WORLDS[account]}

    for name, sees in WORLDS[account].items():
        meta, numbers, geometries, columns = read[name]
        values = dict(zip(map(str, meta["fields"]), columns, strict=True))
        assert sorted(map(str, values.get("id", numbers))) == sees.ids(demo_rows) != [], name
        assert set(values) | {"id"} == sees.names(), name
        assert {each is not None for each in geometries} == {sees.spatial}, name


@needs_oapif
def test_two_tokens_in_one_process_see_two_worlds_one_after_the_other(
    demo_live: Any, demo_tokens: Mapping[str, str]
) -> None:
    seen: list[set[str]] = []
    for account in ("25195.diachinh", "25195.motcua", "25195.diachinh"):
        with _pyogrio_with(_options("bearer", demo_tokens[account], "")):
            seen.append(set(map(str, pyogrio.read_info(f"OAPIF:{demo_live.url}", layer="thua-dat")["fields"])))

    first, second = (WORLDS[each]["thua-dat"].names() for each in ("25195.diachinh", "25195.motcua"))
    assert seen == [first, second, first]


def _service(live: Any, token: str) -> Features:
    return Features(live.url, auth=Authentication(auth_delegate=Bearer(token)))


def _pages(service: Features, collection: str) -> list[Any]:
    read: list[Any] = []
    while page := service.collection_items(collection, limit=1000, offset=len(read))["features"]:
        read += page
    return read


@pytest.mark.parametrize("account", ACCOUNTS)
def test_owslib_reads_exactly_the_rows_and_columns_of_its_token(
    demo_live: Any, demo_tokens: Mapping[str, str], demo_rows: Rows, account: str
) -> None:
    service = _service(demo_live, demo_tokens[account])

    listed = {each["id"] for each in service.collections()["collections"]}
    read = {name: _pages(service, name) for name in listed}

    assert listed == {*WORLDS[account], RECORDS}
    for name, sees in WORLDS[account].items():
        assert sorted(str(each["id"]) for each in read[name]) == sees.ids(demo_rows) != [], name
        assert {key for each in read[name] for key in each["properties"]} | {"id"} == sees.names(), name
        assert {each["geometry"] is not None for each in read[name]} == {sees.spatial}, name


def test_owslib_is_told_the_schema_the_queryables_and_the_api_of_its_token(
    demo_live: Any, demo_tokens: Mapping[str, str]
) -> None:
    service = _service(demo_live, demo_tokens["25195.motcua"])
    sees = WORLDS["25195.motcua"]["thua-dat"]

    assert set(service.collection_schema("thua-dat")["properties"]) - {"geometry"} == sees.names()
    assert set(service.collection_queryables("thua-dat")["properties"]) - {"geometry"} <= sees.names()
    assert "/collections/vung-quy-hoach" not in json.dumps(service.api())


def test_owslib_filters_by_nothing_that_its_token_does_not_show(demo_live: Any, demo_tokens: Mapping[str, str]) -> None:
    service = _service(demo_live, demo_tokens["25195.motcua"])

    with pytest.raises(RuntimeError) as hidden:
        service.collection_items("thua-dat", filter="dien_tich > 1")
    with pytest.raises(RuntimeError) as absent:
        service.collection_items("thua-dat", filter="khong_dau > 1")

    assert str(hidden.value).replace("dien_tich", "khong_dau") == str(absent.value)


def test_owslib_gives_a_token_of_headers_to_every_later_server_and_one_of_auth_delegate_to_none(
    demo_live: Any, demo_tokens: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owslib.ogcapi, "REQUEST_HEADERS", dict(owslib.ogcapi.REQUEST_HEADERS))
    before = dict(owslib.ogcapi.REQUEST_HEADERS)

    _service(demo_live, demo_tokens["25195.motcua"])
    after_delegate = dict(owslib.ogcapi.REQUEST_HEADERS)
    Features(demo_live.url, headers={"Authorization": f"Bearer {demo_tokens['25195.motcua']}"})
    another = Features(demo_live.url)  # stands for a server of somebody else

    assert after_delegate == before
    assert {each["id"] for each in another.collections()["collections"]} == {*WORLDS["25195.motcua"], RECORDS}


def test_no_page_of_the_documentation_gives_owslib_a_token_by_headers() -> None:
    docs = Path(__file__).parents[2] / "docs"
    blocks = [
        block
        for page in docs.rglob("*.md")
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if "owslib" in block
    ]

    assert any("auth_delegate" in each for each in blocks)
    assert [each for each in blocks if "headers=" in each] == []


@pytest.mark.parametrize("account", ["25195.motcua", "692.diaban"])
def test_curl_takes_an_export_of_what_its_token_shows_or_none(
    demo_live: Any, demo_tokens: Mapping[str, str], demo_rows: Rows, tmp_path: Path, account: str
) -> None:
    """The front desk may not export; the officer of the area may."""
    sees: Sees = WORLDS[account]["thua-dat"]
    config = tmp_path / "curl"
    config.write_text(f'header = "Authorization: Bearer {demo_tokens[account]}"\n')
    command = ["curl", "-sS", "-K", str(config), "-w", "\n%{http_code}", f"{demo_live.url}/collections/thua-dat/export"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    body, _, status = done.stdout.rpartition("\n")
    if account == "25195.motcua":
        assert status == "404"
    else:
        assert status == "200"
        assert sorted(each["id"] for each in json.loads(body)["features"]) == sees.ids(demo_rows)
