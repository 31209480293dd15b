"""One connection that reads: one round trip for an answer, a cursor for an export."""

import itertools
import re
import select
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import ConnectionTimeout, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.json import set_json_loads

from catalogue.parts import BASE

type Row = tuple[object, ...]
type Statement = tuple[str, Sequence[object]]
"""SQL with one ``%s`` for each value (``%%`` is a percent sign), and the values."""

_ENTER = b"SELECT acl.enter($1::text, $2::text, $3::text, $4::text, $5::float8[], $6::text)"
_ENTER_EXPORT = "SELECT acl.enter(%s::text, %s::text, %s::text, %s::text, %s::float8[], %s::text)"
# Where a number has no source beside it, it was chosen: no recorded run compares others.
_PREPARE_AFTER = 2  # a filter that is asked once is not worth a prepared statement; psycopg prepares after 5
_PREPARED_MAX = 512  # of a connection; each holds a plan
_PREPARED_LENGTH_MAX = 400_000  # letters of these statements; their plans take about 100 times as much memory
_HOMES = 3  # connections that keep plans for one profile, where many profiles read
_COUNTED_MAX = 20_000  # numbers of statements asked: 1.2 MiB in CPython 3.13
_KEPT_LENGTH_MAX = 60_000  # a longer statement is a client's own filter: neither cached nor prepared
_TRUSTED_S = 1.0  # a connection used just now is not asked whether it still stands; if not, the trip is made again
_PLACES = (b"ST_MakeEnvelope(", b"ST_GeomFromText(", b"dm.de_tim(")
"""A plan depends on where and how large a place is, and on how often a word comes: such a statement is planned with its
values each time.

Boxes so small that it does not depend on them are written otherwise (``query.bbox``).
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who asks; PostgreSQL looks up what that principal may see.

    Args:
        kind: ``token``, ``session``, ``job``, ``subscription`` or ``public``.
        key: the principal within its kind.
        profile_hash: the profile that the statements were composed for.
        part: the part of that profile whose role reads.
        bbox: (min_x, min_y, max_x, max_y) in degrees that every row read touches: row security narrows by it.
        search: the one term that every row read holds, where there is no box: row security narrows by it.
    """

    kind: str
    key: str
    profile_hash: str
    part: str = BASE
    bbox: tuple[float, float, float, float] | None = None
    search: str | None = None

    @property
    def role(self) -> "_Role":
        """Return what stands for the role that is taken on."""
        return self.profile_hash, self.part, "b" if self.bbox else "s" if self.search is not None else ""


