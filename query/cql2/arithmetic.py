"""Arithmetic that cannot fail: whatever the data hold, an expression is a number or NULL.

It is done in ``numeric``. Doubles enter by their shortest digits, so ``0.1 + 0.2 = 0.3`` holds. What a filter may cost
allows some 50 operands of at most 324 digits each: no chain of operators reaches the 131,072 digits at which
``numeric`` overflows.
"""

from pygeofilter import ast

from catalogue.types import ColumnType
from query.cql2.nodes import IntegerDivision, Modulo, Power
from query.cql2.operand import NUMERIC, Operand, exact, expect

type Arithmetic = ast.Arithmetic | Modulo | IntegerDivision | Power

_FORMS: dict[type, str] = {
    ast.Add: "({0} + {1})",
    ast.Sub: "({0} - {1})",
    ast.Mul: "({0} * {1})",
    ast.Div: "({0} / NULLIF({1}, 0))",
    Modulo: "mod({0}, NULLIF({1}, 0))",
    IntegerDivision: "div({0}, NULLIF({1}, 0))",
    # In doubles, where they reach; OFFSET keeps the planner from copying the operands into each branch. What is
    # not real (roots of negative numbers, 0 to a negative power) or leaves the range of a double is NULL.
    Power: (
        "(SELECT CASE WHEN p.x IS NULL OR p.y IS NULL THEN NULL"
        " WHEN p.x = 0 THEN CASE WHEN p.y > 0 THEN 0 WHEN p.y = 0 THEN 1 END"
        " WHEN abs(p.x) > 1e300 OR abs(p.x) < 1e-300 OR abs(p.y) > 1e6 THEN NULL"
        " WHEN abs(p.y) < 1e-300 THEN 1"
        " WHEN p.x < 0 AND p.y <> trunc(p.y) THEN NULL"
        " WHEN abs(p.y::float8 * ln(abs(p.x)::float8)) > 680 THEN NULL"
        " ELSE power(p.x::float8, p.y::float8)::text::numeric END"
        " FROM (SELECT {0} AS x, {1} AS y OFFSET 0) AS p)"
    ),
}


def compute(node: Arithmetic, left: Operand, right: Operand) -> Operand:
    """Join two numbers; division and modulo by zero are NULL.

    Raises:
        BadFilter: an operand is not a number.
    """
    x, y = exact(expect(left, NUMERIC)), exact(expect(right, NUMERIC))
    sql = _FORMS[type(node)].format(x.sql, y.sql)
    return Operand(ColumnType.NUMBER, sql, x.params + y.params, exact=True)
