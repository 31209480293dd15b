"""Load the demo into a sample province, and issue the tokens of its accounts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from auth.policy.clauses import Vocabulary
from auth.rights.publishing import republish
from auth.rights.stale import republish_in
from catalogue.layer import Layer
from core.clocks import Clock
from core.errors import DatabaseError
from core.settings import Settings
from database.connections import connect, login_of
from database.queries import load as queries
from formats.offered import FORMATS
from loader import sample
from loader.demo.files import Demo
from loader.demo.issuing import issued
from loader.demo.programs import register
from loader.demo.sharing import agree, sharing_of
from loader.demo.staffing import Office, staff
from loader.demo.stage import Stage, legal_day
from loader.demo.upkeep import keep_up

LOAD_NAME: Final = "don-vi-mau"
"""``lg.dot_nap.lop`` of the row that marks a database with the demo."""
_QUERIES: Final = queries("loader.demo", "demo.sql")


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


def load(logins: Logins, demo: Demo, layers: Sequence[Layer], *, key: bytes, clock: Clock) -> bool:
    """Act the demo out in one transaction; tell whether anything was done.

    Args:
        key: 32 bytes, as ``core.settings.secret_key`` returns them.

    Raises:
        DatabaseError: the database holds no sample province before the reform.
        BadDocument: an agreement does not fit the layers.
    """
    with connect(logins.admin_dsn, purpose="demo") as connection:
        if not _is_sample(connection):
            raise DatabaseError(
                "The demo goes with the sample province before the reform; this database does not hold it."
            )
        if is_demo(connection):
            return False
        _mark(connection, demo)
        stage = Stage(connection, logins.identity, logins.publisher, clock)
        _act(Office(stage, demo, layers, key, legal_day(connection)))
    return True


def tokens(logins: Logins, demo: Demo, layers: Sequence[Layer], *, key: bytes, clock: Clock) -> Mapping[str, str]:
    """Return a token of each account of the demo that may act, by its code; what time has ended is renewed first.

    Raises:
        DatabaseError: the demo was not loaded into this database.
    """
    with connect(logins.admin_dsn, purpose="demo") as connection:
        if not is_demo(connection):
            raise DatabaseError("This database was not filled with the demo: there are no demo tokens.")
        stage = Stage(connection, logins.identity, logins.publisher, clock)
        keep_up(stage, key)
        stage.publish(republish_in, layers)
        return stage.keep(issued, [each.code for each in demo.accounts], key=key, now=clock.now())


def is_due(connection: Connection[Any], logins: Logins) -> bool:
    """Tell whether the database holds the sample province as the demo knows it, may act it out, and lacks the demo."""
    names = {"names": [logins.identity, logins.publisher]}
    if connection.execute(_QUERIES["may_act"].encode(), names).fetchone() != (True,):
        return False
    return _is_sample(connection) and not is_demo(connection)


def is_demo(connection: Connection[Any]) -> bool:
    """Tell whether the demo was loaded into the database."""
    return connection.execute(_QUERIES["is_filled"].encode(), {"name": LOAD_NAME}).fetchone() == (True,)


def _is_sample(connection: Connection[Any]) -> bool:
    return "era=before_reform" in (sample.built_as(connection) or "")


def _mark(connection: Connection[Any], demo: Demo) -> None:
    digest = hashlib.sha256(repr(demo).encode()).hexdigest()
    values = {"name": LOAD_NAME, "sha256": digest, "rows": len(demo.accounts)}
    connection.execute(_QUERIES["mark"].encode(), values)


def _act(office: Office) -> None:
    stage, known = office.stage, {each.id: each for each in office.layers}
    people = staff(office)
    register(office)
    agree(sharing_of(stage, office.demo, people, Vocabulary(known, frozenset(each.key for each in FORMATS))))
    stage.publish(republish, office.layers, None, office.day)
    stage.publish(republish_in, office.layers)


def _user(dsn: str) -> str:
    return str(conninfo_to_dict(dsn).get("user", ""))
