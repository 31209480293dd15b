"""Connections that are kept, so that a request finds one open.

Pools of our own, because a pool that connects behind the scenes makes each request wait while the database is away, and
waits longer and longer before it tries again. Here a request that finds no connection opens one: it fails at once while
the database is away, and works at once when it is back.
"""

import threading
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import Protocol

import psycopg

from core.errors import BadRequest, DatdaiError, ProfileMoved, QueryTimeout, Unauthorized, Unavailable

# Where a number has no source beside it, it was chosen: no recorded run compares others.
_CROWD = 32  # a connection with plans for so many profiles is not lent to a new one while another may be opened
_UNAVAILABLE = (
    "08",
    "53",
    "57P",
    "40001",
)  # connection, resources, shutdown, standby conflict. Source: PostgreSQL 15, appendix A, error codes


class Pooled(Protocol):
    """What a pool keeps."""

    def is_usable(self) -> bool:
        """Tell, without asking the server, whether the connection stands, idle and silent.

        A server that goes away leaves its farewell in the socket; nothing else is ever unread there.
        """
        ...

    def close(self) -> None: ...


class Pool[Connection: Pooled]:
    """At most ``size`` connections, opened when first needed.

    Who reads is given a connection that holds plans made for the same profile, the one used last first: row security
    lets no plan serve another role. Who is new is given the connection that knows fewest, or, if that knows many, a
    new one.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        size: int,
        wait_s: float,
        exhausted: Callable[[], DatdaiError],
        readers: Callable[[Connection], Collection[str]] = lambda _: (),
    ) -> None:
        """Begin without any connection.

        Args:
            readers: tells the profiles for which a connection keeps plans.
        """
        self._connect = connect
        self._readers = readers
        self._exhausted = exhausted
        self._wait_s = wait_s
        self._size = size
        self._permits = threading.Semaphore(size)
        self._idle: list[Connection] = []
        self._open = 0
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def lent(self, reader: str = "") -> Generator[Connection]:
        """Lend a connection for a block; errors of the driver leave as ours where they have a meaning.

        Args:
            reader: the profile of who reads; plans are kept for it.

        Raises:
            DatdaiError: what ``exhausted`` makes, when none came free within ``wait_s``.
            Unavailable: the database is away.
        """
        if not self._permits.acquire(timeout=self._wait_s):
            raise self._exhausted()
        try:
            connection = self._take(reader)
            try:
                yield connection
            finally:
                self._keep(connection)
        except psycopg.Error as exc:
            if meaning := meaning_of(exc):
                raise meaning from exc
            raise
        finally:
            self._permits.release()

    def discard_idle(self) -> None:
        """Close every connection that nobody uses now."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._open -= len(idle)
        for each in idle:
            each.close()

    def close(self) -> None:
        """Close the idle connections, and the others as they come back."""
        self._closed = True
        self.discard_idle()

    def _take(self, reader: str) -> Connection:
        while connection := self._picked(reader):
            if connection.is_usable():
                return connection
            self._gone()
            connection.close()
        with self._lock:
            self._open += 1
        try:
            return self._connect()
        except BaseException:
            self._gone()
            raise

    def _gone(self) -> None:
        with self._lock:
            self._open -= 1

    def _picked(self, reader: str) -> Connection | None:
        with self._lock:
            if not self._idle:
                return None
            numbers = range(len(self._idle) - 1, -1, -1)
            known = (each for each in numbers if not reader or reader in self._readers(self._idle[each]))
            number = next(known, None)
            if number is None:
                number = min(numbers, key=lambda each: len(self._readers(self._idle[each])))
                if len(self._readers(self._idle[number])) >= _CROWD and self._open < self._size:
                    return None
            return self._idle.pop(number)

    def _keep(self, connection: Connection) -> None:
        if connection.is_usable() and not self._closed:
            with self._lock:
                self._idle.append(connection)
        else:
            self._gone()
            connection.close()


def meaning_of(error: psycopg.Error) -> DatdaiError | None:
    """Translate an error of the driver; None where it is a fault of ours and not a state of the database."""
    state = error.sqlstate
    if state == "57014":
        return QueryTimeout()
    if state == "55P03":
        return Unavailable("Another act is in the way now. Try again in a moment.")
    if state == "DD002":
        return ProfileMoved()
    if state == "DD003":
        return Unauthorized()
    if state == "DD001":
        return BadRequest("A geometry of the filter is not valid: its boundary crosses or touches itself.")
    if state == "XX000" and any(each in str(error) for each in ("GEOS", "TopologyException", "lwgeom")):
        # GEOS gives up on a geometry; what is stored is valid, so it is the client's against ours.
        return BadRequest("A geometry of the request cannot be compared with the data.")
    if state is None:
        return Unavailable() if isinstance(error, psycopg.OperationalError) else None
    return Unavailable() if state.startswith(_UNAVAILABLE) else None
