"""Read-only work in the database: answers in one round trip, exports through a cursor on a connection of their own."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import ConnectionTimeout, FeatureNotSupported, InvalidSqlStatementName

from core.errors import TooManyRequests, Unavailable
from database.lines import Entry, ExportLine, Known, Line, Row, Statement
from database.pool import Pool

_BEGIN = b"BEGIN READ ONLY"
_BEGIN_REPEATABLE = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Where a number has no source beside it, it was chosen: no recorded run compares others.
_NETWORK_SLACK_MS = 5_000  # on top of statement_timeout, so that PostgreSQL, which can say why, gives up first
_TRIES = 3  # of what was cut: another request may give a connection back that was cut as well
_CANCEL_S = 3.0  # to reach PostgreSQL by a second connection
_CHECK_CLIENT_MS = 2_000  # a query whose client went away ends, although it has nothing to write yet


@dataclass(frozen=True, slots=True)
class Tuning:
    """How connections are used; times in milliseconds."""

    pool_size: int = 8
    export_pool_size: int = 4
    statement_timeout_ms: int = 30_000
    export_timeout_ms: int = 3_600_000
    lock_timeout_ms: int = 2_000
    idle_timeout_ms: int = 60_000
    wait_ms: int = 10_000
    """How long an answer waits for a connection that others use; an export does not wait."""


class Rows(Iterator[Row]):
    """The rows of an export as they come; another thread may cancel it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._rows: Iterator[Row] = iter(())
        self._lock = threading.Lock()
        self._is_over = False
        self.is_cancelled = False

    def __next__(self) -> Row:
        return next(self._rows)

    def begin(self, rows: Iterator[Row]) -> None:
        """Yield these rows."""
        self._rows = rows

    def cancel(self) -> None:
        """Have PostgreSQL give up what it does for these rows; what waits for them gets ``QueryTimeout``."""
        with self._lock, suppress(psycopg.Error):
            if not self._is_over:
                self.is_cancelled = True
                self._connection.cancel_safe(timeout=_CANCEL_S)

    def over(self) -> None:
        """Leave the connection alone from now on: others may get it; one on which was cancelled is closed."""
        with self._lock:
            self._is_over = True
            if self.is_cancelled:
                self._connection.close()


