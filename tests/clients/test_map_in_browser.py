"""The map page of the how-to in headless Chromium: it signs in with PKCE and draws the parcels of who signed in."""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pyotp import TOTP

from auth.credentials import passwords
from auth.oauth import clients
from auth.oauth.clients import Draft
from auth.people import accounts
from core.clocks import RealClock
from loader.demo.deriving import password_of, second_factor_of
from tests.clients.worlds import IN_FORCE, LOC_NINH, PARCEL, WORLDS, Rows, Sees
from tests.conftest import DEMO_KEY
from web.assets import find

CHROMIUM = Path("/usr/bin/chromium")
FOLDER = Path(__file__).parents[2] / "docs/how-to/web-map"
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder for people who want to look
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-background-networking"]
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
SEEN = {
    "25195.diachinh": WORLDS["25195.diachinh"]["thua-dat"],
    "25195.motcua": WORLDS["25195.motcua"]["thua-dat"],
    "692.diachinh": Sees("dc.thua_dat", f"{IN_FORCE} AND {LOC_NINH}", PARCEL),
}

pytestmark = [
    pytest.mark.client,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium at /usr/bin/chromium"),
]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Site:
    """The address of the map page, the service that it asks, and the database around it."""

    page: str
    service: str
    rows: Rows


@pytest.fixture(scope="module")
def site(
    demo_db: str, as_app: Callable[[str], str], serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("map")
    (home / "secret").write_bytes(DEMO_KEY)  # what the second factors of the demo are sealed with
    config: dict[str, str] = {"client": "ban-do-thu"}

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        name = environ["PATH_INFO"].removeprefix("/") or "index.html"
        media_type, body = "application/json", json.dumps(config).encode()
        if name.startswith("maplibre-gl") and (asset := find(name)):
            media_type, body = asset.media_type, asset.content
        elif name != "config.json" and (FOLDER / name).is_file():
            media_type, body = TYPES[Path(name).suffix], (FOLDER / name).read_bytes()
        start_response("200 OK", [("Content-Type", media_type)])
        return [body]

    with make_server("127.0.0.1", 0, answer, handler_class=_Quiet) as server:
        page = f"http://127.0.0.1:{server.server_port}"
        _register(demo_db, page)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        with serve(as_app(demo_db), home) as running, psycopg.connect(demo_db, autocommit=True) as connection:
            config["service"] = running.url
            yield Site(page, running.url, lambda query, *values: connection.execute(query, values).fetchall())
        server.shutdown()
        thread.join()


def _register(dsn: str, page: str) -> None:
    draft = Draft(
        id="ban-do-thu",
        name="Bản đồ thử",
        unit="so-tai-nguyen-va-moi-truong",
        grant_types=["authorization_code"],
        scopes=["features:read"],
        redirect_uris=[f"{page}/"],
        origins=[page],
        for_everybody=True,
    )
    with psycopg.connect(dsn) as connection:
        admin = accounts.caller_named(connection, "so.quantri1")
        clients.register(connection, admin, draft, now=RealClock().now())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="vi-VN", viewport={"width": 900, "height": 600})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _sign_in(page: Page, account: str) -> None:
    page.fill("input[name=name]", account)
    page.fill("input[name=password]", password_of(account, passwords.expiry(RealClock().now()), key=DEMO_KEY))
    _press(page, "Đăng nhập")


@pytest.mark.parametrize("account", SEEN)
def test_the_map_draws_the_parcels_of_who_signed_in_and_no_others(site: Site, page: Page, account: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{site.page}/")
    page.wait_for_url(f"{site.service}/signin**")
    _sign_in(page, account)
    assert "Bản đồ thử" in page.locator("main").inner_text()
    _press(page, "Cho phép")
    page.wait_for_selector("body[data-drawn]", state="attached")
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"map-{account}.png")

    data = page.locator("body").evaluate("body => ({...body.dataset})")
    named = "concat_ws('/', xa_id, so_to, so_thua)"
    expected = site.rows(f"SELECT {named} FROM {SEEN[account].table} WHERE {SEEN[account].where}")
    assert sorted(json.loads(data["drawn"])) == sorted(each for (each,) in expected) != []
    assert {*json.loads(data["columns"]), "id"} == SEEN[account].names()
    assert page.url == f"{site.page}/"
    assert [each for each in asked if "lda_" in each] == []
    assert page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})") == "{}"


def test_a_head_signs_in_with_a_second_factor_and_sees_no_parcel(site: Site, page: Page) -> None:
    secret = base64.b32encode(second_factor_of("692.lanhdao", key=DEMO_KEY)).decode()

    page.goto(f"{site.page}/")
    _sign_in(page, "692.lanhdao")
    page.fill("input[name=code]", TOTP(secret).at(RealClock().now() + timedelta(seconds=30)))
    _press(page, "Tiếp tục")
    _press(page, "Cho phép")

    page.wait_for_function("document.getElementById('told').textContent.startsWith('Không có thửa đất')")
    assert "404" in page.locator("#told").inner_text()
    assert page.locator("body[data-drawn]").count() == 0


def test_who_does_not_consent_sees_nothing(site: Site, page: Page) -> None:
    page.goto(f"{site.page}/")
    _sign_in(page, "25195.diachinh")
    _press(page, "Từ chối")

    page.wait_for_function("document.getElementById('told').textContent.includes('access_denied')")


def test_a_page_of_another_address_gets_no_token(site: Site, page: Page) -> None:
    """A browser lets no script of an address that the client was not registered with read the answer."""
    page.goto(f"{site.page.replace('127.0.0.1', 'localhost')}/config.json")

    told = page.evaluate(
        "url => fetch(url, {method: 'POST', body: new URLSearchParams({client_id: 'ban-do-thu'})})"
        ".then(() => 'read', error => error.name)",
        f"{site.service}/oauth/token",
    )

    assert told == "TypeError"
