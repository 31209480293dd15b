"""Do coordinates lie where they should? Swapped axes, wrong zone, degrees for metres, a wrong datum shift."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from quality.numbers import comma
from quality.vn2000 import (
    GEOGRAPHIC,
    OFFICIAL,
    PLANES,
    WGS84,
    Datum,
    Numbers,
    Plane,
    from_lonlat,
    from_lonlat_by,
    to_lonlat,
)

type Box = tuple[float, float, float, float]
"""(min lon, min lat, max lon, max lat), WGS 84 degrees."""

_UTM_WGS84: Final = (32648, 32649)
_LEAST_SHARE: Final = 0.9
"""Of the points that must lie in the expected box; a few strays are a matter for rules on rows."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One message for people, in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Plausible:
    """The points lie in the expected box, read as claimed."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """The points lie in the box with x and y exchanged, in one of these systems."""

    srid_candidates: tuple[int, ...]
    message: Sentence


@dataclass(frozen=True, slots=True)
class WrongZone:
    """The points lie in the box in one of these systems, not in the claimed one; zones overlap."""

    srid_candidates: tuple[int, ...]
    message: Sentence


@dataclass(frozen=True, slots=True)
class Degrees:
    """The points are longitude and latitude (or the other way) where metres were claimed."""

    swapped: bool
    message: Sentence


@dataclass(frozen=True, slots=True)
class Metres:
    """The points are metres where longitude and latitude were claimed; in these systems they lie in the box."""

    srid_candidates: tuple[int, ...]
    message: Sentence


@dataclass(frozen=True, slots=True)
class OutOfArea:
    """No reading puts the points into the expected box."""

    message: Sentence


@dataclass(frozen=True, slots=True)
class Shifted:
    """The points are off by what a known mistake makes, as a comparison with known places shows."""

    mistake: str
    offset_m: float
    message: Sentence


type Verdict = Plausible | Swapped | WrongZone | Degrees | OutOfArea


def judge(x: Numbers, y: Numbers, *, srid: int, expected: Box) -> Verdict:
    """Say whether points lie where they should, read in the claimed system.

    Args:
        x: first coordinate as the file has it (east or longitude when it is right), some points or corners.
        expected: the province, or better the commune. A wrong zone moves points by 27 km for each
            quarter degree of meridian: inside a box as large as a province it may stay unseen. Nor does a
            missing datum shift (225 m) leave such a box: see ``compare``.

    Raises:
        pyproj.exceptions.CRSError: nobody knows the EPSG number.
    """
    if _lies_in(srid, x, y, expected):
        return Plausible()
    if not is_geographic(srid) and (degrees := _as_degrees(x, y, srid, expected)):
        return degrees
    if _lies_in(srid, y, x, expected):
        return Swapped((srid,), _swapped((srid,)))
    if zones := _zones(x, y, expected, besides=srid):
        return WrongZone(zones, _wrong_zone(srid, zones))
    if zones := _zones(y, x, expected, besides=srid):
        return Swapped(zones, _swapped(zones))
    return OutOfArea(_out_of_area(srid, x, y))


def as_metres(x: Numbers, y: Numbers, *, srid: int, expected: Box | None, usual: int) -> Metres | None:
    """Say so where nearly all points are too large for the degrees of the claimed system.

    Args:
        expected: where they should lie, ``None`` where nobody knows.
        usual: the system to try where the box tells none, and first among those that it tells.
    """
    if not len(x) or not is_geographic(srid) or np.mean(_are_degrees(x, y)) > 1 - _LEAST_SHARE:
        return None
    fitting = _zones(x, y, expected, besides=srid) or _zones(y, x, expected, besides=srid) if expected else ()
    candidates = tuple(sorted(fitting, key=lambda each: each != usual)) or (usual,)
    return Metres(candidates, _metres(srid, candidates))


def unplaceable(x: Numbers, y: Numbers, *, srid: int, onto: int) -> NDArray[np.bool_]:
    """Say which points no longitude and latitude, or no place in the plane ``onto``, can be computed for."""
    lon, lat = to_lonlat(srid, x, y)
    wrong = ~(np.isfinite(lon) & np.isfinite(lat))
    if is_geographic(srid):
        wrong |= (np.abs(x) > 180) | (np.abs(y) > 90)
    if onto != srid and onto in PLANES:
        east, north = from_lonlat(onto, np.where(wrong, np.inf, lon), np.where(wrong, np.inf, lat))
        wrong |= ~(np.isfinite(east) & np.isfinite(north))
    return wrong


def _are_degrees(x: Numbers, y: Numbers) -> NDArray[np.bool_]:
    """Say which points may be degrees, in either order."""
    return (np.abs(x) <= 180) & (np.abs(y) <= 180) & (np.minimum(np.abs(x), np.abs(y)) <= 90)


def compare(
    x: Numbers, y: Numbers, *, known_x: Numbers, known_y: Numbers, srid: int, tolerance_m: float = 0.05
) -> Shifted | None:
    """Name the mistake that explains the mean distance of points from their known places in the same plane.

    ``None`` where no known mistake explains it, or where there is no offset. Points are pairs, in one order.

    Raises:
        KeyError: the system is no plane on VN-2000.
    """
    east, north = float(np.mean(x - known_x)), float(np.mean(y - known_y))
    lon, lat = to_lonlat(srid, float(np.mean(known_x)), float(np.mean(known_y)))
    for name, (made_east, made_north) in offsets(srid, float(lon), float(lat)).items():
        size = math.hypot(made_east, made_north)
        if math.hypot(east - made_east, north - made_north) <= max(tolerance_m, size * 0.002):
            return Shifted(name, size, _shifted(name, size))
    return None


def offsets(srid: int, lon: float, lat: float) -> Mapping[str, tuple[float, float]]:
    """Return what each known mistake adds to east and north at a place, metres."""
    plane = PLANES[srid]
    right = from_lonlat_by(plane, OFFICIAL, lon, lat)
    wrong = {name: from_lonlat_by(kind(plane), datum, lon, lat) for name, (kind, datum) in _MISTAKES.items()}
    return {name: (x - right[0], y - right[1]) for name, (x, y) in wrong.items()}


def _same(plane: Plane) -> Plane:
    return plane


def _at_utm_scale(plane: Plane) -> Plane:
    return replace(plane, scale=0.9996)


_O: Final = OFFICIAL
_MISTAKES: Final = {
    "no-datum-shift": (_same, None),
    "rotation-signs": (_same, replace(_O, rx=-_O.rx, ry=-_O.ry, rz=-_O.rz)),
    "dx-sign": (_same, replace(_O, dx=-_O.dx)),
    "all-signs": (_same, Datum(-_O.dx, -_O.dy, -_O.dz, -_O.rx, -_O.ry, -_O.rz, -_O.ppm)),
    "utm-scale": (_at_utm_scale, OFFICIAL),
}
_MISTAKE_WORDS: Final[Mapping[str, Sentence]] = {
    "no-datum-shift": Sentence("chưa chuyển hệ từ WGS 84 sang VN-2000", "no datum shift between WGS 84 and VN-2000"),
    "rotation-signs": Sentence("sai dấu ba góc xoay", "the signs of the three rotations are wrong"),
    "dx-sign": Sentence("sai dấu tham số ΔX", "the sign of ΔX is wrong"),
    "all-signs": Sentence("sai dấu cả 7 tham số", "the signs of all 7 parameters are wrong"),
    "utm-scale": Sentence("dùng k = 0,9996 (UTM) thay cho 0,9999", "k = 0.9996 (UTM) was used for 0.9999"),
}


def _lies_in(srid: int, x: Numbers, y: Numbers, box: Box) -> bool:
    """Say whether nearly all points lie in the box, read in a system."""
    if not len(x):
        return False
    lon, lat = to_lonlat(srid, x, y)
    inside = (lon >= box[0]) & (lat >= box[1]) & (lon <= box[2]) & (lat <= box[3])
    return bool(np.mean(inside) >= _LEAST_SHARE)


def _as_degrees(x: Numbers, y: Numbers, srid: int, box: Box) -> Degrees | None:
    for swapped, lon, lat in ((False, x, y), (True, y, x)):
        if _lies_in(WGS84, lon, lat, box):
            return Degrees(swapped, _degrees(srid, swapped=swapped))
    return None


def _zones(x: Numbers, y: Numbers, box: Box, *, besides: int) -> tuple[int, ...]:
    candidates = (*PLANES, *_UTM_WGS84)
    return tuple(srid for srid in candidates if srid != besides and _lies_in(srid, x, y, box))


def is_known(srid: int) -> bool:
    """Say whether an EPSG number is that of a plane or of longitude and latitude."""
    try:
        crs = CRS.from_epsg(srid)
    except CRSError:
        return False
    return crs.is_geographic or crs.is_projected


def is_geographic(srid: int) -> bool:
    """Say whether the coordinates of a system are degrees.

    Raises:
        pyproj.exceptions.CRSError: nobody knows the EPSG number.
    """
    return srid in (WGS84, GEOGRAPHIC) or (srid not in PLANES and CRS.from_epsg(srid).is_geographic)


def _listed(srids: tuple[int, ...]) -> str:
    return ", ".join(f"EPSG:{srid}" for srid in srids)


def _degrees(srid: int, *, swapped: bool) -> Sentence:
    order = ("vĩ độ, kinh độ", "latitude, longitude") if swapped else ("kinh độ, vĩ độ", "longitude, latitude")
    return Sentence(
        f"Tọa độ là độ ({order[0]}), không phải mét của EPSG:{srid}. Hãy khai hệ tọa độ EPSG:{WGS84}.",
        f"The coordinates are degrees ({order[1]}), not metres of EPSG:{srid}. Say EPSG:{WGS84}.",
    )


def _metres(srid: int, candidates: tuple[int, ...]) -> Sentence:
    tries = " / ".join(f"--srid {each}" for each in candidates)
    return Sentence(
        f"Tọa độ là mét, nhưng hệ tọa độ EPSG:{srid} tính bằng độ. Hãy thử {tries}.",
        f"The coordinates are metres, but the coordinate system EPSG:{srid} is in degrees. Try {tries}.",
    )


def _swapped(srids: tuple[int, ...]) -> Sentence:
    return Sentence(
        f"X và Y bị đổi chỗ: đổi lại thì tọa độ nằm đúng trong tỉnh theo {_listed(srids)}.",
        f"X and Y are exchanged: the other way round they lie in the province in {_listed(srids)}.",
    )


def _wrong_zone(srid: int, zones: tuple[int, ...]) -> Sentence:
    return Sentence(
        f"Tọa độ không thuộc EPSG:{srid} mà hợp với {_listed(zones)}: sai kinh tuyến trục hoặc hệ.",
        f"The coordinates are not EPSG:{srid} but fit {_listed(zones)}: wrong central meridian or system.",
    )


def _out_of_area(srid: int, x: Numbers, y: Numbers) -> Sentence:
    if not len(x):
        return Sentence("Không có tọa độ nào.", "There are no coordinates.")
    corners = [f"{value:.3f}" for value in (np.min(x), np.min(y), np.max(x), np.max(y))]
    box = f"[{', '.join(corners)}]"
    return Sentence(
        f"Tọa độ [{'; '.join(map(comma, corners))}] (EPSG:{srid}) nằm ngoài địa bàn, dù đổi trục hay đổi múi.",
        f"The coordinates {box} (EPSG:{srid}) lie outside the area, whatever the axis order or zone.",
    )


def _shifted(name: str, size: float) -> Sentence:
    words = _MISTAKE_WORDS[name]
    return Sentence(
        f"Tọa độ lệch khoảng {comma(f'{size:.2f}')} m: {words.vi}.",
        f"The coordinates are off by about {size:.2f} m: {words.en}.",
    )
