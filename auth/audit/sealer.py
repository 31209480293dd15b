"""Seal the audit: every second the finished rows become a link of the chain, every day the last link a head.

A row is finished when its transaction number lies below every one that still runs, so nothing comes in behind a seal.
A long writing transaction of the same cluster therefore holds the seals up, and never loses one.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from psycopg import Connection

from auth.audit import chain, heads, keys, store
from auth.audit.chain import Interval, Seal
from auth.audit.store import Row, Signed
from core.clocks import VIETNAM, Clock, calendar_day
from core.errors import DatabaseError, DatdaiError
from database.connections import connect

EVERY_S = 1.0
ROWS_MAX = 10_000
"""Rows of one seal, but for one transaction that has more."""

_log = logging.getLogger("datdai.audit")


class Sealer:
    """Seals with one key; two that run at once hinder each other, but harm nothing."""

    def __init__(
        self,
        reader: Connection[Any],
        writer: Connection[Any],
        key: Ed25519PrivateKey,
        folder: Path,
        clock: Clock,
    ) -> None:
        """Put a sealer together.

        Args:
            reader: of the auditor, as ``store.reader`` makes it.
            writer: of the login that writes the audit, each statement for itself.
            folder: where heads are written, for the backup.
        """
        self._reader = reader
        self._writer = writer
        self._key = key
        self._folder = folder
        self._clock = clock

    def round(self) -> int:
        """Seal all that is finished, and make yesterday's head where it is missing; return the number of rows."""
        self._make_months()
        sealed = 0
        while some := self._seal():
            sealed += some
        self._make_head()
        return sealed

    def _seal(self) -> int:
        """Make one seal; return its number of rows, 0 when there is nothing to seal."""
        with store.snapshot(self._reader):
            before = store.last(self._reader)
            found = self._next(store.unsealed(store.horizon(self._reader), before))
        if not found:
            return 0
        n, digest = (before.seal.n, before.seal.digest) if before else (0, chain.NOTHING)
        if before and not is_ours(self._reader, before, self._key.public_key()):
            raise DatabaseError(
                f"Seal {n} was not made with the key of this server: see docs/reference/audit.md#seals."
            )
        interval, rows = found
        leaves = [chain.leaf(row.canonical) for row in rows]
        seal = chain.make(n + 1, interval, leaves, before=digest, made_at=self._clock.now())
        return len(rows) if self._add(seal) else 0

    def _next(self, intervals: Iterator[Interval]) -> tuple[Interval, Sequence[Row]] | None:
        """Return the first interval that has rows, cut to as many as one seal takes."""
        for interval in intervals:
            if rows := store.rows(self._reader, interval, ROWS_MAX + 1):
                return self._cut(interval, rows)
        return None

    def _cut(self, interval: Interval, rows: list[Row]) -> tuple[Interval, Sequence[Row]]:
        """Leave the last transaction, which may go on, to the next seal, unless it is the only one."""
        if len(rows) <= ROWS_MAX:
            return interval, rows
        first, last = rows[0].tx, rows[-1].tx
        if first == last:
            only = replace(interval, until=first + 1)
            return only, store.rows(self._reader, only)
        return replace(interval, until=last), [row for row in rows if row.tx < last]

    def _add(self, seal: Seal) -> bool:
        try:
            store.add(self._writer, seal, self._key.sign(heads.seal_message(seal.digest)))
        except psycopg.errors.UniqueViolation:
            return False
        latest = heads.sign(self._key, None, seal.n, seal.digest)
        heads.write(self._folder, latest, self._key.public_key())
        return True

    def _make_head(self) -> None:
        today = calendar_day(self._clock.now())
        day = today - timedelta(days=1)
        with store.snapshot(self._reader):
            found = store.last_before(self._reader, datetime.combine(today, time(), VIETNAM))
            made = store.heads(self._reader, day, day)
        if any(not heads.is_genuine(each, self._key.public_key()) for each in made):
            raise DatabaseError(f"The head of {day} was not made with the key of this server.")
        if not found or made:
            return
        head = heads.sign(self._key, day, *found)
        public = self._key.public_key()
        try:
            store.add_head(self._writer, head, made_at=self._clock.now(), key=keys.public_text(public).decode())
        except psycopg.errors.UniqueViolation:
            return
        heads.write(self._folder, head, public)

    def _make_months(self) -> None:
        store.make_months(self._writer, self._clock.now().date())


def is_ours(reader: Connection[Any], last: Signed, key: Ed25519PublicKey) -> bool:
    """Tell whether a seal is what it says of itself, and signed: what may write the audit alone cannot sign."""
    seal = last.seal
    earlier = next(iter(store.seals(reader, seal.n - 1, seal.n - 1)), None)
    is_whole = chain.is_whole(seal, earlier.seal.digest if earlier else chain.NOTHING)
    return is_whole and keys.is_signed(key, last.signature, heads.seal_message(seal.digest))


@contextmanager
def sealing(writer_dsn: str, reader_dsn: str, home: Path, clock: Clock) -> Generator[Sealer]:
    """Connect a sealer for the time of a block.

    Raises:
        DatabaseError: the database cannot be reached.
        SettingsError: the key cannot be read or made.
    """
    key = keys.signing_key(home)
    with (
        store.reader(reader_dsn, purpose="sealer") as reader,
        connect(writer_dsn, purpose="sealer", autocommit=True) as writer,
    ):
        yield Sealer(reader, writer, key, heads.folder_of(home), clock)


def start(writer_dsn: str, reader_dsn: str, home: Path, clock: Clock) -> threading.Event:
    """Begin to seal in a thread of its own; set the event to end it.

    Args:
        writer_dsn: of the login that writes the audit.
        reader_dsn: of the login that reads it.
        home: folder that keeps the key, and the heads in its folder ``audit``.

    Raises:
        SettingsError: the key cannot be read or made.
    """
    keys.signing_key(home)
    stop = threading.Event()
    work = threading.Thread(
        target=_go_on,
        args=(lambda: _seal_until(stop, writer_dsn, reader_dsn, home, clock), stop),
        name="sealer",
        daemon=True,
    )
    work.start()
    return stop


def _go_on(work: Callable[[], None], stop: threading.Event) -> None:
    """Work until the end; what goes wrong is logged, and it begins anew."""
    while not stop.is_set():
        try:
            work()
        except (DatdaiError, psycopg.Error, OSError) as error:
            _log.error("the audit is not sealed now: %s", " ".join(str(error).split()) or type(error).__name__)
            stop.wait(10 * EVERY_S)


def _seal_until(stop: threading.Event, writer_dsn: str, reader_dsn: str, home: Path, clock: Clock) -> None:
    with sealing(writer_dsn, reader_dsn, home, clock) as sealer:
        while not stop.is_set():
            sealer.round()
            stop.wait(EVERY_S)
