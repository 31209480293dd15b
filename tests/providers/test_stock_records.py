"""The record provider in an unmodified ``pygeoapi serve``: the records of our own lane, but for the shell's links."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import yaml

from tests.api.conftest import BASE, catalogue
from tests.api.records_stock import ITEMS

if TYPE_CHECKING:
    from tests.api.records_stock import Records

__all__ = ["catalogue"]
ROOT = Path(__file__).parents[2]


def _configuration(dsn: str, port: int) -> dict[str, object]:
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["vi"],
            "map": {"url": "", "attribution": ""},
            "limits": {"default_items": 10, "max_items": 1000},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {"title": "t", "description": "d", "keywords": ["k"], "url": "http://127.0.0.1"},
            "license": {"name": "l"},
            "provider": {"name": "p"},
            "contact": {"name": "c"},
        },
        "resources": {
            "sieu-du-lieu": {
                "type": "collection",
                "title": "Land metadata",
                "description": "Records",
                "keywords": ["metadata"],
                "extents": {"spatial": {"bbox": [106.41, 11.3, 107.43, 12.3]}},
                "providers": [
                    {
                        "type": "record",
                        "name": "providers.records.RecordsProvider",
                        "data": "sieu-du-lieu",
                        "id_field": "id",
                        "time_field": "time_begin",
                        "title_field": "title",
                        "options": {"database_url": dsn, "layers": str(ROOT / "config/layers"), "url": BASE},
                    }
                ],
            }
        },
    }


@pytest.fixture(scope="module")
def shell(
    catalogue: "Records", sample_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    del catalogue  # it must be written before the shell reads
    folder = tmp_path_factory.mktemp("stock")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config.yml").write_text(yaml.safe_dump(_configuration(as_app(sample_db), port)))
    (folder / "openapi.yml").write_text("openapi: 3.0.2\npaths: {}\n")
    environ = {
        **os.environ,
        "PYGEOAPI_CONFIG": str(folder / "config.yml"),
        "PYGEOAPI_OPENAPI": str(folder / "openapi.yml"),
        "PYTHONPATH": str(ROOT),
    }
    command = [str(Path(sys.executable).with_name("pygeoapi")), "serve"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            _fetch(f"{url}/conformance")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def _fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


def _bare(record: Any) -> Any:
    """Return a record without links; the shell writes signs of HTML in texts as entities."""
    return json.loads(unescape(json.dumps({name: value for name, value in record.items() if name != "links"})))


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 5},
        {"limit": 5, "offset": 20},
        {"q": "tan phu"},
        {"type": "service"},
        {"ky": "2024", "limit": 20},
        {"bbox": "106.5,11.5,106.56,11.56"},
        {"datetime": "2024-06-01", "limit": 20},
        {"sortby": "-title", "limit": 7},
        {"filter": "ky = '2023' AND ma_don_vi = '25195'"},
    ],
)
def test_the_stock_shell_finds_the_same_records(shell: str, catalogue: "Records", asked: dict[str, object]):
    ours = catalogue.api.json(ITEMS, {"lang": "vi"} | asked)

    stock = _fetch(f"{shell}{ITEMS}?{urlencode({'f': 'json', 'lang': 'en'} | asked)}")

    assert stock["features"]
    assert list(map(_bare, stock["features"])) == list(map(_bare, ours["features"]))
    assert stock["numberMatched"] == ours["numberMatched"]


def test_the_stock_shell_answers_a_single_record_with_one_link_to_its_collection(shell: str, catalogue: "Records"):
    one = catalogue.api.json(ITEMS, {"limit": 1, "lang": "vi"})["features"][0]

    stock = _fetch(f"{shell}{ITEMS}/{one['id']}?f=json&lang=vi")

    assert _bare(stock) == _bare(one)
    assert [each["rel"] for each in stock["links"]].count("collection") == 1
    assert f"{BASE}/collections/thua-dat/items" in [each["href"] for each in stock["links"]]


@pytest.mark.parametrize(
    ("path", "status"), [("/00000000-0000-4000-8000-000000000000", 404), ("/x", 404), ("?bbox=1,2", 400)]
)
def test_the_stock_shell_refuses_what_is_wrong(shell: str, path: str, status: int):
    with pytest.raises(urllib.error.HTTPError) as refused:
        _fetch(shell + ITEMS + path)

    with refused.value as answer:
        assert answer.code == status


def test_the_stock_shell_has_no_empty_list_for_a_catalogue_that_was_never_published(shell: str, catalogue: "Records"):
    catalogue.stock.unpublish()
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            _fetch(f"{shell}{ITEMS}?f=json")
    finally:
        catalogue.stock.publish()

    with refused.value as answer:
        assert answer.code >= 500
