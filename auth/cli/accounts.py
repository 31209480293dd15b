"""The command ``datdai account``: accounts from being made to being revoked, and the daily job."""

import argparse
from collections.abc import Callable
from contextlib import closing
from typing import cast

from auth import notices
from auth.audit.watch import Stop, Watch
from auth.cli import proposals
from auth.cli.acts import Act, Acting, add_act, add_group, day_of, opened, opened_as_dba, say
from auth.model import AccountKind, AccountState, UnitKind
from auth.people import accounts, daily, first_admins, handovers, leavers, positions, states
from auth.people.accounts import Account, NewAccount
from auth.people.handovers import Handed
from auth.people.units import NewUnit
from auth.written import content_of
from core.calendar import quarter_of, working_days
from core.clocks import Clock, RealClock, calendar_day
from core.commands import Subparsers
from core.limits import LIMITS
from core.settings import Settings
from database.connections import login_of
from database.prepared import prepared_database

_PLAIN: tuple[tuple[str, Callable[..., Account], str], ...] = (
    ("suspend", states.suspend, "suspend an account"),
    ("resume", states.resume, "end a suspension"),
    ("revoke", states.revoke, "revoke an account for good"),
)


def register(commands: Subparsers) -> None:
    """Add the command ``account``."""
    group = add_group(commands, "account", "accounts: made, handed over, reset, suspended, revoked")
    _add_lists(group)
    _add_create(group)
    _add_handing(group)
    for name, change, text in _PLAIN:
        _on_account(group, name, _changing(change), text)
    _on_account(group, "reset", _reset, "a new activation code in place of a forgotten password")
    _on_account(group, "reset-totp", _reset_totp, "take a lost second factor")
    _add_position(group)
    _add_leaving(group)
    proposals.add_to(group)
    _add_without_actor(group)


def _add_lists(group: Subparsers) -> None:
    lister = add_act(group, "list", _list, "list accounts")
    lister.add_argument("--unit", metavar="UNIT")
    lister.add_argument("--state", choices=[each.value for each in AccountState])
    _on_account(group, "show", _show, "show an account, and who gave it to whom")
    add_act(group, "notices", _notices, "list notices")
    add_act(group, "missing", _missing, "list accounts whose person the newest staff list lacks")
    quarters = add_act(group, "attested", _attested, "list who is attested in a quarter")
    quarters.add_argument("--quarter", metavar="2025Q3", help="default: that of today")
    attester = add_act(group, "attest", _attest, "attest that accounts are still needed")
    attester.add_argument("accounts", metavar="ACCOUNT", nargs="+")


def _add_create(group: Subparsers) -> None:
    adder = _on_account(group, "create", _create, "make an account")
    adder.add_argument("--unit", required=True, metavar="UNIT")
    adder.add_argument("--kind", default="individual", choices=[each.value for each in AccountKind])
    adder.add_argument("--person", metavar="NAME")
    adder.add_argument("--person-code", metavar="CODE", help="number in the staff list")
    adder.add_argument("--position", metavar="TEXT")


def _add_handing(group: Subparsers) -> None:
    for name, act, text in (
        ("provide", _provide, "write down that the Sở gave it to the head of its unit"),
        ("hand-over", _hand_over, "hand it over to its person; prints the activation code, this once"),
    ):
        adder = _on_account(group, name, act, text)
        adder.add_argument("--to", required=True, metavar="NAME")
        adder.add_argument("--note", metavar="TEXT")


def _add_position(group: Subparsers) -> None:
    adder = _on_account(group, "position", _position, "another position; its functions end at once")
    adder.add_argument("position", metavar="POSITION")
    adder.add_argument("--unit", metavar="UNIT")
    adder.add_argument("--kind", choices=[each.value for each in AccountKind])


def _add_leaving(group: Subparsers) -> None:
    adder = _on_account(group, "leave", _leave, "enter the day on which the position ended")
    adder.add_argument("--ended-on", type=day_of, metavar="YYYY-MM-DD", help="first day without rights; default: today")
    lister = add_act(group, "leavings", _leavings, "list ended positions")
    lister.add_argument("--breaches", action="store_true", help="late entries alone")
    _on_account(group, "acknowledge-breach", _acknowledge, "the Sở has read of a late entry")


def _add_without_actor(group: Subparsers) -> None:
    first = group.add_parser("bootstrap", help="make the first two system admins (needs the DBA's login)")
    for number in (1, 2):
        first.add_argument(f"account{number}", metavar=f"ACCOUNT{number}")
        first.add_argument(f"person{number}", metavar=f"PERSON{number}")
    first.add_argument("--unit", default="so", metavar="UNIT", help="unit of the Sở, made where it is missing")
    first.add_argument("--unit-name", default="Sở Nông nghiệp và Môi trường", metavar="NAME")
    first.set_defaults(run=bootstrap)
    group.add_parser("daily", help="what is due today; may run at any time, and twice").set_defaults(run=run_daily)


def bootstrap(chosen: argparse.Namespace, settings: Settings) -> int:
    """Make the first two system admins, publish what they may see, and write their activation codes, this once.

    Raises:
        DatabaseError: the DBA's login is not set.
        Conflict: there is a system admin.
    """
    admins = [
        NewAccount(chosen.account1, chosen.unit, AccountKind.SYSTEM_ADMIN, chosen.person1),
        NewAccount(chosen.account2, chosen.unit, AccountKind.SYSTEM_ADMIN, chosen.person2),
    ]
    clock = RealClock()
    unit = NewUnit(chosen.unit, chosen.unit_name, UnitKind.DEPARTMENT, calendar_day(clock.now()))
    with opened_as_dba(settings) as (connection, _):
        made = first_admins.bootstrap(connection, admins, unit=unit, clock=clock)
    say([_codes(each) for each in made])
    return 0


