"""GeoJSON and JSON-FG: the frame around features that PostgreSQL wrote."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyogrio
import pytest
import shapely

from catalogue.layer import GeometryKind
from formats.format import Answer, Link
from formats.geojson import GeoJson
from formats.jsonfg import JsonFg
from query.crs import epsg

NEXT = Link("https://x.vn/items?q=<a>&b='c'", "next", "application/geo+json", "Trang kế tiếp")
POINT = '{"type":"Point","coordinates":[106.5,11.25]}'
FEATURE = f'{{"type":"Feature","id":7,"geometry":{POINT},"properties":{{"ten":"Đất & <b>"}}}}'
FG_FEATURE = (
    '{"type":"Feature","id":7,"time":{"date":"2025-06-30"},"place":{"type":"Point","coordinates":[500000,1270000]},'
    '"geometry":null,"properties":{"ten":"Đất"}}'
)
CORE = "http://www.opengis.net/spec/json-fg-1/1.0/conf/core"
TYPES = "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas"


def test_a_page_is_the_features_in_a_frame_of_fixed_order(make_answer: Callable[..., Answer]) -> None:
    answer = make_answer(links=(NEXT,), number_matched=5, number_returned=1)

    content = GeoJson().page(answer, FEATURE.encode()).decode()

    assert content == (
        f'{{"type":"FeatureCollection","features":[{FEATURE}],'
        '"links":[{"href":"https://x.vn/items?q=<a>&b=\'c\'","rel":"next","type":"application/geo+json",'
        '"title":"Trang kế tiếp"}],"numberMatched":5,"numberReturned":1}'
    )


@pytest.mark.parametrize("encoder", [GeoJson(), JsonFg()])
def test_unknown_counts_and_the_time_of_the_answer_are_absent(
    encoder: GeoJson | JsonFg, make_answer: Callable[..., Answer]
) -> None:
    page = json.loads(encoder.page(make_answer(number_returned=0), b""))

    assert page["features"] == []
    assert page["numberReturned"] == 0
    assert "numberMatched" not in page
    assert "timeStamp" not in page


@pytest.mark.parametrize("encoder", [GeoJson(), JsonFg()])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stream_counts_what_it_sent(
    encoder: GeoJson | JsonFg, count: int, make_answer: Callable[..., Answer]
) -> None:
    content = json.loads(b"".join(encoder.stream(make_answer(), iter([FEATURE.encode()] * count))))

    assert content["numberReturned"] == len(content["features"]) == count


def test_an_item_is_the_feature_with_links(make_answer: Callable[..., Answer]) -> None:
    item = GeoJson().item(make_answer(links=(Link("https://x.vn/", "self"),)), FEATURE.encode())

    assert item.decode() == FEATURE[:-1] + ',"links":[{"href":"https://x.vn/","rel":"self"}]}'


def test_an_item_without_links_is_the_feature(make_answer: Callable[..., Answer]) -> None:
    item = GeoJson().item(make_answer(), FEATURE.encode())

    assert item.decode() == FEATURE


def test_gdal_reads_a_geojson_page(make_answer: Callable[..., Answer]) -> None:
    content = GeoJson().page(make_answer(GeometryKind.POINT), FEATURE.encode())

    meta, _, geometry, fields = pyogrio.raw.read(content)

    assert list(meta["fields"]) == ["id", "ten"] or list(meta["fields"]) == ["ten"]
    assert fields[-1].tolist() == ["Đất & <b>"]
    assert shapely.from_wkb(geometry[0]).wkt == "POINT (106.5 11.25)"


@pytest.mark.parametrize("crs", [epsg(9212), epsg(4326)], ids=lambda crs: crs.srid)
def test_another_crs_is_named_once_in_the_root(crs: Any, make_answer: Callable[..., Answer]) -> None:
    answer = make_answer(GeometryKind.POINT, crs=crs, schema_url="https://x.vn/schema")

    page = json.loads(JsonFg().page(answer, FG_FEATURE.encode()))
    item = json.loads(JsonFg().item(answer, FG_FEATURE.encode()))

    assert list(page)[:7] == [
        *("type", "conformsTo", "featureType", "featureSchema", "coordRefSys", "geometryDimension", "features"),
    ]
    for root in (page, item):
        assert root["conformsTo"] == [CORE, TYPES]
        assert root["featureType"] == "thua-dat"
        assert root["featureSchema"] == "https://x.vn/schema"
        assert root["coordRefSys"] == crs.uri
        assert root["links"][-1] == {"href": "http://www.opengis.net/def/profile/OGC/0/jsonfg", "rel": "profile"}
    assert page["features"] == [json.loads(FG_FEATURE)]
    assert page["geometryDimension"] == 0
    assert item["place"] == json.loads(FG_FEATURE)["place"]


def test_crs84_is_the_default_and_not_named(make_answer: Callable[..., Answer]) -> None:
    page = json.loads(JsonFg().page(make_answer(), FEATURE.encode()))

    assert "coordRefSys" not in page
    assert page["geometryDimension"] == 2


def test_without_geometry_neither_crs_nor_dimension_are_told(make_answer: Callable[..., Answer]) -> None:
    page = json.loads(JsonFg().page(replace(make_answer(crs=epsg(9212)), with_geometry=False), FEATURE.encode()))

    assert "coordRefSys" not in page
    assert "geometryDimension" not in page


def test_gdal_reads_json_fg_in_vn2000(make_answer: Callable[..., Answer]) -> None:
    content = JsonFg().page(make_answer(GeometryKind.POINT, crs=epsg(9212)), FG_FEATURE.encode())

    meta, _, geometry, _ = pyogrio.raw.read(content)

    assert meta["crs"] == "EPSG:9212"
    assert shapely.from_wkb(geometry[0]).wkt == "POINT (500000 1270000)"
