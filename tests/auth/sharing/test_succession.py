"""Agreements move to a successor by a migration that one officer drafts and another approves."""

from datetime import date, timedelta

import pytest

from auth.sharing import acceptance, agreements, drafting, publication, succession
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, document

TAKES_EFFECT = date(2025, 7, 1)
OLD, NEW = "ubnd-25270", "ubnd-689"
CODE = "sap-nhap-25270"


def migration(**changes) -> succession.SuccessionDocument:
    return succession.SuccessionDocument(
        **{
            "succession": CODE,
            "from_unit": OLD,
            "to_unit": NEW,
            "takes_effect": TAKES_EFFECT,
            "legal_basis": "Nghị quyết sắp xếp đơn vị hành chính",
            "rows": "both",
        }
        | changes
    )


@pytest.fixture
def reform(world: World) -> World:
    """The commune has an agreement about its own territory, and an approved successor."""
    own = [clause(rows={"territory": "own"})]
    given = document(agreement="xa-25270", recipient=OLD, clauses=own)
    version = world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", "xa-25270", vocabulary=VOCABULARY, day=DAY)
    for who in ("25270.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, "xa-25270", body_hash=version.body_hash, day=DAY)
    seen = {"body_hash": version.body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    world.look("xa-25270")
    world.publisher(publication.publish, "so.hai", "xa-25270", **seen)
    world.rows(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, state, proposed_by, proposed_at, decided_by, "
        "decided_at) SELECT o.id, n.id, %s, 'x', 'approved', %s, now(), %s, now() FROM acl.unit o, acl.unit n "
        "WHERE o.code = %s AND n.code = %s",
        TAKES_EFFECT,
        world.people["so.mot"].account_id,
        world.people["so.hai"].account_id,
        OLD,
        NEW,
    )
    return world


def drafted(world: World, **changes) -> succession.Succession:
    return world.act(succession.draft_succession, "so.mot", migration(**changes), vocabulary=VOCABULARY, day=DAY)


def approved(world: World, who: str = "so.hai", day: date = DAY) -> tuple[str, ...]:
    return world.publisher(succession.approve_succession, who, CODE, vocabulary=VOCABULARY, clock=CLOCK, day=day)


def versions(world: World) -> list[tuple]:
    return world.rows(
        "SELECT a.code, u.code, v.state, v.valid_from, v.valid_until FROM acl.agreement a "
        "JOIN acl.unit u ON u.id = a.recipient_id JOIN acl.agreement_version v ON v.agreement_id = a.id ORDER BY 1"
    )


@pytest.mark.parametrize(("rows", "ids"), [("keep", [6]), ("own", [2, 3, 4]), ("both", [2, 3, 4, 6])])
def test_the_draft_shows_the_rows_that_the_successor_will_have(reform: World, rows: str, ids: list[int]):
    (item,) = drafted(reform, rows=rows).items

    (grant,) = item.body["grants"]
    assert grant["rows"] == [{"column": "xa_id", "one_of": ids}]
    assert grant["territory"] == {"units": ids}
    assert (item.agreement, item.code, item.body["valid_from"]) == ("xa-25270", "xa-25270-ubnd-689", "2025-07-01")


def test_nothing_moves_before_a_second_officer_approves(reform: World):
    drafted(reform)

    with pytest.raises(Forbidden):
        approved(reform, who="so.mot")
    with pytest.raises(Forbidden):
        approved(reform, who="689.lanhdao")
    assert versions(reform) == [("xa-25270", OLD, "published", date(2025, 1, 1), None)]


def test_approval_gives_the_agreement_to_the_successor_on_the_day(reform: World):
    drafted(reform)

    assert approved(reform) == ("xa-25270-ubnd-689",)

    assert versions(reform) == [
        ("xa-25270", OLD, "published", date(2025, 1, 1), TAKES_EFFECT),
        ("xa-25270-ubnd-689", NEW, "published", TAKES_EFFECT, None),
    ]


def test_a_moved_agreement_is_the_same_after_export_and_import(reform: World):
    drafted(reform)
    approved(reform)
    code = "xa-25270-ubnd-689"
    agreement = reform.act(lambda connection, _: agreements.agreement_named(connection, code), "so.mot")
    version = reform.act(lambda connection, _: agreements.versions(connection, agreement)[0], "so.mot")

    again = document(**agreements.document_of(agreement, version))
    same = reform.act(drafting.draft, "so.mot", again, vocabulary=VOCABULARY, day=DAY)

    assert same.body_hash == version.body_hash


def test_a_migration_is_decided_once(reform: World):
    drafted(reform)
    reform.publisher(succession.reject_succession, "so.hai", CODE, reason="sai địa bàn", clock=CLOCK, day=DAY)

    with pytest.raises(Conflict, match="rejected"):
        approved(reform)
    assert len(versions(reform)) == 1


def test_an_agreement_that_ended_meanwhile_does_not_move(reform: World):
    drafted(reform)
    reform.publisher(publication.revoke, "so.mot", "xa-25270", reason="x", vocabulary=VOCABULARY, day=DAY)

    with pytest.raises(Conflict, match="changed"):
        approved(reform)


def test_a_migration_whose_day_has_passed_is_not_approved(reform: World):
    drafted(reform)

    with pytest.raises(Conflict, match="passed"):
        approved(reform, day=TAKES_EFFECT + timedelta(days=1))


def test_agreements_move_to_an_approved_successor_only(world: World):
    with pytest.raises(Conflict, match="not an approved successor"):
        drafted(world)


def test_a_migration_has_a_coming_day_known_units_and_a_code_of_its_own(reform: World):
    with pytest.raises(BadParameter, match="takes_effect"):
        drafted(reform, takes_effect=DAY - timedelta(days=1))
    with pytest.raises(BadParameter, match="khong-co"):
        drafted(reform, from_unit="khong-co")
    drafted(reform)
    with pytest.raises(Conflict, match=CODE):
        drafted(reform)
    with pytest.raises(NotFound):
        reform.publisher(succession.reject_succession, "so.hai", "khong-co", reason="x", clock=CLOCK, day=DAY)


def test_postgresql_publishes_no_migration_without_its_approval(reform: World):
    import psycopg

    drafted(reform)
    connection = psycopg.connect(reform.login("publisher"))
    maker, checker = (reform.people[each].account_id for each in ("so.mot", "so.hai"))
    connection.execute(
        "INSERT INTO acl.agreement (code, kind, recipient_id) SELECT 'moi', 'mac_dinh', id FROM acl.unit "
        "WHERE code = %s",
        [NEW],
    )
    connection.execute(
        "INSERT INTO acl.agreement_version (agreement_id, number, valid_from, body, maker) "
        "SELECT a.id, 1, %s, i.body, %s FROM acl.agreement a, acl.succession_item i WHERE a.code = 'moi'",
        [TAKES_EFFECT, maker],
    )
    connection.execute("UPDATE acl.succession_item SET made_agreement = a.id FROM acl.agreement a WHERE a.code = 'moi'")
    for state in ("proposed", "accepted"):
        connection.execute(
            "UPDATE acl.agreement_version SET state = %s WHERE number = 1 AND valid_from = %s", [state, TAKES_EFFECT]
        )
    connection.execute(
        "UPDATE acl.agreement_version SET state = 'published', checker = %s WHERE valid_from = %s",
        [checker, TAKES_EFFECT],
    )

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        connection.commit()
    connection.close()
    assert refused.value.diag.constraint_name == "all_accepted"
