"""A collection as SQL sees it: the table, quoted names, and the conditions that every query on it carries."""

import itertools
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from catalogue.layer import Column, Geometry, Layer, Rows, ValidTime
from catalogue.profile import Between, Collection, OneOf, Operation, Term
from catalogue.types import ColumnType
from core.errors import CatalogueError
from query.condition import EVERYTHING, Condition, all_of
from query.names import Name

KEPT_MAX = 20_000
"""Clients choose columns, CRSs and filters: what they chose long ago need not be kept. All views share the room.

A bound of memory that was chosen; no run measures it.
"""
APART_MAX = 32
"""More administrative units are read together: each that is read apart is planned and begun by itself.

Chosen: no recorded run compares other numbers. ``tests/leaks/test_plans.py`` bounds the pages that are read.
"""
_kept: dict[tuple[int, Hashable], Any] = {}
_numbers = itertools.count()

SQL_TYPES: Mapping[ColumnType, str] = {
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "bigint",
    ColumnType.NUMBER: "float8",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamptz",
    ColumnType.UUID: "uuid",
    ColumnType.TEXT_ARRAY: "text[]",
}


@lru_cache(maxsize=4096)
def quoted(identifier: str) -> str:
    """Return an identifier in quotes, safe inside a statement with ``%s`` placeholders."""
    return '"' + identifier.replace('"', '""').replace("%", "%%") + '"'


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The ready SQL parts of one collection, made once per profile; equal to itself alone.

    Attributes:
        source: ``schema.table AS t``.
        names: what filters may name.
        rows: conditions that every row must meet: what the layer publishes, and the scope of the profile.
        besides: the same without the administrative units, for statements that read one unit after the other.
        counted: the counters of the change log know the number of rows of this view: it has no term but the territory.
        territory: the administrative units that it is limited to, ``None``: to none.
        time: the valid time, where all of it is published; ``datetime`` asks nothing else.
        search: the column that ``q`` reads, where all that it is made of is published.
    """

    collection: Collection
    source: str
    key: str
    names: Mapping[str, Name]
    rows: Condition
    besides: Condition
    counted: bool
    territory: tuple[int, ...] | None
    time: ValidTime | None
    search: str | None
    _number: int = field(default_factory=_numbers.__next__, init=False, repr=False)

    def keep[Made](self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what depends on the view and the key alone, made by ``make`` unless it is still kept."""
        made = _kept.get((self._number, key))
        if made is None:
            made = make()
            if len(_kept) >= KEPT_MAX:
                _kept.clear()
            _kept[self._number, key] = made
        return made

    @property
    def units(self) -> tuple[int, ...]:
        """Return the administrative units that are read each apart: those that ``rows`` selects, if they are a few."""
        units = self.territory or ()
        return units if 1 < len(units) <= APART_MAX and self.rows != EVERYTHING else ()

    @property
    def unit(self) -> str:
        """Return the SQL expression of the administrative unit of a row."""
        return f"t.{quoted(self.layer.territory)}"

    @property
    def layer(self) -> Layer:
        return self.collection.layer

    @property
    def geometry(self) -> Geometry | None:
        return self.collection.geometry

    def expression(self, column: Column) -> str:
        """Return the SQL expression of a column."""
        return expression_of(column)


def expression_of(column: Column) -> str:
    """Return the SQL expression of a column of the table ``t``."""
    written = f"t.{quoted(column.name)}"
    return f"greatest({written}, cb.vao(t.{quoted(column.seen_from)}))" if column.seen_from else written


def view_of(collection: Collection) -> View:
    """Prepare the view of a collection."""
    layer = collection.layer
    within = [_scope(each, layer) for each in collection.scope.terms if each.column == layer.territory]
    further = [_scope(each, layer) for each in collection.scope.terms if each.column != layer.territory]
    return View(
        time=_time(collection),
        search=_search(collection),
        collection=collection,
        source=f"{quoted(layer.schema)}.{quoted(layer.table)} AS t",
        key=f"t.{quoted(layer.key.name)}",
        names=_names(collection),
        rows=all_of([*within, _in_force(layer), *further]),
        besides=all_of([_in_force(layer), *further]),
        counted=all(each.column == layer.territory for each in collection.scope.terms),
        territory=_territory(collection),
    )


