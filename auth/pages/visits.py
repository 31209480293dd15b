"""One request to the pages of an account: who comes, by which cookie, and what it is answered with."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import flask
from flask import Response
from psycopg import Connection

from auth.credentials import sessions
from auth.credentials.holds import hold_account
from auth.credentials.proof import PROOF_PAGE, is_fresh
from auth.credentials.sessions import Owner, Session, SignIn
from auth.credentials.tokens import Random
from auth.model import Caller
from auth.oauth.oidc import Provider
from auth.pages.forms import token
from auth.people.sign_in import Owed, owed_by
from core.clocks import Clock
from core.errors import SignInRefused, Unauthorized
from database.writer import Writer

SIGN_IN, CODE, PASSWORD, SECOND_FACTOR, HOME = (
    "/signin",
    "/account/code",
    "/account/password",
    "/account/second-factor",
    "/account",
)
LANGUAGES = ("vi", "en")
NEXT_MAX = 4_096
_PRINTABLE = re.compile(r"/[!-\[\]-~]*")  # without the backslash, which browsers take for a slash


class Render(Protocol):
    """Makes the HTML of a page."""

    def __call__(
        self, page: str, content: Mapping[str, object], *, language: str, path: str, query: Mapping[str, str]
    ) -> str:
        """Return a page; ``content`` may hold phrases and instants, which it says in the language."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages stand on.

    Attributes:
        base_url: address of the service, without a slash at the end.
        identity: of the login that keeps accounts; not the one that the authorization server holds meanwhile.
        key: 32 bytes, as ``core.settings.secret_key`` returns them.
        policy: content security policy of the pages.
        provider: the outside provider through which people may sign in, and its issuer.
    """

    base_url: str
    identity: Writer
    clock: Clock
    key: bytes
    render: Render
    policy: str
    provider: Provider | None = None
    random: Random = secrets.token_bytes

    @property
    def is_secure(self) -> bool:
        """Tell whether cookies travel by https alone."""
        return self.base_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes: by a session, or by a sign-in that lacks something; ``owner`` is ``None`` for nobody."""

    session: Session | None = None
    sign_in: SignIn | None = None
    owner: Owner | None = None
    owed: Owed | None = None

    @property
    def step(self) -> str | None:
        """Return the path of what must be done first; ``None`` where nothing is."""
        if self.owner is None or self.owed is None:
            return SIGN_IN
        if self.sign_in and self.owner.enrolled and not self.sign_in.second_factor_at:
            return CODE
        if self.owed.must_change:
            return PASSWORD
        return SECOND_FACTOR if self.owed.must_enrol else None

    def has_proved(self, now: datetime) -> bool:
        """Tell whether its owner has proved not long ago who they are."""
        return self.session is not None and is_fresh(self.session.proved_at, now)

    @property
    def key(self) -> str | None:
        """Return the hash of the session or the sign-in that it comes by."""
        found = self.session or self.sign_in
        return found.hash if found else None

    @property
    def caller(self) -> Caller | None:
        """Return who may act by this visit: a session to which nothing is missing."""
        if self.session is None or self.owner is None or self.step or not self.owner.may_act:
            return None
        return sessions.caller_of(self.session, self.owner)


NOBODY = Visit()


def visit(desk: Desk, connection: Connection[Any], *, is_use: bool = True) -> Visit:
    """Return who comes, by the cookie of this request.

    Args:
        is_use: the end of a session moves on; the transaction holds no account afterwards.
    """
    key, now = flask.request.cookies.get(sessions.cookie_name(desk.base_url), ""), desk.clock.now()
    session = (sessions.find if is_use else sessions.look)(connection, key, now=now)
    sign_in = None if session else sessions.find_sign_in(connection, key, now=now)
    found = session or sign_in
    if found is None:
        return NOBODY
    who = known(desk, connection, found.account_id, session=session, sign_in=sign_in)
    if session and who.owner:
        flask.g.caller = sessions.caller_of(session, who.owner)
    return who


def hold_visit(desk: Desk, connection: Connection[Any], who: Visit) -> None:
    """Hold the account of who comes; after that nobody ends it before the commit.

    Raises:
        SignInRefused: what the visit came by was ended meanwhile, or the account is not what it was.
    """
    if who.owner:
        hold_account(connection, who.owner.id)
    again = visit(desk, connection, is_use=False)
    if (again.key, again.owner, again.owed) != (who.key, who.owner, who.owed):
        raise SignInRefused(reason="the account was changed meanwhile")


