"""``datdai package``: packages of default sharing, and the units that join them."""

import argparse

from auth.cli.desk import add_action, at_desk, known, say
from auth.cli.drafts import add_drafts
from auth.policy.clauses import PackageDocument
from auth.sharing import packages
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the command."""
    whole = commands.add_parser("package", help="draft packages of default sharing, and join units to them")
    kinds = whole.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    add_drafts(kinds, PackageDocument)
    add_action(kinds, "join", "join a unit, for the Sở or as its head", "code", "unit").set_defaults(run=_join)
    add_action(kinds, "joinings", "list the units that joined", "code").set_defaults(run=_joinings)


def _join(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings, publisher=True) as desk:
        joined = packages.join(
            desk.connection,
            desk.actor,
            chosen.code,
            chosen.unit,
            vocabulary=known(),
            clock=RealClock(),
            day=desk.day,
        )
    return say(joined)


def _joinings(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = packages.joinings(desk.connection, desk.actor, chosen.code, day=desk.day)
    return say(found)
