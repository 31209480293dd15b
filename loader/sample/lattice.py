"""The ground plan of one commune: roads along the lines of a bent lattice, blocks between them, villages at crossings.

In the plan's own axes (u, v: metres from the middle of the commune) every road and block is a straight rectangle;
``Frame.bend`` carries it to the map. Blocks keep off the commune's border, so that what they leave over is one
polygon: the roads and paths.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from loader.sample.cutting import Ring, area_mm2

type Floats = NDArray[np.float64]
type BlockKind = Literal["village", "field", "stream"]

_BORDER_M: Final = 4.0
_LEAST_M2: Final = 900.0
LOT_BLOCK_M: Final = (108.0, 76.0)
"""Length and depth of a block of building lots, between its lanes."""
_LANE_M: Final = 6.0
_ROAD_M: Final = 9.0
_MAIN_M: Final = 20.0
_STREAM_M: Final = 45.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes of a plan: its middle (EPSG:9212, m), the direction of u (radians), and the phases of the bends."""

    x: float
    y: float
    angle: float
    phases: tuple[float, float, float, float]

    def bend(self, u: Floats, v: Floats) -> Floats:
        """Return the map coordinates of points of the plan; the bends are gentle and fold nothing."""
        p, q, r, s = self.phases
        du = 90.0 * np.sin(v / 1300.0 + p) + 14.0 * np.sin(v / 310.0 + u / 900.0 + q)
        dv = 90.0 * np.sin(u / 1500.0 + r) + 14.0 * np.sin(u / 270.0 - v / 800.0 + s)
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        a, b = u + du, v + dv
        return np.column_stack([self.x + a * cos - b * sin, self.y + a * sin + b * cos])

    def direction(self, u: float, v: float) -> float:
        """Return the direction of the u axis on the map at a point of the plan, radians."""
        (x0, y0), (x1, y1) = self.bend(np.array([u - 5.0, u + 5.0]), np.array([v, v])).tolist()
        return math.atan2(y1 - y0, x1 - x0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the lattice: where it is, how wide its road is, and whether it is a main road."""

    at: float
    width: float
    is_main: bool


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle of the plan."""

    u0: float
    v0: float
    u1: float
    v1: float


@dataclass(frozen=True, slots=True)
class Block:
    """One block: where it is in the plan, its ring on the map (mm), its area and the cell it belongs to."""

    kind: BlockKind
    plan: Rectangle
    cell: tuple[int, int]
    ring: Ring
    area_m2: float
    angle: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The lattice of one commune and its blocks; ``villages`` are the crossings (u, v) that villages lie around."""

    frame: Frame
    columns: tuple[Line, ...]
    rows: tuple[Line, ...]
    villages: tuple[tuple[float, float], ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a plan is to hold: blocks of building lots in all, villages that they lie in, m between field roads."""

    lot_blocks: int
    villages: int
    spacing_m: float


def draw_plan(shape: MultiPolygon, wish: Wish, rng: np.random.Generator) -> Plan:
    """Return the plan of a commune."""
    inside = shape.buffer(-_BORDER_M)
    middle = shape.representative_point()
    phases = tuple(float(p) for p in rng.uniform(0, 2 * math.pi, 4))
    frame = Frame(middle.x, middle.y, float(rng.uniform(0, math.pi / 2)), (phases[0], phases[1], phases[2], phases[3]))
    extent = _extent(shape, frame)
    villages, half = _village_places(extent, wish, rng)
    columns = _lines(extent.u0, extent.u1, [u for u, _ in villages], half[0], wish.spacing_m, rng)
    rows = _lines(extent.v0, extent.v1, [v for _, v in villages], half[1], 0.8 * wish.spacing_m, rng)
    rows = _with_stream(rows, rng)
    plan = Plan(frame, columns, rows, tuple(villages), ())
    return Plan(frame, columns, rows, tuple(villages), tuple(_blocks(plan, half, inside)))


def road_line(frame: Frame, start: tuple[float, float], end: tuple[float, float]) -> LineString:
    """Return a straight line of the plan as it runs on the map, with a vertex about every 60 m."""
    count = max(2, math.ceil(math.dist(start, end) / 60.0) + 1)
    return LineString(frame.bend(np.linspace(start[0], end[0], count), np.linspace(start[1], end[1], count)).round(3))


def patch(frame: Frame, plan: Rectangle) -> Polygon:
    """Return a rectangle of the plan as it lies on the map."""
    return Polygon(_rim(frame, plan))


def _extent(shape: MultiPolygon, frame: Frame) -> Rectangle:
    dx, dy = (shapely.get_coordinates(shape) - [frame.x, frame.y]).T
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    u, v = dx * cos + dy * sin, dy * cos - dx * sin
    return Rectangle(u.min() - 200, v.min() - 200, u.max() + 200, v.max() + 200)


def _village_places(
    extent: Rectangle, wish: Wish, rng: np.random.Generator
) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """Return the crossings of the villages and how far each reaches from its crossing along u and v."""
    each = max(1.0, wish.lot_blocks / wish.villages / 4)
    across = max(1, round((each * LOT_BLOCK_M[1] / LOT_BLOCK_M[0]) ** 0.5))
    deep = math.ceil(each / across)
    places = [(0.0, 0.0)]
    for number in range(1, wish.villages):
        side = 1 if number % 2 else -1
        u = extent.u1 if side > 0 else extent.u0
        v = extent.v1 if (number // 2) % 2 == 0 else extent.v0
        places.append((float(u * rng.uniform(0.35, 0.6)), float(v * rng.uniform(0.35, 0.6))))
    return places, (across * LOT_BLOCK_M[0], deep * LOT_BLOCK_M[1])


def _lines(
    low: float, high: float, crossings: Sequence[float], half: float, spacing: float, rng: np.random.Generator
) -> tuple[Line, ...]:
    """Return the lines of one direction: at each village three, the middle one a main road, and others between."""
    fixed: list[Line] = []
    for at in sorted(crossings):
        if not fixed or at - half > fixed[-1].at + 30:
            fixed += [Line(at - half, _ROAD_M, False), Line(at, _MAIN_M, True), Line(at + half, _ROAD_M, False)]
    stops = [low, *(line.at for line in fixed), high]
    between = [at for a, b in itertools.pairwise(stops) for at in _fill(a, b, spacing, rng)]
    ends = [low, high, *between]
    return tuple(sorted([*fixed, *(Line(at, _ROAD_M, False) for at in ends)], key=lambda line: line.at))


def _fill(a: float, b: float, spacing: float, rng: np.random.Generator) -> list[float]:
    count = round((b - a) / spacing)
    if count < 2:
        return []
    steps = rng.uniform(0.6, 1.4, count)
    return (a + (b - a) * np.cumsum(steps / steps.sum()))[:-1].tolist()


def _with_stream(rows: tuple[Line, ...], rng: np.random.Generator) -> tuple[Line, ...]:
    """Add a line close beside another one: the narrow row between them is a stream."""
    gaps = [i for i in range(1, len(rows) - 1) if rows[i + 1].at - rows[i].at > 300 and not rows[i].is_main]
    if not gaps:
        return rows
    i = gaps[int(rng.integers(len(gaps)))]
    return (*rows[: i + 1], Line(rows[i].at + _STREAM_M, _ROAD_M, False), *rows[i + 1 :])


def _blocks(plan: Plan, half: tuple[float, float], inside: shapely.Geometry) -> Iterator[Block]:
    whole: list[tuple[BlockKind, Rectangle, tuple[int, int]]] = []
    for i, (left, right) in enumerate(zip(plan.columns, plan.columns[1:], strict=False)):
        for j, (below, above) in enumerate(zip(plan.rows, plan.rows[1:], strict=False)):
            cell = Rectangle(
                left.at + left.width / 2,
                below.at + below.width / 2,
                right.at - right.width / 2,
                above.at - above.width / 2,
            )
            kind: BlockKind = "stream" if above.at - below.at < _STREAM_M + 1 else "field"
            kind = "village" if _is_village(plan, cell, half) else kind
            parts = _lot_blocks(cell) if kind == "village" else [cell]
            whole.extend((kind, part, (i, j)) for part in parts)
    shapes = [Polygon(_rim(plan.frame, rectangle)) for _, rectangle, _ in whole]
    yield from _clipped(plan.frame, whole, shapes, inside)


def _is_village(plan: Plan, cell: Rectangle, half: tuple[float, float]) -> bool:
    u, v = (cell.u0 + cell.u1) / 2, (cell.v0 + cell.v1) / 2
    return any(abs(u - a) < half[0] and abs(v - b) < half[1] for a, b in plan.villages)


def _lot_blocks(cell: Rectangle) -> Iterator[Rectangle]:
    across = max(1, round((cell.u1 - cell.u0) / LOT_BLOCK_M[0]))
    deep = max(1, round((cell.v1 - cell.v0) / LOT_BLOCK_M[1]))
    u = np.linspace(cell.u0 - _LANE_M / 2, cell.u1 + _LANE_M / 2, across + 1).tolist()
    v = np.linspace(cell.v0 - _LANE_M / 2, cell.v1 + _LANE_M / 2, deep + 1).tolist()
    lane = _LANE_M / 2
    for a, b in itertools.pairwise(u):
        for c, d in itertools.pairwise(v):
            yield Rectangle(a + lane, c + lane, b - lane, d - lane)


def _rim(frame: Frame, plan: Rectangle) -> Floats:
    """Return the closed ring of a rectangle of the plan on the map, counter-clockwise."""
    across = _steps(plan.u1 - plan.u0)
    up = _steps(plan.v1 - plan.v0)
    zero_u, zero_v = np.zeros(len(across)), np.zeros(len(up))
    u = np.concatenate([plan.u0 + across, plan.u1 + zero_v, plan.u1 - across, plan.u0 + zero_v, [plan.u0]])
    v = np.concatenate([plan.v0 + zero_u, plan.v0 + up, plan.v1 + zero_u, plan.v1 - up, [plan.v0]])
    return frame.bend(u, v)


def _steps(length: float) -> Floats:
    count = max(1, math.ceil(length / 130.0)) if length < 1300 else 10
    return np.linspace(0.0, length, count + 1)[:-1]


def _clipped(
    frame: Frame,
    whole: Sequence[tuple[BlockKind, Rectangle, tuple[int, int]]],
    shapes: list[Polygon],
    inside: shapely.Geometry,
) -> Iterator[Block]:
    shapely.prepare(inside)
    within = shapely.contains_properly(inside, shapes)
    touching = shapely.intersects(inside, shapes)
    for (kind, plan, cell), shape, is_within, is_touching in zip(whole, shapes, within, touching, strict=True):
        if not is_touching:
            continue
        for part in [shape] if is_within else shapely.get_parts(shape.intersection(inside)):
            ring = _millimetres(part)
            if ring:
                angle = frame.direction((plan.u0 + plan.u1) / 2, (plan.v0 + plan.v1) / 2)
                yield Block(kind, plan, cell, ring, area_mm2(ring) / 2e6, angle)


def _millimetres(part: shapely.Geometry) -> Ring:
    """Return the ring of a part of a block, or nothing where the part is too small, too thin or has a hole."""
    if not isinstance(part, Polygon) or part.area < _LEAST_M2 or part.interiors:
        return ()
    if part.buffer(-4.0).is_empty:
        return ()
    points = np.round(shapely.get_coordinates(part.exterior)[:-1] * 1000).astype(np.int64).tolist()
    ring = tuple(dict.fromkeys((x, y) for x, y in points))
    if not Polygon(ring).is_valid:
        return ()
    return ring if area_mm2(ring) > 0 else ring[::-1]
