"""OGC Filter Encoding 1.1: an XML filter to a predicate. Source: OGC 04-095c1."""

import math
import re
from collections.abc import Iterator

from formats.records.markup import Element
from harvest.faces.csw.faults import Fault
from harvest.faces.csw.names import GML, GML32, OGC
from harvest.faces.csw.predicates import And, Box, Compare, IsNull, Like, Not, Or, Predicate, Spatial, between

COMPARISONS = {
    "PropertyIsEqualTo": "=",
    "PropertyIsNotEqualTo": "<>",
    "PropertyIsLessThan": "<",
    "PropertyIsLessThanOrEqualTo": "<=",
    "PropertyIsGreaterThan": ">",
    "PropertyIsGreaterThanOrEqualTo": ">=",
}
OTHER_COMPARISONS = ("PropertyIsLike", "PropertyIsBetween", "PropertyIsNull")
SPATIAL = {
    "BBOX": "s_intersects",
    "Intersects": "s_intersects",
    "Within": "s_within",
    "Contains": "s_contains",
    "Disjoint": "s_disjoint",
    "Equals": "s_equals",
}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LOCATOR = "Constraint"
_LON_LAT = re.compile(r"(?i)(urn:ogc:def:crs:OGC:(1\.3)?:CRS84|.*/def/crs/OGC/1\.3/CRS84|(EPSG:|.*epsg\.xml#)4326)")
_LAT_LON = re.compile(r"(?i)(urn:(x-)?ogc:def:crs:EPSG:[0-9.]*:4326|https?://www\.opengis\.net/def/crs/EPSG/0/4326)")


def read_filter(root: Element) -> Predicate:
    """Read ``ogc:Filter``.

    Raises:
        Fault: it has something that is not understood here.
    """
    parts = list(_children(root))
    if _name(root) != "Filter" or not parts:
        raise _refused("A filter is an ogc:Filter (Filter Encoding 1.1) that holds one operator, or identifiers.")
    if all(_name(each) in ("FeatureId", "GmlObjectId") for each in parts):
        return Or(tuple(Compare("dc:identifier", "=", _id(each)) for each in parts))
    if len(parts) > 1:
        raise _refused("A filter holds one operator; And and Or join several.")
    return _read(parts[0])


def _read(element: Element) -> Predicate:
    name = _name(element)
    match name:
        case "And" | "Or":
            parts = tuple(_read(each) for each in _children(element))
            if not parts:
                raise _refused(f"{name} joins operators; it is empty.")
            return And(parts) if name == "And" else Or(parts)
        case "Not":
            return Not(_read(_only(element)))
        case "PropertyIsLike":
            return _like(element)
        case "PropertyIsBetween":
            return _between(element)
        case "PropertyIsNull":
            return IsNull(_property(_only(element)))
        case _ if name in COMPARISONS:
            return _comparison(element, COMPARISONS[name])
        case _ if name in SPATIAL:
            return _spatial(element, SPATIAL[name])
        case _:
            raise _refused(f"The operator {name[:60]} is not understood here.")


def _comparison(element: Element, sign: str) -> Predicate:
    left, right = _pair(element)
    if _name(left) == "Literal":
        left, right, sign = right, left, _FLIPPED[sign]
    return Compare(_property(left), sign, _literal(right), _matches_case(element))


def _matches_case(element: Element) -> bool:
    return element.get("matchCase", "true").strip() not in ("false", "0")


def _like(element: Element) -> Predicate:
    left, right = _pair(element)
    many, one = element.get("wildCard", "*"), element.get("singleChar", "?")
    escape = element.get("escapeChar") or element.get("escape") or "\\"
    if not all(len(each) == 1 for each in (many, one, escape)) or len({many, one, escape}) < 3:
        raise _refused("wildCard, singleChar and escapeChar are three different characters.")
    return Like(_property(left), _pattern(_literal(right), many, one, escape), _matches_case(element))


