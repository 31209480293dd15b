"""An agreement on its way: drafted, accepted by all, published by a second officer, replaced or ended."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation

from auth.model import Period
from auth.policy.clauses import AgreementDocument, read_document
from auth.sharing import acceptance, agreements, drafting, publication
from auth.sharing.manager_changes import approve_change, propose_manager
from core.errors import BadDocument, BadParameter, Conflict, Forbidden, NotFound
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, document

CODE = "thue-2025-01"


def drafted(world: World, who: str = "so.mot", **changes) -> drafting.Drafted:
    return world.act(drafting.draft, who, document(**changes), vocabulary=VOCABULARY, day=DAY)


def propose(world: World, code: str = CODE):
    return world.act(drafting.propose, "so.mot", code, vocabulary=VOCABULARY, day=DAY)


def accept(world: World, who: str, body_hash: str, code: str = CODE) -> str:
    return world.act(acceptance.accept, who, code, body_hash=body_hash, day=DAY)


def accepted(world: World, **changes) -> drafting.Drafted:
    version = drafted(world, **changes)
    propose(world, version.agreement)
    if changes.get("kind") != "cong_khai":
        accept(world, "thue.lanhdao", version.body_hash, version.agreement)
    accept(world, "so.lanhdao", version.body_hash, version.agreement)
    return version


def publish(world: World, version: drafting.Drafted, who: str = "so.hai", *, looks: bool = True) -> None:
    if looks and who in ("so.hai", "so.lanhdao"):
        world.look(version.agreement, who)
    world.publisher(
        publication.publish,
        who,
        version.agreement,
        body_hash=version.body_hash,
        vocabulary=VOCABULARY,
        clock=CLOCK,
        day=DAY,
    )


def revoke(world: World, who: str = "so.mot", on: date | None = None, code: str = CODE) -> None:
    world.publisher(publication.revoke, who, code, reason="hết nhu cầu", on=on, vocabulary=VOCABULARY, day=DAY)


def states(world: World, code: str = CODE) -> list[tuple]:
    return world.rows(
        "SELECT v.number, v.state, v.valid_from, v.valid_until FROM acl.agreement_version v "
        "JOIN acl.agreement a ON a.id = v.agreement_id WHERE a.code = %s ORDER BY 1",
        code,
    )


def test_an_agreement_is_published_after_all_have_accepted_and_by_a_second_officer(world: World):
    version = accepted(world)

    publish(world, version)

    assert states(world) == [(1, "published", date(2025, 1, 1), None)]
    acts = world.rows("SELECT act, account FROM audit.act ORDER BY 1")
    assert [each[0] for each in acts] == [
        "agreement.accept",
        "agreement.accept",
        "agreement.draft",
        "agreement.effect",
        "agreement.propose",
        "agreement.publish",
    ]


def test_who_has_not_seen_the_effect_does_not_publish(world: World):
    version = drafted(world)
    world.look(CODE)
    propose(world)
    accept(world, "thue.lanhdao", version.body_hash)
    world.look(CODE)
    accept(world, "so.lanhdao", version.body_hash)
    world.look(CODE, "so.lanhdao")

    with pytest.raises(Conflict, match="effect"):
        publish(world, version, looks=False)
    world.look(CODE)
    publish(world, version, looks=False)

    assert [each[1] for each in states(world)] == ["published"]


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "Mục đích khác"},
        {"clauses": [clause(operations=["read", "query", "export"])]},
        {"clauses": [clause(page_max=10)]},
        {"clauses": [clause(daily_items=10)]},
        {"clauses": [clause(formats=["json"])]},
        {"clauses": [clause(geometry=False)]},
    ],
)
def test_the_effect_of_an_earlier_body_is_not_that_of_this_one(world: World, changes: dict[str, Any]):
    first = accepted(world)
    world.look(CODE)
    changed = document(**changes)
    second = world.act(drafting.redraft, "so.mot", changed, vocabulary=VOCABULARY, day=DAY)
    propose(world)
    accept(world, "thue.lanhdao", second.body_hash)
    accept(world, "so.lanhdao", second.body_hash)

    with pytest.raises(Conflict, match="effect"):
        publish(world, second, looks=False)
    assert second.body_hash != first.body_hash


def test_postgresql_itself_lets_nobody_publish_who_has_not_seen_the_effect(world: World):
    accepted(world)
    publish_now = (
        "UPDATE acl.agreement_version SET state = 'published', checker = (SELECT id FROM acl.account "
        "WHERE code = 'so.hai'), published_at = now()"
    )

    connection = psycopg.connect(world.login("publisher"))
    connection.execute(publish_now)
    with pytest.raises(psycopg.errors.CheckViolation, match="seen"):
        connection.commit()
    connection.close()
    with pytest.raises(psycopg.errors.RestrictViolation):
        world.look(CODE)
        world.rows("DELETE FROM acl.effect_seen")


def test_what_was_drafted_by_somebody_who_may_not_act_any_more_is_not_published(world: World):
    version = accepted(world)
    world.look(CODE)
    world.rows("UPDATE acl.account SET state = 'revoked' WHERE code = 'so.mot'")

    with pytest.raises(Conflict, match="may not act any more"):
        publish(world, version, looks=False)

    assert [each[1] for each in states(world)] == ["accepted"]


def named_manager(connection: psycopg.Connection, world: World) -> None:
    proposed = propose_manager(
        connection,
        world.people["so.mot"],
        layer="thua-dat",
        territory="692",
        unit="ubnd-689",
        period=Period(date(2025, 1, 1)),
        vocabulary=VOCABULARY,
        day=DAY,
    )
    approve_change(connection, world.people["so.hai"], proposed.number, day=DAY)


def test_a_managing_unit_that_was_named_meanwhile_has_to_accept_before_it_is_published(world: World):
    version = accepted(world)
    with psycopg.connect(world.login("identity")) as connection:
        named_manager(connection, world)

    with pytest.raises(Conflict, match="manages"):
        publish(world, version)
    world.act(acceptance.decline, "so.lanhdao", CODE, reason="bổ sung đơn vị quản lý", day=DAY)
    assert {each.unit for each in propose(world)} == {"cuc-thue", "so", "ubnd-689"} - {"so"}


def test_publishing_waits_for_a_managing_unit_that_is_being_named_and_sees_it(world: World):
    version = accepted(world)
    world.look(CODE)
    naming = psycopg.connect(world.login("identity"))
    named_manager(naming, world)

    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish, world, version, looks=False)
        until_waiting(world)
        naming.commit()
        naming.close()

        with pytest.raises(Conflict, match="manages"):
            publishing.result(20)
    assert [each[1] for each in states(world)] == ["accepted"]


def test_nobody_is_named_a_managing_unit_while_it_is_being_published(world: World):
    version = accepted(world)
    world.look(CODE)
    publishing = psycopg.connect(world.login("publisher"))
    words = {"body_hash": version.body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    publication.publish(publishing, world.people["so.hai"], CODE, **words)

    with psycopg.connect(world.login("identity"), options="-c lock_timeout=300ms") as naming:
        with pytest.raises(psycopg.errors.LockNotAvailable), naming.transaction():
            named_manager(naming, world)
        publishing.commit()
        publishing.close()
        named_manager(naming, world)

    assert [each[1] for each in states(world)] == ["published"]


def until_waiting(world: World) -> None:
    """Wait until somebody waits for a lock on the managing units."""
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'acl.layer_manager'::regclass AND NOT granted"
    for _ in range(200):
        if world.rows(waiting) == [(1,)]:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_a_district_is_written_out_as_its_own_row_and_those_of_its_communes(world: World):
    drafted(world)

    (body,) = world.rows("SELECT body -> 'grants' -> 0 -> 'rows' FROM acl.agreement_version")[0]

    assert body == [{"column": "xa_id", "one_of": [5, 6]}]


def test_who_drafted_neither_accepts_nor_publishes(world: World):
    version = drafted(world, who="so.lanhdao")
    propose(world)
    accept(world, "thue.lanhdao", version.body_hash)

    with pytest.raises(Forbidden):
        accept(world, "so.lanhdao", version.body_hash)
    accept(world, "so.hai", version.body_hash)
    with pytest.raises(Forbidden):
        publish(world, version, who="so.lanhdao")


@pytest.mark.parametrize("who", ["so.khac", "thue.lanhdao", "thue.canbo", "689.lanhdao"])
def test_only_an_officer_of_the_department_drafts(world: World, who: str):
    with pytest.raises(Forbidden):
        drafted(world, who=who)


def test_a_second_account_of_who_drafted_is_no_second_officer(world: World):
    version = drafted(world)
    propose(world)
    accept(world, "thue.lanhdao", version.body_hash)
    same = (
        "UPDATE acl.account SET person = (SELECT lower(person) FROM acl.account WHERE code = 'so.mot') WHERE code = %s"
    )
    world.rows(same, "so.hai")

    with pytest.raises(Forbidden, match="drafted"):
        accept(world, "so.hai", version.body_hash)
    accept(world, "so.lanhdao", version.body_hash)
    with pytest.raises(Forbidden, match="drafted"):
        publish(world, version)


def test_postgresql_itself_takes_two_accounts_of_one_person_for_one(world: World):
    version = accepted(world)
    world.look(CODE)
    same = "UPDATE acl.account SET person = (SELECT person FROM acl.account WHERE code = 'so.mot') WHERE code = %s"
    publish_now = (
        "UPDATE acl.agreement_version SET state = 'published', checker = (SELECT id FROM acl.account "
        "WHERE code = 'so.hai'), published_at = now()"
    )
    world.rows(same, "so.hai")

    with psycopg.connect(world.login("publisher")) as connection, pytest.raises(CheckViolation, match="second person"):
        connection.execute(publish_now)

    world.rows(same.replace("so.mot", "thue.canbo"), "so.hai")
    world.rows(same, "so.lanhdao")
    connection = psycopg.connect(world.login("publisher"))
    connection.execute(publish_now)
    with pytest.raises(CheckViolation, match="not all parties"):
        connection.commit()
    connection.close()
    assert [each[1] for each in states(world)] == ["accepted"]
    assert version.agreement == CODE


def test_an_account_that_is_suspended_does_nothing(world: World):
    world.rows("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'so.mot'")

    with pytest.raises(Forbidden):
        drafted(world)


def test_what_is_not_accepted_by_all_is_not_published(world: World):
    version = drafted(world)
    propose(world)
    accept(world, "thue.lanhdao", version.body_hash)

    with pytest.raises(Conflict, match="proposed"):
        publish(world, version)


def test_the_managing_unit_of_the_territory_is_a_party(world: World):
    world.manage("thua-dat", "ubnd-689", territory="689")
    drafted(world, clauses=[clause(rows={"territory": {"communes": ["25198"]}})])

    parties = propose(world)

    assert [(each.unit, each.role) for each in parties] == [("cuc-thue", "recipient"), ("ubnd-689", "managing")]


def test_a_staff_member_of_a_party_does_not_accept_for_it(world: World):
    version = drafted(world)
    propose(world)

    with pytest.raises(Forbidden):
        accept(world, "thue.canbo", version.body_hash)


def test_a_staff_member_of_a_party_does_not_send_it_back_for_it(world: World):
    drafted(world)
    propose(world)

    with pytest.raises(Forbidden, match="sends it back"):
        world.act(acceptance.decline, "thue.canbo", CODE, reason="x", day=DAY)


def test_an_agreement_of_others_is_not_found(world: World):
    version = drafted(world)
    propose(world)

    with pytest.raises(NotFound):
        accept(world, "689.lanhdao", version.body_hash)


def test_a_body_that_changes_voids_what_was_accepted(world: World):
    version = drafted(world)
    propose(world)
    accept(world, "thue.lanhdao", version.body_hash)
    changed = document(clauses=[clause(columns=["id", "xa_id", "dien_tich"])])

    world.act(drafting.redraft, "so.mot", changed, vocabulary=VOCABULARY, day=DAY)
    propose(world)

    with pytest.raises(Conflict, match="another one"):
        accept(world, "so.lanhdao", version.body_hash)
    assert world.rows(
        "SELECT count(*) FROM acl.agreement_party t JOIN acl.agreement_version v USING (agreement_id, number, round)"
    ) == [(2,)]
    (body_hash,) = world.rows("SELECT body_hash FROM acl.agreement_version")[0]
    assert accept(world, "so.lanhdao", body_hash) == "proposed"
    assert accept(world, "thue.lanhdao", body_hash) == "accepted"


def test_what_was_declined_is_proposed_and_accepted_anew(world: World):
    version = accepted(world)

    world.act(acceptance.decline, "thue.lanhdao", CODE, reason="thiếu cột", day=DAY)
    propose(world)

    assert accept(world, "thue.lanhdao", version.body_hash) == "proposed"
    assert accept(world, "so.lanhdao", version.body_hash) == "accepted"


def test_a_version_in_work_keeps_the_next_one_waiting(world: World):
    drafted(world)

    with pytest.raises(Conflict, match="in work"):
        drafted(world)

    world.act(acceptance.withdraw, "so.hai", CODE, reason="lập lại", day=DAY)
    assert drafted(world).number == 2


def test_an_agreement_keeps_its_recipient(world: World):
    drafted(world)
    world.act(acceptance.withdraw, "so.mot", CODE, reason="lập lại", day=DAY)

    with pytest.raises(Conflict, match="another kind, recipient"):
        drafted(world, recipient="ubnd-689")


def test_the_next_version_ends_the_one_before_on_its_first_day(world: World):
    publish(world, accepted(world))
    publish(world, accepted(world, valid_from="2025-09-01"))

    assert states(world) == [
        (1, "published", date(2025, 1, 1), date(2025, 9, 1)),
        (2, "published", date(2025, 9, 1), None),
    ]


def test_a_version_that_never_began_is_superseded(world: World):
    publish(world, accepted(world, valid_from="2025-09-01"))
    publish(world, accepted(world, valid_from="2025-08-01"))

    assert [each[1] for each in states(world)] == ["superseded", "published"]


def test_an_agreement_ends_at_once_or_on_a_coming_day(world: World):
    publish(world, accepted(world))

    revoke(world, on=DAY + timedelta(days=10))
    assert states(world)[0][1:] == ("published", date(2025, 1, 1), DAY + timedelta(days=10))
    revoke(world, who="thue.lanhdao")

    assert states(world)[0][1] == "revoked"
    with pytest.raises(Conflict):
        revoke(world)


def test_only_a_party_or_an_officer_ends_an_agreement(world: World):
    publish(world, accepted(world))

    with pytest.raises(NotFound):
        revoke(world, who="689.lanhdao")
    with pytest.raises(Forbidden):
        revoke(world, who="thue.canbo")


def test_a_publication_to_everybody_needs_the_department_alone(world: World):
    changes = {"agreement": "cong-khai", "kind": "cong_khai", "recipient": None}
    rows = {"territory": "province"}

    publish(world, accepted(world, **changes, clauses=[clause(rows=rows)]))

    assert states(world, "cong-khai")[0][1] == "published"


def test_a_publication_to_everybody_has_no_recipient_and_no_personal_data(world: World):
    holders = clause(layer="quyen-su-dung-dat", columns=["id", "xa_id", "ten_chu"])

    with pytest.raises(BadParameter, match="recipient"):
        drafted(world, kind="cong_khai")
    with pytest.raises(BadDocument, match="ten_chu"):
        drafted(world, agreement="cong-khai", kind="cong_khai", recipient=None, clauses=[holders])


def test_two_clauses_that_together_give_more_are_refused(world: World):
    wide = clause(columns=["id", "xa_id"], rows={"territory": "province"})

    with pytest.raises(Conflict, match="together"):
        drafted(world, clauses=[clause(), wide])


def test_a_fresh_deployment_publishes_nothing(world: World):
    assert world.rows("SELECT count(*) FROM acl.agreement") == [(0,)]


def test_a_version_is_the_same_after_export_and_import(world: World):
    terms = [{"column": "trang_thai", "one_of": ["hop_le"]}, {"column": "hieu_luc_tu", "begin": "2020-01-01"}]
    rows = {"territory": {"districts": ["689"], "communes": ["25270"]}, "terms": terms}
    columns = "all"
    drafted(world, clauses=[clause(rows=rows, columns=columns, formats=["csv"], page_max=10, daily_items=1000)])
    with psycopg.connect(world.login("identity")) as connection:
        agreement = agreements.agreement_named(connection, CODE)
        version = agreements.versions(connection, agreement)[0]
    world.act(acceptance.withdraw, "so.mot", CODE, reason="chuyển", day=DAY)

    again = read_document(AgreementDocument, agreements.document_of(agreement, version))
    same = world.act(drafting.draft, "so.mot", again, vocabulary=VOCABULARY, day=DAY + timedelta(days=400))

    assert same.body_hash == version.body_hash
    assert len(version.body["grants"][0]["columns"]) == len(VOCABULARY.layers["thua-dat"].columns)


# PostgreSQL guards the same by itself.


def refused_by_database(world: World, *statements: str, login: str = "publisher") -> str:
    connection = psycopg.connect(world.login(login))
    with closing(connection), pytest.raises(psycopg.errors.IntegrityError) as refused:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return str(refused.value.diag.constraint_name or refused.value)


def test_postgresql_publishes_nothing_that_lacks_an_acceptance(world: World):
    drafted(world)
    propose(world)
    officer = world.people["so.hai"].account_id

    said = refused_by_database(
        world,
        "UPDATE acl.agreement_version SET state = 'accepted'",
        f"UPDATE acl.agreement_version SET state = 'published', checker = {officer}",
    )

    assert said == "all_accepted"


@pytest.mark.parametrize(
    ("who", "unit", "maker"),
    [("thue.canbo", "cuc-thue", "so.mot"), ("so.lanhdao", "so", "so.lanhdao"), ("689.lanhdao", "cuc-thue", "so.mot")],
    ids=["staff of a party", "the maker for the Sở", "the head of another unit"],
)
def test_postgresql_counts_no_acceptance_of_the_wrong_account(world: World, who: str, unit: str, maker: str):
    version = drafted(world, who=maker)
    propose(world)
    for party, head in (("cuc-thue", "thue.lanhdao"), ("so", "so.hai")):
        if party != unit:
            accept(world, head, version.body_hash)

    said = refused_by_database(
        world,
        "INSERT INTO acl.acceptance (agreement_id, number, round, body_hash, unit_id, account_id) "
        f"SELECT agreement_id, number, round, body_hash, (SELECT id FROM acl.unit WHERE code = '{unit}'), "
        f"{world.people[who].account_id} FROM acl.agreement_version",
        "UPDATE acl.agreement_version SET state = 'accepted'",
        login="identity",
    )

    assert said == "all_accepted"


def test_postgresql_knows_that_the_publisher_is_a_second_officer(world: World):
    accepted(world)
    people = {name: who.account_id for name, who in world.people.items()}

    maker = refused_by_database(
        world, f"UPDATE acl.agreement_version SET state = 'published', checker = {people['so.mot']}"
    )
    stranger = refused_by_database(
        world, f"UPDATE acl.agreement_version SET state = 'published', checker = {people['689.lanhdao']}"
    )

    assert (maker, stranger) == ("two_officers", "second_officer")


def test_postgresql_lets_a_version_begin_as_a_draft_only(world: World):
    drafted(world)
    world.act(acceptance.withdraw, "so.mot", CODE, reason="thử", day=DAY)

    said = refused_by_database(
        world,
        "INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, body) "
        "SELECT id, 9, 'published', '2025-01-01', '{}' FROM acl.agreement",
    )

    assert said == "begins_as_draft"


def test_postgresql_changes_no_body_that_was_accepted(world: World):
    accepted(world)

    said = refused_by_database(world, 'UPDATE acl.agreement_version SET body = body || \'{"document": "x"}\'')

    assert said == "changes_as_draft"


def test_postgresql_brings_nothing_back_that_was_revoked(world: World):
    publish(world, accepted(world))
    revoke(world)

    assert refused_by_database(world, "UPDATE acl.agreement_version SET state = 'published'") == "order_of_states"


def test_postgresql_keeps_one_version_in_force_a_day(world: World):
    publish(world, accepted(world))
    accepted(world, valid_from="2025-05-01")
    officer = world.people["so.hai"].account_id

    with pytest.raises(psycopg.errors.ExclusionViolation), psycopg.connect(world.login("publisher")) as connection:
        connection.execute(
            f"UPDATE acl.agreement_version SET state = 'published', checker = {officer} WHERE number = 2"
        )


def test_the_login_that_keeps_accounts_cannot_publish(world: World):
    accepted(world)

    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(world.login("identity")) as connection:
        connection.execute("UPDATE acl.agreement_version SET state = 'published', checker = 2")
    assert refused_by_database(world, "UPDATE acl.agreement_version SET state = 'published'", login="identity") == (
        "second_officer"
    )


@pytest.mark.parametrize("table", ["agreement_party", "acceptance", "agreement"])
def test_what_was_said_is_not_unsaid(world: World, table: str):
    accepted(world)

    with pytest.raises(psycopg.errors.RestrictViolation), psycopg.connect(world.dsn) as connection:
        connection.execute(f"DELETE FROM acl.{table}")
