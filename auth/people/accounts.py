"""Accounts: made by the Sở or within a unit's allowance, and who may know of them.

Each goes through these states; what moves it stands in ``handovers``, ``states`` and ``positions``::

    issued ──hand_over──> must_change ──change_password──> active
                          must_change <──reset, expiry──── active
    issued, must_change, active ──suspend──> suspended ──resume──> where its password leaves it
    every state ──revoke──> revoked, for good

A machine account has no password: it is made active, and goes to suspended and revoked like the others.

What gives control of a privileged account takes a warrant, ``auth.people.pairs``: that of two persons, whose activation
code has two halves, or that of the operator at the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from unicodedata import normalize

from psycopg import Connection

from auth.audit.acts import record
from auth.authority import is_admin, require_over_person, require_over_unit, require_sight
from auth.model import AccountKind, AccountState, Caller, UnitKind
from auth.people.pairs import PRIVILEGED, Warrant, refuse_alone
from auth.people.units import find_unit
from auth.rights.stale import mark_stale
from auth.rows import every, first, only, refusals
from core.clocks import Clock
from core.errors import BadRequest, Conflict, Forbidden
from database.queries import load

_QUERIES: Final = load("auth.people", "accounts.sql")


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
    check_kind(new.kind, unit.kind)
    if new.kind in PRIVILEGED and warrant is None:
        refuse_alone()
    if of_allowance:
        _take_of_allowance(connection, unit.id)
    account = insert_account(connection, actor, new, unit_id=unit.id, of_allowance=of_allowance, at=clock.now())
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


def held_account(connection: Connection[Any], code: str) -> Account:
    """Return an account, whoever asks, and hold its row until the end of the transaction.

    Raises:
        NotFound: there is none of that code.
    """
    return only(connection, _account, _QUERIES["held_account"], {"code": code})


def held_person(connection: Connection[Any], actor: Caller, code: str) -> Account:
    """Return an account that the actor may act on, and hold its row."""
    account = held_account(connection, code)
    require_over_person(actor, account.id, account.unit_id, account.kind)
    return account


def found_account(connection: Connection[Any], code: str) -> Account:
    return only(connection, _account, _QUERIES["account"], {"code": code})


def caller_named(connection: Connection[Any], code: str) -> Caller:
    """Return the caller that an account is on the command line.

    Raises:
        Forbidden: there is no such account, or it may not act now.
    """
    found = first(connection, _caller, _QUERIES["acting_account"], {"code": code})
    if found is None:
        raise Forbidden("No account of that name may act.")
    return found


def insert_account(
    connection: Connection[Any], actor: Caller, new: NewAccount, *, unit_id: int, of_allowance: bool, at: datetime
) -> Account:
    is_machine = new.kind is AccountKind.MACHINE
    if not is_machine and not (new.person or "").strip():
        raise BadRequest("An account of a person names the person.")
    values = {
        "code": new.code,
        "unit": unit_id,
        "kind": new.kind.value,
        "person": trimmed(new.person),
        "person_code": new.person_code,
        "position": trimmed(new.position),
        "state": (AccountState.ACTIVE if is_machine else AccountState.ISSUED).value,
        "at": at,
        "by": actor.account_id,
        "of_allowance": of_allowance,
    }
    with refusals():
        connection.execute(_QUERIES["insert_account"].encode(), values)
    return found_account(connection, new.code)


def check_kind(kind: AccountKind, unit: UnitKind) -> None:
    if kind is AccountKind.SYSTEM_ADMIN and unit not in {UnitKind.DEPARTMENT, UnitKind.DIVISION}:
        raise BadRequest("A system admin belongs to the Sở.")


def set_state(
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


def note_change(connection: Connection[Any], actor: Caller, act: str, before: Account) -> Account:
    """Write down what changed of an account, and have its rights published anew."""
    after = found_account(connection, before.code)
    mark_stale(connection, [before.id])
    record(connection, actor, act, f"account:{before.code}", before=told(before), after=told(after))
    return after


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


def _take_of_allowance(connection: Connection[Any], unit_id: int) -> None:
    """Raise Conflict when the allowance of a unit is used up; its row is held until the end of the transaction."""
    allowance = only(connection, _allowance, _QUERIES["hold_unit"], {"unit": unit_id})
    if only(connection, int, _QUERIES["count_of_allowance"], {"unit": unit_id}) >= allowance:
        raise Conflict("The unit has all the {} accounts that the Sở allows its head to make.", allowance)


def _allowance(_kind: str, allowance: int) -> int:
    return allowance


def _account(id_: int, code: str, unit_id: int, unit: str, kind: str, *rest: Any) -> Account:
    person, person_code, position, state, why, *others = rest
    reason = SuspendedFor(why) if why else None
    return Account(
        id_, code, unit_id, unit, AccountKind(kind), person, person_code, position, AccountState(state), reason, *others
    )


def _caller(id_: int, code: str, kind: str, unit_id: int, unit: str) -> Caller:
    return Caller(f"account:{id_}", "command", code, id_, code, AccountKind(kind), unit_id, unit)


def trimmed[T: (str, str | None)](text: T) -> T:
    return normalize("NFC", text.strip()) if text is not None else text
