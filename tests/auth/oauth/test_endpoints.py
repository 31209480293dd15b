"""Revocation, introspection, metadata; transport, logs, counts, origins."""

import logging
from datetime import timedelta

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from auth.credentials import tokens
from auth.oauth import Parts, Rates, blueprint, refuse_insecure_switch, silence_authlib
from auth.oauth.errors import TEXTS
from auth.oauth.forget import forget
from core.errors import SettingsError
from database.writer import Writer
from server.mounted import assemble
from tests.auth.oauth.conftest import BASE, SECRET, Service, basic

ORIGIN = "https://ban-do.example"


def test_trap_7_an_access_token_is_revoked_with_its_family_and_refused_at_once(service: Service) -> None:
    told = service.tokens()

    answer = service.post("/oauth/revoke", client_id="qgis", token=told["access_token"])

    assert (answer.status_code, answer.get_json()) == (200, {})
    assert not service.is_good(told["access_token"])
    assert service.refresh(told["refresh_token"]).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "something_else", ""])
def test_a_refresh_token_is_revoked_whatever_the_hint(service: Service, hint: str) -> None:
    told = service.tokens()

    answer = service.post("/oauth/revoke", client_id="qgis", token=told["refresh_token"], token_type_hint=hint)

    assert answer.status_code == 200
    assert not service.is_good(told["access_token"])


def test_revocation_does_not_tell_whether_there_was_a_token_and_leaves_those_of_others(service: Service) -> None:
    told = service.tokens()
    answers = [
        service.post("/oauth/revoke", basic("ioc-bang", SECRET), token=token)
        for token in (told["access_token"], told["refresh_token"], tokens.new_secret(), "x")
    ]

    assert {(answer.status_code, answer.data) for answer in answers} == {(200, b"{}")}
    assert service.is_good(told["access_token"])


def test_revocation_needs_a_client_and_a_token(service: Service) -> None:
    assert service.post("/oauth/revoke", token="x").status_code == 401
    assert service.post("/oauth/revoke", client_id="qgis").status_code == 400


def test_trap_8_only_clients_that_may_are_told_about_tokens(service: Service) -> None:
    told = service.tokens()
    own = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials").get_json()

    def asked(token: str):
        return service.post("/oauth/introspect", basic("ioc-bang", SECRET), token=token)

    answers = [asked(token) for token in (told["access_token"], own["access_token"], tokens.new_secret(), "x")]
    assert {(answer.status_code, answer.data) for answer in answers} == {(200, b'{"active": false}')}

    service.world.ask("UPDATE oauth.client SET may_introspect = true WHERE id = 'ioc-bang'")
    active = asked(told["access_token"]).get_json()
    assert active["active"] is True
    assert active["username"] == "can.bo"
    assert active["unit"] == "xa-an-phu"
    assert active["client_id"] == "qgis"
    assert active["scope"] == "features:read"
    assert active["iss"] == active["aud"] == BASE
    assert active["exp"] - active["iat"] == 600
    assert active["authorization_details"] == []


def test_introspection_names_the_agreements_in_force_of_the_unit(service: Service) -> None:
    world = service.world
    world.ask("UPDATE oauth.client SET may_introspect = true WHERE id = 'ioc-bang'")
    world.ask(
        "SET session_replication_role = replica"
    )  # the rows alone matter here, not how an agreement comes to them
    for code, state, since, until in (
        ("trong-han", "published", "-1", "1"),
        ("mai-moi", "published", "1", "9"),
        ("het-han", "published", "-9", "0"),
        ("du-thao", "draft", "-1", "1"),
    ):
        (agreement,) = world.ask(
            "INSERT INTO acl.agreement (code, kind, recipient_id) VALUES (%s, 'mac_dinh', %s) RETURNING id",
            code,
            world.xa,
        )[0]
        world.ask(
            "INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, valid_until, body, body_hash) "
            "VALUES (%s, 1, %s, lg.hom_nay() + %s::int, lg.hom_nay() + %s::int, '{}', 'x')",
            agreement,
            state,
            since,
            until,
        )
    token = service.tokens()["access_token"]

    told = service.post("/oauth/introspect", basic("ioc-bang", SECRET), token=token).get_json()

    assert told["authorization_details"] == [{"type": "agreement", "identifier": "trong-han", "version": 1}]


