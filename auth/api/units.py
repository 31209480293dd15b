"""Units over HTTP: the dated tree, successions, staff lists."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from flask import Blueprint, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from auth.api.http import Access, acting, answer, body, done, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from auth.model import UnitKind
from auth.people import leavers, units
from auth.people.leavers import StaffMember
from auth.people.units import NewUnit, Unit, UnitSuccession
from auth.territory import OfficialCode, read_territories
from auth.written import content_of

Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class UnitMade(BaseModel):
    """A unit to be made."""

    model_config = ConfigDict(frozen=True)

    code: Code
    name: Name
    kind: UnitKind
    since: date
    until: date | None = None
    territory: OfficialCode | None = None
    parent: str | None = None
    allowance: int = Field(default=0, ge=0, le=10_000)


class UnitChanged(BaseModel):
    """What changes of a unit; what is absent stays. ``until`` as null takes back an end that has not come."""

    name: Name | None = None
    until: date | None = None
    territory: OfficialCode | None = None
    allowance: int | None = Field(default=None, ge=0, le=10_000)


class ParentSet(BaseModel):
    """The unit above, from a day on; null for none."""

    parent: str | None
    since: date


class SuccessionProposed(BaseModel):
    """A unit that takes over from another one."""

    old: str
    new: str
    day: date
    basis: str = Field(min_length=1, max_length=1000)


class Decision(BaseModel):
    """Whether it is approved."""

    approve: bool


class Person(BaseModel):
    """A person of a staff list."""

    name: Name
    person_code: str | None = Field(default=None, min_length=1, max_length=64)


class StaffList(BaseModel):
    """The people of a unit on a day."""

    listed_on: date
    people: list[Person] = Field(min_length=1, max_length=leavers.STAFF_MAX)


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of units."""
    return blueprint_of("units", access, ROUTES)


def _list(access: Access) -> Response:
    paged = paging()
    with acting(access) as (connection, actor):
        found = units.units_seen(connection, actor, limit=paged.limit + 1, after=paged.after_number)
        items = units_shown(connection, found)
    return page(items, paged, lambda each: each["id"])


def _create(access: Access) -> Response:
    given = body(UnitMade)
    with acting(access) as (connection, actor):
        territory = place_of(connection, given.territory, max(given.since, legal_day(connection)))
        unit = units.create_unit(connection, actor, NewUnit(**_given(given, territory)))
        (content,) = units_shown(connection, [unit])
    return answer(content, 201, location=f"/admin/api/units/{unit.code}")


def _show(access: Access, unit: str) -> Response:
    with acting(access) as (connection, actor):
        found = units.unit_seen(connection, actor, unit)
        parents = units.parents_of(connection, found.id)
        (content,) = units_shown(connection, [found])
    return answer({"unit": content, "parents": parents})


def _change(access: Access, unit: str) -> Response:
    given = body(UnitChanged)
    with acting(access) as (connection, actor):
        territory = place_of(connection, given.territory, legal_day(connection))
        stays = "until" in given.model_fields_set and given.until is None
        changed = units.change_unit(connection, actor, unit, **_given(given, territory), stays=stays)
        (content,) = units_shown(connection, [changed])
    return answer(content)


def _set_parent(access: Access, unit: str) -> Response:
    given = body(ParentSet)
    with acting(access) as (connection, actor):
        units.set_parent(connection, actor, unit, parent=given.parent, since=given.since, day=legal_day(connection))
    return done()


def _list_successions(access: Access) -> Response:
    paged = paging()
    with acting(access) as (connection, actor):
        found = units.successions_seen(connection, actor, limit=paged.limit + 1, after=paged.after_number)
    return page(found, paged, _id_of)


def _propose(access: Access) -> Response:
    given = body(SuccessionProposed)
    with acting(access) as (connection, actor):
        proposed = units.propose_succession(connection, actor, **given.__dict__)
    return answer(proposed, 201)


def _decide(access: Access, number: int) -> Response:
    given = body(Decision)
    with acting(access) as (connection, actor):
        decided = units.decide_succession(connection, actor, number, approve=given.approve)
    return answer(decided)


def _import_staff(access: Access, unit: str) -> Response:
    given = body(StaffList)
    people = [StaffMember(each.name, each.person_code) for each in given.people]
    with acting(access) as (connection, actor):
        day = legal_day(connection)
        missing = leavers.import_staff(
            connection, actor, unit, people, listed_on=given.listed_on, day=day, clock=access.clock
        )
    return answer({"missing": missing})


def _given(body: BaseModel, territory: int | None) -> dict[str, Any]:
    return body.__dict__ | {"territory": territory}


def place_of(connection: Connection[Any], code: str | None, day: date) -> int | None:
    """Return the id of the administrative unit that had an official code on a day."""
    return None if code is None else read_territories(connection).coded(code, day).id


def units_shown(connection: Connection[Any], found: Sequence[Unit]) -> list[dict[str, Any]]:
    """Return units as people read them: their territories by code and name."""
    known = read_territories(connection) if any(each.territory for each in found) else None
    named = [known.named([each.territory]) if known and each.territory else [] for each in found]
    return [content_of(each) | {"territory": next(iter(name), None)} for each, name in zip(found, named, strict=True)]


def _id_of(item: UnitSuccession) -> int:
    return item.id


ROUTES = (
    Route("GET", "/units", _list, "Units that one may know of", is_list=True),
    Route("POST", "/units", _create, "Make a unit (system admin)", takes=UnitMade, status=201),
    Route("GET", "/units/{unit}", _show, "A unit, and the units above it with their periods"),
    Route("PATCH", "/units/{unit}", _change, "Change a unit (system admin)", takes=UnitChanged),
    Route("PUT", "/units/{unit}/parent", _set_parent, "Put a unit below another one", takes=ParentSet, status=204),
    Route("POST", "/units/{unit}/staff-list", _import_staff, "Compare a staff list; who is missing", takes=StaffList),
    Route("GET", "/unit-successions", _list_successions, "Successions of units", is_list=True),
    Route(
        "POST",
        "/unit-successions",
        _propose,
        "Propose a succession (admin)",
        takes=SuccessionProposed,
        status=201,
    ),
    Route("POST", "/unit-successions/{number}/decision", _decide, "Decide as the second officer", takes=Decision),
)
PATHS = paths_of(ROUTES)
