"""Decisions are on record before anything leaves; outcomes follow."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.audit.records import Decision, Outcome
from auth.audit.writer import AuditWriter, _Ticket
from core.errors import Unavailable
from database.cluster import Cluster, temporary_folder

NOW = datetime(2025, 6, 30, 3, 4, 5, 678_901, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[3]
_numbers = itertools.count()


def decision(**given: Any) -> Decision:
    made = Decision(
        request_id=f"r-{next(_numbers)}",
        at=NOW,
        subject="account:7",
        account="lan",
        unit="ubnd-xa",
        client="qgis",
        token="0123456789abcdef",
        ip="10.0.0.7",
        method="GET",
        route="/collections/{collection}/items",
        collection="thua-dat",
        operation="query",
        profile_hash="ab" * 32,
        agreements=("dt-2025-001",),
        granted=True,
        status=None,
        reason=None,
        query="gia=#00",
    )
    return replace(made, **given)


def outcome(of: Decision, **given: Any) -> Outcome:
    return replace(Outcome(of.request_id, 200, 10, 2_048, 1_500, finished=True, at=of.at), **given)


@pytest.fixture
def writer_dsn(empty_db: str) -> str:
    return make_conninfo(empty_db, user="datdai_mau_audit")


@pytest.fixture
def writer(writer_dsn: str) -> Iterator[AuditWriter]:
    made = AuditWriter(writer_dsn, outcomes_every_s=0.1)
    yield made
    made.close()


@pytest.fixture
def ask(empty_db: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    with psycopg.connect(empty_db, autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()


def test_a_decision_is_there_when_decide_returns(writer: AuditWriter, ask: Callable[..., Any]):
    made = decision(columns=("gia", "chu"), sealed="x")

    writer.decide(made)

    found = ask("SELECT request_id, at, unit, agreements, columns, granted, query, sealed FROM audit.decision")
    assert found == [(made.request_id, NOW, "ubnd-xa", ["dt-2025-001"], ["gia", "chu"], True, "gia=#00", "x")]


def test_a_denial_is_a_decision_as_well(writer: AuditWriter, ask: Callable[..., Any]):
    writer.decide(decision(granted=False, status=404, reason="no grant", account=None, unit=None, agreements=None))

    assert ask("SELECT granted, status, reason, account, agreements FROM audit.decision") == [
        (False, 404, "no grant", None, None)
    ]


def test_an_outcome_follows_within_the_second_without_another_request(writer: AuditWriter, ask: Callable[..., Any]):
    made = decision()
    writer.decide(made)

    writer.outcome(outcome(made, finished=False))

    deadline = time.monotonic() + 1
    while not (found := ask("SELECT request_id, rows, bytes, finished FROM audit.outcome")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert found == [(made.request_id, 10, 2_048, False)]


def test_what_waits_is_written_when_the_writer_closes(writer_dsn: str, ask: Callable[..., Any]):
    writer = AuditWriter(writer_dsn, outcomes_every_s=60)
    made = decision()
    writer.decide(made)
    writer.outcome(outcome(made))

    writer.close()

    assert ask("SELECT count(*) FROM audit.outcome") == [(1,)]


def test_many_threads_lose_and_double_nothing(writer: AuditWriter, ask: Callable[..., Any]):
    def work(_: int) -> None:
        made = decision()
        writer.decide(made)
        writer.outcome(outcome(made))

    with ThreadPoolExecutor(64) as threads:
        list(threads.map(work, range(2_000)))
    writer.flush()

    assert ask("SELECT count(*), count(DISTINCT request_id) FROM audit.decision") == [(2_000, 2_000)]
    assert ask("SELECT count(*), count(DISTINCT request_id) FROM audit.outcome") == [(2_000, 2_000)]


def test_waiting_threads_share_a_commit(writer: AuditWriter, empty_db: str, ask: Callable[..., Any]):
    with psycopg.connect(empty_db) as blocker, ThreadPoolExecutor(32) as threads:
        blocker.execute("LOCK TABLE audit.decision IN SHARE MODE")
        done = [threads.submit(writer.decide, decision()) for _ in range(32)]
        deadline = time.monotonic() + 5
        while len(writer._waiting) < 31:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        blocker.rollback()
        for each in done:
            each.result()

    assert ask("SELECT count(DISTINCT tx) FROM audit.decision") == [(2,)]


_KILLED = """
import sys
from datetime import UTC, datetime
from auth.audit.records import Decision
from auth.audit.writer import AuditWriter, _Ticket
writer = AuditWriter(sys.argv[1])
nothing = dict.fromkeys(("account", "unit", "client", "token", "ip", "collection", "operation", "profile_hash",
                         "agreements", "status", "reason", "query"))
