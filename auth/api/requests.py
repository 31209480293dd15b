"""Special requests over HTTP: sent by a head, answered, prepared and refused by the Sở."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from auth.api.agreements import ReasonBody
from auth.api.document import Json, listing, operation, path_parameter
from auth.api.http import PREFIX, Access, acting, answer, body, done, legal_day, page, paging
from auth.sharing import requests
from auth.sharing.requests import RequestDocument, RequestText


class NoteBody(BaseModel):
    """The answer, or what is being prepared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: RequestText


_NOTED: dict[str, Callable[..., None]] = {"answer": requests.answer, "prepare": requests.prepare}
_ENDED: dict[str, Callable[..., None]] = {"refuse": requests.refuse, "withdraw": requests.withdraw}


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of special requests."""
    routes = Blueprint("requests", __name__, url_prefix="/requests")
    found = _Requests(access)
    routes.add_url_rule("", "listed", found.listed, methods=["GET"])
    routes.add_url_rule("", "send", found.send, methods=["POST"])
    routes.add_url_rule("/<code>", "shown", found.shown, methods=["GET"])
    for name, act in _NOTED.items():
        routes.add_url_rule(f"/<code>/{name}", name, partial(found.note, act), methods=["POST"])
    for name, act in _ENDED.items():
        routes.add_url_rule(f"/<code>/{name}", name, partial(found.end, act), methods=["POST"])
    return routes


class _Requests:
    def __init__(self, access: Access) -> None:
        self._access = access

    def listed(self) -> Response:
        """Answer with a page of requests."""
        asked = paging()
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            found = requests.listed(connection, who, day=day, after=asked.after or "", limit=asked.limit + 1)
        return page(found, asked, lambda each: each.code)

    def send(self) -> Response:
        """Send a request for the unit that the caller leads."""
        document = body(RequestDocument)
        with acting(self._access) as (connection, who):
            code = requests.send(connection, who, document, day=legal_day(connection))
        return answer({"request": code}, 201, location=f"{PREFIX}/requests/{code}")

    def shown(self, code: str) -> Response:
        """Answer with a request and what happened to it."""
        with acting(self._access) as (connection, who):
            found = requests.request_named(connection, who, code, day=legal_day(connection))
            steps = requests.steps(connection, found)
        return answer({"request": found, "steps": steps})

    def note(self, act: Callable[..., None], code: str) -> Response:
        """Take a step that has a note."""
        given = body(NoteBody)
        with acting(self._access) as (connection, who):
            act(connection, who, code, note=given.note, day=legal_day(connection))
        return done()

    def end(self, act: Callable[..., None], code: str) -> Response:
        """Take a step that ends a request."""
        given = body(ReasonBody)
        with acting(self._access) as (connection, who):
            act(connection, who, code, reason=given.reason, day=legal_day(connection))
        return done()


def _step(summary: str, takes: type[BaseModel]) -> Json:
    return {"parameters": [_CODE], "post": operation(summary, takes=takes, status=204)}


_CODE = path_parameter("code", "Code of a request.")

PATHS: dict[str, Any] = {
    "/requests": {
        "get": listing("Special requests: all for an officer of the Sở, else those of the own unit"),
        "post": operation("Send a special request, as the head of a unit", takes=RequestDocument, status=201),
    },
    "/requests/{code}": {"parameters": [_CODE], "get": operation("A request and what happened to it")},
    "/requests/{code}/answer": _step("Answer it, for the Sở", NoteBody),
    "/requests/{code}/prepare": _step("Begin its technical preparation", NoteBody),
    "/requests/{code}/refuse": _step("Refuse it, with the reason", ReasonBody),
    "/requests/{code}/withdraw": _step("Take it back, as the head who sent it", ReasonBody),
}
