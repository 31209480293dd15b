"""Scalar operands: an SQL expression with its values and its type, and the rules that bring two to one type.

Texts compare in the C collation, that is by code point. Arithmetic is done in PostgreSQL's ``numeric`` (see
``arithmetic``); an operand that is ``exact`` has that SQL type.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from catalogue.types import ColumnType
from core.errors import BadFilter
from core.phrases import Phrase, alternatives
from query.cql2 import literals

NUMERIC = frozenset({ColumnType.INTEGER, ColumnType.NUMBER})
type Literal = str | bool | int | float | date | UUID
_BIGINT = range(-(2**63), 2**63)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

KINDS = {
    ColumnType.TEXT: Phrase("a text in single quotes"),
    ColumnType.INTEGER: Phrase("a number"),
    ColumnType.NUMBER: Phrase("a number"),
    ColumnType.BOOLEAN: Phrase("a boolean"),
    ColumnType.DATE: Phrase("a date"),
    ColumnType.TIMESTAMP: Phrase("a timestamp"),
    ColumnType.UUID: Phrase("a UUID"),
    ColumnType.TEXT_ARRAY: Phrase("an array of texts"),
    ColumnType.GEOMETRY: Phrase("a geometry"),
}
"""Each type in words, for error texts."""
HOW_WRITTEN = KINDS | {
    ColumnType.BOOLEAN: Phrase("a boolean, TRUE or FALSE"),
    ColumnType.DATE: Phrase("a date, written DATE('2025-06-30')"),
    ColumnType.TIMESTAMP: Phrase("a timestamp, written TIMESTAMP('2025-06-30T17:00:00Z')"),
    ColumnType.UUID: Phrase("a UUID, written as a text"),
}
"""Each type in words, with how a literal of it is written."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One SQL value expression."""

    type: ColumnType
    sql: str
    """One operand of any SQL operator, with a ``%s`` for each of ``params``."""
    params: tuple[object, ...] = ()
    literal: Literal | None = None
    """The value where the client wrote one."""
    exact: bool = False
    """The SQL type is ``numeric``."""
    name: str = ""
    """The property, for error texts; empty for anything else."""


def literal(value: Literal) -> Operand:
    """Bind a literal. An integer beyond 64 bits becomes a double."""
    if isinstance(value, int) and not isinstance(value, bool) and value not in _BIGINT:
        value = float(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    kind, sql = _BOUND[type(value)]
    return Operand(kind, sql, (value,), value)


_BOUND: dict[type, tuple[ColumnType, str]] = {
    bool: (ColumnType.BOOLEAN, "%s::boolean"),
    int: (ColumnType.INTEGER, "%s::bigint"),
    float: (ColumnType.NUMBER, "%s::float8"),
    str: (ColumnType.TEXT, '(%s::text COLLATE "C")'),
    datetime: (ColumnType.TIMESTAMP, "%s::timestamptz"),
    date: (ColumnType.DATE, "%s::date"),
    UUID: (ColumnType.UUID, "%s::uuid"),
}


def same_type(operands: list[Operand]) -> list[Operand]:
    """Bring operands to one type that SQL compares without loss, indexes kept usable.

    A text literal beside a date, timestamp or UUID is read as one.

    Raises:
        BadFilter: their types differ.
    """
    leader = next((each for each in operands if each.literal is None), operands[0])
    if leader.type in NUMERIC:
        return _same_number([expect(each, NUMERIC, leader.name) for each in operands])
    return [expect(each, frozenset({leader.type}), leader.name) for each in operands]


def expect(operand: Operand, wanted: frozenset[ColumnType], beside: str = "") -> Operand:
    """Return the operand as one of the wanted types.

    Args:
        beside: the property whose type is wanted, for the error text.

    Raises:
        BadFilter: it is of another type; the text says which is wanted.
    """
    if operand.type in wanted:
        return operand
    if isinstance(operand.literal, str) and operand.type is ColumnType.TEXT:
        for each in sorted(wanted & _READ.keys()):
            return literal(_READ[each](operand.literal))
    described, found = alternatives(sorted({HOW_WRITTEN[each] for each in wanted}, key=str)), KINDS[operand.type]
    if beside:
        raise BadFilter("{} is wanted beside {}, not {}.", described, literals.shown(beside), found)
    raise BadFilter("{} is wanted, not {}.", described, found)


def _uuid(text: str) -> UUID:
    if _UUID.fullmatch(text) is None:
        raise BadFilter("a UUID is written as 'fa7e1920-9107-422d-a3db-c468cbc5d6df'.")
    return UUID(text)


_READ = {ColumnType.DATE: literals.day, ColumnType.TIMESTAMP: literals.timestamp, ColumnType.UUID: _uuid}


def _same_number(operands: list[Operand]) -> list[Operand]:
    if any(each.exact for each in operands):
        return [exact(each) for each in operands]
    if any(each.type is ColumnType.INTEGER and each.literal is None for each in operands):
        return [_as_integer(each) for each in operands]
    return [_as_number(each) for each in operands]


def _as_integer(operand: Operand) -> Operand:
    value = operand.literal
    if isinstance(value, float) and value.is_integer():
        return literal(int(value))
    return operand


def _as_number(operand: Operand) -> Operand:
    return literal(float(operand.literal)) if isinstance(operand.literal, int) else operand


def exact(operand: Operand) -> Operand:
    """Return a number as SQL ``numeric`` with every digit that it shows; a double has its shortest digits."""
    if operand.exact:
        return operand
    if isinstance(operand.literal, int | float):
        return Operand(operand.type, "%s::numeric", (Decimal(repr(operand.literal)),), operand.literal, exact=True)
    cast = "::numeric" if operand.type is ColumnType.INTEGER else "::text::numeric"
    return replace(operand, sql=f"({operand.sql}{cast})", exact=True)
