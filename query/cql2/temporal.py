"""Temporal predicates on closed intervals; an instant is the interval that starts and ends with it.

Dates stand beside dates, timestamps beside timestamps: a date has no time zone, so it is never cast to an instant.
An end that is a property without a value leaves every comparison with it unknown, as in SQL; it is not an open end.

Source: OGC 21-065r2, tables 8 and 9; OWL-Time for the relations between intervals. The rows of table 9 for
T_STARTS and T_STARTEDBY point to each other's definition; the abstract tests tell the right way round.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pygeofilter import ast

from catalogue.types import ColumnType
from core.errors import BadFilter
from query.condition import Condition, all_of, any_of
from query.cql2.nodes import TimeIntersects
from query.cql2.operand import KINDS, Operand

TEMPORAL = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Period:
    """A closed interval; an end is ``None`` where it is open (``..``)."""

    start: Operand | None
    end: Operand | None
    instant: bool = False


@dataclass(frozen=True, slots=True)
class _Edge:
    sql: str
    params: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    start: _Edge
    end: _Edge


def period(start: Operand | None, end: Operand | None) -> Period:
    """Make an interval of two instants of one type.

    Raises:
        BadFilter: an end is no instant, the types differ, or a literal start lies after a literal end.
    """
    _granularity([each for each in (start, end) if each is not None])
    match start, end:
        case Operand(literal=first), Operand(literal=last) if first is not None and last is not None:
            if first > last:  # pyright: ignore[reportOperatorIssue]
                raise BadFilter("an INTERVAL starts after it ends.")
        case _:
            pass
    return Period(start, end)


def relate(node: ast.TemporalPredicate | TimeIntersects, left: Period, right: Period) -> Condition:
    """Compare two instants or intervals.

    Raises:
        BadFilter: dates meet timestamps, or the function knows intervals only.
    """
    known = [each for pair in (left, right) for each in (pair.start, pair.end) if each is not None]
    granularity = _granularity(known)
    if type(node) not in _ANY and (left.instant or right.instant):
        raise BadFilter("this temporal function takes intervals, not instants; write INTERVAL(start, end).")
    relation = _ANY.get(type(node)) or _INTERVALS.get(type(node))
    if relation is None:
        raise BadFilter("it has a temporal operator that CQL2 does not know.")
    return relation(_span(left, granularity), _span(right, granularity))


def is_null(interval: Period) -> Condition:
    """Say whether an end of an interval is unset; an open end is not."""
    ends = [each for each in (interval.start, interval.end) if each is not None]
    return any_of(Condition(f"({each.sql} IS NULL)", each.params) for each in ends)


def _granularity(operands: list[Operand]) -> ColumnType:
    kinds = {each.type for each in operands}
    if kinds - TEMPORAL:
        raise BadFilter("a date or a timestamp is wanted, not {}.", KINDS[min(kinds - TEMPORAL)])
    if len(kinds) > 1:
        raise BadFilter("dates are compared with dates, timestamps with timestamps; a date has no time zone.")
    return kinds.pop() if kinds else ColumnType.TIMESTAMP


def _span(interval: Period, granularity: ColumnType) -> _Span:
    cast = "date" if granularity is ColumnType.DATE else "timestamptz"
    return _Span(
        _edge(interval.start, f"'-infinity'::{cast}"),
        _edge(interval.end, f"'infinity'::{cast}"),
    )


def _edge(operand: Operand | None, infinity: str) -> _Edge:
    return _Edge(infinity, ()) if operand is None else _Edge(operand.sql, operand.params)


def _compared(left: _Edge, sign: str, right: _Edge) -> Condition:
    return Condition(f"({left.sql} {sign} {right.sql})", left.params + right.params)


def _relation(*comparisons: str) -> Callable[[_Span, _Span], Condition]:
    """Read comparisons such as ``start < end``: an edge of the first interval, a sign, one of the second."""
    read = [each.split(" ") for each in comparisons]

    def relate_spans(one: _Span, two: _Span) -> Condition:
        found = [_compared(getattr(one, left), sign, getattr(two, right)) for left, sign, right in read]
        return all_of(dict.fromkeys(found))

    return relate_spans


def _disjoint(one: _Span, two: _Span) -> Condition:
    return any_of((_compared(one.end, "<", two.start), _compared(one.start, ">", two.end)))


_ANY: dict[type, Callable[[_Span, _Span], Condition]] = {
    ast.TimeAfter: _relation("start > end"),
    ast.TimeBefore: _relation("end < start"),
    ast.TimeDisjoint: _disjoint,
    ast.TimeEquals: _relation("start = start", "end = end"),
    TimeIntersects: _relation("start <= end", "end >= start"),
}
_INTERVALS: dict[type, Callable[[_Span, _Span], Condition]] = {
    ast.TimeContains: _relation("start < start", "end > end"),
    ast.TimeDuring: _relation("start > start", "end < end"),
    ast.TimeEndedBy: _relation("start < start", "end = end"),
    ast.TimeEnds: _relation("start > start", "end = end"),
    ast.TimeMeets: _relation("end = start"),
    ast.TimeMetBy: _relation("start = end"),
    ast.TimeOverlappedBy: _relation("start > start", "start < end", "end > end"),
    ast.TimeOverlaps: _relation("start < start", "end > start", "end < end"),
    ast.TimeBegunBy: _relation("start = start", "end > end"),
    ast.TimeBegins: _relation("start = start", "end < end"),
}
