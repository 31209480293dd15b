"""The page on which somebody who is signed in proves anew who they are, as acts that decide ask for.

By the second factor; where there is none by the password, or at the outside provider that let them in. Five wrong
ones in a row end the session.
"""

from typing import Any, Final

import flask
from flask import Response
from psycopg import Connection

from auth.audit import acts
from auth.credentials import sessions
from auth.credentials.sessions import Owner, Session
from auth.pages.forms import STALE, ProofForm, is_ours, text
from auth.pages.in_session import takes_code, takes_password, turned_out
from auth.pages.visits import HOME, Desk, Visit, go, onward, page, set_cookie, to_step
from auth.people.sign_in import REFUSED_TEXT
from core.errors import SignInRefused
from core.limits import LIMITS
from core.phrases import Phrase

_CODE: Final = "code"
_PASSWORD: Final = "password"  # noqa: S105 - a way
_PROVIDER: Final = "provider"


def proof(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Ask for the proof and take it; send the browser on to where it wanted to go."""
    owner, session = who.owner, who.session
    if owner is None or session is None or who.step:
        return to_step(who)
    way = _way(owner, session)
    if flask.request.method == "GET":
        return _page(desk, way)
    form = ProofForm()
    if not is_ours(form):
        return _page(desk, way, STALE)
    if way == _PROVIDER:
        return to_provider(onward())
    if not _is_right(desk, connection, who, way, form):
        return turned_out(desk, connection, who) or _page(desk, way, **{way: REFUSED_TEXT})
    return _proved(desk, connection, session, owner)


def _way(owner: Owner, session: Session) -> str:
    if owner.enrolled:
        return _CODE
    return _PASSWORD if session.way == "password" else _PROVIDER


def _is_right(desk: Desk, connection: Connection[Any], who: Visit, way: str, form: ProofForm) -> bool:
    if way == _CODE:
        return takes_code(desk, connection, who, text(form.code))
    return takes_password(desk, connection, who, text(form.password))


def _proved(desk: Desk, connection: Connection[Any], session: Session, owner: Owner) -> Response:
    """Go on under a new key."""
    now, wanted = desk.clock.now(), onward()
    key = sessions.renew_proof(connection, session, now=now, random=desk.random)
    renewed = sessions.look(connection, key, now=now)
    if renewed is None:
        raise SignInRefused(reason="the account has ended meanwhile")
    acts.record(connection, sessions.caller_of(renewed, owner), "account.prove", f"account:{owner.code}")
    return set_cookie(desk, go(wanted, told="proved" if wanted == HOME else ""), key)


def at_provider(desk: Desk, problem: Phrase | None = None) -> Response:
    """Return the page from which one goes to the outside provider to sign in there anew."""
    return _page(desk, _PROVIDER, problem)


def to_provider(wanted: str) -> Response:
    """Send the browser to the outside provider, which is to ask anew; it comes back to a path of ours."""
    return go("/account/sso", next=wanted, anew="1")


def _page(desk: Desk, way: str, problem: Phrase | None = None, **faults: Phrase) -> Response:
    content = {"way": way, "minutes": LIMITS.proof_max_age_s // 60, "problem": problem, "faults": faults}
    return page(desk, "proof", content, status=400 if problem or faults else 200)
