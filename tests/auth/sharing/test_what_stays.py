"""Acts that take always succeed, acts that give are refused where they would not fit, and neither passes the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date

import psycopg
import pytest

from auth.model import Function, Period
from auth.people import functions
from auth.rights.publishing import check_published
from auth.rights.stale import republish_stale
from auth.sharing import acceptance, drafting, publication
from core.errors import Conflict
from database.writer import Writer
from server.proofs import prove_published
from tests.auth.rights import collections_of
from tests.auth.sharing.conftest import CLOCK, DAY, LAYERS, VOCABULARY, World, clause, document
from tests.auth.sharing.test_at_once import until_waiting

KEY = ["id", "xa_id"]
AUGUST = date(2025, 8, 1)
NARROWS = {
    "moi": {},
    "cot": {"columns": {"thua-dat": frozenset([*KEY, "so_to"])}},
    "huyen": {"territory": frozenset({2, 3, 4})},
}


@pytest.fixture
def tax(world: World) -> World:
    """The small province; the tax office has a function for everything, one for few columns and one for a district."""
    for code in NARROWS:
        world.act(functions.define_function, "so.mot", "cuc-thue", function(code), layers=LAYERS)
    return world


def function(code: str, like: str | None = None) -> Function:
    return Function(code, "Chức năng", Period(DAY), **NARROWS[like or code])


def accepted(world: World, code: str, **given: object) -> str:
    """Bring an agreement to where it waits for its publication; return the hash of its body."""
    written = document(agreement=code, clauses=[clause(operations=["read"], **given)])
    version = world.act(drafting.draft, "so.mot", written, vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", code, vocabulary=VOCABULARY, day=DAY)
    for who in ("thue.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, code, body_hash=version.body_hash, day=DAY)
    world.look(code)
    return version.body_hash


def publish(world: World, code: str, **given: object) -> None:
    putting_in_force(world, code, accepted(world, code, **given))()


def putting_in_force(world: World, code: str, seen: str) -> Callable[[], None]:
    words = {"body_hash": seen, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    return lambda: world.publisher(publication.publish, "so.hai", code, **words)


def everywhere(*columns: str) -> dict[str, object]:
    return {"rows": {"territory": "province"}, "columns": [*KEY, *columns]}


def give(world: World, *codes: str, until: date | None = None) -> None:
    for code in codes:
        given = {"layers": LAYERS, "day": DAY, "until": until}
        world.act(functions.give_function, "thue.lanhdao", "thue.canbo", code, **given)


def republish(world: World) -> None:
    with closing(Writer(world.login("publisher"), purpose="test")) as publisher:
        republish_stale(publisher, LAYERS)


def faults(world: World) -> tuple[str, ...]:
    with psycopg.connect(world.login("publisher")) as connection:
        return check_published(connection, LAYERS, DAY)


def collections(world: World, day: date = DAY) -> list[str]:
    return collections_of(world.rows, world.people["thue.canbo"].subject, day)


def left_out(world: World) -> list[tuple[object, ...]]:
    return world.rows("SELECT collection, valid_from FROM acl.left_out")


def test_a_head_who_strips_a_function_keeps_neither_the_service_from_starting_nor_others_from_acting(
    tax: World,
) -> None:
    publish(tax, "a1", **everywhere("so_to", "so_thua"))
    prices = {"layer": "gia-thua", "columns": "all", "geometry": False, "rows": {"territory": "province"}}
    publish_prices = putting_in_force(tax, "a9", accepted(tax, "a9", **prices))
    give(tax, "moi", "cot", "huyen")
    republish(tax)

    tax.act(functions.strip_function, "thue.lanhdao", "thue.canbo", "moi", day=DAY)
    republish(tax)

    assert left_out(tax) == [("thua-dat", DAY)]
    assert tax.rows("SELECT * FROM acl.stale_profile") == []
    assert faults(tax) == ()
    prove_published(tax.login("publisher"), LAYERS)
    tax.look("a9")
    publish_prices()
    assert collections(tax) == ["gia-thua"]


def test_the_effect_on_whom_something_is_left_out_already_is_that_of_what_fits(tax: World) -> None:
    publish(tax, "a1", **everywhere("so_to", "so_thua"))
    prices = {"layer": "gia-thua", "columns": "all", "geometry": False, "rows": {"territory": "province"}}
    accepted(tax, "a9", **prices)
    give(tax, "moi", "cot", "huyen")
    tax.act(functions.strip_function, "thue.lanhdao", "thue.canbo", "moi", day=DAY)
    republish(tax)

    own = tax.look("a9").classes[1]

    assert own.accounts == ("thue.canbo",)
    assert [each.id for each in own.collections] == ["gia-thua"]
    assert ["is left out" in each.en for each in own.reasons] == [True]


@pytest.mark.parametrize("on", [None, AUGUST], ids=["at once", "on a coming day"])
@pytest.mark.parametrize("who", ["so.hai", "thue.lanhdao"])
def test_an_agreement_is_revoked_whatever_stays(tax: World, who: str, on: date | None) -> None:
    publish(tax, "a1", **everywhere("so_to"))
    publish(tax, "a2", **everywhere("so_thua"))
    publish(tax, "a3", columns=[*KEY, "so_to", "so_thua"])
    give(tax, "moi")
    republish(tax)
    assert collections(tax, AUGUST) == ["thua-dat"]

    tax.publisher(publication.revoke, who, "a2", reason="thu hồi", on=on, vocabulary=VOCABULARY, day=DAY)

    assert left_out(tax) == [("thua-dat", on or DAY)]
    assert collections(tax) == ([] if on is None else ["thua-dat"])
    assert collections(tax, AUGUST) == []
    assert tax.rows("SELECT count(*) FROM acl.notice WHERE kind = 'left_out'") == [(1,)]
    assert faults(tax) == ()


def test_a_function_that_does_not_fit_what_is_held_is_not_given(tax: World) -> None:
    publish(tax, "a1", **everywhere("so_to", "so_thua"))
    give(tax, "cot")

    with pytest.raises(Conflict, match="through function 'cot' and agreement 'a1' through function 'huyen'"):
        give(tax, "huyen")

    assert tax.rows("SELECT f.code FROM acl.account_function g JOIN acl.function f ON f.id = g.function_id "
                    "JOIN acl.account a ON a.id = g.account_id WHERE a.code = 'thue.canbo'") == [("cot",)]  # fmt: skip


def test_a_function_that_will_not_fit_once_another_ends_is_not_given(tax: World) -> None:
    publish(tax, "a1", **everywhere("so_to", "so_thua"))
    give(tax, "moi", until=AUGUST)
    give(tax, "cot")

    with pytest.raises(Conflict):
        give(tax, "huyen")


@pytest.mark.parametrize("until", [None, AUGUST], ids=["without end", "with an end"])
def test_a_function_is_not_written_anew_so_that_it_does_not_fit_what_a_holder_has_besides(
    tax: World, until: date | None
) -> None:
    publish(tax, "a1", **everywhere("so_to", "so_thua"))
    give(tax, "moi", until=until)
    give(tax, "cot", until=until)

    with pytest.raises(Conflict, match="through function 'moi'"):
        tax.act(functions.redefine_function, "so.mot", "cuc-thue", function("moi", "huyen"), layers=LAYERS, day=DAY)

    assert tax.rows("SELECT narrows FROM acl.function WHERE code = 'moi'") == [({},)]


def test_of_a_gift_and_a_publication_that_do_not_fit_the_later_is_refused_when_the_gift_came_first(tax: World) -> None:
    publish(tax, "a1", **everywhere("so_to"))
    give(tax, "huyen")
    republish(tax)
    second = putting_in_force(tax, "a2", accepted(tax, "a2", **everywhere("so_thua")))
    giver = tax.people["thue.lanhdao"]

    with psycopg.connect(tax.login("identity")) as giving, ThreadPoolExecutor(1) as pool:
        functions.give_function(giving, giver, "thue.canbo", "cot", layers=LAYERS, day=DAY)
        publishing = pool.submit(second)
        until_waiting(tax)
        giving.commit()

        with pytest.raises(Conflict, match="through function 'cot'"):
            publishing.result(20)
    republish(tax)
    assert left_out(tax) == []


def test_of_a_gift_and_a_publication_that_do_not_fit_the_later_is_refused_when_the_publication_came_first(
    tax: World,
) -> None:
    publish(tax, "a1", **everywhere("so_to"))
    give(tax, "huyen")
    republish(tax)
    seen = accepted(tax, "a2", **everywhere("so_thua"))
    words = {"body_hash": seen, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}

    with psycopg.connect(tax.login("publisher")) as publishing, ThreadPoolExecutor(1) as pool:
        publication.publish(publishing, tax.people["so.hai"], "a2", **words)
        giving = pool.submit(give, tax, "cot")
        until_waiting(tax)
        publishing.commit()

        with pytest.raises(Conflict, match="through function 'cot'"):
            giving.result(20)
    republish(tax)
    assert left_out(tax) == []
