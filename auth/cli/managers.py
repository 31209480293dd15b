"""``datdai manager``: which unit manages a layer where, proposed by one officer and approved by another one."""

import argparse

from auth.cli.desk import add_action, at_desk, day_of, known, say
from auth.model import Period
from auth.sharing import manager_changes, managing
from core.commands import CommandParser, Subparsers
from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the command."""
    whole = commands.add_parser("manager", help="say which unit manages a layer where")
    kinds = whole.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    _add_paged(add_action(kinds, "list", "list managing units")).set_defaults(run=_list)
    _add_proposing(kinds)
    for name, text, run in (
        ("approve", "approve a proposal as the second officer: it is done", _approve),
        ("withdraw", "take your own proposal back", _withdraw),
    ):
        _add_deciding(kinds, name, text).set_defaults(run=run)
    refuser = _add_deciding(kinds, "refuse", "refuse a proposal as the second officer")
    refuser.add_argument("--reason", required=True, metavar="TEXT", help="why")
    refuser.set_defaults(run=_refuse)
    lister = add_action(kinds, "proposals", "list what was proposed")
    lister.add_argument("--open", action="store_true", help="those alone that can be approved")
    _add_paged(lister).set_defaults(run=_list_proposals)


def _add_paged(lister: argparse.ArgumentParser) -> argparse.ArgumentParser:
    lister.add_argument("--after", type=int, default=0, metavar="NUMBER", help="begin behind this one")
    lister.add_argument("--limit", type=int, default=100, metavar="N", help="at most; default 100")
    return lister


def _add_proposing(kinds: Subparsers) -> None:
    name = add_action(kinds, "name", "propose that a unit manages a layer", "layer", "unit")
    name.add_argument("--territory", metavar="CODE", help="of a district or commune; everywhere without it")
    name.add_argument("--from", dest="since", type=day_of, required=True, metavar="YYYY-MM-DD")
    name.add_argument("--until", type=day_of, metavar="YYYY-MM-DD", help="first day on which it is over")
    name.set_defaults(run=_name)
    end = add_action(kinds, "end", "propose that it manages it no more")
    end.add_argument("entry", type=int, metavar="ENTRY", help="its number in the list")
    end.add_argument("--on", type=day_of, required=True, metavar="YYYY-MM-DD", help="first day on which it is over")
    end.set_defaults(run=_end)


def _add_deciding(kinds: Subparsers, name: str, text: str) -> argparse.ArgumentParser:
    adder = add_action(kinds, name, text)
    adder.add_argument("number", type=int, metavar="NUMBER", help="of the proposal")
    return adder


def _list(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = managing.managers_seen(
            desk.connection, desk.actor, day=desk.day, limit=chosen.limit, after=chosen.after
        )
    return say(found)


def _name(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        proposed = manager_changes.propose_manager(
            desk.connection,
            desk.actor,
            layer=chosen.layer,
            territory=chosen.territory,
            unit=chosen.unit,
            period=Period(chosen.since, chosen.until),
            vocabulary=known(),
            day=desk.day,
        )
    return say(proposed)


def _end(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        proposed = manager_changes.propose_end(desk.connection, desk.actor, chosen.entry, on=chosen.on, day=desk.day)
    return say(proposed)


def _approve(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        decided = manager_changes.approve_change(desk.connection, desk.actor, chosen.number, day=desk.day)
    return say(decided)


def _refuse(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        decided = manager_changes.refuse_change(
            desk.connection, desk.actor, chosen.number, reason=chosen.reason, day=desk.day
        )
    return say(decided)


def _withdraw(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        decided = manager_changes.withdraw_change(desk.connection, desk.actor, chosen.number, day=desk.day)
    return say(decided)


def _list_proposals(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = manager_changes.changes_seen(
            desk.connection, desk.actor, day=desk.day, limit=chosen.limit, after=chosen.after, is_open=chosen.open
        )
    return say(found)
