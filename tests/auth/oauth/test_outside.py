"""Who at an outside provider may sign in to which account: over the admin API, and the command ``datdai sso``."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from psycopg.conninfo import make_conninfo

from auth.api import blueprint
from auth.api.http import Access
from auth.model import Caller
from core.errors import Unauthorized
from database.writer import Writer
from server.cli import main
from server.mounted import assemble
from tests.auth.oauth.conftest import MovableClock, World

ISSUER = "https://sso.example/"
LINK = {"account": "can.bo", "issuer": ISSUER, "subject": "can-bo-17"}
PATH = f"/outside-subjects/can.bo?issuer={ISSUER}"


class Api:
    """The admin API, asked by whom the test says."""

    def __init__(self, flask: Flask) -> None:
        self._flask = flask
        self.who: Caller | None = None

    def ask(self, method: str, path: str, body: Any = None):
        headers = {"Sec-Fetch-Site": "same-origin"}
        return self._flask.test_client().open(f"/admin/api{path}", method=method, json=body, headers=headers)


@pytest.fixture
def api(empty_db: str, world: World, identity: Writer) -> Iterator[Api]:
    publisher = Writer(make_conninfo(empty_db, user="datdai_mau_publisher"), purpose="publisher")

    def caller() -> Caller:
        if made.who is None:
            raise Unauthorized
        return made.who

    access = Access(identity, publisher, identity, (), MovableClock(), caller)
    made = Api(assemble([blueprint(access)], secret=b"s" * 32))
    made.who = world.admin
    yield made
    publisher.close()


def test_a_link_is_recorded_listed_and_taken_back(api: Api, world: World) -> None:
    api.who = world.person
    made = api.ask("POST", "/outside-subjects", LINK)

    assert (made.status_code, made.get_json()) == (201, LINK)
    listed = api.ask("GET", "/outside-subjects").get_json()["items"]
    assert [(each["account"], each["subject"], each["linked_by"]) for each in listed] == [
        ("can.bo", "can-bo-17", "can.bo")
    ]
    assert api.ask("DELETE", PATH).status_code == 204
    assert api.ask("GET", "/outside-subjects").get_json() == {"items": []}
    acts = world.ask("SELECT act, about, account FROM audit.act ORDER BY id")
    assert acts == [("account.link", "account:can.bo", "can.bo"), ("account.unlink", "account:can.bo", "can.bo")]


ENDPOINTS = [("GET", "/outside-subjects", None), ("POST", "/outside-subjects", LINK), ("DELETE", PATH, None)]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_who_has_not_signed_in_gets_nothing(api: Api, method: str, path: str, body: object) -> None:
    api.who = None

    assert api.ask(method, path, body).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS[1:])
def test_a_head_links_nobody_else(api: Api, world: World, method: str, path: str, body: object) -> None:
    api.who = world.person
    api.ask("POST", "/outside-subjects", LINK)
    api.who = world.head

    assert api.ask(method, path, body).status_code == 403
    assert api.ask("GET", "/outside-subjects").get_json() == {"items": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"account": "can.bo"}, 400),
        (LINK | {"subject": ""}, 400),
        (LINK | {"more": 1}, 400),
        (LINK | {"account": "khong-co"}, 404),
        (LINK | {"account": "may.ioc"}, 404),
    ],
)
def test_a_bad_link_is_refused(api: Api, body: object, status: int) -> None:
    assert api.ask("POST", "/outside-subjects", body).status_code == status


def test_an_admin_alone_links_nobody_else(api: Api) -> None:
    assert api.ask("POST", "/outside-subjects", LINK).status_code == 403


def test_a_second_link_of_either_is_refused(api: Api, world: World) -> None:
    api.who = world.person
    api.ask("POST", "/outside-subjects", LINK)

    assert api.ask("POST", "/outside-subjects", LINK).status_code == 409
    api.who = world.head
    assert api.ask("POST", "/outside-subjects", LINK | {"account": "thu.truong"}).status_code == 409


def test_an_unknown_link_cannot_be_taken_back(api: Api) -> None:
    assert api.ask("DELETE", PATH).status_code == 404


type Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(empty_db: str, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    provider = {
        "DATDAI_OIDC_ISSUER": ISSUER,
        "DATDAI_OIDC_CLIENT_ID": "datdai",
        "DATDAI_OIDC_CLIENT_SECRET": "x",
        "DATDAI_OIDC_PASSWORD_RULE_EQUAL": "true",
    }

    def command(*arguments: str, known: bool = True) -> tuple[int, Any]:
        environ = {"DATDAI_DATABASE_URL": as_app(empty_db), "DATDAI_HOME": str(tmp_path)}
        code = main(list(arguments), environ | (provider if known else {}))
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return command


@pytest.mark.usefixtures("world")
def test_a_link_is_made_listed_and_taken_back_by_command(run: Run) -> None:
    assert run("sso", "link", "can.bo", "can-bo-17", "--as", "can.bo") == (0, "")

    _, listed = run("sso", "list", "--as", "can.bo")
    assert [(each["issuer"], each["subject"]) for each in listed] == [(ISSUER, "can-bo-17")]
    assert run("sso", "unlink", "can.bo", "--as", "can.bo") == (0, "")
    assert run("sso", "list", "--as", "quan.tri") == (0, [])


@pytest.mark.usefixtures("world")
def test_a_command_that_may_not_be_says_why(run: Run) -> None:
    assert run("sso", "link", "can.bo", "x", "--as", "thu.truong")[0] != 0
    code, said = run("sso", "link", "can.bo", "x", "--as", "quan.tri", known=False)
    assert code != 0
    assert "DATDAI_OIDC_ISSUER" in said
