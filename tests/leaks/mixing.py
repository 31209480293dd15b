"""Callers that share one process: each must get what it gets alone, whoever asked before."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.leaks.asking import Answered, Asked, Difference, exchange, fill, links_of, send
from tests.leaks.shapes import BROWSER, SHAPES, Shape
from tests.leaks.sight import sight_of
from tests.leaks.viewpoints import BY_NAME, Viewpoint
from tests.leaks.witnesses import Witness
from tests.leaks.worlds import BASE, Pair, World, Worlds, places_of, served, token_of

THREE = ("commune-officer", "commune-clerk", "special-request")
type Script = list[tuple[Shape, Asked]]


@dataclass(frozen=True, slots=True)
class Mixed:
    """What three callers ask, and how they are answered."""

    worlds: Worlds
    home: Path
    dsn: str
    scripts: dict[str, Script]

    def differences(self) -> Iterator[Difference]:
        """Yield what differs between callers alone and callers together, in either order."""
        alone = {name: self._said([name])[name] for name in self.scripts}
        for order in (list(self.scripts), list(self.scripts)[::-1]):
            together = self._said(order)
            for name in order:
                yield from _compared(name, alone[name], together[name])

    def _said(self, order: Sequence[str]) -> dict[str, list[tuple[Asked, Answered]]]:
        """Let callers take turns, shape by shape, in one process."""
        said: dict[str, list[tuple[Asked, Answered]]] = {name: [] for name in order}
        with served(self.dsn, self.home) as world:
            for turn in zip(*(self.scripts[name] for name in order), strict=True):
                for name, (shape, asked) in zip(order, turn, strict=True):
                    said[name] += [(sent, answers[0]) for sent, answers in exchange(shape, asked, (world.application,))]
        return said

    def foreign_cursors(self) -> Iterator[tuple[Answered, Answered]]:
        """Yield how a caller's cursor is answered to another caller, and how one that nobody made."""
        path = "/collections/thua-dat/items?limit=1"
        with served(self.dsn, self.home) as world:
            for owner, other in ((THREE[0], THREE[1]), (THREE[1], THREE[0])):
                accepted = {**_headers(owner), "Accept": "application/geo+json"}
                page = send(world.application, Asked("GET", path, accepted))
                link = links_of(page)["next"].removeprefix(BASE)
                yield (
                    send(world.application, Asked("GET", link, _headers(other))),
                    send(world.application, Asked("GET", f"{path}&cursor=AAAA", _headers(other))),
                )


def mixed(worlds: Worlds, home: Path, dsn: str, shapes: Sequence[Shape] = SHAPES) -> Mixed:
    """Return three callers who ask the same shapes, pages for people before all."""
    ordered = sorted(shapes, key=lambda each: "html" not in str(each.parameters) and each.headers != BROWSER)
    with served(dsn, home) as world:
        scripts = {name: list(_script(BY_NAME[name], world, ordered)) for name in THREE}
    return Mixed(worlds, home, dsn, scripts)


def _script(viewpoint: Viewpoint, world: World, shapes: Sequence[Shape]) -> Iterator[tuple[Shape, Asked]]:
    chance = random.Random("mixed")
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(world.dsn, autocommit=True))
        places = places_of(connection)
        profile = viewpoint.profile(places)
        pair = Pair(viewpoint, profile, sight_of(profile), places, world, world, {})  # pyright: ignore
        words = Witness(pair, connection, connection).words(chance) | {"c": "thua-dat"}
        for shape in shapes:
            yield shape, fill(shape, words, pair.headers)


def _headers(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(BY_NAME[name])}"}


def _compared(
    name: str, alone: list[tuple[Asked, Answered]], together: list[tuple[Asked, Answered]]
) -> Iterator[Difference]:
    for (asked, one), (_, other) in zip(alone, together, strict=True):
        if one != other:
            yield Difference(f"{name}, together", asked, one, other)
