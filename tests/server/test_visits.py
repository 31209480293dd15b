"""Every request is on record before its answer leaves, and what became of it afterwards."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from psycopg.types.json import Jsonb
from werkzeug.test import Client

from auth.audit.reading import Wanted, report
from core.errors import TooManyRequests, Unavailable
from core.settings import Settings
from formats.offered import FORMATS
from server.app import Application, create

DECISION = """
    SELECT subject, method, route, collection, operation, granted, status, reason, query
    FROM audit.decision ORDER BY at
"""
FORMATS_OF_PAGES = ("html", *(each.key for each in FORMATS))
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


def _left(dsn: str) -> list[tuple[int, int | None]]:
    return [(status, rows) for status, rows, *_ in _rows(dsn, OUTCOME)]


def _with(path: str, f: str) -> dict[str, object]:
    return {"f": f} | ({"limit": 3} if path.endswith("items") else {})


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


def test_the_agreements_on_record_are_those_that_give_the_operation_at_that_moment(
    application: Application, sample_db: str
):
    """Also where the profile stays the same, so that what is known of the caller stays good."""
    client, items = Client(application), "/collections/thua-dat/items?limit=1"

    for read, path in (("tt-1", items), ("tt-1", "/collections/thua-dat/export"), ("tt-3", items), ("tt-3", "/")):
        because = {"thua-dat": {"read": [read], "export": ["tt-2", "tt-4"]}, "moc": {"read": ["tt-5"]}}
        with psycopg.connect(sample_db) as connection:
            connection.execute("UPDATE acl.profile_in_force SET because = %s", [Jsonb(because)])
        client.get(path).close()

    found = _rows(sample_db, "SELECT agreements FROM audit.decision ORDER BY at")
    assert found == [(["tt-1"],), (["tt-2", "tt-4"],), (["tt-3"],), (None,)]


def test_a_profile_that_was_replaced_meanwhile_is_on_record_with_the_agreements_that_gave_it(
    application: Application, sample_db: str
):
    decided = _rows(sample_db, "SELECT audit.given_by('public', hash, 'moc', 'read') FROM acl.profile_in_force LIMIT 1")
    gone = _rows(sample_db, "SELECT audit.given_by('public', repeat('0', 64), 'moc', 'read')")
    with psycopg.connect(sample_db) as connection:
        connection.execute("UPDATE acl.profile_in_force SET because = %s", [Jsonb({"moc": {"read": ["tt-1"]}})])
    visitor = application._access.admit(("public", ""), "127.0.0.1")

    assert (len(decided), gone) == (1, [(None,)])
    assert visitor.given_by("moc", "read") == ("tt-1",)
    assert visitor.given_by("moc", "export") == visitor.given_by(None, None) == ()


def test_an_item_that_is_not_there_is_on_record_without_its_name(application: Application, sample_db: str):
    Client(application).get("/collections/thua-dat/items/0000-secret")

    [(*_, granted, status, reason, query)] = _rows(sample_db, DECISION)
    assert (granted, status, reason) == (False, 404, "not there, or not to be seen")
    assert "secret" not in query


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/collections/thua-dat/items?limit=x", 400, "not understood"),
        ("GET", "/collections/thua-dat/items?f=nothing", 400, "not understood"),
        ("DELETE", "/collections/thua-dat/items", 405, "method not offered"),
        ("POST", "/collections/thua-dat/items", 415, "content not offered"),
        ("GET", f"/collections/thua-dat/items?q={'x' * 20_000}", 413, "too large"),
    ],
)
def test_what_was_not_answered_as_asked_is_denied_on_record(
    application: Application, sample_db: str, method: str, path: str, status: int, reason: str
):
    answer = Client(application).open(path, method=method)

    [row] = _rows(sample_db, DECISION)
    assert (answer.status_code, *row[5:8]) == (status, False, status, reason)


def test_what_was_refused_for_a_quota_or_a_fault_of_the_server_is_denied_on_record(
    application: Application, sample_db: str, monkeypatch: pytest.MonkeyPatch
):
    answers: list[int] = []
    for error in (TooManyRequests("no more"), Unavailable("later"), ValueError("unforeseen")):
        monkeypatch.setattr(application._access, "admit", Mock(side_effect=error))
        answers.append(Client(application).get("/collections/thua-dat/items").status_code)

    assert answers == [429, 503, 500]
    assert [row[5:8] for row in _rows(sample_db, DECISION)] == [
        (False, 429, "more than is given, or than may run at once"),
        (False, 503, "not possible now"),
        (False, 500, "not possible now"),
    ]


def test_an_export_is_decided_before_its_first_byte_and_ends_with_what_left(application: Application, sample_db: str):
    answer = Client(application).get("/collections/moc/export", query_string={"f": "csv"}, buffered=False)
    before = _rows(sample_db, DECISION)
    body = answer.data
    answer.close()
    application.close()

    assert [(each[4], each[6]) for each in before] == [("export", 200)]
    [(moc,)] = _rows(sample_db, "SELECT count(*) FROM dc.moc")
    assert _rows(sample_db, OUTCOME) == [(200, moc, len(body), True)]


@pytest.mark.parametrize("f", FORMATS_OF_PAGES)
def test_a_page_is_on_record_with_its_rows_in_every_format(application: Application, sample_db: str, f: str):
    answer = Client(application).get("/collections/thua-dat/items", query_string={"limit": 7, "f": f})
    application.close()

    assert answer.status_code == 200
    assert _left(sample_db) == [(200, 7)]


@pytest.mark.parametrize("f", FORMATS_OF_PAGES)
def test_an_item_is_on_record_as_one_row_in_every_format(application: Application, sample_db: str, f: str):
    [(key,)] = _rows(sample_db, "SELECT id FROM dc.thua_dat WHERE hieu_luc_den IS NULL LIMIT 1")

    answer = Client(application).get(f"/collections/thua-dat/items/{key}", query_string={"f": f})
    application.close()

    assert answer.status_code == 200
    assert _left(sample_db) == [(200, 1)]


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("f", [each.key for each in FORMATS])
def test_an_export_is_on_record_with_its_rows_in_every_format(
    application: Application, sample_db: str, f: str, coding: str
):
    client = Client(application)
    matched = client.get("/collections/thua-dat/items?resulttype=hits").get_json(force=True)["numberMatched"]

    answer = client.get("/collections/thua-dat/export", query_string={"f": f}, headers={"Accept-Encoding": coding})
    body = answer.data
    answer.close()
    application.close()

    assert answer.status_code == 200
    assert len(body) > 1_000
    assert matched > 1_000
    assert _left(sample_db) == [(200, 0), (200, matched)]


@pytest.mark.parametrize("path", ["/collections/thua-dat/items", "/collections/thua-dat/items/{key}"])
@pytest.mark.parametrize("f", ["json", "html"])
def test_an_answer_without_a_body_is_on_record_without_a_row(
    application: Application, sample_db: str, path: str, f: str
):
    client = Client(application)
    [(key,)] = _rows(sample_db, "SELECT id FROM dc.thua_dat WHERE hieu_luc_den IS NULL LIMIT 1")
    path = path.format(key=key)

    tag = client.get(path, query_string=_with(path, f)).headers["ETag"]
    for _ in range(2):
        client.get(path, query_string=_with(path, f), headers={"If-None-Match": tag})
    client.head(path, query_string=_with(path, f))
    application.close()

    assert [each for each in _left(sample_db) if each[1] != 0] == [(200, 3 if path.endswith("items") else 1)]
    assert [status for status, rows in _left(sample_db) if rows == 0] == [304, 304, 200]


def test_the_head_of_an_export_is_on_record_without_a_row(application: Application, sample_db: str):
    Client(application).head("/collections/thua-dat/export")
    application.close()

    assert _left(sample_db) == [(200, 0)]


def test_an_export_that_is_broken_off_is_on_record_with_the_rows_prepared_by_then(
    application: Application, sample_db: str
):
    answer = Client(application).get("/collections/thua-dat/export", query_string={"f": "csv"}, buffered=False)
    pieces = iter(answer.response)
    taken = next(pieces) + next(pieces) + next(pieces)
    answer.close()
    application.close()

    [(_, rows, _, finished)] = _rows(sample_db, OUTCOME)
    [(every,)] = _rows(sample_db, "SELECT count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL")
    assert not finished
    assert taken.count(b"\r\n") - 1 <= rows < every


def test_a_client_that_goes_away_in_the_middle_is_told_apart(application: Application, sample_db: str):
    answer = Client(application).get("/collections/thua-dat/export", buffered=False)
    next(iter(answer.response))
    answer.close()
    application.close()

    [(status, rows, _, finished)] = _rows(sample_db, OUTCOME)
    assert (status, finished) == (200, False)
    assert rows > 0


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


@pytest.mark.parametrize(
    ("method", "path", "asked", "status", "columns"),
    [
        ("GET", "/collections/thua-dat/items", "filter=so_to=17", 200, ["*", "so_to"]),
        ("GET", "/collections/thua-dat/items", "filter=so_to=17&properties=dien_tich", 200, ["dien_tich", "so_to"]),
        ("GET", "/collections/thua-dat/items", "filter=so_to=17&resulttype=hits", 200, ["so_to"]),
        ("GET", "/collections/thua-dat/items", "", 200, ["*"]),
        ("GET", "/collections/thua-dat/items", "filter=so_to", 400, ["so_to"]),
        ("HEAD", "/collections/thua-dat/items", "", 200, None),
        ("GET", "/collections/thua-dat/export", "", 200, ["*"]),
        ("GET", "/collections/thua-dat/schema", "", 200, None),
    ],
)
def test_who_chose_no_columns_is_on_record_with_all(
    application: Application, sample_db: str, method: str, path: str, asked: str, status: int, columns: list[str]
):
    answer = Client(application).open(path, method=method, query_string=asked)
    answer.close()

    assert answer.status_code == status
    assert _rows(sample_db, "SELECT columns FROM audit.decision") == [(columns,)]


@pytest.mark.parametrize("path", ["/collections/thua-dat/items", "/collections/no-such/items"])
def test_a_large_form_that_is_refused_takes_little_room_on_record(application: Application, sample_db: str, path: str):
    answer = Client(application).post(path, data={"filter": "." * 1_000_000})

    assert answer.status_code in (400, 404)
    [(length,)] = _rows(sample_db, "SELECT length(query) FROM audit.decision")
    assert length <= 4_200


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


def test_a_report_tells_what_an_account_took_as_pages_for_people_and_as_exports(
    demo_db: str, as_app: Callable[[str], str], demo_tokens: dict[str, str], tmp_path: Path
):
    application = create(Settings(database_url=as_app(demo_db), home=tmp_path))
    client, headers = Client(application), {"Authorization": f"Bearer {demo_tokens['thue.canbo']}"}
    for path in ("items?limit=1000&f=html", "export?f=csv", "export?f=gpkg"):
        answer = client.get(f"/collections/thua-dat/{path}", headers=headers)
        assert (answer.status_code, len(answer.data) > 1_000) == (200, True)
        answer.close()
    application.close()

    now = datetime.now(UTC)
    wanted = Wanted(now - timedelta(days=1), now + timedelta(days=1), agreement="thue-2025-01")
    with psycopg.connect(demo_db) as connection:
        told = report(connection, wanted)

    assert told.rows == 5_000
    assert [(each.account, each.rows) for each in told.unusual] == [("thue.canbo", 5_000)]
