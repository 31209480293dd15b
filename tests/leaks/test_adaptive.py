"""Searching learns nothing: an attacker's whole conversation is the same for whatever number is hidden."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from server.app import Application
from tests.leaks import walls
from tests.leaks.asking import Answered, Asked, send
from tests.leaks.attackers import BITS, Attack, Attacker
from tests.leaks.record import ALL, write
from tests.leaks.viewpoints import BY_NAME, LAYERS
from tests.leaks.witnesses import Witness, witnesses
from tests.leaks.worlds import Pair, Worlds

VIEWPOINTS = ("commune-clerk", "tax", "dated", "without-queries", "special-request")
REQUESTS = 10_000 // len(VIEWPOINTS) if ALL else 500
NUMBERS = (357_913_941, 715_827_882)
"""Two numbers of 30 bits, each the complement of the other."""


@pytest.mark.parametrize("name", VIEWPOINTS if ALL else VIEWPOINTS[:1])
def test_searching_learns_no_bit_of_a_hidden_number(worlds: Worlds, name: str) -> None:
    requests = seed = 0
    with _hiding(worlds, name) as (pair, witness):
        while requests < REQUESTS:
            seed += 1
            attacker = Attacker(witness.words(random.Random(seed)), pair.headers, seed)
            for attack in attacker.attacks():
                one, _ = _conversation(attack(), pair.one.application)
                other, _ = _conversation(attack(), pair.other.application)
                requests += len(one)
                assert one == other

    write({"adaptive": name, "requests": requests, "bits": BITS})


def test_the_same_search_finds_the_number_where_both_walls_have_a_hole(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.with_names_of_all(monkeypatch)
    with _hiding(worlds, "commune-clerk") as (pair, _):
        for world in (pair.one, pair.other):
            walls.without_second(world.dsn)
            with psycopg.connect(world.dsn) as connection:
                number = NUMBERS[world is pair.other]
                connection.execute(b"UPDATE dc.thua_dat SET dien_tich_phap_ly = %d" % number)
        words = {"c": "thua-dat", "hnum": "dien_tich_phap_ly", "vnum": "so_thua", "hbox": "106,11,107,12"}
        found = [
            _conversation(Attacker(words, pair.headers, 1).by("dien_tich_phap_ly < {n}", resulttype="hits"), each)[1]
            for each in (pair.one.application, pair.other.application)
        ]

    assert found == list(NUMBERS)


@contextmanager
def _hiding(worlds: Worlds, name: str) -> Iterator[tuple[Pair, Witness]]:
    """Yield two worlds of their own in which every hidden number is one of two, and who draws words for them."""
    with worlds.pair(BY_NAME[name], 11, before=lambda _: None) as pair:
        for world, number in zip((pair.one, pair.other), NUMBERS, strict=True):
            _hide(world.dsn, pair, number)
        for witness in witnesses(pair):
            yield pair, witness


def _hide(dsn: str, pair: Pair, number: int) -> None:
    """Write a number into whatever hidden cell takes it."""
    hidden = 0
    with psycopg.connect(dsn) as connection:
        before = pair.sight.digest(connection)
        for each in sorted({one.collection.layer.id for one in pair.sight.seen}):
            layer = LAYERS[each]
            for column in layer.columns:
                if column.type not in ("integer", "number") or column.name == "xa_id":
                    continue
                where = pair.sight.hidden_cells(layer.qualified_table, column.name)
                statement = f"UPDATE {layer.qualified_table} t SET {column.name} = {number} WHERE {where}"
                try:
                    with connection.transaction():
                        hidden += connection.execute(statement.encode()).rowcount
                        if pair.sight.digest(connection) != before:
                            raise psycopg.errors.CheckViolation
                except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
                    continue
    assert hidden


def _conversation(attack: Attack, application: Application) -> tuple[list[tuple[Asked, Answered]], int]:
    """Return what was said, and the number found."""
    said: list[tuple[Asked, Answered]] = []
    asked = next(attack)
    while True:
        answer = send(application, asked)
        said.append((asked, answer))
        try:
            asked = attack.send(answer)
        except StopIteration as end:
            return said, end.value
