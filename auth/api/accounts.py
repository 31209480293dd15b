"""Accounts over HTTP: made, handed over, reset, suspended, revoked; leavers, attestation, notices."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from auth import notices
from auth.api.document import query_parameter
from auth.api.http import Access, acting, answer, body, chosen, done, is_asked, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from auth.api.units import Name
from auth.model import AccountKind, AccountState
from auth.notices import Notice
from auth.people import accounts, handovers, leavers, positions, states
from auth.people.accounts import Account, NewAccount
from auth.people.leavers import Attested, Leaving, Missing
from auth.written import content_of
from core.calendar import quarter_of, working_days
from core.clocks import calendar_day

Code = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]


class AccountMade(BaseModel):
    """An account to be made."""

    code: Code
    unit: str
    kind: AccountKind
    person: Name | None = None
    person_code: str | None = Field(default=None, min_length=1, max_length=64)
    position: Name | None = None


class GivenTo(BaseModel):
    """Whom an account is given to."""

    to_person: Name
    note: Name | None = None


class PositionChanged(BaseModel):
    """A new position; another unit or kind is for a system admin."""

    position: Name
    unit: str | None = None
    kind: AccountKind | None = None


class Left(BaseModel):
    """The first day on which the person is not in the position any more."""

    ended_on: date


class Attestation(BaseModel):
    """Accounts that are still needed."""

    accounts: list[str] = Field(min_length=1, max_length=1000)


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of accounts."""
    return blueprint_of("accounts", access, ROUTES)


def _list(access: Access) -> Response:
    paged, unit, state = paging(), request.args.get("unit"), chosen("state", AccountState)
    with acting(access) as (connection, actor):
        found = accounts.accounts_seen(
            connection, actor, limit=paged.limit + 1, after=paged.after_number, unit=unit, state=state
        )
    return page(found, paged, _id_of)


def _create(access: Access) -> Response:
    given = body(AccountMade)
    with acting(access) as (connection, actor):
        made = accounts.create_account(connection, actor, NewAccount(**given.__dict__), clock=access.clock)
    return answer(made, 201, location=f"/admin/api/accounts/{made.code}")