def run_daily(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Do what is due today, and write what was done."""
    clock = RealClock()
    with opened(settings) as (connection, day):
        done = daily.run(connection, day=day, clock=clock)
    with opened(settings) as (connection, day):  # apart: what fails here hinders nothing above
        watched = daily.watch_absences(connection, day=day, clock=clock, calendar=working_days())
    missing = working_days().missing_soon(day)
    stop = _look_at_seals(settings, clock)
    say(
        {
            "done": content_of(done),
            "staff_lists": content_of(watched),
            "years_missing_in_calendar": missing,
            "audit_not_sealed": stop and content_of(stop),
        }
    )
    return 0


def _look_at_seals(settings: Settings, clock: Clock) -> Stop | None:
    with prepared_database(settings) as complete:
        dsn = login_of(complete.auditor_database_url, complete.database_url or "", "auditor")
        with closing(Watch(dsn, settings.home, clock)) as watch:
            return watch.look()


def _codes(handed: Handed) -> dict[str, object]:
    return {"account": handed.account.code, "activation_code": handed.activation_code}


def _on_account(group: Subparsers, name: str, act: Act, text: str) -> argparse.ArgumentParser:
    adder = add_act(group, name, act, text)
    adder.add_argument("account", metavar="ACCOUNT")
    return adder


def _changing(change: Callable[..., Account]) -> Act:
    def act(chosen: argparse.Namespace, at: Acting) -> object:
        return change(at.connection, at.actor, chosen.account, clock=at.clock)

    return act


def _list(chosen: argparse.Namespace, at: Acting) -> object:
    state = AccountState(chosen.state) if chosen.state else None
    return accounts.accounts_seen(at.connection, at.actor, limit=LIMITS.admin_page_max, unit=chosen.unit, state=state)


def _show(chosen: argparse.Namespace, at: Acting) -> object:
    account = accounts.account_seen(at.connection, at.actor, chosen.account)
    return {"account": account, "handovers": handovers.handovers_of(at.connection, at.actor, chosen.account)}


def _create(chosen: argparse.Namespace, at: Acting) -> object:
    new = NewAccount(
        chosen.account, chosen.unit, AccountKind(chosen.kind), chosen.person, chosen.person_code, chosen.position
    )
    return accounts.create_account(at.connection, at.actor, new, clock=at.clock)


def _provide(chosen: argparse.Namespace, at: Acting) -> object:
    return handovers.provide(
        at.connection, at.actor, chosen.account, to_person=chosen.to, note=chosen.note, clock=at.clock
    )


def _hand_over(chosen: argparse.Namespace, at: Acting) -> object:
    return handovers.hand_over(
        at.connection, at.actor, chosen.account, to_person=chosen.to, note=chosen.note, clock=at.clock
    )


def _reset(chosen: argparse.Namespace, at: Acting) -> object:
    return {"activation_code": handovers.reset(at.connection, at.actor, chosen.account, clock=at.clock)}


def _reset_totp(chosen: argparse.Namespace, at: Acting) -> None:
    handovers.reset_totp(at.connection, at.actor, chosen.account, clock=at.clock)


def _position(chosen: argparse.Namespace, at: Acting) -> object:
    kind = AccountKind(chosen.kind) if chosen.kind else None
    return positions.change_position(
        at.connection, at.actor, chosen.account, position=chosen.position, unit=chosen.unit, kind=kind, day=at.day,
        clock=at.clock,
    )  # fmt: skip


def _leave(chosen: argparse.Namespace, at: Acting) -> object:
    return leavers.record_leaving(
        at.connection, at.actor, chosen.account, ended_on=chosen.ended_on or at.day, day=at.day, clock=at.clock,
        calendar=working_days(),
    )  # fmt: skip


def _leavings(chosen: argparse.Namespace, at: Acting) -> object:
    found = leavers.leavings_seen(at.connection, at.actor, limit=LIMITS.admin_page_max, breaches=chosen.breaches)
    return [leaving for _, leaving in found]


def _acknowledge(chosen: argparse.Namespace, at: Acting) -> None:
    leavers.acknowledge_breach(at.connection, at.actor, chosen.account, clock=at.clock)


def _missing(_chosen: argparse.Namespace, at: Acting) -> object:
    return leavers.missing_seen(at.connection, at.actor, limit=LIMITS.admin_page_max)


def _attested(chosen: argparse.Namespace, at: Acting) -> object:
    quarter = cast("str", chosen.quarter or quarter_of(calendar_day(at.clock.now())))
    return leavers.attested_seen(at.connection, at.actor, quarter=quarter, limit=LIMITS.admin_page_max)


def _attest(chosen: argparse.Namespace, at: Acting) -> object:
    return {"quarter": leavers.attest(at.connection, at.actor, chosen.accounts, clock=at.clock)}


def _notices(_chosen: argparse.Namespace, at: Acting) -> object:
    return notices.notices_seen(at.connection, at.actor, limit=LIMITS.admin_page_max)
