"""ISO 19139 and ISO 19115-3 against the schemas of their standards, whatever the texts of a record are."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from catalogue.layer import Text
from catalogue.record import Kind, Published
from formats.records import iso19115_3, iso19139
from tests.formats.records.conftest import broken
from tests.formats.records.made import ABOUT, FULL, READABLE, RECORD, published

NS = iso19139.PREFIXES | {k: v for k, v in iso19115_3.PREFIXES.items() if k not in iso19139.PREFIXES}
NS3 = iso19115_3.PREFIXES
SERVICE = replace(FULL, record=replace(RECORD, kind=Kind.SERVICE))
EXAMPLES = (FULL, SERVICE, replace(FULL, record=replace(RECORD, kind=Kind.PROCESS)))
_FEW = settings(max_examples=40)


def _text(tree: Any, path: str) -> str | None:
    return tree.findtext(path, namespaces=NS)


def _values(tree: Any, path: str) -> list[str]:
    return [each.text for each in tree.iterfind(path, NS)]


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda each: each.record.kind.value)
def test_iso_19139_follows_its_schema(xsd_19139: Any, record: Published) -> None:
    xsd_19139.assertValid(etree.fromstring(iso19139.encode(record, ABOUT)))


@_FEW
@given(published())
def test_iso_19139_follows_its_schema_whatever_the_record(xsd_19139: Any, record: Published) -> None:
    xsd_19139.assertValid(etree.fromstring(iso19139.encode(record, ABOUT)))


def test_the_schema_would_refuse_another_order(xsd_19139: Any) -> None:
    tree = etree.fromstring(iso19139.encode(FULL, ABOUT))
    tree.append(tree[0])

    assert not xsd_19139.validate(tree)


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda each: each.record.kind.value)
def test_iso_19139_keeps_the_constraints_of_iso_19115(constraints: Any, record: Published) -> None:
    assert broken(constraints, iso19139.encode(record, ABOUT)) == []


@_FEW
@given(published())
def test_iso_19139_keeps_the_constraints_whatever_the_record(constraints: Any, record: Published) -> None:
    assert broken(constraints, iso19139.encode(record, ABOUT)) == []


def test_the_constraints_would_miss_a_topic(constraints: Any) -> None:
    bare = replace(FULL, record=replace(RECORD, description=replace(RECORD.description, topics=())))

    assert any("topicCategory" in each for each in broken(constraints, iso19139.encode(bare, ABOUT)))


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda each: each.record.kind.value)
def test_iso_19115_3_follows_its_schema(xsd_19115_3: Any, record: Published) -> None:
    xsd_19115_3.assertValid(etree.fromstring(iso19115_3.encode(record, ABOUT)))


@_FEW
@given(published())
def test_iso_19115_3_follows_its_schema_whatever_the_record(xsd_19115_3: Any, record: Published) -> None:
    xsd_19115_3.assertValid(etree.fromstring(iso19115_3.encode(record, ABOUT)))


@settings(max_examples=200)
@given(published())
def test_xml_is_well_formed_whatever_the_texts(record: Published) -> None:
    for encoder in (iso19139, iso19115_3):
        assert encoder.element(record, ABOUT).tag.endswith("}MD_Metadata")


@settings(max_examples=30)
@given(published(READABLE))
def test_two_records_in_one_document_share_no_identifier(record: Published) -> None:
    other = replace(record, record=replace(record.record, id=RECORD.id))
    for encoder in (iso19139, iso19115_3):
        ids = [
            value
            for each in (record, other)
            for element in encoder.element(each, ABOUT).iter()
            for name, value in element.attrib.items()
            if name in ("id", f"{{{NS['gml']}}}id")
        ]

        assert len(ids) == len(set(ids)) or record.record.id == RECORD.id


def test_the_stamp_of_the_record_is_its_last_change_to_the_second() -> None:
    tree = iso19139.element(FULL, ABOUT)

    assert _text(tree, "gmd:dateStamp/gco:DateTime") == "2025-06-30T01:02:03Z"
    assert _text(tree, "gmd:fileIdentifier/gco:CharacterString") == str(RECORD.id)
    assert _text(tree, "gmd:parentIdentifier/gco:CharacterString") == str(RECORD.general.parent)


def test_vietnamese_is_the_language_and_english_a_locale_that_is_declared() -> None:
    tree = iso19139.element(FULL, ABOUT)
    title = tree.find(".//gmd:citation/gmd:CI_Citation/gmd:title", NS)
    english = title.find(".//gmd:LocalisedCharacterString", NS)

    assert tree.find("gmd:language/gmd:LanguageCode", NS).get("codeListValue") == "vie"
    assert title.findtext("gco:CharacterString", namespaces=NS) == "Thửa đất <phường A>"
    assert english.text == "Parcels <ward A>"
    assert english.get("locale") == "#" + tree.find("gmd:locale/gmd:PT_Locale", NS).get("id")


def test_a_text_that_says_the_same_in_both_languages_stands_once() -> None:
    same = replace(RECORD, description=replace(RECORD.description, title=Text("Land", "Land")))
    tree = iso19139.element(replace(FULL, record=same), ABOUT)

    assert tree.find(".//gmd:citation/gmd:CI_Citation/gmd:title/gmd:PT_FreeText", NS) is None


def test_a_check_without_a_bound_tells_its_value_and_no_conformance() -> None:
    tree = iso19139.element(FULL, ABOUT)
    reports = tree.findall(".//gmd:report/*", NS)

    assert [etree.QName(each).localname for each in reports] == [
        "DQ_TopologicalConsistency",
        "DQ_ConceptualConsistency",
        "DQ_DomainConsistency",
    ]
    assert [_values(each, ".//gmd:pass/gco:Boolean") for each in reports] == [["true"], ["false"], []]
    assert [_values(each, ".//gmd:value/gco:Record") for each in reports] == [["0.25"], ["3"], ["0.000000001"]]
    assert [_values(each, ".//gml:identifier") for each in reports] == [["%"], ["1"], ["m2"]]


def test_the_administrative_unit_is_told_with_the_day_since_when_it_has_its_code() -> None:
    tree = iso19139.element(FULL, ABOUT)

    assert _values(tree, ".//gmd:geographicIdentifier//gmd:code/gco:CharacterString") == ["25195/2018-01-01"]


def test_years_before_1000_have_four_digits() -> None:
    for encoder in (iso19139, iso19115_3):
        assert encoder.element(FULL, ABOUT).findtext(".//gml:beginPosition", namespaces=NS) == "0999-01-02"


def test_control_characters_are_dropped() -> None:
    dirty = replace(RECORD, description=replace(RECORD.description, title=Text("a\x00\x0bb\ud800\uffff", "x\x1b")))
    tree = iso19139.element(replace(FULL, record=dirty), ABOUT)
    title = tree.find(".//gmd:citation/gmd:CI_Citation/gmd:title", NS)

    assert re.sub(r"\s", "", "".join(title.itertext())) == "abx"


def test_iso_19115_3_tells_created_and_updated_of_the_record_apart() -> None:
    tree = iso19115_3.element(FULL, ABOUT)
    dates = {
        each.find("cit:dateType/cit:CI_DateTypeCode", NS3).get("codeListValue"): each.findtext(
            "cit:date/gco:DateTime", namespaces=NS3
        )
        for each in tree.iterfind("mdb:dateInfo/cit:CI_Date", NS3)
    }

    assert dates == {"creation": "2025-06-01T00:00:00Z", "revision": "2025-06-30T01:02:03Z"}
