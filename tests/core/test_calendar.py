"""Working days of state bodies, months and quarters."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import add_months, quarter_of, quarter_start, working_days
from core.errors import Conflict, SettingsError

DAYS = working_days()


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2025, 7, 1), True),
        (date(2025, 7, 5), False),  # Saturday
        (date(2025, 1, 29), False),  # the lunar new year
        (date(2025, 4, 7), False),  # Giỗ Tổ
        (date(2025, 5, 2), False),  # swapped
        (date(2025, 4, 26), True),  # the Saturday worked for it
        (date(2024, 5, 4), True),
        (date(2026, 2, 17), False),
        (date(2026, 4, 27), False),  # for a Sunday
        (date(2026, 8, 31), False),
        (date(2026, 8, 22), True),
        (date(2026, 11, 24), False),
        (date(2027, 5, 3), False),  # for a Saturday
    ],
)
def test_the_table_tells_working_days(day, is_working):
    assert DAYS.is_working(day) is is_working


def test_five_working_days_pass_over_tet():
    assert DAYS.after(date(2025, 1, 23), 5) == date(2025, 2, 6)


@given(st.dates(date(2024, 1, 1), date(2027, 10, 1)), st.integers(1, 30))
def test_the_nth_working_day_lies_n_working_days_on(day, count):
    reached = DAYS.after(day, count)

    assert reached is None or DAYS.is_working(reached)
    assert reached is not None
    assert DAYS.at_least_between(day, reached) == count
    assert DAYS.at_least_between(day, reached - timedelta(days=1)) == count - 1


@pytest.mark.parametrize("year", [2023, 2028])
def test_a_year_outside_the_table_is_an_error_that_names_it(year):
    with pytest.raises(Conflict, match=str(year)):
        DAYS.is_working(date(year, 6, 1))


def test_a_day_that_lies_in_a_year_outside_the_table_is_not_known():
    assert DAYS.after(date(2027, 12, 24), 5) == date(2027, 12, 31)
    assert DAYS.after(date(2027, 12, 27), 5) is None
    assert DAYS.after(date(2023, 12, 25), 1) is None


def test_of_days_that_are_not_all_known_those_are_counted_that_are():
    assert DAYS.at_least_between(date(2027, 12, 29), date(2028, 3, 1)) == 2
    assert DAYS.at_least_between(date(2023, 12, 1), date(2024, 1, 3)) == 2
    assert DAYS.lacks(date(2027, 12, 29), date(2027, 12, 31)) == ()
    assert DAYS.lacks(date(2027, 12, 31), date(2029, 1, 1)) == (2028, 2029)


@pytest.mark.parametrize(
    ("day", "years"),
    [
        (date(2026, 12, 31), ()),
        (date(2027, 10, 31), ()),
        (date(2027, 11, 1), (2028,)),
        (date(2028, 1, 1), (2028,)),
        (date(2028, 11, 1), (2028, 2029)),
    ],
)
def test_a_year_that_is_missing_is_told_two_months_before_it_begins(day, years):
    assert DAYS.missing_soon(day) == years


def test_every_year_has_the_eleven_days_of_the_law_and_since_2026_the_day_of_culture():
    for year, days in {2024: 11, 2025: 11, 2026: 12, 2027: 12}.items():
        off = [day for day in DAYS.off if day.year == year]
        swapped = [day for day in DAYS.worked if day.year == year]
        assert len(off) - len(swapped) == days, year


@pytest.mark.parametrize(
    "text",
    [
        "years: {2025: {holidays: {2024-01-01: x}, swaps: []}}",
        "years: {2025: {holidays: {2025-07-05: x}, swaps: []}}",
        "years: {2025: {holidays: {}, swaps: [2025-07-04]}}",
        "years: {2025: {holidays: {}}}",
        "days: {}",
    ],
)
def test_a_table_that_is_wrong_in_itself_is_refused(tmp_path, text):
    file = tmp_path / "calendar.yml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError):
        working_days(file)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2025, 1, 15), 3, date(2025, 4, 15)),
        (date(2024, 11, 30), 3, date(2025, 2, 28)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2025, 10, 31), 3, date(2026, 1, 31)),
    ],
)
def test_months_are_those_of_the_calendar(day, months, then):
    assert add_months(day, months) == then


def test_quarters_begin_in_january_april_july_and_october():
    assert [quarter_of(date(2025, month, 9)) for month in (1, 3, 4, 7, 12)] == [
        "2025Q1", "2025Q1", "2025Q2", "2025Q3", "2025Q4",
    ]  # fmt: skip
    assert quarter_start(date(2025, 12, 31)) == date(2025, 10, 1)
