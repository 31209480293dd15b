"""Machines: a secret, or better an assertion that they signed."""

import json
import warnings
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwk, jws, jwt
from joserfc.errors import SecurityWarning

from auth.oauth.assertions import TYPE
from tests.auth.oauth.conftest import BASE, NOW, SECRET, Service, basic

EC = jwk.ECKey.generate_key("P-256", {"kid": "1"})
RSA = jwk.RSAKey.generate_key(2048, {"kid": "2"})
ED = jwk.OKPKey.generate_key("Ed25519", {"kid": "3"})
STRANGER = jwk.ECKey.generate_key("P-256", {"kid": "1"})
AT = int(NOW.timestamp())
CLAIMS = {"iss": "bo-tnmt", "sub": "bo-tnmt", "aud": BASE, "exp": AT + 120, "iat": AT, "jti": "a-1"}


@pytest.fixture
def ministry(service: Service) -> Service:
    """The authorization server with a client that signs."""
    keys = [key.as_dict(private=False) for key in (EC, RSA, ED)]
    service.world.client(
        "bo-tnmt",
        grant_types=["client_credentials"],
        scopes=["records:read"],
        account_id=service.world.machine.account_id,
        auth_method="private_key_jwt",
        jwks={"keys": keys},
    )
    return service


def _signed(alg: str = "ES256", key: Any = EC, header: dict[str, Any] | None = None, **changes: object) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    head = {"alg": alg, "kid": key.kid} | (header or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        return jwt.encode({k: v for k, v in head.items() if v is not None}, claims, key, registry=registry)


def _ask(service: Service, assertion: str, **form: str):
    form = {"client_assertion_type": TYPE, "client_assertion": assertion} | form
    return service.post("/oauth/token", grant_type="client_credentials", **form)


def test_a_secret_gives_a_token_of_the_machine_account_without_refresh(service: Service) -> None:
    answer = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials")

    told = answer.get_json()
    assert answer.status_code == 200
    assert told["expires_in"] == 600
    assert told["scope"] == "features:read tiles:read"
    assert "refresh_token" not in told
    assert service.world.ask("SELECT account_id, client_id FROM oauth.token") == [
        (service.world.machine.account_id, "ioc-bang")
    ]


@pytest.mark.parametrize(("alg", "key"), [("ES256", EC), ("RS256", RSA), ("EdDSA", ED), ("Ed25519", ED)])
def test_an_assertion_by_a_registered_key_gives_a_token(ministry: Service, alg: str, key: Any) -> None:
    answer = _ask(ministry, _signed(alg, key))

    assert answer.status_code == 200, answer.text
    assert answer.get_json()["scope"] == "records:read"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": BASE + "/oauth/token"},
        {"aud": [BASE]},
        {"iat": None},
        {"nbf": AT},
        {"exp": AT + 300},
        {"iat": AT + 20},
    ],
)
def test_other_good_claims_are_taken(ministry: Service, changes: dict[str, object]) -> None:
    assert _ask(ministry, _signed(**changes)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": [BASE, "https://other.example"]},
        {"aud": []},
        {"aud": {"x": 1}},
        {"iss": "qgis"},
        {"iss": None},
        {"sub": "nobody"},
        {"sub": None},
        {"sub": 7},
        {"sub": ["bo-tnmt"]},
        {"exp": None},
        {"exp": AT - 31},
        {"exp": AT + 331},
        {"exp": 10**12},
        {"exp": 10**400},
        {"exp": "soon"},
        {"exp": True},
        {"iat": AT - 400},
        {"iat": AT + 60},
        {"nbf": AT + 60},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "x" * 257},
    ],
)
def test_trap_6_claims_that_are_wrong_missing_or_too_long_lived_are_refused(
    ministry: Service, changes: dict[str, object]
) -> None:
    _refused(_ask(ministry, _signed(**changes)))


def test_an_assertion_is_good_once(ministry: Service) -> None:
    assertion = _signed()

    assert _ask(ministry, assertion).status_code == 200
    _refused(_ask(ministry, assertion))
    assert _ask(ministry, _signed(jti="a-2")).status_code == 200


def test_trap_6_only_the_algorithms_that_are_named_are_taken(ministry: Service) -> None:
    secret = jwk.OctKey.import_key(json.dumps(EC.as_dict(private=False)), {"kid": "1"})
    empty = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    payload = urlsafe_b64encode(json.dumps(CLAIMS).encode()).rstrip(b"=").decode()

    _refused(_ask(ministry, _signed("HS256", secret)))
    _refused(_ask(ministry, _signed("PS256", RSA)))
    _refused(_ask(ministry, _signed("RS512", RSA)))
    _refused(_ask(ministry, f"{empty}.{payload}."))


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt"])
def test_trap_6_a_token_of_another_type_is_no_assertion(ministry: Service, typ: str) -> None:
    _refused(_ask(ministry, _signed(header={"typ": typ})))


