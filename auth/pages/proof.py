"""The page on which somebody who is signed in proves anew who they are, as acts that decide ask for.

By the second factor; where there is none by the password, or at the outside provider that let them in.
"""

from typing import Any, Final

import flask
from flask import Response
from psycopg import Connection

from auth.audit import acts
from auth.credentials import sessions
from auth.credentials.sessions import Owner, Session
from auth.pages.entry import takes_code
from auth.pages.forms import STALE, ProofForm, is_ours, text
from auth.pages.visits import HOME, Desk, Visit, address, go, hold_visit, onward, page, set_cookie, to_step
from auth.people.sign_in import REFUSED_TEXT, SignedIn
from auth.people.sign_in import sign_in as check
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
        return go("/account/sso", next=onward(), anew="1")
    if not _is_right(desk, connection, who, owner, way, form):
        return _page(desk, way, **{way: REFUSED_TEXT})
    return _proved(desk, connection, session, owner)


def _way(owner: Owner, session: Session) -> str:
    if owner.enrolled:
        return _CODE
    return _PASSWORD if session.way == "password" else _PROVIDER


def _is_right(desk: Desk, connection: Connection[Any], who: Visit, owner: Owner, way: str, form: ProofForm) -> bool:
    """Tell whether a code or a password is right; wrong ones count as at the sign-in."""
    if way == _CODE:
        return takes_code(desk, connection, who, text(form.code))
    result = check(
        connection, code=owner.code, password=text(form.password), ip=address(), clock=desk.clock, key=desk.key
    )
    if not isinstance(result, SignedIn):
        return False
    hold_visit(desk, connection, who)
    return True


def _proved(desk: Desk, connection: Connection[Any], session: Session, owner: Owner) -> Response:
    """Go on under a new key."""
    now, wanted = desk.clock.now(), onward()
    key = sessions.renew_proof(connection, session, now=now, random=desk.random)
    renewed = sessions.look(connection, key, now=now)
    if renewed is None:
        raise SignInRefused(reason="the account has ended meanwhile")
    acts.record(connection, sessions.caller_of(renewed, owner), "account.prove", f"account:{owner.code}")
    return set_cookie(desk, go(wanted, told="proved" if wanted == HOME else ""), key)


def _page(desk: Desk, way: str, problem: Phrase | None = None, **faults: Phrase) -> Response:
    content = {"way": way, "minutes": LIMITS.proof_max_age_s // 60, "problem": problem, "faults": faults}
    return page(desk, "proof", content, status=400 if problem or faults else 200)
