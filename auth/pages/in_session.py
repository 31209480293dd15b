"""Codes and passwords of somebody who is signed in: five wrong ones in a row end the session.

They are counted by the session alone. Who knows a name, or shares an address, cannot keep its owner from proving who
they are; and who got hold of a session has five guesses.
"""

from typing import Any

from flask import Response
from psycopg import Connection

from auth.audit import acts
from auth.credentials import sessions, totp
from auth.credentials.sessions import Owner, Session
from auth.pages.visits import SIGN_IN, Desk, Visit, address, drop_cookie, go, hold_visit, note_refusal, visit
from auth.people import throttle
from auth.people.sign_in import knows_password
from core.errors import SignInRefused


def takes_code(desk: Desk, connection: Connection[Any], who: Visit, given: str) -> bool:
    """Tell whether a code of the authenticator, or a recovery code, is right.

    The account is held then. The transaction must be committed whatever comes out.

    Raises:
        SignInRefused: the session was ended meanwhile.
    """
    session, owner = _signed_in(who)
    now = desk.clock.now()
    throttle.hold_session(connection, session.hash, now=now)
    hold_visit(desk, connection, who)
    is_right = totp.takes(connection, owner.id, given, key=desk.key, now=now)
    return _counted(desk, connection, who, "code", is_right=is_right)


def takes_password(desk: Desk, connection: Connection[Any], who: Visit, given: str) -> bool:
    """Tell whether a password is right.

    The account is held then. The transaction must be committed whatever comes out.

    Raises:
        SignInRefused: the session was ended meanwhile.
    """
    session, owner = _signed_in(who)
    now = desk.clock.now()
    throttle.hold_session(connection, session.hash, now=now)
    is_right = knows_password(connection, owner.code, given, now=now)
    hold_visit(desk, connection, who)
    return _counted(desk, connection, who, "password", is_right=is_right)


def turned_out(desk: Desk, connection: Connection[Any], who: Visit) -> Response | None:
    """Send the browser to sign in where too many wrong ones have just ended its session; else ``None``."""
    if who.session is None or visit(desk, connection, is_use=False).session:
        return None
    note_refusal("too many wrong codes or passwords in one session")
    return drop_cookie(desk, go(SIGN_IN, told="too-late"))


def _counted(desk: Desk, connection: Connection[Any], who: Visit, step: str, *, is_right: bool) -> bool:
    """Count what came out, and put a wrong one on record; end the session where it is one too many."""
    session, owner = _signed_in(who)
    now, after = desk.clock.now(), {"address": address(), "step": step}
    if is_right:
        throttle.forget_session(connection, session.hash)
        return True
    caller, about = sessions.caller_of(session, owner), f"account:{owner.code}"
    acts.record(connection, caller, "account.proof_refused", about, after=after)
    if throttle.count_in_session(connection, session.hash, now=now):
        sessions.end(connection, owner.id, session.hash, now=now)
        acts.record(connection, caller, "account.end_sessions", about, after=after)
    return False


def _signed_in(who: Visit) -> tuple[Session, Owner]:
    if who.session is None or who.owner is None:
        raise SignInRefused(reason="nobody is signed in")
    return who.session, who.owner
