"""Accounts: made by the Sở or within a unit's allowance, handed over with a record, suspended, revoked.

::

    issued ──hand_over──> must_change ──change_password──> active
                          must_change <──reset, expiry──── active
    issued, must_change, active ──suspend──> suspended ──resume──> where its password leaves it
    every state ──revoke──> revoked, for good

A machine account has no password: it is made active, and goes to suspended and revoked like the others.

What gives control of a privileged account takes a warrant, ``auth.people.pairs``: that of two persons, whose activation
code has two halves, or that of the operator at the machine.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from unicodedata import normalize

from psycopg import Connection

from auth.audit.acts import record
from auth.authority import (
    DBA,
    is_admin,
    require_admin,
    require_over_person,
    require_over_unit,
    require_sight,
)
from auth.credentials import endings, passwords, totp
from auth.credentials.passwords import Random
from auth.model import AccountKind, AccountState, Caller, UnitKind
from auth.people.admins import ADMINS_LEFT, one_at_a_time, refuse_fewer_admins
from auth.people.pairs import PRIVILEGED, Pair, Warrant, refuse_alone, refuse_key_alone, refuse_one_alone
from auth.people.units import NewUnit, Unit, ensure_unit, find_unit
from auth.rights.stale import mark_stale
from auth.rows import every, first, only, refusals
from core.clocks import Clock
from core.errors import BadRequest, Conflict, Forbidden
from database.queries import load

_QUERIES: Final = load("auth.people", "accounts.sql")
_LIVE: Final = (AccountState.ISSUED, AccountState.MUST_CHANGE, AccountState.ACTIVE)


class SuspendedFor(StrEnum):
    """Why an account is suspended: what nobody attested, or who did it."""

    NOT_ATTESTED = "not_attested"
    UNIT = "unit"
    DEPARTMENT = "so"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made. ``person_code`` is the person's number in the staff list of the unit."""

    code: str
    unit: str
    kind: AccountKind
    person: str | None = None
    person_code: str | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True)
