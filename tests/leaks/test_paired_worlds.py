"""Two worlds that differ only in what a caller may not see answer alike, to the byte. ``make leaks`` asks many more."""

import pytest

from tests.leaks.paired import ask_pair
from tests.leaks.shapes import SHAPES
from tests.leaks.viewpoints import BY_NAME, VIEWPOINTS
from tests.leaks.worlds import Worlds


def test_there_are_shapes_and_viewpoints_enough() -> None:
    assert len({each.name for each in SHAPES}) == len(SHAPES) >= 200
    assert len({(*each.parameters, each.path, each.method, str(each.headers)) for each in SHAPES}) >= 200
    assert len(VIEWPOINTS) >= 12
    assert BY_NAME["commune-officer"].unit == BY_NAME["commune-clerk"].unit


@pytest.mark.parametrize("name", ["commune-officer", "exporter"])
def test_no_answer_differs_between_two_worlds_that_the_caller_cannot_tell_apart(worlds: Worlds, name: str) -> None:
    figures = ask_pair(worlds, BY_NAME[name], seed=1)

    assert figures.changes > 5
    assert not figures.found, "\n".join(map(str, figures.found[:6]))
