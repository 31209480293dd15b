"""Transactions of a few kept connections."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from core.errors import Unavailable
from database.writer import Writer

LIMITS = ("lock_timeout", "idle_in_transaction_session_timeout")


def test_a_transaction_is_kept_and_one_that_fails_leaves_nothing(blank_db: str):
    writer = Writer(blank_db, purpose="test")
    with writer.transaction() as connection:
        connection.execute("CREATE TABLE t (n int)")

    with pytest.raises(ZeroDivisionError), writer.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError

    with writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    writer.close()


def test_a_connection_that_was_ended_is_replaced(blank_db: str):
    writer = Writer(blank_db, purpose="test", size=1)
    with writer.transaction() as connection:
        pid = connection.info.backend_pid

    with psycopg.connect(blank_db, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    with writer.transaction() as connection:
        assert connection.info.backend_pid != pid
    writer.close()


def test_a_database_that_is_away_is_unavailable():
    writer = Writer("host=/nowhere user=nobody", purpose="test")

    with pytest.raises(Unavailable), writer.transaction():
        pass


def test_an_act_waits_for_another_one_a_while_and_no_longer(blank_db: str):
    writer = Writer(make_conninfo(blank_db, options="-c lock_timeout=50"), purpose="test")
    with writer.transaction() as connection:
        connection.execute("CREATE TABLE t (n int)")

    with writer.transaction() as first:
        first.execute("LOCK TABLE t")
        with pytest.raises(Unavailable, match="Another act is in the way"), writer.transaction() as second:
            second.execute("SELECT n FROM t")
    writer.close()


def test_nobody_waits_for_ever_unless_the_operator_says_so(blank_db: str):
    writer = Writer(blank_db, purpose="test")

    with writer.transaction() as connection:
        limits = [connection.execute(f"SHOW {name}").fetchone() for name in LIMITS]

    assert limits == [("15s",), ("1min",)]
    writer.close()
