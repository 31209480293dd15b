"""A request as an XML document sent by POST. Source: OGC 07-006r1, clauses 10.3 to 10.9."""

from collections.abc import Callable

from lxml import etree

from formats.records.markup import Element
from harvest.faces.csw.cql import read_text
from harvest.faces.csw.faults import MISSING, Fault
from harvest.faces.csw.fes import read_filter
from harvest.faces.csw.names import CSW, OGC, OWS
from harvest.faces.csw.predicates import Predicate
from harvest.faces.csw.queryables import sortable
from harvest.faces.csw.request import (
    DescribeRecord,
    GetCapabilities,
    GetRecordById,
    GetRecords,
    Operation,
    check_format,
    check_schema_language,
    check_service,
    check_version,
    element_set_of,
    hits_of,
    ids_of,
    most_of,
    negotiate,
    schema_of,
    sections_of,
    start_of,
    types_of,
    unknown,
)
from harvest.faces.csw.tree import parse

_FALLS = {"ASC": False, "DESC": True}


def read_document(body: bytes) -> Operation:
    """Read a request.

    Raises:
        Fault: it is no XML that is taken here, or something in it is missing, unknown or malformed.
    """
    root = parse(body)
    name = etree.QName(root)
    if name.namespace != CSW or name.localname not in _READERS:
        raise unknown(name.localname)
    check_service(root.get("service"))
    return _READERS[name.localname](root)


def _capabilities(root: Element) -> Operation:
    negotiate(_texts(root, "AcceptVersions", "Version"))
    return GetCapabilities(sections_of(_texts(root, "Sections", "Section")))


def _describe(root: Element) -> Operation:
    check_version(root.get("version"))
    check_format(root.get("outputFormat"))
    check_schema_language(root.get("schemaLanguage"))
    names = [(each.text or "").strip() for each in root.findall(f"{{{CSW}}}TypeName")]
    return DescribeRecord(types_of(names, locator="TypeName"))


def _records(root: Element) -> Operation:
    check_version(root.get("version"))
    check_format(root.get("outputFormat"))
    _check_children(root, "Query", "DistributedSearch", "ResponseHandler")
    if root.find(f"{{{CSW}}}ResponseHandler") is not None:
        raise Fault("The catalogue answers at once.", locator="ResponseHandler")
    query = root.find(f"{{{CSW}}}Query")
    if query is None:
        raise Fault("csw:Query is missing.", locator="Query", code=MISSING)
    names = (query.get("typeNames") or "").replace(",", " ").split()
    if not names:
        raise Fault("The attribute typeNames is missing.", locator="typeNames", code=MISSING)
    types_of(names)
    _check_children(query, "ElementSetName", "ElementName", "Constraint", f"{{{OGC}}}SortBy")
    set_, elements = _text(query, "ElementSetName"), query.findall(f"{{{CSW}}}ElementName")
    if set_ is not None and elements:
        raise Fault("ElementName and ElementSetName exclude each other.", locator="ElementName")
    return GetRecords(
        hits=hits_of(root.get("resultType")),
        schema=schema_of(root.get("outputSchema")),
        element_set=element_set_of(set_),
        elements=tuple((each.text or "").strip() for each in elements),
        predicate=_constraint(query.find(f"{{{CSW}}}Constraint")),
        order=_order(query.find(f"{{{OGC}}}SortBy")),
        start=start_of(root.get("startPosition")),
        most=most_of(root.get("maxRecords")),
        request_id=root.get("requestId"),
    )


def _constraint(element: Element | None) -> Predicate | None:
    if element is None:
        return None
    if element.get("version", "1.1.0").strip() not in ("1.0.0", "1.1.0"):
        raise Fault("Filters are those of Filter Encoding 1.1.0.", locator="Constraint")
    filter_ = element.find(f"{{{OGC}}}Filter")
    if filter_ is not None and len(element) == 1:
        return read_filter(filter_)
    text = _text(element, "CqlText")
    if text is None or len(element) != 1:
        raise Fault("A constraint holds ogc:Filter or csw:CqlText.", locator="Constraint")
    return read_text(text)


def _order(element: Element | None) -> tuple[tuple[str, bool], ...]:
    return () if element is None else tuple(map(_sorted_by, element.findall(f"{{{OGC}}}SortProperty")))


def _sorted_by(element: Element) -> tuple[str, bool]:
    name = element.findtext(f"{{{OGC}}}PropertyName") or ""
    direction = (element.findtext(f"{{{OGC}}}SortOrder") or "ASC").strip().upper()
    if direction not in _FALLS:
        raise Fault("Allowed: ASC, DESC.", locator="SortOrder")
    return sortable(name), _FALLS[direction]


def _by_id(root: Element) -> Operation:
    check_version(root.get("version"))
    check_format(root.get("outputFormat"))
    _check_children(root, "Id", "ElementSetName")
    ids = [each.text or "" for each in root.findall(f"{{{CSW}}}Id")]
    return GetRecordById(
        ids_of(ids), schema_of(root.get("outputSchema")), element_set_of(_text(root, "ElementSetName"))
    )


def _check_children(element: Element, *allowed: str) -> None:
    tags = [each if each.startswith("{") else f"{{{CSW}}}{each}" for each in allowed]
    for child in element:
        if child.tag not in tags:
            raise Fault("There is no such element here.", locator=str(etree.QName(child).localname))


def _text(element: Element, name: str) -> str | None:
    found = element.findtext(f"{{{CSW}}}{name}")
    return None if found is None else found.strip()


def _texts(root: Element, above: str, below: str) -> list[str]:
    """Return the texts of elements of OWS, the outer one of which some clients put into the namespace of CSW."""
    lists = [each for namespace in (OWS, CSW) for each in root.findall(f"{{{namespace}}}{above}")]
    return [(each.text or "").strip() for found in lists for each in found.findall(f"{{{OWS}}}{below}")]


_READERS: dict[str, Callable[[Element], Operation]] = {
    "GetCapabilities": _capabilities,
    "DescribeRecord": _describe,
    "GetRecords": _records,
    "GetRecordById": _by_id,
}
