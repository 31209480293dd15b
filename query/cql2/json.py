"""CQL2 JSON to nodes.

Stricter than most parsers: unknown and repeated members and wrong numbers of operands are refused, and integers
keep all their digits.

Source: OGC 21-065r2, clause 8.3 and its JSON Schema.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, cast

from pygeofilter import ast, values

from core.errors import BadFilter
from core.limits import Limits
from core.phrases import Phrase
from query.cql2 import build, geometry, literals
from query.cql2.nodes import Node, check_size

_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_LEVELS_PER_OPERATOR = 2
"""Brackets that one operator opens: its object and its ``args``."""
_PARTS_PER_NODE = 48
"""Commas, brackets, colons and quotes for each part that ``filter_nodes_max`` allows; lists have many."""
_PARTS_PER_VERTEX = 5
_LEVELS_OF_LITERAL = 6
"""Brackets of the deepest literal, a MultiPolygon in a collection."""
_GEOMETRIES = frozenset({"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"})
_CASED = {
    "t_finishedby": "t_finishedBy",
    "t_metby": "t_metBy",
    "t_overlappedby": "t_overlappedBy",
    "t_startedby": "t_startedBy",
    "a_containedby": "a_containedBy",
}
PREDICATES = {_CASED.get(each, each): each for each in build.PREDICATES}
"""The standardized comparison functions: the spelling in JSON and that of ``build``."""


def parse_json(document: bytes | str, limits: Limits) -> Node:
    """Parse CQL2 JSON.

    Raises:
        BadFilter: the document is not JSON or not CQL2, or exceeds a limit.
    """
    root = _node(_loaded(_checked_document(document, limits)))
    check_size(root, limits)
    return root


def _checked_document(document: bytes | str, limits: Limits) -> str:
    if len(document) > limits.filter_post_max:
        raise BadFilter("it is longer than {} bytes.", limits.filter_post_max)
    try:
        text = document.decode("utf-8") if isinstance(document, bytes) else document
    except UnicodeDecodeError as exc:
        raise BadFilter("it is not UTF-8.") from exc
    count_max = limits.filter_nodes_max * _PARTS_PER_NODE + limits.vertices_max * _PARTS_PER_VERTEX
    if sum(text.count(sign) for sign in ',[{:"') > count_max:
        raise BadFilter("it has more than {} words and signs.", count_max)
    depth, depth_max = 0, limits.filter_depth_max * _LEVELS_PER_OPERATOR + _LEVELS_OF_LITERAL
    for found in _BRACKET.finditer(text):
        depth += (found[0] in "[{") - (found[0] in "]}")
        if depth > depth_max:
            raise BadFilter("it is nested deeper than {} levels.", limits.filter_depth_max)
    return text


def _loaded(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=literals.number,
            parse_float=literals.number,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as exc:
        raise BadFilter("it is not JSON: {}.", Phrase(exc.msg), position=exc.pos) from exc


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadFilter("an object has the same member twice.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadFilter("{} is not a number.", name)


def _node(value: object) -> Node:
    match value:
        case bool() | int() | float():
            return value
        case str():
            literals.check_characters(value)
            return literals.composed(value)
        case list():
            return [_node(each) for each in value]
        case dict():
            return _object_node(value)
        case _:
            raise BadFilter("null is not a value here; use the operator isNull.")


def _object_node(value: dict[str, object]) -> Node:
    reader = _OBJECTS.get(frozenset(value))
    if reader is not None:
        return reader(*(value[each] for each in sorted(value)))
    if "type" in value:
        return values.Geometry(_shape(value))
    raise _malformed()


def _malformed() -> BadFilter:
    return BadFilter(
        "an object has the members op and args, or one of property, date, timestamp, interval and bbox, "
        "or is a GeoJSON geometry."
    )


def _read_operation(args: object, op: object) -> Node:
    match op, args:
        case str(), list():
            return _operation(op, [_node(each) for each in args])
        case _:
            raise _malformed()


def _read_interval(bounds: object) -> Node:
    match bounds:
        case [start, end]:
            return build.call("interval", [_node(start), _node(end)])
        case _:
            raise BadFilter("an interval has two ends.")


def _read_box(numbers: object) -> Node:
    if not isinstance(numbers, list):
        raise _malformed()
    return geometry.envelope(_numbers(numbers))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _malformed()
    return value


def _read_property(name: object) -> Node:
    return ast.Attribute(literals.composed(_text(name)))


def _read_date(text: object) -> Node:
    return literals.day(_text(text))


def _read_timestamp(text: object) -> Node:
    return literals.timestamp(_text(text))


_OBJECTS: dict[frozenset[str], Callable[..., Node]] = {
    frozenset({"op", "args"}): _read_operation,
    frozenset({"property"}): _read_property,
    frozenset({"date"}): _read_date,
    frozenset({"timestamp"}): _read_timestamp,
    frozenset({"interval"}): _read_interval,
    frozenset({"bbox"}): _read_box,
}
"""How an object with exactly these members is read; they are handed over in alphabetical order."""


def _shape(value: object) -> geometry.Shape:
    match value:
        case {"type": "GeometryCollection", "geometries": [_, *_] as members, **rest} if not rest.keys() - {"bbox"}:
            shapes = [_shape(each) for each in members]
            if any(each["type"] == "GeometryCollection" for each in shapes):
                raise BadFilter("a GeometryCollection may not hold another.")
            return {"type": "GeometryCollection", "geometries": shapes}
        case {"type": str() as kind, "coordinates": found, **rest} if kind in _GEOMETRIES and not rest.keys() - {
            "bbox"
        }:
            return geometry.shape(kind, _coordinates(found, _LEVELS[kind]))
        case _:
            raise BadFilter("a geometry is a GeoJSON geometry with the members type and coordinates.")


_LEVELS = {
    "Point": 0,
    "LineString": 1,
    "MultiPoint": 1,
    "Polygon": 2,
    "MultiLineString": 2,
    "MultiPolygon": 3,
}


def _coordinates(found: object, levels: int) -> object:
    if not isinstance(found, list):
        raise BadFilter("the coordinates of a geometry are not nested as its type asks.")
    return [_coordinates(each, levels - 1) for each in found] if levels else geometry.position(_numbers(found))


def _numbers(found: list[Any]) -> list[float]:
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in found):
        raise BadFilter("coordinates are numbers.")
    return [float(each) for each in found]


def _operation(name: str, arguments: list[Node]) -> Node:
    if name in PREDICATES:
        return build.call(PREDICATES[name], arguments)
    if name in _COMBINATIONS:
        return _combination(_COMBINATIONS[name], arguments)
    count_and_make = _OPERATIONS.get(name)
    if count_and_make is None:
        return build.function(name, arguments)
    count, make = count_and_make
    if len(arguments) != count:
        raise literals.wrong_count(name, count)
    return make(*arguments)


def _combination(kind: type[ast.Combination], arguments: list[Node]) -> Node:
    if len(arguments) < 2:
        raise BadFilter("{} takes two operands or more.", kind.op.value.lower())
    return cast("Node", kind.from_items(*arguments))


def _fold(name: str, argument: Node) -> Node:
    return build.function(name, [argument])


def _in(value: Node, items: Node) -> Node:
    if not isinstance(items, list):
        raise BadFilter("in takes a value and an array.")
    return build.in_list(value, items)


_COMBINATIONS: dict[str, type[ast.Combination]] = {"and": ast.And, "or": ast.Or}
_OPERATIONS: dict[str, tuple[int, Callable[..., Node]]] = {
    "not": (1, ast.Not),
    "like": (2, build.like),
    "between": (3, build.between),
    "in": (2, _in),
    "isNull": (1, build.is_null),
    "casei": (1, partial(_fold, "casei")),
    "accenti": (1, partial(_fold, "accenti")),
    **{name: (2, make) for name, make in build.COMPARISONS.items()},
    **{name: (2, make) for name, make in build.ARITHMETIC.items()},
}