class Line:
    """One connection for answers, with the statements prepared on it; it stays in pipeline mode.

    The driver's own pipeline spends 0.10 ms of CPU on a trip of four statements, this one 0.02 ms: it
    speaks to libpq through the driver's wrapper and leaves to the driver the conversion of values.
    """

    __slots__ = (
        "_all",
        "_codec",
        "_connection",
        "_names",
        "_poller",
        "_prepared",
        "_prepared_length",
        "_readers",
        "_used",
        "_wire",
    )

    def __init__(self, conninfo: str, known: "Known | None" = None) -> None:
        """Connect; ``known`` is what the connections of one pool know together."""
        self._all = known or Known()
        self._connection = _connect(conninfo)
        self._wire = self._connection.pgconn
        self._wire.enter_pipeline_mode()
        self._codec = Transformer(self._connection)
        self._poller = select.poll()
        self._poller.register(self._wire.socket, select.POLLIN)
        self._prepared: OrderedDict[_Prepared, bytes] = OrderedDict()
        self._prepared_length = 0
        self._readers: Counter[str] = Counter()
        self._names = itertools.count()
        self._used = time.monotonic()

    def is_usable(self) -> bool:
        was_just_used = time.monotonic() - self._used < _TRUSTED_S
        return _is_standing(self._wire) and (was_just_used or not self._poller.poll(0))

    @property
    def readers(self) -> Collection[str]:
        """Return the profiles for which plans are kept."""
        return self._readers

    def close(self) -> None:
        self._all.homes.subtract(dict.fromkeys(self._readers, 1))
        self._readers.clear()
        self._connection.close()

    def trip(
        self, begin: bytes, entry: Entry | None, statements: Sequence[Statement], *, binary: bool, timeout_ms: int
    ) -> list[list[Row]]:
        """Send everything, then receive everything; any error rolls back."""
        trip = _Trip()
        self._send_fixed(trip, begin)
        self._forget_oldest(trip)
        if entry:
            self._send_fixed(trip, _ENTER, _entry_params(entry))
        role = entry.role if entry else _NO_ROLE
        for text, params in statements:
            self._send(trip, text, params, Format.BINARY if binary else Format.TEXT, role)
        self._send_fixed(trip, b"COMMIT")
        results = self._finish(trip, timeout_ms)
        return [self._rows(result) for result in results[-1 - len(statements) : -1]]

    def _send_fixed(self, trip: "_Trip", command: bytes, params: Sequence[bytes | None] | None = None) -> None:
        """Send one of the few statements that each trip has; all of its parameters are text."""
        name = self._known((command, (), _NO_ROLE)) or self._prepare(trip, (command, (), _NO_ROLE))
        self._wire.send_query_prepared(name, params)
        trip.expected.append(None)

    def _send(self, trip: "_Trip", text: str, params: Sequence[object], result_format: Format, role: "_Role") -> None:
        """Send a statement, prepared when it was asked before with parameters of these types.

        It is prepared for each role apart: a plan that serves under row security serves the role it was made for, and
        would be made anew whenever the roles of a connection change.
        """
        command = numbered(text)
        values = self._codec.dump_sequence(params, [PyFormat.AUTO] * len(params)) if params else None
        types = self._codec.types or () if params else ()
        formats = self._codec.formats if params else None
        known_by = (command, types, role)
        name = self._known(known_by)
        if name is None and self._has_room_for(role) and self._is_worth_preparing(command):
            name = self._prepare(trip, known_by)
        if name is None:
            self._wire.send_query_params(command, values, types, formats, result_format)
        else:
            self._wire.send_query_prepared(name, values, formats, result_format)
        trip.expected.append(None)

    def _known(self, known_by: "_Prepared") -> bytes | None:
        name = self._prepared.get(known_by)
        if name:
            self._prepared.move_to_end(known_by)
        return name

    def _prepare(self, trip: "_Trip", known_by: "_Prepared") -> bytes:
        name = b"d%d" % next(self._names)
        self._wire.send_prepare(name, *known_by[:2])
        trip.expected.append((known_by, name))
        return name

    def _has_room_for(self, role: "_Role") -> bool:
        """Tell whether plans for a role are kept here: where many roles read, on a few connections each."""
        reader = role[0]
        is_at_home = reader in self._readers or self._all.homes[reader] < _HOMES
        return is_at_home or self._prepared_length < _PREPARED_LENGTH_MAX // 2

    def _is_worth_preparing(self, command: bytes) -> bool:
        if len(command) > _KEPT_LENGTH_MAX or any(each in command for each in _PLACES):
            return False
        counts = self._all.counts
        if len(counts) >= _COUNTED_MAX:
            counts.clear()
        which = hash(command)  # a client's filter may be long; two of one hash are merely prepared early
        count = counts[which] = counts.get(which, 0) + 1
        return count > _PREPARE_AFTER

    def _finish(self, trip: "_Trip", timeout_ms: int) -> list[PGresult]:
        """Receive one result for each thing sent and return those of statements.

        Raises:
            psycopg.Error: the first thing that failed; what follows it was not done.
        """
        self._wire.pipeline_sync()
        self._flush(timeout_ms)
        results = self._receive(timeout_ms)
        self._used = time.monotonic()
        for expected, result in zip(trip.expected, results, strict=False):
            if expected and result.status == ExecStatus.COMMAND_OK:
                self._remember(*expected)
        failed = next((result for result in results if result.status == ExecStatus.FATAL_ERROR), None)
        if failed:
            self._roll_back(timeout_ms)
            raise error_from_result(failed, "utf-8")
        return [result for expected, result in zip(trip.expected, results, strict=True) if not expected]

    def _flush(self, timeout_ms: int) -> None:
        """Send what is buffered, reading meanwhile: a server that cannot write does not read either."""
        while self._wire.flush():
            self._poller.modify(self._wire.socket, select.POLLIN | select.POLLOUT)
            self._wait(timeout_ms)
            self._poller.modify(self._wire.socket, select.POLLIN)

    def _receive(self, timeout_ms: int) -> list[PGresult]:
        """Return all results up to the end of the pipeline."""
        wire = self._wire
        results: list[PGresult] = []
        while True:
            while not wire.is_busy():
                result = wire.get_result()
                if result is None:
                    if wire.status != ConnStatus.OK:
                        raise psycopg.OperationalError("the connection was lost")
                elif result.status == ExecStatus.PIPELINE_SYNC:
                    return results
                else:
                    results.append(result)
            self._wait(timeout_ms)

    def _wait(self, timeout_ms: int) -> None:
        """Wait for the server, without holding the interpreter."""
        events = self._poller.poll(timeout_ms)
        if not events:
            self._connection.close()
            raise ConnectionTimeout("the server does not answer")
        if any(mask & ~select.POLLOUT for _, mask in events):
            self._wire.consume_input()

    def _rows(self, result: PGresult) -> list[Row]:
        self._codec.set_pgresult(result)
        return self._codec.load_rows(0, result.ntuples, tuple)

    def _roll_back(self, timeout_ms: int) -> None:
        """Leave the failed transaction; a connection that was lost is found by ``is_usable``."""
        if self._wire.status == ConnStatus.OK and self._wire.transaction_status == TransactionStatus.INERROR:
            self._command(b"ROLLBACK", timeout_ms)

    def _remember(self, known_by: "_Prepared", name: bytes) -> None:
        self._prepared[known_by] = name
        self._prepared_length += len(known_by[0])
        reader = known_by[2][0]
        if reader not in self._readers:
            self._all.homes[reader] += 1
        self._readers[reader] += 1

    def _forget_oldest(self, trip: "_Trip") -> None:
        while len(self._prepared) > _PREPARED_MAX or self._prepared_length > _PREPARED_LENGTH_MAX:
            (command, _, role), name = self._prepared.popitem(last=False)
            self._prepared_length -= len(command)
            reader = role[0]
            self._readers[reader] -= 1
            if not self._readers[reader]:
                del self._readers[reader]
                self._all.homes[reader] -= 1
            self._wire.send_query_params(b"DEALLOCATE " + name, None)
            trip.expected.append(None)

    def _command(self, command: bytes, timeout_ms: int) -> None:
        self._wire.send_query_params(command, None)
        self._wire.pipeline_sync()
        self._flush(timeout_ms)
        self._receive(timeout_ms)


