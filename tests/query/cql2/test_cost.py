"""What a filter is taken to cost: what makes a row dear must cost more."""

from core.limits import LIMITS
from query.cql2 import parse_text
from query.cql2.cost import cost_of

_RING = "POLYGON((" + ",".join(f"{106 + n / 10_000} {11 + n % 2 / 10}" for n in range(3_000)) + ",106 11))"


def _cost(text: str) -> int:
    return cost_of(parse_text(text, LIMITS))


def test_a_number_costs_by_its_digits():
    assert _cost("dien_tich * 1e308 > 0") - _cost("dien_tich * 1 > 0") == 308 // 5
    assert _cost(f"so_lon + {10**300} > 0") - _cost("so_lon + 1 > 0") > 50


def test_within_a_literal_is_cheap_and_a_literal_within_each_row_is_dear():
    assert _cost(f"S_WITHIN(geom, {_RING})") < 100
    assert _cost(f"S_WITHIN({_RING}, geom)") > 1_000


def test_a_literal_that_contains_is_cheap_and_each_row_that_contains_a_literal_is_dear():
    assert _cost(f"S_CONTAINS({_RING}, geom)") < 100
    assert _cost(f"S_CONTAINS(geom, {_RING})") > 1_000
