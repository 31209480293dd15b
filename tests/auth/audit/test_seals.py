"""The audit is sealed in a chain, and every way of changing it afterwards is found."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.conninfo import make_conninfo

from auth.audit import archive, chain, heads, keys, sealer, store
from auth.audit.acts import record
from auth.audit.archive import Retention, retain
from auth.audit.records import Decision, Outcome
from auth.audit.sealer import Sealer, sealing
from auth.audit.verifier import ALL, Period, Verdict, verify
from auth.audit.watch import LATE, Stop, Watch, Why
from auth.audit.writer import AuditWriter
from auth.model import Caller
from core.clocks import VIETNAM, StoppedClock
from core.errors import Conflict, DatabaseError, SettingsError

BEGIN = datetime(2025, 6, 30, 3, 0, tzinfo=UTC)
ACTOR = Caller("account:7", "session", "ff", account_id=7, account="lan", unit_id=3, unit="so")


@dataclass
class Ticking:
    """A clock that the test moves."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


@dataclass
class World:
    """An audit with a few rows, its sealer, and the owner of the database."""

    dsn: str
    home: Path
    clock: Ticking
    sealer: Sealer
    owner: psycopg.Connection[Any]
    count: int = 0

    def write(self, number: int, *, at: datetime | None = None) -> None:
        """Write decisions and outcomes, each pair in transactions of its own, and one act."""
        writer = AuditWriter(make_conninfo(self.dsn, user="datdai_mau_audit"))
        for _ in range(number):
            self.count += 1
            made = at or self.clock.now()
            nothing = dict.fromkeys(("client", "token", "ip", "operation", "profile_hash", "status", "reason"))
            writer.decide(
                Decision(
                    f"r{self.count}", made, "account:7", "lan", "so", method="GET", route="/", collection="thua-dat",
                    agreements=("a",), granted=True, query="gia=#00", **nothing,
                )
            )  # fmt: skip
            writer.outcome(Outcome(f"r{self.count}", 200, 1, 2, 3, finished=True, at=made))
        writer.close()
        with psycopg.connect(make_conninfo(self.dsn, user="datdai_mau_identity")) as connection:
            record(connection, ACTOR, "unit.create", f"unit:u{self.count}", after={"Tên": "Đồng Xoài", "n": 1.50})

    def seal(self) -> int:
        """Seal when no transaction of any database here holds the rows up."""
        self.until_over()
        return self.sealer.round()

    def until_over(self) -> None:
        """Wait until the transactions of all rows, and those before them, are over."""
        newest = "SELECT max(tx) FROM (SELECT tx FROM audit.act UNION ALL SELECT tx FROM audit.outcome) AS t"
        deadline = time.monotonic() + 60
        while not self.ask(f"SELECT pg_snapshot_xmin(pg_current_snapshot()) > ({newest})"):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def verify(self, *, folder: bool = True, period: Period = ALL) -> Verdict:
        with store.reader(make_conninfo(self.dsn, user="datdai_mau_auditor"), purpose="test") as reader:
            public = keys.public_key(keys.public_file(self.home))
            return verify(reader, public, heads.folder_of(self.home) if folder else None, period)

    def tamper(self, *statements: str, **values: Any) -> None:
        """Do what only who owns the database can: nothing refuses it."""
        with self.owner.transaction():
            self.owner.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                self.owner.execute(statement, values or None)

    def ask(self, query: str, *values: Any) -> Any:
        row = self.owner.execute(query, values).fetchone()
        return row[0] if row else None


@pytest.fixture
def world(empty_db: str, tmp_path: Path) -> Iterator[World]:
    """Three seals of three pairs and an act each."""
    clock = Ticking(BEGIN)
    writer, auditor = (make_conninfo(empty_db, user=f"datdai_mau_{name}") for name in ("audit", "auditor"))
    with (
        sealing(writer, auditor, tmp_path, clock) as sealing_one,
        psycopg.connect(empty_db, autocommit=True) as owner,
    ):
        made = World(empty_db, tmp_path, clock, sealing_one, owner)
        for _ in range(3):
            made.write(3)
            clock.instant += timedelta(seconds=1)
            made.seal()
        yield made


