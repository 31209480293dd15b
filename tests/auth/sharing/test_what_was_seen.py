"""Who publishes has seen the effect as it is now: what it rests on has not changed since, or it is looked at again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from auth.model import Function, Period
from auth.people import functions, states
from auth.rights.stale import republish_stale
from auth.sharing import acceptance, drafting, publication
from core.errors import Conflict
from database.writer import Writer
from tests.auth.sharing.conftest import CLOCK, DAY, LAYERS, VOCABULARY, World, clause, document
from tests.auth.sharing.test_at_once import until_waiting

CODE = "dang-xem"
AUGUST = date(2025, 8, 1)
CHANGED = "look at it again"
PRICES = clause(layer="gia-thua", columns="all", geometry=False, rows={"territory": "province"})
EVERYTHING = Function("moi", "Mọi thứ", Period(DAY))
DISTRICT = Function("huyen", "Theo huyện", Period(DAY), territory=frozenset({2, 3, 4}))

type Change = Callable[[World], None]


@pytest.fixture
def tax(world: World) -> World:
    """The small province; of the tax office one agreement runs, one person holds a function, and one account none."""
    for unit, each in (("cuc-thue", EVERYTHING), ("cuc-thue", DISTRICT), ("ubnd-689", EVERYTHING)):
        world.act(functions.define_function, "so.mot", unit, each, layers=LAYERS)
    give(world, "thue.canbo", "moi")
    published(world, "dang-chay")
    return world


def accepted(world: World, code: str, recipient: str | None = "cuc-thue", **given: object) -> drafting.Drafted:
    """Bring an agreement, or a publication to everybody, to where it waits for its publication, and look at it."""
    whom = {"recipient": recipient} if recipient else {"kind": "cong_khai"}
    written = {"agreement": code, "clauses": [PRICES], **whom, **given}
    if recipient is None:
        written["recipient"] = None
    version = world.act(drafting.draft, "so.mot", document(**written), vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", code, vocabulary=VOCABULARY, day=DAY)
    heads = {"cuc-thue": ["thue.lanhdao"], "ubnd-689": ["689.lanhdao"], None: []}
    for who in (*heads[recipient], "so.lanhdao"):
        world.act(acceptance.accept, who, code, body_hash=version.body_hash, day=DAY)
    world.look(code)
    return version


def publish(world: World, version: drafting.Drafted, day: date = DAY) -> None:
    given = {"body_hash": version.body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": day}
    world.publisher(publication.publish, "so.hai", version.agreement, **given)


def published(world: World, code: str, recipient: str | None = "cuc-thue", **given: object) -> None:
    publish(world, accepted(world, code, recipient, **given))


def end(world: World, code: str, on: date | None = None) -> None:
    world.publisher(publication.revoke, "so.mot", code, reason="hết", on=on, vocabulary=VOCABULARY, day=DAY)
    settle(world)


def give(world: World, account: str, code: str, since: date | None = None) -> None:
    head = f"{account.partition('.')[0]}.lanhdao"
    world.act(functions.give_function, head, account, code, layers=LAYERS, day=DAY, since=since)
    settle(world)


def give_head(world: World, account: str) -> None:
    """Give a head the function for everything, as an admin of the database: no head gives itself any."""
    world.rows(
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) SELECT a.id, f.id, %s "
        "FROM acl.account a JOIN acl.function f USING (unit_id) WHERE a.code = %s AND f.code = 'moi'",
        DAY,
        account,
    )
    settle(world)


def strip(world: World, account: str = "thue.canbo", code: str = "moi") -> None:
    world.act(functions.strip_function, "thue.lanhdao", account, code, day=DAY)
    settle(world)


def redefine(world: World, function: Function) -> None:
    world.act(functions.redefine_function, "so.mot", "cuc-thue", function, layers=LAYERS, day=DAY)
    settle(world)


def suspend(world: World) -> None:
    world.act(states.suspend, "thue.lanhdao", "thue.canbo", clock=CLOCK)
    settle(world)


def another_kind(world: World) -> None:
    world.rows("UPDATE acl.unit SET kind = 'so_nganh' WHERE code = 'cuc-thue'")


def settle(world: World) -> None:
    """Publish the rights that an act changed."""
    with closing(Writer(world.login("publisher"), purpose="test")) as publisher:
        republish_stale(publisher, LAYERS)


def states_of(world: World, code: str = CODE) -> list[str]:
    found = world.rows(
        "SELECT v.state FROM acl.agreement_version v JOIN acl.agreement a ON a.id = v.agreement_id "
        "WHERE a.code = %s ORDER BY v.number",
        code,
    )
    return [each for (each,) in found]


def turn(world: World, day: date) -> None:
    world.rows("UPDATE lg.ngay_phap_ly SET ngay = %s", day)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda world: give(world, "thue.canbo", "huyen"), id="a further function of a holder"),
        pytest.param(lambda world: give_head(world, "thue.lanhdao"), id="a function of who held none"),
        pytest.param(lambda world: give(world, "thue.canbo", "huyen", AUGUST), id="a function from a coming day on"),
        pytest.param(strip, id="a function that is stripped"),
        pytest.param(lambda world: redefine(world, replace(DISTRICT, code="moi")), id="a function that is narrowed"),
        pytest.param(suspend, id="an account that is suspended"),
        pytest.param(lambda world: published(world, "a9"), id="another agreement that is published"),
        pytest.param(lambda world: end(world, "dang-chay"), id="another agreement that is revoked"),
        pytest.param(lambda world: end(world, "dang-chay", AUGUST), id="another agreement that gets an end"),
        pytest.param(another_kind, id="another kind of the recipient"),
    ],
)
def test_what_has_changed_since_it_was_seen_is_looked_at_again(tax: World, change: Change) -> None:
    version = accepted(tax, CODE)

    change(tax)

    with pytest.raises(Conflict, match=CHANGED):
        publish(tax, version)
    assert states_of(tax) == ["accepted"]
    tax.look(CODE)
    publish(tax, version)
    assert states_of(tax) == ["published"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: None, id="nothing"),
        pytest.param(lambda world: give_head(world, "689.lanhdao"), id="a function of another unit"),
        pytest.param(lambda world: published(world, "a9", "ubnd-689"), id="an agreement of another unit"),
        pytest.param(lambda world: published(world, "a9", None), id="a publication to everybody"),
        pytest.param(lambda world: redefine(world, replace(EVERYTHING, name="Tên khác")), id="the name of a function"),
        pytest.param(lambda world: accepted(world, "a9"), id="another agreement that is not published"),
        pytest.param(lambda world: turn(world, date(2025, 7, 1)), id="another day, like the one before"),
    ],
)
def test_what_changes_elsewhere_keeps_nobody_from_publishing(tax: World, change: Change) -> None:
    version = accepted(tax, CODE)

    change(tax)

    ((day,),) = tax.rows("SELECT lg.hom_nay()")
    publish(tax, version, day)
    assert states_of(tax) == ["published"]


@pytest.mark.parametrize("what", ["begins", "ends"])
def test_a_day_on_which_something_begins_or_ends_is_looked_at_again(tax: World, what: str) -> None:
    if what == "begins":
        give(tax, "thue.canbo", "huyen", AUGUST)
    else:
        end(tax, "dang-chay", AUGUST)
    version = accepted(tax, CODE)

    turn(tax, AUGUST)

    with pytest.raises(Conflict, match=CHANGED):
        publish(tax, version, AUGUST)


def test_a_next_version_is_published_as_it_was_seen_and_not_once_the_one_before_has_ended(tax: World) -> None:
    version = accepted(tax, "dang-chay", valid_from="2025-09-01")

    publish(tax, version)

    assert states_of(tax, "dang-chay") == ["published", "published"]
    again = accepted(tax, "dang-chay", valid_from="2025-10-01")
    end(tax, "dang-chay")
    with pytest.raises(Conflict, match=CHANGED):
        publish(tax, again)


def test_a_publication_to_everybody_rests_on_the_others(tax: World) -> None:
    version = accepted(tax, CODE, None)
    published(tax, "a9", None)

    with pytest.raises(Conflict, match=CHANGED):
        publish(tax, version)


def test_what_is_again_as_it_was_seen_is_published(tax: World) -> None:
    version = accepted(tax, CODE)
    strip(tax)
    tax.look(CODE)

    give(tax, "thue.canbo", "moi")

    publish(tax, version)
    assert states_of(tax) == ["published"]


def test_what_another_officer_saw_is_not_what_this_one_saw(tax: World) -> None:
    version = accepted(tax, CODE)
    strip(tax)

    tax.look(CODE, "so.lanhdao")

    with pytest.raises(Conflict, match=CHANGED):
        publish(tax, version)


def test_a_gift_on_its_way_is_waited_for_and_looked_at(tax: World) -> None:
    version = accepted(tax, CODE)
    giver = tax.people["thue.lanhdao"]

    with psycopg.connect(tax.login("identity")) as giving, ThreadPoolExecutor(1) as pool:
        functions.give_function(giving, giver, "thue.canbo", "huyen", layers=LAYERS, day=DAY)
        publishing = pool.submit(publish, tax, version)
        until_waiting(tax)
        giving.commit()

        with pytest.raises(Conflict, match=CHANGED):
            publishing.result(20)


def test_what_was_seen_and_what_was_published_are_on_record_with_one_hash(tax: World) -> None:
    version = accepted(tax, CODE)
    seen = tax.look(CODE)

    publish(tax, version)

    found = tax.rows(
        "SELECT DISTINCT after ->> 'effect_hash' FROM audit.act "
        "WHERE act IN ('agreement.effect', 'agreement.publish') AND about = %s",
        f"agreement:{CODE}",
    )
    assert found == [(seen.effect_hash,)]
