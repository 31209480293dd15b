"""What a profile shows of each table, as SQL of our own: the truth that the server is measured by."""

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from catalogue.layer import Rows
from catalogue.profile import Between, Collection, OneOf, Operation, Profile, Term


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of a table (a condition over ``t``) and those of their columns that somebody sees."""

    collection: Collection
    table: str
    rows: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sight:
    """All that a profile shows.

    Attributes:
        near: tables that the caller's account sees some of, whatever the caller's token is for.
    """

    seen: tuple[Seen, ...]
    near: frozenset[str] = frozenset()

    def hidden_rows(self, table: str) -> str:
        """Return the condition that nothing of a row is seen."""
        return _none_of(each.rows for each in self.seen if each.table == table)

    def hidden_cells(self, table: str, column: str) -> str:
        """Return the condition that a column of a row is not seen."""
        return _none_of(each.rows for each in self.seen if each.table == table and column in each.columns)

    def digest(self, connection: psycopg.Connection[Any]) -> str:
        """Return a digest of every row and column seen; equal digests are equal sights."""
        parts = [
            f"SELECT md5(string_agg(r, '' ORDER BY r)) FROM "
            f"(SELECT ROW({', '.join(f't.{name}' for name in sorted(each.columns))})::text AS r "
            f"FROM {each.table} t WHERE {each.rows}) AS s"
            for each in self.seen
        ]
        if not parts:
            return ""
        found = connection.execute(" UNION ALL ".join(f"({each})" for each in parts)).fetchall()
        return hashlib.sha256(repr(found).encode()).hexdigest()


def sight_of(profile: Profile, operations: Container[Operation] = tuple(Operation)) -> Sight:
    """Return what a profile shows by these operations, facet by facet."""
    facets = {id(each): each for (_, operation), each in profile.facets.items() if operation in operations}
    return Sight(tuple(_seen(each) for each in facets.values()))


def _seen(collection: Collection) -> Seen:
    layer = collection.layer
    names = {each.name for each in collection.columns} | {layer.key.name}
    names |= {each.seen_from for each in collection.columns if each.seen_from}  # tells since when a row is seen
    if collection.geometry:
        names |= {collection.geometry.lonlat, collection.geometry.stored}
    if layer.search and all(collection.column(each) for each in layer.search_reads):
        names.add(layer.search)
    rows = [_condition(each) for each in collection.scope.terms]
    if layer.rows is Rows.IN_FORCE and layer.time and layer.time.end:
        rows.append(f"t.{layer.time.end} IS NULL")
    return Seen(collection, layer.qualified_table, " AND ".join(rows) or "true", frozenset(names))


def _none_of(conditions: Iterable[str]) -> str:
    return " AND ".join(f"(({each}) IS NOT TRUE)" for each in conditions) or "true"


def _condition(term: Term) -> str:
    match term:
        case OneOf(column, values):
            return f"t.{column} IN ({', '.join(map(literal, values))})"
        case Between(column, begin, end):
            limits = ((">=", begin), ("<", end))
            return " AND ".join(f"t.{column} {sign} '{limit}'" for sign, limit in limits if limit is not None)


def literal(value: object) -> str:
    """Return a value as SQL writes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
