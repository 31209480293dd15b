"""Personal tokens of the demo's accounts, the same ones each time they are asked for.

The database keeps hashes only, so a token that was made once could never be shown again. Those of the demo are derived
from the secret of the installation: who holds it can show them, and nobody else can.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, Final

from psycopg import Connection

from auth.credentials.tokens import (
    ADMINISTRATION,
    ADMINISTRATION_LIFETIME_MAX,
    PERSONAL_LIFETIME_MAX,
    SCOPES,
    hash_of,
    issue_personal,
    new_secret,
)
from auth.model import AccountKind, Caller
from database.queries import load
from loader.demo.deriving import derived, source
from loader.demo.stage import callers

PURPOSE: Final = "Dữ liệu mẫu"
_QUERIES: Final = load("loader.demo", "demo.sql")


def issued(connection: Connection[Any], accounts: Iterable[str], *, key: bytes, now: datetime) -> Mapping[str, str]:
    """Return a personal token of each of these accounts that may act, by its code; issue those that are missing.

    Args:
        connection: of the login that keeps accounts, in a transaction.
        key: 32 bytes; equal keys give equal tokens, until one is revoked or about to expire.
    """
    acting = callers(connection, now)
    return {code: _token(connection, acting[code], key, now) for code in accounts if code in acting}


def token_of(account: str, *, key: bytes, number: int = 0) -> str:
    """Return the token of that number of an account, issued or not."""
    return new_secret(random=source(derived(key, "token", f"{account} {number}")))


def _token(connection: Connection[Any], owner: Caller, key: bytes, now: datetime) -> str:
    """Return the first derived token that is good, or that was never issued and is now."""
    account = owner.account or ""
    numbered = ((number, token_of(account, key=key, number=number)) for number in count())
    found = ((number, token, _standing(connection, token, now)) for number, token in numbered)
    number, token, standing = next(each for each in found if each[2] is not False)
    if standing is None:
        random = source(derived(key, "token", f"{account} {number}"))
        scopes = _scopes(owner)
        lifetime = ADMINISTRATION_LIFETIME_MAX if ADMINISTRATION in scopes else PERSONAL_LIFETIME_MAX
        issue_personal(connection, owner, purpose=PURPOSE, scopes=scopes, lifetime=lifetime, now=now, random=random)
    return token


def _standing(connection: Connection[Any], token: str, now: datetime) -> bool | None:
    """Tell whether a token is good for a day at least; ``None``: it was never issued."""
    row = connection.execute(_QUERIES["standing"].encode(), {"hash": hash_of(token), "now": now}).fetchone()
    return None if row is None else bool(row[0])


def _scopes(owner: Caller) -> list[str]:
    administers = owner.account_kind in {AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD}
    return [each for each in SCOPES if administers or each != ADMINISTRATION]
