"""Border markers where borders meet, survey points, border lines and protection strips."""

from datetime import date
from typing import Final

import numpy as np
import shapely
from shapely import MultiLineString, Point

from loader.sample.lattice import road_line
from loader.sample.model import Rows, Task, one_hex
from loader.sample.parcels import Ground
from loader.sample.randomness import Draw

_SINCE: Final = date(2015, 6, 30)


def add_borders(task: Task, ground: Ground, rows: Rows) -> None:
    """Add the markers and lines of a commune."""
    draw = Draw(task.seed, task.unit.id, 8)
    for number, node in enumerate(task.border_nodes, start=1):
        name = f"M-{task.unit.code}-{number:02d}"
        _add_marker(task, rows, draw, ("dia_gioi", name, None), node)
    for number, (u, v) in enumerate(ground.plan.villages, start=1):
        x, y = ground.plan.frame.bend(np.array([u]), np.array([v]))[0].round(3).tolist()
        if task.shape.contains(Point(x, y)):
            _add_marker(task, rows, draw, ("toa_do_dia_chinh", f"DC-{task.unit.code}-{number}", "Địa chính"), (x, y))
    lines = MultiLineString([part.exterior for part in task.shape.geoms])
    row = ("dia_gioi", f"Địa giới {task.unit.name}", task.unit.legal_basis, _SINCE, one_hex(lines))
    rows.add("dc.chi_gioi", draw.uuid(), task.owner.id, *row)
    _add_strip(task, ground, rows, draw)


def _add_marker(task: Task, rows: Rows, draw: Draw, what: tuple[str, str, str | None], at: tuple[float, float]) -> None:
    height = round(40 + 160 * draw.number(), 2)
    rows.add("dc.moc", draw.uuid(), task.owner.id, *what, height, _SINCE, one_hex(Point(at)))


def _add_strip(task: Task, ground: Ground, rows: Rows, draw: Draw) -> None:
    """Add the edges of the protection strip of the main road through the first village."""
    plan = ground.plan
    ends = plan.rows[0].at, plan.rows[-1].at
    sides = [road_line(plan.frame, (side, ends[0]), (side, ends[1])).intersection(task.shape) for side in (-17.0, 17.0)]
    parts = [part for side in sides for part in shapely.get_parts(side) if part.geom_type == "LineString"]
    if parts:
        row = ("hanh_lang_an_toan", "Hành lang an toàn đường chính (mẫu)", "Dữ liệu mẫu", _SINCE)
        rows.add("dc.chi_gioi", draw.uuid(), task.owner.id, *row, one_hex(MultiLineString(parts)))
