"""Leavers: the end of a position, staff lists, and the quarterly attestation of who is still needed.

The clock runs from the day on which the position ended. Entered in time or not, rights end the same day; the unit has
five working days to enter it, and what comes later is a breach that the Sở reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection

from auth.audit.acts import record
from auth.authority import is_admin, require_admin, require_over_person, require_over_unit, require_sight
from auth.credentials.blocklist import folded
from auth.model import AccountKind, AccountState, Caller
from auth.notices import Kind, notify
from auth.people.accounts import Account, held_account
from auth.people.admins import one_at_a_time
from auth.people.positions import set_ends_on
from auth.people.states import refuse_last_admins, revoke_for_good
from auth.people.units import find_unit
from auth.rights.stale import mark_stale
from auth.rows import every, first, only, refusals
from core.calendar import WorkingDays, quarter_of
from core.clocks import Clock, calendar_day
from core.errors import BadRequest, Conflict, Forbidden, NotFound
from database.queries import load

DAYS: Final = 5
"""Working days that a unit has to enter a leaver. Source: the regulation, Điều 8.1."""
WARNED_ON: Final = 4
"""Working day on which the Sở is warned of somebody who is missing."""
STAFF_MAX: Final = 10_000
_QUERIES: Final = load("auth.people", "leavers.sql")


@dataclass(frozen=True, slots=True)
class Leaving:
    """The end of a position: ``ended_on`` is the first legal day without rights, ``deadline`` the last to enter it.

    ``source`` is ``unit``, ``so`` or ``staff_list``; ``acknowledged_by`` read of the breach at the Sở. A ``deadline``
    of ``None`` is unknown, as ``config/calendar.yml`` lacks the year: whether it is a breach is for the Sở to say.
    """

    account: str
    person: str | None
    unit: str
    ended_on: date
    deadline: date | None
    entered_on: date
    entered_by: str | None
    source: str
    breach: bool
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person of a staff list; ``person_code`` is compared, where there is none the name."""

    name: str
    person_code: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """An account whose person the newest staff list lacks, and since which list."""

    id: int
    account: str
    person: str | None
    unit: str
    missing_since: date


@dataclass(frozen=True, slots=True)
class Attested:
    """Whether an account is attested in a quarter."""

    id: int
    account: str
    person: str | None
    unit: str
    kind: AccountKind
    state: AccountState
    is_attested: bool


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    code: str
    person: str | None
    person_code: str | None


def record_leaving(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    ended_on: date,
    day: date,
    clock: Clock,
    calendar: WorkingDays,
) -> Leaving:
    """Enter the day on which a position ended; from that day on the account may do nothing.

    A day that has come revokes the account at once. A later one does when it comes.

    Raises:
        Forbidden: the actor may not do it to this account.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: it was entered before, or the account is one of the last two admins.
    """
    one_at_a_time(connection)
    account = held_account(connection, code)
    require_over_person(actor, account.id, account.unit_id, account.kind)
    refuse_last_admins(connection, account)
    source = "so" if is_admin(actor) else "unit"
    return enter_leaving(
        connection, actor, account, ended_on=ended_on, day=day, now=clock.now(), calendar=calendar, source=source
    )


def enter_leaving(
    connection: Connection[Any],
    actor: Caller,
    account: Account,
    *,
    ended_on: date,
    day: date,
    now: datetime,
    calendar: WorkingDays,
    source: str,
) -> Leaving:
    """Enter the end of a position, whoever acts; found by a staff list it is the unit's breach whenever it is.

    Rights end whatever the calendar knows; a deadline that it does not know is told to the Sở.

    Raises:
        Conflict: it was entered before.
    """
    deadline = calendar.after(ended_on, DAYS)
    breach = source == "staff_list" or (deadline is not None and day > deadline)
    values = {"account": account.id, "ended_on": ended_on, "deadline": deadline, "entered_on": day}
    values |= {"by": actor.account_id, "source": source, "breach": breach}
    with refusals():
        connection.execute(_QUERIES["insert_leaving"].encode(), values)
    set_ends_on(connection, account.id, ended_on)
    mark_stale(connection, [account.id])
    if breach:
        notify(connection, Kind.LEAVING_LATE, account.id, ended_on, now=now)
    if deadline is None:
        notify(connection, Kind.DEADLINE_UNKNOWN, account.id, ended_on, now=now)
    until = deadline.isoformat() if deadline else None
    told = {"ended_on": ended_on.isoformat(), "deadline": until, "source": source, "breach": breach}
    record(connection, actor, "account.leave", f"account:{account.code}", after=told)
    if ended_on <= day and account.state is not AccountState.REVOKED:
        revoke_for_good(connection, actor, account, now=now)
    return only(connection, Leaving, _QUERIES["leaving"], {"account": account.id})


def leavings_seen(
    connection: Connection[Any], actor: Caller, *, limit: int, after: int = 0, breaches: bool = False
) -> list[tuple[int, Leaving]]:
    """Return ended positions, each behind the id of its account: all for an admin, the unit's for its head.

    Args:
        breaches: late entries alone, and those of which nobody knows whether they are late.

    Raises:
        Forbidden: the actor is neither.
    """
    values = {"unit": _unit_of(actor), "after": after, "limit": limit, "breaches": breaches}
    return every(connection, _numbered, _QUERIES["leavings"], values)


def acknowledge_breach(connection: Connection[Any], actor: Caller, code: str, *, clock: Clock) -> None:
    """Note that the Sở has read of a late entry, or of one of which nobody knows whether it is late.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such account.
        Conflict: it was in time, or read before.
    """
    require_admin(actor)
    account = held_account(connection, code)
    values = {"account": account.id, "by": actor.account_id, "at": clock.now()}
    if first(connection, int, _QUERIES["acknowledge"], values) is None:
        raise Conflict("There is no late entry that was not read.")
    record(connection, actor, "account.acknowledge_breach", f"account:{code}")


