"""Administrative acts: what was done to whom by whom, written in the transaction that does it."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from auth.model import Caller
from database.queries import load

_QUERIES = load("auth.audit", "acts.sql")


def record(
    connection: Connection[Any],
    actor: Caller,
    act: str,
    about: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down an act; it stands if the transaction of the connection does.

    Args:
        act: what was done, ``account.suspend``: the thing, a dot, the verb.
        about: to what, ``account:lan``: the thing, a colon, its code.
        before: what it was; never a secret. ``None`` where there was nothing.
    """
    values = {
        "subject": actor.subject,
        "account": actor.account,
        "unit": actor.unit,
        "client": actor.client_id,
        "entered": actor.kind,
        "act": act,
        "about": about,
        "before": None if before is None else Jsonb(dict(before)),
        "after": None if after is None else Jsonb(dict(after)),
    }
    connection.execute(_QUERIES["record"].encode(), values)
