"""The bounding box of a request: read, cut to what can be computed, and made a condition."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import isfinite

from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from catalogue.layer import Geometry
from core.errors import BadParameter
from core.phrases import Phrase
from query.condition import EVERYTHING, Condition, all_of, any_of
from query.crs import CRS84, Crs
from query.values import finite
from query.view import View, quoted

type Box = tuple[float, float, float, float]
_ALLOWED = "four or six finite numbers: minimum and maximum of each axis in the order of bbox-crs"
_SLACK_DEGREES = 0.00001
"""About 1 m: more than an edge bends between the points that _segmented adds."""
_FLOAT_DEGREES = 0.00004
"""More than two steps of the single precision in which PostGIS keeps boxes of geometries, up to 180 degrees."""
_ROOM_DEGREES = 0.0002
"""About 22 m: more than two computations of one coordinate operation differ by."""
_WIDE_ROOM_DEGREES = 0.01
"""About 1.1 km: more than any two ways from a system of VN-2000 to WGS 84 differ by."""
_BENT = 0.002
"""Edges bend between the points at which they are computed by less than this part of the width or height of a box."""
_PROVED = (570704.4987, 1275711.0972, 106.90, 11.535)
"""Đồng Xoài in EPSG:9212 and by EPSG:6960 in degrees: the operation by which the database computes."""
_VN2000, _METRIC = 4756, 9212
_SMALL_SQUARE_DEGREES = 0.0004
"""About 2.2 km squared: its index finds the rows of such a box wherever it lies, so that the plan may be kept."""


@dataclass(frozen=True, slots=True)
class Bbox:
    """One or two boxes (two across the antimeridian), x first, inside the domain of ``crs``; none matches nothing."""

    crs: Crs
    boxes: tuple[Box, ...]


def read_bbox(value: str, crs: Crs = CRS84) -> Bbox:
    """Read the parameter ``bbox``.

    Raises:
        BadParameter: not four or six numbers, or a minimum above its maximum. A box that lies outside its CRS is none:
            OGC's test suite exchanges the axes and expects an answer.
    """
    x_min, y_min, x_max, y_max = _numbers(value)
    if crs.lat_first:
        x_min, y_min, x_max, y_max = y_min, x_min, y_max, x_max
    if y_min > y_max:
        raise BadParameter("bbox", "a minimum lies above its maximum.", _ALLOWED)
    if x_min > x_max and not crs.is_geographic:
        raise BadParameter("bbox", "a minimum lies above its maximum.", _ALLOWED)
    if x_min <= x_max:
        return Bbox(crs, _cut(crs, (x_min, y_min, x_max, y_max)))
    return Bbox(crs, _cut(crs, (x_min, y_min, 180.0, y_max)) + _cut(crs, (-180.0, y_min, x_max, y_max)))


def _numbers(value: str) -> tuple[float, float, float, float]:
    try:
        numbers = [finite(each.strip()) for each in value.split(",")]
    except ValueError:
        raise BadParameter("bbox", "not a list of finite numbers.", _ALLOWED) from None
    if len(numbers) not in (4, 6):
        raise BadParameter("bbox", Phrase("{} values.", (len(numbers),)), _ALLOWED)
    half = len(numbers) // 2
    return numbers[0], numbers[1], numbers[half], numbers[half + 1]


def _cut(crs: Crs, box: Box) -> tuple[Box, ...]:
    low_x, low_y, high_x, high_y = crs.domain
    cut = (max(box[0], low_x), max(box[1], low_y), min(box[2], high_x), min(box[3], high_y))
    return (cut,) if cut[0] <= cut[2] and cut[1] <= cut[3] else ()


def bbox_condition(bbox: Bbox, view: View) -> Condition:
    """Return the condition that a geometry meets the box; a layer without geometry meets every box.

    The index reads ``geom``; what the box of a geometry does not decide, the geometry itself does, in the CRS of the
    request. Source: OGC 17-069r4, requirement fc-bbox-response.
    """
    geometry = view.geometry
    if geometry is None:
        return EVERYTHING
    return any_of(_box_condition(box, bbox.crs, geometry) for box in bbox.boxes)


def lonlat_box(bbox: Bbox) -> Box | None:
    """Return one box in degrees that holds all boxes, with room to spare, or ``None`` where there is none."""
    if not bbox.boxes:
        return None
    west, south, east, north = zip(*bbox.boxes, strict=True)
    box = (min(west), min(south), max(east), max(north))
    return box if bbox.crs.srid == 4326 else in_degrees(box, bbox.crs.srid)


def in_degrees(box: Box, srid: int) -> Box | None:
    """Return a box in degrees that surely holds a box of another CRS; nothing is selected by it, only narrowed."""
    try:
        for each in _to_degrees(srid):
            box = each.transform_bounds(*box)
    except ProjError:
        return None
    west, south, east, north = box
    if not all(map(isfinite, box)) or west > east:
        return None
    room = _room()
    x_room, y_room = room + _BENT * (east - west), room + _BENT * (north - south)
    return west - x_room, south - y_room, east + x_room, north + y_room


@lru_cache(maxsize=32)
def _to_degrees(srid: int) -> tuple[Transformer, ...]:
    """Return the steps to WGS 84: from VN-2000 over EPSG:9212, as the database goes."""
    base = CRS.from_epsg(srid).geodetic_crs
    through = (srid, _METRIC, 4326) if base and base.to_epsg() == _VN2000 and srid != _METRIC else (srid, 4326)
    return tuple(Transformer.from_crs(*each, always_xy=True) for each in pairwise(through))


@lru_cache(maxsize=1)
def _room() -> float:
    """Return how far our computation may be from that of the database: far where ours goes another way."""
    x, y, *expected = _PROVED
    found = _to_degrees(_METRIC)[0].transform(x, y)
    same = all(abs(each - other) < 1e-7 for each, other in zip(found, expected, strict=True))  # 1 cm
    return _ROOM_DEGREES if same else _WIDE_ROOM_DEGREES


def _box_condition(box: Box, crs: Crs, geometry: Geometry) -> Condition:
    lonlat = f"t.{quoted(geometry.lonlat)}"
    if crs.srid == 4326:
        return _lonlat_condition(box, lonlat)
    envelope = _envelope(box, crs.srid)
    step = max(box[2] - box[0], box[3] - box[1], 1.0) / 32
    around = f"ST_Expand(ST_Envelope(hc.doi_toa_do(ST_Segmentize({envelope}, %s), 4326)), {_SLACK_DEGREES})"
    own = f"hc.doi_toa_do(t.{quoted(geometry.stored)}, {crs.srid})"
    return all_of(
        [
            Condition(f"{lonlat} && {around}", (*box, step)),
            Condition(f"ST_Intersects({own}, {envelope})", box),
        ]
    )


def _lonlat_condition(box: Box, lonlat: str) -> Condition:
    """Compare with the stored boxes first; only where these cannot decide, at the edges, with the geometries."""
    envelope = _envelope(box, 4326)
    near = Condition(f"{lonlat} && {envelope}", box)
    meets = Condition(f"ST_Intersects({lonlat}, {envelope})", box)
    inner = (box[0] + _FLOAT_DEGREES, box[1] + _FLOAT_DEGREES, box[2] - _FLOAT_DEGREES, box[3] - _FLOAT_DEGREES)
    if inner[0] >= inner[2] or inner[1] >= inner[3]:
        return all_of([near, meets])
    return all_of([near, any_of([Condition(f"{lonlat} @ {envelope}", inner), meets])])


def _envelope(box: Box, srid: int) -> str:
    """Return the SQL of a box over four values; without width or height it is a line or a point."""
    if box[0] == box[2] or box[1] == box[3]:
        return f"ST_Envelope(ST_SetSRID(ST_MakeLine(ST_Point(%s, %s), ST_Point(%s, %s)), {srid}))"
    is_small = (box[2] - box[0]) * (box[3] - box[1]) <= _SMALL_SQUARE_DEGREES
    return "hc.o_nho(%s, %s, %s, %s)" if srid == 4326 and is_small else f"ST_MakeEnvelope(%s, %s, %s, %s, {srid})"
