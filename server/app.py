"""The server put together: settings to parts, requests to responses."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from auth.audit import sealer
from auth.audit.questions import Questions, envelope_to
from auth.audit.watch import Watch
from auth.audit.writer import AuditWriter
from auth.credentials.sessions import cookie_name
from catalogue.files import read_layers
from catalogue.parts import BASE
from catalogue.record_keys import RECORDS, keyed
from core.clocks import RealClock
from core.errors import (
    InsufficientScope,
    MethodNotAllowed,
    NotFound,
    ProfileMoved,
    SettingsError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from core.settings import PREFIX, Settings, secret_key, variables
from database.connections import login_of
from database.reader import Reader, Tuning
from database.writer import Writer
from harvest.report.rounds import Rounds
from query.paging import CursorSeal
from query.view import view_of_none
from server import answers, daily, harvests, health, listening, mounted, problems, publishing, static, upkeep
from server.access import NOBODY, RECORDS_SCOPE, Access, principal_of
from server.cataloguing import has_lost_records
from server.codelists import UnitNames, read_codelists
from server.context import Context, Parts, language_of
from server.edge import Edge, comes_twice
from server.http import Headers, Request, Response
from server.mounted import Mounted, belongs_here
from server.positions import Positions
from server.proofs import prove, prove_published
from server.quotas import Quotas
from server.routes import route_of
from server.running import Running
from server.service import service_of
from server.shares import CROWDED_S, Shares
from server.uses import Uses
from server.versions import ByVersion
from server.visits import Recorder, Visit
from web.pages import Pages

CONFIG = Path(__file__).parent.parent / "config"
_LOOK_EVERY_S = 0.5
_STOP_WITHIN_S = 3
"""What a worker still answers after a stop; one that does not end by then is killed."""
type StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_HEADERS_READ = {
    "HTTP_ACCEPT": "accept",
    "HTTP_AUTHORIZATION": "authorization",
    "HTTP_COOKIE": "cookie",
    "HTTP_ACCEPT_ENCODING": "accept-encoding",
    "HTTP_ACCEPT_LANGUAGE": "accept-language",
    "HTTP_CONTENT_ENCODING": "content-encoding",
    "CONTENT_TYPE": "content-type",
    "HTTP_IF_NONE_MATCH": "if-none-match",
    "HTTP_USER_AGENT": "user-agent",
}
"""All that is read of the head of a request, as the environment of WSGI names it."""
_WAIT_FOR_PLACE_S = 0.5
"""How long a request waits for a place of its account's share; it holds a thread meanwhile."""
_TRIES = 3
"""How often a request is composed again when what its caller may see moved meanwhile."""
_NOT_RECORDED = ("/static/", "/health/")
"""Paths that show nothing of anybody's."""
_OPEN_TO_NOBODY = ("/", "/conformance")
"""What answers while nothing is public; every other path is the same 401, whether something is there or not."""
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_PREFLIGHT: Headers = (
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Accept, Accept-Language, Content-Type, If-None-Match"),
    ("Access-Control-Max-Age", "86400"),
)


