"""What publishing a version would do: columns and rows gained and lost, a sample, and the time that hidden rows cost.

PostgreSQL itself is asked. Rows are counted by a role that may count and can read nothing else. Once all parties have
accepted, the roles of the candidate profiles are made, in a moment and for nobody; a few rows are read and boxes are
timed through them in a transaction that PostgreSQL refuses to commit. Nothing here keeps publishers waiting.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import Any, cast

from psycopg import Connection, sql
from psycopg.errors import QueryCanceled

from auth.audit import acts
from auth.model import AgreementKind, Caller, Function, GrantInForce, Period
from auth.policy.clauses import Json, Vocabulary
from auth.policy.compiler import Refused, compile_profile_of, compile_public, conflict
from auth.rights.in_force import grants_in
from auth.rights.publishing import Holder, functions_of, read_grants, read_holders
from auth.sharing.agreements import PACKAGE, Agreement, Version, agreement_named, working
from auth.sharing.publication import note_effect_seen
from auth.standing import is_one_person, officer
from catalogue.parts import part_names
from catalogue.profile import Collection, Operation, Profile, whole
from core.errors import QueryTimeout
from database.profiles import prepare
from database.queries import load
from query.effect import box_statement, difference_statement, hidden_boxes_statement, sample_statement
from query.items import Statement
from query.view import View, view_of

type Transactions = Callable[[], AbstractContextManager[Connection[Any]]]
"""Lends a transaction of the publisher login."""

SAMPLE_ROWS = 3
MASK = "•••"
"""What stands in a sample for whatever tells of a person, or tells that there is nothing to tell."""
NOTICEABLE = 1.2
"""Above this ratio a stopwatch tells hidden rows from none."""
BOXES = 40
BOX_SIDE_DEG = 0.004
"""About 400 m: what a map shows of a few parcels."""
_TIMEOUT = "SET LOCAL statement_timeout = '60s'"
_WHOLE = "-"
_EMPTY_SEA = (100.0, 1.0)
"""West and south of where no row of a Vietnamese province lies."""

_SQL = load("auth.sharing", "effect.sql")

type Sample = tuple[Mapping[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class CollectionEffect:
    """What changes in one collection for one class of accounts.

    Attributes:
        rows_before: exact numbers of rows.
        sample: a few of the rows afterwards, by column, as text and with personal data masked; ``None``: not shown.
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
    sample: Sample | None


