"""The audit by command."""

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from psycopg.conninfo import make_conninfo

from auth.audit import keys
from auth.audit.questions import Envelope
from auth.commands import register
from core.clocks import Clock, RealClock
from core.errors import BadRequest, DatabaseError, Forbidden, SettingsError
from core.settings import Settings

type Run = Callable[..., int]


@pytest.fixture
def settings(empty_db: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=make_conninfo(empty_db, user="datdai_mau_app"),
        admin_database_url=empty_db,
        secret="k" * 32,
        home=tmp_path,
    )


@pytest.fixture
def run(settings: Settings) -> Run:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))

    def call(*words: str) -> int:
        chosen = parser.parse_args(["audit", *words])
        return chosen.run(chosen, settings)

    return call


@pytest.fixture
def sealed(request: pytest.FixtureRequest, seal: Callable[[Clock], None]) -> None:
    request.getfixturevalue("history")
    seal(RealClock())


@pytest.mark.usefixtures("sealed")
def test_an_audit_that_nobody_touched_is_good(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run("verify") == 0
    assert capsys.readouterr().out.startswith("Good: 1 seals, 73 rows, 1 heads; 0 rows wait")


@pytest.mark.usefixtures("sealed")
def test_the_first_bad_row_is_named(run: Run, empty_db: str, capsys: pytest.CaptureFixture[str]):
    with psycopg.connect(empty_db) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE audit.outcome SET rows = 1 WHERE id = 3")

    assert run("verify") == 1
    assert capsys.readouterr().out.startswith("BAD (changed) [outcome 3]: outcome 3 is not what was sealed.")


@pytest.mark.usefixtures("sealed")
def test_another_key_verifies_nothing(run: Run, tmp_path: Path):
    (tmp_path / "other.pub").write_bytes(keys.public_text(Ed25519PrivateKey.generate().public_key()))

    assert run("verify", "--public-key", str(tmp_path / "other.pub")) == 1


def test_an_audit_without_a_key_is_not_verified(run: Run):
    with pytest.raises(SettingsError):
        run("verify")


@pytest.mark.usefixtures("sealed")
def test_the_last_seal_and_the_public_key_are_shown(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run("head") == 0

    told = json.loads(capsys.readouterr().out)
    assert told["last"]["n"] == 1
    assert told["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert told["heads"] == []


@pytest.mark.usefixtures("history")
def test_a_report_is_read_as_somebody_and_recorded(run: Run, empty_db: str, capsys: pytest.CaptureFixture[str]):
    assert run("report", "--unit", "tan-quan", "--as", "binh", "--from", "2025-06-30", "--to", "2025-06-30") == 0

    assert json.loads(capsys.readouterr().out)["requests"] == 5
    with psycopg.connect(empty_db) as owner:
        row = owner.execute("SELECT account, entered, act FROM audit.act ORDER BY id DESC LIMIT 1").fetchone()
    assert row == ("binh", "command", "audit.read")


@pytest.mark.usefixtures("history")
def test_a_report_is_a_table_for_spreadsheets_too(run: Run, capsys: pytest.CaptureFixture[str]):
    days = ("--from", "2025-06-30", "--to", "2025-06-30")
    assert run("report", "--unit", "tan-quan", "--as", "binh", "--format", "csv", *days) == 0

    heading, total, *others = capsys.readouterr().out.splitlines()
    assert heading.startswith("\ufeffpart,day,account")
    assert total.startswith("total,,,,,5,1,")
    assert others[0].startswith("day,2025-06-30,")


@pytest.mark.usefixtures("history")
def test_records_and_acts_are_searched(run: Run, capsys: pytest.CaptureFixture[str]):
    days = ("--from", "2025-06-01", "--to", "2025-06-30")

    assert run("records", "--as", "quan-tri", "--literal", "07", *days) == 0
    by_literal = json.loads(capsys.readouterr().out)
    run("records", "--as", "quan-tri", "--denied", *days)
    denied = json.loads(capsys.readouterr().out)
    run("acts", "--as", "quan-tri", "--about", "unit:thue", *days)
    acts = json.loads(capsys.readouterr().out)

    assert [each["request_id"] for each in by_literal] == ["r35", "r34", "r29"]
    assert [each["request_id"] for each in denied] == ["r31"]
    assert [each["act"] for each in acts] == ["unit.rename"]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("who", ["hoa", "nobody"])
def test_who_may_not_reads_nothing(run: Run, who: str):
    with pytest.raises(Forbidden):
        run("report", "--unit", "tan-quan", "--as", who)


@pytest.mark.usefixtures("sealed")
def test_old_months_leave_and_the_audit_stays_good(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert run("retain") == 0
    assert run("verify") == 0

    told = capsys.readouterr().out
    assert "archived: 2025-06" in told
    assert "forgotten: nothing" in told
    assert "69 rows have left the database" in told
    assert [file.name for file in (tmp_path / "audit" / "archive").iterdir()] == ["2025-06.jsonl.gz"]


@pytest.mark.usefixtures("sealed")
def test_nothing_leaves_an_audit_that_was_tampered_with(run: Run, empty_db: str):
    with psycopg.connect(empty_db) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM audit.decision WHERE id = 3")

    with pytest.raises(DatabaseError, match="was deleted"):
        run("retain")


def test_clear_copies_are_read_with_the_private_key(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    key = X25519PrivateKey.generate()
    (tmp_path / "so.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    sealed = Envelope(key.public_key()).seal("chủ=An")
    monkeypatch.setattr("sys.stdin", io.StringIO(sealed + "\n"))

    assert run("unseal", "--private-key", str(tmp_path / "so.key")) == 0
    assert capsys.readouterr().out == "chủ=An\n"

    monkeypatch.setattr("sys.stdin", io.StringIO("AAAA\n"))
    with pytest.raises(BadRequest):
        run("unseal", "--private-key", str(tmp_path / "so.key"))
