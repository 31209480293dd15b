"""The report of harvests over HTTP, below ``/admin/api/harvests``."""

from datetime import date

from flask import Blueprint, Response, request

from auth.api.document import query_parameter
from auth.api.http import Access, acting, answer, legal_day, page, paging
from auth.api.routes import Route, blueprint_of, paths_of
from core.errors import BadParameter
from harvest.report.looking import lint_seen
from harvest.report.reading import rounds_seen


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of the report."""
    return blueprint_of("harvests", access, ROUTES)


def _list(access: Access) -> Response:
    paged, since = paging(), _since()
    with acting(access) as (connection, who):
        found = rounds_seen(
            connection,
            who,
            day=legal_day(connection),
            since=since,
            before=paged.after_number or None,
            limit=paged.limit + 1,
        )
    return page(found, paged, lambda each: each.number)


def _lint(access: Access) -> Response:
    with acting(access) as (connection, who):
        found = lint_seen(
            connection,
            who,
            layers=access.layers,
            base_url=access.base_url,
            contact_email=access.contact_email,
            day=legal_day(connection),
            now=access.clock.now(),
        )
    return answer({"findings": found})


def _since() -> date | None:
    given = request.args.get("since")
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError:
        raise BadParameter("since", "must be a day such as 2025-06-30.") from None


_SINCE = query_parameter("since", "Those that went on on this day in Vietnam, or later.", format="date")
ROUTES = (
    Route(
        "GET",
        "/harvests",
        _list,
        "Rounds of harvesters, the newest first, for an officer of the Sở",
        parameters=(_SINCE,),
        is_list=True,
    ),
    Route("GET", "/harvests/lint", _lint, "What would trip harvesters, for an officer of the Sở"),
)
PATHS = paths_of(ROUTES)
