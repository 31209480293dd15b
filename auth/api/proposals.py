"""Acts of two over HTTP: proposed by one person of the Sở, approved by another one. Nothing here is done alone."""

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from auth.api.accounts import Code
from auth.api.document import query_parameter
from auth.api.http import Access, acting, answer, body, is_asked, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from auth.api.units import Name
from auth.people import proposals
from auth.people.proposals import Act, Arguments, Means, NewProposal, Proposal


class Proposed(BaseModel):
    """An act on a privileged account, and why; each act takes its own arguments."""

    act: Act
    account: Code
    reason: Name
    arguments: Arguments = Field(default_factory=Arguments)


class Refusal(BaseModel):
    """Why a proposal is refused."""

    reason: Name


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of proposals."""
    return blueprint_of("proposals", access, ROUTES)


def _list(access: Access) -> Response:
    paged, is_open = paging(), is_asked("open")
    with acting(access) as (connection, actor):
        found = proposals.proposals_seen(
            connection, actor, now=access.clock.now(), limit=paged.limit + 1, after=paged.after_number, is_open=is_open
        )
    return page(found, paged, _number_of)


def _propose(access: Access) -> Response:
    given = body(Proposed)
    with acting(access) as (connection, actor):
        made = proposals.propose(connection, actor, NewProposal(**given.__dict__), clock=access.clock)
    return answer(made, 201, location=f"/admin/api/account-proposals/{made.number}")


def _show(access: Access, number: int) -> Response:
    with acting(access) as (connection, actor):
        return answer(proposals.proposal_seen(connection, actor, number, now=access.clock.now()))


def _approve(access: Access, number: int) -> Response:
    with acting(access) as (connection, actor):
        means = Means(access.clock, legal_day(connection), access.layers)
        approved = proposals.approve(connection, actor, number, means=means)
    return answer(approved)


def _refuse(access: Access, number: int) -> Response:
    given = body(Refusal)
    with acting(access) as (connection, actor):
        return answer(proposals.refuse(connection, actor, number, reason=given.reason, clock=access.clock))


def _withdraw(access: Access, number: int) -> Response:
    with acting(access) as (connection, actor):
        return answer(proposals.withdraw(connection, actor, number, clock=access.clock))


def _take_half(access: Access, number: int) -> Response:
    with acting(access) as (connection, actor):
        half = proposals.take_half(connection, actor, number, clock=access.clock)
    return answer({"half": half})


def _number_of(item: Proposal) -> int:
    return item.number


_OPEN = query_parameter("open", "Those alone that can be approved.", type="boolean", default=False)
_ALL, _ONE = "/account-proposals", "/account-proposals/{number}"
ROUTES = (
    Route("GET", _ALL, _list, "Acts of two that one may know of", parameters=(_OPEN,), is_list=True),
    Route("POST", _ALL, _propose, "Propose an act on an admin, a head or an officer", takes=Proposed, status=201),
    Route("GET", _ONE, _show, "A proposal"),
    Route("POST", f"{_ONE}/approval", _approve, "Approve it: it is done; the approver's half of an activation code"),
    Route("POST", f"{_ONE}/refusal", _refuse, "Refuse it", takes=Refusal),
    Route("POST", f"{_ONE}/withdrawal", _withdraw, "Take one's own proposal back"),
    Route("POST", f"{_ONE}/half", _take_half, "The proposer's half of the activation code, once"),
)
PATHS = paths_of(ROUTES)
