"""A request of Flask as Authlib reads one: parameters from one place, the address from the settings."""

# The stubs describe an older Authlib, and types that it does not ask for.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, override
from urllib.parse import urlsplit, urlunsplit

import flask
from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from werkzeug.datastructures import MultiDict

from auth.oauth.errors import InvalidTargetError

RESOURCE = "resource"
"""The one parameter that may be repeated (RFC 8707, 2)."""


class Payload(OAuth2Payload):
    """The parameters, from the query of a request or from its form, never from both."""

    def __init__(self, values: MultiDict[str, str]) -> None:
        self._values = values

    @property
    @override
    def data(self) -> MultiDict[str, str]:
        return self._values

    @property
    @override
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: self._values.getlist(name) for name in self._values})


class Request(OAuth2Request):
    """One request.

    Raises:
        InsecureTransportError: it came without TLS, and not over the loopback.
    """

    def __init__(self, *, method: str, uri: str, headers: Mapping[str, str], values: MultiDict[str, str]) -> None:
        super().__init__(method, uri, headers=headers)
        self._values = values
        self.payload: Payload = Payload(values)

    @property
    @override
    def args(self) -> MultiDict[str, str]:
        return self._values

    @property
    @override
    def form(self) -> MultiDict[str, str]:
        return self._values


def of_flask(base_url: str, *, from_query: bool) -> Request:
    """Return the request that Flask is answering.

    The host is that of the settings, whatever the header Host says; the scheme is that of the connection.

    Args:
        from_query: the parameters stand in the query, and the body is not looked at; else the other way round.

    Raises:
        OAuth2Error: it is insecure.
    """
    asked = flask.request
    uri = urlunsplit((asked.scheme, urlsplit(base_url).netloc, asked.path, "", ""))
    values: MultiDict[str, str] = asked.args if from_query else asked.form
    return Request(method=asked.method, uri=uri, headers=dict(asked.headers), values=values)


def check_once(request: Request) -> None:
    """Raise unless each parameter stands there once.

    Raises:
        InvalidRequestError: a parameter is repeated.
    """
    if any(len(values) > 1 for name, values in request.payload.datalist.items() if name != RESOURCE):
        raise InvalidRequestError


def check_resource(request: Any, base_url: str) -> None:
    """Raise if a token is asked for anything but this service.

    Raises:
        InvalidTargetError: ``resource`` (RFC 8707) names another.
    """
    if any(each.rstrip("/") != base_url for each in request.payload.datalist[RESOURCE]):
        raise InvalidTargetError