class NewPosition:
    """A position in words; ``unit`` and ``kind`` are ``None`` where they stay."""

    position: str
    unit: str | None = None
    kind: AccountKind | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account, without any secret; ``ends_on`` is the first legal day on which it may do nothing."""

    id: int
    code: str
    unit_id: int
    unit: str
    kind: AccountKind
    person: str | None
    person_code: str | None
    position: str | None
    state: AccountState
    suspended_for: SuspendedFor | None
    made_at: datetime
    of_allowance: bool
    password_until: datetime | None
    ends_on: date | None


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


def create_account(
    connection: Connection[Any], actor: Caller, new: NewAccount, *, clock: Clock, warrant: Warrant | None = None
) -> Account:
    """Make an account: a system admin any, a head those of the unit's people within its allowance.

    Raises:
        Forbidden: the actor may not make such an account, or not alone.
        NotFound: there is no such unit, or it is another one than the actor's.
        Conflict: the code is taken, or the allowance is used up.
        BadRequest: a value is malformed, a person is missing, or an admin is to be outside the Sở.
    """
    unit = find_unit(connection, new.unit)
    require_over_unit(actor, unit.id)
    of_allowance = not is_admin(actor)
    if of_allowance and new.kind is not AccountKind.INDIVIDUAL:
        raise Forbidden("Only a system admin of the Sở may do this.")
    _check_kind(new.kind, unit.kind)
    if new.kind in PRIVILEGED and warrant is None:
        refuse_alone()
    if of_allowance:
        _take_of_allowance(connection, unit.id)
    account = _insert(connection, actor, new, unit_id=unit.id, of_allowance=of_allowance, at=clock.now())
    mark_stale(connection, [account.id])
    record(connection, actor, "account.create", f"account:{account.code}", after=told(account))
    return account


def account_seen(connection: Connection[Any], actor: Caller, code: str) -> Account:
    """Return an account that the actor may know of: any for an admin, the unit's for its head, else one's own.

    Raises:
        NotFound: there is none, or none that the actor may know of.
    """
    account = only(connection, _account, _QUERIES["account"], {"code": code})
    require_sight(actor, account.unit_id)
    if account.id != actor.account_id:
        require_over_unit(actor, account.unit_id)
    return account


def accounts_seen(
    connection: Connection[Any],
    actor: Caller,
    *,
    limit: int,
    after: int = 0,
    unit: str | None = None,
    state: AccountState | None = None,
) -> list[Account]:
    """Return the accounts that the actor may know of, behind the one with the id ``after``.

    Raises:
        NotFound: the unit is another one than the actor's, or none.
    """
    unit_id = find_unit(connection, unit).id if unit else None
    if unit_id is not None:
        require_sight(actor, unit_id)
    if not is_admin(actor):
        unit_id = actor.unit_id
    own = None if actor.account_kind in {AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD} else actor.account_id
    values = {"unit": unit_id, "only": own, "state": state and state.value, "after": after, "limit": limit}
    return every(connection, _account, _QUERIES["accounts"], values)


def caller_named(connection: Connection[Any], code: str) -> Caller:
    """Return the caller that an account is on the command line.

    Raises:
        Forbidden: there is no such account, or it may not act now.
    """
    found = first(connection, _caller, _QUERIES["acting_account"], {"code": code})
    if found is None:
        raise Forbidden("No account of that name may act.")
    return found


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
    account = _held(connection, actor, code)
    if account.state is not AccountState.ISSUED:
        raise Conflict("The account is {}; this is not done to it then.", account.state.value)
    return _write_handover(connection, actor, account, kind="provided", to_person=to_person, note=note, clock=clock)


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
    _move(connection, account, AccountState.MUST_CHANGE, (AccountState.ISSUED,))
    handover = _write_handover(
        connection, actor, account, kind="handed_over", to_person=to_person, note=note, clock=clock
    )
    activation = activation_of(connection, account.id, warrant, clock=clock, random=random)
    return Handed(_found(connection, code), handover, activation)


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
    _move(connection, account, AccountState.MUST_CHANGE, (AccountState.MUST_CHANGE, AccountState.ACTIVE))
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


def suspend(connection: Connection[Any], actor: Caller, code: str, *, clock: Clock) -> Account:
    """Suspend an account; its sessions and tokens end.

    Raises:
        Forbidden: the actor may not do it to this account.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it is suspended or revoked, or is one of the last two admins.
    """
    one_at_a_time(connection)
    account = _held_person(connection, actor, code)
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
    _move(connection, account, AccountState.SUSPENDED, _LIVE, suspended_for=why)
    passwords.drop_activation(connection, account.id)
    endings.end_tokens(connection, account.id, now=now)
    return _changed(connection, actor, "account.suspend", account)


def resume(
    connection: Connection[Any], actor: Caller, code: str, *, clock: Clock, warrant: Warrant | None = None
) -> Account:
    """End a suspension: active with a good password, to be changed with an old one, issued without any.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone, or the Sở suspended it.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it is not suspended, or its position has ended.
    """
    account = _held_person(connection, actor, code)
    refuse_one_alone(connection, account.id, warrant)
    if account.suspended_for is SuspendedFor.DEPARTMENT:
        require_admin(actor)
    if account.ends_on is not None:
        raise Conflict("The position has ended.")
    _move(connection, account, _state_of_password(account, clock.now()), (AccountState.SUSPENDED,))
    return _changed(connection, actor, "account.resume", account)


def revoke(connection: Connection[Any], actor: Caller, code: str, *, clock: Clock) -> Account:
    """Revoke an account for good; its sessions, its tokens and the clients that it made end.

    Raises:
        Forbidden: the actor may not do it to this account.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it is revoked, or is one of the last two admins.
    """
    one_at_a_time(connection)
    account = _held_person(connection, actor, code)
    refuse_last_admins(connection, account)
    return revoke_for_good(connection, actor, account, now=clock.now())


def revoke_for_good(connection: Connection[Any], actor: Caller, account: Account, *, now: datetime) -> Account:
    """Revoke an account, whoever acts, with all that came out of it.

    Raises:
        Conflict: it is revoked already.
    """
    _move(connection, account, AccountState.REVOKED, (*_LIVE, AccountState.SUSPENDED))
    passwords.drop_activation(connection, account.id)
    endings.end_all(connection, account.id, now=now)
    return _changed(connection, actor, "account.revoke", account)


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

    Who becomes one keeps nothing of how the account was entered: it is to be activated anew.

    Raises:
        Forbidden: the actor may not do it to this account, or not alone.
        NotFound: there is no such account or unit, or none that the actor may know of.
        Conflict: it is revoked, or is one of the last two admins, or becomes privileged while it is suspended.
        BadRequest: an admin would stand outside the Sở.
    """
    one_at_a_time(connection)
    account = _held_person(connection, actor, code)
    if account.state is AccountState.REVOKED:
        raise Conflict("The account is {}; this is not done to it then.", account.state.value)
    target, wanted = find_unit(connection, new.unit or account.unit), new.kind or account.kind
    if (target.id, wanted) != (account.unit_id, account.kind):
        require_admin(actor)
        if PRIVILEGED & {wanted, account.kind} and warrant is None:
            refuse_alone()
        _check_change(connection, account, target, wanted)
        endings.end_all(connection, account.id, now=clock.now())
        if wanted in PRIVILEGED and account.kind not in PRIVILEGED:
            take_keys(connection, account, now=clock.now())
    strip_functions(connection, account.id, day)
    values = {"id": account.id, "position": _text(new.position), "unit": target.id, "kind": wanted.value}
    with refusals():
        connection.execute(_QUERIES["change_person"].encode(), values)
    return _changed(connection, actor, "account.change_position", account)


