"""Packages of default sharing over HTTP; they are accepted, published and ended as agreements are."""

from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from auth.api.document import listing, operation, path_parameter
from auth.api.http import PREFIX, Access, acting, answer, body, legal_day, page, paging, publishing
from auth.policy.clauses import PackageDocument, vocabulary_of
from auth.sharing import agreements, packages
from catalogue.files import Slug
from core.errors import BadParameter


class JoinBody(BaseModel):
    """The unit that joins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Slug


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of packages."""
    routes = Blueprint("packages", __name__, url_prefix="/packages")
    found = _Packages(access)
    routes.add_url_rule("", "listed", found.listed, methods=["GET"])
    routes.add_url_rule("", "draft", found.draft, methods=["POST"])
    routes.add_url_rule("/<code>", "redraft", found.redraft, methods=["PUT"])
    routes.add_url_rule("/<code>/joinings", "joinings", found.joinings, methods=["GET"])
    routes.add_url_rule("/<code>/joinings", "join", found.join, methods=["POST"])
    return routes


class _Packages:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._vocabulary = vocabulary_of(access.layers)

    def listed(self) -> Response:
        """Answer with a page of packages."""
        asked = paging()
        with acting(self._access) as (connection, who):
            day, after = legal_day(connection), asked.after or ""
            found = agreements.listed(connection, who, day=day, after=after, limit=asked.limit + 1, package=True)
        return page(found, asked, lambda each: each.code)

    def draft(self) -> Response:
        """Draft a package, or its next version."""
        document = body(PackageDocument)
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            drafted = agreements.draft(connection, who, document, vocabulary=self._vocabulary, day=day)
        return answer(drafted, 201, location=f"{PREFIX}/agreements/{drafted.agreement}")

    def redraft(self, code: str) -> Response:
        """Write the version in work anew."""
        document = body(PackageDocument)
        if document.package != code:
            raise BadParameter("package", "not the one that the address names.")
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            drafted = agreements.redraft(connection, who, document, vocabulary=self._vocabulary, day=day)
        return answer(drafted)

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
        "get": listing("Packages of default sharing"),
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
