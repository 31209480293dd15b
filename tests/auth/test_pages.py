"""The pages of people over a real database and the real authorization server: every way in, every way out."""

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import psycopg
import pyotp
import pytest
from flask import Flask
from psycopg.conninfo import make_conninfo
from werkzeug.test import Client, TestResponse

from auth import oauth
from auth.credentials import endings, passwords, sessions, tokens
from auth.pages.routes import People, blueprint
from auth.pages.visits import Desk, local_path
from catalogue.layer import Text
from database.writer import Writer
from server.mounted import assemble
from web.account import AccountPages
from web.csp import CSP

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASE = "https://dat.example"
KEY = bytes(range(32))
OLD, NEW = "Ruộng-Bậc-Thang-17", "Suối#Đá9Trầm"
REFUSED = "Tên đăng nhập, mật khẩu hoặc mã"
CODE_REFUSED = "Tên đăng nhập, mã kích hoạt hoặc mã xác thực không đúng"
NO_CODE = "AAAAAA-AAAAAA-AAAAAA-AAAAAA"
HASH = passwords.hashed(OLD)
PAGES = AccountPages(base_url=BASE, title=Text("Cơ sở dữ liệu đất đai", "Land database"))
CHANGED = ("acl.account", "acl.password", "acl.activation", "acl.totp", "acl.totp_begun", "acl.recovery_code",
           "acl.sign_in_failure", "acl.stale_profile", "oauth.client", "oauth.family", "oauth.token", "oauth.code",
           "oauth.device", "oauth.rate", "oauth.session", "oauth.sign_in", "oauth.outside_subject",
           "audit.act")  # fmt: skip
PEOPLE = {"lan": "individual", "minh": "unit_head", "quan": "system_admin"}
SECRET_FIELDS = ("__Host-datdai", "__Host-datdai-form")


@dataclass
class MovableClock:
    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def go(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Service:
    """The pages and the authorization server in one application, and the database around them."""

    flask: Flask
    owner: psycopg.Connection[tuple[Any, ...]]
    clock: MovableClock
    totp: dict[str, pyotp.TOTP] = field(default_factory=dict)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = self.owner.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def browser(self, **more: Any) -> "Browser":
        return Browser(self, self.flask.test_client(), **more)

    def state(self, code: str) -> str:
        return self.ask("SELECT state FROM acl.account WHERE code = %s", code)[0][0]

    def activation_of(self, code: str) -> str:
        """Hand an account over, or reset it: return the activation code."""
        (account,) = self.ask("SELECT id FROM acl.account WHERE code = %s", code)[0]
        self.ask("UPDATE acl.account SET state = 'must_change', password_until = NULL WHERE code = %s", code)
        with self.owner.transaction():
            return passwords.new_activation(self.owner, account, clock=self.clock)


@dataclass
class Browser:
    """Follows no redirect by itself, keeps cookies, and fills forms as a person does."""

    service: Service
    client: Client
    language: str = ""
    address: str = "10.1.2.3"

    def get(self, path: str, **more: Any) -> TestResponse:
        headers = {"Accept-Language": self.language} if self.language else {}
        around = {"REMOTE_ADDR": self.address}
        return self.client.get(path, base_url=BASE, headers=headers, environ_base=around, **more)

    def post(self, path: str, **form: Any) -> TestResponse:
        around = {"REMOTE_ADDR": self.address}
        return self.client.post(path, base_url=BASE, data=form, environ_base=around)

    def fill(self, path: str, **form: Any) -> TestResponse:
        """Open a page and send its form."""
        return self.post(path, csrf_token=token_in(self.get(path)), **form)

    def sign_in(self, name: str = "lan", password: str = OLD, path: str = "/signin", **more: str) -> TestResponse:
        answer = self.fill(path, name=name, password=password, **more)
        if answer.status_code == 303 and "/account/code" in place(answer):
            self.service.clock.go(seconds=30)  # a code is good once
            code = self.service.totp[name].at(self.service.clock.now())
            answer = self.fill(place(answer), code=code)
        return answer

    @property
    def key(self) -> str | None:
        found = self.client.get_cookie("__Host-datdai", domain="dat.example")
        return found.value if found else None


def token_in(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found, answer.text[:300]
    return found[1]


def place(answer: TestResponse) -> str:
    return answer.headers["Location"]


def cookie_of(answer: TestResponse, name: str = "__Host-datdai") -> str:
    return next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith(name + "="))


@pytest.fixture(scope="module")
def peopled(cluster: str, template_db: str) -> Iterator[str]:
    """A database with three people, all with the same password."""
    name = f"datdai_trang_{os.getpid()}"
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_db}")
        with psycopg.connect(cluster, dbname=name, autocommit=True) as owner:
            unit = ["xa", "UBND xã An Phú", "xa", "2020-01-01"]
            owner.execute("INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, %s)", unit)
        yield make_conninfo(cluster, dbname=name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def service(peopled: str) -> Iterator[Service]:
    writers = [Writer(make_conninfo(peopled, user="datdai_mau_identity"), purpose=each) for each in ("pages", "oauth")]
    clock = MovableClock()
    desk = Desk(base_url=BASE, identity=writers[0], clock=clock, key=KEY, render=PAGES.render, policy=CSP)
    parts = oauth.Parts(BASE, writers[1], clock, People(desk), oauth.Rates(1000, 1000))
    with psycopg.connect(peopled, autocommit=True) as owner:
        clear(owner)
        for code, kind in PEOPLE.items():
            person(owner, code, kind)
        flask = assemble([blueprint(desk), oauth.blueprint(parts)], secret=KEY)
        flask.testing = True
        yield Service(flask, owner, clock)
    for writer in writers:
        writer.close()


def clear(owner: psycopg.Connection) -> None:
    """Delete what tests made, without what watches over it."""
    deletes = "; ".join(f"DELETE FROM {table}" for table in CHANGED)
    owner.execute(f"SET session_replication_role = replica; {deletes}; SET session_replication_role = origin")


def person(owner: psycopg.Connection, code: str, kind: str) -> None:
    """Make an account whose password is set already; admins and heads are enrolled by ``enrolled``."""
    (account,) = owner.execute(
        "INSERT INTO acl.account (code, unit_id, kind, person, state, password_until) "
        "VALUES (%s, 1, %s, 'Trần Thị Lan', 'active', %s) RETURNING id",
        [code, kind, NOW + timedelta(days=60)],
    ).fetchone()
    owner.execute("INSERT INTO acl.password (account_id, set_at, hash) VALUES (%s, %s, %s)", [account, NOW, HASH])


def enrolled(browser: Browser, name: str = "lan") -> list[str]:
    """Enrol a second factor on its page; return the recovery codes."""
    shown = browser.fill("/account/second-factor", act="begin")
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', shown.text)[1]
    totp = browser.service.totp[name] = pyotp.TOTP(secret)
    code = totp.at(browser.service.clock.now())
    answer = browser.post("/account/second-factor", csrf_token=token_in(shown), act="confirm", secret=secret, code=code)
    assert answer.status_code == 200, answer.text
    return re.findall(r"<li><code>([^<]+)</code></li>", answer.text)


# Sign-in


def test_name_and_password_lead_to_the_account(service):
    browser = service.browser()

    answer = browser.sign_in()

    assert (answer.status_code, place(answer)) == (303, "/account")
    assert "Trần Thị Lan" in browser.get("/account").text


def test_the_cookie_is_host_bound_secure_and_out_of_reach_of_scripts(service):
    cookie = cookie_of(service.browser().sign_in())

    parts = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert parts == {"secure", "httponly", "path=/", "samesite=lax"}


def test_over_plain_http_on_the_machine_itself_the_cookie_is_not_secure(service):
    flask = service.flask
    desk = flask.view_functions["account.signin"].args[0]
    plain = Desk("http://127.0.0.1:8000", desk.identity, desk.clock, KEY, desk.render, CSP)
    client = assemble([blueprint(plain)], secret=KEY).test_client()
    token = token_in(client.get("/signin", base_url=plain.base_url))

    form = {"csrf_token": token, "name": "lan", "password": OLD}
    answer = client.post("/signin", base_url=plain.base_url, data=form)

    assert "Secure" not in cookie_of(answer, "datdai")
    assert "HttpOnly" in cookie_of(answer, "datdai")


def test_an_id_known_before_the_sign_in_is_worth_nothing_after_it(service):
    planted = service.browser()
    planted.sign_in()
    before = planted.key
    service.ask("UPDATE oauth.session SET ended_at = now()")
    victim = service.browser()
    victim.client.set_cookie("__Host-datdai", before, domain="dat.example", secure=True)

    victim.sign_in()

    assert victim.key not in (before, None)


def test_the_token_of_forms_changes_with_the_sign_in(service):
    browser = service.browser()
    before = token_in(browser.get("/signin"))
    browser.sign_in()

    assert browser.post("/account/sessions", csrf_token=before, mark="others").status_code == 200
    assert service.ask("SELECT count(*) FROM audit.act WHERE act = 'account.end_sessions'") == [(0,)]


@pytest.mark.parametrize(
    ("name", "password"), [("lan", "sai"), ("khong-co", OLD), ("", ""), ("lan", ""), ("lan' OR '1'='1", OLD)]
)
def test_every_refusal_reads_the_same(service, name, password):
    browser = service.browser()

    answer = browser.sign_in(name, password)

    assert answer.status_code == 400
    assert REFUSED in answer.text
    assert browser.key is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE acl.account SET state = 'suspended', suspended_for = 'unit'",
        "UPDATE acl.account SET state = 'revoked'",
        "UPDATE acl.account SET ends_on = lg.hom_nay()",
    ],
)
def test_an_account_that_has_ended_is_refused_like_a_wrong_password(service, statement):
    service.ask(statement)

    ended, wrong = service.browser().sign_in(), service.browser().sign_in(password="sai")

    strip = re.compile(r'value="[^"]{40,}"')
    assert strip.sub("", ended.text) == strip.sub("", wrong.text)