class Reader:
    """Reads for answers and for exports, each from its own pool, so that exports never starve answers."""

    def __init__(self, dsn: str, tuning: Tuning | None = None) -> None:
        tuning = tuning or Tuning()
        answers = read_only(dsn, tuning, tuning.statement_timeout_ms)
        exports = read_only(dsn, tuning, tuning.export_timeout_ms)
        self._answer_timeout_ms = tuning.statement_timeout_ms
        known = Known()
        self._answers = Pool(
            lambda: Line(answers, known),
            size=tuning.pool_size,
            wait_s=tuning.wait_ms / 1000,
            exhausted=_busy,
            readers=lambda line: line.readers,
        )
        self._exports = Pool(
            lambda: ExportLine(exports), size=tuning.export_pool_size, wait_s=0, exhausted=_too_many_exports
        )

    def read(
        self, entry: Entry | None, statements: Sequence[Statement], *, repeatable: bool = False, binary: bool = False
    ) -> list[list[Row]]:
        """Run statements in one read-only transaction and one round trip.

        Args:
            entry: who asks; ``None`` is the server itself, which may read code lists and what a principal may see.
            repeatable: all statements see one snapshot.
            binary: results travel in PostgreSQL's binary form: cheap for ``bytea``; a type without a binary
                loader (``box2d``, ``geometry``) arrives as bytes.

        Returns:
            The rows of each statement. ``json`` and ``jsonb`` arrive as text.

        Raises:
            QueryTimeout: a statement took longer than the server allows.
            ProfileMoved: the principal's profile is another one by now.
            Unauthorized: there is no such principal, or not any more.
            Unavailable: no connection is free in time, or the database is away.
            psycopg.Error: anything else that PostgreSQL refuses.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._trip(entry, statements, repeatable=repeatable, binary=binary)
            except (FeatureNotSupported, InvalidSqlStatementName):
                pass  # a migration changed a table under a prepared statement, or somebody deallocated it
            except Unavailable as exc:
                # Somebody ended this connection while it was used; what was asked changes nothing: it is asked again.
                if not _was_cut(exc.__cause__):
                    raise
            self._answers.discard_idle()  # what happened to one connection happened to others as well, as a rule
        return self._trip(entry, statements, repeatable=repeatable, binary=binary)

    @contextmanager
    def stream(self, entry: Entry, statement: Statement, *, batch: int) -> Generator[Rows]:
        """Yield the rows of one query, fetched ``batch`` at a time by a server-side cursor, in binary form.

        The connection goes back to its pool when the block ends, and is closed when the block ends early.

        Raises:
            TooManyRequests: as many exports run already as the server allows.
            QueryTimeout, Unavailable: as ``read``, also in the middle.
        """
        with self._exporting(entry) as connection, _cursor(connection) as cursor:
            rows = Rows(connection)
            cursor.itersize = batch
            try:
                cursor.execute(_trusted(statement[0]), statement[1])
                rows.begin(iter(cursor))
                yield rows
            finally:
                rows.over()

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        self._answers.close()
        self._exports.close()

    def _trip(
        self, entry: Entry | None, statements: Sequence[Statement], *, repeatable: bool, binary: bool
    ) -> list[list[Row]]:
        begin = _BEGIN_REPEATABLE if repeatable else _BEGIN
        timeout_ms = self._answer_timeout_ms * (len(statements) + 1) + _NETWORK_SLACK_MS
        with self._answers.lent(entry.profile_hash if entry else "") as line:
            return line.trip(begin, entry, statements, binary=binary, timeout_ms=timeout_ms)

    @contextmanager
    def _exporting(self, entry: Entry) -> Generator[psycopg.Connection]:
        """Lend an export connection inside a transaction; close it unless the block ends well."""
        with self._exports.lent() as line:
            line.enter(entry)
            yield line.connection
            if not line.connection.closed:
                line.leave()


@contextmanager
def _cursor(connection: psycopg.Connection) -> Generator[psycopg.ServerCursor[Row]]:
    """Lend a server-side cursor; where PostgreSQL has ended the connection, nothing is left to close."""
    cursor = connection.cursor("export", binary=True)
    try:
        yield cursor
    finally:
        try:
            cursor.close()
        except psycopg.Error:
            connection.close()
            cursor.close()


def read_only(dsn: str, tuning: Tuning, statement_timeout_ms: int) -> str:
    """Return the connection string with what every reading connection has."""
    given = conninfo_to_dict(dsn)
    options = {
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": tuning.lock_timeout_ms,
        "idle_in_transaction_session_timeout": tuning.idle_timeout_ms,
        "client_connection_check_interval": _CHECK_CLIENT_MS,
        "default_transaction_read_only": "on",
        "jit": "off",
        "max_parallel_workers_per_gather": 0,  # many ask at once; and branches of a page are read in their order
        "timezone": "UTC",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in options.items())
    given["options"] = f"{given.get('options') or ''} {ours}".strip()
    defaults = {
        "application_name": "datdai",
        "connect_timeout": 3,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    return make_conninfo("", **{**defaults, **given, "client_encoding": "UTF8"})


def _was_cut(error: BaseException | None) -> bool:
    """Tell whether a connection was ended by the other side, which says nothing of the next one."""
    if not isinstance(error, psycopg.OperationalError) or isinstance(error, ConnectionTimeout):
        return False
    return error.sqlstate in (None, "57P01")


def _busy() -> Unavailable:
    return Unavailable("The server is busy. Try again later.")


def _too_many_exports() -> TooManyRequests:
    return TooManyRequests("As many exports run now as the server allows. Try again later.")


def _trusted(text: str) -> LiteralString:
    """Mark SQL that ``query`` composed: identifiers quoted, values apart."""
    return cast("LiteralString", text)
