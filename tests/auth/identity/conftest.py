"""Units and people, and the login that keeps them: each test in a transaction that is rolled back."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.conninfo import make_conninfo

from auth import api
from auth.api.http import Access
from auth.credentials import passwords, totp
from auth.model import AccountKind, Caller, UnitKind
from auth.people import accounts, first_admins, proposals, units
from auth.people.accounts import NewAccount
from auth.people.proposals import Act, Approved, Arguments, Means, NewProposal, Proposal
from auth.people.sign_in import Result, sign_in
from auth.people.units import NewUnit
from catalogue.files import read_layers
from core.clocks import StoppedClock
from core.errors import Unauthorized
from database.writer import Writer
from web.texts import error_texts

NOW = datetime(2025, 7, 1, 2, 0, tzinfo=UTC)  # Tuesday, 9 o'clock in Vietnam
TODAY = date(2025, 7, 1)
KEY = bytes(range(32))
GOOD = "Rừng-cao-su 2 hàng"
ADDRESS = "10.0.0.7"


class People:
    """A Sở with three admins, a commune with a head and two people, and another unit with a head."""

    key = KEY
    good = GOOD
    today = TODAY
    now = NOW

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.clock = StoppedClock(NOW)
        self.admin = Caller("system", "command", "", account_kind=AccountKind.SYSTEM_ADMIN)
        for code, name, kind in (
            ("so", "Sở Nông nghiệp và Môi trường", UnitKind.DEPARTMENT),
            ("xa", "UBND xã An Phú", UnitKind.COMMUNE),
            ("thue", "Cục Thuế", UnitKind.TAX),
        ):
            units.create_unit(connection, self.admin, NewUnit(code, name, kind, date(2020, 1, 1)))
        admins = [NewAccount(f"qt{n}", "so", AccountKind.SYSTEM_ADMIN, f"Quản trị {n}") for n in (1, 2, 3)]
        department = NewUnit("so", "Sở", UnitKind.DEPARTMENT, TODAY)
        connection.execute("RESET SESSION AUTHORIZATION")
        first_admins.bootstrap(connection, admins, unit=department, clock=self.clock)
        connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        self.ask("UPDATE acl.account SET state = 'active', password_until = '2099-12-31'")  # they have used their codes
        self.admin, self.second, self.third = (self.caller(f"qt{n}") for n in (1, 2, 3))
        for code, unit, kind in (
            ("truong", "xa", AccountKind.UNIT_HEAD),
            ("lan", "xa", AccountKind.INDIVIDUAL),
            ("minh", "xa", AccountKind.INDIVIDUAL),
            ("thu", "thue", AccountKind.UNIT_HEAD),
        ):
            self.make(code, unit, kind)
        self.activate("truong", "lan", "thu")
        self.head, self.lan, self.other = self.caller("truong"), self.caller("lan"), self.caller("thu")
        self.ask("DELETE FROM acl.notice")

    def make(self, code: str, unit: str = "xa", kind: AccountKind = AccountKind.INDIVIDUAL) -> accounts.Account:
        if kind in {AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD}:
            self.two(Act.CREATE, code, unit=unit, kind=kind, person=f"Nguyễn Văn {code.title()}",
                     person_code=f"CB-{code}", position="Chuyên viên")  # fmt: skip
            return self.account(code)
        new = NewAccount(code, unit, kind, f"Nguyễn Văn {code.title()}", f"CB-{code}", "Chuyên viên")
        return accounts.create_account(self.connection, self.admin, new, clock=self.clock)

    def activate(self, *codes: str) -> None:
        """Take accounts all the way: handed over, with a password of their own."""
        for code in codes:
            if self.account(code).state == "issued":
                self.set_password(code, self.two(Act.HAND_OVER, code, to_person=code))
            else:
                self.set_password(code, self.new_code(code))

    def set_password(self, code: str, current: str, new: str = GOOD) -> None:
        """Set a password by the one before or by an activation code."""
        passwords.change_password(self.connection, self.id(code), current=current, new=new, clock=self.clock)

    def new_code(self, code: str) -> str:
        """Give an account an activation code in place of a password, as the DBA can."""
        self.ask("UPDATE acl.account SET password_until = NULL WHERE code = %s", code)
        self.connection.execute("RESET SESSION AUTHORIZATION")
        made = passwords.new_activation(self.connection, self.id(code), clock=self.clock)
        self.connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        return made

    def propose(self, act: Act, code: str, *, by: Caller | None = None, clock: Any = None, **given: Any) -> Proposal:
        new = NewProposal(act, code, "Theo quyết định", Arguments(**given))
        return proposals.propose(self.connection, by or self.admin, new, clock=clock or self.clock)

    def approve(self, number: int, *, by: Caller | None = None, clock: Any = None) -> Approved:
        means = Means(clock or self.clock, TODAY, ())
        return proposals.approve(self.connection, by or self.second, number, means=means)

    def two(self, act: Act, code: str, **given: Any) -> str:
        """Do an act as two admins; return both halves of the activation code that comes of it."""
        admins = [self.caller(each) for each in ("qt1", "qt2", "qt3") if each != code]
        number = self.propose(act, code, by=admins[0], **given).number
        half = self.approve(number, by=admins[1]).half
        if half is None:
            return ""
        return f"{proposals.take_half(self.connection, admins[0], number, clock=self.clock)} {half}"

    def caller(self, code: str) -> Caller:
        return accounts.caller_named(self.connection, code)

    def account(self, code: str) -> accounts.Account:
        return accounts.held_account(self.connection, code)

    def id(self, code: str) -> int:
        return self.account(code).id

    def at(self, **later: float) -> StoppedClock:
        """The clock, so much later."""
        return StoppedClock(NOW + timedelta(**later))

    def sign_in(
        self, code: str, password: str = GOOD, totp_code: str | None = None, *, ip: str = ADDRESS, clock: Any = None
    ) -> Result:
        return sign_in(
            self.connection,
            code=code,
            password=password,
            totp_code=totp_code,
            ip=ip,
            clock=clock or self.clock,
            key=KEY,
        )

    def enrol(self, code: str) -> tuple[str, tuple[str, ...]]:
        """Give an account a second factor, confirmed by the code of the step before; return secret, recovery codes."""
        enrolment = totp.enrol(self.connection, self.id(code), account=code, key=KEY, now=NOW)
        first = totp_of(enrolment.secret, NOW - timedelta(seconds=30))
        codes = totp.confirm(self.connection, self.id(code), first, key=KEY, clock=self.clock)
        return enrolment.secret, codes

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask or change the database as its owner."""
        self.connection.execute("RESET SESSION AUTHORIZATION")
        cursor = self.connection.execute(query.encode(), values)
        rows = cursor.fetchall() if cursor.description else []
        self.connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        return rows

    def set_day(self, day: date) -> None:
        self.ask("UPDATE lg.ngay_phap_ly SET ngay = %s", day)

    def give_token(self, code: str, *, client: str | None = None) -> str:
        """A token of an account; returns its hash."""
        hash_ = os.urandom(32).hex()
        self.ask(
            "INSERT INTO oauth.token (hash, kind, account_id, client_id, scopes, family, issued_at, expires_at) "
            "VALUES (%s, 'access', %s, %s, '{features:read}', gen_random_uuid(), %s, %s)",
            hash_, self.id(code), client, NOW, NOW + timedelta(days=300),
        )  # fmt: skip
        return hash_

    def give_session(self, code: str) -> str:
        hash_ = os.urandom(32).hex()
        self.ask(
            "INSERT INTO oauth.session (hash, account_id, begun_at, expires_at) VALUES (%s, %s, %s, %s)",
            hash_, self.id(code), NOW, NOW + timedelta(days=1),
        )  # fmt: skip
        return hash_

    def alive(self, code: str) -> tuple[int, int]:
        """How many tokens and sessions of an account live."""
        account = self.id(code)
        tokens = self.ask("SELECT count(*) FROM oauth.token WHERE account_id = %s AND revoked_at IS NULL", account)
        sessions = self.ask("SELECT count(*) FROM oauth.session WHERE account_id = %s AND ended_at IS NULL", account)
        return tokens[0][0], sessions[0][0]

    def stale(self) -> set[int]:
        return {row[0] for row in self.ask("SELECT account_id FROM acl.stale_profile")}

    def settle(self) -> None:
        self.ask("DELETE FROM acl.stale_profile")

    def acts(self) -> list[tuple[str, str]]:
        return self.ask("SELECT act, about FROM audit.act ORDER BY 1, 2")


