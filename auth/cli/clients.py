"""``datdai client``: register, change and revoke the programs that ask for tokens."""

import argparse
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import Connection

from auth.cli.acting import acting, add_actor, write
from auth.cli.acts import opened_as_dba
from auth.credentials.holds import hold_actor
from auth.credentials.tokens import SCOPES
from auth.model import Caller
from auth.oauth import clients
from auth.oauth.clients import AUTH_METHODS, GRANT_TYPES, Client, Draft
from auth.people.accounts import caller_named
from auth.people.admins import one_at_a_time
from auth.rows import whole_act
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.errors import BadRequest
from core.settings import Settings

_LISTED_MAX = 1_000


def register(commands: Subparsers) -> None:
    """Add the command."""
    client = commands.add_parser("client", help="register, change and revoke programs that ask for tokens")
    kinds = client.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    _add_add(kinds)
    _add_qgis(kinds)
    _add_change(kinds)
    for name, run, text in (
        ("show", _show, "show a client"),
        ("secret", _secret, "give a client a new secret; the old one ends"),
        ("revoke", _revoke, "revoke a client, its consents and its tokens"),
    ):
        adder = kinds.add_parser(name, help=text)
        adder.add_argument("id", metavar="CLIENT")
        add_actor(adder)
        if run is _secret:
            _add_operator(adder)
        adder.set_defaults(run=run)
    lister = kinds.add_parser("list", help="list clients")
    add_actor(lister)
    lister.set_defaults(run=_list)


def _add_add(kinds: Subparsers) -> None:
    adder = kinds.add_parser("add", help="register a client; a secret is printed this once")
    adder.add_argument("id", metavar="CLIENT")
    adder.add_argument("--unit", required=True, metavar="CODE", help="the unit that it belongs to")
    adder.add_argument("--account", metavar="CODE", help="machine account that it acts as for itself")
    adder.add_argument("--proof", choices=AUTH_METHODS, default="none", help="how it proves who it is")
    _add_fields(adder, required=True)
    add_actor(adder)
    _add_operator(adder)
    adder.set_defaults(run=_add)


def _add_qgis(kinds: Subparsers) -> None:
    adder = kinds.add_parser("add-qgis", help="register QGIS, for the accounts of every unit")
    adder.add_argument("--unit", required=True, metavar="CODE", help="the unit that it belongs to, the Sở")
    add_actor(adder)
    _add_operator(adder)
    adder.set_defaults(run=_qgis)


def _add_change(kinds: Subparsers) -> None:
    adder = kinds.add_parser("change", help="change what is given; the rest stays")
    adder.add_argument("id", metavar="CLIENT")
    _add_fields(adder, required=False)
    add_actor(adder)
    _add_operator(adder)
    adder.set_defaults(run=_change)


def _add_operator(adder: argparse.ArgumentParser) -> None:
    adder.add_argument(
        "--operator",
        action="store_true",
        help="by the login that owns the database: for what looks into tokens, administers or is for everybody",
    )


@contextmanager
def _acting(chosen: argparse.Namespace, settings: Settings) -> Generator[tuple[Connection[Any], Caller]]:
    """Lend a transaction, of the operator's login where that is asked for, and who acts."""
    if not getattr(chosen, "operator", False):
        with acting(settings, chosen.actor) as lent:
            yield lent
        return
    with whole_act(), opened_as_dba(settings) as (connection, _):
        one_at_a_time(connection)
        actor = caller_named(connection, chosen.actor)
        hold_actor(connection, actor)
        yield connection, actor


def _add_fields(adder: argparse.ArgumentParser, *, required: bool) -> None:
    adder.add_argument("--name", required=required, help="its name, for people")
    adder.add_argument("--grant", action="append", choices=GRANT_TYPES, required=required, help="may be repeated")
    adder.add_argument("--scope", action="append", choices=SCOPES, required=required, help="may be repeated")
    adder.add_argument("--redirect", action="append", metavar="URI", help="may be repeated")
    adder.add_argument("--origin", action="append", metavar="ORIGIN", help="of web pages that call; may be repeated")
    adder.add_argument("--network", action="append", metavar="CIDR", help="where it may be used from; may be repeated")
    adder.add_argument("--jwks", type=Path, metavar="FILE", help="its public keys")
    adder.add_argument("--for-everybody", action=argparse.BooleanOptionalAction, help="for accounts of every unit")
    adder.add_argument("--introspect", action=argparse.BooleanOptionalAction, help="it may look into tokens")


def _fields(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the fields that were given, by their names in a draft."""
    given = {
        "name": chosen.name,
        "grant_types": chosen.grant,
        "scopes": chosen.scope,
        "redirect_uris": chosen.redirect,
        "origins": chosen.origin,
        "networks": chosen.network,
        "jwks": _keys(chosen.jwks) if chosen.jwks else None,
        "for_everybody": chosen.for_everybody,
        "may_introspect": chosen.introspect,
    }
    return {name: value for name, value in given.items() if value is not None}


def _keys(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadRequest("The file of keys cannot be read as JSON.") from None


def _add(chosen: argparse.Namespace, settings: Settings) -> int:
    draft = Draft(id=chosen.id, unit=chosen.unit, account=chosen.account, auth_method=chosen.proof, **_fields(chosen))
    return _registered(chosen, settings, draft)


def _qgis(chosen: argparse.Namespace, settings: Settings) -> int:
    return _registered(chosen, settings, clients.qgis(chosen.unit))


def _registered(chosen: argparse.Namespace, settings: Settings, draft: Draft) -> int:
    with _acting(chosen, settings) as (connection, who):
        client, secret = clients.register(connection, who, draft, now=RealClock().now())
    write(_shown(client) | ({"client_secret": secret} if secret else {}))
    return 0


def _change(chosen: argparse.Namespace, settings: Settings) -> int:
    with _acting(chosen, settings) as (connection, who):
        changed = clients.change(connection, who, chosen.id, _fields(chosen))
    write(_shown(changed))
    return 0


def _show(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        write(_shown(clients.find(connection, who, chosen.id)))
    return 0


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        write([_shown(each) for each in clients.list_of(connection, who, limit=_LISTED_MAX)])
    return 0


def _secret(chosen: argparse.Namespace, settings: Settings) -> int:
    with _acting(chosen, settings) as (connection, who):
        secret = clients.renew_secret(connection, who, chosen.id)
    write({"client_id": chosen.id, "client_secret": secret})
    return 0


def _revoke(chosen: argparse.Namespace, settings: Settings) -> int:
    with acting(settings, chosen.actor) as (connection, who):
        clients.revoke(connection, who, chosen.id, now=RealClock().now())
    return 0


def _shown(client: Client) -> dict[str, Any]:
    shown = {name: getattr(client, name) for name in client.__slots__ if name != "unit_id"}
    return shown | {"networks": [str(each) for each in client.networks]}
