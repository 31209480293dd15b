"""What moves to a successor, or comes of a package, is what was accepted; who manages it is a party, and may end it."""

from datetime import date

import psycopg
import pytest
from psycopg.errors import CheckViolation

from auth import notices
from auth.sharing import acceptance, drafting, packages, publication, succession
from core.errors import Conflict
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, document, package
from tests.auth.sharing.test_succession import (
    DECIDE,
    MOVES,
    NEW,
    OLD,
    TAKES_EFFECT,
    TWO_DISTRICTS,
    approved,
    drafted,
    gets,
    refused_by,
    succeeds,
    versions,
)

MOVED, JOINED = f"xa-25270-{NEW}", f"dia-ban-{NEW}"
OWN = {"successors": [gets(NEW, "own")]}


@pytest.fixture
def managed(world: World) -> World:
    """The tax office manages the parcels."""
    world.manage("thua-dat", "cuc-thue")
    return world


@pytest.fixture
def reform(managed: World) -> World:
    """The commune has parcels of its own territory, as the tax office accepted, and the district succeeds it."""
    agreed(managed, "xa-25270", OLD, clause(rows={"territory": "own"}))
    succeeds(managed, NEW)
    return managed


def agreed(world: World, code: str, recipient: str, *clauses: dict, **changes) -> None:
    """Publish an agreement that its recipient and the tax office have accepted."""
    given = document(agreement=code, recipient=recipient, clauses=list(clauses), **changes)
    version = world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", code, vocabulary=VOCABULARY, day=DAY)
    for who in (f"{recipient.removeprefix('ubnd-')}.lanhdao", "thue.lanhdao"):
        world.act(acceptance.accept, who, code, body_hash=version.body_hash, day=DAY)
    put_in_force(world, version)


def put_in_force(world: World, version: drafting.Drafted) -> None:
    world.look(version.agreement)
    seen = {"body_hash": version.body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    world.publisher(publication.publish, "so.hai", version.agreement, **seen)


def end(world: World, who: str, code: str, on: date | None = None) -> None:
    world.publisher(publication.revoke, who, code, reason="thôi chia sẻ", on=on, vocabulary=VOCABULARY, day=DAY)


def states(world: World) -> dict[str, str]:
    return {code: state for code, _, state, *_ in versions(world)}


def managing_parties(world: World, code: str) -> list[tuple]:
    return world.rows(
        "SELECT u.code FROM acl.agreement_party p JOIN acl.agreement a ON a.id = p.agreement_id "
        "JOIN acl.unit u ON u.id = p.unit_id WHERE a.code = %s AND p.role = 'managing' ORDER BY 1",
        code,
    )


def told(world: World, who: str) -> list[tuple[str, str | None, date]]:
    """Return the notices of agreements that somebody sees."""
    with psycopg.connect(world.login("identity")) as connection:
        found = notices.notices_seen(connection, world.people[who], limit=100)
    return [(each.kind.value, each.agreement, each.day) for each in found if each.agreement]


@pytest.mark.parametrize("territory", [2, 1])
def test_a_migration_gives_no_row_that_the_old_unit_does_not_have(reform: World, territory: int):
    reform.rows("UPDATE acl.unit SET territory = %s WHERE code = %s", territory, NEW)

    with pytest.raises(Conflict, match="make an agreement with it instead"):
        drafted(reform, **OWN)


def test_a_migration_gives_no_column_to_rows_that_the_successor_has_with_fewer(reform: World):
    agreed(reform, "huyen-689", NEW, clause(rows={"territory": "own"}, columns=["id", "xa_id"]))

    with pytest.raises(Conflict, match="gives no further rows"):
        drafted(reform, **OWN)


def test_a_territory_that_grows_after_the_draft_widens_nothing(managed: World):
    agreed(managed, "xa-25270", OLD, clause(rows=TWO_DISTRICTS))
    succeeds(managed, NEW)
    drafted(managed, **OWN)
    managed.rows("UPDATE acl.unit SET territory = 1 WHERE code = %s", NEW)

    with pytest.raises(Conflict, match="gives no further rows"):
        approved(managed)

    managed.rows("UPDATE acl.unit SET territory = 2 WHERE code = %s", NEW)
    approved(managed)
    managed.rows("UPDATE acl.unit SET territory = 1 WHERE code = %s", NEW)
    assert managed.rows(
        "SELECT v.body -> 'grants' -> 0 -> 'rows' -> 0 -> 'one_of' FROM acl.agreement_version v "
        "JOIN acl.agreement a ON a.id = v.agreement_id WHERE a.code = %s",
        MOVED,
    ) == [([2, 3, 4],)]


def test_who_manages_what_moves_is_a_party_and_told_and_ends_it(reform: World):
    drafted(reform)
    approved(reform)

    assert managing_parties(reform, MOVED) == [("cuc-thue",)]
    assert told(reform, "thue.lanhdao") == [("agreement_moved", MOVED, TAKES_EFFECT)]
    assert told(reform, "689.lanhdao") == []
    end(reform, "thue.lanhdao", MOVED)
    assert states(reform) == {"xa-25270": "published", MOVED: "revoked"}


def test_who_accepted_what_moves_stays_a_party_though_another_unit_manages_it(reform: World):
    drafted(reform)
    reform.rows("UPDATE acl.layer_manager SET valid_until = %s", DAY)

    approved(reform)

    assert managing_parties(reform, MOVED) == [("cuc-thue",), ("so",)]


def everything_of(world: World, unit: str) -> str:
    """Give the head of a unit all that the unit has; return the subject."""
    world.rows(
        "WITH f AS (INSERT INTO acl.function (unit_id, code, name, valid_from) SELECT id, 'tat-ca', 'Tất cả', "
        "'2023-01-01' FROM acl.unit WHERE code = %s RETURNING id, unit_id) "
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) SELECT a.id, f.id, '2023-01-01' "
        "FROM f JOIN acl.account a ON a.unit_id = f.unit_id AND a.kind = 'unit_head'",
        unit,
    )
    return world.rows("SELECT 'account:' || a.id FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id "
                      "WHERE u.code = %s", unit)[0][0]  # fmt: skip


