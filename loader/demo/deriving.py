"""Secrets of the demo, derived from the secret of the installation: whoever holds that can have them again."""

import base64
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime

from core.clocks import calendar_day


def derived(key: bytes, what: str, whose: str) -> bytes:
    """Return 32 bytes that depend on the key alone, for somebody and something."""
    return hmac.digest(key, f"datdai demo {what} {whose}".encode(), "sha256")


def source(secret: bytes) -> Callable[[int], bytes]:
    """Return a source of random bytes whose answer, where a secret of that length is asked for, is the secret."""
    return lambda size: secret if size == len(secret) else secrets.token_bytes(size)


def password_of(account: str, until: datetime, *, key: bytes) -> str:
    """Return the password of an account that is too old from an instant on; it has signs of every kind."""
    name = f"{account} {calendar_day(until)}"
    return "Dd1-" + base64.urlsafe_b64encode(derived(key, "password", name)[:15]).decode()


def second_factor_of(account: str, *, key: bytes) -> bytes:
    """Return the secret of an account's authenticator."""
    return derived(key, "totp", account)[:20]
