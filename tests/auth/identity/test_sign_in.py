"""Signing in: what lets in, what is refused, how often it may fail, and the second factor."""

import statistics
import time
from datetime import timedelta

import pytest

from auth.credentials import passwords, totp
from auth.model import AccountKind
from auth.people import handovers, positions, states
from auth.people.sign_in import NeedsTotp, Refused, SignedIn, owed_by
from core.errors import Conflict, Forbidden, Unauthorized


def code_of(secret, at):
    from pyotp import TOTP

    return TOTP(secret).at(at)


def test_the_right_password_signs_in(people):
    result = people.sign_in("lan")

    assert isinstance(result, SignedIn)
    assert (result.account, result.unit, result.kind) == ("lan", "xa", AccountKind.INDIVIDUAL)
    assert not result.must_change
    assert not result.must_enrol


def test_a_name_is_taken_in_either_case_and_a_password_in_any_unicode_form(people):
    import unicodedata

    assert isinstance(people.sign_in(" LAN ", unicodedata.normalize("NFD", people.good)), SignedIn)


@pytest.mark.parametrize("case", ["wrong", "unknown", "issued", "suspend", "revoke", "ended", "machine", "no_unit"])
def test_every_refusal_is_the_same(people, case):
    match case:
        case "suspend" | "revoke":
            getattr(states, case)(people.connection, people.head, "lan", clock=people.clock)
        case "ended":
            positions.set_ends_on(people.connection, people.id("lan"), people.today)
        case "machine":
            people.make("may", "xa", AccountKind.MACHINE)
        case "no_unit":
            people.ask("UPDATE acl.unit SET valid_until = '2025-07-01' WHERE code = 'xa'")
    code = {"unknown": "nobody", "issued": "minh", "machine": "may"}.get(case, "lan")

    result = people.sign_in(code, "wrong" if case == "wrong" else people.good)

    assert result == Refused()


def test_an_unknown_name_costs_the_work_of_a_known_one(people):
    def cost(code):
        times = []
        for number in range(7):
            begin = time.perf_counter()
            people.sign_in(code, "wrong", ip=f"10.1.0.{number}")
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    known, unknown = cost("lan"), cost("nobody")

    assert min(known, unknown) > 0.02  # both hash
    assert 0.5 < known / unknown < 2


def test_an_activation_code_is_good_until_a_password_is_set_by_it(people):
    handed = handovers.hand_over(people.connection, people.head, "minh", to_person="Minh", clock=people.clock)
    code = handed.activation_code

    first, second = people.sign_in("minh", code.lower()), people.sign_in("minh", code)
    people.set_password("minh", code)

    for each in (first, second):
        assert isinstance(each, SignedIn)
        assert (each.must_change, each.by_code) == (True, True)
    assert people.sign_in("minh", code) == Refused()
    assert people.sign_in("minh").by_code is False


def test_wrong_codes_are_counted_as_wrong_passwords_are(people):
    handed = handovers.hand_over(people.connection, people.head, "minh", to_person="Minh", clock=people.clock)

    for number in range(5):
        assert people.sign_in("minh", "A" * 24, ip=f"10.1.1.{number}") == Refused()

    assert people.sign_in("minh", handed.activation_code) == Refused()
    assert people.sign_in("minh", handed.activation_code, clock=people.at(minutes=2)).by_code


def test_an_activation_code_is_good_for_a_day(people):
    handed = handovers.hand_over(people.connection, people.head, "minh", to_person="Minh", clock=people.clock)

    assert people.sign_in("minh", handed.activation_code, clock=people.at(hours=24)) == Refused()
    assert isinstance(people.sign_in("minh", handed.activation_code, clock=people.at(hours=23.9)), SignedIn)


def test_a_newer_activation_code_ends_the_one_before(people):
    first = handovers.reset(people.connection, people.head, "lan", clock=people.clock)
    second = handovers.reset(people.connection, people.head, "lan", clock=people.clock)

    assert people.sign_in("lan", first) == Refused()
    assert isinstance(people.sign_in("lan", second), SignedIn)


def test_a_password_is_too_old_after_three_calendar_months_and_takes_tokens_with_it(people):
    people.give_token("lan")
    fresh, old = people.at(days=91), people.at(days=92)  # until 30 September, from 1 October on

    assert people.sign_in("lan", clock=fresh).must_change is False
    assert people.alive("lan") == (1, 0)
    assert people.sign_in("lan", clock=old).must_change is True
    assert people.alive("lan") == (0, 0)
    assert people.account("lan").state == "must_change"


@pytest.mark.parametrize(("days", "left"), [(77, None), (78, 14), (85, 7), (91, 1)])
def test_the_owner_is_told_in_the_last_fourteen_days(people, days, left):
    assert people.sign_in("lan", clock=people.at(days=days)).days_left == left


def test_after_five_failures_even_the_right_password_waits(people):
    for _ in range(5):
        assert people.sign_in("lan", "wrong") == Refused()

    assert people.sign_in("lan") == Refused()
    assert isinstance(people.sign_in("lan", clock=people.at(minutes=1)), SignedIn)