class Application:
    """The WSGI application."""

    def __init__(
        self,
        parts: Parts,
        access: Access,
        recorder: Recorder,
        aside: Mounted,
        uses: Uses,
        edge: Edge,
        sealing: health.Sealing,
    ) -> None:
        self._parts = parts
        self._access = access
        self._recorder = recorder
        self._aside = aside
        self._cookie = cookie_name(parts.base_url)
        self._uses = uses
        self._edge = edge
        self._sealing = sealing

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        begun = time.perf_counter()
        if comes_twice(environ.get("HTTP_COOKIE", ""), self._cookie):  # which one counted would depend on who reads it
            environ = environ | {"HTTP_COOKIE": ""}
        request = _request(environ, self._edge)
        if belongs_here(request.path):
            return self._answer_aside(request, environ, start_response, begun)
        visit = Visit(request, self._edge.address_of(environ))
        response = self._recorded(visit, self._answer_or_refuse(visit), begun)
        return _sent(request, response, start_response)

    def close(self) -> None:
        """Put on record what waits, and close the connections to the database."""
        self._recorder.close()
        self._aside.close()
        self._uses.close()
        self._sealing.close()
        self._parts.quotas.close()
        self._parts.harvests.close()
        self._parts.positions.close()
        self._parts.reader.close()

    def _answer_aside(
        self, request: Request, environ: dict[str, Any], start_response: StartResponse, begun: float
    ) -> Iterable[bytes]:
        """Answer by the other application, which takes no more than its share of the threads; and put it on record."""
        visit = Visit(replace(request, query=""), self._edge.address_of(environ), route=mounted.place_of(request.path))
        if not self._edge.aside.enter(visit.address):
            busy = problems.answer(self._parts, NOBODY, request, Unavailable("The server is busy. Try again later."))
            return _sent(request, self._recorded(visit, busy, begun), start_response)
        try:
            told = self._aside.answer(environ)
        finally:
            self._edge.aside.leave(visit.address)
        visit.visitor = replace(NOBODY, caller=told.caller)
        visit.route, visit.path, visit.refusal = told.route or visit.route, told.path, told.refusal
        if told.tells_query:
            visit.request = request
        response = self._recorded(visit, told.response, begun)
        if response is not told.response:
            return _sent(request, response, start_response)
        start_response(told.status_line, list(response.headers))
        return [cast("bytes", told.response.body)]

    def _recorded(self, visit: Visit, response: Response, begun: float) -> Response:
        """Return what may leave: the response once it is on record, or that it cannot be put there."""
        if visit.request.path.startswith(_NOT_RECORDED):
            return response
        visit.route = visit.route or _route_told(visit.request.path)
        try:
            return self._recorder.record(visit, response, begun)
        except Exception as error:  # whatever it was, what is not on record does not leave
            if not isinstance(response.body, bytes) and (close := getattr(response.body, "close", None)):
                close()
            return problems.answer(self._parts, NOBODY, visit.request, error)

    def _answer_or_refuse(self, visit: Visit) -> Response:
        """Answer any request; what goes wrong becomes problem details, for a browser a page of them."""
        try:
            return self._answer(visit)
        except Exception as error:  # what nobody foresaw, too: the client gets a 500 without a word of it
            return problems.answer(self._parts, NOBODY, visit.request, error)

    def _answer(self, visit: Visit) -> Response:
        request = visit.request
        if request.path.startswith("/static/"):
            return static.answer(request)
        if request.path.startswith("/health/"):
            return health.answer(request, self._parts.reader, self._sealing)
        if request.method == "OPTIONS":
            return _options(request)
        principal = principal_of(request.header("authorization"), request.header("cookie"), self._cookie)
        for _ in range(_TRIES):
            try:
                visit.visitor = self._access.admit(principal, visit.address)
                return self._answer_to(visit)
            except ProfileMoved:
                self._access.forget(principal)
            except Unauthorized:
                self._access.forget(principal)
                raise
        raise ProfileMoved

    def _answer_to(self, visit: Visit) -> Response:
        """Answer a caller who entered the database, be it for the answer or for nothing but to be let in."""
        visit.entered.clear()
        place = self._parts.shares.enter(visit.visitor.caller)
        try:
            return place.until_sent(self._answered(visit))
        except BaseException:
            place.leave()
            raise

    def _answered(self, visit: Visit) -> Response:
        try:
            response = self._routed(visit)
        except (ProfileMoved, Unauthorized):
            raise
        except Exception as error:
            self._let_in(visit)
            refusal = problems.answer(self._parts, visit.visitor, visit.request, error)
            return harvests.noted_refusal(self._parts, visit, refusal)
        self._let_in(visit)
        return response

    def _let_in(self, visit: Visit) -> None:
        if not visit.entered:
            self._parts.reader.read(visit.visitor.entry(BASE), [])

    def _is_open_to_nobody(self, visit: Visit) -> bool:
        """Tell whether a path answers while nothing is public: what was, is told as taken away to who could see it."""
        path = visit.request.path
        if path in _OPEN_TO_NOBODY or not _tells_of_removals(path):
            return path in _OPEN_TO_NOBODY
        return has_lost_records(self._parts.reader, visit.visitor)

    def _routed(self, visit: Visit) -> Response:
        visitor, request = visit.visitor, visit.request
        if visitor.sees_nothing_public and not self._is_open_to_nobody(visit):
            raise Unauthorized
        route = route_of(request.path)
        visit.route, visit.operation = route.template, route.operation
        visit.collection = route.collection or (route.arguments[0] if route.arguments else None)
        if request.method not in route.methods:
            raise MethodNotAllowed(route.methods)
        if route.is_of_records and not visitor.may_ask_for_records:
            raise InsufficientScope(RECORDS_SCOPE)
        visit.path = {"item": route.arguments[1]} if route.template.endswith("{itemId}") else {}
        parameters = request.parameters(takes_documents=route.takes_documents)
        visit.form = parameters if request.method == "POST" else ()
        language = language_of(request, next((value for name, value in parameters if name == "lang"), None))
        return route.answer(Context(self._parts, request, visitor, parameters, language, visit.entered, visit.address))


