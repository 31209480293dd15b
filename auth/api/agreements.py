"""Agreements over HTTP: their way from draft to publication, their effect, migrations.

Packages and publications to everybody take the same way; ``{code}`` is theirs as well.
"""

from datetime import date
from typing import Any

import yaml
from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict

from auth.api.document import Json, listing, operation, path_parameter, query_parameter
from auth.api.drafts import Drafts, add_rule
from auth.api.http import PREFIX, Access, acting, answer, body, done, legal_day, publishing, refuse_foreign_pages
from auth.policy.clauses import AgreementDocument, vocabulary_of
from auth.sharing import acceptance, agreements, drafting, publication, succession
from auth.sharing.effect import effect_of
from auth.sharing.odrl import odrl_of
from auth.sharing.succession import SuccessionDocument
from auth.standing import department_code, officer, standing
from catalogue.files import Words
from core.errors import NotFound


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeenBody(_Body):
    """Which body somebody accepts or publishes: the ``body_hash`` that was read with it."""

    body_hash: str


class ReasonBody(_Body):
    """Why it is sent back, given up or refused."""

    reason: Words


class EndBody(_Body):
    """Why it ends; ``on`` is a coming day on which it is over, without it at once."""

    reason: Words
    on: date | None = None


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of agreements and migrations."""
    routes = Blueprint("agreements", __name__)
    one = "/agreements/<code>"
    found = _Agreements(access, AgreementDocument)
    add_rule(routes, "/agreements", GET=found.listed, POST=found.draft)
    add_rule(routes, one, GET=found.shown, PUT=found.redraft)
    for act in ("propose", "accept", "decline", "withdraw", "publish", "revoke"):
        add_rule(routes, f"{one}/{act}", POST=getattr(found, act))
    add_rule(routes, f"{one}/effect", GET=found.effect)
    add_rule(routes, f"{one}/document", GET=found.document)
    add_rule(routes, f"{one}/odrl", GET=found.odrl)
    moves = _Successions(access)
    add_rule(routes, "/successions", POST=moves.draft)
    add_rule(routes, "/successions/<code>", GET=moves.shown)
    add_rule(routes, "/successions/<code>/approve", POST=moves.approve)
    add_rule(routes, "/successions/<code>/refuse", POST=moves.refuse)
    return routes


class _Agreements(Drafts):
    def shown(self, code: str) -> Response:
        """Answer with an agreement and its versions."""
        with acting(self._access) as (connection, who):
            agreement = agreements.visible(connection, standing(connection, who, legal_day(connection)), code)
            versions = agreements.versions(connection, agreement)
        return answer({"agreement": agreement, "versions": versions})

    def propose(self, code: str) -> Response:
        """Lay a draft before its parties."""
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            parties = drafting.propose(connection, who, code, vocabulary=self._vocabulary, day=day)
        return answer({"parties": parties})

    def accept(self, code: str) -> Response:
        """Accept for the caller's unit."""
        seen = body(SeenBody)
        with acting(self._access) as (connection, who):
            state = acceptance.accept(connection, who, code, body_hash=seen.body_hash, day=legal_day(connection))
        return answer({"state": state})

    def decline(self, code: str) -> Response:
        """Send it back as a draft."""
        given = body(ReasonBody)
        with acting(self._access) as (connection, who):
            acceptance.decline(connection, who, code, reason=given.reason, day=legal_day(connection))
        return done()

    def withdraw(self, code: str) -> Response:
        """Give up the version in work."""
        given = body(ReasonBody)
        with acting(self._access) as (connection, who):
            acceptance.withdraw(connection, who, code, reason=given.reason, day=legal_day(connection))
        return done()

    def publish(self, code: str) -> Response:
        """Put the accepted version in force."""
        seen = body(SeenBody)
        with publishing(self._access) as (connection, who):
            publication.publish(
                connection,
                who,
                code,
                body_hash=seen.body_hash,
                vocabulary=self._vocabulary,
                clock=self._access.clock,
                day=legal_day(connection),
            )
        return done()

    def revoke(self, code: str) -> Response:
        """End what is published."""
        end = body(EndBody)
        with publishing(self._access) as (connection, who):
            day = legal_day(connection)
            publication.revoke(
                connection, who, code, reason=end.reason, on=end.on, vocabulary=self._vocabulary, day=day
            )
        return done()

    def effect(self, code: str) -> Response:
        """Answer with what publishing the version in work would do; who saw it may publish while it is so."""
        with publishing(self._access) as (connection, who):
            refuse_foreign_pages(who)
            day = legal_day(connection)
        words, lend = self._access.texts("vi"), self._access.publisher.transaction
        return answer(effect_of(lend, who, code, vocabulary=self._vocabulary, day=day, vietnamese=words))

    def document(self, code: str) -> Response:
        """Answer with a version as the document that drafting takes, as JSON or YAML."""
        agreement, version = self._version(code)
        written = agreements.document_of(agreement, version)
        if request.args.get("f", "json") == "json":
            return answer(written)
        response = Response(written_as_yaml(written), content_type="application/yaml")
        response.headers["Cache-Control"] = "no-store"
        return response

    def odrl(self, code: str) -> Response:
        """Answer with a version as an ODRL policy."""
        agreement, version = self._version(code)
        with self._access.identity.transaction() as connection:
            assigner = department_code(connection, legal_day(connection))
        response = answer(odrl_of(agreement, version, base=request.url_root, assigner=assigner))
        response.content_type = "application/ld+json"
        return response

    def _version(self, code: str) -> tuple[agreements.Agreement, agreements.Version]:
        """Return the version that ``version`` names, else the newest."""
        wanted = request.args.get("version", "")
        with acting(self._access) as (connection, who):
            agreement = agreements.visible(connection, standing(connection, who, legal_day(connection)), code)
            versions = agreements.versions(connection, agreement)
        found = [each for each in versions if not wanted or str(each.number) == wanted]
        if not found:
            raise NotFound
        return agreement, found[0]


