"""Working days of state bodies in Vietnam, and months and quarters of the calendar.

The days off of each year stand in ``config/calendar.yml``: Tết, compensations and swapped Saturdays are decided year
by year, so of a year that is not there nobody knows the working days, and that is said: two months before it begins.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import Conflict, SettingsError

FILE = Path(__file__).parent.parent / "config" / "calendar.yml"
_SATURDAY = 5
_TOLD_FROM_MONTH = 11
"""From 1 November on the next year is missed; its days off are decided by then."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of some years.

    Attributes:
        off: days off from Monday to Friday.
        worked: Saturdays that are worked.
    """

    years: frozenset[int]
    off: frozenset[date]
    worked: frozenset[date]

    def is_working(self, day: date) -> bool:
        """Tell whether state bodies work on a day.

        Raises:
            Conflict: the table does not have the year.
        """
        if day.year not in self.years:
            raise Conflict("config/calendar.yml has no working days of {}.", day.year)
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.off)

    def after(self, day: date, count: int) -> date | None:
        """Return the ``count``-th working day after a day, which itself is not counted.

        ``None``: the table does not have a year on the way, so nobody knows.
        """
        while count > 0:
            day += timedelta(days=1)
            if day.year not in self.years:
                return None
            count -= self.is_working(day)
        return day

    def at_least_between(self, start: date, end: date) -> int:
        """Count the working days after ``start`` up to and including ``end``, in the years that the table has."""
        days = (start + timedelta(days=number) for number in range(1, (end - start).days + 1))
        return sum(self.is_working(day) for day in days if day.year in self.years)

    def lacks(self, start: date, end: date) -> tuple[int, ...]:
        """Return the years after ``start`` up to ``end`` that the table does not have."""
        first = (start + timedelta(days=1)).year
        return tuple(year for year in range(first, end.year + 1) if year not in self.years)

    def missing_soon(self, day: date) -> tuple[int, ...]:
        """Return the years that the table needs and does not have: that of a day, from November on the next one too."""
        needed = (day.year, day.year + 1) if day.month >= _TOLD_FROM_MONTH else (day.year,)
        return tuple(year for year in needed if year not in self.years)


class _Year(BaseModel):
    model_config = ConfigDict(extra="forbid")

    holidays: dict[date, str]
    swaps: list[date]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    years: dict[int, _Year]


@cache
def working_days(file: Path = FILE) -> WorkingDays:
    """Read the table.

    Raises:
        SettingsError: it cannot be read, or a day stands in another year, or on the wrong side of the weekend.
    """
    try:
        read = _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as exc:
        raise SettingsError(f"{file}: {exc}") from exc
    for year, table in read.years.items():
        _check(file, year, table)
    off = frozenset(day for table in read.years.values() for day in table.holidays)
    worked = frozenset(day for table in read.years.values() for day in table.swaps)
    return WorkingDays(frozenset(read.years), off, worked)


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last one of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def quarter_of(day: date) -> str:
    """Return the quarter of a day: ``2025Q3``."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def quarter_start(day: date) -> date:
    """Return the first day of the quarter of a day."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def _check(file: Path, year: int, table: _Year) -> None:
    misplaced = [day for day in (*table.holidays, *table.swaps) if day.year != year]
    misplaced += [day for day in table.holidays if day.weekday() >= _SATURDAY]
    misplaced += [day for day in table.swaps if day.weekday() != _SATURDAY]
    if misplaced:
        raise SettingsError(f"{file}: {misplaced[0]} does not belong where it stands.")
