import math

import numpy as np
import pytest

from quality.coordinates import (
    Degrees,
    OutOfArea,
    Plausible,
    Shifted,
    Swapped,
    WrongZone,
    as_metres,
    compare,
    judge,
    offsets,
    unplaceable,
)
from quality.vn2000 import PLANES, from_lonlat, is_vn2000, to_lonlat

PROVINCE = (106.40, 11.29, 107.44, 12.31)
DONG_XOAI = (106.79, 11.45, 106.94, 11.58)
LON = np.array([106.86, 106.90, 106.92])
LAT = np.array([11.51, 11.535, 11.56])


@pytest.mark.parametrize(
    ("srid", "lon", "lat", "east", "north"),
    [
        (9212, 106.90, 11.535, 570704.4987, 1275711.0972),
        (9212, 106.59, 11.845, 536848.8934, 1309941.9229),
        (9212, 106.90, 12.28, 570511.5658, 1358120.7194),
        (9212, 106.65, 11.42, 543452.4117, 1262941.0212),
        (9212, 107.24, 11.81, 607687.1019, 1306238.8129),
        (3405, 106.90, 11.535, 707019.1117, 1275934.3681),
        (5899, 106.90, 11.535, 407088.2705, 1275769.2345),
        (9210, 106.90, 11.535, 625248.0872, 1275882.1127),
    ],
)
def test_the_planes_agree_with_the_test_points_within_a_millimetre(
    srid: int, lon: float, lat: float, east: float, north: float
):
    x, y = from_lonlat(srid, lon, lat)
    back = to_lonlat(srid, east, north)

    assert math.hypot(float(x) - east, float(y) - north) < 0.001
    assert (float(back[0]), float(back[1])) == pytest.approx((lon, lat), abs=1e-8)


def test_the_systems_on_the_datum_are_known():
    assert is_vn2000(4756)
    assert is_vn2000(9212)
    assert not is_vn2000(32648)


def test_coordinates_in_the_province_are_plausible():
    x, y = from_lonlat(9212, LON, LAT)

    assert judge(x, y, srid=9212, expected=PROVINCE) == Plausible()
    assert judge(LON, LAT, srid=4326, expected=PROVINCE) == Plausible()


def test_a_stray_point_is_no_matter_for_the_file():
    x, y = from_lonlat(9212, np.repeat(LON, 10), np.repeat(LAT, 10))
    x[0] = 0

    assert judge(x, y, srid=9212, expected=PROVINCE) == Plausible()


def test_x_and_y_in_the_order_of_paper_are_found():
    x, y = from_lonlat(9212, LON, LAT)

    verdict = judge(y, x, srid=9212, expected=PROVINCE)

    assert isinstance(verdict, Swapped)
    assert verdict.srid_candidates == (9212,)
    assert "đổi chỗ" in verdict.message.vi


def test_latitude_first_is_found():
    verdict = judge(LAT, LON, srid=4326, expected=PROVINCE)

    assert isinstance(verdict, Swapped)


@pytest.mark.parametrize("real", [3405, 9210, 9209, 5899])
def test_another_zone_is_found_and_named_when_the_commune_is_known(real: int):
    x, y = from_lonlat(real, LON, LAT)

    verdict = judge(x, y, srid=9212, expected=DONG_XOAI)

    assert isinstance(verdict, WrongZone)
    assert real in verdict.srid_candidates
    assert 9212 not in verdict.srid_candidates
    assert f"EPSG:{real}" in verdict.message.en


def test_metres_where_degrees_were_claimed_are_found():
    x, y = from_lonlat(9212, LON, LAT)

    verdict = judge(x, y, srid=4326, expected=DONG_XOAI)

    assert isinstance(verdict, WrongZone)
    assert 9212 in verdict.srid_candidates


def test_swapped_axes_in_another_zone_are_found():
    x, y = from_lonlat(3405, LON, LAT)

    verdict = judge(y, x, srid=9212, expected=DONG_XOAI)

    assert isinstance(verdict, Swapped)
    assert 3405 in verdict.srid_candidates


