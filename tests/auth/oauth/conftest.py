"""A province with units and accounts, and the login that keeps their tokens."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.model import AccountKind, Caller
from database.writer import Writer

NOW = datetime(2025, 7, 1, 3, 0, tzinfo=UTC)
_UNITS = "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, '2025-01-01') RETURNING id"
_ACCOUNTS = (
    "INSERT INTO acl.account (code, unit_id, kind, person, state) VALUES (%s, %s, %s, %s, 'active') RETURNING id"
)


class World:
    """The database as its superuser sees it, with one account of each kind."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self.so = self._one(_UNITS, "so-tnmt", "Sở Nông nghiệp và Môi trường", "so")
        self.xa = self._one(_UNITS, "xa-an-phu", "UBND xã An Phú", "xa")
        self.ioc = self._one(_UNITS, "ioc", "Trung tâm điều hành", "ioc")
        self.admin = self._account("quan.tri", self.so, AccountKind.SYSTEM_ADMIN)
        self.head = self._account("thu.truong", self.xa, AccountKind.UNIT_HEAD)
        self.person = self._account("can.bo", self.xa, AccountKind.INDIVIDUAL)
        self.machine = self._account("may.ioc", self.ioc, AccountKind.MACHINE)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask or change the database around the service."""
        cursor = self._connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def suspend(self, account: Caller, state: str = "suspended") -> None:
        """Let an account act no more."""
        why = "so" if state == "suspended" else None
        self.ask("UPDATE acl.account SET state = %s, suspended_for = %s WHERE id = %s", state, why, account.account_id)

    def _account(self, code: str, unit: int, kind: AccountKind) -> Caller:
        account = self._one(_ACCOUNTS, code, unit, str(kind), None if kind is AccountKind.MACHINE else code)
        unit_code = self.ask("SELECT code FROM acl.unit WHERE id = %s", unit)[0][0]
        return Caller(
            f"account:{account}",
            "session",
            "",
            account_id=account,
            account=code,
            account_kind=kind,
            unit_id=unit,
            unit=unit_code,
        )

    def _one(self, query: str, *values: object) -> int:
        return int(self.ask(query, *values)[0][0])


@pytest.fixture
def world(empty_db: str) -> Iterator[World]:
    with psycopg.connect(empty_db, autocommit=True) as connection:
        yield World(connection)


@pytest.fixture
def identity(empty_db: str) -> Iterator[Writer]:
    """The login that keeps accounts and tokens."""
    writer = Writer(make_conninfo(empty_db, user="datdai_mau_identity"), purpose="identity")
    yield writer
    writer.close()
