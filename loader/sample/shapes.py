"""Arrays of shapes with one type, where shapely's own functions may return a single shape."""

import itertools
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from loader.sample.cutting import Ring
from loader.sample.territory import SRID, Shapes


def multipolygons(rings: Sequence[Ring]) -> Shapes:
    """Return one multipolygon in metres for each ring of millimetres."""
    points = np.array(list(itertools.chain.from_iterable(rings)), dtype=np.float64) / 1000.0
    owner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    polygons = np.asarray(shapely.polygons(np.asarray(shapely.linearrings(points, indices=owner), dtype=object)))
    return each_alone(polygons)


def from_corners(corners: ArrayLike) -> Shapes:
    """Return one multipolygon for each open ring of x, y in metres; all rings have equally many corners."""
    return each_alone(np.asarray(shapely.polygons(np.asarray(corners, dtype=np.float64)), dtype=object))


def each_alone(polygons: Shapes) -> Shapes:
    """Return each polygon as a multipolygon of its own."""
    return np.asarray(shapely.multipolygons(polygons, indices=np.arange(len(polygons))), dtype=object)


def areas(shapes: Shapes) -> NDArray[np.float64]:
    """Return areas in square metres."""
    return np.asarray(shapely.area(shapes), dtype=np.float64)


def hex_wkb(shapes: Shapes) -> list[str]:
    """Return the EWKB of shapes in EPSG:9212 as PostGIS reads it from text."""
    return np.asarray(shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True)).tolist()
