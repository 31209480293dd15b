"""The row of an account is the one lock on how it is entered.

Whoever writes a session, a sign-in, a token, a consent, a password, a second factor or a link of an account holds its
row first, and only then reads what allows it; whoever ends them holds the row first as well. So an act that ends them
either waits and sees what was written, or is done before, and what it ended is not read any more. Of the locks on the
way in, the count of failures comes before the account, and everything else after it.
"""

from typing import Any, Final

from psycopg import Connection

from auth.model import Caller
from auth.rows import first
from core.errors import Forbidden
from database.queries import load

_QUERIES: Final = load("auth.credentials", "holds.sql")


def hold_account(connection: Connection[Any], account_id: int) -> None:
    """Hold an account until the end of the transaction, alone: for what is written of it, counted or ended."""
    connection.execute(_QUERIES["hold_account"].encode(), {"account": account_id})


def share_account(connection: Connection[Any], account_id: int | None) -> None:
    """Keep an account as it is until the end of the transaction; others may do so beside."""
    connection.execute(_QUERIES["share_account"].encode(), {"account": account_id})


def may_still_act(connection: Connection[Any], actor: Caller) -> bool:
    """Tell whether an actor is still who it was when it was found; it stays so until the transaction ends.

    The account may be used, its kind and unit are the same, and the session or token that it came by was not ended.
    """
    values = {"account": actor.account_id, "kind": actor.account_kind, "unit": actor.unit_id, "key": actor.key}
    return bool(first(connection, bool, _QUERIES["may_still_act"], values))


def hold_actor(connection: Connection[Any], actor: Caller) -> None:
    """Let nobody end an actor before its act is done.

    Raises:
        Forbidden: somebody has done so meanwhile.
    """
    if not may_still_act(connection, actor):
        raise Forbidden("This account may not act now: its owner has not activated it, or it is suspended or over.")