for number in range(1_000):
    id = f"killed-{number}"
    writer.decide(Decision(id, datetime.now(UTC), "public", method="GET", route="/", granted=True, **nothing))
    print(id, flush=True)
"""


def test_a_decision_outlives_a_process_that_is_killed_right_then(writer_dsn: str, ask: Callable[..., Any]):
    command = [sys.executable, "-c", _KILLED, writer_dsn]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdout
        answered = {process.stdout.readline().strip() for _ in range(10)}
        os.kill(process.pid, signal.SIGKILL)
        answered |= set(process.stdout.read().split())

    assert 10 <= len(answered) < 1_000
    assert answered <= {row[0] for row in ask("SELECT request_id FROM audit.decision")}


def test_who_writes_waits_for_the_disk_whatever_its_role_and_database_say(writer_dsn: str, empty_db: str):
    name = psycopg.conninfo.conninfo_to_dict(empty_db)["dbname"]
    with psycopg.connect(empty_db, autocommit=True) as owner:
        owner.execute(f'ALTER ROLE datdai_mau_audit IN DATABASE "{name}" SET synchronous_commit = off')
    writer = AuditWriter(f"{writer_dsn} options='-c synchronous_commit=off'")
    writer.decide(decision())

    assert writer._sink._connection
    found = writer._sink._connection.execute("SHOW synchronous_commit").fetchone()

    writer.close()
    assert found == ("on",)


_NARROW = """
ALTER SYSTEM SET synchronous_commit = off;
ALTER SYSTEM SET wal_writer_delay = '10s';
ALTER SYSTEM SET wal_writer_flush_after = 0;
"""
_TABLES = """
CREATE SCHEMA audit;
CREATE TABLE audit.outcome (request_id text PRIMARY KEY, at timestamptz, status int, rows bigint, bytes bigint,
                            duration_us bigint, finished boolean);
CREATE TABLE audit.decision (request_id text PRIMARY KEY, at timestamptz, subject text, account text, unit text,
                             client text, token text, ip text, method text, route text, collection text, operation text,
                             profile_hash text, agreements text[], columns text[], granted boolean, status int,
                             reason text, query text, sealed text);
