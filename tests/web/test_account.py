"""Pages of an account from samples: well-formed, in both languages, hostile text as text; in Chromium quiet."""

import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import segno
from playwright.sync_api import Browser, Page, sync_playwright

from catalogue.layer import Text
from core.phrases import Phrase
from web.account import PAGES, AccountPages, said
from web.assets import find
from web.csp import CSP

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder for people who want to look
BASE = "http://127.0.0.1:8000"
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(2)>' style='x' {{ 7*7 }} </script><!--"""
VOID = {"meta", "link", "img", "input", "br", "hr"}
WRONG = Phrase("The form is too old, or was not made here. Send it again.")
TOKEN = "lda_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG_012345"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
QR = segno.make(f"otpauth://totp/datdai:lan?secret={SECRET}&issuer=datdai", error="m").svg_data_uri(scale=4, border=2)
SCOPES = ["features:read", "tiles:read", "records:read", "processes:execute", "features:write", "admin"]
GIVEN = {"purpose": "", "scopes": ["features:read"], "days": 30, "networks": ""}
TOKENS = [
    {
        "purpose": "QGIS trên máy phòng địa chính",
        "scopes": ["features:read", "tiles:read"],
        "expires_at": AT,
        "used_at": None,
        "networks": [],
        "mark": "0123456789abcdef",
    },
    {
        "purpose": "Bản đồ nền của cổng thông tin",
        "scopes": ["tiles:read"],
        "expires_at": AT,
        "used_at": AT,
        "networks": ["10.20.0.0/16"],
        "mark": "fedcba9876543210",
    },
]
SESSION = {
    "begun_at": AT,
    "seen_at": AT,
    "address": "10.1.2.3",
    "agent": FIREFOX,
    "way": "password",
    "mark": "0123456789abcdef",
    "mine": True,
}
HOME = {
    "name": "lan.tt",
    "person": "Trần Thị Lan",
    "unit": "Ủy ban nhân dân xã An Phú",
    "enrolled": True,
    "password_until": AT.date(),
    "days_left": 7,
    "last": SESSION,
    "sso": "/account/sso?link=x",
    "linked": None,
}
CONSENT = {
    "client": "QGIS",
    "unit": "Sở Nông nghiệp và Môi trường",
    "scopes": SCOPES,
    "registered_by": "Sở Nông nghiệp và Môi trường",
    "goes_to": "127.0.0.1",
    "user_code": None,
    "name": "lan.tt",
    "person": "Trần Thị Lan",
    "own_unit": "Ủy ban nhân dân xã An Phú",
}
FACTOR = {"must": False, "enrolled": False, "recovery_left": 0, "qr": "", "secret": "", "plain_secret": ""}
SHOWN = {"qr": QR, "secret": "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", "plain_secret": SECRET}
ALLOWED = {
    "client": "QGIS",
    "unit": "Sở Tài nguyên và Môi trường",
    "scopes": ["features:read", "tiles:read"],
    "begun_at": AT,
    "ends_at": AT,
    "used_at": None,
    "mark": "2f1c0000-0000-4000-8000-000000000000",
}
TOKEN_PAGE = {
    "prove": False,
    "tokens": TOKENS,
    "consents": [ALLOWED],
    "scopes": SCOPES,
    "days": (7, 30, 90),
    "given": GIVEN,
    "is_typed_before": False,
    "secret": "",
}
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "account": ("account", HOME),
    "account-linked": ("account", HOME | {"linked": "can-bo-17", "days_left": None, "last": None}),
    "activate": ("activate", {"name": "lan.tt", "code": "", "faults": {"new": WRONG}}),
    "code": ("code", {"problem": WRONG}),
    "consent": ("consent", CONSENT),
    "consent-device": ("consent", CONSENT | {"goes_to": None, "user_code": "ABCD-EFGH"}),
    "device": ("device", {"wrong": True, "allowed": None, "user_code": "ABCD-EFGH"}),
    "device-told": ("device", {"wrong": False, "allowed": True, "user_code": ""}),
    "password": ("password", {"name": "lan.tt", "must": True, "faults": {"old": WRONG}}),
    "proof": ("proof", {"way": "code", "minutes": 15, "faults": {"code": WRONG}}),
    "proof-password": ("proof", {"way": "password", "minutes": 15, "problem": WRONG}),
    "proof-provider": ("proof", {"way": "provider", "minutes": 15}),
    "recovery-codes": ("recovery-codes", {"codes": ["ABCD-EFGH-IJKL-MNOP"] * 10, "onward": "/account"}),
    "refused": ("refused", {"error": "invalid_client", "text": WRONG}),
    "second-factor": ("second-factor", FACTOR),
    "second-factor-on": ("second-factor", FACTOR | {"enrolled": True, "recovery_left": 9}),
    "second-factor-qr": ("second-factor", FACTOR | SHOWN | {"must": True}),
    "sessions": ("sessions", {"sessions": [SESSION, SESSION | {"mine": False, "way": "sso"}]}),
    "signin": ("signin", {"name": "lan.tt", "sso": "/account/sso", "problem": WRONG}),
    "signout": ("signout", {}),
    "tokens": ("tokens", TOKEN_PAGE),
    "tokens-made": ("tokens", TOKEN_PAGE | {"secret": TOKEN}),
    "tokens-none": ("tokens", TOKEN_PAGE | {"prove": True, "tokens": [], "consents": [], "problem": WRONG}),
    "tokens-proved": ("tokens", TOKEN_PAGE | {"is_typed_before": True, "given": GIVEN | {"purpose": "GDAL"}}),
}