def days_with_rights(world: World, subject: str) -> list[tuple]:
    return world.rows(
        "SELECT f.valid_from FROM acl.profile_in_force f JOIN acl.profile p ON p.hash = f.hash "
        "WHERE f.subject = %s AND jsonb_array_length(p.body -> 'collections') > 0",
        subject,
    )


@pytest.mark.parametrize("who", ["thue.lanhdao", "25270.lanhdao", "so.mot"])
def test_what_ends_before_the_day_on_which_it_moves_does_not_move(reform: World, who: str):
    subject = everything_of(reform, NEW)
    drafted(reform)
    approved(reform)
    before = days_with_rights(reform, subject)

    end(reform, who, "xa-25270")

    assert states(reform) == {"xa-25270": "revoked", MOVED: "revoked"}
    assert (before, days_with_rights(reform, subject)) == ([(TAKES_EFFECT,)], [])
    assert reform.rows("SELECT after ->> 'along' FROM audit.act WHERE act = 'agreement.revoke'") == [(f'["{MOVED}"]',)]


def test_an_end_on_a_day_before_that_of_the_migration_ends_what_would_come_of_it(reform: World):
    far = date(2025, 9, 1)
    drafted(reform, takes_effect=far)
    approved(reform)

    end(reform, "thue.lanhdao", "xa-25270", on=date(2025, 8, 1))

    assert versions(reform) == [
        ("xa-25270", OLD, "published", date(2025, 1, 1), date(2025, 8, 1)),
        (MOVED, NEW, "revoked", far, None),
    ]


def test_what_is_replaced_before_the_day_moves_by_a_new_migration_alone(reform: World):
    drafted(reform)
    approved(reform)
    fewer = clause(rows={"territory": "own"}, columns=["id", "xa_id"])

    agreed(reform, "xa-25270", OLD, fewer, valid_from=DAY.isoformat())

    assert [each[:3] for each in versions(reform)] == [
        ("xa-25270", OLD, "published"),
        ("xa-25270", OLD, "published"),
        (MOVED, NEW, "revoked"),
    ]


def test_once_the_day_has_come_the_end_of_the_source_ends_nothing_else(reform: World):
    drafted(reform, takes_effect=TAKES_EFFECT)
    approved(reform)
    reform.rows("UPDATE lg.ngay_phap_ly SET ngay = %s", TAKES_EFFECT)

    reform.rows("UPDATE acl.agreement_version SET state = 'revoked' WHERE agreement_id = "
                "(SELECT id FROM acl.agreement WHERE code = 'xa-25270')")  # fmt: skip

    assert states(reform) == {"xa-25270": "revoked", MOVED: "published"}


