"""Either wall alone holds.

The first alone: in a database whose roles may read everything, the answers are those of both walls. The second alone: a
server that selects no rows by the profile and resolves names in the whole layer answers what names permitted columns
alone with the bytes of both walls, and is refused by PostgreSQL (42501) whatever names a hidden column.
"""

import logging
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import psycopg
import pytest

from catalogue.profile import Operation
from server import problems
from tests.leaks import walls
from tests.leaks.asking import Asked, Difference, differences, fill, send
from tests.leaks.record import ALL, write
from tests.leaks.shapes import SHAPES, Shape
from tests.leaks.sight import sight_of
from tests.leaks.viewpoints import BY_NAME, LAYERS, Viewpoint
from tests.leaks.witnesses import witnesses
from tests.leaks.worlds import Pair, World, Worlds, places_of, served

ENOUGH = 150
BLIND = ("public-with-nothing", "token-without-features")
"""Viewpoints from which nothing of any layer is seen: no request is answered by rows, and no name is resolved."""


@pytest.mark.parametrize("name", BY_NAME if ALL else ["commune-officer"])
def test_the_first_wall_alone_gives_the_bytes_of_both(worlds: Worlds, tmp_path: Path, name: str) -> None:
    found: list[Difference] = []
    answered, requests = set[str](), 0
    with _beside(worlds, tmp_path, name, opened=True) as pair:
        for shape, words in _asked(pair):
            asked = fill(shape, words, pair.headers)
            for status, difference in differences(shape, asked, pair.one.application, pair.other.application):
                requests += 1
                answered |= {shape.name} if status == 200 else set()
                found += [difference] if difference else []

    write({"wall": "first", "viewpoint": name, "same": len(answered), "requests": requests, "differences": len(found)})
    assert not found, "\n".join(map(str, found[:6]))
    assert len(answered) >= ENOUGH or name in BLIND, len(answered)


@dataclass(slots=True)
class Tally:
    """What the second wall alone did: shapes answered with the bytes of both walls, requests that it refused."""

    refused: int = 0
    same: set[str] = field(default_factory=set[str])
    wrong: list[str] = field(default_factory=list[str])


@pytest.mark.parametrize("name", BY_NAME if ALL else ["commune-clerk"])
def test_the_second_wall_alone_answers_what_is_permitted_and_refuses_the_rest(
    worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tally, states = Tally(), Counter[str]()
    with (
        _beside(worlds, tmp_path, name, opened=False) as pair,
        _served(worlds, tmp_path, BY_NAME[name], opened=True) as open_world,
    ):
        asked = [(shape, words, fill(shape, words, pair.headers)) for shape, words in _asked(pair)]
        both = [send(pair.one.application, each) for *_, each in asked]
        walls.without_first(monkeypatch)
        _note_states(monkeypatch, states)
        for (shape, words, each), answer in zip(asked, both, strict=True):
            neither = send(open_world.application, each)
            states.clear()
            alone = send(pair.other.application, each)
            hidden = _hidden_name(each, words, pair) if neither.status == 200 and name not in BLIND else ""
            _judge(tally, Difference(shape.name, each, answer, alone), hidden, refused=states["42501"] > 0)

    write({"wall": "second", "viewpoint": name, "same": len(tally.same), "refused": tally.refused})
    assert not tally.wrong, "\n".join(tally.wrong[:12])
    assert (len(tally.same) >= ENOUGH and tally.refused) or name in BLIND, (len(tally.same), tally.refused)


def _judge(tally: Tally, answers: Difference, hidden: str, *, refused: bool) -> None:
    """Judge the answers of both walls and of the second alone.

    Args:
        hidden: a column that the request names and the profile hides, where a server without walls answers it.
    """
    if refused:
        tally.refused += 1
        tally.wrong += [] if hidden else [f"refused, but names nothing that is hidden: {answers}"]
    elif hidden:
        tally.wrong.append(f"names {hidden}, and was not refused by PostgreSQL: {answers}")
    elif answers.one.status == 200:
        if answers.one == answers.other:
            tally.same.add(answers.shape)
        else:
            tally.wrong.append(f"differs: {answers}")


def _hidden_name(asked: Asked, words: dict[str, str], pair: Pair) -> str:
    """Return a column that a request names though the profile does not show it, or nothing.

    What is named to be left out need not be read.
    """
    operation = Operation.EXPORT if "/export" in asked.target else Operation.QUERY
    collection = pair.profile.facet(words["c"], operation) or pair.profile.collections[words["c"]]
    hidden = {each.name for each in LAYERS[collection.layer.id].columns} - {each.name for each in collection.columns}
    hidden |= {"geometry"} if collection.geometry is None else set()
    query = parse_qsl(asked.body or asked.target.partition("?")[2])
    text = " ".join(f"{name} {value}" for name, value in query if name != "exclude-properties")
    return next((name for name in sorted(hidden) if re.search(rf"\b{name}\b", text)), "")


@contextmanager
def _beside(worlds: Worlds, home: Path, name: str, *, opened: bool) -> Iterator[Pair]:
    """Yield two servers over copies of one database: as it is, and for a wall to be taken away."""
    viewpoint = BY_NAME[name]
    one = worlds.base(viewpoint)
    with _served(worlds, home, viewpoint, opened=opened) as other, psycopg.connect(one.dsn) as connection:
        places = places_of(connection)
        profile = viewpoint.shown(places)
        yield Pair(viewpoint, profile, sight_of(profile), places, one, other, Counter())


@contextmanager
def _served(worlds: Worlds, home: Path, viewpoint: Viewpoint, *, opened: bool) -> Iterator[World]:
    with ExitStack() as stack:
        dsn = worlds.copied(stack, viewpoint)
        if opened:
            walls.without_second(dsn)
        yield stack.enter_context(served(dsn, home))


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