def test_what_nobody_touched_is_as_it_was_sealed(world: World):
    verdict = world.verify()

    assert verdict.fault is None
    assert (verdict.seals, verdict.rows, verdict.pending) == (3, 21, 0)


def test_rows_behind_the_last_seal_are_told(world: World):
    world.write(2)

    assert world.verify().pending == 5
    assert world.verify().fault is None


def test_a_round_without_rows_makes_no_seal(world: World):
    assert world.seal() == 0
    assert world.ask("SELECT count(*) FROM audit.seal") == 3


def test_a_row_whose_transaction_still_runs_is_not_passed_over(world: World):
    with psycopg.connect(make_conninfo(world.dsn, user="datdai_mau_identity")) as slow:
        record(slow, ACTOR, "unit.create", "unit:slow")
        world.write(1)
        before = world.sealer.round()
    after = world.seal()

    assert (before, after) == (0, 4)
    assert world.verify().rows == 25


def test_a_long_queue_is_cut_into_seals_between_transactions(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealer, "ROWS_MAX", 4)
    world.write(9)

    assert world.seal() == 19
    assert world.ask("SELECT max(rows) FROM audit.seal WHERE n > 3") <= 4
    assert world.verify().fault is None


def test_a_transaction_longer_than_a_seal_is_sealed_whole(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealer, "ROWS_MAX", 4)
    with psycopg.connect(make_conninfo(world.dsn, user="datdai_mau_identity")) as connection:
        for number in range(11):
            record(connection, ACTOR, "unit.create", f"unit:{number}")

    assert world.seal() == 11
    assert world.verify().fault is None


@pytest.mark.parametrize(
    ("stream", "change"),
    [
        ("decision", "unit = 'x'"),
        ("decision", "account = NULL"),
        ("decision", "granted = false"),
        ("decision", "at = at + interval '1 microsecond'"),
        ("decision", "query = 'gia=#01'"),
        ("decision", "agreements = '{a,b}'"),
        ("outcome", "rows = 0"),
        ("outcome", "finished = false"),
        ("act", "about = 'unit:other'"),
        ("act", "after = '{}'"),
        ("act", "before = 'null'"),
    ],
)
def test_a_changed_field_is_found(world: World, stream: str, change: str):
    victim = world.ask(f"SELECT id FROM audit.{stream} ORDER BY id OFFSET 1 LIMIT 1")

    world.tamper(f"UPDATE audit.{stream} SET {change} WHERE id = {victim}")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.row) == ("changed", f"{stream} {victim}")


def test_every_column_of_every_stream_is_sealed(world: World):
    columns = world.owner.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'audit' AND table_name IN ('decision', 'outcome', 'act') AND column_name <> 'id'"
    ).fetchall()
    other = {
        "text": "'other'",
        "integer": "99",
        "bigint": "99",
        "boolean": "NOT {0}",
        "jsonb": "'{{\"x\": 1}}'",
        "ARRAY": "'{{other}}'",
        "timestamp with time zone": "{0} + interval '1 s'",
        "xid8": "({0}::text::bigint + 1)::text::xid8",
    }

    silent: list[str] = []
    for table, column, kind in columns:
        with world.owner.transaction(force_rollback=True):
            before = _sealed_texts(world, table)
            world.owner.execute("SET LOCAL session_replication_role = replica")
            world.owner.execute(
                f"UPDATE audit.{table} SET {column} = {other[kind].format(column)} "
                f"WHERE id = (SELECT min(id) FROM audit.{table})"
            )
            if len(_sealed_texts(world, table) - before) != 1:
                silent.append(f"{table}.{column}")

    assert len(columns) > 35
    assert silent == []


def _sealed_texts(world: World, stream: str) -> set[str]:
    found = [row for era in (1, 99) for row in store.rows(world.owner, chain.Interval(era, 0, 2**62))]
    return {row.canonical for row in found if row.stream == stream}