@dataclass(frozen=True, slots=True)
class ClassEffect:
    """What changes for the accounts that hold the same functions; ``-`` is the unit as a whole, or everybody."""

    functions: tuple[str, ...]
    accounts: tuple[str, ...]
    collections: tuple[CollectionEffect, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a box with hidden rows takes against an empty one, for a scope with terms besides the territory.

    Attributes:
        columns: the further columns that limit rows.
        ratio: measured once all have accepted; ``None``: not yet, or nothing is hidden.
        noticeable: a stopwatch may tell hidden rows; what is not measured counts as noticeable.
    """

    collection: str
    columns: tuple[str, ...]
    hidden_ms: float | None = None
    empty_ms: float | None = None
    ratio: float | None = None
    noticeable: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of publishing one version, on its first day or today if that is past."""

    agreement: str
    number: int
    state: str
    body_hash: str
    day: date
    classes: tuple[ClassEffect, ...]
    timings: tuple[Timing, ...]


@dataclass(frozen=True, slots=True)
class _Class:
    """Accounts that hold the same functions, and what they see before and after."""

    functions: tuple[Function, ...]
    accounts: tuple[str, ...]
    before: Profile
    after: Profile


@dataclass(frozen=True, slots=True)
class _Case:
    """What is looked at; the first class is the unit as a whole."""

    agreement: Agreement
    version: Version
    day: date
    classes: tuple[_Class, ...]
    shows_sample: bool

    @property
    def is_accepted(self) -> bool:
        return self.version.state == "accepted"


def effect_of(transaction: Transactions, actor: Caller, code: str, *, vocabulary: Vocabulary, day: date) -> Effect:
    """Show what publishing the version in work would do; that it was looked at, and which rows, is on record first.

    Rows are shown once all parties have accepted, and never to who drafted the version.

    Args:
        transaction: of the publisher login; three are used, one after the other.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such agreement.
        Conflict: no version is in work; or somebody would have more than was agreed.
        QueryTimeout: counting one collection takes longer than a minute.
    """
    with transaction() as connection:
        case = _case(connection, actor, code, vocabulary, day)
        if case.is_accepted:
            prepare(connection, {each.after.hash: each.after for each in case.classes}.values())
    with transaction() as connection, connection.transaction(force_rollback=True):
        connection.execute(_TIMEOUT)
        found = _looked(_Look(connection), case)
    with transaction() as connection:
        _note(connection, actor, found, vocabulary)
    return found


def _case(connection: Connection[Any], actor: Caller, code: str, vocabulary: Vocabulary, day: date) -> _Case:
    """Read what is looked at, and compile it; who acts is no officer of the Sở: ``Forbidden``."""
    who = officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = working(connection, agreement)
    first = max(day, version.valid_from)
    old = _published(connection, agreement, first)
    kind = AgreementKind.DEFAULT if agreement.kind == PACKAGE else AgreementKind(agreement.kind)
    new = _replaced(old, agreement, kind, version)
    classes = tuple(
        _Class(functions, accounts, *(_profile(each, functions, kind, vocabulary, first) for each in (old, new)))
        for functions, accounts in _held(connection, agreement, first)
    )
    is_other = not is_one_person(connection, who.account, version.maker_id)
    return _Case(agreement, version, first, classes, version.state == "accepted" and is_other)


def _looked(look: "_Look", case: _Case) -> Effect:
    classes = tuple(
        ClassEffect(
            tuple(function.code for function in each.functions) or (_WHOLE,),
            each.accounts,
            look.compared(each.before, each.after, with_sample=case.shows_sample),
        )
        for each in case.classes
    )
    timings = look.timings(case.classes[0].after, measured=case.is_accepted)
    version = case.version
    return Effect(
        case.agreement.code, version.number, version.state, version.body_hash, case.day, classes, tuple(timings)
    )


def _note(connection: Connection[Any], actor: Caller, seen: Effect, vocabulary: Vocabulary) -> None:
    """Put on record who saw which body, and which rows of it; whoever saw an accepted one may publish it."""
    after = {"number": seen.number, "state": seen.state, "body_hash": seen.body_hash, "sample": _ids(seen, vocabulary)}
    acts.record(connection, actor, "agreement.effect", f"agreement:{seen.agreement}", after=after)
    agreement = agreement_named(connection, seen.agreement)
    note_effect_seen(connection, agreement, seen.number, seen.body_hash, actor)


def _ids(seen: Effect, vocabulary: Vocabulary) -> Json:
    """Return the keys of the rows that were shown, by collection."""
    shown: dict[str, set[str]] = {}
    for each in (collection for one in seen.classes for collection in one.collections):
        if each.sample:
            key = vocabulary.layers[each.id.partition("~")[0]].key.name
            shown.setdefault(each.id, set()).update(str(row[key]) for row in each.sample)
    return {key: sorted(ids) for key, ids in sorted(shown.items())}


class _Look:
    """Looks at tables, in a transaction that is rolled back."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def compared(self, before: Profile, after: Profile, *, with_sample: bool) -> tuple[CollectionEffect, ...]:
        """Compare what two profiles show, collection by collection."""
        ids = sorted({*before.collections, *after.collections})
        return tuple(self._changed(before.collections.get(each), after, each, with_sample) for each in ids)

    def _changed(self, old: Collection | None, after: Profile, id_: str, with_sample: bool) -> CollectionEffect:
        new = after.collections.get(id_)
        counts = self._counted(difference_statement(old and view_of(old), new and view_of(new)))[0]
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
            sample=self._sample(after, new) if new and with_sample else None,
        )

    def _sample(self, profile: Profile, collection: Collection) -> Sample:
        self._take_on(profile, collection.id)
        rows = self._asked(sample_statement(view_of(collection), SAMPLE_ROWS))
        return tuple(
            {
                column.name: MASK if column.personal else value
                for column, value in zip(collection.columns, row, strict=True)
            }
            for row in rows
        )

    def timings(self, profile: Profile, *, measured: bool) -> Iterable[Timing]:
        """Yield what time may tell, for each collection whose rows are limited by more than their territory."""
        for each in profile.collections.values():
            further = tuple(term.column for term in each.scope.terms if term.column != each.layer.territory)
            if further:
                timing = Timing(each.id, further)
                yield (self._timed(profile, each, timing) if measured else None) or timing

    def _timed(self, profile: Profile, collection: Collection, timing: Timing) -> Timing | None:
        """Time boxes full of hidden rows against empty ones; ``None``: it has no geometry or hides nothing."""
        hidden = self._hidden_boxes(collection)
        if collection.geometry is None or not hidden:
            return None
        view, spent = view_of(collection), cast("tuple[list[float], list[float]]", ([], []))
        self._take_on(profile, collection.id, twin="_b")
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

    def _take_on(self, profile: Profile, collection: str, *, twin: str = "") -> None:
        part = part_names(profile)[collection, Operation.READ]
        self._become(_SQL["preview"], {"hash": profile.hash, "part": part, "twin": twin})

    def _become(self, query: str, values: Mapping[str, object]) -> None:
        row = cast("tuple[str]", self._connection.execute(query.encode(), values).fetchone())
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


def _held(
    connection: Connection[Any], agreement: Agreement, day: date
) -> list[tuple[tuple[Function, ...], tuple[str, ...]]]:
    """Return the accounts of the recipient by the functions that they hold; the unit as a whole comes first."""
    if agreement.recipient_id is None:
        return [((), ())]
    alike: dict[str, list[Holder]] = {}
    for holder in read_holders(connection, agreement.recipient_id, day):
        alike.setdefault(holder.functions, []).append(holder)
    names = dict(connection.execute(_SQL["names"].encode(), {"unit": agreement.recipient_id}).fetchall())
    held = ((tuple(each for each in functions_of(who[0]) if each.period.holds(day)), who) for who in alike.values())
    classes = ((functions, tuple(names[each.id] for each in who)) for functions, who in held if functions)
    return [((), ()), *sorted(classes, key=lambda each: each[1])]


def _profile(
    grants: Sequence[GrantInForce],
    functions: Sequence[Function],
    kind: AgreementKind,
    vocabulary: Vocabulary,
    day: date,
) -> Profile:
    if kind is AgreementKind.PUBLIC:
        compiled = compile_public(grants, vocabulary.layers, day)
    else:
        held = functions or (Function(_WHOLE, _WHOLE, Period(day)),)
        compiled = compile_profile_of(grants, held, vocabulary.layers, day)
    if isinstance(compiled, Refused):
        raise conflict(compiled)
    return compiled.profile


def _sea_box(number: int) -> tuple[float, float, float, float]:
    west, south = _EMPTY_SEA[0] + number * BOX_SIDE_DEG, _EMPTY_SEA[1]
    return west, south, west + BOX_SIDE_DEG, south + BOX_SIDE_DEG


def _names(collection: Collection | None) -> set[str]:
    return {each.name for each in collection.columns} if collection else set()


def _operations(collection: Collection | None) -> set[str]:
    return {each.value for each in collection.allowance.operations} if collection else set()


def _gained_and_lost(old: set[str], new: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(new - old)), tuple(sorted(old - new))
