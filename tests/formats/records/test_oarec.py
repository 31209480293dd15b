"""The record of OGC API Records: its schema, its links, and what each member means."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from catalogue.layer import Text
from catalogue.record import Access, Description, Interval, Party, Published, Role
from formats.records import oarec
from formats.records.encodings import ENCODINGS
from tests.formats.records.made import ABOUT, ENGLISH, FULL, RECORD, published

SCHEMA = Draft202012Validator(json.loads(Path(__file__).with_name("record.schema.json").read_bytes()))


def _with(**changes: Any) -> Published:
    return replace(FULL, record=replace(RECORD, **changes))


def _described(**changes: Any) -> dict[str, Any]:
    description: Description = replace(RECORD.description, **changes)
    return oarec.members(_with(description=description), ABOUT)


def _links(members: dict[str, Any], rel: str) -> list[str]:
    return [each["href"] for each in members["links"] if each["rel"] == rel]


@settings(max_examples=150)
@given(published())
def test_a_record_follows_the_schema_whatever_it_says(record: Published) -> None:
    for about in (ABOUT, ENGLISH):
        SCHEMA.validate(json.loads(oarec.encode(record, about)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda members: members["links"].append({"href": "https://a.vn/", "rel": "collection"}),
        lambda members: members.pop("time"),
        lambda members: members["properties"].update(updated="2025-06-30T01:02:03+07:00"),
        lambda members: members["properties"]["contacts"][0].update(phones=[{"value": "(028) 38207202"}]),
        lambda members: members.update(links=[each for each in members["links"] if each["rel"] != "license"]),
    ],
)
def test_the_schema_would_see_it(spoil: Any) -> None:
    members = oarec.members(FULL, ABOUT)
    spoil(members)

    with pytest.raises(ValidationError):
        SCHEMA.validate(members)


def test_there_is_one_collection_one_self_and_an_alternate_for_every_other_encoding() -> None:
    members = oarec.members(FULL, ABOUT)
    url = f"{ABOUT.catalogue}/items/{RECORD.id}"

    assert _links(members, "collection") == [ABOUT.catalogue]
    assert _links(members, "self") == [url]
    assert _links(members, "alternate") == [f"{url}?f={each.key}" for each in ENCODINGS if each.key != "json"]
    assert _links(members, "profile") == ["http://www.opengis.net/def/profile/OGC/0/ogc-record"]
    assert _links(members, "up") == [f"{ABOUT.catalogue}/items/{RECORD.general.parent}"]


def test_paths_of_this_service_get_its_address_and_others_stay() -> None:
    members = oarec.members(FULL, ABOUT)

    assert _links(members, "items") == ["https://land.example.vn/collections/thua-dat/items"]
    assert _links(members, "enclosure") == ["https://so.example.vn/f.csv?a=1&b=2"]


@pytest.mark.parametrize("rel", ["collection", "self", "alternate", "profile"])
def test_a_way_to_the_data_takes_no_relation_of_the_record(rel: str) -> None:
    access = (Access("/x", rel, "text/html", Text("Lớp", "Layer")),)
    members = oarec.members(_with(distribution=replace(RECORD.distribution, access=access)), ABOUT)

    assert _links(members, "related") == ["https://land.example.vn/x"]


def test_a_license_without_identifier_has_a_link() -> None:
    assert _links(_described(license="other"), "license") == ["https://land.example.vn/"]
    assert _links(_described(license="CC-BY-4.0"), "license") == []


def test_a_license_that_the_record_links_to_is_not_linked_twice() -> None:
    access = (Access("https://so.example.vn/terms", "license", "text/html", Text("Điều kiện", "Terms")),)
    members = oarec.members(_with(distribution=replace(RECORD.distribution, access=access)), ABOUT)

    assert _links(members, "license") == ["https://so.example.vn/terms"]


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        ("+842713879427", ["+842713879427"]),
        ("(028) 38207202", []),
        ("+0123456", []),
        ("+84", []),
        ("+84271387942712345", []),
        ("+8427138794２7", []),
        ("+842713879427\n", []),
        ("", []),
        (None, []),
    ],
)
def test_a_telephone_number_that_e164_does_not_know_is_left_out(phone: str | None, told: list[str]) -> None:
    contact = oarec.contact(Party(Text("Sở", "Office"), (Role.OWNER,), phone=phone), "vi")

    assert [each["value"] for each in contact.get("phones", [])] == told


@pytest.mark.parametrize("interval", [None, Interval(None, None)])
def test_a_time_of_which_nothing_is_known_is_null(interval: Interval | None) -> None:
    assert _described(interval=interval)["time"] is None


def test_texts_are_in_the_language_of_the_answer() -> None:
    vietnamese, english = (oarec.members(FULL, about)["properties"] for about in (ABOUT, ENGLISH))

    assert (vietnamese["title"], english["title"]) == ("Thửa đất <phường A>", "Parcels <ward A>")
    assert (vietnamese["language"]["code"], english["language"]["code"]) == ("vi", "en")
    assert [each["code"] for each in english["languages"]] == ["vi", "en"]


def test_concepts_have_identifiers_that_no_language_changes() -> None:
    ids = [
        [concept["id"] for theme in oarec.members(FULL, about)["properties"]["themes"] for concept in theme["concepts"]]
        for about in (ABOUT, ENGLISH)
    ]

    assert ids[0] == ids[1] == ["dia-chinh", "planningCadastre", "boundaries", "25195/2018-01-01"]


def test_what_is_not_known_is_absent() -> None:
    properties = _described(items=None, area=None, edition=None, keywords=(), constraints=())["properties"]

    assert {"itemCount", "ma_don_vi", "ten_don_vi", "ky", "keywords", "rights"} & set(properties) == set()


def test_a_count_of_none_is_told() -> None:
    assert _described(items=0)["properties"]["itemCount"] == 0


def test_a_record_that_names_nobody_is_the_providers() -> None:
    provider = Party(Text("Sở", "Department"), (Role.PUBLISHER,))
    nobody = _with(general=replace(RECORD.general, parties=()))

    assert oarec.members(nobody, replace(ABOUT, provider=provider))["properties"]["contacts"] == [
        {"name": "Sở", "organization": "Sở", "roles": ["publisher"]}
    ]
    assert "contacts" not in oarec.members(nobody, ABOUT)["properties"]


@pytest.fixture
def standard(data_folder: Path) -> Draft202012Validator:
    """Return the schema as OGC publishes it."""
    folder = data_folder / "ogc-schemas"
    if not (folder / "records-1").is_dir():
        pytest.skip(f"no schemas of OGC API Records in {folder}")

    def read(uri: str) -> Resource[Any]:
        name = uri.rpartition("/")[2]
        found = sorted(folder.rglob(name), key=lambda each: "records-1" not in str(each))
        return Resource.from_contents(yaml.safe_load(found[0].read_bytes()), default_specification=DRAFT202012)

    uri = "https://schemas.opengis.net/ogcapi/records/part1/1.0/openapi/schemas/recordGeoJSON.yaml"
    return Draft202012Validator({"$ref": uri}, registry=Registry(retrieve=read))


def test_the_schema_of_the_standard_is_followed(standard: Draft202012Validator) -> None:
    for about in (ABOUT, ENGLISH):
        standard.validate(json.loads(oarec.encode(FULL, about)))


def test_the_schema_of_the_standard_would_see_it(standard: Draft202012Validator) -> None:
    members = oarec.members(FULL, ABOUT)
    members["properties"]["contacts"][0]["phones"] = [{"value": "(028) 38207202"}]

    assert not standard.is_valid(members)
