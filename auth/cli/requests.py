"""``datdai request``: special requests of units."""

import argparse

from auth.cli.desk import add_action, add_ending, add_page, at_desk, read_file, say
from auth.policy.clauses import read_document
from auth.sharing import requests
from auth.sharing.requests import RequestDocument
from core.commands import CommandParser, Subparsers
from core.settings import Settings

_NOTED = {"answer": requests.answer, "prepare": requests.prepare}


def register(commands: Subparsers) -> None:
    """Add the command."""
    whole = commands.add_parser("request", help="send, answer, prepare and refuse special requests")
    kinds = whole.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    listing = add_action(kinds, "list", "list requests")
    add_page(listing)
    listing.set_defaults(run=_list)
    add_action(kinds, "show", "show a request and what happened to it", "code").set_defaults(run=_show)
    add_action(kinds, "send", "send a request, as the head of a unit", "file").set_defaults(run=_send)
    for name, text in (("answer", "answer it, for the Sở"), ("prepare", "begin its technical preparation")):
        adder = add_action(kinds, name, text, "code")
        adder.add_argument("--note", required=True, metavar="TEXT", help="the answer, or what is prepared")
        adder.set_defaults(run=_note, act=_NOTED[name])
    add_ending(kinds, "refuse", "refuse it, for the Sở", requests.refuse)
    add_ending(kinds, "withdraw", "take it back, as the head who sent it", requests.withdraw)


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = requests.listed(desk.connection, desk.actor, day=desk.day, after=chosen.after, limit=chosen.limit)
    return say(found)


def _show(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = requests.request_named(desk.connection, desk.actor, chosen.code, day=desk.day)
        steps = requests.steps(desk.connection, found)
    return say({"request": found, "steps": steps})


def _send(chosen: argparse.Namespace, settings: Settings) -> int:
    document = read_document(RequestDocument, read_file(chosen.file))
    with at_desk(chosen, settings) as desk:
        code = requests.send(desk.connection, desk.actor, document, day=desk.day)
    return say({"request": code})


def _note(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        chosen.act(desk.connection, desk.actor, chosen.code, note=chosen.note, day=desk.day)
    return 0