@pytest.mark.parametrize("stream", ["decision", "outcome", "act"])
def test_a_deleted_row_is_found_by_the_one_before_it(world: World, stream: str):
    world.tamper(f"DELETE FROM audit.{stream} WHERE id = (SELECT min(id) + 1 FROM audit.{stream})")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("deleted", 1 if stream != "act" else 2)
    assert "was deleted" in fault.text


def test_a_seal_without_any_of_its_rows_names_the_first(world: World):
    since, until = world.ask("SELECT array[from_tx::text, until_tx::text] FROM audit.seal WHERE n = 2")
    for stream in ("decision", "outcome", "act"):
        world.tamper(f"DELETE FROM audit.{stream} WHERE tx >= '{since}' AND tx < '{until}'")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal, fault.row) == ("deleted", 2, "the first row of seal 2")


def test_an_inserted_row_is_found(world: World):
    tx = world.ask("SELECT tx::text FROM audit.act WHERE id = 2")
    world.tamper(
        "INSERT INTO audit.act (id, tx, subject, entered, act, about) OVERRIDING SYSTEM VALUE "
        f"VALUES (900, '{tx}', 's', 'session', 'unit.create', 'unit:forged')"
    )

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal, fault.row) == ("inserted", 2, "act 900")


@pytest.mark.parametrize("era", [0, -1, 99])
def test_a_row_of_an_era_that_never_was_is_found(world: World, era: int):
    world.tamper(
        "INSERT INTO audit.act (id, era, tx, subject, entered, act, about) OVERRIDING SYSTEM VALUE "
        f"VALUES (900, {era}, '1', 's', 'session', 'unit.create', 'unit:forged')"
    )

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.row) == ("inserted", "act 900")


def test_two_rows_in_each_others_place_are_found(world: World):
    first = world.ask("SELECT min(id) FROM audit.decision")
    world.tamper(
        f"UPDATE audit.decision SET id = id + 1000 WHERE id = {first}",
        f"UPDATE audit.decision SET id = {first}, tx = (SELECT tx FROM audit.decision WHERE id = {first} + 1000) "
        f"WHERE id = {first} + 1",
        f"UPDATE audit.decision SET id = {first} + 1 WHERE id = {first} + 1000",
    )

    fault = world.verify(folder=False).fault
    assert fault
    assert fault.seal == 1
    assert fault.row == f"decision {first}"


def test_leaves_that_were_changed_with_their_row_are_found(world: World):
    world.tamper("UPDATE audit.act SET about = 'unit:other' WHERE id = 2")
    _rewrite_leaves(world, 2)

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 2)
    assert fault.row is not None


def test_leaves_in_another_order_are_found(world: World):
    leaves = world.ask("SELECT leaves FROM audit.seal WHERE n = 1")
    world.tamper("UPDATE audit.seal SET leaves = %(new)s WHERE n = 1", new=leaves[32:64] + leaves[:32] + leaves[64:])

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("reordered", 1)


def test_leaves_that_were_taken_away_are_found(world: World):
    world.tamper("UPDATE audit.seal SET leaves = NULL WHERE n = 2", "UPDATE audit.act SET about = 'x' WHERE id = 2")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 2)


@pytest.mark.parametrize(
    "change",
    [
        "made_at = made_at + interval '1 h'",
        "root = chain",
        "chain = root",
        "signature = seal",
        "until_tx = (until_tx::text::bigint + 1)::text::xid8",
        "rows = rows + 1",
    ],
)
def test_a_changed_seal_is_found(world: World, change: str):
    world.tamper(f"UPDATE audit.seal SET {change} WHERE n = 2")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 2) or "until_tx" in change


def test_a_missing_seal_is_found(world: World):
    world.tamper("DELETE FROM audit.seal WHERE n = 2")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 2)


def test_a_missing_first_seal_is_found(world: World):
    world.tamper("DELETE FROM audit.seal WHERE n = 1", "UPDATE audit.seal SET n = n - 1")

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 1) or fault.kind == "changed"


def test_a_chain_made_anew_without_the_key_is_found_at_its_first_new_seal(world: World):
    world.tamper("UPDATE audit.act SET about = 'unit:other' WHERE id = 2")
    _rechain(world, 2)

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 2)
    assert fault.row is not None
    assert "not signed" in fault.text


