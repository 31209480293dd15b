"""The first hour of an officer in headless Chromium without a script, over a real database and on plain http."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import psycopg
import pyotp
import pytest
from playwright.sync_api import Page, sync_playwright
from psycopg.conninfo import make_conninfo

from auth import oauth
from auth.credentials import passwords
from auth.pages.routes import People, blueprint
from auth.pages.visits import Desk
from catalogue.layer import Text
from core.clocks import RealClock
from database.writer import Writer
from server.mounted import assemble
from web.account import AccountPages
from web.assets import find
from web.csp import CSP

CHROMIUM = Path("/usr/bin/chromium")
NEW = "Suối#Đá9Trầm"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium at /usr/bin/chromium"),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Client:
    """Waits at another port for the browser, as QGIS does."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.server = make_server("127.0.0.1", 0, self.answer, handler_class=Quiet)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, environ, start_response):
        self.asked.append(environ.get("QUERY_STRING", ""))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"arrived"]


def run(server: WSGIServer) -> threading.Thread:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    return thread


def stop(server: WSGIServer, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client() -> Iterator[Client]:
    waiting = Client()
    thread = run(waiting.server)
    yield waiting
    stop(waiting.server, thread)


@pytest.fixture
def owner(empty_db: str) -> Iterator[psycopg.Connection]:
    """The database around the service, with the head of a unit to whom an account was handed over."""
    with psycopg.connect(empty_db, autocommit=True) as connection:
        unit = ["xa", "UBND xã An Phú", "xa", "2020-01-01"]
        connection.execute("INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, %s)", unit)
        connection.execute(
            "INSERT INTO acl.account (code, unit_id, kind, person, state) "
            "VALUES ('minh', 1, 'unit_head', 'Lê Văn Minh', 'must_change')"
        )
        yield connection


@pytest.fixture
def service(empty_db: str) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, lambda *_: [], handler_class=Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    writers = [Writer(make_conninfo(empty_db, user="datdai_mau_identity"), purpose="test") for _ in range(2)]
    render = AccountPages(base_url=base, title=Text("Cơ sở dữ liệu đất đai", "Land database")).render
    desk = Desk(base, writers[0], RealClock(), bytes(32), render, CSP)
    parts = oauth.Parts(base, writers[1], RealClock(), People(desk), oauth.Rates(1000, 1000))
    flask = assemble([blueprint(desk), oauth.blueprint(parts)], secret=bytes(32))

    def answer(environ, start_response):
        if asset := find(environ["PATH_INFO"].removeprefix("/static/")):
            start_response("200 OK", [("Content-Type", asset.media_type)])
            return [asset.content]
        return flask(environ, start_response)

    server.set_app(answer)
    thread = run(server)
    yield base
    stop(server, thread)
    for writer in writers:
        writer.close()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(java_script_enabled=False, locale="vi-VN")
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda each: page.faults.append(each.text) if each.type in ("error", "warning") else None)
        yield page
        browser.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def activate(page: Page, service: str, code: str) -> None:
    page.goto(f"{service}/account/activate")
    for name, value in (("name", "minh"), ("code", code), ("new", NEW), ("again", NEW)):
        page.fill(f"input[name={name}]", value)
    press(page, "Đặt mật khẩu")


def sign_in(page: Page) -> None:
    page.fill("input[name=name]", "minh")
    page.fill("input[name=password]", NEW)
    press(page, "Đăng nhập")


def enrol(page: Page) -> pyotp.TOTP:
    press(page, "Bắt đầu đăng ký")
    assert page.locator("img.qr").bounding_box()["width"] > 200
    totp = pyotp.TOTP(page.locator("input[name=secret]").get_attribute("value"))
    page.fill("input[name=code]", totp.now())
    press(page, "Xác nhận")
    return totp


def test_from_the_slip_to_a_program_that_is_allowed(service, owner, client, page):
    (account,) = owner.execute("SELECT id FROM acl.account").fetchone()
    code = passwords.new_activation(owner, account, clock=RealClock())
    owner.execute(
        "INSERT INTO oauth.client (id, unit_id, name, redirect_uris, grant_types, scopes) VALUES "
        "('qgis', 1, 'QGIS', %s, '{authorization_code}', '{features:read}')",
        [["http://127.0.0.1:7070/"]],
    )

    activate(page, service, code)
    sign_in(page)
    assert page.url == f"{service}/account/second-factor"
    enrol(page)
    assert page.locator(".secrets li").count() == 10
    page.get_by_role("link", name="Tôi đã cất giữ các mã này").click()
    assert "Lê Văn Minh" in page.locator("h1").inner_text()

    asked = {
        "response_type": "code",
        "client_id": "qgis",
        "redirect_uri": client.address,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "scope": "features:read",
        "state": "xyz",
    }
    page.goto(f"{service}/oauth/authorize?{urlencode(asked)}")
    press(page, "Cho phép")
    page.wait_for_url(f"{client.address}*")

    assert page.locator("body").inner_text() == "arrived"
    assert any(each.startswith("code=ldc_") and "state=xyz" in each for each in client.asked)
    assert page.faults == []


def test_the_second_step_and_the_way_out(service, owner, page):
    (account,) = owner.execute("SELECT id FROM acl.account").fetchone()
    activate(page, service, passwords.new_activation(owner, account, clock=RealClock()))
    sign_in(page)
    totp = enrol(page)
    page.goto(f"{service}/account")
    press(page, "Đăng xuất")
    assert "Bạn đã đăng xuất" in page.locator("main").inner_text()
    page.goto(f"{service}/account")
    assert page.url.startswith(f"{service}/signin")

    sign_in(page)
    assert page.url.startswith(f"{service}/account/code")
    page.fill("input[name=code]", totp.at(RealClock().now() + timedelta(seconds=30)))
    press(page, "Tiếp tục")

    assert page.url == f"{service}/account"
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "datdai"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.faults == []
