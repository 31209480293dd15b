"""An audit with some history, and people who read it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.conninfo import make_conninfo

from auth.api import blueprints
from auth.api.http import Access
from auth.audit.acts import record
from auth.audit.questions import Questions
from auth.audit.records import Decision, Outcome
from auth.audit.sealer import sealing
from auth.audit.writer import AuditWriter
from auth.model import AccountKind, Caller
from core.clocks import Clock, StoppedClock
from core.errors import Unauthorized
from core.settings import Settings, secret_key
from database.writer import Writer

NOW = datetime(2025, 6, 30, 5, 0, tzinfo=UTC)  # a Monday noon in Vietnam
KEY = secret_key(Settings(secret="k" * 32))
_ACCOUNTS = (
    ("so", "so", "quan-tri", "system_admin"),
    ("so", "so", "an", "individual"),
    ("tan-quan", "xa", "binh", "unit_head"),
    ("tan-quan", "xa", "lan", "individual"),
    ("tan-quan", "xa", "may", "machine"),
    ("thue", "thue", "hoa", "unit_head"),
)


@pytest.fixture
def people(empty_db: str) -> dict[str, Caller]:
    """The accounts of three units, active, as callers with a session."""
    found: dict[str, Caller] = {}
    with psycopg.connect(empty_db) as owner:
        for unit, kind, account, account_kind in _ACCOUNTS:
            made = owner.execute(
                "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, '2020-01-01') "
                "ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id",
                (unit, unit, kind),
            ).fetchone()
            assert made
            row = owner.execute(
                "INSERT INTO acl.account (code, unit_id, kind, state, person) "
                "VALUES (%s, %s, %s, 'active', 'Nguyễn Văn An') RETURNING id",
                (account, made[0], account_kind),
            ).fetchone()
            assert row
            found[account] = Caller(
                f"account:{row[0]}",
                "session",
                "ff",
                account_id=row[0],
                account=account,
                account_kind=AccountKind(account_kind),
                unit_id=made[0],
                unit=unit,
            )
    return found


@pytest.fixture
def history(empty_db: str, people: dict[str, Caller]) -> None:
    """Five weeks of a commune and two requests of the tax office; one act of each unit."""
    writer = AuditWriter(make_conninfo(empty_db, user="datdai_mau_audit"))
    ask = Questions(KEY)
    number = 0

    def put(who: str, at: datetime, *, rows: int, agreement: str, query: str = "limit=10", **more: Any) -> None:
        nonlocal number
        number += 1
        caller = people[who]
        granted = more.pop("granted", True)
        question = ask.of(query, {"gia", "chu"}, is_answered=granted, gives_items=granted)
        made = Decision(
            f"r{number}", at, caller.subject, caller.account, caller.unit, None, "ab", "10.0.0.1", "GET",
            "/collections/{collection}/items", "thua-dat", "query", "cd" * 32, (agreement,) if granted else None,
            granted, None if granted else 404, None if granted else "no grant", question.text, question.columns,
        )  # fmt: skip
        writer.decide(made)
        if more.get("ends", True):
            writer.outcome(Outcome(made.request_id, 200 if granted else 404, rows, rows * 100, 900, True, at))

    for day in range(1, 29):
        put("lan", NOW - timedelta(days=day), rows=400, agreement="dt-1")
    put("lan", NOW - timedelta(hours=1), rows=5_000, agreement="dt-1", query="gia=7&properties=chu")
    put("lan", NOW - timedelta(hours=8), rows=1, agreement="dt-2")  # 4 in the morning
    put("lan", NOW, rows=0, agreement="dt-1", granted=False)
    put("lan", NOW, rows=0, agreement="dt-1", ends=False)
    put("binh", NOW, rows=10, agreement="dt-2")
    put("hoa", NOW, rows=20, agreement="dt-2", query="gia=7")
    put("hoa", NOW, rows=30, agreement="dt-3", query="filter=gia%3D7.0")
    writer.close()
    for who in ("quan-tri", "binh", "lan", "hoa"):
        with psycopg.connect(make_conninfo(empty_db, user="datdai_mau_identity")) as connection:
            record(connection, people[who], "unit.rename", f"unit:{people[who].unit}", after={"tên": "mới"})
    with psycopg.connect(empty_db) as owner:
        owner.execute("ALTER TABLE audit.act DISABLE TRIGGER kept")
        owner.execute("UPDATE audit.act SET at = %s", [NOW])
        owner.execute("ALTER TABLE audit.act ENABLE TRIGGER kept")


@pytest.fixture
def seal(empty_db: str, tmp_path: Path) -> Callable[[Clock], None]:
    """Seal everything, when no transaction of any database here holds it up."""
    writer, auditor = (make_conninfo(empty_db, user=f"datdai_mau_{name}") for name in ("audit", "auditor"))
    newest = "SELECT max(tx) FROM (SELECT tx FROM audit.act UNION ALL SELECT tx FROM audit.outcome) AS t"

    def run(clock: Clock) -> None:
        deadline = time.monotonic() + 60
        with psycopg.connect(empty_db, autocommit=True) as owner:
            while owner.execute(f"SELECT pg_snapshot_xmin(pg_current_snapshot()) > ({newest})").fetchone() != (True,):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        with sealing(writer, auditor, tmp_path, clock) as sealer:
            sealer.round()

    return run


@pytest.fixture
def api(empty_db: str, tmp_path: Path) -> Iterator[Callable[[Caller | None], FlaskClient]]:
    """The admin API as a caller asks it; ``None`` is not signed in."""
    writers = {
        name: Writer(make_conninfo(empty_db, user=f"datdai_mau_{name}"), purpose="test", size=2)
        for name in ("identity", "publisher", "auditor")
    }

    def of(caller: Caller | None) -> FlaskClient:
        def who() -> Caller:
            if caller is None:
                raise Unauthorized
            return caller

        app = Flask("test")
        access = Access(**writers, layers=(), clock=StoppedClock(NOW), caller=who, key=KEY, home=tmp_path)
        for each in blueprints(access):
            app.register_blueprint(each)
        return app.test_client()

    yield of
    for each in writers.values():
        each.close()
