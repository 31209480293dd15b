"""Functions over HTTP: what a unit's functions are, and who holds them."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from auth.api.document import query_parameter
from auth.api.http import Access, acting, answer, body, done, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from auth.api.units import Code, Name
from auth.model import Function, Period
from auth.people import functions
from auth.people.functions import Held, UnitFunction, told
from catalogue.profile import Operation


class Narrowing(BaseModel):
    """How a function narrows the agreements of its unit; what is absent narrows nothing."""

    layers: list[str] | None = None
    columns: dict[str, list[str]] | None = None
    operations: list[Operation] | None = None
    territory: list[int] | None = None


class Defined(BaseModel):
    """A function of a unit."""

    code: Code
    name: Name
    since: date
    until: date | None = None
    narrows: Narrowing = Field(default_factory=Narrowing)


class Redefined(BaseModel):
    """A function written anew."""

    name: Name
    until: date | None = None
    narrows: Narrowing = Field(default_factory=Narrowing)


class Given(BaseModel):
    """A function that an account is to hold, from today where nothing is said."""

    function: str
    since: date | None = None
    until: date | None = None


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of functions."""
    return blueprint_of("functions", access, ROUTES)


def _list(access: Access) -> Response:
    paged, unit = paging(), request.args.get("unit")
    with acting(access) as (connection, actor):
        found = functions.functions_seen(connection, actor, limit=paged.limit + 1, after=paged.after_number, unit=unit)
    return page([_shown(each) for each in found], paged, _id_of)


def _define(access: Access, unit: str) -> Response:
    given = body(Defined)
    function = _function(given.code, given.name, Period(given.since, given.until), given.narrows)
    with acting(access) as (connection, actor):
        made = functions.define_function(connection, actor, unit, function, layers=access.layers)
    return answer(_shown(made), 201, location=f"/admin/api/units/{unit}/functions/{given.code}")


def _show(access: Access, unit: str, function: str) -> Response:
    with acting(access) as (connection, actor):
        return answer(_shown(functions.function_seen(connection, actor, unit, function)))


def _redefine(access: Access, unit: str, function: str) -> Response:
    given = body(Redefined)
    with acting(access) as (connection, actor):
        before = functions.function_seen(connection, actor, unit, function).function
        wanted = _function(function, given.name, Period(before.period.since, given.until), given.narrows)
        changed = functions.redefine_function(
            connection, actor, unit, wanted, layers=access.layers, day=legal_day(connection)
        )
    return answer(_shown(changed))


def _list_held(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        held = functions.functions_held(connection, actor, account)
    return answer({"items": [_held(each) for each in held]})


def _give(access: Access, account: str) -> Response:
    given = body(Given)
    with acting(access) as (connection, actor):
        held = functions.give_function(
            connection, actor, account, given.function, layers=access.layers, day=legal_day(connection),
            since=given.since, until=given.until,
        )  # fmt: skip
    return answer(_held(held), 201)


def _strip(access: Access, account: str, function: str) -> Response:
    with acting(access) as (connection, actor):
        functions.strip_function(connection, actor, account, function, day=legal_day(connection))
    return done()


def _function(code: str, name: str, period: Period, narrows: Narrowing) -> Function:
    return functions.function_of(code, name, narrows.model_dump(exclude_none=True), period)


def _shown(found: UnitFunction) -> dict[str, Any]:
    return {"id": found.id, "unit": found.unit} | told(found.function)


def _held(held: Held) -> dict[str, Any]:
    period = {"since": held.period.since, "until": held.period.until}
    return {"unit": held.unit} | told(held.function) | period


def _id_of(item: dict[str, Any]) -> int:
    return item["id"]


_UNIT = query_parameter("unit", "Code of the unit whose functions are listed.")
ROUTES = (
    Route("GET", "/functions", _list, "Functions that one may know of", parameters=(_UNIT,), is_list=True),
    Route("POST", "/units/{unit}/functions", _define, "Define a function (system admin)", takes=Defined, status=201),
    Route("GET", "/units/{unit}/functions/{function}", _show, "A function"),
    Route("PUT", "/units/{unit}/functions/{function}", _redefine, "Write a function anew", takes=Redefined),
    Route("GET", "/accounts/{account}/functions", _list_held, "Functions that an account holds, held or will hold"),
    Route("POST", "/accounts/{account}/functions", _give, "Give a function to an account", takes=Given, status=201),
    Route("DELETE", "/accounts/{account}/functions/{function}", _strip, "Take a function from an account", status=204),
)
PATHS = paths_of(ROUTES)
