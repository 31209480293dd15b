"""Read and change the database in transactions: for accounts, agreements, tokens and audit, never for answers."""

import select
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from core.errors import Unavailable
from database.pool import Pool

_WAIT_S = 10.0
_CONNECT_TIMEOUT_S = 3
_LOCK_TIMEOUT_MS = 15_000
"""How long an act waits for another one: longer than it waits for a connection."""
_IDLE_TIMEOUT_MS = 60_000
"""When PostgreSQL ends a transaction whose server does nothing any more, so that its locks keep nobody waiting."""


class Writer:
    """A few connections of one login; each transaction commits as a whole, or leaves nothing."""

    def __init__(self, dsn: str, *, purpose: str, size: int = 4) -> None:
        self._pool = Pool(lambda: _Line(dsn, purpose), size=size, wait_s=_WAIT_S, exhausted=_busy)

    @contextmanager
    def transaction(self) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
        """Lend a connection inside a transaction, which is rolled back when the block raises.

        Raises:
            Unavailable: no connection is free in time, another transaction is in the way, or the database is away.
        """
        with self._pool.lent() as line, line.connection.transaction():
            yield line.connection

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        self._pool.close()


class _Line:
    __slots__ = ("_poller", "connection")

    def __init__(self, dsn: str, purpose: str) -> None:
        self.connection = psycopg.connect(
            _bounded(dsn), autocommit=True, application_name=f"datdai {purpose}", connect_timeout=_CONNECT_TIMEOUT_S
        )
        self._poller = select.poll()
        self._poller.register(self.connection.fileno(), select.POLLIN)

    def is_usable(self) -> bool:
        if self.connection.closed or self.connection.info.transaction_status != TransactionStatus.IDLE:
            return False
        return not self._poller.poll(0)

    def close(self) -> None:
        self.connection.close()


def _bounded(dsn: str) -> str:
    """Return the connection string with what ends waiting."""
    given = str(conninfo_to_dict(dsn).get("options") or "")
    limits = f"-c lock_timeout={_LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout={_IDLE_TIMEOUT_MS}"
    return make_conninfo(dsn, options=f"{limits} {given}".strip(), keepalives_idle=30)


def _busy() -> Unavailable:
    return Unavailable("The server is busy. Try again later.")
