"""Tables as they really are: what ``database.check`` compares the layer catalogue with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
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
    readable: bool


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
        enters: the role may use the schema.
        logged: arguments of the change-log trigger of each event that one watches; ``TRUNCATE`` is refused.
    """

    name: str
    columns: Mapping[str, TableColumn]
    indexes: tuple[Index, ...]
    logged: Mapping[str, tuple[str, ...]]
    enters: bool


def read_tables(connection: Connection[Any], names: Iterable[str], role: str) -> dict[str, Table]:
    """Return the tables of these qualified names that exist; privileges are those of ``role``."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_QUERIES["tables"].encode(), {"tables": sorted(set(names)), "role": role})
        return {row["name"]: _table(row) for row in cursor if row["present"]}


def public_role(connection: Connection[Any]) -> str:
    """Return the profile role of a caller without a token; empty when there is none."""
    row = connection.execute(_QUERIES["public_role"].encode()).fetchone()
    return str(row[0] or "") if row else ""


def read_codelists(connection: Connection[Any], role: str) -> frozenset[str]:
    """Return the names of the code lists that hold a code, read as ``role``; the connection keeps its own role."""
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        return frozenset(name for (name,) in connection.execute(_QUERIES["codelists"].encode()))


def _table(row: dict[str, Any]) -> Table:
    columns = [TableColumn(**each) for each in row["columns"] or ()]
    indexes = tuple(_index(each) for each in row["indexes"] or ())
    logged = {event: tuple(arguments) for event, arguments in (row["logged"] or {}).items()}
    return Table(row["name"], {each.name: each for each in columns}, indexes, logged, row["enters"])


def _index(found: dict[str, Any]) -> Index:
    columns = tuple(str(each) for each in found.pop("columns"))
    return Index(columns=columns, **found)
