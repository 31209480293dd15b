"""Geometries of a file on their way into the province: type, plane, and the move of foreign test data."""

from dataclasses import replace
from typing import Final

import numpy as np
import shapely
from pyproj import Transformer

from loader.mapping import Placement
from quality.rules import Values
from quality.vn2000 import PLANES, WGS84, Numbers, from_lonlat, to_lonlat

_MULTI: Final = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings}


def anchored(placement: Placement, middle: tuple[float, float], srid: int) -> Placement:
    """Return the placement with an origin: its own, or the middle of a file in ``srid``."""
    if placement.origin is not None:
        return placement
    x, y = _onto_plane(placement.plane, *to_lonlat(srid, middle[0], middle[1]))
    return replace(placement, origin=(float(x), float(y)))


def place(shapes: Values, placement: Placement, srid: int) -> Values:
    """Move geometries of ``srid`` into the province, without turning or scaling."""
    origin = placement.origin or (0.0, 0.0)
    east, north = placement.onto[0] - origin[0], placement.onto[1] - origin[1]

    def moved(points: Numbers) -> Numbers:
        x, y = _onto_plane(placement.plane, *to_lonlat(srid, points[:, 0], points[:, 1]))
        return np.column_stack((x + east, y + north))

    return shapely.transform(shapes, moved)


def in_metres(shapes: Values, srid: int, plane: int) -> Values:
    """Return geometries in a plane of VN-2000, by the official operation; those in such a plane stay."""
    if srid in PLANES:
        return shapes

    def moved(points: Numbers) -> Numbers:
        return np.column_stack(from_lonlat(plane, *to_lonlat(srid, points[:, 0], points[:, 1])))

    return shapely.transform(shapes, moved)


def as_multi(shapes: Values, kind: str) -> Values:
    """Return single geometries as the multi type that the layer stores; others stay."""
    single = kind.removeprefix("Multi")
    if kind == single:
        return shapes
    result = shapes.copy()
    chosen = np.array([each is not None and each.geom_type == single and not each.is_empty for each in shapes], bool)
    result[chosen] = _MULTI[single](shapes[chosen].reshape(-1, 1))
    return result


def _onto_plane(srid: int, lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    if srid in PLANES:
        return from_lonlat(srid, lon, lat)
    return Transformer.from_crs(WGS84, srid, always_xy=True).transform(lon, lat)
