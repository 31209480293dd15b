"""The pages of people: sign-in and what belongs to it, as one blueprint of Flask.

A page is made by a callable that is passed in, and needs no script in the browser. The authorization server asks
``People`` who sits before the browser, and what they decide.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final, cast
from urllib.parse import urlencode

import flask
from flask import Blueprint, Response
from flask.blueprints import BlueprintSetupState
from itsdangerous import BadSignature, URLSafeSerializer
from psycopg import Connection
from werkzeug.exceptions import HTTPException

from auth.credentials import sessions
from auth.credentials.proof import PROOF_PAGE
from auth.model import Caller
from auth.oauth.oidc import BACK, SKEW
from auth.oauth.people import Asked, Away
from auth.pages import entry, outside, own
from auth.pages.forms import Confirmation, is_ours
from auth.pages.proof import proof
from auth.pages.second_factor import second_factor
from auth.pages.visits import (
    CODE,
    HOME,
    PASSWORD,
    SECOND_FACTOR,
    SIGN_IN,
    Desk,
    Visit,
    closed,
    page,
    to_proof,
    to_step,
    visit,
)
from core.errors import DatdaiError, Forbidden, NotFound, status_of
from core.phrases import Phrase

type Step = Callable[[Desk, Connection[Any], Visit], Response]

FORM_COOKIE = "datdai-form"
AWAY_COOKIE = "datdai-away"
_BROWSER = re.compile(r"[0-9a-f]{32}")
_MARK = "asked_at"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_FAILURE = Phrase("The server could not answer; the operator has been told.")
_TEXTS = {404: NotFound().text, 405: Phrase("This page is not asked for in that way.")}
_PEOPLE = (SIGN_IN, "/signout", HOME)
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+|[a-z][a-z0-9.-]*:")


def blueprint(desk: Desk) -> Blueprint:
    """Return the pages at ``/signin``, ``/signout`` and below ``/account``."""
    made = Blueprint("account", __name__)
    made.record_once(partial(_prepare, desk))
    made.app_errorhandler(DatdaiError)(partial(_refused, desk))
    made.app_errorhandler(HTTPException)(partial(_refused_by_flask, desk))
    made.add_url_rule(SIGN_IN, "signin", partial(entry.sign_in, desk), methods=["GET", "POST"])
    made.add_url_rule("/account/activate", "activate", partial(entry.activate, desk), methods=["GET", "POST"])
    made.add_url_rule("/account/sso", "sso", partial(outside.depart, desk))
    made.add_url_rule(BACK, "sso_back", partial(outside.arrive, desk))
    for path, name, step in (
        (CODE, "code", entry.code),
        (PASSWORD, "password", own.password),
        (SECOND_FACTOR, "second_factor", second_factor),
        ("/signout", "signout", own.sign_out),
        (HOME, "home", own.home),
        ("/account/tokens", "tokens", own.personal_tokens),
        ("/account/tokens/revoke", "revoke", own.revoke_token),
        ("/account/consents/end", "end_consent", own.end_consent),
        (PROOF_PAGE, "proof", proof),
        ("/account/sessions", "sessions", own.own_sessions),
        ("/account/sso/unlink", "unlink", outside.unlink),
    ):
        made.add_url_rule(path, name, partial(_visited, desk, step), methods=["GET", "POST"])
    return made


def _visited(desk: Desk, step: Step) -> Response:
    """Answer in one transaction, which knows who comes."""
    with desk.identity.transaction() as connection:
        coming = visit(desk, connection, is_use=False)
        flask.g.signed_in_as = coming.caller.account if coming.caller else None
        answer = step(desk, connection, coming)
        if coming.session:
            sessions.touch(connection, coming.session.hash, now=desk.clock.now())
        return answer


def _prepare(desk: Desk, state: BlueprintSetupState) -> None:
    """Set how forms are kept from being forged: a cookie of their own, which carries no session."""
    name = f"__Host-{FORM_COOKIE}" if desk.is_secure else FORM_COOKIE
    state.app.config.update(
        SESSION_COOKIE_NAME=name,
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_SECURE=desk.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=3_600,
    )
    state.app.secret_key = state.app.secret_key or desk.key


@dataclass(frozen=True, slots=True)
class Mark:
    """What a request that asks for a proof leaves in its own address.

    Attributes:
        browser: what the one browser carries that it is good in.
        account_id: whose proof was asked for; ``None``: nobody was signed in.
    """

    at: datetime
    browser: str
    account_id: int | None = None

    def signed(self, key: bytes) -> str:
        """Return it as it stands in an address; what the browser carries is a part of the signature."""
        return _marks(key, self.browser).dumps([self.at.isoformat(), self.account_id])

    @classmethod
    def read(cls, text: str, key: bytes, browser: str) -> "Mark | None":
        """Return a mark that was made for a browser."""
        try:
            at, account_id = _marks(key, browser).loads(text)
        except BadSignature:
            return None
        return cls(datetime.fromisoformat(at), browser, account_id)


def _marks(key: bytes, browser: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=f"datdai asked at {browser}")


class People:
    """The pages, as the authorization server uses them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def signed_in(self) -> Caller | None:
        """Return who is signed in and may act."""
        return self._visit().caller

    def sign_in(self) -> Response:
        """Send the browser to sign in, or to what its sign-in lacks; it comes back to the address of this request."""
        if not {"max_age", "prompt"} & set(flask.request.args):
            return to_step(self._visit())
        browser = self._browser()
        back = self._back(Mark(self._desk.clock.now(), browser))
        return self._known_again(to_step(self._visit(), back=back), browser)

    def prove(self, **more: str) -> Response:
        """Send the browser to prove anew who sits before it; it comes back to the address of this request.

        Args:
            more: what its address lacks.
        """
        caller, browser = self.signed_in(), self._browser()
        mark = Mark(self._desk.clock.now(), browser, caller.account_id if caller else None)
        return self._known_again(to_proof(self._back(mark, more)), browser)

    def away(self) -> Away | None:
        """Return when this request sent this browser away, by a mark that the same account brings back."""
        mark = Mark.read(flask.request.args.get(_MARK, ""), self._desk.key, self._browser())
        who = self._visit()
        if mark is None or who.session is None or who.owner is None:
            return None
        if mark.account_id not in (None, who.owner.id) or mark.at + sessions.SIGN_IN_LASTS <= self._desk.clock.now():
            return None
        theirs = who.session.way == "sso" and not who.owner.enrolled
        return Away(mark.at - SKEW if theirs else mark.at, mark.account_id is not None)

    def _browser(self) -> str:
        """Return what this browser is known by when it comes back: of its own, and no other's."""
        given = flask.request.cookies.get(self._cookie, "")
        return given if _BROWSER.fullmatch(given) else self._desk.random(16).hex()

    def _known_again(self, response: Response, browser: str) -> Response:
        """Let a browser that is sent away be known when it comes back."""
        kept = int(sessions.SIGN_IN_LASTS.total_seconds())
        secure = self._desk.is_secure
        response.set_cookie(self._cookie, browser, kept, path="/", secure=secure, httponly=True, samesite="Lax")
        return response

    @property
    def _cookie(self) -> str:
        return f"__Host-{AWAY_COOKIE}" if self._desk.is_secure else AWAY_COOKIE

    def _back(self, mark: Mark, more: Mapping[str, str] = _NOTHING) -> str:
        """Return the address of this request with a mark."""
        asked = flask.request.args.items(multi=True)
        kept = [(name, value) for name, value in asked if name != _MARK and name not in more]
        return f"{flask.request.path}?{urlencode([*kept, *more.items(), (_MARK, mark.signed(self._desk.key))])}"

    def ask(self, asked: Asked) -> Response:
        """Return the page that asks for consent."""
        owner = self._visit().owner
        content = {
            "client": asked.client,
            "unit": asked.unit,
            "registered_by": asked.registered_by,
            "scopes": asked.scopes,
            "goes_to": asked.goes_to,
            "user_code": asked.user_code,
            "name": owner.code if owner else "",
            "person": owner.person if owner else "",
            "own_unit": owner.unit_name if owner else "",
        }
        return page(self._desk, "consent", content, goes_to=_origin_of_client() if asked.goes_to else "")

    def decision(self) -> bool | None:
        """Return what the posted form decides.

        Raises:
            Forbidden: the form was not made for this browser.
        """
        decided = flask.request.form.get("decision")
        if decided not in ("allow", "deny"):
            return None
        if not is_ours(Confirmation()):
            raise Forbidden("The form is too old, or was not made here. Send it again.")
        return decided == "allow"

    def ask_user_code(self, *, wrong: bool = False) -> Response:
        """Return the page on which a person types the code that a device shows."""
        typed = flask.request.values.get("user_code", "")[:20]
        content = {"wrong": wrong, "allowed": None, "user_code": typed}
        return page(self._desk, "device", content, status=400 if wrong else 200)

    def told_device(self, *, allowed: bool) -> Response:
        """Return the page that says that the device was told."""
        return page(self._desk, "device", {"wrong": False, "allowed": allowed, "user_code": ""})

    def refused(self, status: int, error: str) -> Response:
        """Return the page for a request that must not be sent back to whoever made it."""
        return page(self._desk, "refused", {"error": error, "text": ""}, status=status)

    def _visit(self) -> Visit:
        with self._desk.identity.transaction() as connection:
            return visit(self._desk, connection)


def _origin_of_client() -> str:
    """Return the origin of the address that a client asked the browser to be sent to, which the server has checked."""
    found = _ORIGIN.match(flask.request.args.get("redirect_uri", ""))
    return found[0] if found else ""


def _refused(desk: Desk, error: DatdaiError) -> Response:
    return page(desk, "refused", {"error": "", "text": error.text}, status=status_of(error))


def _refused_by_flask(desk: Desk, error: HTTPException) -> Response:
    """Answer what Flask itself refuses: to people by a page, to programs by problem details."""
    if error.response is not None:
        return cast("Response", error.response)
    status, text = error.code or 500, _TEXTS.get(error.code or 500, _FAILURE)
    if flask.request.path.startswith(_PEOPLE):
        return page(desk, "refused", {"error": "", "text": text}, status=status)
    content = {"type": "about:blank", "title": error.name, "status": status, "detail": str(text)}
    response = flask.jsonify(content)
    response.status_code, response.content_type = status, "application/problem+json"
    return closed(response)
