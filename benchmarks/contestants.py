"""Who takes part: how each is installed, started and stopped, and how it is asked."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from benchmarks.scopes import EVERY, FIVE
from benchmarks.units import code_of, token_of
from benchmarks.world import COLLECTION, PEERS_SCHEMA, REPOSITORY, VAR, World

WORKERS = 2
PACKAGES = {
    "pygeoapi": (
        "pygeoapi==0.24.0",
        "gunicorn==23.0.0",
        "psycopg2-binary==2.9.10",
        "sqlalchemy==2.1.9",
        "geoalchemy2==0.20.0",
    ),
    "tipg": ("tipg==1.6.1", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0"),
}
"""Each peer has an environment of its own below ``var/bench``."""
OURS, QUIET, WIDE = "datdai", "datdai-quiet", "datdai-wide"
METRIC, LONLAT, TIPG = "pygeoapi-9212", "pygeoapi-4326", "tipg"
SERVERS = (OURS, QUIET, METRIC, LONLAT, TIPG)
"""Ours with the token of a unit of five communes, with audit and without; the peers answer everybody everything.

``WIDE`` is ours with the token of a unit of every commune as a list, for what asks of the whole table.
"""
BIG_PAGE = 100_000
"""Features that a peer without an export gives in one answer."""
_START_TIMEOUT_S = 90


@dataclass(frozen=True, slots=True)
class Server:
    """A running contestant.

    Attributes:
        items: path of the items of the collection.
        counted_items: path of the items whose pages carry ``numberMatched``; the same where there is no choice.
        format: of the parameter ``f``.
        process: the supervisor; its children answer.
        token: which a request of ours carries.
    """

    key: str
    url: str
    items: str
    counted_items: str
    format: str
    process: int
    token: str | None = None


def install(name: str) -> Path:
    """Make the environment of a peer unless it stands; return its folder of programs."""
    folder = VAR / name
    stamp, wanted = folder / "installed.json", json.dumps(PACKAGES[name])
    if not (stamp.exists() and stamp.read_text() == wanted):
        uv = [str(Path(sys.executable).parent / "uv")]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        subprocess.run(
            [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin/python"), *PACKAGES[name]], check=True
        )
        stamp.write_text(wanted)
    return folder / "bin"


def versions() -> dict[str, str]:
    """Return the version of what takes part, as installed."""
    found = {"python": sys.version.split()[0]}
    for name, packages in PACKAGES.items():
        found |= {package.split("==")[0]: package.split("==")[1] for package in packages}
        found[name] = packages[0].split("==")[1]
    return found


@contextmanager
def all_running(world: World, secret: str) -> Generator[dict[str, Server]]:
    """Start every server for the time of a block; ``secret`` keys our cursors."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        ours, quiet = (
            start_ours(world, secret, started),
            start_ours(world, secret, started, key=QUIET, audit="off"),
        )
        wide = replace(ours, key=WIDE, token=token_of(code_of(EVERY)))
        peers = (*_start_pygeoapi(world, started), _start_tipg(world, started))
        yield {each.key: each for each in (ours, quiet, wide, *peers)}
    finally:
        for process in started:
            stop(process)


def start_ours(
    world: World, secret: str, started: list[subprocess.Popen[bytes]], *, key: str = OURS, audit: str = "on"
) -> Server:
    """Start our service; its requests carry the token of the unit of five communes."""
    port = _free_port()
    environment = {
        "DATDAI_DATABASE_URL": world.app_dsn,
        "DATDAI_HOME": str(world.home),
        "DATDAI_PORT": str(port),
        "DATDAI_WORKERS": str(WORKERS),
        "DATDAI_SECRET": secret,
        "DATDAI_AUDIT": audit,
    }
    process = _start(key, [sys.executable, "-m", "server.cli", "serve"], environment, started)
    url = _wait(port, "/health/live", process)
    items = f"/collections/{COLLECTION}/items"
    return Server(key, url, items, items, "json", process.pid, token_of(code_of(FIVE)))


