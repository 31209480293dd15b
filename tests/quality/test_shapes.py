from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from quality.rules import Batch, Finding
from quality.shapes import check_shapes, outside, overlap_words

POLYGONS = frozenset({"Polygon", "MultiPolygon"})
SQUARE = shapely.box(0, 0, 10, 10)


def batch_of(shapes: Sequence[BaseGeometry | None], **values: Sequence[object]) -> Batch:
    array = np.empty(len(shapes), object)
    array[:] = shapes
    return Batch(
        rows=np.arange(1, len(shapes) + 1),
        keys=[f"thửa {i + 1}" for i in range(len(shapes))],
        values={name: np.array(column, object) for name, column in values.items()},
        shapes=array,
    )


def codes(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    return [(each.rule.code, each.row) for each in findings]


def found(*shapes: BaseGeometry | None) -> list[Finding]:
    return list(check_shapes(batch_of(shapes), allowed=POLYGONS))


def test_sound_polygons_are_passed():
    assert found(SQUARE, shapely.MultiPolygon([SQUARE]), SQUARE.difference(shapely.box(2, 2, 4, 4))) == []


def test_no_rows_are_no_findings():
    assert found() == []


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "HH-01"),
        (shapely.Polygon(), "HH-02"),
        (shapely.from_wkt("POLYGON((0 0,10 10,10 0,0 10,0 0))"), "HH-03"),
        (shapely.Point(1, 1), "HH-04"),
        (shapely.LineString([(0, 0), (1, 1)]), "HH-04"),
        (shapely.from_wkt("POLYGON((0 0,10 0,10 inf,0 10,0 0))"), "HH-05"),
        (shapely.Polygon([(0, 0), (10, 0), (10, 0), (10, 10), (0, 10)]), "HH-06"),
        (shapely.Polygon([(0, 0), (10, 0), (10, 10), (9.99, 40), (9.98, 10), (0, 10)]), "HH-07"),
    ],
)
def test_each_fault_has_its_code_and_row(shape: BaseGeometry | None, code: str):
    assert codes(found(SQUARE, shape, SQUARE)) == [(code, 2)]


def test_an_invalid_polygon_says_why_and_where_in_both_languages():
    (finding,) = found(shapely.from_wkt("POLYGON((0 0,10 10,10 0,0 10,0 0))"))

    assert "tự cắt tại (5; 5)" in finding.vi
    assert finding.en == "Self-intersection at (5, 5)."
    assert finding.geometry == shapely.Point(5, 5)


def test_a_spike_at_the_first_vertex_and_in_a_hole_is_seen():
    first = shapely.Polygon([(10, 40), (9.9, 10), (0, 10), (0, 0), (10, 0), (10.1, 10)])
    hole = shapely.Polygon(SQUARE.exterior, [[(2, 2), (2, 4), (2.01, 9), (2.02, 4), (4, 4), (4, 2)]])

    assert codes(found(first, hole)) == [("HH-07", 1), ("HH-07", 2)]


def test_vertices_of_neighbouring_rings_are_not_mixed_up():
    many = [shapely.box(i, 0, i + 1, 1) for i in range(50)]

    assert found(shapely.MultiPolygon(many[::2]), *many) == []


def test_an_overlap_is_told_with_its_area_and_the_row_of_the_file_if_there_is_one():
    in_file = overlap_words(5.0, "thửa 1", 1)
    stored = overlap_words(4.0, "tờ 1 thửa 9", None)

    assert in_file == ("Chồng lấn 5,00 m² với thửa 1 (dòng 1).", "Overlaps thửa 1 (row 1) by 5.00 m².")
    assert stored == ("Chồng lấn 4,00 m² với tờ 1 thửa 9.", "Overlaps tờ 1 thửa 9 by 4.00 m².")


def test_a_row_outside_its_commune_is_told_beyond_the_tolerance():
    batch = batch_of(
        [shapely.box(1, 1, 2, 2), shapely.box(8, 8, 12, 9), shapely.box(8, 8, 30, 9), SQUARE, None],
        ma_xa=["25195", "25195", "25195", "99999", "25195"],
    )

    findings = list(outside(batch, column="ma_xa", areas={"25195": SQUARE}, tolerance_m=5))

    assert codes(findings) == [("DV-02", 3)]
    assert findings[0].vi == "15,0 m² (68,2 %) nằm ngoài xã 25195."


coordinates = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, float("inf")])
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=8).map(lambda ring: [*ring, ring[0]])


@given(st.lists(st.none() | rings.map(shapely.Polygon), max_size=5))
def test_no_polygon_breaks_the_checks(shapes: list[BaseGeometry | None]):
    batch = batch_of(shapes, ma_xa=["x"] * len(shapes))

    list(check_shapes(batch, allowed=POLYGONS))
    list(outside(batch, column="ma_xa", areas={"x": SQUARE}, tolerance_m=1))
