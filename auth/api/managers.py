"""Managing units over HTTP: who manages a layer where, and what two officers of the Sở do to change it."""

from datetime import date

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from auth.api.document import query_parameter
from auth.api.http import PREFIX, Access, acting, answer, body, is_asked, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from auth.model import Period
from auth.policy.clauses import vocabulary_of
from auth.sharing import manager_changes, managing
from auth.sharing.manager_changes import Change
from auth.sharing.managing import Manager
from catalogue.files import Slug, Words


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManagerBody(_Body):
    """A unit manages a layer: in a district or commune, by code, or everywhere."""

    layer: str
    unit: Slug
    territory: str | None = None
    valid_from: date
    valid_until: date | None = None


class ManagerEndBody(_Body):
    """The first day on which it is over."""

    on: date


class RefusalBody(_Body):
    """Why it is refused."""

    reason: Words


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of managing units."""
    return blueprint_of("managers", access, ROUTES)


def _list(access: Access) -> Response:
    paged = paging()
    with acting(access) as (connection, who):
        found = managing.managers_seen(
            connection, who, day=legal_day(connection), limit=paged.limit + 1, after=paged.after_number
        )
    return page(found, paged, _id_of)


def _name(access: Access) -> Response:
    given = body(ManagerBody)
    with acting(access) as (connection, who):
        proposed = manager_changes.propose_manager(
            connection,
            who,
            layer=given.layer,
            territory=given.territory,
            unit=given.unit,
            period=Period(given.valid_from, given.valid_until),
            vocabulary=vocabulary_of(access.layers),
            day=legal_day(connection),
        )
    return _proposed(proposed)


def _end(access: Access, number: int) -> Response:
    given = body(ManagerEndBody)
    with acting(access) as (connection, who):
        proposed = manager_changes.propose_end(connection, who, number, on=given.on, day=legal_day(connection))
    return _proposed(proposed)


def _list_proposals(access: Access) -> Response:
    paged, is_open = paging(), is_asked("open")
    with acting(access) as (connection, who):
        found = manager_changes.changes_seen(
            connection,
            who,
            day=legal_day(connection),
            limit=paged.limit + 1,
            after=paged.after_number,
            is_open=is_open,
        )
    return page(found, paged, _number_of)


def _show(access: Access, number: int) -> Response:
    with acting(access) as (connection, who):
        return answer(manager_changes.change_seen(connection, who, number, day=legal_day(connection)))


def _approve(access: Access, number: int) -> Response:
    with acting(access) as (connection, who):
        return answer(manager_changes.approve_change(connection, who, number, day=legal_day(connection)))


def _refuse(access: Access, number: int) -> Response:
    given = body(RefusalBody)
    with acting(access) as (connection, who):
        day = legal_day(connection)
        return answer(manager_changes.refuse_change(connection, who, number, reason=given.reason, day=day))


def _withdraw(access: Access, number: int) -> Response:
    with acting(access) as (connection, who):
        return answer(manager_changes.withdraw_change(connection, who, number, day=legal_day(connection)))


def _proposed(change: Change) -> Response:
    return answer(change, 201, location=f"{PREFIX}/manager-proposals/{change.number}")


def _id_of(item: Manager) -> int:
    return item.id


def _number_of(item: Change) -> int:
    return item.number


_OPEN = query_parameter("open", "Those alone that can be approved.", type="boolean", default=False)
_ALL, _ONE = "/manager-proposals", "/manager-proposals/{number}"
ROUTES = (
    Route(
        "GET",
        "/managers",
        _list,
        "Managing units: all for an officer of the Sở, else the own and those of layers shared with it",
        is_list=True,
    ),
    Route("POST", "/managers", _name, "Propose that a unit manages a layer", takes=ManagerBody, status=201),
    Route(
        "POST",
        "/managers/{number}/end",
        _end,
        "Propose that a unit manages it no more",
        takes=ManagerEndBody,
        status=201,
    ),
    Route(
        "GET",
        _ALL,
        _list_proposals,
        "What was proposed of managing units: all for an officer of the Sở, else the own unit's for its head",
        parameters=(_OPEN,),
        is_list=True,
    ),
    Route("GET", _ONE, _show, "What was proposed of a managing unit"),
    Route("POST", f"{_ONE}/approval", _approve, "Approve it, as the second officer: it is done"),
    Route("POST", f"{_ONE}/refusal", _refuse, "Refuse it, as the second officer", takes=RefusalBody),
    Route("POST", f"{_ONE}/withdrawal", _withdraw, "Take one's own proposal back"),
)
PATHS = paths_of(ROUTES)
