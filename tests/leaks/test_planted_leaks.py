"""The search for leaks finds each leak that is planted."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue.profile import Operation
from tests.leaks.asking import Difference
from tests.leaks.mixing import mixed
from tests.leaks.mutants import MUTANTS, Mutant
from tests.leaks.paired import ask_all, ask_catalogues
from tests.leaks.record import ALL, write
from tests.leaks.renaming import catalogues
from tests.leaks.shapes import SHAPES, Shape
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds, copy_of, served

SAMPLE = (
    "no rows are selected, and row security is off",
    "a filter may name every column",
    "an export leaves as rows lie",
)
SEEDS = range(1, 7)
EXPORTS = [each for each in SHAPES if "/export" in each.path]


def test_there_are_planted_leaks_enough() -> None:
    assert len({each.name for each in MUTANTS}) == len(MUTANTS) >= 25


@pytest.mark.parametrize("mutant", [each for each in MUTANTS if ALL or each.name in SAMPLE], ids=lambda each: each.name)
def test_it_is_found_and_without_it_nothing_is(worlds: Worlds, tmp_path: Path, mutant: Mutant) -> None:
    with closing(_looked_for(worlds, tmp_path, mutant)) as looked:
        found = next((each for each in looked if each.planted), None)

    assert found, "it was not found"
    assert not found.clean, "\n".join(map(str, found.clean[:3]))
    write({"planted": mutant.name, "found": found.planted})


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found with the leak (the first request that tells) and without it, by the same requests."""

    planted: str
    clean: Sequence[object] = ()


def _looked_for(worlds: Worlds, home: Path, mutant: Mutant) -> Iterator[Looked]:
    match mutant.finds:
        case "worlds":
            yield from (_between_worlds(worlds, mutant, seed, tuple(Operation), SHAPES) for seed in SEEDS)
        case "exports":
            yield from (_between_worlds(worlds, mutant, seed, (Operation.EXPORT,), EXPORTS) for seed in SEEDS)
        case "catalogues":
            yield _between_catalogues(worlds, home, mutant)
        case _:
            yield _between_callers(worlds, home, mutant)


def _between_worlds(
    worlds: Worlds, mutant: Mutant, seed: int, operations: Sequence[Operation], shapes: Sequence[Shape]
) -> Looked:
    with worlds.pair(BY_NAME[mutant.viewpoint], seed, operations=operations, before=mutant.before) as pair:
        with planted(mutant), served(pair.one.dsn, worlds.home) as one, served(pair.other.dsn, worlds.home) as other:
            found = ask_all(dataclasses.replace(pair, one=one, other=other), seed, shapes, stop=True).found
        return _looked(found, lambda asked: ask_all(pair, seed, asked).found, shapes)


def _between_catalogues(worlds: Worlds, home: Path, mutant: Mutant) -> Looked:
    def found(shapes: Sequence[Shape], *, stop: bool = False) -> list[Difference]:
        with catalogues(worlds, BY_NAME[mutant.viewpoint], home, before=mutant.before) as (one, other):
            return ask_catalogues(pair, one, other, 1, shapes, stop=stop).found

    with worlds.pair(BY_NAME[mutant.viewpoint], 1) as pair:
        with planted(mutant):
            first = found(SHAPES, stop=True)
        return _looked(first, found, SHAPES)


def _looked(
    found: list[Difference], again: Callable[[Sequence[Shape]], list[Difference]], shapes: Sequence[Shape]
) -> Looked:
    """Ask a server without the leak as far as one with it was asked."""
    if not found:
        return Looked("")
    names = [each.name for each in shapes]
    return Looked(found[0].shape, again(shapes[: names.index(found[0].shape) + 1]))


def _between_callers(worlds: Worlds, home: Path, mutant: Mutant) -> Looked:
    with copy_of(worlds.cluster, worlds.template) as dsn:
        asked = mixed(home, dsn, () if mutant.finds == "cursors" else SHAPES[::4])
        look = asked.foreign_cursors if mutant.finds == "cursors" else asked.differences
        with planted(mutant):
            found = look()
        return Looked(found[0].shape if found else "", look())


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        yield