CREATE FUNCTION audit.given_by(text, text, text, text) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]';
"""


def test_a_decision_outlives_a_cluster_that_falls_right_then():
    folder = temporary_folder()
    fallen = Cluster(folder / "pg")
    try:
        fallen.start()
        with psycopg.connect(fallen.dsn(), autocommit=True) as owner:
            for each in (*_NARROW.split(";")[:-1], _TABLES, "SELECT pg_reload_conf()"):
                owner.execute(each)
            owner.execute("CHECKPOINT")
        writer, made = AuditWriter(fallen.dsn(), outcomes_every_s=60), decision()
        writer.decide(made)

        fall(fallen)
        fallen.start()
        writer.close()

        with psycopg.connect(fallen.dsn()) as owner:
            assert owner.execute("SELECT request_id FROM audit.decision").fetchall() == [(made.request_id,)]
    finally:
        fallen.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def fall(cluster: Cluster) -> None:
    """Stop a cluster as a crash would: nothing that waits in memory is written."""
    main = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(main, signal.SIGQUIT)
    deadline = time.monotonic() + 20
    while (cluster.data / "postmaster.pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_lost_connection_is_replaced_and_the_record_stands_once(writer: AuditWriter, ask: Callable[..., Any]):
    writer.decide(decision())
    ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'datdai audit'")
    made = decision()

    writer.decide(made)

    assert ask("SELECT count(*) FROM audit.decision WHERE request_id = %s", made.request_id) == [(1,)]


def test_a_record_that_was_committed_before_the_connection_broke_is_not_doubled(
    writer: AuditWriter, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    writer.decide(decision())
    made = decision()
    execute = writer._sink._execute

    def break_after_the_commit(statement: bytes, values: dict[str, str]) -> None:
        monkeypatch.undo()
        execute(statement, values)
        raise psycopg.OperationalError("the connection broke after the commit")

    monkeypatch.setattr(writer._sink, "_execute", break_after_the_commit)

    writer.decide(made)

    assert ask("SELECT count(*) FROM audit.decision WHERE request_id = %s", made.request_id) == [(1,)]


def test_no_decision_without_a_database_and_decisions_again_when_it_is_back(
    writer: AuditWriter, empty_db: str, cluster: str, ask: Callable[..., Any]
):
    made = decision()
    writer.decide(made)
    name = psycopg.conninfo.conninfo_to_dict(empty_db)["dbname"]
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'datdai audit'")
        writer.outcome(outcome(made))

        with pytest.raises(Unavailable):
            writer.decide(decision())

        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    writer.decide(decision())
    writer.flush()

    assert ask("SELECT count(*) FROM audit.decision") == [(2,)]
    assert ask("SELECT count(*) FROM audit.outcome") == [(1,)]


def test_a_record_that_cannot_be_written_takes_nobody_along(
    writer: AuditWriter, empty_db: str, ask: Callable[..., Any]
):
    used = decision()
    writer.decide(used)
    with psycopg.connect(empty_db) as blocker, ThreadPoolExecutor(9) as threads:
        blocker.execute("LOCK TABLE audit.decision IN SHARE MODE")
        good = [threads.submit(writer.decide, decision()) for _ in range(8)]
        bad = threads.submit(writer.decide, used)
        while len(writer._waiting) < 8:
            time.sleep(0.01)
        blocker.rollback()
        for each in good:
            each.result()

        with pytest.raises(Unavailable):
            bad.result()

    assert ask("SELECT count(*) FROM audit.decision") == [(9,)]


_GOING_DOWN = """
CREATE FUNCTION public.di_xuong() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'terminating connection due to administrator command' USING ERRCODE = 'admin_shutdown';
END $$;
CREATE TRIGGER di_xuong BEFORE INSERT ON audit.outcome FOR EACH ROW EXECUTE FUNCTION public.di_xuong();
"""


@contextmanager
def going_down(dsn: str) -> Iterator[None]:
    """Let no outcome be written, by the error that a database which is shut down gives."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(_GOING_DOWN)
        yield
        owner.execute("DROP TRIGGER di_xuong ON audit.outcome")


def test_outcomes_wait_while_the_database_goes_down_also_beside_a_record_that_cannot_be_written(
    writer_dsn: str, empty_db: str, ask: Callable[..., Any]
):
    writer = AuditWriter(writer_dsn, outcomes_every_s=60)
    made = [decision() for _ in range(3)]
    for each in made:
        writer.decide(each)
    with going_down(empty_db):
        for each in made:
            writer.outcome(outcome(each))

        with pytest.raises(Unavailable):
            writer.decide(made[0])  # used before: its group is written one by one

        assert ask("SELECT count(*) FROM audit.outcome") == [(0,)]
    writer.close()

    found = ask("SELECT request_id FROM audit.outcome")
    assert {each for (each,) in found} == {each.request_id for each in made}


def test_a_flush_in_a_group_that_cannot_be_written_ends_while_the_database_is_away(
    writer_dsn: str, empty_db: str, ask: Callable[..., Any]
):
    writer = AuditWriter(writer_dsn, outcomes_every_s=60)
    used = decision()
    writer.decide(used)
    flush = _Ticket(None)
    with going_down(empty_db):
        writer._settle_singly([_Ticket(used), flush], [outcome(used)])

    writer.close()

    assert isinstance(flush.error, psycopg.OperationalError)
    assert ask("SELECT count(*) FROM audit.outcome") == [(1,)]


