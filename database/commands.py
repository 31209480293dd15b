"""The command ``datdai check``."""

import argparse
import sys
from pathlib import Path

from catalogue.files import LAYERS, read_layers
from core.commands import Subparsers
from core.settings import Settings
from database.check import check_catalogue
from database.connections import connect
from database.prepared import prepared_database


def register(commands: Subparsers) -> None:
    """Add the commands of this package."""
    check = commands.add_parser("check", help="compare the layer files with the database and list every fault")
    check.add_argument("--layers", type=Path, default=LAYERS, metavar="FOLDER", help="where the layer files lie")
    check.set_defaults(run=_check)


def _check(chosen: argparse.Namespace, settings: Settings) -> int:
    layers = read_layers(chosen.layers)
    with prepared_database(settings) as complete:
        dsn = complete.database_url or ""
        with connect(dsn, purpose="check") as connection:
            check_catalogue(connection, layers)
    sys.stdout.write(f"{len(layers)} layers fit the database.\n")
    return 0
