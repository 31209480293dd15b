"""OGC 17-069r4 (Features Part 1), requirements class Core: one test or more for each requirement, by its name."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

PARCELS = "/collections/thua-dat/items"
SPATIAL = ["doan-duong", "don-vi-hanh-chinh", "khoanh-dat", "quyen-su-dung-dat", "thua-dat", "vung-quy-hoach"]
OGC_TYPES = {"application/geo+json", "text/html"}
SCHEMAS = "ogc-schemas/features-1/schemas"

type Rows = Callable[..., list[tuple[Any, ...]]]
type FindLink = Callable[..., str | None]


@pytest.fixture(scope="module")
def conforms(data_folder: Path) -> Callable[[Any, str], None]:
    """Check a document against one of OGC's own schemas."""

    def retrieve(uri: str) -> Resource[Any]:
        text = (data_folder / SCHEMAS / uri.rsplit("/", 1)[-1]).read_text(encoding="utf-8")
        return Resource.from_contents(yaml.safe_load(text), default_specification=DRAFT4)

    def check(document: Any, name: str) -> None:
        registry: Registry[Any] = Registry(retrieve=retrieve)
        OAS30Validator({"$ref": f"urn:ogc/{name}.yaml"}, registry=registry).validate(document)

    return check


@pytest.fixture(scope="module")
def collections(api: Any) -> list[Any]:
    return list(api.json("/collections")["collections"])


def test_req_core_root_op(api: Any) -> None:
    assert api.get("/").status_code == 200


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/", "landingPage"),
        ("/conformance", "confClasses"),
        ("/collections", "collections"),
        ("/collections/thua-dat", "collection"),
        *((f"/collections/{each}/items?limit=5", "featureCollectionGeoJSON") for each in SPATIAL),
    ],
)
def test_a_document_is_valid_against_the_schema_of_ogc(
    api: Any, conforms: Callable[[Any, str], None], path: str, schema: str
) -> None:
    conforms(api.json(path), schema)


def test_req_core_root_success(api: Any, find_link: FindLink) -> None:
    landing = api.json("/")

    assert find_link(landing, "service-desc", "application/vnd.oai.openapi+json;version=3.0")
    assert find_link(landing, "service-doc", "text/html")
    assert find_link(landing, "conformance")
    assert find_link(landing, "data")


@pytest.mark.parametrize("rel", ["service-desc", "service-doc"])
def test_req_core_api_definition_op_and_success(api: Any, rel: str) -> None:
    described = [each for each in api.json("/")["links"] if each["rel"] == rel]

    assert described
    for each in described:
        answer = api.get(each["href"], Accept=each["type"])
        assert answer.status_code == 200
        assert answer.mimetype == each["type"].split(";")[0]


def test_req_core_conformance_op_and_success(api: Any) -> None:
    declaration = api.json("/conformance")

    declared = declaration["conformsTo"]
    part1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert {part1 + each for each in ("core", "geojson", "html", "oas30")} <= set(declared)
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in declared
    assert len(declared) == len(set(declared))


def test_req_core_http_refuses_what_is_no_http_method(api: Any) -> None:
    assert api.ask("BREW", "/").status_code in {400, 405, 501}


def test_req_core_query_param_unknown(api: Any) -> None:
    problem = api.problem(PARCELS, {"so-to": "1"})

    assert "so-to" in problem["description"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", "mười"),
        ("limit", "٣"),
        ("limit", "1_0"),
        ("limit", ""),
        ("limit", "9" * 30),
        ("offset", "-1"),
        ("offset", "x"),
        ("bbox", "1,2,3"),
        ("bbox", "1,2,3,4,5"),
        ("bbox", "106,11,nan,12"),
        ("bbox", "106,11,inf,12"),
        ("bbox", "106,12,107,11"),
        ("bbox", ""),
        ("bbox", "a,b,c,d"),
        ("datetime", ""),
        ("datetime", "2025-13-01"),
        ("datetime", "2025-02-30"),
        ("datetime", "../.."),
        ("datetime", "2025-01-02/2025-01-01"),
        ("datetime", "2025-01-01/2025-01-02/2025-01-03"),
        ("datetime", "hôm qua"),
        ("so_to", "x"),
        ("so_to", ""),
        ("so_to", "9" * 40),
        ("dien_tich", "nan"),
        ("id", "no-uuid"),
        ("hieu_luc_tu", "2025-02-30"),
        ("crs", "EPSG:1"),
        ("crs", ""),
        ("bbox-crs", "x"),
        ("filter", ""),
        ("filter", "so_to ="),
        ("filter-lang", "sql"),
        ("filter-crs", "x"),
        ("sortby", "khong_co"),
        ("sortby", ""),
        ("properties", "khong_co"),
        ("zoom-level", "-1"),
        ("zoom-level", "25"),
        ("zoom-level", "x"),
        ("resulttype", "x"),
        ("cursor", "x"),
        ("cursor", ""),
        ("q", ""),
        ("q", ",,"),
        ("q", "\x00"),
        ("lang", "xx"),
    ],
)
def test_req_core_query_param_invalid(api: Any, name: str, value: str) -> None:
    problem = api.problem(PARCELS, {name: value})

    assert problem["parameter"] == name
    assert name in problem["description"]