def _start_pygeoapi(world: World, started: list[subprocess.Popen[bytes]]) -> tuple[Server, Server]:
    programs, folder, port = install("pygeoapi"), _folder("pygeoapi-run"), _free_port()
    configuration, openapi = folder / "config.yml", folder / "openapi.yml"
    configuration.write_text(yaml.safe_dump(pygeoapi_configuration(world, port)))
    environment = {"PYGEOAPI_CONFIG": str(configuration), "PYGEOAPI_OPENAPI": str(openapi)}
    generate = [str(programs / "pygeoapi"), "openapi", "generate", str(configuration), "--output-file", str(openapi)]
    subprocess.run(generate, env=os.environ | environment, check=True, capture_output=True)
    command = [str(programs / "gunicorn"), "--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "4"]
    command += ["--timeout", "600", "--keep-alive", "60", "--bind", f"127.0.0.1:{port}", "pygeoapi.flask_app:APP"]
    process = _start("pygeoapi", command, environment, started)
    url = _wait(port, "/?f=json", process)

    def server(key: str, name: str) -> Server:
        return Server(key, url, f"/collections/{name}/items", f"/collections/{name}_counted/items", "json", process.pid)

    return server(METRIC, "thua_dat_9212"), server(LONLAT, "thua_dat_4326")


def _start_tipg(world: World, started: list[subprocess.Popen[bytes]]) -> Server:
    programs, port = install("tipg"), _free_port()
    collection = f"{PEERS_SCHEMA}.thua_dat_4326"
    environment = {
        "DATABASE_URL": f"postgresql://postgres@{str(world.sockets).replace('/', '%2F')}/datdai",
        "TIPG_DB_SCHEMAS": json.dumps([PEERS_SCHEMA]),
        "TIPG_DB_TABLES": json.dumps([collection]),
        "TIPG_DB_SPATIAL_EXTENT": "false",  # else it scans the table every five minutes
        "TIPG_DB_DATETIME_EXTENT": "false",
        "TIPG_CATALOG_TTL": "0",
        "TIPG_MAX_FEATURES_PER_QUERY": str(BIG_PAGE),
        "DB_MIN_CONN_SIZE": "4",
    }
    command = [str(programs / "uvicorn"), "tipg.main:app", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--workers",
        str(WORKERS),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    process = _start("tipg", command, environment, started)
    url = _wait(port, "/healthz", process)
    items = f"/collections/{collection}/items"
    return Server(TIPG, url, items, items, "geojson", process.pid)


def pygeoapi_configuration(world: World, port: int) -> dict[str, object]:
    """Return a configuration of stock pygeoapi: both views, each without and with a count."""
    resources = {
        name + suffix: _resource(world, name, srid, counted=bool(suffix))
        for name, srid in (("thua_dat_9212", 9212), ("thua_dat_4326", 4326))
        for suffix in ("", "_counted")
    }
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": BIG_PAGE},
            "map": {"url": "https://tile.example/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "Peer", "description": "Peer", "keywords": ["peer"], "keywords_type": "theme",
                "terms_of_service": "none", "url": "https://example.org",
            },
            "license": {"name": "none", "url": "https://example.org"},
            "provider": {"name": "none", "url": "https://example.org"},
            "contact": {"name": "none", "url": "https://example.org"},
        },
        "resources": resources,
    }  # fmt: skip


def _resource(world: World, view: str, srid: int, *, counted: bool) -> dict[str, object]:
    lonlat = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    crs = lonlat if srid == 4326 else f"http://www.opengis.net/def/crs/EPSG/0/{srid}"
    provider = {
        "type": "feature",
        "name": "PostgreSQL",
        "data": {
            "host": str(world.sockets),
            "port": 5432,
            "dbname": "datdai",
            "user": "postgres",
            "password": "",
            "search_path": [PEERS_SCHEMA],
        },
        "id_field": "id",
        "table": view,
        "geom_field": "geom",
        "storage_crs": crs,
        "crs": [lonlat] if crs == lonlat else [lonlat, crs],
        "count": counted,
    }
    return {
        "type": "collection",
        "title": view,
        "description": view,
        "keywords": ["parcels"],
        "links": [],
        "extents": {"spatial": {"bbox": [106, 11, 108, 13], "crs": lonlat}},
        "providers": [provider],
    }


def _start(
    name: str, command: list[str], environment: dict[str, str], started: list[subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    """Start a server; what it says goes to a file below ``var/bench``."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("DATDAI_", "TIPG_", "PYGEOAPI_"))
    }
    with (_folder("log") / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=inherited | environment, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    started.append(process)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and the processes of its session."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=15)


def _wait(port: int, path: str, process: subprocess.Popen[bytes]) -> str:
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url + path, timeout=10) as answer:
                answer.read()
        except (URLError, OSError):
            time.sleep(0.3)
        else:
            return url
    raise SystemExit(f"benchmarks: {process.args} does not answer; see {VAR / 'log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _folder(name: str) -> Path:
    folder = VAR / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def programs_missing() -> list[str]:
    """Return the programs that the harness needs and that are not on this machine."""
    return [program for program in ("wrk", "pgbench") if shutil.which(program) is None]