def test_too_many_attempts_close_the_name_even_to_the_right_password(service):
    for _ in range(5):
        service.browser().sign_in(password="sai")

    assert REFUSED in service.browser().sign_in().text
    service.clock.go(minutes=16)
    assert place(service.browser().sign_in()) == "/account"


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/collections?f=html", "/collections?f=html"),
        ("/account/tokens", "/account/tokens"),
        ("//boc-lot.example", "/account"),
        ("https://boc-lot.example/", "/account"),
        ("/\\boc-lot.example", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/\t/boc-lot.example", "/account"),
        ("\r\nSet-Cookie: a=b", "/account"),
        ("", "/account"),
    ],
)
def test_after_the_sign_in_the_browser_stays_here(service, wanted, led_to):
    answer = service.browser().sign_in(path="/signin?" + urlencode({"next": wanted}))

    assert place(answer) == led_to


@pytest.mark.parametrize("text", ["/" + "x" * 5000, "/ế", "//", "/\\", "\\/", "http:/x", "/a b", "/%0d%0a\r"])
def test_what_could_lead_elsewhere_is_no_local_path(text):
    assert local_path(text) is None


def test_who_is_signed_in_is_not_asked_again(service):
    browser = service.browser()
    browser.sign_in()

    assert place(browser.get("/signin?next=/collections")) == "/collections"


def test_a_page_asks_to_sign_in_and_comes_back(service):
    browser = service.browser()

    asked = browser.get("/account/tokens?lang=en")

    assert urlsplit(place(asked)).path == "/signin"
    assert place(browser.sign_in(path=place(asked))) == "/account/tokens?lang=en"


def test_an_act_and_the_sign_in_before_are_told(service):
    service.browser(address="10.9.9.9").sign_in()
    service.clock.go(hours=1)
    browser = service.browser()
    browser.sign_in()

    assert "08:00 02/03/2026 · 10.9.9.9 · Mật khẩu" in browser.get("/account").text
    acts = service.ask("SELECT act, about FROM audit.act WHERE act LIKE 'account.%%' ORDER BY id")
    assert ("account.sign_in", "account:lan") in acts


# What every page is like


PATHS = ["/signin", "/account/activate", "/account", "/account/password", "/account/second-factor", "/account/tokens"]
PATHS += ["/account/sessions", "/oauth/device", "/signout"]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_stored_framed_or_told_of_elsewhere(service, path):
    browser = service.browser()
    if path not in ("/signin", "/account/activate"):
        browser.sign_in()

    answer = browser.get(path)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
def test_every_page_speaks_vietnamese_first_and_english_when_asked(service, path):
    browser, english = service.browser(), service.browser(language="en-GB,en;q=0.9")
    if path not in ("/signin", "/account/activate"):
        browser.sign_in()
        english.sign_in()

    assert '<html lang="vi">' in browser.get(path).text
    assert '<html lang="en">' in browser.get(path + "?lang=en").text
    assert '<html lang="en">' in english.get(path).text


@pytest.mark.parametrize("path", [each for each in PATHS if each not in ("/signin", "/account/activate")])
def test_without_a_sign_in_every_page_leads_there(service, path):
    answer = service.browser().get(path)

    assert (answer.status_code, urlsplit(place(answer)).path) == (303, "/signin")


FORMS = [
    ("/signin", {"name": "lan", "password": OLD}),
    ("/account/activate", {"name": "lan", "code": "x", "new": NEW, "again": NEW}),
    ("/account/password", {"old": OLD, "new": NEW, "again": NEW}),
    ("/account/second-factor", {"act": "begin"}),
    ("/account/tokens", {"purpose": "x", "scopes": "features:read", "days": "7"}),
    ("/account/tokens/revoke", {"mark": "0" * 16}),
    ("/account/sessions", {"mark": "others"}),
    ("/signout", {}),
]


@pytest.mark.parametrize("token", ["", "x", None])
@pytest.mark.parametrize(("path", "form"), FORMS, ids=[path for path, _ in FORMS])
def test_a_form_of_another_site_changes_nothing(service, path, form, token):
    browser = service.browser()
    if path not in ("/signin", "/account/activate"):
        browser.sign_in()
    before = image(service)

    browser.post(path, **form, **({} if token is None else {"csrf_token": token}))

    assert image(service) == before


def image(service: Service) -> list[Any]:
    tables = (
        "oauth.session",
        "oauth.token",
        "acl.password",
        "acl.totp",
        "acl.activation",
        "oauth.sign_in",
        "audit.act",
    )
    return [service.ask(f"SELECT * FROM {table}") for table in tables]


def test_the_token_of_one_browser_is_worth_nothing_in_another(service):
    mine, other = service.browser(), service.browser()
    mine.sign_in()
    other.sign_in("minh")

    answer = mine.post("/signout", csrf_token=token_in(other.get("/account/second-factor")))

    assert answer.status_code == 400
    assert mine.get("/account").status_code == 200


def test_an_unknown_method_or_path_is_a_page_to_people_and_a_problem_to_programs(service):
    browser = service.browser()

    method, path = browser.client.put("/signin", base_url=BASE), browser.get("/account/khong-co")
    program = browser.get("/oauth/khong-co")

    assert (method.status_code, path.status_code, program.status_code) == (405, 404, 404)
    assert "Không có tài nguyên" in path.text
    assert program.content_type == "application/problem+json"
    assert program.json["status"] == 404


def test_a_name_with_a_nul_is_as_one_that_is_not_there(service):
    signed = service.browser().fill("/signin", name="lan\0", password=OLD)
    activated = service.browser().fill("/account/activate", name="lan\0", code="x", new=NEW, again=NEW)

    assert (signed.status_code, activated.status_code) == (400, 400)
    assert REFUSED in signed.text


def test_what_postgresql_cannot_keep_is_no_failure_of_the_server(service):
    assert service.browser().get("/oauth/device?user_code=%00").status_code < 500
    assert service.browser().get("/signin?next=%00").status_code < 500


# First use, change, expiry


def test_first_use_from_the_activation_code_to_the_account(service):
    code = service.activation_of("lan")
    browser = service.browser()

    answer = browser.fill("/account/activate", name="lan", code=code.lower(), new=NEW, again=NEW)

    assert place(answer) == "/signin?told=password-set"
    assert "Đã đặt mật khẩu" in browser.get(place(answer)).text
    assert service.state("lan") == "active"
    assert place(browser.sign_in(password=NEW)) == "/account"
    assert REFUSED in service.browser().sign_in(password=OLD).text


def test_an_activation_code_works_once(service):
    code = service.activation_of("lan")
    service.browser().fill("/account/activate", name="lan", code=code, new=NEW, again=NEW)

    again = service.browser().fill("/account/activate", name="lan", code=code, new="Khác#Hẳn9Rồi", again="Khác#Hẳn9Rồi")

    assert again.status_code == 400
    assert CODE_REFUSED in again.text


