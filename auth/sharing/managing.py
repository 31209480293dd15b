"""Managing units: who answers for a layer in a territory, and so has to accept what is shared of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from auth.model import Caller, Grant, Period
from auth.policy.clauses import Vocabulary
from auth.rights.explain import known_layers
from auth.standing import standing, the_department
from auth.territory import Territories, read_territories
from catalogue.profile import OneOf
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


def managers_seen(
    connection: Connection[Any], actor: Caller, *, day: date, limit: int, after: int = 0
) -> tuple[Manager, ...]:
    """Return what was said of managing units, by number: all to officers, else of the own unit and of layers it knows.

    Raises:
        Forbidden: the actor may do nothing today.
    """
    who = standing(connection, actor, day)
    values: dict[str, object] = {"after": after, "limit": limit, "unit": None, "layers": []}
    if not who.officer:
        values |= {"unit": who.unit, "layers": list(known_layers(connection, who.unit, day))}
    return tuple(Manager(*row) for row in connection.execute(_SQL["managers"].encode(), values).fetchall())


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
