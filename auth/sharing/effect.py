"""What publishing a version would do: columns and rows gained and lost, a sample, and the time that hidden rows cost.

PostgreSQL itself is asked. Rows are counted by a role that may count and can read nothing else. Once all parties have
accepted, the roles of the candidate profiles are made, in a moment and for nobody; a few rows are read and boxes are
timed through them in a transaction that PostgreSQL refuses to commit. Nothing here keeps publishers waiting.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import Any, cast

from psycopg import Connection, sql
from psycopg.errors import QueryCanceled

from auth.audit import acts
from auth.model import Caller
from auth.policy.clauses import Json, Vocabulary
from auth.sharing.agreements import Agreement, Version, agreement_named, working
from auth.sharing.basis import basis_of, first_day
from auth.sharing.classes import Held, classes_of
from auth.sharing.publication import note_effect_seen
from auth.standing import is_one_person, officer
from catalogue.layer import Text
from catalogue.parts import part_names
from catalogue.profile import Collection, Operation, Profile, RowScope, Term, whole
from catalogue.record_keys import RECORDS, is_frame, keys_of
from core.errors import QueryTimeout
from core.phrases import ENGLISH, Translations
from database.profiles import prepare
from database.queries import load
from query.effect import box_statement, difference_statement, hidden_boxes_statement, sample_statement
from query.items import Statement
from query.view import View, view_of

type Transactions = Callable[[], AbstractContextManager[Connection[Any]]]
"""Lends a transaction of the publisher login."""

SAMPLE_ROWS = 3
SAMPLE_LENGTH = 500
"""Characters of a value that a sample shows."""
MASK = "•••"
"""What stands in a sample for whatever tells of a person, or tells that there is nothing to tell."""
NOTICEABLE = 1.2
"""Above this ratio a stopwatch tells hidden rows from none."""
BOXES = 40
BOX_SIDE_DEG = 0.004
"""About 400 m: what a map shows of a few parcels."""
_TIMEOUT = "SET LOCAL statement_timeout = '60s'"
_EMPTY_SEA = (100.0, 1.0)
"""West and south of where no row of a Vietnamese province lies."""

_SQL = load("auth.sharing", "effect.sql")

type Sample = tuple[dict[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much leaves, and in which formats; ``None``: no such limit, every format."""

    formats: tuple[str, ...] | None
    page_max: int | None
    daily_items: int | None


@dataclass(frozen=True, slots=True)
class FacetEffect:
    """What changes for operations that see the same of a collection before, and the same afterwards.

    Attributes:
        rows_before: exact numbers of rows.
        limits_before: ``None``: these operations were not allowed.
        limits_after: ``None``: they are not allowed any more.
        sample: a few of the rows afterwards, by column, as text and with personal data masked; ``None``: not shown.
    """

    operations: tuple[str, ...]
    columns_gained: tuple[str, ...]
    columns_lost: tuple[str, ...]
    geometry_before: bool
    geometry_after: bool
    rows_before: int
    rows_after: int
    rows_gained: int
    rows_lost: int
    limits_before: Limits | None
    limits_after: Limits | None
    sample: Sample | None


@dataclass(frozen=True, slots=True)
class CollectionEffect:
    """What changes in one collection for one class of accounts."""

    id: str
    operations_gained: tuple[str, ...]
    operations_lost: tuple[str, ...]
    facets: tuple[FacetEffect, ...]


