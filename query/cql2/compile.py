"""Nodes and published names to a condition: types checked, literals bound, nothing that can fail on data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from pygeofilter import ast, values

from catalogue.types import ColumnType
from core.errors import BadFilter
from core.limits import LIMITS, Limits
from query.condition import EVERYTHING, NOTHING, Condition, all_of, any_of, negation
from query.cql2 import arithmetic, arrays, functions, patterns, spatial, temporal
from query.cql2.cost import check_cost
from query.cql2.geometry import Box
from query.cql2.literals import shown
from query.cql2.nodes import IntegerDivision, Modulo, Node, Power, TimeIntersects, check_size, operands_of
from query.cql2.operand import KINDS, Operand, expect, literal, same_type
from query.names import Name

_TEXT = frozenset({ColumnType.TEXT})
_ORDERED = frozenset({ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DATE, ColumnType.TIMESTAMP})
_SQL_LISTS = {
    ColumnType.TEXT: "text[]",
    ColumnType.INTEGER: "bigint[]",
    ColumnType.NUMBER: "float8[]",
    ColumnType.BOOLEAN: "boolean[]",
    ColumnType.DATE: "date[]",
    ColumnType.TIMESTAMP: "timestamptz[]",
    ColumnType.UUID: "uuid[]",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter."""

    condition: Condition
    bbox: Box | None = None
    """(west, south, east, north) in EPSG:4326 that the main geometry of every matching row touches; ``None`` when
    the filter implies none. May be given to row security, which it only narrows."""


@dataclass(frozen=True, slots=True)
class _Scope:
    names: Mapping[str, Name]
    srid: int
    swap_axes: bool
    limits: Limits


def compile_filter(
    node: Node, names: Mapping[str, Name], *, filter_srid: int, swap_axes: bool, limits: Limits = LIMITS
) -> Filter:
    """Compile a parsed filter, ours or one that pygeofilter has parsed.

    Args:
        names: the properties that exist for this query.
        filter_srid: EPSG code of the literal geometries.
        swap_axes: literal coordinates come as (y, x), such as (latitude, longitude) for EPSG:4326 by its URI.

    Raises:
        BadFilter: a name does not exist, a type does not fit, a literal is out of range, or a limit is exceeded.
    """
    check_size(node, limits)
    check_cost(node, limits)
    return _filter(node, _Scope(names, filter_srid, swap_axes, limits))


def _filter(node: Node, scope: _Scope) -> Filter:
    match node:
        case ast.And():
            parts = [_filter(each, scope) for each in operands_of(node)]
            return Filter(all_of(each.condition for each in parts), _smallest([each.bbox for each in parts]))
        case ast.Or():
            parts = [_filter(each, scope) for each in operands_of(node)]
            return Filter(any_of(each.condition for each in parts), _union([each.bbox for each in parts]))
        case ast.SpatialComparisonPredicate():
            left, right = _place(cast("Node", node.lhs), scope), _place(cast("Node", node.rhs), scope)
            return Filter(spatial.relate(node, left, right), spatial.implied_box(node, left, right))
        case _:
            return Filter(_condition(node, scope))


def _smallest(boxes: list[Box | None]) -> Box | None:
    """Choose one box: rows that touch two boxes need not touch what the boxes have in common."""
    return min((each for each in boxes if each), key=_area, default=None)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _union(boxes: list[Box | None]) -> Box | None:
    known = [each for each in boxes if each]
    if len(known) < len(boxes):
        return None
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)


def _condition(node: Node, scope: _Scope) -> Condition:
    match node:
        case bool():
            return EVERYTHING if node else NOTHING
        case ast.Not():
            return negation(_filter(cast("Node", node.sub_node), scope).condition)
        case ast.Comparison() | ast.Between() | ast.Like() | ast.In() | ast.IsNull():
            return _comparison(node, scope)
        case ast.TemporalPredicate() | TimeIntersects():
            left, right = _period(cast("Node", node.lhs), scope), _period(cast("Node", node.rhs), scope)
            return temporal.relate(node, left, right)
        case ast.ArrayPredicate():
            return arrays.relate(node, _array(cast("Node", node.lhs), scope), _array(cast("Node", node.rhs), scope))
        case ast.Condition() | ast.Predicate():
            raise BadFilter("it has an operator that CQL2 does not know.")
        case _:
            return _truth(_operand(node, scope))


def _truth(operand: Operand) -> Condition:
    if operand.type is not ColumnType.BOOLEAN:
        raise BadFilter("a condition is wanted, not {}.", KINDS[operand.type])
    return Condition(operand.sql, operand.params)


def _comparison(node: ast.Comparison | ast.Between | ast.Like | ast.In | ast.IsNull, scope: _Scope) -> Condition:
    match node:
        case ast.Comparison():
            return _binary(node, scope)
        case ast.Between():
            return _between(node, scope)
        case ast.Like():
            return _like(node, scope)
        case ast.In():
            return _in(node, scope)
        case _:
            return _is_null(node, scope)


def _scalars(nodes: list[Node], scope: _Scope) -> list[Operand]:
    """Compile scalar operands and bring them to one type."""
    found = [_operand(each, scope) for each in nodes]
    if any(each.type in {ColumnType.GEOMETRY, ColumnType.TEXT_ARRAY} for each in found):
        raise BadFilter("geometries are compared by the S_ functions and arrays by the A_ functions.")
    return same_type(found)


