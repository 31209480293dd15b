"""What the authorization server refuses: one text for each word of the standards, whatever the reason was."""

from typing import Any, override

from authlib.oauth2.rfc6749.errors import OAuth2Error

TEXTS = {
    "invalid_request": "The request lacks a parameter, repeats one, or has one that is wrong.",
    "invalid_client": "The client is unknown, or did not prove who it is.",
    "invalid_grant": "The code or token is unknown, used, expired or revoked, or was given to another client.",
    "unauthorized_client": "The client may not ask in this way.",
    "unsupported_grant_type": "There is no such grant type here.",
    "unsupported_response_type": "The only response type here is code.",
    "invalid_scope": "A scope is unknown, or the client may not ask for it.",
    "invalid_target": "Tokens are given for this service alone.",
    "access_denied": "The person or the server refused.",
    "login_required": "The person did not prove anew who they are, or their provider does not say when they did.",
    "insecure_transport": "TLS is needed.",
    "authorization_pending": "The person has not decided yet.",
    "slow_down": "Ask less often: five seconds more between two requests.",
    "expired_token": "The device code has expired.",
    "temporarily_unavailable": "Too many requests, or the server is busy. Try again later.",
    "server_error": "The server could not answer; the operator has been told.",
}


class InvalidTargetError(OAuth2Error):
    """The ``resource`` asked for is not this service. Source: RFC 8707, 2."""

    error = "invalid_target"


class LoginRequiredError(OAuth2Error):
    """A proof was asked for, and none came that will do. Source: OpenID Connect Core 1.0, 3.1.2.6."""

    error = "login_required"


class TooManyRequestsError(OAuth2Error):
    """A client, or an address, asks more often than it may."""

    error = "temporarily_unavailable"
    status_code = 429

    @override
    def get_headers(self) -> list[tuple[str, str]]:
        return [*super().get_headers(), ("Retry-After", "60")]


def body_of(error: OAuth2Error) -> dict[str, str]:
    """Return the body of an error: the word, and its text of ``TEXTS``."""
    word = error.error if error.error in TEXTS else "invalid_request"
    return {"error": word, "error_description": TEXTS[word]}


def answer_of(error: OAuth2Error, *, basic: bool) -> tuple[int, dict[str, str], list[tuple[str, str]]]:
    """Return status, body and headers of an error.

    Args:
        basic: the client came with HTTP Basic, and is told that this is what failed (RFC 6749, 5.2).
    """
    headers: list[Any] = [each for each in error.get_headers() if each[0] != "WWW-Authenticate"]
    if error.error != "invalid_client":
        return error.status_code, body_of(error), headers
    if basic:
        headers.append(("WWW-Authenticate", 'Basic realm="datdai"'))
    return 401, body_of(error), headers
