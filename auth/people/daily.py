"""What time itself does to accounts, once a day; run twice it does nothing the second time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from psycopg import Connection

from auth.authority import SYSTEM
from auth.credentials import sessions
from auth.credentials.passwords import WARNED
from auth.notices import Kind, notify
from auth.people import throttle
from auth.people.accounts import Account, SuspendedFor, held_account
from auth.people.admins import one_at_a_time
from auth.people.leavers import DAYS, STAFF_MAX, WARNED_ON, Missing, enter_leaving
from auth.people.states import expire_password, refuse_last_admins, revoke_for_good
from auth.people.states import suspend_for as suspend_account
from auth.rows import every
from core.calendar import WorkingDays, quarter_of, quarter_start
from core.clocks import VIETNAM, Clock, calendar_day
from core.errors import Conflict
from database.queries import load

ATTESTATION_DUE: Final = timedelta(days=14)
"""Before the end of a quarter heads are told of those whom nobody attested yet."""
_QUERIES: Final = load("auth.people", "leavers.sql")


@dataclass(frozen=True, slots=True)
class Done:
    """What one run did, as codes of accounts.

    Attributes:
        ended: revoked, for their position has ended.
        suspended: not attested.
        expired: with a password that is too old.
        kept: admins who would have been suspended, but are of the last two.
    """

    ended: tuple[str, ...]
    suspended: tuple[str, ...]
    expired: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """Who is missing from a staff list, as codes of accounts.

    Attributes:
        kept: admins who would have been revoked, but are of the last two.
        unknown: watched through a year that the calendar lacks: five working days may have passed, nobody knows.
    """

    warned: tuple[str, ...]
    revoked: tuple[str, ...]
    kept: tuple[str, ...]
    unknown: tuple[str, ...]


def run(connection: Connection[Any], *, day: date, clock: Clock) -> Done:
    """Do what is due: positions that ended, attestation, passwords.

    Args:
        day: the legal day, which positions follow; attestation and passwords follow the clock.
    """
    one_at_a_time(connection)
    now, kept = clock.now(), list[str]()
    ended = _end_positions(connection, day, now)
    suspended = _suspend_unattested(connection, now, kept)
    expired = _expire_passwords(connection, now)
    _warn(connection, now)
    connection.execute(_QUERIES["drop_old_activations"].encode(), {"now": now})
    throttle.forget_old(connection, now)
    sessions.clear(connection, now=now)
    return Done(tuple(ended), tuple(suspended), tuple(expired), tuple(kept))


def watch_absences(connection: Connection[Any], *, day: date, clock: Clock, calendar: WorkingDays) -> Watched:
    """Warn of people missing from a staff list for four working days, and revoke after five.

    Of a year that the calendar lacks no day is counted; whose days are in doubt for it, the Sở is told.
    """
    one_at_a_time(connection)
    warned, revoked, kept, unknown, now = list[str](), list[str](), list[str](), list[str](), clock.now()
    for each in every(connection, Missing, _QUERIES["absences"], {"unit": None, "after": 0, "limit": STAFF_MAX}):
        passed = calendar.at_least_between(each.missing_since, day)
        if passed < DAYS and calendar.lacks(each.missing_since, day):
            notify(connection, Kind.DEADLINE_UNKNOWN, each.id, each.missing_since, now=now)
            unknown.append(each.account)
        if passed >= WARNED_ON and notify(connection, Kind.ABSENCE_WARNED, each.id, each.missing_since, now=now):
            warned.append(each.account)
        if passed >= DAYS and _revoke_absent(connection, each, day, now, calendar, kept):
            revoked.append(each.account)
    return Watched(tuple(warned), tuple(revoked), tuple(kept), tuple(unknown))


def _end_positions(connection: Connection[Any], day: date, now: datetime) -> list[str]:
    codes = every(connection, str, _QUERIES["due_leavers"], {"day": day})
    for code in codes:
        account = held_account(connection, code)
        revoke_for_good(connection, SYSTEM, account, now=now)
        notify(connection, Kind.POSITION_ENDED, account.id, account.ends_on or day, now=now)
    return codes


def _revoke_absent(
    connection: Connection[Any], missing: Missing, day: date, now: datetime, calendar: WorkingDays, kept: list[str]
) -> bool:
    account = held_account(connection, missing.account)
    if _is_last_admin(connection, account, kept):
        return False
    if account.ends_on is None:
        enter_leaving(
            connection, SYSTEM, account, ended_on=missing.missing_since, day=day, now=now, calendar=calendar,
            source="staff_list",
        )  # fmt: skip
    else:
        revoke_for_good(connection, SYSTEM, account, now=now)
    return notify(connection, Kind.ABSENCE_REVOKED, account.id, missing.missing_since, now=now)


def _suspend_unattested(connection: Connection[Any], now: datetime, kept: list[str]) -> list[str]:
    """Suspend who was there before the last whole quarter began, and whom nobody attested in it or since."""
    this = quarter_start(calendar_day(now))
    last = quarter_start(this - timedelta(days=1))
    suspended: list[str] = []
    for code in every(connection, str, _QUERIES["not_attested"], _quarter(last)):
        account = held_account(connection, code)
        if not _is_last_admin(connection, account, kept):
            suspend_account(connection, SYSTEM, account, SuspendedFor.NOT_ATTESTED, now=now)
            notify(connection, Kind.NOT_ATTESTED, account.id, this, now=now)
            suspended.append(code)
    return suspended


def _quarter(begin: date) -> dict[str, object]:
    return {"quarter": quarter_of(begin), "begin": datetime.combine(begin, time(), VIETNAM)}


def _expire_passwords(connection: Connection[Any], now: datetime) -> list[str]:
    found = every(connection, _pair, _QUERIES["old_passwords"], {"now": now})
    return [code for id_, code in found if expire_password(connection, id_, now=now)]


def _warn(connection: Connection[Any], now: datetime) -> None:
    """Write notices of passwords that end in 14, 7 and 1 days, and of attestations that are due."""
    today = calendar_day(now)
    before = now + timedelta(days=WARNED[0] + 1)
    for id_, _unit, until in every(connection, _triple, _QUERIES["passwords_ending"], {"now": now, "before": before}):
        left = (calendar_day(until) - today).days
        stage = min((each for each in WARNED if left <= each), default=None)
        if stage is not None:
            notify(connection, Kind.PASSWORD_EXPIRES, id_, calendar_day(until) - timedelta(days=stage), now=now)
    begin = quarter_start(today)
    end = quarter_start(begin + timedelta(days=100))
    if end - today <= ATTESTATION_DUE:
        for code in every(connection, str, _QUERIES["not_attested"], _quarter(begin)):
            notify(connection, Kind.ATTESTATION_DUE, held_account(connection, code).id, end, now=now)


def _is_last_admin(connection: Connection[Any], account: Account, kept: list[str]) -> bool:
    try:
        refuse_last_admins(connection, account)
    except Conflict:
        kept.append(account.code)
        return True
    return False


def _pair(id_: int, code: str) -> tuple[int, str]:
    return id_, code


def _triple(id_: int, unit_id: int, until: datetime) -> tuple[int, int, datetime]:
    return id_, unit_id, until
