"""A grant is under way while somebody ends the account, its head or the client: through HTTP, each in a transaction.

One transaction is held open in the middle; the other one waits for it, and then finds what it left.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from werkzeug.test import TestResponse

from auth.credentials import endings
from auth.credentials.holds import hold_account
from auth.credentials.tokens import hash_of
from auth.oauth import clients
from tests.auth.oauth.conftest import DEVICE, SECRET, Service, basic

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
type Ending = Callable[[psycopg.Connection[Any]], object]


class Beside:
    """What goes on in another thread."""

    def __init__(self, service: Service, act: Callable[[], Any]) -> None:
        self._service = service
        self._result: Any = None
        self._act = act
        self._thread = threading.Thread(target=self._do)
        self._thread.start()

    def waits(self, those: int = 1) -> bool:
        """Tell whether it waits for another transaction, and does not just take its time."""
        until = time.monotonic() + 20
        while self._thread.is_alive() and time.monotonic() < until:
            if self._service.world.ask(_WAITING)[0][0] >= those:
                return True
            time.sleep(0.02)
        return False

    def done(self) -> Any:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self._result

    def _do(self) -> None:
        try:
            self._result = self._act()
        except Exception as exc:
            self._result = exc


@pytest.fixture(autouse=True)
def session(service: Service) -> None:
    """Let the person come by a session that is there."""
    now = service.clock.now()
    service.people.who = replace(service.world.person, key=hash_of("lds_lan"))
    service.world.ask(
        "INSERT INTO oauth.session (hash, account_id, begun_at, seen_at, expires_at) VALUES (%s, %s, %s, %s, %s)",
        hash_of("lds_lan"), service.world.person.account_id, now, now, now + timedelta(hours=1),
    )  # fmt: skip


@contextmanager
def as_identity(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(make_conninfo(dsn, user="datdai_mau_identity")) as connection:
        yield connection


def ending(service: Service, how: str) -> Ending:
    """Suspend or reset the account of the person, as the acts do it."""

    def end(connection: psycopg.Connection[Any]) -> None:
        account, now = service.world.person.account_id or 0, service.clock.now()
        hold_account(connection, account)
        change = "state = 'suspended', suspended_for = 'unit'" if how == "suspend" else "state = 'must_change'"
        connection.execute(f"UPDATE acl.account SET {change} WHERE id = %s".encode(), [account])
        endings.end_tokens(connection, account, now=now)

    return end


def committed(dsn: str, end: Ending) -> None:
    with as_identity(dsn) as connection:
        end(connection)


@contextmanager
def held(dsn: str, table: str) -> Iterator[None]:
    """Let nobody write a table: who does stops in the middle of the transaction."""
    with psycopg.connect(dsn) as connection:
        connection.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        yield


def alive(service: Service) -> int:
    """How many tokens and consents live."""
    return service.world.ask(
        "SELECT (SELECT count(*) FROM oauth.token WHERE revoked_at IS NULL) "
        "+ (SELECT count(*) FROM oauth.family WHERE ended_at IS NULL)"
    )[0][0]


def begun_device(service: Service) -> dict[str, Any]:
    return service.post("/oauth/device_authorization", client_id="qgis", scope="features:read").get_json()


def decide(service: Service, begun: dict[str, Any]) -> TestResponse:
    return service.post("/oauth/device", user_code=begun["user_code"], decision="allow")


def poll(service: Service, begun: dict[str, Any]) -> TestResponse:
    return service.post("/oauth/token", grant_type=DEVICE, client_id="qgis", device_code=begun["device_code"])


HOW = pytest.mark.parametrize("how", ["suspend", "reset"])


@HOW
def test_a_device_is_not_approved_by_an_account_that_is_ended_meanwhile(service: Service, empty_db: str, how: str):
    begun = begun_device(service)
    with as_identity(empty_db) as connection:
        ending(service, how)(connection)
        approving = Beside(service, lambda: decide(service, begun))
        waited = approving.waits()

    assert waited
    assert approving.done().get_json() == {"asks": "user_code", "wrong": True}
    assert (alive(service), poll(service, begun).status_code) == (0, 400)


@HOW
def test_what_a_device_was_given_ends_with_the_account_that_approved_it(service: Service, empty_db: str, how: str):
    begun = begun_device(service)
    with held(empty_db, "oauth.device"):
        approving = Beside(service, lambda: decide(service, begun))
        assert approving.waits()
        act = Beside(service, lambda: committed(empty_db, ending(service, how)))
        waited = act.waits(2)

    assert waited
    assert approving.done().get_json() == {"allowed": True}
    assert act.done() is None
    assert (alive(service), poll(service, begun).get_json()["error"]) == (0, "invalid_grant")


@HOW
def test_a_device_gets_no_token_of_an_account_that_is_ended_while_it_asks(service: Service, empty_db: str, how: str):
    begun = begun_device(service)
    decide(service, begun)
    with as_identity(empty_db) as connection:
        ending(service, how)(connection)
        polling = Beside(service, lambda: poll(service, begun))
        waited = polling.waits()

    assert waited
    assert polling.done().get_json()["error"] == "invalid_grant"
    assert alive(service) == 0


@HOW
def test_the_token_that_a_device_was_just_given_ends_with_the_account(service: Service, empty_db: str, how: str):
    begun = begun_device(service)
    decide(service, begun)
    with held(empty_db, "oauth.token"):
        polling = Beside(service, lambda: poll(service, begun))
        assert polling.waits()
        act = Beside(service, lambda: committed(empty_db, ending(service, how)))
        waited = act.waits(2)

    assert waited
    assert polling.done().status_code == 200
    assert act.done() is None
    assert alive(service) == 0


@HOW
def test_no_code_comes_of_the_consent_of_an_account_that_is_ended_meanwhile(service: Service, empty_db: str, how: str):
    with as_identity(empty_db) as connection:
        ending(service, how)(connection)
        consenting = Beside(service, service.authorize)
        waited = consenting.waits()

    assert waited
    sent_to = parse_qs(urlsplit(consenting.done().headers["Location"]).query)
    assert (sent_to.get("error"), "code" in sent_to) == (["access_denied"], False)
    assert service.world.ask("SELECT count(*) FROM oauth.code") == [(0,)]
    assert alive(service) == 0


@HOW
def test_a_code_is_worth_nothing_once_the_account_that_consented_has_ended(service: Service, empty_db: str, how: str):
    with held(empty_db, "oauth.code"):
        consenting = Beside(service, service.code)
        assert consenting.waits()
        act = Beside(service, lambda: committed(empty_db, ending(service, how)))
        waited = act.waits(2)

    assert waited
    code = consenting.done()
    assert act.done() is None
    assert service.redeem(code).get_json()["error"] == "invalid_grant"
    assert alive(service) == 0


def revoked_client(service: Service) -> Ending:
    def end(connection: psycopg.Connection[Any]) -> None:
        clients.revoke(connection, service.world.admin, "ioc-bang", now=service.clock.now())

    return end


def ended_head(service: Service) -> Ending:
    """End the head who was shown the secret of the client, and with it what came of that."""
    head = service.world.ioc_head.account_id or 0
    service.world.ask("UPDATE oauth.client SET made_by = %s, proof_by = %s WHERE id = 'ioc-bang'", head, head)

    def end(connection: psycopg.Connection[Any]) -> None:
        hold_account(connection, head)
        connection.execute("UPDATE acl.account SET state = 'revoked' WHERE id = %s", [head])
        endings.end_all(connection, head, now=service.clock.now())

    return end


def ask_as_machine(service: Service) -> TestResponse:
    return service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials")


WHO = pytest.mark.parametrize("end_of", [revoked_client, ended_head])


@WHO
def test_a_machine_gets_no_token_while_its_client_ends(service: Service, empty_db: str, end_of):
    end = end_of(service)
    with as_identity(empty_db) as connection:
        end(connection)
        asking = Beside(service, lambda: ask_as_machine(service))
        waited = asking.waits()

    assert waited
    assert asking.done().get_json()["error"] == "invalid_grant"
    assert alive(service) == 0


@WHO
def test_the_token_that_a_machine_was_just_given_ends_with_its_client(service: Service, empty_db: str, end_of):
    end = end_of(service)
    with held(empty_db, "oauth.token"):
        asking = Beside(service, lambda: ask_as_machine(service))
        assert asking.waits()
        act = Beside(service, lambda: committed(empty_db, end))
        waited = act.waits(2)

    assert waited
    assert asking.done().status_code == 200
    assert act.done() is None
    assert alive(service) == 0
