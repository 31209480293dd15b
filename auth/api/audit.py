"""The audit over HTTP: requests, acts, reports, heads, verification. Each reading is itself on record."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from flask import Blueprint, Response, request

from auth.api.http import Access, Paging, actor, answer, page, paging
from auth.audit import keys, reading, store
from auth.audit.acts import record
from auth.audit.heads import folder_of
from auth.audit.questions import Questions
from auth.audit.reading import Report, Wanted
from auth.audit.sheets import MEDIA_TYPE, sheet_of
from auth.audit.verifier import Period, verify
from auth.model import AccountKind, Caller
from core.clocks import VIETNAM, calendar_day
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase

PERIOD_DAYS_MAX = 366
VERIFIED_DAYS_MAX = 31
_PERIOD_DAYS = 30
_ABOUT = ("unit", "account", "agreement")
_FORMATS = ("json", "csv")
_UNFIT = re.compile(r"[^\w.-]", re.ASCII)
"""What is left out of the name of a file."""


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of the audit."""
    audit = _Audit(access)
    routes = Blueprint("audit", __name__, url_prefix="/audit")
    routes.add_url_rule("/records", "records", audit.records)
    routes.add_url_rule("/acts", "acts", audit.acts)
    routes.add_url_rule("/reports/<about>/<code>", "report", audit.report)
    routes.add_url_rule("/heads", "heads", audit.heads)
    routes.add_url_rule("/verification", "verification", audit.verification)
    return routes


class _Audit:
    def __init__(self, access: Access) -> None:
        self._access = access

    def records(self) -> Response:
        """Answer with requests, newest first."""
        wanted = self._wanted("unit", "account", "agreement", "collection", "granted", "literal")
        asked, who = paging(), actor(self._access)
        with reading.reading(self._access.identity, self._access.auditor, who, "records", wanted) as connection:
            found = reading.records(connection, wanted, before=_before(asked), most=asked.limit + 1)
        return page(found, asked, lambda each: each.id)

    def acts(self) -> Response:
        """Answer with acts, newest first."""
        wanted = self._wanted("unit", "account", "act", "about")
        asked, who = paging(), actor(self._access)
        with reading.reading(self._access.identity, self._access.auditor, who, "acts", wanted) as connection:
            found = reading.acts(connection, wanted, before=_before(asked), most=asked.limit + 1)
        return page(found, asked, lambda each: each.id)

    def report(self, about: str, code: str) -> Response:
        """Answer with the report of a unit, an account or an agreement."""
        if about not in _ABOUT:
            raise NotFound
        as_sheet = _wants_sheet()
        wanted = self._wanted(**{about: code})
        who = actor(self._access)
        with reading.reading(self._access.identity, self._access.auditor, who, "report", wanted) as connection:
            found = reading.report(connection, wanted)
        return _sheet(found, f"{about}-{code}") if as_sheet else answer(found)

    def heads(self) -> Response:
        """Answer with the signed heads of days."""
        self._note("audit:heads", _system_admin(self._access))
        since, until = self._days()
        with self._access.auditor.transaction() as connection:
            found = store.heads(connection, since, until)
        items = [
            {"day": head.day, "n": head.n, "seal": head.digest.hex(), "signature": head.signature.hex()}
            for head in found
        ]
        return answer({"items": items})

    def verification(self) -> Response:
        """Answer with what a verification of some days found."""
        who = _system_admin(self._access)
        since, until = self._days()
        if (until - since).days >= VERIFIED_DAYS_MAX:
            raise BadParameter("from", Phrase("more than {} days before the end.", (VERIFIED_DAYS_MAX,)))
        home = self._access.home
        if home is None or not keys.public_file(home).exists():
            raise Conflict("The audit has no key yet.")
        self._note("audit:verification", who)
        with self._access.auditor.transaction() as connection:
            store.read_all(connection)
            verdict = verify(connection, keys.public_key(keys.public_file(home)), folder_of(home), Period(since, until))
        return answer(verdict)

    def _note(self, about: str, who: Caller) -> None:
        with self._access.identity.transaction() as connection:
            record(connection, who, "audit.read", about)

    def _wanted(self, *names: str, **more: Any) -> Wanted:
        """Read the parameters of a search; an unknown one is refused."""
        unknown = set(request.args) - set(names) - {"from", "to", "limit", "after", "lang"} - ({"f"} if more else set())
        if unknown:
            raise BadParameter(min(unknown), "not a parameter of this search.", ", ".join(names))
        given: dict[str, Any] = {name: request.args.get(name) for name in names} | more
        if given.get("granted") is not None:
            given["granted"] = _boolean("granted", given["granted"])
        if given.get("literal") is not None:
            given["literal"] = Questions(self._access.key).literal(given["literal"])
        since, until = self._days()
        return Wanted(_begin_of(since), _begin_of(until + timedelta(days=1)), **given)

    def _days(self) -> tuple[date, date]:
        """Read ``from`` and ``to``: days of Vietnam, both included; the last 30 unless said otherwise."""
        until = _day("to") or cast("date", calendar_day(self._access.clock.now()))
        since = _day("from") or until - timedelta(days=_PERIOD_DAYS - 1)
        if since > until or (until - since).days >= PERIOD_DAYS_MAX:
            raise BadParameter("from", Phrase("not within the {} days up to the end.", (PERIOD_DAYS_MAX,)))
        return since, until


