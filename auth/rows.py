"""Rows of the database as values, and what it refuses as errors that people can read."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection
from psycopg.errors import (
    CheckViolation,
    DeadlockDetected,
    ExclusionViolation,
    ForeignKeyViolation,
    InsufficientPrivilege,
    RestrictViolation,
    UniqueViolation,
)
from psycopg.rows import args_row

from core.errors import BadRequest, Conflict, Forbidden, NotFound, Unavailable

_TWO_PERSONS: Final = "hai_nguoi"
"""Constraint by which PostgreSQL names what one person alone may not do."""

type Values = Mapping[str, object]


def every[T](connection: Connection[Any], make: Callable[..., T], query: str, values: Values | None = None) -> list[T]:
    """Return each row of a query, its columns given to ``make`` in order."""
    with connection.cursor(row_factory=args_row(make)) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def first[T](connection: Connection[Any], make: Callable[..., T], query: str, values: Values | None = None) -> T | None:
    """Return the first row of a query, or ``None`` where there is none."""
    with connection.cursor(row_factory=args_row(make)) as cursor:
        return cursor.execute(query.encode(), values).fetchone()


def only[T](connection: Connection[Any], make: Callable[..., T], query: str, values: Values | None = None) -> T:
    """Return the first row of a query.

    Raises:
        NotFound: there is none.
    """
    found = first(connection, make, query, values)
    if found is None:
        raise NotFound
    return found


@contextmanager
def whole_act() -> Generator[None]:
    """Turn what the database refuses of a whole act into an error of the tree; nothing of it was done.

    Raises:
        Forbidden: it takes two persons.
        Unavailable: another act was in the way.
    """
    try:
        yield
    except InsufficientPrivilege as exc:
        if exc.diag.constraint_name != _TWO_PERSONS:
            raise
        raise Forbidden("This takes two persons of the Sở: propose it, and another one approves it.") from exc
    except DeadlockDetected as exc:
        raise Unavailable("The server is busy. Try again later.") from exc


@contextmanager
def refusals() -> Generator[None]:
    """Turn what a constraint refuses into an error of the tree.

    Raises:
        BadRequest: a value is malformed, or names what does not exist.
        Conflict: it does not fit what is there.
    """
    try:
        yield
    except (UniqueViolation, ExclusionViolation) as exc:
        raise Conflict("There is one already with this name, or for this period.") from exc
    except RestrictViolation as exc:
        raise Conflict("This does not fit the state that it is in.") from exc
    except CheckViolation as exc:
        raise BadRequest("A value does not fit: {}.", exc.diag.constraint_name) from exc
    except ForeignKeyViolation as exc:
        raise BadRequest("Something that is named here does not exist: {}.", exc.diag.constraint_name) from exc