def test_an_activation_code_is_over_after_a_day(service):
    code = service.activation_of("lan")
    service.clock.go(hours=24)

    assert service.browser().fill("/account/activate", name="lan", code=code, new=NEW, again=NEW).status_code == 400


@pytest.mark.parametrize(("new", "again"), [("ngắn", "ngắn"), (NEW, "khác"), (OLD, OLD), ("Password1!", "Password1!")])
def test_a_refused_password_leaves_the_activation_code_good(service, new, again):
    code = service.activation_of("lan")

    refused = service.browser().fill("/account/activate", name="lan", code=code, new=new, again=again)
    taken = service.browser().fill("/account/activate", name="lan", code=code, new=NEW, again=NEW)

    assert refused.status_code == 400
    assert "aria-invalid" in refused.text
    assert taken.status_code == 303


@pytest.mark.parametrize(("new", "again"), [("ngắn", "ngắn"), (NEW, "khác")])
def test_a_refused_password_leaves_the_activation_code_in_its_field(service, new, again):
    code = service.activation_of("lan")

    refused = service.browser().fill("/account/activate", name="lan", code=code, new=new, again=again)

    assert f'name="code" value="{code}"' in refused.text
    assert new not in refused.text
    assert refused.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("typed", [OLD, NEW, "ruongbacthangmuoibay"])
def test_what_is_no_activation_code_is_not_written_back(service, typed):
    refused = service.browser().fill("/account/activate", name="lan", code=typed, new=NEW, again="khác")

    assert refused.status_code == 400
    assert typed not in refused.text


def test_an_unknown_name_a_wrong_code_an_old_one_and_a_closed_name_read_the_same(service):
    replaced, code = service.activation_of("lan"), service.activation_of("lan")
    tries = [("khong.co", code), *[("lan", NO_CODE)] * 4, ("lan", replaced), ("lan", code)]

    said = [_first_use(service, name, typed) for name, typed in tries]
    service.clock.go(hours=25)
    said.append(_first_use(service, "lan", code))

    strip = re.compile(r'value="[^"]*"')
    assert {each.status_code for each in said} == {400}
    assert CODE_REFUSED in said[0].text
    assert len({strip.sub("", each.text) for each in said}) == 1


def _first_use(service: Service, name: str, code: str) -> TestResponse:
    return service.browser().fill("/account/activate", name=name, code=code, new=NEW, again=NEW)


@pytest.mark.parametrize("new", ["abc", NEW], ids=["a bad new one", "a good new one"])
def test_the_page_of_first_use_tells_no_right_password_from_a_wrong_one(service, new):
    browser = service.browser()

    right, wrong = (
        browser.fill("/account/activate", name="lan", code=code, new=new, again=new) for code in (OLD, "Sai#Hẳn9Rồi")
    )

    strip = re.compile(r'value="[^"]{40,}"')
    assert (right.status_code, CODE_REFUSED in right.text) == (400, True)
    assert strip.sub("", right.text) == strip.sub("", wrong.text)
    assert service.ask("SELECT failures FROM acl.sign_in_failure WHERE kind = 'account'") == [(2,)]
    assert service.ask("SELECT about FROM audit.act WHERE act = 'account.sign_in_refused'") == [("account:lan",)] * 2
    assert service.ask("SELECT count(*) FROM acl.password") == [(3,)]


def test_an_old_password_is_changed_behind_the_sign_in_alone(service):
    service.ask("UPDATE acl.account SET state = 'must_change' WHERE code = 'lan'")
    browser = service.browser()

    refused = browser.fill("/account/activate", name="lan", code=OLD, new=NEW, again=NEW)
    led = browser.sign_in()
    changed = browser.fill(place(led), old=OLD, new=NEW, again=NEW)

    assert (refused.status_code, urlsplit(place(led)).path) == (400, "/account/password")
    assert (changed.status_code, service.state("lan")) == (303, "active")


def test_a_code_typed_as_the_password_leads_to_setting_one_and_to_nothing_else(service):
    code, browser = service.activation_of("lan"), service.browser()

    shown = browser.sign_in(password=code)

    assert (shown.status_code, browser.key) == (200, None)
    assert f'name="code" value="{code}"' in shown.text
    assert service.ask("SELECT count(*) FROM oauth.sign_in") == [(0,)]
    assert place(browser.get("/account")).startswith("/signin")
    action = urlsplit(re.search(r'<form method="post" action="([^"]+)"', shown.text)[1]).path
    answer = browser.post(action, csrf_token=token_in(shown), name="lan", code=code, new=NEW, again=NEW)
    assert place(answer) == "/signin?told=password-set"
    assert (service.state("lan"), place(browser.sign_in(password=NEW))) == ("active", "/account")


def test_who_closes_the_browser_after_typing_the_code_has_it_still(service):
    code = service.activation_of("lan")
    service.browser().sign_in(password=code)
    service.clock.go(hours=23)

    again = service.browser()
    again.sign_in(password=code)
    answer = again.fill("/account/activate", name="lan", code=code, new=NEW, again=NEW)

    assert place(answer) == "/signin?told=password-set"


def test_of_two_browsers_with_one_code_one_sets_the_password(service):
    code, browsers = service.activation_of("lan"), (service.browser(), service.browser())
    shown = [each.sign_in(password=code) for each in browsers]

    answers = [
        browser.post("/account/activate", csrf_token=token_in(page), name="lan", code=code, new=new, again=new)
        for browser, page, new in zip(browsers, shown, (NEW, "Khác#Hẳn9Rồi"), strict=True)
    ]

    assert [each.status_code for each in answers] == [303, 400]
    assert CODE_REFUSED in answers[1].text
    assert REFUSED in service.browser().sign_in(password="Khác#Hẳn9Rồi").text
    assert place(service.browser().sign_in(password=NEW)) == "/account"


def test_a_code_typed_as_the_password_needs_the_second_factor_before_a_password_is_set(service):
    owner = service.browser()
    owner.sign_in()
    enrolled(owner)
    code, browser = service.activation_of("lan"), service.browser()

    shown = browser.sign_in(password=code)
    without = browser.post("/account/activate", csrf_token=token_in(shown), name="lan", code=code, new=NEW, again=NEW)
    service.clock.go(seconds=30)
    form = {"name": "lan", "code": code, "totp": service.totp["lan"].at(service.clock.now()), "new": NEW, "again": NEW}
    answer = browser.post("/account/activate", csrf_token=token_in(without), **form)

    assert (without.status_code, service.state("lan")) == (400, "active")
    assert place(answer) == "/signin?told=password-set"


def test_wrong_codes_typed_as_passwords_close_the_name(service):
    code = service.activation_of("lan")
    for _ in range(5):
        service.browser().sign_in(password="AAAAAA-AAAAAA-AAAAAA-AAAAAA")

    closed = service.browser().sign_in(password=code)
    service.clock.go(minutes=16)

    assert (closed.status_code, REFUSED in closed.text) == (400, True)
    assert service.browser().sign_in(password=code).status_code == 200


def test_who_has_no_password_sets_none_without_the_code_whatever_way_they_came(service):
    browser = service.browser()
    browser.sign_in()
    service.activation_of("lan")  # the session lives on here, as one of the outside provider would

    answer = browser.get("/account/password")
    posted = browser.post("/account/password", csrf_token=token_in(browser.get("/signout")), new=NEW, again=NEW)

    assert [urlsplit(place(each)).path for each in (answer, posted)] == ["/account/activate"] * 2
    assert service.state("lan") == "must_change"


@pytest.mark.parametrize("path", [each for each in PATHS if each not in ("/signin", "/account/activate", "/signout")])
def test_who_must_change_a_password_reaches_the_change_and_the_way_out_alone(service, path):
    service.clock.go(days=61)
    browser = service.browser()
    browser.sign_in()

    answer = browser.get(path)

    if path == "/account/password":
        assert "đổi mật khẩu trước khi tiếp tục" in answer.text
    else:
        assert urlsplit(place(answer)).path == "/account/password"
    assert service.ask("SELECT count(*) FROM oauth.session") == [(0,)]
    assert browser.get("/signout").status_code == 200
    assert urlsplit(place(browser.fill("/signout"))).path == "/signin"


def test_a_password_that_grows_too_old_during_a_session_stops_it_at_the_change(service):
    service.ask("UPDATE acl.account SET password_until = %s", NOW + timedelta(minutes=20))
    browser = service.browser()
    browser.sign_in()
    service.clock.go(minutes=21)

    assert urlsplit(place(browser.get("/account/tokens"))).path == "/account/password"
    browser.post("/account/tokens", csrf_token=token_in(browser.get("/signout")), purpose="x", scopes="features:read")
    assert service.ask("SELECT count(*) FROM oauth.token") == [(0,)]


