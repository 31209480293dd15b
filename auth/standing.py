"""Who an actor is for agreements: an officer of the Sở, or the head of a unit, on a legal day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from auth.model import Caller, UnitKind
from core.errors import BadParameter, Forbidden
from core.phrases import Phrase
from database.queries import load

SHARING = "chia-se-du-lieu"
"""Code of the function whose holders at the Sở prepare and publish agreements, beside its head and system admins."""

_SQL = load("auth", "standing.sql")


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may do for its unit; ``officer``: it acts for the Sở in agreements."""

    account: int
    unit: int
    officer: bool
    head: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as agreements know it; ``territory`` is the id of its own administrative unit, or ``None``."""

    id: int
    code: str
    territory: int | None
    kind: UnitKind


def unit_of(id_: int, code: str, territory: int | None, kind: str) -> Unit:
    """Return a unit from its row."""
    return Unit(id_, code, territory, UnitKind(kind))


def standing(connection: Connection[Any], actor: Caller, day: date) -> Standing:
    """Return what an actor may do.

    Raises:
        Forbidden: the account may do nothing today.
    """
    values = {"account": actor.account_id, "day": day, "sharing": SHARING}
    row = connection.execute(_SQL["standing"].encode(), values).fetchone()
    if row is None:
        raise Forbidden("This account may not act now: its owner has not activated it, or it is suspended or over.")
    return Standing(*row)


def officer(connection: Connection[Any], actor: Caller, day: date) -> Standing:
    """Return the standing of an officer of the Sở.

    Raises:
        Forbidden: the actor is none.
    """
    found = standing(connection, actor, day)
    if not found.officer:
        raise Forbidden("Only an officer of the Sở for data sharing may do this.")
    return found


def head_of(connection: Connection[Any], actor: Caller, unit: int, day: date) -> Standing:
    """Return the standing of the head of a unit.

    Raises:
        Forbidden: the actor is not.
    """
    found = standing(connection, actor, day)
    if not (found.head and found.unit == unit):
        raise Forbidden("Only the head of the unit may do this.")
    return found


def is_one_person(connection: Connection[Any], account: int | None, other: int | None) -> bool:
    """Tell whether two accounts are, or may be, one person's: by the number in the staff list, else by the name.

    Without ``account`` it may be anybody's. Without ``other`` nobody of the service is meant: it is the operator's act.
    """
    row = connection.execute(_SQL["is_one_person"].encode(), {"one": account, "other": other}).fetchone()
    return other is not None and row != (False,)


def the_department(connection: Connection[Any], day: date) -> int:
    """Return the id of the Sở, which manages what nobody else manages.

    Raises:
        Forbidden: there is none on that day, so nobody may share anything.
    """
    row = connection.execute(_SQL["department"].encode(), {"day": day}).fetchone()
    if row is None:
        raise Forbidden("There is no Sở on this day.")
    return int(row[0])


def department_code(connection: Connection[Any], day: date) -> str:
    """Return the code of the Sở; empty where there is none on that day."""
    row = connection.execute(_SQL["department_code"].encode(), {"day": day}).fetchone()
    return str(row[0]) if row else ""


def unit_named(connection: Connection[Any], code: str, day: date) -> Unit:
    """Return a unit that exists on a day or will.

    Raises:
        BadParameter: there is none of that code.
    """
    row = connection.execute(_SQL["unit_named"].encode(), {"code": code, "day": day}).fetchone()
    if row is None:
        raise BadParameter("unit", Phrase("there is no unit {} on {}.", (code, day)))
    return unit_of(*row)
