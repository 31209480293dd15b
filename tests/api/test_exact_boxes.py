"""A box selects what meets it, to the last digit; compared with the geometries by SQL."""

from typing import Any

import psycopg
import pytest

_POINT_NEXT_TO = "SELECT id::text, ST_X(geom), ST_Y(geom) FROM dc.moc ORDER BY id LIMIT 20"
_ON_PARCELS = (
    "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM dc.thua_dat"
    " WHERE hieu_luc_den IS NULL ORDER BY id LIMIT 12) AS s"
)
_MET = (
    "SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL"
    " AND ST_Intersects(geom, ST_GeomFromText(%s, 4326)) ORDER BY id"
)


@pytest.fixture(scope="module")
def rows(api_db: str) -> Any:
    with psycopg.connect(api_db) as connection:
        yield connection


@pytest.mark.parametrize("distance", [1e-7, 1e-6, 3e-6, 1e-5])
def test_a_point_beyond_the_edge_by_less_than_a_metre_is_outside(api: Any, rows: psycopg.Connection, distance: float):
    for id_, x, y in rows.execute(_POINT_NEXT_TO).fetchall():
        west = f"{x - 0.001!r},{y - 0.001!r},{x - distance!r},{y + 0.001!r}"
        east = f"{x - 0.001!r},{y - 0.001!r},{x + distance!r},{y + 0.001!r}"

        assert id_ not in api.ids("/collections/moc/items", {"bbox": west, "limit": "1000"})
        assert id_ in api.ids("/collections/moc/items", {"bbox": east, "limit": "1000"})


@pytest.mark.parametrize(("wide", "high"), [(0.0, 0.0), (0.001, 0.0), (0.0, 0.001)])
def test_a_box_without_width_or_height_is_a_line_or_a_point(
    api: Any, rows: psycopg.Connection, wide: float, high: float
):
    for x, y in rows.execute(_ON_PARCELS).fetchall():
        shape = f"LINESTRING({x!r} {y!r},{x + wide!r} {y + high!r})" if wide or high else f"POINT({x!r} {y!r})"
        expected = [row[0] for row in rows.execute(_MET, (shape,))]

        found = api.ids(
            "/collections/thua-dat/items", {"bbox": f"{x!r},{y!r},{x + wide!r},{y + high!r}", "limit": "1000"}
        )

        assert found == expected != []


@pytest.mark.parametrize("box", ["500000,1200000,600000,1300000", "11,106,12,107", "200,0,210,10"])
def test_a_box_wholly_outside_its_reference_system_meets_nothing(api: Any, box: str):
    assert api.ids("/collections/thua-dat/items", {"bbox": box}) == []
