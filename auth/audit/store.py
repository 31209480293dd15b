"""Seals and heads in the database, as values."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from psycopg import Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from auth.audit.chain import Interval, Seal
from auth.audit.heads import Head
from database.connections import connect
from database.queries import load

_QUERIES = load("auth.audit", "seals.sql")
_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """A row of one of the streams, as it is sealed."""

    tx: int
    stream: str
    id: int
    canonical: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A seal with the signature that stands beside it."""

    seal: Seal
    signature: bytes


@dataclass(frozen=True, slots=True)
class Horizon:
    """The era of now, and the transaction below which everything is finished."""

    era: int
    finished: int


@dataclass(frozen=True, slots=True)
class Retirement:
    """A month whose rows left the database: ``archived`` in a file, or ``forgotten`` with their leaves."""

    month: date
    kind: str
    until_n: int
    rows: int
    archive: bytes
    signature: bytes


def reader(dsn: str, *, purpose: str) -> Connection[tuple[Any, ...]]:
    """Connect as the auditor, who reads everything here, in one snapshot for each transaction.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    given = str(conninfo_to_dict(dsn).get("options") or "")
    whole = make_conninfo(dsn, options=f"{given} -c datdai.audit_of=all -c timezone=UTC -c jit=off".strip())
    connection = connect(whole, purpose=purpose, autocommit=True)
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def read_all(connection: Connection[Any]) -> None:
    """Read everything, in one snapshot, to the end of a transaction of the auditor that has just begun."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.execute("SET LOCAL datdai.audit_of = 'all'")


def horizon(connection: Connection[Any]) -> Horizon:
    """Return up to where rows may be sealed."""
    row = connection.execute(_QUERIES["horizon"].encode()).fetchone()
    return Horizon(*cast("tuple[int, int]", row))


def last(connection: Connection[Any]) -> Signed | None:
    """Return the last seal, without its leaves."""
    row = connection.execute(_QUERIES["last"].encode()).fetchone()
    return _signed(row) if row else None


def seals(connection: Connection[Any], since: int, until: int) -> list[Signed]:
    """Return the seals ``since`` to ``until``, both included."""
    values = {"since": since, "until": until}
    return [_signed(row) for row in connection.execute(_QUERIES["seals"].encode(), values)]


def bounds(connection: Connection[Any], since: datetime | None, until: datetime | None) -> tuple[int, int] | None:
    """Return the numbers of the first and the last seal made in a time; ``None`` when there is none."""
    row = connection.execute(_QUERIES["bounds"].encode(), {"since": since, "until": until}).fetchone()
    return cast("tuple[int, int]", row) if row and row[0] is not None else None


def rows(connection: Connection[Any], interval: Interval, most: int | None = None) -> list[Row]:
    """Return the rows of some transactions in the order of seals, ``None``: all of them."""
    values = {"era": interval.era, "since": str(interval.since), "until": str(interval.until), "most": most}
    values |= {"begin": None, "end": None}
    return [Row(*row) for row in connection.execute(_QUERIES["rows"].encode(), values)]


def month_rows(connection: Connection[Any], era: int, begin: datetime, end: datetime) -> Iterator[Row]:
    """Return decisions and outcomes between two instants in the order of seals, a few at a time."""
    values = {"era": era, "since": "0", "until": str(_END), "most": None, "begin": begin, "end": end}
    with connection.cursor("month") as cursor:
        cursor.itersize = 5_000
        cursor.execute(_QUERIES["rows"].encode(), values)
        yield from (Row(*row) for row in cursor)


def oldest(connection: Connection[Any]) -> datetime | None:
    """Return the instant of the oldest decision or outcome."""
    row = connection.execute(_QUERIES["oldest"].encode()).fetchone()
    return cast("tuple[datetime | None]", row)[0]


def holder(connection: Connection[Any], era: int, tx: int) -> int | None:
    """Return the number of the seal that holds a transaction."""
    row = connection.execute(_QUERIES["holder"].encode(), {"era": era, "tx": str(tx)}).fetchone()
    return int(row[0]) if row else None


def retire(connection: Connection[Any], retirement: Retirement, made_at: datetime) -> None:
    """Write down that a month leaves the database."""
    values = {
        "month": retirement.month,
        "kind": retirement.kind,
        "until_n": retirement.until_n,
        "rows": retirement.rows,
        "archive": retirement.archive,
        "made_at": made_at,
        "signature": retirement.signature,
    }
    connection.execute(_QUERIES["retire"].encode(), values)


