"""What row security narrows by holds every row of the answer: it may be larger, never smaller."""

import random

import psycopg
import pytest

from query.bbox import in_degrees
from query.search import is_indexed

_AROUND = """
SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM ST_Envelope(hc.doi_toa_do(
    ST_Segmentize(ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, %(srid)s), %(step)s), 4326)) AS e
"""
_PLACES = {
    3405: (570_000, 1_270_000),
    9212: (570_000, 1_270_000),
    5897: (570_000, 1_270_000),
    3857: (11_900_000, 1_290_000),
}


@pytest.mark.parametrize("size", [1, 400, 30_000, 300_000])
@pytest.mark.parametrize("srid", _PLACES)
def test_a_box_in_degrees_holds_the_box_in_metres_and_little_more(api_db: str, srid: int, size: float) -> None:
    chance = random.Random(size)
    with psycopg.connect(api_db) as connection:
        for _ in range(10):
            west, south = (each + chance.uniform(-30_000, 30_000) for each in _PLACES[srid])
            box = (west, south, west + size * chance.uniform(0.5, 1), south + size * chance.uniform(0.5, 1))
            named = dict(zip(("west", "south", "east", "north"), box, strict=True))
            inner = connection.execute(_AROUND, named | {"srid": srid, "step": size / 200}).fetchall()[0]

            outer = in_degrees(box, srid)

            assert outer
            assert all(low <= each for low, each in zip(outer[:2], inner[:2], strict=True))
            assert all(each <= high for high, each in zip(outer[2:], inner[2:], strict=True))
            assert outer[2] - outer[0] <= 1.1 * (inner[2] - inner[0]) + 0.0005


@pytest.mark.parametrize("term", ["thửa 12", "Đồng Xoài", "abc", "12 345"])
def test_a_word_of_three_letters_is_found_by_an_index(term: str) -> None:
    assert is_indexed(term)


@pytest.mark.parametrize("term", ["th", "ở", "a b c", "1-2", "--- ---"])
def test_shorter_words_are_found_on_the_way(term: str) -> None:
    assert not is_indexed(term)
