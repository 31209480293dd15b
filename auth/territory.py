"""Administrative units by code and day: what the territory of a clause stands for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from psycopg import Connection
from pydantic import StringConstraints

from auth.model import Period
from core.errors import BadParameter
from core.phrases import Phrase
from database.queries import load

PROVINCE, DISTRICT, COMMUNE = 1, 2, 3
"""Levels of ``hc.don_vi.cap``."""

_LEVELS = {2: PROVINCE, 3: DISTRICT, 5: COMMUNE}
"""Levels by the number of digits of their codes."""
OfficialCode = Annotated[str, StringConstraints(strict=True, pattern=r"^([0-9]{2}|[0-9]{3}|[0-9]{5})$")]
"""Code of a province, a district or a commune."""

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
    name: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """An administrative unit as people know it: its code is its own from ``since`` until, not including, ``until``."""

    code: str
    name: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Territories:
    """All administrative units of all days, by id."""

    places: Mapping[int, Place]

    def find(self, level: int, code: str, day: date) -> Place | None:
        """Return the unit of a level that had a code on a day."""
        found = (each for each in self.places.values() if (each.level, each.code) == (level, code))
        return next((each for each in found if each.period.holds(day)), None)

    def coded(self, code: str, day: date) -> Place:
        """Return the unit that had an official code on a day: of a province, a district or a commune by its digits.

        Raises:
            BadParameter: there was none.
        """
        place = self.find(_LEVELS.get(len(code), 0), code, day)
        if place is None:
            raise BadParameter("territory", Phrase("nothing had the code {} on {}.", (code, day)))
        return place

    def named(self, ids: Iterable[int]) -> list[Named]:
        """Return units as people know them, by code; what there is not any more is left out."""
        found = (self.places[each] for each in ids if each in self.places)
        return [
            Named(each.code, each.name, each.period.since, each.period.until)
            for each in sorted(found, key=lambda place: (place.code, place.period.since))
        ]

    def folded(self, ids: Iterable[int]) -> list[Named]:
        """Return units as people know them, without those that stand below one of them whose every unit is named."""
        given = set(ids)
        wholes = {top: self.whole(top) for top in given}
        below = {each for top, whole in wholes.items() if whole <= given for each in whole if each != top}
        return self.named(given - below)

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


def territories_of(rows: Iterable[tuple[Any, ...]]) -> Territories:
    """Return units from (id, level, code, parent, since, until), with or without their names."""
    places = (
        Place(id_, level, code, parent, Period(since, until), *name)
        for id_, level, code, parent, since, until, *name in rows
    )
    return Territories({each.id: each for each in places})
