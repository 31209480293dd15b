"""Agreements move to a successor by a migration that one officer drafts and another approves."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest

from auth.policy.clauses import AgreementDocument
from auth.sharing import acceptance, agreements, drafting, publication, succession
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, document

TAKES_EFFECT = date(2025, 7, 1)
OLD, NEW = "ubnd-25270", "ubnd-689"
CODE = "sap-nhap-25270"
TWO_DISTRICTS = {"territory": {"districts": ["689", "692"]}}
WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"


def gets(unit: str, rows: str, **codes: str) -> dict:
    return {"unit": unit, "rows": rows, "codes": {key.replace("_", "-"): code for key, code in codes.items()}}


def migration(**changes) -> succession.SuccessionDocument:
    return succession.SuccessionDocument.model_validate(
        {
            "succession": CODE,
            "from_unit": OLD,
            "takes_effect": TAKES_EFFECT,
            "legal_basis": "Nghị quyết sắp xếp đơn vị hành chính",
            "successors": [gets(NEW, "keep")],
        }
        | changes
    )


@pytest.fixture
def reform(world: World) -> World:
    """The commune has an agreement about its own territory, and an approved successor."""
    own = [clause(rows={"territory": "own"})]
    given = document(agreement="xa-25270", recipient=OLD, clauses=own)
    published(world, given)
    succeeds(world, NEW)
    return world


@pytest.fixture
def wide(world: World) -> World:
    """The commune has an agreement about two districts, and one of these as its approved successor."""
    published(world, document(agreement="xa-25270", recipient=OLD, clauses=[clause(rows=TWO_DISTRICTS)]))
    succeeds(world, NEW)
    return world


def published(world: World, given: AgreementDocument) -> None:
    """Publish an agreement of the commune."""
    code = given.agreement
    version = world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", code, vocabulary=VOCABULARY, day=DAY)
    for who in ("25270.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, code, body_hash=version.body_hash, day=DAY)
    seen = {"body_hash": version.body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    world.look(code)
    world.publisher(publication.publish, "so.hai", code, **seen)


def succeeds(world: World, new: str, day: date = TAKES_EFFECT) -> None:
    """Let a unit succeed the commune from a day on, as two approved."""
    world.rows(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, state, proposed_by, proposed_at, decided_by, "
        "decided_at) SELECT o.id, n.id, %s, 'x', 'approved', %s, now(), %s, now() FROM acl.unit o, acl.unit n "
        "WHERE o.code = %s AND n.code = %s",
        day,
        world.people["so.mot"].account_id,
        world.people["so.hai"].account_id,
        OLD,
        new,
    )


def drafted(world: World, **changes) -> succession.Succession:
    return world.act(succession.draft_succession, "so.mot", migration(**changes), vocabulary=VOCABULARY, day=DAY)


def approved(world: World, who: str = "so.hai", day: date = DAY) -> tuple[str, ...]:
    return world.publisher(succession.approve_succession, who, CODE, vocabulary=VOCABULARY, clock=CLOCK, day=day)


def versions(world: World) -> list[tuple]:
    return world.rows(
        "SELECT a.code, u.code, v.state, v.valid_from, v.valid_until FROM acl.agreement a "
        "JOIN acl.unit u ON u.id = a.recipient_id JOIN acl.agreement_version v ON v.agreement_id = a.id "
        "ORDER BY 1, v.number"
    )


@pytest.mark.parametrize(("rows", "ids"), [("keep", [2, 3, 4, 5, 6]), ("own", [2, 3, 4])])
def test_the_draft_shows_the_rows_that_the_successor_will_have(wide: World, rows: str, ids: list[int]):
    (item,) = drafted(wide, successors=[gets(NEW, rows)]).items

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
    reform.act(succession.refuse_succession, "so.hai", CODE, reason="sai địa bàn", day=DAY)

    with pytest.raises(Conflict, match="refused"):
        approved(reform)
    assert len(versions(reform)) == 1


def test_an_agreement_that_ended_meanwhile_does_not_move(reform: World):
    drafted(reform)
    reform.publisher(publication.revoke, "so.mot", "xa-25270", reason="x", vocabulary=VOCABULARY, day=DAY)

    with pytest.raises(Conflict, match="changed"):
        approved(reform)


def test_an_approval_waits_for_a_revocation_under_way_and_then_moves_nothing(reform: World):
    drafted(reform)
    words = {"reason": "x", "vocabulary": VOCABULARY, "day": DAY}

    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(reform.login("publisher")) as connection:
            publication.revoke(connection, reform.people["so.mot"], "xa-25270", **words)
            approval = pool.submit(approved, reform)
            until = time.monotonic() + 20
            while not reform.rows(WAITS) and time.monotonic() < until:
                time.sleep(0.05)
        with pytest.raises(Conflict, match="xa-25270 has changed"):
            approval.result(30)

    assert [each[:3] for each in versions(reform)] == [("xa-25270", OLD, "revoked")]


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
        reform.act(succession.refuse_succession, "so.hai", "khong-co", reason="x", day=DAY)


def test_postgresql_publishes_no_migration_without_its_approval(reform: World):
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
    connection.execute(
        "UPDATE acl.succession_item SET made_agreement = a.id, made_number = 1 FROM acl.agreement a "
        "WHERE a.code = 'moi'"
    )
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


def narrowed(world: World, **days: str) -> None:
    """Publish the next version of the commune's agreement, which gives two columns alone."""
    own = [clause(rows={"territory": "own"}, columns=["id", "xa_id"])]
    published(world, document(agreement="xa-25270", recipient=OLD, clauses=own, **days))


