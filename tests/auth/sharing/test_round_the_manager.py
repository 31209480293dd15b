"""Nobody gets round the managing unit: who manages when it is published has accepted, or nothing is published."""

from contextlib import suppress
from datetime import date, timedelta

import psycopg
import pytest
from psycopg.errors import CheckViolation

from auth.model import Caller
from auth.sharing import acceptance, agreements, drafting, manager_changes, packages, publication, succession
from auth.standing import standing
from core.errors import Conflict, Forbidden, NotFound
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, document, package

CODE, PACKAGE = "thue-2025-01", "dia-ban"
HERE = [clause(rows={"territory": {"districts": ["689"]}})]
"""Parcels of the district that manages them."""


@pytest.fixture
def managed(world: World) -> World:
    """The district manages its parcels."""
    world.manage("thua-dat", "ubnd-689", territory="689")
    return world


def proposed(world: World, **changes) -> drafting.Drafted:
    version = world.act(drafting.draft, "so.mot", document(clauses=HERE) if not changes else
                        document(**{"clauses": HERE} | changes), vocabulary=VOCABULARY, day=DAY)  # fmt: skip
    world.act(drafting.propose, "so.mot", version.agreement, vocabulary=VOCABULARY, day=DAY)
    return version


def accept(world: World, version: drafting.Drafted, *heads: str) -> None:
    for who in heads:
        world.act(acceptance.accept, who, version.agreement, body_hash=version.body_hash, day=DAY)


def publish(world: World, version: drafting.Drafted) -> None:
    world.look(version.agreement)
    world.publisher(
        publication.publish,
        "so.hai",
        version.agreement,
        body_hash=version.body_hash,
        vocabulary=VOCABULARY,
        clock=CLOCK,
        day=DAY,
    )


def end(world: World, on: date = DAY) -> None:
    entry = world.rows("SELECT max(id) FROM acl.layer_manager")[0][0]
    number = world.act(manager_changes.propose_end, "so.mot", entry, on=on, day=DAY).number
    world.act(manager_changes.approve_change, "so.hai", number, day=DAY)


def published_as_postgresql_sees_it(world: World, code: str = CODE) -> None:
    """Publish with the login of the publisher alone, as the service would if it forgot to look."""
    with psycopg.connect(world.login("publisher")) as connection:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute(
            "UPDATE acl.agreement_version v SET state = 'published', checker = %s, published_at = now() "
            "FROM acl.agreement a WHERE a.id = v.agreement_id AND a.code = %s AND v.state = 'accepted'",
            [world.people["so.hai"].account_id, code],
        )


def parties(world: World) -> set[str]:
    found = world.act(drafting.propose, "so.mot", CODE, vocabulary=VOCABULARY, day=DAY)
    return {each.unit for each in found if each.role == "managing"}


def test_whoever_follows_a_manager_that_was_ended_after_accepting_accepts_anew(managed: World):
    version = proposed(managed, valid_from=DAY.isoformat())
    accept(managed, version, "thue.lanhdao", "689.lanhdao")
    end(managed)
    managed.manage("thua-dat", "ubnd-25270", territory="689", since=DAY)

    with pytest.raises(Conflict, match="Another unit manages"):
        publish(managed, version)
    with pytest.raises(CheckViolation) as refused:
        published_as_postgresql_sees_it(managed)

    assert refused.value.diag.constraint_name == "all_managers"
    managed.act(acceptance.decline, "689.lanhdao", CODE, reason="đổi đơn vị quản lý", day=DAY)
    assert parties(managed) == {"ubnd-25270"}


def test_an_agreement_that_waits_while_a_manager_is_named_is_not_published_without_it(world: World):
    version = proposed(world)
    accept(world, version, "thue.lanhdao")
    world.manage("thua-dat", "ubnd-689", territory="689")
    accept(world, version, "so.lanhdao")

    with pytest.raises(Conflict, match="Another unit manages"):
        publish(world, version)
    with pytest.raises(CheckViolation) as refused:
        published_as_postgresql_sees_it(world)

    assert refused.value.diag.constraint_name == "all_managers"
    world.act(acceptance.decline, "so.lanhdao", CODE, reason="bổ sung đơn vị quản lý", day=DAY)
    assert parties(world) == {"ubnd-689"}
    accept(world, version, "thue.lanhdao", "689.lanhdao")
    publish(world, version)


