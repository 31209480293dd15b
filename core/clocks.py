"""The two clocks: real time, and the legal day.

Instants (tokens, jobs, audit, HTTP dates) follow real time. Dates (validity of units, codes, agreements, prices)
follow the legal day, which the database keeps in ``lg.ngay_phap_ly`` and tells by ``lg.hom_nay()``; it is never a
setting. Both come into functions as arguments.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NewType, Protocol

LegalDay = NewType("LegalDay", date)
"""A day of the legal calendar, in Vietnam."""

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnam has kept one offset, without summer time, since 1975."""


class Clock(Protocol):
    """Tells real time."""

    def now(self) -> datetime:
        """Return the instant, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class RealClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """A clock that stands; ``instant`` carries a time zone."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant.astimezone(UTC)


def calendar_day(instant: datetime) -> LegalDay:
    """Return the day in Vietnam: the legal day wherever the database does not fix another."""
    return LegalDay(instant.astimezone(VIETNAM).date())
