"""FlatGeobuf features as bytes, by the layout that one million of them need: constant tables, copied coordinates.

Positions count from the length before the buffer. All vtables come first and are the same in every feature::

    0   length          8   vtable of Feature        36  vtable of a Geometry with ends and xy
    4   root offset     16  vtable of a multi        54  vtable of a Geometry with xy only
    72  Feature: vtable, offset of geometry (76), offset of properties (80)
    84  its Geometry

Doubles stand at multiples of 8, so the count before them at 4 beyond one.
Source: feature.fbs of FlatGeobuf; FlatBuffers internals.
"""

import struct
from itertools import accumulate

from formats import wkb

_VTABLES = struct.pack(
    "<4H 10H 9H 9H",
    *(8, 12, 4, 8),
    *(20, 12, 0, 0, 0, 0, 0, 0, 8, 4),
    *(18, 16, 4, 8, 0, 0, 0, 0, 12),
    *(18, 12, 0, 4, 0, 0, 0, 0, 8),
)
_FEATURE, _GEOMETRY = 72, 84
_MULTI_VTABLE, _ENDS_VTABLE, _XY_VTABLE = 16, 36, 54
_START = struct.pack("<I", _FEATURE - 4) + _VTABLES + struct.pack("<iI", _FEATURE - 8, _GEOMETRY - 76)
"""Bytes 4 to 80 of every feature with a geometry."""
_POINT, _POLYGON, _MULTILINE, _MULTIPOLYGON = 1, 3, 5, 6

_MULTI = struct.pack("<iIB3x", _GEOMETRY - _MULTI_VTABLE, 8, _MULTIPOLYGON)
"""Bytes 84 to 96: a multi geometry whose vector of parts follows at 96."""
_ONE_RING = _MULTI + struct.pack("<II iIB3x", 1, 4, 104 - _XY_VTABLE, 8, _POLYGON)
"""Bytes 84 to 116: one part, a polygon of one ring, whose coordinates follow at 116. Most parcels are this."""
_ONE_RING_OFFSET = 22
"""Where the only ring's positions begin in the WKB of a MultiPolygon of one polygon."""
_HEAD = struct.Struct("<I76sI32sI")
_HEAD_ONE_RING_BYTES = 120


def multi_polygon(geometry: bytes, properties: bytes) -> bytes:
    """Return a feature with a MultiPolygon given as WKB."""
    if len(geometry) > _ONE_RING_OFFSET and geometry[5:9] == geometry[14:18] == b"\x01\0\0\0":
        return _one_ring(geometry, properties)
    polygons = list(wkb.polygons(geometry))
    vector = _GEOMETRY + len(_MULTI)
    place = vector + 4 + 4 * len(polygons)
    pointers: list[int] = []
    body = b""
    for i, rings in enumerate(polygons):
        body += bytes(-(place + len(body)) % 4)
        pointers.append(place + len(body) - (vector + 4 + 4 * i))
        body += _runs(geometry, rings, _POLYGON, place=place + len(body))
    counted = struct.pack(f"<{len(pointers) + 1}I", len(pointers), *pointers)
    return _feature(_MULTI + counted + body, properties)


def _runs(geometry: bytes, runs: list[wkb.Run], kind: int, *, place: int) -> bytes:
    """Return a Geometry with ends and xy that will stand at ``place``."""
    ends = list(accumulate(count for _, count in runs))
    ends_vector = struct.pack(f"<{len(ends) + 1}I", len(ends), *ends)
    padding = bytes((4 - place - 16 - len(ends_vector)) % 8)
    xy_place = 16 + len(ends_vector) + len(padding)
    table = struct.pack("<iIIB3x", place - _ENDS_VTABLE, 16 - 4, xy_place - 8, kind)
    positions = b"".join([geometry[offset : offset + 16 * count] for offset, count in runs])
    return table + ends_vector + padding + struct.pack("<I", len(positions) // 8) + positions


def _one_ring(geometry: bytes, properties: bytes) -> bytes:
    positions = geometry[_ONE_RING_OFFSET:]
    length, size = len(positions), len(properties)
    padding = (4 - size) % 8
    head = _HEAD.pack(
        _HEAD_ONE_RING_BYTES + length + size + padding,
        _START,
        _HEAD_ONE_RING_BYTES + length - 80,
        _ONE_RING,
        length // 8,
    )
    return b"".join((head, positions, size.to_bytes(4, "little"), properties, bytes(padding)))


def multi_line(geometry: bytes, properties: bytes) -> bytes:
    """Return a feature with a MultiLineString given as WKB."""
    body = _runs(geometry, list(wkb.lines(geometry)), _MULTILINE, place=_GEOMETRY)
    return _feature(body, properties)


def one_point(geometry: bytes, properties: bytes) -> bytes:
    """Return a feature with a point given as WKB."""
    table = struct.pack("<iIB3x4xI", _GEOMETRY - _XY_VTABLE, 12, _POINT, 2)
    return _feature(table + geometry[5:21], properties)


def no_geometry(properties: bytes) -> bytes:
    """Return a feature without geometry: its vtable, written over the common one, has none."""
    vtables = struct.pack("<4H", 8, 8, 0, 4) + _VTABLES[8:]
    start = struct.pack("<I", _FEATURE - 4) + vtables + struct.pack("<iI", _FEATURE - 8, 4)
    return _finished(start, properties)


def _feature(body: bytes, properties: bytes) -> bytes:
    """Return a feature from its geometry, which stands at 84."""
    padding = bytes(-len(body) % 4)
    place = _GEOMETRY + len(body) + len(padding)
    return _finished(_START + struct.pack("<I", place - 80) + body + padding, properties)


def _finished(start: bytes, properties: bytes) -> bytes:
    """Put the properties after ``start``, fill up to a multiple of 8, and put the length before all."""
    padding = bytes(-(8 + len(start) + len(properties)) % 8)
    size = len(start) + 4 + len(properties) + len(padding)
    return struct.pack("<I", size) + start + struct.pack("<I", len(properties)) + properties + padding