def import_staff(
    connection: Connection[Any],
    actor: Caller,
    unit: str,
    people: Sequence[StaffMember],
    *,
    listed_on: date,
    day: date,
    clock: Clock,
) -> list[Missing]:
    """Compare the staff list of a unit with its accounts; return those whose person is missing from it.

    The clock of five working days runs from the first list that lacks a person, and stops with one that has the person.

    Args:
        listed_on: legal day that the list is true on.

    Raises:
        Forbidden: the actor is neither the head nor a system admin.
        NotFound: there is no such unit, or it is another one than the actor's.
        BadRequest: the list is empty or too long, or of a day to come.
        Conflict: a newer list was imported.
    """
    one_at_a_time(connection)  # nobody moves to another unit between the list and what is said of it
    owner = find_unit(connection, unit)
    require_over_unit(actor, owner.id)
    _check_list(connection, owner.id, people, listed_on, day)
    values = {"unit": owner.id, "listed_on": listed_on, "at": clock.now(), "by": actor.account_id}
    number = only(connection, int, _QUERIES["insert_list"], values | {"people": len(people)})
    codes = {member.person_code for member in people} - {None}
    names = {folded(member.name.strip()) for member in people}
    for person in every(connection, _Person, _QUERIES["staff"], {"unit": owner.id}):
        is_there = person.person_code in codes if person.person_code else folded(person.person or "") in names
        name = "drop_absence" if is_there else "put_absence"
        connection.execute(_QUERIES[name].encode(), {"account": person.id, "list": number, "day": listed_on})
    missing = every(connection, Missing, _QUERIES["absences"], {"unit": owner.id, "after": 0, "limit": STAFF_MAX})
    told = {"listed_on": listed_on.isoformat(), "people": len(people), "missing": [each.account for each in missing]}
    record(connection, actor, "unit.import_staff", f"unit:{unit}", after=told)
    return missing


def missing_seen(connection: Connection[Any], actor: Caller, *, limit: int, after: int = 0) -> list[Missing]:
    """Return the accounts whose person is missing from the newest staff list.

    Raises:
        Forbidden: the actor is neither a head nor a system admin.
    """
    return every(connection, Missing, _QUERIES["absences"], {"unit": _unit_of(actor), "after": after, "limit": limit})


def attest(connection: Connection[Any], actor: Caller, codes: Sequence[str], *, clock: Clock) -> str:
    """Attest that accounts are still needed, for the quarter of now; return it.

    Raises:
        Forbidden: one of them is the actor's own, or beyond the actor's authority.
        NotFound: there is no such account, or none that the actor may know of.
        Conflict: one of them is revoked.
    """
    quarter = quarter_of(calendar_day(clock.now()))
    for code in codes:
        account = held_account(connection, code)
        require_over_person(actor, account.id, account.unit_id, account.kind)
        if account.state is AccountState.REVOKED:
            raise Conflict("The account is {}; this is not done to it then.", account.state.value)
        values = {"account": account.id, "quarter": quarter, "by": actor.account_id, "at": clock.now()}
        connection.execute(_QUERIES["attest"].encode(), values)
    record(connection, actor, "account.attest", f"quarter:{quarter}", after={"accounts": list(codes)})
    return quarter


def attested_seen(
    connection: Connection[Any], actor: Caller, *, quarter: str, limit: int, after: int = 0
) -> list[Attested]:
    """Return the accounts of the actor's people with whether they are attested in a quarter.

    Raises:
        Forbidden: the actor is neither a head nor a system admin.
    """
    values = {"quarter": quarter, "unit": _unit_of(actor), "after": after, "limit": limit}
    return every(connection, _attested, _QUERIES["attested"], values)


def leaving_seen(connection: Connection[Any], actor: Caller, code: str) -> Leaving:
    """Return what is written down about the end of a position.

    Raises:
        NotFound: nothing is, or the actor may not know of the account.
    """
    account = held_account(connection, code)
    require_sight(actor, account.unit_id)
    require_over_unit(actor, account.unit_id)
    found = first(connection, Leaving, _QUERIES["leaving"], {"account": account.id})
    if found is None:
        raise NotFound
    return found


def _check_list(
    connection: Connection[Any], unit_id: int, people: Sequence[StaffMember], listed_on: date, day: date
) -> None:
    if not 0 < len(people) <= STAFF_MAX:
        raise BadRequest("A staff list has 1 to {} people.", STAFF_MAX)
    if listed_on > day:
        raise BadRequest("The staff list is of a day to come.")
    newest = first(connection, _day, _QUERIES["newest_list"], {"unit": unit_id})
    if newest is not None and newest > listed_on:
        raise Conflict("A newer staff list was imported.")


def _unit_of(actor: Caller) -> int | None:
    """Return the unit whose people the actor watches over, ``None`` for all."""
    if is_admin(actor):
        return None
    if actor.account_kind is not AccountKind.UNIT_HEAD:
        raise Forbidden("Only the head of the unit or a system admin of the Sở may do this.")
    return actor.unit_id


def _numbered(id_: int, *rest: Any) -> tuple[int, Leaving]:
    return id_, Leaving(*rest)


def _attested(id_: int, code: str, person: str | None, unit: str, kind: str, state: str, is_attested: bool) -> Attested:
    return Attested(id_, code, person, unit, AccountKind(kind), AccountState(state), is_attested)


def _day(day: date) -> date:
    return day
