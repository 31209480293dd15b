"""Spatial predicates in EPSG:4326: ``&&``, which an index answers, beside the exact test; the box they imply."""

from dataclasses import dataclass

from pygeofilter import ast, values

from core.errors import BadFilter
from query.bbox import in_degrees
from query.condition import Condition
from query.cql2 import geometry
from query.cql2.geometry import Box, Position

_GEOGRAPHIC = frozenset({4326, 4756, 4979})
"""EPSG codes whose positions are degrees: WGS 84, VN-2000, WGS 84 in three dimensions."""
_WEB_MERCATOR = 3857
_WEB_MERCATOR_MAX = 20_037_509.0
_PROJECTED_MAX = 1e7
"""Metres; the transverse Mercator of PROJ fails somewhere beyond 16,000 km, and so would the query."""

_FUNCTIONS: dict[type, str] = {
    ast.GeometryContains: "ST_Contains",
    ast.GeometryCrosses: "ST_Crosses",
    ast.GeometryEquals: "ST_Equals",
    ast.GeometryIntersects: "ST_Intersects",
    ast.GeometryOverlaps: "ST_Overlaps",
    ast.GeometryTouches: "ST_Touches",
    ast.GeometryWithin: "ST_Within",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A geometry as SQL, in EPSG:4326 with x = longitude."""

    sql: str
    params: tuple[object, ...] = ()
    box: Box | None = None
    """Envelope of a literal in EPSG:4326; ``None`` for any other geometry."""
    around: Box | None = None
    """A box in EPSG:4326 that surely holds a literal, whatever its reference system."""
    main: bool = False
    """It is the column by which rows are indexed."""


def place(literal: values.Geometry | values.Envelope, *, srid: int, swap_axes: bool) -> Place:
    """Bind a literal geometry.

    Args:
        srid: EPSG code of its coordinates.
        swap_axes: its coordinates are in (y, x) order.

    Raises:
        BadFilter: a coordinate lies outside the reference system, or a box is upside down.
    """
    if isinstance(literal, values.Envelope):
        literal, swap_axes = _box_shape(literal, srid, swap_axes), False
    positions = [(y, x) if swap_axes else (x, y) for x, y in geometry.positions_in(literal)]
    _check_range(positions, srid)
    wkt = geometry.to_wkt(literal.geometry, swap_axes=swap_axes)
    # A literal that crosses itself would make some predicates fail; to repair it takes minutes, so it is refused.
    sql = "ST_GeomFromText(%s, %s)" if wkt.startswith("POINT") else "hc.hinh_yeu_cau(ST_GeomFromText(%s, %s))"
    box = geometry.box_of(positions)
    if srid == 4326:
        return Place(sql, (wkt, srid), box, around=box)
    return Place(f"hc.doi_toa_do({sql}, 4326)", (wkt, srid), around=in_degrees(box, srid))


def relate(node: ast.SpatialComparisonPredicate, left: Place, right: Place) -> Condition:
    """Compare two geometries; NULL when one of them is."""
    params = left.params + right.params
    if isinstance(node, ast.GeometryDisjoint):
        return Condition(f"(NOT ST_Intersects({left.sql}, {right.sql}))", params)
    near_left, near_right = _near(left), _near(right)
    sql = f"({near_left.sql} && {near_right.sql} AND {_FUNCTIONS[type(node)]}({left.sql}, {right.sql}))"
    return Condition(sql, near_left.params + near_right.params + params)


def implied_box(node: ast.SpatialComparisonPredicate, left: Place, right: Place) -> Box | None:
    """Return the box that every matching row's geometry touches; ``None`` when there is none."""
    if isinstance(node, ast.GeometryDisjoint):
        return None
    if left.main:
        return right.around
    return left.around if right.main else None


def _near(operand: Place) -> Place:
    if operand.box is None:
        return operand
    return Place("ST_MakeEnvelope(%s, %s, %s, %s, 4326)", operand.box)


def _box_shape(box: values.Envelope, srid: int, swap_axes: bool) -> values.Geometry:
    west, south, east, north = _edges(box, swap_axes)
    if south > north or (west > east and srid not in _GEOGRAPHIC):
        raise BadFilter("a BBOX has its lower corner first.")
    if west <= east:
        return values.Geometry(_rectangle(west, south, east, north))
    return values.Geometry(_across_the_antimeridian(west, south, east, north))


def _across_the_antimeridian(west: float, south: float, east: float, north: float) -> geometry.Shape:
    parts = [_rectangle(west, south, 180.0, north), _rectangle(-180.0, south, east, north)]
    if all(each["type"] == "Polygon" for each in parts):
        return {"type": "MultiPolygon", "coordinates": [each["coordinates"] for each in parts]}
    return {"type": "GeometryCollection", "geometries": parts}


def _edges(box: values.Envelope, swap_axes: bool) -> tuple[float, float, float, float]:
    return (box.y1, box.x1, box.y2, box.x2) if swap_axes else (box.x1, box.y1, box.x2, box.y2)


def _rectangle(west: float, south: float, east: float, north: float) -> geometry.Shape:
    """Return a polygon, or the line or point to which a box without width or height shrinks."""
    low, high = (west, south), (east, north)
    if low == high:
        return geometry.shape("Point", low)
    if west == east or south == north:
        return geometry.shape("LineString", [low, high])
    return geometry.shape("Polygon", [[low, (east, south), high, (west, north), low]])


def _check_range(positions: list[Position], srid: int) -> None:
    across, up = _reach(srid)
    if not positions or not all(abs(x) <= across and abs(y) <= up for x, y in positions):
        raise BadFilter("a coordinate lies outside its reference system; mind the order of axes.")


def _reach(srid: int) -> tuple[float, float]:
    if srid in _GEOGRAPHIC:
        return 180.0, 90.0
    reach = _WEB_MERCATOR_MAX if srid == _WEB_MERCATOR else _PROJECTED_MAX
    return reach, reach
