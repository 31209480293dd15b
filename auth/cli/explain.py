"""The command ``datdai explain``."""

import argparse
import json
import sys

from auth.api.http import legal_day
from auth.rights.explain import content_of, explain, lines_of
from catalogue.files import read_layers
from core.commands import Subparsers
from core.settings import Settings
from database.cluster import database_of
from database.connections import connect, login_of


def register(commands: Subparsers) -> None:
    """Add the command ``explain``."""
    adder = commands.add_parser("explain", help="say what an account may do with a layer, and why")
    adder.add_argument("account", metavar="ACCOUNT", help="name of the account")
    adder.add_argument("layer", metavar="LAYER", help="id of a layer, for example thua-dat")
    adder.add_argument("--json", action="store_true", help="as JSON, reasons in both languages")
    adder.add_argument("--language", choices=("vi", "en"), default="vi", help="of the text; Vietnamese if not said")
    adder.set_defaults(run=run)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Explain the permissions; return 0.

    Raises:
        NotFound: there is no such account or layer.
    """
    with database_of(settings) as complete:
        dsn = login_of(complete.identity_database_url, complete.database_url or "", "identity")
        with connect(dsn, purpose="explain") as connection:
            day = legal_day(connection)
            found = explain(connection, read_layers(), chosen.account, chosen.layer, day=day)
    if chosen.json:
        sys.stdout.write(json.dumps(content_of(found), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines_of(found, chosen.language))
    return 0