def test_a_change_gives_a_new_session_and_ends_the_others(service):
    browser, other = service.browser(), service.browser()
    browser.sign_in()
    other.sign_in()
    before = browser.key

    answer = browser.fill("/account/password", old=OLD, new=NEW, again=NEW)

    assert place(answer) == "/account?told=password-changed"
    assert browser.key != before
    assert "Đã đổi mật khẩu" in browser.get(place(answer)).text
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "named"),
    [
        ("sai", NEW, NEW, "old"),
        (OLD, NEW, "khác", "again"),
        (OLD, OLD, OLD, "new"),
        (OLD, "abc", "abc", "new"),
        (OLD, "Password1!", "Password1!", "new"),
    ],
)
def test_a_refused_change_says_at_its_field_why(service, old, new, again, named):
    browser = service.browser()
    browser.sign_in()

    answer = browser.fill("/account/password", old=old, new=new, again=again)

    assert answer.status_code == 400
    assert f'id="fault-{named}"' in answer.text
    assert old not in answer.text.replace("sai", "") or old == "sai"
    assert new not in answer.text
    assert place(service.browser().sign_in()) == "/account"


def test_guessing_the_password_on_the_page_of_the_change_ends_the_session(service):
    browser = service.browser()
    browser.sign_in()
    answers = [browser.fill("/account/password", old="sai", new=NEW, again=NEW) for _ in range(5)]

    assert [each.status_code for each in answers] == [400] * 4 + [303]
    assert urlsplit(place(answers[-1])).path == "/signin"
    assert urlsplit(place(browser.get("/account"))).path == "/signin"


def test_who_knows_the_name_cannot_keep_its_owner_from_changing_the_password(service):
    browser = service.browser()
    browser.sign_in()
    for _ in range(6):
        service.browser().fill("/signin", name="lan", password="sai")

    assert browser.fill("/account/password", old=OLD, new=NEW, again=NEW).status_code == 303


def test_guessing_a_password_that_must_be_changed_closes_the_name(service):
    service.clock.go(days=93)
    browser = service.browser()
    assert urlsplit(place(browser.sign_in())).path == "/account/password"
    for _ in range(5):
        browser.fill("/account/password", old="sai", new=NEW, again=NEW)

    assert browser.fill("/account/password", old=OLD, new=NEW, again=NEW).status_code == 400
    service.clock.go(minutes=16)
    browser.sign_in()
    assert browser.fill("/account/password", old=OLD, new=NEW, again=NEW).status_code == 303


@pytest.mark.parametrize(("left", "told"), [(20, ""), (14, "sau 14 ngày"), (7, "sau 7 ngày"), (1, "sau 1 ngày")])
def test_the_account_page_warns_of_a_password_that_grows_old(service, left, told):
    service.clock.instant = NOW + timedelta(days=60 - left)
    browser = service.browser()
    browser.sign_in()

    text = browser.get("/account").text

    assert told in text
    assert ("told warn" in text) is bool(told)


# The second factor


def test_a_head_must_enrol_before_anything_else(service):
    browser = service.browser()

    answer = browser.sign_in("minh")

    assert place(answer) == "/account/second-factor"
    assert urlsplit(place(browser.get("/account"))).path == "/account/second-factor"
    assert service.ask("SELECT count(*) FROM oauth.session") == [(0,)]
    assert len(enrolled(browser, "minh")) == 10
    assert browser.get("/account").status_code == 200


def let_in_by_the_provider(service: Service, name: str, *, minutes: float | None) -> Browser:
    """A browser that the outside provider let in, which asked for a password so long ago, or does not say when."""
    now = service.clock.now()
    proved = None if minutes is None else now - timedelta(minutes=minutes)
    ((account,),) = service.ask("SELECT id FROM acl.account WHERE code = %s", name)
    with service.owner.transaction():
        key, _ = sessions.begin_sign_in(service.owner, account, "sso", now=now, carried=sessions.Carried(proved))
    browser = service.browser()
    browser.client.set_cookie("__Host-datdai", key, domain="dat.example", secure=True)
    return browser


@pytest.mark.parametrize("minutes", [None, 15.1, 600], ids=str)
def test_an_old_session_at_the_provider_enrols_no_second_factor(service, minutes):
    browser = let_in_by_the_provider(service, "minh", minutes=minutes)

    asked = browser.get("/account/second-factor?next=/collections")
    answers = [
        browser.post("/account/second-factor?next=/collections", csrf_token=token_in(asked), **form)
        for form in ({"act": "begin"}, {"act": "confirm", "secret": "A" * 32, "code": "000000"}, {})
    ]

    assert "đăng nhập lại tại đó" in asked.text
    assert 'name="act"' not in asked.text
    for each in answers:
        assert (each.status_code, place(each)) == (
            303,
            "/account/sso?" + urlencode({"next": "/collections", "anew": 1}),
        )
    assert service.ask("SELECT count(*) FROM acl.totp_begun") == [(0,)]
    assert browser.post("/account/second-factor", csrf_token="x").status_code == 400


def test_who_has_just_signed_in_at_the_provider_enrols_a_second_factor(service):
    browser = let_in_by_the_provider(service, "minh", minutes=1)

    assert len(enrolled(browser, "minh")) == 10
    assert browser.get("/account").status_code == 200


def test_the_qr_code_is_an_image_that_carries_itself_and_the_key_can_be_typed(service):
    browser = service.browser()
    browser.sign_in()

    text = browser.fill("/account/second-factor", act="begin").text

    assert 'src="data:image/svg+xml;' in text
    assert re.search(r"<code>([A-Z2-7]{4} ?)+</code>", text)
    assert "<svg" not in text


def test_a_wrong_first_code_keeps_the_same_key(service):
    browser = service.browser()
    browser.sign_in()
    shown = browser.fill("/account/second-factor", act="begin")
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', shown.text)[1]

    wrong = browser.post(
        "/account/second-factor", csrf_token=token_in(shown), act="confirm", secret=secret, code="000000"
    )

    assert wrong.status_code == 400
    assert f'name="secret" value="{secret}"' in wrong.text
    assert service.ask("SELECT FROM acl.totp") == []


def test_a_planted_key_is_not_shown(service):
    browser = service.browser()
    browser.sign_in()
    shown = browser.fill("/account/second-factor", act="begin")
    planted = '"><script>alert(1)</script>'

    wrong = browser.post("/account/second-factor", csrf_token=token_in(shown), act="confirm", secret=planted, code="1")

    assert planted not in wrong.text
    assert "data:image" not in wrong.text


def test_the_second_step_is_asked_and_until_it_is_right_there_is_no_session(service):
    first = service.browser()
    first.sign_in()
    enrolled(first)
    service.ask("UPDATE oauth.session SET ended_at = %s", service.clock.now())
    browser = service.browser()

    answer = browser.fill("/signin?next=/collections", name="lan", password=OLD)

    assert place(answer) == "/account/code?next=%2Fcollections"
    assert urlsplit(place(browser.get("/account"))).path == "/account/code"
    assert REFUSED in browser.fill(place(answer), code="000000").text
    half = browser.key
    service.clock.go(seconds=30)
    right = browser.fill(place(answer), code=service.totp["lan"].at(service.clock.now()))
    assert place(right) == "/collections"
    assert browser.key != half


def test_a_recovery_code_stands_in_once(service):
    first = service.browser()
    first.sign_in()
    codes = enrolled(first)

    def enter(code):
        browser = service.browser()
        return browser.fill(place(browser.fill("/signin", name="lan", password=OLD)), code=code)

    assert place(enter(codes[0])) == "/account"
    assert REFUSED in enter(codes[0]).text
    assert place(enter(codes[1].lower().replace("-", " "))) == "/account"


def test_guessing_codes_closes_the_name(service):
    first = service.browser()
    first.sign_in()
    enrolled(first)
    browser = service.browser()
    path = place(browser.fill("/signin", name="lan", password=OLD))
    for _ in range(5):
        browser.fill(path, code="000000")
    service.clock.go(seconds=30)

    right = browser.fill(path, code=service.totp["lan"].at(service.clock.now()))

    assert right.status_code == 400
    assert REFUSED in right.text


