"""Where the demo is acted: one transaction, in which each act is done by the login that does it in use."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Concatenate, Final, cast

from psycopg import Connection, sql
from psycopg.rows import args_row

from auth.model import AccountKind, Caller
from core.clocks import Clock
from database.queries import load

_QUERIES: Final = load("loader.demo", "demo.sql")


@dataclass(frozen=True, slots=True)
class Stage:
    """A transaction of the DBA, and the names of the logins that keep accounts and that publish."""

    connection: Connection[Any]
    identity: str
    publisher: str
    clock: Clock

    def found[**P, T](self, act: Callable[Concatenate[Connection[Any], P], T], *args: P.args, **named: P.kwargs) -> T:
        """Do an act as the DBA."""
        self.connection.execute("RESET SESSION AUTHORIZATION")
        return self._done(act(self.connection, *args, **named))

    def keep[**P, T](self, act: Callable[Concatenate[Connection[Any], P], T], *args: P.args, **named: P.kwargs) -> T:
        """Do an act as the login that keeps accounts and agreements."""
        become(self.connection, self.identity)
        return self._done(act(self.connection, *args, **named))

    def publish[**P, T](self, act: Callable[Concatenate[Connection[Any], P], T], *args: P.args, **named: P.kwargs) -> T:
        """Do an act as the login that publishes."""
        become(self.connection, self.publisher)
        return self._done(act(self.connection, *args, **named))

    @contextmanager
    def publishing(self) -> Generator[Connection[Any]]:
        """Lend a part of the transaction, of the login that publishes."""
        become(self.connection, self.publisher)
        with self.connection.transaction():
            yield self.connection

    def _done[T](self, result: T) -> T:
        """Let the database check what it would check at the end of a transaction of the act's own."""
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.connection.execute("SET CONSTRAINTS ALL DEFERRED")
        return result


def become(connection: Connection[Any], login: str) -> None:
    """Be another login until the transaction ends: what it may not do is refused, as it is in use."""
    statement = sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(sql.Identifier(login))
    connection.execute(statement)


def callers(connection: Connection[Any], now: datetime) -> Mapping[str, Caller]:
    """Return who may act, by account, as if they had given a command."""
    with connection.cursor(row_factory=args_row(_caller)) as cursor:
        found = cursor.execute(_QUERIES["accounts"].encode(), {"now": now}).fetchall()
    return {str(each.account): each for each in found}


def legal_day(connection: Connection[Any]) -> date:
    """Return the legal day."""
    return cast("tuple[date]", connection.execute(_QUERIES["legal_day"].encode()).fetchone())[0]


def _caller(id_: int, code: str, kind: str, unit_id: int, unit: str) -> Caller:
    return Caller(
        subject=f"account:{id_}",
        kind="command",
        key="demo",
        account_id=id_,
        account=code,
        account_kind=AccountKind(kind),
        unit_id=unit_id,
        unit=unit,
    )
