"""The way in: name and password, the second step, first use by an activation code."""

import re
from typing import Any

import flask
from flask import Response
from psycopg import Connection

from auth.audit import acts
from auth.credentials import sessions, totp
from auth.credentials.passwords import change_password
from auth.credentials.sessions import Carried, Owner, SignIn
from auth.model import PUBLIC
from auth.pages import in_session
from auth.pages.forms import (
    DIFFERENT,
    STALE,
    TYPED,
    ActivationForm,
    CodeForm,
    SignInForm,
    is_ours,
    text,
)
from auth.pages.visits import (
    CODE,
    HOME,
    SIGN_IN,
    Desk,
    Visit,
    address,
    drop_cookie,
    go,
    hold_visit,
    known,
    note_refusal,
    onward,
    page,
    set_cookie,
    visit,
)
from auth.people import throttle
from auth.people.sign_in import CODE_REFUSED_TEXT, REFUSED_TEXT, NeedsTotp, Refused, SignedIn, knows_password
from auth.people.sign_in import sign_in as check
from auth.people.states import expire_password
from core.errors import BadRequest, Conflict, Forbidden, SignInRefused
from core.phrases import Phrase

_CODE_NEEDED = Phrase("The account has a second factor: fill in its code as well.")
_ACTIVATION_CODE = re.compile(r"[A-Za-z2-7]{24}(?:[A-Za-z2-7]{8})?")


def sign_in(desk: Desk) -> Response:
    """Ask for name and password; take them."""
    form = SignInForm()
    if flask.request.method == "GET":
        with desk.identity.transaction() as connection:
            who = visit(desk, connection)
        return go(onward()) if who.session and not who.step else sign_in_page(desk)
    if not is_ours(form):
        return sign_in_page(desk, text(form.name), STALE)
    with desk.identity.transaction() as connection:
        result = check(
            connection,
            code=text(form.name),
            password=text(form.password),
            ip=address(),
            clock=desk.clock,
            key=desk.key,
        )
        if isinstance(result, SignedIn | NeedsTotp) and not result.by_code:
            return enter(desk, connection, result.account_id, "password")
        if isinstance(result, SignedIn):
            flask.g.caller = result.caller
    if not isinstance(result, Refused):
        return _activation_page(desk, text(form.name), typed=text(form.password))
    return sign_in_page(desk, text(form.name), result.text)


def sign_in_page(desk: Desk, name: str = "", problem: Phrase | None = None, *, status: int = 400) -> Response:
    """Return the page of sign-in, with what is wrong."""
    content = {"name": name[:128], "problem": problem, "sso": outside_door(desk, flask.request.args.get("next", ""))}
    return page(desk, "signin", content, status=status if problem else 200)


def outside_door(desk: Desk, wanted: str = "") -> str:
    """Return the address at which signing in through the outside provider begins; nothing where there is none."""
    if desk.provider is None:
        return ""
    return go("/account/sso", next=wanted).headers["Location"]


def enter(
    desk: Desk,
    connection: Connection[Any],
    account_id: int,
    way: str,
    *,
    with_second_factor: bool = False,
    wanted: str | None = None,
    told: str = "",
    carried: Carried | None = None,
) -> Response:
    """Go on after a first factor was right, under a new key whatever the browser had before.

    Send the browser to what its sign-in lacks; where nothing is missing, to where it wanted to go, with a session.

    Args:
        wanted: a path of ours; ``None``: what the address of this request says.
        told: what the page there tells.
        carried: ``None`` where this sign-in proves who its owner is as soon as it is whole.
    """
    now, wanted = desk.clock.now(), onward() if wanted is None else wanted
    key, begun = sessions.begin_sign_in(connection, account_id, way, now=now, carried=carried, random=desk.random)
    if with_second_factor:
        begun = sessions.pass_second_factor(connection, begun, now=now)
    who = known(desk, connection, account_id, sign_in=begun)
    if who.owner is None:
        note_refusal("the account may not be used")
        return drop_cookie(desk, go(SIGN_IN))
    flask.g.caller = sessions.caller_of(begun, who.owner)
    if who.step:
        return set_cookie(desk, go(who.step, next="" if wanted == HOME else wanted), key)
    return set_cookie(desk, go(wanted, told=told), finish(desk, connection, begun, who.owner))


def finish(desk: Desk, connection: Connection[Any], sign_in: SignIn, owner: Owner) -> str:
    """Turn a sign-in to which nothing is missing into a session; return what its cookie carries."""
    agent, now = flask.request.headers.get("User-Agent", ""), desk.clock.now()
    key = sessions.begin(connection, sign_in, now=now, address=address(), agent=agent, random=desk.random)
    session = sessions.find(connection, key, now=now)
    if session is None:
        raise SignInRefused(reason="the account has ended meanwhile")
    flask.g.caller = sessions.caller_of(session, owner)
    after = {"way": session.way, "address": session.address}
    acts.record(connection, flask.g.caller, "account.begin_session", f"account:{owner.code}", after=after)
    _forget_forms(owner)
    return key


def _forget_forms(owner: Owner) -> None:
    """Forget what was typed before; a token that the same account was about to make is another matter."""
    typed = flask.session.get(TYPED, {})
    flask.session.clear()
    if typed.get("account") == owner.id:
        flask.session[TYPED] = typed