def test_trap_8_tokens_that_are_no_longer_good_are_inactive(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET may_introspect = true WHERE id = 'ioc-bang'")
    revoked, expired, of_suspended, refresh = (service.tokens() for _ in range(4))
    service.post("/oauth/revoke", client_id="qgis", token=revoked["access_token"])

    def is_active(token: str) -> bool:
        answer = service.post("/oauth/introspect", basic("ioc-bang", SECRET), token=token)
        return answer.get_json() != {"active": False}

    assert not is_active(revoked["access_token"])
    assert not is_active(refresh["refresh_token"])
    assert is_active(of_suspended["access_token"])
    service.world.suspend(service.world.person)
    assert not is_active(of_suspended["access_token"])
    service.clock.go(minutes=10)
    assert not is_active(expired["access_token"])


@pytest.mark.parametrize("headers", [None, basic("ioc-bang", "wrong")])
def test_trap_8_introspection_needs_a_client_that_proves_itself(service: Service, headers) -> None:
    told = service.tokens()

    answer = service.post("/oauth/introspect", headers, token=told["access_token"], client_id="qgis")

    assert answer.status_code == 401


def test_the_metadata_of_the_server_say_what_it_does(service: Service) -> None:
    answer = service.get("/.well-known/oauth-authorization-server")
    document = answer.get_json()

    AuthorizationServerMetadata(document).validate()
    assert document["issuer"] == BASE
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    for name, address in document.items():
        if name.endswith("_endpoint"):
            assert service.post(address.removeprefix(BASE)).status_code not in {404, 405}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_metadata_of_the_service_name_its_server(service: Service) -> None:
    document = service.get("/.well-known/oauth-protected-resource").get_json()

    assert document["resource"] == BASE
    assert document["authorization_servers"] == [BASE]
    assert document["bearer_methods_supported"] == ["header"]


def test_trap_5_tokens_do_not_reach_the_log_however_chatty_it_is(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    silence_authlib()
    caplog.set_level(logging.DEBUG)

    code = service.code()
    first = service.redeem(code).get_json()
    second = service.refresh(first["refresh_token"]).get_json()
    machine = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials").get_json()

    secrets = [code, SECRET, machine["access_token"]]
    secrets += [told[name] for told in (first, second) for name in ("access_token", "refresh_token")]
    assert not [secret for secret in secrets if secret in caplog.text]


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("http://dat.example", BASE),
        ("http://localhost", BASE),
        ("http://127.0.0.1", BASE),
        ("http://10.0.0.1:8000", "http://10.0.0.1:8000"),
        ("http://localhost", "http://10.0.0.1:8000"),
    ],
)
def test_trap_10_nothing_is_given_without_tls_whatever_the_host_header_says(
    service: Service, identity: Writer, address: str, base_url: str
) -> None:
    parts = Parts(base_url, identity, service.clock, service.people, Rates(100, 100))
    service.flask = assemble([blueprint(parts)], secret=b"s" * 32)
    service.base_url = address

    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/device_authorization"):
        answer = service.post(path, client_id="qgis", token="x")
        assert (answer.status_code, answer.get_json()["error"]) == (400, "insecure_transport")
    for path in ("/oauth/authorize", "/oauth/device"):
        answer = service.get(path)
        assert (answer.status_code, answer.text) == (400, "insecure_transport")


def test_trap_10_the_scheme_is_believed_of_as_many_proxies_as_the_setting_says(
    service: Service, identity: Writer
) -> None:
    parts = Parts(BASE, identity, service.clock, service.people, Rates(100, 100))
    service.base_url = "http://dat.example"

    def told(hops: int, value: str) -> str:
        service.flask = assemble([blueprint(parts)], secret=b"s" * 32, proxy_hops=hops)
        return service.post("/oauth/token", {"Forwarded": value}).get_json()["error"]

    assert told(0, "proto=https") == "insecure_transport"
    assert told(1, "proto=https") == "unsupported_grant_type"
    assert told(1, "proto=https, proto=http") == "insecure_transport"
    assert told(2, "proto=https, proto=http") == "unsupported_grant_type"
    assert told(2, "proto=https") == "insecure_transport"


@pytest.mark.parametrize("base_url", [BASE, "http://dat.example", "http://10.0.0.1", "https://127.0.0.1"])
def test_trap_10_the_switch_that_drops_tls_stops_the_start(base_url: str) -> None:
    refuse_insecure_switch(base_url, {})
    with pytest.raises(SettingsError, match="AUTHLIB_INSECURE_TRANSPORT"):
        refuse_insecure_switch(base_url, {"AUTHLIB_INSECURE_TRANSPORT": "1"})


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_trap_10_on_the_loopback_the_switch_hurts_nobody(base_url: str) -> None:
    refuse_insecure_switch(base_url, {"AUTHLIB_INSECURE_TRANSPORT": "1"})


def test_on_the_loopback_no_tls_is_needed(service: Service, identity: Writer) -> None:
    base_url = "http://127.0.0.1:8000"
    parts = Parts(base_url, identity, service.clock, service.people, Rates(100, 100))
    service.flask = assemble([blueprint(parts)], secret=b"s" * 32)
    service.base_url = base_url

    assert service.tokens()["access_token"]


def test_trap_9_an_error_says_its_word_and_the_text_of_that_word_alone(service: Service) -> None:
    for form in ({"grant_type": 'x"é'}, {"grant_type": "authorization_code", "code": "x", "client_id": "qgis"}, {}):
        told = service.post("/oauth/token", **form).get_json()
        assert told == {"error": told["error"], "error_description": TEXTS[told["error"]]}


