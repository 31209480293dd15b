"""``datdai sso``: who at the outside provider may sign in to which account."""

import argparse

from auth.cli.acting import acting, add_actor, write
from auth.people import outside
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.errors import SettingsError
from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the command."""
    sso = commands.add_parser("sso", help="link accounts to people of the outside provider")
    kinds = sso.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    linker = kinds.add_parser("link", help="let somebody at the provider sign in to an account")
    linker.add_argument("account", metavar="ACCOUNT")
    linker.add_argument("subject", metavar="SUBJECT", help="what the provider calls the person: the claim sub")
    linker.set_defaults(run=_link)
    unlinker = kinds.add_parser("unlink", help="take that back")
    unlinker.add_argument("account", metavar="ACCOUNT")
    unlinker.set_defaults(run=_unlink)
    lister = kinds.add_parser("list", help="list the links: all for a system admin, else one's own")
    lister.set_defaults(run=_list)
    for adder in (linker, unlinker, lister):
        add_actor(adder)


def _link(chosen: argparse.Namespace, settings: Settings) -> int:
    issuer, now = _issuer(settings), RealClock().now()
    with acting(settings, chosen.actor) as (connection, who):
        outside.link(connection, who, chosen.account, issuer=issuer, subject=chosen.subject, now=now)
    return 0


def _unlink(chosen: argparse.Namespace, settings: Settings) -> int:
    issuer = _issuer(settings)
    with acting(settings, chosen.actor) as (connection, who):
        outside.unlink(connection, who, chosen.account, issuer=issuer)
    return 0


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        write(outside.links_seen(connection, who))
    return 0


def _issuer(settings: Settings) -> str:
    if settings.oidc_issuer is None:
        raise SettingsError("DATDAI_OIDC_ISSUER is not set: there is no provider to link to.")
    return settings.oidc_issuer
