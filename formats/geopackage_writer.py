"""Rows into the tables of one open GeoPackage."""

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from catalogue.layer import GeometryKind
from catalogue.types import ColumnType
from formats import geopackage_schema as schema
from formats.format import Answer, Row
from formats.geopackage_schema import quoted
from formats.values import Convert, array_text, free_name, iso_text
from formats.wkb import Bounds, bounds

_BATCH = 1_000
_NO_BOUNDS, _BOUNDS = struct.Struct("<2sBBi"), struct.Struct("<2sBBi4d")
_LITTLE_ENDIAN, _ENVELOPE, _EMPTY = 1, 2, 16
"""Flags of a geometry header. Source: OGC 12-128r17, table 6."""


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_CONVERT: dict[ColumnType, Convert] = {
    ColumnType.DATE: iso_text,
    ColumnType.TIMESTAMP: _instant,
    ColumnType.UUID: str,
    ColumnType.TEXT_ARRAY: array_text,
}


class Writer:
    """One table in one file. The names of its own columns give way to those of the layer."""

    def __init__(self, database: sqlite3.Connection, answer: Answer) -> None:
        self._database = database
        self._answer = answer
        self._table = answer.collection.id
        self._key = free_name("fid", answer.columns)
        self._geometry = free_name("geom", answer.columns)
        geometry = answer.collection.geometry
        self._kind = geometry.kind if geometry and answer.with_geometry else None
        self._index = f"rtree_{self._table}_{self._geometry}"
        self._converted = [(i, _CONVERT[each.type]) for i, each in enumerate(answer.columns) if each.type in _CONVERT]
        self._extent: Bounds | None = None

    def write(self, rows: Iterator[Row]) -> None:
        """Write everything, in one transaction."""
        self._database.executescript(schema.TABLES)
        self._database.execute("BEGIN")
        self._create()
        self._describe()
        for first, some in enumerate(batched(rows, _BATCH)):
            self._insert(first * _BATCH + 1, some)
        self._register_contents()
        self._database.execute("COMMIT")
        if self._kind:
            self._database.executescript(schema.create_triggers(self._table, self._key, self._geometry))

    def _create(self) -> None:
        geometry = (self._geometry, self._kind) if self._kind else None
        self._database.execute(schema.create_table(self._table, self._key, self._answer.columns, geometry))
        self._many("gpkg_spatial_ref_sys", (schema.spatial_ref(srid) for srid in {4326, self._answer.crs.srid}))
        if self._kind:
            self._database.execute(
                f"CREATE VIRTUAL TABLE {quoted(self._index)} USING rtree(id, minx, maxx, miny, maxy)"
            )
            extension = (self._table, self._geometry, "gpkg_rtree_index", schema.RTREE_EXTENSION, "write-only")
            self._many("gpkg_extensions", [extension])
            kind = self._kind.value.upper()
            srid = self._answer.crs.srid
            self._many("gpkg_geometry_columns", [(self._table, self._geometry, kind, srid, 0, 0)])

    def _describe(self) -> None:
        """Give each column its title and description in the language of the answer."""
        language = self._answer.language
        self._many(
            "gpkg_data_columns",
            (
                (
                    self._table,
                    each.name,
                    each.name,
                    each.title.in_language(language),
                    each.description.in_language(language) if each.description else None,
                    "application/json" if each.type is ColumnType.TEXT_ARRAY else None,
                    None,
                )
                for each in self._answer.columns
            ),
        )

    def _register_contents(self) -> None:
        layer, language = self._answer.collection.layer, self._answer.language
        min_x, max_x, min_y, max_y = self._extent or (None, None, None, None)
        changed = f"{layer.exchange[0].day}T00:00:00.000Z"
        title, description = layer.title.in_language(language), layer.description.in_language(language)
        kind, srid = ("features", self._answer.crs.srid) if self._kind else ("attributes", None)
        content = (self._table, kind, title, description, changed, min_x, min_y, max_x, max_y, srid)
        self._many("gpkg_contents", [content])

    def _insert(self, first: int, rows: tuple[Row, ...]) -> None:
        if self._kind is None:
            self._many(self._table, ((number, *self._values(row)) for number, row in enumerate(rows, first)))
            return
        boxes = [bounds(row[1], self._kind) if row[1] is not None else None for row in rows]
        numbered = enumerate(zip(rows, boxes, strict=True), first)
        self._many(
            self._table,
            ((number, *self._values(row), self._blob(row[1], box)) for number, (row, box) in numbered),
        )
        kept = [(number, *box) for number, box in enumerate(boxes, first) if box]
        self._many(self._index, kept)
        self._widen([each[1:] for each in kept])

    def _values(self, row: Row) -> list[Any]:
        values = list(row[2:])
        for i, convert in self._converted:
            if values[i] is not None:
                values[i] = convert(values[i])
        return values

    def _blob(self, wkb: bytes | None, box: Bounds | None) -> bytes | None:
        """Return a geometry with its header; a point needs no envelope."""
        if wkb is None:
            return None
        srid = self._answer.crs.srid
        if box is None:
            return _NO_BOUNDS.pack(b"GP", 0, _LITTLE_ENDIAN | _EMPTY, srid) + wkb
        if self._kind is GeometryKind.POINT:
            return _NO_BOUNDS.pack(b"GP", 0, _LITTLE_ENDIAN, srid) + wkb
        return _BOUNDS.pack(b"GP", 0, _LITTLE_ENDIAN | _ENVELOPE, srid, *box) + wkb

    def _widen(self, boxes: list[Bounds]) -> None:
        if self._extent:
            boxes = [*boxes, self._extent]
        if boxes:
            min_x, max_x, min_y, max_y = zip(*boxes, strict=True)
            self._extent = min(min_x), max(max_x), min(min_y), max(max_y)

    def _many(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows of as many values as the first one has."""
        rows = iter(rows)
        first = next(rows, None)
        if first is None:
            return
        marks = ", ".join("?" * len(first))
        statement = f"INSERT INTO {quoted(table)} VALUES ({marks})"  # noqa: S608 (a quoted name)
        self._database.execute(statement, first)
        self._database.executemany(statement, rows)
