"""The command line: one sentence when refused, and what each command does to a database."""

import json
import socket
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from core.settings import Settings
from database.migrate import read_migrations
from server.cli import main, what_to_open


def _urls(dsn: str) -> dict[str, str]:
    return {"DATDAI_DATABASE_URL": dsn, "DATDAI_ADMIN_DATABASE_URL": dsn}


def test_a_misspelt_setting_is_one_sentence_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["db", "status"], {"DATDAI_HOEM": "x"})

    assert code == 2
    assert capsys.readouterr().err == "datdai: DATDAI_HOEM is no setting. Did you mean DATDAI_HOME?\n"


def test_migrate_brings_a_blank_database_up_and_then_has_nothing_to_do(
    blank_db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = main(["migrate"], _urls(blank_db))
    said_first = capsys.readouterr().out
    second = main(["migrate"], _urls(blank_db))
    said_second = capsys.readouterr().out

    assert (first, second) == (0, 0)
    assert said_first.count("applied ") == len(read_migrations())
    assert said_second == "nothing to do\n"


def test_migrate_status_tells_by_its_code_whether_something_is_pending(blank_db: str, empty_db: str) -> None:
    assert main(["migrate", "--status"], _urls(blank_db)) == 1
    assert main(["migrate", "--status"], _urls(empty_db)) == 0


def test_migrate_without_the_owners_login_is_one_sentence(blank_db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"], {"DATDAI_DATABASE_URL": blank_db}) == 2
    assert "Set DATDAI_ADMIN_DATABASE_URL" in capsys.readouterr().err


def test_prepare_without_parcels_only_migrates(blank_db: str) -> None:
    assert main(["prepare", "--parcels", "0"], _urls(blank_db)) == 0

    with psycopg.connect(blank_db) as connection:
        assert connection.execute("SELECT count(*) FROM hc.don_vi").fetchone() == (0,)


def test_prepare_says_what_sample_is_there_when_another_size_is_asked_for(
    sample_db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["prepare", "--parcels", "3000"], _urls(sample_db))

    assert code == 0
    assert capsys.readouterr().out == (
        "The sample province is there already (parcels=2000 seed=1 era=before_reform), and stays: "
        "3000 parcels are not loaded. For those, take an empty database.\n"
    )


def test_prepare_without_a_size_takes_what_is_there(sample_db: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["prepare"], _urls(sample_db))

    assert code == 0
    assert capsys.readouterr().out == ""


def test_serve_refuses_a_database_that_lacks_migrations(blank_db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve"], {"DATDAI_DATABASE_URL": blank_db}) == 2
    assert "Run: datdai migrate" in capsys.readouterr().err


def test_a_database_elsewhere_leaves_no_cluster_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "start"], {"DATDAI_DATABASE_URL": "host=x"}) == 2
    assert "no embedded cluster" in capsys.readouterr().err


def test_db_status_of_a_cluster_that_was_never_made_is_3(tmp_path: Path) -> None:
    assert main(["db", "status"], {"DATDAI_HOME": str(tmp_path)}) == 3


def test_what_to_open_names_the_address_that_clients_see() -> None:
    told = what_to_open(Settings(base_url="https://datdai.example.vn/ogc/"))

    assert "OAPIF:https://datdai.example.vn/ogc" in told
    assert "curl 'https://datdai.example.vn/ogc/" in told


def test_what_to_open_lists_the_tokens_of_the_demo() -> None:
    told = what_to_open(Settings(), {"thue.canbo": "lda_x"})

    assert "thue.canbo         lda_x" in told
    assert "Tokens" not in what_to_open(Settings())


def test_demo_tokens_are_one_object_by_account(
    demo_db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["demo-tokens", "--json"], _demo_urls(demo_db, tmp_path))

    assert code == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["689.diachinh"].startswith("lda_")
    assert len(shown) == len(set(shown.values())) == 30


def test_demo_tokens_are_refused_where_there_is_no_demo(
    sample_db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo-tokens"], _demo_urls(sample_db, tmp_path)) == 2
    assert "not filled with the demo" in capsys.readouterr().err


def _demo_urls(dsn: str, home: Path) -> dict[str, str]:
    app = make_conninfo(dsn, user="datdai_mau_app")
    return {"DATDAI_DATABASE_URL": app, "DATDAI_ADMIN_DATABASE_URL": dsn, "DATDAI_HOME": str(home)}


def test_a_port_that_is_taken_is_told_before_the_database_is_prepared(
    blank_db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = main(["serve", "--prepare"], _urls(blank_db) | {"DATDAI_PORT": str(port)})

    assert code == 2
    assert f"127.0.0.1:{port} cannot be used" in capsys.readouterr().err
    with psycopg.connect(blank_db) as connection:
        assert connection.execute("SELECT to_regnamespace('acl')").fetchone() == (None,)