type _Role = tuple[str, str, str]
"""A profile, a part of it, and its twin."""
type _Prepared = tuple[bytes, tuple[int, ...], _Role]
"""A statement, the types of its parameters, and the role that its plan is made for."""
_NO_ROLE = ("", "", "")


class Known:
    """What the connections of a pool know together.

    Attributes:
        counts: how often each statement was asked, by its hash.
        homes: on how many connections plans are kept for a profile.
    """

    __slots__ = ("counts", "homes")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.homes: Counter[str] = Counter()


class _Trip:
    """What was sent, in order: None for a statement, what is prepared and its name for what prepares one."""

    __slots__ = ("expected",)

    def __init__(self) -> None:
        self.expected: list[tuple[_Prepared, bytes] | None] = []


class ExportLine:
    """One connection for exports."""

    __slots__ = ("_poller", "connection")

    def __init__(self, conninfo: str) -> None:
        self.connection = _connect(conninfo)
        self._poller = select.poll()
        self._poller.register(self.connection.fileno(), select.POLLIN)

    def is_usable(self) -> bool:
        return _is_standing(self.connection.pgconn) and not self._poller.poll(0)

    def close(self) -> None:
        self.connection.close()

    def enter(self, entry: Entry) -> None:
        """Open the transaction and enter as the caller."""
        self.connection.execute("BEGIN READ ONLY")
        bbox = list(entry.bbox) if entry.bbox else None
        key = [entry.kind, entry.key, entry.profile_hash, entry.part, bbox, entry.search]
        self.connection.execute(_ENTER_EXPORT, key)

    def leave(self) -> None:
        """End the transaction."""
        self.connection.execute("COMMIT")


def numbered(text: str) -> bytes:
    """Return a statement as PostgreSQL reads it: ``%s`` become ``$1``, ``$2`` ...; ``%%`` becomes ``%``."""
    if "%" not in text:
        return text.encode()
    return _numbered(text) if len(text) <= _KEPT_LENGTH_MAX else _numbered.__wrapped__(text)


@lru_cache(maxsize=1_024)
def _numbered(text: str) -> bytes:
    numbers = itertools.count(1)
    return re.sub("%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", text).encode()


def _entry_params(entry: Entry) -> tuple[bytes | None, ...]:
    bbox = entry.bbox and f"{{{','.join(repr(float(value)) for value in entry.bbox)}}}".encode()
    who = (entry.kind.encode(), entry.key.encode(), entry.profile_hash.encode(), entry.part.encode())
    return *who, bbox, None if entry.search is None else entry.search.encode()


def _is_standing(wire: PGconn) -> bool:
    return wire.status == ConnStatus.OK and wire.transaction_status == TransactionStatus.IDLE


def _connect(conninfo: str) -> psycopg.Connection:
    connection = psycopg.connect(conninfo, autocommit=True)
    set_json_loads(_as_text, connection)
    return connection


def _as_text(document: str | bytes) -> str:
    """Leave JSON alone: PostgreSQL wrote what the client gets."""
    return document if isinstance(document, str) else bytes(document).decode()
