"""The application of permission as it is put together from settings."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import Client

from auth.credentials import tokens
from auth.credentials.tokens import hash_of
from auth.model import Caller
from catalogue.layer import Text
from core.clocks import RealClock
from core.errors import SettingsError
from core.settings import Settings
from database.writer import Writer
from server.mounted import Mounted, belongs_here, create
from tests.auth.oauth.conftest import SECRET, World, basic

BASE = "https://dat.example"
type Make = Callable[..., Mounted]


@pytest.fixture
def make(empty_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Make]:
    made: list[Mounted] = []

    def run(**changes: object) -> Mounted:
        settings = Settings.model_validate(
            {"database_url": as_app(empty_db), "home": tmp_path, "base_url": BASE} | changes
        )
        made.append(create(settings, layers=(), title=Text("Đất đai", "Land"), key=b"k" * 32))
        return made[-1]

    yield run
    for each in made:
        each.close()


def _personal(identity: Writer, who: Caller, *scopes: str, networks: tuple[str, ...] = ()) -> str:
    with identity.transaction() as connection:
        secret, _ = tokens.issue_personal(
            connection,
            who,
            purpose="thử",
            scopes=scopes,
            lifetime=timedelta(days=1),
            now=RealClock().now(),
            networks=networks,
        )
    return secret


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_for_administration_opens_the_admin_api(world: World, identity: Writer, make: Make) -> None:
    client = Client(make().flask)

    def status(token: str) -> int:
        return client.get("/admin/api/clients", base_url=BASE, headers=_bearer(token)).status_code

    assert status(_personal(identity, world.admin, "admin")) == 200
    assert status(_personal(identity, world.admin, "features:read")) == 403
    assert status(_personal(identity, world.person, "admin")) == 403
    assert status(tokens.new_secret()) == 401
    assert client.get("/admin/api/clients", base_url=BASE).status_code == 401
    assert client.get("/admin/api/clients", base_url=BASE, headers={"Authorization": "Basic x"}).status_code == 401


def test_a_token_of_an_account_that_may_not_act_opens_nothing_at_the_next_request(
    world: World, identity: Writer, make: Make
) -> None:
    client, token = Client(make().flask), _personal(identity, world.head, "admin")
    assert client.get("/admin/api/tokens", base_url=BASE, headers=_bearer(token)).status_code == 200

    world.suspend(world.head)

    assert client.get("/admin/api/tokens", base_url=BASE, headers=_bearer(token)).status_code == 401


def test_a_token_is_good_from_its_networks_alone(world: World, identity: Writer, make: Make) -> None:
    client = Client(make().flask)
    token = _personal(identity, world.admin, "admin", networks=("10.20.0.0/16",))

    def status(address: str) -> int:
        surroundings = {"REMOTE_ADDR": address}
        answer = client.get("/admin/api/tokens", base_url=BASE, headers=_bearer(token), environ_overrides=surroundings)
        return answer.status_code

    assert status("10.20.1.1") == 200
    assert status("10.21.1.1") == 401


def test_an_address_is_believed_of_as_many_proxies_as_the_setting_says(
    world: World, identity: Writer, make: Make
) -> None:
    token = _personal(identity, world.admin, "admin", networks=("10.20.0.0/16",))

    def status(hops: int, forwarded: str) -> int:
        headers = _bearer(token) | {"Forwarded": forwarded}
        return Client(make(proxy_hops=hops).flask).get("/admin/api/tokens", base_url=BASE, headers=headers).status_code

    assert status(0, "for=10.20.1.1") == 401
    assert status(1, "for=10.20.1.1") == 200
    assert status(1, "for=10.20.1.1, for=192.0.2.1") == 401
    assert status(2, "for=10.20.1.1, for=192.0.2.1") == 200


def test_a_machine_comes_to_its_token_through_the_whole_application(world: World, make: Make) -> None:
    world.client(
        "ioc",
        grant_types=["client_credentials"],
        account_id=world.machine.account_id,
        auth_method="client_secret_basic",
        secret_hash=hash_of(SECRET),
    )
    client = Client(make().flask)

    answer = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers=basic("ioc", SECRET), base_url=BASE
    )

    assert answer.status_code == 200, answer.text


def test_who_is_not_signed_in_is_sent_to_the_page_of_sign_in_and_back(world: World, make: Make) -> None:
    world.client("qgis", grant_types=["authorization_code"], redirect_uris=["http://127.0.0.1:7070/"])
    asked = (
        "/oauth/authorize?response_type=code&client_id=qgis&redirect_uri=http://127.0.0.1:7070/"
        f"&code_challenge={'a' * 43}&code_challenge_method=S256&state=x"
    )
    client = Client(make().flask)

    answer = client.get(asked, base_url=BASE)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/signin?next=")
    assert client.get(answer.headers["Location"], base_url=BASE).status_code == 200


def test_a_wrong_request_of_authorization_is_a_page_and_no_redirect(make: Make) -> None:
    answer = Client(make().flask).get(
        "/oauth/authorize?client_id=nobody&redirect_uri=https://evil.example", base_url=BASE
    )

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.mimetype == "text/html"


def test_many_people_before_the_consent_page_at_once_do_not_wait_for_each_other(world: World, make: Make) -> None:
    from concurrent.futures import ThreadPoolExecutor

    world.client("qgis", grant_types=["authorization_code"], redirect_uris=["http://127.0.0.1:7070/"])
    asked = (
        "/oauth/authorize?response_type=code&client_id=qgis&redirect_uri=http://127.0.0.1:7070/"
        f"&code_challenge={'a' * 43}&code_challenge_method=S256&state=x"
    )
    flask = make().flask

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: Client(flask).get(asked, base_url=BASE).status_code, range(64)))

    assert set(answers) == {303}


def test_the_switch_that_drops_tls_stops_the_start(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")

    with pytest.raises(SettingsError):
        make()


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/oauth/token", True),
        ("/.well-known/oauth-authorization-server", True),
        ("/signin", True),
        ("/account", True),
        ("/account/sso/back", True),
        ("/admin/api", True),
        ("/", False),
        ("/collections", False),
        ("/oauth2", False),
        ("/accounts", False),
        ("/signin2", False),
    ],
)
def test_a_path_belongs_here_or_to_the_service(path: str, here: bool) -> None:
    assert belongs_here(path) is here


@pytest.mark.parametrize("path", ["/oauth//authorize?x=1", "/admin//api", "//signin", "/account//tokens"])
def test_no_path_sends_a_client_on_to_the_address_that_it_wrote(make: Make, path: str) -> None:
    answer = Client(make().flask).get(path, base_url="https://evil.example")

    assert answer.status_code in (401, 404)
    assert "evil.example" not in str(answer.headers)


@pytest.mark.parametrize("path", ["/admin/api/clients", "/admin/api/nothing", "/oauth/token", "/signin", "/account/x"])
def test_every_answer_says_what_it_is_and_not_by_what_it_was_served(make: Make, path: str) -> None:
    answer = Client(make().flask).get(path, base_url=BASE)

    assert answer.headers["Server"] == "datdai"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_is_too_long_is_refused_as_such(world: World, identity: Writer, make: Make) -> None:
    headers = _bearer(_personal(identity, world.admin, "admin"))

    answer = Client(make().flask).post(
        "/admin/api/requests", data=b"x" * 1_100_000, content_type="application/json", base_url=BASE, headers=headers
    )

    assert answer.status_code == 413
    assert "longer than 1048576 bytes" in answer.get_json(force=True)["detail"]
