"""Schemas of a collection. Requirements of OGC 23-058r2 are named in the tests."""

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from catalogue.layer import Column, Text
from catalogue.profile import Collection
from catalogue.types import ColumnType
from openapi import schemas

HERE = {"base_url": "http://127.0.0.1:8000", "language": "vi"}
KINDS = {"schema": schemas.schema, "queryables": schemas.queryables, "sortables": schemas.sortables}


@pytest.mark.parametrize("kind", KINDS)
def test_req_schemas_json_schema_dialect_id_and_type(kind, collection, codelists):
    document = KINDS[kind](collection, codelists, **HERE)

    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"http://127.0.0.1:8000/collections/thua-dat/{kind}"
    assert document["type"] == "object"
    assert document["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_req_schemas_properties_have_a_type_unless_spatial(kind, collection, codelists):
    properties = KINDS[kind](collection, codelists, **HERE)["properties"]

    spatial = [name for name, each in properties.items() if "type" not in each]

    assert spatial == ([] if kind == "sortables" else ["geometry"])


def test_req_schemas_spatial_property_has_a_format_and_no_type(collection, codelists):
    geometry = schemas.schema(collection, codelists, **HERE)["properties"]["geometry"]

    assert geometry["format"] == "geometry-multipolygon"
    assert geometry["x-ogc-role"] == "primary-geometry"
    assert not {"type", "$ref"} & geometry.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_req_schemas_property_seq_is_unique(kind, collection, codelists):
    properties = KINDS[kind](collection, codelists, **HERE)["properties"]

    numbers = [each["x-ogc-propertySeq"] for each in properties.values()]

    assert numbers == sorted(set(numbers))


def test_the_key_alone_has_the_role_id_and_is_read_only(collection, codelists):
    properties = schemas.schema(collection, codelists, **HERE)["properties"]

    assert [name for name, each in properties.items() if each.get("x-ogc-role") == "id"] == ["id"]
    assert [name for name, each in properties.items() if each.get("readOnly")] == ["id"]


def test_units_roles_required_and_descriptions_are_told(collection, codelists):
    document = schemas.schema(collection, codelists, **HERE)

    assert document["required"] == ["id", "so_to"]
    assert document["properties"]["dien_tich"]["x-ogc-unit"] == "m2"
    assert document["properties"]["tu"]["x-ogc-role"] == "primary-interval-start"
    assert document["properties"]["ghi_chu"]["description"] == "Tự do"


def test_req_profile_codelists_inline_codes_have_titles_newest_law_first(collection, codelists):
    land_use = schemas.queryables(collection, codelists, **HERE)["properties"]["loai"]

    assert land_use["oneOf"] == [
        {"const": "ONT", "title": "Đất ở nông thôn"},
        {"const": "CLN", "title": "Đất trồng cây lâu năm"},
    ]
    assert land_use["enum"] == ["ONT", "CLN"]


def test_of_a_list_only_those_codes_are_told_that_the_values_can_be(collection, codelists):
    (coded,) = [each for each in collection.columns if each.name == "loai"]
    some = Collection("thua-dat", collection.layer, (replace(coded, codes=("ONT",)),), collection.scope)

    land_use = schemas.schema(some, codelists, **HERE)["properties"]["loai"]

    assert (land_use["enum"], land_use["oneOf"]) == (["ONT"], [{"const": "ONT", "title": "Đất ở nông thôn"}])


def test_codes_of_arrays_stand_at_their_items(collection, codelists):
    document = schemas.schema(collection, codelists, **HERE)
    item = {"id": "0", "so_to": 1, "cac_loai": ["ONT", "CLN"]}

    Draft202012Validator(document).validate(item)

    with pytest.raises(ValidationError):
        Draft202012Validator(document).validate(item | {"cac_loai": ["XYZ"]})


def test_a_hidden_column_is_in_no_schema(collection, codelists):
    narrow = Collection("thua-dat~dt-7", collection.layer, collection.columns[:2], collection.scope)

    names = {kind: list(build(narrow, codelists, **HERE)["properties"]) for kind, build in KINDS.items()}

    assert names == {
        "schema": ["id", "so_to", "geometry"],
        "queryables": ["id", "so_to", "geometry"],
        "sortables": ["id", "so_to"],
    }


def test_req_references_a_reference_names_its_collection_only_to_whom_sees_that(collection, codelists):
    reference = Column("xa_id", ColumnType.INTEGER, Text("Xã", "Commune"), role="reference", refers_to="don-vi")
    related = Collection("thua-dat", collection.layer, (*collection.columns, reference), collection.scope)

    seen = schemas.schema(related, codelists, **HERE, visible={"don-vi"})["properties"]["xa_id"]
    hidden = schemas.schema(related, codelists, **HERE)["properties"]["xa_id"]

    assert (seen["x-ogc-role"], seen["x-ogc-collectionId"]) == ("reference", "don-vi")
    assert "don-vi" not in str(hidden)
    assert "x-ogc-role" not in hidden


def test_titles_follow_the_language(collection, codelists):
    document = schemas.schema(collection, codelists, base_url="http://x", language="en")

    assert document["title"] == "Parcels"
    assert document["properties"]["loai"]["oneOf"][1]["title"] == "Perennial crops"
