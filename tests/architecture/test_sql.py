"""Every named query is used, and PostgreSQL understands it on the migrated database."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from database.queries import parse

REPOSITORY = Path(__file__).parents[2]
PACKAGES = [path.parent for path in REPOSITORY.glob("*/__init__.py")]
FILES = [path for package in PACKAGES for path in sorted(package.rglob("*.sql")) if path.parent.name != "migrations"]
QUERIES = [
    (path, name, text)
    for path in FILES
    for name, text in parse(path.read_text(encoding="utf-8"), where=str(path)).items()
]
IDS = [f"{path.relative_to(REPOSITORY)}:{name}" for path, name, _ in QUERIES]
STAGING = (
    "CREATE TEMPORARY TABLE nap (dong bigint, hong boolean, khoa text, xa_id int, hinh geometry)",
    "CREATE TEMPORARY TABLE nap_loi "
    "(dong bigint, ma text, loi boolean, khoa text, cot text, vi text, en text, hinh geometry)",
    "CREATE TEMPORARY TABLE nap_tho (dong bigint, gia_tri jsonb, hinh geometry)",
    "CREATE TEMPORARY TABLE nap_xa (id int, ma text, rong geometry)",
)
"""What a load makes for its time."""
NO_PLAN = ("COPY", "CREATE", "ALTER", "DROP", "ANALYZE", "VACUUM", "LOCK", "SET", "TRUNCATE")


def _numbered(text: str) -> str:
    """Return the statement with its placeholders numbered: %(name)s by name, %s by place."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${names.setdefault(found[1] or f'#{len(names)}', len(names) + 1)}"

    return re.sub(r"%(?:\((\w+)\))?s|%%", number, text)


@pytest.fixture(scope="module")
def connection(cluster: str, template_db: str) -> Iterator[psycopg.Connection]:
    name = f"datdai_cau_lenh_{os.getpid()}"
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_db}")
        with psycopg.connect(cluster, dbname=name, autocommit=True) as connection:
            for statement in STAGING:
                connection.execute(statement)
            yield connection
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("text", [text for _, _, text in QUERIES], ids=IDS)
def test_every_query_prepares(connection: psycopg.Connection, text: str) -> None:
    if text.lstrip().upper().startswith(NO_PLAN):
        pytest.skip("PostgreSQL plans no such statement")

    connection.execute(f"PREPARE cau AS {_numbered(text)}".encode())
    connection.execute("DEALLOCATE cau")


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, name, _ in QUERIES], ids=IDS)
def test_every_query_is_used_by_its_package(path: Path, name: str) -> None:
    root = next(package for package in PACKAGES if path.is_relative_to(package))

    code = "\n".join(module.read_text(encoding="utf-8") for module in root.rglob("*.py"))

    assert re.search(rf"""["']{name}["']""", code), f"{name} is used nowhere in {root.name}"
    assert path.name in code


def test_migrations_are_plain_sql_without_placeholders() -> None:
    for path in sorted((REPOSITORY / "database" / "migrations").glob("*.sql")):
        assert "{{" not in path.read_text(encoding="utf-8"), path.name


def test_rows_before_and_after_a_statement_are_joined_by_a_plan_made_for_them(connection: psycopg.Connection) -> None:
    bodies = connection.execute(
        "SELECT p.proname, p.prosrc FROM pg_proc p WHERE p.prosrc ~* '\\mmoi\\M.*\\mcu\\M'"
    ).fetchall()

    kept = [name for name, body in bodies if re.search(r"JOIN (cu|moi)\b", re.sub(r"'[^']*'", "", body))]

    assert bodies
    assert kept == []
