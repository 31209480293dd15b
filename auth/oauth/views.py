"""The paths of the authorization server, as one blueprint of Flask."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, cast

import flask
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, OAuth2Error
from flask import Blueprint, Response

from auth.credentials.holds import may_still_act
from auth.credentials.proof import is_fresh
from auth.credentials.tokens import ADMINISTRATION
from auth.model import Caller
from auth.oauth import devices, metadata, rates
from auth.oauth.errors import LoginRequiredError
from auth.oauth.issue import Flow
from auth.oauth.model import QUERIES, Account, Client
from auth.oauth.people import Asked, Away, People
from auth.oauth.rates import Rates
from auth.oauth.redirects import host_of
from auth.oauth.requests import Request, check_once, check_resource, of_flask
from auth.oauth.server import Server, basic_of
from core.clocks import Clock
from core.errors import DatdaiError, status_of
from core.limits import LIMITS
from database.writer import Writer

_DEVICE = "/oauth/device"
_log = logging.getLogger("datdai.oauth")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the authorization server stands on.

    Attributes:
        base_url: address of the service, without a slash at the end; it is the issuer and the one resource.
        identity: of the login that keeps tokens.
    """

    base_url: str
    identity: Writer
    clock: Clock
    people: People
    rates: Rates


class Views:
    """Answers at each path."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._server = Server(parts.base_url)

    def token(self) -> Response:
        """Give tokens for a grant."""
        return self._for_program(self._server.create_token_response)

    def revoke(self) -> Response:
        """End a token."""
        return self._for_program(partial(self._server.create_endpoint_response, "revocation"))

    def introspect(self) -> Response:
        """Tell what a token is good for."""
        return self._for_program(partial(self._server.create_endpoint_response, "introspection"))

    def device_authorization(self) -> Response:
        """Begin the device flow."""
        return self._for_program(partial(self._server.create_endpoint_response, "device_authorization"))

    def preflight(self) -> Response:
        """Answer a browser that asks whether a page may call; which client it is, shows only when it does."""
        response = Response(status=204, headers={"Vary": "Origin"})
        origin = flask.request.headers.get("Origin", "")
        with self._parts.identity.transaction() as connection:
            known = connection.execute(QUERIES["is_known_origin"].encode(), {"origin": origin}).fetchone()
        if known and known[0]:
            response.headers.update(_PREFLIGHT | {"Access-Control-Allow-Origin": origin})
        return response

    def authorize(self) -> Response:
        """Ask a person to consent, and send the browser back to the client."""
        people = self._parts.people
        try:
            with self._flow():
                return self._authorized()
        except OAuth2Error as error:
            if error.redirect_uri:
                return self._server.told_by_browser(error)
            return people.refused(400, str(error.error))

    def device(self) -> Response:
        """Ask a person to consent to what a device asks."""
        people = self._parts.people
        try:
            _ = of_flask(self._parts.base_url, from_query=False)
            who = people.signed_in()
            if who is None:
                return people.sign_in()
            with self._flow() as flow:
                return self._device_decided(flow, who)
        except OAuth2Error as error:
            return people.refused(400, str(error.error))

    def server_metadata(self) -> Response:
        """Return the metadata of the server."""
        return _public(metadata.of_server(self._parts.base_url))

    def resource_metadata(self) -> Response:
        """Return the metadata of the service."""
        return _public(metadata.of_resource(self._parts.base_url))

    def _authorized(self) -> Response:
        people, server = self._parts.people, self._server
        asked = of_flask(self._parts.base_url, from_query=True)
        check_once(asked)
        grant = server.get_consent_grant()
        state, address = asked.payload.state, grant.redirect_uri
        try:
            check_resource(asked, self._parts.base_url)
        except OAuth2Error as error:
            error.redirect_uri, error.state = address, state
            raise
        wanted = _wanted_proof(asked, address)
        who = people.signed_in()
        if who is None:
            return people.sign_in()
        account = Account.find(server.flow.connection, who.account_id, server.flow.now)
        if account is None or not _may_use(account, grant.client):
            raise AccessDeniedError(redirect_uri=address, state=state)
        if ADMINISTRATION in grant.request.scope.split():
            wanted = wanted.at_most(LIMITS.proof_max_age_s)
        sent = self._sent_to_prove(wanted, who, LoginRequiredError(redirect_uri=address, state=state))
        if sent:
            return sent
        account = replace(account, proved_at=who.proved_at)
        decided = people.decision() if flask.request.method == "POST" else None
        if decided is None:
            return people.ask(_asked(grant.client, grant.request.scope.split(), goes_to=host_of(address)))
        if not may_still_act(server.flow.connection, who):
            raise AccessDeniedError(redirect_uri=address, state=state)
        answer = server.create_authorization_response(grant.request, account if decided else None, grant)
        return cast("Response", answer)

    def _device_decided(self, flow: Flow, who: Caller) -> Response:
        people = self._parts.people
        user_code = flask.request.values.get("user_code", "")
        if not user_code:
            return people.ask_user_code()
        account = Account.find(flow.connection, who.account_id, flow.now)
        found = devices.undecided(flow, user_code, who) if account else None
        if account is None or found is None or not _may_use(account, found.client):
            return people.ask_user_code(wrong=True)
        sent = self._sent_to_prove(_OF_DEVICE, who, LoginRequiredError(), user_code=found.user_code)
        if sent:
            return sent
        decided = people.decision() if flask.request.method == "POST" else None
        if decided is None:
            return people.ask(_asked(found.client, found.scopes, user_code=found.user_code))
        if not may_still_act(flow.connection, who):
            return people.ask_user_code(wrong=True)
        devices.decide(flow, found, account, allowed=decided)
        return people.told_device(allowed=decided)

    def _sent_to_prove(self, wanted: "_Wanted", who: Caller, refusal: OAuth2Error, **more: str) -> Response | None:
        """Return the way to the page of the proof; ``None`` where that of before will do.

        Args:
            refusal: raised where the person was there already, and the proof that came of it will not do.
            more: what the address of this request lacks to come back to.
        """
        people, flow = self._parts.people, self._server.flow
        away = people.away()
        if wanted.is_met(who.proved_at, away, flow.now):
            return None
        if away and away.was_to_prove:
            raise refusal
        return people.prove(**more)

    def _for_program(self, answer: Callable[[], Any]) -> Response:
        """Answer a program in one transaction; an answer leaves when what it tells is kept."""
        origin = flask.request.headers.get("Origin")
        try:
            self._count()
            with self._flow() as flow:
                allowed = _allowed_origin(flow, origin, self._parts.base_url)
                response: Response = answer()
        except OAuth2Error as error:
            allowed, response = None, self._server.handle_error_response(None, error)
        except DatdaiError as error:
            allowed, response = None, _failed(self._server, "temporarily_unavailable", status_of(error))
        except Exception:  # what nobody foresaw: the client gets a word of the standard, the operator the rest
            _log.exception("unforeseen error")
            allowed, response = None, _failed(self._server, "server_error", 500)
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = allowed
        if origin:
            response.headers["Vary"] = "Origin"
        return response

    def _count(self) -> None:
        """Count this request, in a transaction of its own: nobody waits for the count of another."""
        request = flask.request
        named = basic_of(request.headers.get("Authorization", ""))
        client = named[0] if named else request.form.get("client_id", "")
        with self._parts.identity.transaction() as connection:
            now = self._parts.clock.now()
            address = request.remote_addr or ""
            rates.count(connection, self._parts.rates, address=address, client=client.replace("\0", "")[:64], now=now)

    @contextmanager
    def _flow(self) -> Generator[Flow]:
        with self._parts.identity.transaction() as connection:
            flow = flask.g.oauth_flow = Flow(connection, self._parts.clock.now())
            yield flow


def blueprint(parts: Parts) -> Blueprint:
    """Return the endpoints below ``/oauth`` and the metadata below ``/.well-known``."""
    views = Views(parts)
    made = Blueprint("oauth", __name__)
    for path, view in (
        ("token", views.token),
        ("revoke", views.revoke),
        ("introspect", views.introspect),
        ("device_authorization", views.device_authorization),
    ):
        options = {"provide_automatic_options": False}
        made.add_url_rule(f"/oauth/{path}", path, view, methods=["POST"], **options)
        made.add_url_rule(f"/oauth/{path}", f"{path}_preflight", views.preflight, methods=["OPTIONS"], **options)
    made.add_url_rule("/oauth/authorize", "authorize", views.authorize, methods=["GET", "POST"])
    made.add_url_rule(_DEVICE, "device", views.device, methods=["GET", "POST"])
    made.add_url_rule(metadata.SERVER_PATH, "server_metadata", views.server_metadata)
    made.add_url_rule(metadata.RESOURCE_PATH, "resource_metadata", views.resource_metadata)
    return made


def _asked(client: Client, scopes: list[str], *, goes_to: str | None = None, user_code: str | None = None) -> Asked:
    return Asked(client.id, client.name, client.unit, tuple(scopes), goes_to, user_code, client.registered_by)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a client wants of the proof of the person.

    Attributes:
        anew: the person is to prove for this very request (``prompt=login``).
        max_age_s: how old the proof may be; ``None``: as old as it is.
    """

    anew: bool
    max_age_s: int | None

    def at_most(self, max_age_s: int) -> "_Wanted":
        """Return the same, for a proof that is not older than so many seconds."""
        return replace(self, max_age_s=max_age_s if self.max_age_s is None else min(self.max_age_s, max_age_s))

    def is_met(self, proved_at: datetime | None, away: Away | None, now: datetime) -> bool:
        """Tell whether a proof will do: it is young enough, or was given since this request asked for one."""
        if away is not None and proved_at is not None and proved_at >= away.since:
            return True
        if self.anew:
            return False
        return self.max_age_s is None or is_fresh(proved_at, now, max_age_s=self.max_age_s)


