"""``datdai package``: packages of default sharing, and the units that join them."""

import argparse

from auth.cli.desk import add_action, add_page, at_desk, known, read_file, say
from auth.policy.clauses import PackageDocument, read_document
from auth.sharing import agreements, packages
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the command."""
    whole = commands.add_parser("package", help="draft packages of default sharing, and join units to them")
    kinds = whole.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    listing = add_action(kinds, "list", "list packages")
    add_page(listing)
    listing.set_defaults(run=_list)
    add_action(kinds, "draft", "draft a package or its next version", "file").set_defaults(run=_draft)
    add_action(kinds, "redraft", "write the version in work anew", "file").set_defaults(run=_redraft)
    add_action(kinds, "join", "join a unit, for the Sở or as its head", "code", "unit").set_defaults(run=_join)
    add_action(kinds, "joinings", "list the units that joined", "code").set_defaults(run=_joinings)


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = agreements.listed(
            desk.connection, desk.actor, day=desk.day, after=chosen.after, limit=chosen.limit, package=True
        )
    return say(found)


def _draft(chosen: argparse.Namespace, settings: Settings) -> int:
    document = read_document(PackageDocument, read_file(chosen.file))
    with at_desk(chosen, settings) as desk:
        drafted = agreements.draft(desk.connection, desk.actor, document, vocabulary=known(), day=desk.day)
    return say(drafted)


def _redraft(chosen: argparse.Namespace, settings: Settings) -> int:
    document = read_document(PackageDocument, read_file(chosen.file))
    with at_desk(chosen, settings) as desk:
        drafted = agreements.redraft(desk.connection, desk.actor, document, vocabulary=known(), day=desk.day)
    return say(drafted)


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
