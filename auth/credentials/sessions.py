"""Sessions of browsers: begun when a sign-in is whole, found by a cookie, ended by time, by their owner or by an act.

A password alone makes no session. It makes a *sign-in*, which lives for some minutes and is good for nothing but what
is missing: the second factor, a new password. The database keeps hashes of what cookies carry, never what they carry.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row, kwargs_row

from auth.credentials.holds import hold_account
from auth.credentials.tokens import Prefix, Random, hash_of, is_wellformed, new_secret
from auth.model import AccountKind, AccountState, Caller
from core.errors import SignInRefused
from database.queries import load

IDLE = timedelta(minutes=30)
"""How long a session lives without use."""
WHOLE = timedelta(hours=12)
"""How long it lives at most."""
SIGN_IN_LASTS = timedelta(minutes=10)
KEPT = timedelta(days=90)
"""How long a session that is over can be read about."""
AGENT_MAX = 200
MARK_LENGTH = 16
"""Characters of a hash that name a session to its owner."""

SECURE_COOKIE = "__Host-datdai"
COOKIE = "datdai"
"""Where the service is reached over plain http: on the machine itself."""

_QUERIES = load("auth.credentials", "sessions.sql")


@dataclass(frozen=True, slots=True)
class Session:
    """A session.

    Attributes:
        way: ``password`` or ``sso``.
        proved_at: when its owner last proved who they are; ``None``: an outside provider let them in, and did not say.
    """

    hash: str
    account_id: int
    way: str
    address: str
    agent: str
    begun_at: datetime
    seen_at: datetime
    expires_at: datetime
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that lacks something still.

    Attributes:
        proves: when it is whole its owner has proved who they are; else the session keeps ``proved_at`` of before.
    """

    hash: str
    account_id: int
    way: str
    begun_at: datetime
    second_factor_at: datetime | None
    proves: bool = True
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """A sign-in proves nothing anew: the session that comes of it keeps a proof of before, or has none."""

    proved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose session it is.

    Attributes:
        may_act: the account is active, its password not too old and its position not over: it may do what it may.
    """

    id: int
    code: str
    kind: AccountKind
    person: str | None
    state: AccountState
    password_until: datetime | None
    unit_id: int
    unit: str
    unit_name: str
    enrolled: bool
    recovery_left: int
    may_act: bool


def cookie_name(base_url: str) -> str:
    """Return the name of the cookie of a service: one that its address alone can set, where that is https."""
    return SECURE_COOKIE if base_url.startswith("https://") else COOKIE


def begin(
    connection: Connection[Any],
    sign_in: SignIn,
    *,
    now: datetime,
    address: str = "",
    agent: str = "",
    random: Random = secrets.token_bytes,
) -> str:
    """Turn a whole sign-in into a session; return what its cookie carries, new 256 random bits.

    Raises:
        SignInRefused: the sign-in was used already.
    """
    hold_account(connection, sign_in.account_id)
    if connection.execute(_QUERIES["end_sign_in"].encode(), {"hash": sign_in.hash}).rowcount != 1:
        raise SignInRefused(reason="the sign-in was used already")
    key = new_secret(Prefix.SESSION, random=random)
    values = {
        "hash": hash_of(key),
        "account_id": sign_in.account_id,
        "way": sign_in.way,
        "address": address,
        "agent": _printable(agent),
        "now": now,
        "idle": IDLE,
        "proved_at": now if sign_in.proves else sign_in.proved_at,
    }
    connection.execute(_QUERIES["insert_session"].encode(), values)
    return key


def renew_proof(
    connection: Connection[Any], session: Session, *, now: datetime, random: Random = secrets.token_bytes
) -> str:
    """Note that the owner of a session has proved anew who they are; return what its cookie carries from now on.

    The session goes on under a new key, so that who had got hold of the old one has nothing of the proof.

    Raises:
        SignInRefused: the session was ended meanwhile.
    """
    hold_account(connection, session.account_id)
    key = new_secret(Prefix.SESSION, random=random)
    values = {"old": session.hash, "new": hash_of(key), "now": now}
    if connection.execute(_QUERIES["renew_session"].encode(), values).rowcount != 1:
        raise SignInRefused(reason="the session was ended meanwhile")
    connection.execute(_QUERIES["end_old_session"].encode(), values)
    return key


def look(connection: Connection[Any], key: str, *, now: datetime) -> Session | None:
    """Return the session that a cookie names, if it is alive; that alone is no use of it."""
    if not is_wellformed(key, Prefix.SESSION):
        return None
    values = {"hash": hash_of(key), "now": now}
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(_QUERIES["live_session"].encode(), values).fetchone()


def find(connection: Connection[Any], key: str, *, now: datetime) -> Session | None:
    """Return the session that a cookie names, if it is alive; this is a use, which moves its end on.

    The row of the session is held then; an account is held before it, never after.
    """
    session = look(connection, key, now=now)
    if session:
        touch(connection, session.hash, now=now)
    return session


def touch(connection: Connection[Any], hash_: str, *, now: datetime) -> None:
    """Note a use of a session, known by its hash, which moves its end on; a busy one is written once a minute."""
    values = {"hash": hash_, "now": now, "idle": IDLE, "whole": WHOLE}
    connection.execute(_QUERIES["see_session"].encode(), values)


def of_account(connection: Connection[Any], account_id: int, *, now: datetime) -> list[Session]:
    """Return the sessions of an account that are alive, the latest first."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        values = {"account_id": account_id, "now": now}
        return cursor.execute(_QUERIES["sessions_of_account"].encode(), values).fetchall()


