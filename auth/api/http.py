"""The admin API in HTTP: who asks, what a body says, how an answer and an error are written.

Each topic makes its blueprint over an ``Access`` and answers with ``answer``; an error that it raises becomes problem
details (RFC 9457) by the one handler of ``install_problems``.
"""

import json
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any, cast

import psycopg
from flask import Blueprint, Flask, Response, request
from psycopg import Connection
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from auth.api.proofs import needs_proof, path_of_rule, require_proof
from auth.credentials.holds import hold_actor
from auth.model import AccountKind, Caller
from auth.people.admins import one_at_a_time
from auth.rights.stale import republish_stale
from auth.rows import whole_act
from auth.written import content_of
from catalogue.layer import Layer
from core.clocks import Clock, LegalDay
from core.errors import (
    BadBody,
    BadDocument,
    BadParameter,
    BadRequest,
    ContentTooLarge,
    DatdaiError,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    ProofNeeded,
    Unauthorized,
    UnsupportedMediaType,
    status_of,
)
from core.faults import excess_of, faults_of
from core.limits import LIMITS
from core.phrases import Phrase, Translations
from database.writer import Writer

PROBLEM = "application/problem+json"
ADMIN_SCOPE = "admin"
PREFIX = "/admin/api"
_CODES = {400: "InvalidParameterValue", 404: "NotFound", 405: "MethodNotAllowed"}
_FAILURE = Phrase("The server could not answer; the operator has been told.")
_UNFIT = "A value cannot be kept: it holds a NUL character, or is too large."
_RETRY_AFTER_S = "5"
_FAULTS_MAX = 20
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = ("same-origin", "none")


_SWITCH = ("true", "false")


def _english(_language: str) -> Translations:
    return {}


@dataclass(frozen=True, slots=True)
class Access:
    """What the endpoints stand on.

    Attributes:
        caller: who asks now, by token or session; raises ``Unauthorized``.
        key: 32 bytes, as ``core.settings.secret_key`` returns them: secrets at rest are sealed with it.
        texts: translations of errors by language.
        home: folder that keeps the public key and the heads of the audit; ``None``: it is not verified over HTTP.
        base_url, contact_email: of the service, for the report of harvests.
    """

    identity: Writer
    publisher: Writer
    auditor: Writer
    layers: tuple[Layer, ...]
    clock: Clock
    caller: Callable[[], Caller]
    key: bytes = b""
    texts: Callable[[str], Translations] = _english
    home: Path | None = None
    base_url: str = ""
    contact_email: str = ""


@dataclass(frozen=True, slots=True)
class Paging:
    """One page of a list: at most ``limit`` entries behind the entry ``after`` (``None``: from the first)."""

    limit: int
    after: str | None

    @property
    def after_number(self) -> int:
        """Return ``after`` as the number of an entry, 0 for the first page.

        Raises:
            BadParameter: it is no number.
        """
        if self.after is None:
            return 0
        if not (self.after.isascii() and self.after.isdigit() and len(self.after) < 10):
            raise BadParameter("after", "not what an earlier page named.")
        return int(self.after)


def actor(access: Access) -> Caller:
    """Return who asks.

    Raises:
        Unauthorized: nobody is signed in.
        Forbidden: the token was not given for administration.
    """
    caller = access.caller()
    if caller.account_id is None:
        raise Unauthorized
    if caller.scopes is not None and ADMIN_SCOPE not in caller.scopes:
        raise Forbidden("This token was not given for administration.")
    if caller.account_kind is AccountKind.MACHINE:
        raise Forbidden("A machine account does not administer.")
    return caller


@contextmanager
def acting(access: Access) -> Generator[tuple[Connection[Any], Caller]]:
    """Lend a transaction of the identity login, with who asks; afterwards publish the rights that it changed.

    Acts come one after the other: whoever is suspended while an act of theirs waits does not act any more.

    Raises:
        Unauthorized: nobody is signed in.
        Forbidden: the token was not given for administration, or who asks was ended meanwhile, or it takes two persons.
    """
    who = actor(access)
    with whole_act(), access.identity.transaction() as connection:
        if request.method not in _SAFE:
            one_at_a_time(connection)
            hold_actor(connection, who)
        yield connection, who
    if request.method not in _SAFE:
        republish_stale(access.publisher, access.layers)


