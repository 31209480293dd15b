"""What is offered: names that are told apart, and documents that say what they are."""

import pytest
from hypothesis import given, settings
from lxml import etree

from catalogue.layer import Component
from catalogue.record import Published
from formats.negotiation import negotiate
from formats.records.encodings import ENCODINGS, format_name
from formats.records.offered import BY_KEY, BY_PREFIX, RECORD_FORMATS, RecordFormat
from formats.records.terms import component_title, decimal
from tests.formats.records.made import ABOUT, FULL, published

XML = [each for each in RECORD_FORMATS if each.element is not None]


def test_every_encoding_is_offered_in_order_of_preference() -> None:
    assert [each.key for each in RECORD_FORMATS] == [each.key for each in ENCODINGS]
    assert [each.key for each in RECORD_FORMATS] == [
        "json", "iso19139", "iso19115-3", "dcat-ttl", "dcat-rdf", "dcat-jsonld", "schema-org", "oai_dc",
    ]  # fmt: skip


@pytest.mark.parametrize("offer", RECORD_FORMATS, ids=lambda each: each.key)
def test_a_client_gets_what_it_asks_for_by_each_media_type(offer: RecordFormat) -> None:
    assert {negotiate(each, RECORD_FORMATS) for each in offer.media_types} == {offer}


@pytest.mark.parametrize(
    ("accept", "key"), [("*/*", "json"), ("application/xml", "iso19139"), ("application/ld+json", "dcat-jsonld")]
)
def test_what_is_asked_for_loosely_is_answered_by_what_most_clients_read(accept: str, key: str) -> None:
    assert negotiate(accept, RECORD_FORMATS) is BY_KEY[key]


@pytest.mark.parametrize("offer", XML, ids=lambda each: each.key)
def test_the_root_is_of_the_namespace_that_is_told(offer: RecordFormat) -> None:
    assert offer.element is not None

    assert etree.QName(offer.element(FULL, ABOUT)).namespace == offer.namespace


@settings(max_examples=40)
@given(published())
def test_the_element_is_what_the_document_holds(record: Published) -> None:
    for offer in XML:
        assert offer.element is not None
        document = etree.fromstring(offer.encode(record, ABOUT))
        assert etree.tostring(offer.element(record, ABOUT)) == etree.tostring(document)


def test_prefixes_are_those_of_xml() -> None:
    assert set(BY_PREFIX) == {"iso19139", "iso19115-3", "dcat", "oai_dc"}
    assert all(each.element and each.schema and each.namespace for each in BY_PREFIX.values())


@settings(max_examples=40)
@given(published())
def test_equal_records_have_equal_bytes(record: Published) -> None:
    for offer in RECORD_FORMATS:
        assert offer.encode(record, ABOUT) == offer.encode(record, ABOUT)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (1e-9, "0.000000001"),
        (1e21, "1000000000000000000000"),
        (106.41, "106.41"),
        (-0.5, "-0.5"),
        (100.0, "100"),
    ],
)
def test_numbers_have_no_exponent(number: float, text: str) -> None:
    assert decimal(number) == text


@pytest.mark.parametrize("component", list(Component))
def test_every_component_database_has_a_name(component: Component) -> None:
    assert component_title(component.value).vi != component.value


def test_a_format_without_a_name_stands_for_itself() -> None:
    assert format_name("text/csv; charset=utf-8") == "CSV"
    assert format_name("application/x-strange") == "application/x-strange"
