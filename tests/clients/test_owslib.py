"""OWSLib: collections, pages, box, filter, CRS and single items, row for row."""

from collections.abc import Callable
from typing import Any

import pytest
from owslib.ogcapi.features import Features

pytestmark = pytest.mark.client
IN_FORCE = "hieu_luc_den IS NULL"

type Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def service(live: Any) -> Features:
    return Features(f"{live.url}/")


def _all(service: Features, collection: str, **parameters: Any) -> list[Any]:
    """Read page after page by ``offset``, as its documentation shows."""
    read: list[Any] = []
    while page := service.collection_items(collection, limit=700, offset=len(read), **parameters)["features"]:
        read += page
    return read


def _expected(rows: Rows, condition: str, *values: object) -> list[str]:
    found = rows(f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE} AND {condition} ORDER BY 1", *values)
    return [each for (each,) in found]


def test_it_lists_the_collections(service: Features) -> None:
    assert {"thua-dat", "don-vi-hanh-chinh", "vung-quy-hoach"} <= set(service.feature_collections())
    assert service.collection("thua-dat")["id"] == "thua-dat"
    assert service.conformance()["conformsTo"]


def test_it_reads_the_api_document(service: Features) -> None:
    assert service.api()["openapi"].startswith("3.0")


def test_it_reads_the_queryables(service: Features) -> None:
    assert "so_to" in service.collection_queryables("thua-dat")["properties"]


def test_it_reads_a_layer_completely(service: Features, rows: Rows) -> None:
    read = _all(service, "thua-dat")

    values = sorted((each["id"], each["properties"]["so_to"], each["properties"]["dien_tich"]) for each in read)
    assert values == rows(f"SELECT id::text, so_to, dien_tich FROM dc.thua_dat WHERE {IN_FORCE} ORDER BY 1")


def test_it_reads_what_meets_a_box(service: Features, rows: Rows) -> None:
    read = _all(service, "thua-dat", bbox=[106.5, 11.5, 106.9, 12.0])

    box = "ST_Intersects(geom, ST_MakeEnvelope(106.5, 11.5, 106.9, 12.0, 4326))"
    assert sorted(each["id"] for each in read) == _expected(rows, box) != []


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("so_to = 1 OR so_to = 2 AND dien_tich > 500", "(so_to = 1 OR so_to = 2 AND dien_tich > 500)"),
        ("CASEI(loai_dat_chinh) = CASEI('cln')", "loai_dat_chinh = 'CLN'"),
        (
            "S_INTERSECTS(geometry, BBOX(106.5, 11.5, 106.9, 12))",
            "ST_Intersects(geom, ST_MakeEnvelope(106.5, 11.5, 106.9, 12.0, 4326))",
        ),
    ],
)
def test_it_reads_what_meets_a_filter(service: Features, rows: Rows, text: str, condition: str) -> None:
    read = _all(service, "thua-dat", filter=text)

    assert sorted(each["id"] for each in read) == _expected(rows, condition) != []


def test_it_reads_by_value(service: Features, rows: Rows) -> None:
    read = _all(service, "thua-dat", so_to=1)

    assert sorted(each["id"] for each in read) == _expected(rows, "so_to = 1") != []


def test_it_searches_without_diacritics(service: Features, rows: Rows) -> None:
    read = _all(service, "don-vi-hanh-chinh", q="dong xoai")

    assert sorted(int(each["id"]) for each in read) == [
        key for (key,) in rows("SELECT id FROM hc.don_vi WHERE ten ILIKE '%%Đồng Xoài%%' ORDER BY 1")
    ]


def test_it_reads_in_the_crs_of_the_survey(service: Features, rows: Rows) -> None:
    crs = "http://www.opengis.net/def/crs/EPSG/0/9212"

    page = service.collection_items("thua-dat", limit=50, crs=crs)["features"]

    for each in page:
        (shape,) = rows("SELECT ST_AsGeoJSON(geom_goc, 4)::json FROM dc.thua_dat WHERE id = %s", each["id"])[0]
        assert each["geometry"]["coordinates"] == shape["coordinates"]


def test_it_reads_one_item(service: Features, rows: Rows) -> None:
    (key, sheet) = rows(f"SELECT id::text, so_to FROM dc.thua_dat WHERE {IN_FORCE} ORDER BY id LIMIT 1")[0]

    item = service.collection_item("thua-dat", key)

    assert item["id"] == key
    assert item["properties"]["so_to"] == sheet


def test_it_is_told_what_it_did_wrong(service: Features) -> None:
    with pytest.raises(RuntimeError, match="khong_co"):
        service.collection_items("thua-dat", khong_co=1)
