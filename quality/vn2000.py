"""VN-2000 as EPSG numbers: meridians and scale of its planes, and the one datum operation (EPSG:6960)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from pyproj.enums import TransformDirection

type Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """A transverse Mercator plane: central meridian in degrees and scale on it; false easting 500,000 m."""

    meridian: float
    scale: float


@dataclass(frozen=True, slots=True)
class Datum:
    """Seven parameters to WGS 84, coordinate frame rotation: metres, arc seconds, parts per million."""

    dx: float
    dy: float
    dz: float
    rx: float
    ry: float
    rz: float
    ppm: float


OFFICIAL: Final = Datum(-191.90441429, -39.30318279, -111.45032835, -0.00928836, 0.01975479, -0.00427372, 0.252906278)
"""Source: decision 05/2007/QĐ-BTNMT, EPSG operation 6960."""

_TM3: Final = 0.9999
_UTM: Final = 0.9996
PLANES: Final[Mapping[int, Plane]] = {
    5896: Plane(102, _TM3),
    9205: Plane(103, _TM3),
    9206: Plane(104, _TM3),
    9207: Plane(104.5, _TM3),
    9208: Plane(104.75, _TM3),
    5897: Plane(105, _TM3),
    9209: Plane(105.5, _TM3),
    9210: Plane(105.75, _TM3),
    9211: Plane(106, _TM3),
    9212: Plane(106.25, _TM3),
    9213: Plane(106.5, _TM3),
    9214: Plane(107, _TM3),
    9215: Plane(107.25, _TM3),
    9216: Plane(107.5, _TM3),
    5899: Plane(107.75, _TM3),
    5898: Plane(108, _TM3),
    9217: Plane(108.25, _TM3),
    9218: Plane(108.5, _TM3),
    3405: Plane(105, _UTM),
    3406: Plane(111, _UTM),
}
"""EPSG number to plane; the axes of all of them are east, north."""

GEOGRAPHIC: Final = 4756
WGS84: Final = 4326


def is_vn2000(srid: int) -> bool:
    """Say whether an EPSG number is a system on the datum VN-2000."""
    return srid == GEOGRAPHIC or srid in PLANES


def to_lonlat(srid: int, x: ArrayLike, y: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return lon, lat (WGS 84, degrees); x is east or longitude whatever the CRS says.

    What cannot be computed is infinite.

    Raises:
        pyproj.exceptions.CRSError: nobody knows the EPSG number.
    """
    if srid in PLANES:
        return _through(_pipeline(PLANES[srid], OFFICIAL), x, y, backwards=True)
    return _through(_to_wgs84(srid), x, y)


def from_lonlat(srid: int, lon: ArrayLike, lat: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return x, y in a system on VN-2000, by the official operation.

    Raises:
        KeyError: the system is not on VN-2000.
    """
    return _through(_pipeline(PLANES[srid], OFFICIAL), lon, lat)


def from_lonlat_by(plane: Plane, datum: Datum | None, lon: float, lat: float) -> tuple[float, float]:
    """Return x, y by parameters of the caller's, to measure what a mistake makes; no datum means no shift."""
    x, y = _through(_pipeline(plane, datum), lon, lat)
    return float(x), float(y)


def _through(
    transformer: Transformer, x: ArrayLike, y: ArrayLike, *, backwards: bool = False
) -> tuple[Numbers, Numbers]:
    direction = TransformDirection.INVERSE if backwards else TransformDirection.FORWARD
    east, north = transformer.transform(x, y, direction=direction)
    return np.asarray(east, np.float64), np.asarray(north, np.float64)


_DEGREES_IN: Final = "+step +proj=unitconvert +xy_in=deg +xy_out=rad"
_DEGREES_OUT: Final = "+step +proj=unitconvert +xy_in=rad +xy_out=deg"


@lru_cache
def _to_wgs84(srid: int) -> Transformer:
    if srid == GEOGRAPHIC:
        steps = f"{_DEGREES_IN} {_shift(OFFICIAL, inverse=False)} {_DEGREES_OUT}"
        return Transformer.from_pipeline(f"+proj=pipeline {steps}")
    return Transformer.from_crs(srid, WGS84, always_xy=True)


@lru_cache
def _pipeline(plane: Plane, datum: Datum | None) -> Transformer:
    """Return WGS 84 degrees to the plane."""
    shift = "" if datum is None else _shift(datum, inverse=True)
    onto = f"+step +proj=tmerc +lon_0={plane.meridian} +k={plane.scale} +x_0=500000 +ellps=WGS84"
    return Transformer.from_pipeline(f"+proj=pipeline {_DEGREES_IN} {shift} {onto}")


def _shift(datum: Datum, *, inverse: bool) -> str:
    """Return the steps from VN-2000 to WGS 84, both in radians, or the other way."""
    d = datum
    return (
        "+step +proj=push +v_3 +step +proj=cart +ellps=WGS84"
        f" +step {'+inv' if inverse else ''} +proj=helmert +convention=coordinate_frame"
        f" +x={d.dx} +y={d.dy} +z={d.dz} +rx={d.rx} +ry={d.ry} +rz={d.rz} +s={d.ppm}"
        " +step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3"
    )