def test_another_phone_needs_a_code_of_the_one_before(service):
    browser = service.browser()
    browser.sign_in()
    enrolled(browser)

    refused = browser.fill("/account/second-factor", act="begin", code="000000")
    service.clock.go(seconds=30)
    begun = browser.fill("/account/second-factor", act="begin", code=service.totp["lan"].at(service.clock.now()))

    assert "data:image" not in refused.text
    assert "data:image" in begun.text
    assert "data:image" not in browser.get("/account/second-factor").text
    assert service.ask("SELECT count(*) FROM acl.totp") == [(1,)]


def test_a_sign_in_that_waits_too_long_begins_anew(service):
    first = service.browser()
    first.sign_in()
    enrolled(first)
    browser = service.browser()
    path = place(browser.fill("/signin", name="lan", password=OLD))
    service.clock.go(minutes=10)

    assert urlsplit(place(browser.get(path))).path == "/signin"


# Sessions and the way out


def test_signing_out_ends_the_session_in_the_database(service):
    browser = service.browser()
    browser.sign_in()
    stolen = service.browser()
    stolen.client.set_cookie("__Host-datdai", browser.key, domain="dat.example", secure=True)

    answer = browser.fill("/signout")

    assert place(answer) == "/signin?told=signed-out"
    assert browser.key is None
    assert stolen.get("/account").status_code == 303


def test_a_session_ends_after_half_an_hour_without_use(service):
    browser = service.browser()
    browser.sign_in()
    service.clock.go(minutes=30)

    answer = browser.get("/account")

    assert urlsplit(place(answer)).path == "/signin"
    assert "Phiên đăng nhập đã kết thúc" in browser.get(place(answer)).text


def test_own_sessions_are_listed_and_ended(service):
    mine, other = service.browser(), service.browser(address="10.7.7.7")
    mine.sign_in()
    other.sign_in()

    listed = mine.get("/account/sessions")
    mark = re.search(r'name="mark" value="([0-9a-f]{16})"', listed.text)[1]
    answer = mine.post("/account/sessions", csrf_token=token_in(listed), mark=mark)

    assert "10.7.7.7" in listed.text
    assert place(answer) == "/account/sessions?told=ended"
    assert other.get("/account").status_code == 303
    assert mine.get("/account").status_code == 200


def test_nobody_ends_the_session_of_another(service):
    mine, other = service.browser(), service.browser()
    mine.sign_in()
    other.sign_in("minh")
    enrolled(other, "minh")
    mark = sessions.hash_of(other.key)

    mine.post("/account/sessions", csrf_token=token_in(mine.get("/account")), mark=mark)

    assert other.get("/account").status_code == 200


# Personal tokens


def test_a_token_is_shown_once_and_revoked(service):
    browser = service.browser()
    browser.sign_in()

    made = browser.fill("/account/tokens", purpose="QGIS", scopes="features:read", days="30", networks="10.20.0.0/16, ")
    secret = re.search(r"<code>(lda_\w+)</code>", made.text)[1]
    listed = browser.get("/account/tokens")
    mark = re.search(r'name="mark" value="([0-9a-f]{16})"', listed.text)[1]
    revoked = browser.post("/account/tokens/revoke", csrf_token=token_in(listed), mark=mark)

    assert secret not in listed.text
    assert "10.20.0.0/16" in listed.text
    assert place(revoked) == "/account/tokens?told=revoked"
    assert service.ask("SELECT revoked_at IS NOT NULL FROM oauth.token") == [(True,)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": ""},
        {"scopes": ""},
        {"scopes": "moi-thu"},
        {"days": "91"},
        {"days": "-1"},
        {"days": "x"},
        {"networks": "nha-toi"},
    ],
    ids=str,
)
def test_a_token_that_may_not_be_is_refused_and_what_was_typed_stays(service, wrong):
    browser = service.browser()
    browser.sign_in()
    form = {"purpose": "Bản đồ <xã>", "scopes": "features:read", "days": "30", "networks": ""} | wrong

    answer = browser.fill("/account/tokens", **form)

    assert answer.status_code == 400
    assert service.ask("SELECT count(*) FROM oauth.token") == [(0,)]
    assert form["purpose"] == "" or unescape(form["purpose"]) in unescape(answer.text)
    assert "<xã>" not in answer.text


def test_a_proof_that_a_token_needs_first_loses_nothing_that_was_typed(service):
    browser = service.browser()
    browser.sign_in()
    form = {"purpose": "Sao lưu <đêm>", "scopes": "features:read", "days": "7", "networks": "10.20.0.0/16"}
    token = token_in(browser.get("/account/tokens"))
    service.clock.go(minutes=16)

    led = browser.post("/account/tokens", csrf_token=token, **form)
    back = browser.fill(place(led), password=OLD)
    shown, later = browser.get(place(back)), browser.get(place(back))

    assert "Sao" not in place(led)
    assert place(back) == "/account/tokens"
    assert "Chưa có mã truy cập nào được tạo" in shown.text
    assert 'name="purpose" value="Sao lưu &lt;đêm&gt;"' in shown.text
    assert 'name="networks" value="10.20.0.0/16"' in shown.text
    assert re.findall(r'value="([^"]+)" checked', shown.text) == ["features:read"]
    assert re.findall(r'<option value="(\d+)" selected', shown.text) == ["7"]
    assert "Sao lưu" not in later.text
    assert service.ask("SELECT count(*) FROM oauth.token") == [(0,)]
    assert browser.post("/account/tokens", csrf_token=token_in(shown), **form).status_code == 200


def test_what_one_account_typed_is_not_shown_to_the_next_in_the_same_browser(service):
    browser = service.browser()
    browser.sign_in()
    service.clock.go(minutes=16)
    browser.fill("/account/tokens", purpose="Của Lan", days="7")
    service.clock.go(minutes=31)

    browser.sign_in("minh")
    enrolled(browser, "minh")
    shown = browser.get("/account/tokens")

    assert shown.status_code == 200
    assert "Của Lan" not in shown.text


def test_a_token_for_administration_is_offered_to_those_who_administer(service):
    lan, minh = service.browser(), service.browser()
    lan.sign_in()
    minh.sign_in("minh")
    enrolled(minh, "minh")

    assert 'value="admin"' not in lan.get("/account/tokens").text
    assert 'value="admin"' in minh.get("/account/tokens").text


# Consent and devices


REDIRECT = "http://127.0.0.1:7070/"
ASKED = {
    "response_type": "code",
    "client_id": "qgis",
    "redirect_uri": REDIRECT,
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "state": "xyz",
    "scope": "features:read tiles:read",
}
AUTHORIZE = "/oauth/authorize?" + urlencode(ASKED)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.fixture
def client(service: Service) -> Service:
    service.ask(
        "INSERT INTO oauth.client (id, unit_id, name, redirect_uris, grant_types, scopes, for_everybody) VALUES "
        "('qgis', 1, 'QGIS', %s, %s, %s, true)",
        [REDIRECT],
        ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        ["features:read", "tiles:read"],
    )
    return service


def test_consent_names_client_unit_and_scopes_in_words_and_is_asked_each_time(client):
    browser = client.browser()
    browser.sign_in()

    for _ in range(2):
        asked = browser.get(AUTHORIZE)
        assert "“QGIS” của UBND xã An Phú" in asked.text
        assert "Đọc dữ liệu không gian" in asked.text
        assert "features:read" not in asked.text.split("<main")[1].split('action="')[0]
        answer = browser.post(AUTHORIZE, csrf_token=token_in(asked), decision="allow")
        assert place(answer).startswith(REDIRECT)
        assert "code" in parse_qs(urlsplit(place(answer)).query)


def test_the_token_of_a_page_that_was_shown_to_nobody_is_worth_nothing_in_a_session(client):
    browser, stranger = client.browser(), client.browser()
    token = token_in(stranger.get("/signin"))
    planted = stranger.client.get_cookie("__Host-datdai-form", domain="dat.example")
    browser.sign_in()
    browser.client.set_cookie("__Host-datdai-form", planted.value, domain="dat.example", secure=True, httponly=True)

    consent = browser.post(AUTHORIZE, csrf_token=token, decision="allow")
    made = browser.post("/account/tokens", csrf_token=token, purpose="x", days="7", scopes="features:read")

    assert (consent.status_code, made.status_code) == (403, 400)
    assert client.ask("SELECT count(*) FROM oauth.code") == [(0,)]
    assert client.ask("SELECT count(*) FROM oauth.token") == [(0,)]


