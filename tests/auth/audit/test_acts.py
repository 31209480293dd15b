"""Acts stand in the transaction that does them."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.audit.acts import record
from auth.model import Caller

ACTOR = Caller("account:7", "session", "ff", account_id=7, account="lan", unit_id=3, unit="so", client_id="console")


@pytest.mark.parametrize("login", ["identity", "publisher"])
def test_an_act_is_kept_with_who_did_it_and_what_changed(empty_db: str, login: str):
    with psycopg.connect(make_conninfo(empty_db, user=f"datdai_mau_{login}")) as connection:
        record(connection, ACTOR, "account.suspend", "account:binh", before={"state": "active"}, after={"đã": "khóa"})

    with psycopg.connect(empty_db) as owner:
        found = owner.execute("SELECT account, unit, client, entered, act, about, before, after FROM audit.act")
        assert found.fetchall() == [
            ("lan", "so", "console", "session", "account.suspend", "account:binh", {"state": "active"}, {"đã": "khóa"})
        ]


def test_an_act_that_is_rolled_back_was_none(empty_db: str):
    with psycopg.connect(make_conninfo(empty_db, user="datdai_mau_identity")) as connection:
        record(connection, ACTOR, "account.suspend", "account:binh")
        connection.rollback()

    with psycopg.connect(empty_db) as owner:
        assert owner.execute("SELECT count(*) FROM audit.act").fetchone() == (0,)


@pytest.mark.parametrize("login", ["identity", "publisher"])
def test_who_acts_can_only_add(empty_db: str, login: str):
    with psycopg.connect(make_conninfo(empty_db, user=f"datdai_mau_{login}"), autocommit=True) as connection:
        for statement in (
            "SELECT 1 FROM audit.act",
            "UPDATE audit.act SET about = 'x'",
            "DELETE FROM audit.act",
            "TRUNCATE audit.act",
            "INSERT INTO audit.act (at) VALUES (now())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