def view_of_none(collection: Collection) -> View:
    """Prepare the view of who may read no row of a collection: it has its columns, and does not touch its table."""
    layer = collection.layer
    table = f"{quoted(layer.schema)}.{quoted(layer.table)}"
    return replace(view_of(collection), source=f"(SELECT (NULL::{table}).* WHERE false) AS t")


def _territory(collection: Collection) -> tuple[int, ...] | None:
    match collection.scope.term(collection.layer.territory):
        case OneOf(values=values):
            return tuple(dict.fromkeys(int(each) for each in values))
        case _:
            return None


def _names(collection: Collection) -> dict[str, Name]:
    names = {each.name: Name(each.name, each.type, expression_of(each)) for each in collection.queryables}
    geometry = collection.geometry
    if geometry and collection.allows(Operation.QUERY):
        names["geometry"] = Name("geometry", ColumnType.GEOMETRY, f"t.{quoted(geometry.lonlat)}")
    return names


def _search(collection: Collection) -> str | None:
    layer = collection.layer
    may_ask = collection.allows(Operation.QUERY) and all(collection.column(each) for each in layer.search_reads)
    return layer.search if may_ask else None


def _in_force(layer: Layer) -> Condition:
    if layer.rows is Rows.IN_FORCE and layer.time and layer.time.end:
        return Condition(f"t.{quoted(layer.time.end)} IS NULL")
    return EVERYTHING


def _time(collection: Collection) -> ValidTime | None:
    """Return the valid time of a collection that publishes it: its begin, and its end where rows may have one."""
    layer, time = collection.layer, collection.layer.time
    if time is None or collection.column(time.begin) is None:
        return None
    open_end = time.end is None or layer.rows is Rows.IN_FORCE
    return time if open_end or collection.column(time.end or "") else None


@lru_cache(maxsize=4096)
def written(units: tuple[int, ...]) -> str:
    """Return administrative units as an array in SQL.

    They are numbers of the profile and of no client. Written out, they are known to whoever plans, whatever else is
    bound: one plan for each profile may be kept.
    """
    return f"'{{{','.join(map(str, map(int, units)))}}}'::int[]"


def _within(column: str, units: tuple[int, ...]) -> Condition:
    """Return that a column is one of some units; of many in a type that leads to no index of unit and box or word.

    To enter such an index for each of them takes longer than to look at what else it finds.
    """
    if len(units) == 1:
        return Condition(f"{column} = {units[0]}")
    written_units = written(units) if len(units) <= APART_MAX else written(units).replace("::int[]", "::bigint[]")
    return Condition(f"{column} = ANY ({written_units})")


def _scope(term: Term, layer: Layer) -> Condition:
    column = f"t.{quoted(term.column)}"
    if term.column == layer.territory and isinstance(term, OneOf):
        return _within(column, tuple(int(each) for each in term.values))
    type_ = _type_of(term, layer)
    match term:
        case OneOf(values=(only,)):
            return Condition(f"{column} = %s::{type_}", (only,))  # an index in the order of its rows serves this
        case OneOf(values=values):
            return Condition(f"{column} = ANY (%s::{type_}[])", (list(values),))
        case Between(begin=begin, end=end):
            return all_of(
                Condition(f"{column} {operator} %s::{type_}", (limit,))
                for operator, limit in ((">=", begin), ("<", end))
                if limit is not None
            )


def _type_of(term: Term, layer: Layer) -> str:
    """Return the SQL type of the column of a term; the territory and the key of a row need not be among the columns."""
    declared = next((each.type for each in layer.columns if each.name == term.column), None)
    if any(each.seen_from == term.column for each in layer.columns):
        declared = declared or ColumnType.TEXT
    if declared is None and term.column != layer.territory:
        raise CatalogueError(f"layer '{layer.id}' has no column '{term.column}' for a scope of rows")
    return SQL_TYPES[declared or ColumnType.INTEGER]
