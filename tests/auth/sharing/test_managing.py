"""Who manages a layer where: the units that have to accept what is shared of it."""

import random
from datetime import date

import psycopg
import pytest

from auth.model import Grant, Period
from auth.policy.clauses import grants_of
from auth.sharing import agreements, drafting
from auth.sharing.managing import Management, concerned, managing_units
from auth.territory import territories_of
from catalogue.profile import Allowance, OneOf, Operation, RowScope
from tests.auth.sharing.conftest import DAY, PLACES, VOCABULARY, World, clause, document

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


def test_postgresql_and_the_service_find_the_same_managing_units(world: World):
    chance = random.Random(20250630)
    places = (None, 1, 2, 3, 5, 6)
    territories = ["province", "own", {"districts": ["689"]}, {"communes": ["25195", "25270"]}, {"communes": ["25198"]}]
    found: set[frozenset[int]] = set()
    for number in range(60):
        world.rows("TRUNCATE acl.layer_manager CASCADE")
        for place in chance.sample(places, chance.randint(0, 3)):
            begin, end = chance.choice([("2020-01-01", None), ("2025-06-01", None), ("2020-01-01", "2025-06-01")])
            world.rows(
                "INSERT INTO acl.layer_manager (layer, territory, unit_id, valid_from, valid_until) "
                "SELECT %s, %s, id, %s, %s FROM acl.unit ORDER BY random() LIMIT 1",
                chance.choice(["thua-dat", "thua-dat", "moc"]), place, begin, end,
            )  # fmt: skip
        clauses = [clause(rows={"territory": each}) for each in chance.sample(territories, 1)]
        given = document(agreement=f"tt-{number}", recipient="ubnd-689", clauses=clauses,
                         valid_until=chance.choice([None, "2025-03-01"]))  # fmt: skip
        world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
        with psycopg.connect(world.login("identity")) as connection:
            version = agreements.working(connection, agreements.agreement_named(connection, f"tt-{number}"))
            period = Period(version.valid_from, version.valid_until)
            said = managing_units(connection, grants_of(version.body), period, VOCABULARY, DAY)

        by_postgresql = world.rows(
            "SELECT unit_id FROM acl.agreement a, acl.ben_quan_ly(a.id, 1) WHERE a.code = %s", f"tt-{number}"
        )

        assert {each for (each,) in by_postgresql} == said
        found.add(said)

    assert len(found) > 5
