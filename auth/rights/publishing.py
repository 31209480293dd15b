"""Publishing: from agreements, functions and accounts to the profiles that PostgreSQL enforces.

Every profile is compiled in advance for each day on which anything of it starts or ends, so that midnight needs nobody.
One transaction publishes everything or, where some account's rights cannot be put together, nothing.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, cast

from psycopg import Connection

from auth.model import AgreementKind, Function, GrantInForce, Period, UnitKind
from auth.policy.clauses import grants_of
from auth.policy.compiler import (
    Compiled,
    Refused,
    boundaries,
    compile_profile_of,
    compile_public,
    conflict,
    kind_faults,
)
from catalogue.layer import Layer
from catalogue.profile import Operation, body_of
from core.phrases import Phrase
from database.profiles import Segment, publish
from database.queries import load

type Json = dict[str, Any]
type Whom = Sequence[int] | int | None
"""Ids of accounts; id of a unit: all its accounts; ``None``: every account, and everybody."""

PUBLIC_SUBJECT = "public"
_SQL = load("auth.rights", "publishing.sql")
_PUBLISH_KEY = 0x64617075  # "dapu": whoever compiles and publishes holds this advisory lock


@dataclass(frozen=True, slots=True)
class Holder:
    """An account as far as its rights depend on it; holders that differ in the id alone have equal rights.

    Attributes:
        functions: what it holds, as JSON; nothing where it may not act at all.
    """

    id: int
    unit_id: int
    unit_kind: str
    functions: str


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing changed: whose profiles, and how many different ones were named."""

    subjects: tuple[str, ...]
    profiles: int


type Timeline = tuple[Segment, ...]
type Outline = tuple[tuple[date, date | None, str], ...]
"""A timeline by the hashes of its profiles."""


def republish(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> Published:
    """Compile the rights of some accounts from a legal day on, and publish what differs from what is published.

    Args:
        connection: of the publisher login, inside a transaction.

    Raises:
        Conflict: the rights of some account cannot be put together; the text says every reason.
    """
    connection.execute(_SQL["one_at_a_time"].encode(), {"key": _PUBLISH_KEY})
    wanted = compiled(connection, layers, whom, day)
    there = _in_force(connection, list(wanted), day)
    changed = {subject: each for subject, each in wanted.items() if there.get(subject) != _outline(each)}
    return Published(tuple(changed), publish(connection, changed))


def publish_public(connection: Connection[Any], layers: Iterable[Layer], day: date) -> Published:
    """Compile and publish what everybody may see, and no account.

    Raises:
        Conflict: the publications cannot be put together.
    """
    return republish(connection, layers, _NOBODY, day)


def require_publishable(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> None:
    """Prove, in the transaction of an act that changes rights, that they can be published.

    Args:
        connection: of the login that keeps accounts, or of the publisher.

    Raises:
        Conflict: the rights of some account cannot be put together; the text says every reason.
    """
    compiled(connection, layers, whom, day)


def check_published(connection: Connection[Any], layers: Iterable[Layer], day: date) -> tuple[str, ...]:
    """Return how what is published differs from what compiles now, one sentence for each subject; none: it is equal."""
    timelines, refused = _compiled(connection, layers, None, day)
    there = _in_force(connection, None, day)
    faults = [f"rights cannot be put together: {each}" for each in refused]
    faults += (
        f"{subject}: what is published differs from what its agreements and functions give"
        for subject in sorted({*timelines, *there})
        if there.get(subject) != _outline(timelines.get(subject, ()))
        and (subject in there or any(each.profile.facets for each in timelines[subject]))
    )
    return (*faults, *_body_faults(connection, timelines.values()))


def compiled(connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date) -> dict[str, Timeline]:
    """Compile the timelines of some accounts, by subject.

    Raises:
        Conflict: some cannot be put together.
    """
    timelines, refused = _compiled(connection, layers, whom, day)
    if refused:
        raise conflict(Refused(tuple(refused)))
    return timelines


def timeline_of(
    compile_: Callable[[date], Compiled | Refused], changes: Iterable[date], day: date
) -> Timeline | Refused:
    """Compile for a day and for each later day on which anything changes; days of equal profiles are one segment."""
    days = [day, *changes]
    found = [(each, compile_(each)) for each in days]
    refused = [reason for _, each in found if isinstance(each, Refused) for reason in each.reasons]
    if refused:
        return Refused(tuple(dict.fromkeys(refused)))
    profiles = [(since, each.profile) for since, each in found if isinstance(each, Compiled)]
    runs = [next(group) for _, group in groupby(profiles, key=lambda each: each[1].hash)]
    ends = [*(since for since, _ in runs[1:]), None]
    return tuple(Segment(since, until, profile) for (since, profile), until in zip(runs, ends, strict=True))


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


_NOBODY: tuple[int, ...] = ()


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


def _compiled(
    connection: Connection[Any], layers: Iterable[Layer], whom: Whom, day: date
) -> tuple[dict[str, Timeline], list[Phrase]]:
    """Compile everything, equal inputs once; return what came of it, and every reason against the rest."""
    known = {each.id: each for each in layers}
    holders = read_holders(connection, whom, day)
    grants = read_grants(connection, (each.unit_id for each in holders), day)
    made: dict[tuple[int, str], Timeline | Refused] = {}
    found: dict[str, Timeline | Refused] = {}
    for each in holders:
        key = (each.unit_id, each.functions)
        if key not in made:
            kind = UnitKind(each.unit_kind)
            held = [grant for grant in grants.get(each.unit_id, []) if not _is_withheld(grant, kind, known)]
            made[key] = _timeline(held, functions_of(each), known, day)
        found[f"account:{each.id}"] = made[key]
    if whom is None or whom == _NOBODY:
        found[PUBLIC_SUBJECT] = _public_timeline(grants.get(None, []), known, day)
    refused = dict.fromkeys(each for one in found.values() if isinstance(one, Refused) for each in one.reasons)
    return {key: each for key, each in found.items() if not isinstance(each, Refused)}, list(refused)


def _is_withheld(grant: GrantInForce, kind: UnitKind, layers: Mapping[str, Layer]) -> bool:
    """Tell whether a kind of unit never has a layer: nothing was drafted so, but a unit may have changed its kind."""
    layer = layers.get(grant.grant.layer)
    return layer is not None and bool(kind_faults(kind, layer))


def _timeline(
    grants: Sequence[GrantInForce], functions: Sequence[Function], layers: Mapping[str, Layer], day: date
) -> Timeline | Refused:
    changes = boundaries(grants, functions, day) if functions else ()
    return timeline_of(lambda each: compile_profile_of(grants, functions, layers, each), changes, day)


def _public_timeline(grants: Sequence[GrantInForce], layers: Mapping[str, Layer], day: date) -> Timeline | Refused:
    return timeline_of(lambda each: compile_public(grants, layers, each), boundaries(grants, (), day), day)


def _outline(timeline: Timeline) -> Outline:
    return tuple((each.since, each.until, each.profile.hash) for each in timeline)


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
