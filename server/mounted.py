"""Everything of permission behind one door: OAuth endpoints, sign-in pages and the admin API, in one Flask application.

The answers of the service itself take a lane of their own (``server.app``); this one is mounted beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import flask
import psycopg
from flask import Blueprint, Flask

from auth import api
from auth.api.http import PREFIX, Access
from auth.credentials import tokens
from auth.model import PUBLIC, Caller
from auth.oauth import Parts, Rates, oidc, refuse_insecure_switch, silence_authlib
from auth.oauth import blueprint as oauth_blueprint
from auth.pages import routes as account_pages
from auth.pages.visits import Desk, visit
from catalogue.layer import Layer, Text
from core.clocks import Clock, RealClock
from core.errors import Unauthorized
from core.limits import LIMITS
from core.settings import Settings
from database.connections import login_of
from database.writer import Writer
from harvest.curation import api as curation
from harvest.report import api as report
from server.edge import address_of, seen_by_proxies
from server.http import Response
from web.account import AccountPages
from web.csp import CSP
from web.texts import error_texts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BODY_MAX = 1_048_576
"""Bytes of a body; more is refused before it is read."""
PATHS = ("/oauth", "/.well-known", "/signin", "/signout", "/account", "/admin")
"""Where paths that are answered here begin."""
MORE_TOPICS = (curation, report)
"""Topics of the admin API beside those of permission."""
_EVERYWHERE = (("Server", "datdai"), ("X-Content-Type-Options", "nosniff"))
"""Headers of every answer, as in the lane of the data."""
_NOTE = "datdai.note"
"""Where the environment of a request holds what its record will say."""
_REDIRECTION, _FAULT = 3, 4
_REFUSED = "not allowed"


@dataclass(frozen=True, slots=True)
class Mounted:
    """The application with the connections that it holds."""

    flask: Flask
    writers: tuple[Writer, ...]

    def answer(self, environ: dict[str, Any]) -> "Answered":
        """Answer one request whole, so that nothing of it leaves before it is on record."""
        note = _Note()
        answer = flask.Response.from_app(self.flask, {**environ, _NOTE: note}, buffered=True)
        response = Response(answer.status_code, tuple(answer.headers.to_wsgi_list()), answer.get_data())
        return Answered(response, answer.status, note.caller, note.route, note.path, note.refusal)

    def close(self) -> None:
        """Close the connections."""
        for writer in self.writers:
            writer.close()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what its record says.

    Attributes:
        caller: who sent the request, as far as that became known.
        route: template of the path; empty where there is no such path.
        path: what the path names, by the names in the template.
        refusal: why the request was not allowed, where its status does not tell.
    """

    response: Response
    status_line: str
    caller: Caller
    route: str
    path: Mapping[str, str]
    refusal: str | None = None

    @property
    def tells_query(self) -> bool:
        """Tell whether the query may go on record as HMACs: elsewhere codes and tokens come in it."""
        return self.route.startswith(f"{PREFIX}/")


@dataclass(slots=True)
class _Note:
    caller: Caller = PUBLIC
    route: str = ""
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    refusal: str | None = None


def create(
    settings: Settings,
    *,
    layers: tuple[Layer, ...],
    title: Text,
    key: bytes,
    clock: Clock | None = None,
    contact_email: str = "",
) -> Mounted:
    """Put the application together.

    Args:
        title: name of the service.
        contact_email: of the service.
        key: 32 bytes, as ``core.settings.secret_key`` returns them.

    Raises:
        SettingsError: Authlib is told to do without TLS.
    """
    refuse_insecure_switch(settings.public_url)
    silence_authlib()
    time = clock or RealClock()
    # The pages have lines of their own: a request of the authorization server asks them while it holds one of its own.
    identity, of_pages = _writer(settings, "identity"), _writer(settings, "identity")
    publisher, auditor = _writer(settings, "publisher"), _writer(settings, "auditor")
    desk = _desk(settings, of_pages, time, key, title)
    rates = Rates(LIMITS.token_requests_of_address_max, LIMITS.token_requests_of_client_max)
    parts = Parts(settings.public_url, identity, time, account_pages.People(desk), rates)
    access = Access(
        identity,
        publisher,
        auditor,
        layers,
        time,
        lambda: caller_of(desk),
        key=key,
        texts=error_texts,
        home=settings.home,
        base_url=settings.public_url,
        contact_email=contact_email,
    )
    blueprints = (oauth_blueprint(parts), account_pages.blueprint(desk), *api.blueprints(access, MORE_TOPICS))
    made = assemble(blueprints, secret=key, proxy_hops=settings.proxy_hops)
    return Mounted(made, (identity, of_pages, publisher, auditor))


