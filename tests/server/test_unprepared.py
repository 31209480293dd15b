"""Commands on a database that was never prepared: one sentence that says what to run, and nothing is made."""

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from database.cluster import cluster_folder
from server.cli import main

COMMANDS = [
    ("demo-tokens",),
    ("explain", "25195.motcua", "thua-dat"),
    ("check",),
    ("migrate", "--status"),
    ("serve",),
    ("load-sample",),
    ("account", "list", "--as", "x"),
    ("account", "daily"),
    ("account", "bootstrap", "a", "A", "b", "B"),
    ("unit", "list", "--as", "x"),
    ("function", "list", "--as", "x"),
    ("token", "list", "--as", "x"),
    ("client", "list", "--as", "x"),
    ("agreement", "list", "--as", "x"),
    ("package", "list", "--as", "x"),
    ("request", "list", "--as", "x"),
    ("manager", "list", "--as", "x"),
    ("succession", "show", "x", "--as", "x"),
    ("sso", "list", "--as", "x"),
    ("audit", "records", "--as", "x"),
    ("audit", "head"),
]
_TELLS_OTHERWISE = {("migrate", "--status")}
"""Lists what is pending, all of it."""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_any_database_a_command_says_where_it_looked_and_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    home = tmp_path / "home"

    code = main(words, {"DATDAI_HOME": str(home), "DATDAI_PORT": "23456"})

    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert f"DATDAI_HOME={home}" in said
    assert "Run: datdai prepare" in said
    assert not cluster_folder(home).exists()


@pytest.mark.parametrize("words", [each for each in COMMANDS if each not in _TELLS_OTHERWISE], ids=" ".join)
def test_on_an_empty_database_a_command_says_what_to_run(
    blank_db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    environment = {"DATDAI_DATABASE_URL": blank_db, "DATDAI_ADMIN_DATABASE_URL": blank_db}

    code = main(words, environment | {"DATDAI_HOME": str(tmp_path), "DATDAI_PORT": "23456"})

    assert (code, capsys.readouterr().err) == (
        2,
        "datdai: This database was never prepared for datdai. Run: datdai migrate\n",
    )
    with psycopg.connect(blank_db) as connection:
        assert connection.execute("SELECT to_regnamespace('lg') IS NULL").fetchone() == (True,)


@pytest.mark.parametrize("words", [("explain", "x", "thua-dat"), ("token", "list", "--as", "x")], ids=" ".join)
def test_a_login_that_was_never_made_is_told_with_what_makes_it(
    blank_db: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code = main(words, {"DATDAI_DATABASE_URL": make_conninfo(blank_db, user="khong_co")})

    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert said.endswith("If this database was never prepared for datdai, run: datdai migrate\n")