@pytest.mark.parametrize("text", TEXTS.values())
def test_every_text_of_an_error_has_the_characters_of_rfc_6749(text: str) -> None:
    assert all(0x20 <= ord(each) <= 0x7E and each not in '"\\' for each in text)


def test_a_repeated_parameter_is_refused_and_the_query_is_not_read(service: Service) -> None:
    client = service.flask.test_client()
    code = service.code()
    form = f"grant_type=authorization_code&client_id=qgis&code={code}&code={code}"

    twice = client.post("/oauth/token", data=form, content_type="application/x-www-form-urlencoded", base_url=BASE)
    in_query = client.post(f"/oauth/token?grant_type=authorization_code&client_id=qgis&code={code}", base_url=BASE)

    assert twice.get_json()["error"] == "invalid_request"
    assert in_query.get_json()["error"] == "unsupported_grant_type"


def test_a_client_that_asks_too_often_waits_and_others_do_not(service: Service, identity: Writer) -> None:
    parts = Parts(BASE, identity, service.clock, service.people, Rates(of_address=7, of_client=3))
    service.flask = assemble([blueprint(parts)], secret=b"s" * 32)

    def status(name: str, address: str) -> int:
        answer = service.post("/oauth/token", basic(name, SECRET), address, grant_type="client_credentials")
        return answer.status_code

    assert [status("ioc-bang", "10.0.0.1") for _ in range(4)] == [200, 200, 200, 429]
    assert status("ioc-bang", "10.0.0.2") == 200
    assert [status(f"nobody{n}", "10.0.0.1") for n in range(5)] == [401, 401, 401, 401, 429]

    service.clock.go(minutes=1)
    assert status("ioc-bang", "10.0.0.1") == 200


def test_who_is_refused_for_asking_too_often_is_told_when_to_come_back(service: Service, identity: Writer) -> None:
    parts = Parts(BASE, identity, service.clock, service.people, Rates(of_address=0, of_client=0))
    service.flask = assemble([blueprint(parts)], secret=b"s" * 32)

    answer = service.post("/oauth/token", client_id="a\0b")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_a_page_calls_from_the_origins_of_its_client_alone(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET origins = %s WHERE id = 'qgis'", [ORIGIN])
    code = service.code()

    def redeem(origin: str):
        form = {"grant_type": "authorization_code", "client_id": "qgis", "code": code, "code_verifier": "v" * 43}
        form["redirect_uri"] = "http://127.0.0.1:7070/"
        return service.post("/oauth/token", {"Origin": origin}, **form)

    for origin in ("https://evil.example", "null", ORIGIN + ":8443", ORIGIN.upper()):
        refused = redeem(origin)
        assert refused.status_code == 400
        assert "Access-Control-Allow-Origin" not in refused.headers
    allowed = redeem(ORIGIN)
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in allowed.headers


def test_a_preflight_knows_the_origins_of_living_clients(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET origins = %s WHERE id = 'qgis'", [ORIGIN])

    def allowed(origin: str) -> str | None:
        client = service.flask.test_client()
        answer = client.options("/oauth/token", headers={"Origin": origin}, base_url=BASE)
        assert answer.headers["Vary"] == "Origin"
        return answer.headers.get("Access-Control-Allow-Origin")

    assert allowed(ORIGIN) == ORIGIN
    assert allowed("https://evil.example") is None
    service.world.ask("UPDATE oauth.client SET revoked_at = now() WHERE id = 'qgis'")
    assert allowed(ORIGIN) is None


def test_what_is_long_over_is_forgotten_and_what_lives_is_not(service: Service, identity: Writer) -> None:
    service.tokens()
    service.post("/oauth/device_authorization", client_id="qgis")
    service.clock.go(days=8)
    living = service.tokens()

    with identity.transaction() as connection:
        assert forget(connection, now=service.clock.now() + timedelta(seconds=1)) >= 5

    assert service.is_good(living["access_token"])
    for table in ("token", "refresh", "code", "family"):
        assert service.world.ask(f"SELECT count(*) FROM oauth.{table}") == [(1,)]
    assert service.world.ask("SELECT count(*) FROM oauth.device") == [(0,)]


def test_everything_survives_a_restart(service: Service, identity: Writer) -> None:
    code = service.code()
    parts = Parts(BASE, identity, service.clock, service.people, Rates(100, 100))
    service.flask = assemble([blueprint(parts)], secret=b"other" * 8)

    told = service.redeem(code).get_json()

    service.flask = assemble([blueprint(parts)], secret=b"third" * 8)
    assert service.refresh(told["refresh_token"]).status_code == 200


def test_a_get_at_the_token_endpoint_is_refused(service: Service) -> None:
    assert service.get("/oauth/token", grant_type="client_credentials").status_code == 405
