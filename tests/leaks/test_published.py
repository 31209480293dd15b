"""What the publisher makes of rows that a caller may not see changes no record that the caller sees."""

import psycopg
import pytest

from tests import conftest as run
from tests.leaks.paired import ask_all
from tests.leaks.shapes import RECORD_SHAPES
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds

_UNPUBLISHED = """
    DELETE FROM mt.ban_ghi;
    DELETE FROM cb.doi_song;
    DELETE FROM cb.khoa_cua;
    DELETE FROM cb.chu_the;
    UPDATE cb.dong_ho SET cong_bo = NULL"""
_AT_ONE_INSTANT = """
    UPDATE mt.ban_ghi SET created = '2026-01-01', updated = '2026-01-01';
    UPDATE cb.doi_song SET tu = '2026-01-01';
    UPDATE cb.khoa_cua SET tu = '2026-01-01';
    UPDATE cb.dong_ho SET cong_bo = '2026-01-01', nhip = '2026-01-01'"""


@pytest.mark.parametrize("name", ["commune-officer", "special-request"])
def test_frames_are_the_same_whatever_the_rows_are(worlds: Worlds, name: str) -> None:
    with worlds.pair(BY_NAME[name], seed=3, before=_published) as pair:
        figures = ask_all(pair, 3, RECORD_SHAPES)
        with psycopg.connect(pair.one.dsn) as one, psycopg.connect(pair.other.dsn) as other:
            full = [
                each.execute(
                    "SELECT ban_ghi FROM mt.ban_ghi WHERE khoa ~ '^(day-du|don-vi):' ORDER BY khoa, id"
                ).fetchall()
                for each in (one, other)
            ]

    assert not figures.found, "\n".join(map(str, figures.found[:6]))
    assert figures.statuses[200] > 20
    assert full[0] != full[1]  # so there was something to be told


def _published(dsn: str) -> None:
    """Publish the catalogue anew from the rows, and say that it was at an instant."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_UNPUBLISHED)
    run._publish_records(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(_AT_ONE_INSTANT)
