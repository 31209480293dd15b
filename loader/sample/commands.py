"""The command ``datdai load-sample``."""

import argparse
import os
import sys
from typing import Any, get_args

from loader import sample
from loader.sample.model import Era


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "load-sample", help="fill a migrated, empty database with the sample province"
    )
    parser.add_argument("--parcels", type=int, default=60_000, help="parcels in force (default %(default)s)")
    parser.add_argument("--seed", type=int, default=2025, help="equal seeds give equal rows (default %(default)s)")
    parser.add_argument("--era", choices=get_args(Era.__value__), default="before_reform")
    parser.add_argument(
        "--database", default=os.environ.get("DATDAI_ADMIN_DATABASE_URL", ""), help="connection string of the DBA"
    )
    parser.set_defaults(run=run)


def run(arguments: Any) -> int:
    """Build the province and say what was built."""
    summary = sample.build(arguments.database, parcels=arguments.parcels, seed=arguments.seed, era=arguments.era)
    sys.stdout.write(f"{summary.parcels:,} parcels in force, {sum(summary.rows.values()):,} rows in all\n")
    return 0
