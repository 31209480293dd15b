"""Special requests: a unit asks; the Sở answers, prepares, and agrees or refuses with the reason, all on record."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict, StringConstraints

from auth.audit import acts
from auth.model import Caller
from auth.rows import only
from auth.standing import Standing, head_of, officer, standing
from catalogue.files import Slug, Words
from core.errors import BadParameter, Conflict, NotFound, TooManyRequests
from core.limits import LIMITS
from database.queries import load

NAME_MAX = 64
_SQL = load("auth.sharing", "requests.sql")
_DAY_S = 86_400


RequestText = Annotated[Words, StringConstraints(max_length=LIMITS.request_text_max)]


class RequestDocument(BaseModel):
    """What a unit asks for, why, by what law and for how long.

    Attributes:
        request: how the unit names it; behind the unit's code it is its code from then on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: Annotated[Slug, StringConstraints(max_length=NAME_MAX)]
    data: RequestText
    purpose: RequestText
    legal_basis: RequestText
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


def send(connection: Connection[Any], actor: Caller, document: RequestDocument, *, day: date) -> str:
    """Send a request for the unit that the actor leads; return its code, which begins with the unit's.

    Raises:
        Forbidden: the actor leads no unit.
        BadParameter: the term ends before it begins.
        Conflict: a request of the unit has that name already, or as many are open as may be.
        TooManyRequests: the unit has sent as many today as it may.
    """
    who = standing(connection, actor, day)
    head_of(connection, actor, who.unit, day)
    if document.valid_until and document.valid_until <= document.valid_from:
        raise BadParameter("valid_until", "the end lies after the begin.")
    _require_room(connection, who.unit)
    values = document.model_dump() | {"unit": who.unit}
    try:
        code = only(connection, str, _SQL["send"], values)
    except UniqueViolation as exc:
        raise Conflict("There is a request {} already.", document.request) from exc
    _step(connection, code, "sent", document.purpose, who)
    after = document.model_dump(mode="json")
    acts.record(connection, actor, "request.send", f"request:{code}", after=after)
    return code


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


def _require_room(connection: Connection[Any], unit: int) -> None:
    row = connection.execute(_SQL["count_of_unit"].encode(), {"unit": unit}).fetchone()
    is_open, today = row or (0, 0)
    if is_open >= LIMITS.open_requests_of_unit_max:
        raise Conflict("The unit has {} requests that have not ended.", LIMITS.open_requests_of_unit_max)
    if today >= LIMITS.requests_of_unit_a_day_max:
        most = LIMITS.requests_of_unit_a_day_max
        raise TooManyRequests("A unit sends {} requests a day.", most, retry_after_s=_DAY_S)


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