def test_a_chain_signed_with_another_key_is_found(world: World):
    world.tamper("UPDATE audit.act SET about = 'unit:other' WHERE id = 2")
    _rechain(world, 2, Ed25519PrivateKey.generate())

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 2)


def test_a_tail_that_was_cut_off_is_found_by_the_files(world: World):
    first = world.ask("SELECT from_tx::text FROM audit.seal WHERE n = 3")
    world.tamper(
        "DELETE FROM audit.seal WHERE n = 3",
        *(f"DELETE FROM audit.{stream} WHERE tx >= '{first}'" for stream in ("decision", "outcome", "act")),
    )

    fault = world.verify().fault
    assert fault
    assert (fault.kind, fault.seal) == ("truncated", 3)


def test_a_tail_that_was_unsealed_names_its_first_row(world: World):
    first = world.ask("SELECT min(id) FROM audit.decision WHERE tx >= (SELECT from_tx FROM audit.seal WHERE n = 3)")
    world.tamper("DELETE FROM audit.seal WHERE n = 3")

    fault = world.verify().fault
    assert fault
    assert (fault.kind, fault.row) == ("truncated", f"decision {first}")


def test_a_tail_that_was_cut_off_is_found_by_the_head_of_the_day(world: World):
    world.clock.instant += timedelta(days=1)
    world.seal()
    world.tamper("DELETE FROM audit.seal WHERE n = 3")
    (heads.folder_of(world.home) / "latest.json").unlink()

    fault = world.verify().fault
    assert fault
    assert (fault.kind, fault.seal) == ("truncated", 3)


def test_each_day_gets_its_head_once_in_the_database_and_in_a_file(world: World):
    world.clock.instant += timedelta(days=1)

    world.seal()
    world.seal()

    assert world.owner.execute("SELECT day, n FROM audit.head").fetchall() == [(date(2025, 6, 30), 3)]
    (named, head), (_, latest) = heads.read(heads.folder_of(world.home))
    assert named.name == "2025-06-30.json"
    assert head
    assert latest
    assert (head.n, head.digest) == (3, latest.digest)
    assert world.verify().heads == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit.head SET n = 2, seal = (SELECT seal FROM audit.seal WHERE n = 2)",
        "UPDATE audit.head SET day = day - 1",
        "UPDATE audit.head SET signature = seal",
        "DELETE FROM audit.head",
    ],
)
def test_a_head_that_was_replaced_or_taken_away_is_found(world: World, change: str):
    world.clock.instant += timedelta(days=1)
    world.seal()

    world.tamper(change)

    fault = world.verify().fault
    assert fault
    assert fault.kind == "head"


def test_a_head_signed_with_another_key_is_found(world: World):
    world.clock.instant += timedelta(days=1)
    world.seal()
    seal = store.seals(world.owner, 2, 2)[0].seal
    forged = heads.sign(Ed25519PrivateKey.generate(), date(2025, 6, 30), 2, seal.digest)

    world.tamper(
        "UPDATE audit.head SET n = %(n)s, seal = %(seal)s, signature = %(signature)s",
        n=2, seal=forged.digest, signature=forged.signature,
    )  # fmt: skip

    fault = world.verify(folder=False).fault
    assert fault
    assert (fault.kind, fault.seal) == ("head", 2)


def test_a_file_of_a_head_that_was_spoilt_is_found(world: World):
    (heads.folder_of(world.home) / "latest.json").write_text("{}")

    fault = world.verify().fault
    assert fault
    assert fault.kind == "head"


def test_a_period_is_verified_for_itself(world: World):
    world.clock.instant += timedelta(days=2)
    world.write(1)
    world.clock.instant += timedelta(seconds=1)
    world.seal()
    world.tamper("UPDATE audit.act SET about = 'x' WHERE id = 1")

    first = world.verify(period=Period(date(2025, 6, 30), date(2025, 6, 30)))
    second = world.verify(period=Period(date(2025, 7, 1), None))

    assert first.fault
    assert first.fault.row == "act 1"
    assert second.fault is None
    assert (second.seals, second.rows) == (1, 3)


