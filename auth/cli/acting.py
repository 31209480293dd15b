"""What a command that acts for somebody stands on."""

import argparse
import json
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

from psycopg import Connection

from auth.api.http import content_of
from auth.credentials.holds import hold_actor
from auth.model import Caller
from auth.people.accounts import caller_named
from auth.people.admins import one_at_a_time
from auth.rows import whole_act
from core.settings import Settings
from database.connections import login_of
from database.prepared import prepared_database
from database.writer import Writer


def add_actor(adder: argparse.ArgumentParser) -> None:
    """Add the option that says who acts."""
    adder.add_argument("--as", dest="actor", required=True, metavar="ACCOUNT", help="who acts; it is recorded")


@contextmanager
def acting(settings: Settings, account: str) -> Generator[tuple[Connection[Any], Caller]]:
    """Lend a transaction of the identity login, and who acts.

    Raises:
        Forbidden: no account of that name may act.
    """
    with prepared_database(settings) as complete:
        dsn = login_of(complete.identity_database_url, complete.database_url or "", "identity")
        writer = Writer(dsn, purpose="command", size=1)
        with whole_act(), closing(writer) as identity, identity.transaction() as connection:
            one_at_a_time(connection)
            actor = caller_named(connection, account)
            hold_actor(connection, actor)
            yield connection, actor


def write(content: object) -> None:
    """Write a value to standard output, as JSON."""
    sys.stdout.write(json.dumps(content_of(content), ensure_ascii=False, indent=2) + "\n")
