"""Refresh tokens: rotated at each use, and a second use ends all."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from auth.credentials import tokens
from auth.oauth import issue
from auth.oauth.model import QUERIES, Client
from database.writer import Writer
from tests.auth.oauth.conftest import ABSENT, Service


def test_trap_4_each_refresh_gives_a_new_refresh_token(service: Service) -> None:
    first = service.tokens()

    second = service.refresh(first["refresh_token"]).get_json()

    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert service.is_good(second["access_token"])


def test_trap_4_a_second_use_of_a_refresh_token_ends_the_family(service: Service) -> None:
    first = service.tokens()
    second = service.refresh(first["refresh_token"]).get_json()

    again = service.refresh(first["refresh_token"])

    assert again.status_code == 400
    assert again.get_json()["error"] == "invalid_grant"
    assert not service.is_good(first["access_token"])
    assert not service.is_good(second["access_token"])
    assert service.refresh(second["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_of_many_parallel_refreshes_one_succeeds_and_nothing_of_the_family_survives(service: Service) -> None:
    first = service.tokens()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.refresh(first["refresh_token"]), range(20)))

    won = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert not service.is_good(won[0]["access_token"])
    assert not service.is_good(first["access_token"])


def test_another_family_of_the_same_person_lives_on(service: Service) -> None:
    first, other = service.tokens(), service.tokens()
    service.refresh(first["refresh_token"])
    service.refresh(first["refresh_token"])

    assert not service.is_good(first["access_token"])
    assert service.is_good(other["access_token"])


def test_a_refresh_token_is_good_for_eight_hours(service: Service) -> None:
    first = service.tokens()
    service.clock.go(hours=7, minutes=59)
    second = service.refresh(first["refresh_token"]).get_json()
    assert "refresh_token" in second

    late = service.tokens()
    service.clock.go(hours=8)
    assert service.refresh(late["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_no_refresh_leads_beyond_twelve_hours(service: Service) -> None:
    told = service.tokens()
    for _ in range(2):
        service.clock.go(hours=5, minutes=58)
        told = service.refresh(told["refresh_token"]).get_json()
    assert told["expires_in"] == 240

    service.clock.go(minutes=4)
    assert not service.is_good(told["access_token"])
    assert service.refresh(told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_trap_1_an_access_token_lives_ten_minutes(service: Service) -> None:
    told = service.tokens()

    assert told["expires_in"] == 600
    service.clock.go(minutes=9, seconds=59)
    assert service.is_good(told["access_token"])
    service.clock.go(seconds=1)
    assert not service.is_good(told["access_token"])
    assert service.world.ask("SELECT max(expires_at - issued_at) FROM oauth.token") == [(tokens.ACCESS_LIFETIME,)]


def test_a_refresh_may_narrow_the_scopes_of_one_access_token(service: Service) -> None:
    told = service.tokens(scope="features:read tiles:read")

    narrow = service.refresh(told["refresh_token"], scope="tiles:read").get_json()
    wide = service.refresh(narrow["refresh_token"]).get_json()

    assert narrow["scope"] == "tiles:read"
    assert wide["scope"] == "features:read tiles:read"


@pytest.mark.parametrize("scope", ["features:read admin", "admin", "everything"])
def test_a_refresh_never_widens_and_leaves_the_token_as_it_was(service: Service, scope: str) -> None:
    told = service.tokens(scope="features:read")

    assert service.refresh(told["refresh_token"], scope=scope).get_json()["error"] == "invalid_scope"
    assert service.refresh(told["refresh_token"]).status_code == 200


def test_another_client_cannot_use_a_refresh_token_up(service: Service) -> None:
    service.world.client("khac", grant_types=["refresh_token"])
    told = service.tokens()

    assert service.refresh(told["refresh_token"], client_id="khac").get_json()["error"] == "invalid_grant"
    assert service.refresh(told["refresh_token"]).status_code == 200


@pytest.mark.parametrize("state", ["must_change", "suspended", "revoked"])
def test_an_account_that_may_not_act_is_refused(service: Service, state: str) -> None:
    told = service.tokens()
    service.world.suspend(service.world.person, state)

    assert service.refresh(told["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert not service.is_good(told["access_token"])


def test_an_account_whose_password_is_too_old_is_refused(service: Service) -> None:
    told = service.tokens()
    service.world.ask("UPDATE acl.account SET password_until = %s", service.clock.now())

    assert service.refresh(told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_revoked_client_is_refused(service: Service) -> None:
    told = service.tokens()
    service.world.ask("UPDATE oauth.client SET revoked_at = now() WHERE id = 'qgis'")

    answer = service.refresh(told["refresh_token"])

    assert answer.status_code == 401
    assert answer.get_json()["error"] == "invalid_client"


def test_a_client_without_refresh_gets_no_refresh_token(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET grant_types = '{authorization_code}' WHERE id = 'qgis'")

    assert "refresh_token" not in service.tokens()


@pytest.mark.parametrize("token", ["", "x", "ldr_" + "0" * 43 + "_000000", ABSENT])
def test_what_is_no_refresh_token_is_refused(service: Service, token: str) -> None:
    form = {} if token == ABSENT else {"refresh_token": token}

    answer = service.post("/oauth/token", grant_type="refresh_token", client_id="qgis", **form)

    assert answer.status_code == 400


def test_an_empty_secret_as_qgis_sends_it_is_none_and_any_other_is_refused(service: Service) -> None:
    told = service.tokens()

    assert service.refresh(told["refresh_token"], client_secret="x").get_json()["error"] == "invalid_request"
    assert service.refresh(told["refresh_token"], client_secret="").status_code == 200


def test_an_access_token_is_no_refresh_token_and_a_refresh_token_no_access_token(service: Service) -> None:
    told = service.tokens()

    assert service.refresh(told["access_token"]).get_json()["error"] == "invalid_grant"
    assert not service.is_good(told["refresh_token"])


def test_a_token_that_is_issued_while_its_family_ends_does_not_slip_out(service: Service, identity: Writer) -> None:
    told = service.tokens()
    family = service.world.ask("SELECT id FROM oauth.family")[0][0]
    client = Client(*_client_row(service))
    person = service.world.person.account_id or 0

    def end() -> None:
        with identity.transaction() as connection:
            tokens.end_family(connection, family, now=service.clock.now())

    with ThreadPoolExecutor(1) as pool:
        with identity.transaction() as connection:
            flow = issue.Flow(connection, service.clock.now())
            issued = issue.of_family(flow, client, person, family, scopes=["tiles:read"], of_refresh=["tiles:read"])
            ending = pool.submit(end)
            time.sleep(0.3)
            assert not ending.done()
        ending.result(timeout=10)

    assert not service.is_good(told["access_token"])
    assert not service.is_good(issued["access_token"])


def _client_row(service: Service) -> tuple[Any, ...]:
    return service.world.ask(QUERIES["living_client"].replace("%(id)s", "%s"), "qgis")[0]
