"""A package is agreed once; a unit joins it by one act of an officer of the Sở and its own head."""

from datetime import date

import psycopg
import pytest

from auth.sharing import acceptance, drafting, packages, publication
from core.errors import BadDocument, Conflict, Forbidden, NotFound
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, package

PACKAGE = "dia-ban"


@pytest.fixture
def offered(world: World) -> World:
    publish_package(world)
    return world


def publish_package(world: World, **changes) -> None:
    version = world.act(drafting.draft, "so.mot", package(**changes), vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", PACKAGE, vocabulary=VOCABULARY, day=DAY)
    world.act(acceptance.accept, "so.lanhdao", PACKAGE, body_hash=version.body_hash, day=DAY)
    world.look(PACKAGE)
    world.publisher(
        publication.publish, "so.hai", PACKAGE, body_hash=version.body_hash, vocabulary=VOCABULARY, clock=CLOCK, day=DAY
    )


def join(world: World, who: str, unit: str = "ubnd-689", code: str = PACKAGE) -> packages.Joining:
    return world.publisher(packages.join, who, code, unit, vocabulary=VOCABULARY, clock=CLOCK, day=DAY)


def agreed(world: World) -> list[tuple]:
    return world.rows(
        "SELECT a.code, v.number, v.state, v.valid_from, v.body -> 'grants' -> 0 -> 'rows' FROM acl.agreement a "
        "JOIN acl.agreement_version v ON v.agreement_id = a.id WHERE a.kind = 'mac_dinh' ORDER BY 1, 2"
    )


@pytest.mark.parametrize(("first", "second"), [("so.mot", "689.lanhdao"), ("689.lanhdao", "so.mot")])
def test_an_officer_and_the_head_join_a_unit_in_its_own_territory(offered: World, first: str, second: str):
    begun = join(offered, first)
    done = join(offered, second)

    assert (begun.awaits, begun.agreement) == ("head" if first == "so.mot" else "officer", None)
    assert (done.awaits, done.agreement) == (None, "dia-ban-ubnd-689")
    rows = [{"column": "xa_id", "one_of": [2, 3, 4]}]
    assert agreed(offered) == [("dia-ban-ubnd-689", 1, "published", DAY, rows)]


def test_a_unit_of_the_province_joins_a_package_of_its_own_territory_for_every_row(offered: World):
    offered.rows("UPDATE acl.unit SET territory = 1 WHERE code = 'ubnd-689'")

    join(offered, "so.mot")
    join(offered, "689.lanhdao")

    assert agreed(offered) == [("dia-ban-ubnd-689", 1, "published", DAY, [])]


def test_a_package_that_names_its_territory_is_joined_for_that(world: World):
    publish_package(world, clauses=[clause()])

    join(world, "so.mot", "cuc-thue")
    join(world, "thue.lanhdao", "cuc-thue")

    rows = [{"column": "xa_id", "one_of": [5, 6]}]
    assert agreed(world) == [("dia-ban-cuc-thue", 1, "published", DAY, rows)]


def test_a_package_alone_gives_nobody_a_row(offered: World):
    (rows,) = offered.rows("SELECT body -> 'grants' -> 0 -> 'rows' FROM acl.agreement_version")[0]

    assert rows == [{"column": "xa_id", "one_of": []}]
    assert agreed(offered) == []


def test_one_side_joins_once(offered: World):
    join(offered, "so.mot")

    with pytest.raises(Conflict):
        join(offered, "so.hai")
    assert agreed(offered) == []


@pytest.mark.parametrize("who", ["thue.lanhdao", "thue.canbo", "so.khac", "25270.lanhdao"])
def test_nobody_else_joins_a_unit(offered: World, who: str):
    with pytest.raises(Forbidden):
        join(offered, who)


def test_a_unit_without_territory_does_not_join_a_package_of_own_territory(offered: World):
    with pytest.raises(BadDocument, match="territory"):
        join(offered, "so.mot", "cuc-thue")


def test_a_package_that_is_not_published_is_not_joined(world: World):
    world.act(drafting.draft, "so.mot", package(), vocabulary=VOCABULARY, day=DAY)

    with pytest.raises(Conflict, match="not published"):
        join(world, "so.mot")
    with pytest.raises(NotFound):
        join(world, "so.mot", code="khong-co")


def test_a_later_version_reaches_who_joins_again(offered: World):
    join(offered, "so.mot")
    join(offered, "689.lanhdao")
    changed = [clause(columns=["id", "xa_id"], rows={"territory": "own"})]
    publish_package(offered, clauses=changed, valid_from="2025-02-01")

    assert len(agreed(offered)) == 1
    join(offered, "so.hai")
    join(offered, "689.lanhdao")

    assert [each[:3] for each in agreed(offered)] == [
        ("dia-ban-ubnd-689", 1, "superseded"),
        ("dia-ban-ubnd-689", 2, "published"),
    ]


def test_joinings_are_seen_by_officers_and_by_the_unit(offered: World):
    join(offered, "so.mot")

    def seen(who: str) -> tuple:
        return offered.act(packages.joinings, who, PACKAGE, day=DAY)

    assert [each.awaits for each in seen("so.hai")] == ["head"]
    assert len(seen("689.lanhdao")) == 1
    assert seen("thue.lanhdao") == ()


def test_postgresql_knows_that_both_sides_have_joined(offered: World):
    join(offered, "so.mot")
    people = {name: who.account_id for name, who in offered.people.items()}

    with pytest.raises(psycopg.errors.CheckViolation), psycopg.connect(offered.login("publisher")) as connection:
        connection.execute("UPDATE acl.joining SET agreement_id = package_id, number = package_number")
    connection = psycopg.connect(offered.login("publisher"))
    connection.execute("UPDATE acl.joining SET head_id = %s", [people["thue.lanhdao"]])
    connection.execute(
        "INSERT INTO acl.agreement (code, kind, recipient_id, package_id) SELECT 'gia', 'mac_dinh', u.id, p.id "
        "FROM acl.unit u, acl.agreement p WHERE u.code = 'ubnd-689'"
    )
    connection.execute(
        "INSERT INTO acl.agreement_version (agreement_id, number, valid_from, body, maker) "
        "SELECT id, 1, %s, jsonb_build_object('valid_from', %s::date), %s FROM acl.agreement WHERE code = 'gia'",
        [DAY, DAY, people["so.mot"]],
    )
    connection.execute(
        "UPDATE acl.joining SET agreement_id = a.id, number = 1 FROM acl.agreement a WHERE a.code = 'gia'"
    )
    for state in ("proposed", "accepted"):
        connection.execute("UPDATE acl.agreement_version SET state = %s WHERE state IN ('draft', 'proposed')", [state])

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        connection.commit()
    connection.close()
    assert refused.value.diag.constraint_name == "all_accepted"


def test_a_package_in_the_future_waits(world: World):
    publish_package(world, valid_from="2025-09-01")

    with pytest.raises(Conflict, match="not published"):
        join(world, "so.mot")
    later = date(2025, 9, 2)
    world.publisher(packages.join, "so.mot", PACKAGE, "ubnd-689", vocabulary=VOCABULARY, clock=CLOCK, day=later)


def end_account(world: World, who: str) -> None:
    world.rows("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = %s", who)


def age(world: World, days: str) -> None:
    """Let what was begun be begun earlier."""
    world.rows(
        "UPDATE acl.joining SET begun_at = begun_at - %s::interval, expires_at = expires_at - %s::interval", days, days
    )


@pytest.mark.parametrize(("first", "second"), [("so.mot", "689.lanhdao"), ("689.lanhdao", "so.mot")])
def test_what_somebody_began_who_may_not_act_any_more_is_not_completed(offered: World, first: str, second: str):
    join(offered, first)
    end_account(offered, first)

    begun = join(offered, second)

    assert (begun.awaits, begun.agreement) == ("head" if second == "so.mot" else "officer", None)
    assert agreed(offered) == []
    assert offered.rows("SELECT state FROM acl.joining ORDER BY id") == [("expired",), ("begun",)]


def test_a_joining_that_nobody_completes_in_five_days_is_begun_anew(offered: World):
    join(offered, "so.mot")
    age(offered, "5 days")

    assert offered.act(packages.joinings, "so.hai", PACKAGE, day=DAY) == ()
    assert join(offered, "689.lanhdao").awaits == "officer"
    assert agreed(offered) == []
    assert join(offered, "so.hai").agreement == "dia-ban-ubnd-689"


def test_a_joining_is_completed_on_its_fifth_day(offered: World):
    join(offered, "so.mot")
    age(offered, "4 days 23:00:00")

    assert join(offered, "689.lanhdao").agreement == "dia-ban-ubnd-689"


COMPLETED = (
    "INSERT INTO acl.agreement (code, kind, recipient_id, package_id) SELECT 'gia', 'mac_dinh', u.id, p.id "
    "FROM acl.unit u, acl.agreement p WHERE u.code = 'ubnd-689'",
    "INSERT INTO acl.agreement_version (agreement_id, number, valid_from, body, maker) "
    "SELECT a.id, 1, lg.hom_nay(), jsonb_set(v.body, '{grants,0,rows,0,one_of}', '[2, 3, 4]') "
    "|| jsonb_build_object('valid_from', lg.hom_nay()), j.officer_id "
    "FROM acl.agreement a, acl.agreement_version v, acl.joining j WHERE a.code = 'gia'",
    "UPDATE acl.joining SET agreement_id = a.id, number = 1 FROM acl.agreement a WHERE a.code = 'gia'",
    "INSERT INTO acl.agreement_party (agreement_id, number, round, body_hash, unit_id, role) "
    "SELECT v.agreement_id, v.number, v.round, v.body_hash, u.id, r FROM acl.agreement_version v "
    "JOIN acl.agreement a ON a.id = v.agreement_id AND a.code = 'gia' JOIN acl.unit u ON u.id = a.recipient_id "
    "OR u.kind = 'so' CROSS JOIN unnest('{recipient,managing}'::text[]) r",
    *(
        f"UPDATE acl.agreement_version SET state = '{state}' WHERE state IN ('draft', 'proposed')"
        for state in ("proposed", "accepted")
    ),
    "UPDATE acl.agreement_version v SET state = 'published', checker = j.head_id FROM acl.joining j "
    "WHERE v.state = 'accepted'",
)


def begun_by_both(world: World) -> None:
    """Let both sides have signed, and nothing be published yet."""
    join(world, "so.mot")
    world.rows(
        "UPDATE acl.joining SET head_id = a.id FROM acl.account a WHERE a.code = '689.lanhdao' AND officer_id = %s",
        world.people["so.mot"].account_id,
    )


def refused_by(world: World, *statements: str) -> str | None:
    """Return the constraint by which PostgreSQL refuses to commit what the publisher writes."""
    connection = psycopg.connect(world.login("publisher"))
    try:
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            for each in statements:
                connection.execute(each.encode())
            connection.commit()
    finally:
        connection.close()
    return refused.value.diag.constraint_name


def test_postgresql_completes_a_joining_that_both_signed(offered: World):
    begun_by_both(offered)

    with psycopg.connect(offered.login("publisher")) as connection:
        for each in COMPLETED:
            connection.execute(each.encode())

    assert [each[:3] for each in agreed(offered)] == [("gia", 1, "published")]


@pytest.mark.parametrize(
    "change",
    [
        "jsonb_set(body, '{grants,0,rows,0,one_of}', '[2, 6]')",
        "jsonb_set(body, '{grants,0,rows,0,one_of}', '[]')",
        "jsonb_set(body, '{grants,0,rows}', '[]')",
        "jsonb_set(body, '{grants,0,columns}', body #> '{grants,0,columns}' || '[\"dia_chi\"]')",
        "jsonb_insert(body, '{grants,0}', body #> '{grants,0}')",
        'body || \'{"purpose": "khác"}\'',
    ],
)
def test_postgresql_lets_a_unit_join_the_package_as_it_was_accepted_alone(offered: World, change: str):
    begun_by_both(offered)
    other = f"UPDATE acl.agreement_version SET body = {change} WHERE state = 'draft'"

    assert refused_by(offered, *COMPLETED[:3], other, *COMPLETED[3:]) == "as_joined"


@pytest.mark.parametrize("who", ["so.mot", "689.lanhdao"])
def test_postgresql_completes_no_joining_of_who_may_not_act_any_more(offered: World, who: str):
    begun_by_both(offered)
    end_account(offered, who)

    assert refused_by(offered, *COMPLETED) == "maker_may_act"


def test_postgresql_completes_no_joining_after_five_days(offered: World):
    begun_by_both(offered)
    age(offered, "5 days")

    assert refused_by(offered, *COMPLETED) == "in_time"


def test_postgresql_keeps_who_signed_and_a_joining_open(offered: World):
    join(offered, "so.mot")

    assert refused_by(offered, "UPDATE acl.joining SET state = 'expired'") == "open_for_days"
    assert refused_by(offered, "UPDATE acl.joining SET officer_id = NULL") == "signed_once"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(offered.login("publisher")) as connection:
        connection.execute("UPDATE acl.joining SET expires_at = 'infinity'")
