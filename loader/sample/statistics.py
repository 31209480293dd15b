"""Land statistics: statistical plots that tile the commune, and forms 01 and 03 counted from them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import shapely
from shapely import Polygon

from loader.sample.cadastre import MANAGERS
from loader.sample.codes import PARENTS
from loader.sample.model import SYSTEM, YEAR, Rows, Task, group_of
from loader.sample.parcels import Ground, Use, polygon
from loader.sample.randomness import Draw
from loader.sample.shapes import areas, each_alone, hex_wkb

_TENTHS_PER_UNIT: Final = 1_000
"""Forms are in hundredths of a hectare, plots in tenths of a square metre."""
_PLOTS_PER_RANK: Final = 1_000_000

type Cells = Mapping[tuple[str, str], int]
"""Hundredths of a hectare by land-use code and column."""


def add_plots(task: Task, ground: Ground, rows: Rows) -> None:
    """Add the plots of a commune and count their areas by use and holder."""
    draw = Draw(task.seed, task.unit.id, 6)
    plots = [*_plots_of_parcels(ground), *_roads(task, ground)]
    shapes = each_alone(np.array([shape for _, shape in plots], dtype=object))
    number = task.rank * _PLOTS_PER_RANK if task.era == "after_reform" else 0
    parts = zip(plots, hex_wkb(shapes), areas(shapes).tolist(), strict=True)
    for (use, _), shape, exact in parts:
        number += 1
        area = round(exact, 1)
        code = use.codes[0]
        earlier = "BCS" if draw.chance(0.01) else code
        other = use.codes[1] if len(use.codes) > 1 else None
        rows.add(
            "tk.khoanh_dat", draw.uuid(), task.owner.id, YEAR, number, SYSTEM, code, earlier, group_of(code), other,
            use.holder, use.holder, exact, area, shape,
        )  # fmt: skip
        rows.cells[code, use.holder] += round(area * 10)


def _plots_of_parcels(ground: Ground) -> Iterable[tuple[Use, Polygon]]:
    """Return runs of land of one use and one kind of holder within each block."""
    members: defaultdict[int, list[tuple[Use, Polygon]]] = defaultdict(list)
    for parcel in ground.parcels:
        members[parcel.block].append((parcel.use, polygon(parcel.ring)))
    for block, division in enumerate(ground.divisions):
        if block not in members:
            yield ground.uses[block], polygon(division.outline)
            continue
        by_use: defaultdict[tuple[str, str], list[Polygon]] = defaultdict(list)
        for use, shape in members[block]:
            by_use[use.codes[0], use.holder].append(shape)
        for (code, holder), shapes in by_use.items():
            for part in shapely.get_parts(shapely.coverage_union_all(shapes)):
                yield Use((code,), holder), part


def _roads(task: Task, ground: Ground) -> Iterable[tuple[Use, Polygon]]:
    """Return what the blocks leave over: roads and paths."""
    holes = [polygon(division.outline) for division in ground.divisions]
    for part in task.shape.geoms:
        inside = [hole.exterior for hole in holes if part.contains(hole)]
        yield Use(("DGT",), "TCQ"), Polygon(part.exterior, inside)


def rounded_cells(tenths: Mapping[tuple[str, str], int]) -> Counter[tuple[str, str]]:
    """Return hundredths of a hectare whose sum is the rounded sum: the largest remainders are rounded up."""
    total = round(sum(tenths.values()) / _TENTHS_PER_UNIT)
    cells = Counter({key: value // _TENTHS_PER_UNIT for key, value in tenths.items()})
    order = sorted(tenths, key=lambda key: (-(tenths[key] % _TENTHS_PER_UNIT), key))
    for key in order[: total - sum(cells.values())]:
        cells[key] += 1
    return cells


def form_01(cells: Cells) -> dict[tuple[str, str], int]:
    """Return form 01/TKKK: every code with its groups above, every holder with the sums of users and managers."""
    form: Counter[tuple[str, str]] = Counter()
    for (code, holder), value in cells.items():
        side = "tong_quan_ly" if holder in MANAGERS else "tong_su_dung"
        for row in _rows_of(code):
            for column in (holder, side, "tong"):
                form[row, column] += value
    return {key: value for key, value in form.items() if value}


def form_03(parts: Mapping[str, Cells]) -> dict[tuple[str, str], int]:
    """Return form 03/TKKK: every code by part of the territory (code of the unit), and their sum."""
    form: Counter[tuple[str, str]] = Counter()
    for part, cells in parts.items():
        for (code, _), value in cells.items():
            for row in _rows_of(code):
                form[row, part] += value
                form[row, "tong"] += value
    return {key: value for key, value in form.items() if value}


def add_form(rows: Rows, owner: int, form: str, cells: Cells, draw: Draw) -> None:
    """Add the cells of one form of one unit, in hectares."""
    for (code, column), value in sorted(cells.items()):
        rows.add("tk.bieu", draw.uuid(), owner, YEAR, form, SYSTEM, code, column, value / 100, "ha")


def _rows_of(code: str) -> Iterable[str]:
    while code:
        yield code
        code = PARENTS.get(code, "")
