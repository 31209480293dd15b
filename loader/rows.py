"""What a row tells by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import shapely

from loader.mapping import Origin, Reading
from loader.placement import in_metres
from loader.plan import KINDS, Plan
from quality.areas import AreaTolerance, check_areas
from quality.codes import check_codes
from quality.coordinates import unplaceable
from quality.rules import UNKNOWN_UNIT, UNPLACEABLE, Batch, Finding, Positions, Values
from quality.shapes import check_shapes
from quality.values import check_length, check_required, check_residue
from quality.vn2000 import Numbers


def check_rows(plan: Plan, batch: Batch) -> list[Finding]:
    """Return what the rows of a batch break, each by itself."""
    return [
        *_shape_findings(plan, batch),
        *_value_findings(plan, batch),
        *(_unit_findings(plan, batch) if plan.by_commune else ()),
    ]


def _shape_findings(plan: Plan, batch: Batch) -> Iterator[Finding]:
    geometry = plan.order.layer.geometry
    if geometry is None or batch.shapes is None:
        return
    yield from check_shapes(batch, allowed=frozenset({KINDS[geometry.kind]}))
    lost = lost_shapes(plan, batch.shapes)
    for i in lost:
        yield batch.finding(UNPLACEABLE, int(i), *_lost_words(shapely.bounds(batch.shapes[i]), plan.given_srid))
    area = plan.checks.area
    if area and area in batch.values:
        sound = batch.shapes.copy()
        sound[lost] = None
        metric = in_metres(sound, plan.given_srid, geometry.stored_srid)
        yield from check_areas(
            replace(batch, shapes=metric), area, AreaTolerance(point_error_m=plan.checks.point_error_m)
        )


def lost_shapes(plan: Plan, shapes: Values) -> Positions:
    """Return the positions of geometries with a corner that has no place on the earth."""
    bounds = shapely.bounds(shapes)
    known = np.flatnonzero(np.isfinite(bounds).all(axis=1))
    low, high = (
        unplaceable(bounds[known, i], bounds[known, i + 1], srid=plan.given_srid, onto=plan.srid) for i in (0, 2)
    )
    return known[low | high]


def _lost_words(bounds: Numbers, srid: int) -> tuple[str, str]:
    corners = ", ".join(f"{each:.10g}" for each in bounds)
    return (
        f"Không chuyển được tọa độ [{corners}] của EPSG:{srid}.",
        f"The coordinates [{corners}] of EPSG:{srid} cannot be transformed.",
    )


def _value_findings(plan: Plan, batch: Batch) -> Iterator[Finding]:
    for name, origin in plan.origins.items():
        target = plan.targets[name]
        derived = origin.reading in (Reading.FIRST_CODE, Reading.FIRST_GROUP, Reading.CODE_SYSTEM)
        if target.required and not derived:
            yield from check_required(batch, name)
        if target.type == "text":
            yield from check_residue(batch, name)
        if target.longest is not None:
            yield from check_length(batch, name, target.longest)
        codes = plan.context.codes.get((plan.checks.codes if _joined(origin) else target.codelist) or "")
        if codes and not derived and target.type == "text":
            day = plan.context.day
            yield from check_codes(batch, name, codes=codes, day=day, joined=_joined(origin))


def _joined(origin: Origin) -> bool:
    return origin.reading is Reading.JOINED_CODES


def _unit_findings(plan: Plan, batch: Batch) -> Iterator[Finding]:
    day = plan.context.day
    for i, code in enumerate(batch.values["ma_xa"]):
        if code is not None and code not in plan.units:
            vi = f"Ngày {day:%d/%m/%Y} không có đơn vị hành chính mã «{code}»."
            en = f"On {day:%Y-%m-%d} there is no unit with the code “{code}”."
            yield batch.finding(UNKNOWN_UNIT, i, vi, en, column="ma_xa")
        elif code is None:
            yield batch.finding(UNKNOWN_UNIT, i, "Thiếu mã xã.", "The commune code is missing.", column="ma_xa")


def key_words(plan: Plan, values: Mapping[str, Values], size: int) -> list[str]:
    """Return each row's key in words: ``ma_xa 25195, so_to 1, so_thua 2``."""
    names = next((key.columns for key in plan.table.keys if key.columns != ("id",)), ())
    shown = ["ma_xa" if name == "xa_id" and "ma_xa" in values else name for name in names]
    return [", ".join(f"{name} {values[name][i]}" for name in shown) for i in range(size)]
