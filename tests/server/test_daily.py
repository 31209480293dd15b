"""The hourly work of the supervisor: what the days bring to accounts and rights."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from catalogue.files import read_layers
from core.clocks import RealClock
from core.settings import Settings
from database.connections import login_of
from database.writer import Writer
from server.daily import Daily, Healing, start


def test_a_position_that_ended_is_ended_with_its_tokens_and_its_roles_are_dropped(
    demo_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    with psycopg.connect(demo_db) as connection:
        connection.execute("UPDATE acl.account SET ends_on = lg.hom_nay() WHERE code = '692.diaban'")
        connection.execute("UPDATE lg.ngay_phap_ly SET ngay = ngay + 3 WHERE ngay IS NOT NULL")
    work = Daily(Settings(database_url=as_app(make_conninfo(demo_db)), home=tmp_path), read_layers(), RealClock())

    work.run()
    work.run()
    work.close()

    with psycopg.connect(demo_db) as connection:
        state = connection.execute("SELECT state FROM acl.account WHERE code = '692.diaban'").fetchone()
        alive = connection.execute(
            "SELECT count(*) FROM oauth.token t JOIN acl.account a ON a.id = t.account_id "
            "WHERE a.code = '692.diaban' AND t.revoked_at IS NULL"
        ).fetchone()
        stale = connection.execute("SELECT count(*) FROM acl.stale_profile").fetchone()
    assert (state, alive, stale) == (("revoked",), (0,), (0,))


def test_the_operator_is_told_in_november_that_the_working_days_of_the_next_year_are_missing(
    demo_db: str, as_app: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    work = Daily(Settings(database_url=as_app(make_conninfo(demo_db)), home=tmp_path), read_layers(), RealClock())
    told: list[list[str]] = []

    for day in ("2027-10-31", "2027-11-01", "2027-11-01", "2027-11-02"):
        caplog.clear()
        with psycopg.connect(demo_db) as connection:
            connection.execute("UPDATE lg.ngay_phap_ly SET ngay = %s", [day])
        work.run()
        told.append([each.message for each in caplog.records if "calendar.yml" in each.message])
    work.close()

    [first] = told[1]
    assert "working days of 2028" in first
    assert told == [[], [first], [], [first]]


_CROSSING = """
    WITH made AS (
        INSERT INTO acl.function (unit_id, code, name, narrows, valid_from)
        SELECT unit_id, 'to-ban-do', 'Số tờ',
               '{"layers": ["thua-dat"], "columns": {"thua-dat": ["id", "xa_id", "so_to"]}}', '2025-01-01'
        FROM acl.account WHERE code = '692.diachinh' RETURNING id)
    INSERT INTO acl.account_function (account_id, function_id, given_by, valid_from)
    SELECT a.id, made.id, a.id, '2025-01-01' FROM made, acl.account a WHERE a.code = '692.diachinh'
"""


def test_an_account_whose_rights_do_not_fit_together_keeps_nobody_else_out_and_goes_on_without_the_collection(
    demo_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    with psycopg.connect(demo_db) as connection:
        connection.execute("UPDATE lg.ngay_phap_ly SET ngay = '2025-06-30'")
        connection.execute(_CROSSING)
        connection.execute(
            "INSERT INTO acl.stale_profile (account_id) SELECT id FROM acl.account "
            "WHERE code IN ('692.diachinh', 'hcc.canbo', 'thue.canbo')"
        )
    work = Daily(Settings(database_url=as_app(make_conninfo(demo_db)), home=tmp_path), read_layers(), RealClock())

    work.run()
    work.close()

    with psycopg.connect(demo_db) as connection:
        marked = connection.execute("SELECT count(*) FROM acl.stale_profile").fetchone()
        told = connection.execute(
            "SELECT a.code, n.collection FROM acl.notice n JOIN acl.account a ON a.id = n.account_id "
            "WHERE n.kind = 'left_out'"
        ).fetchall()
    assert marked == (0,)
    assert told == [("692.diachinh", "thua-dat~dt-2025-001")]


def _mark(dsn: str, *accounts: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO acl.stale_profile (account_id) SELECT id FROM acl.account WHERE code = ANY (%s) "
            "ON CONFLICT DO NOTHING",
            [list(accounts)],
        )


def _marked(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        query = "SELECT a.code FROM acl.stale_profile s JOIN acl.account a ON a.id = s.account_id ORDER BY 1"
        return [code for (code,) in connection.execute(query).fetchall()]


def test_rights_that_were_left_unpublished_are_published_by_a_running_server_within_seconds(
    demo_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    settings = Settings(database_url=as_app(make_conninfo(demo_db)), home=tmp_path)
    with psycopg.connect(demo_db) as connection:
        connection.execute("DELETE FROM acl.stale_profile")
    stop = start(settings, read_layers(), RealClock())
    try:
        _mark(demo_db, "thue.canbo")
        until = time.monotonic() + 15
        while _marked(demo_db) and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        stop.set()

    assert _marked(demo_db) == []


def test_a_mark_is_left_to_who_made_it_at_first(demo_db: str, as_app: Callable[[str], str]):
    with psycopg.connect(demo_db) as connection:
        connection.execute("DELETE FROM acl.stale_profile")
    dsn = login_of(None, as_app(make_conninfo(demo_db)), "publisher")
    with closing(Writer(dsn, purpose="test", size=1)) as publisher:
        healing = Healing(publisher, read_layers())
        _mark(demo_db, "hcc.canbo")
        healing.look()
        at_first = _marked(demo_db)
        healing.look()

    assert at_first == ["hcc.canbo"]
    assert _marked(demo_db) == []
