"""That the audit is not sealed any more is seen: by whoever looks after the server, by the Sở, in the log."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.audit.sealer import Sealer, sealing
from auth.audit.watch import LATE, Watch
from auth.model import AccountKind, Caller
from auth.notices import Kind, notices_seen
from catalogue.files import read_layers
from core.settings import Settings
from database.reader import Reader, Tuning
from database.writer import Writer
from server import health
from server.daily import Daily, Telling
from server.http import Request

_SO = "so-tai-nguyen-va-moi-truong"
_DECISION = """
    INSERT INTO audit.decision (request_id, at, subject, method, route, granted)
    VALUES (gen_random_uuid(), %s, 'public', 'GET', '/', true)
"""


@dataclass
class Moved:
    """A clock that the test moves."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


class Town:
    """A database whose audit is sealed as the test says."""

    def __init__(self, dsn: str, home: Path, sealer: Sealer, clock: Moved) -> None:
        self.dsn, self.home, self.clock, self._sealer = dsn, home, clock, sealer

    def login(self, name: str) -> str:
        return make_conninfo(self.dsn, user=f"datdai_mau_{name}")

    def stop_sealing(self) -> None:
        """Let a row wait for a moment longer than it should."""
        with psycopg.connect(self.login("audit")) as connection:
            connection.execute(_DECISION.encode(), [self.clock.instant])
        self.clock.instant += LATE + timedelta(seconds=1)

    def seal(self) -> None:
        """Go on, when no transaction of any database here holds the rows up."""
        until = time.monotonic() + 60
        while not self._sealer.round():
            assert time.monotonic() < until
            time.sleep(0.01)

    def watch(self) -> Watch:
        return Watch(self.login("auditor"), self.home, self.clock)

    def told(self) -> list[Kind]:
        """Return what a system admin is told of the seals."""
        return [each for each in _seen(self.dsn, AccountKind.SYSTEM_ADMIN) if each.startswith("sealing")]


@pytest.fixture
def town(empty_db: str, tmp_path: Path) -> Iterator[Town]:
    with psycopg.connect(empty_db) as owner:
        owner.execute(
            "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, 'Sở', 'so', '2020-01-01'), "
            "('xa', 'Xã', 'xa', '2020-01-01')",
            [_SO],
        )
    clock = Moved(datetime(2025, 6, 30, 3, 0, tzinfo=UTC))
    audit, auditor = (make_conninfo(empty_db, user=f"datdai_mau_{name}") for name in ("audit", "auditor"))
    with sealing(audit, auditor, tmp_path, clock) as sealer:
        yield Town(empty_db, tmp_path, sealer, clock)


def _seen(dsn: str, kind: AccountKind, unit: str = _SO) -> list[Kind]:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT id FROM acl.unit WHERE code = %s", [unit]).fetchone()
        assert row
        actor = Caller(
            "account:7", "session", "", account_id=7, account="x", account_kind=kind, unit_id=row[0], unit=unit
        )
        return [each.kind for each in notices_seen(connection, actor, limit=100)]


@pytest.fixture
def telling(town: Town) -> Iterator[Telling]:
    with closing(_teller(town)) as made:
        yield made


def _teller(town: Town) -> Telling:
    return Telling(town.watch(), Writer(town.login("identity"), purpose="test", size=1), town.clock)


def test_the_so_is_told_once_that_the_sealing_stopped_and_once_that_it_goes_on(town: Town, telling: Telling):
    telling.look()
    while_it_goes_on = town.told()
    town.stop_sealing()
    for _ in range(3):
        telling.look()
        town.clock.instant += timedelta(hours=1)
    stopped = town.told()
    town.seal()
    for _ in range(3):
        telling.look()
    goes_on = town.told()
    town.stop_sealing()
    telling.look()

    assert while_it_goes_on == []
    assert stopped == [Kind.SEALING_STOPPED]
    assert goes_on == [Kind.SEALING_STOPPED, Kind.SEALING_GOES_ON]
    assert town.told() == [*goes_on, Kind.SEALING_STOPPED]


def test_a_server_that_begins_while_the_sealing_stands_still_does_not_tell_again(town: Town, telling: Telling):
    town.stop_sealing()
    telling.look()
    with closing(_teller(town)) as another:
        another.look()

    assert town.told() == [Kind.SEALING_STOPPED]


def test_what_the_so_is_told_of_the_seals_is_nothing_to_others(town: Town, telling: Telling):
    town.stop_sealing()
    telling.look()

    assert _seen(town.dsn, AccountKind.UNIT_HEAD) == [Kind.SEALING_STOPPED]
    assert _seen(town.dsn, AccountKind.INDIVIDUAL) == []
    assert _seen(town.dsn, AccountKind.UNIT_HEAD, "xa") == []