def test_four_failures_do_not_close_a_name_and_a_success_forgets_them(people):
    for _ in range(2):
        for _ in range(4):
            people.sign_in("lan", "wrong")
        assert isinstance(people.sign_in("lan"), SignedIn)


def test_the_delay_doubles_up_to_a_quarter_of_an_hour(people):
    minutes = 0.0
    for _ in range(5):
        people.sign_in("lan", "wrong")
    waited = []
    for _ in range(6):
        step = next(m for m in (1, 2, 4, 8, 15, 16) if _is_open(people, minutes + m))
        minutes += step
        waited.append(step)
        people.sign_in("lan", "wrong", clock=people.at(minutes=minutes), ip="10.9.9.9")

    assert waited == [1, 2, 4, 8, 15, 15]


def _is_open(people, minutes):
    """Tell whether the right password would sign in then, without doing so."""
    with people.connection.transaction() as transaction:
        from psycopg import Rollback

        is_open = isinstance(people.sign_in("lan", clock=people.at(minutes=minutes), ip="10.8.8.8"), SignedIn)
        raise Rollback(transaction)
    return is_open


def test_five_failures_count_within_a_quarter_of_an_hour_only(people):
    for number in range(8):
        people.sign_in("lan", "wrong", clock=people.at(minutes=15 * number), ip=f"10.1.1.{number}")

    assert isinstance(people.sign_in("lan", clock=people.at(minutes=15 * 7 + 0.1)), SignedIn)


def test_thirty_failures_close_an_address_for_everybody_behind_it(people):
    for number in range(30):
        people.sign_in(f"nobody{number}", "wrong", ip="10.2.2.2")

    assert people.sign_in("lan", ip="10.2.2.2") == Refused()
    assert isinstance(people.sign_in("lan", ip="10.2.2.3"), SignedIn)
    assert isinstance(people.sign_in("lan", ip="10.2.2.2", clock=people.at(minutes=15)), SignedIn)


def test_an_address_of_ipv6_counts_with_the_network_that_one_customer_has(people):
    for number in range(30):
        people.sign_in(f"nobody{number}", "wrong", ip=f"2001:db8:0:1::{number:x}")

    assert people.sign_in("lan", ip="2001:db8:0:1:ffff::1") == Refused()
    assert isinstance(people.sign_in("lan", ip="2001:db8:0:2::1"), SignedIn)


def test_what_a_closed_address_sends_fills_no_record(people):
    for number in range(50):
        people.sign_in(f"nobody{number}", "wrong", ip="10.2.2.2")

    assert people.ask("SELECT count(*) FROM audit.act WHERE act = 'account.sign_in_refused'") == [(30,)]
    assert people.ask("SELECT kind, count(*), sum(failures) FROM acl.sign_in_failure GROUP BY kind ORDER BY kind") == [
        ("account", 30, 30),
        ("address", 1, 30),
    ]


def test_what_was_typed_for_a_name_is_kept_nowhere(people):
    people.sign_in("Mat-Khau-Cua-Toi-9", "x")

    rows = people.ask("SELECT string_agg(f::text, '') FROM acl.sign_in_failure f")
    acts = people.ask("SELECT string_agg(a::text, '') FROM audit.act a")

    assert "mat-khau" not in rows[0][0].lower()
    assert "mat-khau" not in acts[0][0].lower()


def test_counts_of_failures_do_not_outlive_a_crash(people):
    assert people.ask("SELECT relpersistence FROM pg_class WHERE oid = 'acl.sign_in_failure'::regclass") == [("u",)]


@pytest.mark.parametrize("code", ["truong", "qt1"])
def test_heads_and_admins_must_have_a_second_factor(people, code):
    people.activate("qt1")

    result = people.sign_in(code)

    assert result.must_enrol
    assert owed_by(people.connection, people.id(code), now=people.now).must_enrol
    people.enrol(code)
    assert not owed_by(people.connection, people.id(code), now=people.now).must_enrol


def test_the_second_factor_is_asked_for_once_it_is_confirmed(people):
    secret, _ = people.enrol("lan")

    assert people.sign_in("lan") == NeedsTotp(people.id("lan"))
    assert people.sign_in("lan", "wrong", code_of(secret, people.now)) == Refused()
    assert people.sign_in("lan", totp_code="000000") == Refused()
    assert isinstance(people.sign_in("lan", totp_code=code_of(secret, people.now)), SignedIn)


def test_a_code_works_once(people):
    secret, _ = people.enrol("lan")
    code = code_of(secret, people.now)

    assert isinstance(people.sign_in("lan", totp_code=code), SignedIn)
    assert people.sign_in("lan", totp_code=code) == Refused()


def test_a_code_that_is_older_than_a_used_one_works_no_more(people):
    secret, _ = people.enrol("lan")
    later = people.at(seconds=60)
    older, newer = (code_of(secret, later.now() + timedelta(seconds=s)) for s in (0, 30))

    assert isinstance(people.sign_in("lan", totp_code=newer, clock=later), SignedIn)
    assert people.sign_in("lan", totp_code=older, clock=later) == Refused()