def drop_month(connection: Connection[Any], month: date) -> int:
    """Take the rows of a month out of the database; return their number."""
    row = connection.execute(_QUERIES["drop_month"].encode(), {"month": month}).fetchone()
    return cast("tuple[int]", row)[0]


def drop_leaves(connection: Connection[Any], until_n: int) -> None:
    """Forget the leaves of seals up to a number."""
    connection.execute(_QUERIES["drop_leaves"].encode(), {"until_n": until_n})


def unsealed(now: Horizon, before: Signed | None) -> Iterator[Interval]:
    """Return what comes behind a seal: the rest of its era, then each later one, the last up to the horizon."""
    first = before.seal.interval if before else Interval(1, 0, 0)
    for era in range(first.era, now.era + 1):
        since = first.until if era == first.era else 0
        until = now.finished if era == now.era else _END
        if since < until:
            yield Interval(era, since, until)


def waiting_since(connection: Connection[Any], before: Signed | None) -> datetime | None:
    """Return when the first decision or act came in that no seal holds yet, of both the earlier."""
    behind = before.seal.interval if before else Interval(1, 0, 0)
    values = {"era": behind.era, "since": str(behind.until)}
    row = connection.execute(_QUERIES["waiting_since"].encode(), values).fetchone()
    return cast("tuple[datetime | None]", row)[0]


def stray(connection: Connection[Any], now: Horizon) -> tuple[str, int] | None:
    """Return stream and id of the first row that no seal holds nor will."""
    row = connection.execute(_QUERIES["strays"].encode(), {"era": now.era}).fetchone()
    return cast("tuple[str, int] | None", row)


def pending(connection: Connection[Any], now: Horizon, before: Signed | None) -> int:
    """Count the rows of this era that no seal holds yet."""
    is_same = before is not None and before.seal.interval.era == now.era
    since = before.seal.interval.until if before and is_same else 0
    row = connection.execute(_QUERIES["pending"].encode(), {"era": now.era, "since": str(since)}).fetchone()
    return cast("tuple[int]", row)[0]


def add(connection: Connection[Any], seal: Seal, signature: bytes) -> None:
    """Add a seal.

    Raises:
        psycopg.errors.UniqueViolation: somebody else sealed at the same time.
    """
    values = {
        "n": seal.n,
        "era": seal.interval.era,
        "since": str(seal.interval.since),
        "until": str(seal.interval.until),
        "rows": seal.rows,
        "leaves": seal.leaves,
        "root": seal.root,
        "chain": seal.chain,
        "made_at": seal.made_at,
        "seal": seal.digest,
        "signature": signature,
    }
    connection.execute(_QUERIES["add"].encode(), values)


def last_before(connection: Connection[Any], instant: datetime) -> tuple[int, bytes] | None:
    """Return number and digest of the last seal that was made before an instant."""
    row = connection.execute(_QUERIES["last_before"].encode(), {"until": instant}).fetchone()
    return (int(row[0]), bytes(row[1])) if row else None


def add_head(connection: Connection[Any], head: Head, *, made_at: datetime, key: str) -> None:
    """Add the head of a day."""
    values = {"day": head.day, "n": head.n, "seal": head.digest, "made_at": made_at, "key": key}
    connection.execute(_QUERIES["add_head"].encode(), values | {"signature": head.signature})


def heads(connection: Connection[Any], since: date | None, until: date | None) -> list[Head]:
    """Return the heads of some days, both ends included."""
    found = connection.execute(_QUERIES["heads"].encode(), {"since": since, "until": until})
    return [Head(day, n, bytes(digest), bytes(signature)) for day, n, digest, signature in found]


def retirements(connection: Connection[Any]) -> list[Retirement]:
    """Return the months that left the database."""
    found = connection.execute(_QUERIES["retirements"].encode())
    return [Retirement(month, kind, n, count, bytes(a), bytes(s)) for month, kind, n, count, a, s in found]


def make_months(connection: Connection[Any], day: date) -> None:
    """Make the partitions of a month and of the three after it."""
    connection.execute(_QUERIES["make_months"].encode(), {"day": day})


@contextmanager
def snapshot(connection: Connection[Any]) -> Generator[None]:
    """Read in one snapshot."""
    with connection.transaction():
        yield


def _signed(row: tuple[Any, ...]) -> Signed:
    n, era, since, until, count, leaves, root, chain, made_at, digest, signature = row
    kept = None if leaves is None else bytes(leaves)
    seal = Seal(n, Interval(era, since, until), count, kept, bytes(root), bytes(chain), made_at, bytes(digest))
    return Signed(seal, bytes(signature))