def before(connection: Connection[Any], session: Session) -> Session | None:
    """Return the session that the same account began last before this one, alive or not."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        values = {"account_id": session.account_id, "before": session.begun_at}
        return cursor.execute(_QUERIES["session_before"].encode(), values).fetchone()


def end(connection: Connection[Any], account_id: int, mark: str, *, now: datetime) -> bool:
    """End a session of an account, named by its hash or the first 16 characters of it; tell whether there was one."""
    if len(mark) < MARK_LENGTH:
        return False
    values = {"account_id": account_id, "mark": mark, "now": now}
    return connection.execute(_QUERIES["end_session"].encode(), values).rowcount > 0


def begin_sign_in(
    connection: Connection[Any],
    account_id: int,
    way: str,
    *,
    now: datetime,
    carried: Carried | None = None,
    random: Random = secrets.token_bytes,
) -> tuple[str, SignIn]:
    """Keep that somebody has proved to be the owner of an account by a first factor; the account is held.

    Args:
        carried: ``None`` where it proves who its owner is as soon as it is whole.

    Returns:
        What the cookie carries, and the sign-in.
    """
    hold_account(connection, account_id)
    key = new_secret(Prefix.SESSION, random=random)
    values = {"hash": hash_of(key), "account_id": account_id, "way": way, "now": now, "lasts": SIGN_IN_LASTS}
    proves, proved_at = carried is None, carried and carried.proved_at
    values |= {"proves": proves, "proved_at": proved_at}
    connection.execute(_QUERIES["clear_sign_ins"].encode(), {"now": now})
    connection.execute(_QUERIES["insert_sign_in"].encode(), values)
    return key, SignIn(hash_of(key), account_id, way, now, None, proves, proved_at)


def find_sign_in(connection: Connection[Any], key: str, *, now: datetime) -> SignIn | None:
    """Return the sign-in that a cookie names, if it is alive."""
    if not is_wellformed(key, Prefix.SESSION):
        return None
    with connection.cursor(row_factory=class_row(SignIn)) as cursor:
        return cursor.execute(_QUERIES["live_sign_in"].encode(), {"hash": hash_of(key), "now": now}).fetchone()


def pass_second_factor(connection: Connection[Any], sign_in: SignIn, *, now: datetime) -> SignIn:
    """Note that the second factor of a sign-in was right; return the sign-in as it is from then on."""
    connection.execute(_QUERIES["pass_second_factor"].encode(), {"hash": sign_in.hash, "now": now})
    return replace(sign_in, second_factor_at=now)


def end_sign_in(connection: Connection[Any], sign_in: SignIn) -> None:
    """Forget a sign-in."""
    connection.execute(_QUERIES["end_sign_in"].encode(), {"hash": sign_in.hash})


def clear(connection: Connection[Any], *, now: datetime) -> int:
    """Forget what is long over; return how many sessions. Of each account the last one stays."""
    connection.execute(_QUERIES["clear_sign_ins"].encode(), {"now": now})
    return connection.execute(_QUERIES["clear_sessions"].encode(), {"before": now - KEPT}).rowcount


def owner(connection: Connection[Any], account_id: int, *, now: datetime) -> Owner:
    """Return whose sessions an account's are."""
    with connection.cursor(row_factory=kwargs_row(_owner)) as cursor:
        found = cursor.execute(_QUERIES["owner"].encode(), {"account_id": account_id, "now": now}).fetchone()
    if found is None:
        raise SignInRefused(reason="there is no such account")
    return found


def _owner(*, kind: str, state: str, **values: Any) -> Owner:
    return Owner(kind=AccountKind(kind), state=AccountState(state), **values)


def caller_of(session: Session | SignIn, owner: Owner) -> Caller:
    """Return who asks by a session, or signs in just now; scopes do not narrow it."""
    return Caller(
        subject=f"account:{owner.id}",
        kind="session",
        key=session.hash,
        account_id=owner.id,
        account=owner.code,
        account_kind=owner.kind,
        unit_id=owner.unit_id,
        unit=owner.unit,
        proved_at=session.proved_at,
    )


def _printable(agent: str) -> str:
    """Return what a browser calls itself, without what cannot be shown."""
    return "".join(each for each in agent if each.isprintable())[:AGENT_MAX]