def test_the_chain_goes_on_in_another_cluster(world: World):
    world.write(2)
    world.owner.execute("UPDATE lg.ky_nguyen SET so = so + 1")  # what follows a logical restore
    world.write(1)

    assert world.seal() == 8
    assert world.owner.execute("SELECT era, rows FROM audit.seal WHERE n > 3 ORDER BY n").fetchall() == [(1, 5), (2, 3)]
    assert world.verify().fault is None


def test_two_sealers_make_one_chain(world: World):
    writer, auditor = (make_conninfo(world.dsn, user=f"datdai_mau_{name}") for name in ("audit", "auditor"))
    stop = threading.Event()

    def go_on() -> None:
        with sealing(writer, auditor, world.home, world.clock) as other:
            while not stop.is_set():
                other.round()

    threads = [threading.Thread(target=go_on) for _ in range(2)]
    for each in threads:
        each.start()
    world.write(40)
    deadline = time.monotonic() + 60
    while world.verify().pending and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for each in threads:
        each.join()

    verdict = world.verify()
    assert verdict.fault is None
    assert (verdict.rows, verdict.pending) == (102, 0)


def test_the_thread_seals_within_seconds_and_ends(world: World):
    writer, auditor = (make_conninfo(world.dsn, user=f"datdai_mau_{name}") for name in ("audit", "auditor"))
    stop = sealer.start(writer, auditor, world.home, world.clock)
    world.write(1)

    deadline = time.monotonic() + 60
    while world.verify().pending and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()

    assert world.verify().pending == 0


def test_the_key_is_for_its_owner_alone_and_stays_the_same(tmp_path: Path):
    first = keys.signing_key(tmp_path)

    again = keys.signing_key(tmp_path)

    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert keys.public_key(tmp_path / "audit.pub").public_bytes_raw() == first.public_key().public_bytes_raw()


def test_a_key_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "audit.key").write_text("x")
    (tmp_path / "audit.pub").write_text("x")

    with pytest.raises(SettingsError):
        keys.signing_key(tmp_path)
    with pytest.raises(SettingsError):
        keys.public_key(tmp_path / "audit.pub")


@pytest.fixture
def retained(world: World) -> Callable[[datetime], archive.Retained]:
    """Retain 12 months in the database and 24 in all, as of an instant."""

    def run(now: datetime) -> archive.Retained:
        folder = heads.folder_of(world.home)
        with store.reader(make_conninfo(world.dsn, user="datdai_mau_auditor"), purpose="test") as reader:
            key = keys.signing_key(world.home)
            return retain(reader, world.owner, key, folder, Retention(12, 24), StoppedClock(now))

    return run


def test_a_month_leaves_for_a_file_and_the_chain_holds(world: World, retained: Callable[[datetime], archive.Retained]):
    late = datetime(2026, 6, 10, tzinfo=UTC)
    world.write(2, at=late)
    world.seal()

    done = retained(datetime(2026, 7, 1, tzinfo=UTC))

    assert done == archive.Retained((date(2025, 6, 1),), ())
    lines = gzip.decompress(archive.file_of(heads.folder_of(world.home), date(2025, 6, 1)).read_bytes()).splitlines()
    assert [json.loads(line)[0] for line in lines[:2]] == ["decision", "decision"]
    assert len(lines) == 18
    assert world.ask("SELECT count(*) FROM audit.decision") == 2
    verdict = world.verify()
    assert verdict.fault is None
    assert (verdict.rows, verdict.retired) == (8, 18)


def test_a_row_that_comes_late_to_an_archived_month_stays_and_spoils_nothing(
    world: World, retained: Callable[[datetime], archive.Retained]
):
    retained(datetime(2026, 7, 1, tzinfo=UTC))
    world.clock.instant = datetime(2026, 7, 2, tzinfo=UTC)
    world.write(1, at=BEGIN)
    world.seal()

    done = retained(datetime(2026, 7, 3, tzinfo=UTC))

    assert done == archive.Retained((), ())
    assert world.ask("SELECT count(*) FROM audit.decision") == 1
    assert world.verify().fault is None


