"""What is answered beside the service, sign-in, tokens and administration, is on record as everything else is."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from werkzeug.test import Client, TestResponse

from auth.credentials import sessions
from core.settings import Settings
from loader.demo.deriving import password_of
from server.app import Application, create
from tests.conftest import DEMO_KEY

DECISION = """
    SELECT subject, account, unit, client, ip, method, route, granted, status, reason, query
    FROM audit.decision ORDER BY at
"""
FROM = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def application(demo_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Application]:
    with psycopg.connect(demo_db) as connection:
        connection.execute(
            "SET session_replication_role = replica; DELETE FROM audit.outcome; DELETE FROM audit.decision"
        )
    made = create(Settings(database_url=as_app(demo_db), home=tmp_path))
    yield made
    made.close()


def _rows(dsn: str, query: str = DECISION) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_who_reads_the_accounts_is_on_record(application: Application, demo_db: str, demo_tokens: dict[str, str]):
    answer = Client(application).get(
        "/admin/api/accounts?limit=2", headers=_bearer(demo_tokens["so.quantri1"]), environ_overrides=FROM
    )
    [(subject, *who, granted, status, reason, query)] = _rows(demo_db)
    application.close()

    assert answer.status_code == 200
    assert subject.startswith("account:")
    assert who == [
        "so.quantri1", "so-tai-nguyen-va-moi-truong", None, "203.0.113.9", "GET", "/admin/api/accounts",
    ]  # fmt: skip
    assert (granted, status, reason, query) == (True, 200, None, "limit=2")
    assert _rows(demo_db, "SELECT status, bytes, finished FROM audit.outcome") == [(200, len(answer.data), True)]


def test_whom_somebody_looked_up_is_on_record_as_a_literal_alone(
    application: Application, demo_db: str, demo_tokens: dict[str, str]
):
    Client(application).get("/admin/api/accounts/thue.canbo", headers=_bearer(demo_tokens["so.quantri1"]))

    [row] = _rows(demo_db)
    assert (row[6], row[8]) == ("/admin/api/accounts/<account>", 200)
    assert row[10].startswith("account=#")
    assert "thue.canbo" not in str(row)


def test_who_probes_administration_is_on_record(application: Application, demo_db: str, demo_tokens: dict[str, str]):
    client = Client(application)
    client.get("/admin/api/accounts")
    client.get("/admin/api/accounts", headers=_bearer(demo_tokens["thue.canbo"]))
    client.post("/admin/api/ma-bi-mat/17", headers=_bearer(demo_tokens["so.quantri1"]), json={})

    assert [(each[1], each[5], each[6], each[7], each[8]) for each in _rows(demo_db)] == [
        (None, "GET", "/admin/api/accounts", False, 401),
        ("thue.canbo", "GET", "/admin/api/accounts", False, 403),
        (None, "POST", "/admin/<path>", False, 404),
    ]


def _session(dsn: str, account: str) -> str:
    """Begin a session around the pages; return what its cookie carries."""
    now = datetime.now(UTC)
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT id FROM acl.account WHERE code = %s", [account]).fetchone() or (0,)
        _, sign_in = sessions.begin_sign_in(connection, found[0], "password", now=now)
        return sessions.begin(connection, sign_in, now=now, address="", agent="")


@pytest.mark.parametrize("order", [(0, 0), (0, 1), (1, 0)], ids=["the same", "the own first", "the own last"])
@pytest.mark.parametrize(
    ("path", "once", "twice"),
    [
        ("/collections/thua-dat/items?limit=1&f=json", 200, 404),
        ("/account", 200, 303),
        ("/admin/api/accounts/thue.canbo", 200, 401),
    ],
)
def test_a_session_whose_cookie_comes_twice_counts_on_no_lane(
    application: Application, demo_db: str, path: str, once: int, twice: int, order: tuple[int, int]
):
    name, own = sessions.cookie_name("http://localhost"), _session(demo_db, "thue.canbo")
    keys = (own, _session(demo_db, "thue.lanhdao"))
    client = Client(application, use_cookies=False)

    alone = client.get(path, headers={"Cookie": f"{name}={own}"})
    doubled = client.get(path, headers={"Cookie": "; ".join(f"{name}={keys[each]}" for each in order)})

    assert (alone.status_code, doubled.status_code) == (once, twice)
    assert [each[1] for each in _rows(demo_db)] == ["thue.canbo", None]


def test_a_session_is_told_on_the_pages_of_an_account(application: Application, demo_db: str):
    key = _session(demo_db, "thue.canbo")
    client = Client(application)
    client.set_cookie(sessions.cookie_name("http://localhost"), key)

    client.get("/account")

    [row] = _rows(demo_db)
    assert (row[1], row[2], row[6]) == ("thue.canbo", "cuc-thue", "/account")


def _sign_in(application: Application, dsn: str, account: str, password: str = "") -> TestResponse:
    """Sign in by the page; by the right password where none is said."""
    with psycopg.connect(dsn) as connection:
        (until,) = connection.execute(
            "SELECT password_until FROM acl.account WHERE code = %s", [account]
        ).fetchone() or (None,)
        connection.execute("SET session_replication_role = replica; DELETE FROM acl.sign_in_failure")
    client = Client(application)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/signin").text)
    assert token is not None
    form = {"csrf_token": token[1], "name": account, "password": password or password_of(account, until, key=DEMO_KEY)}
    return client.post("/signin", data=form)


def test_a_sign_in_is_on_record_as_of_the_account_that_signed_in(application: Application, demo_db: str):
    answer = _sign_in(application, demo_db, "thue.canbo")

    *_, row = _rows(demo_db)
    assert answer.status_code == 303
    assert (row[0].startswith("account:"), row[1], row[2]) == (True, "thue.canbo", "cuc-thue")
    assert row[5:10] == ("POST", "/signin", True, 303, None)


def test_a_password_that_is_right_names_the_account_before_the_second_step(application: Application, demo_db: str):
    answer = _sign_in(application, demo_db, "so.quantri1")

    *_, row = _rows(demo_db)
    assert answer.headers["Location"].startswith("/account/code")
    assert (row[1], row[7]) == ("so.quantri1", True)


def test_a_refused_sign_in_is_on_record_as_denied(application: Application, demo_db: str):
    _sign_in(application, demo_db, "thue.canbo", "sai")

    *_, row = _rows(demo_db)
    assert (row[0], row[1]) == ("public", None)
    assert row[5:10] == ("POST", "/signin", False, 400, "not allowed")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/account", "not signed in"),
        ("/account/tokens", "not signed in"),
        ("/oauth/device?user_code=BCDF-GHJK", "not signed in"),
        ("/oauth/authorize?client_id=nobody", "not allowed"),
    ],
)
def test_who_is_sent_to_sign_in_was_denied(application: Application, demo_db: str, path: str, reason: str):
    answer = Client(application).get(path)

    [row] = _rows(demo_db)
    assert (row[7], row[8], row[9]) == (False, answer.status_code, reason)


def test_what_a_sign_in_lacks_still_is_denied_before(application: Application, demo_db: str):
    answer = _sign_in(application, demo_db, "so.quantri1")
    client = Client(application)
    name, _, key = answer.headers["Set-Cookie"].split(";")[0].partition("=")
    client.set_cookie(name, key)

    client.get("/account/tokens")

    *_, row = _rows(demo_db)
    assert row[7:10] == (False, 303, "something must be done first")


def test_the_way_out_and_the_page_of_sign_in_are_granted_to_everybody(application: Application, demo_db: str):
    Client(application).get("/signin")
    Client(application).get("/signout")

    assert [(row[6], row[7]) for row in _rows(demo_db)] == [("/signin", True), ("/signout", True)]


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/oauth/authorize?client_id=qgis&state=bi-mat&code_challenge=bi-mat", "/oauth/authorize"),
        ("GET", "/account/sso/back?code=bi-mat&state=bi-mat", "/account/sso/back"),
        ("POST", "/oauth/token?code=bi-mat", "/oauth/token"),
        ("GET", "/oauth/bi-mat", "/oauth/<path>"),
        ("GET", "/account/bi-mat?code=bi-mat", "/account/<path>"),
        ("POST", "/signin?next=/bi-mat", "/signin"),
        ("GET", "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server"),
    ],
)
def test_nothing_that_could_be_a_secret_is_on_record(
    application: Application, demo_db: str, method: str, path: str, route: str
):
    answer = Client(application).open(path, method=method, data={"password": "bi-mat"} if method == "POST" else None)

    [row] = _rows(demo_db)
    assert (row[0], row[5], row[6], row[8], row[10]) == ("public", method, route, answer.status_code, None)
    assert "bi-mat" not in str(row)


def test_a_client_that_said_who_it_is_is_told(application: Application, demo_db: str):
    with psycopg.connect(demo_db) as connection:
        found = connection.execute("SELECT id FROM oauth.client WHERE auth_method = 'none' LIMIT 1").fetchone()
    assert found is not None

    Client(application).post("/oauth/token", data={"grant_type": "refresh_token", "client_id": found[0]})

    [row] = _rows(demo_db)
    assert row[3] == found[0]


def test_what_cannot_be_put_on_record_is_not_answered(
    application: Application, demo_db: str, demo_tokens: dict[str, str]
):
    with psycopg.connect(demo_db, autocommit=True) as owner:
        names = owner.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute "
            "WHERE attrelid = 'audit.decision'::regclass AND attnum > 0"
        ).fetchone() or ("",)
        owner.execute("REVOKE INSERT ON audit.decision FROM datdai_mau_audit")
        owner.execute(f"REVOKE INSERT ({names[0]}) ON audit.decision FROM datdai_mau_audit".encode())
    try:
        answer = Client(application).get("/admin/api/accounts", headers=_bearer(demo_tokens["so.quantri1"]))
    finally:
        with psycopg.connect(demo_db, autocommit=True) as owner:
            owner.execute("GRANT INSERT ON audit.decision TO datdai_mau_audit")

    assert answer.status_code == 503
    assert b"quantri1" not in answer.data
