"""What ends with an account, or with its password: sessions, tokens, and the clients that it made."""

from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from auth.credentials.holds import hold_account
from auth.credentials.tokens import end_of_account
from database.queries import load

_QUERIES: Final = load("auth.credentials", "endings.sql")
_CLIENTS: Final = ("end_clients", "end_families_of_clients", "revoke_tokens_of_clients")


def end_sessions(connection: Connection[Any], account_id: int, *, now: datetime, keep: str = "") -> int:
    """End the sessions of an account, and its sign-ins under way; return how many sessions.

    Args:
        keep: hash of the session that goes on.
    """
    hold_account(connection, account_id)
    values = {"id": account_id, "now": now, "keep": keep}
    connection.execute(_QUERIES["drop_sign_ins"].encode(), values)
    return connection.execute(_QUERIES["end_sessions"].encode(), values).rowcount


def end_tokens(connection: Connection[Any], account_id: int, *, now: datetime) -> None:
    """End the sessions, the tokens and the consents of an account."""
    end_sessions(connection, account_id, now=now)
    end_of_account(connection, account_id, now=now)


def end_all(connection: Connection[Any], account_id: int, *, now: datetime) -> None:
    """End the sessions, the tokens and the consents of an account, and its clients with all that was issued to them."""
    end_tokens(connection, account_id, now=now)
    for name in _CLIENTS:
        connection.execute(_QUERIES[name].encode(), {"id": account_id, "now": now})
