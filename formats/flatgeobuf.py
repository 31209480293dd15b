"""FlatGeobuf 3, written as a stream: no index. Coordinates are copied from WKB as bytes, not one is read.

A date is a DateTime without time, an array a Json column: the format has no such types.

Source: https://flatgeobuf.org, schemas header.fbs and feature.fbs.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from catalogue.layer import Column, GeometryKind
from catalogue.types import ColumnType
from formats import wkb
from formats.chunks import gathered
from formats.flatbuffer import Scalar, Table, size_prefixed
from formats.flatgeobuf_geometry import multi_line, multi_polygon, no_geometry, one_point
from formats.format import Answer, Row
from formats.values import array_text, instant_text, iso_text
from query.encoding import RowEncoding

_MAGIC = b"fgb\x03fgb\x00"
_BOOL, _LONG, _DOUBLE, _STRING, _JSON, _DATETIME = 2, 7, 10, 11, 12, 13
_TYPES = {
    ColumnType.TEXT: _STRING,
    ColumnType.INTEGER: _LONG,
    ColumnType.NUMBER: _DOUBLE,
    ColumnType.BOOLEAN: _BOOL,
    ColumnType.DATE: _DATETIME,
    ColumnType.TIMESTAMP: _DATETIME,
    ColumnType.UUID: _STRING,
    ColumnType.TEXT_ARRAY: _JSON,
}
_TEXT: dict[ColumnType, Callable[[Any], str]] = {
    ColumnType.TEXT: str,
    ColumnType.DATE: iso_text,
    ColumnType.TIMESTAMP: instant_text,
    ColumnType.UUID: str,
    ColumnType.TEXT_ARRAY: array_text,
}
_NUMBERS = {ColumnType.INTEGER: "<Hq", ColumnType.NUMBER: "<Hd", ColumnType.BOOLEAN: "<HB"}
_GEOMETRIES = {
    GeometryKind.POINT: one_point,
    GeometryKind.MULTILINESTRING: multi_line,
    GeometryKind.MULTIPOLYGON: multi_polygon,
}

type Property = Callable[[Any], bytes]


class FlatGeobuf:
    key = "fgb"
    media_types = ("application/vnd.flatgeobuf", "application/flatgeobuf")
    extension = "fgb"
    encoding = RowEncoding.VALUES
    is_file = False
    is_compressed = False

    def page(self, answer: Answer, rows: Sequence[Row]) -> bytes:
        return b"".join((_MAGIC, _header(answer, len(rows)), *_features(answer, iter(rows))))

    def item(self, answer: Answer, row: Row) -> bytes:
        return self.page(answer, (row,))

    def stream(self, answer: Answer, rows: Iterator[Row]) -> Iterator[bytes]:
        yield _MAGIC + _header(answer, answer.number_returned or 0)
        yield from gathered(_features(answer, rows))


def _header(answer: Answer, count: int) -> bytes:
    """Return the header; ``count`` 0 is unknown or none. Fields are numbered as in header.fbs."""
    layer, geometry = answer.collection.layer, answer.collection.geometry
    kind = wkb.GEOMETRY_TYPE[geometry.kind] if geometry and answer.with_geometry else 0
    crs = Table({0: "EPSG", 1: Scalar("i", answer.crs.srid)})
    return size_prefixed(
        Table(
            {
                0: answer.collection.id,
                2: Scalar("B", kind),
                7: [_column(each, answer.language) for each in answer.columns],
                8: Scalar("Q", count),
                9: Scalar("H", 0),
                **({10: crs} if answer.with_geometry else {}),
                11: layer.title.in_language(answer.language),
                12: layer.description.in_language(answer.language),
            }
        )
    )


def _column(column: Column, language: str) -> Table:
    fields: dict[int, Scalar | str] = {
        0: column.name,
        1: Scalar("B", _TYPES[column.type]),
        2: column.title.in_language(language),
    }
    if column.description:
        fields[3] = column.description.in_language(language)
    return Table(fields)


def _features(answer: Answer, rows: Iterator[Row]) -> Iterator[bytes]:
    properties = [_property(i, each.type) for i, each in enumerate(answer.columns)]
    geometry = answer.collection.geometry
    encode = _GEOMETRIES[geometry.kind] if geometry and answer.with_geometry else None
    for row in rows:
        values = b"".join([pack(value) for pack, value in zip(properties, row[2:], strict=True) if value is not None])
        yield encode(row[1], values) if encode and row[1] is not None else no_geometry(values)


def _property(number: int, kind: ColumnType) -> Property:
    """Return the function that writes one value behind the number of its column."""
    if kind in _NUMBERS:
        pack = struct.Struct(_NUMBERS[kind]).pack
        return lambda value: pack(number, value)
    text, head = _TEXT[kind], struct.Struct("<HI").pack

    def pack_text(value: Any) -> bytes:
        encoded = text(value).encode()
        return head(number, len(encoded)) + encoded

    return pack_text
