"""Managing units: who answers for a layer in a territory, and so has to accept what is shared of it.

One officer proposes to name or to end one, a second one approves it: nobody alone chooses who need not be asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.errors import ExclusionViolation, InsufficientPrivilege

from auth.audit import acts
from auth.model import Caller, Grant, Period
from auth.policy.clauses import Vocabulary
from auth.standing import is_one_person, officer, standing, the_department, unit_named
from auth.territory import Territories, read_territories
from catalogue.profile import OneOf
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase
from database.queries import load

_SQL = load("auth.sharing", "managing.sql")


@dataclass(frozen=True, slots=True)
class Management:
    """A unit manages a layer in a territory; ``territory`` is an ``xa_id`` with all below it, ``None`` the province."""

    layer: str
    territory: int | None
    unit: int
    period: Period


@dataclass(frozen=True, slots=True)
class Manager:
    """What was said of a layer, for people."""

    id: int
    layer: str
    territory: str | None
    territory_name: str | None
    unit: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an officer proposed: to name a unit, or to end ``entry`` on ``valid_until``.

    Attributes:
        state: ``proposed``, ``approved`` or ``refused``.
        entry: number of the entry that ends; ``None`` where a unit is named.
    """

    number: int
    act: str
    layer: str
    territory: str | None
    territory_name: str | None
    unit: str
    valid_from: date
    valid_until: date | None
    state: str
    proposed_by: str
    decided_by: str | None
    entry: int | None


def propose_manager(
    connection: Connection[Any],
    actor: Caller,
    *,
    layer: str,
    territory: str | None,
    unit: str,
    period: Period,
    vocabulary: Vocabulary,
    day: date,
) -> int:
    """Propose that a unit manages a layer in a territory from a day on; return the number of the proposal.

    Args:
        territory: code of a district or commune on the first day; ``None``: everywhere.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        BadParameter: there is no such layer, unit or territory.
        Conflict: somebody else manages it in these days.
    """
    officer(connection, actor, day)
    if layer not in vocabulary.layers:
        raise BadParameter("layer", Phrase("there is no layer {}.", (layer,)), ", ".join(vocabulary.layers))
    place = None if territory is None else read_territories(connection).coded(territory, period.since).id
    values = {
        "layer": layer,
        "territory": place,
        "unit": unit_named(connection, unit, period.since).id,
        "since": period.since,
        "until": period.until,
    }
    if connection.execute(_SQL["managed"].encode(), values).fetchone():
        raise Conflict("A unit manages {} there in these days already; end that first.", layer)
    return _propose(connection, actor, "propose_manager", values)


def propose_end(connection: Connection[Any], actor: Caller, entry: int, *, on: date, day: date) -> int:
    """Propose that a unit manages a layer no more from a day on; return the number of the proposal.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such entry.
        Conflict: the day has passed, or the entry ends before it.
    """
    officer(connection, actor, day)
    _refuse_end(connection, entry, on, day)
    return _propose(connection, actor, "propose_end", {"entry": entry, "until": on})


def decide_change(connection: Connection[Any], actor: Caller, number: int, *, approve: bool, day: date) -> Change:
    """Approve or refuse what was proposed, as the second officer; what is approved is done at once.

    Raises:
        Forbidden: the actor is no officer of the Sở, or is who proposed it.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or does not fit any more.
    """
    who = officer(connection, actor, day)
    held = connection.execute(_SQL["hold_change"].encode(), {"number": number}).fetchone()
    if held is None:
        raise NotFound
    before = _change(connection, number)
    if before.state != "proposed":
        raise Conflict("This was decided before.")
    if is_one_person(connection, who.account, held[0]):
        raise Forbidden("A second officer decides; this is your own proposal.")
    state = "approved" if approve else "refused"
    _decide(connection, {"number": number, "state": state, "account": who.account})
    if approve:
        _do(connection, before, day)
    verb = "approve" if approve else "refuse"
    acts.record(connection, actor, f"manager.{verb}", f"layer:{before.layer}", _told(before), {"state": state})
    return _change(connection, number)


def changes_seen(connection: Connection[Any], actor: Caller, *, day: date) -> tuple[Change, ...]:
    """Return what was proposed of managing units: all for an officer of the Sở, else what concerns the own unit."""
    who = standing(connection, actor, day)
    values = {"number": None, "unit": None if who.officer else who.unit}
    return tuple(Change(*row) for row in connection.execute(_SQL["changes"].encode(), values).fetchall())