class Read(HTMLParser):
    """The elements of a page; ``faults`` names what is not closed or closed twice."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.faults, self._open = [], [], []
        self.feed(html)
        self.close()
        self.faults += [f"<{each}> is not closed" for each in self._open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def pages() -> AccountPages:
    return AccountPages(base_url=BASE, title=Text("Cơ sở dữ liệu đất đai tỉnh Bình Phước", "Land database"))


def rendered(pages, sample, language="vi", query=None):
    page, content = sample
    always = {"csrf": "csrf", "problem": None, "faults": {}, "told": ""}
    return pages.render(page, always | content, language=language, path="/account/x", query=query or {})


def hostile(value):
    match value:
        case str() if not value.startswith("data:"):
            return HOSTILE
        case dict():
            return {key: hostile(each) for key, each in value.items()}
        case list() | tuple():
            return [hostile(each) for each in value]
        case _:
            return value


def test_there_is_a_sample_of_every_page():
    assert {page for page, _ in SAMPLES.values()} == set(PAGES)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_well_formed_and_says_its_language(pages, name, language):
    read = Read(rendered(pages, SAMPLES[name], language))

    assert read.faults == []
    assert read.all("html") == [{"lang": language}]
    assert len(read.all("main")) == len(read.all("h1")) == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_ids_are_unique_and_every_field_has_a_label(pages, name):
    html = rendered(pages, SAMPLES[name])
    ids = re.findall(r'\sid="([^"]+)"', html)
    loose = re.sub(r"<label.*?</label>", "", html, flags=re.DOTALL)

    assert len(ids) == len(set(ids))
    assert not re.search(r"<(select|input(?! type=\"hidden\"))", loose)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_form_is_posted_here_with_its_token(pages, name):
    html = rendered(pages, SAMPLES[name])
    forms = re.findall(r"<form.*?</form>", html, re.DOTALL)

    assert all('method="post"' in each for each in forms)
    assert all('name="csrf_token" value="csrf"' in each for each in forms)
    assert all(re.search(rf'action="{BASE}/', each) for each in forms)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_needs_no_script_and_nothing_from_elsewhere(pages, name):
    read = Read(rendered(pages, SAMPLES[name]))
    inline = [key for _, attributes in read.elements for key in attributes if key[:2] == "on" or key == "style"]
    loaded = [each["src"] for tag in ("script", "img") for each in read.all(tag)]

    assert inline == []
    assert not read.all("style")
    assert all(each.startswith((f"{BASE}/static/", "data:image/svg+xml")) for each in loaded)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", SAMPLES)
def test_hostile_text_comes_out_as_text(pages, name, language):
    page, content = SAMPLES[name]
    query = dict.fromkeys(("next", "told", "lang", "user_code"), HOSTILE)

    html = rendered(pages, (page, hostile(content)), language, query)
    read = Read(html)

    assert read.faults == []
    assert "<script>alert" not in html
    assert not [key for _, each in read.elements for key in each if key[:2] == "on" or key == "style"]


def test_a_password_is_never_written_back(pages):
    for name, sample in SAMPLES.items():
        for each in Read(rendered(pages, sample)).all("input"):
            assert each.get("type") != "password" or each["value"] == "", name


def test_the_language_and_the_way_on_are_kept_by_forms_and_links(pages):
    html = rendered(pages, SAMPLES["signin"], "en", {"lang": "en", "next": "/collections"})

    assert 'action="http://127.0.0.1:8000/account/x?lang=en&amp;next=/collections"' in html
    assert 'href="http://127.0.0.1:8000/account/activate?lang=en"' in html


def test_phrases_and_instants_are_said_as_people_read_them():
    content = {"problem": WRONG, "at": [AT], "n": 1}

    assert said(content, "vi") == {"problem": "Biểu mẫu đã quá hạn hoặc không được tạo từ trang này. Vui lòng gửi lại.",
                                   "at": ["08:00 02/03/2026"], "n": 1}  # fmt: skip
    assert said(content, "en") == {"problem": str(WRONG), "at": ["08:00 2026-03-02"], "n": 1}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def _serving(respond) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, lambda *_: [], handler_class=_Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    server.set_app(respond(base))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield base
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def client() -> Iterator[str]:
    """Where a client waits for the browser, at another origin."""

    def respond(_base):
        def answer(_environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"arrived"]

        return answer

    yield from _serving(respond)


@pytest.fixture(scope="module")
def service(client) -> Iterator[str]:
    """Serve the samples; the consent at /consent leads on to the client, and at /closed it would like to."""

    def respond(base):
        pages = AccountPages(base_url=base, title=Text("Cơ sở dữ liệu đất đai tỉnh Bình Phước", "Land database"))

        def answer(environ, start_response):
            path, query = environ["PATH_INFO"], dict(parse_qsl(environ["QUERY_STRING"]))
            if asset := find(path.removeprefix("/static/")):
                start_response("200 OK", [("Content-Type", asset.media_type)])
                return [asset.content]
            if environ["REQUEST_METHOD"] == "POST":
                start_response("303 See Other", [("Location", f"{client}/back?code=x")])
                return [b""]
            policy = CSP if query.get("closed") else CSP.replace("form-action 'self'", f"form-action 'self' {client}")
            page, content = SAMPLES[path.strip("/")]
            always = {"csrf": "csrf", "problem": None, "faults": {}, "told": ""}
            html = pages.render(page, always | content, language=query.get("lang", "vi"), path=path, query=query)
            headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)]
            start_response("200 OK", [*headers, ("Referrer-Policy", "no-referrer")])
            return [html.encode()]

        return answer

    yield from _serving(respond)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium at /usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.faults = []
        page.on("console", lambda each: page.faults.append(each.text) if each.type in ("error", "warning") else None)
        page.on("request", lambda each: _judge(page, each.url))
        yield page


def _judge(page, url):
    if not url.startswith(("http://127.0.0.1:", "data:")):
        page.faults.append(f"request to {url}")


@pytest.mark.browser
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_a_page_is_quiet_local_and_no_wider_than_the_screen(service, page, name, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)

    page.goto(f"{service}/{name}")

    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}-{width}.png", full_page=True)
    assert page.faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_the_answer_to_a_consent_leads_the_browser_to_the_client(service, client, page):
    page.goto(f"{service}/consent")

    page.get_by_role("button", name="Cho phép", exact=True).click()
    page.wait_for_url(f"{client}/back?code=x")

    assert page.locator("body").inner_text() == "arrived"


@pytest.mark.browser
def test_without_the_origin_of_the_client_in_the_policy_the_browser_would_not_go(service, client, page):
    page.goto(f"{service}/consent?closed=1")

    page.get_by_role("button", name="Cho phép", exact=True).click()
    page.wait_for_timeout(500)

    assert not page.url.startswith(client)
    assert any("form-action" in each for each in page.faults)
