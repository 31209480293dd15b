"""Opaque tokens: form, hash, personal tokens."""

import re
import uuid
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.credentials import tokens
from auth.credentials.tokens import Prefix, hash_of, is_from, is_wellformed, new_secret
from core.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthorized
from database.writer import Writer
from tests.auth.oauth.conftest import NOW, World

DAYS = timedelta(days=30)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(Prefix))
def test_every_secret_has_the_form_that_scanners_look_for(chance: bytes, prefix: Prefix) -> None:
    secret = new_secret(prefix, random=lambda _: chance)

    assert re.fullmatch(rf"{prefix}_[0-9A-Za-z]{{43}}_[0-9A-Za-z]{{6}}", secret)
    assert is_wellformed(secret, prefix)


@given(st.binary(min_size=32, max_size=32), st.integers(4, 53), st.sampled_from("0Az"))
def test_a_mistyped_token_is_known_without_the_database(chance: bytes, place: int, put: str) -> None:
    secret = new_secret(random=lambda _: chance)
    mistyped = secret[:place] + put + secret[place + 1 :]

    assert is_wellformed(mistyped) == (mistyped == secret)


@pytest.mark.parametrize("other", [each for each in Prefix if each is not Prefix.TOKEN])
def test_what_is_no_token_is_never_taken_for_one(other: Prefix) -> None:
    assert not is_wellformed(new_secret(other))


def test_two_tokens_are_different() -> None:
    assert new_secret() != new_secret()


