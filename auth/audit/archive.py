"""Retention: months leave the database for files, and files end, without breaking the chain.

A month's decisions and outcomes go to ``archive/2025-06.jsonl.gz``, one sealed text a line; the leaves stay in the
database, so every seal can still be checked. Later the file and the leaves go as well; roots and signatures stay. Both
steps are signed: rows that are missing without it are deleted rows. Acts are kept for good.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from auth.audit import store
from auth.audit.store import Retirement, Row
from core.clocks import Clock
from core.errors import Conflict

_NO_FILE = bytes(32)


@dataclass(frozen=True, slots=True)
class Retained:
    """What one run did.

    Attributes:
        archived: months whose rows went to files.
        forgotten: months whose files are gone, too.
    """

    archived: tuple[date, ...]
    forgotten: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept: in the database, and in all; whole months before the running one."""

    hot_months: int
    total_months: int


def retain(
    reader: Connection[Any],
    owner: Connection[Any],
    key: Ed25519PrivateKey,
    folder: Path,
    retention: Retention,
    clock: Clock,
) -> Retained:
    """Archive and forget what was kept long enough; ``reader`` and ``owner`` as ``store.reader`` and the DBA connect.

    Raises:
        Conflict: rows of a month that is over are not sealed yet.
    """
    today = clock.now().date()
    archived = tuple(_archivable(reader, back(today, retention.hot_months)))
    for month in archived:
        _archive(reader, owner, key, folder, month, clock)
    forgotten = tuple(_forgettable(reader, back(today, retention.total_months)))
    for each in forgotten:
        _forget(reader, owner, key, folder, each, clock)
    return Retained(archived, tuple(each.month for each in forgotten))


def message(retirement: Retirement) -> bytes:
    """Return what is signed of a retirement."""
    told = f"{retirement.month} {retirement.kind} {retirement.until_n} {retirement.rows} "
    return b"datdai audit retirement\0" + told.encode() + retirement.archive


def is_intact(folder: Path, retirement: Retirement) -> bool:
    """Tell whether an archive is the file that was signed; one that is not here cannot be told."""
    path = file_of(folder, retirement.month)
    return not path.exists() or _hash_of(path) == retirement.archive


def file_of(folder: Path, month: date) -> Path:
    """Return where the archive of a month lies."""
    return folder / "archive" / f"{month:%Y-%m}.jsonl.gz"


def back(day: date, months: int) -> date:
    """Return the first day of the month so many months before that of a day."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _archivable(reader: Connection[Any], end: date) -> Iterator[date]:
    """Return the months before ``end`` that may have rows; what came late to an archived one stays where it is."""
    with store.snapshot(reader):
        oldest = store.oldest(reader)
        archived = {each.month for each in store.retirements(reader)}
    month = back(oldest.astimezone(UTC).date(), 0) if oldest else end
    while month < end:
        if month not in archived:
            yield month
        month = back(month, -1)


def _forgettable(reader: Connection[Any], end: date) -> list[Retirement]:
    with store.snapshot(reader):
        found = store.retirements(reader)
    forgotten = {each.month for each in found if each.kind == "forgotten"}
    return [each for each in found if each.kind == "archived" and each.month < end and each.month not in forgotten]


def _archive(
    reader: Connection[Any], owner: Connection[Any], key: Ed25519PrivateKey, folder: Path, month: date, clock: Clock
) -> None:
    """Write a month's file, then take its rows out of the database."""
    path = file_of(folder, month)
    with store.snapshot(reader):
        count, last = _write(path, _rows_of(reader, month))
        until_n = store.holder(reader, *last) if last else 0
    if until_n is None:
        raise Conflict("The audit of {} is not sealed yet.", month.isoformat()[:7])
    if not count:
        path.unlink()
        return
    retirement = _signed(Retirement(month, "archived", until_n, count, _hash_of(path), b""), key)
    with owner.transaction():
        store.retire(owner, retirement, clock.now())
        if store.drop_month(owner, month) != count:
            raise Conflict("The audit of {} has rows that were not archived.", month.isoformat()[:7])


def _forget(
    reader: Connection[Any],
    owner: Connection[Any],
    key: Ed25519PrivateKey,
    folder: Path,
    archived: Retirement,
    clock: Clock,
) -> None:
    """Delete a month's file, and the leaves of its seals; a late row's seal keeps those of its neighbours."""
    with store.snapshot(reader):
        last = store.last_before(reader, _begin_of(back(archived.month, -1)))
    until_n = min(archived.until_n, last[0] if last else 0)
    retirement = _signed(replace(archived, kind="forgotten", until_n=until_n, archive=_NO_FILE), key)
    with owner.transaction():
        store.retire(owner, retirement, clock.now())
        store.drop_leaves(owner, retirement.until_n)
    file_of(folder, archived.month).unlink(missing_ok=True)


def _signed(retirement: Retirement, key: Ed25519PrivateKey) -> Retirement:
    return replace(retirement, signature=key.sign(message(retirement)))


def _rows_of(reader: Connection[Any], month: date) -> Iterator[tuple[int, Row]]:
    begin, end = _begin_of(month), _begin_of(back(month, -1))
    for era in range(1, store.horizon(reader).era + 1):
        yield from ((era, row) for row in store.month_rows(reader, era, begin, end))


def _begin_of(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _write(path: Path, rows: Iterator[tuple[int, Row]]) -> tuple[int, tuple[int, int] | None]:
    """Write rows to a file for good; return their number, and era and transaction of the last one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, last = 0, None
    with path.open("wb") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as out:
            for era, row in rows:
                out.write(row.canonical.encode() + b"\n")
                count, last = count + 1, (era, row.tx)
        file.flush()
        os.fsync(file.fileno())
    return count, last


def _hash_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