def test_req_core_fc_md_op_and_success(collections: list[Any]) -> None:
    assert {each["id"] for each in collections} >= set(SPATIAL)


def test_req_core_fc_md_links(api: Any, find_link: FindLink) -> None:
    document = api.json("/collections")

    assert find_link(document, "self", "application/json")
    assert find_link(document, "alternate", "text/html")
    assert all(each["type"] for each in document["links"] if each["rel"] in {"self", "alternate"})


def test_req_core_fc_md_items_and_links(collections: list[Any]) -> None:
    for each in collections:
        items = [one for one in each["links"] if one["rel"] == "items"]
        assert {one["type"] for one in items} >= OGC_TYPES, each["id"]
        plain = next(one["href"] for one in items if one["type"] == "application/geo+json")
        assert plain.endswith(f"/collections/{each['id']}/items"), "a client appends the id of an item to it"


def test_req_core_fc_md_extent(rows: Rows, collections: list[Any]) -> None:
    box = next(each for each in collections if each["id"] == "thua-dat")["extent"]["spatial"]["bbox"][0]

    outside = rows(
        "SELECT count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL"
        " AND NOT geom @ ST_MakeEnvelope(%s, %s, %s, %s, 4326)",
        *box,
    )

    assert outside == [(0,)]
    assert box[0] < box[2]
    assert box[1] < box[3]


def test_req_core_fc_md_extent_in_time(rows: Rows, collections: list[Any]) -> None:
    units = next(each for each in collections if each["id"] == "don-vi-hanh-chinh")
    interval = units["extent"]["temporal"]["interval"][0]

    (first,) = rows("SELECT min(hieu_luc_tu) FROM hc.don_vi")[0]

    assert interval[0][:10] <= first.isoformat()
    assert interval[1] is None or interval[1][:10] >= first.isoformat()


def test_req_core_sfc_md_op_and_success(api: Any, collections: list[Any]) -> None:
    for listed in collections:
        own = api.json(f"/collections/{listed['id']}")

        for member in ("id", "title", "description", "extent", "itemType"):
            assert own.get(member) == listed.get(member), (listed["id"], member)
        hrefs = {(each["rel"], each["href"]) for each in own["links"]}
        assert {(each["rel"], each["href"]) for each in listed["links"] if each["rel"] != "self"} <= hrefs


def test_req_core_fc_op_for_every_collection(api: Any, collections: list[Any]) -> None:
    for each in collections:
        page = api.json(f"/collections/{each['id']}/items", {"limit": 2})

        assert page["type"] == "FeatureCollection", each["id"]
        assert len(page["features"]) <= 2


@pytest.mark.parametrize("collection", SPATIAL)
def test_req_core_fc_response(api: Any, collection: str) -> None:
    page = api.json(f"/collections/{collection}/items", {"limit": 5})

    assert page["type"] == "FeatureCollection"
    assert page["features"], "the sample province has rows in every layer"


def test_req_core_crs84(api: Any) -> None:
    for feature in api.json(PARCELS, {"limit": 50})["features"]:
        x, y = feature["geometry"]["coordinates"][0][0][0]
        assert 106 < x < 108
        assert 11 < y < 13


