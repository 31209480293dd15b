"""The acts of ``datdai account`` that take two persons: proposed, approved, or done alone at the machine."""

import argparse
from datetime import date
from typing import Any, Final

from auth.cli.acts import Acting, add_act, opened_as_dba, say
from auth.credentials.holds import hold_actor
from auth.model import AccountKind
from auth.people import proposals
from auth.people.accounts import caller_named
from auth.people.admins import one_at_a_time
from auth.people.proposals import TAKES, Act, Arguments, Means, NewProposal
from auth.written import content_of
from catalogue.files import read_layers
from core.clocks import RealClock
from core.commands import Subparsers
from core.limits import LIMITS
from core.settings import Settings

_OPTIONS: Final = {
    "unit": "the code of the unit",
    "person": "the name of the person",
    "person_code": "the number of the person in the staff list of the unit",
    "position": "what the person is",
    "note": "what the record says besides",
    "issuer": "the outside provider",
    "subject": "the identifier of the person there",
    "function": "the code of the function",
}


def add_to(group: Subparsers) -> None:
    """Add what two persons do to a privileged account to the command ``account``."""
    _add_act(add_act(group, "propose", _propose, "propose an act on an admin, a head or an officer of the Sở"))
    for name, act, text in (
        ("approve", _approve, "approve a proposal: it is done; prints your half of an activation code, this once"),
        ("withdraw", _withdraw, "take your own proposal back"),
        ("half", _half, "your half of the activation code, as who proposed it; printed this once"),
    ):
        add_act(group, name, act, text).add_argument("number", type=int, metavar="NUMBER")
    refuser = add_act(group, "refuse", _refuse, "refuse a proposal")
    refuser.add_argument("number", type=int, metavar="NUMBER")
    refuser.add_argument("--reason", required=True, metavar="TEXT")
    lister = add_act(group, "proposals", _list, "list proposals")
    lister.add_argument("--open", action="store_true", help="those alone that can be approved")
    alone = group.add_parser("alone", help="do such an act without a second person: the operator, by the DBA's login")
    alone.add_argument("--as", dest="actor", required=True, metavar="ACCOUNT", help="the account that acts")
    _add_act(alone)
    alone.set_defaults(run=do_alone)


def _add_act(adder: argparse.ArgumentParser) -> None:
    adder.add_argument("act", choices=[each.value.replace("_", "-") for each in Act], metavar="ACT", help="what to do")
    adder.add_argument("account", metavar="ACCOUNT")
    adder.add_argument("--reason", required=True, metavar="TEXT", help="why; everybody concerned reads it")
    kinds = [each.value for each in AccountKind]
    adder.add_argument("--kind", choices=kinds, help=_told("kind", "what the account is"))
    adder.add_argument("--to", dest="to_person", metavar="NAME", help=_told("to_person", "the person"))
    for name, text in _OPTIONS.items():
        adder.add_argument(f"--{name.replace('_', '-')}", metavar=name.split("_")[-1].upper(), help=_told(name, text))
    for name in ("since", "until"):
        adder.add_argument(
            f"--{name}", type=date.fromisoformat, metavar="YYYY-MM-DD", help=_told(name, f"{name} which legal day")
        )


def _told(name: str, text: str) -> str:
    """Say which acts take an argument, and what it is."""
    acts = [act.value.replace("_", "-") for act, (needed, more) in TAKES.items() if name in needed | more]
    return f"of {', '.join(acts)}: {text}"


def do_alone(chosen: argparse.Namespace, settings: Settings) -> int:
    """Do an act on a privileged account alone, by the DBA's login; all officers of the Sở are told.

    Raises:
        DatabaseError: the DBA's login is not set.
    """
    with opened_as_dba(settings) as (connection, day):
        one_at_a_time(connection)
        actor, means = caller_named(connection, chosen.actor), Means(RealClock(), day, read_layers())
        hold_actor(connection, actor)
        done = proposals.do_alone(connection, actor, _proposal(chosen), means=means)
    say(content_of(done))
    return 0


def _proposal(chosen: argparse.Namespace) -> NewProposal:
    given: dict[str, Any] = {name: getattr(chosen, name) for name in (*_OPTIONS, "to_person", "since", "until", "kind")}
    return NewProposal(
        Act(chosen.act.replace("-", "_")), chosen.account, chosen.reason, Arguments.model_validate(given)
    )


def _propose(chosen: argparse.Namespace, at: Acting) -> object:
    return proposals.propose(at.connection, at.actor, _proposal(chosen), clock=at.clock)


def _approve(chosen: argparse.Namespace, at: Acting) -> object:
    return proposals.approve(at.connection, at.actor, chosen.number, means=Means(at.clock, at.day, at.layers))


def _refuse(chosen: argparse.Namespace, at: Acting) -> object:
    return proposals.refuse(at.connection, at.actor, chosen.number, reason=chosen.reason, clock=at.clock)


def _withdraw(chosen: argparse.Namespace, at: Acting) -> object:
    return proposals.withdraw(at.connection, at.actor, chosen.number, clock=at.clock)


def _half(chosen: argparse.Namespace, at: Acting) -> object:
    return {"half": proposals.take_half(at.connection, at.actor, chosen.number, clock=at.clock)}


def _list(chosen: argparse.Namespace, at: Acting) -> object:
    return proposals.proposals_seen(
        at.connection, at.actor, now=at.clock.now(), limit=LIMITS.admin_page_max, is_open=chosen.open
    )
