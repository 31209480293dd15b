"""``datdai token``: personal tokens of an account, for programs that cannot sign in, and what it allowed to others."""

import argparse
from datetime import timedelta
from typing import Any

from auth.cli.acting import acting, add_actor, write
from auth.credentials import tokens
from auth.credentials.tokens import SCOPES, Token
from auth.oauth.forget import forget
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the command."""
    token = commands.add_parser(
        "token", help="issue, list and revoke personal tokens; end consents; forget what is over"
    )
    kinds = token.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    _add_issue(kinds)
    lister = kinds.add_parser("list", help="list the good personal tokens of an account")
    add_actor(lister)
    lister.set_defaults(run=_list)
    revoker = kinds.add_parser("revoke", help="revoke a personal token")
    revoker.add_argument("id", metavar="TOKEN", help="its id, as issue and list print it")
    add_actor(revoker)
    revoker.set_defaults(run=_revoke)
    consents = kinds.add_parser("consents", help="list what the account allowed to programs")
    add_actor(consents)
    consents.set_defaults(run=_list_consents)
    ender = kinds.add_parser("end-consent", help="end a consent, and the tokens that came of it")
    ender.add_argument("id", metavar="CONSENT", help="its id, as consents prints it")
    add_actor(ender)
    ender.set_defaults(run=_end_consent)
    forgetter = kinds.add_parser("forget", help="delete tokens, codes and consents that are long over")
    add_actor(forgetter)
    forgetter.set_defaults(run=_forget)


def _add_issue(kinds: Subparsers) -> None:
    adder = kinds.add_parser("issue", help="issue a personal token to the account; it is printed this once")
    adder.add_argument("--purpose", required=True, help="what it is for, in words")
    adder.add_argument("--scope", action="append", choices=SCOPES, required=True, help="may be repeated")
    adder.add_argument("--days", type=int, default=30, metavar="N", help="how long it lives: 1 to 90, 30 if not said")
    adder.add_argument("--network", action="append", default=[], metavar="CIDR", help="where it may be used from")
    add_actor(adder)
    adder.set_defaults(run=_issue)


def _issue(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        secret, token = tokens.issue_personal(
            connection,
            who,
            purpose=chosen.purpose,
            scopes=chosen.scope,
            lifetime=timedelta(days=min(chosen.days, 10_000)),
            now=RealClock().now(),
            networks=chosen.network,
        )
    write(_shown(token) | {"token": secret})
    return 0


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        write([_shown(each) for each in tokens.tokens_of(connection, who.account_id or 0, now=RealClock().now())])
    return 0


def _revoke(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        tokens.revoke_personal(connection, who, chosen.id, now=RealClock().now())
    return 0


def _list_consents(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        found = tokens.consents_of(connection, who.account_id or 0, now=RealClock().now())
    write([{name: getattr(each, name) for name in each.__slots__} | {"id": str(each.id)} for each in found])
    return 0


def _end_consent(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        tokens.end_consent(connection, who, chosen.id, now=RealClock().now())
    return 0


def _forget(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, _):
        write({"rows": forget(connection, now=RealClock().now())})
    return 0


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.hash[:16],
        "purpose": token.purpose,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "networks": [str(each) for each in token.networks],
    }
