"""Literal geometries: reading WKT, checking shapes, and writing what PostGIS reads."""

import math
import re
from collections.abc import Callable, Iterable, Iterator

from pygeofilter import values

from core.errors import BadFilter

type Position = tuple[float, float]
type Box = tuple[float, float, float, float]
"""(min_x, min_y, max_x, max_y)."""
type Shape = dict[str, object]
"""``type`` and ``coordinates`` (``geometries`` for a collection) as in GeoJSON; positions are pairs, without height."""

_NOTHING = 1e-12
"""Coordinates nearer to 0 are 0: beside them GEOS loses its way (TopologyException), and nobody measures them."""
_BODY = re.compile(r"[-+0-9.eE,()\s]*")
_RING = re.compile(r"\(([^()]*)\)")
_POLYGON = re.compile(r"\(\s*(\([^()]*\)(?:\s*,\s*\([^()]*\))*+)\s*\)")
_TAG = re.compile(r"([A-Za-z]+?)\s*[Zz]?\s*(?=\()")
_MEMBER = re.compile(r"[A-Za-z]+\s*[Zz]?\s*\([^A-Za-z]*(?:[eE][-+0-9][^A-Za-z]*)*")


def from_wkt(text: str) -> values.Geometry | values.Envelope:
    """Read one geometry literal, ``BBOX(...)`` included.

    Raises:
        BadFilter: coordinates are malformed, not finite, or do not make the shape.
    """
    tag = _TAG.match(text)
    if tag is None:
        raise _malformed()
    kind, body = tag[1].upper(), text[tag.end() :].strip()
    if kind == "GEOMETRYCOLLECTION":
        members = [_wkt_shape(each) for each in _MEMBER.findall(body[1:-1])]
        return values.Geometry({"type": "GeometryCollection", "geometries": members})
    if kind == "BBOX":
        return envelope([_coordinate(each) for each in _checked_body(body)[1:-1].split(",")])
    return values.Geometry(_wkt_shape(text))


def envelope(numbers: list[float]) -> values.Envelope:
    """Make a box from 4 numbers, or from 6 whose heights are dropped; order is the order of axes."""
    if not all(map(math.isfinite, numbers)):
        raise BadFilter("a BBOX has finite numbers.")
    match numbers:
        case [x1, y1, x2, y2] | [x1, y1, _, x2, y2, _]:
            return values.Envelope(x1=_settled(x1), y1=_settled(y1), x2=_settled(x2), y2=_settled(y2))
        case _:
            raise BadFilter("a BBOX has four numbers, or six with heights.")


def _wkt_shape(text: str) -> Shape:
    tag = _TAG.match(text)
    reader = None if tag is None else _READERS.get(tag[1].upper())
    if tag is None or reader is None:
        raise _malformed()
    name, read = reader
    return shape(name, read(_checked_body(text[tag.end() :].strip(" \t\r\n\v\f,"))))


def _checked_body(body: str) -> str:
    if _BODY.fullmatch(body) is None or not body.endswith(")"):
        raise _malformed()
    return body


def _malformed() -> BadFilter:
    return BadFilter("a geometry is malformed; it is written as in POLYGON((0 0,1 0,1 1,0 0)).")


def _coordinate(text: str) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise _malformed() from exc
    return value


def _position(text: str) -> Position:
    return position([_coordinate(each) for each in text.split()])


def _positions(text: str) -> list[Position]:
    return [_position(each) for each in text.split(",")]


def _rings(body: str) -> list[list[Position]]:
    return [_positions(each) for each in _RING.findall(body)]


def _points(body: str) -> list[Position]:
    return _positions(body[1:-1].replace("(", " ").replace(")", " "))


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "POINT": ("Point", lambda body: _position(body[1:-1])),
    "LINESTRING": ("LineString", lambda body: _positions(body[1:-1])),
    "POLYGON": ("Polygon", _rings),
    "MULTIPOINT": ("MultiPoint", _points),
    "MULTILINESTRING": ("MultiLineString", _rings),
    "MULTIPOLYGON": ("MultiPolygon", lambda body: [_rings(each) for each in _POLYGON.findall(body[1:-1])]),
}


def position(numbers: list[float]) -> Position:
    """Return (first, second) axis of a position with two or three finite numbers."""
    if len(numbers) not in {2, 3} or not all(map(math.isfinite, numbers)):
        raise BadFilter("a position has two or three finite numbers.")
    return _settled(numbers[0]), _settled(numbers[1])


def _settled(coordinate: float) -> float:
    return 0.0 if abs(coordinate) < _NOTHING else coordinate


def shape(kind: str, coordinates: object) -> Shape:
    """Make a geometry and check that its parts make the shape.

    Raises:
        BadFilter: a part is missing, too short, or a ring is not closed.
    """
    _CHECKS[kind](coordinates)
    return {"type": kind, "coordinates": coordinates}


def _check_nothing(_: object) -> None:
    """Accept a position, which was checked when it was read."""


def _check_line(line: list[Position]) -> None:
    if len(line) < 2:
        raise BadFilter("a line has two positions or more.")


def _check_ring(ring: list[Position]) -> None:
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise BadFilter("a ring has four positions or more and ends where it starts.")


def _check_each[Part](check: Callable[[Part], None]) -> Callable[[list[Part]], None]:
    def check_all(parts: list[Part]) -> None:
        if not parts:
            raise BadFilter("a geometry may not be empty.")
        for part in parts:
            check(part)

    return check_all


_check_polygon = _check_each(_check_ring)
_CHECKS: dict[str, Callable[..., None]] = {
    "Point": _check_nothing,
    "LineString": _check_line,
    "Polygon": _check_polygon,
    "MultiPoint": _check_each(_check_nothing),
    "MultiLineString": _check_each(_check_line),
    "MultiPolygon": _check_each(_check_polygon),
}


def positions_in(geometry: values.Geometry) -> Iterator[Position]:
    """Yield every position of a geometry."""
    waiting: list[object] = [geometry.geometry]
    while waiting:
        match waiting.pop():
            case {"geometries": list() as members}:
                waiting += members
            case {"coordinates": part}:
                waiting.append(part)
            case (int() | float() as x, int() | float() as y, *_):
                yield x, y
            case list() | tuple() as parts:
                waiting += parts
            case _:
                continue


def box_of(positions: Iterable[Position]) -> Box:
    """Return the envelope of one position or more."""
    xs, ys = zip(*positions, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def to_wkt(geometry: Shape, *, swap_axes: bool) -> str:
    """Write WKT in x, y order.

    Args:
        swap_axes: the positions are in (y, x) order and are turned round.
    """
    kind = str(geometry["type"]).upper()
    if kind == "GEOMETRYCOLLECTION":
        members: list[Shape] = geometry["geometries"]  # pyright: ignore[reportAssignmentType]
        return f"{kind}({','.join(to_wkt(each, swap_axes=swap_axes) for each in members)})"
    written = _written(geometry["coordinates"], swap_axes)
    return f"{kind}({written})" if kind == "POINT" else kind + written


def _written(part: object, swap_axes: bool) -> str:
    match part:
        case (int() | float() as x, int() | float() as y, *_):
            return f"{y!r} {x!r}" if swap_axes else f"{x!r} {y!r}"
        case list() | tuple():
            return f"({','.join(_written(each, swap_axes) for each in part)})"
        case _:
            raise TypeError(part)
