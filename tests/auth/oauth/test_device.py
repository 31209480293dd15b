"""The device flow: a kiosk shows a code, a person decides elsewhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auth.oauth.people import Away
from tests.auth.oauth.conftest import BASE, DEVICE, NOW, Service


def _begin(service: Service, **form: str) -> dict[str, Any]:
    answer = service.post("/oauth/device_authorization", **({"client_id": "qgis", "scope": "features:read"} | form))
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def _poll(service: Service, begun: dict[str, Any], **form: str):
    form = {"client_id": "qgis", "device_code": begun["device_code"]} | form
    return service.post("/oauth/token", grant_type=DEVICE, **form)


def _decide(service: Service, begun: dict[str, Any], decision: str = "allow"):
    return service.post("/oauth/device", user_code=begun["user_code"], decision=decision)


def test_a_device_gets_a_token_when_the_person_allows_it(service: Service) -> None:
    begun = _begin(service)
    assert begun["verification_uri"] == BASE + "/oauth/device"
    assert begun["verification_uri_complete"].endswith(f"?user_code={begun['user_code']}")
    assert _poll(service, begun).get_json()["error"] == "authorization_pending"

    asked = service.get("/oauth/device", user_code=begun["user_code"].lower().replace("-", " ")).get_json()
    assert asked["client"] == "Chương trình qgis"
    assert asked["user_code"] == begun["user_code"]
    assert _decide(service, begun).get_json() == {"allowed": True}

    told = _poll(service, begun).get_json()
    assert told["scope"] == "features:read"
    assert service.is_good(told["access_token"])
    assert service.refresh(told["refresh_token"]).status_code == 200


def test_a_device_is_told_that_the_person_refused(service: Service) -> None:
    begun = _begin(service)
    _decide(service, begun, "deny")

    assert _poll(service, begun).get_json()["error"] == "access_denied"


def test_a_device_code_is_redeemed_once_and_a_second_use_ends_the_family(service: Service) -> None:
    begun = _begin(service)
    _decide(service, begun)
    told = _poll(service, begun).get_json()

    assert _poll(service, begun).get_json()["error"] == "invalid_grant"
    assert not service.is_good(told["access_token"])


def test_a_device_that_asks_too_often_is_slowed_down(service: Service) -> None:
    begun = _begin(service)
    _poll(service, begun)
    service.clock.go(seconds=4)
    assert _poll(service, begun).get_json()["error"] == "slow_down"

    service.clock.go(seconds=9)
    assert _poll(service, begun).get_json()["error"] == "slow_down"
    service.clock.go(seconds=15)
    assert _poll(service, begun).get_json()["error"] == "authorization_pending"


def test_a_device_code_ends_after_a_quarter_of_an_hour(service: Service) -> None:
    begun = _begin(service)
    assert begun["expires_in"] == 900
    service.clock.go(minutes=15)

    assert _poll(service, begun).get_json()["error"] == "expired_token"
    assert _decide(service, begun).get_json() == {"asks": "user_code", "wrong": True}


def test_another_client_does_not_get_the_token(service: Service) -> None:
    service.world.client("kiosk", grant_types=[DEVICE])
    begun = _begin(service)
    _decide(service, begun)

    assert _poll(service, begun, client_id="kiosk").get_json()["error"] == "invalid_grant"
    assert _poll(service, begun).status_code == 200


@pytest.mark.parametrize("code", ["", "x", "ldd_" + "0" * 43 + "_000000"])
def test_what_is_no_device_code_is_refused(service: Service, code: str) -> None:
    assert _poll(service, {"device_code": code}).status_code == 400


def test_a_client_without_the_grant_cannot_begin(service: Service) -> None:
    service.world.client("khac", grant_types=["authorization_code"])

    answer = service.post("/oauth/device_authorization", client_id="khac")

    assert answer.get_json()["error"] == "unauthorized_client"


def test_an_unknown_scope_is_refused_at_the_beginning(service: Service) -> None:
    answer = service.post("/oauth/device_authorization", client_id="qgis", scope="everything")

    assert answer.get_json()["error"] == "invalid_scope"


@pytest.mark.parametrize("scope", ["admin", "features:read admin"])
def test_a_device_is_never_given_administration(service: Service, scope: str) -> None:
    answer = service.post("/oauth/device_authorization", client_id="qgis", scope=scope)

    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_scope")
    assert service.world.ask("SELECT count(*) FROM oauth.device") == [(0,)]


def test_a_code_for_administration_would_not_be_consented_to(service: Service) -> None:
    begun = _begin(service)
    service.world.ask("ALTER TABLE oauth.device DROP CONSTRAINT no_admin_by_device")
    service.world.ask("UPDATE oauth.device SET scopes = '{admin}'")
    service.people.who = service.world.admin

    answer = service.post("/oauth/device", user_code=begun["user_code"], decision="allow")

    assert answer.get_json() == {"asks": "user_code", "wrong": True}
    assert service.world.ask("SELECT count(*) FROM oauth.family") == [(0,)]


def test_what_a_device_gets_carries_no_proof_of_the_person(service: Service) -> None:
    begun = _begin(service)
    service.post("/oauth/device", user_code=begun["user_code"], decision="allow")

    assert service.people.who
    assert service.people.who.proved_at
    assert service.world.ask("SELECT proved_at FROM oauth.family") == [(None,)]


@pytest.mark.parametrize("proved_at", [None, NOW - timedelta(minutes=15, seconds=1)])
def test_who_has_not_proved_lately_who_they_are_lets_no_device_in(service: Service, proved_at: datetime | None) -> None:
    begun = _begin(service)
    service.people.who = replace(service.world.person, proved_at=proved_at)

    sent = [_decide(service, begun), service.get("/oauth/device", user_code=begun["user_code"])]

    assert [each.headers["Location"] for each in sent] == [f"/account/proof?user_code={begun['user_code']}"] * 2
    assert _poll(service, begun).get_json()["error"] == "authorization_pending"
    service.people.who = replace(service.world.person, proved_at=NOW - timedelta(minutes=15))
    assert _decide(service, begun).get_json() == {"allowed": True}


def test_a_proof_that_never_comes_is_asked_for_once(service: Service) -> None:
    begun = _begin(service)
    service.people.who = replace(service.world.person, proved_at=None)
    service.people.been = Away(NOW)

    answer = _decide(service, begun)

    assert (answer.status_code, answer.text) == (400, "login_required")
    assert _poll(service, begun).get_json()["error"] == "authorization_pending"


def test_who_has_not_signed_in_decides_nothing(service: Service) -> None:
    begun = _begin(service)
    service.people.who = None

    assert _decide(service, begun).headers["Location"] == "/signin"
    assert _poll(service, begun).get_json()["error"] == "authorization_pending"


@pytest.mark.parametrize("typed", ["BCDF", "BCDF-GHJ", "BCDF-GHJKL", "1234-5678", "ĐĐĐĐ-ĐĐĐĐ", "%%%%-%%%%"])
def test_a_wrong_user_code_is_asked_for_again(service: Service, typed: str) -> None:
    assert service.get("/oauth/device", user_code=typed).get_json() == {"asks": "user_code", "wrong": True}


def test_user_codes_cannot_be_tried_one_after_another(service: Service) -> None:
    begun = _begin(service)
    for _ in range(10):
        service.get("/oauth/device", user_code="BCDF-GHJK")

    assert service.get("/oauth/device", user_code=begun["user_code"]).get_json()["wrong"]
    service.clock.go(minutes=1)
    assert "client" in service.get("/oauth/device", user_code=begun["user_code"]).get_json()


def test_a_decision_is_made_once(service: Service) -> None:
    begun = _begin(service)
    _decide(service, begun, "deny")

    assert _decide(service, begun).get_json() == {"asks": "user_code", "wrong": True}
    assert _poll(service, begun).get_json()["error"] == "access_denied"


def test_an_account_suspended_after_its_consent_gets_no_token(service: Service) -> None:
    begun = _begin(service)
    _decide(service, begun)
    service.world.suspend(service.world.person)

    assert _poll(service, begun).get_json()["error"] == "invalid_grant"
