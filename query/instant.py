"""The parameter ``datetime``: an instant or an interval, over days or instants."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core.errors import BadParameter
from query.condition import EVERYTHING, Condition, all_of
from query.view import View, quoted

LEGAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_ALLOWED = "an RFC 3339 date or date-time, or an interval of two of them by '/', open ends as '..' or nothing"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T?", re.ASCII)
"""GDAL sends a bare T behind a date."""
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both in it; ``None`` is open."""

    first: date | None
    last: date | None


def read_datetime(value: str) -> Period:
    """Read the parameter ``datetime``; an instant becomes the legal day (Asia/Ho_Chi_Minh) in which it lies.

    Raises:
        BadParameter: not a date, date-time or interval, or an interval that ends before it begins.
    """
    parts = value.split("/")
    if len(parts) == 1:
        day = _day(value)
        return Period(day, day)
    if len(parts) != 2 or all(part in ("", "..") for part in parts):
        raise BadParameter("datetime", "not an instant or an interval.", _ALLOWED)
    first, last = (None if part in ("", "..") else _day(part) for part in parts)
    if first and last and last < first:
        raise BadParameter("datetime", "the interval ends before it begins.", _ALLOWED)
    return Period(first, last)


def _day(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text[:10])
        if _DATETIME.fullmatch(text):
            return _legal_day(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        pass
    raise BadParameter("datetime", "not a date or date-time.", _ALLOWED)


def _legal_day(instant: datetime) -> date:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    if aware.year in (1, 9999):
        return aware.date()
    return aware.astimezone(LEGAL_ZONE).date()


def period_condition(period: Period, view: View) -> Condition:
    """Return the condition that a row is true on a day of the period; a layer without time meets every period."""
    time = view.time
    if time is None:
        return EVERYTHING
    begin = f"t.{quoted(time.begin)}"
    conditions: list[Condition] = []
    if period.last is not None:
        conditions.append(_begun(begin, period.last, view))
    if period.first is not None and time.end is None:
        conditions.append(Condition(f"{begin} >= %s::date", (period.first,)))
    if period.first is not None and time.end is not None:
        end = f"t.{quoted(time.end)}"
        conditions.append(Condition(f"({end} IS NULL OR {end} > %s::date)", (period.first,)))
    return all_of(conditions)


def _begun(begin: str, last: date, view: View) -> Condition:
    """Return that a row began by a day; where a begin may be open, an open one did."""
    column = view.collection.column(view.time.begin) if view.time else None
    if column is None or column.required:
        return Condition(f"{begin} <= %s::date", (last,))
    return Condition(f"({begin} IS NULL OR {begin} <= %s::date)", (last,))