@dataclass(frozen=True, slots=True)
class ClassEffect:
    """What changes for the accounts that hold the same functions; ``-`` is the unit as a whole, or everybody.

    Attributes:
        reasons: why nothing is shown, or what no comparison tells.
    """

    functions: tuple[str, ...]
    accounts: tuple[str, ...]
    reasons: tuple[Text, ...]
    collections: tuple[CollectionEffect, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a box with hidden rows takes against an empty one, for a scope with terms besides the territory.

    Attributes:
        operations: those that see these rows.
        columns: the further columns that limit rows.
        ratio: measured once all have accepted; ``None``: not yet, or nothing is hidden.
        noticeable: a stopwatch may tell hidden rows; what is not measured counts as noticeable.
    """

    collection: str
    operations: tuple[str, ...]
    columns: tuple[str, ...]
    hidden_ms: float | None = None
    empty_ms: float | None = None
    ratio: float | None = None
    noticeable: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of publishing one version, on its first day or today if that is past.

    Attributes:
        effect_hash: of what it rests on; who has seen the effect publishes it while this is so.
    """

    agreement: str
    number: int
    state: str
    body_hash: str
    effect_hash: str
    day: date
    classes: tuple[ClassEffect, ...]
    timings: tuple[Timing, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """What is looked at."""

    agreement: Agreement
    version: Version
    day: date
    effect_hash: str
    classes: tuple[Held, ...]
    shows_sample: bool

    @property
    def is_accepted(self) -> bool:
        return self.version.state == "accepted"


def effect_of(
    transaction: Transactions,
    actor: Caller,
    code: str,
    *,
    vocabulary: Vocabulary,
    day: date,
    vietnamese: Translations = ENGLISH,
) -> Effect:
    """Show what publishing the version in work would do; that it was looked at, and which rows, is on record first.

    Rows are shown once all parties have accepted, and never to who drafted the version.

    Args:
        transaction: of the publisher login; three are used, one after the other.
        vietnamese: translations of what stands in the way of putting rights together.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such agreement.
        Conflict: no version is in work. Rights that cannot be put together are told, and refused when published.
        QueryTimeout: counting one collection takes longer than a minute.
    """
    with transaction() as connection:
        case = _case(connection, actor, code, vocabulary, day, vietnamese)
        if case.is_accepted:
            prepare(connection, {each.after.hash: each.after for each in case.classes if each.after}.values())
    with transaction() as connection, connection.transaction(force_rollback=True):
        connection.execute(_TIMEOUT)
        found = _looked(_Look(connection), case)
    with transaction() as connection:
        _note(connection, actor, found, vocabulary)
    return found


def _case(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    vocabulary: Vocabulary,
    day: date,
    vietnamese: Translations,
) -> _Case:
    """Read what is looked at, and compile it; who acts is no officer of the Sở: ``Forbidden``."""
    who = officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = working(connection, agreement)
    basis = basis_of(connection, agreement, version, day=first_day(version, day))
    classes = classes_of(basis, vocabulary=vocabulary, vietnamese=vietnamese)
    is_other = not is_one_person(connection, who.account, version.maker_id)
    return _Case(agreement, version, basis.day, basis.hash, classes, version.state == "accepted" and is_other)


def _looked(look: "_Look", case: _Case) -> Effect:
    classes = tuple(
        ClassEffect(
            each.functions,
            each.accounts,
            each.reasons,
            look.compared(each.before, each.after, with_sample=case.shows_sample) if each.after else (),
        )
        for each in case.classes
    )
    timings = look.timings([each.after for each in case.classes if each.after], measured=case.is_accepted)
    version = case.version
    return Effect(
        agreement=case.agreement.code,
        number=version.number,
        state=version.state,
        body_hash=version.body_hash,
        effect_hash=case.effect_hash,
        day=case.day,
        classes=classes,
        timings=tuple(timings),
    )


def _note(connection: Connection[Any], actor: Caller, seen: Effect, vocabulary: Vocabulary) -> None:
    """Put on record who saw which body, and which rows of it; whoever saw an accepted one may publish it."""
    after = {
        "number": seen.number,
        "state": seen.state,
        "body_hash": seen.body_hash,
        "effect_hash": seen.effect_hash,
        "sample": _ids(seen, vocabulary),
    }
    acts.record(connection, actor, "agreement.effect", f"agreement:{seen.agreement}", after=after)
    agreement = agreement_named(connection, seen.agreement)
    note_effect_seen(connection, agreement, seen.number, (seen.body_hash, seen.effect_hash), actor)


def _ids(seen: Effect, vocabulary: Vocabulary) -> Json:
    """Return the keys of the rows that were shown, by collection."""
    shown: dict[str, set[str]] = {}
    for each in (collection for one in seen.classes for collection in one.collections):
        key = vocabulary.layers[each.id.partition("~")[0]].key.name
        for rows in (facet.sample for facet in each.facets if facet.sample):
            shown.setdefault(each.id, set()).update(str(row[key]) for row in rows)
    return {key: sorted(ids) for key, ids in sorted(shown.items())}


class _Look:
    """Looks at tables, in a transaction that is rolled back; what looks the same is looked at once."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._counts: dict[tuple[str, RowScope | None, RowScope | None], tuple[int, ...]] = {}
        self._samples: dict[tuple[str, tuple[str, ...], RowScope], Sample] = {}

    def compared(self, before: Profile, after: Profile, *, with_sample: bool) -> tuple[CollectionEffect, ...]:
        """Compare what two profiles show, collection by collection."""
        given = sorted(_given(before) | _given(after))
        return tuple(self._changed(before, after, each, with_sample) for each in given)

    def _changed(self, before: Profile, after: Profile, id_: str, with_sample: bool) -> CollectionEffect:
        gained, lost = _gained_and_lost(_operations(before, id_), _operations(after, id_))
        facets = (
            self._facet(after, operations, old, new, with_sample) for operations, old, new in _alike(before, after, id_)
        )
        return CollectionEffect(id_, gained, lost, tuple(facets))

    def _facet(
        self,
        after: Profile,
        operations: Sequence[Operation],
        old: Collection | None,
        new: Collection | None,
        with_sample: bool,
    ) -> FacetEffect:
        counts = self._difference(old, new)
        columns = _gained_and_lost(_names(old), _names(new))
        return FacetEffect(
            operations=tuple(operations),
            columns_gained=columns[0],
            columns_lost=columns[1],
            geometry_before=bool(old and old.geometry),
            geometry_after=bool(new and new.geometry),
            rows_before=counts[0],
            rows_after=counts[1],
            rows_gained=counts[2],
            rows_lost=counts[3],
            limits_before=old and _limits(old),
            limits_after=new and _limits(new),
            sample=self._sample(after, new, operations[0]) if new and with_sample else None,
        )

    def _difference(self, old: Collection | None, new: Collection | None) -> tuple[int, ...]:
        """Count rows before, after, gained and lost."""
        layer = (new or cast("Collection", old)).layer
        key = layer.id, old and old.scope, new and new.scope
        if key not in self._counts:
            self._counts[key] = self._counted(difference_statement(old and view_of(old), new and view_of(new)))[0]
        return self._counts[key]

    def _sample(self, profile: Profile, collection: Collection, operation: Operation) -> Sample:
        key = collection.layer.id, tuple(each.name for each in collection.columns), collection.scope
        if key not in self._samples:
            self._take_on(profile, collection.id, operation)
            rows = self._asked(sample_statement(view_of(collection), SAMPLE_ROWS))
            self._samples[key] = tuple(_masked(collection, each) for each in rows)
        return self._samples[key]

    def timings(self, profiles: Iterable[Profile], *, measured: bool) -> Iterator[Timing]:
        """Yield what time may tell, for each collection whose rows are limited by more than their territory.

        Functions narrow by territory alone: what one profile told of a collection holds for the next.
        """
        told: set[object] = set()
        for profile in profiles:
            # Records are few, and of which units and layers there are some is no secret: no time is measured of them.
            distinct = (each for each in _distinct(profile) if each.id != RECORDS)
            limited = [(each, further) for each in distinct if (further := _further(each))]
            for each, further in limited:
                if (each.id, further) not in told:
                    operations = tuple(sorted(each.allowance.operations))
                    timing = Timing(each.id, operations, tuple(term.column for term in further))
                    yield (self._timed(profile, each, timing) if measured else None) or timing
            told.update((each.id, further) for each, further in limited)

    def _timed(self, profile: Profile, collection: Collection, timing: Timing) -> Timing | None:
        """Time boxes full of hidden rows against empty ones; ``None``: it has no geometry or hides nothing."""
        hidden = self._hidden_boxes(collection)
        if collection.geometry is None or not hidden:
            return None
        view, spent = view_of(collection), cast("tuple[list[float], list[float]]", ([], []))
        self._take_on(profile, collection.id, min(collection.allowance.operations), twin="_b")
        for number, box in enumerate(hidden):
            for each, times in zip((box, _sea_box(number)), spent, strict=True):
                times.append(self._milliseconds(view, collection.geometry.lonlat, each))
        self._connection.execute("SET LOCAL ROLE NONE")
        slow, quick = median(spent[0]), median(spent[1])
        ratio = round(slow / quick, 2)
        return replace(
            timing, hidden_ms=round(slow, 3), empty_ms=round(quick, 3), ratio=ratio, noticeable=ratio > NOTICEABLE
        )

    def _hidden_boxes(self, collection: Collection) -> list[tuple[float, ...]]:
        """Return boxes around rows that the collection hides."""
        if collection.geometry is None:
            return []
        every = view_of(whole(collection.layer))
        geometry = collection.geometry.lonlat
        return self._counted(hidden_boxes_statement(every, view_of(collection), geometry, BOXES, BOX_SIDE_DEG))

    def _milliseconds(self, view: View, geometry: str, box: Sequence[float]) -> float:
        text, params = box_statement(view, geometry, box)
        corners = ",".join(repr(float(each)) for each in box)
        self._connection.execute(sql.SQL("SET LOCAL datdai.hop = {}").format(sql.Literal(corners)))
        begun = time.perf_counter()
        self._connection.execute(text.encode(), params).fetchall()
        return (time.perf_counter() - begun) * 1000

    def _counted(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Run a statement as the role that may count."""
        self._become(_SQL["counter"], {})
        return self._asked(statement)

    def _asked(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Run a statement as the role that was taken on, and give the role back."""
        try:
            rows = self._connection.execute(statement[0].encode(), statement[1]).fetchall()
        except QueryCanceled as exc:
            raise QueryTimeout from exc
        self._connection.execute("SET LOCAL ROLE NONE")
        return rows

    def _take_on(self, profile: Profile, collection: str, operation: Operation, *, twin: str = "") -> None:
        part = part_names(profile)[collection, operation]
        self._become(_SQL["preview"], {"hash": profile.hash, "part": part, "twin": twin})

    def _become(self, query: str, values: Mapping[str, object]) -> None:
        row = cast("tuple[str]", self._connection.execute(query.encode(), values).fetchone())
        self._connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(row[0])))


def _sea_box(number: int) -> tuple[float, float, float, float]:
    west, south = _EMPTY_SEA[0] + number * BOX_SIDE_DEG, _EMPTY_SEA[1]
    return west, south, west + BOX_SIDE_DEG, south + BOX_SIDE_DEG


def _names(collection: Collection | None) -> set[str]:
    return {each.name for each in collection.columns} if collection else set()


def _given(profile: Profile) -> set[str]:
    """Return the collections that clauses give: not that of records where it only holds frames of the others."""
    return {
        id_
        for (id_, _), facet in profile.facets.items()
        if id_ != RECORDS or not all(is_frame(each) for each in keys_of(facet))
    }


def _operations(profile: Profile, id_: str) -> set[str]:
    return {operation.value for found, operation in profile.facets if found == id_}


def _alike(
    before: Profile, after: Profile, id_: str
) -> Iterator[tuple[list[Operation], Collection | None, Collection | None]]:
    """Yield operations on a collection that see the same before, and the same afterwards, with what they see."""
    found: dict[object, tuple[list[Operation], Collection | None, Collection | None]] = {}
    for operation in Operation:
        old, new = before.facet(id_, operation), after.facet(id_, operation)
        if old or new:
            found.setdefault((_content(old), _content(new)), ([], old, new))[0].append(operation)
    yield from found.values()


def _content(facet: Collection | None) -> object:
    """Return what an operation sees, whichever other operations see it, too."""
    return facet and replace(facet, allowance=replace(facet.allowance, operations=frozenset[Operation]()))


def _distinct(profile: Profile) -> Iterable[Collection]:
    return {id(each): each for each in profile.facets.values()}.values()


def _further(facet: Collection) -> tuple[Term, ...]:
    """Return the terms that limit rows besides their territory."""
    return tuple(each for each in facet.scope.terms if each.column != facet.layer.territory)


def _limits(facet: Collection) -> Limits:
    allowance = facet.allowance
    formats = None if allowance.formats is None else tuple(sorted(allowance.formats))
    return Limits(formats, allowance.page_max, allowance.daily_items)


def _masked(collection: Collection, row: Sequence[str | None]) -> dict[str, str | None]:
    return {
        column.name: MASK if column.personal else _short(value)
        for column, value in zip(collection.columns, row, strict=True)
    }


def _short(value: str | None) -> str | None:
    """Return a value as far as a sample shows it: a text of some pages, as a whole record is, by its beginning."""
    return value if value is None or len(value) <= SAMPLE_LENGTH else f"{value[:SAMPLE_LENGTH]}…"


def _gained_and_lost(old: set[str], new: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(new - old)), tuple(sorted(old - new))
