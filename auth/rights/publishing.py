"""Publishing: from agreements, functions and accounts to the profiles that PostgreSQL enforces.

Every profile is compiled in advance for each day on which anything of it starts or ends, so that midnight needs nobody.
One transaction publishes everything. A collection whose pieces cannot be put together is left out, there alone.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any, cast

from psycopg import Connection

from auth.model import AgreementKind, Function, GrantInForce, Period, UnitKind
from auth.policy.clauses import grants_of
from auth.policy.compiler import (
    NOTHING,
    Compiled,
    Refused,
    boundaries,
    compile_profile_of,
    compile_public,
    conflict,
    kind_faults,
)
from auth.rights.left_out import LeftOut, not_noted, note, periods_of
from catalogue.layer import Layer
from catalogue.profile import Operation, body_of
from database.profiles import Reasons, Segment, publish
from database.queries import load

type Json = dict[str, Any]
type Whom = Sequence[int] | int | None
"""Ids of accounts; id of a unit: all its accounts; ``None``: every account, and everybody."""

PUBLIC_SUBJECT = "public"
_SQL = load("auth.rights", "publishing.sql")
_PUBLISH_KEY = 0x64617075  # "dapu": whoever publishes, or gives what will be published, holds this advisory lock
NOBODY: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """An account as far as its rights depend on it; holders that differ in the id alone have equal rights.

    Attributes:
        functions: what it holds, as JSON, also while it is not in use; nothing where it is over for good.
        is_used: it is in use; otherwise its profile is the empty one, whatever it holds.
    """

    id: int
    unit_id: int
    unit_kind: str
    functions: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing changed: whose profiles, and how many different ones were named."""

    subjects: tuple[str, ...]
    profiles: int


type Timeline = tuple[Segment, ...]
type Outline = tuple[tuple[date, date | None, str, Reasons], ...]
"""A timeline by the hashes of its profiles, and by the agreements that give them."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a subject sees on which days, and which collections are left out of it, because their pieces do not fit."""

    timeline: Timeline
    left_out: tuple[LeftOut, ...] = ()


