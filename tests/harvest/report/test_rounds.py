"""Answers of the faces become rounds of harvesters."""

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from core.clocks import StoppedClock
from database.writer import Writer
from harvest.report.agents import OTHER, family_of
from harvest.report.rounds import PAUSE_MAX, ROUNDS_A_DAY, Face, Given, Rounds
from tests.conftest import TEMPLATE

AT = datetime(2025, 6, 30, 3, tzinfo=UTC)
GEONETWORK = "GeoNetwork 4.2.8 (Apache-HttpClient/4.5 Java/11)"


class _Read:
    """A clock that tells one instant after the other."""

    def __init__(self, instants: Iterable[datetime]) -> None:
        self._instants = iter(instants)

    def now(self) -> datetime:
        return next(self._instants)


class _Noted:
    """Notes what is told in each block of its own, as one process, and reads the rounds."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def note(
        self, *told: tuple[datetime, Given], who: str = "public", agent: str = GEONETWORK, face: Face = Face.OAI
    ) -> None:
        writer = Writer(make_conninfo(self._dsn, user=f"{TEMPLATE}_identity"), purpose="test", size=1)
        with closing(Rounds(writer, _Read(at for at, _ in told))) as rounds:
            for _, given in told:
                rounds.note(who, None, agent, face, given)

    def rounds(self, columns: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._dsn) as connection:
            return connection.execute(f"SELECT {columns} FROM cb.luot_thu ORDER BY id".encode()).fetchall()


@pytest.fixture
def noted(empty_db: str) -> _Noted:
    return _Noted(empty_db)


def _after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_the_pages_of_a_list_are_one_round_that_reached_its_end(noted: _Noted) -> None:
    noted.note(
        (AT, Given()),
        (_after(1), Given(records=100, size=5000, begins=True, since=AT, form="iso19139", part="dia-chinh")),
        (_after(2), Given(records=100, deletions=1, size=6000)),
        (_after(3), Given(records=7, size=400, ends=True)),
    )

    assert noted.rounds("tac_nhan, mat, yeu_cau, ban_ghi, go_bo, so_byte, liet_ke, het, tu, dang, tap, cuoi") == [
        ("GeoNetwork", "oai", 4, 207, 1, 11400, True, True, AT, "iso19139", "dia-chinh", _after(3))
    ]


def test_a_list_that_begins_again_is_another_round(noted: _Noted) -> None:
    noted.note((AT, Given(records=5, begins=True)), (_after(9), Given(records=5, begins=True, ends=True)))

    assert noted.rounds("ban_ghi, het") == [(5, False), (5, True)]


def test_who_begins_lists_all_day_long_fills_no_table(noted: _Noted) -> None:
    noted.note(*((_after(n), Given(records=1, begins=True)) for n in range(ROUNDS_A_DAY + 20)))
    noted.note((_after(99), Given(records=1, begins=True)), who="account:7")

    kept = noted.rounds("chu_the, yeu_cau")
    assert len(kept) == ROUNDS_A_DAY + 1
    assert kept[-2:] == [("public", 21), ("account:7", 1)]


def test_pages_that_several_processes_answered_are_one_round(noted: _Noted) -> None:
    noted.note((AT, Given(records=5, begins=True)))
    noted.note((_after(1), Given(records=5)))
    noted.note((_after(2), Given(records=2, ends=True)))

    assert noted.rounds("yeu_cau, ban_ghi, het") == [(3, 12, True)]


def test_after_a_long_pause_another_round_begins(noted: _Noted) -> None:
    noted.note((AT, Given(begins=True, records=1)))
    noted.note((AT + PAUSE_MAX + timedelta(seconds=1), Given(records=1)))

    assert noted.rounds("yeu_cau") == [(1,), (1,)]


def test_harvesters_and_faces_are_told_apart(noted: _Noted) -> None:
    noted.note((AT, Given()), who="public")
    noted.note((AT, Given()), who="account:3")
    noted.note((AT, Given()), who="account:3", face=Face.CSW)
    noted.note((AT, Given()), who="account:3", face=Face.CSW, agent="python-requests/2.32 OWSLib")

    assert noted.rounds("chu_the, mat, tac_nhan") == [
        ("public", "oai", "GeoNetwork"),
        ("account:3", "oai", "GeoNetwork"),
        ("account:3", "csw", "GeoNetwork"),
        ("account:3", "csw", "OWSLib"),
    ]


def test_what_was_not_answered_as_asked_is_counted_by_its_kind(noted: _Noted) -> None:
    noted.note(*((_after(n), Given(status)) for n, status in enumerate((200, 304, 400, 429, 503, 500))))

    assert noted.rounds("yeu_cau, khong_doi, tu_choi, het_phuc_vu") == [(6, 1, 2, 2)]


def test_rounds_are_forgotten_after_more_than_a_year(noted: _Noted) -> None:
    noted.note((AT, Given(begins=True)))
    noted.note((AT + timedelta(days=401), Given(begins=True)))

    assert noted.rounds("bat_dau") == [(AT + timedelta(days=401),)]


def test_a_database_that_is_away_loses_the_report_and_nothing_else() -> None:
    writer = Writer("host=127.0.0.1 port=1 dbname=none", purpose="test", size=1)

    with closing(Rounds(writer, StoppedClock(AT))) as rounds:
        rounds.note("public", None, "", Face.OAI, Given(begins=True))


@pytest.mark.parametrize(
    ("said", "family"),
    [
        (GEONETWORK, "GeoNetwork"),
        ("python-requests/2.31.0", "Python"),
        ("OWSLib (https://geopython.github.io/OWSLib)", "OWSLib"),
        ("Mozilla/5.0 QGIS/32216", "QGIS"),
        ("Mozilla/5.0 (X11)", "browser"),
        ("Nguyễn Văn A's own program", OTHER),
        ("", OTHER),
    ],
)
def test_a_program_is_told_by_its_family_alone(said: str, family: str) -> None:
    assert family_of(said) == family
