"""Records completed by hand over HTTP, below ``/admin/api/catalogue``; by ETag nobody overwrites what was not read."""

from uuid import UUID

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict

from auth.api.document import query_parameter
from auth.api.http import Access, Paging, acting, answer, body, chosen, done, legal_day, page, paging, publishing
from auth.api.routes import Route, blueprint_of, paths_of
from auth.audit import acts
from auth.standing import officer
from catalogue.files import Words
from catalogue.layer import Component
from core.errors import BadParameter, Conflict, NotFound, PreconditionFailed, PreconditionRequired
from harvest.curation import store
from harvest.curation.completeness import completeness_of, summary_of
from harvest.curation.documents import SupplementDocument, require_sense
from harvest.curation.store import Version
from harvest.curation.told import listed, shown
from harvest.making.supplement import merged
from harvest.publishing import removals

ANY = "*"


class Completing(BaseModel):
    """The whole supplement of a record, and why it is written; ``{}`` takes back what was said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    supplement: SupplementDocument
    reason: Words


class Confirming(BaseModel):
    """Which removals may happen, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    reason: Words


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of completing."""
    return blueprint_of("catalogue", access, ROUTES)


def _list(access: Access) -> Response:
    paged, component = paging(), chosen("component", Component)
    with acting(access) as (connection, who):
        found = store.records_seen(
            connection,
            who,
            layers=access.layers,
            day=legal_day(connection),
            component=component and component.value,
            after=_after(paged),
            limit=paged.limit + 1,
        )
    return page(map(listed, found), paged, lambda each: each["id"])


def _show(access: Access, record: str) -> Response:
    id_ = _id(record)
    with acting(access) as (connection, who):
        found = store.record_seen(connection, who, id_, layers=access.layers, day=legal_day(connection))
    return answer(shown(found))


def _newest(access: Access, record: str) -> Response:
    id_ = _id(record)
    with acting(access) as (connection, who):
        found = store.newest_of(connection, who, id_, layers=access.layers, day=legal_day(connection))
    return _tagged(found)


def _complete(access: Access, record: str) -> Response:
    id_, given, read = _id(record), body(Completing), _version_read()
    require_sense(given.supplement, under="supplement.")
    with acting(access) as (connection, who):
        day, supplement = legal_day(connection), given.supplement.value()
        known = store.record_seen(connection, who, id_, layers=access.layers, day=day)
        written = store.complete(
            connection, who, id_, supplement, read=read, reason=given.reason, layers=access.layers, day=day
        )
        completeness = completeness_of(merged(known.record, supplement))
    return _tagged(written, completeness=completeness)


def _history(access: Access, record: str) -> Response:
    id_, paged = _id(record), paging()
    with acting(access) as (connection, who):
        found = store.history(
            connection,
            who,
            id_,
            layers=access.layers,
            day=legal_day(connection),
            before=paged.after_number or None,
            limit=paged.limit + 1,
        )
    return page(found, paged, lambda each: each.number)


def _completeness(access: Access) -> Response:
    component = chosen("component", Component)
    with acting(access) as (connection, who):
        found = store.all_seen(
            connection,
            who,
            layers=access.layers,
            day=legal_day(connection),
            component=component and component.value,
        )
        return answer(summary_of(completeness_of(each.record) for each in found))


def _removals(access: Access) -> Response:
    with publishing(access) as (connection, who):
        officer(connection, who, legal_day(connection))
        found = removals.held(connection)
    return answer({"held": None if found is None or not found.waits else _held(found)})


def _confirm(access: Access) -> Response:
    given = body(Confirming)
    with publishing(access) as (connection, who):
        standing = officer(connection, who, legal_day(connection))
        if not removals.confirm(connection, given.digest, account=standing.account, reason=given.reason):
            raise Conflict("These are not the removals that wait: look at them again.")
        about, after = f"catalogue:{given.digest}", {"reason": given.reason}
        acts.record(connection, who, "catalogue.confirm_removal", about, after=after)
    return done()


def _held(found: removals.Held) -> dict[str, object]:
    records = [{"id": str(id_), "title": title} for id_, title in found.records.items()]
    told: dict[str, object] = {
        name: getattr(found, name) for name in ("digest", "removed", "all", "since", "confirmed")
    }
    return told | {"records": records}


def _tagged(version: Version, **more: object) -> Response:
    written = {name: getattr(version, name) for name in ("number", "supplement", "by", "at", "reason")}
    response = answer(written | more)
    response.headers["ETag"] = f'"{version.number}"'
    return response


def _version_read() -> int | None:
    """Return the version that ``If-Match`` names; ``None``: whichever there is.

    Raises:
        PreconditionRequired: there is no such header.
        PreconditionFailed: it names no version that there could be.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise PreconditionRequired
    if given == ANY:
        return None
    number = given.strip('"')
    if f'"{number}"' != given or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise PreconditionFailed
    return int(number)


def _id(record: str) -> UUID:
    """Return the identifier of a record; what is none is that of no record."""
    try:
        found = UUID(record)
    except ValueError:
        raise NotFound from None
    if str(found) != record:
        raise NotFound
    return found


def _after(paged: Paging) -> UUID | None:
    if paged.after is None:
        return None
    try:
        return UUID(paged.after)
    except ValueError:
        raise BadParameter("after", "not what an earlier page named.") from None


_COMPONENT = query_parameter("component", "Those of one component database.", enum=[each.value for each in Component])
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "ETag of the supplement that was read; `*`: whichever there is.",
    "schema": {"type": "string"},
}
_ALL, _ONE = "/catalogue/records", "/catalogue/records/{record}"
ROUTES = (
    Route(
        "GET",
        _ALL,
        _list,
        "Records that one completes, with how complete they are: all for an officer of the Sở, else those of layers "
        "that the own unit manages",
        parameters=(_COMPONENT,),
        is_list=True,
    ),
    Route("GET", _ONE, _show, "A record, and what it lacks in each of the five groups"),
    Route("GET", f"{_ONE}/supplement", _newest, "What people say of it now; its ETag is the version"),
    Route(
        "PUT",
        f"{_ONE}/supplement",
        _complete,
        "Say something else of it; `If-Match` names the version that was read",
        takes=Completing,
        parameters=(_IF_MATCH,),
    ),
    Route("GET", f"{_ONE}/history", _history, "What was said of it by whom, the newest first", is_list=True),
    Route(
        "GET",
        "/catalogue/completeness",
        _completeness,
        "How complete the records that one completes are, and what is missing in how many",
        parameters=(_COMPONENT,),
    ),
    Route("GET", "/catalogue/removals", _removals, "The removals that wait for an officer of the Sở"),
    Route(
        "POST",
        "/catalogue/removals/confirmation",
        _confirm,
        "Let just these removals happen, as an officer of the Sở",
        takes=Confirming,
        status=204,
    ),
)
PATHS = paths_of(ROUTES)