def test_outcomes_that_wait_are_bounded_and_the_oldest_go_first(
    writer_dsn: str, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auth.audit.writer.OUTCOMES_MAX", 4)
    writer = AuditWriter(writer_dsn, outcomes_every_s=60)
    made = [decision() for _ in range(6)]
    for each in made:
        writer.decide(each)
    old, new = [outcome(each) for each in made[:3]], [outcome(each) for each in made[3:]]
    for each in new:
        writer.outcome(each)

    writer._keep(old)
    writer.close()

    found = ask("SELECT request_id FROM audit.outcome")
    assert {each for (each,) in found} == {each.request_id for each in made[2:]}


def test_a_second_outcome_of_a_request_is_passed_over(writer: AuditWriter, ask: Callable[..., Any]):
    made = decision()
    writer.decide(made)
    writer.outcome(outcome(made))
    writer.outcome(outcome(made, finished=False))

    writer.decide(decision())

    assert ask("SELECT finished FROM audit.outcome") == [(True,)]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\\u0000", "Đất ở"])
def test_no_text_of_a_client_keeps_a_record_from_being_written(writer: AuditWriter, ask: Callable[..., Any], text: str):
    writer.decide(decision(query=text))

    (found,) = ask("SELECT query FROM audit.decision")[0]
    assert len(found) == len(text)
    assert found == text or "\0" in text or "\ud800" in text


@pytest.mark.parametrize("at", ["1999-01-01", "2031-07-04"])
def test_no_record_fails_for_want_of_a_month(writer: AuditWriter, ask: Callable[..., Any], at: str):
    made = decision(at=datetime.fromisoformat(at).replace(tzinfo=UTC))

    writer.decide(made)
    writer.outcome(outcome(made))
    writer.flush()

    assert ask("SELECT tableoid::regclass::text FROM audit.decision") == [("audit.decision_other",)]
    assert ask("SELECT tableoid::regclass::text FROM audit.outcome") == [("audit.outcome_other",)]


def test_months_are_made_ahead(writer_dsn: str):
    with psycopg.connect(writer_dsn, autocommit=True) as connection:
        made = connection.execute("SELECT audit.make_months(current_date + 120)").fetchone()
        again = connection.execute("SELECT audit.make_months(current_date + 120)").fetchone()

    assert made
    assert made[0] > 0
    assert again == (0,)


def test_rows_that_came_before_their_month_was_made_stay_where_they_are(
    writer: AuditWriter, writer_dsn: str, ask: Callable[..., Any]
):
    (late,) = ask("SELECT date_trunc('month', now() + interval '5 months')")[0]
    writer.decide(decision(at=late))

    with psycopg.connect(writer_dsn, autocommit=True) as connection:
        connection.execute("SELECT audit.make_months((now() + interval '5 months')::date)")
    writer.decide(decision(at=late))

    assert ask("SELECT count(*), min(tableoid::regclass::text) FROM audit.decision") == [(2, "audit.decision_other")]


@pytest.mark.parametrize("table", ["decision", "decision_other", "outcome", "act", "seal", "head", "retirement"])
def test_the_owner_neither_changes_nor_takes_away(empty_db: str, writer: AuditWriter, table: str):
    made = decision(at=datetime(1999, 1, 1, tzinfo=UTC))
    writer.decide(made)
    writer.outcome(outcome(made))
    writer.flush()
    with psycopg.connect(empty_db, autocommit=True) as owner:
        owner.execute("INSERT INTO audit.act (subject, entered, act, about) VALUES ('s', 'e', 'a', 'b')")
        owner.execute("INSERT INTO audit.seal VALUES (1, 1, '0', '1', 1, '', '', '', now(), '', '')")
        owner.execute("INSERT INTO audit.head VALUES ('2025-01-01', 1, '', now(), '', '')")
        owner.execute("INSERT INTO audit.retirement VALUES ('2025-01-01', 'archived', 1, 1, '', now(), '')")

        for statement in (
            f"DELETE FROM audit.{table}",
            f"UPDATE audit.{table} SET {'era = era' if table[0] in 'doa' else 'made_at = now()'}",
            f"TRUNCATE audit.{table}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="kept as it was written"):
                owner.execute(statement)


def test_the_writer_can_only_add(writer_dsn: str, writer: AuditWriter):
    writer.decide(decision())

    with psycopg.connect(writer_dsn, autocommit=True) as connection:
        for statement in (
            "SELECT 1 FROM audit.decision",
            "UPDATE audit.decision SET unit = 'x'",
            "DELETE FROM audit.decision",
            "TRUNCATE audit.decision",
            "INSERT INTO audit.decision (tx) VALUES ('1')",
            "INSERT INTO audit.act (id) OVERRIDING SYSTEM VALUE VALUES (1)",
            "SELECT audit.drop_month(current_date)",
            "SELECT audit.make_month('decision', current_date)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_closed_writer_leaves_no_thread(writer_dsn: str):
    before = threading.active_count()

    AuditWriter(writer_dsn).close()

    assert threading.active_count() == before
