"""A province with units and accounts, and the login that keeps their tokens."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import psycopg
import pytest
from flask import Flask, Response
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from werkzeug.test import TestResponse

from auth.credentials.tokens import SCOPES, hash_of
from auth.model import AccountKind, Caller
from auth.oauth import Asked, Parts, Rates, blueprint
from auth.oauth.people import Away
from database.writer import Writer
from server.mounted import assemble

NOW = datetime(2025, 7, 1, 3, 0, tzinfo=UTC)
BASE = "https://dat.example"
REDIRECT = "http://127.0.0.1:7070/"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SECRET = "lds_bi-mat-cua-ioc"
ABSENT = "\0"
_UNITS = "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, '2025-01-01') RETURNING id"
_ACCOUNTS = (
    "INSERT INTO acl.account (code, unit_id, kind, person, state) VALUES (%s, %s, %s, %s, 'active') RETURNING id"
)


class World:
    """The database as its superuser sees it, with one account of each kind."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self.so = self._one(_UNITS, "so-tnmt", "Sở Nông nghiệp và Môi trường", "so")
        self.xa = self._one(_UNITS, "xa-an-phu", "UBND xã An Phú", "xa")
        self.ioc = self._one(_UNITS, "ioc", "Trung tâm điều hành", "ioc")
        self.admin = self._account("quan.tri", self.so, AccountKind.SYSTEM_ADMIN)
        self.head = self._account("thu.truong", self.xa, AccountKind.UNIT_HEAD)
        self.person = self._account("can.bo", self.xa, AccountKind.INDIVIDUAL)
        self.machine = self._account("may.ioc", self.ioc, AccountKind.MACHINE)
        self.ioc_head = self._account("truong.ioc", self.ioc, AccountKind.UNIT_HEAD)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask or change the database around the service."""
        cursor = self._connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def client(self, client_id: str, **values: Any) -> None:
        """Register a client around the service."""
        values = {
            "id": client_id,
            "name": f"Chương trình {client_id}",
            "unit_id": self.so,
            "scopes": list(SCOPES),
            "for_everybody": True,
        } | values
        if "jwks" in values:
            values["jwks"] = Jsonb(values["jwks"])
        columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
        self.ask(f"INSERT INTO oauth.client ({columns}) VALUES ({places})", *values.values())

    def suspend(self, account: Caller, state: str = "suspended") -> None:
        """Let an account act no more."""
        why = "so" if state == "suspended" else None
        self.ask("UPDATE acl.account SET state = %s, suspended_for = %s WHERE id = %s", state, why, account.account_id)

    def _account(self, code: str, unit: int, kind: AccountKind) -> Caller:
        account = self._one(_ACCOUNTS, code, unit, str(kind), None if kind is AccountKind.MACHINE else code)
        unit_code = self.ask("SELECT code FROM acl.unit WHERE id = %s", unit)[0][0]
        return Caller(
            f"account:{account}",
            "session",
            "",
            account_id=account,
            account=code,
            account_kind=kind,
            unit_id=unit,
            unit=unit_code,
            proved_at=NOW,
        )

    def _one(self, query: str, *values: object) -> int:
        return int(self.ask(query, *values)[0][0])


@pytest.fixture
def world(empty_db: str) -> Iterator[World]:
    with psycopg.connect(empty_db, autocommit=True) as connection:
        yield World(connection)


@pytest.fixture
def identity(empty_db: str) -> Iterator[Writer]:
    """The login that keeps accounts and tokens."""
    writer = Writer(make_conninfo(empty_db, user="datdai_mau_identity"), purpose="identity")
    yield writer
    writer.close()


@dataclass
class MovableClock:
    """A clock that goes when it is told to."""

    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def go(self, **by: float) -> None:
        self.instant += timedelta(**by)


class StandIn:
    """The pages, without pages: who is signed in is said by the test, and what is asked is answered as JSON."""

    def __init__(self) -> None:
        self.who: Caller | None = None
        self.been: Away | None = None

    def signed_in(self) -> Caller | None:
        return self.who

    def sign_in(self) -> Response:
        return flask.redirect("/signin")

    def prove(self, **more: str) -> Response:
        return flask.redirect("/account/proof" + ("?" + urlencode(more) if more else ""))

    def away(self) -> Away | None:
        return self.been

    def ask(self, asked: Asked) -> Response:
        return flask.jsonify(asdict(asked))

    def decision(self) -> bool | None:
        decided = flask.request.form.get("decision")
        return None if decided is None else decided == "allow"

    def ask_user_code(self, *, wrong: bool = False) -> Response:
        return flask.jsonify({"asks": "user_code", "wrong": wrong})

    def told_device(self, *, allowed: bool) -> Response:
        return flask.jsonify({"allowed": allowed})

    def refused(self, status: int, error: str) -> Response:
        return Response(error, status)


@dataclass
class Service:
    """The authorization server, with a browser and with programs that ask it."""

    flask: Flask
    world: World
    people: StandIn
    clock: MovableClock
    base_url: str = BASE

    def get(self, path: str, **query: str) -> TestResponse:
        return self.flask.test_client().get(path, query_string=query, base_url=self.base_url)

    def post(self, path: str, headers: dict[str, str] | None = None, address: str = "10.1.2.3", **form) -> TestResponse:
        client = self.flask.test_client()
        surroundings = {"REMOTE_ADDR": address}
        return client.post(path, data=form, headers=headers, base_url=self.base_url, environ_base=surroundings)

    def authorize(self, decision: str | None = "allow", **changes: str | None) -> TestResponse:
        asked = {
            "response_type": "code",
            "client_id": "qgis",
            "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "xyz",
            "scope": "features:read",
        }
        query = urlencode({name: value for name, value in (asked | changes).items() if value is not None})
        client = self.flask.test_client()
        if decision is None:
            return client.get(f"/oauth/authorize?{query}", base_url=self.base_url)
        return client.post(f"/oauth/authorize?{query}", data={"decision": decision}, base_url=self.base_url)

    def code(self, **changes: str | None) -> str:
        sent_to = self.authorize(**changes).headers["Location"]
        return parse_qs(urlsplit(sent_to).query)["code"][0]

    def redeem(self, code: str, **changes: str) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "client_id": "qgis",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        } | changes
        return self.post("/oauth/token", **{name: value for name, value in form.items() if value != ABSENT})

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        answer = self.redeem(self.code(**changes))
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def refresh(self, token: str, **form: str) -> TestResponse:
        form = {"client_id": "qgis"} | form
        return self.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **form)

    def is_good(self, token: str) -> bool:
        """Tell whether the next request with a token would pass."""
        found = self.world.ask(
            "SELECT t.revoked_at IS NULL AND t.expires_at > %s FROM oauth.token t "
            "JOIN oauth.acting(%s) a ON a.id = t.account_id WHERE t.hash = %s",
            self.clock.now(),
            self.clock.now(),
            hash_of(token),
        )
        return bool(found and found[0][0])


@pytest.fixture
def service(world: World, identity: Writer) -> Service:
    """The authorization server, with a client for everybody and one of a machine; ``can.bo`` is signed in."""
    world.client("qgis", grant_types=["authorization_code", "refresh_token", DEVICE], redirect_uris=[REDIRECT])
    world.client(
        "ioc-bang",
        grant_types=["client_credentials"],
        scopes=["features:read", "tiles:read"],
        account_id=world.machine.account_id,
        auth_method="client_secret_basic",
        secret_hash=hash_of(SECRET),
    )
    people, clock = StandIn(), MovableClock()
    people.who = world.person
    parts = Parts(BASE, identity, clock, people, Rates(of_address=1000, of_client=1000))
    return Service(assemble([blueprint(parts)], secret=b"s" * 32), world, people, clock)


def basic(name: str, secret: str) -> dict[str, str]:
    """Return the header of HTTP Basic."""
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}
