"""What is asked of the catalogue, however it was sent."""

from dataclasses import dataclass
from enum import StrEnum

from core.limits import LIMITS
from harvest.faces.csw.faults import MISSING, NEGOTIATION, NOT_SUPPORTED, Fault
from harvest.faces.csw.names import CSW, MEDIA_TYPES, SCHEMAS, TYPES, VERSION, XML_SCHEMA
from harvest.faces.csw.predicates import Predicate

RECORDS_DEFAULT = 10
"""Source: OGC 07-006r1, table 29."""
RECORDS_MAX = 500
IDS_MAX = LIMITS.in_list_max
SECTIONS = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Filter_Capabilities")
OPERATIONS = ("GetCapabilities", "DescribeRecord", "GetRecords", "GetRecordById")
_OTHERS = ("GetDomain", "Harvest", "Transaction")
_START_MAX = 10**9


class ElementSet(StrEnum):
    """How much of a record is told."""

    BRIEF = "brief"
    SUMMARY = "summary"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class GetCapabilities:
    """``sections`` are those asked for, all where none is named."""

    sections: tuple[str, ...] = SECTIONS


@dataclass(frozen=True, slots=True)
class DescribeRecord:
    """``types`` are of ``TYPES``."""

    types: tuple[str, ...] = TYPES


@dataclass(frozen=True, slots=True)
class GetRecords:
    """A search.

    Attributes:
        hits: only how many there are is asked.
        elements: names of the elements of ``csw:Record`` to tell; none: those of the element set.
        order: pairs of a column and whether it falls; none: by identifier.
        start: 1 is the first.
        most: how many records at most.
    """

    hits: bool = True
    schema: str = CSW
    element_set: ElementSet = ElementSet.SUMMARY
    elements: tuple[str, ...] = ()
    predicate: Predicate | None = None
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    most: int = RECORDS_DEFAULT
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class GetRecordById:
    ids: tuple[str, ...]
    schema: str = CSW
    element_set: ElementSet = ElementSet.SUMMARY


type Operation = GetCapabilities | DescribeRecord | GetRecords | GetRecordById


def check_service(service: str | None) -> None:
    """Refuse a request to another service.

    Raises:
        Fault: it names none, or not CSW.
    """
    if not service:
        raise Fault("The parameter service is missing: it is CSW.", locator="service", code=MISSING)
    if service != "CSW":
        raise Fault("The service here is CSW.", locator="service")


def check_version(version: str | None, *, needed: bool = True) -> None:
    """Refuse a request by another version.

    Raises:
        Fault: there is no version where one is needed, or it is not 2.0.2.
    """
    if not version and needed:
        raise Fault("The parameter version is missing: it is 2.0.2.", locator="version", code=MISSING)
    if version and version != VERSION:
        raise Fault("The version here is 2.0.2.", locator="version")


def negotiate(versions: list[str]) -> None:
    """Refuse a client that takes no version of ours.

    Raises:
        Fault: 2.0.2 is not among the versions.
    """
    if versions and VERSION not in versions:
        raise Fault("None of these versions is offered here: 2.0.2 is.", locator="acceptversions", code=NEGOTIATION)


def unknown(operation: str | None) -> Fault:
    """Return the refusal of an operation that is not offered."""
    if not operation:
        return Fault(
            f"The parameter request is missing. Allowed: {', '.join(OPERATIONS)}.", locator="request", code=MISSING
        )
    if operation in _OTHERS:
        return Fault(f"{operation} is not offered here.", locator=operation, code=NOT_SUPPORTED)
    return Fault(f"There is no such operation. Allowed: {', '.join(OPERATIONS)}.", locator="request")


def sections_of(names: list[str]) -> tuple[str, ...]:
    """Read the sections of capabilities."""
    if not names or "All" in names:
        return SECTIONS
    if unknown_ones := [each for each in names if each not in SECTIONS]:
        raise Fault(f"There is no section {unknown_ones[0][:60]}. Allowed: {', '.join(SECTIONS)}.", locator="sections")
    return tuple(each for each in SECTIONS if each in names)


def types_of(names: list[str], *, locator: str = "typeNames") -> tuple[str, ...]:
    """Read names of types of records; a prefix may be another one, or absent."""
    known = {each.partition(":")[2]: each for each in TYPES}
    found = tuple(known.get(each.rpartition(":")[2], "") for each in names)
    if not all(found):
        raise Fault(f"Records are of the types {', '.join(TYPES)}.", locator=locator)
    return found or TYPES


def schema_of(text: str | None) -> str:
    """Read ``outputSchema``."""
    if text is None:
        return CSW
    if text not in SCHEMAS:
        raise Fault(f"There is no such schema here. Allowed: {', '.join(SCHEMAS)}.", locator="outputSchema")
    return text


def check_format(text: str | None) -> None:
    """Read ``outputFormat``."""
    if text is not None and text.partition(";")[0].strip() not in MEDIA_TYPES:
        raise Fault(f"There is no such format here. Allowed: {', '.join(MEDIA_TYPES)}.", locator="outputFormat")


def check_schema_language(text: str | None) -> None:
    """Read ``schemaLanguage`` of DescribeRecord."""
    if text not in (None, XML_SCHEMA, "XMLSCHEMA", "http://www.w3.org/2001/XMLSchema"):
        raise Fault(f"Schemas are told in XML Schema: {XML_SCHEMA}.", locator="schemaLanguage")


def element_set_of(text: str | None, otherwise: ElementSet = ElementSet.SUMMARY) -> ElementSet:
    """Read ``ElementSetName``."""
    if text is None:
        return otherwise
    if text not in list(ElementSet):
        raise Fault("Allowed: brief, summary, full.", locator="ElementSetName")
    return ElementSet(text)


def hits_of(text: str | None) -> bool:
    """Read ``resultType``; what is not said is ``hits``."""
    if text not in (None, "hits", "results"):
        raise Fault("Allowed: hits, results. To validate a request is not offered.", locator="resultType")
    return text != "results"


def start_of(text: str | None) -> int:
    """Read ``startPosition``: 0, which CKAN asks for, is the first, as 1 is."""
    return max(1, _whole(text, "startPosition", 1, _START_MAX))


def most_of(text: str | None) -> int:
    """Read ``maxRecords``; more than the ceiling are the ceiling."""
    return min(RECORDS_MAX, _whole(text, "maxRecords", RECORDS_DEFAULT, 10**12 - 1))


def ids_of(texts: list[str]) -> tuple[str, ...]:
    """Read identifiers: one or more."""
    ids = tuple(dict.fromkeys(each.strip() for each in texts if each.strip()))
    if not ids:
        raise Fault("The parameter Id is missing.", locator="Id", code=MISSING)
    if len(ids) > IDS_MAX:
        raise Fault(f"More than {IDS_MAX} identifiers.", locator="Id")
    return ids


def _whole(text: str | None, name: str, otherwise: int, highest: int) -> int:
    if text is None:
        return otherwise
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) > highest:
        raise Fault(f"Not a whole number from 0 to {highest}.", locator=name)
    return int(text)
