"""The hourly work of the supervisor: what the days bring to accounts and rights."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from catalogue.files import read_layers
from core.clocks import RealClock
from core.settings import Settings
from server.daily import Daily


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
