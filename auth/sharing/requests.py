"""Special requests: a unit asks; the Sở answers, prepares, and agrees or refuses with the reason, all on record."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict

from auth.audit import acts
from auth.model import Caller
from auth.standing import Standing, head_of, officer, standing
from catalogue.files import Slug, Words
from core.errors import BadParameter, Conflict, NotFound
from database.queries import load

_SQL = load("auth.sharing", "requests.sql")


class RequestDocument(BaseModel):
    """What a unit asks for, why, by what law and for how long; ``request`` is the code that names it from then on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: Slug
    data: Words
    purpose: Words
    legal_basis: Words
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a request, and who took it when."""

    state: str
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A special request."""

    id: int
    code: str
    unit_id: int
    unit: str
    data: str
    purpose: str
    legal_basis: str
    valid_from: date
    valid_until: date | None
    state: str


def send(connection: Connection[Any], actor: Caller, document: RequestDocument, *, day: date) -> None:
    """Send a request for the unit that the actor leads.

    Raises:
        Forbidden: the actor leads no unit.
        BadParameter: the term ends before it begins.
        Conflict: a request has that code already.
    """
    who = standing(connection, actor, day)
    head_of(connection, actor, who.unit, day)
    if document.valid_until and document.valid_until <= document.valid_from:
        raise BadParameter("valid_until", "the end lies after the begin.")
    values = document.model_dump() | {"unit": who.unit}
    try:
        connection.execute(_SQL["send"].encode(), values)
    except UniqueViolation as exc:
        raise Conflict("There is a request {} already.", document.request) from exc
    _step(connection, document.request, "sent", document.purpose, who)
    after = document.model_dump(mode="json")
    acts.record(connection, actor, "request.send", f"request:{document.request}", after=after)


def answer(connection: Connection[Any], actor: Caller, code: str, *, note: str, day: date) -> None:
    """Answer a request for the Sở: it is taken up.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such request.
        Conflict: it was answered or ended already.
    """
    _act(connection, actor, code, "answered", ("sent",), note, officer(connection, actor, day))


def prepare(connection: Connection[Any], actor: Caller, code: str, *, note: str, day: date) -> None:
    """Begin the technical preparation of a request; from now on its agreement may be drafted.

    Raises:
        Forbidden, NotFound, Conflict: as ``answer``.
    """
    _act(connection, actor, code, "preparing", ("answered",), note, officer(connection, actor, day))


def refuse(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Refuse a request, with the reason.

    Raises:
        Forbidden, NotFound, Conflict: as ``answer``.
    """
    open_states = ("sent", "answered", "preparing")
    _act(connection, actor, code, "refused", open_states, reason, officer(connection, actor, day))


def withdraw(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Take a request back, as the head of the unit that made it.

    Raises:
        Forbidden: the actor does not lead that unit.
        NotFound: the unit has made no such request.
        Conflict: it has ended already.
    """
    found = request_named(connection, actor, code, day=day)
    who = head_of(connection, actor, found.unit_id, day)
    _act(connection, actor, code, "withdrawn", ("sent", "answered", "preparing"), reason, who)


def request_named(connection: Connection[Any], actor: Caller, code: str, *, day: date) -> Request:
    """Return a request: any for an officer of the Sở, else one of the own unit.

    Raises:
        NotFound: there is none, or it is another unit's.
    """
    who = standing(connection, actor, day)
    row = connection.execute(_SQL["request_named"].encode(), {"code": code}).fetchone()
    if row is None or not (who.officer or row[2] == who.unit):
        raise NotFound
    return Request(*row)


def steps(connection: Connection[Any], request: Request) -> tuple[Step, ...]:
    """Return what happened to a request, in order."""
    return tuple(Step(*row) for row in connection.execute(_SQL["steps"].encode(), {"request": request.id}).fetchall())


def listed(
    connection: Connection[Any], actor: Caller, *, day: date, after: str = "", limit: int = 100
) -> tuple[Request, ...]:
    """Return requests by code, all for an officer of the Sở, else those of the own unit, from behind ``after`` on."""
    who = standing(connection, actor, day)
    values = {"after": after, "limit": limit, "unit": None if who.officer else who.unit}
    return tuple(Request(*row) for row in connection.execute(_SQL["listed"].encode(), values).fetchall())


def _act(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    state: str,
    states: tuple[str, ...],
    note: str,
    who: Standing,
) -> None:
    row = connection.execute(_SQL["lock"].encode(), {"code": code}).fetchone()
    if row is None:
        raise NotFound
    if row[0] not in states:
        raise Conflict("Request {} is {}; it would have to be {}.", code, row[0], ", ".join(states))
    _step(connection, code, state, note, who)
    connection.execute(_SQL["move"].encode(), {"code": code, "state": state})
    after = {"state": state, "note": note}
    acts.record(connection, actor, f"request.{state}", f"request:{code}", {"state": row[0]}, after)


def _step(connection: Connection[Any], code: str, state: str, note: str, who: Standing) -> None:
    values = {"code": code, "state": state, "note": note, "account": who.account}
    connection.execute(_SQL["step"].encode(), values)
