"""A request as parameters of an address or of a form. Source: OGC 07-006r1, tables 13, 18, 29 and 41."""

from collections.abc import Sequence

from harvest.faces.csw.cql import read_text
from harvest.faces.csw.faults import MISSING, Fault
from harvest.faces.csw.fes import read_filter
from harvest.faces.csw.predicates import Predicate
from harvest.faces.csw.queryables import sortable
from harvest.faces.csw.request import (
    DescribeRecord,
    ElementSet,
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

_ALWAYS = ("service", "version", "request", "requestid", "namespace")
_PARAMETERS = {
    "GetCapabilities": ("acceptversions", "sections", "updatesequence", "acceptformats", "outputformat"),
    "DescribeRecord": ("typename", "typenames", "outputformat", "schemalanguage"),
    "GetRecords": (
        "typenames", "typename", "resulttype", "outputformat", "outputschema", "startposition", "maxrecords",
        "elementsetname", "elementname", "constraintlanguage", "constraint_language_version", "constraint", "sortby",
        "distributedsearch", "hopcount", "responsehandler",
    ),
    "GetRecordById": ("id", "elementsetname", "outputformat", "outputschema"),
}  # fmt: skip
_FALLS = {"A": False, "ASC": False, "D": True, "DESC": True}


class _Parameters:
    """Parameters by their names in lower case."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            if name.lower() in self._values:
                raise Fault("The parameter comes twice.", locator=name)
            self._values[name.lower()] = value
        self._given = {name.lower(): name for name, _ in pairs}

    def one(self, name: str) -> str | None:
        """Return a value; what is empty is not there."""
        return self._values.get(name) or None

    def many(self, *names: str) -> list[str]:
        return [part.strip() for name in names for part in (self.one(name) or "").split(",") if part.strip()]

    def check(self, allowed: Sequence[str]) -> None:
        for name, written in self._given.items():
            if name not in allowed:
                raise Fault(f"There is no such parameter here. Allowed: {', '.join(allowed)}.", locator=written)


def read_parameters(pairs: Sequence[tuple[str, str]]) -> Operation:
    """Read a request.

    Raises:
        Fault: something is missing, unknown or malformed.
    """
    given = _Parameters(pairs)
    operation = given.one("request") or ""
    name = next((each for each in _READERS if each.lower() == operation.lower()), None)
    check_service(given.one("service"))
    if name is None:
        raise unknown(operation)
    given.check((*_ALWAYS, *_PARAMETERS[name]))
    return _READERS[name](given)


def _capabilities(given: _Parameters) -> Operation:
    versions = given.many("acceptversions")
    negotiate(versions)
    if not versions:
        check_version(given.one("version"), needed=False)
    return GetCapabilities(sections_of(given.many("sections")))


def _describe(given: _Parameters) -> Operation:
    check_version(given.one("version"))
    check_format(given.one("outputformat"))
    check_schema_language(given.one("schemalanguage"))
    return DescribeRecord(types_of(given.many("typename", "typenames"), locator="TypeName"))


def _records(given: _Parameters) -> Operation:
    check_version(given.one("version"))
    check_format(given.one("outputformat"))
    types = given.many("typenames", "typename")
    if not types:
        raise Fault(
            "The parameter typeNames is missing: csw:Record or gmd:MD_Metadata.", locator="typeNames", code=MISSING
        )
    types_of(types)
    if (given.one("distributedsearch") or "false").lower() != "false" or given.one("responsehandler"):
        raise Fault("This catalogue searches itself alone, and answers at once.", locator="DistributedSearch")
    return GetRecords(
        hits=hits_of(given.one("resulttype")),
        schema=schema_of(given.one("outputschema")),
        element_set=_element_set(given),
        elements=tuple(given.many("elementname")),
        predicate=_constraint(given),
        order=tuple(_sorted_by(each) for each in given.many("sortby")),
        start=start_of(given.one("startposition")),
        most=most_of(given.one("maxrecords")),
        request_id=given.one("requestid"),
    )


def _element_set(given: _Parameters) -> ElementSet:
    if given.one("elementname") and given.one("elementsetname"):
        raise Fault("ElementName and ElementSetName exclude each other.", locator="ElementName")
    return element_set_of(given.one("elementsetname"))


def _constraint(given: _Parameters) -> Predicate | None:
    text, language = given.one("constraint"), given.one("constraintlanguage")
    if text is None:
        return None
    if given.one("constraint_language_version") not in (None, "1.0.0", "1.1.0"):
        raise Fault("Filters are those of Filter Encoding 1.1.0.", locator="CONSTRAINT_LANGUAGE_VERSION")
    match (language or "").upper():
        case "CQL_TEXT":
            return read_text(text)
        case "FILTER":
            return read_filter(parse(text.encode(), locator="Constraint"))
        case "":
            raise Fault("With CONSTRAINT comes CONSTRAINTLANGUAGE.", locator="CONSTRAINTLANGUAGE", code=MISSING)
        case _:
            raise Fault("Allowed: CQL_TEXT, FILTER.", locator="CONSTRAINTLANGUAGE")


def _sorted_by(part: str) -> tuple[str, bool]:
    name, _, direction = part.rpartition(":")
    if direction.upper() in _FALLS:
        return sortable(name), _FALLS[direction.upper()]
    return sortable(part), False


def _by_id(given: _Parameters) -> Operation:
    check_version(given.one("version"))
    check_format(given.one("outputformat"))
    return GetRecordById(
        ids_of(given.many("id")), schema_of(given.one("outputschema")), element_set_of(given.one("elementsetname"))
    )


_READERS = {
    "GetCapabilities": _capabilities,
    "DescribeRecord": _describe,
    "GetRecords": _records,
    "GetRecordById": _by_id,
}
