"""A record as GeoDCAT-AP 3 has it, which is DCAT-AP 3 with what spatial data have besides.

Each thing has an address, ``<URL of the record>#...``: there are no blank nodes, and two harvests give the same graph.
Source: GeoDCAT-AP 3.0, DCAT-AP 3.0, Hydra core for lists in pages.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from catalogue.layer import Text
from catalogue.record import Access, Description, Extent, Kind, Party, Published, Quality, Record, Result, Role
from formats.records.about import LANGUAGES, About
from formats.records.encodings import DCAT_JSON, DCAT_RDF, DCAT_TURTLE
from formats.records.linked import Graph, Iri, Literal, Name, Term, Triple, by_subject, json_ld, rdf_xml, turtle
from formats.records.markup import Element, document, element_of
from formats.records.terms import (
    component_title,
    crs_uri,
    decimal,
    instant,
    license_url,
    midnight,
    parties,
    party_in,
    unit_code,
)

_EU = "http://publications.europa.eu/resource/authority"
_INSPIRE = "http://inspire.ec.europa.eu/metadata-codelist"
_ISO_CODES = "https://standards.iso.org/iso/19115/resources/Codelists/cat/codelists.xml"
_IANA = "https://www.iana.org/assignments/media-types"
_FREQUENCIES = {
    "continual": "UPDATE_CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "fortnightly": "BIWEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "biannually": "ANNUAL_2",
    "annually": "ANNUAL",
    "irregular": "IRREG",
    "unknown": "UNKNOWN",
}
_ROLES = {
    Role.OWNER: "dct:rightsHolder",
    Role.CUSTODIAN: "geodcat:custodian",
    Role.DISTRIBUTOR: "geodcat:distributor",
    Role.PUBLISHER: "dct:publisher",
}
_DOCUMENTS = frozenset({"about", "canonical", "describedby", "help", "license", "related", "service-doc", "up"})
"""Relations that lead to something about the data, not to them."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of records, by the addresses of itself and its neighbours.

    Attributes:
        total: how many records all pages have; ``None``: not told.
        size: how many a full page has.
    """

    url: str
    first: str
    next: str | None
    previous: str | None = None
    last: str | None = None
    total: int | None = None
    size: int | None = None


def encode_turtle(published: Published, about: About) -> bytes:
    """Return a record as Turtle."""
    return turtle(graph(published, about))


def encode_rdf(published: Published, about: About) -> bytes:
    """Return a record as RDF/XML."""
    return _rdf_document(graph(published, about))


def encode_json(published: Published, about: About) -> bytes:
    """Return a record as JSON-LD."""
    return json_ld(graph(published, about))


def element(published: Published, about: About) -> Element:
    """Return a record as ``rdf:RDF``."""
    return element_of(rdf_xml(graph(published, about)))


def graph(published: Published, about: About) -> Graph:
    """Return what is said of one record and of the catalogue that it is in."""
    return by_subject((*_catalogue([published], about), *_of(published, about)))


def encode_list(records: Sequence[Published], about: About, page: Page, key: str = DCAT_TURTLE.key) -> bytes:
    """Return a page of the catalogue; ``key`` is that of one of the three spellings.

    Raises:
        KeyError: it is none of them.
    """
    triples = [*_paging(page), *_catalogue(records, about)]
    for each in records:
        triples.extend(_of(each, about))
    return _SPELLINGS[key](by_subject(triples))


def _rdf_document(of: Graph) -> bytes:
    return document(rdf_xml(of))


_SPELLINGS = {DCAT_TURTLE.key: turtle, DCAT_RDF.key: _rdf_document, DCAT_JSON.key: json_ld}


# The catalogue and its pages


def _paging(page: Page) -> Iterator[Triple]:
    """Yield a page by the names that harvesters look for: those of Hydra, and those that it had before."""
    this = Iri(page.url)
    yield this, "rdf:type", Name("hydra:PartialCollectionView")
    yield this, "rdf:type", Name("hydra:PagedCollection")
    neighbours = (
        ("hydra:first", page.first),
        ("hydra:firstPage", page.first),
        ("hydra:next", page.next),
        ("hydra:nextPage", page.next),
        ("hydra:previous", page.previous),
        ("hydra:previousPage", page.previous),
        ("hydra:last", page.last),
        ("hydra:lastPage", page.last),
    )
    yield from ((this, predicate, Iri(url)) for predicate, url in neighbours if url is not None)
    counts = (("hydra:totalItems", page.total), ("hydra:itemsPerPage", page.size))
    yield from ((this, predicate, _integer(count)) for predicate, count in counts if count is not None)


def _catalogue(records: Sequence[Published], about: About) -> Iterator[Triple]:
    this = Iri(about.catalogue)
    yield this, "rdf:type", Name("dcat:Catalog")
    yield from _texts(this, "dct:title", about.title)
    yield from _texts(this, "dct:description", about.title)
    yield this, "foaf:homepage", Iri(f"{about.base_url}/")
    yield from ((this, "dct:language", _language(each)) for each in ("vie", "eng"))
    yield from _catalogue_publisher(records, about)
    for each in records:
        subject = Iri(about.record_url(each.record.id))
        yield this, "dcat:dataset" if each.record.kind is Kind.DATASET else "dcat:service", subject
        yield this, "dcat:record", _part(subject, "record")


def _catalogue_publisher(records: Sequence[Published], about: About) -> Iterator[Triple]:
    """Yield who publishes the catalogue: the provider, else the publisher of what is in it."""
    party = about.provider
    if party is None and records:
        party = party_in(records[0].record, about, Role.PUBLISHER, Role.OWNER)
    if party is not None:
        agent = Iri(f"{about.catalogue}#publisher")
        yield Iri(about.catalogue), "dct:publisher", agent
        yield from _agent(agent, party)


# One record


def _of(published: Published, about: About) -> Iterator[Triple]:
    record = published.record
    this = Iri(about.record_url(record.id))
    is_dataset = record.kind is Kind.DATASET
    yield this, "rdf:type", Name("dcat:Dataset" if is_dataset else "dcat:DataService")
    yield this, "dct:identifier", Literal(str(record.id))
    yield this, "dct:type", Iri(f"{_INSPIRE}/ResourceType/{'dataset' if is_dataset else 'service'}")
    yield this, "dct:issued", _instant(instant(published.created))
    yield this, "dct:modified", _instant(instant(published.updated))
    yield from _catalogue_record(published, this, about)
    yield from _description(this, record.description, about)
    yield from _extent(this, record.description)
    yield from _parties(this, record, about)
    yield from _identifiers(this, record, about)
    yield from _quality(this, record.quality)
    yield from _rights(this, record, about)
    yield from _access(this, record, about)


def _catalogue_record(published: Published, this: Iri, about: About) -> Iterator[Triple]:
    record, general = _part(this, "record"), published.record.general
    standard = _part(this, "metadata-standard")
    yield record, "rdf:type", Name("dcat:CatalogRecord")
    yield record, "foaf:primaryTopic", this
    yield record, "dct:identifier", Literal(str(published.record.id))
    yield record, "dct:issued", _instant(instant(published.created))
    yield record, "dct:modified", _instant(instant(published.updated))
    yield record, "dct:language", _language(general.language)
    yield record, "dct:conformsTo", standard
    yield standard, "rdf:type", Name("dct:Standard")
    yield standard, "dct:title", Literal(general.standard)
    if general.parent is not None:
        yield this, "dct:isPartOf", Iri(about.record_url(general.parent))


def _description(this: Iri, of: Description, about: About) -> Iterator[Triple]:
    yield from _texts(this, "dct:title", of.title)
    yield from _texts(this, "dct:description", of.abstract)
    for each in of.keywords:
        yield from _texts(this, "dcat:keyword", each)
    yield from _themes(this, of, about)
    yield this, "dct:language", _language(of.language)
    yield this, "dct:accrualPeriodicity", _frequency(of.frequency)
    yield this, "adms:status", Iri(f"{_ISO_CODES}#MD_ProgressCode_{of.status}")
    yield this, "adms:representationTechnique", Iri(f"{_INSPIRE}/SpatialRepresentationType/{of.representation}")
    if of.edition is not None:
        yield this, "dcat:version", Literal(of.edition)
    if of.purpose is not None:
        yield from _texts(this, "rdfs:comment", of.purpose)
    if of.items is not None:
        yield this, "void:entities", _integer(of.items)
    if of.current_on is not None:
        yield this, "dct:date", Literal(of.current_on.isoformat(), datatype="xsd:date")
    yield from _scales(this, of.scales)
    yield from _laws(this, of.legal_basis)


def _themes(this: Iri, of: Description, about: About) -> Iterator[Triple]:
    """Yield the component database, the theme that the portals of Europe know, and the topics of ISO 19115."""
    component = Iri(f"{about.catalogue}/queryables#{of.component}")
    yield this, "dcat:theme", Iri(f"{_EU}/data-theme/REGI")
    yield this, "dcat:theme", component
    yield component, "rdf:type", Name("skos:Concept")
    yield from _texts(component, "skos:prefLabel", component_title(of.component))
    yield component, "skos:notation", Literal(of.component)
    yield from ((this, "dct:subject", Iri(f"{_INSPIRE}/TopicCategory/{each}")) for each in of.topics)


def _scales(this: Iri, scales: Iterable[int]) -> Iterator[Triple]:
    for each in scales:
        measurement = _part(this, f"scale-{each}")
        yield this, "dqv:hasQualityMeasurement", measurement
        yield measurement, "rdf:type", Name("dqv:QualityMeasurement")
        yield measurement, "dqv:isMeasurementOf", Name("geodcat:spatialResolutionAsScale")
        yield measurement, "dqv:value", Literal(decimal(1 / each), datatype="xsd:decimal")
        yield measurement, "rdfs:label", Literal(f"1:{each}")


def _laws(this: Iri, laws: Iterable[Text]) -> Iterator[Triple]:
    for i, each in enumerate(laws):
        law = _part(this, f"law-{i}")
        yield this, "dcatap:applicableLegislation", law
        yield law, "rdf:type", Name("eli:LegalResource")
        yield from _texts(law, "rdfs:label", each)


def _extent(this: Iri, of: Description) -> Iterator[Triple]:
    box = _part(this, "extent")
    yield this, "dct:spatial", box
    yield box, "rdf:type", Name("dct:Location")
    yield box, "dcat:bbox", Literal(_wkt(of.extent), datatype="gsp:wktLiteral")
    yield box, "locn:geometry", Literal(_wkt(of.extent), datatype="gsp:wktLiteral")
    if of.area is not None:
        unit = _part(this, "unit")
        yield this, "dct:spatial", unit
        yield unit, "rdf:type", Name("dct:Location")
        yield unit, "dct:identifier", Literal(unit_code(of.area))
        yield from _texts(unit, "skos:prefLabel", of.area.name)
    if of.interval is not None:
        period = _part(this, "period")
        yield this, "dct:temporal", period
        yield period, "rdf:type", Name("dct:PeriodOfTime")
        days = (("dcat:startDate", of.interval.begin), ("dcat:endDate", of.interval.end))
        yield from ((period, name, Literal(day.isoformat(), datatype="xsd:date")) for name, day in days if day)


def _wkt(extent: Extent) -> str:
    """Return a box as a polygon, longitude first: the order of CRS84, which a literal without CRS has."""
    west, south, east, north = (decimal(each) for each in (extent.west, extent.south, extent.east, extent.north))
    return f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


def _parties(this: Iri, record: Record, about: About) -> Iterator[Triple]:
    """Yield who has to do with the data; an office with several roles is one agent."""
    agents: dict[Party, Iri] = {}
    for party, role in parties(record, about):
        agent = agents.setdefault(party, _part(this, f"party-{len(agents)}"))
        if role in _ROLES:
            yield this, _ROLES[role], agent
            yield from _agent(agent, party)
        else:
            contact = Iri(f"{agent.value}-contact")
            yield this, "dcat:contactPoint", contact
            yield from _contact(contact, party)


def _agent(agent: Iri, party: Party) -> Iterator[Triple]:
    yield agent, "rdf:type", Name("foaf:Agent")
    yield agent, "rdf:type", Name("foaf:Organization")
    yield from _texts(agent, "foaf:name", party.name)
    yield from _reached(agent, party, "foaf:mbox", "foaf:phone", "foaf:homepage")


def _contact(contact: Iri, party: Party) -> Iterator[Triple]:
    yield contact, "rdf:type", Name("vcard:Kind")
    yield contact, "rdf:type", Name("vcard:Organization")
    yield from _texts(contact, "vcard:fn", party.name)
    yield from _reached(contact, party, "vcard:hasEmail", "vcard:hasTelephone", "vcard:hasURL")
    if party.address is not None:
        address = Iri(f"{contact.value}-address")
        yield contact, "vcard:hasAddress", address
        yield address, "rdf:type", Name("vcard:Address")
        yield from _texts(address, "vcard:street-address", party.address)


def _reached(who: Iri, party: Party, email: str, phone: str, url: str) -> Iterator[Triple]:
    if party.email:
        yield who, email, Iri(f"mailto:{party.email}")
    if party.phone:
        yield who, phone, Iri(f"tel:{party.phone}")
    if party.url:
        yield who, url, Iri(party.url)


def _identifiers(this: Iri, record: Record, about: About) -> Iterator[Triple]:
    for i, (scheme, value) in enumerate(record.external_ids):
        identifier = _part(this, f"identifier-{i}")
        yield this, "adms:identifier", identifier
        yield identifier, "rdf:type", Name("adms:Identifier")
        yield identifier, "skos:notation", Literal(value)
        yield identifier, "adms:schemaAgency", Literal(scheme)
    for srid in record.reference_system.srids:
        system = Iri(crs_uri(srid))
        yield this, "dct:conformsTo", system
        yield system, "rdf:type", Name("dct:Standard")
        yield system, "dct:identifier", Literal(f"EPSG:{srid}")
        yield system, "dct:type", Iri("http://inspire.ec.europa.eu/glossary/SpatialReferenceSystem")
    yield this, "foaf:page", Iri(f"{about.record_url(record.id)}?f=html")


def _quality(this: Iri, quality: Quality) -> Iterator[Triple]:
    lineage = _part(this, "lineage")
    yield this, "dct:provenance", lineage
    yield lineage, "rdf:type", Name("dct:ProvenanceStatement")
    yield from _texts(lineage, "rdfs:label", quality.lineage)
    for i, each in enumerate(quality.steps):
        step = _part(this, f"step-{i}")
        yield this, "prov:wasGeneratedBy", step
        yield step, "rdf:type", Name("prov:Activity")
        yield step, "prov:endedAtTime", _instant(midnight(each.day))
        yield from _texts(step, "rdfs:label", each.description)
        if each.source is not None:
            source = Iri(f"{step.value}-source")
            yield step, "prov:used", source
            yield source, "rdf:type", Name("prov:Entity")
            yield from _texts(source, "rdfs:label", each.source)
    for i, result in enumerate(quality.results):
        yield from _result(this, _part(this, f"result-{i}"), result)


def _result(this: Iri, measurement: Iri, result: Result) -> Iterator[Triple]:
    metric = Iri(f"urn:x-datdai:rule:{result.code}")
    yield this, "dqv:hasQualityMeasurement", measurement
    yield measurement, "rdf:type", Name("dqv:QualityMeasurement")
    yield measurement, "dqv:isMeasurementOf", metric
    yield measurement, "dqv:value", Literal(decimal(result.value), datatype="xsd:decimal")
    yield measurement, "sdmx-attribute:unitMeasure", Literal(result.unit)
    yield measurement, "dct:date", Literal(result.day.isoformat(), datatype="xsd:date")
    yield from _texts(measurement, "rdfs:label", result.name)
    if result.passed is not None:
        degree = "conformant" if result.passed else "notConformant"
        yield measurement, "dct:type", Iri(f"{_INSPIRE}/DegreeOfConformity/{degree}")
    if result.specification is not None:
        yield from _texts(measurement, "rdfs:comment", result.specification)
    yield metric, "rdf:type", Name("dqv:Metric")


def _rights(this: Iri, record: Record, about: About) -> Iterator[Triple]:
    yield this, "dct:license", Iri(license_url(record.description.license, about))
    if record.description.constraints:
        rights = _part(this, "rights")
        yield this, "dct:accessRights", rights
        yield rights, "rdf:type", Name("dct:RightsStatement")
        for each in record.description.constraints:
            yield from _texts(rights, "rdfs:label", each)
    terms = (("fees", record.distribution.fees), ("ordering", record.distribution.ordering))
    for name, text in terms:
        if text is not None:
            statement = _part(this, name)
            yield this, "dct:rights", statement
            yield statement, "rdf:type", Name("dct:RightsStatement")
            yield from _texts(statement, "rdfs:label", text)


# The ways to the data


def _access(this: Iri, record: Record, about: About) -> Iterator[Triple]:
    yield from ((this, "dct:format", _media_type(each)) for each in record.distribution.formats)
    ways = [each for each in record.distribution.access if each.rel not in _DOCUMENTS]
    for each in record.distribution.access:
        if each.rel in _DOCUMENTS:
            yield from _page(this, each, about)
    if record.kind is not Kind.DATASET:
        urls = [about.url_of(each) for each in ways] or [about.record_url(record.id)]
        yield from ((this, "dcat:endpointURL", Iri(url)) for url in urls)
        return
    for i, each in enumerate(ways):
        yield from _distribution(this, _part(this, f"distribution-{i}"), each, record, about)


def _page(this: Iri, access: Access, about: About) -> Iterator[Triple]:
    page = Iri(about.url_of(access))
    yield this, "foaf:page", page
    yield page, "rdf:type", Name("foaf:Document")
    yield from _texts(page, "dct:title", access.title)


def _distribution(this: Iri, distribution: Iri, access: Access, record: Record, about: About) -> Iterator[Triple]:
    url = Iri(about.url_of(access))
    yield this, "dcat:distribution", distribution
    yield distribution, "rdf:type", Name("dcat:Distribution")
    yield distribution, "dcat:accessURL", url
    if access.rel == "enclosure":
        yield distribution, "dcat:downloadURL", url
    yield from _texts(distribution, "dct:title", access.title)
    yield distribution, "dcat:mediaType", _media_type(access.media_type)
    yield distribution, "dct:format", _media_type(access.media_type)
    yield distribution, "dct:license", Iri(license_url(record.description.license, about))
    if access.protocol is not None:
        yield distribution, "dct:description", Literal(access.protocol)


# Terms


def _part(of: Iri, name: str) -> Iri:
    return Iri(f"{of.value}#{name}")


def _texts(subject: Iri, predicate: str, text: Text) -> Iterator[Triple]:
    yield from ((subject, predicate, Literal(text.in_language(each), each)) for each in LANGUAGES)


def _instant(text: str) -> Term:
    return Literal(text, datatype="xsd:dateTime")


def _integer(number: int) -> Term:
    return Literal(str(number), datatype="xsd:integer")


def _language(code: str) -> Iri:
    return Iri(f"{_EU}/language/{code.upper()}")


def _frequency(code: str) -> Iri:
    known = _FREQUENCIES.get(code)
    return Iri(f"{_EU}/frequency/{known}" if known else f"{_INSPIRE}/MaintenanceFrequency/{code}")


def _media_type(media_type: str) -> Iri:
    return Iri(f"{_IANA}/{media_type.partition(';')[0].strip()}")
