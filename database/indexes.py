"""Set the indexes of tables aside for a bulk load: to build one at the end is several times faster than to grow it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg import Connection, sql

from database.queries import load

_QUERIES = load("database", "indexes.sql")


def set_aside(connection: Connection[Any], tables: Iterable[str]) -> list[str]:
    """Drop the indexes that no constraint needs, within the transaction; return the statements that make them."""
    found = connection.execute(_QUERIES["droppable"].encode(), {"tables": list(tables)}).fetchall()
    for schema, index, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(schema, index)))
    return [definition for _, _, definition in found]


def put_back(
    connection: Connection[Any],
    definitions: Sequence[str],
    *,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> None:
    """Make the indexes again; ``progress`` is told (how many are made, how many there are)."""
    for number, definition in enumerate(definitions, start=1):
        connection.execute(definition.encode())
        progress(number, len(definitions))
