"""Sessions of browsers on a real database: what begins them, what ends them, what is kept of them."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.credentials import sessions
from auth.credentials.endings import end_sessions
from auth.credentials.tokens import Prefix, new_secret
from auth.model import AccountKind, Caller
from auth.people import outside
from core.errors import BadRequest, Conflict, Forbidden, NotFound, SignInRefused

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ISSUER = "https://sso.example"


@pytest.fixture(scope="module")
def peopled(cluster: str, template_db: str) -> Iterator[str]:
    """A database with one unit and its people."""
    name = f"datdai_phien_{os.getpid()}"
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_db}")
        with psycopg.connect(cluster, dbname=name, autocommit=True) as owner:
            owner.execute("INSERT INTO acl.unit (code, name, kind, valid_from) VALUES ('so', 'Sở', 'so', '2020-01-01')")
            for code, kind in (("lan", "individual"), ("minh", "unit_head"), ("quan", "system_admin")):
                owner.execute(
                    "INSERT INTO acl.account (code, unit_id, kind, person, state, password_until) "
                    "VALUES (%s, 1, %s, 'Người dùng', 'active', %s)",
                    [code, kind, NOW + timedelta(days=30)],
                )
        yield make_conninfo(cluster, dbname=name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(peopled: str) -> Iterator[psycopg.Connection]:
    """A connection with the rights of the login that keeps accounts, in a transaction that is rolled back."""
    with psycopg.connect(peopled) as connection:
        connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        yield connection
        connection.rollback()


def change(connection: psycopg.Connection, statement: str) -> None:
    """Do what that login may not."""
    connection.execute("RESET SESSION AUTHORIZATION")
    connection.execute(statement)
    connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")


def id_of(connection: psycopg.Connection, code: str) -> int:
    return connection.execute("SELECT id FROM acl.account WHERE code = %s", [code]).fetchone()[0]


def signed_in(connection, code="lan", now=NOW, **more) -> str:
    _, sign_in = sessions.begin_sign_in(connection, id_of(connection, code), "password", now=now)
    return sessions.begin(connection, sign_in, now=now, **more)


def test_a_session_is_found_by_what_its_cookie_carries_and_only_its_hash_is_kept(connection):
    key = signed_in(connection, address="10.1.2.3", agent="Firefox\r\n\x00")

    session = sessions.find(connection, key, now=NOW)

    assert (session.address, session.agent, session.way) == ("10.1.2.3", "Firefox", "password")
    assert session.hash == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str(connection.execute("SELECT * FROM oauth.session").fetchall())


def test_each_key_is_new_and_has_256_random_bits(connection):
    asked = []
    numbers = count()

    def random(size):
        asked.append(size)
        return next(numbers).to_bytes(size)

    keys = {signed_in(connection, random=random) for _ in range(3)}

    assert len(keys) == 3
    assert asked == [32, 32, 32]


@pytest.mark.parametrize(
    "key",
    ["", "x", "' OR 1=1 --", "lda_" + "0" * 43 + "_000000", pytest.param(new_secret(Prefix.SESSION), id="another")],
)
def test_what_is_no_key_finds_nothing(connection, key):
    signed_in(connection)

    assert sessions.find(connection, key, now=NOW) is None
    assert sessions.find_sign_in(connection, key, now=NOW) is None


def test_a_session_ends_after_thirty_minutes_without_use(connection):
    key = signed_in(connection)

    assert sessions.find(connection, key, now=NOW + timedelta(minutes=29, seconds=59))
    assert sessions.find(connection, signed_in(connection), now=NOW + timedelta(minutes=30)) is None


def test_use_moves_the_end_on_but_not_beyond_twelve_hours(connection):
    key = signed_in(connection)
    for minutes in range(20, 12 * 60, 20):
        assert sessions.find(connection, key, now=NOW + timedelta(minutes=minutes))

    assert sessions.find(connection, key, now=NOW + timedelta(hours=12) - timedelta(seconds=1))
    assert sessions.find(connection, key, now=NOW + timedelta(hours=12)) is None


def test_a_busy_session_is_written_once_a_minute(connection):
    key = signed_in(connection)
    sessions.find(connection, key, now=NOW + timedelta(seconds=61))
    row = connection.execute("SELECT ctid FROM oauth.session").fetchone()

    sessions.find(connection, key, now=NOW + timedelta(seconds=100))

    assert connection.execute("SELECT ctid FROM oauth.session").fetchone() == row


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE acl.account SET state = 'suspended', suspended_for = 'unit'",
        "UPDATE acl.account SET state = 'revoked'",
        "UPDATE acl.account SET ends_on = lg.hom_nay()",
    ],
)
def test_the_session_of_an_account_that_has_ended_is_dead_at_once(connection, statement):
    key = signed_in(connection)
    sign_in, _ = sessions.begin_sign_in(connection, id_of(connection, "lan"), "password", now=NOW)

    change(connection, statement)

    assert sessions.find(connection, key, now=NOW) is None
    assert sessions.find_sign_in(connection, sign_in, now=NOW) is None


def test_a_password_alone_is_no_session(connection):
    key, _ = sessions.begin_sign_in(connection, id_of(connection, "lan"), "password", now=NOW)

    assert sessions.find(connection, key, now=NOW) is None
    assert connection.execute("SELECT count(*) FROM oauth.session").fetchone() == (0,)


def test_a_sign_in_lives_for_ten_minutes_and_makes_one_session(connection):
    key, sign_in = sessions.begin_sign_in(connection, id_of(connection, "lan"), "password", now=NOW)

    assert sessions.find_sign_in(connection, key, now=NOW + timedelta(minutes=9, seconds=59)) == sign_in
    assert sessions.find_sign_in(connection, key, now=NOW + timedelta(minutes=10)) is None
    assert sessions.begin(connection, sign_in, now=NOW) != key
    with pytest.raises(SignInRefused):
        sessions.begin(connection, sign_in, now=NOW)


def test_the_second_factor_is_remembered_with_the_sign_in(connection):
    key, sign_in = sessions.begin_sign_in(connection, id_of(connection, "lan"), "password", now=NOW)

    sessions.pass_second_factor(connection, sign_in, now=NOW)

    assert sessions.find_sign_in(connection, key, now=NOW).second_factor_at == NOW


def test_one_session_is_ended_by_its_owner_alone(connection):
    key = signed_in(connection)
    mark = sessions.find(connection, key, now=NOW).hash[: sessions.MARK_LENGTH]

    assert not sessions.end(connection, id_of(connection, "minh"), mark, now=NOW)
    assert not sessions.end(connection, id_of(connection, "lan"), "", now=NOW)
    assert sessions.find(connection, key, now=NOW)
    assert sessions.end(connection, id_of(connection, "lan"), mark, now=NOW)
    assert sessions.find(connection, key, now=NOW) is None


def test_all_sessions_end_but_the_one_that_goes_on(connection):
    mine, other, foreign = signed_in(connection), signed_in(connection), signed_in(connection, "minh")
    half, _ = sessions.begin_sign_in(connection, id_of(connection, "lan"), "password", now=NOW)
    kept = sessions.find(connection, mine, now=NOW)

    assert end_sessions(connection, id_of(connection, "lan"), now=NOW, keep=kept.hash) == 1

    assert sessions.find(connection, mine, now=NOW)
    assert sessions.find(connection, foreign, now=NOW)
    assert sessions.find(connection, other, now=NOW) is None
    assert sessions.find_sign_in(connection, half, now=NOW) is None


def test_the_list_shows_what_is_alive_the_latest_first(connection):
    for hour in range(3):
        signed_in(connection, now=NOW + timedelta(minutes=10 * hour), address=f"10.0.0.{hour}")
    sessions.end(connection, 1, sessions.of_account(connection, 1, now=NOW)[0].hash, now=NOW)

    listed = sessions.of_account(connection, 1, now=NOW + timedelta(minutes=21))

    assert [each.address for each in listed] == ["10.0.0.1", "10.0.0.0"]


def test_the_sign_in_before_is_told_even_when_it_is_over(connection):
    first = signed_in(connection, address="10.9.9.9")
    key = signed_in(connection, now=NOW + timedelta(days=3))

    before = sessions.before(connection, sessions.find(connection, key, now=NOW + timedelta(days=3)))

    assert before.address == "10.9.9.9"
    assert sessions.before(connection, before) is None
    assert first


def test_old_sessions_are_forgotten_but_the_last_of_each_account(connection):
    for day in (0, 1, 2):
        signed_in(connection, now=NOW + timedelta(days=day))
    signed_in(connection, "minh")
    sessions.begin_sign_in(connection, 1, "password", now=NOW)

    assert sessions.clear(connection, now=NOW + timedelta(days=200)) == 2
    assert connection.execute("SELECT count(*) FROM oauth.session").fetchone() == (2,)
    assert connection.execute("SELECT count(*) FROM oauth.sign_in").fetchone() == (0,)


@pytest.mark.parametrize(
    ("statement", "may_act"),
    [
        ("SELECT", True),
        ("UPDATE acl.account SET state = 'must_change'", False),
        (f"UPDATE acl.account SET password_until = '{NOW.isoformat()}'", False),
        ("UPDATE acl.unit SET valid_until = lg.hom_nay()", False),
    ],
)
def test_who_must_change_a_password_may_not_act(connection, statement, may_act):
    change(connection, statement)

    assert sessions.owner(connection, id_of(connection, "lan"), now=NOW).may_act is may_act


def test_a_session_speaks_for_its_account(connection):
    session = sessions.find(connection, signed_in(connection), now=NOW)

    caller = sessions.caller_of(session, sessions.owner(connection, session.account_id, now=NOW))

    assert caller == Caller(
        f"account:{session.account_id}", "session", session.hash, session.account_id, "lan", AccountKind.INDIVIDUAL,
        1, "so", proved_at=NOW,
    )  # fmt: skip


def test_the_cookie_is_bound_to_its_host_where_the_address_is_https():
    assert sessions.cookie_name("https://dat.example") == "__Host-datdai"
    assert sessions.cookie_name("http://127.0.0.1:8000") == "datdai"


def caller(connection, code, **more) -> Caller:
    account_id = id_of(connection, code)
    kind = connection.execute("SELECT kind FROM acl.account WHERE id = %s", [account_id]).fetchone()[0]
    values = {"kind": "session", "account_id": account_id, "account": code, "account_kind": AccountKind(kind)}
    return Caller(subject=f"account:{account_id}", key="", **(values | more))


def linked(connection, actor, account="lan", subject="can-bo-17"):
    outside.link(connection, caller(connection, actor), account, issuer=ISSUER, subject=subject, now=NOW)


@pytest.mark.parametrize("owner", ["lan", "quan"])
def test_an_account_is_linked_by_its_owner_and_the_act_is_recorded(connection, owner):
    linked(connection, owner, account=owner)

    assert outside.account_of(connection, ISSUER, "can-bo-17") == id_of(connection, owner)
    assert outside.subject_of(connection, ISSUER, id_of(connection, owner)) == "can-bo-17"
    assert outside.account_of(connection, "https://khac.example", "can-bo-17") is None


def test_nobody_else_links_an_account_and_no_token_does(connection):
    for other in ("minh", "quan"):
        with pytest.raises(Forbidden):
            linked(connection, other)
    with pytest.raises(Forbidden):
        token = caller(connection, "lan", kind="token")
        outside.link(connection, token, "lan", issuer=ISSUER, subject="x", now=NOW)


def test_a_link_is_one_to_one(connection):
    linked(connection, "lan")

    with pytest.raises(Conflict):
        linked(connection, "lan", subject="khac")
    with pytest.raises(Conflict):
        linked(connection, "minh", account="minh")


@pytest.mark.parametrize("subject", ["", "x" * 256, "cán-bộ", "a\nb"])
def test_a_subject_that_no_provider_can_have_is_refused(connection, subject):
    with pytest.raises(BadRequest):
        linked(connection, "lan", subject=subject)


def test_a_link_is_taken_back(connection):
    linked(connection, "lan")

    outside.unlink(connection, caller(connection, "lan"), "lan", issuer=ISSUER)

    assert outside.account_of(connection, ISSUER, "can-bo-17") is None
    with pytest.raises(NotFound):
        outside.unlink(connection, caller(connection, "lan"), "lan", issuer=ISSUER)


def test_no_account_no_link(connection):
    with pytest.raises(NotFound):
        linked(connection, "quan", account="khong-co")