def moved(world: World) -> list[tuple]:
    """Return what the successors have: unit, days and number of columns."""
    return world.rows(
        "SELECT u.code, v.number, v.state, v.valid_from, v.valid_until, v.body ->> 'valid_until', "
        "jsonb_array_length(v.body -> 'grants' -> 0 -> 'columns') FROM acl.agreement a "
        "JOIN acl.unit u ON u.id = a.recipient_id JOIN acl.agreement_version v ON v.agreement_id = a.id "
        "WHERE u.code <> %s ORDER BY 1, 2",
        OLD,
    )


def test_an_end_that_was_set_stays_set_for_the_successor(reform: World):
    end = date(2025, 9, 1)
    reform.publisher(publication.revoke, "so.mot", "xa-25270", reason="x", on=end, vocabulary=VOCABULARY, day=DAY)
    drafted(reform)

    approved(reform)

    assert moved(reform) == [(NEW, 1, "published", TAKES_EFFECT, end, "2025-09-01", 6)]


def test_versions_that_begin_later_move_with_their_own_days_and_columns(reform: World):
    narrowed(reform, valid_from="2025-09-01", valid_until="2026-01-01")
    drafted(reform)

    assert approved(reform) == ("xa-25270-ubnd-689",)

    assert moved(reform) == [
        (NEW, 1, "published", TAKES_EFFECT, date(2025, 9, 1), "2025-09-01", 6),
        (NEW, 2, "published", date(2025, 9, 1), date(2026, 1, 1), "2026-01-01", 2),
    ]
    assert versions(reform)[:2] == [
        ("xa-25270", OLD, "published", date(2025, 1, 1), TAKES_EFFECT),
        ("xa-25270", OLD, "superseded", date(2025, 9, 1), date(2026, 1, 1)),
    ]


def test_what_is_over_by_the_day_does_not_move(reform: World):
    on = {"on": TAKES_EFFECT, "vocabulary": VOCABULARY, "day": DAY}
    reform.publisher(publication.revoke, "so.mot", "xa-25270", reason="x", **on)

    with pytest.raises(Conflict, match="no agreement that would move"):
        drafted(reform)


def test_a_version_that_was_published_since_the_draft_is_not_left_behind(reform: World):
    drafted(reform)
    narrowed(reform, valid_from="2025-09-01")

    with pytest.raises(Conflict, match="xa-25270 has changed"):
        approved(reform)
    assert {each[1] for each in versions(reform)} == {OLD}


def test_an_agreement_that_was_published_since_the_draft_is_not_left_behind(reform: World):
    drafted(reform)
    own = [clause(columns=["id", "xa_id"], rows={"territory": "own"})]
    published(reform, document(agreement="xa-25270-hai", recipient=OLD, clauses=own))

    with pytest.raises(Conflict, match="xa-25270-hai has changed"):
        approved(reform)


@pytest.fixture
def split(wide: World) -> World:
    """The commune is divided between the district and the tax office."""
    succeeds(wide, "cuc-thue")
    return wide