def test_a_manager_of_a_commune_inside_is_asked_beside_that_of_the_district(managed: World):
    version = proposed(managed)
    accept(managed, version, "thue.lanhdao", "689.lanhdao")
    managed.manage("thua-dat", "ubnd-25270", territory="25195")

    with pytest.raises(Conflict, match="Another unit manages"):
        publish(managed, version)


def test_a_manager_that_is_ended_without_another_one_leaves_its_data_to_the_department(managed: World):
    version = proposed(managed, valid_from=DAY.isoformat())
    accept(managed, version, "thue.lanhdao", "689.lanhdao")
    end(managed)

    with pytest.raises(Conflict, match="Another unit manages"):
        publish(managed, version)
    with pytest.raises(CheckViolation):
        published_as_postgresql_sees_it(managed)

    managed.act(acceptance.decline, "689.lanhdao", CODE, reason="thôi quản lý", day=DAY)
    assert parties(managed) == {"so"}
    accept(managed, version, "thue.lanhdao")
    with pytest.raises(Forbidden, match="drafted"):
        accept(managed, version, "so.mot")
    accept(managed, version, "so.lanhdao")
    publish(managed, version)


def test_who_managed_on_a_day_that_is_agreed_is_asked_though_it_was_ended(managed: World):
    end(managed)

    proposed(managed)

    assert managed.rows("SELECT u.code FROM acl.agreement_party p JOIN acl.unit u ON u.id = p.unit_id "
                        "WHERE p.role = 'managing' ORDER BY 1") == [("so",), ("ubnd-689",)]  # fmt: skip


def test_who_is_named_later_sees_what_is_in_force_of_its_rows_and_nothing_else(world: World):
    version = proposed(world)
    accept(world, version, "thue.lanhdao", "so.lanhdao")
    publish(world, version)
    world.act(
        drafting.draft, "so.mot", document(agreement="thue-2025-02", clauses=HERE), vocabulary=VOCABULARY, day=DAY
    )

    def seen(who: str) -> tuple[list[str], list[str]]:
        listed = world.act(agreements.listed, who, day=DAY)
        shown = []
        for code in (CODE, "thue-2025-02"):
            with suppress(NotFound):
                shown.append(world.act(look, who, code).code)
        return [each.code for each in listed], shown

    assert seen("689.lanhdao") == ([], [])
    world.manage("thua-dat", "ubnd-25270", territory="25195")
    world.manage("ho-so", "ubnd-689", territory="689")
    assert seen("25270.lanhdao") == ([CODE], [CODE])
    assert seen("689.lanhdao") == ([], [])


def look(connection: psycopg.Connection, actor: Caller, code: str) -> agreements.Agreement:
    return agreements.visible(connection, standing(connection, actor, DAY), code)


def test_a_unit_that_has_ended_still_manages_until_two_officers_end_that(managed: World):
    version = proposed(managed, valid_from=DAY.isoformat())
    managed.rows("UPDATE acl.unit SET valid_until = %s WHERE code = 'ubnd-689'", DAY)
    accept(managed, version, "thue.lanhdao")

    with pytest.raises(Forbidden):
        accept(managed, version, "689.lanhdao")
    with pytest.raises(Forbidden):
        accept(managed, version, "so.lanhdao")
    with pytest.raises(Conflict):
        publish(managed, version)

    end(managed)
    managed.act(acceptance.decline, "thue.lanhdao", CODE, reason="đơn vị đã kết thúc", day=DAY)
    assert parties(managed) == {"so"}


def succeeded(world: World, old: str, new: str, day: date = DAY + timedelta(days=1)) -> None:
    """Let a unit succeed another one, as two officers approved."""
    world.rows(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, state, proposed_by, proposed_at, decided_by, "
        "decided_at) SELECT o.id, n.id, %s, 'x', 'approved', %s, now(), %s, now() FROM acl.unit o, acl.unit n "
        "WHERE o.code = %s AND n.code = %s",
        day, world.people["so.mot"].account_id, world.people["so.hai"].account_id, old, new,
    )  # fmt: skip


