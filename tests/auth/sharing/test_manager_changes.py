"""Managing units are named and ended by two officers of the Sở: proposed, approved, refused, withdrawn, expired."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege

from auth.model import Period
from auth.notices import Kind, notices_seen
from auth.sharing import manager_changes
from auth.sharing.manager_changes import Change
from core.errors import Conflict, DatdaiError, Forbidden, NotFound
from tests.auth.sharing.conftest import DAY, VOCABULARY, World

ALWAYS = Period(date(2020, 1, 1))
NO = "Sở chưa thống nhất"


@pytest.fixture
def managed(world: World) -> int:
    """The number of an entry: the district manages its parcels."""
    world.manage("thua-dat", "ubnd-689", territory="689")
    return world.rows("SELECT id FROM acl.layer_manager")[0][0]


def end(world: World, entry: int, who: str = "so.mot", on: date = DAY) -> int:
    return world.act(manager_changes.propose_end, who, entry, on=on, day=DAY).number


def name(world: World, **changes: Any) -> int:
    given = {"layer": "moc", "territory": None, "unit": "ubnd-689", "period": ALWAYS} | changes
    return world.act(manager_changes.propose_manager, "so.mot", **given, vocabulary=VOCABULARY, day=DAY).number


def approve(world: World, number: int, who: str = "so.hai", day: date = DAY) -> Change:
    return world.act(manager_changes.approve_change, who, number, day=day)


def refuse(world: World, number: int, who: str = "so.hai") -> Change:
    return world.act(manager_changes.refuse_change, who, number, reason=NO, day=DAY)


def withdraw(world: World, number: int, who: str = "so.mot") -> Change:
    return world.act(manager_changes.withdraw_change, who, number, day=DAY)


def entries(world: World) -> list[tuple[object, ...]]:
    return world.rows("SELECT layer, valid_from, valid_until FROM acl.layer_manager ORDER BY id")


def test_one_officer_alone_neither_names_nor_ends_who_manages(world: World, managed: int):
    before = entries(world)

    number = end(world, managed)
    named = name(world)
    for each in (number, named):
        with pytest.raises(Forbidden, match="second officer"):
            approve(world, each, "so.mot")

    assert entries(world) == before


def test_a_second_account_of_the_same_person_is_no_second_officer(world: World, managed: int):
    number = end(world, managed)
    world.rows("UPDATE acl.account SET person = 'NGƯỜI MẪU SO.MOT' WHERE code = 'so.hai'")

    with pytest.raises(Forbidden, match="second officer"):
        approve(world, number)


def test_what_a_second_officer_approves_is_done_and_on_record(world: World, managed: int):
    decided = approve(world, end(world, managed))

    assert (decided.state, decided.proposed_by, decided.decided_by) == ("approved", "so.mot", "so.hai")
    assert entries(world) == [("thua-dat", date(2025, 1, 1), DAY)]
    told = world.rows("SELECT act, account FROM audit.act WHERE act LIKE 'manager.%%' ORDER BY id")
    assert [act for act, _ in told] == ["manager.propose", "manager.approve"] * 2


def test_what_is_refused_is_not_done_and_is_decided_once(world: World, managed: int):
    number = end(world, managed)

    refused = refuse(world, number)

    assert (refused.state, refused.answer) == ("refused", NO)

    assert entries(world)[0][2] is None
    with pytest.raises(Conflict, match="decided"):
        approve(world, number)


def test_an_end_that_has_passed_meanwhile_is_not_approved(world: World, managed: int):
    number = end(world, managed)

    with pytest.raises(Conflict, match="past"):
        approve(world, number, day=DAY + timedelta(days=1))


def test_of_two_that_were_proposed_for_one_territory_one_is_named(world: World):
    first, second = name(world), name(world)
    approve(world, first)

    with pytest.raises(Conflict, match="already"):
        approve(world, second)


def test_what_somebody_proposed_who_is_no_officer_any_more_is_not_approved(world: World, managed: int):
    number = end(world, managed)
    world.rows("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'so.mot'")

    with pytest.raises(Conflict, match="proposed"):
        approve(world, number)


@pytest.mark.parametrize("login", ["identity", "publisher"])
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE acl.layer_manager SET valid_until = '2025-06-30'",
        "INSERT INTO acl.layer_manager (layer, unit_id, valid_from) SELECT 'moc', id, '2025-01-01' FROM acl.unit",
        "UPDATE acl.manager_change SET state = 'approved', decided_by = proposed_by WHERE state = 'proposed'",
        "UPDATE acl.manager_change SET state = 'approved', "
        "decided_by = (SELECT id FROM acl.account WHERE code = 'thue.lanhdao') WHERE state = 'proposed'",
        "UPDATE acl.manager_change SET state = 'approved', "
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
        manager_changes.approve_change(connection, world.people["so.hai"], number, day=DAY)
        with pytest.raises(InsufficientPrivilege, match="alone"):
            connection.execute("UPDATE acl.layer_manager SET valid_until = '2025-06-29'")


def later(world: World, number: int, by: timedelta) -> None:
    """Let time pass: what was proposed was proposed so much earlier."""
    world.rows(
        "UPDATE acl.manager_change SET proposed_at = proposed_at - %s, expires_at = expires_at - %s WHERE id = %s",
        by, by, number,
    )  # fmt: skip


DECISIONS = [approve, refuse, withdraw]


@pytest.mark.parametrize("decide", DECISIONS)
def test_after_five_days_nothing_is_decided_any_more(world: World, managed: int, decide: Callable[..., Change]):
    number = end(world, managed)
    later(world, number, timedelta(days=5))

    with pytest.raises(Conflict, match="expired"):
        decide(world, number)

    (change,) = (each for each in seen(world, "so.hai") if each.number == number)
    assert change.state == "expired"
    assert entries(world)[0][2] is None


def test_before_five_days_are_over_it_is_approved(world: World, managed: int):
    number = end(world, managed)
    later(world, number, timedelta(days=5) - timedelta(minutes=5))

    assert approve(world, number).state == "approved"


@pytest.mark.parametrize("login", ["identity", "publisher"])
@pytest.mark.parametrize(
    ("attack", "refusal"),
    [
        ("UPDATE acl.manager_change SET state = 'approved', decided_by = %s WHERE id = %s", CheckViolation),
        (
            "UPDATE acl.manager_change SET state = 'approved', decided_at = proposed_at, decided_by = %s WHERE id = %s",
            InsufficientPrivilege,
        ),
        (
            "UPDATE acl.manager_change SET expires_at = 'infinity', decided_by = %s WHERE id = %s",
            InsufficientPrivilege,
        ),
    ],
)
def test_postgresql_itself_approves_nothing_after_its_term(
    world: World, managed: int, login: str, attack: str, refusal: type[Exception]
):
    number = end(world, managed)
    later(world, number, timedelta(days=5))

    with psycopg.connect(world.login(login)) as connection, pytest.raises(refusal):
        connection.execute(attack.encode(), [world.people["so.hai"].account_id, number])


def test_who_proposed_takes_it_back_and_nobody_else(world: World, managed: int):
    number = end(world, managed)
    with pytest.raises(Forbidden, match="Only who proposed"):
        withdraw(world, number, "so.hai")

    assert withdraw(world, number).state == "withdrawn"

    for decide in DECISIONS:
        with pytest.raises(Conflict, match="decided"):
            decide(world, number)
    assert entries(world)[0][2] is None
    assert world.rows("SELECT act FROM audit.act ORDER BY id DESC LIMIT 1") == [("manager.withdraw",)]


@pytest.mark.parametrize("login", ["identity", "publisher"])
def test_postgresql_itself_lets_nobody_withdraw_what_another_one_proposed(world: World, managed: int, login: str):
    number = end(world, managed)

    with psycopg.connect(world.login(login)) as connection, pytest.raises(CheckViolation):
        connection.execute(
            "UPDATE acl.manager_change SET state = 'withdrawn', decided_by = %s WHERE id = %s",
            [world.people["so.hai"].account_id, number],
        )


@pytest.mark.parametrize("decide", DECISIONS)
@pytest.mark.parametrize("who", ["689.lanhdao", "thue.lanhdao", "so.khac"])
def test_only_officers_decide_and_nobody_else_learns_what_there_is(
    world: World, managed: int, decide: Callable[..., Change], who: str
):
    number = end(world, managed)

    texts = []
    for each in (number, 999):
        with pytest.raises(Forbidden) as refused:
            decide(world, each, who)
        texts.append(str(refused.value))

    assert texts[0] == texts[1]


@pytest.mark.parametrize("decide", DECISIONS)
def test_a_proposal_that_there_is_not_is_not_found(world: World, decide: Callable[..., Change]):
    with pytest.raises(NotFound):
        decide(world, 999)


def seen(world: World, who: str, **asked: Any) -> list[Change]:
    return world.act(manager_changes.changes_seen, who, day=DAY, **{"limit": 100} | asked)


def test_officers_see_all_heads_what_concerns_their_unit_and_nobody_else_anything(world: World):
    numbers = [name(world), name(world, layer="thua-dat", unit="ubnd-25270", territory="25270")]

    assert [each.number for each in seen(world, "so.hai")] == numbers
    assert [each.number for each in seen(world, "689.lanhdao")] == numbers[:1]
    assert [each.number for each in seen(world, "25270.lanhdao")] == numbers[1:]
    assert [seen(world, who) for who in ("thue.lanhdao", "thue.canbo", "so.khac")] == [[], [], []]
    for who, number in (("689.lanhdao", numbers[1]), ("thue.canbo", numbers[0]), ("so.hai", 999)):
        with pytest.raises(NotFound):
            world.act(manager_changes.change_seen, who, number, day=DAY)


def test_somebody_of_the_managing_unit_who_does_not_head_it_sees_no_proposal(world: World):
    name(world, unit="cuc-thue")

    assert len(seen(world, "thue.lanhdao")) == 1
    assert seen(world, "thue.canbo") == []


def test_proposals_are_listed_by_page_and_the_open_ones_alone(world: World):
    numbers = [name(world, layer=each) for each in ("moc", "thua-dat", "ho-so", "bien-dong")]
    refuse(world, numbers[0])
    later(world, numbers[1], timedelta(days=6))

    assert [each.number for each in seen(world, "so.mot", limit=2, after=numbers[0])] == numbers[1:3]
    assert [each.number for each in seen(world, "so.mot", is_open=True)] == numbers[2:]


def told(world: World, who: str) -> list[tuple[Kind, str | None, str | None, int | None]]:
    found = world.act(notices_seen, who, limit=100)
    return [(each.kind, each.layer, each.by, each.manager_proposal) for each in found]


def test_the_head_of_the_unit_and_the_officers_are_told_of_what_is_proposed_and_done(world: World):
    number = name(world)
    approve(world, number)
    entry = world.rows("SELECT id FROM acl.layer_manager")[0][0]
    ended = end(world, entry)
    approve(world, ended)

    everything = [
        (kind, "moc", "so.mot", each)
        for each in (number, ended)
        for kind in (Kind.MANAGER_PROPOSED, Kind.MANAGER_APPROVED)
    ]
    for who in ("689.lanhdao", "so.mot", "so.hai", "so.lanhdao"):
        assert told(world, who) == everything, who
    for who in ("thue.lanhdao", "25270.lanhdao", "thue.canbo", "so.khac"):
        assert told(world, who) == [], who


def test_two_ends_of_one_entry_never_prolong_it(world: World, managed: int):
    early, late = end(world, managed, on=DAY), end(world, managed, on=DAY + timedelta(days=90))
    approve(world, early)

    with pytest.raises(Conflict, match="end"):
        approve(world, late)
    assert entries(world)[0][2] == DAY


@pytest.mark.parametrize(
    ("on", "since"), [(DAY - timedelta(days=1), "valid_until"), (DAY + timedelta(days=90), "'2025-07-30'")]
)
def test_postgresql_itself_ends_nobody_in_the_past_and_prolongs_nothing(world: World, on: date, since: str):
    world.manage("thua-dat", "ubnd-689", territory="689")
    world.rows(f"UPDATE acl.layer_manager SET valid_until = {since}")
    number = world.rows(
        "INSERT INTO acl.manager_change (entry_id, layer, territory, unit_id, valid_from, valid_until, proposed_by) "
        "SELECT id, layer, territory, unit_id, valid_from, %s, %s FROM acl.layer_manager RETURNING id",
        on, world.people["so.mot"].account_id,
    )[0][0]  # fmt: skip

    with psycopg.connect(world.login("identity")) as connection:
        connection.execute(
            "UPDATE acl.manager_change SET state = 'approved', decided_by = %s WHERE id = %s",
            [world.people["so.hai"].account_id, number],
        )
        with pytest.raises(CheckViolation) as refused:
            connection.execute("UPDATE acl.layer_manager SET valid_until = %s", [on])

    assert refused.value.diag.constraint_name == "end_to_come"


def at_once(*acts: Callable[[], Change]) -> list[Change | DatdaiError]:
    """Do each act in its own transaction, all beginning together; a refusal is its result."""
    ready = Barrier(len(acts))

    def do(act: Callable[[], Change]) -> Change | DatdaiError:
        ready.wait(20)
        try:
            return act()
        except DatdaiError as exc:
            return exc

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


@pytest.mark.parametrize("turn", range(5))
def test_of_two_officers_who_approve_at_once_one_does(world: World, managed: int, turn: int):
    number = end(world, managed, on=DAY + timedelta(days=turn))

    results = at_once(lambda: approve(world, number), lambda: approve(world, number, "so.lanhdao"))

    assert sorted(type(each).__name__ for each in results) == ["Change", "Conflict"]
    assert world.rows(
        "SELECT count(*) FROM audit.act WHERE act = 'manager.approve' AND after ->> 'state' = 'approved'"
    )[0] == (2,)


@pytest.mark.parametrize("turn", range(5))
@pytest.mark.parametrize("other", [approve, refuse])
def test_of_a_withdrawal_and_a_decision_at_once_one_is_done(
    world: World, managed: int, turn: int, other: Callable[..., Change]
):
    number = end(world, managed, on=DAY + timedelta(days=turn))

    results = at_once(lambda: withdraw(world, number), lambda: other(world, number))

    (done,) = (each for each in results if isinstance(each, Change))
    assert sum(isinstance(each, Conflict) for each in results) == 1
    assert world.rows("SELECT state FROM acl.manager_change WHERE id = %s", number) == [(done.state,)]
    assert (entries(world)[0][2] is not None) == (done.state == "approved")
