"""Bring a database to the state that this code expects: plain SQL files, forward only.

``database/migrations/NNNN_name.sql`` are applied in the order of their numbers, each in one transaction
together with its row in ``lg.di_tru``. A file that was applied once never changes again.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.pq import TransactionStatus

from core.errors import DatabaseError
from database.connections import connect
from database.queries import load

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK_KEY = 0x64617464  # "datd": whoever migrates this database holds this advisory lock
_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_QUERIES = load("database", "migrate.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; ``checksum`` is the SHA-256 of its text with Unix line ends."""

    version: int
    name: str
    checksum: str
    text: str

    @property
    def file(self) -> str:
        return f"{self.version:04d}_{self.name}.sql"


@dataclass(frozen=True, slots=True)
class Status:
    """What one database has, and what it still lacks; both in order."""

    applied: tuple[Migration, ...]
    pending: tuple[Migration, ...]


def read_migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """Read the files in order.

    Raises:
        DatabaseError: a name is malformed, or the numbers do not run 1, 2, 3 ... without gap or double.
    """
    migrations = tuple(_read(path) for path in sorted(folder.glob("*.sql")))
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise DatabaseError(f"Migration {migration.file}: the number {expected:04d} was expected here.")
    return migrations


def migrate(admin_dsn: str, folder: Path = MIGRATIONS) -> list[Migration]:
    """Apply every pending file and return those applied.

    A second runner waits for the first and then finds nothing to do. In a database that came out of a dump the change
    log begins a new era.

    Raises:
        DatabaseError: the database is not reachable, is newer than this code, was migrated with other files,
            or a file failed; the text names the file and the line. What was applied before stays applied.
    """
    migrations = read_migrations(folder)
    with _connect(admin_dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
        if not _says_yes(connection, "exists"):
            connection.execute(_QUERIES["create_table"].encode())
        pending = _compare(migrations, _checksums(connection)).pending
        for migration in pending:
            _apply(connection, migration)
        if _says_yes(connection, "can_begin_an_era"):
            connection.execute("CALL lg.sau_khoi_phuc()")
    return list(pending)


def status(dsn: str, folder: Path = MIGRATIONS) -> Status:
    """Return what a database has and lacks, changing nothing."""
    migrations = read_migrations(folder)
    with _connect(dsn) as connection:
        applied = _checksums(connection) if _says_yes(connection, "exists") else {}
    return _compare(migrations, applied)


def check_migrated(dsn: str, folder: Path = MIGRATIONS) -> None:
    """Refuse a database that is not exactly at the state of this code.

    Raises:
        DatabaseError: something is pending, unknown or changed.
    """
    pending = status(dsn, folder).pending
    if pending:
        names = ", ".join(migration.file for migration in pending)
        raise DatabaseError(f"The database lacks these migrations: {names}. Run: datdai migrate")


def is_empty(admin_dsn: str) -> bool:
    """Tell whether a migrated database holds no administrative unit yet, so that nothing can refer to one."""
    with _connect(admin_dsn) as connection:
        return _says_yes(connection, "is_empty")


def _read(path: Path) -> Migration:
    matched = _FILE_NAME.fullmatch(path.name)
    if not matched:
        raise DatabaseError(f"Migration {path.name}: the name must be NNNN_name.sql, with a-z, 0-9 and _ only.")
    text = path.read_bytes().replace(b"\r\n", b"\n")
    return Migration(int(matched[1]), matched[2], hashlib.sha256(text).hexdigest(), text.decode())


def _connect(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    return connect(dsn, purpose="migrate", autocommit=True)


def _says_yes(connection: psycopg.Connection[Any], question: str) -> bool:
    return connection.execute(_QUERIES[question].encode()).fetchone() == (True,)


def _checksums(connection: psycopg.Connection) -> dict[int, str]:
    try:
        return dict(connection.execute(_QUERIES["applied"].encode()).fetchall())
    except psycopg.errors.InsufficientPrivilege as exc:
        raise DatabaseError("This database user may not read lg.di_tru; it needs USAGE on schema lg.") from exc


def _compare(migrations: Sequence[Migration], applied: Mapping[int, str]) -> Status:
    """Divide the files into applied and pending; refuse a history that is not a beginning of them."""
    known = {migration.version for migration in migrations}
    if unknown := sorted(set(applied) - known):
        raise DatabaseError(
            f"The database has migration {unknown[-1]:04d}, which this version of datdai does not know. "
            "Install the version that made it, or a newer one."
        )
    for migration in migrations[: len(applied)]:
        if applied.get(migration.version) != migration.checksum:
            raise DatabaseError(
                f"{migration.file} was changed after it had been applied to this database. "
                "Restore the file and put the change into a new one."
            )
    return Status(tuple(migrations[: len(applied)]), tuple(migrations[len(applied) :]))


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    """Run one file and record it, in one transaction."""
    try:
        with connection.transaction():
            before = _transaction_id(connection)
            # The text comes from our own folder, never from a caller.
            connection.execute(cast("LiteralString", migration.text), prepare=False)
            if _transaction_id(connection) != before:
                raise DatabaseError(f"{migration.file} ends its own transaction; it must not.")
            record = {"version": migration.version, "name": migration.name, "checksum": migration.checksum}
            connection.execute(_QUERIES["record"].encode(), record)
    except psycopg.Error as exc:
        raise DatabaseError(_describe(migration, exc)) from exc


def _transaction_id(connection: psycopg.Connection) -> int | None:
    """Return the number of the open transaction; None when there is none."""
    if connection.info.transaction_status != TransactionStatus.INTRANS:
        return None
    row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    return row[0] if row else None


def _describe(migration: Migration, error: psycopg.Error) -> str:
    position = error.diag.statement_position
    line = f", line {migration.text.count(chr(10), 0, int(position) - 1) + 1}" if position else ""
    context = f" [{error.diag.context.splitlines()[0]}]" if error.diag.context else ""
    detail = f" {error.diag.message_detail}" if error.diag.message_detail else ""
    return f"{migration.file}{line}: {error.diag.message_primary or _one_line(error)}.{detail}{context}"


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
