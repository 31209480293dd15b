"""A record as ISO 19139 has it, with GML 3.2: what harvesters by CSW and OAI-PMH read.

Vietnamese is the main language, English the locale. Identifiers inside the document carry the record's, so that many
records may stand in one document. Source: ISO/TS 19139:2007, schemas of 2007-04-17.
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
from formats.records.encodings import ISO_19139, format_name
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

PREFIXES = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "srv": "http://www.isotc211.org/2005/srv",
    "gml": "http://www.opengis.net/gml/3.2",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_CODES = "http://www.isotc211.org/2005/resources/Codelist/gmxCodelists.xml"
_LANGUAGES = "http://www.loc.gov/standards/iso639-2/"
_UNITS_OF_MEASURE = "http://unitsofmeasure.org"
_DATASET = "dataset"
_ELEMENTS = {"HH": "gmd:DQ_TopologicalConsistency", "KH": "gmd:DQ_ConceptualConsistency"}
"""Elements of quality by the families of codes of rules: geometry, keys and references. All others are of values."""
_FUNCTIONS = {"enclosure": "download", "items": "download", "license": "information"}


def encode(published: Published, about: About) -> bytes:
    """Return a record as a document."""
    return document(markup(published, about))


def element(published: Published, about: About) -> Element:
    """Return ``gmd:MD_Metadata``."""
    return element_of(markup(published, about))


def markup(published: Published, about: About) -> Xml:
    """Return ``gmd:MD_Metadata`` as text that may stand in any document."""
    record = published.record
    general, level = record.general, _level(record.kind)
    return root(
        "gmd:MD_Metadata",
        PREFIXES,
        _text("gmd:fileIdentifier", str(record.id)),
        _language("gmd:language", general.language),
        _code("gmd:characterSet", "MD_CharacterSetCode", "utf8"),
        None if general.parent is None else _text("gmd:parentIdentifier", str(general.parent)),
        _code("gmd:hierarchyLevel", "MD_ScopeCode", level),
        None if level == _DATASET else _text("gmd:hierarchyLevelName", record.kind.value),
        _contacts(record, about),
        node("gmd:dateStamp", node("gco:DateTime", instant(published.updated))),
        _text("gmd:metadataStandardName", general.standard),
        _text("gmd:metadataStandardVersion", "1.0"),
        _text("gmd:dataSetURI", about.record_url(record.id)),
        _locale(record),
        _geometry(record.description),
        (_reference_system(each) for each in record.reference_system.srids),
        node("gmd:identificationInfo", _identification(published, about)),
        node("gmd:distributionInfo", _distribution(record, about)),
        node("gmd:dataQualityInfo", _quality(record, level)),
        attributes={"xsi:schemaLocation": f"{PREFIXES['gmd']} {ISO_19139.schema}"},
    )


def _level(kind: Kind) -> str:
    """Return a value of MD_ScopeCode, which knows no process."""
    return _DATASET if kind is Kind.DATASET else "service"


def _locale(record: Record) -> Xml:
    return node(
        "gmd:locale",
        node(
            "gmd:PT_Locale",
            _language("gmd:languageCode", "eng"),
            _code("gmd:characterEncoding", "MD_CharacterSetCode", "utf8"),
            attributes={"id": _locale_id(record)},
        ),
    )


def _locale_id(record: Record) -> str:
    return f"EN-{record.id}"


def _geometry(description: Description) -> Xml | None:
    """Return how many objects there are, where they have a geometry."""
    if description.items is None or description.representation != "vector":
        return None
    objects = node(
        "gmd:MD_GeometricObjects",
        _code("gmd:geometricObjectType", "MD_GeometricObjectTypeCode", "complex"),
        node("gmd:geometricObjectCount", node("gco:Integer", str(description.items))),
    )
    vector = node("gmd:MD_VectorSpatialRepresentation", node("gmd:geometricObjects", objects))
    return node("gmd:spatialRepresentationInfo", vector)


def _reference_system(srid: int) -> Xml:
    identifier = node("gmd:RS_Identifier", _text("gmd:code", crs_uri(srid)), _text("gmd:codeSpace", "EPSG"))
    system = node("gmd:MD_ReferenceSystem", node("gmd:referenceSystemIdentifier", identifier))
    return node("gmd:referenceSystemInfo", system)


# Parties


def _contacts(record: Record, about: About) -> Iterator[Xml]:
    """Yield who answers for the metadata: the points of contact, else whoever is named first; never nobody."""
    known = list(parties(record, about))
    points = [each for each in known if each[1] is Role.POINT_OF_CONTACT] or known[:1]
    yield from (_party("gmd:contact", party, role) for party, role in points)
    if not points:
        yield node("gmd:contact", attributes={"gco:nilReason": "missing"})


def _party(tag: str, party: Party, role: Role) -> Xml:
    contact = filled("gmd:CI_Contact", _phone(party), _address(party), _homepage(party))
    return node(
        tag,
        node(
            "gmd:CI_ResponsibleParty",
            _text("gmd:organisationName", party.name.vi),
            node("gmd:contactInfo", contact) if contact else None,
            _code("gmd:role", "CI_RoleCode", role.value),
        ),
    )


def _phone(party: Party) -> Xml | None:
    if not party.phone:
        return None
    return node("gmd:phone", node("gmd:CI_Telephone", _text("gmd:voice", party.phone)))


def _address(party: Party) -> Xml | None:
    address = filled(
        "gmd:CI_Address",
        _text("gmd:deliveryPoint", party.address.vi) if party.address else None,
        _text("gmd:electronicMailAddress", party.email) if party.email else None,
    )
    return node("gmd:address", address) if address else None


def _homepage(party: Party) -> Xml | None:
    if not party.url:
        return None
    return node("gmd:onlineResource", node("gmd:CI_OnlineResource", _linkage(party.url)))


def _linkage(url: str) -> Xml:
    return node("gmd:linkage", node("gmd:URL", url))


# Identification


def _identification(published: Published, about: About) -> Xml:
    record = published.record
    of = record.description
    common = (
        _citation(published, about),
        _free("gmd:abstract", of.abstract, record),
        None if of.purpose is None else _free("gmd:purpose", of.purpose, record),
        _code("gmd:status", "MD_ProgressCode", of.status),
        (_party("gmd:pointOfContact", party, role) for party, role in parties(record, about)),
        _maintenance(of.frequency),
        _keywords(record),
        _constraints(record, about),
    )
    if record.kind is not Kind.DATASET:
        return node("srv:SV_ServiceIdentification", *common, _service(record, about))
    return node(
        "gmd:MD_DataIdentification",
        *common,
        _code("gmd:spatialRepresentationType", "MD_SpatialRepresentationTypeCode", of.representation),
        (_scale(each) for each in of.scales),
        _language("gmd:language", of.language),
        _code("gmd:characterSet", "MD_CharacterSetCode", "utf8"),
        (node("gmd:topicCategory", node("gmd:MD_TopicCategoryCode", each)) for each in of.topics),
        _extent("gmd:extent", record),
        _supplement(of),
    )


def _citation(published: Published, about: About) -> Xml:
    record = published.record
    of = record.description
    citation = node(
        "gmd:CI_Citation",
        _free("gmd:title", of.title, record),
        _date(node("gco:DateTime", instant(published.created)), "publication"),
        None if of.current_on is None else _date(node("gco:Date", of.current_on.isoformat()), "revision"),
        None if of.edition is None else _text("gmd:edition", of.edition),
        node("gmd:identifier", node("gmd:MD_Identifier", _text("gmd:code", about.record_url(record.id)))),
        (_external(scheme, value) for scheme, value in record.external_ids),
        _free("gmd:otherCitationDetails", _joined(of.legal_basis), record) if of.legal_basis else None,
    )
    return node("gmd:citation", citation)


def _external(scheme: str, value: str) -> Xml:
    identifier = node("gmd:RS_Identifier", _text("gmd:code", value), _text("gmd:codeSpace", scheme))
    return node("gmd:identifier", identifier)


def _joined(texts: Sequence[Text]) -> Text:
    return Text("; ".join(each.vi for each in texts), "; ".join(each.en for each in texts))


def _date(value: Xml, kind: str) -> Xml:
    return node(
        "gmd:date",
        node("gmd:CI_Date", node("gmd:date", value), _code("gmd:dateType", "CI_DateTypeCode", kind)),
    )


def _maintenance(frequency: str) -> Xml:
    code = _code("gmd:maintenanceAndUpdateFrequency", "MD_MaintenanceFrequencyCode", frequency)
    return node("gmd:resourceMaintenance", node("gmd:MD_MaintenanceInformation", code))


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
        "gmd:descriptiveKeywords",
        node(
            "gmd:MD_Keywords",
            (_free("gmd:keyword", each, record) for each in words),
            _code("gmd:type", "MD_KeywordTypeCode", kind),
            None if thesaurus is None else node("gmd:thesaurusName", _thesaurus(thesaurus, record)),
        ),
    )


def _thesaurus(of: Thesaurus, record: Record) -> Xml:
    published = _date(node("gco:Date", of.day.isoformat()), "publication")
    return node("gmd:CI_Citation", _free("gmd:title", of.title, record), published)


def _constraints(record: Record, about: About) -> Xml:
    """Return what limits the use, and the license with the place where it stands."""
    license_id = record.description.license
    said = f"{'Điều kiện sử dụng' if license_id == 'other' else license_id}: {license_url(license_id, about)}"
    legal = node(
        "gmd:MD_LegalConstraints",
        (_free("gmd:useLimitation", each, record) for each in record.description.constraints),
        _code("gmd:useConstraints", "MD_RestrictionCode", "license"),
        _code("gmd:useConstraints", "MD_RestrictionCode", "otherRestrictions"),
        _text("gmd:otherConstraints", said),
    )
    return node("gmd:resourceConstraints", legal)


def _scale(denominator: int) -> Xml:
    fraction = node("gmd:MD_RepresentativeFraction", node("gmd:denominator", node("gco:Integer", str(denominator))))
    return node("gmd:spatialResolution", node("gmd:MD_Resolution", node("gmd:equivalentScale", fraction)))


def _supplement(of: Description) -> Xml | None:
    """Return how many objects there are, where they have no geometry to count."""
    if of.items is None or of.representation == "vector":
        return None
    return _text("gmd:supplementalInformation", f"Số đối tượng: {of.items}")


def _service(record: Record, about: About) -> Iterator[Xml]:
    """Yield what a service has besides: its extent and where it is called."""
    access = record.distribution.access
    kind = next((each.protocol for each in access if each.protocol), "OGC API")
    yield node("srv:serviceType", node("gco:LocalName", kind))
    yield _extent("srv:extent", record)
    yield node("srv:couplingType", node("srv:SV_CouplingType", attributes=_list_value("SV_CouplingType", "loose")))
    operation = node(
        "srv:SV_OperationMetadata",
        _text("srv:operationName", "GET"),
        node("srv:DCP", node("srv:DCPList", attributes=_list_value("DCPList", "WebServices"))),
        [node("srv:connectPoint", _online(each, record, about)) for each in access]
        or node("srv:connectPoint", node("gmd:CI_OnlineResource", _linkage(about.record_url(record.id)))),
    )
    yield node("srv:containsOperations", operation)


# Extent


def _extent(tag: str, record: Record) -> Xml:
    of = record.description
    return node(
        tag,
        node(
            "gmd:EX_Extent",
            node("gmd:geographicElement", _box(of.extent)),
            None if of.area is None else node("gmd:geographicElement", _unit(of.area)),
            None if of.interval is None else _temporal(of.interval, record),
        ),
    )


def _box(extent: Extent) -> Xml:
    bounds = (
        ("gmd:westBoundLongitude", extent.west),
        ("gmd:eastBoundLongitude", extent.east),
        ("gmd:southBoundLatitude", extent.south),
        ("gmd:northBoundLatitude", extent.north),
    )
    return node(
        "gmd:EX_GeographicBoundingBox", (node(tag, node("gco:Decimal", decimal(value))) for tag, value in bounds)
    )


def _unit(area: Area) -> Xml:
    thesaurus = node("gmd:authority", node("gmd:CI_Citation", _text("gmd:title", UNITS.title.vi), _units_day()))
    identifier = node("gmd:MD_Identifier", thesaurus, _text("gmd:code", unit_code(area)))
    return node("gmd:EX_GeographicDescription", node("gmd:geographicIdentifier", identifier))


def _units_day() -> Xml:
    return _date(node("gco:Date", UNITS.day.isoformat()), "publication")


def _temporal(interval: Interval, record: Record) -> Xml:
    period = node(
        "gml:TimePeriod",
        _position("gml:beginPosition", None if interval.begin is None else interval.begin.isoformat(), "unknown"),
        _position("gml:endPosition", None if interval.end is None else interval.end.isoformat(), "now"),
        attributes={"gml:id": f"period-{record.id}"},
    )
    extent = node("gmd:EX_TemporalExtent", node("gmd:extent", period))
    return node("gmd:temporalElement", extent)


def _position(tag: str, day: str | None, absent: str) -> Xml:
    return node(tag, day) if day is not None else node(tag, attributes={"indeterminatePosition": absent})


# Distribution


def _distribution(record: Record, about: About) -> Xml:
    access = record.distribution.access
    options = [node("gmd:onLine", _online(each, record, about)) for each in access]
    return node(
        "gmd:MD_Distribution",
        [node("gmd:distributionFormat", _format(each)) for each in record.distribution.formats]
        or node("gmd:distributionFormat", attributes={"gco:nilReason": "inapplicable"}),
        _distributor(record, about),
        node("gmd:transferOptions", node("gmd:MD_DigitalTransferOptions", options)) if options else None,
    )


def _format(media_type: str) -> Xml:
    version = node("gmd:version", attributes={"gco:nilReason": "unknown"})
    return node("gmd:MD_Format", _text("gmd:name", format_name(media_type)), version, _specification(media_type))


def _specification(media_type: str) -> Xml:
    return _text("gmd:specification", media_type)


def _distributor(record: Record, about: About) -> Xml | None:
    party = party_in(record, about, Role.DISTRIBUTOR, Role.PUBLISHER, Role.OWNER)
    if party is None:
        return None
    fees, ordering = record.distribution.fees, record.distribution.ordering
    order = filled(
        "gmd:MD_StandardOrderProcess",
        None if fees is None else _free("gmd:fees", fees, record),
        None if ordering is None else _free("gmd:orderingInstructions", ordering, record),
    )
    distributor = node(
        "gmd:MD_Distributor",
        _party("gmd:distributorContact", party, Role.DISTRIBUTOR),
        node("gmd:distributionOrderProcess", order) if order else None,
    )
    return node("gmd:distributor", distributor)


def _online(access: Access, record: Record, about: About) -> Xml:
    function = _FUNCTIONS.get(access.rel, "information")
    return node(
        "gmd:CI_OnlineResource",
        _linkage(about.url_of(access)),
        _text("gmd:protocol", access.protocol or DEFAULT_PROTOCOL),
        _text("gmd:applicationProfile", access.media_type),
        _free("gmd:name", access.title, record),
        _code("gmd:function", "CI_OnLineFunctionCode", function),
    )


# Quality


def _quality(record: Record, level: str) -> Xml:
    described = node("gmd:MD_ScopeDescription", _text("gmd:other", record.kind.value))
    scope = node(
        "gmd:DQ_Scope",
        _code("gmd:level", "MD_ScopeCode", level),
        None if level == _DATASET else node("gmd:levelDescription", described),
    )
    return node(
        "gmd:DQ_DataQuality",
        node("gmd:scope", scope),
        (_report(each, i, record) for i, each in enumerate(record.quality.results)),
        node("gmd:lineage", _lineage(record.quality, record)),
    )


def _report(result: Result, i: int, record: Record) -> Xml:
    content = node(
        _ELEMENTS.get(result.code[:2], "gmd:DQ_DomainConsistency"),
        _free("gmd:nameOfMeasure", result.name, record),
        node("gmd:measureIdentification", node("gmd:MD_Identifier", _text("gmd:code", result.code))),
        node("gmd:dateTime", node("gco:DateTime", midnight(result.day))),
        node("gmd:result", _measured(result, f"unit-{i}-{record.id}")),
        None
        if result.passed is None
        else node("gmd:result", _conformance(result, passed=result.passed, record=record)),
    )
    return node("gmd:report", content)


def _measured(result: Result, xml_id: str) -> Xml:
    identifier = node("gml:identifier", result.unit, attributes={"codeSpace": _UNITS_OF_MEASURE})
    return node(
        "gmd:DQ_QuantitativeResult",
        node("gmd:valueUnit", node("gml:UnitDefinition", identifier, attributes={"gml:id": xml_id})),
        node("gmd:value", node("gco:Record", decimal(result.value))),
    )


def _conformance(result: Result, *, passed: bool, record: Record) -> Xml:
    title = _free("gmd:title", result.specification or result.name, record)
    undated = node("gmd:date", attributes={"gco:nilReason": "unknown"})
    return node(
        "gmd:DQ_ConformanceResult",
        node("gmd:specification", node("gmd:CI_Citation", title, undated)),
        _free("gmd:explanation", result.name, record),
        node("gmd:pass", node("gco:Boolean", "true" if passed else "false")),
    )


def _lineage(quality: Quality, record: Record) -> Xml:
    return node(
        "gmd:LI_Lineage",
        _free("gmd:statement", quality.lineage, record),
        (node("gmd:processStep", _step(each, record)) for each in quality.steps),
    )


def _step(step: Step, record: Record) -> Xml:
    source = None if step.source is None else node("gmd:LI_Source", _free("gmd:description", step.source, record))
    return node(
        "gmd:LI_ProcessStep",
        _free("gmd:description", step.description, record),
        node("gmd:dateTime", node("gco:DateTime", midnight(step.day))),
        None if source is None else node("gmd:source", source),
    )


# Texts and codes


def _text(tag: str, text: str) -> Xml:
    """Return a text; one in which nothing can be read is told to be missing."""
    if not clean(text).strip():
        return node(tag, attributes={"gco:nilReason": "missing"})
    return node(tag, node("gco:CharacterString", text))


def _free(tag: str, text: Text, record: Record) -> Xml:
    """Return a text in Vietnamese, with the English one where it says something else."""
    if text.en == text.vi or not clean(text.en).strip() or not clean(text.vi).strip():
        return _text(tag, text.vi)
    english = node("gmd:LocalisedCharacterString", text.en, attributes={"locale": f"#{_locale_id(record)}"})
    free = node("gmd:PT_FreeText", node("gmd:textGroup", english))
    return node(
        tag, node("gco:CharacterString", text.vi), free, attributes={"xsi:type": "gmd:PT_FreeText_PropertyType"}
    )


@lru_cache(maxsize=1_024)
def _code(tag: str, name: str, value: str) -> Xml:
    return node(tag, node(f"gmd:{name}", value, attributes=_list_value(name, value)))


def _list_value(name: str, value: str) -> dict[str, str]:
    return {"codeList": f"{_CODES}#{name}", "codeListValue": value}


@lru_cache(maxsize=64)
def _language(tag: str, code: str) -> Xml:
    return node(tag, node("gmd:LanguageCode", code, attributes={"codeList": _LANGUAGES, "codeListValue": code}))
