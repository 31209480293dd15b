"""The plugins in an unmodified ``pygeoapi serve``: same features as our own lane, byte for byte."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from werkzeug.test import Client

from core.settings import Settings
from server.app import create

ROOT = Path(__file__).parents[2]


def _configuration(dsn: str, port: int) -> dict[str, object]:
    layers = ("thua-dat", "don-vi-hanh-chinh")
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en"],
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
            layer: {
                "type": "collection",
                "title": layer,
                "description": layer,
                "keywords": [layer],
                "extents": {"spatial": {"bbox": [106.41, 11.3, 107.43, 12.3]}},
                "formatters": [{"name": "providers.geojson.GeoJsonFormatter"}],
                "providers": [
                    {
                        "type": "feature",
                        "name": "providers.items.ItemsProvider",
                        "data": layer,
                        "id_field": "id",
                        "crs": ["http://www.opengis.net/def/crs/EPSG/0/9212"],
                        "options": {"database_url": dsn, "layers": str(ROOT / "config/layers")},
                    }
                ],
            }
            for layer in layers
        },
    }


@pytest.fixture(scope="module")
def shell(sample_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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


@pytest.fixture(scope="module")
def lane(sample_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    application = create(Settings(database_url=as_app(sample_db), home=tmp_path_factory.mktemp("home")))
    yield Client(application)
    application.close()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            _fetch(f"{url}/conformance")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def _features(body: bytes) -> bytes:
    begin = body.index(b'"features":[') + len(b'"features":[')
    return body[begin : body.index(b'],"links"', begin)]


@pytest.mark.parametrize(
    "asked",
    [
        "limit=10",
        "limit=200",
        "limit=5&offset=20",
        "limit=50&sortby=-dien_tich",
        "limit=50&nhom_dat_chinh=PNN",
        "limit=50&bbox=106.8,11.4,107.0,11.6",
        "limit=20&properties=so_to,so_thua",
        "limit=20&skipGeometry=true",
        "limit=20&crs=http://www.opengis.net/def/crs/EPSG/0/9212",
        "limit=50&filter=dien_tich%20%3E%20500",
        "limit=10&datetime=2020-01-01/2025-06-30",
    ],
)
def test_the_stock_shell_answers_the_same_features_byte_for_byte(shell: str, lane: Client, asked: str):
    path = f"/collections/thua-dat/items?f=json&{asked}"

    stock = _fetch(shell + path)
    ours = lane.get(path).get_data()

    assert _features(stock) == _features(ours)
    assert json.loads(stock)["features"]


def test_the_stock_shell_gives_the_number_matched(shell: str, lane: Client):
    path = "/collections/thua-dat/items?f=json&limit=1"

    stock = json.loads(_fetch(shell + path))

    assert stock["numberMatched"] == lane.get(path).get_json(force=True)["numberMatched"]


def test_the_stock_shell_answers_a_single_item(shell: str, lane: Client):
    item = lane.get("/collections/thua-dat/items?limit=1").get_json(force=True)["features"][0]

    stock = json.loads(_fetch(f"{shell}/collections/thua-dat/items/{item['id']}?f=json"))

    assert stock["properties"] == item["properties"]
    assert stock["geometry"] == item["geometry"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("items/00000000-0000-4000-8000-000000000000", 404),
        ("items/x", 404),
        ("items?bbox=1,2", 400),
        ("items?so_to=x", 400),
    ],
)
def test_the_stock_shell_refuses_what_is_wrong(shell: str, path: str, status: int):
    with pytest.raises(urllib.error.HTTPError) as refused:
        _fetch(f"{shell}/collections/thua-dat/{path}")

    with refused.value as answer:
        assert answer.code == status