def totp_of(secret: str, at: datetime) -> str:
    from pyotp import TOTP

    return TOTP(secret).at(at)


@dataclass(frozen=True, slots=True)
class Base:
    """A clone that is kept for one process."""

    dsn: str


@pytest.fixture(scope="session")
def identity_base(cluster: str, template_db: str) -> Iterator[Base]:
    name = f"datdai_nguoi_{os.getpid()}"
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_db}".encode())
        yield Base(make_conninfo(cluster, dbname=name))
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def connection(identity_base: Base) -> Iterator[psycopg.Connection[Any]]:
    """A connection with the rights of the login that keeps accounts."""
    with psycopg.connect(identity_base.dsn) as connection:
        connection.execute("UPDATE lg.ngay_phap_ly SET ngay = %s", [TODAY])
        connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def people_of() -> type[People]:
    """Makes the people in a database of the test's own."""
    return People


@pytest.fixture
def people(connection: psycopg.Connection[Any]) -> People:
    return People(connection)


CODES = itertools.count(1)


class Api:
    """A client of the admin API, signed in as whoever ``actor`` is."""

    def __init__(self, client: FlaskClient, people: dict[str, Caller], dsn: str) -> None:
        self.client = client
        self.people = people
        self.dsn = dsn
        self.actor: Caller | None = None

    def caller(self) -> Caller:
        if self.actor is None:
            raise Unauthorized
        return self.actor

    def ask(self, actor, method, path, body=None, **more):
        self.actor = self.people[actor] if isinstance(actor, str) else actor
        answer = self.client.open(f"/admin/api{path}", method=method, json=body, **more)
        return answer.status_code, answer.get_json(silent=True)

    def rows(self, query: str, *values: object) -> list[tuple]:
        """Ask the database itself."""
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query, values).fetchall()

    def new_account(self, **more) -> str:
        """A fresh account of the commune, made by an admin."""
        code = f"moi{next(CODES)}"
        body = {"code": code, "unit": "xa", "kind": "individual", "person": "Người mới"} | more
        assert self.ask("qt1", "POST", "/accounts", body)[0] == 201
        return code


