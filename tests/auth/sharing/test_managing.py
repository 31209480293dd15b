"""Who manages a layer where: the units that have to accept what is shared of it."""

from datetime import date

import pytest

from auth.model import Grant, Period
from auth.sharing.managing import Management, concerned
from auth.territory import territories_of
from catalogue.profile import Allowance, OneOf, Operation, RowScope
from tests.auth.sharing.conftest import PLACES, VOCABULARY

TERRITORIES = territories_of((*each, date(2020, 1, 1), None) for each in PLACES)
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))
ALWAYS = Period(date(2020, 1, 1))
SO, DISTRICT, OTHER = 100, 200, 300


def units(known: list[tuple[str, int | None, int, Period]], ids: tuple[int, ...] | None, period: Period = YEAR):
    terms = () if ids is None else (OneOf("xa_id", ids),)
    grant = Grant("thua-dat", frozenset({"id"}), True, RowScope(terms), Allowance(frozenset({Operation.READ})))
    said = [Management(*each) for each in known]
    return concerned(grant, said, period, TERRITORIES, VOCABULARY, department=SO)


@pytest.mark.parametrize(
    ("known", "ids", "wanted"),
    [
        ([], None, {SO}),
        ([("thua-dat", None, OTHER, ALWAYS)], None, {OTHER}),
        ([("thua-dat", 2, DISTRICT, ALWAYS)], None, {DISTRICT, SO}),
        ([("thua-dat", 2, DISTRICT, ALWAYS)], (3,), {DISTRICT}),
        ([("thua-dat", 2, DISTRICT, ALWAYS)], (3, 6), {DISTRICT, SO}),
        ([("thua-dat", 2, DISTRICT, ALWAYS)], (6,), {SO}),
        ([("thua-dat", 2, DISTRICT, ALWAYS), ("thua-dat", 5, OTHER, ALWAYS)], (3, 6), {DISTRICT, OTHER}),
        ([("moc", None, OTHER, ALWAYS)], (3,), {SO}),
        ([("thua-dat", None, OTHER, ALWAYS), ("thua-dat", 2, DISTRICT, ALWAYS)], (3,), {DISTRICT, OTHER}),
        ([("thua-dat", 2, DISTRICT, ALWAYS)], (), {DISTRICT, SO}),
    ],
)
def test_every_unit_that_manages_any_row_is_concerned(known, ids, wanted):
    assert units(known, ids) == wanted


@pytest.mark.parametrize(
    "period",
    [Period(date(2025, 6, 1)), Period(date(2020, 1, 1), date(2025, 6, 1))],
    ids=["begins later", "ends earlier"],
)
def test_on_days_for_which_nothing_is_said_it_is_the_department(period: Period):
    assert units([("thua-dat", None, OTHER, period)], None) == {OTHER, SO}


def test_an_agreement_without_end_is_covered_by_a_manager_without_end_alone():
    endless = Period(date(2025, 1, 1))

    assert units([("thua-dat", None, OTHER, ALWAYS)], None, endless) == {OTHER}
    assert units([("thua-dat", None, OTHER, Period(date(2020, 1, 1), date(2030, 1, 1)))], None, endless) == {OTHER, SO}
