"""Supplements of records as they are kept: who may write them, in versions that never change."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from psycopg import Connection
from psycopg.errors import InsufficientPrivilege, RestrictViolation, UniqueViolation
from psycopg.types.json import Jsonb

from auth.audit import acts
from auth.model import Caller
from auth.rows import every, first
from auth.standing import Standing, standing
from catalogue.layer import Layer
from catalogue.record import Json, Record, record_of
from core.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from database.queries import load
from harvest.curation.documents import body_as_written
from harvest.making.supplement import Supplement, body_of_supplement, supplement_of

_SQL = load("harvest.curation", "store.sql")
_AT_ONCE: Final = 500
"""Records that are read at one time where all are looked at."""


@dataclass(frozen=True, slots=True)
class Version:
    """A supplement as it was written once.

    Attributes:
        number: counts from 1 for each record; 0 with an empty supplement: nothing was written yet.
        by: code of the account.
    """

    number: int
    supplement: Json
    by: str | None = None
    at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is published, and the number of its newest supplement.

    The supplement may be newer than the record: it is in it once the publisher has come by.
    """

    record: Record
    created: datetime
    updated: datetime
    version: int


def records_seen(
    connection: Connection[Any],
    actor: Caller,
    *,
    layers: Iterable[Layer],
    day: date,
    component: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Kept]:
    """Return the records that an actor may complete, by identifier.

    Raises:
        Forbidden: the actor completes none whatever.
    """
    who = _curator(connection, actor, day)
    return _records(connection, who, layers, component=component, after=after, limit=limit)


def all_seen(
    connection: Connection[Any],
    actor: Caller,
    *,
    layers: Iterable[Layer],
    day: date,
    component: str | None = None,
) -> Iterator[Kept]:
    """Yield every record that an actor may complete, by identifier.

    Raises:
        Forbidden: the actor completes none whatever.
    """
    who, known, after = _curator(connection, actor, day), tuple(layers), None
    while found := _records(connection, who, known, component=component, after=after, limit=_AT_ONCE):
        yield from found
        after = found[-1].record.id


def record_seen(
    connection: Connection[Any], actor: Caller, record: UUID, *, layers: Iterable[Layer], day: date
) -> Kept:
    """Return a record that an actor may complete.

    Raises:
        Forbidden: the actor completes none whatever.
        NotFound: there is none now, or the actor does not complete it.
    """
    found = _records(connection, _curator(connection, actor, day), layers, one=record, limit=1)
    if not found:
        raise NotFound
    return found[0]


def newest_of(
    connection: Connection[Any], actor: Caller, record: UUID, *, layers: Iterable[Layer], day: date
) -> Version:
    """Return what is said of a record now.

    Raises:
        As ``record_seen``.
    """
    record_seen(connection, actor, record, layers=layers, day=day)
    return _newest(connection, record)


def history(
    connection: Connection[Any],
    actor: Caller,
    record: UUID,
    *,
    layers: Iterable[Layer],
    day: date,
    before: int | None = None,
    limit: int = 1_000,
) -> list[Version]:
    """Return what was said of a record, the newest first; for an officer of the Sở also where it is gone by now.

    Raises:
        Forbidden: the actor completes none whatever.
        NotFound: there is nothing, or nothing that the actor may see.
    """
    who = _curator(connection, actor, day)
    exists = bool(_records(connection, who, layers, one=record, limit=1))
    values = {"record": record, "before": before, "limit": limit}
    found = every(connection, _version, _SQL["history"], values) if exists or who.officer else []
    if not exists and not found:
        raise NotFound
    return found


def complete(
    connection: Connection[Any],
    actor: Caller,
    record: UUID,
    supplement: Supplement,
    *,
    read: int | None,
    reason: str,
    layers: Iterable[Layer],
    day: date,
) -> Version:
    """Write what is said of a record from now on; return it as it was written.

    Args:
        supplement: the whole of it: what it does not say is computed again.
        read: the version that the actor had before them; ``None``: whichever there is.

    Raises:
        Forbidden: the actor completes none whatever.
        NotFound: there is no such record now, or the actor does not complete it.
        PreconditionFailed: somebody wrote another version meanwhile.
        Conflict: it says what is said already.
    """
    record_seen(connection, actor, record, layers=layers, day=day)
    known = _newest(connection, record)
    if read not in (None, known.number):
        raise PreconditionFailed
    body = body_of_supplement(supplement)
    if known.supplement == body_as_written(supplement):
        raise Conflict("This is what the newest supplement of the record says already.")
    at = _write(connection, actor, record, known.number + 1, body, reason)
    after = {"version": known.number + 1, "supplement": body, "reason": reason}
    before = {"version": known.number, "supplement": known.supplement} if known.number else None
    acts.record(connection, actor, "record.complete", f"record:{record}", before, after)
    return Version(known.number + 1, body_as_written(supplement), actor.account, at, reason)


def component_layers(layers: Iterable[Layer]) -> Mapping[str, list[str]]:
    """Return the layers of each component database: who completes a record of all of them manages each."""
    found: dict[str, list[str]] = {}
    for each in layers:
        found.setdefault(each.component.value, []).append(each.id)
    return found


def _write(connection: Connection[Any], actor: Caller, record: UUID, version: int, body: Json, reason: str) -> datetime:
    values = {"record": record, "version": version, "body": Jsonb(body), "account": actor.account_id, "reason": reason}
    try:
        row = connection.execute(_SQL["complete"].encode(), values).fetchone()
    except UniqueViolation as exc:
        raise PreconditionFailed from exc
    except (RestrictViolation, InsufficientPrivilege) as exc:
        raise NotFound from exc
    return cast("tuple[datetime]", row)[0]


def _curator(connection: Connection[Any], actor: Caller, day: date) -> Standing:
    """Return the standing of who completes records."""
    who = standing(connection, actor, day)
    row = connection.execute(_SQL["completes_for"].encode(), {"account": who.account}).fetchone()
    if not who.officer and row in (None, (None,)):
        raise Forbidden(
            "Only an officer of the Sở for data sharing, and the head or an officer for data sharing of a managing "
            "unit, may do this."
        )
    return who


def _records(
    connection: Connection[Any],
    who: Standing,
    layers: Iterable[Layer],
    *,
    one: UUID | None = None,
    component: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Kept]:
    values = {
        "account": who.account,
        "layers": Jsonb(component_layers(layers)),
        "one": one,
        "after": after,
        "component": component,
        "limit": limit,
    }
    return every(connection, _kept, _SQL["records"], values)


def _kept(
    _id: UUID,
    _component: str,
    _layer: str | None,
    body: str,
    created: datetime,
    updated: datetime,
    version: int,
) -> Kept:
    return Kept(record_of(body), created, updated, version)


def _newest(connection: Connection[Any], record: UUID) -> Version:
    values = {"record": record, "before": None, "limit": 1}
    return first(connection, _version, _SQL["history"], values) or Version(0, {})


def _version(number: int, body: Json, by: str, at: datetime, reason: str) -> Version:
    return Version(number, body_as_written(supplement_of(json.dumps(body, ensure_ascii=False))), by, at, reason)
