"""One look of the publisher: what changed is computed, compared, written and stamped, in one transaction.

An instant is a whole second that lies ahead of the commit and after the last one: who has asked at an instant has seen
everything stamped up to it. Source: ``docs/decisions/0019-publication-clock.md``.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from psycopg import Connection
from psycopg.errors import SerializationFailure

from catalogue.layer import Layer
from catalogue.record_keys import RECORDS
from catalogue.service import Service, told_as_sample
from database.queries import load
from harvest.making.figures import counted
from harvest.making.supplement import Supplements
from harvest.making.variants import VERSION, Variant, frames, full_records, unit_records
from harvest.publishing import counting, keys, removals, writing

REMOVAL_SHARE = 0.1
"""Share of the records that may go without an officer, where nothing else is set."""
_KEY = 0x64617463
_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "clock.sql").items()}
_SECOND = timedelta(seconds=1)
_MARGIN = timedelta(seconds=0.3)
"""A publication that is not written so long before its instant is stamped anew."""
_ROWS_PER_SECOND = 1_000
_PAUSE_S = 0.05


class Said(Protocol):
    """What people say of records besides what is computed."""

    def version(self, connection: Connection[Any]) -> str:
        """Return what differs when anything else is said."""
        ...

    def read(self, connection: Connection[Any]) -> Supplements:
        """Return what is said of each record."""
        ...


class NothingSaid:
    """Nobody says anything."""

    def version(self, connection: Connection[Any]) -> str:  # noqa: ARG002 - as Said has it
        """Return the one version of nothing."""
        return ""

    def read(self, connection: Connection[Any]) -> Supplements:  # noqa: ARG002 - as Said has it
        """Return nothing."""
        return {}


_NOTHING_SAID = NothingSaid()


@dataclass(frozen=True, slots=True)
class Sources:
    """What records are made of besides the database.

    Attributes:
        removal_share: share of the records, above which removals wait for an officer.
    """

    layers: Sequence[Layer]
    service: Service
    said: Said = _NOTHING_SAID
    removal_share: float = REMOVAL_SHARE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look did.

    Attributes:
        busy: another publisher was at it, and nothing was done.
        stamp: the instant of the publication; ``None``: there was nothing to publish.
        waiting: how many removals wait for an officer.
        late: it could not be seen that the publication was committed before its instant: it will be stamped anew.
    """

    busy: bool = False
    stamp: datetime | None = None
    added: int = 0
    changed: int = 0
    removed: int = 0
    keys: int = 0
    waiting: int = 0
    lacking: int = 0
    late: bool = False


