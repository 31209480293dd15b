"""The long run: every viewpoint in many worlds. Not collected by itself: ``make leaks`` names this file."""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.leaks.paired import Figures, ask_all
from tests.leaks.shapes import SHAPES
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds

WORLDS = int(os.environ.get("DATDAI_TEST_LEAKS_WORLDS", "50"))
SHAPES_EACH = int(os.environ.get("DATDAI_TEST_LEAKS_SHAPES", "1000"))
"""Shapes that each world is asked in, drawn by its seed; there are fewer in all."""
CHUNK = 5
RESULTS = Path(os.environ.get("DATDAI_TEST_LEAKS_RESULTS", "/dev/null"))


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("first", range(0, WORLDS, CHUNK))
def test_no_answer_differs(worlds: Worlds, name: str, first: int) -> None:
    begun, figures, kinds, asked = time.monotonic(), Figures(), Counter[str](), set[str]()
    for seed in range(first, min(first + CHUNK, WORLDS)):
        with worlds.pair(BY_NAME[name], seed) as pair:
            shapes = random.Random(f"shapes {name} {seed}").sample(SHAPES, min(SHAPES_EACH, len(SHAPES)))
            ask_all(pair, seed, sorted(shapes, key=SHAPES.index), figures=figures)
            asked |= {each.name for each in shapes}
            kinds += pair.changes
    found = [str(each) for each in figures.found]
    line = {
        "viewpoint": name,
        "worlds": figures.worlds,
        "requests": figures.requests,
        "shapes": sorted(asked),
        "changes": kinds,
        "statuses": figures.statuses,
        "differences": found,
        "seconds": time.monotonic() - begun,
    }
    with RESULTS.open("a") as results:
        results.write(json.dumps(line) + "\n")

    assert not found, "\n".join(found[:6])
