"""Set the indexes of tables aside for a bulk load: to build one at the end is several times faster than to grow it."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

_ASIDE = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid = ANY (%s::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1
"""


def set_aside(connection: psycopg.Connection[Any], tables: Iterable[str]) -> list[str]:
    """Drop the indexes that no constraint needs, within the transaction; return the statements that make them."""
    found = connection.execute(_ASIDE, [list(tables)]).fetchall()
    for name, _ in found:
        schema, _, index = name.rpartition(".")
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(schema, index)))
    return [definition for _, definition in found]


def put_back(connection: psycopg.Connection[Any], definitions: Iterable[str]) -> None:
    """Make the indexes again."""
    for definition in definitions:
        connection.execute(definition.encode())
