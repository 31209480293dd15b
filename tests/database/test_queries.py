"""Named queries in .sql files."""

import pytest

from database.queries import parse

TEXT = """-- What this file is about.

-- name: first
-- Return one.
SELECT 1;

-- name: second
-- Return two,
-- on two lines.
SELECT
  2 -- a remark
"""


def test_queries_come_by_name_without_their_headings() -> None:
    assert parse(TEXT, where="x.sql") == {"first": "SELECT 1", "second": "SELECT\n  2 -- a remark"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1;\n-- name: a\n-- A.\nSELECT 1", "SQL before the first"),
        ("-- name: a\nSELECT 1", "a sentence"),
        ("-- name: a\n-- A sentence.\n", "a sentence"),
        ("-- name: A b\n-- A.\nSELECT 1", "SQL before the first"),
        ("-- name: Ab\n-- A.\nSELECT 1", "malformed"),
        ("-- name: a\n-- A.\nSELECT 1;\n-- name: a\n-- A.\nSELECT 2", "used twice"),
    ],
)
def test_a_malformed_file_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(text, where="x.sql")
