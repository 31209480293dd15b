"""Read the audit, as far as the reader may: everything, a unit's, or one's own.

PostgreSQL itself holds readers to it: without the scope that ``reading`` sets the tables are empty. That somebody
reads is an act on record, written first.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time
from typing import Any, cast

from psycopg import Connection

from auth.audit.acts import record
from auth.model import AccountKind, Caller
from core.errors import Forbidden
from database.queries import load
from database.writer import Writer

_QUERIES = load("auth.audit", "reading.sql")
OPENS, CLOSES = time(7), time(17, 30)
"""Hours of work in Vietnam, Monday to Friday; what lies outside is told as after hours."""
UNUSUAL_LEAST = 1_000
"""Rows of a day that are never unusual."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for; ``None`` asks for all."""

    since: datetime
    until: datetime
    unit: str | None = None
    account: str | None = None
    agreement: str | None = None
    collection: str | None = None
    granted: bool | None = None
    literal: str | None = None
    act: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A request and what became of it; the last four are ``None`` while it runs, or where it never ended."""

    id: int
    at: datetime
    request_id: str
    subject: str
    account: str | None
    unit: str | None
    client: str | None
    token: str | None
    ip: str | None
    method: str
    route: str
    collection: str | None
    operation: str | None
    profile_hash: str | None
    agreements: list[str] | None
    columns: list[str] | None
    granted: bool
    status: int | None
    reason: str | None
    query: str | None
    rows: int | None
    bytes: int | None
    duration_us: int | None
    finished: bool | None


@dataclass(frozen=True, slots=True)
class Act:
    """An administrative act."""

    id: int
    at: datetime
    subject: str
    account: str | None
    unit: str | None
    client: str | None
    entered: str
    act: str
    about: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Day:
    """What was asked for on one day of Vietnam; ``unfinished`` were granted and broke off, or still run."""

    day: date
    requests: int
    denials: int
    rows: int
    bytes: int
    unfinished: int


@dataclass(frozen=True, slots=True)
class AfterHours:
    account: str
    requests: int
    rows: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Unusual:
    """A day on which an account took more than three times its usual rows, the median of four weeks before."""

    account: str
    day: date
    rows: int
    usual: int


@dataclass(frozen=True, slots=True)
class FirstUse:
    """The first request of an account that named a column; ``*`` is the first that got all that it may see."""

    account: str
    collection: str
    column: str
    at: datetime
    request_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a unit, an account, or all under an agreement asked for in a time."""

    requests: int
    denials: int
    rows: int
    bytes: int
    unfinished: int
    days: list[Day]
    after_hours: list[AfterHours]
    unusual: list[Unusual]
    first_uses: list[FirstUse]


@contextmanager
def reading(identity: Writer, auditor: Writer, who: Caller, what: str, wanted: Wanted) -> Generator[Connection[Any]]:
    """Put on record that somebody reads, then lend a connection that sees what that one may see.

    Args:
        what: kind of the reading: ``records``, ``acts``, ``report``.

    Raises:
        Forbidden: the caller asks for what is another's.
        Unavailable: the reading cannot be put on record, or the database is away.
    """
    scope = scope_of(who, wanted)
    told = {name: _told(value) for name, value in asdict(wanted).items() if value is not None}
    with identity.transaction() as connection:
        record(connection, who, "audit.read", f"audit:{what}", after=told)
    with auditor.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute(_QUERIES["read_as"].encode(), {"scope": scope})
        yield connection


def scope_of(who: Caller, wanted: Wanted) -> str:
    """Return whose rows a caller may read, as the database understands it.

    Raises:
        Forbidden: the caller asks for another unit's or person's, or is nobody.
    """
    match who.account_kind:
        case AccountKind.SYSTEM_ADMIN:
            return "all"
        case AccountKind.UNIT_HEAD if who.unit and wanted.unit in {None, who.unit}:
            return f"unit:{who.unit}"
        case AccountKind.INDIVIDUAL | AccountKind.MACHINE if (
            who.account and wanted.account in {None, who.account} and wanted.unit is None
        ):
            return f"account:{who.account}"
        case _:
            raise Forbidden("This part of the audit is not yours to read.")


def records(connection: Connection[Any], wanted: Wanted, *, before: int | None, most: int) -> list[Record]:
    """Return requests, newest first, older than the one with the id ``before``."""
    return [Record(*row) for row in _ask(connection, "records", wanted, before=before, most=most)]


def acts(connection: Connection[Any], wanted: Wanted, *, before: int | None, most: int) -> list[Act]:
    """Return acts, newest first, older than the one with the id ``before``."""
    return [Act(*row) for row in _ask(connection, "acts", wanted, before=before, most=most)]


def report(connection: Connection[Any], wanted: Wanted) -> Report:
    """Return the report of a unit, an account or an agreement, whichever is wanted."""
    days = [Day(*row) for row in _ask(connection, "days", wanted)]
    sums = {field.name: sum(cast("int", getattr(day, field.name)) for day in days) for field in fields(Day)[1:]}
    return Report(
        **sums,
        days=days,
        after_hours=[AfterHours(*row) for row in _ask(connection, "after_hours", wanted, opens=OPENS, closes=CLOSES)],
        unusual=[Unusual(*row) for row in _ask(connection, "unusual", wanted, least=UNUSUAL_LEAST)],
        first_uses=[FirstUse(*row) for row in _ask(connection, "first_uses", wanted)],
    )


def _ask(connection: Connection[Any], name: str, wanted: Wanted, **more: object) -> list[tuple[Any, ...]]:
    """Ask with a plan for these values: what is not asked for would hide the index else."""
    values = asdict(wanted) | more
    return connection.execute(_QUERIES[name].encode(), values, prepare=False).fetchall()


def _told(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
