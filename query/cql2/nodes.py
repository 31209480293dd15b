"""The nodes of a parsed filter: those of pygeofilter, and the few that it lacks.

A parsed filter is never changed. ``CASEI`` and ``ACCENTI`` are ``ast.Function`` nodes ``casei`` and ``accenti``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import cast

from pygeofilter import ast, values

from core.errors import BadFilter
from core.limits import Limits
from query.cql2.geometry import positions_in
from query.cql2.literals import check_characters

type Node = (
    ast.Node | values.Geometry | values.Envelope | values.Interval | list[Node] | str | bool | int | float | date
)
"""Anything that may stand in a filter; a filter as a whole is a condition or a bare boolean."""


@dataclass(frozen=True)
class Modulo(ast.Expression):
    """``lhs % rhs``, the sign follows ``lhs``."""

    lhs: Node
    rhs: Node


@dataclass(frozen=True)
class IntegerDivision(ast.Expression):
    """``lhs DIV rhs``, truncated towards zero."""

    lhs: Node
    rhs: Node


@dataclass(frozen=True)
class Power(ast.Expression):
    """``lhs ^ rhs``."""

    lhs: Node
    rhs: Node


@dataclass(frozen=True)
class TimeIntersects(ast.Predicate):
    """``T_INTERSECTS(lhs, rhs)``: not ``T_DISJOINT``."""

    lhs: Node
    rhs: Node


def operands_of(chain: ast.Combination) -> list[Node]:
    """Return the operands of ``a AND b AND c`` (or of OR) in order, however the pairs are nested."""
    found: list[Node] = []
    waiting: list[Node] = [chain]
    while waiting:
        node = waiting.pop()
        if type(node) is type(chain):
            pair = cast("ast.Combination", node)
            waiting += [cast("Node", pair.rhs), cast("Node", pair.lhs)]
        else:
            found.append(node)
    return found


def check_size(root: Node, limits: Limits) -> None:
    """Refuse a filter that nests too deeply or has too many parts, values, characters or vertices.

    A chain of AND or of OR counts as one level. Literals and lists do not count as parts.

    Raises:
        BadFilter: a limit is exceeded.
    """
    parts = vertices = 0
    waiting: list[tuple[Node, int]] = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        parts += _weight(node)
        vertices += _vertices(node)
        _check_counts(parts, depth, vertices, limits)
        _check_value(node, limits)
        waiting += [(each, depth + 1) for each in parts_of(node)]


def _check_counts(parts: int, depth: int, vertices: int, limits: Limits) -> None:
    if depth > limits.filter_depth_max:
        raise BadFilter("it is nested deeper than {} levels.", limits.filter_depth_max)
    if parts > limits.filter_nodes_max:
        raise BadFilter("it has more than {} operators, functions and names.", limits.filter_nodes_max)
    if vertices > limits.vertices_max:
        raise BadFilter("its geometries have more than {} vertices.", limits.vertices_max)


def _check_value(node: Node, limits: Limits) -> None:
    match node:
        case str() if len(node) > limits.text_literal_max:
            raise BadFilter("a text has more than {} characters.", limits.text_literal_max)
        case list() if len(node) > limits.in_list_max:
            raise BadFilter("a list has more than {} values.", limits.in_list_max)
        case list():
            for each in node:
                if isinstance(each, str):
                    _check_value(each, limits)
        case str():
            check_characters(node)
        case _:
            return


def _weight(node: Node) -> int:
    match node:
        case ast.Combination():
            return len(operands_of(node)) - 1
        case ast.Node() | values.Interval():
            return 1
        case _:
            return 0


def _vertices(node: Node) -> int:
    return sum(1 for _ in positions_in(node)) if isinstance(node, values.Geometry) else 0


def parts_of(node: Node) -> Iterator[Node]:
    """Yield the operands of a node; of a list those that are no scalar literals."""
    match node:
        case ast.Combination():
            yield from operands_of(node)
        case ast.In():
            yield cast("Node", node.lhs)
            yield cast("Node", node.sub_nodes)
        case ast.Like():
            yield cast("Node", node.lhs)
            yield cast("Node", node.pattern)
        case Modulo() | IntegerDivision() | Power() | TimeIntersects():
            yield from (node.lhs, node.rhs)
        case list():
            yield from (each for each in node if _is_compound(each))
        case values.Interval() | ast.Node():
            yield from (each for each in cast("list[Node | None]", node.get_sub_nodes()) if each is not None)
        case _:
            return


def _is_compound(node: Node) -> bool:
    return isinstance(node, ast.Node | list | values.Geometry | values.Envelope | values.Interval)