def test_a_unit_is_divided_between_its_successors_in_one_migration(split: World):
    found = drafted(split, successors=[gets(NEW, "own"), gets("cuc-thue", "keep")])

    made = approved(split)

    assert [(each.unit, each.rows) for each in found.successors] == [("cuc-thue", "keep"), (NEW, "own")]
    assert made == ("xa-25270-cuc-thue", "xa-25270-ubnd-689")
    assert versions(split) == [
        ("xa-25270", OLD, "published", date(2025, 1, 1), TAKES_EFFECT),
        ("xa-25270-cuc-thue", "cuc-thue", "published", TAKES_EFFECT, None),
        ("xa-25270-ubnd-689", NEW, "published", TAKES_EFFECT, None),
    ]
    rows = split.rows(
        "SELECT a.code, v.body -> 'grants' -> 0 -> 'rows' -> 0 -> 'one_of' FROM acl.agreement a "
        "JOIN acl.agreement_version v ON v.agreement_id = a.id WHERE v.valid_from = %s ORDER BY 1",
        TAKES_EFFECT,
    )
    assert rows == [("xa-25270-cuc-thue", [2, 3, 4, 5, 6]), ("xa-25270-ubnd-689", [2, 3, 4])]


def test_no_successor_is_forgotten_and_one_may_get_nothing(split: World):
    with pytest.raises(Conflict, match="cuc-thue succeeds ubnd-25270, too"):
        drafted(split, successors=[gets(NEW, "keep")])
    with pytest.raises(BadParameter, match="twice"):
        drafted(split, successors=[gets(NEW, "keep"), gets(NEW, "own"), gets("cuc-thue", "none")])
    with pytest.raises(Conflict, match="no agreement that would move"):
        drafted(split, successors=[gets(NEW, "none"), gets("cuc-thue", "none")])
    drafted(split, successors=[gets(NEW, "keep"), gets("cuc-thue", "none")])

    assert approved(split) == ("xa-25270-ubnd-689",)
    assert {each[1] for each in versions(split)} == {OLD, NEW}


def test_a_successor_that_was_approved_since_the_draft_is_not_passed_over(reform: World):
    drafted(reform)
    succeeds(reform, "cuc-thue")

    with pytest.raises(Conflict, match="cuc-thue succeeds"):
        approved(reform)


def test_a_unit_without_a_territory_has_no_rows_of_its_own(split: World):
    with pytest.raises(BadParameter, match="no territory of its own"):
        drafted(split, successors=[gets(NEW, "keep"), gets("cuc-thue", "own")])


def test_a_migration_takes_effect_on_the_day_of_the_succession_at_the_earliest(world: World):
    published(world, document(agreement="xa-25270", recipient=OLD, clauses=[clause(rows={"territory": "own"})]))
    succeeds(world, NEW, TAKES_EFFECT + timedelta(days=1))

    with pytest.raises(Conflict, match="on 2025-07-02; nothing moves before"):
        drafted(world)
    drafted(world, takes_effect=TAKES_EFFECT + timedelta(days=1))


def test_a_code_that_is_taken_is_told_when_drafting_and_another_one_is_chosen(reform: World):
    taken = document(agreement="xa-25270-ubnd-689")
    reform.act(drafting.draft, "so.mot", taken, vocabulary=VOCABULARY, day=DAY)

    with pytest.raises(Conflict, match="The code xa-25270-ubnd-689 is taken"):
        drafted(reform)
    with pytest.raises(BadParameter, match="khong-co does not move to ubnd-689"):
        drafted(reform, successors=[gets(NEW, "keep", khong_co="moi")])
    drafted(reform, successors=[gets(NEW, "keep", xa_25270="moi")])

    assert approved(reform) == ("moi",)


def test_two_agreements_of_one_migration_have_two_codes(split: World):
    with pytest.raises(Conflict, match="The code moi is taken"):
        drafted(split, successors=[gets(NEW, "keep", xa_25270="moi"), gets("cuc-thue", "keep", xa_25270="moi")])


