"""Passwords: their rules, their hashes, activation codes, and how the owner sets a new one.

The rules are those of the regulation (Điều 8.1): eight characters with upper and lower case, a digit and a special
character, a new one every three calendar months. Common ones are refused besides, and hashes are argon2id.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache, reduce
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from psycopg import Connection

from auth.audit.acts import record
from auth.credentials.blocklist import is_common
from auth.credentials.endings import end_sessions
from auth.credentials.tokens import end_consents
from auth.model import AccountState, Caller
from auth.rows import every, first, only
from core.calendar import add_months
from core.clocks import VIETNAM, Clock, calendar_day
from core.errors import BadRequest, Conflict, Forbidden
from core.limits import LIMITS
from core.marks import normalized
from core.phrases import Phrase
from database.queries import load

type Random = Callable[[int], bytes]

SHORTEST: Final = 8
MONTHS: Final = 3
"""Calendar months after which a password is too old."""
KEPT: Final = 5
"""Passwords that may not come back."""
WARNED: Final = (14, 7, 1)
"""Days before the end on which the owner is told."""
ACTIVATION_LIFETIME: Final = timedelta(hours=24)
_CODE_BYTES: Final = 15
_HALF_BYTES: Final = 10
_HALF_LENGTH: Final = 16
_CODE_GROUP: Final = 6
_AT_ONCE = threading.BoundedSemaphore(4)  # 46 MiB each
# Source: OWASP Password Storage Cheat Sheet, the choice of argon2id with 46 MiB; 91 ms on two cores.
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
_QUERIES = load("auth.credentials", "passwords.sql")


@dataclass(frozen=True, slots=True)
class _Owner:
    code: str
    person: str | None
    unit: str
    unit_name: str
    state: str
    password_until: datetime | None

    def names(self) -> tuple[str, ...]:
        return tuple(each for each in (self.code, self.person, self.unit, self.unit_name) if each)


def check_rules(password: str, own: Iterable[str] = ()) -> None:
    """Refuse a password that breaks a rule, and say every one that it breaks.

    Args:
        own: names that belong to the account and may not be the password.

    Raises:
        BadRequest: it breaks a rule.
    """
    faults = list(_faults(normal(password), own))
    if faults:
        raise BadRequest(
            "The password is refused. {}", reduce(lambda one, other: Phrase("{} {}", (one, other)), faults)
        )


def normal(password: str) -> str:
    """Return a password as it is hashed: in the form NFKC, so that every keyboard gives the same."""
    return normalized("NFKC", password)


def hashed(password: str) -> str:
    """Return the argon2id hash of a password; at most four are made at a time."""
    with _AT_ONCE:
        return _HASHER.hash(normal(password))


def is_password(password: str, hash_: str | None) -> bool:
    """Tell whether a hash is that of a password; for ``None`` the work is done all the same, and it is not."""
    given = normal(password[: LIMITS.password_max])
    with _AT_ONCE:
        try:
            _HASHER.verify(hash_ or _nobodys(), given)
        except (VerifyMismatchError, InvalidHashError):
            return False
    return hash_ is not None


def is_outdated(hash_: str) -> bool:
    """Tell whether a hash was made with other costs than those of now."""
    return _HASHER.check_needs_rehash(hash_)


def hash_anew(connection: Connection[Any], account_id: int, password: str) -> None:
    """Replace the hash of an account's password by one with the costs of now."""
    connection.execute(_QUERIES["hash_anew"].encode(), {"account": account_id, "hash": hashed(password)})


def change_password(
    connection: Connection[Any],
    account_id: int,
    *,
    current: str,
    new: str,
    clock: Clock,
    keep_session: str = "",
) -> datetime:
    """Give an account a new password, which its owner chose; return the first instant at which it is too old.

    The account is ``active`` from then on, and its other sessions and its consents end. Its personal tokens go on: each
    was made with a proof, for one purpose, and is revoked by itself. The transaction must be rolled back where this
    raises: an activation code is good still then.

    Args:
        current: the password before; the activation code of an account that has none, which is used up.
        keep_session: hash of the session that goes on.

    Raises:
        BadRequest: the new one breaks a rule.
        Forbidden: the current one is wrong, or the activation code is wrong, over or used.
        Conflict: the new one was used before, or the account may not have one now.
    """
    owner = only(connection, _Owner, _QUERIES["owner"], {"account": account_id})
    former = every(connection, str, _QUERIES["newest_hashes"], {"account": account_id, "kept": KEPT})
    if owner.state not in (AccountState.MUST_CHANGE, AccountState.ACTIVE):
        raise Conflict("The account may not have a password now.")
    if owner.password_until is None and not use_activation(connection, account_id, current, now=clock.now()):
        raise Forbidden("The activation code is wrong, over, or used already.")
    if owner.password_until is not None and not is_password(current, former[0]):
        raise Forbidden("The current password is wrong.")
    check_rules(new, owner.names())
    if any(is_password(new, hash_) for hash_ in former):
        raise Conflict("This password was used before. The last {} may not come back.", KEPT)
    until = _set(connection, account_id, new, clock.now())
    end_sessions(connection, account_id, now=clock.now(), keep=keep_session)
    end_consents(connection, account_id, now=clock.now())
    caller = Caller(f"account:{account_id}", "session", "", account_id, owner.code, unit=owner.unit)
    record(connection, caller, "account.change_password", f"account:{owner.code}")
    return until


def expiry(set_at: datetime) -> datetime:
    """Return the first instant at which a password is too old: midnight in Vietnam, three calendar months later."""
    return datetime.combine(add_months(calendar_day(set_at), MONTHS), time(), VIETNAM)


