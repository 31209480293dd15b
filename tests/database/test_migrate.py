"""Migrations: order, refusal of changed history, two runners, what a failure leaves."""

import threading
from pathlib import Path

import psycopg
import pytest

from core.errors import DatabaseError
from database.migrate import check_migrated, migrate, read_migrations, status


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path, "0001_mot.sql", "CREATE TABLE mot (id int);")
    _write(tmp_path, "0002_hai.sql", "CREATE TABLE hai (id int);\nINSERT INTO mot VALUES (2);")
    return tmp_path


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def _tables(dsn: str) -> set[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(dsn) as connection:
        return {name for (name,) in connection.execute(query)}


def test_every_pending_file_is_applied_once_in_order(blank_db: str, folder: Path) -> None:
    first = migrate(blank_db, folder)
    second = migrate(blank_db, folder)

    assert [migration.file for migration in first] == ["0001_mot.sql", "0002_hai.sql"]
    assert second == []
    assert {"mot", "hai"} <= _tables(blank_db)


def test_status_tells_what_is_applied_and_what_is_pending(blank_db: str, folder: Path) -> None:
    migrate(blank_db, folder)
    _write(folder, "0003_ba.sql", "SELECT 1;")

    found = status(blank_db, folder)

    assert [migration.version for migration in found.applied] == [1, 2]
    assert [migration.version for migration in found.pending] == [3]


def test_status_of_a_blank_database_is_all_pending_and_changes_nothing(blank_db: str, folder: Path) -> None:
    found = status(blank_db, folder)

    assert len(found.pending) == 2
    with psycopg.connect(blank_db) as connection:
        assert connection.execute("SELECT to_regnamespace('lg')").fetchone() == (None,)


def test_a_changed_file_is_refused_by_name(blank_db: str, folder: Path) -> None:
    migrate(blank_db, folder)
    _write(folder, "0001_mot.sql", "CREATE TABLE mot (id bigint);")

    with pytest.raises(DatabaseError, match=r"0001_mot\.sql was changed"):
        migrate(blank_db, folder)


def test_windows_line_ends_are_no_change(blank_db: str, folder: Path) -> None:
    migrate(blank_db, folder)
    (folder / "0002_hai.sql").write_bytes(b"CREATE TABLE hai (id int);\r\nINSERT INTO mot VALUES (2);")

    assert migrate(blank_db, folder) == []


def test_a_database_newer_than_the_code_is_refused(blank_db: str, folder: Path) -> None:
    migrate(blank_db, folder)
    (folder / "0002_hai.sql").unlink()

    with pytest.raises(DatabaseError, match="migration 0002, which this version of datdai does not know"):
        check_migrated(blank_db, folder)


def test_a_failing_file_leaves_nothing_and_is_named_with_its_line(blank_db: str, folder: Path) -> None:
    _write(folder, "0003_ba.sql", "CREATE TABLE ba (id int);\n\nSELECT khong_co FROM ba;")

    with pytest.raises(DatabaseError, match=r'0003_ba\.sql, line 3: column "khong_co" does not exist'):
        migrate(blank_db, folder)

    assert {"mot", "hai"} <= _tables(blank_db)
    assert "ba" not in _tables(blank_db)
    assert [migration.version for migration in status(blank_db, folder).pending] == [3]


@pytest.mark.parametrize("ending", ["COMMIT;", "COMMIT; BEGIN;", "ROLLBACK;"])
def test_a_file_that_ends_its_own_transaction_is_refused(blank_db: str, folder: Path, ending: str) -> None:
    _write(folder, "0003_ba.sql", f"SELECT 1; {ending}")

    with pytest.raises(DatabaseError, match=r"0003_ba\.sql ends its own transaction"):
        migrate(blank_db, folder)

    assert [migration.version for migration in status(blank_db, folder).pending] == [3]


def test_two_runners_at_once_apply_each_file_once(blank_db: str, folder: Path) -> None:
    _write(folder, "0003_ba.sql", "SELECT pg_sleep(0.3); CREATE TABLE ba (id int);")
    results: list[int] = []
    runners = [threading.Thread(target=lambda: results.append(len(migrate(blank_db, folder)))) for _ in range(2)]

    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert sorted(results) == [0, 3]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("0004_bon.sql", "the number 0003 was expected"),
        ("0002_trung.sql", "the number 0003 was expected"),
        ("3_ba.sql", "the name must be"),
        ("0003_Ba.sql", "the name must be"),
    ],
)
def test_a_wrong_name_or_number_is_refused(folder: Path, name: str, problem: str) -> None:
    _write(folder, name, "SELECT 1;")

    with pytest.raises(DatabaseError, match=problem):
        read_migrations(folder)


def test_a_pending_file_stops_the_start(blank_db: str, folder: Path) -> None:
    with pytest.raises(DatabaseError, match=r"lacks these migrations: 0001_mot\.sql, 0002_hai\.sql"):
        check_migrated(blank_db, folder)


def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be reached"):
        migrate(f"host={tmp_path} dbname=khong_co user=khong_co")


def test_the_template_has_every_migration_of_the_project(empty_db: str) -> None:
    check_migrated(empty_db)

    assert len(status(empty_db).applied) == len(read_migrations()) > 0
