"""One pair of worlds asked in every shape."""

import dataclasses
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.leaks.asking import Difference, differences, fill
from tests.leaks.shapes import SHAPES, Shape
from tests.leaks.viewpoints import Viewpoint
from tests.leaks.witnesses import witnesses
from tests.leaks.worlds import Pair, World, Worlds


@dataclass(slots=True)
class Figures:
    """What was asked and found."""

    worlds: int = 0
    requests: int = 0
    changes: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    found: list[Difference] = field(default_factory=list[Difference])


def ask_all(
    pair: Pair,
    seed: int,
    shapes: Iterable[Shape] = SHAPES,
    *,
    figures: Figures | None = None,
    stop: bool = False,
) -> Figures:
    """Ask both worlds in each shape, with words drawn by the seed; ``stop`` is at the first difference."""
    figures = figures or Figures()
    figures.worlds += 1
    figures.changes += sum(pair.changes.values())
    chance = random.Random(f"words {pair.viewpoint.name} {seed}")
    for witness in witnesses(pair):
        drawn = [witness.words(chance) for _ in range(3)]
        for shape in shapes:
            asked = fill(shape, chance.choice(drawn), pair.headers)
            for status, difference in differences(shape, asked, pair.one.application, pair.other.application):
                figures.requests += 1
                figures.statuses[status] += 1
                figures.found += [difference] if difference else []
            if stop and figures.found:
                break
    return figures


def ask_catalogues(
    pair: Pair, one: World, other: World, seed: int, shapes: Iterable[Shape] = SHAPES, *, stop: bool = False
) -> Figures:
    """Ask two servers whose catalogues differ in what is hidden, with the words of a pair of worlds."""
    return ask_all(dataclasses.replace(pair, one=one, other=other), seed, shapes, stop=stop)


def ask_pair(worlds: Worlds, viewpoint: Viewpoint, seed: int, shapes: Iterable[Shape] = SHAPES) -> Figures:
    """Make a pair of worlds by a seed and ask it."""
    with worlds.pair(viewpoint, seed) as pair:
        return ask_all(pair, seed, shapes)
