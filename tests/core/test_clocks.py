"""Real time and the calendar of Vietnam."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core.clocks import RealClock, StoppedClock, calendar_day


def test_the_real_clock_tells_utc() -> None:
    assert RealClock().now().tzinfo is UTC


def test_a_stopped_clock_stands_and_tells_utc() -> None:
    clock = StoppedClock(datetime(2025, 6, 30, 7, tzinfo=timezone(timedelta(hours=7))))

    assert clock.now() == clock.now() == datetime(2025, 6, 30, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2025, 6, 30, 16, 59, 59, tzinfo=UTC), date(2025, 6, 30)),
        (datetime(2025, 6, 30, 17, 0, 0, tzinfo=UTC), date(2025, 7, 1)),
    ],
)
def test_a_day_in_vietnam_begins_at_17_utc(instant: datetime, day: date) -> None:
    assert calendar_day(instant) == day