@pytest.mark.parametrize(
    ("site", "statuses"),
    [("cross-site", (400, 403)), ("same-origin", (303, 303)), ("same-site", (303, 303)), ("none", (303, 303))],
)
def test_a_form_is_not_taken_from_a_page_of_another_site_whatever_it_carries(client, site, statuses):
    browser = client.browser()
    form = {"csrf_token": token_in(browser.get("/signin")), "name": "lan", "password": OLD}
    from_there = {"base_url": BASE, "headers": {"Sec-Fetch-Site": site}}

    signed_in = browser.client.post("/signin", data=form, **from_there)
    if browser.get("/account").status_code != 200:
        browser.sign_in()
    form = {"csrf_token": token_in(browser.get(AUTHORIZE)), "decision": "allow"}
    consented = browser.client.post(AUTHORIZE, data=form, **from_there)

    assert (signed_in.status_code, consented.status_code) == statuses


def test_the_policy_of_the_consent_page_lets_its_form_lead_to_the_client_and_nowhere_else(client):
    browser = client.browser()
    browser.sign_in()

    policy = browser.get(AUTHORIZE).headers["Content-Security-Policy"]

    assert "form-action 'self' http://127.0.0.1:7070;" in policy


def test_a_consent_denied_gives_no_code(client):
    browser = client.browser()
    browser.sign_in()

    answer = browser.fill(AUTHORIZE, decision="deny")

    told = dict(parse_qsl(urlsplit(place(answer)).query))
    assert told["error"] == "access_denied"
    assert "code" not in told


@pytest.mark.parametrize("token", ["", "x"])
def test_a_consent_that_another_site_sends_gives_no_code(client, token):
    browser = client.browser()
    browser.sign_in()

    answer = browser.post(AUTHORIZE, csrf_token=token, decision="allow")

    assert answer.status_code == 403
    assert "Location" not in answer.headers
    assert client.ask("SELECT count(*) FROM oauth.code") == [(0,)]


def test_a_client_leads_through_the_sign_in_back_to_the_consent(client):
    browser = client.browser()

    asked = browser.get(AUTHORIZE)
    back = browser.sign_in(path=place(asked))

    assert urlsplit(place(asked)).path == "/signin"
    assert dict(parse_qsl(urlsplit(place(back)).query)) == ASKED
    assert "QGIS" in browser.get(place(back)).text


def test_who_must_change_a_password_gives_no_consent(client):
    client.clock.go(days=61)
    browser = client.browser()
    browser.sign_in()

    answer = browser.get(AUTHORIZE)

    assert urlsplit(place(answer)).path == "/account/password"


def test_a_request_that_cannot_be_answered_is_told_on_a_page_and_sent_nowhere(client):
    browser = client.browser()
    browser.sign_in()

    answer = browser.get(AUTHORIZE.replace("qgis", "khong-co"))

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "Ứng dụng gửi yêu cầu không hợp lệ" in answer.text


def test_a_device_is_connected_by_the_code_that_it_shows(client):
    shown = client.flask.test_client().post(
        "/oauth/device_authorization", base_url=BASE, data={"client_id": "qgis", "scope": "features:read"}
    )
    assert shown.status_code == 200, shown.text
    browser = client.browser()
    browser.sign_in()

    wrong = browser.fill("/oauth/device", user_code="AAAA-BBBB")
    asked = browser.fill("/oauth/device", user_code=shown.json["user_code"].lower())
    told = browser.post(
        "/oauth/device", csrf_token=token_in(asked), user_code=shown.json["user_code"], decision="allow"
    )

    assert "Mã không đúng" in wrong.text
    assert "QGIS" in asked.text
    assert "Đã cho phép" in told.text
    assert client.ask("SELECT allowed FROM oauth.device") == [(True,)]


def ended_while(service: Service, act: Any) -> TestResponse:
    """Do an act of a browser while lan's account is reset; it waits for the end of that."""
    answers: list[TestResponse] = []
    with psycopg.connect(service.owner.info.dsn) as connection:
        held = connection.execute("SELECT id FROM acl.account WHERE code = 'lan' FOR NO KEY UPDATE").fetchone()
        assert held
        passwords.drop_password(connection, held[0])
        endings.end_tokens(connection, held[0], now=service.clock.now())
        thread = threading.Thread(target=lambda: answers.append(act()))
        thread.start()
        thread.join(1.5)
        assert thread.is_alive()
    thread.join(30)
    return answers[0]


def living(service: Service) -> int:
    return sum(
        service.ask(f"SELECT count(*) FROM oauth.{table}")[0][0]
        for table in ("session WHERE ended_at IS NULL", "sign_in", "token WHERE revoked_at IS NULL")
    )


def test_the_second_step_of_a_sign_in_does_not_outlive_a_reset(service):
    first, browser = service.browser(), service.browser()
    first.sign_in()
    enrolled(first)
    service.clock.go(seconds=30)
    asked = browser.get(place(browser.fill("/signin", name="lan", password=OLD)))
    code = service.totp["lan"].at(service.clock.now())

    answer = ended_while(service, lambda: browser.post("/account/code", csrf_token=token_in(asked), code=code))

    assert (answer.status_code, living(service)) == (403, 0)


def test_a_password_is_not_set_by_a_session_that_a_reset_ended_meanwhile(service):
    browser = service.browser()
    browser.sign_in()
    shown, before = browser.get("/account/password"), service.ask("SELECT hash FROM acl.password")
    form = {"csrf_token": token_in(shown), "old": OLD, "new": NEW, "again": NEW}

    answer = ended_while(service, lambda: browser.post("/account/password", **form))

    assert (answer.status_code, living(service)) == (403, 0)
    assert service.ask("SELECT hash FROM acl.password") == before


def test_no_personal_token_is_made_by_a_session_that_a_reset_ended_meanwhile(service):
    browser = service.browser()
    browser.sign_in()
    form = {"csrf_token": token_in(browser.get("/account/tokens")), "purpose": "QGIS", "scopes": "features:read"}

    answer = ended_while(service, lambda: browser.post("/account/tokens", **form, days="30"))

    assert (answer.status_code, living(service)) == (403, 0)


# A fresh proof


def proved_at(service: Service) -> datetime | None:
    """Return the proof of the one session that is alive."""
    ((at,),) = service.ask("SELECT proved_at FROM oauth.session WHERE ended_at IS NULL")
    return at


def query_of(answer: TestResponse) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(place(answer)).query))


def test_a_sign_in_is_a_proof_which_its_password_renews_where_there_is_no_second_factor(service):
    browser = service.browser()
    browser.sign_in()
    assert proved_at(service) == NOW

    service.clock.go(minutes=20)
    asked = browser.get("/account/proof?next=/account/sessions")
    assert 'name="password"' in asked.text
    assert 'name="code"' not in asked.text
    answer = browser.post("/account/proof?next=/account/sessions", csrf_token=token_in(asked), password=OLD)

    assert (answer.status_code, place(answer)) == (303, "/account/sessions")
    assert proved_at(service) == NOW + timedelta(minutes=20)
    assert service.ask("SELECT count(*) FROM audit.act WHERE act = 'account.prove'") == [(1,)]


def test_a_second_factor_is_asked_for_where_there_is_one_and_a_password_does_not_do(service):
    browser = service.browser()
    browser.sign_in()
    enrolled(browser)
    service.clock.go(minutes=20)

    asked = browser.get("/account/proof")
    assert 'name="code"' in asked.text
    assert 'name="password"' not in asked.text
    refused = browser.post("/account/proof", csrf_token=token_in(asked), password=OLD, code=OLD)
    assert (refused.status_code, proved_at(service)) == (400, NOW)
    answer = browser.fill("/account/proof", code=service.totp["lan"].at(service.clock.now()))

    assert place(answer) == "/account?told=proved"
    assert proved_at(service) == service.clock.now()


def test_a_wrong_password_or_a_form_of_another_site_proves_nothing(service):
    browser = service.browser()
    browser.sign_in()

    assert browser.fill("/account/proof", password=NEW).status_code == 400
    assert browser.post("/account/proof", password=OLD).status_code == 400
    assert service.browser().get("/account/proof").status_code == 303

    assert proved_at(service) == NOW
    assert service.ask("SELECT count(*) FROM audit.act WHERE act = 'account.prove'") == [(0,)]


def guessing(service: Service, *, way: str) -> Browser:
    """A browser that is signed in; the proof is asked for by a code or by the password."""
    browser = service.browser()
    browser.sign_in()
    if way == "code":
        enrolled(browser)
    service.clock.go(minutes=1)
    return browser


