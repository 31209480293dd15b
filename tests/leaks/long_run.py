"""The long run: every viewpoint in many worlds. Not collected by itself: ``make leaks`` names this file."""

import os
import random
import time
from collections import Counter

import pytest

from tests.leaks.paired import Figures, ask_all
from tests.leaks.record import write
from tests.leaks.shapes import SHAPES
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds

WORLDS = int(os.environ.get("DATDAI_TEST_LEAKS_WORLDS", "50"))
SHAPES_EACH = int(os.environ.get("DATDAI_TEST_LEAKS_SHAPES", "220"))
"""Shapes that each pair of worlds is asked in, drawn by its seed: a viewpoint is asked in all of them."""
CHUNK = 5
"""Worlds that grow out of each other before the database is copied anew."""


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("first", range(0, WORLDS, CHUNK))
def test_no_answer_differs(worlds: Worlds, name: str, first: int) -> None:
    begun, figures, kinds, asked = time.monotonic(), Figures(), Counter[str](), Counter[str]()
    seeds = range(first, min(first + CHUNK, WORLDS))
    with worlds.pairs(BY_NAME[name], seeds) as pairs:
        for seed, pair in zip(seeds, pairs, strict=True):
            drawn = set(
                random.Random(f"shapes {name} {seed}").sample(range(len(SHAPES)), min(SHAPES_EACH, len(SHAPES)))
            )
            shapes = [each for number, each in enumerate(SHAPES) if number in drawn]
            ask_all(pair, seed, shapes, figures=figures)
            asked.update(each.name for each in shapes)
            kinds += pair.changes
    found = [str(each) for each in figures.found]
    write(
        {
            "pairs": name,
            "first": first,
            "worlds": figures.worlds,
            "requests": figures.requests,
            "shapes": asked,
            "changes": kinds,
            "statuses": figures.statuses,
            "differences": found,
            "seconds": time.monotonic() - begun,
        }
    )

    assert not found, "\n".join(found[:6])
