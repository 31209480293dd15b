"""Land-use planning: zones that lie across parcels, targets of communes, projects of the yearly plans. All invented."""

from collections.abc import Iterator
from typing import Final

import shapely
from shapely import MultiPolygon, Polygon

from loader.sample.lattice import Plan, Rectangle, patch
from loader.sample.model import Head, Rows, Task, one_hex
from loader.sample.parcels import Ground
from loader.sample.randomness import Draw

YEARS: Final = (2024, 2025)
_LEAST_M2: Final = 500.0
_ZONES: Final = (
    ("ONT", "Khu dân cư nông thôn"), ("DHT", "Khu hạ tầng kỹ thuật"), ("SKC", "Khu sản xuất phi nông nghiệp"),
    ("CLN", "Vùng cây lâu năm"), ("DKV", "Khu vui chơi, giải trí công cộng"), ("TMD", "Khu thương mại, dịch vụ"),
    ("SKN", "Cụm công nghiệp"), ("RSX", "Vùng rừng sản xuất"), ("HNK", "Vùng cây hằng năm"),
)  # fmt: skip
_PROJECTS: Final = (
    ("DHT", "Nâng cấp đường giao thông"), ("DHT", "Xây dựng trường học"), ("DKV", "Công viên, nhà văn hóa"),
    ("ONT", "Khu dân cư"), ("SKC", "Nhà máy chế biến nông sản"), ("NTD", "Mở rộng nghĩa trang"),
)  # fmt: skip


def add_planning(task: Task, ground: Ground, head: Head, rows: Rows) -> None:
    """Add the planning zones, the shares of targets and the projects of a commune."""
    draw = Draw(task.seed, task.unit.id, 7)
    places = list(_places(ground.plan, draw))
    for number, place in enumerate(places[:12]):
        _add_zone(task, ground.plan, place, number, head, rows, draw)
    for year in YEARS:
        for number in range(2):
            _add_project(task, ground.plan, draw.pick(places), (year, number), head, rows, draw)


def _places(plan: Plan, draw: Draw) -> Iterator[Rectangle]:
    """Return rectangles that lie across block borders and never across one another: one in each pair of cells."""
    for i in range(0, len(plan.columns) - 2, 2):
        for j in range(0, len(plan.rows) - 2, 2):
            u0, u1 = plan.columns[i].at, plan.columns[i + 2].at
            v0, v1 = plan.rows[j].at, plan.rows[j + 2].at
            if not draw.chance(0.6):
                continue
            a, b = 0.05 + 0.3 * draw.number(), 0.6 + 0.35 * draw.number()
            c, d = 0.05 + 0.3 * draw.number(), 0.6 + 0.35 * draw.number()
            yield Rectangle(u0 + a * (u1 - u0), v0 + c * (v1 - v0), u0 + b * (u1 - u0), v0 + d * (v1 - v0))
    u, v = plan.villages[0]
    if len(plan.columns) < 4 or len(plan.rows) < 4:
        yield Rectangle(u - 60, v - 45, u + 65, v + 50)


def _clip(task: Task, plan: Plan, place: Rectangle) -> MultiPolygon:
    cut = shapely.get_parts(task.shape.intersection(patch(plan.frame, place), grid_size=0.001))
    return MultiPolygon([part for part in cut if isinstance(part, Polygon) and part.area > _LEAST_M2])


def _add_zone(task: Task, plan: Plan, place: Rectangle, number: int, head: Head, rows: Rows, draw: Draw) -> None:
    shape = _clip(task, plan, place)
    if shape.is_empty:
        return
    code, title = draw.pick(_ZONES)
    code = "ODT" if code == "ONT" and task.unit.is_urban else code
    name = f"{title} số {number + 1}, {task.unit.name} (mẫu)"
    district = head.district_plans[task.district.id]
    plans = [district] if draw.chance(0.75) else [district, head.province_plan]
    for key in plans:
        area = round(shape.area, 1)
        rows.add("qh.vung", draw.uuid(), task.owner.id, key, code, name, 2030, area, one_hex(shape))
        used = round(area * draw.number() * 0.8, 1)
        rows.targets[key, code, "dien_tich"] += round(area * 10)
        rows.targets[key, code, "da_dung"] += round(used * 10)


def _add_project(
    task: Task, plan: Plan, place: Rectangle, which: tuple[int, int], head: Head, rows: Rows, draw: Draw
) -> None:
    """Add a project of at most some hectares in a corner of a place."""
    year, number = which
    width, depth = 80 + 200 * draw.number(), 60 + 150 * draw.number()
    small = Rectangle(place.u0, place.v0, min(place.u1, place.u0 + width), min(place.v1, place.v0 + depth))
    shape = _clip(task, plan, small)
    if shape.is_empty:
        return
    code, title = draw.pick(_PROJECTS)
    area = round(shape.area, 1)
    taken = round(area * (0.3 + 0.7 * draw.number()), 1)
    rows.add(
        "qh.cong_trinh", draw.uuid(), task.owner.id, head.yearly_plans[task.district.id, year], year,
        task.number * 10 + number + 1, f"{title}, {task.unit.name} (mẫu)", code, area, min(taken, area), one_hex(shape),
    )  # fmt: skip
