"""The way in through the outside provider, and the link between its people and our accounts."""

import logging
from contextlib import suppress
from typing import Any

import flask
from flask import Response
from psycopg import Connection
from wtforms.validators import ValidationError

from auth.credentials.holds import hold_account
from auth.credentials.sessions import Carried
from auth.credentials.tokens import new_secret
from auth.oauth.oidc import Departure, Provider, Subject
from auth.pages.entry import enter, sign_in_page
from auth.pages.forms import Confirmation, check_token, is_ours, token
from auth.pages.visits import (
    HOME,
    Desk,
    Visit,
    go,
    hold_visit,
    known,
    note_refusal,
    onward,
    sent,
    to_proof,
    to_step,
    visit,
)
from auth.people import outside
from core.errors import Conflict, NotFound, SignInRefused, Unavailable

_KEPT = "sso"
_LINK = "link"
_log = logging.getLogger("datdai.auth")


def depart(desk: Desk) -> Response:
    """Send the browser to the provider, and keep in its cookie what the answer must fit to."""
    provider = _provider(desk)
    try:
        anew = "anew" in flask.request.args
        departure = provider.depart(lambda: new_secret(random=desk.random), anew=anew)
    except Unavailable as refusal:
        return sign_in_page(desk, problem=refusal.text, status=503)
    kept = {"state": departure.state, "nonce": departure.nonce, "verifier": departure.verifier}
    flask.session[_KEPT] = kept | {"next": onward(), _LINK: _is_to_link()}
    return sent(departure.address)


def arrive(desk: Desk) -> Response:
    """Take the browser back from the provider: sign in whom it is linked to, or link who is signed in."""
    provider, kept = _provider(desk), flask.session.pop(_KEPT, None)
    if not kept:
        note_refusal("no sign-in was begun here")
        return go("/signin", told="too-late")
    try:
        departure = Departure("", kept["state"], kept["nonce"], kept["verifier"])
        subject = provider.arrive(departure, flask.request.args.to_dict())
        with desk.identity.transaction() as connection:
            if kept[_LINK]:
                return _linked(desk, connection, subject)
            return _entered(desk, connection, subject, kept["next"])
    except SignInRefused as refusal:
        _log.warning("sign-in through the provider refused: %s", refusal.reason)
        note_refusal(refusal.reason)
        return go(HOME, told="not-linked") if kept[_LINK] else sign_in_page(desk, problem=refusal.text)
    except Unavailable as refusal:
        return sign_in_page(desk, problem=refusal.text, status=503)


def _entered(desk: Desk, connection: Connection[Any], subject: Subject, wanted: str) -> Response:
    account_id = outside.account_of(connection, subject.issuer, subject.subject)
    if account_id is None:
        raise SignInRefused(reason="nobody is linked to this subject")
    hold_account(connection, account_id)
    if outside.account_of(connection, subject.issuer, subject.subject) != account_id:
        raise SignInRefused(reason="the link was taken back meanwhile")
    if known(desk, connection, account_id).owner is None:
        raise SignInRefused(reason="the account may not be used")
    return enter(desk, connection, account_id, "sso", wanted=wanted, carried=Carried(subject.proved_at))


def _linked(desk: Desk, connection: Connection[Any], subject: Subject) -> Response:
    """Link the account that is signed in; by password, so that both are proved in one sitting."""
    who = visit(desk, connection, is_use=False)
    if who.caller is None or who.owner is None or who.session is None or who.session.way != "password":
        raise SignInRefused(reason="nobody is signed in by password to be linked")
    if not who.has_proved(desk.clock.now()):
        return to_proof(HOME)
    hold_visit(desk, connection, who)
    now, account = desk.clock.now(), who.owner.code
    try:
        outside.link(connection, who.caller, account, issuer=subject.issuer, subject=subject.subject, now=now)
    except Conflict as refusal:
        raise SignInRefused(reason="linked already") from refusal
    return go(HOME, told="linked")


def unlink(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Take the link of the account back."""
    caller, provider = who.caller, _provider(desk)
    if caller is None or flask.request.method == "GET" or not is_ours(Confirmation()):
        return to_step(who) if caller is None else go(HOME)
    with suppress(NotFound):
        outside.unlink(connection, caller, caller.account or "", issuer=provider.issuer)
    return go(HOME, told="unlinked")


def told_of_provider(desk: Desk, connection: Connection[Any], who: Visit) -> dict[str, object]:
    """Return what the page of the account tells of the provider."""
    if desk.provider is None or who.owner is None:
        return {"sso": "", "linked": None}
    linked = outside.subject_of(connection, desk.provider.issuer, who.owner.id)
    return {"sso": go("/account/sso", link=token()).headers["Location"], "linked": linked}


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise NotFound
    return desk.provider


def _is_to_link() -> bool:
    """Tell whether the page of the account asks for a link; another site cannot, for it lacks the token."""
    try:
        check_token(flask.request.args.get(_LINK, ""))
    except ValidationError:
        return False
    return True