def test_req_core_fc_limit_definition(api: Any) -> None:
    schema = _parameter(api, PARCELS, "limit")["schema"]

    assert schema["type"] == "integer"
    assert schema["minimum"] == 1
    assert schema["maximum"] == 10_000
    assert len(api.ids(PARCELS)) == schema["default"]


@pytest.mark.parametrize("limit", [1, 2, 99, 1_000])
def test_req_core_fc_limit_response(api: Any, limit: int) -> None:
    assert len(api.ids(PARCELS, {"limit": limit})) == limit


def test_req_core_fc_limit_above_the_maximum_is_the_maximum(api: Any) -> None:
    page = api.json(PARCELS, {"limit": 10_001})

    assert 0 < len(page["features"]) <= 10_000


def test_req_core_fc_bbox_definition(api: Any) -> None:
    parameter = _parameter(api, PARCELS, "bbox")

    assert (parameter["in"], parameter["style"], parameter["explode"]) == ("query", "form", False)
    assert not parameter["required"]
    schema = parameter["schema"]
    assert (schema["type"], schema["minItems"], schema["maxItems"]) == ("array", 4, 6)
    assert schema["items"] == {"type": "number"}


@pytest.mark.parametrize("parts", [2, 7, 31])
def test_req_core_fc_bbox_response(api: Any, rows: Rows, parts: int) -> None:
    box = _part_of_the_layer(rows, parts)

    found = _ids_of_all(api, {"bbox": ",".join(map(str, box)), "limit": 300})

    expected = rows(
        "SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL"
        " AND ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))",
        *box,
    )
    assert sorted(found) == sorted(each for (each,) in expected)
    assert found


def test_req_core_fc_bbox_with_heights_ignores_them(api: Any, rows: Rows) -> None:
    west, south, east, north = _part_of_the_layer(rows, 5)

    flat = api.ids(PARCELS, {"bbox": f"{west},{south},{east},{north}"})
    high = api.ids(PARCELS, {"bbox": f"{west},{south},-10,{east},{north},900"})

    assert flat == high != []


def test_req_core_fc_bbox_across_the_antimeridian_is_two_boxes(api: Any) -> None:
    around_the_world = api.json(PARCELS, {"bbox": "100,-90,-100,90", "limit": 1})
    pacific = api.json(PARCELS, {"bbox": "177,65,-177,70", "limit": 1})

    assert len(around_the_world["features"]) == 1
    assert pacific["features"] == []


def test_req_core_fc_bbox_of_the_world_is_everything(api: Any) -> None:
    page = api.json(PARCELS, {"bbox": "-180,-90,180,90", "limit": 1})

    assert page["numberMatched"] == api.json(PARCELS, {"limit": 1})["numberMatched"]


def test_req_core_fc_bbox_matches_what_has_no_geometry(api: Any) -> None:
    everything = api.ids("/collections/ho-so/items", {"limit": 20})

    assert api.ids("/collections/ho-so/items", {"limit": 20, "bbox": "0,0,1,1"}) == everything != []


def test_req_core_fc_time_definition(api: Any) -> None:
    parameter = _parameter(api, PARCELS, "datetime")

    assert (parameter["in"], parameter["style"], parameter["explode"]) == ("query", "form", False)
    assert parameter["schema"]["type"] == "string"


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        ("2020-06-15", "tu <= '2020-06-15' AND (den IS NULL OR den > '2020-06-15')"),
        ("2020-06-15T23:59:59+07:00", "tu <= '2020-06-15' AND (den IS NULL OR den > '2020-06-15')"),
        ("2020-06-14T17:00:00Z", "tu <= '2020-06-15' AND (den IS NULL OR den > '2020-06-15')"),
        ("2020-06-15T12:00:00.123456Z", "tu <= '2020-06-15' AND (den IS NULL OR den > '2020-06-15')"),
        ("2019-01-01/2021-12-31", "tu <= '2021-12-31' AND (den IS NULL OR den > '2019-01-01')"),
        ("../2021-12-31", "tu <= '2021-12-31'"),
        ("/2021-12-31", "tu <= '2021-12-31'"),
        ("2025-07-01/..", "den IS NULL OR den > '2025-07-01'"),
        ("2025-07-01/", "den IS NULL OR den > '2025-07-01'"),
        ("1000-01-01", "FALSE"),
        ("0001-01-01/9999-12-31", "TRUE"),
    ],
)
def test_req_core_fc_time_response(api: Any, rows: Rows, value: str, condition: str) -> None:
    found = api.ids("/collections/don-vi-hanh-chinh/items", {"datetime": value, "limit": 1_000})

    expected = rows(
        f"SELECT id FROM (SELECT id, hieu_luc_tu AS tu, hieu_luc_den AS den FROM hc.don_vi) AS u WHERE {condition}"
    )
    assert sorted(found, key=int) == [each for (each,) in sorted(expected)]


