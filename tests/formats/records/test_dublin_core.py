"""Dublin Core for OAI-PMH and CSW: one identifier, dates to the second, boxes in the order of their CRS."""

from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from catalogue.record import Published
from formats.records import dublin_core
from tests.formats.records.conftest import Schemas
from tests.formats.records.made import ABOUT, ENGLISH, FULL, RECORD, published

OAI = dublin_core.OAI_PREFIXES
CSW = dublin_core.CSW_PREFIXES
SETS = list(dublin_core.ELEMENT_SETS)
ELEMENTS = {
    "title", "creator", "subject", "description", "publisher", "contributor", "date", "type", "format", "identifier",
    "source", "language", "relation", "coverage", "rights",
}  # fmt: skip
"""All that ``oai_dc.xsd`` knows."""
_FEW = settings(max_examples=60)


@pytest.fixture(scope="module")
def xsd(schemas: Schemas) -> Any:
    return etree.XMLSchema(etree.parse(schemas.path("ogc/csw/2.0.2/record.xsd")))


@_FEW
@given(published())
def test_oai_dc_has_one_identifier_and_elements_of_dublin_core_only(record: Published) -> None:
    tree = etree.fromstring(dublin_core.encode(record, ABOUT))

    assert {etree.QName(each) for each in tree} <= {etree.QName(dublin_core.DC, name) for name in ELEMENTS}
    assert [each.text for each in tree.iterfind("dc:identifier", OAI)] == [ABOUT.record_url(record.record.id)]


def test_oai_dc_is_in_both_languages_vietnamese_first() -> None:
    titles = dublin_core.element(FULL, ENGLISH).findall("dc:title", OAI)

    assert [each.get("{http://www.w3.org/XML/1998/namespace}lang") for each in titles] == ["vi", "en"]
    assert [each.text for each in titles] == ["Thửa đất <phường A>", "Parcels <ward A>"]


@pytest.mark.parametrize("element_set", SETS)
def test_a_record_of_csw_follows_its_schema(xsd: Any, element_set: str) -> None:
    xsd.assertValid(dublin_core.csw_record(FULL, ABOUT, element_set))


@_FEW
@given(published())
def test_a_record_of_csw_follows_its_schema_whatever_it_says(xsd: Any, record: Published) -> None:
    for element_set in SETS:
        xsd.assertValid(dublin_core.csw_record(record, ABOUT, element_set))


@pytest.mark.parametrize("element_set", SETS)
def test_boxes_of_csw_are_latitude_first(element_set: str) -> None:
    box = dublin_core.csw_record(FULL, ABOUT, element_set).find("ows:BoundingBox", CSW)

    assert box is not None
    assert box.get("crs") == "urn:ogc:def:crs:EPSG::4326"
    assert [each.text for each in box] == ["11.3 106.41", "12.3 107.43"]


@pytest.mark.parametrize("element_set", ["summary", "full"])
def test_csw_tells_the_last_change_to_the_second(element_set: str) -> None:
    record = dublin_core.csw_record(FULL, ABOUT, element_set)

    assert record.findtext("dct:modified", namespaces=CSW) == "2025-06-30T01:02:03Z"
    assert record.findtext("dc:identifier", namespaces=CSW) == str(RECORD.id)


def test_an_unknown_element_set_is_refused() -> None:
    with pytest.raises(KeyError):
        dublin_core.csw_record(FULL, ABOUT, "all")