@pytest.fixture(scope="module")
def whole(cluster: str, template_db: str, people_of) -> Iterator[Api]:
    name = f"datdai_quan_tri_{os.getpid()}"
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_db}".encode())
        dsn = make_conninfo(cluster, dbname=name)
        with psycopg.connect(dsn) as owner:
            owner.execute("UPDATE lg.ngay_phap_ly SET ngay = %s", ["2025-07-01"])
            owner.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
            made = people_of(owner)
            people = {"qt1": made.admin, "qt2": made.second, "head": made.head, "lan": made.lan, "other": made.other}
            people = {name: replace(each, proved_at=made.now) for name, each in people.items()}  # just signed in
        logins = {n: Writer(make_conninfo(dsn, user=f"datdai_mau_{n}"), purpose="test") for n in
                  ("identity", "publisher", "auditor")}  # fmt: skip
        holder: list[Api] = []
        access = Access(
            **logins, layers=read_layers(), clock=StoppedClock(made.now), caller=lambda: holder[0].caller(),  # noqa: PLW0108 - the holder is filled later
            key=bytes(32), texts=error_texts,
        )  # fmt: skip
        app = Flask(__name__)
        app.register_blueprint(api.blueprint(access))
        holder.append(Api(app.test_client(), people, dsn))
        yield holder[0]
        for writer in logins.values():
            writer.close()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
