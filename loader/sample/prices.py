"""Prices, all invented: street segments along the roads of the plan, positions, farm zones, prices of parcels."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Polygon

from loader.sample.cadastre import purposes
from loader.sample.lattice import Line, Plan, Rectangle, patch, road_line
from loader.sample.model import SYSTEM, Head, Rows, Task, one_hex
from loader.sample.parcels import Ground, Parcel
from loader.sample.randomness import Draw
from loader.sample.shapes import multipolygons
from loader.sample.territory import Shapes

_TITLE: Final = "Bảng giá đất {} (số liệu mẫu, không phải giá thật)"
PRICE_TABLES: Final = (
    ("18/2020/QĐ-UBND", date(2020, 8, 12), date(2020, 8, 24), date(2025, 1, 1), _TITLE.format("2020–2024")),
    ("52/2024/QĐ-UBND", date(2024, 12, 27), date(2025, 1, 1), None, _TITLE.format("2025")),
)
"""Number, day, validity and title of the decisions. The decisions are real, the prices are not."""

COEFFICIENTS: Final = (1.0, 0.6, 0.4, 0.3)
"""Share of the segment's price by position, 1 to 4."""
REACH_M: Final = (4.0, 50.0, 100.0)
"""A parcel this near to the edge of the road is in position 1, 2, 3; others in 4."""
_PRICED_ON: Final = date(2025, 1, 2)
_BASIS: Final = "Quyết định 52/2024/QĐ-UBND (dữ liệu mẫu)"

type _Place = tuple[str, int, int]
"""``u`` or ``v`` for a segment of a column or a row line; the line's number; the number of the cell along it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A street segment of the table in force: its key, price of position 1 (đồng/m²), line and half width (m)."""

    id: str
    price: int
    line: LineString
    half_width: float


@dataclass(frozen=True, slots=True)
class Zone:
    """A price zone of farm land in the table in force."""

    id: str
    price: int
    shape: shapely.Geometry
    place: int


def add_prices(task: Task, ground: Ground, head: Head, rows: Rows) -> None:
    """Add the segments, positions and zones of a commune and the prices of many of its parcels."""
    draw = Draw(task.seed, task.unit.id, 5)
    segments = _segments(task, ground.plan, head, rows, draw)
    zones = _zones(task, ground.plan, head, rows, draw)
    chosen = [parcel for parcel in ground.parcels if _is_priced(parcel, draw)]
    if not chosen:
        return
    shapes = multipolygons([parcel.ring for parcel in chosen])
    fronts = _fronts(ground, chosen, shapes, segments)
    for parcel, front in zip(chosen, fronts, strict=True):
        _add_price(parcel, front, zones, head, rows, draw)


def _is_priced(parcel: Parcel, draw: Draw) -> bool:
    code = parcel.use.codes[0]
    return draw.chance(0.6 if code in ("ONT", "ODT") else 0.15 if code == "CLN" else 0.0)


def _segments(task: Task, plan: Plan, head: Head, rows: Rows, draw: Draw) -> dict[_Place, Segment]:
    inside = task.shape.buffer(-3.0)
    cells = {block.cell for block in plan.blocks if block.kind == "village"}
    found: dict[_Place, Segment] = {}
    for place in sorted(_places(plan, cells)):
        line = _on_map(plan, place).intersection(inside)
        if isinstance(line, LineString) and line.length > 40:
            found[place] = _add_segment(task, plan, place, line, head, rows, draw)
    return found


def _places(plan: Plan, cells: set[tuple[int, int]]) -> Iterator[_Place]:
    """Return the segments around villages and all of the main roads."""
    seen: set[_Place] = set()
    for i, j in cells:
        seen |= {("u", i, j), ("u", i + 1, j), ("v", j, i), ("v", j + 1, i)}
    seen |= {("u", i, j) for i, line in enumerate(plan.columns) if line.is_main for j in range(len(plan.rows) - 1)}
    seen |= {("v", j, i) for j, line in enumerate(plan.rows) if line.is_main for i in range(len(plan.columns) - 1)}
    yield from seen


def _on_map(plan: Plan, place: _Place) -> LineString:
    axis, line, cell = place
    if axis == "u":
        u = plan.columns[line].at
        return road_line(plan.frame, (u, plan.rows[cell].at), (u, plan.rows[cell + 1].at))
    v = plan.rows[line].at
    return road_line(plan.frame, (plan.columns[cell].at, v), (plan.columns[cell + 1].at, v))


def _line(plan: Plan, place: _Place) -> Line:
    return plan.columns[place[1]] if place[0] == "u" else plan.rows[place[1]]


def road_name(plan: Plan, axis: str, number: int) -> str:
    """Return the name of a road of the plan: columns are D, rows are N, main roads have a number of their own."""
    line = plan.columns[number] if axis == "u" else plan.rows[number]
    return f"{'Đường chính' if line.is_main else 'Đường'} {'D' if axis == 'u' else 'N'}{number}"


