"""What a filter costs at each row, so that none keeps the database busy for minutes.

The unit is what a plain scan takes for a row: 0.1 µs where it was measured (PostgreSQL 15, shapes of 17 vertices,
texts of 25 characters). Every operand of AND and of OR is counted, as if none spared the others. Folding and shapes
count for less than half of what they take, because the tests of the standard combine six of them.

Source: OGC 21-065r2, annex A, which joins four predicates, two of them twice.
"""

import math
from collections.abc import Iterator
from typing import cast

from pygeofilter import ast, values

from core.errors import BadFilter
from core.limits import Limits
from query.cql2.geometry import positions_in
from query.cql2.nodes import IntegerDivision, Modulo, Node, Power, TimeIntersects, parts_of

_FUNCTIONS = {"casei": 10, "accenti": 25, "centroid": 10}
_OTHER_FUNCTION = 2
_POWER = 15
_ARITHMETIC = 5
_DIGITS_PER_UNIT = 5
"""Of a literal: 1e308 has 309 in ``numeric``, and each product with it has more."""
_DIVISION = 3_000
"""Squared digits of both sides for each unit."""
_VALUES_PER_UNIT = 25
_ELEMENTS_PER_UNIT = 5
_PATTERN_OR_INTERVAL = 3
_SPATIAL_BY_BOX, _SPATIAL_BY_SHAPE, _SPATIAL_OF_ROW = 20, 35, 150
_PREPARED_VERTICES_PER_UNIT, _VERTICES_PER_UNIT = 100, 2
_BY_BOX = (
    ast.GeometryIntersects, ast.GeometryDisjoint, ast.GeometryWithin, ast.GeometryContains, ast.GeometryEquals,
)  # fmt: skip
"""Predicates that the boxes of two shapes decide for most rows."""


def check_cost(root: Node, limits: Limits) -> None:
    """Refuse a filter that would be slow on every table.

    Raises:
        BadFilter: a row costs more than ``filter_cost_max``.
    """
    if (cost := cost_of(root)) > limits.filter_cost_max:
        raise BadFilter(
            "it costs {} times what reading a row costs; {} is allowed. "
            "Arithmetic, CASEI, ACCENTI and shapes cost most.",
            cost,
            limits.filter_cost_max,
        )


def cost_of(root: Node) -> int:
    """Return what a filter costs at each row at worst; 1 is about what it takes to read one."""
    return sum(_own_cost(each) for each in _all_of(root))


def _all_of(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += parts_of(node)


def _own_cost(node: Node) -> int:
    match node:
        case ast.Function():
            return 0 if _is_constant(node) else _FUNCTIONS.get(node.name, _OTHER_FUNCTION)
        case Power():
            return _POWER
        case ast.Div() | Modulo() | IntegerDivision():
            return _ARITHMETIC + sum(map(_digits, _all_of(node))) ** 2 // _DIVISION
        case ast.Arithmetic():
            return _ARITHMETIC
        case int() | float():
            return _digits(node) // _DIGITS_PER_UNIT
        case _:
            return _cost_of_predicate(node)


def _is_constant(node: Node) -> bool:
    """Tell whether it reads no property: it is then computed once, when the query is planned."""
    return not any(isinstance(each, ast.Attribute) for each in _all_of(node))


def _cost_of_repeating(node: ast.In) -> int:
    """PostgreSQL computes the value again for each listed operand that is computed from the row."""
    repeated = sum(not _is_constant(each) for each in cast("list[Node]", node.sub_nodes))
    value = cast("Node", node.lhs)
    return repeated * (1 if isinstance(value, ast.Attribute) else _FUNCTIONS["accenti"] * len(list(_all_of(value))))


def _digits(node: Node) -> int:
    """Return how many digits a number may bring into an expression, before and behind the point."""
    match node:
        case Power():
            return 300
        case ast.Attribute():
            return 20
        case int():
            return node.bit_length() * 3 // 10
        case float():
            return abs(math.frexp(node)[1]) * 3 // 10
        case _:
            return 0


def _cost_of_predicate(node: Node) -> int:
    match node:
        case ast.SpatialComparisonPredicate():
            return _cost_of_spatial(node)
        case ast.ArrayPredicate():
            return 1 + sum(len(each) for each in (node.lhs, node.rhs) if isinstance(each, list)) // _ELEMENTS_PER_UNIT
        case ast.In():
            return 1 + len(node.sub_nodes) // _VALUES_PER_UNIT + _cost_of_repeating(node)
        case ast.Like() | ast.TemporalPredicate() | TimeIntersects():
            return _PATTERN_OR_INTERVAL
        case ast.Predicate():
            return 1
        case _:
            return 0


def _cost_of_spatial(node: ast.SpatialComparisonPredicate) -> int:
    """GEOS prepares a literal for some predicates; for the others each row looks at each of its vertices."""
    literals = [each for each in (node.lhs, node.rhs) if _is_literal(each)]
    if not literals:
        return _SPATIAL_OF_ROW
    vertices = sum(1 for each in literals if isinstance(each, values.Geometry) for _ in positions_in(each))
    per_unit = _PREPARED_VERTICES_PER_UNIT if _is_prepared(node) else _VERTICES_PER_UNIT
    return (_SPATIAL_BY_BOX if isinstance(node, _BY_BOX) else _SPATIAL_BY_SHAPE) + vertices // per_unit


def _is_prepared(node: ast.SpatialComparisonPredicate) -> bool:
    match node:
        case ast.GeometryIntersects() | ast.GeometryDisjoint() | ast.GeometryEquals():
            return True
        case ast.GeometryWithin():
            return _is_literal(node.rhs)
        case ast.GeometryContains():
            return _is_literal(node.lhs)
        case _:
            return False


def _is_literal(node: object) -> bool:
    return isinstance(node, values.Geometry | values.Envelope)