@contextmanager
def publishing(access: Access) -> Generator[tuple[Connection[Any], Caller]]:
    """Lend a transaction of the publisher login, with who asks: what changes rights changes roles with them.

    Raises:
        Unauthorized: nobody is signed in.
        Forbidden: the token was not given for administration, or who asks was ended meanwhile.
    """
    who = actor(access)
    with whole_act(), access.publisher.transaction() as connection:
        if request.method not in _SAFE:
            hold_actor(connection, who)
        yield connection, who


def legal_day(connection: Connection[Any]) -> LegalDay:
    """Return the legal day."""
    row = connection.execute("SELECT lg.hom_nay()").fetchone()
    return cast("tuple[LegalDay]", row)[0]


def body[M: BaseModel](model: type[M]) -> M:
    """Read the body of the request as JSON.

    Raises:
        UnsupportedMediaType: it is no ``application/json``.
        ContentTooLarge: it is longer than the limit.
        BadBody: it is no JSON, or does not fit the model; every fault is named, unknown members among them; or a
            text or a list in it is longer than any may be.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    text = request.stream.read(LIMITS.admin_body_max + 1)
    if len(text) > LIMITS.admin_body_max:
        raise ContentTooLarge("The body is longer than {} bytes.", LIMITS.admin_body_max)
    try:
        given = model.model_validate_json(text, extra="forbid")
    except ValidationError as exc:
        raise BadBody(faults_of(exc, whole="body")) from exc
    if too_much := list(islice(excess_of(json.loads(text)), _FAULTS_MAX)):
        raise BadBody(too_much)
    return given


def paging() -> Paging:
    """Read ``limit`` and ``after`` from the query.

    Raises:
        BadParameter: ``limit`` is no number in range.
    """
    given = request.args.get("limit", str(LIMITS.admin_page_default))
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= LIMITS.admin_page_max):
        raise BadParameter("limit", "not a whole number in range.", Phrase("{} to {}", (1, LIMITS.admin_page_max)))
    return Paging(int(given), request.args.get("after"))


def chosen[E: Enum](name: str, kind: type[E]) -> E | None:
    """Read a parameter that names one value of an enumeration; ``None`` when it is absent.

    Raises:
        BadParameter: it names no value.
    """
    given = request.args.get(name)
    if given is None:
        return None
    try:
        return kind(given)
    except ValueError:
        raise BadParameter(name, "not one of the values.", ", ".join(str(each.value) for each in kind)) from None


def is_asked(name: str) -> bool:
    """Return what the parameter of a switch says; without it, no.

    Raises:
        BadParameter: it is neither ``true`` nor ``false``.
    """
    given = request.args.get(name, "false")
    if given not in _SWITCH:
        raise BadParameter(name, "not one of the values.", ", ".join(_SWITCH))
    return given == "true"


def answer(content: object, status: int = 200, *, location: str | None = None) -> Response:
    """Return a value as JSON: dataclasses by their fields, days and instants by ISO 8601, sets as sorted lists."""
    text = json.dumps(content_of(content), ensure_ascii=False)
    response = Response(text, status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if location:
        response.headers["Location"] = location
    return response


def page(items: Iterable[object], paging: Paging, name: Callable[[Any], object]) -> Response:
    """Return one page of a list.

    Args:
        items: one more than ``paging.limit`` where another page follows.
        name: tells an entry's ``after``.
    """
    found = list(items)
    shown = found[: paging.limit]
    content: dict[str, object] = {"items": shown}
    if len(found) > paging.limit:
        content["next"] = str(name(shown[-1]))
    return answer(content)


def done() -> Response:
    """Return the answer to an act that has nothing to tell."""
    response = Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response


def guard(blueprint: Blueprint, access: Access) -> None:
    """Let nobody pass who is not signed in, nor a write that a foreign page made a browser send.

    An act that decides passes with a fresh proof of the person alone; ``auth.api.proofs`` says which do not need it.
    """

    @blueprint.before_request
    def check() -> None:  # pyright: ignore[reportUnusedFunction]
        who = actor(access)
        if request.method not in _SAFE:
            refuse_foreign_pages(who)
        rule = request.url_rule
        if rule is not None and needs_proof(request.method, path_of_rule(rule.rule, PREFIX)):
            require_proof(who, access.clock.now())


def install_problems(where: Flask | Blueprint, access: Access) -> None:
    """Answer every error of a blueprint, or of a whole application, with problem details."""
    where.register_error_handler(DatdaiError, partial(_problem, access))
    where.register_error_handler(HTTPException, partial(_foreign_problem, access))
    where.register_error_handler(psycopg.DataError, lambda _: _problem(access, BadRequest(_UNFIT)))


def refuse_foreign_pages(who: Caller) -> None:
    """Raise ``Forbidden`` where a request by a session is one that a foreign page can make without asking first.

    A browser says in Sec-Fetch-Site where a request comes from; where it does not, the media type of the body is one
    that a page of another origin may not send.
    """
    if who.kind != "session":
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site not in _SAME_SITE if site else request.mimetype != "application/json":
        raise Forbidden("A session is used here by the pages of this service alone.")


def _foreign_problem(access: Access, error: HTTPException) -> Response:
    """Answer what Flask itself refuses: no such path, another method."""
    if error.response is not None:
        return cast("Response", error.response)
    allowed = cast("list[str] | None", getattr(error, "valid_methods", None))
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _problem(access, MethodNotAllowed(tuple(sorted(allowed or ()))))
    if error.code == HTTPStatus.NOT_FOUND:
        return _problem(access, NotFound())
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _problem(access, ContentTooLarge("The body is longer than {} bytes.", LIMITS.admin_body_max))
    return _told(error.code or 500, _FAILURE, access.texts(_language()))


def _problem(access: Access, error: DatdaiError) -> Response:
    texts = access.texts(_language())
    response = _told(status_of(error), error.text, texts, **_members(error, texts))
    match error:
        case MethodNotAllowed(allowed=allowed):
            response.headers["Allow"] = ", ".join(allowed)
        case ProofNeeded(max_age_s=max_age):
            challenge = f'Bearer error="insufficient_user_authentication", max_age="{max_age}"'
            response.headers["WWW-Authenticate"] = challenge
        case Unauthorized():
            response.headers["WWW-Authenticate"] = "Bearer"
        case _ if response.status_code in {429, 503}:
            response.headers["Retry-After"] = _RETRY_AFTER_S
        case _:
            pass
    return response


def _members(error: DatdaiError, texts: Translations) -> dict[str, object]:
    match error:
        case BadParameter(name=name, allowed=allowed):
            return {"parameter": name, "allowed": allowed.said(texts)}
        case BadBody(faults=faults) | BadDocument(faults=faults):
            return {"faults": [{"member": member, "problem": problem.said(texts)} for member, problem in faults]}
        case _:
            return {}


def _told(status: int, detail: Phrase, texts: Translations, **members: object) -> Response:
    title, said = Phrase(HTTPStatus(status).phrase).said(texts), detail.said(texts)
    content = {"type": "about:blank", "title": title, "status": status, "detail": said}
    content |= {"code": _CODES.get(status, "NoApplicableCode"), "description": said} | members
    response = Response(json.dumps(content, ensure_ascii=False), status, content_type=PROBLEM)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = _language()
    return response


def _language() -> str:
    """Return the language of errors: ``lang``, else the first known one of Accept-Language, else English."""
    wanted = request.args.get("lang") or request.headers.get("Accept-Language", "")
    known = (part.strip()[:2].lower() for part in wanted.split(","))
    return next((each for each in known if each in {"vi", "en"}), "en")
