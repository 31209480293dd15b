"""Errors as the client sees them: RFC 9457 problem details that also carry OGC's ``code`` and ``description``."""

import json
import logging
import traceback
from http import HTTPStatus
from typing import Any

from core.errors import (
    BadFilter,
    BadParameter,
    DatdaiError,
    MethodNotAllowed,
    TooManyRequests,
    Unavailable,
    status_of,
)
from server.http import Response

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = "5"
_CODES = {400: "InvalidParameterValue", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable"}
_log = logging.getLogger("datdai.server")


def problem(error: DatdaiError) -> Response:
    """Return the response to an error that was raised on purpose."""
    status = status_of(error)
    return _response(status, str(error), _members(error), _headers(error))


def failure(error: Exception) -> Response:
    """Log an error that nobody foresaw and return 500 without a word of it."""
    _log.error("unforeseen error: %s", "".join(traceback.format_exception(error)))
    return _response(500, "The server could not answer; the operator has been told.", {}, ())


def _response(status: int, detail: str, members: dict[str, Any], headers: tuple[tuple[str, str], ...]) -> Response:
    code = _CODES.get(status, "NoApplicableCode")
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body = json.dumps(content | {"code": code, "description": detail} | members, ensure_ascii=False)
    return Response(status, (("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store"), *headers), body.encode())


def _members(error: DatdaiError) -> dict[str, Any]:
    match error:
        case BadParameter(name=name, allowed=allowed):
            return {"parameter": name, "allowed": allowed}
        case BadFilter(position=position):
            return {"parameter": "filter"} | ({} if position is None else {"position": position})
        case _:
            return {}


def _headers(error: DatdaiError) -> tuple[tuple[str, str], ...]:
    match error:
        case MethodNotAllowed(allowed=allowed):
            return (("Allow", ", ".join(allowed)),)
        case Unavailable() | TooManyRequests():
            return (("Retry-After", _RETRY_AFTER_S),)
        case _:
            return ()