def _binary(node: ast.Comparison, scope: _Scope) -> Condition:
    left, right = _scalars([cast("Node", node.lhs), cast("Node", node.rhs)], scope)
    return Condition(f"({left.sql} {node.op.value} {right.sql})", left.params + right.params)


def _between(node: ast.Between, scope: _Scope) -> Condition:
    value, low, high = _scalars([cast("Node", each) for each in (node.lhs, node.low, node.high)], scope)
    for each in (value, low, high):
        expect(each, _ORDERED)
    sql = f"({value.sql} BETWEEN {low.sql} AND {high.sql})"
    return _unless(node.not_, Condition(sql, value.params + low.params + high.params))


def _unless(negated: bool, condition: Condition) -> Condition:
    return negation(condition) if negated else condition


def _in(node: ast.In, scope: _Scope) -> Condition:
    value, *items = _scalars([cast("Node", node.lhs), *cast("list[Node]", node.sub_nodes)], scope)
    literals = [each for each in items if each.literal is not None]
    computed = [each for each in items if each.literal is None]
    parts = [_in_literals(value, literals)] if literals else []
    if computed:
        params = tuple(each for item in computed for each in item.params)
        sql = f"({value.sql} IN ({', '.join(each.sql for each in computed)}))"
        parts.append(Condition(sql, value.params + params))
    return _unless(node.not_, any_of(parts))


def _in_literals(value: Operand, items: list[Operand]) -> Condition:
    kind, bound = _SQL_LISTS[items[0].type], [each.params[0] for each in items]
    if items[0].exact:
        kind = "numeric[]"
    elif any(each.type is ColumnType.NUMBER for each in items):
        kind, bound = "float8[]", [float(cast("float", each)) for each in bound]
    return Condition(f"({value.sql} = ANY(%s::{kind}))", (*value.params, bound))


def _is_null(node: ast.IsNull, scope: _Scope) -> Condition:
    inner = cast("Node", node.lhs)
    if isinstance(inner, values.Interval):
        return _unless(node.not_, temporal.is_null(_period(inner, scope)))
    found = _operand(inner, scope)
    return Condition(f"({found.sql} IS {'NOT ' * node.not_}NULL)", found.params)


def _like(node: ast.Like, scope: _Scope) -> Condition:
    value = expect(_operand(cast("Node", node.lhs), scope), _TEXT)
    if isinstance(node.pattern, str):
        return patterns.match(value, patterns.read_pattern(node.pattern, scope.limits), negated=node.not_)
    pattern = _computed_pattern(cast("Node", node.pattern), scope)
    return patterns.match_computed(value, pattern, negated=node.not_)


def _computed_pattern(node: Node, scope: _Scope) -> Operand:
    match node:
        case str():
            return literal(patterns.read_pattern(node, scope.limits).sql)
        case ast.Function(name="casei" | "accenti" as name, arguments=[inner]):
            return functions.call(name, [_computed_pattern(cast("Node", inner), scope)])
        case _:
            raise BadFilter("a LIKE pattern is a text in single quotes, or CASEI or ACCENTI of one.")


def _operand(node: Node, scope: _Scope) -> Operand:
    match node:
        case ast.Attribute():
            found = _name(node, scope)
            return Operand(found.type, found.sql, name=found.name)
        case ast.Function():
            arguments = cast("list[Node]", node.arguments)
            return functions.call(node.name, [_operand(each, scope) for each in arguments])
        case ast.Arithmetic() | Modulo() | IntegerDivision() | Power():
            left, right = _operand(node.lhs, scope), _operand(node.rhs, scope)
            return arithmetic.compute(node, left, right)
        case values.Geometry() | values.Envelope():
            found = _place(node, scope)
            return Operand(ColumnType.GEOMETRY, found.sql, found.params)
        case str() | int() | float() | date():
            return literal(node)
        case ast.Condition() | ast.Predicate():
            found = _filter(node, scope).condition
            return Operand(ColumnType.BOOLEAN, found.sql, found.params)
        case _:
            raise BadFilter("an array or an interval is not a value here; use the A_ and T_ functions.")


def _name(node: ast.Attribute, scope: _Scope) -> Name:
    found = scope.names.get(node.name)
    if found is None:
        raise BadFilter("there is no property {}.", shown(node.name))
    return found


def _place(node: Node, scope: _Scope) -> spatial.Place:
    if isinstance(node, values.Geometry | values.Envelope):
        return spatial.place(node, srid=scope.srid, swap_axes=scope.swap_axes)
    found = expect(_operand(node, scope), frozenset({ColumnType.GEOMETRY}))
    main = isinstance(node, ast.Attribute) and _name(node, scope).main
    return spatial.Place(found.sql, found.params, main=main)


def _period(node: Node, scope: _Scope) -> temporal.Period:
    if isinstance(node, values.Interval):
        start, end = cast("list[Node | None]", [node.start, node.end])
        return temporal.period(_end(start, scope), _end(end, scope))
    found = _operand(node, scope)
    if isinstance(found.literal, str):
        raise BadFilter("an instant is written DATE('2025-06-30') or TIMESTAMP('2025-06-30T17:00:00Z').")
    return temporal.Period(found, found, instant=True)


def _end(node: Node | None, scope: _Scope) -> Operand | None:
    return None if node is None else _operand(node, scope)


def _array(node: Node, scope: _Scope) -> arrays.Array:
    if isinstance(node, list):
        return arrays.of([_operand(each, scope) for each in node])
    return arrays.column(_operand(node, scope))
