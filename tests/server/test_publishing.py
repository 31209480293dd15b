"""The publisher beside the answers."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.errors import UniqueViolation

from catalogue.files import read_layers
from catalogue.service import read_service
from harvest.publishing.said import SaidByOfficers
from harvest.publishing.tick import Sources
from server.publishing import Publishing

SOURCES = Sources(read_layers(), read_service(Path(__file__).parents[2] / "config" / "service.yml"), SaidByOfficers())


@pytest.fixture
def published(empty_db: str) -> Iterator[Publishing]:
    work = Publishing(make_conninfo(empty_db, user="datdai_mau_publisher"), SOURCES)
    yield work
    work.close()


def clock(dsn: str) -> tuple[Any, ...]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT cong_bo, nhip FROM cb.dong_ho").fetchone() or ()


def test_an_empty_database_has_a_catalogue_of_its_layers(empty_db: str, published: Publishing):
    assert clock(empty_db) == (None, None)

    published.first()

    assert None not in clock(empty_db)


def test_it_goes_on_after_the_database_was_away(empty_db: str, published: Publishing, caplog: pytest.LogCaptureFixture):
    published.first()
    before = clock(empty_db)
    with psycopg.connect(empty_db, autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'datdai publishing'"
        )
    with caplog.at_level(logging.INFO, "datdai.publishing"):
        published.look()
        assert clock(empty_db) == before
        published.look()

    assert clock(empty_db)[1] > before[1]
    assert [each.levelname for each in caplog.records] == ["WARNING", "INFO"]


def test_a_trouble_that_stays_is_told_once(caplog: pytest.LogCaptureFixture, tmp_path: Path):
    work = Publishing(make_conninfo(host=str(tmp_path), dbname="khong-co"), SOURCES)

    for _ in range(3):
        work.look()

    assert len(caplog.records) == 1


def test_a_trouble_whose_text_moves_is_told_once_and_another_one_again(
    published: Publishing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    troubles = iter([*(UniqueViolation(f"at {n}") for n in range(3)), ValueError("1"), ValueError("2")])

    def fail(*_: object) -> None:
        raise next(troubles)

    monkeypatch.setattr("server.publishing.tick", fail)
    for _ in range(5):
        published.look()

    assert [each.getMessage().rpartition(": ")[2] for each in caplog.records] == ["at 0", "1"]
