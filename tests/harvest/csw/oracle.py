"""Constraints as harvesters write them, and what they select among rows that lie in memory."""

import operator
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

from harvest.faces.csw.names import local
from harvest.faces.csw.predicates import And, Box, Compare, IsNull, Like, Not, Or, Predicate, Spatial

SIGNS: dict[str, Callable[..., bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OPERATORS = {
    "=": "PropertyIsEqualTo", "<>": "PropertyIsNotEqualTo", "<": "PropertyIsLessThan",
    "<=": "PropertyIsLessThanOrEqualTo", ">": "PropertyIsGreaterThan", ">=": "PropertyIsGreaterThanOrEqualTo",
}  # fmt: skip
RELATIONS = {
    "s_intersects": "Intersects", "s_within": "Within", "s_contains": "Contains", "s_disjoint": "Disjoint",
    "s_equals": "Equals",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A row of the catalogue; its extent is a box in whole degrees."""

    id: UUID
    title: str
    abstract: str
    subject: tuple[str, ...]
    type: str
    modified: datetime
    begin: date | None
    last: date | None
    box: Box

    @property
    def text(self) -> str:
        return folded(" ".join((self.title, self.abstract, *self.subject)))


def folded(text: str) -> str:
    """Return a text without diacritics, in lower case, with single spaces."""
    plain = "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
    return re.sub(r"\s+", " ", plain.replace("đ", "d").replace("Đ", "D").lower().strip())


def selects(node: Predicate, row: Seen) -> bool | None:
    """Tell whether a constraint selects a row; ``None``: unknown, as SQL has it."""
    match node:
        case And(parts):
            found = [selects(each, row) for each in parts]
            return False if False in found else None if None in found else True
        case Or(parts):
            found = [selects(each, row) for each in parts]
            return True if True in found else None if None in found else False
        case Not(part):
            found = selects(part, row)
            return None if found is None else not found
        case Spatial():
            return _relates(node.relation, row.box, node.box)
        case IsNull(name):
            value = _value(local(name), row)
            return value is None or value == ()
        case Like():
            return _is_like(node, row)
        case Compare():
            return _compares(node, row)


def _value(name: str, row: Seen) -> object:
    values = {
        "identifier": row.id, "title": row.title, "abstract": row.abstract, "subject": row.subject, "type": row.type,
        "modified": row.modified, "tempextent_begin": row.begin, "tempextent_end": row.last, "boundingbox": row.box,
        "anytext": row.text,
    }  # fmt: skip
    return values[name]


def _is_like(node: Like, row: Seen) -> bool:
    name = local(node.name)
    if name == "anytext":
        plain = re.split("[%_]", node.pattern)
        return all(folded(each) in row.text for each in plain)
    flags = re.DOTALL | (re.NOFLAG if node.match_case else re.IGNORECASE)
    pieces = re.findall(r"\\.|.", node.pattern, re.DOTALL)
    signs = {"%": ".*", "_": "."}
    regex = "".join(signs.get(each) or re.escape(each[-1]) for each in pieces)
    value = _value(name, row)
    texts = value if isinstance(value, tuple) else (str(value),)
    return any(re.fullmatch(regex, str(each), flags) is not None for each in texts)


def _compares(node: Compare, row: Seen) -> bool | None:
    name, sign = local(node.name), SIGNS[node.sign]
    match name:
        case "anytext":
            return (folded(node.value) in row.text) == (node.sign == "=")
        case "subject":
            fold = str if node.match_case else str.lower
            return (fold(node.value) in map(fold, row.subject)) == (node.sign == "=")
        case "identifier":
            return sign(str(row.id), node.value)
        case "modified":
            return _compares_instant(node, row.modified)
        case "tempextent_begin" | "tempextent_end":
            value = _value(name, row)
            return None if value is None else sign(value, date.fromisoformat(node.value))
        case _:
            fold = str if node.match_case else str.lower
            return sign(fold(str(_value(name, row))), fold(node.value))


def _compares_instant(node: Compare, value: datetime) -> bool:
    if len(node.value) > 10:
        return SIGNS[node.sign](value, datetime.fromisoformat(node.value))
    begin = datetime.combine(date.fromisoformat(node.value), datetime.min.time(), UTC)
    end = begin + timedelta(days=1)
    before, after = value < begin, value >= end
    found = {"=": not before and not after, "<": before, ">": after}
    found |= {"<>": not found["="], "<=": not after, ">=": not before}
    return found[node.sign]


def _relates(relation: str, row: Box, box: Box) -> bool:
    west, south, east, north = row
    if relation == "s_within":
        return box[0] <= west and box[1] <= south and east <= box[2] and north <= box[3]
    if relation == "s_contains":
        return west <= box[0] and south <= box[1] and box[2] <= east and box[3] <= north
    if relation == "s_equals":
        return row == box
    meets = west <= box[2] and box[0] <= east and south <= box[3] and box[1] <= north
    return meets == (relation == "s_intersects")


def as_filter(node: Predicate, *, lat_first: bool = False, wild: str = "*?!") -> str:
    """Write a constraint as ``ogc:Filter``; ``wild``: the characters for any text, one character and escape."""
    names = 'xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml"'
    return f"<ogc:Filter {names}>{_element(node, lat_first, wild)}</ogc:Filter>"


def _element(node: Predicate, lat_first: bool, wild: str) -> str:
    match node:
        case And((Compare(name=low, sign=">="), Compare(name=high, sign="<=")) as ends) if low == high:
            lower, upper = (_literal(each.value) for each in ends)
            bounds = f"<ogc:LowerBoundary>{lower}</ogc:LowerBoundary><ogc:UpperBoundary>{upper}</ogc:UpperBoundary>"
            return f"<ogc:PropertyIsBetween>{_name(low)}{bounds}</ogc:PropertyIsBetween>"
        case And(parts) | Or(parts):
            tag, inner = type(node).__name__, "".join(_element(each, lat_first, wild) for each in parts)
            return f"<ogc:{tag}>{inner}</ogc:{tag}>"
        case Not(part):
            return f"<ogc:Not>{_element(part, lat_first, wild)}</ogc:Not>"
        case Spatial(name, relation, box):
            return f"<ogc:{RELATIONS[relation]}>{_name(name)}{_envelope(box, lat_first)}</ogc:{RELATIONS[relation]}>"
        case IsNull(name):
            return f"<ogc:PropertyIsNull>{_name(name)}</ogc:PropertyIsNull>"
        case Like(name, pattern, match_case):
            signs = f'wildCard="{wild[0]}" singleChar="{wild[1]}" escapeChar={quoteattr(wild[2])}'
            head = f'ogc:PropertyIsLike {signs} matchCase="{str(match_case).lower()}"'
            return f"<{head}>{_name(name)}{_literal(_pattern(pattern, wild))}</ogc:PropertyIsLike>"
        case Compare(name, sign, value, match_case):
            tag = f"ogc:{_OPERATORS[sign]}"
            return f'<{tag} matchCase="{str(match_case).lower()}">{_name(name)}{_literal(value)}</{tag}>'


def _pattern(pattern: str, wild: str) -> str:
    signs, written = {"%": wild[0], "_": wild[1]}, ""
    for each in re.findall(r"\\.|.", pattern, re.DOTALL):
        plain = each[-1]
        needs = each in signs or (plain in wild)
        written += signs[each] if each in signs else f"{wild[2]}{plain}" if needs else plain
    return written


def _name(name: str) -> str:
    return f"<ogc:PropertyName>{name}</ogc:PropertyName>"


def _literal(value: str) -> str:
    return f"<ogc:Literal>{escape(value)}</ogc:Literal>"


def _envelope(box: Box, lat_first: bool) -> str:
    west, south, east, north = box
    low, high = (f"{south} {west}", f"{north} {east}") if lat_first else (f"{west} {south}", f"{east} {north}")
    crs = "urn:ogc:def:crs:EPSG::4326" if lat_first else "EPSG:4326"
    corners = f"<gml:lowerCorner>{low}</gml:lowerCorner><gml:upperCorner>{high}</gml:upperCorner>"
    return f'<gml:Envelope srsName="{crs}">{corners}</gml:Envelope>'


def as_text(node: Predicate) -> str | None:
    """Write a constraint as CQL_TEXT; ``None``: it has no words for it."""
    match node:
        case And(parts) | Or(parts):
            written = [as_text(each) for each in parts]
            word = f" {type(node).__name__.upper()} "
            return None if None in written else f"({word.join(str(each) for each in written)})"
        case Not(part):
            inner = as_text(part)
            return None if inner is None else f"NOT ({inner})"
        case Spatial(name, "s_intersects", box):
            return f"BBOX({name}, {', '.join(map(str, box))})"
        case IsNull(name):
            return f"{name} IS NULL"
        case Like(name, pattern, match_case):
            return f"{name} {'LIKE' if match_case else 'ILIKE'} {_quoted(pattern)}"
        case Compare(name, sign, value, True):
            return f"{name} {sign} {_quoted(value)}"
        case _:
            return None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
