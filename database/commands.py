"""The command ``datdai check``."""

import argparse
import sys
from pathlib import Path
from typing import Any, Protocol

import psycopg

from catalogue.files import LAYERS, read_layers
from core.errors import DatabaseError
from core.settings import Settings
from database.check import check_catalogue
from database.cluster import database_of
from database.migrate import check_migrated


class Subparsers(Protocol):
    """What ``argparse`` returns from ``add_subparsers``."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002 - argparse's word


def register(commands: Subparsers) -> None:
    """Add the commands of this package."""
    check = commands.add_parser("check", help="compare the layer files with the database and list every fault")
    check.add_argument("--layers", type=Path, default=LAYERS, metavar="FOLDER", help="where the layer files lie")
    check.set_defaults(run=_check)


def _check(chosen: argparse.Namespace, settings: Settings) -> int:
    layers = read_layers(chosen.layers)
    with database_of(settings) as complete, _connect(complete.database_url or "") as connection:
        check_catalogue(connection, layers)
    sys.stdout.write(f"{len(layers)} layers fit the database.\n")
    return 0


def _connect(dsn: str) -> psycopg.Connection[Any]:
    check_migrated(dsn)
    try:
        return psycopg.connect(dsn, application_name="datdai check", connect_timeout=10)
    except psycopg.OperationalError as exc:
        raise DatabaseError(f"The database cannot be reached: {' '.join(str(exc).split())}") from exc
