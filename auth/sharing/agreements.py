"""What an agreement is: its versions, their parties, and who may see it.

An agreement has versions; one at a time is in work. Publications to everybody and packages are agreements without a
recipient. It is drafted in ``drafting``, accepted in ``acceptance``, and put in force and ended in ``publication``.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from auth.model import Caller
from auth.policy.clauses import Json, terms_of
from auth.standing import Standing, standing
from core.errors import Conflict, NotFound
from database.queries import load

PACKAGE = "goi"
"""The kind of an agreement that is a package: it gives nobody anything until a unit joins."""
IN_WORK = ("draft", "proposed", "accepted")
PREPARING = "preparing"
"""The state in which a request waits for its agreement."""

_SQL = load("auth.sharing", "agreements.sql")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What never changes of an agreement; ``recipient`` is ``None`` for a publication and a package."""

    id: int
    code: str
    kind: str
    recipient_id: int | None
    recipient: str | None
    title: str | None
    package: str | None
    request: str | None
    recipient_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A unit that has to accept, and who did so for it; ``role`` is ``recipient`` or ``managing``."""

    unit_id: int
    unit: str
    role: str
    accepted_by: str | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version; ``valid_until`` is as agreed or earlier, and ``reason`` says why it was ended or sent back."""

    number: int
    state: str
    valid_from: date
    valid_until: date | None
    body: Json
    body_hash: str
    maker_id: int | None
    maker: str | None
    made_at: datetime
    checker: str | None
    published_at: datetime | None
    reason: str | None
    parties: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A special request, as the agreement that answers it needs to know it."""

    id: int
    unit_id: int
    state: str


def agreement_named(connection: Connection[Any], code: str) -> Agreement:
    """Return an agreement.

    Raises:
        NotFound: there is none.
    """
    found = agreement_of(connection, code)
    if found is None:
        raise NotFound
    return found


def visible(connection: Connection[Any], who: Standing, code: str) -> Agreement:
    """Return an agreement that is the actor's business: all of them for an officer, else those of its own unit.

    Raises:
        NotFound: there is none, or it is not.
    """
    found = agreement_named(connection, code)
    if not who.officer and not _one(connection, "concerns", agreement=found.id, unit=who.unit)[0]:
        raise NotFound
    return found


def listed(
    connection: Connection[Any], actor: Caller, *, day: date, after: str = "", limit: int = 100, package: bool = False
) -> tuple[Agreement, ...]:
    """Return agreements (or packages) that are the actor's business, by code, from behind ``after`` on."""
    who = standing(connection, actor, day)
    values = {"after": after, "limit": limit, "package": package, "unit": None if who.officer else who.unit}
    return tuple(Agreement(*row) for row in _run(connection, "listed", **values))


def versions(connection: Connection[Any], agreement: Agreement) -> tuple[Version, ...]:
    """Return the versions of an agreement with their parties, the newest first."""
    rows = _run(connection, "versions", agreement=agreement.id)
    found = (Version(*row) for row in rows)
    return tuple(replace(each, parties=parties_of(connection, agreement, each)) for each in found)


def working(connection: Connection[Any], agreement: Agreement) -> Version:
    """Return the version in work.

    Raises:
        Conflict: there is none.
    """
    found = next((each for each in versions(connection, agreement) if each.state in IN_WORK), None)
    if found is None:
        raise Conflict("No version of {} is in work.", agreement.code)
    return found


def in_work(connection: Connection[Any], agreement: Agreement, states: tuple[str, ...]) -> Version:
    """Return the version in work, locked, if it is in one of these states.

    Raises:
        Conflict: there is none, or it is in another state.
    """
    _run(connection, "lock_in_work", agreement=agreement.id)
    found = working(connection, agreement)
    if found.state not in states:
        wanted = ", ".join(states)
        raise Conflict(
            "Version {} of {} is {}; it would have to be {}.", found.number, agreement.code, found.state, wanted
        )
    return found


def document_of(agreement: Agreement, version: Version) -> Json:
    """Return a version as the document that ``draft`` takes; what it drafts has the same body."""
    if agreement.kind == PACKAGE:
        head: Json = {"package": agreement.code, "title": agreement.title}
    else:
        head = {"agreement": agreement.code, "kind": agreement.kind}
        optional = {"title": agreement.title, "recipient": agreement.recipient, "request": agreement.request}
        head |= {key: value for key, value in optional.items() if value}
    return head | terms_of(version.body)


def request_of(connection: Connection[Any], code: str | None) -> Asked | None:
    """Return the special request that an agreement answers; ``None`` where there is none of that code."""
    rows = _run(connection, "request", code=code)
    return Asked(*rows[0]) if rows else None


def agreement_of(connection: Connection[Any], code: str) -> Agreement | None:
    rows = _run(connection, "agreement", code=code)
    return Agreement(*rows[0]) if rows else None


def move_version(
    connection: Connection[Any],
    agreement: Agreement,
    version: Version,
    state: str,
    *,
    reason: str | None = None,
    ended_by: int | None = None,
) -> str:
    values = {"state": state, "reason": reason, "ended_by": ended_by}
    _run(connection, "move", agreement=agreement.id, number=version.number, **values)
    return state


def parties_of(connection: Connection[Any], agreement: Agreement, version: Version) -> tuple[Party, ...]:
    rows = _run(connection, "parties", agreement=agreement.id, number=version.number)
    return tuple(Party(*row) for row in rows)


def _one(connection: Connection[Any], name: str, **values: object) -> tuple[Any, ...]:
    return _run(connection, name, **values)[0]


def _run(connection: Connection[Any], name: str, **values: object) -> list[tuple[Any, ...]]:
    """Run a query; a statement without rows returns none."""
    cursor = connection.execute(_SQL[name].encode(), values)
    return cursor.fetchall() if cursor.description else []
