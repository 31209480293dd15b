"""Profiles: what one kind of caller may see, compiled into an immutable value."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from catalogue.key_names import COMPONENTS, KEY, RECORDS, full_of, of_component
from catalogue.layer import Column, Geometry, Layer
from core.errors import CatalogueError

type Json = dict[str, Any]


class Operation(StrEnum):
    """What a grant may allow to be done with a collection."""

    READ = "read"
    """Describe it, page through it by place and time, read single items."""
    QUERY = "query"
    """Select and order by properties: ``filter``, ``q``, ``sortby``, and parameters named after queryables."""
    TILE = "tile"
    EXPORT = "export"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    EXECUTE = "execute"
    """Let processes read it."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Rows whose ``column`` equals one of ``values``."""

    column: str
    values: tuple[int, ...] | tuple[str, ...] | tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Rows whose ``column`` lies at or after ``begin`` and before ``end``: date or number as text, ``None`` is open."""

    column: str
    begin: str | None
    end: str | None


type Term = OneOf | Between


@dataclass(frozen=True, slots=True)
class RowScope:
    """The rows that a grant gives: AND of closed terms, one for each column; no term at all is every row."""

    terms: tuple[Term, ...] = ()

    def term(self, column: str) -> Term | None:
        """Return the term on a column, or ``None``: that column limits nothing."""
        return next((each for each in self.terms if each.column == column), None)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be done with a collection, and how much of it leaves.

    Attributes:
        formats: keys of the formats in which items leave; ``None``: every format that there is.
        page_max: most items on a page; ``None``: as many as the server gives anybody.
        daily_items: most items a day for the unit; ``None``: no such limit.
    """

    operations: frozenset[Operation]
    formats: frozenset[str] | None = None
    page_max: int | None = None
    daily_items: int | None = None


EVERY_OPERATION = Allowance(frozenset(Operation))
READING = Allowance(frozenset({Operation.READ, Operation.QUERY}))


