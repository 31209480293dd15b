"""Deepest points and the identifiers made from them."""

import numpy as np
import pytest
import shapely
from shapely import Polygon

from loader.sample.points import deepest_points, geohashes
from quality import vn2000

RINGS = [
    ((0, 0), (60_000, 0), (60_000, 25_000), (0, 25_000)),
    ((0, 0), (50_000, 5_000), (45_000, 40_000), (10_000, 52_000), (-8_000, 20_000)),
    ((0, 0), (40_000, 0), (40_000, 10_000), (12_000, 10_000), (12_000, 45_000), (0, 45_000)),
]


@pytest.mark.parametrize("ring", RINGS)
def test_the_deepest_point_is_as_deep_as_the_largest_inscribed_circle(ring: tuple[tuple[int, int], ...]):
    x, y, radius = deepest_points([ring])[0]

    circle = shapely.maximum_inscribed_circle(Polygon(np.array(ring) / 1000), 0.001)
    assert radius == pytest.approx(circle.length, abs=0.05)
    assert Polygon(np.array(ring) / 1000).contains(shapely.Point(x, y))


def test_points_do_not_depend_on_what_else_is_asked():
    alone = deepest_points([RINGS[2]])[0]

    together = deepest_points(list(RINGS))[2]

    assert together == pytest.approx(alone, abs=1e-9)


def test_a_point_gets_its_geohash():
    point = np.column_stack(vn2000.from_lonlat(9212, [106.90, 106.59], [11.535, 11.845]))

    found = geohashes(point)

    assert found[0] == "w6h18efhnxc7"
    assert found[1] == _by_halving(106.59, 11.845)


def _by_halving(lon: float, lat: float) -> str:
    """Return a GeoHash by its definition: halve longitude and latitude in turn, five times a letter."""
    boxes = {0: [-180.0, 180.0], 1: [-90.0, 90.0]}
    letters = ""
    for place in range(12):
        value = 0
        for bit in range(5):
            box, at = boxes[(place * 5 + bit) % 2], (lon, lat)[(place * 5 + bit) % 2]
            middle = sum(box) / 2
            value = value * 2 + (at >= middle)
            box[at < middle] = middle
        letters += "0123456789bcdefghjkmnpqrstuvwxyz"[value]
    return letters
