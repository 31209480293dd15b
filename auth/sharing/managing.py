"""Managing units: who answers for a layer in a territory, and so has to accept what is shared of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.errors import ExclusionViolation

from auth.audit import acts
from auth.model import Caller, Grant, Period
from auth.policy.clauses import Vocabulary
from auth.standing import officer, the_department, unit_named
from auth.territory import Territories, read_territories
from catalogue.profile import OneOf
from core.errors import BadParameter, Conflict, NotFound
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


def name_manager(
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
    """Say that a unit manages a layer in a territory from a day on; return the number of the entry.

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
    try:
        row = connection.execute(_SQL["name_manager"].encode(), values).fetchone()
    except ExclusionViolation as exc:
        raise Conflict("A unit manages {} there in these days already; end that first.", layer) from exc
    entry = int(row[0]) if row else 0
    after = {
        "layer": layer,
        "territory": territory,
        "unit": unit,
        "from": str(period.since),
        "until": _text(period.until),
    }
    acts.record(connection, actor, "manager.name", f"layer:{layer}", after=after)
    return entry


def end_manager(connection: Connection[Any], actor: Caller, entry: int, *, on: date, day: date) -> None:
    """Say that a unit manages a layer no more from a day on.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such entry.
        Conflict: the day has passed, or the entry ends before it.
    """
    officer(connection, actor, day)
    found = next((each for each in managers(connection) if each.id == entry), None)
    if found is None:
        raise NotFound
    if on < day or on <= found.valid_from or (found.valid_until and found.valid_until < on):
        raise Conflict("The end lies in the past, before the begin, or after the end that is set already.")
    connection.execute(_SQL["end_manager"].encode(), {"entry": entry, "until": on})
    acts.record(connection, actor, "manager.end", f"layer:{found.layer}", after={"entry": entry, "until": str(on)})


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
