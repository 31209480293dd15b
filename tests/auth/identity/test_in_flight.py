"""An account is entered, or an actor acts, while somebody else ends it: each in a transaction of its own.

One transaction is held open in the middle; the other one waits for it, and then finds what it left.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.credentials import sessions, tokens
from auth.model import AccountKind
from auth.oauth.issue import Flow, begin_family
from auth.people import handovers, outside, states
from auth.people.proposals import Act
from auth.people.sign_in import Refused, SignedIn, sign_in
from core.errors import Conflict

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"


class Doing:
    """An act that goes on in a transaction of its own, in another thread."""

    def __init__(self, dsn: str, act: Callable[[psycopg.Connection[Any]], object]) -> None:
        self.dsn = dsn
        self.result: object = None
        self._act = act
        self._thread = threading.Thread(target=self._do, daemon=True)
        self._thread.start()

    def waits(self) -> bool:
        """Tell whether it waits for the other transaction, and does not just take its time."""
        with psycopg.connect(self.dsn, autocommit=True) as watcher:
            while self._thread.is_alive():
                if watcher.execute(_WAITING, ["beside"]).fetchone() != (0,):
                    return True
                time.sleep(0.02)
        return False

    def done(self) -> object:
        self._thread.join(20)
        assert not self._thread.is_alive(), "it waits for something that nobody ends"
        return self.result

    def _do(self) -> None:
        with psycopg.connect(make_conninfo(self.dsn, application_name="beside")) as connection:
            connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
            try:
                self.result = self._act(connection)
            except Exception as exc:
                connection.rollback()
                self.result = exc


class Town:
    """The people, committed, with a connection that holds its transaction open until it is told to commit."""

    def __init__(self, dsn: str, people) -> None:
        self.dsn = dsn
        self.people = people
        self.lan = people.lan.account_id
        """Known from the beginning: who asks ``people`` for it waits for whoever holds the account."""
        self.connection = people.connection

    def beside(self, act: Callable[[psycopg.Connection[Any]], object]) -> Doing:
        return Doing(self.dsn, act)

    def sign_in(self, connection: psycopg.Connection[Any], password: str | None = None) -> object:
        people = self.people
        result = sign_in(
            connection, code="lan", password=password or people.good, ip="10.3.0.1", clock=people.clock, key=people.key
        )
        if isinstance(result, SignedIn):
            self.begin_session(connection)
        return result

    def begin_session(self, connection: psycopg.Connection[Any]) -> None:
        _, begun = sessions.begin_sign_in(connection, self.lan, "password", now=self.people.now)
        sessions.begin(connection, begun, now=self.people.now)

    def token(self, connection: psycopg.Connection[Any]) -> object:
        return tokens.issue_personal(
            connection, self.people.lan, purpose="QGIS", scopes=["features:read"], lifetime=timedelta(days=30),
            now=self.people.now,
        )  # fmt: skip

    def family(self, connection: psycopg.Connection[Any]) -> object:
        return begin_family(Flow(connection, self.people.now), self.lan, "qgis")

    def alive(self) -> int:
        """How many sessions, sign-ins, tokens and consents of the account live."""
        return sum(
            self.people.ask(f"SELECT count(*) FROM oauth.{table} WHERE account_id = %s {living}", self.lan)[0][0]
            for table, living in (
                ("session", "AND ended_at IS NULL"), ("sign_in", ""), ("token", "AND revoked_at IS NULL"),
                ("family", "AND ended_at IS NULL"),
            )
        )  # fmt: skip

    def reset(self, connection: psycopg.Connection[Any]) -> str:
        return handovers.reset(connection, self.people.head, "lan", clock=self.people.clock)

    def suspend(self, connection: psycopg.Connection[Any]) -> object:
        return states.suspend(connection, self.people.head, "lan", clock=self.people.clock)


@pytest.fixture
def town(empty_db: str, people_of) -> Iterator[Town]:
    with psycopg.connect(empty_db) as owner:
        owner.execute("UPDATE lg.ngay_phap_ly SET ngay = '2025-07-01'")
        owner.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        people = people_of(owner)
        people.ask(
            "INSERT INTO oauth.client (id, unit_id, name) SELECT 'qgis', id, 'QGIS' FROM acl.unit WHERE code = 'so'"
        )
        owner.commit()
        yield Town(empty_db, people)


def test_a_sign_in_under_way_does_not_outlive_a_reset(town: Town):
    town.reset(town.connection)
    entering = town.beside(town.sign_in)

    assert entering.waits()
    town.connection.commit()

    assert isinstance(entering.done(), Refused)
    assert town.alive() == 0


WAYS = ("sign_in", "begin_session", "token", "family")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ending", ["reset", "suspend"])
def test_who_ends_an_account_waits_for_whoever_enters_it_and_ends_what_came_of_it(town: Town, way, ending):
    getattr(town, way)(town.connection)
    act = town.beside(getattr(town, ending))

    assert act.waits()
    town.connection.commit()

    assert not isinstance(act.done(), Exception), act.result
    assert town.alive() == 0


@pytest.mark.parametrize("way", ["token", "family"])
def test_nothing_is_issued_to_an_account_that_is_suspended_meanwhile(town: Town, way):
    town.suspend(town.connection)
    issuing = town.beside(getattr(town, way))

    assert issuing.waits()
    town.connection.commit()

    assert isinstance(issuing.done(), Exception)
    assert town.alive() == 0


def test_a_link_made_meanwhile_does_not_outlive_a_promotion(town: Town):
    people = town.people
    number = people.propose(Act.POSITION, "lan", position="Chủ tịch", kind=AccountKind.UNIT_HEAD).number
    town.connection.commit()
    outside.link(town.connection, people.lan, "lan", issuer="https://sso.example", subject="lan", now=people.now)
    promoting = town.beside(lambda connection: _approve(people, connection, number))

    assert promoting.waits()
    town.connection.commit()

    assert not isinstance(promoting.done(), Exception), promoting.result
    assert people.ask("SELECT count(*) FROM oauth.outside_subject") == [(0,)]
    assert town.alive() == 0


def test_a_sign_in_under_way_does_not_outlive_a_promotion(town: Town):
    people = town.people
    number = people.propose(Act.POSITION, "lan", position="Chủ tịch", kind=AccountKind.UNIT_HEAD).number
    town.connection.commit()
    town.sign_in(town.connection)
    promoting = town.beside(lambda connection: _approve(people, connection, number))

    assert promoting.waits()
    town.connection.commit()

    assert not isinstance(promoting.done(), Exception), promoting.result
    assert (people.account("lan").kind, town.alive()) == (AccountKind.UNIT_HEAD, 0)


def test_an_account_has_no_more_personal_tokens_than_it_may_however_many_ask_at_once(town: Town):
    for _ in range(tokens.PERSONAL_MAX - 1):
        town.token(town.connection)
    town.connection.commit()
    town.token(town.connection)  # the last one, not done yet
    one_more = town.beside(town.token)

    assert one_more.waits()
    town.connection.commit()

    assert isinstance(one_more.done(), Conflict)
    assert town.alive() == tokens.PERSONAL_MAX


def test_a_token_that_is_over_does_not_hinder_a_promotion(town: Town):
    people = town.people
    for number, table in enumerate(("token", "session")):
        (people.give_token if number == 0 else people.give_session)("lan")
        people.ask(f"UPDATE oauth.{table} SET issued_at = %s, expires_at = %s" if number == 0 else
                   f"UPDATE oauth.{table} SET begun_at = %s, expires_at = %s",
                   people.now - timedelta(days=2), people.now - timedelta(days=1))  # fmt: skip

    people.two(Act.POSITION, "lan", position="Chủ tịch", kind=AccountKind.UNIT_HEAD)

    assert people.account("lan").kind is AccountKind.UNIT_HEAD


def test_an_act_over_http_is_not_done_by_an_actor_who_is_suspended_while_it_waits(whole):
    code = whole.new_account()
    people = psycopg.connect(whole.dsn)
    people.execute("SELECT FROM acl.account WHERE code = 'truong' FOR NO KEY UPDATE")
    people.execute("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'truong'")
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(whole.ask("head", "POST", f"/accounts/{code}/handovers", {"to_person": "x"}))
    )
    thread.start()
    thread.join(1)

    waited = thread.is_alive()
    people.commit()
    thread.join(60)
    whole.rows("UPDATE acl.account SET state = 'active', suspended_for = NULL WHERE code = 'truong' RETURNING 1")
    people.close()

    assert (waited, answers[0][0]) == (True, 403)
    assert whole.rows("SELECT state FROM acl.account WHERE code = %s", code) == [("issued",)]


def _approve(people, connection: psycopg.Connection[Any], number: int) -> object:
    from auth.people.proposals import Means, approve

    return approve(connection, people.second, number, means=Means(people.clock, people.today, ()))
