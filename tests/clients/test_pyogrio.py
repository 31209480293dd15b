"""The GDAL that pyogrio brings (3.12): pages of a thousand, another CRS, box and filter, and each export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlretrieve

import numpy as np
import pyogrio
import pytest
import shapely
from pyogrio import raw

pytestmark = [
    pytest.mark.client,
    pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning"),  # pyogrio's own, for dates
    pytest.mark.skipif("OAPIF" not in pyogrio.list_drivers(), reason="pyogrio was built without the OAPIF driver"),
]
IN_FORCE = "hieu_luc_den IS NULL"
CRS = {
    "EPSG:9212": 9212,
    "EPSG:3405": 3405,
    "EPSG:4326": 4326,
    "OGC:CRS84": 4326,
}

type Rows = Callable[..., list[tuple[Any, ...]]]


def _read(live: Any, layer: str, **options: Any) -> tuple[dict[str, Any], list[Any]]:
    """Return the columns by name, and the geometries."""
    meta, _, geometries, columns = raw.read(f"OAPIF:{live.url}", layer=layer, **options)
    values = dict(zip(meta["fields"], columns, strict=True))
    shapes = [] if geometries is None else list(shapely.from_wkb(geometries))
    return values | {"": meta}, shapes


def test_it_reads_a_layer_completely(live: Any, rows: Rows) -> None:
    values, shapes = _read(live, "thua-dat")

    expected = rows(f"SELECT id::text, so_to, dien_tich, loai_dat_chinh FROM dc.thua_dat WHERE {IN_FORCE} ORDER BY id")
    read = zip(values["id"], values["so_to"], values["dien_tich"], values["loai_dat_chinh"], strict=True)
    assert sorted((str(a), int(b), float(c), str(d)) for a, b, c, d in read) == expected
    assert len(shapes) == len(expected)


def test_every_collection_can_be_opened(live: Any) -> None:
    layers = pyogrio.list_layers(f"OAPIF:{live.url}")

    assert len(layers) >= 20
    for name, _ in layers:
        assert pyogrio.read_info(f"OAPIF:{live.url}", layer=name)["fields"] is not None


@pytest.mark.parametrize("crs", CRS)
def test_it_reads_in_another_crs(live: Any, rows: Rows, crs: str) -> None:
    values, shapes = _read(live, "thua-dat", CRS=crs)

    places = {str(key): shape.geoms[0].exterior.coords[0] for key, shape in zip(values["id"], shapes, strict=True)}
    expected = rows(
        "SELECT id::text, ST_X(p), ST_Y(p) FROM (SELECT id, ST_StartPoint(ST_ExteriorRing(ST_GeometryN("
        f"hc.doi_toa_do(geom_goc, {CRS[crs]}), 1))) AS p FROM dc.thua_dat WHERE {IN_FORCE}) AS x"
    )
    tolerance = 1e-3 if CRS[crs] != 4326 else 1e-8
    assert len(places) == len(expected)
    for key, x, y in expected:
        assert places[key] == pytest.approx((x, y), abs=tolerance)


def test_it_reads_what_meets_a_box(live: Any, rows: Rows) -> None:
    box = (106.5, 11.5, 106.9, 12.0)

    values, _ = _read(live, "thua-dat", bbox=box, CRS="OGC:CRS84")  # without it the layer is in its storageCrs

    expected = rows(
        f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE}"
        " AND ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326)) ORDER BY 1",
        *box,
    )
    assert sorted(map(str, values["id"])) == [each for (each,) in expected] != []


def test_it_reads_what_meets_a_box_in_another_crs(live: Any, rows: Rows) -> None:
    box = (550_000, 1_270_000, 580_000, 1_300_000)

    values, _ = _read(live, "thua-dat", bbox=box, CRS="EPSG:9212")

    expected = rows(
        f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE}"
        " AND ST_Intersects(geom_goc, ST_MakeEnvelope(%s, %s, %s, %s, 9212)) ORDER BY 1",
        *box,
    )
    assert sorted(map(str, values["id"])) == [each for (each,) in expected] != []


@pytest.mark.parametrize(
    "where",
    [
        "so_to = 1",
        "so_to = 1 AND loai_dat_chinh = 'CLN'",
        "so_to = 1 OR so_to = 2 AND dien_tich > 500",
        "NOT so_to = 1",
        "dien_tich BETWEEN 100 AND 500",
        "loai_dat_chinh IN ('CLN', 'ODT')",
        "loai_dat_chinh LIKE 'C%'",
        "ma_dinh_danh IS NULL",
    ],
)
def test_it_reads_what_meets_a_filter(live: Any, rows: Rows, where: str) -> None:
    values, _ = _read(live, "thua-dat", where=where)

    condition = where.replace("%", "%%")
    expected = rows(f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE} AND ({condition}) ORDER BY 1")
    assert sorted(map(str, values["id"])) == [each for (each,) in expected]


def test_it_reads_what_was_in_force_on_a_day(live: Any, rows: Rows) -> None:
    values, _ = _read(live, "thua-dat", where="hieu_luc_tu <= '2020/01/01'")

    expected = rows(f"SELECT id::text FROM dc.thua_dat WHERE {IN_FORCE} AND hieu_luc_tu <= '2020-01-01' ORDER BY 1")
    assert sorted(map(str, values["id"])) == [each for (each,) in expected]


@pytest.mark.parametrize("format_", ["json", "jsonfg", "fgb", "gpkg"])
@pytest.mark.parametrize("crs", ["EPSG:9212", "EPSG:3857"])
def test_it_reads_each_export_in_the_crs_that_was_asked(
    live: Any, rows: Rows, tmp_path: Path, format_: str, crs: str
) -> None:
    file = tmp_path / f"thua-dat.{format_}"
    urlretrieve(f"{live.url}/collections/thua-dat/export?f={format_}&crs=[{crs}]", file)

    meta, _, geometries, columns = raw.read(file)

    count = rows(f"SELECT count(*) FROM dc.thua_dat WHERE {IN_FORCE}")[0][0]
    assert len(geometries) == len(columns[0]) == count
    srid = int(crs.partition(":")[2])
    bounds = shapely.total_bounds(shapely.from_wkb(geometries))
    expected = rows(
        "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) FROM (SELECT ST_Extent(hc.doi_toa_do(geom_goc, %s)) AS b"
        f" FROM dc.thua_dat WHERE {IN_FORCE}) AS x",
        srid,
    )[0]
    assert bounds == pytest.approx(np.array(expected), abs=1e-3)
    if format_ in {"fgb", "gpkg"}:
        assert str(srid) in meta["crs"]
