"""An agreement is published while the head of a party is suspended."""

import threading

import psycopg

from auth.people import states
from auth.rights.stale import republish_in
from auth.sharing import acceptance, drafting, publication
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, document


def accepted(world: World) -> drafting.Drafted:
    version = world.act(drafting.draft, "so.mot", document(), vocabulary=VOCABULARY, day=DAY)
    world.act(drafting.propose, "so.mot", version.agreement, vocabulary=VOCABULARY, day=DAY)
    for who in ("thue.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, version.agreement, body_hash=version.body_hash, day=DAY)
    return version


def publish(world: World, version: drafting.Drafted, who: str) -> object:
    given = {"body_hash": version.body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    return world.publisher(publication.publish, who, version.agreement, **given)


def give_function(world: World, account: str) -> None:
    world.rows(
        "WITH f AS (INSERT INTO acl.function (unit_id, code, name, valid_from) "
        "SELECT id, 'tinh-thue', 'Tính thuế', '2023-01-01' FROM acl.unit WHERE code = 'cuc-thue' RETURNING id) "
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) "
        "SELECT a.id, f.id, '2023-01-01' FROM acl.account a, f WHERE a.code = %s",
        account,
    )


def sees(world: World, account: str) -> bool:
    """Tell whether a profile that shows something is in force for an account."""
    subject = f"account:{world.people[account].account_id}"
    return world.rows(
        "SELECT EXISTS (SELECT FROM acl.profile_in_force f JOIN acl.profile p USING (hash) "
        "WHERE f.subject = %s AND daterange(f.valid_from, f.valid_until) @> %s::date "
        "AND p.body ->> 'collections' LIKE '%%thua-dat%%')",
        subject, DAY,
    )[0][0]  # fmt: skip


def test_whoever_holds_the_function_sees_what_was_published(world: World):
    give_function(world, "thue.lanhdao")
    version = accepted(world)
    world.look(version.agreement)

    publish(world, version, "so.hai")

    assert sees(world, "thue.lanhdao")


def test_a_head_who_is_suspended_while_an_agreement_is_published_sees_nothing_of_it(world: World):
    give_function(world, "thue.lanhdao")
    version = accepted(world)
    world.look(version.agreement)
    results: list[object] = []
    with psycopg.connect(world.login("identity")) as suspending:
        states.suspend(suspending, world.people["so.mot"], "thue.lanhdao", clock=CLOCK)
        publishing = threading.Thread(target=lambda: results.append(publish(world, version, "so.hai")))
        publishing.start()
        publishing.join(5)
    publishing.join(30)
    with psycopg.connect(world.login("publisher")) as publisher:
        republish_in(publisher, tuple(VOCABULARY.layers.values()))

    assert results == [None]
    assert not sees(world, "thue.lanhdao")