def managers(connection: Connection[Any]) -> tuple[Manager, ...]:
    """Return everything that was said of managing units, by layer."""
    return tuple(Manager(*row) for row in connection.execute(_SQL["managers"].encode()).fetchall())


def managing_units(
    connection: Connection[Any], grants: Iterable[Grant], period: Period, vocabulary: Vocabulary, day: date
) -> frozenset[int]:
    """Return the units that manage any of what is granted on any day of a period, the Sở for what is left."""
    wanted = list(grants)
    values = {"layers": [each.layer for each in wanted], "since": period.since, "until": period.until}
    known = [
        Management(layer, territory, unit, Period(since, until))
        for layer, territory, unit, since, until in connection.execute(_SQL["management"].encode(), values).fetchall()
    ]
    department, territories = the_department(connection, day), read_territories(connection)
    return frozenset(
        unit
        for each in wanted
        for unit in concerned(each, known, period, territories, vocabulary, department=department)
    )


def concerned(
    grant: Grant,
    known: Iterable[Management],
    period: Period,
    territories: Territories,
    vocabulary: Vocabulary,
    *,
    department: int,
) -> frozenset[int]:
    """Return the units that manage any row of a grant; the Sở (``department``) where for a day nobody is named."""
    rows = _territory(grant, vocabulary)
    units: set[int] = set()
    always: set[int] = set()
    everywhere = False
    for each in known:
        if each.layer != grant.layer:
            continue
        place = None if each.territory is None else territories.whole(each.territory)
        if place is None or rows is None or place & rows:
            units.add(each.unit)
        if _covers(each.period, period):
            everywhere = everywhere or place is None
            always |= place or set()
    return frozenset(units if everywhere or (rows is not None and rows <= always) else units | {department})


def _propose(connection: Connection[Any], actor: Caller, query: str, values: dict[str, Any]) -> int:
    row = connection.execute(_SQL[query].encode(), values | {"by": actor.account_id}).fetchone()
    change = _change(connection, row[0] if row else 0)
    acts.record(connection, actor, "manager.propose", f"layer:{change.layer}", after=_told(change))
    return change.number


def _decide(connection: Connection[Any], values: dict[str, Any]) -> None:
    try:
        connection.execute(_SQL["decide_change"].encode(), values)
    except InsufficientPrivilege as exc:
        raise Conflict("Who proposed this may not act any more.") from exc


def _do(connection: Connection[Any], change: Change, day: date) -> None:
    """Do what was approved; PostgreSQL takes it in the transaction of the approval alone."""
    if change.entry is None:
        unit_named(connection, change.unit, change.valid_from)
        try:
            connection.execute(_SQL["name_manager"].encode(), {"number": change.number})
        except ExclusionViolation as exc:
            raise Conflict("A unit manages {} there in these days already; end that first.", change.layer) from exc
    elif change.valid_until is not None:
        _refuse_end(connection, change.entry, change.valid_until, day)
        connection.execute(_SQL["end_manager"].encode(), {"entry": change.entry, "until": change.valid_until})


def _refuse_end(connection: Connection[Any], entry: int, on: date, day: date) -> None:
    found = next((each for each in managers(connection) if each.id == entry), None)
    if found is None:
        raise NotFound
    if on < day or on <= found.valid_from or (found.valid_until and found.valid_until < on):
        raise Conflict("The end lies in the past, before the begin, or after the end that is set already.")


def _change(connection: Connection[Any], number: int) -> Change:
    row = connection.execute(_SQL["changes"].encode(), {"number": number, "unit": None}).fetchone()
    if row is None:
        raise NotFound
    return Change(*row)


def _told(change: Change) -> dict[str, Any]:
    """Return a proposal as the audit keeps it."""
    return {
        "proposal": change.number,
        "act": change.act,
        "entry": change.entry,
        "territory": change.territory,
        "unit": change.unit,
        "from": change.valid_from.isoformat(),
        "until": _text(change.valid_until),
        "by": change.proposed_by,
    }


def _territory(grant: Grant, vocabulary: Vocabulary) -> frozenset[int] | None:
    """Return the ids that the rows of a grant lie in; ``None`` is the province, and so is what is still open."""
    term = grant.rows.term(vocabulary.layers[grant.layer].territory)
    ids = frozenset(each for each in term.values if isinstance(each, int)) if isinstance(term, OneOf) else frozenset()
    return ids or None


def _covers(one: Period, other: Period) -> bool:
    ends_later = one.until is None or (other.until is not None and other.until <= one.until)
    return one.since <= other.since and ends_later


def _text(day: date | None) -> str | None:
    return day and day.isoformat()
