"""Errors as the client sees them: RFC 9457 problem details that also carry OGC's ``code`` and ``description``.

A browser gets a page of them, in the language of pages; a program reads English unless it asks for Vietnamese.
"""

import json
import logging
import traceback
from http import HTTPStatus
from typing import Any

from core.errors import (
    BadFilter,
    BadParameter,
    BadRequest,
    DatdaiError,
    Gone,
    InsufficientScope,
    MethodNotAllowed,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    status_of,
)
from core.phrases import Phrase, Translations
from server import pages
from server.access import Visitor
from server.context import LANGUAGES, Context, Parts, language_of
from server.http import Headers, Request, Response
from server.representations import HTML_SENT
from server.shelf import Json
from web.csp import CSP
from web.texts import error_texts

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = "5"
_CODES = {400: "InvalidParameterValue", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable", 410: "Gone"}
_FAILURE = Phrase("The server could not answer; the operator has been told.")
_log = logging.getLogger("datdai.server")


def answer(parts: Parts, visitor: Visitor, request: Request, error: Exception) -> Response:
    """Return the response to whatever went wrong; an error that nobody foresaw is logged, and no word of it leaves."""
    if not isinstance(error, DatdaiError):
        _log.error("unforeseen error: %s", "".join(traceback.format_exception(error)))
    parameters = request.readable_parameters()
    asked = next((value for name, value in parameters if name == "lang" and value in LANGUAGES), None)
    if not _is_for_people(request):
        return _problem(error, language_of(request, asked, otherwise="en"), parts.base_url)
    context = Context(parts, request, visitor, parameters, language_of(request, asked))
    return _page(context, error)


def _is_for_people(request: Request) -> bool:
    return "text/html" in request.header("accept") and "f=json" not in request.query.split("&")


def _problem(error: Exception, language: str, base_url: str) -> Response:
    content = _content(error, error_texts(language))
    headers = (("Content-Type", MEDIA_TYPE), *headers_of(error, language, base_url))
    return Response(content["status"], headers, json.dumps(content, ensure_ascii=False).encode())


def _page(context: Context, error: Exception) -> Response:
    content = _content(error, error_texts(context.language))
    html = _form(context, error) or pages.error(context, content)
    headers = (
        ("Content-Type", HTML_SENT),
        ("Content-Security-Policy", CSP),
        *headers_of(error, context.language, context.parts.base_url),
    )
    return Response(content["status"], headers, html.encode())


def _form(context: Context, error: Exception) -> str | None:
    """Return the page of items with its form as it was sent and what is wrong beside it, where there is such a form."""
    match context.request.path.strip("/").split("/"), error:
        case ["collections", id_, "items"], BadRequest() if id_ in context.profile.collections:
            return _beside_the_field(context, id_, error)
        case _:
            return None


def _beside_the_field(context: Context, id_: str, error: BadRequest) -> str | None:
    texts = error_texts(context.language)
    fault = {"parameter": "", "text": error.text.said(texts)} | _members(error, texts)
    if isinstance(error, BadFilter | BadParameter):
        fault["reason"] = error.reason.said(texts)
    try:
        return pages.refused_items(context, context.shelf.view(id_), fault)
    except DatdaiError:
        return None  # the database went away meanwhile: the page of the error needs none


def _content(error: Exception, texts: Translations) -> Json:
    known = isinstance(error, DatdaiError)
    status = status_of(error) if known else 500
    detail = (error.text if known else _FAILURE).said(texts)
    title = Phrase(HTTPStatus(status).phrase).said(texts)
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return content | {"code": _CODES.get(status, "NoApplicableCode"), "description": detail} | _members(error, texts)


def _members(error: Exception, texts: Translations) -> dict[str, Any]:
    match error:
        case BadParameter(name=name, allowed=allowed):
            return {"parameter": name, "allowed": allowed.said(texts)}
        case Gone(deleted_at=deleted_at, superseded_by=successor):
            return {"deletedAt": deleted_at} | ({"supersededBy": successor} if successor else {})
        case BadFilter(position=position):
            return {"parameter": "filter"} | ({} if position is None else {"position": position})
        case _:
            return {}


def headers_of(error: Exception, language: str, base_url: str) -> Headers:
    """Return the headers of the answer to an error, but for its media type."""
    general = (("Cache-Control", "no-store"), ("Content-Language", language))
    match error:
        case MethodNotAllowed(allowed=allowed):
            return (*general, ("Allow", ", ".join(allowed)))
        case Unauthorized():
            about = f"{base_url}/.well-known/oauth-protected-resource"
            return (*general, ("WWW-Authenticate", f'Bearer error="invalid_token", resource_metadata="{about}"'))
        case InsufficientScope(scope=scope):
            return (*general, ("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scope}"'))
        case TooManyRequests(retry_after_s=seconds):
            return (*general, ("Retry-After", str(seconds)))
        case Unavailable():
            return (*general, ("Retry-After", _RETRY_AFTER_S))
        case _:
            return general
