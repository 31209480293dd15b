"""OGC 20-004r1, clause 7: the abstract tests of the building blocks, each under the name of its requirement."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator

from tests.api.records_stock import CATALOGUE, ITEMS

if TYPE_CHECKING:
    from tests.api.records_stock import Records

CONF = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
PROFILES = "http://www.opengis.net/def/profile/OGC/0"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _records(catalogue: "Records", **asked: object) -> list[Any]:
    return catalogue.api.json(ITEMS, {"limit": 100} | asked)["features"]


def _ids(catalogue: "Records", **asked: object) -> set[str]:
    return {each["id"] for each in _records(catalogue, **asked)}


def _api(catalogue: "Records") -> Any:
    return catalogue.api.json("/api", {"f": "json"})


def _parameters(catalogue: "Records", path: str = ITEMS) -> dict[str, Any]:
    document = _api(catalogue)
    written = document["paths"][path]["get"]["parameters"]
    shared = document["components"]["parameters"]
    found = [shared[each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each for each in written]
    return {each["name"]: each for each in found}


def _valid(catalogue: "Records", name: str, content: Any) -> None:
    document = _api(catalogue)
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    # "nullable" is of OpenAPI: what may be null is told apart before.
    if name == "record":
        content = {key: value for key, value in content.items() if value is not None}
        content.setdefault("geometry", {"type": "Point"})
    Draft4Validator(schema).validate(content)


def _links(document: Any, rel: str) -> list[Any]:
    return [each for each in document["links"] if each["rel"] == rel]


# record-core


def test_req_record_core_mandatory_properties_record(catalogue: "Records"):
    for each in _records(catalogue):
        assert each["id"]
        assert each["type"] == "Feature"
        assert {"geometry", "properties", "time", "links"} <= each.keys()
        assert {"type", "title", "description", "created", "updated"} <= each["properties"].keys()


def test_req_record_core_default_mediatype(catalogue: "Records"):
    alone = catalogue.api.get(f"{ITEMS}/{_records(catalogue)[0]['id']}")

    assert alone.content_type == "application/geo+json"
    assert catalogue.api.get(ITEMS).content_type == "application/geo+json"
    assert [each["href"] for each in _links(alone.get_json(force=True), "profile")] == [f"{PROFILES}/ogc-record"]


def test_req_record_core_links(catalogue: "Records"):
    for each in _records(catalogue):
        (collection,) = _links(each, "collection")
        assert collection["href"].endswith(CATALOGUE)


def test_req_record_core_license(catalogue: "Records"):
    for each in _records(catalogue):
        name = each["properties"]["license"]
        assert name in ("other", "CC-BY-4.0")
        assert name != "other" or _links(each, "license")


def test_req_record_core_contact(catalogue: "Records"):
    for each in _records(catalogue):
        for contact in each["properties"]["contacts"]:
            assert contact.get("name") or contact.get("organization")
            assert all(one["rel"] == "about" and one["type"] for one in contact.get("links", ()))
            assert all(re.fullmatch(r"\+[1-9]\d{3,14}", one["value"]) for one in contact.get("phones", ()))


def test_req_record_core_time_interval(catalogue: "Records"):
    times = [each["time"] for each in _records(catalogue)]

    assert None in times
    for each in times:
        if each is not None:
            begin, end = each["interval"]
            assert begin == ".." or DAY.fullmatch(begin)
            assert end == ".." or DAY.fullmatch(end)
            assert not each.keys() - {"interval", "resolution"}


def test_req_record_core_time_zone(catalogue: "Records"):
    for each in _records(catalogue):
        assert TIMESTAMP.fullmatch(each["properties"]["created"])
        assert TIMESTAMP.fullmatch(each["properties"]["updated"])


# record-collection


def test_req_record_collection_mandatory_properties(catalogue: "Records"):
    document = catalogue.api.json(CATALOGUE)

    assert document["id"] == "sieu-du-lieu"
    assert document["type"] == "Collection"
    assert document["links"]
    assert {"title", "description", "extent", "keywords", "contacts", "license", "crs"} <= document.keys()


def test_req_record_collection_item_type(catalogue: "Records"):
    assert catalogue.api.json(CATALOGUE)["itemType"] == "record"


def test_req_record_collection_license(catalogue: "Records"):
    document = catalogue.api.json(CATALOGUE)

    assert document["license"] == "other"
    assert _links(document, "license")


def test_req_record_collection_contact(catalogue: "Records"):
    (contact,) = catalogue.api.json(CATALOGUE)["contacts"]

    assert contact["name"]
    assert all(each["rel"] == "about" and each["type"] for each in contact["links"])


def test_req_record_collection_default_mediatype(catalogue: "Records"):
    assert catalogue.api.get(CATALOGUE).content_type == "application/ogc-catalog+json"
    assert catalogue.api.get(CATALOGUE, Accept="application/json").content_type == "application/json"


def test_req_record_collection_links(catalogue: "Records"):
    document = catalogue.api.json(CATALOGUE)

    (own,) = _links(document, "self")
    assert own["href"].endswith(CATALOGUE)
    assert [each["type"] for each in _links(document, "alternate")] == ["text/html"]


def test_req_record_collection_links_records(catalogue: "Records"):
    items = _links(catalogue.api.json(CATALOGUE), "items")

    assert items[0]["href"].endswith(ITEMS)
    for each in items:
        assert catalogue.api.get(each["href"]).mimetype == each["type"]


# record-core-query-parameters


@pytest.mark.parametrize("name", ["bbox", "datetime", "limit", "q", "type", "ids", "externalIds"])
def test_req_record_core_query_parameters_definition(catalogue: "Records", name: str):
    parameter = _parameters(catalogue)[name]

    assert (parameter["in"], parameter["required"], parameter["explode"]) == ("query", False, False)
    if name in ("q", "type", "ids", "externalIds"):
        assert parameter["schema"]["type"] == "array"
        assert parameter["schema"]["items"]["type"] == "string"


def test_req_record_core_query_parameters_bbox(catalogue: "Records"):
    west, south, east, north = 106.5, 11.5, 106.6, 11.6
    found = _records(catalogue, bbox=f"{west},{south},{east},{north}")

    assert found
    for each in found:
        xs, ys = zip(*each["geometry"]["coordinates"][0], strict=True)
        assert min(xs) <= east
        assert max(xs) >= west
        assert min(ys) <= north
        assert max(ys) >= south


def test_req_record_core_query_parameters_datetime(catalogue: "Records"):
    found = [each for each in _records(catalogue, datetime="2024-06-01") if each["time"]]

    assert found
    assert all(each["time"]["interval"] == ["2024-01-01", "2024-12-31"] for each in found)


def test_req_record_core_query_parameters_limit(catalogue: "Records"):
    assert catalogue.api.json(ITEMS, {"limit": 3})["numberReturned"] == 3
    assert catalogue.api.json(ITEMS)["numberReturned"] == _parameters(catalogue)["limit"]["schema"]["default"]


def test_req_record_core_query_parameters_q_response(catalogue: "Records"):
    one, other = _ids(catalogue, q="TAN PHU"), _ids(catalogue, q="tien hung")

    assert one
    assert other
    assert not one & other
    assert _ids(catalogue, q="tan phu,tien hung") == one | other
    assert _ids(catalogue, q="phu tan") == set()
    assert _ids(catalogue, q="tan    phu") == one


def test_req_record_core_query_parameters_type_response(catalogue: "Records"):
    of_types = [_ids(catalogue, type=each) for each in ("dataset", "service")]

    assert all(of_types)
    assert not of_types[0] & of_types[1]
    assert _ids(catalogue, type="dataset,service") == of_types[0] | of_types[1]


def test_req_record_core_query_parameters_ids_response(catalogue: "Records"):
    wanted = sorted(_ids(catalogue))[3:6]

    assert _ids(catalogue, ids=",".join(wanted)) == set(wanted)
    assert _ids(catalogue, ids="") == set()


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ("vn:25195-2023", lambda one: one == {"scheme": "vn", "value": "25195-2023"}),
        ("25195-2023", lambda one: one["value"] == "25195-2023"),
        ("so", lambda one: one["scheme"] == "so"),
        ("so:1,so:2", lambda one: one["scheme"] == "so" and one["value"] in ("1", "2")),
    ],
)
def test_req_record_core_query_parameters_external_ids_response(catalogue: "Records", asked: str, fits: Any):
    expected = {each["id"] for each in _records(catalogue) if any(map(fits, each["properties"].get("externalIds", ())))}

    assert expected
    assert _ids(catalogue, externalIds=asked) == expected


# records-api


def test_req_records_api_mandatory_params(catalogue: "Records"):
    assert {"bbox", "datetime", "limit", "q", "type", "ids", "externalIds"} <= _parameters(catalogue).keys()


def test_req_records_api_query_params_are_joined_by_and(catalogue: "Records"):
    parts = ({"q": "tan phu"}, {"datetime": "2024-06-01"}, {"type": "dataset"}, {"filter": "ky = '2024'"})
    whole = {name: value for each in parts for name, value in each.items()}

    assert _ids(catalogue, **whole) == set.intersection(*(_ids(catalogue, **each) for each in parts)) != set()


def test_req_records_api_catalog_response(catalogue: "Records"):
    document = catalogue.api.json(CATALOGUE)
    assert document["extent"].pop("temporal")["interval"][0][1] is None  # "nullable" is of OpenAPI alone

    _valid(catalogue, "collection", document)


def test_req_records_api_catalogs_response(catalogue: "Records"):
    types = {each["id"]: each["itemType"] for each in catalogue.api.json("/collections")["collections"]}

    assert [each for each in types if types[each] == "record"] == ["sieu-du-lieu"]


def test_req_records_api_records_op(catalogue: "Records"):
    page = catalogue.api.json(ITEMS)

    _valid(catalogue, "records", page | {"features": []})
    assert {each["rel"] for each in page["links"]} >= {"self", "alternate", "next", "collection"}
    assert "get" in _api(catalogue)["paths"][ITEMS]


def test_req_records_api_record_op(catalogue: "Records"):
    assert "get" in _api(catalogue)["paths"][f"{ITEMS}/{{itemId}}"]
    for each in _records(catalogue):
        assert catalogue.api.get(f"{ITEMS}/{each['id']}").status_code == 200


def test_req_records_api_record_response(catalogue: "Records"):
    record = catalogue.api.json(f"{ITEMS}/{_records(catalogue)[0]['id']}")
    content = _api(catalogue)["paths"][f"{ITEMS}/{{itemId}}"]["get"]["responses"]["200"]["content"]

    _valid(catalogue, "record", record)
    (own,) = _links(record, "self")
    assert own["type"] == "application/geo+json"
    assert {each["type"] for each in _links(record, "alternate")} | {own["type"]} == content.keys()
    assert all(each["rel"] for each in record["links"])


# sorting


def test_req_sorting_get_sortables_op(catalogue: "Records"):
    (link,) = _links(catalogue.api.json(CATALOGUE), f"{REL}/sortables")

    assert catalogue.api.get(link["href"]).mimetype == "application/schema+json"


def test_req_sorting_get_sortables_success(catalogue: "Records"):
    document = catalogue.api.json(f"{CATALOGUE}/sortables", {"f": "json"})

    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"].endswith(f"{CATALOGUE}/sortables")
    assert document["type"] == "object"
    assert document["additionalProperties"] is False
    assert all(each["type"] for each in document["properties"].values())


def test_req_sorting_default_sort_order_definition(catalogue: "Records"):
    order = catalogue.api.json(CATALOGUE)["defaultSortOrder"]
    features = _records(catalogue)

    assert order == [{"field": "id", "direction": "asc"}]
    assert [each["id"] for each in features] == sorted(each["id"] for each in features)


def test_req_sorting_sortby_definition(catalogue: "Records"):
    parameter = _parameters(catalogue)["sortby"]

    assert (parameter["in"], parameter["required"], parameter["explode"]) == ("query", False, False)
    assert parameter["schema"]["type"] == "array"


def test_req_sorting_sortby_response(catalogue: "Records"):
    for name in catalogue.api.json(f"{CATALOGUE}/sortables", {"f": "json"})["properties"]:
        rising, plain = ([each["id"] for each in _records(catalogue, sortby=f"{sign}{name}")] for sign in "+ ")
        falling = [each["id"] for each in _records(catalogue, sortby=f"-{name}")]
        assert rising == plain == falling[::-1]


# record-filter, under both of its names


@pytest.mark.parametrize("name", ["filter", "filter-lang", "filter-crs"])
def test_req_record_filter_params(catalogue: "Records", name: str):
    assert _parameters(catalogue)[name]["in"] == "query"


def test_req_record_filter_response(catalogue: "Records"):
    found = _ids(catalogue, filter="ky = '2024'", q="tan phu")

    assert found == _ids(catalogue, filter="ky = '2024'") & _ids(catalogue, q="tan phu")
    assert catalogue.api.problem(ITEMS, {"filter": "khong_co = 1"})["parameter"] == "filter"


# json


def test_req_json_catalog_response(catalogue: "Records"):
    for path in (CATALOGUE, "/collections"):
        answer = catalogue.api.get(path, Accept="application/ogc-catalog+json")
        assert answer.content_type == "application/ogc-catalog+json"


def test_req_json_catalog_content_profile(catalogue: "Records"):
    for path in (CATALOGUE, "/collections"):
        assert [each["href"] for each in _links(catalogue.api.json(path), "profile")] == [f"{PROFILES}/ogc-catalog"]


def test_req_json_record_response(catalogue: "Records"):
    for each in _records(catalogue):
        assert each["geometry"]["type"] == "Polygon"
        _valid(catalogue, "record", each)


def test_req_json_record_content_profile(catalogue: "Records"):
    page = catalogue.api.json(ITEMS)

    assert page["type"] == "FeatureCollection"
    assert [each["href"] for each in _links(page, "profile")] == [f"{PROFILES}/ogc-catalog"]


# html


def test_req_html_definition(catalogue: "Records"):
    for path in (CATALOGUE, ITEMS, f"{ITEMS}/{_records(catalogue)[0]['id']}", "/collections", f"{CATALOGUE}/sortables"):
        assert catalogue.api.get(path, Accept="text/html").mimetype == "text/html"


def test_req_html_content(catalogue: "Records"):
    record = _records(catalogue, lang="vi")[0]
    page = catalogue.api.get(f"{ITEMS}/{record['id']}", {"f": "html", "lang": "vi"}).text
    body = page.partition("<body")[2]

    assert page.startswith("<!DOCTYPE html>")
    assert record["properties"]["title"] in body
    assert record["id"] in body
    for each in record["links"]:
        if each["rel"] in ("alternate", "item", "license") and each["type"] != "text/html":
            assert f'href="{each["href"]}"' in body


# autodiscovery


def test_req_autodiscovery_links(catalogue: "Records"):
    link = '<link rel="http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog" href="{}">'
    for path in ("/", "/conformance", "/collections", CATALOGUE, ITEMS, "/collections/thua-dat/items", "/khong-co"):
        page = catalogue.api.get(path, Accept="text/html").text
        assert link.format(f"http://land.test{ITEMS}") in page
        assert link.format("http://land.test/collections") in page
        assert page.index('<link rel="http://www.opengis.net') < page.index("</head>")


# conformance of each block, in both spellings where there are two


@pytest.mark.parametrize(
    "name",
    [
        "record-core", "record-collection", "record-core-query-parameters", "record-api", "records-api", "sorting",
        "filtering", "cql-filter", "json", "html", "oas30", "autodiscovery",
    ],
)  # fmt: skip
def test_req_conformance(catalogue: "Records", name: str):
    assert f"{CONF}/{name}" in catalogue.api.json("/conformance")["conformsTo"]