@dataclass(frozen=True, slots=True)
class _Clock:
    published: datetime | None
    since: str
    cluster: int
    digest: str
    loads: str
    in_time: bool
    until: str
    cluster_now: int
    day: date
    is_sample: bool


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done: ``units`` of which records are made anew, ``None``: all."""

    units: frozenset[int] | None
    frames: frozenset[str]
    digest: str
    loads: str
    is_due: bool


def tick(
    connection: Connection[Any], sources: Sources, *, before_stamp: Callable[[], object] = lambda: None
) -> Outcome:
    """Look once, and publish what changed.

    Args:
        connection: of the publisher's login, outside any transaction, in autocommit mode.
        before_stamp: called when everything is written, before it is seen whether that was in time; for tests.

    Raises:
        psycopg.Error: the database is away, or refuses; nothing was changed then.
    """
    try:
        with connection.transaction():
            connection.execute(_QUERIES["one_transaction"])
            if _one(connection, "alone", key=_KEY)[0] is not True:
                return Outcome(busy=True)
            outcome = _look(connection, sources, before_stamp)
    except SerializationFailure:  # the other publisher committed between the snapshot and the lock
        return Outcome(busy=True)
    return _seen_in_time(connection, outcome)


def publish(connection: Connection[Any], sources: Sources, *, within_s: float) -> Outcome:
    """Look again and again until every change that can be seen is published and stamped in time.

    A transaction anywhere in the cluster that began before a change keeps that change back; after ``within_s`` seconds
    what is left is left to the next looks.

    Returns:
        What the last look did.

    Raises:
        psycopg.Error: as ``tick``.
    """
    end = time.monotonic() + within_s
    while True:
        outcome = tick(connection, sources)
        if (not outcome.busy and not outcome.late and is_whole(connection, sources.layers)) or time.monotonic() > end:
            return outcome
        time.sleep(_PAUSE_S)


def is_whole(connection: Connection[Any], layers: Sequence[Layer]) -> bool:
    """Tell whether every change that can be seen is worked off."""
    tables = sorted({each.qualified_table for each in layers if each.id != RECORDS})
    return _one(connection, "unread", tables=tables)[0] is False


def _look(connection: Connection[Any], sources: Sources, before_stamp: Callable[[], object]) -> Outcome:
    clock = _Clock(*_one(connection, "clock"))
    layers = tuple(each for each in sources.layers if each.id != RECORDS)
    found_keys = keys.changes(connection, clock.day)
    work = _work(connection, clock, sources, layers)
    before = removals.held(connection)
    found = _found(connection, clock, sources, layers, work, before)
    gone, total = dict(found.gone), found
    if work.is_due and not removals.may_go(connection, gone, before, share=sources.removal_share, now=_now(connection)):
        total = found.without_removals()
    stamp = _write(connection, clock, total, found_keys)
    if stamp and gone and total is found:
        removals.carried_out(connection, gone, stamp)
    if work.is_due:
        writing.note_lacking(connection, found, all_=work.units is None)
    before_stamp()
    stamp = _stamped_in_time(connection, stamp, total.size)
    moved = {"until": clock.until, "cluster": clock.cluster_now, "digest": work.digest, "loads": work.loads}
    connection.execute(_QUERIES["move"], moved | {"stamp": stamp})
    waiting = removals.held(connection)
    return Outcome(
        stamp=stamp,
        added=len(total.added),
        changed=len(total.changed),
        removed=len(total.removed),
        keys=len(found_keys.opened) + len(found_keys.closed),
        waiting=waiting.removed if waiting and waiting.waits else 0,
        lacking=len(found.lacking),
    )


def _work(connection: Connection[Any], clock: _Clock, sources: Sources, layers: tuple[Layer, ...]) -> _Work:
    """Count what changed, and return of what records are to be made anew."""
    declared, said = _digest(sources, clock), sources.said.version(connection)
    digest, loads = f"{declared} {said}", counting.loads_version(connection)
    wanted = keys.frames(connection, clock.day)
    if clock.published is None or clock.cluster != clock.cluster_now or clock.digest.partition(" ")[0] != declared:
        counting.count_all(connection, layers, clock.until)
        return _Work(None, wanted, digest, loads, is_due=True)
    dirty = counting.changed(connection, layers, clock.since, clock.until)
    if dirty:
        counting.recount(connection, layers, dirty, clock.since, clock.until)
    if clock.digest != digest:
        return _Work(None, wanted, digest, loads, is_due=True)
    units = frozenset[int]().union(*dirty.values())
    moved = bool(dirty) or clock.loads != loads or wanted != keys.published_frames(connection)
    return _Work(units, wanted, digest, loads, is_due=moved or _is_confirmed(connection))


def _found(
    connection: Connection[Any],
    clock: _Clock,
    sources: Sources,
    layers: tuple[Layer, ...],
    work: _Work,
    before: removals.Held | None,
) -> writing.Difference:
    """Return what differs; what waits to be removed is looked at each time, for it may have come back."""
    if not work.is_due:
        return writing.Difference((), (), {}, {}, {}, frozenset())
    units = work.units
    if units is not None and before and before.waits:
        units |= removals.units_of(connection, before.records)
    service = told_as_sample(sources.service) if clock.is_sample else sources.service
    variants = _variants(connection, service, sources.said.read(connection), layers, work.frames, units)
    return writing.difference(connection, variants, units)


def _variants(
    connection: Connection[Any],
    service: Service,
    said: Supplements,
    layers: tuple[Layer, ...],
    wanted: frozenset[str],
    units: frozenset[int] | None,
) -> Iterator[Variant]:
    by_component = counted(layers)
    yield from frames(service, {each.id: each for each in layers}, sorted(wanted), said)
    yield from full_records(service, layers, counting.of_layers(connection, layers), said)
    yield from unit_records(service, by_component, counting.of_units(connection, by_component, units), said)


def _write(
    connection: Connection[Any], clock: _Clock, found: writing.Difference, found_keys: keys.KeyChanges
) -> datetime | None:
    """Write everything at one instant, and return it; ``None``: there was nothing to publish."""
    is_due = found.size or found_keys or clock.published is None or not clock.in_time
    stamp = _stamp(clock.published, _now(connection), found.size) if is_due else None
    if stamp and clock.published and not clock.in_time:
        _restamp(connection, clock.published, stamp)
    if stamp:
        writing.write(connection, found, stamp)
    keys.write(connection, found_keys, stamp)
    return stamp


def _stamped_in_time(connection: Connection[Any], stamp: datetime | None, size: int) -> datetime | None:
    """Return the instant, or a later one where what was written took longer than was thought."""
    now = _now(connection)
    if stamp is None or now < stamp - _MARGIN:
        return stamp
    later = _stamp(stamp, now, size)
    _restamp(connection, stamp, later)
    return later


def _restamp(connection: Connection[Any], old: datetime, new: datetime) -> None:
    for each in ("restamp_records", "restamp_lives", "restamp_keys", "restamp_held"):
        connection.execute(_QUERIES[each], {"old": old, "new": new})


def _stamp(last: datetime | None, now: datetime, size: int) -> datetime:
    """Return a whole second to come: after the last instant, and late enough to write so many rows before."""
    ahead = now.replace(microsecond=0) + _SECOND * (2 + size // _ROWS_PER_SECOND)
    return max(ahead, last + _SECOND) if last else ahead


def _seen_in_time(connection: Connection[Any], outcome: Outcome) -> Outcome:
    """Note in a transaction of its own that the publication was committed before its instant."""
    if outcome.stamp is None:
        return outcome
    marked = connection.execute(_QUERIES["in_time"], {"stamp": outcome.stamp}).rowcount
    return outcome if marked else replace(outcome, late=True)


def _digest(sources: Sources, clock: _Clock) -> str:
    """Return the digest of what is declared: layers, service, and how records are made."""
    declared = [VERSION, clock.is_sample, asdict(sources.service), [asdict(each) for each in sources.layers]]
    return hashlib.sha256(json.dumps(declared, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def _is_confirmed(connection: Connection[Any]) -> bool:
    before = removals.held(connection)
    return bool(before and before.waits and before.confirmed)


def _now(connection: Connection[Any]) -> datetime:
    return _one(connection, "now")[0]


def _one(connection: Connection[Any], query: str, **arguments: object) -> tuple[Any, ...]:
    row = connection.execute(_QUERIES[query], arguments).fetchone()
    return row or ()
