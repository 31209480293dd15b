"""The command ``datdai function``: functions of units, and who holds them."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from auth.cli.acts import Acting, add_act, add_group, day_of
from auth.model import Function, Period
from auth.people import functions
from auth.people.functions import UnitFunction
from core.commands import Subparsers
from core.errors import BadRequest
from core.limits import LIMITS


def register(commands: Subparsers) -> None:
    """Add the command ``function``."""
    group = add_group(commands, "function", "functions of units, and who holds them")
    add_act(group, "list", _list, "list functions").add_argument("--unit", metavar="UNIT")
    for name, act, text in (
        ("define", _define, "define a function of a unit"),
        ("redefine", _redefine, "write a function anew"),
    ):
        adder = add_act(group, name, act, text)
        adder.add_argument("unit", metavar="UNIT")
        adder.add_argument("function", metavar="FUNCTION")
        adder.add_argument("--name", required=True)
        adder.add_argument(
            "--narrows", default="{}", metavar="JSON", help="layers, columns, operations; territory: official codes"
        )
        adder.add_argument("--since", type=day_of, metavar="YYYY-MM-DD", help="default: today, or as it was")
        adder.add_argument("--until", type=day_of, metavar="YYYY-MM-DD", help="first day on which it is over")
    _add_holding(group)


def _add_holding(group: Subparsers) -> None:
    giver = add_act(group, "give", _give, "give a function to an account of its unit")
    stripper = add_act(group, "strip", _strip, "take a function from an account")
    for adder in (giver, stripper):
        adder.add_argument("account", metavar="ACCOUNT")
        adder.add_argument("function", metavar="FUNCTION")
    giver.add_argument("--since", type=day_of, metavar="YYYY-MM-DD", help="default: today")
    giver.add_argument("--until", type=day_of, metavar="YYYY-MM-DD", help="first day on which it is over")
    add_act(group, "held", _held, "list the functions of an account").add_argument("account", metavar="ACCOUNT")


def _list(chosen: argparse.Namespace, at: Acting) -> object:
    found = functions.functions_seen(at.connection, at.actor, limit=LIMITS.admin_page_max, unit=chosen.unit)
    return _shown(at, found)


def _define(chosen: argparse.Namespace, at: Acting) -> object:
    function = _function(chosen, at, Period(chosen.since or at.day, chosen.until))
    made = functions.define_function(at.connection, at.actor, chosen.unit, function, layers=at.layers)
    return _shown(at, [made])[0]


def _redefine(chosen: argparse.Namespace, at: Acting) -> object:
    before = functions.function_seen(at.connection, at.actor, chosen.unit, chosen.function).function
    function = _function(chosen, at, Period(before.period.since, chosen.until))
    changed = functions.redefine_function(at.connection, at.actor, chosen.unit, function, layers=at.layers, day=at.day)
    return _shown(at, [changed])[0]


def _give(chosen: argparse.Namespace, at: Acting) -> object:
    held = functions.give_function(
        at.connection, at.actor, chosen.account, chosen.function, layers=at.layers, day=at.day, since=chosen.since,
        until=chosen.until,
    )  # fmt: skip
    return {"unit": held.unit, "function": held.function.code, "since": held.period.since, "until": held.period.until}


def _strip(chosen: argparse.Namespace, at: Acting) -> None:
    functions.strip_function(at.connection, at.actor, chosen.account, chosen.function, day=at.day)


def _held(chosen: argparse.Namespace, at: Acting) -> object:
    found = functions.functions_held(at.connection, at.actor, chosen.account)
    return [{"function": each.function.code, "since": each.period.since, "until": each.period.until} for each in found]


def _shown(at: Acting, found: Sequence[UnitFunction]) -> list[dict[str, Any]]:
    written = functions.shown(at.connection, [each.function for each in found])
    return [{"unit": each.unit} | text for each, text in zip(found, written, strict=True)]


def _function(chosen: argparse.Namespace, at: Acting, period: Period) -> Function:
    try:
        narrows: Any = json.loads(chosen.narrows)
    except ValueError as exc:
        raise BadRequest("What a function narrows by is a JSON object.") from exc
    if not isinstance(narrows, dict):
        raise BadRequest("What a function narrows by is a JSON object.")
    narrows = functions.with_ids(at.connection, narrows, max(period.since, at.day))
    return functions.function_of(chosen.function, chosen.name, narrows, period)
