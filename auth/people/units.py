"""Units (đơn vị): a dated tree, and which unit succeeds which.

A unit keeps its code for good. After a reform a new unit takes over by a succession that one officer of the Sở proposes
and a second one approves within five days, by the clock of PostgreSQL; it moves nothing by itself: agreements move by
an act of their own that needs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast
from unicodedata import normalize

from psycopg import Connection
from psycopg.errors import CheckViolation, InsufficientPrivilege

from auth.audit.acts import record
from auth.authority import DBA, require_admin, require_sight
from auth.model import AccountKind, Caller, UnitKind
from auth.people.admins import one_at_a_time, refuse_fewer_admins
from auth.rights.stale import mark_stale
from auth.rows import every, first, only, refusals
from auth.standing import is_one_person
from core.errors import BadRequest, Conflict, Forbidden
from database.queries import load

_EXPIRED: Final = "The proposal has expired."
_QUERIES: Final = load("auth.people", "units.sql")


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to be made; ``parent`` is the code of the one above it from ``since`` on."""

    code: str
    name: str
    kind: UnitKind
    since: date
    until: date | None = None
    territory: int | None = None
    parent: str | None = None
    allowance: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit. ``territory`` is an id of ``hc.don_vi``; ``allowance``, how many accounts its head may make."""

    id: int
    code: str
    name: str
    kind: UnitKind
    territory: int | None
    since: date
    until: date | None
    allowance: int


@dataclass(frozen=True, slots=True)
class Parent:
    """The unit above another one, and when."""

    code: str
    name: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class UnitSuccession:
    """A unit takes over from another one on a legal day.

    Attributes:
        state: ``proposed``, ``approved``, ``refused`` or ``expired``.
        expires_at: first instant at which what is proposed is not approved any more.
    """

    id: int
    old_id: int
    old: str
    new_id: int
    new: str
    day: date
    basis: str
    state: str
    proposed_by: int
    decided_by: int | None
    expires_at: datetime


def create_unit(connection: Connection[Any], actor: Caller, new: NewUnit) -> Unit:
    """Make a unit.

    Raises:
        Forbidden: the actor is no system admin.
        Conflict: the code is taken.
        BadRequest: a value is malformed, or the parent or the territory does not exist.
    """
    require_admin(actor)
    with refusals():
        unit = only(connection, _unit, _QUERIES["insert_unit"], _values(new))
    if new.parent:
        _put_below(connection, unit, find_unit(connection, new.parent), new.since)
    record(connection, actor, "unit.create", f"unit:{unit.code}", after=_told(unit) | {"parent": new.parent})
    return unit


def change_unit(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    name: str | None = None,
    until: date | None = None,
    territory: int | None = None,
    allowance: int | None = None,
    stays: bool = False,
) -> Unit:
    """Change what is given: the name, the day on which the unit is over, its territory, its allowance of accounts.

    Args:
        stays: takes back an end that has not come.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such unit.
        Conflict: the unit is over and would be no more; it governs; or fewer than two system admins would stay.
        BadRequest: a value does not fit.
    """
    require_admin(actor)
    one_at_a_time(connection)
    unit = find_unit(connection, code)
    given = {"name": name and _text(name), "until": until, "territory": territory, "allowance": allowance}
    wanted = replace(unit, **cast("Any", {key: value for key, value in given.items() if value is not None}))
    if stays:
        wanted = replace(wanted, until=None)
    if wanted.until != unit.until:
        _refuse_end(connection, unit, wanted.until)
    with refusals():
        changed = only(connection, _unit, _QUERIES["change_unit"], _fields(wanted))
    if wanted.until != unit.until:
        mark_stale(connection, _accounts_of(connection, unit.id))
    record(connection, actor, "unit.change", f"unit:{code}", before=_told(unit), after=_told(changed))
    return changed


def set_parent(
    connection: Connection[Any], actor: Caller, code: str, *, parent: str | None, since: date, day: date
) -> None:
    """Put a unit below another one, or below none, from a legal day on; what was to come from then on is dropped.

    The past stays as it was in force; one that never stood below another unit may be put there from an earlier day on.

    Args:
        day: the legal day.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such unit.
        Conflict: it would rewrite the past.
        BadRequest: the unit would stand above itself.
    """
    require_admin(actor)
    unit = find_unit(connection, code)
    _hold_unit(connection, unit)
    before = parents_of(connection, unit.id)
    if since < day and any(each.since < day for each in before):
        raise Conflict("What stood above a unit in the past stays: another one does from today on, or later.")
    _put_below(connection, unit, find_unit(connection, parent) if parent else None, since)
    after = parents_of(connection, unit.id)
    record(connection, actor, "unit.set_parent", f"unit:{code}", before=_above(before), after=_above(after))


def find_unit(connection: Connection[Any], code: str) -> Unit:
    """Return a unit, whoever asks.

    Raises:
        NotFound: there is none of that code.
    """
    return only(connection, _unit, _QUERIES["unit"], {"code": code})


def ensure_unit(connection: Connection[Any], new: NewUnit) -> int:
    """Return the id of a unit, which is made by the DBA where it is missing."""
    found = first(connection, _unit, _QUERIES["unit"], {"code": new.code})
    if found is None:
        with refusals():
            found = only(connection, _unit, _QUERIES["insert_unit"], _values(new))
        record(connection, DBA, "unit.create", f"unit:{new.code}", after=_told(found))
    return found.id


def unit_seen(connection: Connection[Any], actor: Caller, code: str) -> Unit:
    """Return a unit that the actor may know of.

    Raises:
        NotFound: there is none of that code, or it is another one than the actor's.
    """
    unit = find_unit(connection, code)
    require_sight(actor, unit.id)
    return unit


def units_seen(connection: Connection[Any], actor: Caller, *, limit: int, after: int = 0) -> list[Unit]:
    """Return the units that the actor may know of, behind the one with the id ``after``."""
    own = None if actor.account_kind is AccountKind.SYSTEM_ADMIN else actor.unit_id
    return every(connection, _unit, _QUERIES["units"], {"only": own, "after": after, "limit": limit})


def parents_of(connection: Connection[Any], unit_id: int) -> list[Parent]:
    """Return the units that stand, stood or will stand above a unit, oldest first."""
    return every(connection, Parent, _QUERIES["parents"], {"unit": unit_id})


def propose_succession(
    connection: Connection[Any], actor: Caller, *, old: str, new: str, day: date, basis: str
) -> UnitSuccession:
    """Propose that a unit takes over from another one; what was proposed of the two and has expired is closed.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such unit.
        Conflict: it is proposed or approved already.
        BadRequest: both are one unit, or the basis is empty.
    """
    require_admin(actor)
    values = {"old": find_unit(connection, old).id, "new": find_unit(connection, new).id, "day": day}
    values |= {"basis": _text(basis), "by": actor.account_id}
    connection.execute(_QUERIES["let_expire"].encode(), values)
    with refusals():
        number = only(connection, int, _QUERIES["propose_succession"], values)
    succession = find_succession(connection, number)
    record(connection, actor, "succession.propose", f"succession:{number}", after=_succession_told(succession))
    return succession


def decide_succession(connection: Connection[Any], actor: Caller, number: int, *, approve: bool) -> UnitSuccession:
    """Approve or refuse a proposed succession, as the second officer.

    Raises:
        Forbidden: the actor is no system admin, or is the one who proposed it.
        NotFound: there is no such succession.
        Conflict: it was decided before, has expired, or who proposed it may not act any more.
    """
    require_admin(actor)
    succession = find_succession(connection, number)
    if is_one_person(connection, actor.account_id, succession.proposed_by):
        raise Forbidden("A second officer decides; this is your own proposal.")
    if succession.state == "expired":
        raise Conflict(_EXPIRED)
    _decide(connection, {"id": number, "state": "approved" if approve else "refused", "by": actor.account_id})
    decided = find_succession(connection, number)
    record(connection, actor, f"succession.{'approve' if approve else 'refuse'}", f"succession:{number}",
           before=_succession_told(succession), after=_succession_told(decided))  # fmt: skip
    return decided


def _decide(connection: Connection[Any], values: dict[str, object]) -> None:
    try:
        decided = first(connection, int, _QUERIES["decide_succession"], values)
    except InsufficientPrivilege as exc:
        raise Conflict("Who proposed this may not act any more.") from exc
    except CheckViolation as exc:
        raise Conflict(_EXPIRED) from exc
    if decided is None:
        raise Conflict("This was decided before.")


def find_succession(connection: Connection[Any], number: int) -> UnitSuccession:
    """Return a succession, whoever asks.

    Raises:
        NotFound: there is none of that number.
    """
    return only(connection, UnitSuccession, _QUERIES["succession"], {"id": number})


def successions_seen(connection: Connection[Any], actor: Caller, *, limit: int, after: int = 0) -> list[UnitSuccession]:
    """Return the successions that concern a unit which the actor may know of."""
    own = None if actor.account_kind is AccountKind.SYSTEM_ADMIN else actor.unit_id
    return every(connection, UnitSuccession, _QUERIES["successions"], {"unit": own, "after": after, "limit": limit})


def _put_below(connection: Connection[Any], unit: Unit, parent: Unit | None, since: date) -> None:
    if parent and parent.id == unit.id:
        raise BadRequest("A unit cannot stand above itself.")
    values = {"unit": unit.id, "since": since}
    connection.execute(_QUERIES["drop_later_parents"].encode(), values)
    connection.execute(_QUERIES["end_parent"].encode(), values)
    if parent:
        with refusals():
            connection.execute(_QUERIES["insert_parent"].encode(), values | {"parent": parent.id})


def _refuse_end(connection: Connection[Any], unit: Unit, until: date | None) -> None:
    """Refuse an end that would lock out who governs, and another end of what is over: its head would come back."""
    if _hold_unit(connection, unit):
        raise Conflict("The unit is over already.")
    if until is None:
        return
    if only(connection, bool, _QUERIES["governs"], {"unit": unit.id}):
        raise Conflict("People of this unit govern: the Sở ends once they are moved or revoked.")
    refuse_fewer_admins(connection, unit_id=unit.id)


def _hold_unit(connection: Connection[Any], unit: Unit) -> bool:
    """Let nobody else change a unit until the end of the transaction; tell whether it is over."""
    return only(connection, bool, _QUERIES["hold_unit"], {"unit": unit.id})


def _above(parents: Sequence[Parent]) -> dict[str, object]:
    """Return what stands above a unit as the audit keeps it."""
    days = ((each, each.until.isoformat() if each.until else None) for each in parents)
    return {"parents": [{"code": each.code, "since": each.since.isoformat(), "until": until} for each, until in days]}


def _accounts_of(connection: Connection[Any], unit_id: int) -> list[int]:
    return every(connection, int, _QUERIES["accounts_of_unit"], {"unit": unit_id})


def _unit(id_: int, code: str, name: str, kind: str, *rest: Any) -> Unit:
    return Unit(id_, code, name, UnitKind(kind), *rest)


def _text(text: str) -> str:
    return normalize("NFC", text.strip())


def _values(new: NewUnit) -> dict[str, object]:
    return {
        "code": new.code,
        "name": _text(new.name),
        "kind": new.kind.value,
        "territory": new.territory,
        "since": new.since,
        "until": new.until,
        "allowance": new.allowance,
    }


def _fields(unit: Unit) -> dict[str, object]:
    return {
        "id": unit.id,
        "name": unit.name,
        "territory": unit.territory,
        "until": unit.until,
        "allowance": unit.allowance,
    }


def _told(unit: Unit) -> dict[str, object]:
    """Return a unit as the audit keeps it."""
    return {
        "name": unit.name,
        "kind": unit.kind.value,
        "territory": unit.territory,
        "since": unit.since.isoformat(),
        "until": unit.until.isoformat() if unit.until else None,
        "allowance": unit.allowance,
    }


def _succession_told(succession: UnitSuccession) -> dict[str, object]:
    return {
        "old": succession.old,
        "new": succession.new,
        "day": succession.day.isoformat(),
        "basis": succession.basis,
        "state": succession.state,
    }
