"""What a harvester reads does not depend on the encoding that it reads."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, URIRef

from catalogue.record import Kind, Published
from formats.records import dublin_core, iso19115_3, iso19139, oarec
from formats.records.offered import BY_KEY
from tests.formats.records.made import ABOUT, FULL, READABLE, RECORD, published

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

NS = iso19139.PREFIXES
NS3 = iso19115_3.PREFIXES
CSW = dublin_core.CSW_PREFIXES
RDF_SYNTAX = {"dcat-ttl": "turtle", "dcat-rdf": "xml", "dcat-jsonld": "json-ld"}


@dataclass(frozen=True)
class Said:
    """What an encoding says; ``created`` is ``None`` where it has no place for it."""

    id: str
    title: str
    created: str | None
    updated: str
    box: tuple[float, float, float, float]
    links: frozenset[str]


def _expected(published: Published) -> Said:
    record = published.record
    extent = record.description.extent
    return Said(
        str(record.id),
        record.description.title.vi,
        published.created.isoformat().replace("+00:00", "Z"),
        published.updated.isoformat().replace("+00:00", "Z"),
        (extent.west, extent.south, extent.east, extent.north),
        frozenset(ABOUT.url_of(each) for each in record.distribution.access),
    )


def _members(published: Published, key: str) -> Any:
    return json.loads(BY_KEY[key].encode(published, ABOUT))


def _from_records(published: Published) -> Said:
    found = _members(published, "json")
    properties, ring = found["properties"], found["geometry"]["coordinates"][0]
    own = {each["href"] for each in list(oarec.links(published.record, ABOUT))} - _expected(published).links
    return Said(
        found["id"],
        properties["title"],
        properties["created"],
        properties["updated"],
        (*ring[0], *ring[2]),
        frozenset(each["href"] for each in found["links"]) - own,
    )


def _from_19139(published: Published) -> Said:
    tree = etree.fromstring(BY_KEY["iso19139"].encode(published, ABOUT))
    citation = "gmd:identificationInfo/*/gmd:citation/gmd:CI_Citation"
    bounds = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
    return Said(
        tree.findtext("gmd:fileIdentifier/gco:CharacterString", namespaces=NS),
        tree.findtext(f"{citation}/gmd:title/gco:CharacterString", namespaces=NS),
        tree.findtext(f"{citation}/gmd:date/gmd:CI_Date/gmd:date/gco:DateTime", namespaces=NS),
        tree.findtext("gmd:dateStamp/gco:DateTime", namespaces=NS),
        _box(tree.findtext(f".//gmd:{each}/gco:Decimal", namespaces=NS) for each in bounds),
        frozenset(each.text for each in tree.iterfind(".//gmd:onLine//gmd:URL", NS)),
    )


def _from_19115_3(published: Published) -> Said:
    tree = etree.fromstring(BY_KEY["iso19115-3"].encode(published, ABOUT))
    dates = {
        each.find("cit:dateType/*", NS3).get("codeListValue"): each.findtext("cit:date/gco:DateTime", namespaces=NS3)
        for each in tree.iterfind("mdb:dateInfo/cit:CI_Date", NS3)
    }
    bounds = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
    return Said(
        tree.findtext("mdb:metadataIdentifier/mcc:MD_Identifier/mcc:code/gco:CharacterString", namespaces=NS3),
        tree.findtext("mdb:identificationInfo/*/mri:citation/*/cit:title/gco:CharacterString", namespaces=NS3),
        dates["creation"],
        dates["revision"],
        _box(tree.findtext(f".//gex:{each}/gco:Decimal", namespaces=NS3) for each in bounds),
        frozenset(each.text for each in tree.iterfind(".//mrd:onLine//cit:linkage/gco:CharacterString", NS3)),
    )


def _from_dcat(published: Published, key: str) -> Said:
    graph = Graph().parse(data=BY_KEY[key].encode(published, ABOUT), format=RDF_SYNTAX[key])
    this = URIRef(ABOUT.record_url(published.record.id))
    page = URIRef(f"{this}?f=html")
    wkt = str(next(each for box in graph.objects(this, DCTERMS.spatial) for each in graph.objects(box, DCAT.bbox)))
    corners = re.findall(r"[^\s(),]+ [^\s(),]+", wkt.removeprefix("POLYGON"))
    ways = {*graph.objects(None, DCAT.accessURL), *graph.objects(this, FOAF.page)} - {page}
    titles = [each for each in graph.objects(this, DCTERMS.title) if getattr(each, "language", "") == "vi"]
    assert (this, RDF.type, DCAT.Dataset) in graph
    return Said(
        str(graph.value(this, DCTERMS.identifier)),
        str(titles[0]),
        _moment(graph.value(this, DCTERMS.issued)),
        _moment(graph.value(this, DCTERMS.modified)),
        _box((*corners[0].split(), *corners[2].split())),
        frozenset(map(str, ways)),
    )


def _from_schema_org(published: Published) -> Said:
    found = _members(published, "schema-org")
    south, west, north, east = found["spatialCoverage"][0]["geo"]["box"].split()
    return Said(
        found["identifier"][0],
        found["name"],
        found["datePublished"],
        found["dateModified"],
        _box((west, south, east, north)),
        frozenset(each["contentUrl"] for each in found.get("distribution", [])),
    )


def _from_oai_dc(published: Published) -> Said:
    tree = etree.fromstring(BY_KEY["oai_dc"].encode(published, ABOUT))
    dc = dublin_core.OAI_PREFIXES
    box = dict(each.split("=") for each in tree.findtext("dc:coverage", namespaces=dc).split("; "))
    return Said(
        tree.findtext("dc:identifier", namespaces=dc).rpartition("/")[2],
        tree.findtext("dc:title", namespaces=dc),
        None,
        tree.findtext("dc:date", namespaces=dc),
        _box(box[each] for each in ("westlimit", "southlimit", "eastlimit", "northlimit")),
        frozenset(each.text for each in tree.iterfind("dc:relation", dc)),
    )


def _from_csw(published: Published, element_set: str) -> Said:
    tree = dublin_core.csw_record(published, ABOUT, element_set)
    south, west = tree.findtext(".//ows:LowerCorner", namespaces=CSW).split()
    north, east = tree.findtext(".//ows:UpperCorner", namespaces=CSW).split()
    links = {each.text for tag in ("dc:relation", "dct:references") for each in tree.iterfind(tag, CSW)}
    return Said(
        tree.findtext("dc:identifier", namespaces=CSW),
        tree.findtext("dc:title", namespaces=CSW),
        tree.findtext("dct:created", namespaces=CSW),
        tree.findtext("dct:modified", namespaces=CSW),
        _box((west, south, east, north)),
        frozenset(links - {ABOUT.record_url(published.record.id)}),
    )


def _box(numbers: Any) -> tuple[float, float, float, float]:
    west, south, east, north = (float(each) for each in numbers)
    return west, south, east, north


def _moment(literal: Any) -> str:
    return str(literal).replace("+00:00", "Z")


READERS: dict[str, Callable[[Published], Said]] = {
    "json": _from_records,
    "iso19139": _from_19139,
    "iso19115-3": _from_19115_3,
    **{key: lambda each, key=key: _from_dcat(each, key) for key in RDF_SYNTAX},
    "schema-org": _from_schema_org,
    "oai_dc": _from_oai_dc,
    "csw summary": lambda each: _from_csw(each, "summary"),
    "csw full": lambda each: _from_csw(each, "full"),
}


def test_every_encoding_is_read_back() -> None:
    assert set(BY_KEY) <= set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_the_same_is_said_in_every_encoding(name: str) -> None:
    said = READERS[name](FULL)

    assert replace(_expected(FULL), created=said.created and _expected(FULL).created) == said


@settings(max_examples=40)
@given(published(READABLE))
def test_the_same_is_said_in_every_encoding_of_any_record(record: Published) -> None:
    dataset = replace(record, record=replace(record.record, kind=Kind.DATASET))
    expected = _expected(dataset)

    for name, read in READERS.items():
        said = read(dataset)
        assert replace(expected, created=said.created and expected.created) == said, name


def test_the_record_stands_at_the_address_that_every_encoding_names() -> None:
    url = ABOUT.record_url(RECORD.id)

    for each in BY_KEY.values():
        assert url.encode() in each.encode(FULL, ABOUT)