_OF_DEVICE = _Wanted(anew=False, max_age_s=LIMITS.proof_max_age_s)
"""Of whoever lets a device in: nobody sees there who holds it."""


def _wanted_proof(asked: Request, address: str) -> _Wanted:
    """Return what ``prompt`` and ``max_age`` ask for. Source: RFC 9470, 4; OpenID Connect Core 1.0, 3.1.2.1.

    Raises:
        InvalidRequestError: ``max_age`` is no number of seconds.
    """
    given: str | None = asked.payload.data.get("max_age")
    if given is not None and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InvalidRequestError(redirect_uri=address, state=asked.payload.state)
    anew = "login" in asked.payload.data.get("prompt", "").split()
    return _Wanted(anew, None if given is None else int(given))


def _may_use(account: Account, client: Client) -> bool:
    return client.for_everybody or account.unit_id == client.unit_id


def _allowed_origin(flow: Flow, origin: str | None, base_url: str) -> str | None:
    """Return the origin of the page that calls, where its client was registered with it; ``None`` where no page calls.

    Raises:
        InvalidRequestError: a page calls from elsewhere; nothing is used up.
    """
    if origin is None or origin == base_url:
        return None
    client = Client.find(flow.connection, flask.request.form.get("client_id"))
    if client is None or origin not in client.origins:
        raise InvalidRequestError
    return origin


def _failed(server: Server, word: str, status: int) -> Response:
    response = server.handle_error_response(None, OAuth2Error(error=word, status_code=status))
    response.headers["Retry-After"] = "5"
    return response


def _public(document: dict[str, Any]) -> Response:
    response = flask.jsonify(document)
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
