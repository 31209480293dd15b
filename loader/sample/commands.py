"""The command ``datdai load-sample``."""

import sys
from typing import TYPE_CHECKING, get_args

from database.prepared import prepared_database
from loader import sample
from loader.sample.model import Era

if TYPE_CHECKING:
    import argparse

    from core.commands import Subparsers
    from core.settings import Settings


def register(subparsers: "Subparsers") -> None:
    """Add the command ``load-sample``."""
    parser = subparsers.add_parser("load-sample", help="fill a migrated, empty database with the sample province")
    parser.add_argument("--parcels", type=int, default=sample.PARCELS, help="parcels in force (default %(default)s)")
    parser.add_argument("--seed", type=int, default=2025, help="equal seeds give equal rows (default %(default)s)")
    parser.add_argument("--era", choices=get_args(Era.__value__), default="before_reform")
    parser.set_defaults(run=run)


def run(chosen: "argparse.Namespace", settings: "Settings") -> int:
    """Build the province and say what was built.

    Raises:
        DatabaseError: the database is not empty.
    """
    with prepared_database(settings) as complete, sample.shown_on(sys.stderr) as progress:
        dsn = complete.admin_database_url or complete.database_url or ""
        summary = sample.build(dsn, parcels=chosen.parcels, seed=chosen.seed, era=chosen.era, progress=progress)
    total = sum(summary.rows.values())
    sys.stdout.write(f"{summary.parcels:,} parcels in force, {total:,} rows in all\n")
    return 0
