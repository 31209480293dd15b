"""Tables as they really are: what ``database.check`` compares the layer catalogue with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from database.queries import load

_QUERIES = load("database", "tables.sql")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column; ``type`` as ``format_type`` writes it, ``collation`` empty where the type has none."""

    name: str
    type: str
    collation: str
    not_null: bool


@dataclass(frozen=True, slots=True)
class Index:
    """A valid index.

    Attributes:
        method: ``btree``, ``gist``, ``gin`` ...
        columns: key columns in order; an expression is ``''``.
        operators: operator class of the first key.
        predicate: condition of a partial index as SQL, else empty.
    """

    method: str
    columns: tuple[str, ...]
    operators: str
    predicate: str
    is_unique: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What the catalogue relies on of one table.

    Attributes:
        logged: arguments of the change-log trigger of each event that one watches; ``TRUNCATE`` is refused.
        guard: the conditions of further terms in row security, as SQL; ``None``: the table is not behind it.
    """

    name: str
    columns: Mapping[str, TableColumn]
    indexes: tuple[Index, ...]
    logged: Mapping[str, tuple[str, ...]]
    guard: str | None


def read_tables(connection: Connection[Any], names: Iterable[str]) -> dict[str, Table]:
    """Return the tables of these qualified names that exist."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_QUERIES["tables"].encode(), {"tables": sorted(set(names))})
        return {row["name"]: _table(row) for row in cursor if row["present"]}


def read_codelists(connection: Connection[Any]) -> frozenset[str]:
    """Return the names of the code lists that hold a code."""
    return frozenset(name for (name,) in connection.execute(_QUERIES["codelists"].encode()))


def _table(row: dict[str, Any]) -> Table:
    columns = [TableColumn(**each) for each in row["columns"] or ()]
    indexes = tuple(_index(each) for each in row["indexes"] or ())
    logged = {event: tuple(arguments) for event, arguments in (row["logged"] or {}).items()}
    return Table(row["name"], {each.name: each for each in columns}, indexes, logged, row["guard"])


def _index(found: dict[str, Any]) -> Index:
    columns = tuple(str(each) for each in found.pop("columns"))
    return Index(columns=columns, **found)
