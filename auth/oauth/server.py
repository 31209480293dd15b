"""Authlib's authorization server over our tables: who the client is, what it asks for, what it is told."""

# The stubs describe an older Authlib, and types that it does not ask for.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

import base64
import binascii
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, cast, override
from urllib.parse import unquote_plus, urlsplit

import flask
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc9207 import IssuerParameter

from auth.credentials.tokens import SCOPES, is_from
from auth.model import PUBLIC
from auth.oauth import assertions
from auth.oauth.endpoints import DeviceAuthorization, Introspection, Revocation
from auth.oauth.errors import answer_of, body_of
from auth.oauth.grants import AuthorizationCode, ClientCredentials, DeviceCode, RefreshToken
from auth.oauth.issue import Flow
from auth.oauth.model import Client
from auth.oauth.pkce import S256
from auth.oauth.requests import Request, check_once, check_resource, of_flask
from core.errors import SettingsError

INSECURE = "AUTHLIB_INSECURE_TRANSPORT"
AUTHORIZE = "/oauth/authorize"
TOKEN = "/oauth/token"  # noqa: S105 - a path


def silence_authlib() -> None:
    """Keep what Authlib says for debugging out of the log: it writes whole tokens."""
    logging.getLogger("authlib").setLevel(logging.INFO)


def refuse_insecure_switch(base_url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse to start while Authlib is told to do without TLS, unless nothing leaves this machine.

    Raises:
        SettingsError: the environment says so.
    """
    if environ.get(INSECURE) and not _is_loopback(base_url):
        raise SettingsError(f"{INSECURE} is set: tokens would travel without TLS. Unset it.")


class Server(AuthorizationServer):
    """The authorization server of one application; what belongs to one request is in ``flow``."""

    def __init__(self, base_url: str) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.issuer = base_url
        self.register_grant(AuthorizationCode, [S256()])
        for grant in (RefreshToken, ClientCredentials, DeviceCode):
            self.register_grant(grant)
        for endpoint in (Revocation, Introspection, DeviceAuthorization):
            self.register_endpoint(endpoint)
        self.register_client_auth_method("client_secret_basic", _by_secret)
        self.register_client_auth_method("private_key_jwt", self._by_assertion)
        self.register_client_auth_method("none", _by_name)
        self.register_extension(_Issuer(base_url))

    @property
    def flow(self) -> Flow:
        """Return the transaction and the instant of this request."""
        return flask.g.oauth_flow

    @override
    def query_client(self, client_id: str | None) -> Client | None:
        return Client.find(self.flow.connection, client_id)

    @override
    def save_token(self, token: object, request: object) -> None:
        """Do nothing: the grants keep what they issue."""

    @override
    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: nobody listens."""

    @override
    def validate_requested_scope(self, scope: str | None) -> None:
        if not set((scope or "").split()) <= set(SCOPES):
            raise InvalidScopeError

    @override
    def create_oauth2_request(self, request: object) -> Request:
        """Return the request that Flask answers; the authorization endpoint alone reads its query.

        Raises:
            OAuth2Error: it is insecure, repeats a parameter, or asks for another resource.
        """
        made = of_flask(self.issuer, from_query=flask.request.path.endswith(AUTHORIZE))
        if not flask.request.path.endswith(AUTHORIZE):
            check_once(made)
            check_resource(made, self.issuer)
        return made

    @override
    def authenticate_client(self, request: Request, methods: list[str], endpoint: str = "token") -> Client:
        """Return the client, known by the one way in which it said who it is.

        Raises:
            InvalidRequestError: it said so in two ways.
            InvalidClientError: it is unknown, the proof is wrong, or it comes from elsewhere; which, is not told.
        """
        method = _method_of(request)
        if method not in methods:
            raise InvalidClientError
        try:
            client = cast("Client", super().authenticate_client(request, [method], endpoint))
        except InvalidClientError:
            raise InvalidClientError from None
        if request.payload.client_id not in (None, client.id):
            raise InvalidClientError
        if not is_from(client.networks, flask.request.remote_addr or ""):
            raise InvalidClientError
        request.client = client
        flask.g.setdefault("caller", replace(PUBLIC, client_id=client.id))
        return client

    @override
    def get_authorization_grant(self, request: Request) -> Any:
        if request.payload.response_type == "code":
            return super().get_authorization_grant(request)
        client, address = self.query_client(request.payload.client_id), request.payload.redirect_uri
        if client is None or not address or not client.check_redirect_uri(address):
            raise InvalidRequestError
        raise UnsupportedResponseTypeError("", redirect_uri=address)

    @override
    def handle_response(self, status_code: int, payload: Any, headers: Any) -> flask.Response:
        """Return the answer; a browser is sent on by 303, which never repeats a form elsewhere (RFC 9700, 4.12)."""
        text = json.dumps(payload) if isinstance(payload, dict) else payload
        response = flask.Response(text, 303 if status_code == 302 else status_code, headers=headers)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @override
    def handle_error_response(self, request: Request | None, error: OAuth2Error) -> flask.Response:
        """Return an error: to the client by the browser where its address is proved, else in the body."""
        if error.redirect_uri:
            told = [*body_of(error).items(), *([("state", str(error.state))] if error.state else [])]
            return self.handle_response(302, "", [("Location", add_params_to_uri(error.redirect_uri, told))])
        return self.handle_response(*answer_of(error, basic="Authorization" in flask.request.headers))

    def told_by_browser(self, error: OAuth2Error) -> flask.Response:
        """Return an error of the authorization endpoint for the client, with who says so."""
        response = self.handle_error_response(None, error)
        _Issuer(self.issuer).add_issuer_parameter(self, response)
        return response

    def _by_assertion(self, query_client: Any, request: Request) -> Client:
        flow = self.flow
        audiences = (self.issuer, self.issuer + TOKEN)
        return assertions.authenticate(
            query_client, request.form, connection=flow.connection, audiences=audiences, now=flow.now
        )


class _Issuer(IssuerParameter):
    """Says in each authorization response whose it is. Source: RFC 9207."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    @override
    def get_issuer(self) -> str:
        return self._issuer


def _method_of(request: Any) -> str:
    """Return the way in which a client says who it is.

    Raises:
        InvalidRequestError: there are two, or a secret stands in the form, where it is not taken.
    """
    with_header = "Authorization" in request.headers
    with_assertion = "client_assertion" in request.form or "client_assertion_type" in request.form
    # QGIS sends an empty secret with each refresh.
    if request.form.get("client_secret") or (with_header and with_assertion):
        raise InvalidRequestError
    if with_header:
        return "client_secret_basic"
    return "private_key_jwt" if with_assertion else "none"


def basic_of(header: str) -> tuple[str, str] | None:
    """Return name and secret of HTTP Basic, as RFC 6749, 2.3.1 writes them; ``None`` for any other header."""
    scheme, _, given = header.partition(" ")
    try:
        name, colon, secret = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (unquote_plus(name), unquote_plus(secret)) if scheme.lower() == "basic" and colon else None


def _by_secret(query_client: Any, request: Any) -> Client | None:
    name, secret = basic_of(request.headers.get("Authorization", "")) or ("", "")
    client: Client | None = query_client(name)
    return client if client and client.check_client_secret(secret) else None


def _by_name(query_client: Any, request: Request) -> Client | None:
    return query_client(request.payload.client_id)


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return base_url.startswith("http://") and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