def warning(until: datetime, now: datetime) -> int | None:
    """Return the days left when the owner is to be told: from the fourteenth day before the end on."""
    left = (calendar_day(until) - calendar_day(now)).days
    return left if left <= WARNED[0] else None


def new_activation(
    connection: Connection[Any], account_id: int, *, clock: Clock, random: Random = secrets.token_bytes
) -> str:
    """Return a new activation code, good once within 24 hours; an earlier one of the account is not good any more.

    It cannot be read again: the database keeps its hash, and takes none of one piece for a privileged account.
    """
    code = _grouped(random(_CODE_BYTES))
    values = {"account": account_id, "hash": _code_hash(code), "until": clock.now() + ACTIVATION_LIFETIME}
    drop_activation(connection, account_id)
    connection.execute(_QUERIES["put_activation"].encode(), values)
    return code


def new_half(
    connection: Connection[Any],
    account_id: int,
    *,
    proposal: int,
    giver: int,
    clock: Clock,
    random: Random = secrets.token_bytes,
) -> str:
    """Return the approver's half of a new activation code; an earlier one of the account is not good any more.

    Nobody can use it before the other half was fetched; both are good together, once, within 24 hours.
    """
    half = _grouped(random(_HALF_BYTES))
    values = {"account": account_id, "hash": _code_hash(half), "until": clock.now() + ACTIVATION_LIFETIME}
    drop_activation(connection, account_id)
    connection.execute(_QUERIES["put_half"].encode(), values | {"proposal": proposal, "giver": giver})
    return half


def other_half(
    connection: Connection[Any],
    *,
    proposal: int,
    giver: int,
    clock: Clock,
    random: Random = secrets.token_bytes,
) -> str | None:
    """Return the half that the proposer gives, this once; ``None``: it was fetched, or the code is over or replaced."""
    half = _grouped(random(_HALF_BYTES))
    values = {"proposal": proposal, "giver": giver, "hash": _code_hash(half), "now": clock.now()}
    found = first(connection, int, _QUERIES["put_other_half"], values)
    return None if found is None else half


def is_activation(code: str, hash_: str | None) -> bool:
    """Tell whether a hash is that of an activation code, however it is grouped; of two halves either may come first."""
    return sum(hmac.compare_digest(each, hash_ or "") for each in _code_hashes(code)) > 0


def use_activation(connection: Connection[Any], account_id: int, code: str, *, now: datetime) -> bool:
    """Use up an activation code; tell whether it was good. Of many at once one succeeds."""
    values = {"account": account_id, "hashes": _code_hashes(code), "now": now}
    return first(connection, int, _QUERIES["use_activation"], values) is not None


def has_activation(connection: Connection[Any], account_id: int) -> bool:
    """Tell whether an account waits for its activation code."""
    return first(connection, int, _QUERIES["has_activation"], {"account": account_id}) is not None


def drop_password(connection: Connection[Any], account_id: int) -> None:
    """Let the password of an account be used no more."""
    connection.execute(_QUERIES["drop_password"].encode(), {"account": account_id})


def drop_activation(connection: Connection[Any], account_id: int) -> None:
    """End the activation code of an account, where it has one."""
    connection.execute(_QUERIES["drop_activation"].encode(), {"account": account_id})


def _set(connection: Connection[Any], account_id: int, password: str, now: datetime) -> datetime:
    until = expiry(now)
    values = {"account": account_id, "now": now, "until": until, "hash": hashed(password), "kept": KEPT}
    if first(connection, int, _QUERIES["password_set"], values) is None:
        raise Conflict("The account may not have a password now.")
    connection.execute(_QUERIES["insert_password"].encode(), values)
    connection.execute(_QUERIES["forget_old_passwords"].encode(), values)
    connection.execute(_QUERIES["drop_activation"].encode(), values)
    return until


def _faults(password: str, own: Iterable[str]) -> Iterator[Phrase]:
    if len(password) < SHORTEST:
        yield Phrase("It has fewer than {} characters.", (SHORTEST,))
    if len(password) > LIMITS.password_max:
        yield Phrase("It has more than {} characters.", (LIMITS.password_max,))
    if not any(sign.isupper() for sign in password):
        yield Phrase("It lacks an upper-case letter.")
    if not any(sign.islower() for sign in password):
        yield Phrase("It lacks a lower-case letter.")
    if not any(sign.isdigit() for sign in password):
        yield Phrase("It lacks a digit.")
    if not any(unicodedata.category(sign)[0] in "PS" for sign in password):
        yield Phrase("It lacks a special character.")
    if is_common(password, own):
        yield Phrase("It is common, or made of a name of yours.")


def _grouped(secret: bytes) -> str:
    text = base64.b32encode(secret).decode()
    return "-".join(text[at : at + _CODE_GROUP] for at in range(0, len(text), _CODE_GROUP))


def _code_hashes(code: str) -> list[str]:
    """Return what the code may be kept as: of one piece, or as two halves that lie in either order."""
    letters = _letters(code)
    if len(letters) != 2 * _HALF_LENGTH:
        return [_code_hash(code)]
    one, other = _code_hash(letters[:_HALF_LENGTH]), _code_hash(letters[_HALF_LENGTH:])
    return [one + other, other + one]


def _code_hash(code: str) -> str:
    return hashlib.sha256(_letters(code).encode()).hexdigest()


def _letters(code: str) -> str:
    return "".join(sign for sign in normal(code[: LIMITS.password_max]).upper() if sign.isalnum())


@cache
def _nobodys() -> str:
    """Return the hash of a password that nobody has: an unknown name costs the same work as a known one."""
    return _HASHER.hash(secrets.token_hex())
