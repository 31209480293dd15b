"""The synthetic territory: commune boundaries that tile the province.

Nothing here is copied from a boundary file. Cells of a power diagram around rough positions, weighted until their
areas come near the declared ones, are seen through a smooth warp of the plane, so that borders bend; the warp is a
homeomorphism, so that each commune stays in one piece. The cells are drawn on a grid, their borders are cut into
arcs between nodes, each arc is smoothed once with its ends held, and the arcs are put together again: neighbours
share their vertices exactly. Coordinates are EPSG:9212, metres, whole millimetres. The territory does not depend on
the seed of the sample.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from loader.sample.units import Units
from quality import vn2000

SRID: Final = 9212
AREA_M2: Final = 6_873.86e6
"""Declared area of the province: the outline is scaled to it."""

_CELL_M: Final = 250.0
_ROUNDS: Final = 60
_WARP: Final = 0.9917
"""Measured: the warp makes the outline larger by this much."""
_OUTLINE: Final = (
    (106.62, 11.35), (106.72, 11.34), (106.80, 11.40), (106.90, 11.33), (107.00, 11.31), (107.10, 11.36),
    (107.17, 11.42), (107.22, 11.50), (107.33, 11.55), (107.39, 11.64), (107.36, 11.74), (107.42, 11.82),
    (107.43, 11.92), (107.37, 12.02), (107.30, 12.10), (107.28, 12.22), (107.20, 12.29), (107.13, 12.25),
    (107.06, 12.14), (106.98, 12.09), (106.90, 12.08), (106.80, 12.05), (106.72, 11.97), (106.64, 11.97),
    (106.56, 12.04), (106.47, 12.00), (106.44, 11.93), (106.45, 11.84), (106.41, 11.77), (106.43, 11.69),
    (106.45, 11.61), (106.49, 11.53), (106.54, 11.46), (106.56, 11.39),
)  # fmt: skip
"""Rough corners of the province, drawn by hand, lon and lat."""

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Territory:
    """Boundaries in EPSG:9212, by id of the unit, and the nodes where three borders meet."""

    shapes: Mapping[int, MultiPolygon]
    nodes: tuple[tuple[float, float], ...]

    def corners(self, unit_id: int) -> frozenset[tuple[float, float]]:
        """Return the vertices of a unit."""
        return frozenset((float(x), float(y)) for x, y in shapely.get_coordinates(self.shapes[unit_id]))


def build_territory(units: Units) -> Territory:
    """Return the boundaries of all units of both states; the same on every call."""
    rng = np.random.default_rng(70)
    outline = _outline()
    cells = _grid(outline)
    warped = _warp(cells)
    groups = _group_cells(units, warped)
    labels = _mended(cells, _commune_labels(units, warped, groups, rng))
    arcs = _arcs(cells, labels)
    communes = _polygons(arcs, cells, labels)
    return Territory(_united(units, communes), _nodes(arcs))


def _outline() -> Polygon:
    lon, lat = np.array(_OUTLINE).T
    x, y = vn2000.from_lonlat(SRID, lon, lat)
    rough = Polygon(np.column_stack([x, y]))
    scale = (AREA_M2 * _WARP / rough.area) ** 0.5
    middle = np.array(rough.centroid.coords[0])
    return shapely.transform(rough, lambda c: (c - middle) * scale + middle)


def _grid(outline: Polygon) -> Floats:
    """Return the centres of the grid cells of the province, whose border is warped as all others are."""
    min_x, min_y, max_x, max_y = (np.array(outline.bounds) + np.array([-5e3, -5e3, 5e3, 5e3])) // _CELL_M * _CELL_M
    x, y = np.meshgrid(np.arange(min_x, max_x, _CELL_M), np.arange(min_y, max_y, _CELL_M))
    centres = np.column_stack([x.ravel(), y.ravel()]) + _CELL_M / 2
    seen = _warp(centres)
    return centres[shapely.contains_xy(outline, seen[:, 0], seen[:, 1])]


def _warp(points: Floats) -> Floats:
    """Move points by sums of waves; the slope of each sum is below one, so that nothing folds."""
    x, y = points.T / 1000.0
    dx = 1.5 * np.sin(x / 9.1 + y / 6.3 + 1.0) + 0.7 * np.sin(y / 3.1 - x / 5.2) + 0.25 * np.sin(x / 1.3 + y / 1.1)
    dy = 1.5 * np.sin(y / 8.3 - x / 7.1 + 2.0) + 0.7 * np.sin(x / 2.9 + y / 5.7) + 0.25 * np.sin(x / 1.2 - y / 1.4)
    return points + 1000.0 * np.column_stack([dx, dy])


def _group_cells(units: Units, warped: Floats) -> Ints:
    """Return for each grid cell the position, in the list of new communes, of the one that it belongs to."""
    lon_lat = np.array([units.positions[unit.id] for unit in units.new_communes])
    centres = np.column_stack(vn2000.from_lonlat(SRID, lon_lat[:, 0], lon_lat[:, 1]))
    declared = np.array([unit.declared_m2 or 1.0 for unit in units.new_communes])
    return _power_diagram(warped, centres, declared / declared.sum())


def _power_diagram(points: Floats, centres: Floats, shares: Floats) -> Ints:
    """Assign points to centres so that each gets about its share; centres move towards the middle of their points.

    Weights and centres are found on about 4,000 of the points.
    """
    few = points[:: 1 + len(points) // 4_000]
    wanted = shares * len(few)
    step_m2 = _CELL_M**2 * len(points) / len(few)
    weights = np.zeros(len(centres))
    for turn in range(_ROUNDS):
        owner = _nearest(few, centres, weights)
        got = np.bincount(owner, minlength=len(centres))
        weights += (wanted - got) * step_m2 * (0.5 if turn < _ROUNDS // 2 else 0.25)
        if turn < _ROUNDS // 2:
            centres = centres + 0.15 * (_middles(few, owner, len(centres)) - centres)
    return _nearest(points, centres, weights)


def _nearest(points: Floats, centres: Floats, weights: Floats) -> Ints:
    # |p - c|² - w without the term that all centres share
    return ((centres**2).sum(axis=1) - weights - 2.0 * points @ centres.T).argmin(axis=1)


def _middles(points: Floats, owner: Ints, count: int) -> Floats:
    sums = np.column_stack([np.bincount(owner, points[:, axis], count) for axis in (0, 1)])
    return sums / np.maximum(np.bincount(owner, minlength=count), 1)[:, None]


def _commune_labels(units: Units, warped: Floats, groups: Ints, rng: np.random.Generator) -> Ints:
    """Return for each grid cell the id of its old commune: each new commune is divided among those it came from."""
    labels = np.zeros(len(warped), dtype=np.int64)
    for position, unit in enumerate(units.new_communes):
        inside = np.flatnonzero(groups == position)
        parts = [old for old in units.communes if units.successor[old.id] == unit.id]
        centres = _spread(warped[inside], len(parts), rng)
        shares = np.array([0.25 if part.is_urban else 1.0 for part in parts])
        order = _places(units, [part.parent_id or 0 for part in parts], centres)
        owner = _power_diagram(warped[inside], centres[order], shares / shares.sum())
        labels[inside] = np.array([part.id for part in parts])[owner]
    return labels


def _spread(points: Floats, count: int, rng: np.random.Generator) -> Floats:
    centres = points[rng.choice(len(points), count, replace=False)]
    for _ in range(20):
        owner = _nearest(points, centres, np.zeros(count))
        centres = _middles(points, owner, count)
    return centres


def _places(units: Units, districts: list[int], centres: Floats) -> list[int]:
    """Give each old commune the free centre that lies nearest its district; the rarest district chooses first."""
    free = set(range(len(centres)))
    chosen: dict[int, int] = {}
    for part in sorted(range(len(districts)), key=lambda part: (districts.count(districts[part]), part)):
        lon, lat = units.positions[districts[part]]
        x, y = vn2000.from_lonlat(SRID, [lon], [lat])
        towards = (centres[:, 0] - x[0]) ** 2 + (centres[:, 1] - y[0]) ** 2
        chosen[part] = min(free, key=lambda place: float(towards[place]))
        free.remove(chosen[part])
    return [chosen[part] for part in range(len(districts))]


def _mended(cells: Floats, labels: Ints) -> Ints:
    """Give every fragment that is cut off from its commune to the commune that surrounds it most."""
    tree = shapely.STRtree(_points(cells))
    labels = labels.copy()
    while fragments := _fragments(cells, labels, tree):
        for face in fragments:
            inside = tree.query(face, predicate="contains")
            around = tree.query(face.buffer(1.1 * _CELL_M), predicate="contains")
            beside = labels[np.setdiff1d(around, inside)]
            others = beside[beside != labels[inside[0]]]
            labels[inside] = np.bincount(others).argmax()
    return labels


def _fragments(cells: Floats, labels: Ints, tree: shapely.STRtree) -> list[Polygon]:
    """Return the pieces of communes besides the largest of each."""
    edges = _border_edges(cells, labels)
    faces = sorted(shapely.get_parts(shapely.polygonize(_lines(edges))), key=lambda face: -face.area)
    seen: set[int] = set()
    rest: list[Polygon] = []
    for face in faces:
        owner = int(labels[tree.query(face, predicate="contains")[0]])
        if owner in seen:
            rest.append(face)
        seen.add(owner)
    return rest


def _arcs(cells: Floats, labels: Ints) -> list[LineString]:
    """Return the borders between cells of different communes, cut at nodes and smoothed."""
    edges = _border_edges(cells, labels)
    arcs = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(_lines(edges))))
    return [LineString(_smooth(shapely.get_coordinates(arc))) for arc in arcs]


def _border_edges(cells: Floats, labels: Ints) -> Floats:
    origin = cells.min(axis=0) - _CELL_M * 1.5
    column, row = np.round((cells - origin) / _CELL_M - 0.5).astype(int).T
    picture = np.zeros((row.max() + 2, column.max() + 2), dtype=np.int64)
    picture[row, column] = labels
    r, c = np.nonzero(picture[:, 1:] != picture[:, :-1])
    upright = np.stack([np.column_stack([c + 1, r]), np.column_stack([c + 1, r + 1])], axis=1)
    r, c = np.nonzero(picture[1:] != picture[:-1])
    level = np.stack([np.column_stack([c, r + 1]), np.column_stack([c + 1, r + 1])], axis=1)
    return np.concatenate([upright, level]) * _CELL_M + origin


def _points(coordinates: Floats) -> Shapes:
    return np.asarray(shapely.points(coordinates), dtype=object)


def _lines(coordinates: Floats) -> Shapes:
    return np.asarray(shapely.linestrings(coordinates), dtype=object)


def _smooth(points: Floats) -> Floats:
    """Round the steps of a border off; its ends stay, and a ring stays closed where it began."""
    middles = (points[1:] + points[:-1]) / 2
    line = np.vstack([points[:1], middles, points[-1:]])
    for _ in range(3):
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
    return np.round(np.vstack([line[:1], line[1:-1][:: 1 if len(line) < 6 else 2], line[-1:]]), 3)


def _polygons(arcs: list[LineString], cells: Floats, labels: Ints) -> dict[int, Polygon]:
    """Put the arcs together; each face is the commune whose grid cells lie in it."""
    faces = shapely.get_parts(shapely.polygonize(arcs))
    tree = shapely.STRtree(_points(cells))
    found: dict[int, Polygon] = {}
    for number, face in enumerate(faces):
        inside = labels[tree.query(face, predicate="contains")]
        owner = int(np.bincount(inside).argmax())
        if owner in found:
            raise AssertionError(f"commune {owner} is in two pieces, the second is face {number}")
        found[owner] = face
    return found


def _united(units: Units, communes: Mapping[int, Polygon]) -> dict[int, MultiPolygon]:
    shapes = {key: _multi(shape) for key, shape in communes.items()}
    for district in units.districts:
        shapes[district.id] = _union(communes[c.id] for c in units.communes if c.parent_id == district.id)
    for new in units.new_communes:
        shapes[new.id] = _union(communes[old] for old, to in units.successor.items() if to == new.id)
    shapes[units.province.id] = shapes[units.new_province.id] = _union(communes.values())
    return shapes


def _union(shapes: Iterable[Polygon]) -> MultiPolygon:
    return _multi(shapely.coverage_union_all(list(shapes)))


def _multi(shape: shapely.Geometry) -> MultiPolygon:
    return MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, Polygon)])


def _nodes(arcs: list[LineString]) -> tuple[tuple[float, float], ...]:
    ends = {(float(x), float(y)) for arc in arcs for x, y in (arc.coords[0], arc.coords[-1])}
    return tuple(sorted(ends))