def _wants_sheet() -> bool:
    """Tell whether a report is wanted as CSV: by ``f``, else by Accept."""
    wanted = request.args.get("f")
    if wanted is not None and wanted not in _FORMATS:
        raise BadParameter("f", "there is no such format here.", ", ".join(_FORMATS))
    best = request.accept_mimetypes.best_match(["application/json", "text/csv"], "application/json")
    return wanted == "csv" or (wanted is None and best == "text/csv")


def _sheet(report: Report, name: str) -> Response:
    response = Response(sheet_of(report), content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.set("Content-Disposition", "attachment", filename=f"{_UNFIT.sub('_', name)}.csv")
    return response


def _system_admin(access: Access) -> Caller:
    who = actor(access)
    if who.account_kind is not AccountKind.SYSTEM_ADMIN:
        raise Forbidden("This part of the audit is not yours to read.")
    return who


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)


def _day(name: str) -> date | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = date.min
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        raise BadParameter(name, "not a day such as 2025-06-30.")
    return day


def _boolean(name: str, given: str) -> bool:
    if given not in {"true", "false"}:
        raise BadParameter(name, "neither true nor false.")
    return given == "true"


def _before(asked: Paging) -> int | None:
    return None if asked.after is None else asked.after_number


def _parameter(name: str, description: str, schema: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": {"type": schema}}


def _get(
    summary: str, description: str, *parameters: dict[str, Any], codes: tuple[int, ...] = (), also: str | None = None
) -> dict[str, Any]:
    problem = {"$ref": "#/components/responses/Problem"}
    content: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
    if also:
        content[also] = {"schema": {"type": "string"}}
    done = {"description": "Found.", "content": content}
    responses = {"200": done} | {str(code): problem for code in (400, 401, 403, 503, *codes)}
    return {
        "get": {"summary": summary, "description": description, "parameters": list(parameters), "responses": responses}
    }


_DAYS = (_parameter("from", "First day (of Vietnam)."), _parameter("to", "Last day, today unless said otherwise."))
_PAGE = ({"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/after"})
_WHO = (_parameter("unit", "Code of a unit."), _parameter("account", "Name of an account."))
_PATH = [
    {"name": "about", "in": "path", "required": True, "schema": {"type": "string", "enum": list(_ABOUT)}},
    {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}},
]
_SCOPE = "System admins of the Sở read everything, heads of units their unit's, others their own."

PATHS: dict[str, Any] = {
    "/audit/records": _get(
        "Requests",
        f"Requests with what was decided and what became of them, newest first. {_SCOPE}",
        *_WHO,
        _parameter("agreement", "Code of an agreement."),
        _parameter("collection", "Id of a collection."),
        _parameter("granted", "false for denials alone.", "boolean"),
        _parameter("literal", "A value that the request names: an id, a name, a number."),
        *_DAYS,
        *_PAGE,
    ),
    "/audit/acts": _get(
        "Administrative acts",
        f"Acts and sign-ins, newest first. {_SCOPE}",
        *_WHO,
        _parameter("act", "An act, `account.suspend`, or the beginning of its name, `account`."),
        _parameter("about", "What it was done to, `account:lan`."),
        *_DAYS,
        *_PAGE,
    ),
    "/audit/reports/{about}/{code}": _get(
        "Report of a unit, an account or an agreement",
        f"Sums, days, requests after hours, unusual days, first uses of columns. {_SCOPE}",
        *_PATH,
        _parameter("f", "`json`, or `csv` for spreadsheets; without it Accept says."),
        *_DAYS,
        codes=(404,),
        also="text/csv",
    ),
    "/audit/heads": _get("Heads", "The signed last seal of each day. For system admins of the Sở.", *_DAYS),
    "/audit/verification": _get(
        "Verification",
        "Compares some days with what was sealed and names the first bad row. For system admins of the Sở.",
        *_DAYS,
        codes=(409,),
    ),
}
