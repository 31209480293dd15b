"""System admins who may act: there are always two, whatever ends an account or a unit."""

from typing import Any, Final

from psycopg import Connection

from auth.rows import every
from core.errors import Conflict
from database.queries import load

ADMINS_LEFT: Final = 2
"""Named system admins that there are at least, so that nobody is needed who shares a login."""
_ADMINS_KEY: Final = 0x64617462  # "datb": whoever makes or may end admins holds this advisory lock
_QUERIES: Final = load("auth.people", "admins.sql")


def one_at_a_time(connection: Connection[Any]) -> None:
    """Wait for every other act that may end an admin, before any row is held: so none waits for another in a circle."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_ADMINS_KEY])


def refuse_fewer_admins(connection: Connection[Any], *, without: int | None = None, unit_id: int | None = None) -> None:
    """Refuse to take away an admin, or the admins of a unit, where fewer than two stay; ``one_at_a_time`` came before.

    Who stays has neither an end of the position nor one of the unit before them.

    Raises:
        Conflict: one who goes is of the last two.
    """
    values = {"account": without, "unit": unit_id}
    going = every(connection, bool, _QUERIES["admins"], values)
    if any(going) and going.count(False) < ADMINS_LEFT:
        raise Conflict("There would be fewer than {} system admins.", ADMINS_LEFT)
