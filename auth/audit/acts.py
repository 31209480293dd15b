"""Administrative acts: what was done to whom by whom, written in the transaction that does it."""

from typing import Any

from psycopg import Connection

from auth.model import Caller


def record(
    connection: Connection[Any],
    actor: Caller,
    act: str,
    about: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down an act."""