def test_a_code_that_is_taken_since_the_draft_is_told_and_nothing_is_lost(split: World):
    both = [gets(NEW, "keep"), gets("cuc-thue", "keep")]
    drafted(split, successors=both)
    taken = document(agreement="xa-25270-ubnd-689")
    split.act(drafting.draft, "so.mot", taken, vocabulary=VOCABULARY, day=DAY)
    before = versions(split)

    with pytest.raises(Conflict, match="The code xa-25270-ubnd-689 is taken"):
        approved(split)

    assert versions(split) == before
    split.act(succession.refuse_succession, "so.hai", CODE, reason="trùng mã", day=DAY)
    drafted(split, succession="lai", successors=[gets(NEW, "keep", xa_25270="moi"), both[1]])
    with_words = {"vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    made = split.publisher(succession.approve_succession, "so.hai", "lai", **with_words)
    assert made == ("xa-25270-cuc-thue", "moi")


def suspend(world: World, who: str) -> None:
    world.rows("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = %s", who)


def test_what_somebody_drafted_who_may_not_act_any_more_is_refused_and_not_approved(reform: World):
    drafted(reform)
    suspend(reform, "so.mot")

    with pytest.raises(Conflict, match="may not act any more"):
        approved(reform)
    reform.act(succession.refuse_succession, "so.hai", CODE, reason="soạn lại", day=DAY)

    assert len(versions(reform)) == 1


def age(world: World, days: str) -> None:
    """Let the migration be drafted earlier."""
    world.rows(
        "UPDATE acl.succession SET made_at = made_at - %s::interval, expires_at = expires_at - %s::interval", days, days
    )


def test_a_migration_that_nobody_decided_in_five_days_has_expired(reform: World):
    drafted(reform)
    age(reform, "5 days")

    found = reform.act(lambda connection, _: succession.succession_named(connection, CODE), "so.mot")
    assert found.state == "expired"
    with pytest.raises(Conflict, match="expired"):
        approved(reform)
    with pytest.raises(Conflict, match="expired"):
        reform.act(succession.refuse_succession, "so.hai", CODE, reason="x", day=DAY)


def test_a_migration_is_approved_on_its_fifth_day(reform: World):
    drafted(reform)
    age(reform, "4 days 23:00:00")

    assert approved(reform) == ("xa-25270-ubnd-689",)


def test_acts_on_migrations_are_told_from_those_on_units(reform: World):
    drafted(reform)
    reform.act(succession.refuse_succession, "so.hai", CODE, reason="x", day=DAY)
    drafted(reform, succession="hai")
    reform.publisher(succession.approve_succession, "so.hai", "hai", vocabulary=VOCABULARY, clock=CLOCK, day=DAY)

    assert reform.rows("SELECT act, about FROM audit.act WHERE about LIKE 'migration:%%' ORDER BY at") == [
        ("migration.draft", f"migration:{CODE}"),
        ("migration.refuse", f"migration:{CODE}"),
        ("migration.draft", "migration:hai"),
        ("migration.approve", "migration:hai"),
    ]


DECIDE = "UPDATE acl.succession SET state = 'approved', checker = (SELECT id FROM acl.account WHERE code = %s)"


def refused_by(error: type[psycopg.Error], world: World, *statements: tuple) -> str | None:
    """Return the constraint by which PostgreSQL refuses to commit what the publisher writes."""
    connection = psycopg.connect(world.login("publisher"))
    try:
        with pytest.raises(error) as refused:
            for query, *values in statements:
                connection.execute(query, values)
            connection.commit()
    finally:
        connection.close()
    return refused.value.diag.constraint_name


def test_postgresql_keeps_a_migration_to_those_who_may_act_and_to_five_days(reform: World):
    drafted(reform)
    denied, violated = psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation

    assert refused_by(denied, reform, (DECIDE, "thue.canbo")) == "officers"
    assert refused_by(denied, reform, ("UPDATE acl.succession SET expires_at = 'infinity'",)) is None
    suspend(reform, "so.mot")
    assert refused_by(denied, reform, (DECIDE, "so.hai")) == "officers"
    reform.rows("UPDATE acl.account SET state = 'active', suspended_for = NULL")
    age(reform, "5 days")
    assert refused_by(violated, reform, (DECIDE, "so.hai")) == "in_time"


def test_postgresql_takes_no_item_after_the_approval(reform: World):
    drafted(reform)
    more = "INSERT INTO acl.succession_item SELECT * FROM acl.succession_item"

    assert refused_by(psycopg.errors.CheckViolation, reform, (DECIDE, "so.hai"), (more,)) == "order_of_states"


MOVES = (
    ("INSERT INTO acl.agreement (code, kind, recipient_id) SELECT 'moi', 'mac_dinh', i.to_unit "
     "FROM acl.succession_item i",),
    ("INSERT INTO acl.agreement_version (agreement_id, number, valid_from, valid_until, body, maker) "
     "SELECT a.id, 1, (i.body ->> 'valid_from')::date, (i.body ->> 'valid_until')::date, i.body, s.maker "
     "FROM acl.agreement a, acl.succession_item i JOIN acl.succession s ON s.id = i.succession_id "
     "WHERE a.code = 'moi'",),
    ("UPDATE acl.succession_item SET made_agreement = a.id, made_number = 1 FROM acl.agreement a "
     "WHERE a.code = 'moi'",),
    ("INSERT INTO acl.agreement_party (agreement_id, number, round, body_hash, unit_id, role) "
     "SELECT v.agreement_id, v.number, v.round, v.body_hash, u.id, r FROM acl.agreement_version v "
     "JOIN acl.agreement a ON a.id = v.agreement_id AND a.code = 'moi' JOIN acl.unit u ON u.id = a.recipient_id "
     "OR u.kind = 'so' CROSS JOIN unnest('{recipient,managing}'::text[]) r",),
    *(("UPDATE acl.agreement_version v SET state = %s FROM acl.agreement a WHERE a.id = v.agreement_id "
       "AND a.code = 'moi'", state) for state in ("proposed", "accepted")),
    ("UPDATE acl.agreement_version v SET state = 'published', checker = s.checker FROM acl.agreement a, "
     "acl.succession s WHERE a.id = v.agreement_id AND a.code = 'moi'",),
)  # fmt: skip


def test_postgresql_publishes_what_an_approved_migration_moves(reform: World):
    drafted(reform)

    with psycopg.connect(reform.login("publisher")) as connection:
        for query, *values in ((DECIDE, "so.hai"), *MOVES):
            connection.execute(query, values)

    assert ("moi", NEW, "published", TAKES_EFFECT, None) in versions(reform)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE acl.unit_succession SET day = day + 1",
        "UPDATE acl.unit_succession SET state = 'refused'",
        "UPDATE acl.succession SET takes_effect = takes_effect - 1",
        'UPDATE acl.succession_item SET body = body || \'{"valid_from": "2025-07-02"}\'',
        'UPDATE acl.succession_item SET body = body || \'{"purpose": "khác"}\'',
        "UPDATE acl.succession_item SET body = jsonb_set(body, '{grants,0,operations}', '[\"read\", \"export\"]')",
        "UPDATE acl.succession_item SET body = jsonb_set(body, '{grants,0,rows,0,one_of}', '[2, 3, 4]')",
        "UPDATE acl.succession_item SET body = jsonb_set(body, '{grants,0,rows,0,one_of}', '[3, 6]')",
        "UPDATE acl.succession_item SET body = jsonb_set(body, '{grants,0,rows,0,one_of}', '[]')",
        "UPDATE acl.succession_item SET body = body #- '{grants,0,rows,0,one_of}'",
        "UPDATE acl.succession_item SET body = jsonb_set(body, '{grants,0,rows}', '[]')",
        "UPDATE acl.succession_item SET body = jsonb_set(body, '{grants,0,rows,0,column}', '\"so_to\"')",
        "UPDATE acl.succession_item SET body = jsonb_insert(body, '{grants,0}', body -> 'grants' -> 0)",
        "UPDATE acl.agreement_version SET valid_until = '2025-09-01'",
        "UPDATE acl.agreement_version SET state = 'revoked'",
        "UPDATE acl.succession SET from_unit = (SELECT id FROM acl.unit WHERE code = 'cuc-thue')",
    ],
)
def test_postgresql_lets_a_migration_change_the_territory_alone(reform: World, change: str):
    drafted(reform)
    reform.rows(change)

    assert refused_by(psycopg.errors.CheckViolation, reform, (DECIDE, "so.hai"), *MOVES) == "as_moved"


def test_postgresql_moves_nothing_to_another_unit(reform: World):
    drafted(reform)
    other = ("INSERT INTO acl.agreement (code, kind, recipient_id) SELECT 'moi', 'mac_dinh', id FROM acl.unit "
             "WHERE code = 'cuc-thue'",)  # fmt: skip

    found = refused_by(psycopg.errors.CheckViolation, reform, (DECIDE, "so.hai"), other, *MOVES[1:])

    assert found == "all_accepted"


def test_postgresql_publishes_nothing_of_who_may_not_act_any_more(reform: World):
    drafted(reform)
    reform.rows(DECIDE + ", decided_at = now()", "so.hai")
    suspend(reform, "so.mot")

    assert refused_by(psycopg.errors.CheckViolation, reform, *MOVES) == "maker_may_act"
