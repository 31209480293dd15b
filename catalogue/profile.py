"""Profiles: what one kind of caller may see, compiled into an immutable value."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType

from catalogue.layer import Column, Layer


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
    """The rows that a grant gives: AND of closed terms; no term at all is every row."""

    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """The OGC face of a layer × a grant. What is not in ``columns`` does not exist here."""

    id: str
    layer: Layer
    columns: tuple[Column, ...]
    scope: RowScope

    def column(self, name: str) -> Column | None:
        """Return the published column of that name, or ``None``."""
        return next((each for each in self.columns if each.name == name), None)

    @property
    def queryables(self) -> tuple[Column, ...]:
        """Return the columns that filters may name."""
        return tuple(each for each in self.columns if each.queryable)

    @property
    def sortables(self) -> tuple[Column, ...]:
        """Return the columns that ``sortby`` may name."""
        return tuple(each for each in self.columns if each.sortable)


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that a caller may see.

    Attributes:
        hash: equal for equal profiles; part of the key of every cache.
        valid_until: the next instant at which a grant in it starts or ends; ``None``: no such instant is known.
    """

    hash: str
    collections: Mapping[str, Collection]
    valid_until: datetime | None = None

    def __hash__(self) -> int:
        return hash(self.hash)


def compile_profile(collections: Iterable[Collection], valid_until: datetime | None = None) -> Profile:
    """Return the profile of these collections, in order of their ids."""
    ordered = {each.id: each for each in sorted(collections, key=lambda each: each.id)}
    return Profile(_digest(ordered.values()), MappingProxyType(ordered), valid_until)


def everything(layers: Iterable[Layer]) -> Profile:
    """Return the profile of who may see every published column of every row."""
    return compile_profile(Collection(layer.id, layer, layer.columns, RowScope()) for layer in layers)


def _digest(collections: Iterable[Collection]) -> str:
    """Digest all that is compiled: whatever differs in it may differ in an answer."""
    content = [
        [each.id, asdict(each.layer), [asdict(column) for column in each.columns], sorted(map(_term, each.scope.terms))]
        for each in collections
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _term(term: Term) -> str:
    match term:
        case OneOf(column, values):
            return json.dumps(["in", column, *sorted(values, key=str)])
        case Between(column, begin, end):
            return json.dumps(["between", column, begin, end])
