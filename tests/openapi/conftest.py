"""A small catalogue: one spatial collection with code lists, one without geometry."""

import pytest

from catalogue.codelists import Code, Codelists
from catalogue.layer import Column, Component, ExchangeVersion, Geometry, GeometryKind, Layer, Rows, Text, ValidTime
from catalogue.profile import Collection, Profile, RowScope, compile_profile
from catalogue.types import ColumnType

COLUMNS = (
    Column("id", ColumnType.UUID, Text("Mã", "Identifier"), role="id", queryable=True, sortable=True, required=True),
    Column("so_to", ColumnType.INTEGER, Text("Số tờ", "Sheet"), queryable=True, sortable=True, required=True),
    Column("dien_tich", ColumnType.NUMBER, Text("Diện tích", "Area"), unit="m2", queryable=True, sortable=True),
    Column("loai", ColumnType.TEXT, Text("Loại đất", "Land use"), codelist="loai_dat", queryable=True),
    Column("cac_loai", ColumnType.TEXT_ARRAY, Text("Các loại", "Land uses"), codelist="loai_dat", queryable=True),
    Column("tu", ColumnType.DATE, Text("Từ", "Since"), role="primary-interval-start", queryable=True, sortable=True),
    Column("ghi_chu", ColumnType.TEXT, Text("Ghi chú", "Note"), description=Text("Tự do", "Free text")),
)
CODES = (
    Code("TT27", "ONT", Text("Đất ở tại nông thôn", "Rural residential land"), None, "2015-01-01", "2024-08-01"),
    Code("TT08", "ONT", Text("Đất ở nông thôn", "Rural housing land"), None, "2024-08-01", None),
    Code("TT08", "CLN", Text("Đất trồng cây lâu năm", "Perennial crops"), None, "2024-08-01", None),
)


def layer(identifier: str, *, spatial: bool) -> Layer:
    return Layer(
        id=identifier,
        schema="dc",
        table=identifier.replace("-", "_"),
        component=Component.CADASTRE,
        title=Text("Thửa đất", "Parcels"),
        description=Text("Thửa đất hiện hành", "Parcels in force"),
        keywords=(),
        managing_unit="so",
        license="proprietary",
        key=COLUMNS[0],
        territory="xa_id",
        scopes=(),
        rows=Rows.ALL,
        columns=COLUMNS,
        geometry=Geometry("geom_goc", 9212, "geom", GeometryKind.MULTIPOLYGON) if spatial else None,
        time=ValidTime("tu", None),
        search="tim" if spatial else None,
        search_reads=("ghi_chu",) if spatial else (),
        srids=(4326, 9212, 3405, 3857),
        tiles=None,
        exchange=(ExchangeVersion("1.0.0", "2025-06-30", Text("Đầu", "First")),),
    )


@pytest.fixture
def collection() -> Collection:
    return Collection("thua-dat", layer("thua-dat", spatial=True), COLUMNS, RowScope())


@pytest.fixture
def codelists() -> Codelists:
    return {"loai_dat": CODES}


@pytest.fixture
def profile(collection: Collection) -> Profile:
    flat = layer("bieu", spatial=False)
    narrow = Collection("thua-dat~dt-7", collection.layer, COLUMNS[:2], RowScope())
    return compile_profile([collection, narrow, Collection("bieu", flat, COLUMNS, RowScope())])
