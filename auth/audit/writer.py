"""Write decisions and outcomes: what waits at one time is committed at one time.

Leader and followers: a thread that finds nobody at work leads; it takes all that wait and commits them in one
statement, then wakes each. Whoever came meanwhile waits for its successor. A thread is woken once, so many waiting
threads cost no more than a few.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from auth.audit.records import Decision, Outcome
from core.errors import Unavailable
from database.queries import load

GROUP_MAX = 1_000
"""Records of each kind in one statement."""
OUTCOMES_MAX = 200_000
"""Outcomes kept while the database is away; the oldest go first, and a decision without outcome shows it."""

_CONNECT_TIMEOUT_S = 3
_STATEMENT_TIMEOUT_MS = 10_000
_OUTCOMES_EVERY_S = 0.5
_UNWRITABLE = "What is asked for cannot be put on record now, and so it is not answered. Try again later."
_WRITE = load("auth.audit", "writer.sql")["write"].encode()
_WRITE_AGAIN = _WRITE + b"\nON CONFLICT DO NOTHING"
_log = logging.getLogger("datdai.audit")


class AuditWriter:
    """One for each process, with a connection of its own; it connects when first needed."""

    def __init__(self, dsn: str, *, outcomes_every_s: float = _OUTCOMES_EVERY_S) -> None:
        """Begin to write.

        Args:
            dsn: of the login that writes the audit.
            outcomes_every_s: how long an outcome may wait for a decision to ride along with.
        """
        self._sink = _Sink(dsn)
        self._mutex = threading.Lock()
        self._is_led = False
        self._waiting: deque[_Ticket] = deque()
        self._outcomes: deque[Outcome] = deque(maxlen=OUTCOMES_MAX)
        self._stop = threading.Event()
        self._every_s = outcomes_every_s
        self._thread = threading.Thread(target=self._send_outcomes, name="audit", daemon=True)
        self._thread.start()

    def decide(self, decision: Decision) -> None:
        """Put a decision on record; it is durable when this returns.

        Raises:
            Unavailable: it is not, so no data may leave.
        """
        self._pass(_Ticket(decision))

    def outcome(self, outcome: Outcome) -> None:
        """Put an outcome on record within the second, without waiting for it."""
        self._outcomes.append(outcome)

    def flush(self) -> None:
        """Put on record what waits.

        Raises:
            Unavailable: the database is away; it waits on.
        """
        self._pass(_Ticket(None))  # groups follow one another: those before this one are written, too
        while self._outcomes:
            self._pass(_Ticket(None))

    def close(self) -> None:
        """Put on record what waits, and close the connection."""
        self._stop.set()
        self._thread.join()
        try:
            self.flush()
        except Unavailable:
            _log.warning("%d outcomes of requests were not written: the database is away", len(self._outcomes))
        self._sink.close()

    def _send_outcomes(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                if self._outcomes:
                    self.flush()
            except Unavailable as error:
                _log.warning("outcomes wait: %s", error.__cause__ or error)

    def _pass(self, ticket: "_Ticket") -> None:
        """Wait until a ticket is settled, leading where nobody does."""
        with self._mutex:
            self._waiting.append(ticket)
            leads = not self._is_led
            self._is_led = True
        if not leads:
            ticket.wait()
        if not ticket.is_settled:
            self._lead()
        if ticket.error:
            raise Unavailable(_UNWRITABLE) from ticket.error

    def _lead(self) -> None:
        """Settle a group and hand the lead on; the leader's own ticket stands first."""
        group: list[_Ticket] = []
        outcomes: list[Outcome] = []
        try:
            with self._mutex:
                group = _take(self._waiting)
                outcomes = _take(self._outcomes)
            self._settle(group, outcomes)
        finally:
            for ticket in group:
                ticket.settle()
            self._hand_on()

    def _settle(self, group: Sequence["_Ticket"], outcomes: Sequence[Outcome]) -> None:
        """Write a group; what cannot be written stays with those who wait for it."""
        decisions = [ticket.decision for ticket in group if ticket.decision]
        try:
            self._sink.write(decisions, outcomes)
        except psycopg.OperationalError as error:
            self._keep(outcomes)
            _fail(group, error)
        except (psycopg.Error, TypeError) as error:
            _log.error("a group of %d records was refused, and is written one by one: %s", len(group), error)
            self._settle_singly(group, outcomes)
        except BaseException as error:
            _fail(group, error)
            raise

    def _settle_singly(self, group: Sequence["_Ticket"], outcomes: Sequence[Outcome]) -> None:
        """Write each record for itself, so that one that cannot be written takes nobody along."""
        for ticket in group:
            if ticket.decision:
                decisions = [ticket.decision]
                ticket.error = _error_of(lambda wanted=decisions: self._sink.write(wanted, []))
        for number, outcome in enumerate(outcomes):
            error = _error_of(lambda wanted=outcome: self._sink.write([], [wanted]))
            if isinstance(error, psycopg.OperationalError):  # of the database, not of this record
                self._keep(outcomes[number:])
                _fail([each for each in group if each.decision is None], error)
                return
            if error:
                _log.error("the outcome of request %s was not written: %s", outcome.request_id, error)

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        """Put outcomes back in front of those that came meanwhile, the newest as far as there is room."""
        room = OUTCOMES_MAX - len(self._outcomes)
        self._outcomes.extendleft(reversed(outcomes[max(0, len(outcomes) - room) :]))

    def _hand_on(self) -> None:
        with self._mutex:
            successor = self._waiting[0] if self._waiting else None
            self._is_led = successor is not None
        if successor:
            successor.wake()


