"""Every page in headless Chromium: no error in the console, no request to another host, readable at 375 px."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from catalogue.layer import Text
from web.assets import find
from web.csp import CSP
from web.pages import Pages

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder for people who want to look
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
BOUNDARIES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"ten": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[w, 11.3], [w + 0.35, 11.35], [w + 0.3, 12.2], [w + 0.1, 12.3], [w - 0.05, 11.9], [w, 11.3]]
                ],
            },
        }
        for name, w in (
            ("Huyện Hớn Quản", 106.4),
            ("Thành phố Đồng Xoài", 106.75),
            ("Huyện Đồng Phú", 106.8),
            ("Huyện Bù Đăng", 107.05),
        )
    ],
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium at /usr/bin/chromium"),
]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def service(samples_at) -> Iterator[str]:
    """Serve the samples; the address of the service."""
    server = make_server("127.0.0.1", 0, lambda *_: [], handler_class=_Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    pages = Pages(base_url=base, title=Text("Cơ sở dữ liệu đất đai tỉnh Bình Phước", "Land database of Bình Phước"))
    samples = samples_at(base)

    def body(path, query):
        if path.startswith("/static/") and (asset := find(path.removeprefix("/static/"))):
            return asset.media_type, asset.content
        if path == "/boundaries":
            return "application/geo+json", json.dumps(BOUNDARIES).encode()
        page, document, around = samples[path]
        html = pages.render(page, document, language=query.get("lang", "vi"), around=replace(around, query=query))
        return "text/html; charset=utf-8", html.encode()

    def answer(environ, start_response):
        media_type, content = body(environ["PATH_INFO"], dict(parse_qsl(environ["QUERY_STRING"])))
        start_response("200 OK", [("Content-Type", media_type), ("Content-Security-Policy", CSP)])
        return [content]

    server.set_app(answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield base
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.faults = []
        page.on("console", lambda each: page.faults.append(each.text) if each.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("request", lambda each: _judge(page, each.url))
        yield page


def _judge(page, url):
    if not url.startswith(("http://127.0.0.1:", "blob:", "data:")):
        page.faults.append(f"request to {url}")


def faults(page):
    return [each for each in page.faults if "GPU stall" not in each and "GroupMarkerNotSet" not in each]


def settle(page):
    if page.locator("#map").count():
        page.wait_for_selector("#map[data-ready]", timeout=30_000)


def picture(page, name):
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}.png", full_page=True)


PATHS = [
    "/",
    "/conformance",
    "/collections",
    "/collections/thua-dat",
    "/collections/thua-dat/schema",
    "/collections/thua-dat/items",
    "/collections/thua-dat/items/0197c2a0-1111-7abc-8def-000000000001",
    "/api",
    "/functions",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_a_page_is_quiet_local_and_no_wider_than_the_screen(service, page, path, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)

    page.goto(service + path)
    settle(page)

    picture(page, f"{path.strip('/').replace('/', '_') or 'landing'}-{width}")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


KEEP_THE_MAP = """
    let library;
    Object.defineProperty(window, "maplibregl", {
      get: () => library,
      set: (given) => {
        library = given;
        given.Map = class extends given.Map { constructor(...all) { super(...all); window.theMap = this; } };
      },
    });
"""
BOXES_OF_NAMES = """() => theMap.getLayer("names") === undefined ? [] :
  theMap.queryRenderedFeatures({ layers: ["names"] }).map(({ geometry, properties }) => {
    const { x, y } = theMap.project(geometry.coordinates);
    const [dx, dy] = JSON.parse(properties.offset);
    const { data, pixelRatio } = theMap.getImage(properties.name);
    return [properties.name, x + dx, y + dy, data.width / pixelRatio, data.height / pixelRatio];
  })"""


def names_on_the_map(page):
    for _ in range(50):
        if len(boxes := page.evaluate(BOXES_OF_NAMES)) >= len(BOUNDARIES["features"]):
            break
        page.wait_for_timeout(200)
    return boxes


@pytest.mark.parametrize("width", [1280, 375])
def test_names_of_districts_never_overlap_and_none_is_lost(service, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(KEEP_THE_MAP)
    page.goto(service + "/")
    settle(page)

    boxes = names_on_the_map(page)

    assert {name for name, *_ in boxes} == {"H. Hớn Quản", "TP. Đồng Xoài", "H. Đồng Phú", "H. Bù Đăng"}
    for (_, x1, y1, w1, h1), (_, x2, y2, w2, h2) in combinations(boxes, 2):
        assert abs(x1 - x2) * 2 >= w1 + w2 or abs(y1 - y2) * 2 >= h1 + h2


def test_a_click_on_the_map_tells_the_attributes_of_the_row(service, page):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(service + "/collections/thua-dat/items")
    settle(page)

    box = page.locator("#map canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2 + 60)

    page.wait_for_selector(".popup")
    picture(page, "popup")
    assert "Số tờ bản đồ" in page.locator(".popup").inner_text()
    assert page.locator("tr.chosen").count() == 1
    assert faults(page) == []


def test_search_in_this_view_sends_the_box_and_no_empty_field(service, page):
    page.goto(service + "/collections/thua-dat/items")
    settle(page)

    with page.expect_navigation():
        page.get_by_role("button", name="Tìm trong khung nhìn này").click()

    query = dict(parse_qsl(page.url.split("?")[1], keep_blank_values=True))
    assert query.keys() == {"bbox", "limit"}
    west, south, east, north = map(float, query["bbox"].split(","))
    assert west < 106.88 < east
    assert south < 11.53 < north


def test_a_box_drawn_on_the_map_is_sent(service, page):
    page.goto(service + "/collections/thua-dat/items")
    settle(page)
    page.get_by_role("button", name="Vẽ khung bao").click()
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()

    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 180, steps=4)
    with page.expect_navigation():
        page.mouse.up()

    assert "bbox=" in page.url
    assert faults(page) == []


def test_without_javascript_the_form_still_filters(service, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(service + "/collections/thua-dat/items")

        page.locator("summary", has_text="Lọc theo thuộc tính").click()
        page.locator("select[name=loai_dat_chinh]").select_option("CLN")
        page.get_by_role("button", name="Lọc").click()

        assert "loai_dat_chinh=CLN" in page.url


def test_the_first_stop_of_the_keyboard_is_the_way_to_the_content(service, page):
    page.goto(service + "/collections")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_a_line_to_copy_has_a_button(service, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service)
    page.goto(service + "/collections/thua-dat")

    page.locator(".copy button").first.click()

    page.wait_for_function("document.querySelector('.copy button').textContent === 'Đã sao chép'")
    assert page.evaluate("navigator.clipboard.readText()") == service
