"""GDAL of the system (Debian 12: 3.6, 13: 3.10): OAPIF reads every layer completely, by box, by value and by page.

From 3.10 on it opens a layer in its ``storageCrs``; a test of places names the reference system, which an older one
passes over with a warning.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.client
LON_LAT = ("-oo", "CRS=OGC:CRS84")
SPATIAL = {"thua-dat": "dc.thua_dat", "doan-duong": "gd.doan_duong", "vung-quy-hoach": "qh.vung"}
IN_FORCE = "hieu_luc_den IS NULL"

type Rows = Callable[..., list[tuple[Any, ...]]]


def _features(run_gdal: Callable[..., str], live: Any, tmp_path: Path, layer: str, *options: str) -> list[Any]:
    target = tmp_path / f"{layer}.geojson"
    run_gdal("ogr2ogr", "-f", "GeoJSON", "-preserve_fid", str(target), f"OAPIF:{live.url}", layer, *options)
    return list(json.loads(target.read_text(encoding="utf-8"))["features"])


def _ids(features: list[Any]) -> list[str]:
    return sorted(each["properties"]["id"] for each in features)


def test_it_lists_every_collection(run_gdal: Callable[..., str], live: Any, rows: Rows) -> None:
    said = run_gdal("ogrinfo", f"OAPIF:{live.url}")

    listed = {line.split()[1] for line in said.splitlines() if line[:1].isdigit()}
    assert set(SPATIAL) <= listed
    assert len(listed) >= 20
    assert rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize(("layer", "table"), SPATIAL.items())
def test_it_reads_a_layer_completely(
    run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path, layer: str, table: str
) -> None:
    features = _features(run_gdal, live, tmp_path, layer)

    where = IN_FORCE if layer == "thua-dat" else "TRUE"
    assert _ids(features) == [each for (each,) in rows(f"SELECT id::text FROM {table} WHERE {where} ORDER BY 1")]


def test_every_row_has_the_values_of_the_database(
    run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path
) -> None:
    features = _features(run_gdal, live, tmp_path, "thua-dat", "-lco", "COORDINATE_PRECISION=9", *LON_LAT)

    names = ("id", "so_to", "so_thua", "dien_tich", "loai_dat_chinh", "dia_chi", "da_cap_gcn")
    found = sorted(tuple(each["properties"].get(name) for name in names) for each in features)
    expected = rows(f"SELECT id::text, {', '.join(names[1:])} FROM dc.thua_dat WHERE {IN_FORCE} ORDER BY id")
    assert found == expected
    inside = {each["properties"]["id"]: each["geometry"]["coordinates"][0][0][0] for each in features}
    for key, x, y in rows(
        f"SELECT id::text, ST_X(p), ST_Y(p) FROM (SELECT id, ST_StartPoint(ST_ExteriorRing(ST_GeometryN(geom, 1))) AS p"
        f" FROM dc.thua_dat WHERE {IN_FORCE}) AS x"
    ):
        assert inside[key] == pytest.approx([x, y], abs=2e-9)


def test_it_reads_what_meets_a_box(run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path) -> None:
    box = ["106.5", "11.5", "106.9", "12.0"]

    features = _features(run_gdal, live, tmp_path, "thua-dat", "-spat", *box, *LON_LAT)

    expected = rows(
        f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE}"
        f" AND ST_Intersects(geom, ST_MakeEnvelope({','.join(box)}, 4326)) ORDER BY 1"
    )
    assert _ids(features) == [each for (each,) in expected] != []


def test_prices_beyond_32_bits_are_right_whatever_the_first_page_holds(
    run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path
) -> None:
    small_first = ("-oo", "PAGE_SIZE=10", "-oo", "INITIAL_REQUEST_PAGE_SIZE=1")

    features = _features(run_gdal, live, tmp_path, "gia-thua", *small_first)

    found = sorted((each["properties"]["id"], each["properties"]["gia_tri"]) for each in features)
    expected = rows("SELECT id::text, gia_tri FROM gd.gia_thua ORDER BY id")
    assert found == expected
    assert max(price for _, price in expected) > 2**31
    assert "gia_tri: Real" in run_gdal("ogrinfo", "-so", f"OAPIF:{live.url}", "gia-thua", *small_first)


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("so_to = 1", "so_to = 1"),
        ("so_to = 1 AND loai_dat_chinh = 'CLN'", "so_to = 1 AND loai_dat_chinh = 'CLN'"),
        ("dien_tich > 500", "dien_tich > 500"),
        ("loai_dat_chinh = 'không có'", "FALSE"),
    ],
)
def test_it_reads_what_meets_a_filter(
    run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path, where: str, condition: str
) -> None:
    features = _features(run_gdal, live, tmp_path, "thua-dat", "-where", where)

    expected = rows(f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE} AND {condition} ORDER BY 1")
    assert _ids(features) == [each for (each,) in expected]


def test_it_reads_what_was_true_on_a_day(run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path) -> None:
    where = "hieu_luc_tu <= '2020/01/01'"

    features = _features(run_gdal, live, tmp_path, "thua-dat", "-where", where)

    expected = rows(f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE} AND hieu_luc_tu <= '2020-01-01' ORDER BY 1")
    assert _ids(features) == [each for (each,) in expected]


@pytest.mark.parametrize("page_size", ["10", "137", "1000", "10000"])
def test_it_reads_page_by_page(
    run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path, page_size: str
) -> None:
    if page_size == "10":
        count = _features(run_gdal, live, tmp_path, "thua-dat", "-oo", "PAGE_SIZE=10", "-where", "so_to <= 3")
        expected = rows(f"SELECT count(*) FROM dc.thua_dat WHERE {IN_FORCE} AND so_to <= 3")
    else:
        count = _features(run_gdal, live, tmp_path, "thua-dat", "-oo", f"PAGE_SIZE={page_size}")
        expected = rows(f"SELECT count(*) FROM dc.thua_dat WHERE {IN_FORCE}")

    assert [(len(set(_ids(count))),)] == expected
    assert len(_ids(count)) == expected[0][0]


def test_it_counts_and_knows_the_extent(run_gdal: Callable[..., str], live: Any, rows: Rows) -> None:
    said = run_gdal("ogrinfo", "-so", f"OAPIF:{live.url}", "thua-dat", *LON_LAT)

    count = rows(f"SELECT count(*) FROM dc.thua_dat WHERE {IN_FORCE}")[0][0]
    assert f"Feature Count: {count}" in said
    assert "so_to: Integer" in said
    assert "dien_tich: Real" in said
    assert "Extent: (10" in said


def test_it_asks_for_geojson_and_not_for_another_json(run_gdal: Callable[..., str], live: Any) -> None:
    said = run_gdal("ogrinfo", "-so", "--debug", "HTTP", f"OAPIF:{live.url}", "thua-dat")

    asked = [line for line in said.splitlines() if "/items" in line and "Fetch(" in line]
    assert asked
    assert [line for line in asked if "f=" in line] == []


def test_it_reads_one_item_by_its_address(run_gdal: Callable[..., str], live: Any, rows: Rows) -> None:
    (key, sheet) = rows(f"SELECT id::text, so_to FROM dc.thua_dat WHERE {IN_FORCE} ORDER BY id LIMIT 1")[0]

    said = run_gdal("ogrinfo", "-al", f"{live.url}/collections/thua-dat/items/{key}")

    assert f"so_to (Integer) = {sheet}" in said


@pytest.mark.parametrize("format_", ["fgb", "gpkg", "csv", "gml"])
def test_it_reads_an_export_in_each_format(
    run_gdal: Callable[..., str], live: Any, rows: Rows, tmp_path: Path, format_: str
) -> None:
    from urllib.request import urlretrieve

    file = tmp_path / f"thua-dat.{format_}"
    urlretrieve(f"{live.url}/collections/thua-dat/export?f={format_}", file)

    said = run_gdal("ogrinfo", "-al", "-so", str(file))

    count = rows(f"SELECT count(*) FROM dc.thua_dat WHERE {IN_FORCE}")[0][0]
    assert f"Feature Count: {count}" in said
