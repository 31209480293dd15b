"""Callers that share one process: each must get what it gets alone, whoever asked before."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.leaks.asking import Answered, Asked, Difference, exchange, fill, links_of, send
from tests.leaks.shapes import BROWSER, SHAPES, Shape
from tests.leaks.sight import sight_of
from tests.leaks.viewpoints import BY_NAME, Viewpoint
from tests.leaks.witnesses import Witness
from tests.leaks.worlds import BASE, Pair, World, places_of, served, token_of

THREE = ("commune-officer", "commune-clerk", "special-request")
type Script = list[tuple[Shape, Asked]]


@dataclass(frozen=True, slots=True)
class Mixed:
    """What three callers ask, and how they are answered."""

    home: Path
    dsn: str
    scripts: dict[str, Script]

    def differences(self) -> list[Difference]:
        """Return what differs between callers alone and callers together, in either order."""
        alone = {name: self._said([name])[name] for name in self.scripts}
        found: list[Difference] = []
        for order in (list(self.scripts), list(self.scripts)[::-1]):
            together = self._said(order)
            found += [each for name in order for each in _compared(name, alone[name], together[name])]
        return found

    def _said(self, order: Sequence[str]) -> dict[str, list[tuple[Asked, Answered]]]:
        """Let callers take turns, shape by shape, in one process."""
        said: dict[str, list[tuple[Asked, Answered]]] = {name: [] for name in order}
        with served(self.dsn, self.home) as world:
            for turn in zip(*(self.scripts[name] for name in order), strict=True):
                for name, (shape, asked) in zip(order, turn, strict=True):
                    said[name] += [(sent, answers[0]) for sent, answers in exchange(shape, asked, (world.application,))]
        return said

    def foreign_cursors(self) -> list[Difference]:
        """Return where a caller's cursor is answered to another caller otherwise than one that nobody made."""
        path = "/collections/thua-dat/items?limit=1"
        found: list[Difference] = []
        with served(self.dsn, self.home) as world:
            for owner, other in ((THREE[0], THREE[1]), (THREE[1], THREE[0])):
                accepted = {**_headers(owner), "Accept": "application/geo+json"}
                page = send(world.application, Asked("GET", path, accepted))
                foreign = Asked("GET", links_of(page)["next"].removeprefix(BASE), _headers(other))
                made_up = Asked("GET", f"{path}&cursor=AAAA", _headers(other))
                one, two = (send(world.application, each) for each in (foreign, made_up))
                assert two.status == 400
                found += [Difference("a cursor of another caller", foreign, one, two)] if one != two else []
        return found


def mixed(home: Path, dsn: str, shapes: Sequence[Shape] = SHAPES) -> Mixed:
    """Return three callers who ask the same shapes, pages for people before all."""
    ordered = sorted(shapes, key=lambda each: "html" not in str(each.parameters) and each.headers != BROWSER)
    with served(dsn, home) as world:
        scripts = {name: _script(BY_NAME[name], world, ordered) for name in THREE}
    return Mixed(home, dsn, scripts)


def _script(viewpoint: Viewpoint, world: World, shapes: Sequence[Shape]) -> Script:
    chance = random.Random("mixed")
    with psycopg.connect(world.dsn, autocommit=True) as connection:
        places = places_of(connection)
        profile = viewpoint.profile(places)
        pair = Pair(viewpoint, profile, sight_of(profile), places, world, world, Counter())
        witness = Witness(pair, connection, connection)
        words = next(each for each in iter(lambda: witness.words(chance), {}) if each["c"] == "thua-dat")
    return [(shape, fill(shape, words, pair.headers)) for shape in shapes]


def _headers(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(BY_NAME[name])}"}


def _compared(
    name: str, alone: list[tuple[Asked, Answered]], together: list[tuple[Asked, Answered]]
) -> Iterator[Difference]:
    for (asked, one), (_, other) in zip(alone, together, strict=False):  # what comes behind a difference may be more
        if one != other:
            yield Difference(f"{name}, together", asked, one, other)
