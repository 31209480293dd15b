"""Little-endian ISO WKB, two dimensions, taken apart without reading a single coordinate."""

import struct
from collections.abc import Iterator
from math import isnan

from catalogue.layer import GeometryKind

GEOMETRY_TYPE = {GeometryKind.POINT: 1, GeometryKind.MULTILINESTRING: 5, GeometryKind.MULTIPOLYGON: 6}
"""Numbers of the geometry types, the same in WKB and in FlatGeobuf. Source: OGC 06-103r4, table 7."""
_UINT = struct.Struct("<I")
_POSITION_BYTES = 16

type Run = tuple[int, int]
"""Positions that follow each other: offset of the first byte, number of positions."""
type Bounds = tuple[float, float, float, float]
"""(min_x, max_x, min_y, max_y), the order of GeoPackage."""


def point(wkb: bytes) -> Run:
    """Return the one position of a point; that of an empty one is NaN, NaN."""
    return 5, (len(wkb) - 5) // _POSITION_BYTES


def lines(wkb: bytes) -> Iterator[Run]:
    """Yield each line of a MultiLineString."""
    (count,) = _UINT.unpack_from(wkb, 5)
    offset = 9
    for _ in range(count):
        (positions,) = _UINT.unpack_from(wkb, offset + 5)
        yield offset + 9, positions
        offset += 9 + positions * _POSITION_BYTES


def polygons(wkb: bytes) -> Iterator[list[Run]]:
    """Yield the rings of each polygon of a MultiPolygon, the outer one first."""
    (count,) = _UINT.unpack_from(wkb, 5)
    offset = 9
    for _ in range(count):
        (ring_count,) = _UINT.unpack_from(wkb, offset + 5)
        offset += 9
        rings: list[Run] = []
        for _ in range(ring_count):
            (positions,) = _UINT.unpack_from(wkb, offset)
            rings.append((offset + 4, positions))
            offset += 4 + positions * _POSITION_BYTES
        yield rings


def bounds(wkb: bytes, kind: GeometryKind) -> Bounds | None:
    """Return the bounds, or ``None`` for an empty geometry."""
    xs: list[float] = []
    ys: list[float] = []
    for offset, count in _outer(wkb, kind):
        ordinates = struct.unpack_from(f"<{2 * count}d", wkb, offset)
        xs += ordinates[::2]
        ys += ordinates[1::2]
    if not xs or isnan(xs[0]):
        return None
    return min(xs), max(xs), min(ys), max(ys)


def _outer(wkb: bytes, kind: GeometryKind) -> Iterator[Run]:
    match kind:
        case GeometryKind.POINT:
            yield point(wkb)
        case GeometryKind.MULTILINESTRING:
            yield from lines(wkb)
        case GeometryKind.MULTIPOLYGON:
            yield from (rings[0] for rings in polygons(wkb) if rings)