class _Successions:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._vocabulary = vocabulary_of(access.layers)

    def draft(self) -> Response:
        """Draft a migration of agreements to successors."""
        document = body(SuccessionDocument)
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            drafted = succession.draft_succession(connection, who, document, vocabulary=self._vocabulary, day=day)
        return answer(drafted, 201, location=f"{PREFIX}/successions/{drafted.code}")

    def shown(self, code: str) -> Response:
        """Answer with a migration and the agreements as the successors would have them."""
        with acting(self._access) as (connection, who):
            officer(connection, who, legal_day(connection))
            found = succession.succession_named(connection, code)
        return answer(found)

    def approve(self, code: str) -> Response:
        """Approve a migration."""
        with publishing(self._access) as (connection, who):
            day, clock = legal_day(connection), self._access.clock
            made = succession.approve_succession(
                connection, who, code, vocabulary=self._vocabulary, clock=clock, day=day
            )
        return answer({"agreements": made})

    def refuse(self, code: str) -> Response:
        """Refuse a migration."""
        given = body(ReasonBody)
        with publishing(self._access) as (connection, who):
            succession.refuse_succession(connection, who, code, reason=given.reason, day=legal_day(connection))
        return done()


def written_as_yaml(document: Json) -> str:
    """Return a document as YAML for people: in its own order, Vietnamese as it is."""
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _act(summary: str, takes: type[BaseModel] | None = None, status: int = 204) -> Json:
    return {"parameters": [_CODE], "post": operation(summary, takes=takes, status=status)}


_CODE = path_parameter("code", "Code of an agreement, a publication or a package.")
_MIGRATION = path_parameter("code", "Code of a migration.")
_VERSION = query_parameter("version", "Number of the version; without it the newest.")

PATHS: dict[str, Any] = {
    "/agreements": {
        "get": listing("Agreements: all for an officer of the Sở, else those of the own unit"),
        "post": operation("Draft an agreement or its next version", takes=AgreementDocument, status=201),
    },
    "/agreements/{code}": {
        "parameters": [_CODE],
        "get": operation("An agreement with its versions, their parties and acceptances"),
        "put": operation("Write the version in work anew; acceptances are void", takes=AgreementDocument),
    },
    "/agreements/{code}/propose": _act("Lay the draft before its parties", status=200),
    "/agreements/{code}/accept": _act("Accept for the own unit exactly this body", SeenBody, 200),
    "/agreements/{code}/decline": _act("Send it back as a draft, for a party", ReasonBody),
    "/agreements/{code}/withdraw": _act("Give up the version in work", ReasonBody),
    "/agreements/{code}/publish": _act(
        "Put the accepted version in force, as the second officer, who has seen its effect as it is now", SeenBody
    ),
    "/agreements/{code}/revoke": _act("End what is published, at once or on a coming day", EndBody),
    "/agreements/{code}/effect": {
        "parameters": [_CODE],
        "get": operation(
            "What publishing the version in work would do to each operation: columns, rows, limits, a sample, times"
        ),
    },
    "/agreements/{code}/document": {
        "parameters": [_CODE],
        "get": operation(
            "A version as the document that drafting takes",
            parameters=[_VERSION, query_parameter("f", "Format.", enum=["json", "yaml"], default="json")],
        ),
    },
    "/agreements/{code}/odrl": {
        "parameters": [_CODE],
        "get": operation("A version as a policy in ODRL 2.2 (JSON-LD)", parameters=[_VERSION]),
    },
    "/successions": {
        "post": operation("Draft a migration of agreements to successors", takes=SuccessionDocument, status=201)
    },
    "/successions/{code}": {"parameters": [_MIGRATION], "get": operation("A migration and what it would move")},
    "/successions/{code}/approve": {
        "parameters": [_MIGRATION],
        "post": operation("Approve a migration, as the second officer"),
    },
    "/successions/{code}/refuse": {
        "parameters": [_MIGRATION],
        "post": operation("Refuse a migration", takes=ReasonBody, status=204),
    },
}