def test_req_core_fc_time_response_on_the_first_and_the_last_day_of_a_validity(api: Any, rows: Rows) -> None:
    turns = rows(
        "SELECT hieu_luc_tu FROM hc.don_vi UNION SELECT hieu_luc_den FROM hc.don_vi WHERE hieu_luc_den > '-infinity'"
    )
    days = {day + timedelta(days=shift) for (day,) in turns for shift in (-1, 0, 1)}

    assert days
    for day in days:
        found = api.ids("/collections/don-vi-hanh-chinh/items", {"datetime": day.isoformat(), "limit": 1_000})
        expected = rows(
            "SELECT id FROM hc.don_vi WHERE hieu_luc_tu <= %s AND (hieu_luc_den IS NULL OR hieu_luc_den > %s)", day, day
        )
        assert sorted(map(int, found)) == sorted(each for (each,) in expected), day


def test_req_core_fc_time_matches_what_has_no_time(api: Any) -> None:
    collection = "/collections/khoanh-dat/items"

    assert api.ids(collection, {"datetime": "1000-01-01"}) == api.ids(collection) != []


def test_req_core_fc_links(api: Any, find_link: FindLink) -> None:
    query = "?limit=3&so_to=1&f=json"
    page = api.json(PARCELS + query)

    own = find_link(page, "self", "application/geo+json")
    assert own
    assert api.json(own)["features"] == page["features"]
    assert find_link(page, "alternate", "text/html")


def test_req_core_fc_rel_type(api: Any) -> None:
    page = api.json(PARCELS, {"limit": 1, "offset": 1})

    rels = [each["rel"] for each in page["links"]]
    assert {"self", "alternate", "next"} <= set(rels)
    assert all(each["type"] for each in page["links"] if each["rel"] in {"self", "alternate", "next", "prev"})


def test_req_core_fc_time_stamp(api: Any) -> None:
    assert "timeStamp" not in api.json(PARCELS), "a time stamp would make each ETag a new one"


@pytest.mark.parametrize("query", ["", "so_to=1", "filter=dien_tich>500", "bbox=106.5,11.5,106.9,12"])
def test_req_core_fc_number_matched(api: Any, query: str) -> None:
    pages = list(api.all_pages(PARCELS, f"{query}&limit=700"))

    total = sum(len(page["features"]) for page in pages)
    assert {page.get("numberMatched", total) for page in pages} == {total}
    assert "numberMatched" in pages[0]


def test_req_core_fc_number_returned(api: Any) -> None:
    for limit in (1, 13):
        page = api.json(PARCELS, {"limit": limit})
        assert page["numberReturned"] == len(page["features"]) == limit


def test_a_page_that_is_exactly_the_last_has_no_next(api: Any, rows: Rows, find_link: FindLink) -> None:
    sheet, number = rows(
        "SELECT so_to, count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL GROUP BY 1 HAVING count(*) > 1 LIMIT 1"
    )[0]

    exact = api.json(PARCELS, {"so_to": sheet, "limit": number})
    less = api.json(PARCELS, {"so_to": sheet, "limit": number - 1})

    assert len(exact["features"]) == number
    assert find_link(exact, "next") is None
    assert find_link(less, "next")


def test_hits_are_the_number_alone(api: Any, rows: Rows) -> None:
    page = api.json(PARCELS, {"resulttype": "hits", "so_to": 1})

    assert page["features"] == []
    expected = rows("SELECT count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL AND so_to = 1")[0][0]
    assert page["numberMatched"] == expected