def take_keys(connection: Connection[Any], account: Account, *, now: datetime) -> None:
    """Take from an account all by which it is entered: who becomes privileged may have been activated by one person.

    An account that is in use must be activated anew, by a code in two halves.

    Raises:
        Conflict: it is suspended or revoked.
    """
    if account.state is not AccountState.ISSUED:
        _move(connection, account, AccountState.MUST_CHANGE, (AccountState.MUST_CHANGE, AccountState.ACTIVE))
    passwords.drop_password(connection, account.id)
    passwords.drop_activation(connection, account.id)
    totp.drop(connection, account.id)
    connection.execute(_QUERIES["drop_links"].encode(), {"id": account.id})
    endings.end_tokens(connection, account.id, now=now)


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


def strip_functions(connection: Connection[Any], account_id: int, day: date) -> None:
    """End every function of an account on a legal day, and forget those that were to begin later."""
    for name in ("drop_functions", "strip_functions"):
        connection.execute(_QUERIES[name].encode(), {"id": account_id, "day": day})
    mark_stale(connection, [account_id])


def set_ends_on(connection: Connection[Any], account_id: int, day: date) -> None:
    """Note the first legal day on which an account may do nothing."""
    connection.execute(_QUERIES["set_ends_on"].encode(), {"id": account_id, "day": day})


def expire_password(connection: Connection[Any], account_id: int, *, now: datetime) -> bool:
    """Ask for a new password where the account's is too old; its sessions and tokens end. Tell whether it was."""
    expired = first(connection, int, _QUERIES["expire_password"], {"id": account_id, "now": now}) is not None
    if expired:
        endings.end_tokens(connection, account_id, now=now)
    return expired


def handovers_of(connection: Connection[Any], actor: Caller, code: str) -> list[Handover]:
    """Return who gave an account to whom, oldest first.

    Raises:
        NotFound: there is no such account, or none that the actor may know of.
    """
    account = account_seen(connection, actor, code)
    return every(connection, Handover, _QUERIES["handovers"], {"account": account.id})


