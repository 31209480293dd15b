"""The record of schema.org: what search engines require, and that it cannot leave its element."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from catalogue.layer import Text
from catalogue.record import Kind, Published
from formats.records import schema_org
from tests.formats.records.made import ABOUT, ENGLISH, FULL, RECORD, published

REQUIRED = {"@context", "@type", "name", "description"}
RECOMMENDED = {
    "creator",
    "distribution",
    "identifier",
    "keywords",
    "license",
    "spatialCoverage",
    "temporalCoverage",
    "url",
}


def test_what_search_engines_require_and_recommend_is_there() -> None:
    found = schema_org.members(FULL, ABOUT)

    assert set(found) >= REQUIRED | RECOMMENDED
    assert found["@type"] == "Dataset"
    assert found["license"].startswith("https://")


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "]]>", "a & b", "&lt;/script&gt;"])
def test_nothing_in_it_ends_the_element_that_it_stands_in(text: str) -> None:
    hostile = replace(RECORD, description=replace(RECORD.description, title=Text(text, text)))

    script = schema_org.script(replace(FULL, record=hostile), ABOUT)

    assert not set(script) & set("<>&")
    assert json.loads(script)["name"] == text


@settings(max_examples=100)
@given(published())
def test_it_is_json_whatever_the_record(record: Published) -> None:
    found: Any = json.loads(schema_org.script(record, ABOUT))

    assert found["@id"] == ABOUT.record_url(record.record.id)
    assert json.loads(schema_org.encode(record, ABOUT)) == found


def test_the_box_is_latitude_first() -> None:
    assert schema_org.members(FULL, ABOUT)["spatialCoverage"][0]["geo"]["box"] == "11.3 106.41 12.3 107.43"


def test_texts_are_in_the_language_of_the_answer() -> None:
    assert schema_org.members(FULL, ENGLISH)["name"] == "Parcels <ward A>"


def test_a_service_is_an_api_with_documents() -> None:
    found = schema_org.members(replace(FULL, record=replace(RECORD, kind=Kind.SERVICE)), ABOUT)

    assert found["@type"] == "WebAPI"
    assert found["documentation"]
    assert "distribution" not in found
