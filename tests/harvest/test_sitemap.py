"""Sitemaps from outside."""

import pytest
from lxml import etree
from werkzeug.test import Client

from harvest.faces import sitemap
from tests.harvest.stock import BASE, Stock, at, record

RECORDS = sorted((record(f"so-{n}") for n in range(5)), key=lambda each: each.id)
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture(scope="module")
def full(kept_stock: Stock, kept_client: Client) -> Client:
    """The application over a catalogue of five records."""
    for n, each in enumerate(RECORDS):
        kept_stock.put(each, at(n))
    kept_stock.put(record("an"), at(9), "don-vi:gia-dat")
    return kept_client


def found(client: Client, path: str, what: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return [str(each) for each in etree.fromstring(answer.data).xpath(f"//s:{what}/text()", namespaces=NAMES)]


def test_the_sitemap_names_the_page_of_each_record_that_the_caller_sees_and_its_last_change(full: Client) -> None:
    pages = [f"{BASE}/collections/sieu-du-lieu/items/{each.id}" for each in RECORDS]

    assert found(full, "/sitemap.xml", "loc") == pages
    assert found(full, "/sitemap.xml", "lastmod") == [f"2026-01-01T00:00:0{n}Z" for n in range(5)]


def test_too_many_records_for_one_sitemap_come_in_parts(full: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sitemap.answer.__kwdefaults__, "part_max", 2)

    parts = found(full, "/sitemap.xml", "loc")

    assert parts == [f"{BASE}/sitemap.xml?part={n}" for n in (1, 2, 3)]
    pages = [page for part in parts for page in found(full, part.removeprefix(BASE), "loc")]
    assert [page.rpartition("/")[2] for page in pages] == [str(each.id) for each in RECORDS]
    assert full.get("/sitemap.xml?part=4").status_code == 404


@pytest.mark.parametrize("query", ["part=0", "part=x", "other=1"])
def test_a_parameter_that_is_wrong_is_refused(full: Client, query: str) -> None:
    assert full.get(f"/sitemap.xml?{query}").status_code == 400


def test_robots_are_led_to_the_sitemap(full: Client) -> None:
    answer = full.get("/robots.txt")

    assert answer.content_type == "text/plain; charset=utf-8"
    assert f"Sitemap: {BASE}/sitemap.xml" in answer.text


def test_equal_sitemaps_have_equal_tags(full: Client) -> None:
    tag = full.get("/sitemap.xml").headers["ETag"]

    assert full.get("/sitemap.xml", headers={"If-None-Match": tag}).status_code == 304
