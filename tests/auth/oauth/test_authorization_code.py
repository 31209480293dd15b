"""The authorization code: PKCE, redirects, one redemption."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.credentials.tokens import hash_of
from auth.oauth.people import Away
from tests.auth.oauth.conftest import ABSENT, BASE, NOW, REDIRECT, Service, basic


def _sent(answer) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    where = urlsplit(answer.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == REDIRECT
    return {name: value for name, (value,) in parse_qs(where.query).items()}


def test_a_code_gives_an_access_and_a_refresh_token(service: Service) -> None:
    answer = service.redeem(service.code())

    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 600
    assert told["scope"] == "features:read"
    assert told["access_token"].startswith("lda_")
    assert told["refresh_token"].startswith("ldr_")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_person_is_asked_before_a_code_is_made(service: Service) -> None:
    asked = service.authorize(decision=None).get_json()

    assert asked["client"] == "Chương trình qgis"
    assert asked["scopes"] == ["features:read"]
    assert asked["goes_to"] == "127.0.0.1"
    assert service.world.ask("SELECT count(*) FROM oauth.code") == [(0,)]


def test_who_has_not_signed_in_is_sent_to_sign_in(service: Service) -> None:
    service.people.who = None

    answer = service.authorize()

    assert answer.headers["Location"] == "/signin"
    assert service.world.ask("SELECT count(*) FROM oauth.code") == [(0,)]


def test_the_answer_says_who_gives_it_and_brings_the_state_back(service: Service) -> None:
    sent = _sent(service.authorize(state='a b&"é'))

    assert sent["iss"] == BASE
    assert sent["state"] == 'a b&"é'
    assert sent["code"].startswith("ldc_")


def test_a_refusal_goes_back_with_state_and_issuer(service: Service) -> None:
    sent = _sent(service.authorize(decision="deny"))

    assert sent["error"] == "access_denied"
    assert sent["state"] == "xyz"
    assert sent["iss"] == BASE
    assert "code" not in sent


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "a" * 42},
        {"code_challenge": "a" * 44},
        {"code_challenge": "a" * 42 + "~"},
        {"code_challenge": ""},
    ],
)
@pytest.mark.parametrize("client", ["qgis", "co-bi-mat"])
def test_trap_2_plain_or_missing_pkce_is_refused_at_authorization_for_everybody(
    service: Service, changes: dict[str, str | None], client: str
) -> None:
    _confidential(service)

    sent = _sent(service.authorize(client_id=client, **changes))

    assert sent["error"] == "invalid_request"
    assert service.world.ask("SELECT count(*) FROM oauth.code") == [(0,)]


@pytest.mark.parametrize("verifier", [ABSENT, "", "w" * 43, "v" * 42, "v" * 44])
def test_trap_2_no_client_redeems_without_the_verifier(service: Service, verifier: str) -> None:
    _confidential(service)
    public = service.redeem(service.code(), code_verifier=verifier)
    code = service.code(client_id="co-bi-mat")

    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
    confidential = service.post(
        "/oauth/token",
        headers=basic("co-bi-mat", "bi-mat"),
        **{name: value for name, value in form.items() if value != ABSENT},
    )

    assert public.status_code == confidential.status_code == 400
    assert public.get_json()["error"] in {"invalid_request", "invalid_grant"}
    assert service.world.ask("SELECT count(*) FROM oauth.token") == [(0,)]


def test_trap_3_of_fifty_parallel_redemptions_one_succeeds_and_its_tokens_die_with_the_second(
    service: Service,
) -> None:
    code = service.code()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: service.redeem(code), range(50)))

    won = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.get_json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert service.world.ask("SELECT count(*) FROM oauth.token") == [(1,)]
    assert not service.is_good(won[0]["access_token"])
    assert service.refresh(won[0]["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_trap_3_a_second_use_of_a_code_ends_all_that_came_of_the_first(service: Service) -> None:
    code = service.code()
    first = service.redeem(code).get_json()
    second = service.refresh(first["refresh_token"]).get_json()

    again = service.redeem(code)

    assert again.get_json()["error"] == "invalid_grant"
    assert not service.is_good(first["access_token"])
    assert not service.is_good(second["access_token"])
    assert service.refresh(second["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_code_of_another_client_is_not_used_up_by_it(service: Service) -> None:
    service.world.client("khac", grant_types=["authorization_code"], redirect_uris=[REDIRECT])
    code = service.code()

    stolen = service.redeem(code, client_id="khac")

    assert stolen.get_json()["error"] == "invalid_grant"
    assert service.redeem(code).status_code == 200


def test_a_code_is_good_for_a_minute(service: Service) -> None:
    code = service.code()
    service.clock.go(seconds=60)

    assert service.redeem(code).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize("address", [ABSENT, "http://127.0.0.1:7071/", "https://other.example/"])
def test_a_code_is_redeemed_with_the_very_address_that_it_was_sent_to(service: Service, address: str) -> None:
    assert service.redeem(service.code(), redirect_uri=address).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "https://evil.example/",
        "http://127.0.0.1:7070/other",
        "http://127.0.0.1:7070/?a=b",
        "http://127.0.0.1:7070/#x",
        "http://127.0.0.1:7070@evil.example/",
        "http://user@127.0.0.1:7070/",
        "http://127.0.0.1:7070\\@evil.example/",
        "http://localhost:7070/",
        "https://127.0.0.1:7070/",
        "http://127.0.0.1.evil.example:7070/",
        "http://127.0.0.1:7070/%0d%0aLocation:x",
        "http://127.0.0.1:99999/",
        "javascript:alert(1)",
        'http://"é',
    ],
)
def test_a_wrong_redirect_is_never_redirected_to(service: Service, address: str | None) -> None:
    for decision in ("allow", "deny", None):
        for response_type in ("code", "token", 'x"é'):
            answer = service.authorize(decision, redirect_uri=address, response_type=response_type)

            assert answer.status_code == 400
            assert "Location" not in answer.headers


def test_an_unknown_or_revoked_client_is_never_redirected(service: Service) -> None:
    for client in ("nobody", "", None, "a\0b", "qgis' OR true", "x" * 100):
        assert service.authorize(client_id=client).status_code == 400

    service.world.ask("UPDATE oauth.client SET revoked_at = now() WHERE id = 'qgis'")
    assert service.authorize().status_code == 400


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://127.0.0.1:65535/", "http://127.0.0.1/"])
def test_on_the_loopback_the_port_may_be_another(service: Service, address: str) -> None:
    answer = service.authorize(redirect_uri=address)

    assert answer.headers["Location"].startswith(address)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    assert service.redeem(code, redirect_uri=address).status_code == 200


@pytest.mark.parametrize("response_type", ["token", "code token", "id_token", 'x"é', ""])
def test_only_codes_are_given(service: Service, response_type: str) -> None:
    assert _sent(service.authorize(response_type=response_type))["error"] == "unsupported_response_type"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "code_challenge", "response_type"])
def test_a_repeated_parameter_is_refused_without_a_redirect(service: Service, name: str) -> None:
    base = service.flask.test_client()
    query = (
        f"response_type=code&client_id=qgis&redirect_uri={REDIRECT}&state=1&scope=features:read"
        f"&code_challenge_method=S256&code_challenge={'a' * 43}&{name}=x"
    )

    answer = base.post(f"/oauth/authorize?{query}", data={"decision": "allow"}, base_url=BASE)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_the_body_of_the_decision_changes_nothing_that_was_asked(service: Service) -> None:
    query = f"response_type=code&client_id=qgis&code_challenge_method=S256&code_challenge={'a' * 43}"
    form = {"decision": "allow", "redirect_uri": REDIRECT}

    answer = service.flask.test_client().post(f"/oauth/authorize?{query}", data=form, base_url=BASE)

    assert answer.status_code == 400


@pytest.mark.parametrize("scope", ["everything", "features:read everything", "Features:Read", 'x"é'])
def test_an_unknown_scope_is_refused(service: Service, scope: str) -> None:
    assert _sent(service.authorize(scope=scope))["error"] == "invalid_scope"


def test_a_scope_that_is_not_the_clients_is_refused(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET scopes = ARRAY['tiles:read'] WHERE id = 'qgis'")

    assert _sent(service.authorize(scope="features:read"))["error"] == "invalid_scope"
    assert service.tokens(scope="tiles:read")["scope"] == "tiles:read"


@pytest.mark.parametrize("scope", [None, "", "  "])
def test_without_a_scope_the_client_gets_its_own_but_not_administration(service: Service, scope: str | None) -> None:
    given = service.tokens(scope=scope)["scope"].split()

    assert "features:read" in given
    assert "admin" not in given


@pytest.mark.parametrize("resource", ["https://other.example", BASE + "/x", "dat.example"])
def test_a_token_for_another_resource_is_refused(service: Service, resource: str) -> None:
    assert _sent(service.authorize(resource=resource))["error"] == "invalid_target"
    code = service.code()
    assert service.redeem(code, resource=resource).get_json()["error"] == "invalid_target"
    assert service.redeem(code, resource=BASE + "/").status_code == 200


def test_the_service_itself_may_be_named_as_resource(service: Service) -> None:
    assert service.tokens(resource=BASE)["access_token"]


def test_a_client_of_one_unit_is_for_its_own_people(service: Service) -> None:
    service.world.ask("UPDATE oauth.client SET for_everybody = false WHERE id = 'qgis'")

    assert _sent(service.authorize())["error"] == "access_denied"

    service.people.who = service.world.admin
    assert "code" in _sent(service.authorize())


@pytest.mark.parametrize("proved_at", [None, NOW - timedelta(minutes=15, seconds=1)])
@pytest.mark.parametrize("max_age", [None, "900", "86400"])
def test_administration_is_consented_to_by_who_has_just_proved_who_they_are_whatever_the_client_asks_for(
    service: Service, proved_at: datetime | None, max_age: str | None
) -> None:
    service.people.who = replace(service.world.admin, proved_at=proved_at)

    for decision in (None, "allow"):
        asked = service.authorize(decision, scope="features:read admin", max_age=max_age)
        assert asked.headers["Location"] == "/account/proof"
    assert service.world.ask("SELECT count(*) FROM oauth.code") == [(0,)]
    if max_age is None:
        assert "code" in _sent(service.authorize())
    service.people.who = replace(service.world.admin, proved_at=NOW - timedelta(minutes=15))
    assert "code" in _sent(service.authorize(scope="admin", max_age=max_age))


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}, {"scope": "admin"}])
@pytest.mark.parametrize("proved_at", [None, NOW - timedelta(hours=1)])
def test_a_proof_that_never_comes_is_asked_for_once_and_the_client_is_told(
    service: Service, asked: dict[str, str], proved_at: datetime | None
) -> None:
    service.people.who = replace(service.world.admin, proved_at=proved_at)

    service.people.been = Away(NOW - timedelta(minutes=1), was_to_prove=False)
    assert service.authorize(**asked).headers["Location"] == "/account/proof"
    service.people.been = Away(NOW - timedelta(minutes=1))
    sent = _sent(service.authorize(**asked))

    assert (sent["error"], sent["state"], sent["iss"]) == ("login_required", "xyz", BASE)
    assert service.world.ask("SELECT count(*) FROM oauth.code") == [(0,)]


def test_an_account_suspended_between_code_and_redemption_gets_no_token(service: Service) -> None:
    code = service.code()
    service.world.suspend(service.world.person)

    assert service.redeem(code).get_json()["error"] == "invalid_grant"


def test_a_session_of_an_account_that_may_not_act_gets_no_code(service: Service) -> None:
    service.world.suspend(service.world.person)

    assert _sent(service.authorize())["error"] == "access_denied"


def test_trap_11_at_rest_there_is_no_code_no_token_and_no_secret(service: Service) -> None:
    code = service.code()
    told = service.redeem(code).get_json()

    for table in ("code", "token", "refresh", "family", "client"):
        rows = str(service.world.ask(f"SELECT * FROM oauth.{table}"))
        for secret in (code, told["access_token"], told["refresh_token"]):
            assert secret not in rows
            assert secret[4:30] not in rows
    assert service.world.ask("SELECT 1 FROM oauth.token WHERE hash = %s", hash_of(told["access_token"]))


def _confidential(service: Service) -> None:
    service.world.client(
        "co-bi-mat",
        grant_types=["authorization_code"],
        redirect_uris=[REDIRECT],
        auth_method="client_secret_basic",
        secret_hash=hash_of("bi-mat"),
    )
