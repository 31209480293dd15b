"""Keep the demo alive as its people would: new passwords every three months, attestation every quarter."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg.rows import class_row

from auth.credentials import passwords
from auth.model import AccountKind, Caller
from auth.people import leavers, states
from auth.people.accounts import SuspendedFor
from auth.people.pairs import PRIVILEGED
from auth.people.proposals import Act
from core.calendar import quarter_of
from core.clocks import calendar_day
from core.errors import Forbidden
from database.queries import load
from loader.demo.deriving import password_of
from loader.demo.stage import Stage
from loader.demo.two import admins, by_two

_AHEAD: Final = timedelta(days=1)
"""How long before its end a password is renewed."""
_QUERIES: Final = load("loader.demo", "demo.sql")


@dataclass(frozen=True, slots=True)
class _Member:
    id: int
    code: str
    kind: str
    unit_id: int
    suspended_for: str | None
    password_until: datetime | None
    is_attested: bool


def keep_up(stage: Stage, key: bytes) -> None:
    """Renew passwords, end suspensions for want of attestation, and attest whom nobody attested this quarter."""
    _each(stage, lambda one: _renew(stage, one, key), lambda one: one.suspended_for is None and _is_old(stage, one))
    _each(stage, lambda one: _resume(stage, one), lambda one: one.suspended_for == SuspendedFor.NOT_ATTESTED)
    _each(stage, lambda one: _renew(stage, one, key), lambda one: one.suspended_for is None and _is_old(stage, one))
    _each(stage, lambda one: _attest(stage, one), lambda one: not one.is_attested)


def _each(stage: Stage, act: Callable[[_Member], object], is_due: Callable[[_Member], bool]) -> None:
    quarter = {"quarter": quarter_of(calendar_day(stage.clock.now()))}
    with stage.connection.cursor(row_factory=class_row(_Member)) as cursor:
        found = cursor.execute(_QUERIES["members"].encode(), quarter).fetchall()
    for each in filter(is_due, found):
        act(each)


def _is_old(stage: Stage, one: _Member) -> bool:
    return one.password_until is not None and one.password_until <= stage.clock.now() + _AHEAD


def _renew(stage: Stage, one: _Member, key: bytes) -> None:
    """Give an account its next password, unless its owner has chosen one that is none of the demo's."""
    if one.password_until is None:
        return
    current = password_of(one.code, one.password_until, key=key)
    new = password_of(one.code, passwords.expiry(stage.clock.now()), key=key)
    with suppress(Forbidden):
        stage.keep(passwords.change_password, one.id, current=current, new=new, clock=stage.clock)


def _resume(stage: Stage, one: _Member) -> None:
    if AccountKind(one.kind) in PRIVILEGED:
        if len(admins(stage, one.code)) > 1:
            by_two(stage, Act.RESUME, one.code)
    elif over := _over(stage, one):
        stage.keep(states.resume, over, one.code, clock=stage.clock)


def _attest(stage: Stage, one: _Member) -> None:
    if over := _over(stage, one):
        stage.keep(leavers.attest, over, [one.code], clock=stage.clock)


def _over(stage: Stage, one: _Member) -> Caller | None:
    """Return who answers for an account: an admin, and never its own owner."""
    return next(iter(admins(stage, one.code)), None)