@pytest.mark.parametrize(("seconds", "is_good"), [(-60, False), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(people, seconds, is_good):
    secret, _ = people.enrol("lan")
    at = people.at(minutes=10)

    code = code_of(secret, at.now() + timedelta(seconds=seconds))

    assert isinstance(people.sign_in("lan", totp_code=code, clock=at), SignedIn) is is_good


def test_a_recovery_code_works_once_in_place_of_a_lost_authenticator(people):
    _, codes = people.enrol("lan")

    result = people.sign_in("lan", totp_code=codes[0])

    assert len(set(codes)) == 10
    assert result.recovery_codes_left == 9
    assert people.sign_in("lan", totp_code=codes[0]) == Refused()


def test_a_wrong_second_factor_counts_as_a_failure_and_does_not_use_up_an_activation_code(people):
    secret, _ = people.enrol("lan")
    code = handovers.reset(people.connection, people.head, "lan", clock=people.clock)

    assert people.sign_in("lan", code) == NeedsTotp(people.id("lan"), by_code=True)
    assert people.sign_in("lan", code, "000000") == Refused()
    assert people.sign_in("lan", code, code_of(secret, people.now)).must_change


def test_a_secret_lies_encrypted_for_one_account_and_one_server(people):
    secret, _ = people.enrol("lan")
    sealed = people.ask("SELECT sealed FROM acl.totp")[0][0]
    import base64

    assert base64.b32decode(secret) not in bytes(sealed)
    with pytest.raises(Conflict):
        totp.verify(people.connection, people.id("lan"), "123456", key=bytes(32), now=people.now)
    people.ask("INSERT INTO acl.totp SELECT %s, sealed, confirmed_at, 0 FROM acl.totp", people.id("minh"))
    with pytest.raises(Conflict):
        totp.verify(people.connection, people.id("minh"), "123456", key=people.key, now=people.now)


def test_a_second_factor_is_confirmed_by_a_right_code_and_dropped_by_a_reset(people):
    totp.enrol(people.connection, people.id("lan"), account="lan", key=people.key, now=people.now)
    assert isinstance(people.sign_in("lan"), SignedIn)  # not asked for yet
    with pytest.raises(Forbidden):
        totp.confirm(people.connection, people.id("lan"), "000000", key=people.key, clock=people.clock)

    people.enrol("lan")

    assert people.sign_in("lan") == NeedsTotp(people.id("lan"))
    handovers.reset_totp(people.connection, people.head, "lan", clock=people.clock)
    assert isinstance(people.sign_in("lan"), SignedIn)


def test_another_second_factor_takes_the_place_of_the_first_only_when_it_is_confirmed(people):
    secret, _ = people.enrol("lan")
    other = totp.enrol(people.connection, people.id("lan"), account="lan", key=people.key, now=people.now)

    assert people.sign_in("lan", totp_code=code_of(other.secret, people.now)) == Refused()
    assert isinstance(people.sign_in("lan", totp_code=code_of(secret, people.now)), SignedIn)
    totp.confirm(
        people.connection, people.id("lan"), code_of(other.secret, people.now), key=people.key, clock=people.clock
    )
    later = people.now + timedelta(seconds=30)
    assert people.sign_in("lan", totp_code=code_of(secret, later), clock=people.at(seconds=30)) == Refused()
    assert isinstance(
        people.sign_in("lan", totp_code=code_of(other.secret, later), clock=people.at(seconds=30)), SignedIn
    )


def test_a_second_factor_that_was_begun_can_be_confirmed_for_a_quarter_of_an_hour_and_not_after_a_reset(people):
    begun = totp.enrol(people.connection, people.id("lan"), account="lan", key=people.key, now=people.now)
    late = people.now + timedelta(minutes=15)

    with pytest.raises(Conflict):
        totp.confirm(
            people.connection,
            people.id("lan"),
            code_of(begun.secret, late),
            key=people.key,
            clock=people.at(minutes=15),
        )
    totp.drop(people.connection, people.id("lan"))
    with pytest.raises(Conflict):
        totp.confirm(
            people.connection, people.id("lan"), code_of(begun.secret, people.now), key=people.key, clock=people.clock
        )


def test_a_hash_with_other_costs_is_made_anew_at_sign_in(people):
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(passwords.normal(people.good))
    people.ask("UPDATE acl.password SET hash = %s WHERE account_id = %s", weak, people.id("lan"))

    assert isinstance(people.sign_in("lan"), SignedIn)

    kept = people.ask("SELECT hash FROM acl.password WHERE account_id = %s", people.id("lan"))
    assert kept[0][0].startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert isinstance(people.sign_in("lan"), SignedIn)


def test_who_may_not_act_owes_nothing_and_is_refused(people):
    states.suspend(people.connection, people.head, "lan", clock=people.clock)

    with pytest.raises(Unauthorized):
        owed_by(people.connection, people.id("lan"), now=people.now)
