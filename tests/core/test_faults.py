"""What no document and no body may hold, whatever its model says."""

from typing import Any

import pytest

from core.faults import excess_of
from core.limits import LIMITS

LONG = "ư" * (LIMITS.admin_text_max + 1)
MANY = [0] * (LIMITS.admin_list_max + 1)


@pytest.mark.parametrize(
    ("written", "where"),
    [
        (LONG, "-"),
        ({"a": LONG}, "a"),
        ({"a": [{"b": ["x", LONG]}]}, "a.0.b.1"),
        ({LONG: 1}, "-"),
        ({"a": {LONG: {}}}, "a"),
        ({"a": MANY}, "a"),
        ({"a": [MANY]}, "a.0"),
        ({"a": {str(n): n for n in range(LIMITS.admin_list_max + 1)}}, "a"),
    ],
)
def test_a_text_or_a_list_that_is_too_long_is_named_wherever_it_stands(written: Any, where: str):
    assert [place for place, _ in excess_of(written)] == [where]


def test_what_is_as_long_as_it_may_be_passes():
    assert not list(excess_of({"a": LONG[1:], "b": MANY[1:], LONG[1:]: [{"c": None, "d": 1.5}]}))
