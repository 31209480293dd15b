"""One transaction of a command on agreements: who acts and the legal day; reading documents, writing answers."""

import argparse
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from psycopg import Connection

from auth.api.http import legal_day
from auth.cli.acting import add_actor, write
from auth.credentials.holds import hold_actor
from auth.model import Caller
from auth.people.accounts import caller_named
from auth.policy.clauses import Vocabulary, vocabulary_of
from auth.rows import whole_act
from catalogue.files import read_layers, read_yaml
from core.clocks import LegalDay
from core.errors import BadParameter
from core.phrases import Phrase
from core.settings import Settings
from database.connections import login_of
from database.prepared import prepared_database
from database.writer import Writer


@dataclass(frozen=True, slots=True)
class Desk:
    """One transaction of a command: its connection, who acts and the legal day."""

    connection: Connection[Any]
    actor: Caller
    day: LegalDay


@dataclass(frozen=True, slots=True)
class Study:
    """A command that reads in several transactions of the publisher's: how to open one, who acts, the legal day."""

    transaction: Callable[[], AbstractContextManager[Connection[Any]]]
    actor: Caller
    day: LegalDay


@contextmanager
def at_desk(chosen: argparse.Namespace, settings: Settings, *, publisher: bool = False) -> Generator[Desk]:
    """Open the transaction of a command for the account that ``--as`` names; it commits unless the block raises.

    Raises:
        Forbidden: no account of that name may act.
        Unavailable: the database cannot be reached.
    """
    with whole_act(), _writer(settings, publisher=publisher) as writer, writer.transaction() as connection:
        actor = caller_named(connection, chosen.actor)
        hold_actor(connection, actor)
        yield Desk(connection, actor, legal_day(connection))


@contextmanager
def in_study(chosen: argparse.Namespace, settings: Settings) -> Generator[Study]:
    """Open what a command needs that reads in several transactions, for the account that ``--as`` names.

    Raises:
        Forbidden: no account of that name may act.
        Unavailable: the database cannot be reached.
    """
    with _writer(settings, publisher=True) as writer:
        with writer.transaction() as connection:
            actor, day = caller_named(connection, chosen.actor), legal_day(connection)
        yield Study(writer.transaction, actor, day)


@contextmanager
def _writer(settings: Settings, *, publisher: bool) -> Generator[Writer]:
    with prepared_database(settings) as complete:
        given = complete.publisher_database_url if publisher else complete.identity_database_url
        dsn = login_of(given, complete.database_url or "", "publisher" if publisher else "identity")
        with closing(Writer(dsn, purpose="command", size=1)) as writer:
            yield writer


def add_action(kinds: Any, name: str, help_: str, *arguments: str) -> argparse.ArgumentParser:
    """Add one action of a command: its arguments, and ``--as``."""
    adder: argparse.ArgumentParser = kinds.add_parser(name, help=help_)
    for each in arguments:
        adder.add_argument(each, metavar=each.upper())
    add_actor(adder)
    return adder


def add_ending(kinds: Any, name: str, help_: str, act: Callable[..., None]) -> None:
    """Add an action that ends something named by its code, with the reason."""
    adder = add_action(kinds, name, help_, "code")
    adder.add_argument("--reason", required=True, metavar="TEXT", help="why")
    adder.set_defaults(run=partial(_end, act))


def _end(act: Callable[..., None], chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        act(desk.connection, desk.actor, chosen.code, reason=chosen.reason, day=desk.day)
    return 0


def add_page(adder: argparse.ArgumentParser) -> None:
    """Add the options of a list."""
    adder.add_argument("--after", default="", metavar="CODE", help="begin behind this one")
    adder.add_argument("--limit", type=int, default=100, metavar="N", help="at most; default 100")


def known() -> Vocabulary:
    """Return what clauses may name, by the layer files."""
    return vocabulary_of(read_layers())


def read_file(name: str) -> Any:
    """Read a document in YAML; ``-`` is the standard input.

    Raises:
        BadParameter: it cannot be read.
    """
    try:
        return read_yaml(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise BadParameter("file", Phrase("cannot be read: {}.", (" ".join(str(exc).split()),))) from exc


def day_of(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text} is no day; write it as YYYY-MM-DD, for example 2025-06-30") from exc


def say(content: object) -> int:
    """Write an answer as JSON for people; return the status of a command that went well."""
    write(content)
    return 0
