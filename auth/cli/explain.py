"""The command ``datdai explain``."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from psycopg import Connection

from auth.api.http import legal_day
from auth.people.accounts import found_account
from auth.rights.explain import content_of, explain, lines_of
from catalogue.files import read_layers
from catalogue.layer import Layer, Text
from core.commands import Subparsers
from core.errors import NotFound
from core.settings import Settings
from database.connections import connect, login_of
from database.prepared import prepared_database

_NO_ACCOUNT: Final = Text("Không có tài khoản {}.", "There is no account {}.")
_NO_LAYER: Final = Text("Không có lớp dữ liệu {}. Các lớp hiện có: {}.", "There is no layer {}. There are: {}.")


def register(commands: Subparsers) -> None:
    """Add the command ``explain``."""
    adder = commands.add_parser("explain", help="say what an account may do with a layer, and why")
    adder.add_argument("account", metavar="ACCOUNT", help="name of the account")
    adder.add_argument("layer", metavar="LAYER", help="id of a layer, for example thua-dat")
    adder.add_argument("--json", action="store_true", help="as JSON, reasons in both languages")
    adder.add_argument("--language", choices=("vi", "en"), default="vi", help="of the text; Vietnamese if not said")
    adder.set_defaults(run=run)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Explain the permissions; return 0, or 2 where there is no such account or layer: it is said which, as chosen."""
    layers = read_layers()
    with prepared_database(settings) as complete:
        dsn = login_of(complete.identity_database_url, complete.database_url or "", "identity")
        with connect(dsn, purpose="explain") as connection:
            try:
                day, words = legal_day(connection), chosen.texts("vi")
                found = explain(connection, layers, chosen.account, chosen.layer, day=day, vietnamese=words)
            except NotFound:
                sys.stderr.write(f"datdai: {_unknown(connection, layers, chosen)}\n")
                return 2
    if chosen.json:
        sys.stdout.write(json.dumps(content_of(found), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines_of(found, chosen.language))
    return 0


def _unknown(connection: Connection[Any], layers: Sequence[Layer], chosen: argparse.Namespace) -> str:
    """Say which of the two is not there."""
    said: list[tuple[Text, tuple[str, ...]]] = []
    if not _has(connection, chosen.account):
        said.append((_NO_ACCOUNT, (chosen.account,)))
    ids = [each.id for each in layers]
    if chosen.layer not in ids:
        said.append((_NO_LAYER, (chosen.layer, ", ".join(ids))))
    return " ".join(text.in_language(chosen.language).format(*values) for text, values in said)


def _has(connection: Connection[Any], account: str) -> bool:
    try:
        return bool(found_account(connection, account))
    except NotFound:
        return False
