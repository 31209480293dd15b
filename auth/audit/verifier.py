"""Verify the audit: follow the chain from its first seal, and name the first row that is not what was sealed.

What is believed is the public key alone. Seals are signed one by one, so a chain that was made anew without the key
fails at its first new link; heads that left with the backup show a chain that was cut off.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import Connection

from auth.audit import archive, chain, heads, store
from auth.audit.chain import Seal
from auth.audit.keys import is_signed
from auth.audit.store import Retirement, Row, Signed
from core.clocks import VIETNAM

_SEALS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is not what was sealed.

    Attributes:
        kind: ``changed``, ``deleted``, ``inserted``, ``reordered``: a row; ``seal``: a link of the chain;
            ``head``; ``truncated``: the end of the chain is missing; ``retired``: more rows left than were archived.
        seal: number of the seal; ``None`` where none is concerned.
        row: stream and id of the row, or of the first row of the seal, ``decision 41``.
        text: a sentence.
    """

    kind: str
    seal: int | None
    row: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found.

    Attributes:
        rows: how many were compared with their leaves.
        retired: how many left the database in the time of retention.
        pending: how many no seal holds yet.
        fault: the first one; ``None`` when everything is as it was sealed.
    """

    seals: int
    rows: int
    retired: int
    heads: int
    pending: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Period:
    """Days of Asia/Ho_Chi_Minh, both included; ``None`` is without end."""

    since: date | None = None
    until: date | None = None

    @property
    def is_all(self) -> bool:
        return self.since is None and self.until is None

    @property
    def instants(self) -> tuple[datetime | None, datetime | None]:
        """Its begin, and the first instant after it."""
        since = datetime.combine(self.since, time(), VIETNAM) if self.since else None
        until = datetime.combine(self.until + timedelta(days=1), time(), VIETNAM) if self.until else None
        return since, until


ALL = Period()


class _Found(Exception):
    """Ends the search."""

    def __init__(self, kind: str, text: str, *, seal: int | None = None, row: str | None = None) -> None:
        self.fault = Fault(kind, seal, row, text)
        super().__init__(text)


def verify(
    connection: Connection[Any], key: Ed25519PublicKey, folder: Path | None = None, period: Period = ALL
) -> Verdict:
    """Compare everything with what was sealed, in one snapshot.

    Args:
        connection: as ``store.reader`` makes it.
        key: public half of the key that signs; from a place that who owns the database cannot write.
        folder: of the heads and archives that left with the backup, or a copy of it; ``None`` looks at the database
            alone.
    """
    files = heads.read(folder) if folder else ()  # before the snapshot, which then holds every seal that they know
    with store.snapshot(connection):
        return _Verification(connection, key, folder, files, period).run()


class _Verification:
    def __init__(
        self,
        connection: Connection[Any],
        key: Ed25519PublicKey,
        folder: Path | None,
        files: heads.Files,
        period: Period,
    ) -> None:
        self._connection = connection
        self._key = key
        self._folder = folder
        self._files = files
        self._period = period
        self._seals = self._rows = self._gone = self._forgotten = self._heads = 0
        self._last: Signed | None = None

    def run(self) -> Verdict:
        now = store.horizon(self._connection)
        fault: Fault | None = None
        pending = 0
        try:
            self._follow()
            if self._period.is_all:
                self._look_for_strays(now)
                pending = store.pending(self._connection, now, self._last)
        except _Found as found:
            fault = found.fault
        return Verdict(self._seals, self._rows, self._gone + self._forgotten, self._heads, pending, fault)

    def _follow(self) -> None:
        """Walk the chain, and hold it against the heads."""
        retirements = self._retirements()
        known = self._known()
        first, last = self._bounds()
        self._last = next(iter(store.seals(self._connection, first - 1, first - 1)), None)
        for start in range(first, last + 1, _SEALS_AT_ONCE):
            seals = store.seals(self._connection, start, min(start + _SEALS_AT_ONCE - 1, last))
            self._check_seals(start, seals, known, retirements)
        if self._period.is_all:
            self._check_end(known)
        self._check_retired(retirements)

    def _bounds(self) -> tuple[int, int]:
        if self._period.is_all:
            last = store.last(self._connection)
            return 1, last.seal.n if last else 0
        return store.bounds(self._connection, *self._period.instants) or (1, 0)

    def _known(self) -> Mapping[int, tuple[str, bytes]]:
        """Return what genuine heads say: number of a seal -> name of the head, digest."""
        since, until = self._period.since, self._period.until
        known: dict[int, tuple[str, bytes]] = {}
        for name, head in self._told(since, until):
            if head is None or not heads.is_genuine(head, self._key):
                raise _Found("head", f"{name} is not signed by the key of the audit.", seal=head.n if head else None)
            if known.setdefault(head.n, (name, head.digest))[1] != head.digest:
                raise _Found("head", f"{name} and {known[head.n][0]} contradict each other.", seal=head.n)
            self._heads += 1
        return known

    def _told(self, since: date | None, until: date | None) -> Iterator[tuple[str, heads.Head | None]]:
        """Return heads of the database and of the folder with their names; one that is missing is a fault."""
        stored = {head.day: head for head in store.heads(self._connection, since, until)}
        for day, head in stored.items():
            yield f"The head of {day}", head
        for file, head in self._files:
            day = head.day if head else None
            if day and ((since and day < since) or (until and day > until)):
                continue
            if head is None and file.stem == "latest" and not self._period.is_all:
                continue
            yield f"The head in {file.name}", head
            if day and day not in stored and head and heads.is_genuine(head, self._key):
                raise _Found("head", f"The head of {day} is missing in the database.", seal=head.n)

    def _check_seals(
        self,
        start: int,
        seals: Sequence[Signed],
        known: Mapping[int, tuple[str, bytes]],
        retirements: Sequence[Retirement],
    ) -> None:
        """Check some neighbours: first the rows, which tell most, then the seal itself."""
        for expected, (signed, rows) in enumerate(self._with_rows(seals), start=start):
            if signed.seal.n != expected:
                raise _Found("seal", f"Seal {expected} is missing.", seal=expected, row=_first_of(rows))
            self._check_rows(signed.seal, rows, retirements)
            self._check_seal(signed, rows, known)
            self._seals += 1
            self._last = signed

    def _with_rows(self, seals: Sequence[Signed]) -> Iterator[tuple[Signed, list[Row]]]:
        """Return each seal with the rows that lie in its transactions now; neighbours are asked for at once."""
        for _, group in groupby(seals, lambda signed: signed.seal.interval.era):
            neighbours = list(group)
            first, last = neighbours[0].seal.interval, neighbours[-1].seal.interval
            rows = store.rows(self._connection, chain.Interval(first.era, first.since, last.until))
            for signed in neighbours:
                interval = signed.seal.interval
                yield signed, [row for row in _take_until(rows, interval.until) if row.tx >= interval.since]

    def _check_rows(self, seal: Seal, rows: Sequence[Row], retirements: Sequence[Retirement]) -> None:
        concerned = {each.kind for each in retirements if seal.n <= each.until_n}
        if seal.leaves is None:
            if "forgotten" not in concerned:
                raise _Found("seal", f"The leaves of seal {seal.n} are missing.", seal=seal.n, row=_first_of(rows))
            self._forgotten += seal.rows
            return
        sealed = list(chain.split(seal.leaves))
        found = [chain.leaf(row.canonical) for row in rows]
        if concerned:
            kept = set(found)
            self._gone += sum(each not in kept for each in sealed)
            sealed = [each for each in sealed if each in kept]
        if found != sealed:
            raise _difference(seal.n, sealed, found, rows)
        self._rows += len(rows)

    def _check_seal(self, signed: Signed, rows: Sequence[Row], known: Mapping[int, tuple[str, bytes]]) -> None:
        seal = signed.seal
        before = self._last.seal if self._last else None
        wrong = None
        if not _follows(seal, before):
            wrong = "does not begin where the one before ends."
        elif not chain.is_whole(seal, before.digest if before else chain.NOTHING):
            wrong = "is not the hash of its rows and of the seal before."
        elif not is_signed(self._key, signed.signature, heads.seal_message(seal.digest)):
            wrong = "is not signed by the key of the audit."
        elif seal.n in known and known[seal.n][1] != seal.digest:
            wrong = f"is another one than that of: {known[seal.n][0]}."
        if wrong:
            raise _Found("seal", f"Seal {seal.n} {wrong}", seal=seal.n, row=_first_of(rows))

    def _check_end(self, known: Mapping[int, tuple[str, bytes]]) -> None:
        end = self._last.seal.n if self._last else 0
        if missing := min((n for n in known if n > end), default=None):
            row = self._first_unsealed()
            raise _Found("truncated", f"{known[missing][0]} knows seal {missing}, but the chain ends with {end}.",
                         seal=end + 1, row=row)  # fmt: skip

    def _first_unsealed(self) -> str | None:
        now = store.horizon(self._connection)
        for interval in store.unsealed(now, self._last):
            if rows := store.rows(self._connection, interval, 1):
                return _name(rows[0])
        return None

    def _look_for_strays(self, now: store.Horizon) -> None:
        if found := store.stray(self._connection, now):
            row = f"{found[0]} {found[1]}"
            raise _Found("inserted", f"{row} lies where no seal is: it was not written by the service.", row=row)

    def _retirements(self) -> Sequence[Retirement]:
        found = store.retirements(self._connection)
        for each in found:
            if not is_signed(self._key, each.signature, archive.message(each)):
                raise _Found("retired", f"The retirement of {each.month:%Y-%m} is not signed by the key of the audit.")
        return found

    def _check_retired(self, retirements: Sequence[Retirement]) -> None:
        """Check that no more rows are gone than left for the archives."""
        for each in retirements:
            if each.kind == "archived" and self._folder and not archive.is_intact(self._folder, each):
                raise _Found("retired", f"The archive of {each.month:%Y-%m} is not the file that was signed.")
        allowed = sum(each.rows for each in retirements if each.kind == "archived")
        if self._gone > allowed:
            raise _Found("retired", f"{self._gone} rows of retired months are gone, but only {allowed} were archived.")


def _difference(n: int, sealed: Sequence[bytes], found: Sequence[bytes], rows: Sequence[Row]) -> _Found:
    """Name the first place where the rows are not those that were sealed."""
    place = next(
        (i for i, pair in enumerate(zip(sealed, found, strict=False)) if pair[0] != pair[1]),
        min(len(sealed), len(found)),
    )
    now = _name(rows[place]) if place < len(rows) else None
    is_lost = place < len(sealed) and sealed[place] not in found
    is_new = place < len(found) and found[place] not in sealed
    if is_lost and is_new and len(sealed) == len(found):
        return _Found("changed", f"{now} is not what was sealed.", seal=n, row=now)
    if is_new and len(found) > len(sealed):
        return _Found("inserted", f"{now} was not there when its seal was made.", seal=n, row=now)
    if is_lost or place >= len(found):
        after = f"the row after {_name(rows[place - 1])}" if place else f"the first row of seal {n}"
        return _Found("deleted", f"{after[0].upper()}{after[1:]} was deleted.", seal=n, row=after)
    if is_new:
        return _Found("inserted", f"{now} was not there when its seal was made.", seal=n, row=now)
    return _Found("reordered", f"{now} stands in another's place.", seal=n, row=now)


def _follows(seal: Seal, before: Seal | None) -> bool:
    """Tell whether a seal begins where the one before it ends."""
    interval = seal.interval
    if before is None or before.interval.era < interval.era:
        return interval.since == 0
    return before.interval.era == interval.era and before.interval.until == interval.since


def _take_until(rows: list[Row], until: int) -> Collection[Row]:
    """Take the rows below a transaction from the front of a list."""
    count = next((i for i, row in enumerate(rows) if row.tx >= until), len(rows))
    taken = rows[:count]
    del rows[:count]
    return taken


def _name(row: Row) -> str:
    return f"{row.stream} {row.id}"


def _first_of(rows: Sequence[Row]) -> str | None:
    return _name(rows[0]) if rows else None