def caller_of(desk: Desk) -> Caller:
    """Return who sends the request that Flask answers, by token or by session.

    Raises:
        Unauthorized: nobody, or somebody to whom something is missing still.
    """
    header = flask.request.headers.get("Authorization")
    with desk.identity.transaction() as connection:
        if header is None:
            caller = visit(desk, connection).caller
        else:
            scheme, _, token = header.partition(" ")
            given = token.strip() if scheme.lower() == "bearer" else ""
            address = flask.request.remote_addr or ""
            caller = tokens.caller_of(connection, given, now=desk.clock.now(), address=address)
    if caller is None:
        raise Unauthorized
    flask.g.caller = caller
    return caller


def assemble(blueprints: Iterable[Blueprint], *, secret: bytes, proxy_hops: int = 0) -> Flask:
    """Return the application.

    Args:
        secret: what forms are signed with; sessions are rows of the database.
        proxy_hops: proxies in front of the server, each of which adds one element to ``Forwarded``; with 0 it is not
            read.
    """
    made = Flask("datdai", static_folder=None, template_folder=None)
    made.url_map.merge_slashes = False  # it would send a client on to whatever address the header Host says
    made.config.update(SECRET_KEY=secret, MAX_CONTENT_LENGTH=BODY_MAX, MAX_FORM_PARTS=100, PROPAGATE_EXCEPTIONS=False)
    for blueprint in blueprints:
        made.register_blueprint(blueprint)
    made.after_request(_noted)
    made.register_error_handler(psycopg.DataError, lambda _: flask.Response(status=400))
    if proxy_hops:
        made.wsgi_app = _Behind(made.wsgi_app, proxy_hops)
    return made


class _Behind:
    """An application that sees what the first of the proxies saw."""

    def __init__(self, inner: "WSGIApplication", hops: int) -> None:
        self._inner = inner
        self._hops = hops

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        address = address_of(environ, self._hops)
        scheme = seen_by_proxies(environ, self._hops).get("proto") or environ["wsgi.url_scheme"]
        return self._inner({**environ, "REMOTE_ADDR": address, "wsgi.url_scheme": scheme}, start_response)


def belongs_here(path: str) -> bool:
    """Tell whether a path is answered by this application."""
    return place_of(path) != ""


def place_of(path: str) -> str:
    """Return where a path lies in this application without telling it, for it may hold anything; empty elsewhere."""
    for prefix in PATHS:
        if path == prefix:
            return prefix
        if path.startswith(prefix + "/"):
            return f"{prefix}/<path>"
    return ""


def _noted(answer: flask.Response) -> flask.Response:
    """Add what every answer carries, and note who asked for what, for the record."""
    for name, value in _EVERYWHERE:
        answer.headers.setdefault(name, value)
    note, rule = flask.request.environ.get(_NOTE), flask.request.url_rule
    if isinstance(note, _Note):
        note.caller, note.refusal = flask.g.get("caller", PUBLIC), _refusal(answer)
        if rule is not None:
            note.route = rule.rule
            note.path = {name: str(value) for name, value in (flask.request.view_args or {}).items()}
    return answer


def _refusal(answer: flask.Response) -> str | None:
    """Return why a request was not allowed, where its answer is a form again, an error of OAuth or leads elsewhere."""
    if reason := flask.g.get("refusal"):
        return str(reason)
    if answer.status_code // 100 == _REDIRECTION and flask.request.path.startswith("/oauth/"):
        return _REFUSED if "error" in parse_qs(urlsplit(answer.headers.get("Location", "")).query) else None
    is_wrong = answer.status_code // 100 == _FAULT and not flask.request.path.startswith(f"{PREFIX}/")
    return _REFUSED if is_wrong else None


def _writer(settings: Settings, purpose: str) -> Writer:
    given = {
        "identity": settings.identity_database_url,
        "publisher": settings.publisher_database_url,
        "auditor": settings.auditor_database_url,
    }
    return Writer(login_of(given[purpose], settings.database_url or "", purpose), purpose=purpose)


def _desk(settings: Settings, identity: Writer, clock: Clock, key: bytes, title: Text) -> Desk:
    render = AccountPages(base_url=settings.public_url, title=title).render
    return Desk(settings.public_url, identity, clock, key, render, CSP, oidc.provider_of(settings, clock))