def right(service: Service, way: str) -> dict[str, str]:
    return {way: OLD if way == "password" else service.totp["lan"].at(service.clock.now())}


@pytest.mark.parametrize("way", ["code", "password"])
@pytest.mark.parametrize("address", ["10.66.6.6", "10.1.2.3"], ids=["from elsewhere", "from the same address"])
def test_nobody_who_knows_the_name_keeps_its_owner_from_the_proof(service, way, address):
    browser = guessing(service, way=way)
    for _ in range(31):
        service.browser(address=address).sign_in(password="sai")

    answer = browser.fill("/account/proof", **right(service, way))

    assert (answer.status_code, proved_at(service)) == (303, service.clock.now())


def test_nobody_who_knows_the_name_keeps_its_owner_from_moving_the_second_factor(service):
    browser = guessing(service, way="code")
    for _ in range(11):
        service.browser(address="10.66.6.6").sign_in(password="sai")

    assert browser.fill("/account/second-factor", act="begin", **right(service, "code")).status_code == 200


@pytest.mark.parametrize("way", ["code", "password"])
def test_five_wrong_proofs_in_a_row_end_the_session(service, way):
    browser = guessing(service, way=way)
    token = token_in(browser.get("/account/proof"))
    wrong = [browser.post("/account/proof", csrf_token=token, **{way: "000000"}) for _ in range(5)]
    after = browser.post("/account/proof", csrf_token=token, **right(service, way))

    assert [each.status_code for each in wrong] == [400, 400, 400, 400, 303]
    assert place(wrong[4]) == "/signin?told=too-late"
    assert urlsplit(place(after)).path == "/signin"
    assert service.ask("SELECT count(*) FROM oauth.session WHERE ended_at IS NULL") == [(0,)]
    acts = service.ask("SELECT account, about FROM audit.act WHERE act = 'account.proof_refused'")
    assert acts == [("lan", "account:lan")] * 5


def test_wrong_codes_of_the_phone_before_end_the_session_as_well(service):
    browser = guessing(service, way="code")
    token = token_in(browser.get("/account/second-factor"))
    form = {"csrf_token": token, "act": "begin", "code": "000000"}

    answers = [browser.post("/account/second-factor", **form) for _ in range(5)]

    assert [each.status_code for each in answers] == [400, 400, 400, 400, 303]
    assert service.ask("SELECT count(*) FROM oauth.session WHERE ended_at IS NULL") == [(0,)]


def test_a_right_proof_between_wrong_ones_begins_their_count_anew(service):
    browser = guessing(service, way="password")
    for _ in range(3):
        for _ in range(4):
            assert browser.fill("/account/proof", password="sai").status_code == 400
        assert browser.fill("/account/proof", password=OLD).status_code == 303


def test_wrong_proofs_close_neither_the_name_nor_another_session(service):
    browser, other = guessing(service, way="password"), service.browser()
    other.sign_in()
    token = token_in(browser.get("/account/proof"))
    for _ in range(5):
        browser.post("/account/proof", csrf_token=token, password="sai")

    assert other.fill("/account/proof", password=OLD).status_code == 303
    assert place(service.browser().sign_in()) == "/account"


def test_of_many_wrong_proofs_at_once_no_more_than_five_are_tried(service):
    browser = guessing(service, way="password")
    token = token_in(browser.get("/account/proof"))
    mine, key = [service.browser() for _ in range(8)], browser.key
    form = browser.client.get_cookie("__Host-datdai-form", domain="dat.example").value
    for each in mine:
        each.client.set_cookie("__Host-datdai", key, domain="dat.example", secure=True)
        each.client.set_cookie("__Host-datdai-form", form, domain="dat.example", secure=True)
    threads = [
        threading.Thread(target=each.post, args=["/account/proof"], kwargs={"csrf_token": token, "password": "sai"})
        for each in mine
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert service.ask("SELECT count(*) FROM audit.act WHERE act = 'account.proof_refused'") == [(5,)]


def test_whoever_copied_the_cookie_before_has_nothing_of_the_proof(service):
    browser = service.browser()
    browser.sign_in()
    thief = service.browser()
    thief.client.set_cookie("__Host-datdai", browser.key, domain="dat.example", secure=True)
    assert thief.get("/account").status_code == 200

    browser.fill("/account/proof", password=OLD)

    assert browser.get("/account").status_code == 200
    assert urlsplit(place(thief.get("/account"))).path == "/signin"


def test_a_proof_does_not_lengthen_a_session(service):
    browser = service.browser()
    browser.sign_in()
    before = service.ask("SELECT begun_at, expires_at FROM oauth.session")

    service.clock.go(minutes=20)
    browser.fill("/account/proof", password=OLD)

    ((begun_at, _),) = service.ask("SELECT begun_at, expires_at FROM oauth.session WHERE ended_at IS NULL")
    assert begun_at == before[0][0]


def test_a_changed_password_is_no_proof_where_there_is_a_second_factor(service):
    browser = service.browser()
    browser.sign_in()
    enrolled(browser)
    service.clock.go(minutes=20)

    answer = browser.fill("/account/password", old=OLD, new=NEW, again=NEW)

    assert (answer.status_code, proved_at(service)) == (303, NOW)


def test_a_changed_password_is_a_proof_where_there_is_nothing_else(service):
    browser = service.browser()
    browser.sign_in()
    service.clock.go(minutes=20)

    browser.fill("/account/password", old=OLD, new=NEW, again=NEW)

    assert proved_at(service) == service.clock.now()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/account/second-factor", {"act": "begin"}),
        ("/account/tokens", {"purpose": "QGIS", "scopes": "features:read", "days": "7"}),
    ],
)
def test_who_finds_an_open_browser_makes_no_key_of_their_own(service, path, form):
    browser = service.browser()
    browser.sign_in()
    token = token_in(browser.get(path))
    service.clock.go(minutes=16)

    answer = browser.post(path, csrf_token=token, **form)

    assert (answer.status_code, place(answer)) == (303, "/account/proof?" + urlencode({"next": path}))
    assert service.ask("SELECT count(*) FROM acl.totp_begun") == [(0,)]
    assert service.ask("SELECT count(*) FROM oauth.token") == [(0,)]


# What a client may ask of the proof


def asking(**more: str) -> str:
    return "/oauth/authorize?" + urlencode(ASKED | more)


@pytest.mark.parametrize(
    "more", [{"max_age": "900"}, {"max_age": "0"}, {"prompt": "login"}, {"prompt": "login consent"}]
)
def test_a_session_that_is_too_old_for_a_client_is_proved_anew_and_goes_on(client, more):
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=16)

    sent = browser.get(asking(**more))
    assert urlsplit(place(sent)).path == "/account/proof"
    client.clock.go(seconds=5)
    back = browser.fill(place(sent), password=OLD)
    client.clock.go(seconds=5)
    answer = browser.fill(place(back), decision="allow")

    assert "code" in query_of(answer)
    assert client.ask("SELECT proved_at FROM oauth.family") == [(NOW + timedelta(minutes=16, seconds=5),)]


def test_a_consent_is_not_given_by_a_session_that_grew_too_old_over_it(client):
    browser = client.browser()
    browser.sign_in()
    asked = browser.get(asking(max_age="900"))
    client.clock.go(minutes=16)

    answer = browser.post(asking(max_age="900"), csrf_token=token_in(asked), decision="allow")

    assert urlsplit(place(answer)).path == "/account/proof"
    assert client.ask("SELECT count(*) FROM oauth.code") == [(0,)]


def test_a_session_that_is_young_enough_is_not_asked_again(client):
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=14)

    assert browser.get(asking(max_age="900")).status_code == 200
    assert urlsplit(place(browser.get(asking(prompt="login")))).path == "/account/proof"


def test_signing_in_for_a_client_is_the_proof_that_it_asks_for(client):
    browser = client.browser()

    sent = browser.get(asking(prompt="login", max_age="0"))
    client.clock.go(seconds=5)
    back = browser.sign_in(path=place(sent))

    assert urlsplit(place(sent)).path == "/signin"
    assert browser.get(place(back)).status_code == 200


@pytest.mark.parametrize("mark", ["", "x", "2000-01-01T00:00:00+00:00", "IjIwMDAtMDEtMDFUMDA6MDA6MDArMDA6MDAi.AAAA"])
def test_a_mark_that_the_server_did_not_make_is_no_proof(client, mark):
    browser = client.browser()
    browser.sign_in()

    answer = browser.get(asking(prompt="login", asked_at=mark))

    assert urlsplit(place(answer)).path == "/account/proof"


