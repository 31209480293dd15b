"""Administrative units by code and day: what the territory of a clause stands for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from auth.model import Period
from database.queries import load

PROVINCE, DISTRICT, COMMUNE = 1, 2, 3
"""Levels of ``hc.don_vi.cap``."""

_SQL = load("auth", "territory.sql")


@dataclass(frozen=True, slots=True)
class Place:
    """One administrative unit during one validity.

    Attributes:
        id: its ``xa_id``, which scopes of rows name.
        parent: id of the unit above it.
    """

    id: int
    level: int
    code: str
    parent: int | None
    period: Period


@dataclass(frozen=True, slots=True)
class Territories:
    """All administrative units of all days, by id."""

    places: Mapping[int, Place]

    def find(self, level: int, code: str, day: date) -> Place | None:
        """Return the unit of a level that had a code on a day."""
        found = (each for each in self.places.values() if (each.level, each.code) == (level, code))
        return next((each for each in found if each.period.holds(day)), None)

    def codes(self, level: int, day: date) -> tuple[str, ...]:
        """Return the codes in use at a level on a day, in order."""
        return tuple(
            sorted(each.code for each in self.places.values() if each.level == level and each.period.holds(day))
        )

    def whole(self, place: int, day: date | None = None) -> frozenset[int]:
        """Return the ids of a unit and of all below it: those of a day, or of every day."""
        known = [each for each in self.places.values() if day is None or each.period.holds(day)]
        found, edge = {place}, {place}
        while edge:
            edge = {each.id for each in known if each.parent in edge} - found
            found |= edge
        return frozenset(found)

    def is_province(self, place: int) -> bool:
        """Tell whether a unit is the province: its scope of rows is every row."""
        return place in self.places and self.places[place].level == PROVINCE


def read_territories(connection: Connection[Any]) -> Territories:
    """Read the administrative units of all days."""
    return territories_of(connection.execute(_SQL["places"].encode()).fetchall())


def territories_of(rows: Iterable[tuple[int, int, str, int | None, date, date | None]]) -> Territories:
    """Return units from (id, level, code, parent, since, until)."""
    places = (Place(id_, level, code, parent, Period(since, until)) for id_, level, code, parent, since, until in rows)
    return Territories({each.id: each for each in places})
