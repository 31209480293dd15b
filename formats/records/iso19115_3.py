"""A record as ISO 19115-3 has it: the encoding of ISO 19115-1, which tells created and updated of a record apart.

Vietnamese is the main language, English the locale. Source: ISO/TS 19115-3:2016, ``mdb``, ``cit``, ``mrl``, ``msr`` 2.0
and ``srv`` 2.1, as GeoNetwork and OWSLib read them; ISO/TS 19157-2 for quality.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from catalogue.layer import Text
from catalogue.record import (
    Access,
    Area,
    Description,
    Extent,
    Interval,
    Kind,
    Party,
    Published,
    Quality,
    Record,
    Result,
    Role,
    Step,
)
from formats.records.about import About
from formats.records.encodings import ISO_19115_3, format_name
from formats.records.markup import Element, Xml, clean, document, element_of, filled, node, root
from formats.records.terms import (
    COMPONENTS,
    DEFAULT_PROTOCOL,
    UNITS,
    Thesaurus,
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

_ISO = "http://standards.iso.org/iso"
PREFIXES = {
    "mdb": f"{_ISO}/19115/-3/mdb/2.0",
    "cit": f"{_ISO}/19115/-3/cit/2.0",
    "gco": f"{_ISO}/19115/-3/gco/1.0",
    "gex": f"{_ISO}/19115/-3/gex/1.0",
    "lan": f"{_ISO}/19115/-3/lan/1.0",
    "mcc": f"{_ISO}/19115/-3/mcc/1.0",
    "mco": f"{_ISO}/19115/-3/mco/1.0",
    "mdq": f"{_ISO}/19157/-2/mdq/1.0",
    "mmi": f"{_ISO}/19115/-3/mmi/1.0",
    "mrd": f"{_ISO}/19115/-3/mrd/1.0",
    "mri": f"{_ISO}/19115/-3/mri/1.0",
    "mrl": f"{_ISO}/19115/-3/mrl/2.0",
    "mrs": f"{_ISO}/19115/-3/mrs/1.0",
    "msr": f"{_ISO}/19115/-3/msr/2.0",
    "srv": f"{_ISO}/19115/-3/srv/2.1",
    "gml": "http://www.opengis.net/gml/3.2",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_CODES = "https://standards.iso.org/iso/19115/resources/Codelists/cat/codelists.xml"
_LANGUAGES = "http://www.loc.gov/standards/iso639-2/"
_UNITS_OF_MEASURE = "http://unitsofmeasure.org"
_DATASET = "dataset"
_ELEMENTS = {"HH": "mdq:DQ_TopologicalConsistency", "KH": "mdq:DQ_ConceptualConsistency"}
"""Elements of quality by the families of codes of rules: geometry, keys and references. All others are of values."""
_FUNCTIONS = {"enclosure": "download", "items": "download", "license": "information"}


def encode(published: Published, about: About) -> bytes:
    """Return a record as a document."""
    return document(markup(published, about))


def element(published: Published, about: About) -> Element:
    """Return ``mdb:MD_Metadata``."""
    return element_of(markup(published, about))


def markup(published: Published, about: About) -> Xml:
    """Return ``mdb:MD_Metadata`` as text that may stand in any document."""
    record = published.record
    general = record.general
    return root(
        "mdb:MD_Metadata",
        PREFIXES,
        node("mdb:metadataIdentifier", _identifier(str(record.id))),
        _locale("mdb:defaultLocale", general.language, ""),
        None if general.parent is None else _parent(str(general.parent)),
        _scope(record.kind),
        _contacts(record, about),
        _date("mdb:dateInfo", node("gco:DateTime", instant(published.updated)), "revision"),
        _date("mdb:dateInfo", node("gco:DateTime", instant(published.created)), "creation"),
        node("mdb:metadataStandard", node("cit:CI_Citation", _text("cit:title", general.standard))),
        _locale("mdb:otherLocale", "eng", _locale_id(record)),
        node("mdb:metadataLinkage", node("cit:CI_OnlineResource", _linkage(about.record_url(record.id)))),
        _geometry(record.description),
        (_reference_system(each) for each in record.reference_system.srids),
        node("mdb:identificationInfo", _identification(published, about)),
        node("mdb:distributionInfo", _distribution(record, about)),
        _quality(record),
        node("mdb:resourceLineage", _lineage(record.quality, record)),
        attributes={"xsi:schemaLocation": f"{PREFIXES['mdb']} {ISO_19115_3.schema}"},
    )


def _level(kind: Kind) -> str:
    """Return a value of MD_ScopeCode, which knows no process."""
    return _DATASET if kind is Kind.DATASET else "service"


def _locale_id(record: Record) -> str:
    return f"EN-{record.id}"


def _parent(parent: str) -> Xml:
    identifier = node("cit:identifier", _identifier(parent))
    return node("mdb:parentMetadata", node("cit:CI_Citation", _text("cit:title", parent), identifier))


def _scope(kind: Kind) -> Xml:
    scope = node(
        "mdb:MD_MetadataScope",
        _code("mdb:resourceScope", "mcc:MD_ScopeCode", _level(kind)),
        None if kind is Kind.DATASET else _text("mdb:name", kind.value),
    )
    return node("mdb:metadataScope", scope)


def _geometry(description: Description) -> Xml | None:
    """Return how many objects there are, where they have a geometry."""
    if description.items is None or description.representation != "vector":
        return None
    objects = node(
        "msr:MD_GeometricObjects",
        _code("msr:geometricObjectType", "msr:MD_GeometricObjectTypeCode", "complex"),
        node("msr:geometricObjectCount", node("gco:Integer", str(description.items))),
    )
    vector = node("msr:MD_VectorSpatialRepresentation", node("msr:geometricObjects", objects))
    return node("mdb:spatialRepresentationInfo", vector)


def _reference_system(srid: int) -> Xml:
    identifier = node("mrs:referenceSystemIdentifier", _identifier(crs_uri(srid), "EPSG"))
    return node("mdb:referenceSystemInfo", node("mrs:MD_ReferenceSystem", identifier))


# Parties


def _contacts(record: Record, about: About) -> Iterator[Xml]:
    """Yield who answers for the metadata: the points of contact, else whoever is named first; never nobody."""
    known = list(parties(record, about))
    points = [each for each in known if each[1] is Role.POINT_OF_CONTACT] or known[:1]
    yield from (_party("mdb:contact", party, role) for party, role in points)
    if not points:
        yield node("mdb:contact", attributes={"gco:nilReason": "missing"})


def _party(tag: str, party: Party, role: Role) -> Xml:
    contact = filled("cit:CI_Contact", _phone(party), _address(party), _homepage(party))
    organisation = node(
        "cit:CI_Organisation",
        _text("cit:name", party.name.vi),
        node("cit:contactInfo", contact) if contact else None,
    )
    named = _code("cit:role", "cit:CI_RoleCode", role.value)
    return node(tag, node("cit:CI_Responsibility", named, node("cit:party", organisation)))


def _phone(party: Party) -> Xml | None:
    if not party.phone:
        return None
    kind = _code("cit:numberType", "cit:CI_TelephoneTypeCode", "voice")
    return node("cit:phone", node("cit:CI_Telephone", _text("cit:number", party.phone), kind))


def _address(party: Party) -> Xml | None:
    address = filled(
        "cit:CI_Address",
        _text("cit:deliveryPoint", party.address.vi) if party.address else None,
        _text("cit:electronicMailAddress", party.email) if party.email else None,
    )
    return node("cit:address", address) if address else None


def _homepage(party: Party) -> Xml | None:
    if not party.url:
        return None
    return node("cit:onlineResource", node("cit:CI_OnlineResource", _linkage(party.url)))


def _linkage(url: str) -> Xml:
    return node("cit:linkage", node("gco:CharacterString", url))


# Identification


def _identification(published: Published, about: About) -> Xml:
    record = published.record
    of = record.description
    is_dataset = record.kind is Kind.DATASET
    return node(
        "mri:MD_DataIdentification" if is_dataset else "srv:SV_ServiceIdentification",
        _citation(published, about),
        _free("mri:abstract", of.abstract, record),
        None if of.purpose is None else _free("mri:purpose", of.purpose, record),
        _code("mri:status", "mcc:MD_ProgressCode", of.status),
        (_party("mri:pointOfContact", party, role) for party, role in parties(record, about)),
        _code("mri:spatialRepresentationType", "mcc:MD_SpatialRepresentationTypeCode", of.representation),
        (_scale(each) for each in of.scales),
        (node("mri:topicCategory", node("mri:MD_TopicCategoryCode", each)) for each in of.topics),
        _extent(record),
        _maintenance(of.frequency),
        _keywords(record),
        _constraints(record, about),
        _of_data(record) if is_dataset else _of_service(record, about),
    )


def _of_data(record: Record) -> Iterator[Xml]:
    """Yield what only data have: their language, and how many there are where no geometry is counted."""
    of = record.description
    yield _locale("mri:defaultLocale", of.language, "")
    if of.items is not None and of.representation != "vector":
        yield _text("mri:supplementalInformation", f"Số đối tượng: {of.items}")


def _of_service(record: Record, about: About) -> Iterator[Xml]:
    """Yield what only a service has: its kind, and where it is called."""
    access = record.distribution.access
    kind = next((each.protocol for each in access if each.protocol), "OGC API")
    yield node("srv:serviceType", node("gco:ScopedName", kind))
    yield _code("srv:couplingType", "srv:SV_CouplingType", "loose")
    operation = node(
        "srv:SV_OperationMetadata",
        _text("srv:operationName", "GET"),
        _code("srv:distributedComputingPlatform", "srv:DCPList", "WebServices"),
        [node("srv:connectPoint", _online(each, record, about)) for each in access]
        or node("srv:connectPoint", node("cit:CI_OnlineResource", _linkage(about.record_url(record.id)))),
    )
    yield node("srv:containsOperations", operation)


def _citation(published: Published, about: About) -> Xml:
    record = published.record
    of = record.description
    citation = node(
        "cit:CI_Citation",
        _free("cit:title", of.title, record),
        _date("cit:date", node("gco:DateTime", instant(published.created)), "publication"),
        None if of.current_on is None else _date("cit:date", node("gco:Date", of.current_on.isoformat()), "revision"),
        None if of.edition is None else _text("cit:edition", of.edition),
        node("cit:identifier", _identifier(about.record_url(record.id))),
        (node("cit:identifier", _identifier(value, scheme)) for scheme, value in record.external_ids),
        (_free("cit:otherCitationDetails", each, record) for each in of.legal_basis),
    )
    return node("mri:citation", citation)


def _maintenance(frequency: str) -> Xml:
    code = _code("mmi:maintenanceAndUpdateFrequency", "mmi:MD_MaintenanceFrequencyCode", frequency)
    return node("mri:resourceMaintenance", node("mmi:MD_MaintenanceInformation", code))


def _keywords(record: Record) -> Iterator[Xml]:
    """Yield free keywords, then those of a thesaurus: component database, administrative unit."""
    of = record.description
    if of.keywords:
        yield _keyword_group(of.keywords, "theme", None, record)
    yield _keyword_group((component_title(of.component),), "theme", COMPONENTS, record)
    if of.area is not None:
        yield _keyword_group((of.area.name,), "place", UNITS, record)


def _keyword_group(words: Sequence[Text], kind: str, thesaurus: Thesaurus | None, record: Record) -> Xml:
    return node(
        "mri:descriptiveKeywords",
        node(
            "mri:MD_Keywords",
            (_free("mri:keyword", each, record) for each in words),
            _code("mri:type", "mri:MD_KeywordTypeCode", kind),
            None if thesaurus is None else node("mri:thesaurusName", _thesaurus(thesaurus, record)),
        ),
    )


def _thesaurus(of: Thesaurus, record: Record) -> Xml:
    published = _date("cit:date", node("gco:Date", of.day.isoformat()), "publication")
    return node("cit:CI_Citation", _free("cit:title", of.title, record), published)


def _constraints(record: Record, about: About) -> Xml:
    """Return what limits the use, and the license with the place where it stands."""
    license_id = record.description.license
    url = license_url(license_id, about)
    name = "Điều kiện sử dụng" if license_id == "other" else license_id
    place = node("cit:onlineResource", node("cit:CI_OnlineResource", _linkage(url)))
    legal = node(
        "mco:MD_LegalConstraints",
        (_free("mco:useLimitation", each, record) for each in record.description.constraints),
        node("mco:reference", node("cit:CI_Citation", _text("cit:title", name), place)),
        _code("mco:useConstraints", "mco:MD_RestrictionCode", "license"),
        _code("mco:useConstraints", "mco:MD_RestrictionCode", "otherRestrictions"),
        _text("mco:otherConstraints", f"{name}: {url}"),
    )
    return node("mri:resourceConstraints", legal)


def _scale(denominator: int) -> Xml:
    fraction = node("mri:MD_RepresentativeFraction", node("mri:denominator", node("gco:Integer", str(denominator))))
    return node("mri:spatialResolution", node("mri:MD_Resolution", node("mri:equivalentScale", fraction)))


# Extent


def _extent(record: Record) -> Xml:
    of = record.description
    extent = node(
        "gex:EX_Extent",
        node("gex:geographicElement", _box(of.extent)),
        None if of.area is None else node("gex:geographicElement", _unit(of.area)),
        None if of.interval is None else _temporal(of.interval, record),
    )
    return node("mri:extent", extent)


def _box(extent: Extent) -> Xml:
    bounds = (
        ("gex:westBoundLongitude", extent.west),
        ("gex:eastBoundLongitude", extent.east),
        ("gex:southBoundLatitude", extent.south),
        ("gex:northBoundLatitude", extent.north),
    )
    return node(
        "gex:EX_GeographicBoundingBox", (node(tag, node("gco:Decimal", decimal(value))) for tag, value in bounds)
    )


def _unit(area: Area) -> Xml:
    identifier = node(
        "mcc:MD_Identifier",
        node("mcc:authority", node("cit:CI_Citation", _text("cit:title", UNITS.title.vi))),
        _text("mcc:code", unit_code(area)),
        _text("mcc:description", area.name.vi),
    )
    return node("gex:EX_GeographicDescription", node("gex:geographicIdentifier", identifier))


def _temporal(interval: Interval, record: Record) -> Xml:
    period = node(
        "gml:TimePeriod",
        _position("gml:beginPosition", None if interval.begin is None else interval.begin.isoformat(), "unknown"),
        _position("gml:endPosition", None if interval.end is None else interval.end.isoformat(), "now"),
        attributes={"gml:id": f"period-{record.id}"},
    )
    return node("gex:temporalElement", node("gex:EX_TemporalExtent", node("gex:extent", period)))


def _position(tag: str, day: str | None, absent: str) -> Xml:
    return node(tag, day) if day is not None else node(tag, attributes={"indeterminatePosition": absent})


# Distribution


def _distribution(record: Record, about: About) -> Xml:
    options = [node("mrd:onLine", _online(each, record, about)) for each in record.distribution.access]
    return node(
        "mrd:MD_Distribution",
        (node("mrd:distributionFormat", _format(each)) for each in record.distribution.formats),
        _distributor(record, about),
        node("mrd:transferOptions", node("mrd:MD_DigitalTransferOptions", options)) if options else None,
    )


def _format(media_type: str) -> Xml:
    identifier = node("cit:identifier", _identifier(media_type))
    citation = node("cit:CI_Citation", _text("cit:title", format_name(media_type)), identifier)
    return node("mrd:MD_Format", node("mrd:formatSpecificationCitation", citation))


def _distributor(record: Record, about: About) -> Xml | None:
    party = party_in(record, about, Role.DISTRIBUTOR, Role.PUBLISHER, Role.OWNER)
    if party is None:
        return None
    fees, ordering = record.distribution.fees, record.distribution.ordering
    order = filled(
        "mrd:MD_StandardOrderProcess",
        None if fees is None else _free("mrd:fees", fees, record),
        None if ordering is None else _free("mrd:orderingInstructions", ordering, record),
    )
    distributor = node(
        "mrd:MD_Distributor",
        _party("mrd:distributorContact", party, Role.DISTRIBUTOR),
        node("mrd:distributionOrderProcess", order) if order else None,
    )
    return node("mrd:distributor", distributor)


def _online(access: Access, record: Record, about: About) -> Xml:
    return node(
        "cit:CI_OnlineResource",
        _linkage(about.url_of(access)),
        _text("cit:protocol", access.protocol or DEFAULT_PROTOCOL),
        _text("cit:applicationProfile", access.media_type),
        _free("cit:name", access.title, record),
        _code("cit:function", "cit:CI_OnLineFunctionCode", _FUNCTIONS.get(access.rel, "information")),
    )


# Quality


def _quality(record: Record) -> Xml | None:
    """Return what checks found; the standard has no report without a result."""
    if not record.quality.results:
        return None
    scope = node("mcc:MD_Scope", _code("mcc:level", "mcc:MD_ScopeCode", _level(record.kind)))
    reports = (_report(each, i, record) for i, each in enumerate(record.quality.results))
    return node("mdb:dataQualityInfo", node("mdq:DQ_DataQuality", node("mdq:scope", scope), reports))


def _report(result: Result, i: int, record: Record) -> Xml:
    name = _free("mdq:nameOfMeasure", result.name, record)
    measure = node("mdq:DQ_MeasureReference", node("mdq:measureIdentification", _identifier(result.code)), name)
    passed = result.passed
    content = node(
        _ELEMENTS.get(result.code[:2], "mdq:DQ_DomainConsistency"),
        node("mdq:measure", measure),
        node("mdq:result", _measured(result, f"unit-{i}-{record.id}")),
        None if passed is None else node("mdq:result", _conformance(result, passed=passed, record=record)),
    )
    return node("mdq:report", content)


def _measured(result: Result, xml_id: str) -> Xml:
    identifier = node("gml:identifier", result.unit, attributes={"codeSpace": _UNITS_OF_MEASURE})
    return node(
        "mdq:DQ_QuantitativeResult",
        node("mdq:dateTime", node("gco:DateTime", midnight(result.day))),
        node("mdq:value", node("gco:Record", decimal(result.value))),
        node("mdq:valueUnit", node("gml:UnitDefinition", identifier, attributes={"gml:id": xml_id})),
    )


def _conformance(result: Result, *, passed: bool, record: Record) -> Xml:
    title = _free("cit:title", result.specification or result.name, record)
    return node(
        "mdq:DQ_ConformanceResult",
        node("mdq:dateTime", node("gco:DateTime", midnight(result.day))),
        node("mdq:specification", node("cit:CI_Citation", title)),
        _free("mdq:explanation", result.name, record),
        node("mdq:pass", node("gco:Boolean", "true" if passed else "false")),
    )


def _lineage(quality: Quality, record: Record) -> Xml:
    scope = node("mcc:MD_Scope", _code("mcc:level", "mcc:MD_ScopeCode", _level(record.kind)))
    return node(
        "mrl:LI_Lineage",
        _free("mrl:statement", quality.lineage, record),
        node("mrl:scope", scope),
        (node("mrl:processStep", _step(each, i, record)) for i, each in enumerate(quality.steps)),
    )


def _step(step: Step, i: int, record: Record) -> Xml:
    position = node("gml:timePosition", step.day.isoformat())
    instant_of = node("gml:TimeInstant", position, attributes={"gml:id": f"step-{i}-{record.id}"})
    source = None if step.source is None else node("mrl:LI_Source", _free("mrl:description", step.source, record))
    return node(
        "mrl:LI_ProcessStep",
        _free("mrl:description", step.description, record),
        node("mrl:stepDateTime", instant_of),
        None if source is None else node("mrl:source", source),
    )


# Texts, codes, identifiers


def _text(tag: str, text: str) -> Xml:
    """Return a text; one in which nothing can be read is told to be missing."""
    if not clean(text).strip():
        return node(tag, attributes={"gco:nilReason": "missing"})
    return node(tag, node("gco:CharacterString", text))


def _free(tag: str, text: Text, record: Record) -> Xml:
    """Return a text in Vietnamese, with the English one where it says something else."""
    if text.en == text.vi or not clean(text.en).strip() or not clean(text.vi).strip():
        return _text(tag, text.vi)
    english = node("lan:LocalisedCharacterString", text.en, attributes={"locale": f"#{_locale_id(record)}"})
    free = node("lan:PT_FreeText", node("lan:textGroup", english))
    return node(
        tag, node("gco:CharacterString", text.vi), free, attributes={"xsi:type": "lan:PT_FreeText_PropertyType"}
    )


@lru_cache(maxsize=1_024)
def _code(tag: str, name: str, value: str) -> Xml:
    attributes = {"codeList": f"{_CODES}#{name.partition(':')[2]}", "codeListValue": value}
    return node(tag, node(name, value, attributes=attributes))


def _locale(tag: str, language: str, xml_id: str) -> Xml:
    code = node("lan:LanguageCode", language, attributes={"codeList": _LANGUAGES, "codeListValue": language})
    locale = node(
        "lan:PT_Locale",
        node("lan:language", code),
        _code("lan:characterEncoding", "lan:MD_CharacterSetCode", "utf8"),
        attributes={"id": xml_id} if xml_id else None,
    )
    return node(tag, locale)


def _identifier(code: str, space: str | None = None) -> Xml:
    known = None if space is None else _text("mcc:codeSpace", space)
    return node("mcc:MD_Identifier", _text("mcc:code", code), known)


def _date(tag: str, value: Xml, kind: str) -> Xml:
    return node(tag, node("cit:CI_Date", node("cit:date", value), _code("cit:dateType", "cit:CI_DateTypeCode", kind)))
