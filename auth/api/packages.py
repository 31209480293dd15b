"""Packages of default sharing over HTTP; they are accepted, published and ended as agreements are."""

from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from auth.api.document import listing, operation, path_parameter
from auth.api.drafts import Drafts, add_rule
from auth.api.http import Access, acting, answer, body, legal_day, publishing
from auth.policy.clauses import PackageDocument
from auth.sharing import packages
from catalogue.files import Slug


class JoinBody(BaseModel):
    """The unit that joins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Slug


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of packages."""
    routes = Blueprint("packages", __name__, url_prefix="/packages")
    found = _Packages(access, PackageDocument)
    add_rule(routes, "", GET=found.listed, POST=found.draft)
    add_rule(routes, "/<code>", PUT=found.redraft)
    add_rule(routes, "/<code>/joinings", GET=found.joinings, POST=found.join)
    return routes


class _Packages(Drafts):
    def joinings(self, code: str) -> Response:
        """Answer with the units that joined."""
        with acting(self._access) as (connection, who):
            found = packages.joinings(connection, who, code, day=legal_day(connection))
        return answer({"items": found})

    def join(self, code: str) -> Response:
        """Join a unit, for one of the two sides."""
        given = body(JoinBody)
        with publishing(self._access) as (connection, who):
            day, clock = legal_day(connection), self._access.clock
            joined = packages.join(connection, who, code, given.unit, vocabulary=self._vocabulary, clock=clock, day=day)
        return answer(joined, 201 if joined.agreement else 200)


_CODE = path_parameter("code", "Code of a package.")

PATHS: dict[str, Any] = {
    "/packages": {
        "get": listing(
            "Packages of default sharing: all for an officer of the Sở, else those open to units, and the own"
        ),
        "post": operation("Draft a package or its next version", takes=PackageDocument, status=201),
    },
    "/packages/{code}": {
        "parameters": [_CODE],
        "put": operation("Write the version in work anew; acceptances are void", takes=PackageDocument),
    },
    "/packages/{code}/joinings": {
        "parameters": [_CODE],
        "get": operation("Units that joined, or are about to"),
        "post": operation("Join a unit: an officer of the Sở and its head, in any order", takes=JoinBody, status=201),
    },
}