def code(desk: Desk, connection: Connection[Any], who: Visit) -> Response:
    """Take the code of the second step, or a recovery code."""
    if who.sign_in is None or who.owner is None or who.step != CODE:
        return go(who.step or HOME)
    form = CodeForm()
    if flask.request.method == "GET":
        return page(desk, "code", {})
    if not is_ours(form):
        return page(desk, "code", {"problem": STALE}, status=400)
    if not takes_code(desk, connection, who, text(form.code)):
        return page(desk, "code", {"problem": REFUSED_TEXT}, status=400)
    expire_password(connection, who.owner.id, now=desk.clock.now())
    return enter(desk, connection, who.owner.id, who.sign_in.way, with_second_factor=True)


def takes_code(desk: Desk, connection: Connection[Any], who: Visit, given: str) -> bool:
    """Tell whether a code of the authenticator, or a recovery code, is right; wrong ones count as wrong passwords do.

    Those in a session count for it alone. The account is held then. The transaction must be committed whatever comes
    out.

    Raises:
        SignInRefused: the visit was ended meanwhile.
    """
    owner = who.owner
    if owner is None or who.session:
        return in_session.takes_code(desk, connection, who, given)
    closed = _gate(desk, connection, owner).is_closed
    hold_visit(desk, connection, who)
    if not closed and totp.takes(connection, owner.id, given, key=desk.key, now=desk.clock.now()):
        throttle.forget(connection, _gate(desk, connection, owner))
        return True
    _count_wrong(desk, connection, owner, "code")
    return False


def takes_password(desk: Desk, connection: Connection[Any], who: Visit, given: str) -> bool:
    """Tell whether a password is right; it is counted, held and committed as a code is.

    Raises:
        SignInRefused: the visit was ended meanwhile.
    """
    owner = who.owner
    if owner is None or who.session:
        return in_session.takes_password(desk, connection, who, given)
    closed = _gate(desk, connection, owner).is_closed
    is_right = not closed and knows_password(connection, owner.code, given, now=desk.clock.now())
    hold_visit(desk, connection, who)
    if not is_right:
        _count_wrong(desk, connection, owner, "password")
    return is_right


def _count_wrong(desk: Desk, connection: Connection[Any], owner: Owner, what: str) -> None:
    """Count and write down a wrong password or code."""
    gate = _gate(desk, connection, owner)
    throttle.count_failure(connection, gate)
    if gate.is_address_closed:
        return
    after = {"address": address(), "step": what}
    acts.record(connection, PUBLIC, "account.sign_in_refused", f"account:{owner.code}", after=after)


def _gate(desk: Desk, connection: Connection[Any], owner: Owner) -> throttle.Gate:
    return throttle.approach(connection, name=owner.code, address=address(), now=desk.clock.now())


def activate(desk: Desk) -> Response:
    """Take an activation code and a password of one's own, both or neither."""
    form = ActivationForm()
    if flask.request.method == "GET":
        return _activation_page(desk, "")
    name, typed = text(form.name), _kept_code(text(form.code))
    if not is_ours(form):
        return _activation_page(desk, name, STALE)
    if text(form.new) != text(form.again):
        return _activation_page(desk, name, typed=typed, again=DIFFERENT)
    try:
        with desk.identity.transaction() as connection, connection.transaction():
            result = _activated(desk, connection, form)
    except Forbidden as refusal:
        return _activation_page(desk, name, code=refusal.text)
    except (BadRequest, Conflict) as refusal:
        return _activation_page(desk, name, typed=typed, new=refusal.text)
    match result:
        case Refused():
            return _activation_page(desk, name, CODE_REFUSED_TEXT, typed=typed)
        case NeedsTotp():
            return _activation_page(desk, name, typed=typed, totp=_CODE_NEEDED)
        case SignedIn():
            flask.g.caller = result.caller
            return drop_cookie(desk, go(SIGN_IN, told="password-set"))


def _kept_code(typed: str) -> str:
    """Return what was typed where it looks like an activation code; a password is never written back.

    Whether the code is right changes nothing.
    """
    return typed if _ACTIVATION_CODE.fullmatch(re.sub(r"[\s-]", "", typed)) else ""


def _activated(desk: Desk, connection: Connection[Any], form: ActivationForm) -> SignedIn | NeedsTotp | Refused:
    """Use an activation code up and set the password; a password is no code, and is not told from a wrong one.

    Raises:
        BadRequest, Conflict: the password is refused; the code must stay good then.
        Forbidden: the code is over by now.
    """
    result = check(
        connection,
        code=text(form.name),
        password=text(form.code),
        totp_code=text(form.totp) or None,
        ip=address(),
        clock=desk.clock,
        key=desk.key,
        code_alone=True,
    )
    if isinstance(result, SignedIn):
        change_password(connection, result.account_id, current=text(form.code), new=text(form.new), clock=desk.clock)
    return result


def _activation_page(
    desk: Desk, name: str, problem: Phrase | None = None, *, typed: str = "", **faults: Phrase
) -> Response:
    """Return the page of first use; an activation code that was typed need not be typed again.

    No page of an account is stored, and only the browser that sent the code is shown it.
    """
    content = {"name": name[:128], "code": typed[:200], "problem": problem, "faults": faults}
    return page(desk, "activate", content, status=400 if problem or faults else 200)
