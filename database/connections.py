"""The one place that opens connections which no pool keeps."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.errors import DatabaseError

_CONNECT_TIMEOUT_S = 10
_NEVER_MADE = re.compile(r'(role|database) "[^"]+" does not exist')
_PREPARE = ". If this database was never prepared for datdai, run: datdai migrate"


def connect(dsn: str, *, purpose: str, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection; as a context manager it commits (or rolls back) and closes itself.

    Args:
        purpose: what it is for, in a word: administrators see ``datdai migrate`` in ``pg_stat_activity``.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    name = f"datdai {purpose}"
    try:
        return psycopg.connect(dsn, autocommit=autocommit, application_name=name, connect_timeout=_CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as exc:
        raise DatabaseError(_why(" ".join(str(exc).split()))) from exc


def _why(said: str) -> str:
    """Say why there is no connection, and what to run where the login or the database was never made."""
    never = _NEVER_MADE.search(said)
    return f"The database cannot be reached: {said}{_PREPARE if never else ''}"


@contextmanager
def alone(dsn: str, key: int, *, purpose: str) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
    """Hold an advisory lock of a database for the time of a block; whoever comes second waits.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    with connect(dsn, purpose=purpose, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [key])
        yield connection


def login_of(given: str | None, app_dsn: str, purpose: str) -> str:
    """Return the connection string of a login beside the server's own: as given, else that of the server renamed.

    Args:
        purpose: ``identity``, ``publisher``, ``audit`` or ``auditor``, which its name ends with.
    """
    user = str(conninfo_to_dict(app_dsn).get("user", ""))
    return given or make_conninfo(app_dsn, user=f"{user.removesuffix('_app')}_{purpose}")