def test_a_mark_is_good_for_some_minutes_and_for_a_proof_that_came_after_it(client):
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=1)
    back = query_of(browser.get(asking(prompt="login")))["next"]

    assert query_of(browser.get(back))["error"] == "login_required"
    browser.fill("/account/proof", password=OLD)
    assert browser.get(back).status_code == 200
    client.clock.go(minutes=10)
    assert urlsplit(place(browser.get(back))).path == "/account/proof"


def test_a_mark_made_in_another_browser_is_none(client):
    victim, attacker = client.browser(), client.browser()
    attacker.sign_in()
    marks = [query_of(attacker.get(asking(prompt="login")))["next"]]
    marks.append(query_of(client.browser().get(asking(prompt="login")))["next"])
    client.clock.go(seconds=5)
    victim.sign_in()

    assert [urlsplit(place(victim.get(back))).path for back in marks] == ["/account/proof"] * 2


def test_a_mark_of_one_account_is_none_for_another_in_the_same_browser(client):
    browser = client.browser()
    browser.sign_in()
    back = query_of(browser.get(asking(prompt="login")))["next"]
    client.clock.go(seconds=5)
    browser.fill("/signout")
    client.ask("UPDATE acl.account SET kind = 'individual' WHERE code = 'minh'")
    browser.sign_in("minh")

    assert urlsplit(place(browser.get(back))).path == "/account/proof"


@pytest.mark.parametrize(("late", "met"), [(0, True), (60, True), (61, False), (None, False)])
@pytest.mark.parametrize("more", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_provider_whose_clock_lags_is_met_and_one_that_says_nothing_is_asked_once(client, more, late, met):
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=20)
    back = query_of(browser.get(asking(**more)))["next"]
    proved_at = None if late is None else client.clock.now() - timedelta(seconds=late)
    client.ask("UPDATE oauth.session SET way = 'sso', proved_at = %s", proved_at)

    answer = browser.get(back)

    assert (answer.status_code == 200) is met
    assert met or query_of(answer)["error"] == "login_required"


def test_a_proof_of_our_own_is_given_no_time_before_it_was_asked_for(client):
    browser = client.browser()
    browser.sign_in()
    enrolled(browser)
    client.clock.go(minutes=20)
    back = query_of(browser.get(asking(prompt="login")))["next"]
    client.ask("UPDATE oauth.session SET way = 'sso', proved_at = %s", client.clock.now() - timedelta(seconds=1))

    assert query_of(browser.get(back))["error"] == "login_required"


def test_a_device_is_let_in_after_a_fresh_proof_and_the_way_leads_back_to_its_code(client):
    form = {"client_id": "qgis", "scope": "features:read"}
    shown = client.flask.test_client().post("/oauth/device_authorization", base_url=BASE, data=form).json
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=14)
    client.ask("UPDATE oauth.device SET expires_at = expires_at + interval '1 hour'")
    token = token_in(browser.get("/oauth/device"))
    client.clock.go(minutes=2)

    sent = browser.post("/oauth/device", csrf_token=token, user_code=shown["user_code"], decision="allow")
    assert urlsplit(place(sent)).path == "/account/proof"
    assert client.ask("SELECT allowed FROM oauth.device") == [(None,)]
    back = browser.fill(place(sent), password=OLD)
    told = browser.fill(place(back), user_code=shown["user_code"], decision="allow")

    assert "Đã cho phép" in told.text
    assert client.ask("SELECT allowed FROM oauth.device") == [(True,)]


def test_administration_is_allowed_after_a_fresh_proof_whatever_the_client_asks_for(client):
    client.ask("UPDATE oauth.client SET scopes = %s", ["features:read", "tiles:read", "admin"])
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=16)

    sent = browser.get(asking(scope="admin"))
    assert urlsplit(place(sent)).path == "/account/proof"
    back = browser.fill(place(sent), password=OLD)
    answer = browser.fill(place(back), decision="allow")

    assert "code" in query_of(answer)


@pytest.mark.parametrize("max_age", ["", "-1", "x", "1.5", "９", "1" * 10])
def test_a_max_age_that_is_no_number_of_seconds_is_refused(client, max_age):
    browser = client.browser()
    browser.sign_in()

    answer = browser.get(asking(max_age=max_age))

    assert query_of(answer)["error"] == "invalid_request"


def test_what_comes_out_of_a_consent_keeps_its_proof_whatever_is_refreshed(client):
    browser = client.browser()
    browser.sign_in()
    client.clock.go(minutes=5)
    client.ask("UPDATE oauth.client SET scopes = %s", ["features:read", "tiles:read", "admin"])
    code = query_of(browser.fill(asking(scope="admin"), decision="allow"))["code"]
    form = {"grant_type": "authorization_code", "client_id": "qgis", "code": code}
    first = program(client, **form, redirect_uri=REDIRECT, code_verifier=VERIFIER)
    client.clock.go(minutes=9)
    second = program(client, grant_type="refresh_token", client_id="qgis", refresh_token=first["refresh_token"])

    for given in (first, second):
        with client.owner.transaction():
            now = NOW + timedelta(minutes=5)
            caller = tokens.caller_of(client.owner, given["access_token"], now=now, address="10.1.2.3")
            assert caller.proved_at == NOW


def allowed(client: Service, browser: Browser) -> dict[str, Any]:
    code = query_of(browser.fill(asking(), decision="allow"))["code"]
    form = {"grant_type": "authorization_code", "client_id": "qgis", "code": code}
    return program(client, **form, redirect_uri=REDIRECT, code_verifier=VERIFIER)


def is_good(client: Service, given: dict[str, Any]) -> tuple[bool, int]:
    """Tell whether an access token is good, and how its refresh is answered."""
    with client.owner.transaction():
        good = tokens.find(client.owner, given["access_token"], now=client.clock.now()) is not None
    form = {"grant_type": "refresh_token", "client_id": "qgis", "refresh_token": given["refresh_token"]}
    return good, client.flask.test_client().post("/oauth/token", data=form, base_url=BASE).status_code


def test_a_new_password_ends_what_was_allowed_to_programs_and_keeps_personal_tokens(client):
    browser = client.browser()
    browser.sign_in()
    given = allowed(client, browser)
    made = browser.fill("/account/tokens", purpose="GDAL", scopes="features:read", days="7")
    personal = re.search(r"<code>(lda_\w+)</code>", made.text)[1]

    browser.fill("/account/password", old=OLD, new=NEW, again=NEW)

    assert is_good(client, given) == (False, 400)
    with client.owner.transaction():
        assert tokens.find(client.owner, personal, now=client.clock.now())


def test_what_was_allowed_is_listed_and_ended_by_its_owner_alone(client):
    client.ask("UPDATE acl.account SET kind = 'individual' WHERE code = 'minh'")
    browser, other = client.browser(), client.browser()
    browser.sign_in()
    other.sign_in("minh")
    given = allowed(client, browser)
    listed = browser.get("/account/tokens")
    mark = re.search(r'name="mark" value="([0-9a-f-]{36})"', listed.text)[1]
    assert "Ứng dụng đã được cho phép" in listed.text
    assert "QGIS" in listed.text
    assert "Đọc dữ liệu không gian" in listed.text.split("Ứng dụng đã được cho phép")[-1]

    other.post("/account/consents/end", csrf_token=token_in(other.get("/account/tokens")), mark=mark)
    browser.post("/account/consents/end", mark=mark)
    assert client.ask("SELECT ended_at FROM oauth.family") == [(None,)]
    ended = browser.post("/account/consents/end", csrf_token=token_in(listed), mark=mark)

    assert place(ended) == "/account/tokens?told=consent-ended"
    assert is_good(client, given) == (False, 400)
    after = browser.get(place(ended)).text
    assert "Đã chấm dứt" in after
    assert mark not in after


def program(service: Service, **form: str) -> dict[str, Any]:
    answer = service.flask.test_client().post("/oauth/token", data=form, base_url=BASE)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_consent_page_says_who_registered_the_client_where_it_leads_and_warns_of_administration(client):
    client.ask("UPDATE oauth.client SET scopes = %s", ["features:read", "tiles:read", "admin"])
    browser = client.browser()
    browser.sign_in()

    plain, warned = browser.get(asking()).text, browser.get(asking(scope="admin")).text

    assert "Đơn vị đăng ký" in plain
    assert "127.0.0.1" in plain
    assert "quyền quản trị thay bạn" not in plain
    assert "quyền quản trị thay bạn" in warned
