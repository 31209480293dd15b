"""Synthetic boundaries that tile the province."""

import pytest
import shapely
from shapely import Point

from loader.sample.territory import AREA_M2, SRID, Territory, build_territory
from loader.sample.units import read_units
from quality import vn2000

UNITS = read_units()


@pytest.fixture(scope="module")
def territory() -> Territory:
    return build_territory(UNITS)


def test_communes_are_valid_and_in_one_piece(territory: Territory):
    for unit in UNITS.communes:
        assert territory.shapes[unit.id].is_valid
        assert len(territory.shapes[unit.id].geoms) == 1


def test_neighbours_share_their_vertices_and_leave_no_gap(territory: Territory):
    communes = [territory.shapes[unit.id].geoms[0] for unit in UNITS.communes]

    assert shapely.coverage_is_valid(communes)
    assert sum(shape.area for shape in communes) == pytest.approx(territory.shapes[UNITS.province.id].area)
    assert not any(part.interiors for part in territory.shapes[UNITS.province.id].geoms)


@pytest.mark.parametrize("level", ["districts", "new_communes"])
def test_larger_units_are_unions_of_communes(territory: Territory, level: str):
    for unit in getattr(UNITS, level):
        parts = [old for old in UNITS.communes if unit.id in (old.parent_id, UNITS.successor[old.id])]
        area = sum(territory.shapes[part.id].area for part in parts)

        assert territory.shapes[unit.id].area == pytest.approx(area)
        assert len(territory.shapes[unit.id].geoms) == 1


def test_the_province_has_about_its_declared_area(territory: Territory):
    assert territory.shapes[UNITS.province.id].area == pytest.approx(AREA_M2, rel=0.002)


def test_new_communes_have_about_their_declared_areas(territory: Territory):
    for unit in UNITS.new_communes:
        assert territory.shapes[unit.id].area == pytest.approx(unit.declared_m2, rel=0.2), unit.name


def test_districts_lie_about_where_they_are(territory: Territory):
    for unit in UNITS.districts:
        x, y = vn2000.from_lonlat(SRID, [UNITS.positions[unit.id][0]], [UNITS.positions[unit.id][1]])

        assert territory.shapes[unit.id].distance(Point(x[0], y[0])) < 12_000, unit.name


def test_coordinates_are_whole_millimetres(territory: Territory):
    points = shapely.get_coordinates(territory.shapes[UNITS.province.id])

    assert (points.round(3) == points).all()
