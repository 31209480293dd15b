"""Functions over HTTP: what a unit's functions are, and who holds them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from psycopg import Connection
from pydantic import BaseModel, Field

from auth.api.document import query_parameter
from auth.api.http import Access, acting, answer, body, done, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from auth.api.units import Code, Name
from auth.model import Period
from auth.people import functions
from auth.people.functions import Held, UnitFunction
from auth.territory import OfficialCode
from catalogue.profile import Operation


class Narrowing(BaseModel):
    """How a function narrows the agreements of its unit; what is absent narrows nothing.

    ``territory`` holds official codes as they are on the first day, or today where that is past.
    """

    layers: list[str] | None = None
    columns: dict[str, list[str]] | None = None
    operations: list[Operation] | None = None
    territory: list[OfficialCode] | None = None


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
        items = _shown(connection, found)
    return page(items, paged, _id_of)


def _define(access: Access, unit: str) -> Response:
    given = body(Defined)
    with acting(access) as (connection, actor):
        narrows = _narrows(connection, given.narrows, max(given.since, legal_day(connection)))
        function = functions.function_of(given.code, given.name, narrows, Period(given.since, given.until))
        made = functions.define_function(connection, actor, unit, function, layers=access.layers)
        (content,) = _shown(connection, [made])
    return answer(content, 201, location=f"/admin/api/units/{unit}/functions/{given.code}")


def _show(access: Access, unit: str, function: str) -> Response:
    with acting(access) as (connection, actor):
        (content,) = _shown(connection, [functions.function_seen(connection, actor, unit, function)])
    return answer(content)


def _redefine(access: Access, unit: str, function: str) -> Response:
    given = body(Redefined)
    with acting(access) as (connection, actor):
        before = functions.function_seen(connection, actor, unit, function).function
        day, period = legal_day(connection), Period(before.period.since, given.until)
        narrows = _narrows(connection, given.narrows, max(period.since, day))
        wanted = functions.function_of(function, given.name, narrows, period)
        changed = functions.redefine_function(connection, actor, unit, wanted, layers=access.layers, day=day)
        (content,) = _shown(connection, [changed])
    return answer(content)


def _list_held(access: Access, account: str) -> Response:
    with acting(access) as (connection, actor):
        held = functions.functions_held(connection, actor, account)
        items = _held(connection, held)
    return answer({"items": items})


def _give(access: Access, account: str) -> Response:
    given = body(Given)
    with acting(access) as (connection, actor):
        held = functions.give_function(
            connection, actor, account, given.function, layers=access.layers, day=legal_day(connection),
            since=given.since, until=given.until,
        )  # fmt: skip
        (content,) = _held(connection, [held])
    return answer(content, 201)


def _strip(access: Access, account: str, function: str) -> Response:
    with acting(access) as (connection, actor):
        functions.strip_function(connection, actor, account, function, day=legal_day(connection))
    return done()


def _narrows(connection: Connection[Any], narrows: Narrowing, day: date) -> dict[str, Any]:
    return functions.with_ids(connection, narrows.model_dump(exclude_none=True), day)


def _shown(connection: Connection[Any], found: Sequence[UnitFunction]) -> list[dict[str, Any]]:
    written = functions.shown(connection, [each.function for each in found])
    return [{"id": each.id, "unit": each.unit} | text for each, text in zip(found, written, strict=True)]


def _held(connection: Connection[Any], found: Sequence[Held]) -> list[dict[str, Any]]:
    written = functions.shown(connection, [each.function for each in found])
    return [
        {"unit": each.unit} | text | {"since": each.period.since, "until": each.period.until}
        for each, text in zip(found, written, strict=True)
    ]


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