def known(
    desk: Desk,
    connection: Connection[Any],
    account_id: int,
    *,
    session: Session | None = None,
    sign_in: SignIn | None = None,
) -> Visit:
    """Return the visit of the owner of an account; of nobody where the account may not be used at all."""
    now = desk.clock.now()
    try:
        owed = owed_by(connection, account_id, now=now)
    except Unauthorized:
        return NOBODY
    return Visit(session, sign_in, sessions.owner(connection, account_id, now=now), owed)


def language() -> str:
    """Return the language of the answer: ``lang``, else what Accept-Language names first, else Vietnamese."""
    asked = flask.request.args.get("lang")
    if asked in LANGUAGES:
        return asked
    header = flask.request.headers.get("Accept-Language", "")
    known_ones = (part.strip()[:2].lower() for part in header.split(","))
    return next((each for each in known_ones if each in LANGUAGES), LANGUAGES[0])


def page(desk: Desk, name: str, content: Mapping[str, object], *, status: int = 200, goes_to: str = "") -> Response:
    """Return a page that nobody stores, frames or is told of.

    Args:
        goes_to: origin to which the answer to the page's form may send the browser on.
    """
    said = language()
    told = flask.request.args.get("told", "")
    always = {"csrf": token(), "problem": None, "faults": dict[str, object](), "told": told}
    always["signed_in_as"] = flask.g.get("signed_in_as")
    html = desk.render(
        name,
        {**always, **content},
        language=said,
        path=flask.request.path,
        query=flask.request.args.to_dict(),
    )
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _policy(desk.policy, goes_to)
    response.headers["Content-Language"] = said
    response.headers["X-Content-Type-Options"] = "nosniff"
    return closed(response)


def go(path: str, **parameters: str) -> Response:
    """Send the browser to a page of ours, in the same language; parameters that are empty are left out."""
    asked = flask.request.args.get("lang", "")
    said = {"lang": asked} if asked in LANGUAGES and "lang=" not in path else {}
    query = urlencode({name: value for name, value in (parameters | said).items() if value})
    return sent(path + (("&" if "?" in path else "?") + query if query else ""))


def sent(address: str) -> Response:
    """Send the browser to an address, by GET whatever it came by."""
    response = Response("", 303, {"Location": address})
    return closed(response)


def closed(response: Response) -> Response:
    """Keep an answer out of stores, and its address out of what other places are told."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def onward() -> str:
    """Return where the browser wanted to go, or the page of the account."""
    return local_path(flask.request.args.get("next", "")) or HOME


def local_path(text: str) -> str | None:
    """Return a path of this service as it is, ``None`` for whatever could lead elsewhere."""
    if len(text) > NEXT_MAX or text.startswith("//") or not _PRINTABLE.fullmatch(text):
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc else text


def to_proof(wanted: str) -> Response:
    """Send the browser to prove anew who sits before it; it goes on to a path of ours."""
    return go(PROOF_PAGE, next=local_path(wanted) or "")


def to_step(who: Visit, *, back: str = "") -> Response:
    """Send the browser to what must be done first; it comes back to this address if that can be read again.

    Args:
        back: the path that it comes back to instead.
    """
    path = who.step or SIGN_IN
    if back:
        here = back
    elif flask.request.method == "GET" or flask.request.path.startswith("/oauth/"):
        here = flask.request.full_path.rstrip("?")
    else:
        here = ""
    wanted = flask.request.args.get("next", "") or here
    note_refusal("something must be done first" if who.owner else "not signed in")
    return go(path, next=local_path(wanted) or "", told="" if who.owner else _told_why())


def note_refusal(reason: str) -> None:
    """Note for the record that the request is not allowed, though its answer only leads elsewhere."""
    flask.g.refusal = reason


def _told_why() -> str:
    """Say that a session is over where the browser still has the cookie of one."""
    return "too-late" if any(name.endswith("datdai") for name in flask.request.cookies) else ""


def set_cookie(desk: Desk, response: Response, key: str) -> Response:
    """Give the browser what names its session; script cannot read it, and other sites cannot send it by a form."""
    name = sessions.cookie_name(desk.base_url)
    response.set_cookie(name, key, path="/", secure=desk.is_secure, httponly=True, samesite="Lax")
    return response


def drop_cookie(desk: Desk, response: Response) -> Response:
    """Take it back."""
    name = sessions.cookie_name(desk.base_url)
    response.delete_cookie(name, path="/", secure=desk.is_secure, httponly=True, samesite="Lax")
    return response


def address() -> str:
    """Return where the request comes from."""
    return flask.request.remote_addr or ""


def _policy(policy: str, goes_to: str) -> str:
    """Return the policy of a page; browsers hold the redirect behind a form to ``form-action`` as well."""
    return policy.replace("form-action 'self'", f"form-action 'self' {goes_to}") if goes_to else policy
