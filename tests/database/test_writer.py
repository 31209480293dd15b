"""Transactions of a few kept connections."""

import psycopg
import pytest

from core.errors import Unavailable
from database.writer import Writer


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