def test_req_core_f_op_and_success_for_every_collection(api: Any, collections: list[Any]) -> None:
    for each in collections:
        items = f"/collections/{each['id']}/items"
        features = api.json(items, {"limit": 1})["features"]
        for feature in features:
            assert api.json(f"{items}/{feature['id']}")["id"] == feature["id"], each["id"]


def test_req_core_f_links(api: Any, find_link: FindLink) -> None:
    feature = api.json(f"{PARCELS}/{api.ids(PARCELS)[0]}")

    assert find_link(feature, "self", "application/geo+json")
    assert find_link(feature, "alternate", "text/html")
    collection = find_link(feature, "collection", "application/json")
    assert collection
    assert api.json(collection)["id"] == "thua-dat"
    assert all(each["type"] for each in feature["links"] if each["rel"] in {"self", "alternate", "collection"})


def test_an_item_is_what_the_database_says(api: Any, rows: Rows) -> None:
    (one,) = rows(
        "SELECT id::text, so_to, so_thua, dien_tich, loai_dat_chinh, muc_dich, da_cap_gcn, hieu_luc_tu, dia_chi,"
        " ST_AsGeoJSON(geom, 9)::json->'coordinates' FROM dc.thua_dat WHERE hieu_luc_den IS NULL ORDER BY id LIMIT 1"
    )

    feature = api.json(f"{PARCELS}/{one[0]}")

    properties = feature["properties"]
    names = ("so_to", "so_thua", "dien_tich", "loai_dat_chinh", "muc_dich", "da_cap_gcn")
    assert [properties[each] for each in names] == list(one[1:7])
    assert properties["hieu_luc_tu"] == one[7].isoformat()
    assert properties["dia_chi"] == one[8]
    assert _flat(feature["geometry"]["coordinates"]) == pytest.approx(_flat(one[9]), abs=2e-9)


def test_an_item_that_is_no_longer_in_force_is_not_there(api: Any, rows: Rows) -> None:
    ended = rows("SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NOT NULL LIMIT 1")
    if not ended:
        pytest.skip("every parcel of the sample is in force")

    api.problem(f"{PARCELS}/{ended[0][0]}", status=404)


def test_req_core_parameters_of_the_document_are_those_that_are_taken(api: Any) -> None:
    for collection in ("thua-dat", "don-vi-hanh-chinh", "ho-so"):
        path = f"/collections/{collection}/items"
        documented = {each["name"] for each in _parameters(api, path)}

        allowed = set(api.problem(path, {"khong_co": "1"})["allowed"].split(", "))

        assert allowed == documented, collection


def _parameters(api: Any, path: str) -> list[Any]:
    document = api.json("/api")
    operation = document["paths"][path]["get"]
    return [_resolved(document, each) for each in operation["parameters"]]


def _parameter(api: Any, path: str, name: str) -> Any:
    return next(each for each in _parameters(api, path) if each["name"] == name)


def _resolved(document: Any, node: Any) -> Any:
    if "$ref" not in node:
        return node
    assert node["$ref"].startswith("#/"), "every reference stays inside the document"
    for part in node["$ref"][2:].split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def _part_of_the_layer(rows: Rows, parts: int) -> list[float]:
    """Return a box around the centre of one parcel, ``1 / parts`` of the layer in each direction."""
    return list(
        rows(
            "WITH all_of_it AS (SELECT ST_Extent(geom) AS box FROM dc.thua_dat WHERE hieu_luc_den IS NULL),"
            " one AS (SELECT ST_Centroid(geom) AS c FROM dc.thua_dat WHERE hieu_luc_den IS NULL ORDER BY id LIMIT 1)"
            " SELECT ST_X(c) - w, ST_Y(c) - h, ST_X(c) + w, ST_Y(c) + h FROM one, (SELECT"
            " (ST_XMax(box) - ST_XMin(box)) / %s AS w, (ST_YMax(box) - ST_YMin(box)) / %s AS h FROM all_of_it) AS size",
            parts,
            parts,
        )[0]
    )


def _ids_of_all(api: Any, parameters: dict[str, object]) -> list[str]:
    return [each["id"] for page in api.all_pages(PARCELS, parameters) for each in page["features"]]


def _flat(coordinates: Any) -> list[float]:
    return [
        float(each) for each in json.dumps(coordinates).replace("[", " ").replace("]", " ").replace(",", " ").split()
    ]
