"""A constraint made a condition on the rows that the caller sees.

Leaves that CQL2 has go through its compiler, which checks names, types and sizes and binds every value.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from core.errors import BadFilter
from core.limits import LIMITS
from core.marks import has_heap
from harvest.faces.csw.faults import Fault
from harvest.faces.csw.predicates import EQUAL, NOT_EQUAL, And, Compare, IsNull, Like, Not, Or, Predicate, Spatial
from harvest.faces.csw.queryables import ANY_TEXT, GEOMETRY, column_of
from query.beyond_cql2 import any_element, key_like
from query.condition import EVERYTHING, NOTHING, Condition, all_of, any_of, negation
from query.cql2 import compile_filter, parse_json
from query.search import search_condition
from query.view import View

_COST = {"spatial": 20, "any text": 15, "elements": 8, "folded": 12, "like": 3, "compare": 1}
"""In units of ``query.cql2.cost``; that of the whole constraint is bounded as that of a filter."""
_ORDERED = ("<", "<=", ">", ">=")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PIECE = re.compile(r"\\(.)|(%+)|(_)|([^%_\\]+)", re.DOTALL)
_LOCATOR = "Constraint"


def condition_of(predicate: Predicate, view: View) -> Condition:
    """Return the condition that a constraint makes.

    Raises:
        Fault: a property does not exist or is not compared so, a value does not fit, or a limit is exceeded.
    """
    _check_size(predicate)
    try:
        return _condition(predicate, view)
    except BadFilter as error:
        raise _refused(str(error.reason)) from None


def _check_size(predicate: Predicate) -> None:
    """Walk without recursion, so that depth can be refused before it is a danger."""
    cost, waiting = 0, [(predicate, 1)]
    while waiting:
        node, depth = waiting.pop()
        cost += _cost(node)
        if depth > LIMITS.filter_depth_max:
            raise _refused(f"It is nested deeper than {LIMITS.filter_depth_max} levels.")
        if cost > LIMITS.filter_cost_max:
            raise _refused("It asks for too much at once: leave conditions out.")
        match node:
            case And(parts) | Or(parts):
                waiting += [(each, depth + 1) for each in parts]
            case Not(part):
                waiting.append((part, depth + 1))
            case _:
                continue


def _cost(node: Predicate) -> int:
    match node:
        case Spatial():
            return _COST["spatial"]
        case Compare(name=name) | Like(name=name) if column_of(name) in (ANY_TEXT, "keywords"):
            return _COST["any text" if column_of(name) == ANY_TEXT else "elements"]
        case Compare(match_case=False) | Like(match_case=False):
            return _COST["folded"]
        case Like():
            return _COST["like"]
        case And() | Or() | Not():
            return 0
        case _:
            return _COST["compare"]


def _condition(node: Predicate, view: View) -> Condition:
    match node:
        case And(parts):
            return all_of(_condition(each, view) for each in parts)
        case Or(parts):
            return any_of(_condition(each, view) for each in parts)
        case Not(part):
            return negation(_condition(part, view))
        case Spatial():
            if column_of(node.name) != GEOMETRY:
                raise _refused(f"{node.name} is no geometry; ows:BoundingBox is.")
            return _leaf(view, node.relation, _property(GEOMETRY), {"bbox": list(node.box)})
        case IsNull(name):
            return _null(column_of(name), view)
        case Compare() | Like():
            return _OF_COLUMN.get(column_of(node.name), _plain)(node, view)


def _leaf(view: View, operator: str, *arguments: object) -> Condition:
    """Compile one predicate of CQL2."""
    node = parse_json(json.dumps({"op": operator, "args": arguments}), LIMITS)
    return compile_filter(node, view.names, filter_srid=4326, swap_axes=False).condition


def _property(column: str) -> dict[str, str]:
    return {"property": column}


def _null(column: str, view: View) -> Condition:
    match column:
        case "anytext":
            return NOTHING
        case "keywords":
            return _leaf(view, EQUAL, {"op": "array_size", "args": [_property(column)]}, 0)
        case _:
            return _leaf(view, "isNull", _property(column))


def _plain(node: Compare | Like, view: View) -> Condition:
    """Compare a text."""
    column = column_of(node.name)
    if column == GEOMETRY:
        raise _refused(f"{node.name} is compared by BBOX and other spatial operators.")
    operator, value = ("like", node.pattern) if isinstance(node, Like) else (node.sign, node.value)
    if node.match_case:
        return _leaf(view, operator, _property(column), value)
    return _leaf(view, operator, _folded(_property(column)), _folded(value))


def _folded(operand: object) -> dict[str, object]:
    return {"op": "casei", "args": [operand]}


def _any_text(node: Compare | Like, view: View) -> Condition:
    """Search: what stands between the wildcards must be found, whatever the case and the diacritics."""
    if isinstance(node, Like):
        return _found(_plain_parts(node.pattern), view)
    if node.sign not in (EQUAL, NOT_EQUAL):
        raise _refused(f"{node.name} is searched by PropertyIsLike or PropertyIsEqualTo.")
    found = _found([node.value], view)
    return found if node.sign == EQUAL else negation(found)


def _found(parts: list[str], view: View) -> Condition:
    if view.search is None:
        raise _refused("There is no text to search here.")
    terms = [_text(each) for each in parts if each.strip()]
    if len(terms) > LIMITS.search_terms_max:
        raise _refused(f"More than {LIMITS.search_terms_max} words by wildcards.")
    return all_of(search_condition((each,), view.search) for each in terms)


def _plain_parts(pattern: str) -> list[str]:
    """Return what stands between the wildcards of a pattern."""
    parts = [""]
    for escaped, many, one, plain in _PIECE.findall(pattern):
        if many or one:
            parts.append("")
        parts[-1] += escaped or plain
    return parts


def _identifier(node: Compare | Like, view: View) -> Condition:
    """Compare an identifier; what cannot be one equals none."""
    if isinstance(node, Like):
        return key_like(view, _pattern(node.pattern.lower()))
    if node.sign not in (EQUAL, NOT_EQUAL):
        return _leaf(view, node.sign, _property("id"), _uuid_beside(node))
    if not _UUID.fullmatch(node.value.strip()):
        return NOTHING if node.sign == EQUAL else EVERYTHING
    return _leaf(view, node.sign, _property("id"), str(UUID(node.value.strip())))


def _uuid_beside(node: Compare) -> str:
    if not _UUID.fullmatch(node.value.strip()):
        raise _refused(f"{node.name} is ordered beside a whole UUID only.")
    return node.value.strip()


def _keywords(node: Compare | Like, _: View) -> Condition:
    """Compare each keyword; to differ is to have none that is equal."""
    if isinstance(node, Like):
        return any_element("keywords", _pattern(node.pattern), like=True, match_case=node.match_case)
    if node.sign not in (EQUAL, NOT_EQUAL):
        raise _refused(f"{node.name} has no order.")
    found = any_element("keywords", _text(node.value), like=False, match_case=node.match_case)
    return found if node.sign == EQUAL else negation(found)


def _instant(node: Compare | Like, view: View) -> Condition:
    """Compare an instant; a bare day is a day in UTC, from its first second to its last."""
    if isinstance(node, Like):
        raise _refused(f"{node.name} is an instant: compare it, or take PropertyIsBetween.")
    text = node.value.strip()
    column = _property(column_of(node.name))
    if not _DAY.fullmatch(text):
        return _leaf(view, node.sign, column, _timestamp(_read_instant(text)))
    begin = datetime.combine(_read_day(text), datetime.min.time(), UTC)
    if begin.year == date.max.year:
        raise _refused("A day of the year 9999 is not compared.")
    end = begin + timedelta(days=1)
    within = [_leaf(view, ">=", column, _timestamp(begin)), _leaf(view, "<", column, _timestamp(end))]
    match node.sign:
        case "=":
            return all_of(within)
        case "<>":
            return negation(all_of(within))
        case "<" | ">=":
            return _leaf(view, node.sign, column, _timestamp(begin))
        case _:
            return _leaf(view, ">=" if node.sign == ">" else "<", column, _timestamp(end))


def _timestamp(instant: datetime) -> dict[str, str]:
    return {"timestamp": instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")}


def _read_instant(text: str) -> datetime:
    problem = "An instant is written as 2025-06-30T17:00:00Z, a day as 2025-06-30."
    if not _INSTANT.fullmatch(text):
        raise _refused(problem)
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused(problem) from None


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refused("There is no such day.") from None


def _day(node: Compare | Like, view: View) -> Condition:
    """Compare a day of the data; the last day of an extent is the one before it ended."""
    if isinstance(node, Like):
        raise _refused(f"{node.name} is a day: compare it, or take PropertyIsBetween.")
    column, text = column_of(node.name), node.value.strip()
    day = _read_day(text) if _DAY.fullmatch(text) else _read_instant(text).date()
    if column == "time_end":
        if day == date.max:
            raise _refused("The last day of the calendar is not compared.")
        day += timedelta(days=1)
    return _leaf(view, node.sign, _property(column), {"date": day.isoformat()})


def _text(value: str) -> str:
    """Return a text as the database holds texts.

    Raises:
        Fault: it is too long, or no text.
    """
    if "\x00" in value or len(value) > LIMITS.text_literal_max or has_heap(value):
        raise _refused("A text is too long, or no text.")
    return unicodedata.normalize("NFC", value)


def _pattern(pattern: str) -> str:
    """Return a pattern that is safe for LIKE."""
    if pattern.count("%") > LIMITS.pattern_wildcards_max:
        raise _refused(f"A pattern has more than {LIMITS.pattern_wildcards_max} wildcards.")
    if sum(map(len, map("".join, _PIECE.findall(pattern)))) + len(re.findall(r"\\.", pattern, re.DOTALL)) != len(
        pattern
    ):
        raise _refused("A pattern may not end with a single backslash.")
    return _text(pattern)


def _refused(problem: str) -> Fault:
    return Fault(problem, locator=_LOCATOR)


_OF_COLUMN: dict[str, Callable[[Compare | Like, View], Condition]] = {
    ANY_TEXT: _any_text,
    "id": _identifier,
    "keywords": _keywords,
    "updated": _instant,
    "created": _instant,
    "time_begin": _day,
    "time_end": _day,
}
