"""Rules on areas: DT-01 stated against computed, DT-02 not positive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final

import shapely

from quality.numbers import comma
from quality.rules import AREA_DIFFERS, AREA_NOT_POSITIVE, Batch, Finding

POINT_ERROR_M: Final[Mapping[int, float]] = {500: 0.10, 1000: 0.20, 2000: 0.30, 5000: 0.80, 10000: 1.50}
"""Mean error of a boundary point by map scale.

Second-hand: programs in use carry these numbers; other readers of the circular give 0.07, 0.15, 0.30, 1.50
and 3.00. Whoever decides by them should read the circular on cadastral mapping and give his own.
"""


@dataclass(frozen=True, slots=True)
class AreaTolerance:
    """How far a stated area may be from the computed one: ``2 * point_error_m * sqrt(area)``.

    It is never less than ``least_m2``, which covers the rounding of the maps to 0.1 m².
    """

    point_error_m: float = POINT_ERROR_M[2000]
    least_m2: float = 0.1

    def at(self, area_m2: float) -> float:
        """Return the tolerance for one area, m²."""
        return max(self.least_m2, 2 * self.point_error_m * sqrt(area_m2))


def check_areas(batch: Batch, column: str, tolerance: AreaTolerance) -> Iterator[Finding]:
    """Yield rows whose stated area (m²) is not positive or not that of the geometry, which is in metres.

    The area is the plane one: on the map, as the certificate prints it, not on the ellipsoid.
    """
    shapes = batch.shapes
    for i, stated in enumerate(batch.values[column]):
        if stated is None:
            continue
        if stated <= 0:
            said = f"{stated:g} m²"
            yield batch.finding(
                AREA_NOT_POSITIVE, i, f"Diện tích ghi {comma(said)}.", f"The stated area is {said}.", column=column
            )
        elif shapes is not None and shapes[i] is not None:
            computed = float(shapely.area(shapes[i]))
            allowed = tolerance.at(computed)
            if abs(stated - computed) > allowed:
                yield batch.finding(AREA_DIFFERS, i, *_words(stated, computed, allowed), column=column)


def _words(stated: float, computed: float, allowed: float) -> tuple[str, str]:
    difference = stated - computed
    return (
        comma(f"Ghi {stated:.1f} m², tính {computed:.1f} m²: lệch {difference:+.1f} m² (cho phép ±{allowed:.1f})")
        + ".",
        f"Stated {stated:.1f} m², computed {computed:.1f} m²: {difference:+.1f} m² (allowed ±{allowed:.1f}).",
    )
