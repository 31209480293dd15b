"""One private, throw-away cluster for a whole run, and databases cloned from a migrated template.

The first process that needs the cluster starts it and builds the template, under a file lock; the others of
an xdist run find both. A guard outside pytest waits on a pipe: however the run ends, the pipe closes and the
guard stops the cluster and deletes the folder.
"""

import fcntl
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import hypothesis
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from auth.rights.publishing import publish_public
from catalogue.profile import Profile, body_of, compile_profile, whole
from database.cluster import Cluster, temporary_folder
from database.migrate import migrate
from database.profiles import Segment
from database.profiles import publish as publish_profiles

REPOSITORY = Path(__file__).parent.parent
TEMPLATE = "datdai_mau"
SAMPLE = "datdai_tinh_mau"
DEMO = "datdai_demo_mau"
DEMO_KEY = bytes(range(32))
SAMPLE_PARCELS = 2_000

_FOLDER = "DATDAI_TEST_CLUSTER"  # for the processes of one run, not for people
_GUARD = """
import shutil, sys
from pathlib import Path
sys.stdin.read()
sys.path.insert(0, sys.argv[2])
from catalogue.profile import Profile, everything
from database.cluster import Cluster
folder = Path(sys.argv[1])
Cluster(folder / "pg", durable=False).destroy()
shutil.rmtree(folder, ignore_errors=True)
"""
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")
_guards: list[subprocess.Popen[bytes]] = []
_numbers = itertools.count()


