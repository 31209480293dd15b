"""Cuts that neighbours share."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, coverage_is_valid

from loader.sample.cutting import Line, Ring, Sheet, area_mm2
from loader.sample.dividing import Divider
from loader.sample.randomness import Draw

SQUARE: Ring = ((0, 0), (100_000, 0), (100_000, 100_000), (0, 100_000))
UPRIGHT = Line(40_000, 0, 1.0, 0.0)


def test_a_cut_makes_two_pieces_that_share_its_ends():
    behind, before = Sheet().cut(SQUARE, UPRIGHT) or ((), ())

    assert set(behind) & set(before) == {(40_000, 0), (40_000, 100_000)}
    assert (area_mm2(behind), area_mm2(before)) == (2 * 4_000_000_000, 2 * 6_000_000_000)


def test_a_cut_near_a_corner_goes_through_the_corner():
    pieces = Sheet().cut(SQUARE, Line(300, 0, math.cos(0.7), -math.sin(0.7))) or ((), ())

    assert (0, 0) in pieces[0]
    assert (0, 0) in pieces[1]


def test_a_line_that_misses_cuts_nothing():
    assert Sheet().cut(SQUARE, Line(200_000, 0, 1.0, 0.0)) is None


def test_the_end_of_a_cut_becomes_a_corner_of_the_neighbour():
    sheet = Sheet()
    behind, before = sheet.cut(SQUARE, UPRIGHT) or ((), ())

    sheet.cut(before, Line(0, 50_000, 0.0, 1.0))

    assert (40_000, 50_000) in sheet.full(behind)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), angle=st.floats(0, math.pi))
def test_a_division_covers_its_block_without_gaps_or_overlaps(seed: int, count: int, angle: float):
    division = Divider(angle, Draw(seed).numbers, 0.03).divide(SQUARE, count)

    assert len(division.parcels) <= count
    assert sum(area_mm2(ring) for ring in division.parcels) == area_mm2(SQUARE)
    assert all(Polygon(ring).is_valid for ring in division.parcels)
    assert coverage_is_valid([Polygon(ring) for ring in division.parcels])


def test_a_node_is_what_its_parcels_were_before():
    division = Divider(0.2, Draw(7).numbers).divide(SQUARE, 9)

    for node in division.nodes:
        parts = division.parcels[node.first : node.last]
        assert area_mm2(node.ring) == sum(map(area_mm2, parts))


def test_the_outline_has_every_vertex_that_parcels_have_on_it():
    division = Divider(0.0, Draw(3).numbers).divide(SQUARE, 12)

    corners = set(itertools.chain.from_iterable(division.parcels))
    assert {point for point in corners if 0 in point or 100_000 in point} <= set(division.outline)