def test_what_moves_on_ends_with_what_it_came_from(reform: World):
    later = date(2025, 9, 1)
    drafted(reform)
    approved(reform)
    reform.rows("UPDATE acl.unit_succession SET old_id = n.id, new_id = o.id, day = %s FROM acl.unit o, acl.unit n "
                "WHERE (o.code, n.code) = (%s, %s)", later, OLD, NEW)  # fmt: skip
    back = {"succession": "lai", "from_unit": NEW, "takes_effect": later, "successors": [gets(OLD, "keep")]}
    drafted(reform, **back)
    words = {"vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    reform.publisher(succession.approve_succession, "so.hai", "lai", **words)

    end(reform, "thue.lanhdao", "xa-25270")

    assert set(states(reform).values()) == {"revoked"}


def test_postgresql_itself_ends_what_would_come_of_what_ends(reform: World):
    drafted(reform)
    approved(reform)

    with psycopg.connect(reform.login("identity")) as connection:
        connection.execute("UPDATE acl.agreement_version v SET state = 'revoked' FROM acl.agreement a "
                           "WHERE a.id = v.agreement_id AND a.code = 'xa-25270'")  # fmt: skip

    assert states(reform) == {"xa-25270": "revoked", MOVED: "revoked"}


WITHOUT_PARTIES = tuple(each for each in MOVES if "agreement_party" not in each[0])


def test_postgresql_publishes_nothing_that_moves_without_the_parties_of_its_source(reform: World):
    drafted(reform)
    violated = CheckViolation

    assert refused_by(violated, reform, (DECIDE, "so.hai"), *WITHOUT_PARTIES) == "all_parties"
    assert refused_by(violated, reform, (DECIDE, "so.hai"), *MOVES) == "all_parties"


def test_postgresql_takes_no_party_of_what_moves_for_one_that_accepted_its_source(reform: World):
    drafted(reform)
    reform.rows("UPDATE acl.layer_manager SET unit_id = (SELECT id FROM acl.unit WHERE code = %s)", NEW)

    assert refused_by(CheckViolation, reform, (DECIDE, "so.hai"), *MOVES) == "managers_of_source"


@pytest.fixture
def joined(managed: World) -> World:
    """The district has joined a package that the tax office accepted."""
    version = managed.act(drafting.draft, "so.mot", package(), vocabulary=VOCABULARY, day=DAY)
    managed.act(drafting.propose, "so.mot", "dia-ban", vocabulary=VOCABULARY, day=DAY)
    managed.act(acceptance.accept, "thue.lanhdao", "dia-ban", body_hash=version.body_hash, day=DAY)
    put_in_force(managed, version)
    for who in ("so.mot", "689.lanhdao"):
        managed.publisher(packages.join, who, "dia-ban", NEW, vocabulary=VOCABULARY, clock=CLOCK, day=DAY)
    return managed


def test_who_manages_what_comes_of_a_package_is_a_party_and_told_and_ends_it(joined: World):
    assert managing_parties(joined, JOINED) == [("cuc-thue",)]
    assert told(joined, "thue.lanhdao") == [("agreement_joined", JOINED, DAY)]

    end(joined, "thue.lanhdao", JOINED)

    assert states(joined) == {JOINED: "revoked"}


def test_who_manages_nothing_of_what_comes_of_a_package_is_no_party_of_it(world: World):
    world.manage("thua-dat", "cuc-thue", territory="692")
    version = world.act(drafting.draft, "so.mot", package(valid_from=DAY.isoformat()), vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", "dia-ban", vocabulary=VOCABULARY, day=DAY)
    for who in ("thue.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, "dia-ban", body_hash=version.body_hash, day=DAY)
    put_in_force(world, version)

    for who in ("so.mot", "689.lanhdao"):
        world.publisher(packages.join, who, "dia-ban", NEW, vocabulary=VOCABULARY, clock=CLOCK, day=DAY)

    assert managing_parties(world, JOINED) == [("so",)]
    assert told(world, "thue.lanhdao") == []
