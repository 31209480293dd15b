"""Pages of who is signed in: the account, its password, its tokens, its sessions, and the way out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import flask
from flask import Response
from psycopg import Connection

from auth.audit import acts
from auth.credentials import sessions, tokens
from auth.credentials.endings import end_sessions
from auth.credentials.passwords import change_password, warning
from auth.credentials.proof import is_fresh
from auth.credentials.sessions import Carried
from auth.model import AccountKind, Caller
from auth.pages.entry import enter, takes_password
from auth.pages.forms import (
    DAYS,
    DIFFERENT,
    NETWORKS_MAX,
    PURPOSE_MAX,
    STALE,
    TYPED,
    Confirmation,
    PasswordForm,
    TokenForm,
    is_ours,
    text,
)
from auth.pages.in_session import turned_out
from auth.pages.outside import told_of_provider
from auth.pages.visits import PASSWORD, SIGN_IN, Desk, Visit, drop_cookie, go, hold_visit, page, to_proof, to_step
from core.clocks import calendar_day
from core.errors import BadRequest, Conflict, NotFound
from core.phrases import Phrase

_WRONG = Phrase("The current password is wrong.")
_INSTANT = timedelta(microseconds=1)
_UNTOUCHED = {"purpose": "", "scopes": ["features:read", "tiles:read"], "days": DAYS[1], "networks": ""}


def home(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Show the account: the sign-in before this one, how long the password is good, and the ways on."""
    if who.session is None or who.owner is None or who.step:
        return to_step(who)
    owner, now = who.owner, desk.clock.now()
    content = {
        "name": owner.code,
        "person": owner.person,
        "unit": owner.unit_name,
        "enrolled": owner.enrolled,
        "password_until": calendar_day(owner.password_until - _INSTANT) if owner.password_until else None,
        "days_left": warning(owner.password_until, now) if owner.password_until else None,
        "last": sessions.before(connection, who.session),
    }
    return page(desk, "account", content | told_of_provider(desk, connection, who))