def _show(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        return answer(accounts.account_seen(connection, actor, account))


def _provide(access: Access, account: str) -> Response:
    given = body(GivenTo)
    with acting(access) as (connection, actor):
        written = handovers.provide(
            connection, actor, account, to_person=given.to_person, note=given.note, clock=access.clock
        )
    return answer(written, 201)


def _hand_over(access: Access, account: str) -> Response:
    given = body(GivenTo)
    with acting(access) as (connection, actor):
        handed = handovers.hand_over(
            connection, actor, account, to_person=given.to_person, note=given.note, clock=access.clock
        )
    return answer(handed, 201)


def _handovers(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        return answer({"items": handovers.handovers_of(connection, actor, account)})


def _reset(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        code = handovers.reset(connection, actor, account, clock=access.clock)
    return answer({"activation_code": code})


def _reset_totp(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        handovers.reset_totp(connection, actor, account, clock=access.clock)
    return done()


def _changing(change: Callable[..., Account]) -> Callable[..., Response]:
    """Return the endpoint of an act that takes an account's code alone."""

    def view(access: Access, account: str) -> Response:
        with acting(access) as (connection, actor):
            changed = change(connection, actor, account, clock=access.clock)
        return answer(changed)

    return view


def _change_position(access: Access, account: str) -> Response:
    given = body(PositionChanged)
    with acting(access) as (connection, actor):
        changed = positions.change_position(
            connection, actor, account, **given.__dict__, day=legal_day(connection), clock=access.clock
        )
    return answer(changed)


def _leave(access: Access, account: str) -> Response:
    given = body(Left)
    with acting(access) as (connection, actor):
        left = leavers.record_leaving(
            connection, actor, account, ended_on=given.ended_on, day=legal_day(connection), clock=access.clock,
            calendar=working_days(),
        )  # fmt: skip
    return answer(left, 201)


def _leaving(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        return answer(leavers.leaving_seen(connection, actor, account))


def _acknowledge(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        leavers.acknowledge_breach(connection, actor, account, clock=access.clock)
    return done()


def _leavings(access: Access) -> Response:
    paged, breaches = paging(), is_asked("breaches")
    with acting(access) as (connection, actor):
        found = leavers.leavings_seen(
            connection, actor, limit=paged.limit + 1, after=paged.after_number, breaches=breaches
        )
    return page([_numbered(*each) for each in found], paged, _number_of)


def _missing(access: Access) -> Response:
    paged = paging()
    with acting(access) as (connection, actor):
        found = leavers.missing_seen(connection, actor, limit=paged.limit + 1, after=paged.after_number)
    return page(found, paged, _id_of)


def _attestations(access: Access) -> Response:
    paged = paging()
    quarter = request.args.get("quarter", quarter_of(calendar_day(access.clock.now())))
    with acting(access) as (connection, actor):
        found = leavers.attested_seen(
            connection, actor, quarter=quarter, limit=paged.limit + 1, after=paged.after_number
        )
    return page(found, paged, _id_of)


def _attest(access: Access) -> Response:
    given = body(Attestation)
    with acting(access) as (connection, actor):
        quarter = leavers.attest(connection, actor, given.accounts, clock=access.clock)
    return answer({"quarter": quarter, "accounts": given.accounts}, 201)


def _notices(access: Access) -> Response:
    paged = paging()
    with acting(access) as (connection, actor):
        found = notices.notices_seen(connection, actor, limit=paged.limit + 1, after=paged.after_number)
    return page(found, paged, _id_of)


def _numbered(number: int, leaving: Leaving) -> dict[str, Any]:
    return {"number": number} | content_of(leaving)


def _number_of(item: dict[str, Any]) -> int:
    return item["number"]


def _id_of(item: Account | Missing | Attested | Notice) -> int:
    return item.id


_UNIT = query_parameter("unit", "Code of the unit whose accounts are listed.")
_STATE = query_parameter("state", "State of the accounts.", enum=[each.value for each in AccountState])
_BREACHES = query_parameter("breaches", "Late entries alone.", type="boolean", default=False)
_QUARTER = query_parameter("quarter", "Such as 2025Q3; that of today where it is absent.")
_ONE = "/accounts/{account}"
ROUTES = (
    Route("GET", "/accounts", _list, "Accounts that one may know of", parameters=(_UNIT, _STATE), is_list=True),
    Route("POST", "/accounts", _create, "Make an account", takes=AccountMade, status=201),
    Route("GET", _ONE, _show, "An account"),
    Route("POST", f"{_ONE}/provision", _provide, "Give it to the head of its unit", takes=GivenTo, status=201),
    Route("GET", f"{_ONE}/handovers", _handovers, "Who gave the account to whom, for the printed record"),
    Route("POST", f"{_ONE}/handovers", _hand_over, "Hand it over; its activation code", takes=GivenTo, status=201),
    Route("POST", f"{_ONE}/reset", _reset, "A new activation code in place of a forgotten password"),
    Route("POST", f"{_ONE}/reset-second-factor", _reset_totp, "Take a lost second factor", status=204),
    Route("POST", f"{_ONE}/suspend", _changing(states.suspend), "Suspend it"),
    Route("POST", f"{_ONE}/resume", _changing(states.resume), "End the suspension"),
    Route("POST", f"{_ONE}/revoke", _changing(states.revoke), "Revoke it for good"),
    Route("POST", f"{_ONE}/position", _change_position, "Another position; functions end", takes=PositionChanged),
    Route("GET", f"{_ONE}/leaving", _leaving, "What is written down about the end of the position"),
    Route("POST", f"{_ONE}/leaving", _leave, "Enter the end of the position", takes=Left, status=201),
    Route("POST", f"{_ONE}/leaving/acknowledgement", _acknowledge, "The Sở has read of a late entry", status=204),
    Route("GET", "/leavings", _leavings, "Ended positions, or late entries", parameters=(_BREACHES,), is_list=True),
    Route("GET", "/missing", _missing, "Accounts whose person the newest staff list lacks", is_list=True),
    Route("GET", "/attestations", _attestations, "Who is attested", parameters=(_QUARTER,), is_list=True),
    Route("POST", "/attestations", _attest, "Attest that accounts are needed", takes=Attestation, status=201),
    Route("GET", "/notices", _notices, "Notices", is_list=True),
)
PATHS = paths_of(ROUTES)
