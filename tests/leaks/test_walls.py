"""Either wall alone holds.

The first alone: in a database whose roles may read everything, the answers are those of both walls. The second alone: a
server that selects no rows by the profile and resolves names in the whole layer answers what names permitted columns
alone with the bytes of both walls, and is refused by PostgreSQL (42501) whatever names a hidden column.
"""

import json
import logging
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from server import problems
from tests.leaks import walls
from tests.leaks.asking import Answered, Difference, differences, fill, send
from tests.leaks.shapes import SHAPES, Shape
from tests.leaks.viewpoints import BY_NAME, LAYERS
from tests.leaks.witnesses import witnesses
from tests.leaks.worlds import Pair, Worlds, copy_of, publish, served

ALL = os.environ.get("DATDAI_TEST_LEAKS") == "all"
NAMES = [name for name in BY_NAME if name not in ("public-with-nothing", "token-without-features")]
ENOUGH = 150


@pytest.mark.parametrize("name", NAMES if ALL else ["commune-officer"])
def test_the_first_wall_alone_gives_the_bytes_of_both(worlds: Worlds, tmp_path: Path, name: str) -> None:
    found: list[Difference] = []
    with _beside(worlds, tmp_path, name, opened=True) as pair:
        for shape, words in _asked(pair):
            every = differences(shape, fill(shape, words, pair.headers), pair.one.application, pair.other.application)
            found += [difference for _, difference in every if difference]

    assert not found, "\n".join(map(str, found[:6]))


@dataclass(slots=True)
class Tally:
    """What the second wall alone did."""

    refused: int = 0
    same: set[str] = field(default_factory=set[str])
    wrong: list[str] = field(default_factory=list[str])


@pytest.mark.parametrize("name", NAMES if ALL else ["commune-clerk"])
def test_the_second_wall_alone_answers_what_is_permitted_and_refuses_the_rest(
    worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tally, states = Tally(), Counter[str]()
    with _beside(worlds, tmp_path, name, opened=False) as pair:
        asked = [(shape, words, fill(shape, words, pair.headers)) for shape, words in _asked(pair)]
        both = [send(pair.one.application, each) for *_, each in asked]
        walls.without_first(monkeypatch)
        _note_states(monkeypatch, states)
        for (shape, words, each), answer in zip(asked, both, strict=True):
            states.clear()
            alone = send(pair.other.application, each)
            _judge(tally, shape, words, answer, alone, states["42501"] > 0, pair)

    note = f"second wall alone, {name}: {len(tally.same)} shapes answer 200 with the bytes of both walls, "
    _write({"note": f"{note}{tally.refused} requests that name a hidden column are refused by PostgreSQL (42501)"})
    assert not tally.wrong, "\n".join(tally.wrong[:12])
    assert len(tally.same) >= ENOUGH or name == "without-queries", len(tally.same)
    assert tally.refused


def _judge(
    tally: Tally, shape: Shape, words: dict[str, str], both: Answered, alone: Answered, refused: bool, pair: Pair
) -> None:
    if refused:
        tally.refused += 1
        if not _names_hidden(shape, words, pair):
            tally.wrong.append(f"refused, but names nothing that is hidden: {shape.name} {words}")
    elif both.status == 200:
        if both == alone:
            tally.same.add(shape.name)
        else:
            tally.wrong.append(f"differs: {Difference(shape.name, fill(shape, words, pair.headers), both, alone)}")
    elif alone.status == 200 and _names_hidden(shape, words, pair) and not _leaves_out(shape):
        tally.wrong.append(f"a hidden column was read: {fill(shape, words, pair.headers)}")


def _names_hidden(shape: Shape, words: dict[str, str], pair: Pair) -> bool:
    collection = pair.profile.collections[words["c"]]
    layer = LAYERS[collection.layer.id]
    hidden = {each.name for each in layer.columns} - {each.name for each in collection.columns}
    text = fill(shape, words, {})
    return any(name in (text.target + (text.body or "")) for name in hidden)


def _leaves_out(shape: Shape) -> bool:
    """Tell whether a shape names columns only to leave them out: nothing of them need be read."""
    return any(name == "exclude-properties" for name, _ in shape.parameters)


@contextmanager
def _beside(worlds: Worlds, home: Path, name: str, *, opened: bool) -> Iterator[Pair]:
    """Yield two servers over copies of one database: as it is, and for a wall to be taken away."""
    viewpoint = BY_NAME[name]
    with worlds.pair(viewpoint, 3) as pair, ExitStack() as stack:
        dsns = [stack.enter_context(copy_of(worlds.cluster, worlds.template)) for _ in range(2)]
        for dsn in dsns:
            if viewpoint.unit is None:
                publish(dsn, viewpoint)
        if opened:
            walls.without_second(dsns[1])
        one, other = (stack.enter_context(served(dsn, home)) for dsn in dsns)
        yield Pair(viewpoint, pair.profile, pair.sight, pair.places, one, other, pair.changes)


def _asked(pair: Pair) -> Iterator[tuple[Shape, dict[str, str]]]:
    chance = random.Random(f"walls {pair.viewpoint.name}")
    for witness in witnesses(pair):
        drawn = [witness.words(chance) for _ in range(3)]
        for shape in SHAPES:
            yield shape, chance.choice(drawn)


def _note_states(patch: pytest.MonkeyPatch, states: Counter[str]) -> None:
    """Count the SQLSTATEs that become answers."""
    answer = problems.answer
    patch.setattr(problems, "_log", logging.getLogger("tests.quiet"))
    logging.getLogger("tests.quiet").disabled = True

    def noted(parts: object, visitor: object, request: object, error: Exception) -> object:
        if isinstance(error, psycopg.Error):
            states[error.sqlstate or ""] += 1
        return answer(parts, visitor, request, error)  # pyright: ignore

    patch.setattr(problems, "answer", noted)


def _write(line: dict[str, str]) -> None:
    with Path(os.environ.get("DATDAI_TEST_LEAKS_RESULTS", "/dev/null")).open("a") as results:
        results.write(json.dumps(line) + "\n")
