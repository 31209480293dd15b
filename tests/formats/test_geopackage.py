"""GeoPackage, read back and edited by GDAL."""

import gc
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.layer import GeometryKind
from core.errors import ContentTooLarge
from formats.format import Answer
from formats.geopackage import GeoPackage
from query.crs import epsg
from query.encoding import RowEncoding

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
TABLE = '"thua-dat~7"'
INDEX = '"rtree_thua-dat~7_geom"'


@pytest.fixture
def file(tmp_path: Path, make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]) -> Path:
    return _written(tmp_path, GeoPackage().page(make_answer(crs=epsg(9212)), make_rows(RowEncoding.VALUES)))


def _written(folder: Path, content: bytes) -> Path:
    """Return a file that is called as GDAL wants it."""
    path = folder / "x.gpkg"
    path.write_bytes(content)
    return path


def _ask(path: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchall()


@pytest.mark.parametrize("kind", [*GeometryKind, None])
def test_gdal_reads_what_was_written(
    kind: GeometryKind | None,
    make_answer: Callable[..., Answer],
    make_rows: Callable[..., list[Any]],
    shapes: dict[GeometryKind, tuple[str, str]],
    keys: tuple[str, ...],
    tmp_path: Path,
) -> None:
    path = _written(tmp_path, GeoPackage().page(make_answer(kind), make_rows(RowEncoding.VALUES, kind)))

    meta, fids, geometry, columns = pyogrio.raw.read(path, datetime_as_string=True, return_fids=True)

    fields = dict(zip(meta["fields"], (each.tolist() for each in columns), strict=True))
    assert (geometry is None) == (kind is None)
    if kind:
        assert [each and shapely.from_wkb(each).wkt for each in geometry] == [*shapes[kind], None]
    assert fids.tolist() == [1, 2, 3]
    assert fields["ma"] == list(keys)
    assert fields["ten"] == ['Đất ở "nông thôn"\r\n=1+1, <b>&amp;\t\u2028', "", None]
    assert fields["dien_tich"][:2] == [0.1, -1234567.875]
    assert fields["co_gcn"][:2] == [True, False]
    assert fields["ngay"] == ["2025-06-30", "0001-01-01", None]
    assert fields["luc"] == ["2025-06-30T17:30:15.250Z", "1969-12-31T00:00:00Z", None]
    assert json.loads(fields["loai"][0]) == ["ONT", 'C"L,N', "Đất"]
    assert meta["ogr_types"][2:7] == ["OFTInteger64", "OFTReal", "OFTInteger", "OFTDate", "OFTDateTime"]


@pytest.mark.parametrize("kind", [*GeometryKind, None])
def test_an_empty_result_is_a_readable_file(
    kind: GeometryKind | None, make_answer: Callable[..., Answer], tmp_path: Path
) -> None:
    meta, _, geometry, fields = pyogrio.raw.read(_written(tmp_path, GeoPackage().page(make_answer(kind), [])))

    assert len(fields) == 8
    assert all(len(each) == 0 for each in fields)
    assert (geometry is None) == (kind is None)
    assert meta["crs"] == ("EPSG:4326" if kind else None)


def test_integers_are_exact(file: Path) -> None:
    assert _ask(file, f"SELECT so FROM {TABLE}") == [(2**62 + 1,), (-1,), (None,)]


def test_the_file_declares_what_it_is(file: Path) -> None:
    assert _ask(file, "PRAGMA application_id") == [(int.from_bytes(b"GPKG"),)]
    assert _ask(file, "PRAGMA user_version") == [(10300,)]
    assert _ask(file, "PRAGMA integrity_check") == [("ok",)]
    assert _ask(file, "PRAGMA foreign_key_check") == []
    extensions = {name for (name,) in _ask(file, "SELECT extension_name FROM gpkg_extensions")}
    assert extensions == {"gpkg_rtree_index", "gpkg_schema"}


def test_the_crs_is_defined_in_the_file(file: Path) -> None:
    rows = dict(_ask(file, "SELECT srs_id, definition FROM gpkg_spatial_ref_sys"))

    assert set(rows) == {-1, 0, 4326, 9212}
    assert rows[9212].startswith('PROJCS["VN-2000 / TM-3 106-15",GEOGCS["VN-2000"')
    assert 'AUTHORITY["EPSG","9212"]' in rows[9212]
    assert pyogrio.read_info(file)["crs"] == "EPSG:9212"


def test_contents_tell_the_extent(file: Path) -> None:
    assert _ask(file, "SELECT data_type, min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents") == [
        ("features", 0, 0, 107, 30, 9212)
    ]


def test_columns_have_titles(file: Path) -> None:
    titles = dict(_ask(file, "SELECT column_name, title FROM gpkg_data_columns"))

    assert titles["ten"] == "Tên & <gọi>"
    assert len(titles) == 8


def test_the_spatial_index_finds_by_box(file: Path) -> None:
    _, fids, _, _ = pyogrio.raw.read(file, bbox=(100, 10, 110, 20), return_fids=True)

    assert fids.tolist() == [1]
    assert _ask(file, f"SELECT id FROM {INDEX} ORDER BY id") == [(1,), (2,)]
    assert pyogrio.read_info(file)["capabilities"]["fast_spatial_filter"]


def test_gdal_may_add_a_feature_and_the_index_follows(file: Path) -> None:
    shape = np.array([shapely.to_wkb(shapely.MultiPolygon([shapely.box(50, 50, 51, 51)]))], dtype=object)

    pyogrio.raw.write(
        *(file, shape, [np.array(["mới"], dtype=object)], ["ten"]),
        layer="thua-dat~7",
        geometry_type="MultiPolygon",
        crs="EPSG:9212",
        append=True,
    )

    assert _ask(file, f"SELECT id FROM {INDEX} WHERE minx > 49 AND maxx < 52") == [(4,)]


def test_the_temporary_file_has_no_name(
    tmp_path: Path, make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    names: list[list[Path]] = []

    def source() -> Iterator[Any]:
        yield make_rows(RowEncoding.VALUES)[0]
        names.append(list(tmp_path.iterdir()))

    chunks = GeoPackage(str(tmp_path)).stream(make_answer(), source())
    next(chunks)

    assert names == [[]]
    assert list(tmp_path.iterdir()) == []
    chunks.close()  # pyright: ignore[reportAttributeAccessIssue]


def _open_descriptors(folder: Path) -> list[str]:
    links = (str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    return [each for each in links if each.startswith(str(folder))]


def test_a_client_that_goes_away_leaves_no_open_file(
    tmp_path: Path, make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    rows = make_rows(RowEncoding.VALUES)[:1] * 5_000
    chunks = GeoPackage(str(tmp_path)).stream(make_answer(), iter(rows))
    next(chunks)
    while_sending = _open_descriptors(tmp_path)

    chunks.close()  # pyright: ignore[reportAttributeAccessIssue]

    assert len(while_sending) == 1
    assert _open_descriptors(tmp_path) == []


def test_an_error_among_the_rows_leaves_no_open_file(tmp_path: Path, make_answer: Callable[..., Answer]) -> None:
    def source() -> Iterator[Any]:
        raise ConnectionError
        yield

    with pytest.raises(ConnectionError):
        next(GeoPackage(str(tmp_path)).stream(make_answer(), source()))

    gc.collect()
    assert _open_descriptors(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_above_the_limit_is_refused_before_the_first_byte(
    tmp_path: Path, make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    rows = make_rows(RowEncoding.VALUES)[:1] * 5_000
    encoder = GeoPackage(str(tmp_path), spool_max=500_000)

    with pytest.raises(ContentTooLarge):
        next(encoder.stream(make_answer(), iter(rows)))

    assert _open_descriptors(tmp_path) == []
    assert next(encoder.stream(make_answer(), iter(rows[:100])))


def test_names_of_its_own_give_way_to_columns(make_answer: Callable[..., Answer], tmp_path: Path) -> None:
    whole = make_answer()
    columns = tuple(
        type(whole.columns[1])(each, whole.columns[1].type, whole.columns[1].title) for each in ("fid", "geom")
    )
    path = tmp_path / "x.gpkg"

    path.write_bytes(GeoPackage().page(make_answer(columns=columns), [("1", None, "a", "b")]))

    assert _ask(path, f"SELECT fid_, fid, geom, geom_ FROM {TABLE}") == [(1, "a", "b", None)]


@pytest.mark.parametrize(
    ("kind", "shape"),
    [(GeometryKind.MULTIPOLYGON, shapely.MultiPolygon()), (GeometryKind.POINT, shapely.Point())],
    ids=["multipolygon", "point"],
)
def test_empty_geometries_are_marked_and_not_indexed(
    kind: GeometryKind, shape: Any, make_answer: Callable[..., Answer], tmp_path: Path
) -> None:
    empty = shapely.to_wkb(shape, byte_order=1, flavor="iso")

    path = _written(tmp_path, GeoPackage().page(make_answer(kind, columns=()), [("1", empty)]))

    ((blob,),) = _ask(path, f"SELECT geom FROM {TABLE}")
    assert blob[3] == 0b10001
    assert _ask(path, f"SELECT count(*) FROM {INDEX}") == [(0,)]
    assert _ask(path, "SELECT min_x FROM gpkg_contents") == [(None,)]
    assert shapely.from_wkb(pyogrio.raw.read(path)[2][0]).is_empty


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(ten=TEXT, so=st.integers(-(2**63), 2**63 - 1), dien_tich=st.floats(allow_nan=False), loai=st.lists(TEXT))
def test_every_value_comes_back(
    with_values: Callable[..., Any], tmp_path: Path, ten: str, so: int, dien_tich: float, loai: list[str]
) -> None:
    answer, rows = with_values(ten=ten, so=so, dien_tich=dien_tich, loai=loai)

    _, _, _, fields = pyogrio.raw.read(_written(tmp_path, GeoPackage().page(answer, rows)))

    assert [each.tolist()[0] for each in fields[:3]] == [ten, so, dien_tich]
    assert json.loads(fields[3][0]) == loai