def test_what_cannot_be_looked_at_for_a_moment_is_not_told_and_for_long_it_is(town: Town, telling: Telling):
    (town.home / "audit.key").rename(town.home / "away")
    told: list[list[Kind]] = []
    for _ in range(3):
        telling.look()
        told.append(town.told())
        town.clock.instant += LATE / 2

    assert told == [[], [], [Kind.SEALING_STOPPED]]


def test_where_no_unit_is_the_so_yet_nobody_is_told(town: Town, telling: Telling):
    with psycopg.connect(town.dsn) as owner:
        owner.execute("DELETE FROM acl.unit WHERE kind = 'so'")
        owner.execute(
            "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, 'Xã', 'xa', '2020-01-01')", [_SO]
        )
    town.stop_sealing()

    telling.look()

    assert town.told() == []


def test_the_operator_reads_once_a_day_that_the_audit_is_not_sealed(
    town: Town, as_app: Callable[[str], str], caplog: pytest.LogCaptureFixture
):
    work = Daily(Settings(database_url=as_app(town.dsn), home=town.home), read_layers(), town.clock)
    told: list[int] = []

    def run() -> None:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            work.run()
        told.append(sum("has not been sealed since 2025-06-30T10:00:00+07:00 (late)" in m for m in caplog.messages))

    run()
    town.stop_sealing()
    for hours in (0, 1, 24):
        town.clock.instant += timedelta(hours=hours)
        run()
    town.seal()
    run()
    work.close()

    assert told == [0, 1, 0, 1, 0]


@pytest.fixture
def ready(town: Town, as_app: Callable[[str], str]) -> Iterator[Callable[[str], tuple[int, Any]]]:
    """Ask for the health of the server."""
    reader = Reader(as_app(town.dsn), Tuning(1, 1, 1_000, 1_000))
    sealing_known = health.Sealing(town.watch(), town.clock)

    def ask(path: str) -> tuple[int, Any]:
        answer = health.answer(Request("GET", path), reader, sealing_known)
        assert isinstance(answer.body, bytes)
        return answer.status, json.loads(answer.body)

    yield ask
    sealing_known.close()
    reader.close()


_OK = (200, {"status": "ok"})
_DEGRADED = (200, {"status": "degraded", "checks": {"audit_seals": "stopped"}})


def test_health_says_that_the_sealing_stopped_until_it_goes_on_and_stays_ready(
    town: Town, ready: Callable[[str], tuple[int, Any]]
):
    at_first = ready("/health/ready")
    town.stop_sealing()
    stopped, alive = ready("/health/ready"), ready("/health/live")
    town.seal()
    town.clock.instant += timedelta(seconds=10)

    assert (at_first, stopped, alive) == (_OK, _DEGRADED, _OK)
    assert ready("/health/ready") == _OK


def test_health_looks_at_the_seals_every_ten_seconds_however_often_it_is_asked(
    town: Town, ready: Callable[[str], tuple[int, Any]]
):
    (town.home / "audit.key").rename(town.home / "away")
    told = [ready("/health/ready")]
    (town.home / "away").rename(town.home / "audit.key")
    for seconds in (0, 9.9, 0.1):
        town.clock.instant += timedelta(seconds=seconds)
        told.append(ready("/health/ready"))

    assert told == [_DEGRADED, _DEGRADED, _DEGRADED, _OK]


def _asked(url: str) -> tuple[int, Any]:
    with urlopen(url, timeout=10) as answer:
        return answer.status, json.load(answer)


def _until(expected: object, ask: Callable[[], object]) -> object:
    until = time.monotonic() + 30
    while (found := ask()) != expected and time.monotonic() < until:
        time.sleep(0.2)
    return found


def test_a_running_server_with_a_forged_seal_goes_on_answering_and_says_so(
    open_db: str, as_app: Callable[[str], str], tmp_path: Path, serve: Callable[..., AbstractContextManager[Any]]
):
    with serve(as_app(open_db), tmp_path) as live, psycopg.connect(open_db, autocommit=True) as owner:
        items = f"{live.url}/collections/don-vi-hanh-chinh/items?f=json"
        healthy = _until(_OK, lambda: _asked(f"{live.url}/health/ready"))
        owner.execute("ALTER TABLE audit.seal DISABLE TRIGGER follows")
        owner.execute(
            "INSERT INTO audit.seal (n, era, from_tx, until_tx, rows, root, chain, made_at, seal, signature) "
            "VALUES (1000000, 1, '1', '2', 1, '', '', now(), '', '')"
        )

        degraded = _until(_DEGRADED, lambda: _asked(f"{live.url}/health/ready"))
        status, _ = _asked(items)

    assert (healthy, degraded, status) == (_OK, _DEGRADED, 200)
