"""Sign-in through an outside provider: a real one (the npm package oidc-provider), and ones that lie."""

import hmac
import json
import re
import shutil
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import psycopg
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from psycopg.conninfo import make_conninfo
from pydantic import ValidationError
from werkzeug.test import Client, TestResponse

from auth.credentials import passwords
from auth.oauth.oidc import Departure, Provider, Registration, Subject, is_guarded, provider_of
from auth.pages.routes import blueprint
from auth.pages.visits import Desk
from catalogue.layer import Text
from core.clocks import RealClock, StoppedClock
from core.errors import SignInRefused, Unavailable
from core.settings import Settings
from database.writer import Writer
from server.mounted import assemble
from web.account import AccountPages
from web.csp import CSP

SSO = Path(__file__).parent / "sso"
CLIENT = "datdai"
SECRET = "bi-mat-chi-dung-de-thu-nghiem"
BACK = "http://127.0.0.1:9/account/sso/back"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def unguessable() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{next(numbers):0>43}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository with the provider in it."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs node and npm for a real OpenID Connect provider")
    folder = tmp_path_factory.mktemp("sso")
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(SSO / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode:
        pytest.skip(f"npm cannot install the provider: {run.stderr[-300:]}")
    return folder


@pytest.fixture(scope="module")
def real(installed: Path) -> Iterator[Registration]:
    """A running provider that knows us."""
    port = free_port()
    command = ["node", "provider.mjs", str(port), CLIENT, SECRET, BACK]
    with (installed / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=installed, stdout=log, stderr=log)
        try:
            wait_until(lambda: b"ready" in (installed / "log").read_bytes(), process)
            yield Registration(f"http://127.0.0.1:{port}", CLIENT, SECRET, BACK)
        finally:
            process.terminate()
            process.wait(timeout=10)


def free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as probe:
        return probe.server_port


def wait_until(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail("the provider did not start")
        time.sleep(0.05)


def through(address: str, name: str) -> dict[str, str]:
    """Sign in at the real provider and agree, as a person does; return the parameters of the address back."""
    with requests.Session() as browser:
        answer = browser.get(address, allow_redirects=False)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                if target.startswith(BACK):
                    return dict(parse_qsl(urlsplit(target).query))
                answer = browser.get(target, allow_redirects=False)
            else:
                action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert action, answer.text[:500]
                assert prompt
                fields = {"prompt": prompt[1], "login": name, "password": "x"}
                answer = browser.post(urljoin(answer.url, action[1]), fields, allow_redirects=False)
    raise AssertionError("the provider never sends the browser back")


def test_who_signs_in_at_the_real_provider_comes_back_under_that_name(real):
    provider = Provider(real, RealClock())
    departure = provider.depart(unguessable())

    back = through(departure.address, "can-bo-17")

    assert provider.arrive(departure, back) == Subject(real.issuer, "can-bo-17")


def test_the_departure_carries_a_challenge_and_never_the_verifier(real):
    departure = Provider(real, RealClock()).depart(unguessable())

    asked = parse_qs(urlsplit(departure.address).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["scope"] == ["openid"]
    assert departure.verifier not in departure.address
    assert len({departure.state, departure.nonce, departure.verifier}) == 3


def test_a_code_is_redeemed_once(real):
    provider = Provider(real, RealClock())
    departure = provider.depart(unguessable())
    back = through(departure.address, "can-bo-17")
    provider.arrive(departure, back)

    with pytest.raises(SignInRefused, match="refused"):
        provider.arrive(departure, back)


def test_a_code_without_its_verifier_is_worth_nothing(real):
    provider = Provider(real, RealClock())
    departure = provider.depart(unguessable())
    back = through(departure.address, "can-bo-17")

    with pytest.raises(SignInRefused):
        provider.arrive(replace(departure, verifier="0" * 43), back)


def test_an_answer_to_another_sign_in_is_refused(real):
    provider = Provider(real, RealClock())
    mine, other = provider.depart(unguessable()), replace(provider.depart(unguessable()), state="x" * 43)
    back = through(mine.address, "can-bo-17")

    with pytest.raises(SignInRefused) as refusal:
        provider.arrive(other, back)

    assert "another browser" in refusal.value.reason


def test_a_token_for_another_nonce_is_refused(real):
    provider = Provider(real, RealClock())
    departure = provider.depart(unguessable())
    back = through(departure.address, "can-bo-17")

    with pytest.raises(SignInRefused) as refusal:
        provider.arrive(replace(departure, nonce="n" * 43), back)

    assert "not for this sign-in" in refusal.value.reason


@pytest.mark.parametrize(
    "change",
    [
        {"error": "access_denied"},
        {"iss": "https://khac.example"},
        {"iss": None},
        {"code": None},
        {"state": None},
        {"state": "ế"},
    ],
)
def test_an_answer_that_lacks_or_changes_something_is_refused(real, change):
    provider = Provider(real, RealClock())
    departure = provider.depart(unguessable())
    back = {"code": "c", "state": departure.state, "iss": real.issuer} | change

    with pytest.raises(SignInRefused):
        provider.arrive(departure, {name: value for name, value in back.items() if value is not None})


def test_a_wrong_client_secret_is_a_refusal_and_no_crash(real):
    provider = Provider(replace(real, client_secret="sai"), RealClock())
    departure = provider.depart(unguessable())

    with pytest.raises(SignInRefused) as refusal:
        provider.arrive(departure, through(departure.address, "can-bo-17"))

    assert "invalid_client" in refusal.value.reason


RSA = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}, private=True)
NEWER = ECKey.generate_key("P-256", {"kid": "2", "use": "sig"}, private=True)


class Liar:
    """A provider that answers what a test tells it."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        self.keys: Any = KeySet([RSA]).as_dict(private=False)
        self.token: Any = {}
        self.asked: list[str] = []

    def document(self, path: str) -> Any:
        self.asked.append(path)
        return {"/jwks": self.keys, "/token": self.token}.get(path, self.metadata)


@pytest.fixture
def liar() -> Iterator[Liar]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(lying.document(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    lying = Liar(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield lying
    server.shutdown()
    thread.join()
    server.server_close()


def claims(issuer: str, departure: Departure, **changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    sound = {"iss": issuer, "sub": "can-bo-17", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": departure.nonce}
    return {name: value for name, value in (sound | changes).items() if value is not None}


def arrive(liar: Liar, provider: Provider, token: Callable[[Departure], str]) -> Subject:
    departure = provider.depart(unguessable())
    liar.token = {"access_token": "a", "token_type": "Bearer", "id_token": token(departure)}
    return provider.arrive(departure, {"code": "c", "state": departure.state})


def at(liar: Liar, now: datetime = NOW) -> Provider:
    return Provider(Registration(liar.issuer, CLIENT, SECRET, BACK), StoppedClock(now))


def signed(liar: Liar, key: Any = RSA, alg: str = "RS256", **changes: Any) -> Callable[[Departure], str]:
    header = {"alg": alg, "kid": "1"}
    return lambda departure: jwt.encode(header, claims(liar.issuer, departure, **changes), key, algorithms=[alg])


def test_a_sound_token_is_taken(liar):
    assert arrive(liar, at(liar), signed(liar)) == Subject(liar.issuer, "can-bo-17")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://khac.example"},
        {"iss": None},
        {"aud": "khac"},
        {"aud": [CLIENT, "khac"]},
        {"aud": None},
        {"azp": "khac"},
        {"nonce": "khac"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
        {"exp": "32503680000"},
        {"exp": True},
        {"iat": int(NOW.timestamp()) + 61},
        {"iat": int(NOW.timestamp()) - 601},
        {"iat": None},
    ],
    ids=str,
)
def test_a_well_signed_token_with_an_unsound_claim_is_refused(liar, changes):
    with pytest.raises(SignInRefused):
        arrive(liar, at(liar), signed(liar, **changes))


def unsigned(liar: Liar) -> Callable[[Departure], str]:
    return signed(liar, OctKey.generate_key(), "none")


def keyed_with_the_public_key(liar: Liar) -> Callable[[Departure], str]:
    def forged(departure: Departure) -> str:
        parts = ({"alg": "HS256", "kid": "1"}, claims(liar.issuer, departure))
        text = ".".join(unpadded(json.dumps(each).encode()) for each in parts)
        key = RSA.as_pem(private=False)
        return f"{text}.{unpadded(hmac.digest(key, text.encode(), 'sha256'))}"

    return forged


def unpadded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def keyed_with_the_client_secret(liar: Liar) -> Callable[[Departure], str]:
    return signed(liar, OctKey.import_key(SECRET), "HS256")


def signed_by_another_key(liar: Liar) -> Callable[[Departure], str]:
    return signed(liar, OTHER)


def with_its_own_key_in_its_head(liar: Liar) -> Callable[[Departure], str]:
    header = {"alg": "RS256", "kid": "1", "jwk": OTHER.as_dict(private=False)}
    return lambda departure: jwt.encode(header, claims(liar.issuer, departure), OTHER, algorithms=["RS256"])


def no_token_at_all(_: Liar) -> Callable[[Departure], str]:
    return lambda _: "a.b.c"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "forged",
    [
        unsigned,
        keyed_with_the_public_key,
        keyed_with_the_client_secret,
        signed_by_another_key,
        with_its_own_key_in_its_head,
        no_token_at_all,
    ],
)
def test_a_forged_token_is_refused(liar, forged):
    with pytest.raises(SignInRefused):
        arrive(liar, at(liar), forged(liar))


def test_an_answer_without_an_id_token_is_refused(liar):
    provider = at(liar)
    departure = provider.depart(unguessable())
    liar.token = {"access_token": "a", "token_type": "Bearer"}

    with pytest.raises(SignInRefused):
        provider.arrive(departure, {"code": "c", "state": departure.state})


class MovingClock:
    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant


def test_new_keys_of_the_provider_are_found_and_asked_for_at_most_once_a_minute(liar):
    clock = MovingClock()
    provider = Provider(Registration(liar.issuer, CLIENT, SECRET, BACK), clock)
    arrive(liar, provider, signed(liar))
    liar.keys = KeySet([NEWER]).as_dict(private=False)

    def newer(departure: Departure) -> str:
        now = int(clock.now().timestamp())
        told = claims(liar.issuer, departure, iat=now, exp=now + 300)
        return jwt.encode({"alg": "ES256", "kid": "2"}, told, NEWER)

    with pytest.raises(SignInRefused):
        arrive(liar, provider, newer)
    asked = liar.asked.count("/jwks")
    clock.instant += timedelta(seconds=61)

    assert arrive(liar, provider, newer) == Subject(liar.issuer, "can-bo-17")
    assert (asked, liar.asked.count("/jwks")) == (1, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://khac.example"},
        {"token_endpoint": "http://sso.example/token"},
        {"jwks_uri": "ftp://127.0.0.1/jwks"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_describes_itself_badly_is_not_used(liar, change):
    liar.metadata |= change

    with pytest.raises(Unavailable):
        at(liar).depart(unguessable())


@pytest.mark.parametrize("keys", [[], {}, {"keys": []}, {"keys": [{"kty": "RSA"}]}, {"keys": [1]}, {"keys": None}])
def test_a_provider_without_readable_keys_is_not_used(liar, keys):
    liar.keys = keys

    with pytest.raises(Unavailable):
        at(liar).depart(unguessable())


def test_a_provider_that_is_away_is_told_as_such():
    provider = Provider(Registration(f"http://127.0.0.1:{free_port()}", CLIENT, SECRET, BACK), RealClock())

    with pytest.raises(Unavailable, match="provider"):
        provider.depart(unguessable())


@pytest.mark.parametrize(
    ("address", "guarded"),
    [
        ("https://sso.example/token", True),
        ("http://127.0.0.1:9/token", True),
        ("http://[::1]/token", True),
        ("http://sso.example", False),
        ("http://localhost.example", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_secrets_go_to_guarded_addresses_only(address, guarded):
    assert is_guarded(address) is guarded


def test_no_secret_shows_in_what_is_printed():
    registration = Registration("https://sso.example", CLIENT, SECRET, BACK)

    assert SECRET not in repr(registration)
    assert urlencode({"s": SECRET}) not in repr(registration)


# Through the pages, over a real database

BASE = "http://127.0.0.1:9"
OLD = "Ruộng-Bậc-Thang-17"
REFUSED = "Đăng nhập không thành công"


class Pages:
    """The pages over one account, ``lan``, with a provider behind them."""

    def __init__(self, dsn: str, provider: Provider | None) -> None:
        self.owner = psycopg.connect(dsn, autocommit=True)
        self.writer = Writer(make_conninfo(dsn, user="datdai_mau_identity"), purpose="pages")
        unit = ["xa", "UBND xã An Phú", "xa", "2020-01-01"]
        self.owner.execute("INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, %s)", unit)
        for code in ("lan", "hoa"):
            self.owner.execute(
                "INSERT INTO acl.account (code, unit_id, kind, person, state, password_until) "
                "VALUES (%s, 1, 'individual', 'Trần Thị Lan', 'active', now() + interval '60 days')",
                [code],
            )
        self.owner.execute(
            "INSERT INTO acl.password (account_id, set_at, hash) SELECT id, now(), %s FROM acl.account",
            [passwords.hashed(OLD)],
        )
        title = Text("Cơ sở dữ liệu đất đai", "Land database")
        render = AccountPages(base_url=BASE, title=title).render
        self.desk = Desk(BASE, self.writer, RealClock(), bytes(32), render, CSP, provider)
        self.flask = assemble([blueprint(self.desk)], secret=bytes(32))

    def link(self, subject: str, account: str = "lan") -> None:
        issuer = self.desk.provider.issuer
        self.owner.execute(
            "INSERT INTO oauth.outside_subject SELECT %s, %s, id, id, now() FROM acl.account WHERE code = %s",
            [issuer, subject, account],
        )

    def count(self, table: str) -> int:
        return self.owner.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def browser(self) -> Client:
        return self.flask.test_client()

    def close(self) -> None:
        self.writer.close()
        self.owner.close()


@pytest.fixture
def pages(empty_db: str, real: Registration) -> Iterator[Pages]:
    made = Pages(empty_db, Provider(real, RealClock()))
    yield made
    made.close()


def arrive_as(browser: Client, name: str, path: str = "/account/sso") -> TestResponse:
    """Go to the provider, sign in there, and come back."""
    departed = browser.get(path, base_url=BASE)
    assert departed.status_code == 303
    back = through(departed.headers["Location"], name)
    return browser.get("/account/sso/back?" + urlencode(back), base_url=BASE)


def sign_in_by_password(browser: Client, name: str = "lan") -> None:
    form = browser.get("/signin", base_url=BASE).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)[1]
    answer = browser.post("/signin", base_url=BASE, data={"csrf_token": token, "name": name, "password": OLD})
    assert answer.status_code == 303, answer.text


def test_who_is_linked_signs_in_through_the_provider(pages):
    pages.link("can-bo-17")
    browser = pages.browser()

    answer = arrive_as(browser, "can-bo-17", "/account/sso?next=/collections")

    assert answer.headers["Location"] == "/collections"
    assert "Trần Thị Lan" in browser.get("/account", base_url=BASE).text
    assert pages.owner.execute("SELECT way FROM oauth.session").fetchall() == [("sso",)]


@pytest.mark.parametrize("name", ["can-bo-99", "lan", "LAN"])
def test_nobody_is_made_or_guessed_from_what_the_provider_says(pages, name):
    pages.link("can-bo-17")
    before = pages.count("acl.account")

    answer = arrive_as(pages.browser(), name)

    assert (answer.status_code, pages.count("oauth.session")) == (400, 0)
    assert REFUSED in answer.text
    assert pages.count("acl.account") == before
    assert pages.count("oauth.outside_subject") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE acl.account SET state = 'suspended', suspended_for = 'unit'",
        "UPDATE acl.account SET state = 'revoked'",
        "UPDATE acl.account SET ends_on = lg.hom_nay()",
    ],
)
def test_an_account_that_has_ended_does_not_come_in_by_the_provider_either(pages, statement):
    pages.link("can-bo-17")
    pages.owner.execute(statement)

    answer = arrive_as(pages.browser(), "can-bo-17")

    assert (answer.status_code, pages.count("oauth.session")) == (400, 0)
    assert REFUSED in answer.text


def test_the_second_factor_is_ours_whoever_checked_the_password(pages):
    pages.link("can-bo-17")
    pages.owner.execute(
        "INSERT INTO acl.totp (account_id, sealed, confirmed_at, last_step) SELECT id, 'x', now(), 0 FROM acl.account"
    )

    answer = arrive_as(pages.browser(), "can-bo-17")

    assert answer.headers["Location"] == "/account/code"
    assert pages.count("oauth.session") == 0


def test_a_head_enrols_a_second_factor_once_the_provider_has_asked_anew_who_it_is(pages):
    pages.link("can-bo-17")
    pages.owner.execute("UPDATE acl.account SET kind = 'unit_head' WHERE code = 'lan'")
    browser, path = pages.browser(), "/account/second-factor"
    assert arrive_as(browser, "can-bo-17").headers["Location"] == path

    asked = browser.get(path, base_url=BASE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', asked.text)[1]
    sent = browser.post(path, base_url=BASE, data={"csrf_token": token, "act": "begin"})
    assert pages.count("acl.totp_begun") == 0
    assert arrive_as(browser, "can-bo-17", sent.headers["Location"]).headers["Location"] == path
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path, base_url=BASE).text)[1]
    shown = browser.post(path, base_url=BASE, data={"csrf_token": token, "act": "begin"})

    assert (shown.status_code, pages.count("acl.totp_begun")) == (200, 1)
    assert 'name="secret"' in shown.text


def test_an_answer_for_another_browser_is_refused(pages):
    pages.link("can-bo-17")
    departed = pages.browser().get("/account/sso", base_url=BASE)
    back = "/account/sso/back?" + urlencode(through(departed.headers["Location"], "can-bo-17"))
    empty, other = pages.browser(), pages.browser()
    other.get("/account/sso", base_url=BASE)

    assert empty.get(back, base_url=BASE).headers["Location"] == "/signin?told=too-late"
    assert other.get(back, base_url=BASE).status_code == 400
    assert pages.count("oauth.session") == 0


def test_an_answer_is_taken_once(pages):
    pages.link("can-bo-17")
    browser = pages.browser()
    departed = browser.get("/account/sso", base_url=BASE)
    back = "/account/sso/back?" + urlencode(through(departed.headers["Location"], "can-bo-17"))
    browser.get(back, base_url=BASE)

    assert browser.get(back, base_url=BASE).headers["Location"] == "/signin?told=too-late"
    assert pages.count("oauth.session") == 1


def test_an_account_is_linked_by_its_owner_who_proves_both(pages):
    browser = pages.browser()
    sign_in_by_password(browser)
    link = unescape(re.search(r'href="(/account/sso\?link=[^"]+)"', browser.get("/account", base_url=BASE).text)[1])

    answer = arrive_as(browser, "can-bo-17", link)

    assert answer.headers["Location"] == "/account?told=linked"
    assert "can-bo-17" in browser.get("/account", base_url=BASE).text
    assert arrive_as(pages.browser(), "can-bo-17").headers["Location"] == "/account"


def test_another_site_cannot_have_an_account_linked(pages):
    browser = pages.browser()
    sign_in_by_password(browser)

    arrive_as(browser, "ke-gian", "/account/sso?link=1")

    assert pages.count("oauth.outside_subject") == 0


def test_a_subject_of_another_account_is_not_linked_twice(pages):
    pages.link("can-bo-17", "hoa")
    browser = pages.browser()
    sign_in_by_password(browser)
    link = unescape(re.search(r'href="(/account/sso\?link=[^"]+)"', browser.get("/account", base_url=BASE).text)[1])

    assert arrive_as(browser, "can-bo-17", link).headers["Location"] == "/account?told=not-linked"


def test_a_link_is_undone_on_the_page_of_the_account(pages):
    pages.link("can-bo-17")
    browser = pages.browser()
    arrive_as(browser, "can-bo-17")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/account", base_url=BASE).text)[1]

    answer = browser.post("/account/sso/unlink", base_url=BASE, data={"csrf_token": token})

    assert answer.headers["Location"] == "/account?told=unlinked"
    assert pages.count("oauth.outside_subject") == 0


def test_a_provider_that_is_away_is_told_on_the_page_of_sign_in(empty_db):
    away = Registration(f"http://127.0.0.1:{free_port()}", CLIENT, SECRET, BACK)
    pages = Pages(empty_db, Provider(away, RealClock()))

    answer = pages.browser().get("/account/sso", base_url=BASE)

    assert answer.status_code == 503
    assert "đăng nhập một lần" in answer.text
    pages.close()


def test_without_a_provider_there_is_no_door_to_it(empty_db):
    pages = Pages(empty_db, None)
    browser = pages.browser()

    assert "/account/sso" not in browser.get("/signin", base_url=BASE).text
    assert browser.get("/account/sso", base_url=BASE).status_code == 404
    assert browser.get("/account/sso/back", base_url=BASE).status_code == 404
    pages.close()


WHOLE = {"oidc_issuer": "https://sso.example", "oidc_client_id": "datdai", "oidc_client_secret": "x"}


def test_a_provider_is_trusted_only_where_its_password_rule_is_declared_equal():
    declared = Settings(**WHOLE, oidc_password_rule_equal=True)
    undeclared = declared.model_copy(update={"oidc_password_rule_equal": False})

    assert provider_of(declared, RealClock()).issuer == "https://sso.example"
    assert provider_of(undeclared, RealClock()) is None
    assert provider_of(Settings(), RealClock()) is None
    with pytest.raises(ValidationError, match="password rule must equal ours"):
        Settings(**WHOLE)


@pytest.mark.parametrize("missing", WHOLE)
def test_half_a_provider_stops_the_start(missing):
    half = {name: value for name, value in WHOLE.items() if name != missing}

    with pytest.raises(ValidationError, match="go together"):
        Settings(**half, oidc_password_rule_equal=True)


@pytest.mark.parametrize("issuer", ["http://sso.example", "sso.example", "ftp://sso.example"])
def test_a_provider_that_cannot_keep_a_secret_stops_the_start(issuer):
    with pytest.raises(ValidationError, match="https"):
        Settings(**(WHOLE | {"oidc_issuer": issuer}), oidc_password_rule_equal=True)


def test_who_comes_back_from_the_provider_while_the_link_is_taken_back_does_not_come_in(pages):
    pages.link("can-bo-17")
    answers = []
    with psycopg.connect(pages.owner.info.dsn) as connection:
        connection.execute("SELECT FROM acl.account FOR NO KEY UPDATE")
        connection.execute("DELETE FROM oauth.outside_subject")
        thread = threading.Thread(target=lambda: answers.append(arrive_as(pages.browser(), "can-bo-17")))
        thread.start()
        thread.join(3)
        assert thread.is_alive()
    thread.join(30)

    assert (answers[0].status_code, pages.count("oauth.session"), pages.count("oauth.sign_in")) == (400, 0, 0)
