"""The command ``datdai unit``: units, what stands above them, successions, staff lists."""

import argparse
import csv
import json
from pathlib import Path
from typing import Any, cast

from auth.api.units import place_of, units_shown
from auth.cli.acts import Acting, add_act, add_group, day_of
from auth.model import UnitKind
from auth.people import leavers, units
from auth.people.leavers import StaffMember
from auth.people.units import NewUnit
from core.commands import Subparsers
from core.errors import BadRequest
from core.limits import LIMITS


def register(commands: Subparsers) -> None:
    """Add the command ``unit``."""
    group = add_group(commands, "unit", "units of the Sở and of those it shares with")
    add_act(group, "list", _list, "list units")
    add_act(group, "show", _show, "show a unit, and the units above it").add_argument("unit", metavar="UNIT")
    _add_create(group)
    _add_change(group)
    _add_parent(group)
    staff = add_act(group, "import-staff", _import_staff, "compare a staff list (CSV or JSON) with the accounts")
    staff.add_argument("unit", metavar="UNIT")
    staff.add_argument("file", metavar="FILE", type=Path, help="columns or members: name, person_code")
    staff.add_argument("--listed-on", type=day_of, metavar="YYYY-MM-DD", help="day of the list; default: today")
    _add_successions(group)


def read_staff(file: Path) -> list[StaffMember]:
    """Read a staff list: CSV with a heading, or a JSON array of objects; ``name``, and ``person_code`` where known.

    Raises:
        BadRequest: it cannot be read, or a person has no name.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = json.loads(text) if file.suffix.lower() == ".json" else list(csv.DictReader(text.splitlines()))
        return [_person(cast("dict[str, Any]", row)) for row in rows]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise BadRequest("{} is no staff list: CSV or JSON with name and person_code.", str(file)) from exc


def _person(row: dict[str, Any]) -> StaffMember:
    name, code = str(row["name"] or "").strip(), str(row.get("person_code") or "").strip()
    if not name:
        raise ValueError(name)
    return StaffMember(name, code or None)


def _add_create(group: Subparsers) -> None:
    adder = add_act(group, "create", _create, "make a unit")
    adder.add_argument("unit", metavar="UNIT", help="its code")
    adder.add_argument("--name", required=True)
    adder.add_argument("--kind", required=True, choices=[each.value for each in UnitKind])
    adder.add_argument("--since", type=day_of, metavar="YYYY-MM-DD", help="first day; default: today")
    adder.add_argument("--territory", metavar="CODE", help="official code of the administrative unit that it governs")
    adder.add_argument("--parent", metavar="UNIT")
    adder.add_argument("--allowance", type=int, default=0, metavar="N", help="accounts that its head may make")


def _add_change(group: Subparsers) -> None:
    adder = add_act(group, "change", _change, "change a unit")
    adder.add_argument("unit", metavar="UNIT")
    adder.add_argument("--name")
    ending = adder.add_mutually_exclusive_group()
    ending.add_argument("--until", type=day_of, metavar="YYYY-MM-DD", help="first day on which it is over")
    ending.add_argument("--stays", action="store_true", help="takes back an end that has not come")
    adder.add_argument("--territory", metavar="CODE", help="official code, as it is today")
    adder.add_argument("--allowance", type=int, metavar="N")


def _add_parent(group: Subparsers) -> None:
    adder = add_act(group, "parent", _parent, "put a unit below another one")
    adder.add_argument("unit", metavar="UNIT")
    adder.add_argument("parent", metavar="PARENT", nargs="?", help="none: it stands by itself")
    adder.add_argument("--since", type=day_of, metavar="YYYY-MM-DD", help="default: today")


def _add_successions(group: Subparsers) -> None:
    proposer = add_act(group, "propose-succession", _propose, "propose that a unit takes over from another one")
    proposer.add_argument("old", metavar="OLD")
    proposer.add_argument("new", metavar="NEW")
    proposer.add_argument("--day", type=day_of, required=True, metavar="YYYY-MM-DD")
    proposer.add_argument("--basis", required=True, help="number and date of the decision")
    for name, act in (("approve-succession", _approve), ("refuse-succession", _refuse)):
        decider = add_act(group, name, act, "decide as the second officer")
        decider.add_argument("number", metavar="NUMBER", type=int)
    add_act(group, "successions", _successions, "list successions")


def _list(_chosen: argparse.Namespace, at: Acting) -> object:
    return units_shown(at.connection, units.units_seen(at.connection, at.actor, limit=LIMITS.admin_page_max))


def _show(chosen: argparse.Namespace, at: Acting) -> object:
    unit = units.unit_seen(at.connection, at.actor, chosen.unit)
    (content,) = units_shown(at.connection, [unit])
    return {"unit": content, "parents": units.parents_of(at.connection, unit.id)}


def _create(chosen: argparse.Namespace, at: Acting) -> object:
    since = chosen.since or at.day
    new = NewUnit(
        chosen.unit, chosen.name, UnitKind(chosen.kind), since,
        territory=place_of(at.connection, chosen.territory, max(since, at.day)),
        parent=chosen.parent, allowance=chosen.allowance,
    )  # fmt: skip
    return units_shown(at.connection, [units.create_unit(at.connection, at.actor, new)])[0]


def _change(chosen: argparse.Namespace, at: Acting) -> object:
    territory = place_of(at.connection, chosen.territory, at.day)
    changed = units.change_unit(
        at.connection, at.actor, chosen.unit, name=chosen.name, until=chosen.until, territory=territory,
        allowance=chosen.allowance, stays=chosen.stays,
    )  # fmt: skip
    return units_shown(at.connection, [changed])[0]


def _parent(chosen: argparse.Namespace, at: Acting) -> object:
    since = chosen.since or at.day
    units.set_parent(at.connection, at.actor, chosen.unit, parent=chosen.parent, since=since, day=at.day)
    return units.parents_of(at.connection, units.find_unit(at.connection, chosen.unit).id)


def _import_staff(chosen: argparse.Namespace, at: Acting) -> object:
    people, listed_on = read_staff(chosen.file), chosen.listed_on or at.day
    missing = leavers.import_staff(
        at.connection, at.actor, chosen.unit, people, listed_on=listed_on, day=at.day, clock=at.clock
    )
    return {"missing": missing}


def _propose(chosen: argparse.Namespace, at: Acting) -> object:
    return units.propose_succession(
        at.connection, at.actor, old=chosen.old, new=chosen.new, day=chosen.day, basis=chosen.basis
    )


def _approve(chosen: argparse.Namespace, at: Acting) -> object:
    return units.decide_succession(at.connection, at.actor, chosen.number, approve=True)


def _refuse(chosen: argparse.Namespace, at: Acting) -> object:
    return units.decide_succession(at.connection, at.actor, chosen.number, approve=False)


def _successions(_chosen: argparse.Namespace, at: Acting) -> object:
    return units.successions_seen(at.connection, at.actor, limit=LIMITS.admin_page_max)
