"""Rows of communes: a function of seed, size and era alone."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
import shapely
from shapely import Polygon

from loader.sample.building import tasks
from loader.sample.filling import fill, fill_all
from loader.sample.model import COLUMNS, Era, Head, Task
from loader.sample.parcels import Ground, lay_out, polygon
from loader.sample.province import head_rows
from loader.sample.randomness import Draw, add_working_days
from loader.sample.territory import Territory, build_territory
from loader.sample.units import read_units

UNITS = read_units()
TERRITORY: Territory = build_territory(UNITS)


def _tasks(*, seed: int = 1, parcels: int = 30_000, era: Era = "before_reform") -> list[Task]:
    return tasks(UNITS, TERRITORY, parcels, seed, era)


def _head(seed: int = 1, era: Era = "before_reform") -> Head:
    return head_rows(UNITS, seed, era)[0]


GROUNDS = {number: lay_out(_tasks()[number]) for number in (8, 60, 104)}


@pytest.fixture(scope="module", params=list(GROUNDS))
def number(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def ground(number: int) -> Ground:
    return GROUNDS[number]


def _polygons(ground: Ground) -> list[Polygon]:
    return [Polygon(parcel.ring) for parcel in ground.parcels]


def test_equal_seeds_give_equal_rows_and_others_do_not():
    first, again, other = (fill(_tasks(seed=seed)[3], _head(seed)) for seed in (1, 1, 2))

    assert first == again
    assert first.texts["dc.thua_dat"] != other.texts["dc.thua_dat"]


def test_the_keys_of_the_province_follow_the_seed():
    assert _head(1) == _head(1)
    assert _head(1) != _head(2)


def test_a_second_process_makes_the_same_rows():
    few = _tasks(parcels=1_300_000)[:2]

    alone = [fill(task, _head()) for task in few]

    assert list(fill_all(few, _head())) == alone


def test_communes_get_as_many_parcels_as_they_are_asked_for(number: int, ground: Ground):
    assert abs(len(ground.parcels) - _tasks()[number].parcels) <= 2


def test_parcels_of_a_commune_are_valid_and_share_their_vertices(ground: Ground):
    assert all(polygon.is_valid for polygon in _polygons(ground))
    assert shapely.coverage_is_valid(_polygons(ground))


def test_parcels_have_from_3_to_40_corners(ground: Ground):
    assert all(3 <= len(parcel.ring) <= 40 for parcel in ground.parcels)


def test_no_parcel_lies_across_the_border_of_its_commune(number: int, ground: Ground):
    commune = _tasks()[number].shape

    assert all(commune.contains(polygon(parcel.ring)) for parcel in ground.parcels)


def test_identifiers_of_parcels_are_unique(ground: Ground):
    assert len({parcel.geohash for parcel in ground.parcels}) == len(ground.parcels)


def test_what_a_change_ended_became_what_it_made(ground: Ground):
    assert ground.changes
    for change in ground.changes:
        before = sum(parcel.area_m2 for parcel in change.before)
        after = sum(parcel.area_m2 for parcel in change.after)
        assert before == pytest.approx(after, abs=0.3)
        assert sum(area for _, _, area in change.flows) == pytest.approx(before, abs=0.3)


def test_some_parcels_were_split_twice():
    made = {child for ground in GROUNDS.values() for change in ground.changes for _, child, _ in change.flows}

    assert any(parcel.id in made for ground in GROUNDS.values() for parcel in ground.closed)


def test_lines_of_a_plan_stand_in_order(ground: Ground):
    assert all(a.at < b.at for a, b in pairwise(ground.plan.columns))
    assert all(a.at < b.at for a, b in pairwise(ground.plan.rows))


def test_rows_are_written_for_known_columns():
    batch = fill(_tasks()[0], _head())

    assert set(batch.texts) <= set(COLUMNS)
    for table, (count, text) in batch.texts.items():
        lines = text.decode().splitlines()
        assert len(lines) == count
        assert {len(line.split("\t")) for line in lines} == {len(COLUMNS[table].split())}


def test_holders_are_obviously_invented():
    batch = fill(_tasks()[0], _head())
    people = [line.split("\t") for line in batch.texts["dc.nguoi"][1].decode().splitlines()]

    invented = re.compile(r"Ví Dụ|Thử|Giả Định|dữ liệu mẫu")
    assert all(invented.search(person[4]) for person in people)
    assert all(person[7].startswith("999") for person in people)


def test_after_the_reform_rows_belong_to_the_successor_and_sheets_are_renumbered():
    task = next(task for task in _tasks(era="after_reform") if task.rank == 1)
    batch = fill(task, _head(era="after_reform"))

    names = COLUMNS["dc.thua_dat"].split()
    parcel = dict(zip(names, batch.texts["dc.thua_dat"][1].decode().splitlines()[0].split("\t"), strict=True))
    assert int(parcel["xa_id"]) == UNITS.successor[task.unit.id]
    assert int(parcel["so_to"]) == 1000 + int(parcel["so_to_cu"])
    assert parcel["so_thua"] == parcel["so_thua_cu"]


@pytest.mark.parametrize(("days", "expected"), [(0, date(2025, 6, 27)), (1, date(2025, 6, 30)), (6, date(2025, 7, 7))])
def test_deadlines_skip_weekends(days: int, expected: date):
    assert add_working_days(date(2025, 6, 27), days) == expected


def test_drawn_days_are_working_days():
    draw = Draw(5)
    low = date(2024, 1, 1)

    days = [draw.working_day(low, low + timedelta(days=30)) for _ in range(200)]

    assert all(day.weekday() < 5 and low <= day <= low + timedelta(days=30) for day in days)


def test_ids_are_uuids_of_version_4():
    draw = Draw(5)

    pattern = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(pattern.fullmatch(draw.uuid()) for _ in range(100))
