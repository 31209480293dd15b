"""Positions: that of a person changes or ends, and what an account held for it ends at once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection

from auth.authority import require_admin
from auth.credentials import endings, passwords, totp
from auth.model import AccountKind, AccountState, Caller
from auth.people.accounts import Account, check_kind, held_person, note_change, set_state, trimmed
from auth.people.admins import one_at_a_time
from auth.people.pairs import PRIVILEGED, Warrant, refuse_alone
from auth.people.states import refuse_last_admins
from auth.people.units import Unit, find_unit
from auth.rights.stale import mark_stale
from auth.rows import refusals
from core.clocks import Clock
from core.errors import BadRequest, Conflict
from database.queries import load

_QUERIES: Final = load("auth.people", "positions.sql")


@dataclass(frozen=True, slots=True)
class NewPosition:
    """A position in words; ``unit`` and ``kind`` are ``None`` where they stay."""

    position: str
    unit: str | None = None
    kind: AccountKind | None = None


def change_position(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    position: str,
    day: date,
    clock: Clock,
    unit: str | None = None,
    kind: AccountKind | None = None,
) -> Account:
    """Write down that a person's position changed; every function of the account ends at once.

    Another unit, or another kind, is for a system admin; sessions, tokens and clients end then.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone.
        NotFound: there is no such account or unit, or none that the actor may know of.
        Conflict: it is revoked.
        BadRequest: a machine would become a person, or a person a machine.
    """
    return move(connection, actor, code, NewPosition(position, unit, kind), day=day, clock=clock)


def move(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    new: NewPosition,
    *,
    day: date,
    clock: Clock,
    warrant: Warrant | None = None,
) -> Account:
    """Give a person another position, which may be that of an admin or a head, or end to be.

    Who becomes one keeps nothing of how the account was entered: it is to be activated anew. In another unit the staff
    list of the one before says nothing of the person any more.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone.
        NotFound: there is no such account or unit, or none that the actor may know of.
        Conflict: it is revoked, or is one of the last two admins, or becomes privileged while it is suspended.
        BadRequest: an admin would stand outside the Sở.
    """
    one_at_a_time(connection)
    account = held_person(connection, actor, code)
    if account.state is AccountState.REVOKED:
        raise Conflict("The account is {}; this is not done to it then.", account.state.value)
    target, wanted = find_unit(connection, new.unit or account.unit), new.kind or account.kind
    if (target.id, wanted) != (account.unit_id, account.kind):
        require_admin(actor)
        if PRIVILEGED & {wanted, account.kind} and warrant is None:
            refuse_alone()
        _check_change(connection, account, target, wanted)
        endings.end_all(connection, account.id, now=clock.now())
        if target.id != account.unit_id:
            connection.execute(_QUERIES["forget_absence"].encode(), {"id": account.id})
        if wanted in PRIVILEGED and account.kind not in PRIVILEGED:
            take_keys(connection, account, now=clock.now())
    strip_functions(connection, account.id, day)
    values = {"id": account.id, "position": trimmed(new.position), "unit": target.id, "kind": wanted.value}
    with refusals():
        connection.execute(_QUERIES["change_person"].encode(), values)
    return note_change(connection, actor, "account.change_position", account)


def take_keys(connection: Connection[Any], account: Account, *, now: datetime) -> None:
    """Take from an account all by which it is entered: who becomes privileged may have been activated by one person.

    An account that is in use must be activated anew, by a code in two halves.

    Raises:
        Conflict: it is suspended or revoked.
    """
    if account.state is not AccountState.ISSUED:
        set_state(connection, account, AccountState.MUST_CHANGE, (AccountState.MUST_CHANGE, AccountState.ACTIVE))
    passwords.drop_password(connection, account.id)
    passwords.drop_activation(connection, account.id)
    totp.drop(connection, account.id)
    connection.execute(_QUERIES["drop_links"].encode(), {"id": account.id})
    endings.end_tokens(connection, account.id, now=now)


def strip_functions(connection: Connection[Any], account_id: int, day: date) -> None:
    """End every function of an account on a legal day, and forget those that were to begin later."""
    for name in ("drop_functions", "strip_functions"):
        connection.execute(_QUERIES[name].encode(), {"id": account_id, "day": day})
    mark_stale(connection, [account_id])


def set_ends_on(connection: Connection[Any], account_id: int, day: date) -> None:
    """Note the first legal day on which an account may do nothing."""
    connection.execute(_QUERIES["set_ends_on"].encode(), {"id": account_id, "day": day})


def _check_change(connection: Connection[Any], account: Account, unit: Unit, kind: AccountKind) -> None:
    check_kind(kind, unit.kind)
    if AccountKind.MACHINE in {kind, account.kind} and kind is not account.kind:
        raise BadRequest("A machine account stays one, and no other becomes one.")
    if kind is not AccountKind.SYSTEM_ADMIN or unit.until is not None:
        refuse_last_admins(connection, account)
