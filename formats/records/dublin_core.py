"""A record in Dublin Core: ``oai_dc`` for OAI-PMH, and the records of CSW.

Source: OAI-PMH 2.0, ``oai_dc.xsd``; OGC 07-006r1 (CSW 2.0.2), clause 10.2 and annex on ``record.xsd``.
"""

from collections.abc import Iterator

from catalogue.layer import Text
from catalogue.record import Access, Area, Extent, Interval, Kind, Published, Record, Role
from formats.records.about import LANGUAGES, About
from formats.records.encodings import DUBLIN_CORE
from formats.records.markup import Element, Xml, document, element_of, node, root
from formats.records.terms import component_title, decimal, instant, license_url, parties, party_in

DC = "http://purl.org/dc/elements/1.1/"
OAI_PREFIXES = {
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "dc": DC,
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
CSW_PREFIXES = {
    "csw": "http://www.opengis.net/cat/csw/2.0.2",
    "dc": DC,
    "dct": "http://purl.org/dc/terms/",
    "ows": "http://www.opengis.net/ows",
}
ELEMENT_SETS = {"brief": "csw:BriefRecord", "summary": "csw:SummaryRecord", "full": "csw:Record"}
"""Elements of CSW by the name of their set."""
BOX_CRS = "urn:ogc:def:crs:EPSG::4326"
"""CRS of boxes in CSW: latitude first."""
_TYPES = {Kind.DATASET: "Dataset", Kind.SERVICE: "Service", Kind.PROCESS: "Service"}
"""Terms of the DCMI type vocabulary."""


def encode(published: Published, about: About) -> bytes:
    """Return a record as ``oai_dc`` in a document."""
    return document(markup(published, about))


def element(published: Published, about: About) -> Element:
    """Return ``oai_dc:dc``."""
    return element_of(markup(published, about))


def markup(published: Published, about: About) -> Xml:
    """Return ``oai_dc:dc`` as text that may stand in any document."""
    record = published.record
    of = record.description
    return root(
        "oai_dc:dc",
        OAI_PREFIXES,
        _both("dc:title", of.title),
        _creators(record, about),
        (each for word in _subjects(record) for each in _both("dc:subject", word)),
        _both("dc:description", of.abstract),
        _publisher(record, about),
        node("dc:date", instant(published.updated)),
        node("dc:type", _TYPES[record.kind]),
        (node("dc:format", each) for each in record.distribution.formats),
        node("dc:identifier", about.record_url(record.id)),
        (node("dc:source", text) for text in _sources(record)),
        node("dc:language", of.language),
        (node("dc:relation", about.url_of(each)) for each in record.distribution.access),
        (node("dc:coverage", each) for each in _coverage(record)),
        node("dc:rights", license_url(of.license, about)),
        (each for text in of.constraints for each in _both("dc:rights", text)),
        attributes={"xsi:schemaLocation": f"{OAI_PREFIXES['oai_dc']} {DUBLIN_CORE.schema}"},
    )


def csw_record(published: Published, about: About, element_set: str) -> Element:
    """Return ``csw:BriefRecord``, ``csw:SummaryRecord`` or ``csw:Record``; texts are in the language of the answer.

    Raises:
        KeyError: there is no such element set.
    """
    return element_of(csw_markup(published, about, element_set))


def csw_markup(published: Published, about: About, element_set: str) -> Xml:
    """Return what ``csw_record`` does as text.

    Raises:
        KeyError: there is no such element set.
    """
    content = {"brief": _brief, "summary": _summary, "full": _full}[element_set](published, about)
    return root(ELEMENT_SETS[element_set], CSW_PREFIXES, content)


def _brief(published: Published, about: About) -> Iterator[Xml]:
    record = published.record
    yield node("dc:identifier", str(record.id))
    yield node("dc:title", record.description.title.in_language(about.language))
    yield node("dc:type", record.kind.value)
    yield _box(record.description.extent)


def _summary(published: Published, about: About) -> Iterator[Xml]:
    """Yield the elements in the order of the schema, which has a sequence here."""
    record, language = published.record, about.language
    yield node("dc:identifier", str(record.id))
    yield node("dc:title", record.description.title.in_language(language))
    yield node("dc:type", record.kind.value)
    yield from (node("dc:subject", each.in_language(language)) for each in _subjects(record))
    yield from (node("dc:format", each) for each in record.distribution.formats)
    yield from (node("dc:relation", about.url_of(each)) for each in record.distribution.access)
    yield node("dct:modified", instant(published.updated))
    yield node("dct:abstract", record.description.abstract.in_language(language))
    yield _box(record.description.extent)


def _full(published: Published, about: About) -> Iterator[Xml]:
    record, language = published.record, about.language
    of = record.description
    yield node("dc:identifier", str(record.id))
    yield node("dc:title", of.title.in_language(language))
    yield node("dc:type", record.kind.value)
    yield from (node("dc:subject", each.in_language(language)) for each in _subjects(record))
    yield from (node("dc:format", each) for each in record.distribution.formats)
    yield node("dct:modified", instant(published.updated))
    yield node("dct:created", instant(published.created))
    yield node("dct:abstract", of.abstract.in_language(language))
    yield node("dc:description", of.abstract.in_language(language))
    yield node("dc:date", instant(published.updated))
    yield node("dc:language", of.language)
    yield from _offices(record, about)
    yield from (node("dc:source", text) for text in _sources(record))
    yield node("dct:license", license_url(of.license, about))
    yield from (node("dc:rights", each.in_language(language)) for each in of.constraints)
    yield from (node("dct:spatial", _unit(each)) for each in (of.area,) if each is not None)
    yield from (node("dct:temporal", each) for each in _periods(of.interval))
    yield node("dct:references", about.record_url(record.id), attributes={"scheme": "WWW:LINK-1.0-http--link"})
    yield from (_reference(each, about) for each in record.distribution.access)
    yield _box(of.extent)


def _offices(record: Record, about: About) -> Iterator[Xml]:
    language = about.language
    for party, role in parties(record, about):
        name = {Role.OWNER: "dc:creator", Role.PUBLISHER: "dc:publisher"}.get(role, "dc:contributor")
        yield node(name, party.name.in_language(language))


def _reference(access: Access, about: About) -> Xml:
    scheme = access.protocol or "WWW:LINK-1.0-http--link"
    return node("dct:references", about.url_of(access), attributes={"scheme": scheme})


def _box(extent: Extent) -> Xml:
    """Return the box, latitude first: that is the order of the CRS that it names."""
    lower = f"{decimal(extent.south)} {decimal(extent.west)}"
    upper = f"{decimal(extent.north)} {decimal(extent.east)}"
    corners = (node("ows:LowerCorner", lower), node("ows:UpperCorner", upper))
    return node("ows:BoundingBox", corners, attributes={"crs": BOX_CRS, "dimensions": "2"})


def _both(tag: str, text: Text) -> Iterator[Xml]:
    """Yield a text in Vietnamese, then in English where that says something else."""
    for language in LANGUAGES if text.en != text.vi else LANGUAGES[:1]:
        yield node(tag, text.in_language(language), attributes={"xml:lang": language})


def _subjects(record: Record) -> Iterator[Text]:
    yield component_title(record.description.component)
    yield from record.description.keywords


def _creators(record: Record, about: About) -> Iterator[Xml]:
    for party, role in parties(record, about):
        if role is Role.OWNER:
            yield from _both("dc:creator", party.name)


def _publisher(record: Record, about: About) -> Iterator[Xml]:
    party = party_in(record, about, Role.PUBLISHER, Role.OWNER)
    if party is not None:
        yield from _both("dc:publisher", party.name)


def _sources(record: Record) -> Iterator[str]:
    yield record.quality.lineage.vi
    yield from (each.vi for each in record.description.legal_basis)


def _coverage(record: Record) -> Iterator[str]:
    """Yield box, administrative unit and period in the encodings of DCMI, which a text can hold."""
    of = record.description
    box = (("northlimit", of.extent.north), ("southlimit", of.extent.south))
    sides = (*box, ("westlimit", of.extent.west), ("eastlimit", of.extent.east))
    yield "; ".join(f"{name}={decimal(value)}" for name, value in sides) + "; units=signed decimal degrees"
    if of.area is not None:
        yield _unit(of.area)
    yield from _periods(of.interval)


def _unit(area: Area) -> str:
    return f"{area.name.vi} ({area.code})"


def _periods(interval: Interval | None) -> Iterator[str]:
    """Yield the period in the encoding of DCMI; one that is open at both ends says nothing."""
    if interval is not None and (interval.begin is not None or interval.end is not None):
        days = (("start", interval.begin), ("end", interval.end))
        yield "; ".join(f"{name}={day.isoformat()}" for name, day in days if day is not None)
