"""What the commands of administration share: who acts, in which transaction, and what is said afterwards."""

import argparse
import json
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, cast

from psycopg import Connection

from auth.credentials.holds import hold_actor
from auth.model import Caller
from auth.people.accounts import caller_named
from auth.people.admins import one_at_a_time
from auth.rights.stale import republish_stale
from auth.rows import whole_act
from auth.written import content_of
from catalogue.files import read_layers
from catalogue.layer import Layer
from core.clocks import Clock, LegalDay, RealClock
from core.commands import Subparsers
from core.errors import DatabaseError
from core.settings import Settings
from database.connections import connect, login_of
from database.prepared import prepared_database
from database.writer import Writer


@dataclass(frozen=True, slots=True)
class Acting:
    """One act: its transaction as the login that keeps accounts, who does it, and the legal day."""

    connection: Connection[Any]
    actor: Caller
    day: LegalDay
    clock: Clock
    layers: tuple[Layer, ...]


type Act = Callable[[argparse.Namespace, Acting], object]


def add_group(commands: Subparsers, name: str, text: str) -> Subparsers:
    """Add a command that has commands of its own."""
    adder = commands.add_parser(name, help=text)
    return cast("Subparsers", adder.add_subparsers(title="acts", metavar="ACT", required=True))


def add_act(group: Subparsers, name: str, act: Act, text: str) -> argparse.ArgumentParser:
    """Add an act of an account, named with ``--as``; what it returns is written as JSON."""
    adder = group.add_parser(name, help=text)
    adder.add_argument("--as", dest="actor", required=True, metavar="ACCOUNT", help="the account that acts")
    adder.set_defaults(run=partial(_run, act))
    return adder


def day_of(text: str) -> date:
    """Read a day, YYYY-MM-DD; ``argparse`` says what else is wrong."""
    return date.fromisoformat(text)


@contextmanager
def opened(settings: Settings) -> Generator[tuple[Connection[Any], LegalDay]]:
    """Open a transaction as the login that keeps accounts, with the legal day; afterwards publish what changed.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    with prepared_database(settings) as complete:
        app = complete.database_url or ""
        with connect(login_of(complete.identity_database_url, app, "identity"), purpose="identity") as connection:
            row = connection.execute("SELECT lg.hom_nay()").fetchone()
            yield connection, LegalDay(cast("tuple[date]", row)[0])
        _publish_changed(complete)


@contextmanager
def opened_as_dba(settings: Settings) -> Generator[tuple[Connection[Any], LegalDay]]:
    """Open a transaction as the login that owns the database, with the legal day; afterwards publish what changed.

    Raises:
        DatabaseError: that login is not set, or the database cannot be reached.
    """
    with prepared_database(settings) as complete:
        if not complete.admin_database_url:
            raise DatabaseError("Set DATDAI_ADMIN_DATABASE_URL to the login that owns the database.")
        with connect(complete.admin_database_url, purpose="operator") as connection:
            row = connection.execute("SELECT lg.hom_nay()").fetchone()
            yield connection, LegalDay(cast("tuple[date]", row)[0])
        _publish_changed(complete)


def _publish_changed(complete: Settings) -> None:
    """Publish what an act changed; the act stands already, so what it gave out is written whatever happens here."""
    dsn = login_of(complete.publisher_database_url, complete.database_url or "", "publisher")
    with closing(Writer(dsn, purpose="publish", size=1)) as publisher:
        republish_stale(publisher, read_layers())


def say(content: object) -> None:
    """Write a value as JSON to standard output."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _run(act: Act, chosen: argparse.Namespace, settings: Settings) -> int:
    with whole_act(), opened(settings) as (connection, day):
        one_at_a_time(connection)
        actor = caller_named(connection, chosen.actor)
        hold_actor(connection, actor)
        result = content_of(act(chosen, Acting(connection, actor, day, RealClock(), read_layers())))
    if result is not None:
        say(result)
    return 0
