"""The rules of passwords."""

import threading
import time

import pytest

from auth.credentials import passwords
from auth.credentials.blocklist import blocklist, is_common
from core.errors import BadRequest, Conflict, Forbidden

GOOD = "Mưa-rào tháng 6"


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Aa1!xyz", "fewer than 8"),
        ("tre-xanh 7 cay", "upper-case"),
        ("TRE-XANH 7 CAY", "lower-case"),
        ("Tre-Xanh Cay", "digit"),
        ("TreXanh7Cay", "special"),
        ("Tre Xanh 7 Cay", "special"),  # a space is none
        ("Matkhau@123", "common"),
        ("Binhphuoc#2025", "common"),
        ("Qwerty!234", "common"),
        ("P@ssw0rd1!", "common"),
        ("Dongxoai@79", "common"),
        ("A1!" + "a" * 254, "more than 256"),
    ],
)
def test_a_password_that_breaks_a_rule_is_refused_with_the_rule(password, fault):
    with pytest.raises(BadRequest, match=fault):
        passwords.check_rules(password)


def test_every_broken_rule_is_said_at_once():
    with pytest.raises(BadRequest) as refused:
        passwords.check_rules("ab")

    assert str(refused.value).count("It ") == 4


@pytest.mark.parametrize("password", [GOOD, "Aa1!" + "xq7Z" * 31, "Ａｂ１！ｑｗｚｐ", "Đường-mòn 1 lối"])
def test_a_good_password_of_any_script_passes(password):
    passwords.check_rules(password)


def test_a_password_of_one_hundred_and_twenty_eight_characters_passes():
    passwords.check_rules("Aa1!" + "kq7Z" * 31)


@pytest.mark.parametrize("password", ["Nguyenvanlan@1", "Xa-an-phu#2025", "Truong.lan!9"])
def test_names_of_the_account_and_the_unit_are_no_password(password):
    own = ("truong.lan", "Nguyễn Văn Lan", "xa-an-phu", "UBND xã An Phú")

    assert is_common(password, own)


def test_the_blocklist_has_more_than_ten_thousand_entries_in_plain_letters():
    entries = blocklist()

    assert len(entries) >= 10_000
    assert all(entry.isascii() and entry == entry.lower() and entry for entry in entries)
    assert {"matkhau123", "binhphuoc2025", "1qaz2wsx", "nguyenan", "qwertyuiop", "00000000"} <= entries


def test_the_last_five_passwords_do_not_come_back(people):
    used = [people.good]
    for number in range(5):
        new = f"Suối-đá số {number} kq"
        passwords.change_password(people.connection, people.id("lan"), current=used[-1], new=new, clock=people.clock)
        used.append(new)

    for former in used[-5:]:
        with pytest.raises(Conflict):
            passwords.change_password(
                people.connection, people.id("lan"), current=used[-1], new=former, clock=people.clock
            )
    passwords.change_password(people.connection, people.id("lan"), current=used[-1], new=used[0], clock=people.clock)
    assert people.ask("SELECT count(*) FROM acl.password WHERE account_id = %s", people.id("lan")) == [(5,)]


def test_a_new_password_needs_the_current_one(people):
    for current in ("", "wrong"):
        with pytest.raises(Forbidden):
            passwords.change_password(
                people.connection, people.id("lan"), current=current, new=GOOD, clock=people.clock
            )


def test_a_new_password_ends_the_other_sessions_and_keeps_personal_tokens(people):
    of_consent, personal = people.give_token("lan"), people.give_token("lan")
    people.ask(
        "UPDATE oauth.token SET kind = 'personal', expires_at = issued_at + interval '1 day' WHERE hash = %s", personal
    )
    kept, other = people.give_session("lan"), people.give_session("lan")

    passwords.change_password(
        people.connection, people.id("lan"), current=people.good, new=GOOD, clock=people.clock, keep_session=kept
    )

    assert people.alive("lan") == (1, 1)
    assert people.ask("SELECT hash FROM oauth.session WHERE ended_at IS NOT NULL") == [(other,)]
    assert people.ask("SELECT hash FROM oauth.token WHERE revoked_at IS NOT NULL") == [(of_consent,)]


def test_an_account_that_was_not_handed_over_gets_no_password(people):
    with pytest.raises(Conflict):
        passwords.change_password(people.connection, people.id("minh"), current="", new=GOOD, clock=people.clock)


def test_three_months_end_on_the_same_day_or_the_last_one_of_the_month():
    from datetime import UTC, datetime

    def end(*moment):
        return passwords.expiry(datetime(*moment, tzinfo=UTC)).isoformat()

    assert end(2025, 1, 15, 3) == "2025-04-15T00:00:00+07:00"
    assert end(2025, 11, 30, 3) == "2026-02-28T00:00:00+07:00"
    assert end(2025, 1, 31, 20) == "2025-05-01T00:00:00+07:00"  # the first of February in Vietnam


def test_at_most_four_hashes_are_made_at_once(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    class Slow:
        def hash(self, _password):
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.05)
            with lock:
                running -= 1
            return "$argon2id$"

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    threads = [threading.Thread(target=passwords.hashed, args=("x",)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 4
