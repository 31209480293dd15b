"""Connections are opened in one package, and SQL text of more than a line lies in .sql files."""

import ast
import re
import threading
import time
from pathlib import Path

import psycopg
import pytest

from core.errors import DatabaseError
from database.connections import alone, connect

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(path for package in REPOSITORY.glob("*/__init__.py") for path in package.parent.rglob("*.py"))
OPENS = re.compile(r"\bpsycopg\.(Async)?[Cc]onnect(ion\.connect)?\(")
COMPOSED = {"loader/sets.py", "loader/survey.py", "loader/staging.py", "formats/geopackage_schema.py"}
"""Statements whose tables and columns are those of a layer, put together from identifiers; and SQLite's."""
IN_THE_MAKING = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE) .+\b(FROM|INTO|SET|AS|TABLE|SCHEMA)\b", re.DOTALL
)


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def _long_statements(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [each.value for each in texts if each.end_lineno != each.lineno and IN_THE_MAKING.match(str(each.value))]


def test_only_this_package_opens_connections() -> None:
    assert [_name(path) for path in MODULES if OPENS.search(path.read_text(encoding="utf-8"))] == [
        "auth/audit/writer.py",
        "database/connections.py",
        "database/lines.py",
        "database/writer.py",
    ]


@pytest.mark.parametrize("path", [p for p in MODULES if not _name(p).startswith("query/")], ids=_name)
def test_statements_of_more_than_a_line_lie_in_sql_files(path: Path) -> None:
    if _name(path) in COMPOSED:
        pytest.skip("put together from identifiers")

    assert _long_statements(path) == []


def test_a_connection_says_what_it_is_for(empty_db: str) -> None:
    with connect(empty_db, purpose="thu") as connection:
        assert connection.execute("SHOW application_name").fetchone() == ("datdai thu",)


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"cannot be reached: [^\n]+$"):
        connect(f"host={tmp_path} dbname=x", purpose="thu")


def test_whoever_comes_second_waits(empty_db: str) -> None:
    order: list[str] = []

    def second() -> None:
        with alone(empty_db, 7, purpose="thu"):
            order.append("second")

    with alone(empty_db, 7, purpose="thu"):
        waiting = threading.Thread(target=second)
        waiting.start()
        with psycopg.connect(empty_db, autocommit=True) as watcher:
            blocked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            deadline = time.monotonic() + 20
            while watcher.execute(blocked).fetchone() == (0,) and time.monotonic() < deadline:
                time.sleep(0.01)
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]
