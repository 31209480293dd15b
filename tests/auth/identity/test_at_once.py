"""What two people do at once, each in a transaction of their own."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from auth.credentials import passwords
from auth.model import AccountKind, Caller, UnitKind
from auth.people import accounts, handovers, states, units
from auth.people.accounts import NewAccount
from auth.people.sign_in import SignedIn, sign_in
from core.errors import DatdaiError, Unavailable
from database.writer import Writer


class Town:
    """The people, committed, and a way to do things at once."""

    def __init__(self, dsn: str, people) -> None:
        self.dsn = dsn
        self.people = people

    def at_once(self, *acts: Callable[[psycopg.Connection], object]) -> list[object]:
        """Do each act in its own transaction, all beginning together; a refusal is its result."""
        results: list[object] = [None] * len(acts)
        ready = threading.Barrier(len(acts))

        def do(number: int, act: Callable[[psycopg.Connection], object]) -> None:
            with psycopg.connect(self.dsn) as connection:
                connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
                ready.wait()
                try:
                    results[number] = act(connection)
                except DatdaiError as exc:
                    connection.rollback()
                    results[number] = exc

        threads = [threading.Thread(target=do, args=each) for each in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return results


@pytest.fixture
def town(empty_db: str, people_of) -> Iterator[Town]:
    with psycopg.connect(empty_db) as owner:
        owner.execute("UPDATE lg.ngay_phap_ly SET ngay = '2025-07-01'")
        owner.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        people = people_of(owner)
        owner.commit()
        yield Town(empty_db, people)


def refused(results: list[object]) -> int:
    return sum(isinstance(each, DatdaiError) for each in results)


def test_two_admins_who_revoke_each_other_leave_two(town: Town):
    people = town.people

    def revoke(who: Caller, whom: str):
        return lambda connection: states.revoke(connection, who, whom, clock=people.clock)

    first, second, third = people.admin, people.second, people.third
    results = town.at_once(revoke(first, "qt2"), revoke(second, "qt1"), revoke(third, "qt2"), revoke(first, "qt3"))

    assert refused(results) == 3
    assert people.ask("SELECT count(*) FROM acl.account WHERE kind = 'system_admin' AND state <> 'revoked'") == [(2,)]


def test_an_admin_is_not_revoked_while_the_division_of_another_one_ends(town: Town):
    people = town.people
    division = units.NewUnit("phong-a", "Phòng A", UnitKind.DIVISION, people.today)
    units.create_unit(people.connection, people.admin, division)
    people.ask("UPDATE acl.account SET unit_id = (SELECT id FROM acl.unit WHERE code = 'phong-a') WHERE code = 'qt3'")
    people.connection.commit()

    results = town.at_once(
        lambda connection: units.change_unit(connection, people.admin, "phong-a", until=people.today),
        lambda connection: states.revoke(connection, people.admin, "qt2", clock=people.clock),
    )

    assert refused(results) == 1


def test_one_activation_code_sets_one_password_of_many(town: Town):
    people = town.people
    code, lan = handovers.reset(people.connection, people.head, "lan", clock=people.clock), people.id("lan")
    people.connection.commit()

    def activate(number: int):
        return lambda connection: passwords.change_password(
            connection, lan, current=code, new=f"Suối-đá số {number} kq", clock=people.clock
        )

    results = town.at_once(*(activate(number) for number in range(8)))

    assert refused(results) == 7
    assert people.ask("SELECT count(*) FROM acl.password WHERE account_id = %s", people.id("lan")) == [(2,)]


def test_one_second_factor_code_lets_one_in_of_many(town: Town):
    from pyotp import TOTP

    people = town.people
    secret, _ = people.enrol("lan")
    people.connection.commit()

    def enter(number: int):
        return lambda connection: sign_in(
            connection, code="lan", password=people.good, totp_code=TOTP(secret).at(people.now), ip=f"10.3.0.{number}",
            clock=people.clock, key=people.key,
        )  # fmt: skip

    results = town.at_once(*(enter(number) for number in range(8)))

    assert sum(isinstance(each, SignedIn) for each in results) == 1


def test_guesses_at_once_are_counted_one_by_one(town: Town):
    people = town.people

    def guess(number: int):
        return lambda connection: sign_in(
            connection, code="lan", password="wrong", ip=f"10.3.0.{number}", clock=people.clock, key=people.key
        )

    town.at_once(*(guess(number) for number in range(12)))

    assert people.ask("SELECT failures FROM acl.sign_in_failure WHERE kind = 'account'") == [(5,)]


def test_an_allowance_of_one_gives_one_account_of_many(town: Town):
    people = town.people
    units.change_unit(people.connection, people.admin, "xa", allowance=1)
    people.connection.commit()

    def make(number: int):
        new = NewAccount(f"moi{number}", "xa", AccountKind.INDIVIDUAL, "Mới")
        return lambda connection: accounts.create_account(connection, people.head, new, clock=people.clock)

    results = town.at_once(*(make(number) for number in range(6)))

    assert refused(results) == 5


def test_a_mark_is_not_taken_before_the_act_that_set_it_again_is_done(town: Town, empty_db: str):
    from auth.rights.stale import mark_stale, republish_in
    from catalogue.files import read_layers

    people, layers = town.people, read_layers()
    with psycopg.connect(empty_db) as publisher:
        republish_in(publisher, layers)
    mark_stale(people.connection, [people.id("lan")])
    people.connection.commit()
    mark_stale(people.connection, [people.id("lan")])  # a second act, not done yet

    with psycopg.connect(empty_db) as publisher:
        assert republish_in(publisher, layers) == ()
    people.connection.commit()
    with psycopg.connect(empty_db) as publisher:
        assert republish_in(publisher, layers) == (people.id("lan"),)


class Breaking(Writer):
    """A publisher whose first transactions end as they are told to; after them it works."""

    def __init__(self, dsn: str, *ends: Exception) -> None:
        super().__init__(dsn, purpose="test")
        self._ends = list(ends)

    @contextmanager
    def transaction(self) -> Generator[psycopg.Connection]:
        if self._ends:
            raise self._ends.pop(0)
        with super().transaction() as connection:
            yield connection


@pytest.mark.parametrize(
    "ends",
    [
        [Unavailable()],
        [psycopg.OperationalError("gone")],
    ],
    ids=["no connection", "gone"],
)
def test_an_act_stands_whatever_keeps_its_rights_from_being_published_and_the_next_one_publishes_them(
    town: Town, empty_db: str, ends: list[Exception]
):
    from auth.rights.stale import republish_in, republish_stale
    from catalogue.files import read_layers

    people, layers = town.people, read_layers()
    with psycopg.connect(empty_db) as owner:
        republish_in(owner, layers)
    states.suspend(people.connection, people.admin, "lan", clock=people.clock)
    people.connection.commit()
    publisher = Breaking(empty_db, *ends)

    assert republish_stale(publisher, layers) == ()
    assert people.stale() == {people.id("lan")}
    people.connection.commit()

    assert republish_stale(publisher, layers) == (people.id("lan"),)
    publisher.close()