def test_a_token_is_found_by_its_owner_only_in_the_database_as_a_hash(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        secret, token = _personal(connection, world)
        found = tokens.find(connection, secret, now=NOW)

    assert found == token
    assert world.ask("SELECT hash FROM oauth.token") == [(hash_of(secret),)]
    assert not world.ask("SELECT 1 FROM oauth.token t WHERE t::text LIKE %s", f"%{secret[4:20]}%")


def test_a_personal_token_ends_on_its_day(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        secret, _ = _personal(connection, world)

        assert tokens.find(connection, secret, now=NOW + DAYS - timedelta(seconds=1))
        assert tokens.find(connection, secret, now=NOW + DAYS) is None


def test_a_token_for_administration_lives_a_week_at_most(world: World, identity: Writer) -> None:
    week = timedelta(days=7)

    with identity.transaction() as connection:
        _personal(connection, world, scopes=["features:read", "admin"], lifetime=week)
        with pytest.raises(BadRequest, match="7 days"):
            _personal(connection, world, scopes=["features:read", "admin"], lifetime=week + timedelta(seconds=1))
    with pytest.raises(psycopg.errors.CheckViolation):
        world.ask("UPDATE oauth.token SET expires_at = expires_at + interval '1 second'")


@pytest.mark.parametrize("lifetime", [timedelta(), timedelta(seconds=-1), timedelta(days=90, seconds=1)])
def test_a_personal_token_lives_ninety_days_at_most(world: World, identity: Writer, lifetime: timedelta) -> None:
    with identity.transaction() as connection, pytest.raises(BadRequest, match="90 days"):
        _personal(connection, world, lifetime=lifetime)


def test_the_database_itself_refuses_a_longer_life(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        _personal(connection, world, lifetime=timedelta(days=90))

    with pytest.raises(Exception, match="token_check"):
        world.ask("UPDATE oauth.token SET expires_at = expires_at + interval '1 second'")


@pytest.mark.parametrize("purpose", ["", "  ", "x" * 201, "hai\ndòng"])
def test_a_personal_token_has_one_purpose_in_words(world: World, identity: Writer, purpose: str) -> None:
    with identity.transaction() as connection, pytest.raises(BadRequest, match="what the token is for"):
        _personal(connection, world, purpose=purpose)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["features:read", "root"]])
def test_an_unknown_scope_is_refused(world: World, identity: Writer, scopes: list[str]) -> None:
    with identity.transaction() as connection, pytest.raises(BadRequest, match="Scopes are"):
        _personal(connection, world, scopes=scopes)


@pytest.mark.parametrize("networks", [["10.0.0.1/8"], ["anywhere"], ["10.0.0.0/8"] * 17])
def test_a_network_that_is_none_is_refused(world: World, identity: Writer, networks: list[str]) -> None:
    with identity.transaction() as connection, pytest.raises(BadRequest, match="network"):
        _personal(connection, world, networks=networks)


def test_a_token_cannot_make_another(world: World, identity: Writer) -> None:
    by_token = replace(world.person, kind="token")

    with identity.transaction() as connection, pytest.raises(Forbidden):
        tokens.issue_personal(connection, by_token, purpose="x", scopes=["admin"], lifetime=DAYS, now=NOW)


def test_an_account_has_twenty_personal_tokens_at_most(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        for _ in range(tokens.PERSONAL_MAX):
            _personal(connection, world)
        with pytest.raises(Conflict, match="revoke one first"):
            _personal(connection, world)


@pytest.mark.parametrize("state", ["must_change", "suspended", "revoked"])
def test_an_account_that_may_not_act_gets_no_token_and_those_it_has_are_refused(
    world: World, identity: Writer, state: str
) -> None:
    with identity.transaction() as connection:
        secret, _ = _personal(connection, world)
    world.suspend(world.person, state)

    with identity.transaction() as connection:
        assert tokens.find(connection, secret, now=NOW) is None
        with pytest.raises(Conflict, match="may not act"):
            _personal(connection, world)


def test_a_token_is_refused_from_the_day_on_which_the_position_has_ended(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        secret, _ = _personal(connection, world)

    with identity.transaction() as connection:
        world.ask("UPDATE acl.account SET ends_on = lg.hom_nay() + 1 WHERE id = %s", world.person.account_id)
        assert tokens.find(connection, secret, now=NOW)

        world.ask("UPDATE acl.account SET ends_on = lg.hom_nay() WHERE id = %s", world.person.account_id)
        assert tokens.find(connection, secret, now=NOW) is None


def test_a_token_is_refused_from_the_instant_at_which_the_password_is_too_old(world: World, identity: Writer) -> None:
    world.ask("UPDATE acl.account SET password_until = %s WHERE id = %s", NOW + DAYS / 2, world.person.account_id)
    with identity.transaction() as connection:
        secret, _ = _personal(connection, world)

        assert tokens.find(connection, secret, now=NOW + DAYS / 2 - timedelta(seconds=1))
        assert tokens.find(connection, secret, now=NOW + DAYS / 2) is None


def test_a_revoked_token_is_refused_at_once(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        secret, token = _personal(connection, world)
        tokens.revoke_personal(connection, world.person, token.hash[:16], now=NOW)

        assert tokens.find(connection, secret, now=NOW) is None
        assert tokens.tokens_of(connection, token.account_id, now=NOW) == []
        with pytest.raises(NotFound):
            tokens.revoke_personal(connection, world.person, token.hash[:16], now=NOW)


def test_nobody_revokes_the_token_of_another(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        secret, token = _personal(connection, world)

        with pytest.raises(NotFound):
            tokens.revoke_personal(connection, world.head, token.hash, now=NOW)
        assert tokens.find(connection, secret, now=NOW)


@pytest.mark.parametrize("mark", ["", "ab", "f" * 15, "%" * 20, "F" * 20])
def test_a_token_is_named_by_enough_of_its_hash(world: World, identity: Writer, mark: str) -> None:
    with identity.transaction() as connection, pytest.raises(BadRequest):
        tokens.revoke_personal(connection, world.person, mark, now=NOW)


def test_with_an_account_end_all_its_tokens(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        mine, _ = _personal(connection, world)
        other, _ = tokens.issue_personal(
            connection, world.head, purpose="x", scopes=["tiles:read"], lifetime=DAYS, now=NOW
        )

        assert tokens.end_of_account(connection, world.person.account_id or 0, now=NOW) == 1
        assert tokens.find(connection, mine, now=NOW) is None
        assert tokens.find(connection, other, now=NOW)


def test_a_token_of_a_client_is_good_where_the_client_was_and_is(world: World, identity: Writer) -> None:
    world.client("ban-do", networks=["10.0.0.0/8"])
    with identity.transaction() as connection:
        secret = tokens.issue_access(
            connection, account_id=world.person.account_id or 0, client_id="ban-do", scopes=["admin"],
            family=uuid.uuid4(), now=NOW, expires_at=NOW + timedelta(minutes=9),
        )  # fmt: skip
        assert tokens.caller_of(connection, secret, now=NOW, address="10.1.0.1")

    world.ask("UPDATE oauth.client SET networks = '{10.2.0.0/16,11.0.0.0/8}' WHERE id = 'ban-do'")

    with identity.transaction() as connection:
        assert tokens.caller_of(connection, secret, now=NOW, address="10.2.0.1").account == "can.bo"
        for address in ("10.1.0.1", "11.0.0.1"):
            with pytest.raises(Unauthorized):
                tokens.caller_of(connection, secret, now=NOW, address=address)


def test_the_last_use_is_noted_once_in_five_minutes(world: World, identity: Writer) -> None:
    with identity.transaction() as connection:
        secret, _ = _personal(connection, world)
        for minutes in (0, 4, 6):
            tokens.note_use(connection, hash_of(secret), now=NOW + timedelta(minutes=minutes))
            found = tokens.find(connection, secret, now=NOW)
            assert found
            assert found.used_at == NOW + timedelta(minutes=6 if minutes == 6 else 0)


@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        ([], "203.0.113.9", True),
        (["10.0.0.0/8"], "10.9.8.7", True),
        (["10.0.0.0/8"], "::ffff:10.9.8.7", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["2001:db8::/32"], "10.0.0.1", False),
        (["10.0.0.0/8"], "", False),
        (["10.0.0.0/8"], "10.0.0.1, 8.8.8.8", False),
    ],
)
def test_an_address_lies_in_a_network_or_not(networks: list[str], address: str, inside: bool) -> None:
    assert is_from([ip_network(each) for each in networks], address) is inside


def _personal(connection, world: World, **changes):
    given = {"purpose": "QGIS ở phòng địa chính", "scopes": ["features:read"], "lifetime": DAYS, "now": NOW} | changes
    return tokens.issue_personal(connection, world.person, **given)
