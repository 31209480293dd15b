"""Clients and personal tokens over the admin API."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from psycopg.conninfo import make_conninfo

from auth.api import blueprint, document
from auth.api.http import Access
from auth.credentials.tokens import hash_of, new_secret
from auth.model import Caller
from core.errors import Unauthorized
from database.writer import Writer
from server.mounted import assemble
from tests.auth.oauth.conftest import NOW, MovableClock, World

BROWSER = {
    "id": "xa-an-phu_ban-do",
    "name": "Bản đồ xã",
    "unit": "xa-an-phu",
    "grant_types": ["authorization_code"],
    "scopes": ["features:read"],
    "redirect_uris": ["https://ban-do.example/cb"],
}
TOKEN = {"purpose": "GDAL ở máy trạm", "scopes": ["features:read"], "days": 30}


class Api:
    """The admin API, asked by whom the test says."""

    def __init__(self, flask: Flask) -> None:
        self._flask = flask
        self.who: Caller | None = None

    def ask(self, method: str, path: str, body: Any = None, **headers: str):
        client = self._flask.test_client()
        headers = {"Sec-Fetch-Site": "same-origin"} | headers
        return client.open(f"/admin/api{path}", method=method, json=body, headers=headers)


@pytest.fixture
def api(empty_db: str, world: World, identity: Writer) -> Iterator[Api]:
    publisher = Writer(make_conninfo(empty_db, user="datdai_mau_publisher"), purpose="publisher")

    def caller() -> Caller:
        if made.who is None:
            raise Unauthorized
        return made.who

    access = Access(identity, publisher, identity, (), MovableClock(), caller)
    made = Api(assemble([blueprint(access)], secret=b"s" * 32))
    made.who = world.head
    yield made
    publisher.close()


ENDPOINTS = [
    ("GET", "/clients", None),
    ("POST", "/clients", BROWSER),
    ("GET", "/clients/xa-an-phu_ban-do", None),
    ("PATCH", "/clients/xa-an-phu_ban-do", {"name": "x"}),
    ("DELETE", "/clients/xa-an-phu_ban-do", None),
    ("POST", "/clients/xa-an-phu_ban-do/secret", {}),
    ("GET", "/tokens", None),
    ("POST", "/tokens", TOKEN),
    ("DELETE", "/tokens/0123456789abcdef", None),
    ("GET", "/consents", None),
    ("DELETE", "/consents/2f1c0000-0000-4000-8000-000000000000", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_who_has_not_signed_in_gets_nothing(api: Api, method: str, path: str, body: object) -> None:
    api.who = None

    assert api.ask(method, path, body).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_a_token_that_is_not_for_administration_gets_nothing(
    api: Api, world: World, method: str, path: str, body: object
) -> None:
    api.who = replace(world.admin, kind="token", scopes=frozenset({"features:read"}))

    assert api.ask(method, path, body).status_code == 403


def test_a_client_is_registered_shown_changed_listed_and_revoked(api: Api) -> None:
    made = api.ask("POST", "/clients", BROWSER)
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == "/admin/api/clients/xa-an-phu_ban-do"
    assert "client_secret" not in made.get_json()

    assert api.ask("GET", "/clients/xa-an-phu_ban-do").get_json() == made.get_json()
    changed = api.ask("PATCH", "/clients/xa-an-phu_ban-do", {"scopes": ["tiles:read"]}).get_json()
    assert changed == made.get_json() | {"scopes": ["tiles:read"]}
    assert api.ask("GET", "/clients").get_json()["items"] == [changed]
    assert api.ask("DELETE", "/clients/xa-an-phu_ban-do").status_code == 204
    assert api.ask("GET", "/clients/xa-an-phu_ban-do").get_json()["revoked_at"]
    assert api.ask("DELETE", "/clients/xa-an-phu_ban-do").status_code == 409


def test_a_secret_is_in_the_answer_that_makes_it_alone(api: Api, world: World) -> None:
    api.who = world.ioc_head
    machine = {
        "id": "ioc_ioc",
        "name": "IOC",
        "unit": "ioc",
        "grant_types": ["client_credentials"],
        "scopes": ["features:read"],
        "auth_method": "client_secret_basic",
        "account": "may.ioc",
    }

    first = api.ask("POST", "/clients", machine).get_json()["client_secret"]
    second = api.ask("POST", "/clients/ioc_ioc/secret", {}).get_json()["client_secret"]

    assert first != second
    assert "secret" not in api.ask("GET", "/clients/ioc_ioc").text.replace("client_secret_basic", "")


def test_clients_are_listed_in_pages(api: Api) -> None:
    for name in ("aaa", "bbb", "ccc"):
        api.ask("POST", "/clients", BROWSER | {"id": name, "name": name})

    first = api.ask("GET", "/clients?limit=2").get_json()
    second = api.ask("GET", f"/clients?limit=2&after={first['next']}").get_json()

    assert [each["id"] for each in first["items"] + second["items"]] == [
        f"xa-an-phu_{each}" for each in ("aaa", "bbb", "ccc")
    ]
    assert "next" not in second


def test_a_client_of_another_unit_is_like_none(api: Api, world: World) -> None:
    world.client("qgis")

    for method, path, body in [("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None)]:
        foreign = api.ask(method, f"/clients/qgis{path}", body)
        unknown = api.ask(method, f"/clients/nobody{path}", body)
        assert (foreign.status_code, foreign.data) == (unknown.status_code, unknown.data) == (404, unknown.data)


def test_an_individual_registers_no_client(api: Api, world: World) -> None:
    api.who = world.person

    assert api.ask("POST", "/clients", BROWSER).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{}, BROWSER | {"more": 1}, BROWSER | {"scopes": "admin"}, BROWSER | {"redirect_uris": ["x"]}, []],
)
def test_a_bad_client_is_refused(api: Api, body: object) -> None:
    assert api.ask("POST", "/clients", body).status_code == 400


def test_a_taken_name_is_a_conflict(api: Api) -> None:
    api.ask("POST", "/clients", BROWSER)

    assert api.ask("POST", "/clients", BROWSER).status_code == 409


def test_a_personal_token_is_told_once_and_listed_until_it_is_revoked(api: Api, world: World) -> None:
    made = api.ask("POST", "/tokens", TOKEN | {"networks": ["10.20.0.0/16"]})
    assert made.status_code == 201, made.text
    told = made.get_json()
    assert told.pop("token").startswith("lda_")
    assert told["networks"] == ["10.20.0.0/16"]

    assert api.ask("GET", "/tokens").get_json()["items"] == [told]
    api.who = world.person
    assert api.ask("GET", "/tokens").get_json()["items"] == []
    assert api.ask("DELETE", f"/tokens/{told['id']}").status_code == 404
    api.who = world.head
    assert api.ask("DELETE", f"/tokens/{told['id']}").status_code == 204
    assert api.ask("GET", "/tokens").get_json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        TOKEN | {"days": 91},
        TOKEN | {"days": 0},
        TOKEN | {"days": "30"},
        TOKEN | {"scopes": ["root"]},
        TOKEN | {"purpose": ""},
        TOKEN | {"networks": ["x"]},
        TOKEN | {"token": "mine"},
    ],
)
def test_a_bad_token_is_refused(api: Api, body: object) -> None:
    assert api.ask("POST", "/tokens", body).status_code == 400


def test_a_token_makes_no_other(api: Api, world: World) -> None:
    api.who = replace(world.head, kind="token", scopes=frozenset({"admin"}), key=new_secret())

    assert api.ask("POST", "/tokens", TOKEN).status_code == 403


def test_a_session_with_an_account_that_may_not_act_gets_no_token(api: Api, world: World) -> None:
    world.suspend(world.head)

    assert api.ask("POST", "/tokens", TOKEN).status_code == 403


def test_a_consent_is_listed_and_ended_with_its_tokens_by_its_owner_alone(api: Api, world: World) -> None:
    world.client("qgis", name="QGIS")
    family, token = uuid.uuid4(), new_secret()
    world.ask("INSERT INTO oauth.family (id, account_id, client_id, begun_at, ends_at) VALUES (%s, %s, 'qgis', %s, %s)",
              family, world.head.account_id, NOW, NOW + timedelta(hours=12))  # fmt: skip
    world.ask("INSERT INTO oauth.token (hash, kind, account_id, client_id, scopes, family, issued_at, expires_at) "
              "VALUES (%s, 'access', %s, 'qgis', '{tiles:read}', %s, %s, %s)",
              hash_of(token), world.head.account_id, family, NOW, NOW + timedelta(minutes=10))  # fmt: skip

    (given,) = api.ask("GET", "/consents").get_json()["items"]
    assert (given["id"], given["client_id"], given["client"]) == (str(family), "qgis", "QGIS")
    api.who = world.admin
    assert api.ask("GET", "/consents").get_json()["items"] == []
    assert api.ask("DELETE", f"/consents/{family}").status_code == 404
    api.who = world.head
    assert api.ask("DELETE", f"/consents/{family}").status_code == 204
    assert api.ask("DELETE", f"/consents/{family}").status_code == 404
    assert api.ask("DELETE", "/consents/x").status_code == 404
    assert world.ask("SELECT revoked_at FROM oauth.token") == [(NOW,)]
    assert world.ask("SELECT account, about FROM audit.act WHERE act = 'consent.end'") == [
        ("thu.truong", f"consent:{family}")
    ]


def test_a_bad_id_is_a_bad_request(api: Api) -> None:
    assert api.ask("DELETE", "/tokens/zz").status_code == 400


def test_the_document_describes_every_endpoint() -> None:
    described = document()

    validate(described)
    for method, path, _ in ENDPOINTS:
        template = path.replace("xa-an-phu_ban-do", "{client_id}").replace("0123456789abcdef", "{mark}")
        template = template.replace("2f1c0000-0000-4000-8000-000000000000", "{consent}")
        assert method.lower() in described["paths"][f"/admin/api{template}"]
