"""GetCapabilities and DescribeRecord: what the catalogue can do, and how its records are built.

Source: OGC 07-006r1, clauses 10.5 and 10.6; OGC 07-045, annex E.
"""

from datetime import datetime

from lxml import etree

from catalogue.service import Service
from formats.records.markup import Element
from harvest.faces import instants
from harvest.faces.csw.fes import COMPARISONS, OTHER_COMPARISONS, SPATIAL
from harvest.faces.csw.names import (
    DC,
    DCT,
    DISCOVERY,
    GMD,
    GML,
    MEDIA_TYPES,
    OGC,
    SCHEMAS,
    TYPES,
    VERSION,
    XLINK,
    XML_SCHEMA,
    XSI,
    csw,
    ogc,
    ows,
)
from harvest.faces.csw.queryables import DUBLIN_CORE, ISO
from harvest.faces.csw.request import RECORDS_DEFAULT, RECORDS_MAX, DescribeRecord, GetCapabilities

_RESULTS = {"resultType": ("hits", "results"), "ElementSetName": ("brief", "summary", "full")}
_LANGUAGES = {"CONSTRAINTLANGUAGE": ("FILTER", "CQL_TEXT")}
_FORMATS = {"outputFormat": MEDIA_TYPES}
_PARAMETERS = {
    "GetCapabilities": {
        "sections": ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Filter_Capabilities")
    },
    "DescribeRecord": {"typeName": TYPES, **_FORMATS, "schemaLanguage": (XML_SCHEMA,)},
    "GetRecords": {"typeNames": TYPES, **_FORMATS, "outputSchema": SCHEMAS, **_RESULTS, **_LANGUAGES},
    "GetRecordById": {**_FORMATS, "outputSchema": SCHEMAS, "ElementSetName": _RESULTS["ElementSetName"]},
}
_COMPARISONS = {
    "PropertyIsEqualTo": "EqualTo",
    "PropertyIsNotEqualTo": "NotEqualTo",
    "PropertyIsLessThan": "LessThan",
    "PropertyIsLessThanOrEqualTo": "LessThanEqualTo",
    "PropertyIsGreaterThan": "GreaterThan",
    "PropertyIsGreaterThanOrEqualTo": "GreaterThanEqualTo",
    "PropertyIsLike": "Like",
    "PropertyIsBetween": "Between",
    "PropertyIsNull": "NullCheck",
}
"""Names of the operators in filter capabilities. Source: OGC 04-095c1, filterCapabilities.xsd."""
_ELEMENTS = (
    "identifier", "title", "type", "subject", "format", "relation", "description", "date", "language", "creator",
    "publisher", "contributor", "source", "rights",
)  # fmt: skip
_TERMS = ("abstract", "modified", "created", "license", "spatial", "temporal", "references")


def capabilities(request: GetCapabilities, service: Service, url: str, language: str, newest: datetime) -> bytes:
    """Return the capabilities.

    Args:
        url: of this catalogue service.
        newest: when what the caller sees last changed.
    """
    root = csw.Capabilities(version=VERSION, updateSequence=instants.written(newest))
    root.set(f"{{{XSI}}}schemaLocation", DISCOVERY)
    sections = {
        "ServiceIdentification": lambda: _identification(service, language),
        "ServiceProvider": lambda: _provider(service, language),
        "OperationsMetadata": lambda: _operations(url),
        "Filter_Capabilities": _filters,
    }
    for name in ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Filter_Capabilities"):
        if name in request.sections or name == "Filter_Capabilities":  # the schema wants this one always
            root.append(sections[name]())
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _identification(service: Service, language: str) -> Element:
    return ows.ServiceIdentification(
        ows.Title(service.title.in_language(language)),
        ows.Abstract(service.description.in_language(language)),
        ows.Keywords(ows.Keyword("siêu dữ liệu"), ows.Keyword("metadata"), ows.Keyword("land")),
        ows.ServiceType("CSW"),
        ows.ServiceTypeVersion(VERSION),
        ows.Fees("NONE"),
        ows.AccessConstraints(service.license),
    )


def _provider(service: Service, language: str) -> Element:
    site = ows.ProviderSite()
    site.set(f"{{{XLINK}}}href", service.provider_url)
    return ows.ServiceProvider(
        ows.ProviderName(service.provider.in_language(language)),
        site,
        ows.ServiceContact(
            ows.ContactInfo(ows.Address(ows.ElectronicMailAddress(service.contact_email))),
            ows.Role("pointOfContact"),
        ),
    )