def _add_segment(
    task: Task, plan: Plan, place: _Place, line: LineString, head: Head, rows: Rows, draw: Draw
) -> Segment:
    axis, number, cell = place
    road = _line(plan, place)
    other = "v" if axis == "u" else "u"
    base = 4_000 if task.unit.is_urban else 900
    price = round(base * (2.2 if road.is_main else 1.0) * (0.7 + 0.6 * draw.number())) * 1000
    names = (road_name(plan, axis, number), road_name(plan, other, cell), road_name(plan, other, cell + 1))
    shape = one_hex(MultiLineString([line]))
    use = "ODT" if task.unit.is_urban else "ONT"
    keys = [draw.uuid(), draw.uuid()]
    for key, table, (_, _, since, until, _), share in zip(
        keys, head.price_tables, PRICE_TABLES, (0.8, 1.0), strict=True
    ):
        cost = round(price * share / 1000) * 1000
        row = (key, task.owner.id, table, *names, use, SYSTEM, cost, road.width, since, until, shape)
        rows.add("gd.doan_duong", *row)
        for position, share_of in enumerate(COEFFICIENTS, start=1):
            rows.add("gd.vi_tri", draw.uuid(), task.owner.id, key, position, share_of, round(cost * share_of))
    return Segment(keys[1], price, line, road.width / 2)


def _zones(task: Task, plan: Plan, head: Head, rows: Rows, draw: Draw) -> list[Zone]:
    """Add three bands across the commune; the middle one, along the main road, is the dearest."""
    edges = (plan.columns[0].at - 500, -1_200.0, 1_200.0, plan.columns[-1].at + 500)
    low, high = plan.rows[0].at - 500, plan.rows[-1].at + 500
    found: list[Zone] = []
    for band, (left, right) in enumerate(itertools.pairwise(edges)):
        if right <= left:
            continue
        cut = task.shape.intersection(patch(plan.frame, Rectangle(left, low, right, high)))
        shape = shapely.multipolygons([p for p in shapely.get_parts(cut) if isinstance(p, Polygon)])
        if shape.is_empty:
            continue
        place = 1 if band == 1 else 2
        price = round((180 if task.unit.is_urban else 75) * (1.0 if place == 1 else 0.7)) * 1000
        found.append(_add_zone(task, place, price, shape, head, rows, draw))
    return found


def _add_zone(task: Task, place: int, price: int, shape: shapely.Geometry, head: Head, rows: Rows, draw: Draw) -> Zone:
    _, _, since, until, _ = PRICE_TABLES[1]
    key = draw.uuid()
    area = 1 if task.unit.is_urban else 2
    row = (key, task.owner.id, head.price_tables[1], area, place, "CLN", SYSTEM, price, since, until, one_hex(shape))
    rows.add("gd.vung_gia_tri", *row)
    shapely.prepare(shape)
    return Zone(key, price, shape, place)


def _fronts(
    ground: Ground, parcels: list[Parcel], shapes: Shapes, segments: Mapping[_Place, Segment]
) -> list[tuple[Segment, int] | None]:
    """Return for each parcel the segment of its cell that makes it dearest, and its position there."""
    best: list[tuple[float, Segment, int] | None] = [None] * len(parcels)
    cells = [ground.plan.blocks[parcel.block].cell for parcel in parcels]
    for axis, shift in (("u", 0), ("u", 1), ("v", 0), ("v", 1)):
        found = [segments.get((axis, i + shift, j) if axis == "u" else (axis, j + shift, i)) for i, j in cells]
        lines = np.array([segment.line if segment else None for segment in found], dtype=object)
        for k, (segment, distance) in enumerate(
            zip(found, np.asarray(shapely.distance(shapes, lines)).tolist(), strict=True)
        ):
            if segment is None:
                continue
            position = 1 + sum(distance - segment.half_width > reach for reach in REACH_M)
            price = segment.price * COEFFICIENTS[position - 1]
            so_far = best[k]
            if so_far is None or price > so_far[0]:
                best[k] = (price, segment, position)
    return [None if one is None else one[1:] for one in best]


@dataclass(frozen=True, slots=True)
class _Price:
    """The price of one purpose of a parcel; either the segment or the zone is None."""

    code: str
    area_m2: float
    segment_id: str | None
    zone_id: str | None
    position: int
    unit_price: int


def _add_price(
    parcel: Parcel, front: tuple[Segment, int] | None, zones: Sequence[Zone], head: Head, rows: Rows, draw: Draw
) -> None:
    for price in _prices(parcel, front, zones):
        rows.add(
            "gd.gia_thua", draw.uuid(), parcel.id, head.price_tables[1], price.segment_id, price.zone_id, price.code,
            SYSTEM, price.position, price.unit_price, max(1, round(price.unit_price * price.area_m2)),
            max(_PRICED_ON, parcel.since), _BASIS,
        )  # fmt: skip


def _prices(parcel: Parcel, front: tuple[Segment, int] | None, zones: Sequence[Zone]) -> Iterator[_Price]:
    for code, area in purposes(parcel):
        if code in ("ONT", "ODT") and front is not None:
            segment, position = front
            yield _Price(code, area, segment.id, None, position, round(segment.price * COEFFICIENTS[position - 1]))
        if code == "CLN":
            zone = next((z for z in zones if shapely.contains_xy(z.shape, *parcel.point[:2])), None)
            if zone is not None:
                yield _Price(code, area, None, zone.id, zone.place, zone.price)
