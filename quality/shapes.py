"""Rules on geometries: HH-01 to HH-07 and DV-02 on a whole batch at once; the words of HH-08 and HH-09."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Final, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from quality.numbers import comma
from quality.rules import (
    EMPTY_SHAPE,
    INVALID_SHAPE,
    MISSING_SHAPE,
    NOT_FINITE,
    OUTSIDE_UNIT,
    REPEATED_POINT,
    SPIKE,
    WRONG_SHAPE_TYPE,
    Batch,
    Finding,
    Values,
)

_REASONS: Final = {
    "Self-intersection": "tự cắt",
    "Ring Self-intersection": "vòng tự cắt",
    "Hole lies outside shell": "lỗ nằm ngoài đường bao",
    "Holes are nested": "lỗ lồng nhau",
    "Interior is disconnected": "phần trong bị tách rời",
    "Nested shells": "đường bao lồng nhau",
    "Duplicate Rings": "vòng trùng nhau",
    "Too few points in geometry component": "quá ít đỉnh",
    "Invalid Coordinate": "tọa độ không hợp lệ",
}


def check_shapes(batch: Batch, *, allowed: frozenset[str], sharpest_degrees: float = 1.0) -> Iterator[Finding]:
    """Yield what each single geometry breaks: HH-01 to HH-07.

    Args:
        allowed: names of geometry types ("Polygon", "MultiPolygon").
        sharpest_degrees: an angle below it is a spike.
    """
    if batch.shapes is None:
        return
    yield from unusable(batch, allowed)
    yield from invalid(batch)
    yield from repeated_points(batch)
    yield from spikes(batch, sharpest_degrees)


def unusable(batch: Batch, allowed: frozenset[str]) -> Iterator[Finding]:
    """Yield geometries that are missing, empty, of another type or not finite; one finding a row."""
    shapes = _shapes(batch)
    wrong = shapely.is_missing(shapes) | shapely.is_empty(shapes) | ~_has_type(shapes, allowed) | ~_is_finite(shapes)
    for i in np.flatnonzero(wrong):
        yield _unusable(batch, int(i), shapes[i], allowed)


def _unusable(batch: Batch, i: int, shape: BaseGeometry | None, allowed: frozenset[str]) -> Finding:
    if shape is None:
        return batch.finding(MISSING_SHAPE, i, "Không có hình.", "There is no geometry.")
    if shape.is_empty:
        return batch.finding(EMPTY_SHAPE, i, f"Hình {shape.geom_type} rỗng.", f"The {shape.geom_type} is empty.")
    if shape.geom_type not in allowed:
        wanted = ", ".join(sorted(allowed))
        return batch.finding(
            WRONG_SHAPE_TYPE,
            i,
            f"Hình là {shape.geom_type}, cần {wanted}.",
            f"{shape.geom_type}, not {wanted}.",
        )
    return batch.finding(NOT_FINITE, i, "Có tọa độ NaN hoặc vô cực.", "A coordinate is NaN or infinite.")


def invalid(batch: Batch) -> Iterator[Finding]:
    """Yield geometries that are not valid, with the reason and its place."""
    shapes = _shapes(batch)
    sound = _is_finite(shapes)
    for i in np.flatnonzero(sound & ~shapely.is_missing(shapes) & ~shapely.is_valid(_only(shapes, sound))):
        reason, _, place = str(shapely.is_valid_reason(shapes[i])).partition("[")
        x, y = [*place.rstrip("]").split(), "nan", "nan"][:2]
        vi = _REASONS.get(reason, reason)
        point = None if x == "nan" else shapely.Point(float(x), float(y))
        yield batch.finding(
            INVALID_SHAPE,
            int(i),
            f"Hình không hợp lệ: {vi} tại ({comma(x)}; {comma(y)}).",
            f"{reason} at ({x}, {y}).",
            at=point,
        )


@dataclass(frozen=True, slots=True)
class _Corners:
    """The vertices of all rings of a batch, each once: place, row, and edges to its neighbours."""

    points: NDArray[np.float64]
    row: NDArray[np.intp]
    back: NDArray[np.float64]
    ahead: NDArray[np.float64]


def repeated_points(batch: Batch, tolerance: float = 0.0) -> Iterator[Finding]:
    """Yield rows in which a vertex repeats the one before it; ``tolerance`` in units of the coordinates."""
    corners = _corners(_shapes(batch))
    repeated = np.hypot(*corners.ahead.T) <= tolerance
    for i, count, point in _first_of_each_row(corners, repeated):
        yield batch.finding(
            REPEATED_POINT,
            i,
            f"{count} đỉnh trùng với đỉnh trước.",
            f"{count} vertices repeat the one before.",
            at=point,
        )


def spikes(batch: Batch, sharpest_degrees: float) -> Iterator[Finding]:
    """Yield rows whose boundary turns back on itself in an angle below ``sharpest_degrees``."""
    corners = _corners(_shapes(batch))
    lengths = np.hypot(*corners.back.T) * np.hypot(*corners.ahead.T)
    turned = np.einsum("ij,ij->i", corners.back, corners.ahead)
    sharp = turned > lengths * cos(radians(sharpest_degrees))  # never where an edge has no length
    for i, count, point in _first_of_each_row(corners, sharp):
        yield batch.finding(
            SPIKE,
            i,
            f"{count} đỉnh nhọn dưới {comma(f'{sharpest_degrees:g}')}°.",
            f"{count} spikes below {sharpest_degrees:g}°.",
            at=point,
        )


def overlap_words(area_m2: float, other: str, row: int | None) -> tuple[str, str]:
    """Return the message of an overlap, Vietnamese and English; ``row`` is ``None`` for what is stored."""
    vi_where, en_where = ("", "") if row is None else (f" (dòng {row})", f" (row {row})")
    return (
        f"Chồng lấn {comma(f'{area_m2:.2f}')} m² với {other}{vi_where}.",
        f"Overlaps {other}{en_where} by {area_m2:.2f} m².",
    )


def outside(batch: Batch, *, column: str, areas: Mapping[str, BaseGeometry], tolerance_m: float) -> Iterator[Finding]:
    """Yield rows that leave their unit by more than a distance: boundaries of two sources differ by metres.

    Args:
        column: the one that holds the unit's code.
        areas: units by code, in the coordinates of the batch; rows of other units are passed over.
    """
    shapes = _sound(_shapes(batch))
    codes = batch.values[column]
    for code, area in areas.items():
        wide = shapely.buffer(area, tolerance_m)
        shapely.prepare(wide)
        here = np.flatnonzero((codes == code) & ~shapely.is_missing(shapes))
        for i in here[~shapely.covers(wide, shapes[here])]:
            shape = cast("BaseGeometry", shapes[i])
            beyond = shape.difference(wide)
            vi, en = outside_words(code, beyond.area, shape.area)
            yield batch.finding(OUTSIDE_UNIT, int(i), vi, en, column=column, at=beyond)


def outside_words(code: str, beyond_m2: float, whole_m2: float) -> tuple[str, str]:
    """Return the message of a row outside its commune, Vietnamese and English."""
    if not whole_m2:
        return f"Nằm ngoài xã {code}.", f"Lies outside commune {code}."
    share = 100 * beyond_m2 / whole_m2
    return (
        f"{comma(f'{beyond_m2:.1f} m² ({share:.1f} %)')} nằm ngoài xã {code}.",
        f"{beyond_m2:.1f} m² ({share:.1f} %) lie outside commune {code}.",
    )


def outside_many_words(count: int, examples: Sequence[str]) -> tuple[str, str]:
    """Return the one message of a file whose rows lie outside their communes because all of it lies elsewhere.

    Args:
        examples: the first rows in words, without the word "row".
    """
    named = "; ".join(examples)
    return (
        f"{count} dòng nằm ngoài xã của mình, ví dụ dòng {named}.",
        f"{count} rows lie outside their commune, for example row {named}.",
    )


def _shapes(batch: Batch) -> Values:
    return np.empty(0, object) if batch.shapes is None else batch.shapes


def _has_type(shapes: Values, allowed: frozenset[str]) -> NDArray[np.bool_]:
    numbers = [shapely.GeometryType[name.upper()].value for name in allowed]
    return np.isin(shapely.get_type_id(shapes), numbers)


def _is_finite(shapes: Values) -> NDArray[np.bool_]:
    """Say for each geometry whether all of x and y are numbers; true for what has no coordinates."""
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), np.bool_)
    finite[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return finite


def _sound(shapes: Values) -> Values:
    """Return the geometries with ``None`` for what no overlay can take."""
    finite = _only(shapes, _is_finite(shapes))
    return _only(finite, shapely.is_valid(finite))


def _only(shapes: Values, kept: NDArray[np.bool_]) -> Values:
    """Return the geometries with ``None`` for those that are not kept."""
    result = shapes.copy()
    result[~kept] = None
    return result


def _corners(shapes: Values) -> _Corners:
    polygonal = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)) & _is_finite(shapes))
    parts, of_shape = shapely.get_parts(shapes[polygonal], return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    own = ~_ends(ring)  # a ring repeats its first vertex at the end
    points, ring = points[own], ring[own]
    starts, ends = np.flatnonzero(_ends(ring[::-1])[::-1]), np.flatnonzero(_ends(ring))
    before, after = np.arange(len(ring)) - 1, np.arange(len(ring)) + 1
    before[starts], after[ends] = ends, starts
    row = polygonal[of_shape[of_part[ring]]]
    return _Corners(points, row, points[before] - points, points[after] - points)


def _ends(runs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say for each element whether it is the last of a run of equal ones."""
    return np.append(runs[1:] != runs[:-1], True)[: len(runs)]


def _first_of_each_row(corners: _Corners, chosen: NDArray[np.bool_]) -> Iterator[tuple[int, int, BaseGeometry]]:
    """Yield (index of the row, how many vertices of it are chosen, the first of them)."""
    where = np.flatnonzero(chosen)
    rows, first, counts = np.unique(corners.row[where], return_index=True, return_counts=True)
    for row, i, count in zip(rows, where[first], counts, strict=True):
        yield int(row), int(count), shapely.Point(corners.points[i])