@pytest.mark.parametrize("swapped", [False, True])
def test_degrees_where_metres_were_claimed_are_found(swapped: bool):
    x, y = (LAT, LON) if swapped else (LON, LAT)

    verdict = judge(x, y, srid=9212, expected=PROVINCE)

    assert isinstance(verdict, Degrees)
    assert verdict.swapped is swapped


@pytest.mark.parametrize("srid", [9212, 4326, 2154])
def test_what_lies_elsewhere_is_out_of_area(srid: int):
    verdict = judge(np.array([652_000.0]), np.array([6_865_000.0]), srid=srid, expected=PROVINCE)

    assert isinstance(verdict, OutOfArea)


def test_no_points_are_not_plausible():
    assert isinstance(judge(np.array([]), np.array([]), srid=9212, expected=PROVINCE), OutOfArea)


@pytest.mark.parametrize(
    ("mistake", "metres"),
    [
        ("no-datum-shift", 225.5),
        ("rotation-signs", 0.559),
        ("dx-sign", 367.9),
        ("all-signs", 451.0),
        ("utm-scale", 383.3),
    ],
)
def test_known_mistakes_have_their_measured_size_at_dong_xoai(mistake: str, metres: float):
    east, north = offsets(9212, 106.90, 11.535)[mistake]

    assert math.hypot(east, north) == pytest.approx(metres, rel=0.001)


@pytest.mark.parametrize("mistake", ["no-datum-shift", "rotation-signs", "dx-sign", "all-signs", "utm-scale"])
def test_a_comparison_with_known_places_names_the_mistake(mistake: str):
    known_x, known_y = from_lonlat(9212, LON, LAT)
    east, north = offsets(9212, float(LON.mean()), float(LAT.mean()))[mistake]

    found = compare(known_x + east, known_y + north, known_x=known_x, known_y=known_y, srid=9212)

    assert isinstance(found, Shifted)
    assert found.mistake == mistake


@pytest.mark.parametrize("offset", [(0.0, 0.0), (3.0, -4.0), (-195.5, 112.3)])
def test_other_offsets_are_not_blamed_on_a_known_mistake(offset: tuple[float, float]):
    known_x, known_y = from_lonlat(9212, LON, LAT)

    assert compare(known_x + offset[0], known_y + offset[1], known_x=known_x, known_y=known_y, srid=9212) is None


def test_all_zones_of_the_country_are_known():
    assert len(PLANES) == 20
    assert set(range(9205, 9219)) <= set(PLANES)


def test_metres_in_a_system_of_degrees_are_told_with_the_systems_that_fit():
    x, y = from_lonlat(9212, LON, LAT)

    found = as_metres(x, y, srid=4326, expected=DONG_XOAI, usual=9212)
    nowhere = as_metres(x, y, srid=4756, expected=None, usual=9212)

    assert found is not None
    assert found.srid_candidates[0] == 9212
    assert found.message.en.endswith("EPSG:4326 is in degrees. Try --srid 9212.")
    assert nowhere is not None
    assert as_metres(LON, LAT, srid=4326, expected=DONG_XOAI, usual=9212) is None
    assert as_metres(LAT, LON, srid=4326, expected=DONG_XOAI, usual=9212) is None
    assert as_metres(x, y, srid=9212, expected=DONG_XOAI, usual=9212) is None


def test_points_without_a_place_on_the_earth_are_known():
    x, y = np.array([106.9, 570_100.0, 11.5]), np.array([11.5, 1_275_100.0, 106.9])

    assert unplaceable(x, y, srid=4326, onto=9212).tolist() == [False, True, True]
    assert unplaceable(x, y, srid=4756, onto=4756).tolist() == [False, True, True]
    assert unplaceable(np.array([570_100.0, 3e9]), np.array([1.2751e6, 3e9]), srid=9212, onto=9212).tolist() == [
        False,
        True,
    ]