def _pattern(text: str, many: str, one: str, escape: str) -> str:
    r"""Return a pattern with ``%``, ``_`` and ``\`` in place of the characters that a client chose for these."""
    signs, written, is_escaped = {many: "%", one: "_"}, "", False
    for each in text:
        if not is_escaped and each == escape:
            is_escaped = True
            continue
        plain = f"\\{each}" if each in "%_\\" else each
        written += plain if is_escaped else signs.get(each, plain)
        is_escaped = False
    return written + (f"\\{escape}" if escape in "%_\\" else escape) * is_escaped


def _between(element: Element) -> Predicate:
    parts = list(_children(element))
    names = [_name(each) for each in parts]
    if names != ["PropertyName", "LowerBoundary", "UpperBoundary"]:
        raise _refused("PropertyIsBetween has PropertyName, LowerBoundary and UpperBoundary.")
    return between(_property(parts[0]), _literal(_only(parts[1])), _literal(_only(parts[2])))


def _spatial(element: Element, relation: str) -> Predicate:
    parts = list(_children(element))
    if len(parts) == 1:
        return Spatial("ows:BoundingBox", relation, _box(parts[0]))
    left, right = _pair(element)
    return Spatial(_property(left), relation, _box(right))


def _box(element: Element) -> Box:
    """Read ``gml:Envelope`` or ``gml:Box`` in degrees of WGS 84, in the order of axes that ``srsName`` means."""
    if element.tag not in [f"{{{namespace}}}{name}" for namespace in (GML, GML32) for name in ("Envelope", "Box")]:
        raise _refused("A place is given as gml:Envelope with gml:lowerCorner and gml:upperCorner.")
    numbers = [number for each in element.iterdescendants() for number in _numbers(each.text or "")]
    if len(numbers) != 4:
        raise _refused("A gml:Envelope has two corners of two numbers each.")
    return in_lon_lat(numbers, element.get("srsName", ""))


def in_lon_lat(numbers: list[float], srs_name: str) -> Box:
    """Return a box as west, south, east, north; its two corners are in the order of axes of a reference system.

    Raises:
        Fault: the reference system is not WGS 84, or a number lies outside it.
    """
    if srs_name and not _LON_LAT.fullmatch(srs_name) and not _LAT_LON.fullmatch(srs_name):
        raise _refused("A place is in degrees of WGS 84: EPSG:4326 or urn:ogc:def:crs:EPSG::4326.")
    west, south, east, north = numbers
    if _LAT_LON.fullmatch(srs_name):
        south, west, north, east = numbers
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90 or south > north:
        raise _refused("A corner lies outside of -180 to 180 and -90 to 90 degrees; mind the order of axes.")
    return west, south, east, north


def _numbers(text: str) -> Iterator[float]:
    for each in text.replace(",", " ").split():
        try:
            number = float(each)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise _refused("A corner has two finite numbers.")
        yield number


def _pair(element: Element) -> tuple[Element, Element]:
    parts = list(_children(element))
    if len(parts) != 2:
        raise _refused(f"{_name(element)} has two operands.")
    return parts[0], parts[1]


def _only(element: Element) -> Element:
    parts = list(_children(element))
    if len(parts) != 1:
        raise _refused(f"{_name(element)} has one operand.")
    return parts[0]


def _property(element: Element) -> str:
    if _name(element) != "PropertyName" or not (element.text or "").strip():
        raise _refused("An ogc:PropertyName is wanted.")
    return (element.text or "").strip()


def _literal(element: Element) -> str:
    if _name(element) != "Literal" or len(element):
        raise _refused("An ogc:Literal with a text is wanted.")
    return element.text or ""


def _id(element: Element) -> str:
    return next((str(value) for name, value in element.attrib.items() if str(name).endswith(("fid", "id"))), "")


def _children(element: Element) -> Iterator[Element]:
    return iter(element)


def _name(element: Element) -> str:
    """Return the name of an element of Filter Encoding; of any other its tag."""
    return str(element.tag).removeprefix(f"{{{OGC}}}")


def _refused(problem: str) -> Fault:
    return Fault(problem, locator=_LOCATOR)
