"""Records as programs of others read them."""

import warnings
from typing import Any

import pytest
from rdflib import DCAT, RDF, Graph

from formats.records import dcat, dublin_core, iso19115_3, iso19139
from tests.formats.records.made import ABOUT, FULL, RECORD

ITEMS = "https://land.example.vn/collections/thua-dat/items"

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=["19139", "19115-3"])
def owslib(request: pytest.FixtureRequest) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from owslib import iso, iso3
    if request.param == "19139":
        return iso.MD_Metadata(iso19139.element(FULL, ABOUT))
    return iso3.MD_Metadata(iso19115_3.element(FULL, ABOUT))


def test_owslib_reads_iso(owslib: Any) -> None:
    (of,) = owslib.identification
    box = of.bbox

    assert owslib.identifier == str(RECORD.id)
    assert owslib.datestamp == "2025-06-30T01:02:03Z"
    assert owslib.languagecode == "vie"
    assert of.title == RECORD.description.title.vi
    assert [float(each) for each in (box.minx, box.miny, box.maxx, box.maxy)] == [106.41, 11.3, 107.43, 12.3]
    assert next(each.url for each in owslib.distribution.online) == ITEMS
    assert list(of.denominators) == ["2000", "500"]
    assert owslib.referencesystem.code == "http://www.opengis.net/def/crs/EPSG/0/9212"


@pytest.mark.parametrize("element_set", ["brief", "summary", "full"])
def test_owslib_reads_records_of_csw(element_set: str) -> None:
    from owslib.csw import CswRecord

    record = CswRecord(dublin_core.csw_record(FULL, ABOUT, element_set))
    box = record.bbox

    assert record.identifier == str(RECORD.id)
    assert record.title == RECORD.description.title.vi
    assert [float(each) for each in (box.minx, box.miny, box.maxx, box.maxy)] == [106.41, 11.3, 107.43, 12.3]
    assert element_set == "brief" or record.modified == "2025-06-30T01:02:03Z"


def test_a_harvester_of_dcat_finds_each_data_set_by_its_address() -> None:
    graph = Graph().parse(data=dcat.encode_rdf(FULL, ABOUT), format="xml")

    assert {str(each) for each in graph.subjects(RDF.type, DCAT.Dataset)} == {ABOUT.record_url(RECORD.id)}
    assert ITEMS in {str(each) for each in graph.objects(None, DCAT.accessURL)}
