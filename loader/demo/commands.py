"""The command ``datdai demo-tokens``."""

import json
import sys
from typing import TYPE_CHECKING

from catalogue.files import read_layers
from core.clocks import RealClock
from core.settings import secret_key
from database.prepared import prepared_database
from loader.demo.files import read_demo
from loader.demo.loading import Logins, tokens

if TYPE_CHECKING:
    import argparse

    from core.commands import Subparsers
    from core.settings import Settings


def register(commands: "Subparsers") -> None:
    """Add the command ``demo-tokens``."""
    adder = commands.add_parser("demo-tokens", help="show a token of each account of the demo")
    adder.add_argument("--json", action="store_true", help="as one object, by account")
    adder.set_defaults(run=run)


def run(chosen: "argparse.Namespace", settings: "Settings") -> int:
    """Print a token of each account of the demo.

    Raises:
        DatabaseError: the demo was not loaded into this database.
    """
    with prepared_database(settings) as complete:
        found = tokens(Logins.of(complete), read_demo(), read_layers(), key=secret_key(settings), clock=RealClock())
    lines = [json.dumps(dict(found), indent=2)] if chosen.json else [f"{code:<18} {found[code]}" for code in found]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
