"""Who manages a layer where: the units that have to accept what is shared of it."""

import random
from datetime import date, timedelta

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege

from auth.model import Grant, Period
from auth.policy.clauses import grants_of
from auth.sharing import agreements, managing
from auth.sharing.managing import Management, concerned, managing_units
from auth.territory import territories_of
from catalogue.profile import Allowance, OneOf, Operation, RowScope
from core.errors import Conflict, Forbidden
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
        world.act(agreements.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
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


@pytest.fixture
def managed(world: World) -> int:
    """The number of an entry: the district manages its parcels."""
    world.manage("thua-dat", "ubnd-689", territory="689")
    return world.rows("SELECT id FROM acl.layer_manager")[0][0]


def end(world: World, entry: int, who: str = "so.mot", on: date = DAY) -> int:
    return world.act(managing.propose_end, who, entry, on=on, day=DAY)


def decide(world: World, number: int, who: str = "so.hai", *, approve: bool = True, day: date = DAY) -> managing.Change:
    return world.act(managing.decide_change, who, number, approve=approve, day=day)


def entries(world: World) -> list[tuple[object, ...]]:
    return world.rows("SELECT layer, valid_from, valid_until FROM acl.layer_manager ORDER BY id")


def test_one_officer_alone_neither_names_nor_ends_who_manages(world: World, managed: int):
    before = entries(world)

    number = end(world, managed)
    named = world.act(managing.propose_manager, "so.mot", layer="moc", territory=None, unit="ubnd-689",
                      period=ALWAYS, vocabulary=VOCABULARY, day=DAY)  # fmt: skip
    for each in (number, named):
        with pytest.raises(Forbidden, match="second officer"):
            decide(world, each, "so.mot")

    assert entries(world) == before


def test_a_second_account_of_the_same_person_is_no_second_officer(world: World, managed: int):
    number = end(world, managed)
    world.rows("UPDATE acl.account SET person = 'NGƯỜI MẪU SO.MOT' WHERE code = 'so.hai'")

    with pytest.raises(Forbidden, match="second officer"):
        decide(world, number)


def test_what_a_second_officer_approves_is_done_and_on_record(world: World, managed: int):
    decided = decide(world, end(world, managed))

    assert (decided.state, decided.proposed_by, decided.decided_by) == ("approved", "so.mot", "so.hai")
    assert entries(world) == [("thua-dat", date(2025, 1, 1), DAY)]
    told = world.rows("SELECT act, account FROM audit.act WHERE act LIKE 'manager.%%' ORDER BY id")
    assert [act for act, _ in told] == ["manager.propose", "manager.approve"] * 2


def test_what_is_refused_is_not_done_and_is_decided_once(world: World, managed: int):
    number = end(world, managed)

    assert decide(world, number, approve=False).state == "refused"

    assert entries(world)[0][2] is None
    with pytest.raises(Conflict, match="decided"):
        decide(world, number)


def test_an_end_that_has_passed_meanwhile_is_not_approved(world: World, managed: int):
    number = end(world, managed)

    with pytest.raises(Conflict, match="past"):
        decide(world, number, day=DAY + timedelta(days=1))


def test_of_two_that_were_proposed_for_one_territory_one_is_named(world: World):
    first, second = (
        world.act(managing.propose_manager, "so.mot", layer="moc", territory=None, unit="ubnd-689", period=ALWAYS,
                  vocabulary=VOCABULARY, day=DAY)
        for _ in range(2)
    )  # fmt: skip
    decide(world, first)

    with pytest.raises(Conflict, match="already"):
        decide(world, second)


def test_what_somebody_proposed_who_is_no_officer_any_more_is_not_approved(world: World, managed: int):
    number = end(world, managed)
    world.rows("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'so.mot'")

    with pytest.raises(Conflict, match="proposed"):
        decide(world, number)


@pytest.mark.parametrize("login", ["identity", "publisher"])
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE acl.layer_manager SET valid_until = '2025-06-30'",
        "INSERT INTO acl.layer_manager (layer, unit_id, valid_from) SELECT 'moc', id, '2025-01-01' FROM acl.unit",
        "UPDATE acl.manager_change SET state = 'approved', decided_by = proposed_by, decided_at = now() "
        "WHERE state = 'proposed'",
        "UPDATE acl.manager_change SET state = 'approved', decided_at = now(), "
        "decided_by = (SELECT id FROM acl.account WHERE code = 'thue.lanhdao') WHERE state = 'proposed'",
        "UPDATE acl.manager_change SET state = 'approved', decided_at = now(), "
        "decided_by = (SELECT id FROM acl.account WHERE code = 'so.khac') WHERE state = 'proposed'",
        "UPDATE acl.manager_change SET state = 'refused' WHERE state = 'approved'",
        "INSERT INTO acl.manager_change (layer, unit_id, valid_from, proposed_by, state) SELECT 'moc', unit_id, "
        "'2025-01-01', id, 'approved' FROM acl.account LIMIT 1",
    ],
)
def test_postgresql_itself_takes_no_managing_unit_from_one_officer(world: World, managed: int, login: str, attack: str):
    end(world, managed)
    before = entries(world)

    with psycopg.connect(world.login(login)) as connection, pytest.raises((InsufficientPrivilege, CheckViolation)):
        connection.execute(attack.encode())

    assert entries(world) == before


def test_an_approval_does_no_more_than_what_was_proposed(world: World, managed: int):
    number = end(world, managed)

    with psycopg.connect(world.login("identity")) as connection:
        managing.decide_change(connection, world.people["so.hai"], number, approve=True, day=DAY)
        with pytest.raises(InsufficientPrivilege, match="alone"):
            connection.execute("UPDATE acl.layer_manager SET valid_until = '2025-06-29'")
