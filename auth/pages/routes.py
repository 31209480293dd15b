"""The pages of people: sign-in and what belongs to it, as one blueprint of Flask.

A page is made by a callable that is passed in, and needs no script in the browser. The authorization server asks
``People`` who sits before the browser, and what they decide.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, cast
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
from auth.oauth.oidc import BACK
from auth.oauth.people import Asked
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
_MARK = "asked_at"
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


class People:
    """The pages, as the authorization server uses them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def signed_in(self) -> Caller | None:
        """Return who is signed in and may act."""
        return self._visit().caller

    def sign_in(self) -> Response:
        """Send the browser to sign in, or to what its sign-in lacks; it comes back to the address of this request."""
        return to_step(self._visit(), back=self._back())

    def prove(self) -> Response:
        """Send the browser to prove anew who sits before it; it comes back to the address of this request."""
        return to_proof(self._back())

    def asked_at(self) -> datetime | None:
        """Return when this request sent the browser away to be proved, by a mark that it brings back."""
        try:
            at = datetime.fromisoformat(self._marks.loads(flask.request.args.get(_MARK, "")))
        except BadSignature:
            return None
        return at if at + sessions.SIGN_IN_LASTS > self._desk.clock.now() else None

    def _back(self) -> str:
        """Return the address of this request, with a mark of now where it asks for a proof."""
        asked = flask.request.args
        if not {"max_age", "prompt"} & set(asked):
            return ""
        mark = self._marks.dumps(self._desk.clock.now().isoformat())
        kept = [(name, value) for name, value in asked.items(multi=True) if name != _MARK]
        return f"{flask.request.path}?{urlencode([*kept, (_MARK, mark)])}"

    @property
    def _marks(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._desk.key, salt="datdai asked at")

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
