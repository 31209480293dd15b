"""Parts of a profile: what one database role stands for. Source: the second wall, ``docs/explanation/permissions.md``.

A role reads each table by one set of rows and one set of columns. Collections that agree on both, table by table, share
a part; another view of a table that is taken already opens a part of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.layer import Layer, Rows
from catalogue.profile import Collection, Operation, Profile, Term

BASE = "0"
"""The first part, which also stands for a profile without any collection."""


@dataclass(frozen=True, slots=True)
class TableView:
    """One table as one role may read it.

    Attributes:
        columns: all columns that it may read, published or needed to select rows.
        in_force: rows whose validity has no end, only.
        terms: conditions on the rows, ordered by column; none is every row.
    """

    table: str
    columns: frozenset[str]
    in_force: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one role may read."""

    name: str
    views: tuple[TableView, ...]


def table_view(collection: Collection) -> TableView:
    """Return the table behind a collection as its role may read it."""
    layer = collection.layer
    terms = tuple(sorted(collection.scope.terms, key=lambda each: each.column))
    return TableView(layer.qualified_table, _columns(collection), layer.rows is Rows.IN_FORCE, terms)


def parts_of(profile: Profile) -> tuple[Part, ...]:
    """Return the parts of a profile; the first is the base, which may be empty."""
    return tuple(Part(str(n), tuple(views.values())) for n, views in enumerate(_divided(profile)[0]))


def part_names(profile: Profile) -> Mapping[tuple[str, Operation], str]:
    """Return which part each operation on each collection reads in."""
    return _divided(profile)[1]


def _divided(profile: Profile) -> tuple[list[dict[str, TableView]], dict[tuple[str, Operation], str]]:
    parts: list[dict[str, TableView]] = [{}]
    names: dict[tuple[str, Operation], str] = {}
    for key in sorted(profile.facets, key=lambda key: ("~" in key[0], key)):
        view = table_view(profile.facets[key])
        number = next((n for n, part in enumerate(parts) if part.get(view.table, view) == view), len(parts))
        if number == len(parts):
            parts.append({})
        parts[number][view.table] = view
        names[key] = str(number)
    return parts, names


def _columns(collection: Collection) -> frozenset[str]:
    """Return what is published, and what selecting and encoding read besides."""
    layer = collection.layer
    names = {each.name for each in collection.columns} | {layer.key.name}
    names |= {each.column for each in collection.scope.terms}
    if layer.rows is Rows.IN_FORCE and layer.time and layer.time.end:
        names.add(layer.time.end)
    if collection.geometry:
        names |= {collection.geometry.lonlat, collection.geometry.stored}
    if layer.search and _searches(collection, layer):
        names.add(layer.search)
    return frozenset(names)


def _searches(collection: Collection, layer: Layer) -> bool:
    return collection.allows(Operation.QUERY) and all(collection.column(each) for each in layer.search_reads)
