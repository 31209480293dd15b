"""QGIS (of Debian 12: 3.22, of 13: 3.40): a layer is complete, filtered by box and expression, and in its place.

The older one reads longitude, latitude; the newer one the ``storageCrs``.
"""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.client
IN_FORCE = "hieu_luc_den IS NULL"
COLUMN = {"EPSG:9212": "geom_goc", "EPSG:4326": "geom", "OGC:CRS84": "geom"}
BOXES = {"EPSG:9212": [550_000, 1_270_000, 580_000, 1_300_000], "EPSG:4326": [106.5, 11.5, 106.9, 12.0]}
BOXES["OGC:CRS84"] = BOXES["EPSG:4326"]

type Rows = Callable[..., list[tuple[Any, ...]]]
type RunQgis = Callable[[str, dict[str, Any]], Any]


@pytest.fixture(scope="module")
def found(run_qgis: RunQgis, live: Any) -> Any:
    """What one session of QGIS finds; starting it takes seconds."""
    lines = """
parcels = layer_of("thua-dat")
found["count"] = parcels.featureCount()
found["crs"] = parcels.crs().authid()
found["fields"] = {each.name(): each.typeName() for each in parcels.fields()}
list(parcels.getFeatures())  # 3.40 takes the extent that the server tells, in degrees, for metres until it has read all
parcels.updateExtents()
box = parcels.extent()
found["extent"] = [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]
found["rows"] = [
    [each["id"], each["so_to"], each["so_thua"], each["dien_tich"], each["loai_dat_chinh"], each.geometry().area()]
    for each in parcels.getFeatures()
]
window = QgsFeatureRequest(QgsRectangle(*given["boxes"][found["crs"]])).setFlags(QgsFeatureRequest.ExactIntersect)
found["in box"] = [each["id"] for each in parcels.getFeatures(window)]
chosen = QgsFeatureRequest().setFilterExpression('"so_to" = 1 AND "dien_tich" > 500')
found["by expression"] = [each["id"] for each in parcels.getFeatures(chosen)]
parcels.setSubsetString('"so_to" = 1')
found["subset"] = [each["id"] for each in parcels.getFeatures()]
streets = layer_of("doan-duong")
found["streets"] = [each["id"] for each in streets.getFeatures()]
dossiers = layer_of("ho-so")
found["dossiers"] = [each["id"] for each in dossiers.getFeatures()]
"""
    return run_qgis(lines, {"url": live.url, "boxes": BOXES})


def test_it_counts_the_layer(found: Any, rows: Rows) -> None:
    assert found["count"] == rows(f"SELECT count(*) FROM dc.thua_dat WHERE {IN_FORCE}")[0][0]


def test_it_reads_the_layer_completely_with_the_values_of_the_database(found: Any, rows: Rows) -> None:
    expected = rows(
        "SELECT id::text, so_to, so_thua, dien_tich, loai_dat_chinh,"
        f" ST_Area({COLUMN[found['crs']]}) FROM dc.thua_dat WHERE {IN_FORCE} ORDER BY id"
    )

    read = sorted(found["rows"])
    assert [each[:5] for each in read] == [list(each[:5]) for each in expected]
    assert [each[5] for each in read] == pytest.approx([each[5] for each in expected], rel=1e-3)


def test_it_knows_the_types(found: Any) -> None:
    assert "int" in found["fields"]["so_to"].lower()
    assert found["fields"]["dien_tich"].lower() in {"real", "double"}


def test_the_layer_lies_in_bin_phuoc(found: Any, rows: Rows) -> None:
    box = rows(
        "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) FROM"
        f" (SELECT ST_Extent({COLUMN[found['crs']]}) AS b FROM dc.thua_dat WHERE {IN_FORCE}) AS x"
    )[0]

    assert found["extent"] == pytest.approx(list(box), rel=1e-3)


def test_it_reads_what_meets_a_box(found: Any, rows: Rows) -> None:
    column, box = COLUMN[found["crs"]], BOXES[found["crs"]]
    expected = rows(
        f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE}"
        f" AND ST_Intersects({column}, ST_MakeEnvelope(%s, %s, %s, %s, ST_SRID({column}))) ORDER BY 1",
        *box,
    )

    assert sorted(found["in box"]) == [each for (each,) in expected] != []


@pytest.mark.parametrize(
    ("name", "condition"), [("by expression", "so_to = 1 AND dien_tich > 500"), ("subset", "so_to = 1")]
)
def test_it_filters(found: Any, rows: Rows, name: str, condition: str) -> None:
    expected = rows(f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE} AND {condition} ORDER BY 1")

    assert sorted(found[name]) == [each for (each,) in expected] != []


@pytest.mark.parametrize(("name", "table"), [("streets", "gd.doan_duong"), ("dossiers", "hs.ho_so")])
def test_it_reads_lines_and_tables_without_geometry(found: Any, rows: Rows, name: str, table: str) -> None:
    assert sorted(found[name]) == [each for (each,) in rows(f"SELECT id::text FROM {table} ORDER BY 1")]