def republish(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> Published:
    """Compile the rights of some accounts from a legal day on, and publish what differs from what is published.

    Collections that cannot be put together are left out, each by itself, and whoever has to know gets a notice.

    Args:
        connection: of the publisher login, inside a transaction.
    """
    hold(connection)
    return _published(connection, _compiled(connection, layers, whom, day), day)


def republish_fitting(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> Published:
    """Publish as ``republish`` does, in the transaction of an act that gives rights.

    Raises:
        Conflict: by the act a collection of somebody could not be put together on some day; the text says every reason.
    """
    hold(connection)
    rights = _compiled(connection, layers, whom, day)
    _refuse_misfits(connection, rights)
    return _published(connection, rights, day)


def publish_public(connection: Connection[Any], layers: Iterable[Layer], day: date) -> Published:
    """Compile and publish what everybody may see, and no account."""
    return republish(connection, layers, NOBODY, day)


def require_publishable(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> None:
    """Prove, in the transaction of an act that gives rights, that they can be published, on every day to come.

    Nobody publishes until the transaction ends, so that what was proved is so when it does. What was left out before,
    for the same pieces, is in the way of nothing.

    Args:
        connection: of the login that keeps accounts, or of the publisher.

    Raises:
        Conflict: by the act a collection of somebody could not be put together on some day; the text says every reason.
    """
    hold(connection)
    _refuse_misfits(connection, _compiled(connection, layers, whom, day))


def hold(connection: Connection[Any]) -> None:
    """Wait for every other transaction that publishes, or gives what will be; no act waits for a row after it."""
    connection.execute(_SQL["one_at_a_time"].encode(), {"key": _PUBLISH_KEY})


def check_published(connection: Connection[Any], layers: Iterable[Layer], day: date) -> tuple[str, ...]:
    """Return how what is published differs from what compiles now, one sentence for each subject; none: it is equal.

    That collections are left out is regular: the same ones are, whenever the same rights are compiled.
    """
    timelines = {subject: each.timeline for subject, each in _compiled(connection, layers, None, day).items()}
    there = _in_force(connection, None, day)
    faults = [
        f"{subject}: what is published differs from what its agreements and functions give"
        for subject in sorted({*timelines, *there})
        if there.get(subject) != _outline(timelines.get(subject, ()))
        and (subject in there or any(each.profile.facets for each in timelines[subject]))
    ]
    return (*faults, *_body_faults(connection, timelines.values()))


def rights_of(compile_: Callable[[date], Compiled | Refused], changes: Iterable[date], day: date) -> Rights:
    """Compile for a day and for each later day on which anything changes; days of equal rights are one segment."""
    days = [day, *changes]
    found = [compile_(each) for each in days]
    kept = [(since, _kept(each)) for since, each in zip(days, found, strict=True)]
    rights = [(since, each.profile, _reasons(each)) for since, each in kept]
    runs = [next(group) for _, group in groupby(rights, key=lambda each: (each[1].hash, each[2]))]
    ends = [*(since for since, _, _ in runs[1:]), None]
    timeline = tuple(
        Segment(since, until, profile, because) for (since, profile, because), until in zip(runs, ends, strict=True)
    )
    misfits = [each.misfits if isinstance(each, Refused) else () for each in found]
    return Rights(timeline, periods_of(zip(days, misfits, strict=True)))


def _kept(found: Compiled | Refused) -> Compiled:
    return found.kept if isinstance(found, Refused) else found


def read_holders(connection: Connection[Any], whom: Whom, day: date) -> list[Holder]:
    """Read accounts with the functions that they hold from a day on; a data centre's hold none, whatever was given."""
    unit, accounts = (whom, None) if isinstance(whom, int) else (None, whom)
    given = {"unit": unit, "accounts": None if accounts is None else list(accounts), "day": day}
    return [Holder(*each) for each in connection.execute(_SQL["holders"].encode(), given).fetchall()]


def read_grants(
    connection: Connection[Any], units: Iterable[int], day: date
) -> Mapping[int | None, list[GrantInForce]]:
    """Read the published grants that have not ended on a day, by the id of the unit; ``None``: of everybody."""
    grants: dict[int | None, list[GrantInForce]] = defaultdict(list)
    rows = connection.execute(_SQL["agreements"].encode(), {"units": sorted(set(units)), "day": day})
    for recipient, code, kind, since, until, body in rows.fetchall():
        period = Period(since, until)
        grants[recipient] += (GrantInForce(code, AgreementKind(kind), period, each) for each in grants_of(body))
    return grants


def functions_of(holder: Holder) -> tuple[Function, ...]:
    """Return the functions that an account holds, each for as long as it may use it."""
    return tuple(_function(*each) for each in json.loads(holder.functions))


def _function(code: str, name: str, narrows: Json, since: str, until: str | None) -> Function:
    def kept(key: str) -> frozenset[Any] | None:
        return frozenset(narrows[key]) if key in narrows else None

    operations = kept("operations")
    columns = cast("Mapping[str, list[str]] | None", narrows.get("columns"))
    return Function(
        code=code,
        name=name,
        period=Period(date.fromisoformat(since), (until and date.fromisoformat(until)) or None),
        layers=kept("layers"),
        columns=None if columns is None else {layer: frozenset(each) for layer, each in columns.items()},
        operations=None if operations is None else frozenset(map(Operation, operations)),
        territory=kept("territory"),
    )


def _published(connection: Connection[Any], rights: Mapping[str, Rights], day: date) -> Published:
    there = _in_force(connection, list(rights), day)
    changed = {
        subject: each.timeline for subject, each in rights.items() if there.get(subject) != _outline(each.timeline)
    }
    number = publish(connection, changed)
    note(connection, {subject: each.left_out for subject, each in rights.items()}, day)
    return Published(tuple(changed), number)


def _refuse_misfits(connection: Connection[Any], rights: Mapping[str, Rights]) -> None:
    """Refuse what would be left out and was not before."""
    fresh = not_noted(connection, {subject: each.left_out for subject, each in rights.items()})
    if reasons := dict.fromkeys(reason for each in fresh for reason in each.reasons):
        raise conflict(Refused(tuple(reasons)))


def _compiled(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> dict[str, Rights]:
    """Compile everything, equal inputs once, by subject."""
    known = {each.id: each for each in layers}
    holders = read_holders(connection, whom, day)
    grants = read_grants(connection, (each.unit_id for each in holders), day)
    made: dict[tuple[int, str], Rights] = {}
    found: dict[str, Rights] = {}
    for each in holders:
        key = (each.unit_id, each.functions)
        if key not in made:
            kind = UnitKind(each.unit_kind)
            held = [grant for grant in grants.get(each.unit_id, []) if not _is_withheld(grant, kind, known)]
            made[key] = _rights(held, functions_of(each), known, day)
        nothing = (Segment(day, None, NOTHING.profile),)
        found[f"account:{each.id}"] = made[key] if each.is_used else replace(made[key], timeline=nothing)
    if whom is None or whom == NOBODY:
        found[PUBLIC_SUBJECT] = _public_rights(grants.get(None, []), known, day)
    return found


def _is_withheld(grant: GrantInForce, kind: UnitKind, layers: Mapping[str, Layer]) -> bool:
    """Tell whether a kind of unit never has a layer: nothing was drafted so, but a unit may have changed its kind."""
    layer = layers.get(grant.grant.layer)
    return layer is not None and bool(kind_faults(kind, layer))


def _rights(
    grants: Sequence[GrantInForce], functions: Sequence[Function], layers: Mapping[str, Layer], day: date
) -> Rights:
    changes = boundaries(grants, functions, day) if functions else ()
    return rights_of(lambda each: compile_profile_of(grants, functions, layers, each), changes, day)


def _public_rights(grants: Sequence[GrantInForce], layers: Mapping[str, Layer], day: date) -> Rights:
    return rights_of(lambda each: compile_public(grants, layers, each), boundaries(grants, (), day), day)


def _reasons(compiled: Compiled) -> Reasons:
    """Return the agreements by which each operation on each collection is allowed."""
    reasons: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for (collection, operation), because in compiled.because.items():
        reasons[collection][operation.value] = list(because.agreements)
    return dict(reasons)


def _outline(timeline: Timeline) -> Outline:
    return tuple((each.since, each.until, each.profile.hash, each.because) for each in timeline)


def _in_force(connection: Connection[Any], subjects: Sequence[str] | None, day: date) -> dict[str, Outline]:
    """Return what is published from a day on, by subject."""
    given = {"subjects": subjects, "day": day}
    rows = connection.execute(_SQL["in_force"].encode(), given).fetchall()
    return {subject: tuple(each[1:] for each in group) for subject, group in groupby(rows, key=lambda each: each[0])}


def _body_faults(connection: Connection[Any], timelines: Iterable[Timeline]) -> Iterator[str]:
    profiles = {segment.profile.hash: segment.profile for each in timelines for segment in each}
    rows = connection.execute(_SQL["bodies"].encode(), {"hashes": list(profiles)}).fetchall()
    there = dict(cast("list[tuple[str, Json]]", rows))
    for hash_, profile in profiles.items():
        if profile.facets and there.get(hash_) != body_of(profile):
            yield f"profile {hash_}: its body or its roles are not what was compiled"