def _tells_of_removals(path: str) -> bool:
    try:
        return route_of(path).tells_of_removals
    except NotFound:
        return False


def _route_told(path: str) -> str:
    """Return for the record where somebody asked who was let in nowhere."""
    try:
        return route_of(path).template
    except NotFound:
        return path


def _sent(request: Request, response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """Begin the answer, and return its body."""
    body = response.body
    headers = [*response.headers, *answers.GENERAL]
    if isinstance(body, bytes):
        # A cheap HEAD does not know how long the answer to GET would be, and then says nothing of it.
        if response.status not in (204, 304) and (body or request.method != "HEAD"):
            headers.append(("Content-Length", str(len(body))))
        body = [b""] if request.method == "HEAD" else [body]
    start_response(_STATUS_LINES[response.status], headers)
    return body


def _options(request: Request) -> Response:
    """Answer what a browser asks before the request itself: without a token, so that nothing of a profile is told."""
    methods = route_of(request.path).methods
    return Response(204, (("Allow", ", ".join(methods)), *_PREFLIGHT))


def _too_many_answers() -> TooManyRequests:
    return TooManyRequests(
        "As many requests of this account or unit are being answered as it may have at once. Try again later.",
        retry_after_s=CROWDED_S,
    )


def _too_many_exports() -> TooManyRequests:
    return TooManyRequests(
        "As many exports of this account or unit run now as it may have at once. Try again later.",
        retry_after_s=CROWDED_S,
    )


def create(settings: Settings) -> Application:
    """Put the server together.

    Raises:
        StartRefused: a layer file, the database or a setting is not as the server relies on; every fault is listed.
    """
    layers = read_layers(CONFIG / "layers")
    dsn, clock = settings.database_url or "", RealClock()
    reader = Reader(dsn, _tuning(settings))
    service = service_of(settings.service or CONFIG / "service.yml", reader)
    secret = secret_key(settings)
    parts = Parts(
        base_url=settings.public_url,
        service=service,
        codelists=read_codelists(reader),
        units=UnitNames(reader),
        reader=reader,
        seal=CursorSeal(secret),
        secret=secret,
        pages=Pages(base_url=settings.public_url, title=service.title),
        quotas=Quotas(
            Writer(login_of(settings.identity_database_url, dsn, "identity"), purpose="quotas", size=2), clock
        ),
        shares=Shares(
            min(settings.threads, settings.pool_size),
            _too_many_answers,
            threads=settings.threads,
            wait_s=_WAIT_FOR_PLACE_S,
        ),
        export_shares=Shares(min(settings.export_pool_size, max(1, settings.threads // 2)), _too_many_exports),
        running=Running(),
        known_tags=ByVersion(),
        known_counts=ByVersion(),
        no_records=view_of_none(keyed(next(each for each in layers if each.id == RECORDS), ())),
        positions=Positions(
            Writer(login_of(settings.identity_database_url, dsn, "identity"), purpose="positions", size=2)
        ),
        harvests=Rounds(
            Writer(login_of(settings.identity_database_url, dsn, "identity"), purpose="harvests", size=1), clock
        ),
    )
    uses = Uses(Writer(login_of(settings.identity_database_url, dsn, "identity"), purpose="uses", size=1), clock)
    access = Access(reader, layers, uses.note)
    questions = Questions(secret, envelope_to(settings.audit_sealing_key))
    aside = mounted.create(
        settings,
        layers=tuple(layers),
        title=service.title,
        key=secret,
        clock=clock,
        contact_email=service.contact_email,
    )
    writer = AuditWriter(login_of(settings.audit_database_url, dsn, "audit")) if settings.audit == "on" else None
    watch = Watch(login_of(settings.auditor_database_url, dsn, "auditor"), settings.home, clock)
    return Application(
        parts,
        access,
        Recorder(writer, questions, clock),
        aside,
        uses,
        Edge(settings.threads, settings.proxy_hops),
        health.Sealing(watch, clock),
    )


def serve(settings: Settings, greeting: str) -> None:
    """Serve until stopped: one supervisor, ``settings.workers`` processes; ``greeting`` is printed once it answers.

    Raises:
        StartRefused: as ``create``, before any port is opened.
    """
    prove_port_free(settings)
    create(settings).close()
    dsn = settings.database_url or ""
    layers = read_layers(CONFIG / "layers")
    prove(dsn, layers)
    prove_published(login_of(settings.publisher_database_url, dsn, "publisher"), layers)
    _hand_down(settings)
    multiprocessing.set_start_method("spawn", force=True)  # a fork would copy locks that threads hold right then
    stop = upkeep.start(dsn)
    published = publishing.start(settings)
    sealed = sealer.start(
        login_of(settings.audit_database_url, dsn, "audit"),
        login_of(settings.auditor_database_url, dsn, "auditor"),
        settings.home,
        RealClock(),
    )
    server = Granian(
        "server.app:from_environment",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        blocking_threads=settings.threads,
        http=HTTPModes.http1,  # of HTTP/2 a body whose line was cut is waited for without end
        backlog=1024,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_WITHIN_S,
    )
    threading.Thread(target=_announce, args=(settings, greeting), daemon=True).start()
    days = daily.start(settings, layers, RealClock())
    try:
        server.serve()
    finally:
        for each in (stop, sealed, days, published):
            each.set()


def prove_port_free(settings: Settings) -> None:
    """Refuse a port on which somebody listens: workers share theirs, and would share it with a stranger, too.

    Raises:
        SettingsError: the address is taken, or is none of this machine.
    """
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            probe.listen()
        except OSError as error:
            raise SettingsError(f"{settings.host}:{settings.port} cannot be used: {error.strerror}.") from error


def _announce(settings: Settings, greeting: str) -> None:
    """Print the greeting once the server answers."""
    address = f"http://{settings.host}:{settings.port}/health/live"
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            sys.stdout.write(greeting + "\n")
            sys.stdout.flush()
            return
        time.sleep(0.1)


def from_environment() -> Application:
    """Put the server together in a worker process.

    Ctrl-C reaches every process of a terminal; workers leave it to the supervisor, which then ends them in good order
    and would take one that ended first for a broken one.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    settings = Settings.from_env(os.environ)
    threading.Thread(target=listening.watch_port, args=(settings.port,), daemon=True).start()
    return create(settings)


def _end_with(supervisor: int) -> None:
    """End this worker when its supervisor was killed: it would hold the port, and answer with layers of old."""
    while os.getppid() == supervisor:
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_WITHIN_S)
    os.kill(os.getpid(), signal.SIGKILL)


def _hand_down(settings: Settings) -> None:
    """Give the worker processes these settings, as resolved here, by the environment that they inherit."""
    for name in variables():
        os.environ.pop(name, None)
    values = settings.model_dump(exclude_none=True)
    os.environ.update({PREFIX + name.upper(): str(value) for name, value in values.items()})
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # of glibc: else each thread keeps the memory of its largest answer


def _tuning(settings: Settings) -> Tuning:
    return Tuning(
        pool_size=settings.pool_size,
        export_pool_size=settings.export_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        export_timeout_ms=settings.export_timeout_ms,
    )


def _read_body(environ: dict[str, Any], edge: Edge, most: int) -> bytes:
    address = edge.address_of(environ)
    if not edge.bodies.enter(address):
        raise TooManyRequests("Too many requests with a body at once. Try again later.")
    try:
        return cast("bytes", environ["wsgi.input"].read(_length(environ, most)))
    finally:
        edge.bodies.leave(address)


def _request(environ: dict[str, Any], edge: Edge) -> Request:
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace") or "/"
    headers = {name: environ[key] for key, name in _HEADERS_READ.items() if key in environ}
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        read_body=lambda most: _read_body(environ, edge, most),
    )


def _length(environ: dict[str, Any], most: int) -> int:
    """Return how much of a body to read: as declared; of a chunked one, which ends by itself, as much as is allowed."""
    declared = environ.get("CONTENT_LENGTH")
    if not declared:
        return most if environ.get("wsgi.input_terminated") else 0
    return min(int(declared), most) if declared.isascii() and declared.isdigit() else 0
