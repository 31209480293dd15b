"""Sign in by name, password and second factor. Every refusal looks alike and costs the same work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from auth.audit.acts import record
from auth.credentials import passwords, totp
from auth.credentials.holds import hold_account
from auth.model import AccountKind, AccountState, Caller
from auth.people import throttle
from auth.people.states import expire_password
from auth.rows import first, only
from core.clocks import Clock
from core.errors import Unauthorized
from core.phrases import Phrase
from database.queries import load

REFUSED_TEXT: Final = Phrase("Name, password or code is wrong, or there were too many attempts. Try again later.")
CODE_REFUSED_TEXT: Final = Phrase(
    "Name, activation code or authentication code is wrong, the activation code is over or used already, or there were"
    " too many attempts. Look at the slip again, or try again later."
)
"""Where an activation code alone is taken: one text there as well."""
_QUERIES: Final = load("auth.people", "sign_in.sql")
_UNKNOWN: Final = Caller("public", "public", "")
_NAME_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and what must be done before anything else.

    Attributes:
        must_change: only a new password may be set, and no token issued.
        must_enrol: an admin or a head without a second factor: only that may be begun, and no token issued.
        days_left: until the password is too old, within the last 14 days.
        recovery_codes_left: after a recovery code was used.
        by_code: by an activation code, which is good still: only setting a password uses it up.
    """

    account_id: int
    account: str
    kind: AccountKind
    person: str | None
    unit_id: int
    unit: str
    must_change: bool
    must_enrol: bool
    days_left: int | None = None
    recovery_codes_left: int | None = None
    by_code: bool = False

    @property
    def caller(self) -> Caller:
        """Return the account as one that acts, for the record."""
        return Caller(
            f"account:{self.account_id}",
            "session",
            "",
            self.account_id,
            self.account,
            self.kind,
            self.unit_id,
            self.unit,
        )


@dataclass(frozen=True, slots=True)
class NeedsTotp:
    """Name and password are right; the same again with a code of the authenticator, or a recovery code."""

    account_id: int
    by_code: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """No. ``text`` is the one text for every reason."""

    text: Phrase = REFUSED_TEXT


type Result = SignedIn | NeedsTotp | Refused


@dataclass(frozen=True, slots=True)
class Owed:
    """What an account must still do before it may be used in full."""

    must_change: bool
    must_enrol: bool
    password_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    id: int
    code: str
    kind: str
    person: str | None
    unit_id: int
    unit: str
    state: str
    password_until: datetime | None
    hash: str | None
    activation: str | None
    has_totp: bool


def sign_in(
    connection: Connection[Any],
    *,
    code: str,
    password: str,
    totp_code: str | None = None,
    ip: str,
    clock: Clock,
    key: bytes,
    code_alone: bool = False,
) -> Result:
    """Sign in; the transaction must be committed whatever comes out of it, for failures are counted in it.

    Args:
        code: name of the account.
        password: or the activation code of an account that was handed over or reset, which stays good until a password
            is set by it, and is good for nothing else.
        totp_code: of the authenticator, or a recovery code; ``None`` where none was asked for yet.
        ip: address that the sign-in comes from.
        key: 32 bytes, as ``core.settings.secret_key`` returns them.
        code_alone: an activation code is taken, and no password.
    """
    now, name = clock.now(), code.strip().lower()[:_NAME_MAX]
    gate = throttle.approach(connection, name=name, address=ip, now=now)
    found = _candidate(connection, name, now)
    is_right = not gate.is_address_closed and _knows(found, password, code_alone=code_alone)
    if found is None or not is_right or gate.is_closed or not _is_still(connection, found, now):
        return _refuse(connection, gate, found, ip)
    if found.has_totp and totp_code is None:
        return NeedsTotp(found.id, by_code=_is_code(found, password))
    left = _second_factor(connection, found, totp_code, key, now) if found.has_totp else None
    if left is False:
        return _refuse(connection, gate, found, ip)
    throttle.forget(connection, gate)
    return _let_in(connection, found, password, ip, now, left)


def knows_password(connection: Connection[Any], code: str, password: str, *, now: datetime) -> bool:
    """Tell whether a password is that of an account whose owner is signed in; the account is held where it is.

    Nothing is counted: that is for who asks.
    """
    found = _candidate(connection, code, now)
    is_right = passwords.is_password(password, found.hash if found and found.password_until is not None else None)
    return found is not None and is_right and _is_still(connection, found, now)


def owed_by(connection: Connection[Any], account_id: int, *, now: datetime) -> Owed:
    """Return what an account must still do.

    Raises:
        Unauthorized: it may not be used at all.
    """
    found = first(connection, Owed, _QUERIES["owed"], {"account": account_id, "now": now})
    if found is None:
        raise Unauthorized
    return found


def _candidate(connection: Connection[Any], name: str, now: datetime) -> _Candidate | None:
    return first(connection, _Candidate, _QUERIES["candidate"], {"code": name, "now": now})


def _is_still(connection: Connection[Any], found: _Candidate, now: datetime) -> bool:
    """Hold the account; tell whether it is what the password was compared with, which took its time."""
    hold_account(connection, found.id)
    return _candidate(connection, found.code, now) == found


def _knows(found: _Candidate | None, password: str, *, code_alone: bool) -> bool:
    """Tell whether a password, or an activation code, is the account's; the work is that of one password always."""
    usable = found.hash if found and found.password_until is not None else None
    by_password = passwords.is_password(password, usable)
    return _is_code(found, password) or (by_password and not code_alone)


def _is_code(found: _Candidate | None, password: str) -> bool:
    """Tell whether what was typed is the activation code of an account that waits for its password."""
    is_right = passwords.is_activation(password, found.activation if found else None)
    return is_right and found is not None and found.state == AccountState.MUST_CHANGE and found.password_until is None


def _second_factor(
    connection: Connection[Any], found: _Candidate, code: str | None, key: bytes, now: datetime
) -> bool | int:
    """Return True for a right code, the number of those left for a right recovery code, False for neither."""
    if totp.verify(connection, found.id, code or "", key=key, now=now):
        return True
    if totp.use_recovery_code(connection, found.id, code or "", now=now):
        return totp.recovery_codes_left(connection, found.id)
    return False


def _let_in(
    connection: Connection[Any], found: _Candidate, password: str, ip: str, now: datetime, left: bool | int | None
) -> SignedIn:
    if found.hash and found.password_until and passwords.is_outdated(found.hash):
        passwords.hash_anew(connection, found.id, password)
    expire_password(connection, found.id, now=now)
    owed = only(connection, Owed, _QUERIES["owed"], {"account": found.id, "now": now})
    until = owed.password_until
    signed_in = SignedIn(
        account_id=found.id,
        account=found.code,
        kind=AccountKind(found.kind),
        person=found.person,
        unit_id=found.unit_id,
        unit=found.unit,
        must_change=owed.must_change,
        must_enrol=owed.must_enrol,
        days_left=passwords.warning(until, now) if until else None,
        recovery_codes_left=None if isinstance(left, bool) else left,
        by_code=_is_code(found, password),
    )
    record(connection, signed_in.caller, "account.sign_in", f"account:{found.code}", after={"address": ip})
    return signed_in


def _refuse(connection: Connection[Any], gate: throttle.Gate, found: _Candidate | None, ip: str) -> Refused:
    """Count and write down a failure; what was typed for an unknown name may be a password, and is not kept."""
    throttle.count_failure(connection, gate)
    about = f"account:{found.code}" if found else "account:-"
    if not gate.is_address_closed:
        record(connection, _UNKNOWN, "account.sign_in_refused", about, after={"address": ip})
    return Refused()
