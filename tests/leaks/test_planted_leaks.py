"""The search for leaks finds each leak that is planted."""

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.profile import Operation
from tests.leaks.mixing import mixed
from tests.leaks.mutants import MUTANTS, Mutant
from tests.leaks.paired import ask_all, ask_catalogues
from tests.leaks.renaming import catalogues
from tests.leaks.shapes import SHAPES
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds, copy_of

ALL = os.environ.get("DATDAI_TEST_LEAKS") == "all"
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
def test_it_is_found(worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutant: Mutant) -> None:
    mutant.plant(monkeypatch)

    found = next(_findings(worlds, tmp_path, monkeypatch, mutant), None)

    assert found
    with Path(os.environ.get("DATDAI_TEST_LEAKS_RESULTS", "/dev/null")).open("a") as results:
        results.write(json.dumps({"note": f"planted: {mutant.name}; found by: {found}"}) + "\n")


def _findings(worlds: Worlds, home: Path, patch: pytest.MonkeyPatch, mutant: Mutant) -> Iterator[str]:
    viewpoint = BY_NAME[mutant.viewpoint]
    match mutant.finds:
        case "worlds":
            for seed in SEEDS:
                with worlds.pair(viewpoint, seed, before=mutant.prepared) as pair:
                    yield from _first(ask_all(pair, seed, stop=True).found)
        case "exports":
            for seed in SEEDS:
                with worlds.pair(viewpoint, seed, operations=(Operation.EXPORT,), before=mutant.prepared) as pair:
                    yield from _first(ask_all(pair, seed, EXPORTS, stop=True).found)
        case "catalogues":
            with (
                worlds.pair(viewpoint, 1) as pair,
                catalogues(worlds, viewpoint, home, patch, before=mutant.prepared) as (one, other),
            ):
                yield from _first(ask_catalogues(pair, one, other, 1, stop=True).found)
        case _:
            with copy_of(worlds.cluster, worlds.template) as dsn:
                yield from _of_callers(worlds, home, dsn, mutant)


def _of_callers(worlds: Worlds, home: Path, dsn: str, mutant: Mutant) -> Iterator[str]:
    if mutant.finds == "cursors":
        together = mixed(worlds, home, dsn, ()).foreign_cursors()
        yield from ("a cursor of another caller" for foreign, made_up in together if foreign != made_up)
        return
    yield from _first(itertools.islice(mixed(worlds, home, dsn, SHAPES[::4]).differences(), 1))


def _first(found: object) -> Iterator[str]:
    yield from (each.shape for each in itertools.islice(iter(found), 1))  # pyright: ignore
