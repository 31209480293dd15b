"""Rows as PostGIS really writes them, through every encoder, read back by GDAL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyogrio
import pytest
import shapely

from catalogue.layer import GeometryKind
from formats.format import Answer, Format
from formats.offered import FORMATS
from query.crs import CRS84, Crs, epsg
from query.encoding import RowEncoding, Shape, row_columns
from query.view import view_of

OPTIONS = {"csv": {"GEOM_POSSIBLE_NAMES": "geometry"}}


@pytest.fixture
def connection(blank_db: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(blank_db) as connection:
        connection.execute("CREATE EXTENSION postgis")
        yield connection


def _rows(
    connection: psycopg.Connection[Any], answer: Answer, encoding: RowEncoding, shapes: tuple[str, ...]
) -> list[Any]:
    expressions = row_columns(view_of(answer.collection), answer.columns, Shape(answer.crs), encoding)
    source = " UNION ALL ".join(
        f"SELECT '{number}' AS ma, 'Đất <{number}>' AS ten, ST_GeomFromText('{wkt}', 4326) AS geom"
        for number, wkt in enumerate(shapes)
    )
    rows = connection.execute(f"SELECT {', '.join(expressions)} FROM ({source}) AS t ORDER BY t.ma").fetchall()
    return [row[0].encode() for row in rows] if encoding in (RowEncoding.GEOJSON, RowEncoding.JSONFG) else rows


def _read(path: Path, encoder: Format[Any, Any], content: bytes) -> tuple[list[str], list[str]]:
    file = path / f"x.{encoder.extension}"
    file.write_bytes(content)
    meta, _, geometry, fields = pyogrio.raw.read(file, **OPTIONS.get(encoder.key, {}))
    names = fields[meta["fields"].tolist().index("ten")].tolist()
    return [shapely.from_wkb(each).wkt for each in geometry], names


def _expected(encoder: Format[Any, Any], crs: Crs, shapes: tuple[str, ...]) -> list[str]:
    """Return what GDAL makes of it: GeoJSON in another axis order than RFC 7946's has no name for it."""
    flipped = crs.lat_first and encoder.key == "json"
    read = [shapely.from_wkt(each) for each in shapes]
    return [(shapely.transform(each, lambda xy: xy[:, ::-1]) if flipped else each).wkt for each in read]


@pytest.mark.parametrize("crs", [CRS84, epsg(4326)], ids=["crs84", "4326"])
def test_gdal_reads_what_postgis_wrote(
    crs: Crs,
    connection: psycopg.Connection[Any],
    make_answer: Callable[..., Answer],
    shapes: dict[GeometryKind, tuple[str, str]],
    tmp_path: Path,
) -> None:
    for kind, expected in shapes.items():
        answer = make_answer(kind, crs=crs, columns=make_answer().columns[1:2])
        for encoder in FORMATS:
            rows = _rows(connection, answer, encoder.encoding, expected)
            folder = tmp_path / f"{kind}-{encoder.key}"
            folder.mkdir()

            found = _read(folder, encoder, b"".join(encoder.stream(answer, iter(rows))))

            assert found == (_expected(encoder, crs, expected), ["Đất <0>", "Đất <1>"]), (kind, encoder.key)
