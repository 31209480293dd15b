"""OGC 23-058r2 (Features Part 5, Common Part 3): schemas, returnables, queryables, sortables, roles, code lists."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from catalogue.record_keys import RECORDS

COLLECTION = "/collections/thua-dat"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
KINDS = ["schema", "queryables", "sortables"]
KEYWORDS = "title description type format enum oneOf const items readOnly minimum maximum pattern"

type Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def collections(api: Any) -> list[Any]:
    return list(api.json("/collections")["collections"])


@pytest.mark.parametrize("kind", KINDS)
def test_req_returnables_and_receivables_link_and_those_of_the_others(collections: list[Any], kind: str) -> None:
    for each in collections:
        hrefs = [link["href"] for link in each["links"] if link["rel"] == REL + kind]
        assert hrefs, (each["id"], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_req_op_and_response(api: Any, collections: list[Any], kind: str) -> None:
    for each in collections:
        answer = api.get(f"/collections/{each['id']}/{kind}", Accept="application/schema+json")
        assert (answer.status_code, answer.mimetype) == (200, "application/schema+json")


@pytest.mark.parametrize("kind", KINDS)
def test_req_schemas_json_schema(api: Any, collections: list[Any], kind: str) -> None:
    for each in collections:
        schema = api.json(f"/collections/{each['id']}/{kind}", {"f": "json"})

        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object"
        assert "?" not in schema["$id"]
        assert api.json(schema["$id"], Accept="application/schema+json") == schema


@pytest.mark.parametrize("kind", KINDS)
def test_req_schemas_properties_and_additional_keywords(api: Any, collections: list[Any], kind: str) -> None:
    known = set(KEYWORDS.split())
    for each in collections:
        for name, written in api.json(f"/collections/{each['id']}/{kind}", {"f": "json"})["properties"].items():
            if written.get("format", "").startswith("geometry-"):
                assert not {"type", "$ref"} & written.keys()
            else:
                assert "type" in written, name
            assert {key for key in written if key not in known and not key.startswith("x-ogc-")} == set(), name


def test_req_schemas_role_id(api: Any, collections: list[Any]) -> None:
    for each in collections:
        properties = api.json(f"/collections/{each['id']}/schema", {"f": "json"})["properties"]
        keys = [one for one in properties.values() if one.get("x-ogc-role") == "id"]
        assert len(keys) == 1, each["id"]
        assert keys[0]["type"] in {"string", "integer"}


def test_req_schemas_property_seq(api: Any, collections: list[Any]) -> None:
    for each in collections:
        properties = api.json(f"/collections/{each['id']}/schema", {"f": "json"})["properties"]
        numbers = [one["x-ogc-propertySeq"] for one in properties.values()]
        assert numbers == sorted(set(numbers))


def test_req_schemas_unit(api: Any) -> None:
    assert api.json(f"{COLLECTION}/schema", {"f": "json"})["properties"]["dien_tich"]["x-ogc-unit"] == "m2"


def test_req_advanced_property_roles(api: Any, collections: list[Any]) -> None:
    for each in collections:
        properties = api.json(f"/collections/{each['id']}/schema", {"f": "json"})["properties"].values()
        roles = [one["x-ogc-role"] for one in properties if "x-ogc-role" in one]
        for role in ("primary-geometry", "primary-instant", "primary-interval-start", "primary-interval-end"):
            assert roles.count(role) <= 1, (each["id"], role)
        if "primary-instant" in roles:
            assert not {"primary-interval-start", "primary-interval-end"} & set(roles)
        for one in properties:
            if str(one.get("x-ogc-role", "")).startswith(("primary-instant", "primary-interval")):
                assert one["format"] in {"date", "date-time"}
            if one.get("x-ogc-role") == "primary-geometry":
                assert one["format"].startswith("geometry-")


def test_req_sortables_response_c_and_d(api: Any, collections: list[Any]) -> None:
    for each in collections:
        for one in api.json(f"/collections/{each['id']}/sortables", {"f": "json"})["properties"].values():
            assert one["type"] not in {"object", "array"}
            assert not one.get("format", "").startswith("geometry")


def test_req_profile_codelists_codelist_inline(api: Any, rows: Rows) -> None:
    group = api.json(f"{COLLECTION}/schema", {"f": "json"})["properties"]["nhom_dat_chinh"]

    codes = [each["const"] for each in group["oneOf"]]
    assert {"NNP", "PNN", "CSD"} <= set(codes)
    assert all(each["title"] for each in group["oneOf"])
    used = {code for (code,) in rows("SELECT DISTINCT nhom_dat_chinh FROM dc.thua_dat")}
    assert used <= set(codes)


def test_what_items_return_is_valid_against_the_schema(api: Any, collections: list[Any]) -> None:
    for each in collections:
        if each["id"] == RECORDS:
            continue  # a record is as OGC API Records has it: the next test
        schema = api.json(f"/collections/{each['id']}/schema", {"f": "json"})
        for feature in api.json(f"/collections/{each['id']}/items", {"limit": 20})["features"]:
            present = {name: value for name, value in feature["properties"].items() if value is not None}
            key = next(name for name, one in schema["properties"].items() if one.get("x-ogc-role") == "id")
            jsonschema.Draft202012Validator(schema).validate({key: feature["id"]} | present)
            names = set(schema["properties"]) - {key, "geometry"}
            if each["itemType"] == "feature":  # a record leaves out what it does not know, and may tell more
                assert set(feature["properties"]) - {key} == names, each["id"]


def test_what_the_schema_of_records_names_is_in_records_as_it_says(api: Any) -> None:
    """A record holds more than its table has columns, by the schema of its own standard."""
    schema = api.json(f"/collections/{RECORDS}/schema", {"f": "json"})
    records = api.json(f"/collections/{RECORDS}/items", {"limit": 20})["features"]

    named = {name: one for name, one in schema["properties"].items() if one.get("x-ogc-role") != "id"}
    for record in records:
        shown = {name: record["properties"][name] for name in named if name in record["properties"]}
        assert {"type", "title", "thanh_phan"} <= shown.keys()
        for name in ("type", "title", "description", "thanh_phan", "created", "updated"):
            jsonschema.Draft202012Validator(named[name]).validate(shown[name])
    assert records


def test_titles_come_in_both_languages(api: Any) -> None:
    vietnamese = api.json(f"{COLLECTION}/schema", {"f": "json"}, Accept_Language="vi")
    english = api.json(f"{COLLECTION}/schema", {"f": "json"}, Accept_Language="en")

    assert vietnamese["properties"]["dien_tich"]["title"] == "Diện tích"
    assert english["properties"]["dien_tich"]["title"] == "Area"