def test_the_successor_of_a_managing_unit_manages_nothing_until_two_officers_name_it(managed: World):
    succeeded(managed, "ubnd-689", "ubnd-25270")
    version = proposed(managed)

    with pytest.raises(NotFound):
        accept(managed, version, "25270.lanhdao")
    accept(managed, version, "thue.lanhdao", "689.lanhdao")
    end(managed, DAY + timedelta(days=1))
    managed.manage("thua-dat", "ubnd-25270", territory="689", since=DAY + timedelta(days=1))

    with pytest.raises(Conflict, match="Another unit manages"):
        publish(managed, version)


@pytest.fixture
def offered(world: World) -> World:
    """A package of parcels in the own territory, which the Sở accepted as the managing unit."""
    given = package(valid_from=DAY.isoformat())
    version = world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", PACKAGE, vocabulary=VOCABULARY, day=DAY)
    accept(world, version, "so.lanhdao")
    publish(world, version)
    return world


def join(world: World, who: str, unit: str = "ubnd-25270") -> packages.Joining:
    return world.publisher(packages.join, who, PACKAGE, unit, vocabulary=VOCABULARY, clock=CLOCK, day=DAY)


def test_a_package_that_a_manager_has_not_accepted_is_not_joined_on_its_territory(offered: World):
    offered.manage("thua-dat", "ubnd-689", territory="692")
    join(offered, "so.mot")

    with pytest.raises(Conflict, match="has not accepted what this comes from"):
        join(offered, "25270.lanhdao")

    assert offered.rows("SELECT state FROM acl.agreement_version v JOIN acl.agreement a ON a.id = v.agreement_id "
                        "WHERE a.kind = 'mac_dinh'") == []  # fmt: skip


def test_a_package_is_joined_where_nobody_else_manages(offered: World):
    offered.manage("thua-dat", "ubnd-689", territory="689")
    join(offered, "so.mot")

    assert join(offered, "25270.lanhdao").agreement == "dia-ban-ubnd-25270"


def moved(world: World, rows: str, unit: str = "ubnd-689") -> tuple[str, ...]:
    """Move what the commune has to another unit, as a rule the district."""
    given = succession.SuccessionDocument(
        succession="sap-nhap",
        from_unit="ubnd-25270",
        takes_effect=DAY + timedelta(days=1),
        legal_basis="Nghị quyết",
        successors=[succession.SuccessorDocument.model_validate({"unit": unit, "rows": rows})],
    )
    world.act(succession.draft_succession, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    return world.publisher(
        succession.approve_succession, "so.hai", "sap-nhap", vocabulary=VOCABULARY, clock=CLOCK, day=DAY
    )


@pytest.mark.parametrize(("territory", "refused"), [("689", False), ("25270", True)])
def test_an_agreement_does_not_move_where_who_manages_its_rows_by_now_has_not_accepted(
    offered: World, territory: str, refused: bool
):
    join(offered, "so.mot")
    join(offered, "25270.lanhdao")
    succeeded(offered, "ubnd-25270", "ubnd-689")
    offered.manage("thua-dat", "cuc-thue", territory=territory)

    if refused:
        with pytest.raises(Conflict, match="has not accepted what this comes from"):
            moved(offered, "keep")
    else:
        assert moved(offered, "keep") == ("dia-ban-ubnd-25270-ubnd-689",)


def test_a_manager_that_accepted_the_package_has_accepted_what_comes_of_it(managed: World):
    version = managed.act(drafting.draft, "so.mot", package(valid_from=DAY.isoformat()), vocabulary=VOCABULARY, day=DAY)
    managed.act(drafting.propose, "so.mot", PACKAGE, vocabulary=VOCABULARY, day=DAY)
    accept(managed, version, "so.lanhdao", "689.lanhdao")
    publish(managed, version)
    managed.manage("thua-dat", "ubnd-689", territory="25270")
    join(managed, "so.mot")
    join(managed, "25270.lanhdao")
    succeeded(managed, "ubnd-25270", "cuc-thue")

    assert moved(managed, "keep", "cuc-thue") == ("dia-ban-ubnd-25270-cuc-thue",)