def refuse_last_admins(connection: Connection[Any], account: Account) -> None:
    """Refuse what would leave fewer than two system admins; ``one_at_a_time`` was called before.

    Raises:
        Conflict: the account is one of the last two.
    """
    if account.kind is not AccountKind.SYSTEM_ADMIN:
        return
    refuse_fewer_admins(connection, without=account.id)


def bootstrap(
    connection: Connection[Any],
    admins: Sequence[NewAccount],
    *,
    unit: NewUnit,
    clock: Clock,
    random: Random = secrets.token_bytes,
) -> list[Handed]:
    """Make the first system admins, in a unit of the Sở that is made where it is missing.

    Args:
        connection: of the DBA.

    Raises:
        Conflict: there is or was a system admin.
        BadRequest: fewer than two, or twice the same person.
    """
    one_at_a_time(connection)
    if only(connection, int, _QUERIES["count_admins"]):
        raise Conflict("There is a system admin already, who makes the others.")
    if len({admin.person for admin in admins} - {None}) < ADMINS_LEFT:
        raise BadRequest("At least {} different persons are named as system admins.", ADMINS_LEFT)
    unit_id = ensure_unit(connection, unit)
    return [_first_admin(connection, admin, unit_id, clock, random) for admin in admins]


def held_account(connection: Connection[Any], code: str) -> Account:
    """Return an account, whoever asks, and hold its row until the end of the transaction.

    Raises:
        NotFound: there is none of that code.
    """
    return only(connection, _account, _QUERIES["held_account"], {"code": code})


def told(account: Account) -> dict[str, object]:
    """Return an account as the audit keeps it."""
    return {
        "unit": account.unit,
        "kind": account.kind.value,
        "person": account.person,
        "position": account.position,
        "state": account.state.value,
        "suspended_for": account.suspended_for and account.suspended_for.value,
        "ends_on": account.ends_on.isoformat() if account.ends_on else None,
    }


def _insert(
    connection: Connection[Any], actor: Caller, new: NewAccount, *, unit_id: int, of_allowance: bool, at: datetime
) -> Account:
    is_machine = new.kind is AccountKind.MACHINE
    if not is_machine and not (new.person or "").strip():
        raise BadRequest("An account of a person names the person.")
    values = {
        "code": new.code,
        "unit": unit_id,
        "kind": new.kind.value,
        "person": _text(new.person),
        "person_code": new.person_code,
        "position": _text(new.position),
        "state": (AccountState.ACTIVE if is_machine else AccountState.ISSUED).value,
        "at": at,
        "by": actor.account_id,
        "of_allowance": of_allowance,
    }
    with refusals():
        connection.execute(_QUERIES["insert_account"].encode(), values)
    return _found(connection, new.code)


def _first_admin(connection: Connection[Any], admin: NewAccount, unit_id: int, clock: Clock, random: Random) -> Handed:
    account = _insert(connection, DBA, admin, unit_id=unit_id, of_allowance=False, at=clock.now())
    record(connection, DBA, "account.create", f"account:{account.code}", after=told(account))
    _move(connection, account, AccountState.MUST_CHANGE, (AccountState.ISSUED,))
    handover = _write_handover(
        connection, DBA, account, kind="handed_over", to_person=account.person or "", note=None, clock=clock
    )
    activation = passwords.new_activation(connection, account.id, clock=clock, random=random)
    return Handed(_found(connection, account.code), handover, activation)


def _take_of_allowance(connection: Connection[Any], unit_id: int) -> None:
    """Raise Conflict when the allowance of a unit is used up; its row is held until the end of the transaction."""
    allowance = only(connection, _allowance, _QUERIES["hold_unit"], {"unit": unit_id})
    if only(connection, int, _QUERIES["count_of_allowance"], {"unit": unit_id}) >= allowance:
        raise Conflict("The unit has all the {} accounts that the Sở allows its head to make.", allowance)


def _allowance(_kind: str, allowance: int) -> int:
    return allowance


