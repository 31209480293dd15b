"""Array predicates: arrays are sets of scalars of one type."""

from dataclasses import dataclass

from pygeofilter import ast

from catalogue.types import ColumnType
from core.errors import BadFilter
from query.condition import Condition
from query.cql2.operand import KINDS, NUMERIC, Operand, exact, same_type

_SQL_TYPES = {
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "numeric",
    ColumnType.NUMBER: "numeric",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamptz",
    ColumnType.UUID: "uuid",
}
_FORMS: dict[type, str] = {
    ast.ArrayEquals: "({0} @> {1} AND {0} <@ {1})",
    ast.ArrayContains: "({0} @> {1})",
    ast.ArrayContainedBy: "({0} <@ {1})",
    ast.ArrayOverlaps: "({0} && {1})",
}


@dataclass(frozen=True, slots=True)
class Array:
    """An SQL array."""

    of: str
    """SQL type of its elements; empty for the empty array, which fits all."""
    sql: str
    params: tuple[object, ...] = ()


def column(operand: Operand) -> Array:
    """Take a property or function as an array; a single scalar, as ``('a')`` is parsed, is a set of one.

    Raises:
        BadFilter: it is a geometry.
    """
    if operand.type is ColumnType.TEXT_ARRAY:
        return Array("text", operand.sql, operand.params)
    return of([operand])


def of(elements: list[Operand]) -> Array:
    """Make an array of scalars.

    Raises:
        BadFilter: they differ in type, or one is a geometry or an array.
    """
    if not elements:
        return Array("", "'{}'")
    found = same_type(elements)
    kind = _SQL_TYPES.get(found[0].type)
    if kind is None:
        raise BadFilter("an element of an array is a scalar, not {}.", KINDS[found[0].type])
    if found[0].type in NUMERIC:
        found = [exact(each) for each in found]
    if all(each.literal is not None for each in found):
        return Array(kind, f"%s::{kind}[]", ([each.params[0] for each in found],))
    params = tuple(value for each in found for value in each.params)
    return Array(kind, f"ARRAY[{', '.join(each.sql for each in found)}]::{kind}[]", params)


def relate(node: ast.ArrayPredicate, left: Array, right: Array) -> Condition:
    """Compare two sets.

    Raises:
        BadFilter: their elements differ in type.
    """
    if left.of and right.of and left.of != right.of:
        raise BadFilter("both arrays of an array function have elements of one type.")
    kind = left.of or right.of or "text"
    one, two = (each if each.of else Array(kind, f"'{{}}'::{kind}[]") for each in (left, right))
    pairs = 2 if isinstance(node, ast.ArrayEquals) else 1
    return Condition(_FORMS[type(node)].format(one.sql, two.sql), (one.params + two.params) * pairs)
