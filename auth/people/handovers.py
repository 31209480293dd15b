"""Handing over: who gave an account to whom, and the one-time codes by which its owner enters it, at first and anew.

Heads do it for their people alone; the Sở, for whomever, by two persons (``auth.people.pairs``).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from auth.audit.acts import record
from auth.authority import require_admin, require_sight
from auth.credentials import endings, passwords, totp
from auth.credentials.passwords import Random
from auth.model import AccountKind, AccountState, Caller
from auth.people.accounts import (
    Account,
    account_seen,
    found_account,
    held_account,
    held_person,
    set_state,
    told,
    trimmed,
)
from auth.people.pairs import Pair, Warrant, refuse_key_alone
from auth.rows import every, only, refusals
from core.clocks import Clock
from core.errors import Conflict
from database.queries import load

_QUERIES: Final = load("auth.people", "handovers.sql")


@dataclass(frozen=True, slots=True)
class Handover:
    """Who gave an account to whom, as it stands on the printed record."""

    id: int
    kind: str
    by: str | None
    by_person: str | None
    to_person: str
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class Handed:
    """An account that was handed over: its record, and its activation code, which cannot be read again.

    ``activation_code`` is the approver's half where two warrant it.
    """

    account: Account
    record: Handover
    activation_code: str


def provide(
    connection: Connection[Any], actor: Caller, code: str, *, to_person: str, clock: Clock, note: str | None = None
) -> Handover:
    """Write down that the Sở gave an account to the head of its unit, who will hand it over.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such account.
        Conflict: it was handed over before.
    """
    require_admin(actor)
    account = held_account(connection, code)
    require_sight(actor, account.unit_id)
    if account.state is not AccountState.ISSUED:
        raise Conflict("The account is {}; this is not done to it then.", account.state.value)
    return write_handover(connection, actor, account, kind="provided", to_person=to_person, note=note, clock=clock)


def hand_over(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    to_person: str,
    clock: Clock,
    note: str | None = None,
    random: Random = secrets.token_bytes,
    warrant: Warrant | None = None,
) -> Handed:
    """Hand an account over to its person, with a record and a one-time activation code: heads alone, the Sở by two.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it was handed over before, or is a machine's.
    """
    account = _held_with_key(connection, actor, code, warrant)
    set_state(connection, account, AccountState.MUST_CHANGE, (AccountState.ISSUED,))
    handover = write_handover(
        connection, actor, account, kind="handed_over", to_person=to_person, note=note, clock=clock
    )
    activation = activation_of(connection, account.id, warrant, clock=clock, random=random)
    return Handed(found_account(connection, code), handover, activation)


def reset(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    clock: Clock,
    random: Random = secrets.token_bytes,
    warrant: Warrant | None = None,
) -> str:
    """Give an account a new activation code in place of a forgotten password; return it, this once.

    All sessions and tokens of the account end. Heads do it for their people; the Sở, for whomever, by two.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it has no password that could be forgotten.
    """
    account = _held_with_key(connection, actor, code, warrant)
    set_state(connection, account, AccountState.MUST_CHANGE, (AccountState.MUST_CHANGE, AccountState.ACTIVE))
    passwords.drop_password(connection, account.id)
    endings.end_tokens(connection, account.id, now=clock.now())
    record(connection, actor, "account.reset", f"account:{code}", before=told(account))
    return activation_of(connection, account.id, warrant, clock=clock, random=random)


def reset_totp(
    connection: Connection[Any], actor: Caller, code: str, *, clock: Clock, warrant: Warrant | None = None
) -> None:
    """Take a lost second factor from an account; its sessions and tokens end.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it has no second factor.
    """
    account = _held_with_key(connection, actor, code, warrant)
    if not totp.drop(connection, account.id):
        raise Conflict("The account has no second factor.")
    endings.end_tokens(connection, account.id, now=clock.now())
    record(connection, actor, "account.reset_totp", f"account:{code}")


def handovers_of(connection: Connection[Any], actor: Caller, code: str) -> list[Handover]:
    """Return who gave an account to whom, oldest first.

    Raises:
        NotFound: there is no such account, or none that the actor may know of.
    """
    account = account_seen(connection, actor, code)
    return every(connection, Handover, _QUERIES["handovers"], {"account": account.id})


def activation_of(
    connection: Connection[Any],
    account_id: int,
    warrant: Warrant | None,
    *,
    clock: Clock,
    random: Random = secrets.token_bytes,
) -> str:
    """Return a new activation code of an account; where two warrant it, the approver's half of one."""
    match warrant:
        case Pair(proposal=number, approver=approver):
            return passwords.new_half(
                connection, account_id, proposal=number, giver=approver, clock=clock, random=random
            )
        case _:
            return passwords.new_activation(connection, account_id, clock=clock, random=random)


def write_handover(
    connection: Connection[Any],
    actor: Caller,
    account: Account,
    *,
    kind: str,
    to_person: str,
    note: str | None,
    clock: Clock,
) -> Handover:
    values = {"account": account.id, "kind": kind, "by": actor.account_id, "to": trimmed(to_person), "at": clock.now()}
    with refusals():
        number = only(connection, int, _QUERIES["insert_handover"], values | {"note": trimmed(note)})
    written = every(connection, Handover, _QUERIES["handovers"], {"account": account.id})
    record(connection, actor, f"account.{kind}", f"account:{account.code}", after={"to": to_person, "record": number})
    return written[-1]


def _held_with_key(connection: Connection[Any], actor: Caller, code: str, warrant: Warrant | None) -> Account:
    """Return a person's account whose key the actor may be given, alone or by a warrant, and hold its row."""
    account = held_person(connection, actor, code)
    if account.kind is AccountKind.MACHINE:
        raise Conflict("A machine account has no password.")
    refuse_key_alone(connection, actor, account.id, warrant)
    return account