def password(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Change the password: when one wants to, and when one must."""
    if who.owner is None or who.step not in (None, PASSWORD):
        return to_step(who)
    form = PasswordForm()
    if who.owner.password_until is None:
        return go("/account/activate")
    if flask.request.method == "GET":
        return _password_page(desk, who)
    if not is_ours(form):
        return _password_page(desk, who, STALE)
    if text(form.new) != text(form.again):
        return _password_page(desk, who, again=DIFFERENT)
    current, new = text(form.old), text(form.new)
    if not takes_password(desk, connection, who, current):
        return turned_out(desk, connection, who) or _password_page(desk, who, old=_WRONG)
    try:
        with connection.transaction():
            change_password(connection, who.owner.id, current=current, new=new, clock=desk.clock)
    except (BadRequest, Conflict) as refusal:
        return _password_page(desk, who, new=refusal.text)
    return _with_new_password(desk, connection, who)


def _password_page(desk: Desk, who: Visit, problem: Phrase | None = None, **faults: Phrase) -> Response:
    owner = who.owner
    content = {
        "name": owner.code if owner else "",
        "must": who.step == PASSWORD,
        "problem": problem,
        "faults": faults,
    }
    return page(desk, "password", content, status=400 if problem or faults else 200)


def _with_new_password(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Go on with a session that is new: the one of before ended with the old password."""
    found = who.session or who.sign_in
    if found is None:
        return go(SIGN_IN)
    told = "" if flask.request.args.get("next") else "password-changed"
    return enter(
        desk,
        connection,
        found.account_id,
        found.way,
        with_second_factor=True,
        told=told,
        carried=_carried(who),
    )


def _carried(who: Visit) -> Carried | None:
    """Return what proof a session keeps; a changed password is one at the sign-in, or where it is all there is."""
    if who.session is None or who.owner is None or not who.owner.enrolled:
        return None
    return Carried(who.session.proved_at)


def sign_out(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """End the session of this browser, or the sign-in that it has begun."""
    if flask.request.method == "GET" and who.owner:
        return page(desk, "signout", {})
    if who.owner and not is_ours(Confirmation()):
        return page(desk, "signout", {}, status=400)
    if who.session:
        sessions.end(connection, who.session.account_id, who.session.hash, now=desk.clock.now())
        _record(connection, who, "account.sign_out")
    if who.sign_in:
        sessions.end_sign_in(connection, who.sign_in)
    flask.session.clear()
    return drop_cookie(desk, go(SIGN_IN, told="signed-out"))


def own_sessions(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Show the sessions of the account; end one, or all others."""
    if who.session is None or who.owner is None or who.step:
        return to_step(who)
    if flask.request.method == "POST" and is_ours(Confirmation()):
        mark, now = flask.request.form.get("mark", ""), desk.clock.now()
        if mark == "others":
            end_sessions(connection, who.owner.id, now=now, keep=who.session.hash)
        else:
            sessions.end(connection, who.owner.id, mark, now=now)
        _record(connection, who, "account.end_sessions")
        return go("/account/sessions", told="ended")
    found = sessions.of_account(connection, who.owner.id, now=desk.clock.now())
    return page(desk, "sessions", {"sessions": [_told_session(each, who.session) for each in found]})


def _told_session(session: sessions.Session, mine: sessions.Session) -> dict[str, object]:
    return {
        "begun_at": session.begun_at,
        "seen_at": session.seen_at,
        "address": session.address,
        "agent": session.agent,
        "way": session.way,
        "mark": session.hash[: sessions.MARK_LENGTH],
        "mine": session.hash == mine.hash,
    }


def personal_tokens(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Show the personal tokens of the account, and make one, which is shown this once."""
    caller = who.caller
    if caller is None:
        return to_step(who)
    form = TokenForm()
    if flask.request.method == "GET":
        return _tokens_page(desk, connection, caller, typed=_typed_before(caller))
    if not is_ours(form):
        return _tokens_page(desk, connection, caller, form, STALE)
    if not who.has_proved(desk.clock.now()):
        flask.session[TYPED] = {"account": caller.account_id, **_given(form)}
        return to_proof("/account/tokens")
    try:
        with connection.transaction():
            hold_visit(desk, connection, who)
            secret = _issued(desk, connection, caller, form)
    except (BadRequest, Conflict) as refusal:
        return _tokens_page(desk, connection, caller, form, refusal.text)
    return _tokens_page(desk, connection, caller, secret=secret)


def _issued(desk: Desk, connection: Connection[Any], caller: Caller, form: TokenForm) -> str:
    secret, _ = tokens.issue_personal(
        connection,
        caller,
        purpose=text(form.purpose),
        scopes=flask.request.form.getlist("scopes"),
        lifetime=timedelta(days=form.days.data or 0),
        networks=[each.strip() for each in text(form.networks).split(",") if each.strip()],
        now=desk.clock.now(),
        random=desk.random,
    )
    return secret


def _tokens_page(
    desk: Desk,
    connection: Connection[Any],
    caller: Caller,
    form: TokenForm | None = None,
    problem: Phrase | None = None,
    *,
    secret: str = "",
    typed: Mapping[str, object] | None = None,
) -> Response:
    may_administer = caller.account_kind in (AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD)
    content = {
        "prove": not is_fresh(caller.proved_at, desk.clock.now()),
        "tokens": [
            _told_token(each) for each in tokens.tokens_of(connection, caller.account_id or 0, now=desk.clock.now())
        ],
        "consents": [
            _told_consent(each) for each in tokens.consents_of(connection, caller.account_id or 0, now=desk.clock.now())
        ],
        "scopes": [each for each in tokens.SCOPES if each != "admin" or may_administer],
        "days": DAYS,
        "given": _given(form) if form else typed or _UNTOUCHED,
        "is_typed_before": typed is not None,
        "problem": problem,
        "secret": secret,
    }
    return page(desk, "tokens", content, status=400 if problem else 200)


def _given(form: TokenForm) -> dict[str, object]:
    """Return what was typed, as the form shows it again; of what no person sends so long, the beginning."""
    return {
        "purpose": text(form.purpose)[:PURPOSE_MAX],
        "scopes": [each for each in tokens.SCOPES if each in flask.request.form.getlist("scopes")],
        "days": form.days.data if form.days.data in DAYS else DAYS[1],
        "networks": text(form.networks)[:NETWORKS_MAX],
    }


def _typed_before(caller: Caller) -> Mapping[str, object] | None:
    """Return what this account typed before it was asked for a proof, this once."""
    kept = flask.session.pop(TYPED, None)
    return kept if kept and kept.get("account") == caller.account_id else None


def _told_token(token: tokens.Token) -> dict[str, object]:
    return {
        "purpose": token.purpose,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "networks": [str(each) for each in token.networks],
        "mark": token.hash[: sessions.MARK_LENGTH],
    }


def revoke_token(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Revoke a personal token."""
    caller = who.caller
    if caller is None or flask.request.method == "GET" or not is_ours(Confirmation()):
        return go("/account/tokens")
    try:
        tokens.revoke_personal(connection, caller, flask.request.form.get("mark", ""), now=desk.clock.now())
    except (NotFound, BadRequest):
        return go("/account/tokens")
    return go("/account/tokens", told="revoked")


def _told_consent(consent: tokens.Consent) -> dict[str, object]:
    return {
        "client": consent.client,
        "unit": consent.unit,
        "scopes": consent.scopes,
        "begun_at": consent.begun_at,
        "ends_at": consent.ends_at,
        "used_at": consent.used_at,
        "mark": str(consent.id),
    }


def end_consent(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """End what a program was allowed."""
    caller = who.caller
    if caller is None or flask.request.method == "GET" or not is_ours(Confirmation()):
        return go("/account/tokens")
    try:
        tokens.end_consent(connection, caller, flask.request.form.get("mark", ""), now=desk.clock.now())
    except NotFound:
        return go("/account/tokens")
    return go("/account/tokens", told="consent-ended")


def _record(connection: Connection[Any], who: Visit, act: str) -> None:
    if who.session and who.owner:
        acts.record(connection, sessions.caller_of(who.session, who.owner), act, f"account:{who.owner.code}")
