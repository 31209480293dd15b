"""What publishing a version would do: columns and rows gained and lost, a sample, and the time that hidden rows cost.

PostgreSQL itself is asked, as it would answer then: one transaction of the publisher login publishes the candidate
profiles, takes on their roles, counts and looks, and is rolled back; PostgreSQL refuses to commit such a transaction.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import Any, cast

from psycopg import Connection, sql
from psycopg.errors import QueryCanceled
from psycopg.types.json import Jsonb

from auth.model import AgreementKind, Function, GrantInForce, Period
from auth.policy.clauses import Json, Vocabulary
from auth.policy.compiler import Refused, compile_profile_of, compile_public, conflict
from auth.rights.in_force import grants_in
from auth.rights.publishing import Holder, functions_of, read_grants, read_holders
from auth.sharing.agreements import PACKAGE, Agreement, Version, in_work
from catalogue.layer import Column, Layer
from catalogue.parts import part_names, parts_of
from catalogue.profile import (
    Between,
    Collection,
    OneOf,
    Operation,
    Profile,
    Term,
    everything,
)
from catalogue.types import ColumnType
from core.errors import QueryTimeout
from database.queries import load
from query.effect import box_statement, difference_statement, hidden_boxes_statement, sample_statement
from query.items import Statement
from query.view import View, view_of

SAMPLE_ROWS = 3
BOXES = 40
BOX_SIDE_DEG = 0.004
"""About 400 m: what a map shows of a few parcels."""
_TIMEOUT = "SET LOCAL statement_timeout = '60s'"
_WHOLE = "-"
_EMPTY_SEA = (100.0, 1.0)
"""West and south of where no row of a Vietnamese province lies."""

_SQL = load("auth.sharing", "effect.sql")


@dataclass(frozen=True, slots=True)
class CollectionEffect:
    """What changes in one collection for one class of accounts.

    Attributes:
        rows_before: exact numbers of rows; ``sample`` holds a few of those afterwards, by column, as text.
    """

    id: str
    columns_gained: tuple[str, ...]
    columns_lost: tuple[str, ...]
    operations_gained: tuple[str, ...]
    operations_lost: tuple[str, ...]
    geometry_before: bool
    geometry_after: bool
    rows_before: int
    rows_after: int
    rows_gained: int
    rows_lost: int
    sample: tuple[Mapping[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ClassEffect:
    """What changes for the accounts that hold the same functions; ``-`` is the unit as a whole, or everybody."""

    functions: tuple[str, ...]
    accounts: tuple[str, ...]
    collections: tuple[CollectionEffect, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a box with hidden rows takes against an empty one, for a scope with terms besides the territory."""

    collection: str
    hidden_ms: float
    empty_ms: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of publishing one version, on its first day or today if that is past."""

    agreement: str
    number: int
    body_hash: str
    day: date
    classes: tuple[ClassEffect, ...]
    timings: tuple[Timing, ...]


@dataclass(frozen=True, slots=True)
class _Class:
    functions: tuple[Function, ...]
    accounts: tuple[str, ...]


def effect_of(connection: Connection[Any], agreement: Agreement, *, vocabulary: Vocabulary, day: date) -> Effect:
    """Show what publishing the version in work would do.

    Args:
        connection: of the publisher login, inside a transaction.

    Raises:
        Conflict: no version is in work; or somebody would have more than was agreed.
        QueryTimeout: counting one collection takes longer than a minute.
    """
    version = in_work(connection, agreement, ("draft", "proposed", "accepted"))
    first = max(day, version.valid_from)
    old = _published(connection, agreement, first)
    kind = AgreementKind.DEFAULT if agreement.kind == PACKAGE else AgreementKind(agreement.kind)
    new = _replaced(old, agreement, kind, version)
    with connection.transaction(force_rollback=True):
        connection.execute(_TIMEOUT)
        look = _Look(connection, vocabulary)
        classes = tuple(
            ClassEffect(
                tuple(function.code for function in each.functions) or (_WHOLE,),
                each.accounts,
                look.compared(
                    _profile(old, each, kind, vocabulary, first), _profile(new, each, kind, vocabulary, first)
                ),
            )
            for each in _classes(connection, agreement, first)
        )
        timings = timing(connection, _profile(new, _Class((), ()), kind, vocabulary, first), vocabulary)
    return Effect(agreement.code, version.number, version.body_hash, first, classes, timings)


def timing(connection: Connection[Any], profile: Profile, vocabulary: Vocabulary) -> tuple[Timing, ...]:
    """Measure boxes full of hidden rows against empty ones, where rows are limited by more than their territory.

    Args:
        connection: of the publisher login, inside a transaction that will be rolled back.
    """
    look = _Look(connection, vocabulary)
    wanted = [each for each in profile.collections.values() if _is_further_limited(each)]
    found = (look.timed(profile, each) for each in wanted)
    return tuple(each for each in found if each)


class _Look:
    """Looks at tables through profiles that are published for the time of one transaction."""

    def __init__(self, connection: Connection[Any], vocabulary: Vocabulary) -> None:
        self._connection = connection
        self._ruler = everything(_with_measures(each) for each in vocabulary.layers.values())

    def compared(self, before: Profile, after: Profile) -> tuple[CollectionEffect, ...]:
        """Compare what two profiles show, collection by collection."""
        ids = sorted({*before.collections, *after.collections})
        return tuple(self._changed(before.collections.get(each), after, each) for each in ids)

    def _changed(self, old: Collection | None, after: Profile, id_: str) -> CollectionEffect:
        new = after.collections.get(id_)
        views = [view_of(_measured(each)) if each else None for each in (old, new)]
        layer = id_.partition("~")[0]
        counts = self._through(self._ruler, layer, difference_statement(views[0], views[1]))[0]
        sample = self._sample(after, new) if new else ()
        columns = _gained_and_lost(_names(old), _names(new))
        operations = _gained_and_lost(_operations(old), _operations(new))
        return CollectionEffect(
            id=id_,
            columns_gained=columns[0],
            columns_lost=columns[1],
            operations_gained=operations[0],
            operations_lost=operations[1],
            geometry_before=bool(old and old.geometry),
            geometry_after=bool(new and new.geometry),
            rows_before=counts[0],
            rows_after=counts[1],
            rows_gained=counts[2],
            rows_lost=counts[3],
            sample=sample,
        )

    def _sample(self, profile: Profile, collection: Collection) -> tuple[Mapping[str, str | None], ...]:
        rows = self._through(profile, collection.id, sample_statement(view_of(collection), SAMPLE_ROWS))
        names = [each.name for each in collection.columns]
        return tuple(dict(zip(names, row, strict=True)) for row in rows)

    def timed(self, profile: Profile, collection: Collection) -> Timing | None:
        """Time one collection; ``None`` where it has no geometry or hides nothing."""
        geometry = collection.geometry
        if geometry is None:
            return None
        whole = view_of(self._ruler.collections[collection.layer.id])
        seek = hidden_boxes_statement(whole, view_of(_measured(collection)), geometry.lonlat, BOXES, BOX_SIDE_DEG)
        hidden = self._through(self._ruler, collection.layer.id, seek)
        if not hidden:
            return None
        empty = [_sea_box(number) for number in range(len(hidden))]
        view = view_of(collection)
        spent: tuple[list[float], list[float]] = ([], [])
        self._take_on(profile, collection.id)
        for boxes in zip(hidden, empty, strict=True):
            for box, times in zip(boxes, spent, strict=True):
                times.append(self._milliseconds(view, geometry.lonlat, box))
        self._connection.execute("SET LOCAL ROLE NONE")
        slow, quick = median(spent[0]), median(spent[1])
        return Timing(collection.id, round(slow, 3), round(quick, 3), round(slow / quick, 2))

    def _milliseconds(self, view: View, geometry: str, box: Sequence[float]) -> float:
        text, params = box_statement(view, geometry, box)
        begun = time.perf_counter()
        self._connection.execute(text.encode(), params).fetchall()
        return (time.perf_counter() - begun) * 1000

    def _through(self, profile: Profile, collection: str, statement: Statement) -> list[tuple[Any, ...]]:
        """Run a statement as the role by which a profile reads a collection."""
        self._take_on(profile, collection)
        try:
            rows = self._connection.execute(statement[0].encode(), statement[1]).fetchall()
        except QueryCanceled as exc:
            raise QueryTimeout from exc
        self._connection.execute("SET LOCAL ROLE NONE")
        return rows

    def _take_on(self, profile: Profile, collection: str) -> None:
        values = {"hash": profile.hash, "part": part_names(profile)[collection, Operation.READ]}
        published = values | {"body": Jsonb({}), "parts": Jsonb(_written_parts(profile))}
        self._connection.execute(_SQL["publish_profile"].encode(), published)
        row = cast("tuple[str]", self._connection.execute(_SQL["preview"].encode(), values).fetchone())
        self._connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(row[0])))


def _published(connection: Connection[Any], agreement: Agreement, day: date) -> Sequence[GrantInForce]:
    """Return what the recipient (or everybody) has by its published agreements."""
    if agreement.kind == PACKAGE:
        return ()
    units = [agreement.recipient_id] if agreement.recipient_id else []
    return read_grants(connection, units, day).get(agreement.recipient_id, [])


def _replaced(
    old: Iterable[GrantInForce], agreement: Agreement, kind: AgreementKind, version: Version
) -> tuple[GrantInForce, ...]:
    """Return the grants after publishing: those of older versions end where this one begins."""
    kept = [_cut(each, version.valid_from) if each.agreement == agreement.code else each for each in old]
    return (*(each for each in kept if each), *grants_in(agreement.code, kind, version.body))


def _cut(grant: GrantInForce, day: date) -> GrantInForce | None:
    if grant.period.since >= day:
        return None
    until = day if grant.period.until is None else min(day, grant.period.until)
    return replace(grant, period=replace(grant.period, until=until))


def _classes(connection: Connection[Any], agreement: Agreement, day: date) -> tuple[_Class, ...]:
    """Return the accounts of the recipient by the functions that they hold; the unit as a whole comes first."""
    whole = _Class((), ())
    if agreement.recipient_id is None:
        return (whole,)
    alike: dict[str, list[Holder]] = {}
    for holder in read_holders(connection, agreement.recipient_id, day):
        alike.setdefault(holder.functions, []).append(holder)
    names = dict(connection.execute(_SQL["names"].encode(), {"unit": agreement.recipient_id}).fetchall())
    held = (([each for each in functions_of(who[0]) if each.period.holds(day)], who) for who in alike.values())
    classes = (_Class(tuple(functions), tuple(names[each.id] for each in who)) for functions, who in held if functions)
    return (whole, *sorted(classes, key=lambda each: each.accounts))


def _profile(
    grants: Sequence[GrantInForce], which: _Class, kind: AgreementKind, vocabulary: Vocabulary, day: date
) -> Profile:
    if kind is AgreementKind.PUBLIC:
        compiled = compile_public(grants, vocabulary.layers, day)
    else:
        functions = which.functions or (Function(_WHOLE, _WHOLE, Period(day)),)
        compiled = compile_profile_of(grants, functions, vocabulary.layers, day)
    if isinstance(compiled, Refused):
        raise conflict(compiled)
    return compiled.profile


def _with_measures(layer: Layer) -> Layer:
    """Return a layer as it is measured by: key, territory, what scopes may name, and its geometry."""
    needed = {layer.key.name, layer.territory, *layer.scopes}
    kept = [each for each in layer.columns if each.name in needed]
    if not any(each.name == layer.territory for each in kept):
        kept.append(Column(layer.territory, ColumnType.INTEGER, layer.title))
    return replace(layer, columns=tuple(kept), search=None)


def _measured(collection: Collection) -> Collection:
    """Return a collection by the columns that its rows are measured by."""
    return replace(collection, columns=())


def _is_further_limited(collection: Collection) -> bool:
    return any(each.column != collection.layer.territory for each in collection.scope.terms)


def _sea_box(number: int) -> tuple[float, float, float, float]:
    west, south = _EMPTY_SEA[0] + number * BOX_SIDE_DEG, _EMPTY_SEA[1]
    return west, south, west + BOX_SIDE_DEG, south + BOX_SIDE_DEG


def _names(collection: Collection | None) -> set[str]:
    return {each.name for each in collection.columns} if collection else set()


def _operations(collection: Collection | None) -> set[str]:
    return {each.value for each in collection.allowance.operations} if collection else set()


def _gained_and_lost(old: set[str], new: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(new - old)), tuple(sorted(old - new))


def _written_parts(profile: Profile) -> list[Json]:
    return [
        {
            "part": part.name,
            "views": [
                {
                    "table": view.table,
                    "columns": sorted(view.columns),
                    "in_force": view.in_force,
                    "terms": [_written_term(each) for each in view.terms],
                }
                for view in part.views
            ],
        }
        for part in parts_of(profile)
    ]


def _written_term(term: Term) -> Json:
    match term:
        case OneOf(column, values):
            return {"column": column, "one_of": list(values)}
        case Between(column, begin, end):
            return {"column": column, "begin": begin, "end": end}
