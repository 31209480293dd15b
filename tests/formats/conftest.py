"""A layer with a column of every type, answers about it, and rows as each encoding delivers them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import shapely

from catalogue.layer import Column, Component, ExchangeVersion, Geometry, GeometryKind, Layer, Rows, Text
from catalogue.profile import Collection, RowScope
from catalogue.types import ColumnType
from formats.format import Answer
from query.crs import CRS84
from query.encoding import RowEncoding

ICT = timezone(timedelta(hours=7))


def _column(name: str, kind: ColumnType, title: str) -> Column:
    return Column(name=name, type=kind, title=Text(title, f"{name} in English"), description=Text(f"Về {name}", name))


COLUMNS = (
    _column("ma", ColumnType.UUID, "Mã đối tượng"),
    _column("ten", ColumnType.TEXT, "Tên & <gọi>"),
    _column("so", ColumnType.INTEGER, "Số tờ"),
    _column("dien_tich", ColumnType.NUMBER, "Diện tích"),
    _column("co_gcn", ColumnType.BOOLEAN, "Có giấy chứng nhận"),
    _column("ngay", ColumnType.DATE, "Ngày"),
    _column("luc", ColumnType.TIMESTAMP, "Lúc"),
    _column("loai", ColumnType.TEXT_ARRAY, "Loại đất"),
)
HIDDEN = _column("bi_mat", ColumnType.TEXT, "Không được thấy")
KEYS = tuple(f"0198c3a0-0000-7000-8000-00000000000{i}" for i in range(1, 4))
FULL = (
    'Đất ở "nông thôn"\r\n=1+1, <b>&amp;\t\u2028',
    2**62 + 1,
    0.1,
    True,
    date(2025, 6, 30),
    datetime(2025, 7, 1, 0, 30, 15, 250000, tzinfo=ICT),
    ["ONT", 'C"L,N', "Đất"],
)
OTHER = ("", -1, -1234567.875, False, date(1, 1, 1), datetime(1969, 12, 31, tzinfo=UTC), [])
VALUES = (FULL, OTHER, (None,) * 7)
WKT: dict[GeometryKind, tuple[str, str]] = {
    GeometryKind.POINT: ("POINT (106.9 11.5)", "POINT (-1 -2)"),
    GeometryKind.MULTILINESTRING: (
        "MULTILINESTRING ((106 11, 107 12, 107 13))",
        "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8, 9 10), (11 12, 13 14))",
    ),
    GeometryKind.MULTIPOLYGON: (
        "MULTIPOLYGON (((106 11, 107 11, 107 12, 106 11)))",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 2, 2 2, 1 1), (3 3, 3 4, 4 4, 3 3)), "
        "((20 20, 30 20, 25 30, 20 20)))",
    ),
}
_GML = (
    "<gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>"
    "11 106 11 107 12 107 11 106</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"
    "</gml:MultiSurface>"
)


def layer(kind: GeometryKind | None) -> Layer:
    return Layer(
        id="thua-dat",
        schema="dc",
        table="thua_dat",
        component=Component.CADASTRE,
        title=Text("Thửa đất", "Parcels"),
        description=Text("Mô tả lớp", "What it is"),
        keywords=(),
        managing_unit="so-tai-nguyen-va-moi-truong",
        license="proprietary",
        key=COLUMNS[0],
        territory="xa_id",
        scopes=(),
        rows=Rows.ALL,
        columns=(*COLUMNS, HIDDEN),
        geometry=Geometry("geom_goc", 9212, "geom", kind) if kind else None,
        time=None,
        search=None,
        search_reads=(),
        srids=(4326, 9212),
        tiles=None,
        exchange=(ExchangeVersion("1.0.0", "2025-06-30", Text("Đầu", "First")),),
    )


def answer(kind: GeometryKind | None = GeometryKind.MULTIPOLYGON, **changes: Any) -> Answer:
    collection = Collection("thua-dat~7", layer(kind), COLUMNS, RowScope())
    return Answer(**{"collection": collection, "columns": COLUMNS, "crs": CRS84, "with_geometry": bool(kind)} | changes)


def rows(encoding: RowEncoding, kind: GeometryKind | None = GeometryKind.MULTIPOLYGON) -> list[Any]:
    """Return three rows: two with all values, one with neither values nor geometry."""
    if encoding in (RowEncoding.GEOJSON, RowEncoding.JSONFG):
        return [
            f'{{"type":"Feature","id":"{key}","geometry":null,"properties":{{"ma":"{key}"}}}}'.encode() for key in KEYS
        ]
    shapes: list[Any] = [*WKT[kind], None] if kind else [None] * 3
    if encoding is RowEncoding.VALUES:
        shapes = [each and shapely.to_wkb(shapely.from_wkt(each), byte_order=1, flavor="iso") for each in shapes]
    if encoding is RowEncoding.GML:
        shapes = [each and _GML for each in shapes]
    return [(key, shape, key, *values) for key, shape, values in zip(KEYS, shapes, VALUES, strict=True)]


@pytest.fixture
def make_answer() -> Callable[..., Answer]:
    return answer


@pytest.fixture
def make_rows() -> Callable[..., list[Any]]:
    return rows


@pytest.fixture
def hidden() -> Column:
    """Return a column of the layer that the collection does not publish."""
    return HIDDEN


@pytest.fixture
def keys() -> tuple[str, ...]:
    return KEYS


@pytest.fixture
def shapes() -> dict[GeometryKind, tuple[str, str]]:
    """Return the two geometries that ``make_rows`` delivers of each kind, as WKT."""
    return WKT


@pytest.fixture
def with_values(make_answer: Callable[..., Answer]) -> Callable[..., tuple[Answer, list[Any]]]:
    """Return an answer about given columns, and its row with given values."""

    def build(geometry: object = None, **values: Any) -> tuple[Answer, list[Any]]:
        columns = tuple(each for each in COLUMNS if each.name in values)
        row = (KEYS[0], geometry, *(values[each.name] for each in columns))
        return make_answer(columns=columns), [row]

    return build
