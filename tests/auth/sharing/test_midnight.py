"""What starts or ends at midnight of the legal day does so without anyone's act."""

from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from auth.sharing import acceptance, drafting, publication
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, clause, document

STARTS, ENDS = date(2025, 9, 1), date(2025, 10, 1)
KEY = "a" * 64
UNITS = clause(layer="don-vi-hanh-chinh", columns=["id", "ma", "ten"], geometry=False, rows={"territory": "province"})


@pytest.fixture
def seen(world: World, as_app: Callable[[str], str]) -> Callable[[], int]:
    """Ask as the tax officer does: the number of administrative units that PostgreSQL shows today."""
    world.rows(
        "INSERT INTO acl.function (unit_id, code, name, valid_from) SELECT id, 'tinh-thue', 'Tính thuế', '2023-01-01' "
        "FROM acl.unit WHERE code = 'cuc-thue'"
    )
    world.rows(
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) SELECT a.id, f.id, '2023-01-01' "
        "FROM acl.account a, acl.function f WHERE a.code = 'thue.canbo' AND f.code = 'tinh-thue'"
    )
    world.rows("UPDATE acl.account SET password_until = 'infinity'")
    world.rows(
        "INSERT INTO oauth.session (hash, account_id, expires_at) SELECT %s, id, clock_timestamp() + '1 h' "
        "FROM acl.account WHERE code = 'thue.canbo'",
        KEY,
    )

    def ask() -> int:
        with psycopg.connect(as_app(world.dsn)) as app:
            row = app.execute("SELECT profile_hash FROM acl.caller_of('session', %s)", [KEY]).fetchone()
            assert row
            app.execute("SELECT acl.enter('session', %s, %s, '0', NULL, NULL)", [KEY, row[0]])
            try:
                found = app.execute("SELECT count(*) FROM (SELECT id, ma, ten FROM hc.don_vi) AS d").fetchone()
            except psycopg.errors.InsufficientPrivilege:
                return 0
            assert found
            return int(found[0])

    return ask


def agreed(world: World) -> None:
    given = document(clauses=[UNITS], valid_from=STARTS, valid_until=ENDS)
    version = world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", version.agreement, vocabulary=VOCABULARY, day=DAY)
    for who in ("thue.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, version.agreement, body_hash=version.body_hash, day=DAY)
    words = {"vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    world.look(version.agreement)
    world.publisher(publication.publish, "so.hai", version.agreement, body_hash=version.body_hash, **words)


def on(world: World, day: date) -> None:
    world.rows("UPDATE lg.ngay_phap_ly SET ngay = %s", day)


def test_an_agreement_begins_and_ends_as_the_legal_day_moves(world: World, seen: Callable[[], int]):
    agreed(world)

    counts = []
    for day in (DAY, date(2025, 8, 31), STARTS, date(2025, 9, 30), ENDS):
        on(world, day)
        counts.append(seen())

    assert counts == [0, 0, 6, 6, 0]


def test_an_agreement_that_is_revoked_is_over_with_the_act(world: World, seen: Callable[[], int]):
    agreed(world)
    on(world, STARTS)
    assert seen() == 6

    world.publisher(publication.revoke, "so.mot", "thue-2025-01", reason="x", vocabulary=VOCABULARY, day=STARTS)

    assert seen() == 0


def test_an_end_that_was_set_for_a_coming_day_comes_by_itself(world: World, seen: Callable[[], int]):
    agreed(world)
    earlier = date(2025, 9, 10)

    world.publisher(
        publication.revoke, "so.mot", "thue-2025-01", reason="x", on=earlier, vocabulary=VOCABULARY, day=DAY
    )

    on(world, date(2025, 9, 9))
    assert seen() == 6
    on(world, earlier)
    assert seen() == 0