def test_a_key_in_the_header_is_not_looked_at(ministry: Service) -> None:
    _refused(_ask(ministry, _signed(key=STRANGER, header={"jwk": STRANGER.as_dict(private=False)})))
    _refused(_ask(ministry, _signed(key=STRANGER, header={"kid": None})))
    _refused(_ask(ministry, _signed(key=STRANGER, header={"jku": "https://evil.example/keys"})))


@pytest.mark.parametrize("assertion", ["", "x", "a.b.c", "e30.e30.", "." * 5, "x" * 10_000, "é.é.é"])
def test_what_is_no_assertion_is_refused(ministry: Service, assertion: str) -> None:
    _refused(_ask(ministry, assertion))


def test_an_assertion_of_another_type_is_refused(ministry: Service) -> None:
    _refused(
        _ask(ministry, _signed(), client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
    )


def test_a_client_proves_itself_in_the_way_it_was_registered_for(ministry: Service) -> None:
    _refused(ministry.post("/oauth/token", basic("bo-tnmt", "x"), grant_type="client_credentials"))
    _refused(ministry.post("/oauth/token", grant_type="client_credentials", client_id="bo-tnmt"))
    _refused(ministry.post("/oauth/token", grant_type="client_credentials", client_id="ioc-bang"))


def test_two_ways_at_once_are_refused(ministry: Service) -> None:
    form = {"client_assertion_type": TYPE, "client_assertion": _signed()}

    both = ministry.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials", **form)
    in_form = ministry.post("/oauth/token", grant_type="client_credentials", client_id="ioc-bang", client_secret=SECRET)

    assert both.get_json()["error"] == in_form.get_json()["error"] == "invalid_request"


def test_another_client_in_the_form_is_refused(service: Service) -> None:
    _refused(service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials", client_id="qgis"))


def test_trap_9_every_failure_of_a_client_has_the_same_body(ministry: Service) -> None:
    answers = [
        ministry.post("/oauth/token", basic("ioc-bang", "wrong"), grant_type="client_credentials"),
        ministry.post("/oauth/token", basic("nobody", "wrong"), grant_type="client_credentials"),
        ministry.post("/oauth/token", basic("qgis", "wrong"), grant_type="client_credentials"),
        ministry.post("/oauth/token", basic("ioc-bang", ""), grant_type="client_credentials"),
        ministry.post("/oauth/token", {"Authorization": "Basic \xff"}, grant_type="client_credentials"),
        ministry.post("/oauth/token", {"Authorization": "Basic /////w=="}, grant_type="client_credentials"),
        ministry.post("/oauth/token", {"Authorization": "Bearer x"}, grant_type="client_credentials"),
    ]
    others = [_ask(ministry, "x"), _ask(ministry, _signed(sub="nobody")), _ask(ministry, _signed(key=STRANGER))]

    assert {(answer.status_code, answer.data, str(answer.headers)) for answer in answers} == {
        (401, answers[0].data, str(answers[0].headers))
    }
    assert answers[0].headers["WWW-Authenticate"] == 'Basic realm="datdai"'
    assert {(answer.status_code, answer.data) for answer in others} == {(401, answers[0].data)}


@pytest.mark.parametrize("scope", ["admin", "records:read", "everything", "features:read everything"])
def test_a_machine_gets_no_scope_beyond_its_own(service: Service, scope: str) -> None:
    answer = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials", scope=scope)

    assert answer.get_json()["error"] == "invalid_scope"


def test_a_machine_may_ask_for_less(service: Service) -> None:
    answer = service.post(
        "/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials", scope="tiles:read"
    )

    assert answer.get_json()["scope"] == "tiles:read"


def test_a_machine_whose_account_may_not_act_gets_nothing(service: Service) -> None:
    service.world.suspend(service.world.machine)

    answer = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type="client_credentials")

    assert answer.get_json()["error"] == "invalid_grant"


def test_a_client_may_be_bound_to_networks_and_its_tokens_with_it(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET networks = '{10.20.0.0/16}' WHERE id = 'ioc-bang'")
    ask = {"grant_type": "client_credentials"}

    _refused(service.post("/oauth/token", basic("ioc-bang", SECRET), address="10.21.0.1", **ask))
    assert service.post("/oauth/token", basic("ioc-bang", SECRET), address="10.20.9.1", **ask).status_code == 200
    assert service.world.ask("SELECT networks::text FROM oauth.token") == [("{10.20.0.0/16}",)]


def test_a_public_client_cannot_ask_for_itself(service: Service) -> None:
    _refused(service.post("/oauth/token", grant_type="client_credentials", client_id="qgis"))


def test_a_machine_cannot_use_the_other_grants(service: Service) -> None:
    for grant in ("authorization_code", "refresh_token"):
        answer = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type=grant, code="x", refresh_token="x")
        assert answer.get_json()["error"] == "unauthorized_client"


@pytest.mark.parametrize("grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "", "é"])
def test_other_grants_do_not_exist(service: Service, grant: str) -> None:
    answer = service.post("/oauth/token", basic("ioc-bang", SECRET), grant_type=grant, username="a", password="b")

    assert answer.status_code == 400
    assert answer.get_json()["error"] == "unsupported_grant_type"


def _refused(answer) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.get_json()["error"] == "invalid_client"