class _Ticket:
    """A decision that waits, or a request for a flush, and what became of it."""

    __slots__ = ("_signal", "decision", "error", "is_settled")

    def __init__(self, decision: Decision | None) -> None:
        self.decision = decision
        self.is_settled = False
        self.error: BaseException | None = None
        self._signal = threading.Lock()
        self._signal.acquire()

    def wait(self) -> None:
        """Wait until somebody settles it, or appoints its thread to lead."""
        self._signal.acquire()

    def wake(self) -> None:
        self._signal.release()

    def settle(self) -> None:
        self.is_settled = True
        if self._signal.locked():
            self._signal.release()


class _Sink:
    """The connection; one thread uses it at a time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = _durable(dsn)
        self._connection: psycopg.Connection | None = None

    def write(self, decisions: Sequence[Decision], outcomes: Sequence[Outcome]) -> None:
        """Write records in one transaction, once more on a new connection where the old one was lost.

        Raises:
            psycopg.OperationalError: the database is away.
            psycopg.Error: it refuses a record, for its content or because its id was used before.
        """
        values = {"decisions": _json(decisions), "outcomes": _json(outcomes)}
        was_open = self._connection is not None
        try:
            self._execute(_WRITE, values)
        except psycopg.OperationalError:
            if not was_open:
                raise
            self._execute(_WRITE_AGAIN, values)  # what the lost connection may have committed is passed over

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _execute(self, statement: bytes, values: dict[str, str]) -> None:
        try:
            connection = self._connection = self._connection or _connect(self._dsn)
            connection.execute(statement, values, prepare=True)
        except psycopg.OperationalError:
            self.close()
            raise


def _connect(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True)


def _durable(dsn: str) -> str:
    """Return the connection string with what durable and bounded writing needs."""
    given = str(conninfo_to_dict(dsn).get("options") or "")
    options = f"{given} -c synchronous_commit=on -c statement_timeout={_STATEMENT_TIMEOUT_MS} -c jit=off".strip()
    return make_conninfo(
        dsn,
        application_name="datdai audit",
        connect_timeout=_CONNECT_TIMEOUT_S,
        options=options,
        tcp_user_timeout=_STATEMENT_TIMEOUT_MS,
        keepalives_idle=30,
        client_encoding="UTF8",
    )


def _json(records: Sequence[Decision | Outcome]) -> str:
    """Return records as a JSON array; what PostgreSQL cannot keep of a text is replaced."""
    try:
        text = orjson.dumps(records)
    except TypeError:  # half a surrogate pair
        text = b"\\u0000"
    if b"\\u0000" in text:
        text = orjson.dumps([_cleaned(record) for record in records])
    return text.decode()


def _cleaned(record: Decision | Outcome) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
        if isinstance(value, str)
        else value
        for name, value in asdict(record).items()
    }


def _take[Item](queue: deque[Item]) -> list[Item]:
    return [queue.popleft() for _ in range(min(len(queue), GROUP_MAX))]


def _fail(group: Sequence[_Ticket], error: BaseException) -> None:
    for ticket in group:
        ticket.error = error


def _error_of(work: Callable[[], None]) -> BaseException | None:
    try:
        work()
    except (psycopg.Error, TypeError) as error:
        return error
    return None