def test_a_late_row_makes_no_leaves_of_later_months_go(world: World, retained: Callable[[datetime], archive.Retained]):
    world.clock.instant = datetime(2026, 1, 15, tzinfo=UTC)
    world.write(1)
    world.seal()
    world.write(1, at=BEGIN)
    world.seal()
    retained(datetime(2026, 7, 1, tzinfo=UTC))

    retained(datetime(2027, 7, 1, tzinfo=UTC))

    assert world.ask("SELECT array_agg(n ORDER BY n) FROM audit.seal WHERE leaves IS NULL") == [1, 2, 3]
    assert world.verify().fault is None


def test_a_month_that_is_not_over_long_enough_stays(world: World, retained: Callable[[datetime], archive.Retained]):
    assert retained(datetime(2026, 6, 30, tzinfo=UTC)) == archive.Retained((), ())
    assert world.ask("SELECT count(*) FROM audit.decision") == 9


def test_a_month_with_rows_that_are_not_sealed_stays(world: World, retained: Callable[[datetime], archive.Retained]):
    world.write(1)

    with pytest.raises(Conflict):
        retained(datetime(2026, 7, 1, tzinfo=UTC))

    assert world.ask("SELECT count(*) FROM audit.decision") == 10


def test_after_the_whole_time_files_and_leaves_go_and_seals_stay(
    world: World, retained: Callable[[datetime], archive.Retained]
):
    retained(datetime(2026, 7, 1, tzinfo=UTC))

    done = retained(datetime(2027, 7, 1, tzinfo=UTC))

    assert done.forgotten == (date(2025, 6, 1),)
    assert not archive.file_of(heads.folder_of(world.home), date(2025, 6, 1)).exists()
    assert world.verify().fault is None
    world.tamper("UPDATE audit.seal SET root = chain WHERE n = 1")
    fault = world.verify().fault
    assert fault
    assert (fault.kind, fault.seal) == ("seal", 1)


def test_a_row_deleted_under_cover_of_a_retired_month_is_found(
    world: World, retained: Callable[[datetime], archive.Retained]
):
    retained(datetime(2026, 7, 1, tzinfo=UTC))
    world.tamper("DELETE FROM audit.act WHERE id = 2")

    fault = world.verify().fault
    assert fault
    assert fault.kind == "retired"


def test_an_archive_that_was_changed_is_found(world: World, retained: Callable[[datetime], archive.Retained]):
    retained(datetime(2026, 7, 1, tzinfo=UTC))
    archive.file_of(heads.folder_of(world.home), date(2025, 6, 1)).write_bytes(gzip.compress(b"[]\n"))

    fault = world.verify().fault
    assert fault
    assert fault.kind == "retired"


def test_a_retirement_without_the_key_is_found(world: World, retained: Callable[[datetime], archive.Retained]):
    retained(datetime(2026, 7, 1, tzinfo=UTC))
    world.tamper("UPDATE audit.retirement SET rows = rows + 1", "DELETE FROM audit.act WHERE id = 2")

    fault = world.verify().fault
    assert fault
    assert fault.kind == "retired"


def _rewrite_leaves(world: World, n: int) -> None:
    seal = store.seals(world.owner, n, n)[0].seal
    leaves = b"".join(chain.leaf(row.canonical) for row in store.rows(world.owner, seal.interval))
    world.tamper("UPDATE audit.seal SET leaves = %(leaves)s WHERE n = %(n)s", leaves=leaves, n=n)


def _rechain(world: World, start: int, key: Ed25519PrivateKey | None = None) -> None:
    """Make the chain anew from a seal on; without a key with the signatures that stood there."""
    before = store.seals(world.owner, start - 1, start - 1)[0].seal.digest
    for signed in store.seals(world.owner, start, 10_000):
        old = signed.seal
        leaves = [chain.leaf(row.canonical) for row in store.rows(world.owner, old.interval)]
        new = chain.make(old.n, old.interval, leaves, before=before, made_at=old.made_at)
        signature = key.sign(heads.seal_message(new.digest)) if key else signed.signature
        world.tamper(
            "UPDATE audit.seal SET leaves = %(leaves)s, root = %(root)s, chain = %(chain)s, seal = %(seal)s, "
            "signature = %(signature)s WHERE n = %(n)s",
            leaves=new.leaves, root=new.root, chain=new.chain, seal=new.digest, signature=signature, n=new.n,
        )  # fmt: skip
        before = new.digest


