"""FlatGeobuf, read back by GDAL, which verifies every buffer."""

import json
import struct
from collections.abc import Callable
from typing import Any

import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.layer import GeometryKind
from formats.flatgeobuf import FlatGeobuf
from formats.format import Answer
from query.crs import epsg
from query.encoding import RowEncoding

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
POSITION = st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7))
RING = st.lists(POSITION, min_size=3, max_size=8)
POLYGON = st.tuples(RING, st.lists(RING, max_size=3))


def _read(content: bytes) -> tuple[dict[str, Any], list[str | None], dict[str, list[Any]]]:
    meta, _, geometry, fields = pyogrio.raw.read(content, datetime_as_string=True)
    shapes = [each and shapely.from_wkb(each).wkt for each in geometry]
    return meta, shapes, dict(zip(meta["fields"], (each.tolist() for each in fields), strict=True))


@pytest.mark.parametrize("kind", [*GeometryKind, None])
@pytest.mark.parametrize("way", ["page", "stream"])
def test_gdal_reads_what_was_written(
    kind: GeometryKind | None,
    way: str,
    make_answer: Callable[..., Answer],
    make_rows: Callable[..., list[Any]],
    shapes: dict[GeometryKind, tuple[str, str]],
    keys: tuple[str, ...],
) -> None:
    answer, rows = make_answer(kind), make_rows(RowEncoding.VALUES, kind)
    encoder = FlatGeobuf()
    content = encoder.page(answer, rows) if way == "page" else b"".join(encoder.stream(answer, iter(rows)))

    meta, geometry, fields = _read(content)

    assert geometry == ([*shapes[kind], None] if kind else [None] * 3)
    assert meta["crs"] == ("EPSG:4326" if kind else None)
    assert fields["ma"] == list(keys)
    assert fields["ten"] == ['Đất ở "nông thôn"\r\n=1+1, <b>&amp;\t\u2028', "", None]
    assert fields["dien_tich"][:2] == [0.1, -1234567.875]
    assert fields["co_gcn"][:2] == [True, False]
    assert fields["ngay"] == ["2025-06-30T00:00:00", "0001-01-01T00:00:00", None]
    assert fields["luc"] == ["2025-06-30T17:30:15.250Z", "1969-12-31T00:00:00Z", None]
    assert json.loads(fields["loai"][0]) == ["ONT", 'C"L,N', "Đất"]


@pytest.mark.parametrize("kind", [*GeometryKind, None])
def test_an_empty_result_is_a_readable_file(kind: GeometryKind | None, make_answer: Callable[..., Answer]) -> None:
    meta, geometry, fields = _read(FlatGeobuf().page(make_answer(kind), []))

    assert geometry == []
    assert list(fields) == ["ma", "ten", "so", "dien_tich", "co_gcn", "ngay", "luc", "loai"]
    assert (
        meta["geometry_type"]
        == {
            GeometryKind.POINT: "Point",
            GeometryKind.MULTILINESTRING: "MultiLineString",
            GeometryKind.MULTIPOLYGON: "MultiPolygon",
            None: "Unknown",
        }[kind]
    )


def test_the_header_names_crs_layer_and_titles(
    make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]], tmp_path: Any
) -> None:
    path = tmp_path / "x.fgb"
    path.write_bytes(FlatGeobuf().page(make_answer(crs=epsg(9212)), make_rows(RowEncoding.VALUES)))

    told = pyogrio.read_info(path)

    assert told["crs"] == "EPSG:9212"
    assert told["layer_name"] == "thua-dat~7"
    assert told["features"] == 3
    assert told["layer_metadata"] == {"TITLE": "Thửa đất", "DESCRIPTION": "Mô tả lớp"}
    assert "Tên & <gọi>".encode() in path.read_bytes()


@pytest.mark.parametrize("kind", GeometryKind)
def test_doubles_and_features_stand_at_multiples_of_eight(
    kind: GeometryKind,
    make_answer: Callable[..., Answer],
    make_rows: Callable[..., list[Any]],
    shapes: dict[GeometryKind, tuple[str, str]],
) -> None:
    content = FlatGeobuf().page(make_answer(kind), make_rows(RowEncoding.VALUES, kind))

    place = 8
    while place < len(content):
        assert place % 8 == 0
        place += 4 + struct.unpack_from("<I", content, place)[0]
    assert place == len(content)
    for shape in shapes[kind]:
        for part in shapely.get_parts(shapely.from_wkt(shape)):
            first = struct.pack("<2d", *shapely.get_coordinates(part)[0])
            count = struct.pack("<I", 2 * shapely.get_num_coordinates(part))
            single = kind is GeometryKind.MULTILINESTRING and shapely.get_num_geometries(shapely.from_wkt(shape)) > 1
            assert content.index(first if single else count + first) % 8 == (0 if single else 4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(polygons=st.lists(POLYGON, max_size=4), ten=TEXT, so=st.integers(-(2**63), 2**63 - 1))
def test_every_multipolygon_comes_back(
    with_values: Callable[..., Any], polygons: list[tuple[Any, Any]], ten: str, so: int
) -> None:
    shape = shapely.MultiPolygon([shapely.Polygon(outer, inner) for outer, inner in polygons])
    answer, rows = with_values(shapely.to_wkb(shape, byte_order=1, flavor="iso"), ten=ten, so=so)

    _, geometry, fields = _read(FlatGeobuf().page(answer, rows))

    assert geometry == [shape.wkt]
    assert fields == {"ten": [ten], "so": [so]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(lines=st.lists(st.lists(POSITION, min_size=2, max_size=6), min_size=1, max_size=4), ten=TEXT)
def test_every_multilinestring_comes_back(
    make_answer: Callable[..., Answer], lines: list[list[tuple[float, float]]], ten: str
) -> None:
    whole = make_answer(GeometryKind.MULTILINESTRING)
    answer = make_answer(GeometryKind.MULTILINESTRING, columns=whole.columns[1:2])
    shape = shapely.MultiLineString(lines)

    _, geometry, _ = _read(FlatGeobuf().item(answer, ("1", shapely.to_wkb(shape, byte_order=1, flavor="iso"), ten)))

    assert geometry == [shape.wkt]