@dataclass(frozen=True, slots=True)
class Collection:
    """The OGC face of a layer × a grant. What is not in ``columns`` does not exist here.

    Attributes:
        id: that of the layer for default sharing, ``layer~agreement`` for a special request.
        shows_geometry: the geometry is part of the grant; without it the collection is a table.
    """

    id: str
    layer: Layer
    columns: tuple[Column, ...]
    scope: RowScope
    shows_geometry: bool = True
    allowance: Allowance = EVERY_OPERATION

    def column(self, name: str) -> Column | None:
        """Return the published column of that name, or ``None``."""
        return next((each for each in self.columns if each.name == name), None)

    @property
    def geometry(self) -> Geometry | None:
        """Return the geometry as far as it is published."""
        return self.layer.geometry if self.shows_geometry else None

    @property
    def queryables(self) -> tuple[Column, ...]:
        """Return the columns that filters may name."""
        return tuple(each for each in self.columns if each.queryable) if self.allows(Operation.QUERY) else ()

    @property
    def sortables(self) -> tuple[Column, ...]:
        """Return the columns that ``sortby`` may name."""
        return tuple(each for each in self.columns if each.sortable) if self.allows(Operation.QUERY) else ()

    def allows(self, operation: Operation) -> bool:
        """Tell whether the operation may be done with these rows and columns."""
        return operation in self.allowance.operations


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that a caller may see.

    Attributes:
        hash: equal for equal profiles; part of the key of every cache.
        collections: those that may be read, by id.
        facets: what each operation sees of a collection, by (id, operation): mostly what reading sees.
        valid_until: the next instant at which a grant in it starts or ends; ``None``: no such instant is known.
    """

    hash: str
    collections: Mapping[str, Collection]
    facets: Mapping[tuple[str, Operation], Collection]
    valid_until: datetime | None = None

    def __hash__(self) -> int:
        return hash(self.hash)

    def facet(self, collection_id: str, operation: Operation) -> Collection | None:
        """Return what an operation sees of a collection, or ``None``: it is not allowed there."""
        return self.facets.get((collection_id, operation))


def compile_profile(collections: Iterable[Collection], valid_until: datetime | None = None) -> Profile:
    """Return the profile of these collections, in order of their ids.

    Two collections of one id are two facets of it: no operation may be in both.

    Raises:
        CatalogueError: two collections of one id allow the same operation, or queries see another one than reading.
    """
    ordered = sorted(collections, key=lambda each: (each.id, sorted(each.allowance.operations)))
    facets: dict[tuple[str, Operation], Collection] = {}
    for each in ordered:
        for operation in sorted(each.allowance.operations):
            if facets.setdefault((each.id, operation), each) is not each:
                raise CatalogueError(f"collection '{each.id}' is granted twice for '{operation}'")
    _refuse_odd_queries(facets)
    readable = {id_: each for (id_, operation), each in facets.items() if operation is Operation.READ}
    return Profile(_digest(ordered), MappingProxyType(readable), MappingProxyType(facets), valid_until)


def _refuse_odd_queries(facets: Mapping[tuple[str, Operation], Collection]) -> None:
    for (id_, operation), each in facets.items():
        if operation is Operation.QUERY and facets.get((id_, Operation.READ)) is not each:
            raise CatalogueError(f"collection '{id_}' would be queried in other rows or columns than it is read in")


def everything(layers: Iterable[Layer]) -> Profile:
    """Return the profile of who may see every published column of every row, each record once and in full."""
    given = tuple(layers)
    return compile_profile(_all_records(each, given) if each.id == RECORDS else whole(each) for each in given)


def whole(layer: Layer) -> Collection:
    """Return a layer as a collection from which nothing is held back; records are read and queried, no more."""
    allowance = READING if layer.id == RECORDS else EVERY_OPERATION
    return Collection(layer.id, layer, layer.columns, RowScope(), allowance=allowance)


def _all_records(records: Layer, layers: Iterable[Layer]) -> Collection:
    keys = [full_of(each.id, with_access=True) for each in layers if each.id != RECORDS]
    keys += [of_component(each) for each in COMPONENTS]
    return replace(whole(records), scope=RowScope((OneOf(KEY, tuple(sorted(keys))),)))


def body_of(profile: Profile) -> Json:
    """Return a profile as JSON, layers by their ids. ``profile_of`` reads it."""
    return {"collections": [_written(each) for each in _distinct(profile)]}


def profile_of(body: Json, layers: Iterable[Layer], valid_until: datetime | None = None) -> Profile:
    """Return the profile that ``body_of`` wrote.

    Raises:
        CatalogueError: it names a layer or a column that is not declared any more.
    """
    known = {each.id: each for each in layers}
    return compile_profile((_read(each, known) for each in body["collections"]), valid_until)


def _distinct(profile: Profile) -> list[Collection]:
    return list({id(each): each for each in profile.facets.values()}.values())


def _written(collection: Collection) -> Json:
    allowance = collection.allowance
    return {
        "id": collection.id,
        "layer": collection.layer.id,
        "columns": [each.name for each in collection.columns],
        "rows": [written_term(each) for each in collection.scope.terms],
        "geometry": collection.shows_geometry,
        "operations": sorted(allowance.operations),
        "formats": None if allowance.formats is None else sorted(allowance.formats),
        "page_max": allowance.page_max,
        "daily_items": allowance.daily_items,
    }


def written_term(term: Term) -> Json:
    """Return a term as JSON."""
    match term:
        case OneOf(column, values):
            return {"column": column, "one_of": list(values)}
        case Between(column, begin, end):
            return {"column": column, "begin": begin, "end": end}


def _read(written: Json, layers: Mapping[str, Layer]) -> Collection:
    layer = layers.get(written["layer"])
    if layer is None:
        raise CatalogueError(f"a profile names the layer '{written['layer']}', which no file declares")
    formats = written["formats"]
    return Collection(
        id=written["id"],
        layer=layer,
        columns=tuple(_column(layer, name) for name in written["columns"]),
        scope=RowScope(tuple(_read_term(each) for each in written["rows"])),
        shows_geometry=written["geometry"],
        allowance=Allowance(
            operations=frozenset(Operation(each) for each in written["operations"]),
            formats=None if formats is None else frozenset(formats),
            page_max=written["page_max"],
            daily_items=written["daily_items"],
        ),
    )


def _column(layer: Layer, name: str) -> Column:
    found = next((each for each in layer.columns if each.name == name), None)
    if found is None:
        raise CatalogueError(f"a profile names the column '{name}', which layer '{layer.id}' does not declare")
    return found


def _read_term(written: Json) -> Term:
    if "one_of" in written:
        return OneOf(written["column"], tuple(written["one_of"]))
    return Between(written["column"], written["begin"], written["end"])


def _digest(collections: Iterable[Collection]) -> str:
    """Digest all that is compiled: whatever differs in it may differ in an answer."""
    content = [
        [
            _described(each.layer),
            [_described(column) for column in each.columns],
            _written(each) | {"rows": _sorted_rows(each)},
        ]
        for each in collections
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=4096)
def _described(declared: Layer | Column) -> Json:
    """Return what a file declares, for reading only; profiles by the hundred are made of the same few."""
    return asdict(declared)


def _sorted_rows(collection: Collection) -> list[str]:
    return sorted(map(_term, collection.scope.terms))


def _term(term: Term) -> str:
    match term:
        case OneOf(column, values):
            return json.dumps(["in", column, *sorted(values, key=str)])
        case Between(column, begin, end):
            return json.dumps(["between", column, begin, end])
