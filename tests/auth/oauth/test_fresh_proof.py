"""Acts that decide need a fresh proof of the person: which those are, and that nothing stale does any of them."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from auth.api import proofs
from auth.api.http import PREFIX
from auth.credentials import sessions, tokens
from auth.credentials.proof import is_fresh
from auth.credentials.tokens import Prefix, hash_of, new_secret
from auth.model import Caller
from catalogue.layer import Text
from core.clocks import RealClock
from core.settings import Settings
from database.writer import Writer
from server.mounted import Mounted, create
from tests.auth.oauth.conftest import NOW, World

BASE = "https://dat.example"
DECIDING = {
    "POST /account-proposals",
    "POST /account-proposals/{number}/approval",
    "POST /account-proposals/{number}/half",
    "POST /account-proposals/{number}/refusal",
    "POST /accounts",
    "POST /accounts/{account}/functions",
    "POST /accounts/{account}/handovers",
    "POST /accounts/{account}/position",
    "POST /accounts/{account}/provision",
    "POST /accounts/{account}/reset",
    "POST /accounts/{account}/reset-second-factor",
    "POST /accounts/{account}/resume",
    "POST /agreements",
    "PUT /agreements/{code}",
    "POST /agreements/{code}/accept",
    "POST /agreements/{code}/propose",
    "POST /agreements/{code}/publish",
    "POST /catalogue/removals/confirmation",
    "PUT /catalogue/records/{record}/supplement",
    "POST /clients",
    "PATCH /clients/{client_id}",
    "POST /clients/{client_id}/secret",
    "POST /managers",
    "POST /managers/{number}/end",
    "POST /manager-proposals/{number}/approval",
    "POST /manager-proposals/{number}/refusal",
    "POST /outside-subjects",
    "POST /packages",
    "PUT /packages/{code}",
    "POST /packages/{code}/joinings",
    "POST /successions",
    "POST /successions/{code}/approve",
    "POST /tokens",
    "POST /unit-successions",
    "POST /unit-successions/{number}/decision",
    "POST /units",
    "PATCH /units/{unit}",
    "PUT /units/{unit}/parent",
    "POST /units/{unit}/functions",
    "PUT /units/{unit}/functions/{function}",
}
"""Every write that needs the proof. Who adds an endpoint says here, or in ``auth.api.proofs``, what it is."""
FREE = {f"{method} {path}" for method, path in proofs.TAKING_AWAY | proofs.PREPARING}
_ENROLLED = (
    "INSERT INTO acl.totp (account_id, sealed, confirmed_at, last_step) VALUES (%s, '', %s, 0) ON CONFLICT DO NOTHING"
)
CHALLENGE = 'Bearer error="insufficient_user_authentication", max_age="900"'


@pytest.fixture
def mounted(empty_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Mounted]:
    settings = Settings.model_validate({"database_url": as_app(empty_db), "home": tmp_path, "base_url": BASE})
    made = create(settings, layers=(), title=Text("Đất đai", "Land"), key=b"k" * 32)
    yield made
    made.close()


def writes_of(flask: Flask) -> set[str]:
    """Return every write endpoint that the application really has below the admin API."""
    return {
        f"{method} {proofs.path_of_rule(rule.rule, PREFIX)}"
        for rule in flask.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }


@dataclass(frozen=True, slots=True)
class Asking:
    """Sends requests with headers that say who asks."""

    client: Client
    headers: dict[str, str]

    def send(self, endpoint: str, **more: str) -> TestResponse:
        method, path = endpoint.split(" ")
        address = PREFIX + re.sub(r"\{(\w+)\}", lambda found: "1" if found[1] in ("number", "entry") else "x", path)
        headers = {"Sec-Fetch-Site": "same-origin"} | self.headers | more
        return self.client.open(address, method=method, base_url=BASE, headers=headers, json={})


def by_session(mounted: Mounted, world: World, who: Caller, proved_at: datetime | None) -> Asking:
    key, now = new_secret(Prefix.SESSION), RealClock().now()
    world.ask(_ENROLLED, who.account_id, now)
    world.ask(
        "INSERT INTO oauth.session (hash, account_id, begun_at, seen_at, expires_at, proved_at) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        hash_of(key), who.account_id, now - timedelta(hours=1), now, now + timedelta(minutes=30), proved_at,
    )  # fmt: skip
    client = Client(mounted.flask)
    client.set_cookie(sessions.SECURE_COOKIE, key, domain="dat.example", secure=True)
    return Asking(client, {})


def by_consent(mounted: Mounted, world: World, who: Caller, proved_at: datetime | None) -> Asking:
    token, family, now = new_secret(), uuid.uuid4(), RealClock().now()
    world.ask(
        "INSERT INTO oauth.client (id, unit_id, name) VALUES ('quan-tri', %s, 'Quản trị') ON CONFLICT DO NOTHING",
        world.so,
    )
    world.ask(
        "INSERT INTO oauth.family (id, account_id, client_id, begun_at, ends_at, proved_at) "
        "VALUES (%s, %s, 'quan-tri', %s, %s, %s)",
        family, who.account_id, now, now + timedelta(hours=12), proved_at,
    )  # fmt: skip
    world.ask(
        "INSERT INTO oauth.token (hash, kind, account_id, client_id, scopes, family, issued_at, expires_at) "
        "VALUES (%s, 'access', %s, 'quan-tri', '{admin}', %s, %s, %s)",
        hash_of(token), who.account_id, family, now, now + timedelta(minutes=10),
    )  # fmt: skip
    return Asking(Client(mounted.flask), {"Authorization": f"Bearer {token}"})


def by_personal_token(mounted: Mounted, identity: Writer, who: Caller) -> Asking:
    with identity.transaction() as connection:
        secret, _ = tokens.issue_personal(
            connection, who, purpose="thử", scopes=["admin"], lifetime=timedelta(days=1), now=RealClock().now()
        )
    return Asking(Client(mounted.flask), {"Authorization": f"Bearer {secret}"})


def test_every_write_of_the_admin_api_is_known_to_decide_or_not_to(mounted: Mounted) -> None:
    assert writes_of(mounted.flask) == DECIDING | FREE
    assert not DECIDING & FREE


def test_nothing_that_decides_is_done_by_a_stale_session_or_token(
    mounted: Mounted, world: World, identity: Writer
) -> None:
    stale = RealClock().now() - timedelta(minutes=15, seconds=1)
    askers = (
        by_session(mounted, world, world.admin, stale),
        by_session(mounted, world, world.admin, None),
        by_consent(mounted, world, world.admin, stale),
        by_consent(mounted, world, world.admin, None),
        by_personal_token(mounted, identity, world.admin),
    )

    for asker in askers:
        for endpoint in sorted(DECIDING):
            answer = asker.send(endpoint)

            assert (endpoint, answer.status_code) == (endpoint, 401)
            assert answer.headers["WWW-Authenticate"] == CHALLENGE
            assert answer.content_type == "application/problem+json"


def test_whoever_has_just_proved_who_they_are_comes_through_to_the_act_itself(mounted: Mounted, world: World) -> None:
    lately = RealClock().now() - timedelta(minutes=14)

    for asker in (by_session(mounted, world, world.admin, lately), by_consent(mounted, world, world.admin, lately)):
        for endpoint in sorted(DECIDING):
            assert (endpoint, asker.send(endpoint).status_code != 401) == (endpoint, True)


def test_what_takes_rights_away_or_prepares_asks_for_no_proof(mounted: Mounted, world: World, identity: Writer) -> None:
    asker = by_personal_token(mounted, identity, world.admin)

    for endpoint in sorted(FREE):
        assert (endpoint, asker.send(endpoint).status_code != 401) == (endpoint, True)


def test_the_refusal_says_what_to_do_in_the_language_of_the_reader(mounted: Mounted, world: World) -> None:
    asker = by_session(mounted, world, world.admin, None)

    english = asker.send("POST /units").get_json()
    vietnamese = asker.send("POST /units", **{"Accept-Language": "vi"}).get_json()

    assert english["status"] == 401
    assert "/account/proof" in english["detail"]
    assert "15 minutes" in english["detail"]
    assert "max_age=900" in english["detail"]
    assert "/account/proof" in vietnamese["detail"]
    assert "15 phút" in vietnamese["detail"]


@pytest.mark.parametrize(
    ("age", "fresh"),
    [(timedelta(), True), (timedelta(minutes=15), True), (timedelta(minutes=15, microseconds=1), False)],
)
def test_a_proof_is_fresh_for_a_quarter_of_an_hour(age: timedelta, fresh: bool) -> None:
    assert is_fresh(NOW - age, NOW) is fresh
    assert not is_fresh(None, NOW)


def test_the_document_says_which_endpoints_need_the_proof(mounted: Mounted, world: World) -> None:
    asker = by_session(mounted, world, world.admin, None)
    document: dict[str, Any] = asker.client.get(PREFIX, base_url=BASE, headers=asker.headers).get_json()

    told = {
        f"{method.upper()} {path.removeprefix(PREFIX)}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "fresh proof" in operation.get("description", "")
    }

    assert told == DECIDING
