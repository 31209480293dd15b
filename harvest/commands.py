"""The command ``datdai catalogue``: what is published of metadata, and what waits for an officer."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from auth.audit import acts
from auth.cli.desk import add_action, at_desk
from auth.standing import officer
from catalogue.files import LAYERS, read_layers
from catalogue.service import read_service
from core.commands import Subparsers
from core.errors import Conflict
from core.settings import Settings
from database.connections import connect, login_of
from database.prepared import prepared_database
from harvest.curation import commands as curation
from harvest.publishing import removals
from harvest.publishing.said import SaidByOfficers
from harvest.publishing.status import Status, status_of
from harvest.publishing.tick import Outcome, Sources, publish
from harvest.report import commands as report

_WITHIN_S = 30.0


def register(commands: Subparsers) -> None:
    """Add the commands of this package."""
    group = commands.add_parser("catalogue", help="what is published of metadata, and what waits for an officer")
    kinds = group.add_subparsers(title="acts", metavar="ACT", required=True)
    kinds.add_parser("status", help="say what is published and what is in the way").set_defaults(run=_status)
    kinds.add_parser("publish", help="publish now what changed").set_defaults(run=_publish)
    kinds.add_parser("held", help="list the records that wait to be removed").set_defaults(run=_held)
    confirm = add_action(kinds, "confirm", "let just these records be removed")
    confirm.add_argument("--digest", required=True, metavar="D", help="of the list, as `held` says it")
    confirm.add_argument("--reason", required=True, metavar="R", help="why")
    confirm.set_defaults(run=_confirm)
    curation.add_acts(kinds)
    report.register(commands)


def _status(_: argparse.Namespace, settings: Settings) -> int:
    with _publisher(settings) as connection:
        found = status_of(connection)
    for line in _lines(found):
        _say(line)
    return 0 if found.published and not found.held and not found.lacking else 1


def _publish(_: argparse.Namespace, settings: Settings) -> int:
    layers, service = read_layers(), read_service(settings.service or LAYERS.parent / "service.yml")
    sources = Sources(layers, service, SaidByOfficers(), removal_share=settings.catalogue_removal_share)
    with _publisher(settings) as connection:
        outcome = publish(connection, sources, within_s=_WITHIN_S)
    _say(_told(outcome))
    return 1 if outcome.busy or outcome.waiting else 0


def _held(_: argparse.Namespace, settings: Settings) -> int:
    with _publisher(settings) as connection:
        found = removals.held(connection)
    if found is None or not found.waits:
        _say("nothing waits")
        return 0
    _say(f"digest {found.digest}: {found.removed} of {found.all} records, since {found.since.isoformat()}")
    for id_, title in found.records.items():
        _say(f"{id_}  {title}")
    return 0


def _confirm(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings, publisher=True) as desk:
        standing = officer(desk.connection, desk.actor, desk.day)
        if not removals.confirm(desk.connection, chosen.digest, account=standing.account, reason=chosen.reason):
            raise Conflict("These are not the removals that wait: look at them again.")
        acts.record(
            desk.connection,
            desk.actor,
            "catalogue.confirm_removal",
            f"catalogue:{chosen.digest}",
            after={"reason": chosen.reason},
        )
    return 0


@contextmanager
def _publisher(settings: Settings) -> Generator[Connection[Any]]:
    with prepared_database(settings) as complete:
        dsn = login_of(complete.publisher_database_url, complete.database_url or "", "publisher")
        with connect(dsn, purpose="catalogue", autocommit=True) as connection:
            yield connection


def _lines(found: Status) -> Generator[str]:
    if found.published is None:
        yield "never published"
        return
    yield f"published {found.published.isoformat()}, looked at {found.looked.isoformat() if found.looked else 'never'}"
    yield f"{found.records} records in {found.rows} variants; {found.subjects} subjects see some"
    if found.held:
        yield f"{found.held.removed} of {found.held.all} records wait to be removed: datdai catalogue held"
    for id_, title, missing in found.lacking:
        yield f"lacks {', '.join(missing)}: {id_}  {title}"


def _told(outcome: Outcome) -> str:
    if outcome.busy:
        return "another publisher is at it"
    if outcome.stamp is None:
        return "nothing to publish"
    counts = f"{outcome.added} added, {outcome.changed} changed, {outcome.removed} removed"
    return f"published {outcome.stamp.isoformat()}: {counts}, {outcome.keys} keys given or taken"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