def pytest_configure() -> None:
    """Choose the folder of the run and set the guard, in the process that leads it."""
    if _FOLDER in os.environ:
        return
    folder = temporary_folder()
    os.environ[_FOLDER] = str(folder)
    command = [sys.executable, "-c", _GUARD, str(folder), str(REPOSITORY)]
    _guards.append(subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", start_new_session=True))


def pytest_unconfigure() -> None:
    """Let the guard clear up, and wait for it."""
    while _guards:
        guard = _guards.pop()
        if guard.stdin:
            guard.stdin.close()
        guard.wait(timeout=60)
        os.environ.pop(_FOLDER, None)


@dataclass(frozen=True, slots=True)
class Live:
    """A running server: its address, its process and what it last said."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="session")
def cluster() -> str:
    """The connection string of the superuser to the maintenance database of the run's cluster."""
    private = _cluster()
    private.start()
    return private.dsn()


@pytest.fixture(scope="session")
def template_db(cluster: str) -> str:
    """The name of the migrated, empty database that others are cloned from; nobody may connect to it."""
    with _locked("template"):
        if not _is_finished(cluster, TEMPLATE):
            _clone(cluster, "template1", TEMPLATE)
            migrate(_cluster().dsn(TEMPLATE))
            _finish(cluster, TEMPLATE)
    return TEMPLATE


@pytest.fixture
def blank_db(cluster: str) -> Iterator[str]:
    """The superuser's connection string to a database of its own without any migration."""
    with _database(cluster, "template1") as dsn:
        yield dsn


@pytest.fixture
def empty_db(cluster: str, template_db: str) -> Iterator[str]:
    """The superuser's connection string to a fresh clone of the migrated template."""
    with _database(cluster, template_db) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def as_app() -> Callable[[str], str]:
    """Turn a connection string to a clone into that of the login that the server uses.

    Clones keep the roles of the template: ``datdai_mau_app``, ``datdai_mau_loader`` ...
    """
    return lambda dsn: make_conninfo(dsn, user=f"{TEMPLATE}_app")


@pytest.fixture(scope="session")
def sample_template(cluster: str, template_db: str) -> str:
    """The name of a database with the small sample province; nobody may connect to it."""
    with _locked("sample"):
        if not _is_finished(cluster, SAMPLE):
            _clone(cluster, template_db, SAMPLE)
            _build_sample(_cluster().dsn(SAMPLE))
            _finish(cluster, SAMPLE)
    return SAMPLE


@pytest.fixture(scope="module")
def sample_db(cluster: str, sample_template: str) -> Iterator[str]:
    """The superuser's connection string to a clone of the sample province, for the tests of one module."""
    with _database(cluster, sample_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def demo_template(cluster: str, sample_template: str) -> str:
    """The name of the sample province with the units, accounts, agreements and tokens of the demo."""
    with _locked("demo"):
        if not _is_finished(cluster, DEMO):
            _clone(cluster, sample_template, DEMO)
            _agree_on_nothing(_cluster().dsn(DEMO))
            _load_demo(_cluster().dsn(DEMO))
            _finish(cluster, DEMO)
    return DEMO


@pytest.fixture(scope="module")
def demo_db(cluster: str, demo_template: str) -> Iterator[str]:
    """The superuser's connection string to a clone of the demo, for the tests of one module."""
    with _database(cluster, demo_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def demo_live(
    cluster: str, demo_template: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """``datdai serve`` over a clone of the demo, on a free port, for tests that only read."""
    with _database(cluster, demo_template) as dsn, _serving(as_app(dsn), tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def demo_tokens() -> dict[str, str]:
    """A token of each account of the demo, good in every clone of it, by the account's code."""
    from loader import demo

    return {each.code: demo.token_of(each.code, key=DEMO_KEY) for each in demo.read_demo().accounts}


@pytest.fixture(scope="session")
def api_db(cluster: str, sample_template: str) -> Iterator[str]:
    """The superuser's connection string to one sample province for all tests of one process; they only read."""
    with _database(cluster, sample_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def rows(api_db: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Ask the database itself, around the service."""
    with psycopg.connect(api_db, autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()


@pytest.fixture(scope="session")
def live(api_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """``datdai serve`` over the same sample province, on a free port."""
    with _serving(as_app(api_db), tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[Live]]:
    """Run ``datdai serve`` over another database until the block ends."""
    return _serving


@contextmanager
def _serving(dsn: str, home: Path, **settings: str) -> Iterator[Live]:
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATDAI_")}
    environment |= {"DATDAI_DATABASE_URL": dsn, "DATDAI_PORT": str(port), "DATDAI_HOME": str(home)}
    environment |= {"DATDAI_WORKERS": "1"} | settings
    command = [sys.executable, "-c", "import sys; from server.cli import main; sys.exit(main(['serve']))"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            running = Live(f"http://127.0.0.1:{port}", process, home / "log")
            _wait_until_ready(running)
            yield running
        finally:
            _stop(process)


@pytest.fixture
def open_db(empty_db: str) -> str:
    """An empty database whose layers are all published to everybody, as the superuser sees it."""
    _publish(empty_db)
    return empty_db


@pytest.fixture(scope="session")
def publish() -> Callable[..., None]:
    """Publish a profile in a database as if it had been agreed to: ``publish(dsn, profile, subject)``."""
    return _publish


@pytest.fixture(scope="session")
def clone_of(cluster: str) -> Callable[[str], AbstractContextManager[str]]:
    """Clone a template for the time of a block: ``with clone_of(sample_template) as dsn``."""
    return lambda template: _database(cluster, template)


@pytest.fixture(scope="session")
def publish_records() -> Callable[[str], None]:
    """Publish the catalogue of a database, until every change that can be seen is in it: ``publish_records(dsn)``."""
    return _publish_records


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real open data; the test is skipped where there is none."""
    folder = Path(os.environ.get("DATDAI_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set DATDAI_TEST_DATA")
    return folder


def _wait_until_ready(live: Live) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and live.process.poll() is None:
        try:
            with urlopen(f"{live.url}/health/ready", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{live.log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cluster() -> Cluster:
    return Cluster(Path(os.environ[_FOLDER]) / "pg", durable=False)


def _build_sample(dsn: str) -> None:
    from loader import sample

    sample.build(dsn, parcels=SAMPLE_PARCELS, seed=1)
    _publish(dsn)
    _publish_records(dsn)


def _publish_records(dsn: str) -> None:
    from catalogue.files import read_layers
    from catalogue.service import read_service
    from harvest.publishing.tick import Sources
    from harvest.publishing.tick import publish as publish_catalogue

    sources = Sources(read_layers(), read_service(REPOSITORY / "config" / "service.yml"))
    login = make_conninfo(dsn, user=f"{TEMPLATE}_publisher")
    with psycopg.connect(login, autocommit=True) as connection:
        publish_catalogue(connection, sources, within_s=30)


def _publish(dsn: str, profile: Profile | None = None, subject: str = "public") -> None:
    """Publish a profile as if it had been agreed to; without one, everything to everybody."""
    from catalogue.files import read_layers

    with psycopg.connect(dsn) as connection:
        if profile is None:
            _agree_on_everything(connection)
            publish_public(connection, read_layers(), date(2000, 1, 1))
        else:
            publish_profiles(connection, {subject: [Segment(date(2000, 1, 1), None, profile)]})


def _agree_on_everything(connection: psycopg.Connection[Any]) -> None:
    """Write the publication of every layer down as the DBA can: without officers, and past the order of states."""
    from catalogue.files import read_layers

    body = json.dumps({"grants": body_of(compile_profile(map(whole, read_layers())))["collections"]})
    connection.execute("SET LOCAL session_replication_role = replica")
    row = connection.execute("INSERT INTO acl.agreement (code, kind) VALUES ('tat-ca', 'cong_khai') RETURNING id")
    connection.execute(
        "INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, body, body_hash) "
        "SELECT %s, 1, 'published', '2000-01-01', %s::jsonb, encode(sha256(%s::bytea), 'hex')",
        [(row.fetchone() or (0,))[0], body, body.encode()],
    )
    connection.execute("SET LOCAL session_replication_role = origin")


def _agree_on_nothing(dsn: str) -> None:
    """Take the publication of everything back."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in ("agreement_version", "agreement"):
            connection.execute(sql.SQL("DELETE FROM acl.{}").format(sql.Identifier(table)))


def _load_demo(dsn: str) -> None:
    from catalogue.files import read_layers
    from core.clocks import RealClock
    from loader import demo

    logins = demo.Logins(dsn, f"{TEMPLATE}_identity", f"{TEMPLATE}_publisher")
    demo.load(logins, demo.read_demo(), read_layers(), key=DEMO_KEY, clock=RealClock())
    demo.tokens(logins, demo.read_demo(), read_layers(), key=DEMO_KEY, clock=RealClock())
    _publish_records(dsn)


@contextmanager
def _locked(name: str) -> Generator[None]:
    with (Path(os.environ[_FOLDER]) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _database(cluster: str, template: str) -> Generator[str]:
    name = f"datdai_{os.getpid()}_{next(_numbers)}"
    _clone(cluster, template, name)
    try:
        yield _cluster().dsn(name)
    finally:
        _drop(cluster, name)


def _clone(cluster: str, template: str, name: str) -> None:
    """Copy a database, in place of an unfinished one of that name."""
    _drop(cluster, name)
    # Copying the files is twice as fast here as writing them through the log, for fsync is off.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    _execute(cluster, statement.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(cluster: str, name: str) -> None:
    _execute(cluster, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _finish(cluster: str, name: str) -> None:
    """Close a database for good: one with a visitor cannot be cloned."""
    statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false")
    _execute(cluster, statement.format(sql.Identifier(name)))


def _is_finished(cluster: str, name: str) -> bool:
    query = "SELECT 1 FROM pg_database WHERE datname = %s AND NOT datallowconn"
    with psycopg.connect(cluster) as connection:
        return connection.execute(query, [name]).fetchone() is not None


def _execute(cluster: str, statement: sql.Composed) -> None:
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(statement)
