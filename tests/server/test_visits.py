"""Every request is on record before its answer leaves, and what became of it afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from werkzeug.test import Client

from core.settings import Settings
from server.app import Application, create

DECISION = """
    SELECT subject, method, route, collection, operation, granted, status, reason, query
    FROM audit.decision ORDER BY at
"""
OUTCOME = "SELECT o.status, o.rows, o.bytes, o.finished FROM audit.outcome o ORDER BY o.at"


@pytest.fixture
def application(sample_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Application]:
    with psycopg.connect(sample_db) as connection:
        connection.execute(
            "SET session_replication_role = replica; DELETE FROM audit.outcome; DELETE FROM audit.decision"
        )
    made = create(Settings(database_url=as_app(sample_db), home=tmp_path))
    yield made
    made.close()


def _rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_page_is_on_record_with_what_was_asked_and_what_left(application: Application, sample_db: str):
    answer = Client(application).get("/collections/thua-dat/items", query_string={"limit": 3, "so_to": "17"})
    decided = _rows(sample_db, DECISION)
    application.close()

    [(subject, method, route, collection, operation, granted, status, reason, query)] = decided
    assert (subject, method, route) == ("public", "GET", "/collections/{collectionId}/items")
    assert (collection, operation, granted, status, reason) == ("thua-dat", "read", True, 200, None)
    assert query.startswith("limit=3&so_to=#")
    assert "17" not in query.removeprefix("limit=3&so_to=#") or len(query) > 20
    assert _rows(sample_db, OUTCOME) == [(200, len(answer.get_json(force=True)["features"]), len(answer.data), True)]


def test_an_item_that_is_not_there_is_on_record_without_its_name(application: Application, sample_db: str):
    Client(application).get("/collections/thua-dat/items/0000-secret")

    [(*_, granted, status, reason, query)] = _rows(sample_db, DECISION)
    assert (granted, status, reason) == (False, 404, "not there, or not to be seen")
    assert "secret" not in query


def test_an_export_is_decided_before_its_first_byte_and_ends_with_what_left(application: Application, sample_db: str):
    answer = Client(application).get("/collections/moc/export", query_string={"f": "csv"}, buffered=False)
    before = _rows(sample_db, DECISION)
    body = answer.data
    answer.close()
    application.close()

    assert [(each[4], each[6]) for each in before] == [("export", 200)]
    assert _rows(sample_db, OUTCOME) == [(200, None, len(body), True)]


def test_a_client_that_goes_away_in_the_middle_is_told_apart(application: Application, sample_db: str):
    answer = Client(application).get("/collections/thua-dat/export", buffered=False)
    next(iter(answer.response))
    answer.close()
    application.close()

    [(status, _, _, finished)] = _rows(sample_db, OUTCOME)
    assert (status, finished) == (200, False)


def test_what_a_client_makes_up_takes_little_room_on_record(application: Application, sample_db: str):
    Client(application).open("/collections/" + "x" * 5_000, method="F" * 5_000)
    Client(application).get("/" + "y" * 5_000)

    rows = [(row[1], row[2], row[3] or "") for row in _rows(sample_db, DECISION)]
    assert [max(map(len, each)) <= 110 for each in rows] == [True, True]
    assert rows[1][1].startswith("/yyy")


def test_who_is_not_let_in_is_on_record_with_where(application: Application, sample_db: str):
    Client(application).get("/collections/ho-so/items/secret", headers={"Authorization": "Bearer x"})

    [(_, _, route, *_, status, _, _)] = _rows(sample_db, DECISION)
    assert (route, status) == ("/collections/{collectionId}/items/{itemId}", 401)


def test_what_cannot_be_put_on_record_is_not_answered(application: Application, sample_db: str):
    with psycopg.connect(sample_db, autocommit=True) as owner:
        owner.execute("REVOKE INSERT ON audit.decision FROM datdai_mau_audit")
        columns = (
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute "
            "WHERE attrelid = 'audit.decision'::regclass AND attnum > 0"
        )
        names = (owner.execute(columns.encode()).fetchone() or ("",))[0]
        owner.execute(f"REVOKE INSERT ({names}) ON audit.decision FROM datdai_mau_audit".encode())

    answer = Client(application).get("/collections/thua-dat/items")

    assert answer.status_code == 503
    assert b"features" not in answer.data


@pytest.mark.parametrize("path", ["/health/live", "/static/site.css"])
def test_what_shows_nothing_of_anybody_is_not_on_record(application: Application, sample_db: str, path: str):
    Client(application).get(path)

    assert _rows(sample_db, DECISION) == []
