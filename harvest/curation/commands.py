"""``datdai catalogue show|complete|history|completeness``: records completed by hand."""

import argparse
from uuid import UUID

from auth.cli.desk import add_action, at_desk, read_file, say
from catalogue.files import read_layers
from catalogue.layer import Component
from core.commands import Subparsers
from core.errors import NotFound
from core.settings import Settings
from harvest.curation import store
from harvest.curation.completeness import completeness_of, summary_of
from harvest.curation.documents import read_supplement
from harvest.curation.told import shown
from harvest.making.supplement import merged


def add_acts(kinds: Subparsers) -> None:
    """Add these acts to those of ``datdai catalogue``."""
    add_action(kinds, "show", "show a record and what it lacks", "record").set_defaults(run=_show)
    complete = add_action(kinds, "complete", "say what people know of a record", "record", "file")
    complete.add_argument("--reason", required=True, metavar="TEXT", help="why")
    complete.add_argument("--read", type=int, metavar="VERSION", help="refuse where it is another version by now")
    complete.set_defaults(run=_complete)
    add_action(kinds, "history", "show what was said of a record", "record").set_defaults(run=_history)
    summed = add_action(kinds, "completeness", "say how complete the records are, and what is missing")
    summed.add_argument("--component", choices=[each.value for each in Component], help="those of one alone")
    summed.set_defaults(run=_completeness)


def _show(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        id_, layers = _id(chosen.record), read_layers()
        found = store.record_seen(desk.connection, desk.actor, id_, layers=layers, day=desk.day)
    return say(shown(found))


def _complete(chosen: argparse.Namespace, settings: Settings) -> int:
    supplement, layers = read_supplement(read_file(chosen.file)), read_layers()
    with at_desk(chosen, settings) as desk:
        id_ = _id(chosen.record)
        known = store.record_seen(desk.connection, desk.actor, id_, layers=layers, day=desk.day)
        written = store.complete(
            desk.connection,
            desk.actor,
            id_,
            supplement,
            read=chosen.read,
            reason=chosen.reason,
            layers=layers,
            day=desk.day,
        )
    return say({"written": written, "completeness": completeness_of(merged(known.record, supplement))})


def _history(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        id_, layers = _id(chosen.record), read_layers()
        found = store.history(desk.connection, desk.actor, id_, layers=layers, day=desk.day)
    return say(found)


def _completeness(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        component, layers = chosen.component, read_layers()
        found = store.all_seen(desk.connection, desk.actor, layers=layers, day=desk.day, component=component)
        summary = summary_of(completeness_of(each.record) for each in found)
    return say(summary)


def _id(record: str) -> UUID:
    try:
        return UUID(record)
    except ValueError:
        raise NotFound from None
