"""The states of accounts after their handover: suspended and resumed, revoked, in need of a new password.

``auth.people.accounts`` draws them.
"""

from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from auth.authority import is_admin, require_admin
from auth.credentials import endings, passwords
from auth.model import AccountKind, AccountState, Caller
from auth.people.accounts import Account, SuspendedFor, held_person, note_change, set_state
from auth.people.admins import one_at_a_time, refuse_fewer_admins
from auth.people.pairs import Warrant, refuse_one_alone
from auth.rows import first, only
from core.clocks import Clock
from core.errors import Conflict
from database.queries import load

_QUERIES: Final = load("auth.people", "states.sql")
_LIVE: Final = (AccountState.ISSUED, AccountState.MUST_CHANGE, AccountState.ACTIVE)


def suspend(connection: Connection[Any], actor: Caller, code: str, *, clock: Clock) -> Account:
    """Suspend an account; its sessions and tokens end.

    Raises:
        Forbidden: the actor may not do it to this account.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it is suspended or revoked, or is one of the last two admins.
    """
    one_at_a_time(connection)
    account = held_person(connection, actor, code)
    why = SuspendedFor.DEPARTMENT if is_admin(actor) else SuspendedFor.UNIT
    return suspend_for(connection, actor, account, why, now=clock.now())


def suspend_for(
    connection: Connection[Any], actor: Caller, account: Account, why: SuspendedFor, *, now: datetime
) -> Account:
    """Suspend an account for a reason, whoever acts.

    Raises:
        Conflict: it is suspended or revoked, or is one of the last two admins.
    """
    refuse_last_admins(connection, account)
    set_state(connection, account, AccountState.SUSPENDED, _LIVE, suspended_for=why)
    passwords.drop_activation(connection, account.id)
    endings.end_tokens(connection, account.id, now=now)
    return note_change(connection, actor, "account.suspend", account)


def resume(
    connection: Connection[Any], actor: Caller, code: str, *, clock: Clock, warrant: Warrant | None = None
) -> Account:
    """End a suspension: active with a good password, to be changed with an old one, issued without any.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone, or the Sở suspended it.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it is not suspended, or its position has ended.
    """
    account = held_person(connection, actor, code)
    refuse_one_alone(connection, account.id, warrant)
    if account.suspended_for is SuspendedFor.DEPARTMENT:
        require_admin(actor)
    if only(connection, bool, _QUERIES["has_ended"], {"id": account.id}):
        raise Conflict("The position has ended.")
    set_state(connection, account, _state_of_password(account, clock.now()), (AccountState.SUSPENDED,))
    return note_change(connection, actor, "account.resume", account)


def revoke(connection: Connection[Any], actor: Caller, code: str, *, clock: Clock) -> Account:
    """Revoke an account for good; its sessions, its tokens and the clients that it made end.

    Raises:
        Forbidden: the actor may not do it to this account.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it is revoked, or is one of the last two admins.
    """
    one_at_a_time(connection)
    account = held_person(connection, actor, code)
    refuse_last_admins(connection, account)
    return revoke_for_good(connection, actor, account, now=clock.now())


def revoke_for_good(connection: Connection[Any], actor: Caller, account: Account, *, now: datetime) -> Account:
    """Revoke an account, whoever acts, with all that came out of it.

    Raises:
        Conflict: it is revoked already.
    """
    set_state(connection, account, AccountState.REVOKED, (*_LIVE, AccountState.SUSPENDED))
    passwords.drop_activation(connection, account.id)
    endings.end_all(connection, account.id, now=now)
    return note_change(connection, actor, "account.revoke", account)


def expire_password(connection: Connection[Any], account_id: int, *, now: datetime) -> bool:
    """Ask for a new password where the account's is too old; its sessions and tokens end. Tell whether it was."""
    expired = first(connection, int, _QUERIES["expire_password"], {"id": account_id, "now": now}) is not None
    if expired:
        endings.end_tokens(connection, account_id, now=now)
    return expired


def refuse_last_admins(connection: Connection[Any], account: Account) -> None:
    """Refuse what would leave fewer than two system admins; ``one_at_a_time`` was called before.

    Raises:
        Conflict: the account is one of the last two.
    """
    if account.kind is not AccountKind.SYSTEM_ADMIN:
        return
    refuse_fewer_admins(connection, without=account.id)


def _state_of_password(account: Account, now: datetime) -> AccountState:
    if account.kind is AccountKind.MACHINE:
        return AccountState.ACTIVE
    if account.password_until is None:
        return AccountState.ISSUED
    return AccountState.ACTIVE if now < account.password_until else AccountState.MUST_CHANGE