_FORGED = (
    "INSERT INTO audit.seal (n, era, from_tx, until_tx, rows, root, chain, made_at, seal, signature) "
    "VALUES (%s, %s, %s::text::xid8, %s::text::xid8, 1, '\\x00', '\\x00', '2025-06-30', '\\x00', '\\x00')"
)


def _as_writer(world: World, query: str, *values: Any) -> None:
    with psycopg.connect(make_conninfo(world.dsn, user="datdai_mau_audit")) as writer:
        writer.execute(query.encode(), values)


@pytest.mark.parametrize(
    ("n", "era", "since", "until"),
    [(4, 1, 0, 2**62), (4, 1, 0, 1), (5, 1, 0, 1), (4, 2, 0, 1), (3, 1, 0, 1), (2**62, 1, 0, 1)],
)
def test_who_may_write_the_audit_adds_no_seal_that_does_not_follow_the_last(
    world: World, n: int, era: int, since: int, until: int
):
    last = world.ask("SELECT until_tx::text::bigint FROM audit.seal ORDER BY n DESC LIMIT 1")
    for begin in (since, last):
        end = until if until > begin else 2**62
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UniqueViolation)):
            _as_writer(world, _FORGED, n, era, begin, end)

    world.write(1)
    assert world.seal() == 3


def test_a_seal_without_the_key_stops_the_sealer_aloud_and_nothing_is_built_on_it(world: World):
    last = world.ask("SELECT until_tx::text::bigint FROM audit.seal ORDER BY n DESC LIMIT 1")
    world.write(1)
    world.until_over()
    now = world.ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    _as_writer(world, _FORGED, 4, 1, last, now)
    world.write(1)

    with pytest.raises(DatabaseError, match="Seal 4 was not made with the key"):
        world.seal()

    assert world.ask("SELECT max(n) FROM audit.seal") == 4
    with world.owner.transaction():
        world.owner.execute("SET LOCAL datdai.retention = 'on'")
        world.owner.execute("DELETE FROM audit.seal WHERE n = 4")
    assert world.seal() == 6
    assert world.verify().fault is None