def _check_change(connection: Connection[Any], account: Account, unit: Unit, kind: AccountKind) -> None:
    _check_kind(kind, unit.kind)
    if AccountKind.MACHINE in {kind, account.kind} and kind is not account.kind:
        raise BadRequest("A machine account stays one, and no other becomes one.")
    if kind is not AccountKind.SYSTEM_ADMIN or unit.until is not None:
        refuse_last_admins(connection, account)


def _check_kind(kind: AccountKind, unit: UnitKind) -> None:
    if kind is AccountKind.SYSTEM_ADMIN and unit not in {UnitKind.DEPARTMENT, UnitKind.DIVISION}:
        raise BadRequest("A system admin belongs to the Sở.")


def _held(connection: Connection[Any], actor: Caller, code: str) -> Account:
    account = held_account(connection, code)
    require_sight(actor, account.unit_id)
    return account


def _held_person(connection: Connection[Any], actor: Caller, code: str) -> Account:
    """Return an account that the actor may act on, and hold its row."""
    account = held_account(connection, code)
    require_over_person(actor, account.id, account.unit_id, account.kind)
    return account


def _held_with_key(connection: Connection[Any], actor: Caller, code: str, warrant: Warrant | None) -> Account:
    """Return a person's account whose key the actor may be given, alone or by a warrant, and hold its row."""
    account = _held_person(connection, actor, code)
    if account.kind is AccountKind.MACHINE:
        raise Conflict("A machine account has no password.")
    refuse_key_alone(connection, actor, account.id, warrant)
    return account


def _move(
    connection: Connection[Any],
    account: Account,
    to: AccountState,
    allowed: Sequence[AccountState],
    *,
    suspended_for: SuspendedFor | None = None,
) -> None:
    values = {"id": account.id, "to": to.value, "from": [each.value for each in allowed]}
    values |= {"suspended_for": suspended_for and suspended_for.value}
    if first(connection, int, _QUERIES["move_state"], values) is None:
        raise Conflict("The account is {}; this is not done to it then.", account.state.value)
    mark_stale(connection, [account.id])  # rights begin with the handover and end with the account


def _changed(connection: Connection[Any], actor: Caller, act: str, before: Account) -> Account:
    """Write down what changed of an account, and have its rights published anew."""
    after = _found(connection, before.code)
    mark_stale(connection, [before.id])
    record(connection, actor, act, f"account:{before.code}", before=told(before), after=told(after))
    return after


def _write_handover(
    connection: Connection[Any],
    actor: Caller,
    account: Account,
    *,
    kind: str,
    to_person: str,
    note: str | None,
    clock: Clock,
) -> Handover:
    values = {"account": account.id, "kind": kind, "by": actor.account_id, "to": _text(to_person), "at": clock.now()}
    with refusals():
        number = only(connection, int, _QUERIES["insert_handover"], values | {"note": _text(note)})
    written = every(connection, Handover, _QUERIES["handovers"], {"account": account.id})
    record(connection, actor, f"account.{kind}", f"account:{account.code}", after={"to": to_person, "record": number})
    return written[-1]


def _state_of_password(account: Account, now: datetime) -> AccountState:
    if account.kind is AccountKind.MACHINE:
        return AccountState.ACTIVE
    if account.password_until is None:
        return AccountState.ISSUED
    return AccountState.ACTIVE if now < account.password_until else AccountState.MUST_CHANGE


def _found(connection: Connection[Any], code: str) -> Account:
    return only(connection, _account, _QUERIES["account"], {"code": code})


def _account(id_: int, code: str, unit_id: int, unit: str, kind: str, *rest: Any) -> Account:
    person, person_code, position, state, why, *others = rest
    reason = SuspendedFor(why) if why else None
    return Account(
        id_, code, unit_id, unit, AccountKind(kind), person, person_code, position, AccountState(state), reason, *others
    )


def _caller(id_: int, code: str, kind: str, unit_id: int, unit: str) -> Caller:
    return Caller(f"account:{id_}", "command", code, id_, code, AccountKind(kind), unit_id, unit)


def _text[T: (str, str | None)](text: T) -> T:
    return normalize("NFC", text.strip()) if text is not None else text
