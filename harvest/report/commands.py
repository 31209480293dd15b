"""``datdai harvests``: who harvests the catalogue, and what would trip them."""

import argparse

from auth.cli.desk import add_action, at_desk, day_of, say
from catalogue.files import LAYERS, read_layers
from catalogue.service import read_service
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.settings import Settings
from harvest.report.lint import Severity
from harvest.report.looking import lint_seen
from harvest.report.reading import rounds_seen


def register(commands: Subparsers) -> None:
    """Add the command."""
    whole = commands.add_parser("harvests", help="who harvests the catalogue, and what would trip them")
    kinds = whole.add_subparsers(title="acts", metavar="ACT", required=True, parser_class=CommandParser)
    lister = add_action(kinds, "list", "list rounds of harvesters, the newest first")
    lister.add_argument("--since", type=day_of, metavar="YYYY-MM-DD", help="those that went on then, or later")
    lister.add_argument("--before", type=int, metavar="NUMBER", help="those with a lower number")
    lister.add_argument("--limit", type=int, default=100, metavar="N", help="at most; default 100")
    lister.set_defaults(run=_list)
    add_action(kinds, "lint", "say what would trip harvesters").set_defaults(run=_lint)


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = rounds_seen(
            desk.connection,
            desk.actor,
            day=desk.day,
            since=chosen.since,
            before=chosen.before,
            limit=chosen.limit,
        )
    return say(found)


def _lint(chosen: argparse.Namespace, settings: Settings) -> int:
    service = read_service(settings.service or LAYERS.parent / "service.yml")
    with at_desk(chosen, settings) as desk:
        found = lint_seen(
            desk.connection,
            desk.actor,
            layers=read_layers(),
            base_url=settings.public_url,
            contact_email=service.contact_email,
            day=desk.day,
            now=RealClock().now(),
        )
    say(found)
    return int(any(each.severity is Severity.ERROR for each in found))