@pytest.mark.parametrize("day", ["current_date", "current_date + 1", "'2025-06-01'"])
def test_who_may_write_the_audit_makes_no_head_before_its_day_is_over_nor_of_another_seal(world: World, day: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _as_writer(
            world,
            "INSERT INTO audit.head (day, n, seal, made_at, key, signature) "
            f"VALUES (({day})::date + 1, 3, '\\x00', now(), 'x', '\\x00')",
        )


@pytest.fixture
def watch(world: World) -> Iterator[Watch]:
    """Who looks whether the sealing goes on."""
    with closing(Watch(make_conninfo(world.dsn, user="datdai_mau_auditor"), world.home, world.clock)) as made:
        yield made


def test_while_rows_are_sealed_the_watch_sees_nothing(world: World, watch: Watch):
    at_first = watch.look()
    world.write(1)
    world.clock.instant += LATE
    waiting = watch.look()
    world.seal()

    assert (at_first, waiting, watch.look()) == (None, None, None)


def test_a_row_that_waits_for_longer_than_it_should_is_seen_until_it_is_sealed(world: World, watch: Watch):
    came = world.clock.instant
    world.write(2)
    world.clock.instant += LATE + timedelta(seconds=1)

    seen = watch.look()
    world.seal()

    assert seen == Stop(Why.LATE, came)
    assert watch.look() is None


def test_an_act_that_waits_is_seen_too(world: World, watch: Watch):
    world.clock.instant = datetime.now(UTC)
    world.write(1)
    world.seal()
    with psycopg.connect(make_conninfo(world.dsn, user="datdai_mau_identity")) as connection:
        record(connection, ACTOR, "unit.create", "unit:x")
    at_once = watch.look()
    world.clock.instant = datetime.now(UTC) + LATE

    seen = watch.look()

    assert at_once is None
    assert seen == Stop(Why.LATE, world.ask("SELECT max(at) FROM audit.act"))


def test_the_outcome_of_a_long_answer_is_not_taken_for_a_late_row(world: World, watch: Watch):
    world.clock.instant += timedelta(hours=2)
    writer = AuditWriter(make_conninfo(world.dsn, user="datdai_mau_audit"))
    writer.outcome(Outcome("long", 200, 1, 2, 3, finished=True, at=BEGIN))
    writer.close()

    assert world.ask("SELECT count(*) FROM audit.outcome WHERE request_id = 'long'") == 1
    assert watch.look() is None


def _forge(world: World) -> None:
    """Add what looks like the next seal, as who has the login that writes the audit can."""
    last = world.ask("SELECT until_tx::text::bigint FROM audit.seal ORDER BY n DESC LIMIT 1")
    world.write(1)
    world.until_over()
    now = world.ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    _as_writer(world, _FORGED, world.ask("SELECT max(n) + 1 FROM audit.seal"), 1, last, now)


def test_a_forged_seal_is_seen_at_once_though_no_row_waits(world: World, watch: Watch):
    _forge(world)

    seen = watch.look()
    with world.owner.transaction():
        world.owner.execute("SET LOCAL datdai.retention = 'on'")
        world.owner.execute("DELETE FROM audit.seal WHERE n = 4")
    world.seal()

    assert seen
    assert seen.why is Why.UNSIGNED
    assert seen.since <= world.clock.instant
    assert watch.look() is None


def test_a_seal_that_says_it_was_made_in_times_to_come_is_seen_as_of_now(world: World, watch: Watch):
    world.tamper("UPDATE audit.seal SET made_at = '9999-12-31 23:00+00' WHERE n = 3")

    assert watch.look() == Stop(Why.UNSIGNED, world.clock.instant)


def test_a_head_that_is_missing_is_seen_a_while_after_midnight(world: World, watch: Watch):
    midnight = datetime(2025, 7, 1, tzinfo=VIETNAM)
    seen: list[Stop | None] = []
    for minutes in (0, 15, 16):
        world.clock.instant = midnight + timedelta(minutes=minutes)
        seen.append(watch.look())
    world.seal()

    assert seen == [None, None, Stop(Why.LATE, midnight)]
    assert watch.look() is None


def test_a_head_that_is_not_signed_is_seen(world: World, watch: Watch):
    world.clock.instant += timedelta(days=1)
    world.seal()
    at_first = watch.look()
    world.tamper("UPDATE audit.head SET signature = seal")

    seen = watch.look()

    assert at_first is None
    assert seen == Stop(Why.UNSIGNED, datetime(2025, 7, 1, tzinfo=VIETNAM))


def test_another_key_is_seen_and_a_missing_one_is_not_made(world: World, watch: Watch):
    file = world.home / "audit.key"
    own = file.read_bytes()
    file.unlink()
    missing = watch.look()
    was_made = file.exists()
    keys.signing_key(world.home)
    other = watch.look()
    file.write_bytes(own)

    assert missing == Stop(Why.UNREADABLE, world.clock.instant)
    assert not was_made
    assert other
    assert other.why is Why.UNSIGNED
    assert watch.look() is None


def test_since_when_nothing_can_be_looked_at_is_kept_until_it_can(world: World, watch: Watch):
    file = world.home / "audit.key"
    begin, own = world.clock.instant, file.read_bytes()
    found: list[Stop | None] = []
    for content in (b"x", b"x", own, b"x"):
        file.write_bytes(content)
        found.append(watch.look())
        world.clock.instant += timedelta(minutes=1)

    later = begin + timedelta(minutes=3)
    assert found == [Stop(Why.UNREADABLE, begin), Stop(Why.UNREADABLE, begin), None, Stop(Why.UNREADABLE, later)]


def test_a_login_that_may_not_read_the_seals_is_seen(world: World):
    with closing(Watch(make_conninfo(world.dsn, user="datdai_mau_identity"), world.home, world.clock)) as blind:
        assert blind.look() == Stop(Why.UNREADABLE, world.clock.instant)
