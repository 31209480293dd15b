"""The page of the second factor: begun, confirmed by a first code, moved to another phone."""

import re
from typing import Any

import flask
import segno
from flask import Response
from psycopg import Connection
from pyotp.totp import TOTP

from auth.audit import acts
from auth.credentials import totp
from auth.credentials.proof import is_fresh
from auth.credentials.sessions import Owner
from auth.model import Caller
from auth.pages.entry import finish, takes_code
from auth.pages.forms import STALE, Confirmation, SecondFactorForm, is_ours, text
from auth.pages.in_session import turned_out
from auth.pages.proof import at_provider, to_provider
from auth.pages.visits import (
    HOME,
    SECOND_FACTOR,
    Desk,
    Visit,
    go,
    hold_visit,
    note_refusal,
    onward,
    page,
    set_cookie,
    to_proof,
    to_step,
)
from auth.people.sign_in import REFUSED_TEXT
from core.errors import Conflict, Forbidden
from core.phrases import Phrase

_SECRET = re.compile(r"[A-Z2-7]{16,64}")


def second_factor(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Show whether there is one; begin, confirm or move it."""
    owner = who.owner
    if owner is None or who.step not in (None, SECOND_FACTOR):
        return to_step(who)
    if _lacks_proof(desk, who, owner):
        return _proof_first(desk, who)
    form = SecondFactorForm()
    if flask.request.method == "GET":
        return _page(desk, who, owner)
    if not is_ours(form):
        return _page(desk, who, owner, STALE)
    if text(form.act) == "confirm":
        return _confirmed(desk, connection, who, owner, form)
    return _begun(desk, connection, who, owner, form)


def _lacks_proof(desk: Desk, who: Visit, owner: Owner) -> bool:
    """Tell whether a first second factor would be made by somebody who has not proved of late who they are.

    Who finds an open browser, here or at the outside provider, makes none of their own.
    """
    now = desk.clock.now()
    if owner.enrolled:
        return False
    if who.sign_in:
        return not who.sign_in.proves and not is_fresh(who.sign_in.proved_at, now)
    return not who.has_proved(now)


def _proof_first(desk: Desk, who: Visit) -> Response:
    """Send the browser to prove who sits before it: in a sign-in that the outside provider let in, at the provider."""
    if who.session:
        return to_proof(SECOND_FACTOR)
    note_refusal("the outside provider did not ask of late who this is")
    form = Confirmation()
    if flask.request.method == "GET":
        return at_provider(desk)
    return to_provider(onward()) if is_ours(form) else at_provider(desk, STALE)


def _begun(desk: Desk, connection: Connection[Any], who: Visit, owner: Owner, form: SecondFactorForm) -> Response:
    """Make a new secret; a code of the one before is asked for first, which stays until the new one is confirmed."""
    if owner.enrolled and not takes_code(desk, connection, who, text(form.code)):
        return turned_out(desk, connection, who) or _page(desk, who, owner, code=REFUSED_TEXT)
    if not owner.enrolled:
        hold_visit(desk, connection, who)
    begun = totp.enrol(connection, owner.id, account=owner.code, key=desk.key, now=desk.clock.now(), random=desk.random)
    return _page(desk, who, owner, secret=begun.secret)


def _confirmed(desk: Desk, connection: Connection[Any], who: Visit, owner: Owner, form: SecondFactorForm) -> Response:
    """Take the first code, and show the recovery codes this once."""
    hold_visit(desk, connection, who)
    try:
        codes = totp.confirm(connection, owner.id, text(form.code), key=desk.key, clock=desk.clock, random=desk.random)
    except Forbidden as refusal:
        return _page(desk, who, owner, secret=text(form.secret), code=refusal.text)
    except Conflict as refusal:
        return _page(desk, who, owner, refusal.text)
    _record(connection, owner, "account.enrol_second_factor")
    content = {"codes": codes, "onward": go(onward()).headers["Location"] if who.sign_in else HOME}
    if who.sign_in is None:
        return page(desk, "recovery-codes", content)
    key = finish(desk, connection, who.sign_in, owner)
    return set_cookie(desk, page(desk, "recovery-codes", content), key)


def _page(
    desk: Desk, who: Visit, owner: Owner, problem: Phrase | None = None, *, secret: str = "", **faults: Phrase
) -> Response:
    shown = secret if _SECRET.fullmatch(secret) else ""
    content = {
        "must": who.step == SECOND_FACTOR,
        "enrolled": owner.enrolled,
        "recovery_left": owner.recovery_left,
        "qr": _qr(shown, owner.code) if shown else "",
        "secret": " ".join(shown[at : at + 4] for at in range(0, len(shown), 4)),
        "plain_secret": shown,
        "problem": problem,
        "faults": faults,
    }
    return page(desk, "second-factor", content, status=400 if problem or faults else 200)


def _qr(secret: str, account: str) -> str:
    """Return the picture that an authenticator reads, as the address of an image that carries itself."""
    address = TOTP(secret).provisioning_uri(name=account, issuer_name=totp.ISSUER)
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2)


def _record(connection: Connection[Any], owner: Owner, act: str) -> None:
    caller = Caller(f"account:{owner.id}", "session", "", owner.id, owner.code, owner.kind, owner.unit_id, owner.unit)
    acts.record(connection, caller, act, f"account:{owner.code}")
