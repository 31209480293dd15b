"""OGC 19-079r2 (Features Part 3): queryables, queryables as parameters, filter, features-filter, each by its name."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

COLLECTION = "/collections/thua-dat"
PARCELS = f"{COLLECTION}/items"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
LIVE = "SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL AND "
STORED = "http://www.opengis.net/def/crs/EPSG/0/9212"

type Rows = Callable[..., list[tuple[Any, ...]]]


def _found(api: Any, parameters: dict[str, object]) -> list[str]:
    pages = api.all_pages(PARCELS, {"limit": 5_000} | parameters)
    return sorted(each["id"] for page in pages for each in page["features"])


def _expected(rows: Rows, condition: str) -> list[str]:
    return sorted(each for (each,) in rows(LIVE + condition.replace("%", "%%")))


def test_req_queryables_queryables_link(api: Any) -> None:
    for path in ("/collections", COLLECTION):
        document = api.json(path)
        for each in document.get("collections", [document]):
            (link,) = [one for one in each["links"] if one["rel"] == QUERYABLES and one["type"].endswith("schema+json")]
            assert link["href"].endswith(f"/collections/{each['id']}/queryables")


def test_req_queryables_get_queryables_op(api: Any) -> None:
    answer = api.get(f"{COLLECTION}/queryables", Accept="application/schema+json")

    assert answer.status_code == 200
    assert answer.mimetype == "application/schema+json"


def test_req_queryables_get_queryables_response(api: Any) -> None:
    for collection in api.json("/collections")["collections"]:
        document = api.json(f"/collections/{collection['id']}/queryables", {"f": "json"})

        assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert document["$id"].endswith(f"/collections/{collection['id']}/queryables")
        assert document["type"] == "object"
        assert document["additionalProperties"] is False
        for name, each in document["properties"].items():
            if each.get("format", "").startswith("geometry-"):
                assert not {"type", "$ref"} & each.keys(), name
            else:
                assert each["type"], name


@pytest.mark.parametrize(
    "name", ["khong_co", "nguon", "cap_nhat", "tim", "geom", "geom_goc", "dia_chi", "ctid", "xmin"]
)
def test_req_queryables_expression_construction(api: Any, name: str) -> None:
    assert name not in api.json(f"{COLLECTION}/queryables", {"f": "json"})["properties"]

    problem = api.problem(PARCELS, {"filter": f"{name} IS NULL"})

    assert problem["parameter"] == "filter"


def test_a_hidden_and_an_absent_name_are_refused_in_the_same_words(api: Any) -> None:
    hidden = api.problem(PARCELS, {"filter": "nguon = 'x'"})["description"]
    absent = api.problem(PARCELS, {"filter": "nguox = 'x'"})["description"]

    assert hidden.replace("nguon", "nguox") == absent


@pytest.mark.parametrize(
    ("parameters", "condition"),
    [
        ({"so_to": "1"}, "so_to = 1"),
        ({"so_to": "1", "so_thua": "2"}, "so_to = 1 AND so_thua = 2"),
        ({"nhom_dat_chinh": "NNP"}, "nhom_dat_chinh = 'NNP'"),
        ({"hieu_luc_tu": "2020-01-01"}, "hieu_luc_tu = '2020-01-01'"),
        ({"loai_dat_chinh": "CLN' OR '1'='1"}, "FALSE"),
    ],
)
def test_req_queryables_query_parameters_parameters(
    api: Any, rows: Rows, parameters: dict[str, object], condition: str
) -> None:
    assert _found(api, parameters) == _expected(rows, condition)


def test_every_simple_queryable_is_a_parameter(api: Any) -> None:
    properties = api.json(f"{COLLECTION}/queryables", {"f": "json"})["properties"]
    simple = {
        name for name, each in properties.items() if each.get("type") in {"string", "integer", "number", "boolean"}
    }
    feature = api.json(PARCELS, {"limit": 1})["features"][0]

    for name in simple:
        value = feature["properties"].get(name) if name != "id" else feature["id"]
        if value is not None:
            assert feature["id"] in _found(api, {name: json.dumps(value).strip('"')}), name


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("so_to = 1", "so_to = 1"),
        ("so_to <> 1 AND dien_tich >= 500", "so_to <> 1 AND dien_tich >= 500"),
        ("so_to = 1 OR so_to = 2 AND dien_tich > 500", "(so_to = 1 OR (so_to = 2 AND dien_tich > 500))"),
        ("NOT (so_to = 1 OR so_to = 2)", "NOT (so_to = 1 OR so_to = 2)"),
        ("so_to IN (1, 2, 3)", "so_to IN (1, 2, 3)"),
        ("dien_tich BETWEEN 100 AND 500", "dien_tich BETWEEN 100 AND 500"),
        ("loai_dat_chinh LIKE 'C%'", "loai_dat_chinh LIKE 'C%'"),
        ("ma_dinh_danh IS NULL", "ma_dinh_danh IS NULL"),
        ("ma_dinh_danh IS NOT NULL", "ma_dinh_danh IS NOT NULL"),
        ("CASEI(loai_dat_chinh) = CASEI('cln')", "lower(loai_dat_chinh) = 'cln'"),
        ("hieu_luc_tu >= DATE('2020-01-01')", "hieu_luc_tu >= '2020-01-01'"),
        ("T_BEFORE(hieu_luc_tu, DATE('2020-01-01'))", "hieu_luc_tu < '2020-01-01'"),
        ("A_CONTAINS(muc_dich, ('CLN'))", "muc_dich @> '{CLN}'"),
        ("so_to + 1 = 2", "so_to = 1"),
        ("so_thua = so_to", "so_thua = so_to"),
        ("loai_dat_chinh = 'O''Brien'", "FALSE"),
        ("so_to = 1 / 0", "FALSE"),
        ("so_to=1\nAND\tso_thua>1", "so_to = 1 AND so_thua > 1"),
    ],
)
def test_req_filter_filter_param_and_response(api: Any, rows: Rows, text: str, condition: str) -> None:
    assert _found(api, {"filter": text}) == _expected(rows, condition)


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        ({"op": "=", "args": [{"property": "so_to"}, 1]}, "so_to = 1"),
        (
            {
                "op": "and",
                "args": [
                    {"op": "in", "args": [{"property": "so_to"}, [1, 2]]},
                    {"op": "not", "args": [{"op": ">", "args": [{"property": "dien_tich"}, 500]}]},
                ],
            },
            "so_to IN (1, 2) AND NOT dien_tich > 500",
        ),
        ({"op": "between", "args": [{"property": "dien_tich"}, 100, 500]}, "dien_tich BETWEEN 100 AND 500"),
        ({"op": ">=", "args": [{"property": "hieu_luc_tu"}, {"date": "2020-01-01"}]}, "hieu_luc_tu >= '2020-01-01'"),
    ],
)
def test_req_filter_filter_lang_param(api: Any, rows: Rows, expression: Any, condition: str) -> None:
    found = _found(api, {"filter": json.dumps(expression), "filter-lang": "cql2-json"})

    assert found == _expected(rows, condition)


def test_req_filter_filter_lang_param_names_encodings_and_default(api: Any) -> None:
    schema = api.json("/api")["components"]["parameters"]["filter-lang"]["schema"]

    assert set(schema["enum"]) == {"cql2-text", "cql2-json"}
    assert schema["default"] == "cql2-text"


def test_req_filter_filter_crs_wgs84(api: Any, rows: Rows) -> None:
    found = _found(api, {"filter": "S_INTERSECTS(geometry, BBOX(106.5, 11.5, 106.9, 12))"})

    assert found == _expected(rows, "ST_Intersects(geom, ST_MakeEnvelope(106.5, 11.5, 106.9, 12, 4326))") != []


def test_req_filter_filter_crs_param(api: Any, rows: Rows) -> None:
    east, north = rows("SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_PointOnSurface(geom_goc) AS c FROM dc.thua_dat) AS x")[
        0
    ]

    found = _found(api, {"filter": f"S_INTERSECTS(geometry, POINT({east} {north}))", "filter-crs": STORED})

    assert found == _expected(rows, f"ST_Intersects(geom_goc, ST_SetSRID(ST_MakePoint({east}, {north}), 9212))") != []


def test_filter_crs_follows_the_axis_order_of_the_crs(api: Any) -> None:
    lon_lat = {"filter": "S_INTERSECTS(geometry, BBOX(106.5, 11.5, 106.9, 12))"}
    lat_lon = {
        "filter": "S_INTERSECTS(geometry, BBOX(11.5, 106.5, 12, 106.9))",
        "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326",
    }

    assert _found(api, lat_lon) == _found(api, lon_lat)


def test_req_filter_mixing_expressions(api: Any, rows: Rows) -> None:
    found = _found(
        api,
        {
            "filter": "dien_tich > 300 OR so_to = 1",
            "bbox": "106.3,11.5,107,12",
            "datetime": "2015-01-01/2025-06-30",
            "so_to": "1",
        },
    )

    assert found == _expected(
        rows,
        "(dien_tich > 300 OR so_to = 1) AND so_to = 1 AND hieu_luc_tu <= '2025-06-30'"
        " AND ST_Intersects(geom, ST_MakeEnvelope(106.3, 11.5, 107, 12, 4326))",
    )


def test_req_filter_get_functions_operation_and_response(api: Any) -> None:
    functions = api.json("/functions")["functions"]

    assert functions
    for each in functions:
        assert each["name"]
        assert each["returns"]


@pytest.mark.parametrize("name", ["filter", "filter-lang", "filter-crs"])
def test_req_features_filter_parameters_are_on_items(api: Any, name: str) -> None:
    document = api.json("/api")
    keys = [each["$ref"].rpartition("/")[2] for each in document["paths"][PARCELS]["get"]["parameters"]]

    assert name in {document["components"]["parameters"][key]["name"] for key in keys}


@pytest.mark.parametrize(
    "text",
    [
        "so_to",
        "so_to = ",
        "so_to = 'một'",
        "so_to == 1",
        "so_to = 1 AND",
        "(so_to = 1",
        "so_to = 1)",
        "pg_sleep(10) = 1",
        "so_to = 1; DROP TABLE dc.thua_dat",
        "so_to = 1 --",
        "S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))",
        "S_INTERSECTS(geometry, POINT(nan nan))",
        "S_INTERSECTS(so_to, POINT(106 11))",
        "T_AFTER(so_to, DATE('2020-01-01'))",
        "hieu_luc_tu = DATE('2020-02-30')",
        "dien_tich > 1e400",
        "current_user = 'x'",
        '"so_to""" = 1',
        "so_to = 1\x00",
    ],
)
def test_req_features_filter_response_e(api: Any, text: str) -> None:
    problem = api.problem(PARCELS, {"filter": text})

    assert problem["parameter"] == "filter"


def test_a_filter_may_come_in_the_body_of_a_form(api: Any, rows: Rows) -> None:
    numbers = ", ".join(str(n) for n in (*range(1, 250), *range(1_000_000_000, 1_000_000_700)))
    form = urlencode({"filter": f"so_thua IN ({numbers})", "limit": 10_000})

    answer = api.client.post(PARCELS, data=form, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 200, answer.text[:300]
    found = sorted(each["id"] for each in answer.get_json(force=True)["features"])
    assert found == _expected(rows, "so_thua BETWEEN 1 AND 249")