def _operations(url: str) -> Element:
    metadata = ows.OperationsMetadata(*(_operation(name, url) for name in _PARAMETERS))
    metadata.append(_domain("Parameter", "service", ("CSW",)))
    metadata.append(_domain("Parameter", "version", (VERSION,)))
    metadata.append(_domain("Constraint", "PostEncoding", ("XML",)))
    metadata.append(_domain("Constraint", "MaxRecordDefault", (str(RECORDS_DEFAULT),)))
    metadata.append(_domain("Constraint", "MaxRecords", (str(RECORDS_MAX),)))
    metadata.append(_domain("Constraint", "IsoProfiles", (GMD,)))
    return metadata


def _operation(name: str, url: str) -> Element:
    operation = ows.Operation(ows.DCP(ows.HTTP(_address("Get", f"{url}?"), _post(url))), name=name)
    for parameter, values in _PARAMETERS[name].items():
        operation.append(_domain("Parameter", parameter, values))
    if name == "GetRecords":
        operation.append(_domain("Constraint", "SupportedDublinCoreQueryables", DUBLIN_CORE))
        operation.append(_domain("Constraint", "SupportedISOQueryables", ISO))
    return operation


def _address(method: str, url: str) -> Element:
    element = ows(method)
    element.set(f"{{{XLINK}}}type", "simple")
    element.set(f"{{{XLINK}}}href", url)
    return element


def _post(url: str) -> Element:
    post = _address("Post", url)
    post.append(_domain("Constraint", "PostEncoding", ("XML",)))
    return post


def _domain(tag: str, name: str, values: tuple[str, ...]) -> Element:
    element = ows(tag, name=name)
    element.extend(ows.Value(each) for each in values)
    return element


def _filters() -> Element:
    operands = ogc.GeometryOperands(ogc.GeometryOperand("gml:Envelope"))
    root = etree.Element(f"{{{OGC}}}Filter_Capabilities", nsmap={"ogc": OGC, "gml": GML})
    spatial = ogc.SpatialOperators(*(ogc.SpatialOperator(name=each) for each in SPATIAL))
    compared = (*COMPARISONS, *OTHER_COMPARISONS)
    root.append(ogc.Spatial_Capabilities(operands, spatial))
    comparisons = ogc.ComparisonOperators(*(ogc.ComparisonOperator(_COMPARISONS[each]) for each in compared))
    root.append(ogc.Scalar_Capabilities(ogc.LogicalOperators(), comparisons))
    root.append(ogc.Id_Capabilities(ogc.EID(), ogc.FID()))
    return root


def description(request: DescribeRecord) -> bytes:
    """Return how records are built: of ``csw:Record`` its schema, of ISO metadata where that is."""
    root = csw.DescribeRecordResponse(*(_component(each) for each in request.types))
    root.set(f"{{{XSI}}}schemaLocation", DISCOVERY)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _component(name: str) -> Element:
    namespace, schema = (GMD, _iso()) if name == "gmd:MD_Metadata" else (SCHEMAS[0], _record())
    return csw.SchemaComponent(schema, targetNamespace=namespace, schemaLanguage=XML_SCHEMA)


def _iso() -> Element:
    schema = etree.Element(f"{{{_XS}}}schema", nsmap={"xs": _XS}, elementFormDefault="qualified", targetNamespace=GMD)
    etree.SubElement(
        schema, f"{{{_XS}}}include", schemaLocation="http://schemas.opengis.net/iso/19139/20060504/gmd/gmd.xsd"
    )
    return schema


def _record() -> Element:
    """Return the schema of ``csw:Record`` as far as records here have elements."""
    names = {"xs": _XS, "csw": SCHEMAS[0], "dc": DC, "dct": DCT, "ows": ows.Title().nsmap["ows"]}
    schema = etree.Element(
        f"{{{_XS}}}schema", nsmap=names, elementFormDefault="qualified", targetNamespace=SCHEMAS[0], version=VERSION
    )
    for namespace, location in (
        (DC, "http://schemas.opengis.net/csw/2.0.2/rec-dcmes.xsd"),
        (DCT, "http://schemas.opengis.net/csw/2.0.2/rec-dcterms.xsd"),
        (names["ows"], "http://schemas.opengis.net/ows/1.0.0/owsAll.xsd"),
    ):
        etree.SubElement(schema, f"{{{_XS}}}import", namespace=namespace, schemaLocation=location)
    element = etree.SubElement(schema, f"{{{_XS}}}element", name="Record")
    choice = etree.SubElement(etree.SubElement(element, f"{{{_XS}}}complexType"), f"{{{_XS}}}choice")
    choice.set("maxOccurs", "unbounded")
    for name in (*(f"dc:{each}" for each in _ELEMENTS), *(f"dct:{each}" for each in _TERMS), "ows:BoundingBox"):
        etree.SubElement(choice, f"{{{_XS}}}element", ref=name)
    return schema


_XS = "http://www.w3.org/2001/XMLSchema"
