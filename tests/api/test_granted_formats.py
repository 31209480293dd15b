"""What the documents of a unit name can be had, and nothing else is named: formats and exports are as agreed."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

SPECIAL = "thua-dat~dt-2025-001"
"""May leave as GeoJSON and GeoPackage only, so that pages show it too."""
ABROAD, AT_HOME = "quyen-su-dung-dat", "thua-dat"
"""Collections of a district: the rights may not be exported, its parcels in three formats."""

type Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def ask(demo_live: Any, demo_tokens: dict[str, str]) -> Ask:
    """Return status and document of an answer to an account; the body of a HEAD is empty."""

    def asked(account: str, address: str, method: str = "GET") -> tuple[int, Any]:
        full = address if address.startswith("http") else demo_live.url + address
        headers = {"Authorization": f"Bearer {demo_tokens[account]}"}
        try:
            with urlopen(Request(full, headers=headers, method=method), timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                return error.code, None

    return asked


def _links(ask: Ask, account: str, collection: str, rel: str) -> list[str]:
    links = ask(account, f"/collections/{collection}?f=json")[1]["links"]
    return [each["href"] for each in links if each["rel"] == rel]


@pytest.mark.parametrize("collection", [SPECIAL, "thua-dat", "ke-hoach"])
@pytest.mark.parametrize("rel", ["items", "enclosure"])
def test_every_link_to_data_is_answered(ask: Ask, collection: str, rel: str) -> None:
    links = _links(ask, "692.diachinh", collection, rel)

    assert {each: ask("692.diachinh", each, "HEAD")[0] for each in links} == dict.fromkeys(links, 200)
    assert len(links) == (2 if collection == SPECIAL else 6) + (rel == "items")


def test_no_export_is_named_where_none_is_granted(ask: Ask) -> None:
    document = ask("689.diachinh", "/api?f=json")[1]

    assert _links(ask, "689.diachinh", ABROAD, "enclosure") == []
    assert f"/collections/{ABROAD}/export" not in document["paths"]
    assert ask("689.diachinh", f"/collections/{ABROAD}/export", "HEAD")[0] == 404


@pytest.mark.parametrize(
    ("account", "collection", "path", "keys"),
    [
        ("692.diachinh", SPECIAL, "items", ["json", "gpkg", "html"]),
        ("692.diachinh", SPECIAL, "export", ["json", "gpkg"]),
        ("689.diachinh", AT_HOME, "items", ["json", "jsonfg", "csv", "fgb", "gpkg", "gml", "html"]),
        ("689.diachinh", AT_HOME, "export", ["json", "csv", "gpkg"]),
        ("ioc.may", "thua-dat", "items", ["json", "jsonfg", "fgb", "html"]),
    ],
)
def test_the_api_document_names_the_formats_that_are_granted(
    ask: Ask, account: str, collection: str, path: str, keys: list[str]
) -> None:
    document = ask(account, "/api?f=json")[1]
    get = document["paths"][f"/collections/{collection}/{path}"]["get"]
    shared = document["components"]["parameters"]
    found = [shared[each["$ref"].rsplit("/", 1)[1]] for each in get["parameters"] if "$ref" in each]
    (named,) = [each["schema"]["enum"] for each in found if each["name"] == "f"]

    answered = {
        key: ask(account, f"/collections/{collection}/{path}?f={key}", "HEAD")[0]
        for key in ("json", "jsonfg", "csv", "fgb", "gpkg", "gml", "html")
    }

    assert named == keys
    assert len(get["responses"]["200"]["content"]) == len(keys)
    assert [key for key, status in answered.items() if status == 200] == keys
    assert {status for key, status in answered.items() if key not in keys} <= {400}
