"""What two people do to one agreement or package at once, each in a transaction of their own."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from auth.sharing import acceptance, drafting, packages, publication
from core.errors import Conflict, DatdaiError
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, document, package

TURNS = range(4)
WORDS = {"vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do each act, all beginning together; a refusal is its result."""
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        ready.wait(20)
        try:
            return act()
        except DatdaiError as exc:
            return exc

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def accepted(world: World, code: str, given: object, *heads: str) -> str:
    """Bring a document to where it waits for its publication; return the hash of its body."""
    version = world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", code, vocabulary=VOCABULARY, day=DAY)
    for who in heads:
        world.act(acceptance.accept, who, code, body_hash=version.body_hash, day=DAY)
    for who in ("so.hai", "so.lanhdao"):
        world.look(code, who)
    return version.body_hash


def publish(world: World, who: str, code: str, body_hash: str) -> Callable[[], object]:
    return lambda: world.publisher(publication.publish, who, code, body_hash=body_hash, **WORDS)


def states(world: World, code: str) -> list[tuple[object, ...]]:
    return world.rows(
        "SELECT v.state, c.code FROM acl.agreement_version v JOIN acl.agreement a ON a.id = v.agreement_id "
        "LEFT JOIN acl.account c ON c.id = v.checker WHERE a.code = %s",
        code,
    )


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("code", ["thue-2025-01", "dia-ban"])
def test_of_two_officers_who_publish_at_once_one_does(world: World, code: str, turn: int):
    given, heads = (document(), ["thue.lanhdao"]) if code == "thue-2025-01" else (package(), [])
    seen = accepted(world, code, given, *heads, "so.lanhdao")

    results = at_once(*(publish(world, who, code, seen) for who in ("so.hai", "so.lanhdao")))

    who = ("so.hai", "so.lanhdao")[results.index(None)]
    assert sorted(type(each).__name__ for each in results) == ["Conflict", "NoneType"], turn
    assert states(world, code) == [("published", who)]
    assert world.rows("SELECT account FROM audit.act WHERE act = 'agreement.publish'") == [(who,)]


@pytest.mark.parametrize("late", ["publish", "withdraw", "decline"])
def test_who_comes_while_a_version_is_published_waits_and_finds_it_published(world: World, late: str):
    code = "thue-2025-01"
    seen = accepted(world, code, document(), "thue.lanhdao", "so.lanhdao")
    acts: dict[str, Callable[[], object]] = {
        "publish": publish(world, "so.lanhdao", code, seen),
        "withdraw": lambda: world.act(acceptance.withdraw, "so.mot", code, reason="x", day=DAY),
        "decline": lambda: world.act(acceptance.decline, "thue.lanhdao", code, reason="x", day=DAY),
    }
    first = psycopg.connect(world.login("publisher"))
    publication.publish(first, world.people["so.hai"], code, body_hash=seen, **WORDS)

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(acts[late])
        until_waiting(world)
        first.commit()
        first.close()

        with pytest.raises(Conflict, match="is in work"):
            second.result(20)
    assert states(world, code) == [("published", "so.hai")]


def until_waiting(world: World) -> None:
    """Wait until somebody waits for another transaction."""
    for _ in range(200):
        if world.rows("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") == [(True,)]:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("turn", TURNS)
def test_a_unit_that_is_joined_by_both_sides_at_once_has_joined_once(world: World, turn: int):
    code, seen = "dia-ban-ubnd-689", accepted(world, "dia-ban", package(), "so.lanhdao")
    publish(world, "so.hai", "dia-ban", seen)()

    def join(who: str) -> Callable[[], object]:
        return lambda: world.publisher(packages.join, who, "dia-ban", "ubnd-689", **WORDS)

    both = at_once(join("so.mot"), join("689.lanhdao"))
    officers = at_once(join("so.mot"), join("so.hai"))

    assert sorted(each.agreement or "" for each in both if isinstance(each, packages.Joining)) == ["", code], turn
    assert [state for state, _ in states(world, code)] == ["published"]
    assert sorted(type(each).__name__ for each in officers) == ["Conflict", "Joining"], turn
