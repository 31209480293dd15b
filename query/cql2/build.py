"""Nodes from operators and their operands, for both encodings."""

from collections.abc import Callable
from typing import Any

from pygeofilter import ast, values

from core.errors import BadFilter
from query.cql2 import literals
from query.cql2.nodes import IntegerDivision, Modulo, Node, Power, TimeIntersects

type Pair = Callable[[Any, Any], Node]

COMPARISONS: dict[str, Pair] = {
    "=": ast.Equal,
    "<>": ast.NotEqual,
    "<": ast.LessThan,
    "<=": ast.LessEqual,
    ">": ast.GreaterThan,
    ">=": ast.GreaterEqual,
}
ARITHMETIC: dict[str, Pair] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mul,
    "/": ast.Div,
    "%": Modulo,
    "div": IntegerDivision,
    "^": Power,
}
PREDICATES: dict[str, Pair] = {
    "s_contains": ast.GeometryContains,
    "s_crosses": ast.GeometryCrosses,
    "s_disjoint": ast.GeometryDisjoint,
    "s_equals": ast.GeometryEquals,
    "s_intersects": ast.GeometryIntersects,
    "s_overlaps": ast.GeometryOverlaps,
    "s_touches": ast.GeometryTouches,
    "s_within": ast.GeometryWithin,
    "t_after": ast.TimeAfter,
    "t_before": ast.TimeBefore,
    "t_contains": ast.TimeContains,
    "t_disjoint": ast.TimeDisjoint,
    "t_during": ast.TimeDuring,
    "t_equals": ast.TimeEquals,
    "t_finishedby": ast.TimeEndedBy,
    "t_finishes": ast.TimeEnds,
    "t_intersects": TimeIntersects,
    "t_meets": ast.TimeMeets,
    "t_metby": ast.TimeMetBy,
    "t_overlappedby": ast.TimeOverlappedBy,
    "t_overlaps": ast.TimeOverlaps,
    "t_startedby": ast.TimeBegunBy,
    "t_starts": ast.TimeBegins,
    "a_containedby": ast.ArrayContainedBy,
    "a_contains": ast.ArrayContains,
    "a_equals": ast.ArrayEquals,
    "a_overlaps": ast.ArrayOverlaps,
}
"""The standardized comparison functions, by their names in lower case."""


def comparison(left: Node, sign: str, right: Node) -> Node:
    """Compare two operands; ``sign`` is one of ``COMPARISONS``."""
    return COMPARISONS[sign](left, right)


def arithmetic(sign: str, left: Node, right: Node) -> Node:
    """Join two operands; ``sign`` is one of ``ARITHMETIC`` in any case."""
    return ARITHMETIC[sign.lower()](left, right)


def minus(_: str, operand: Node) -> Node:
    """Negate an operand."""
    if isinstance(operand, int | float) and not isinstance(operand, bool):
        return -operand
    return ast.Mul(-1, _any(operand))


def like(value: Node, pattern: Node) -> Node:
    """``value LIKE pattern``, with the standard's wildcards and escape."""
    return _like(value, pattern, negated=False)


def not_like(value: Node, pattern: Node) -> Node:
    """``value NOT LIKE pattern``."""
    return _like(value, pattern, negated=True)


def _like(value: Node, pattern: Node, *, negated: bool) -> Node:
    wildcards = {"wildcard": "%", "singlechar": "_", "escapechar": "\\"}
    return ast.Like(_any(value), _any(pattern), nocase=False, not_=negated, **wildcards)


def between(value: Node, low: Node, high: Node) -> Node:
    """``value BETWEEN low AND high``, both ends included."""
    return ast.Between(_any(value), _any(low), _any(high), not_=False)


def not_between(value: Node, low: Node, high: Node) -> Node:
    """``value NOT BETWEEN low AND high``."""
    return ast.Between(_any(value), _any(low), _any(high), not_=True)


def in_list(value: Node, listed: list[Node]) -> Node:
    """``value IN (listed)``."""
    return ast.In(_any(value), _any(listed), not_=False)


def not_in_list(value: Node, listed: list[Node]) -> Node:
    """``value NOT IN (listed)``."""
    return ast.In(_any(value), _any(listed), not_=True)


def is_null(value: Node) -> Node:
    """``value IS NULL``."""
    return ast.IsNull(_any(value), not_=False)


def is_not_null(value: Node) -> Node:
    """``value IS NOT NULL``."""
    return ast.IsNull(_any(value), not_=True)


def _any(node: Node) -> Any:
    """Hand a node to pygeofilter, whose annotations are narrower than what it holds."""
    return node


def items(item: Node) -> list[Node]:
    """Start a list."""
    return [item]


def more_items(listed: list[Node], item: Node) -> list[Node]:
    """Append to a list that nobody else holds yet."""
    listed.append(item)
    return listed


def array(first: Node | None = None, rest: list[Node] | None = None) -> list[Node]:
    """Make an array of no element, or of two and more."""
    return [] if rest is None or first is None else [first, *rest]


def function(name: str, arguments: list[Node]) -> Node:
    """Call a function by its name, published or not."""
    return ast.Function(name, _any(arguments))


def call(name: str, arguments: list[Node] | None = None) -> Node:
    """Make what ``name(arguments)`` stands for: a predicate, an instant, an interval or a function.

    Raises:
        BadFilter: the number or the form of the arguments of something standardized is wrong.
    """
    given, key = arguments or [], name.lower()
    if key in PREDICATES:
        left, right = _exactly(2, given, name)
        return PREDICATES[key](left, right)
    match key:
        case "date":
            return literals.day(_text(given, name))
        case "timestamp":
            return literals.timestamp(_text(given, name))
        case "interval":
            start, end = _exactly(2, given, name)
            return values.Interval(_bound(start), _bound(end))
        case "casei" | "accenti":
            return function(key, _exactly(1, given, name))
        case _:
            return function(name, given)


def _exactly(count: int, arguments: list[Node], name: str) -> list[Node]:
    if len(arguments) != count:
        raise literals.wrong_count(name, count)
    return arguments


def _text(arguments: list[Node], name: str) -> str:
    match arguments:
        case [str() as text]:
            return text
        case _:
            raise BadFilter("{} takes one text in single quotes.", name)


def _bound(end: Node) -> Any:
    match end:
        case str():
            return literals.bound(end)
        case ast.Attribute() | ast.Function():
            return end
        case _:
            raise BadFilter("an end of an INTERVAL is a date, a timestamp, '..', a property or a function.")
