"""Load the demo into a sample province, and issue the tokens of its accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from catalogue.layer import Layer
from core.clocks import Clock
from core.errors import DatabaseError
from core.settings import Settings
from database.connections import connect, login_of
from database.queries import load as queries
from loader import sample
from loader.demo import filling
from loader.demo.files import Demo
from loader.demo.issuing import issued
from loader.demo.publishing import publish_all

if TYPE_CHECKING:
    from datetime import date

_QUERIES = queries("loader.demo", "filling.sql")


@dataclass(frozen=True, slots=True)
class Logins:
    """The DBA's connection string, and the names of the logins that keep accounts and that publish."""

    admin_dsn: str
    identity: str
    publisher: str

    @staticmethod
    def of(settings: Settings) -> "Logins":
        """Return the logins of an installation.

        Raises:
            DatabaseError: the DBA's is not given.
        """
        if not settings.admin_database_url:
            raise DatabaseError("Set DATDAI_ADMIN_DATABASE_URL to the login that owns the database.")
        app = settings.database_url or ""
        return Logins(
            settings.admin_database_url,
            _user(login_of(settings.identity_database_url, app, "identity")),
            _user(login_of(settings.publisher_database_url, app, "publisher")),
        )


def load(logins: Logins, demo: Demo, layers: Sequence[Layer]) -> bool:
    """Fill in and publish the demo in one transaction; tell whether anything was done.

    Raises:
        DatabaseError: the database holds no sample province.
    """
    with connect(logins.admin_dsn, purpose="demo") as connection:
        done = filling.fill(connection, demo, {each.id: each for each in layers})
        if done:
            _become(connection, logins.publisher)
            _publish(connection, layers)
    return done


def tokens(logins: Logins, demo: Demo, *, key: bytes, clock: Clock) -> Mapping[str, str]:
    """Return a token of each account of the demo, by its code.

    Raises:
        DatabaseError: the demo was not loaded into this database.
    """
    with connect(logins.admin_dsn, purpose="demo") as connection:
        if not is_demo(connection):
            raise DatabaseError("This database was not filled with the demo: there are no demo tokens.")
        _become(connection, logins.identity)
        accounts = [each.code for each in demo.accounts]
        return issued(connection, accounts, key=key, now=clock.now())


def is_due(connection: Connection[Any], logins: Logins) -> bool:
    """Tell whether the database holds the sample province as the demo knows it, has the logins, and lacks the demo."""
    names = {"names": [logins.identity, logins.publisher]}
    if connection.execute(_QUERIES["logins_exist"].encode(), names).fetchone() != (True,):
        return False
    return "era=before_reform" in (sample.built_as(connection) or "") and not is_demo(connection)


def is_demo(connection: Connection[Any]) -> bool:
    """Tell whether the demo was loaded into the database."""
    return filling.is_demo(connection)


def _user(dsn: str) -> str:
    return str(conninfo_to_dict(dsn).get("user", ""))


def _become(connection: Connection[Any], login: str) -> None:
    """Be another login until the transaction ends: what it may not do is refused, as it is in use."""
    statement = sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(sql.Identifier(login))
    connection.execute(statement)


def _publish(connection: Connection[Any], layers: Sequence[Layer]) -> None:
    row = connection.execute(_QUERIES["legal_day"].encode()).fetchone()
    publish_all(connection, {each.id: each for each in layers}, cast("tuple[date]", row)[0])
