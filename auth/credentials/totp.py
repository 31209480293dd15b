"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for a lost one.

Secrets lie encrypted (AES-SIV, RFC 5297) under a key that the server derives from its own secret, bound to the account;
a code works once, whatever the clock says.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from psycopg import Connection
from pyotp.totp import TOTP

from auth.rows import first, only
from core.clocks import Clock
from core.errors import Conflict, Forbidden
from database.queries import load

type Random = Callable[[int], bytes]

STEP_S: Final = 30
DRIFT: Final = 1
"""Steps that the owner's clock may be fast or slow."""
WAITING: Final = timedelta(minutes=15)
"""How long a secret that was begun may be confirmed."""
RECOVERY_CODES: Final = 10
ISSUER: Final = "datdai"
_SECRET_BYTES: Final = 20
_CODE_BYTES: Final = 10
_QUERIES = load("auth.credentials", "totp.sql")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the owner puts into an authenticator: the secret in base32, and the address that a QR code carries."""

    secret: str
    uri: str


def enrol(
    connection: Connection[Any],
    account_id: int,
    *,
    account: str,
    key: bytes,
    now: datetime,
    random: Random = secrets.token_bytes,
) -> Enrolment:
    """Begin a second factor, the first or another one; until ``confirm`` the one before stays.

    Args:
        account: its code, which the authenticator shows.
        key: 32 bytes, as ``core.settings.secret_key`` returns them.
    """
    secret = random(_SECRET_BYTES)
    values = {"account": account_id, "sealed": _seal(secret, account_id, key), "now": now}
    connection.execute(_QUERIES["begin"].encode(), values)
    text = base64.b32encode(secret).decode()
    return Enrolment(text, TOTP(text).provisioning_uri(name=account, issuer_name=ISSUER))


def confirm(
    connection: Connection[Any],
    account_id: int,
    code: str,
    *,
    key: bytes,
    clock: Clock,
    random: Random = secrets.token_bytes,
) -> tuple[str, ...]:
    """Confirm what ``enrol`` began by a first code of it; return the recovery codes, which cannot be read again.

    Raises:
        Forbidden: the code is wrong.
        Conflict: nothing waits to be confirmed, or it has waited for too long.
    """
    now = clock.now()
    sealed = first(connection, bytes, _QUERIES["begun"], {"account": account_id, "since": now - WAITING})
    if sealed is None:
        raise Conflict("There is no second factor to confirm.")
    step = _step_of(_totp(sealed, account_id, key), code, now)
    if step is None:
        raise Forbidden("The code is wrong.")
    values = {"account": account_id, "now": now, "step": step}
    for query in ("confirm", "drop_begun"):
        connection.execute(_QUERIES[query].encode(), values)
    return renew_recovery_codes(connection, account_id, random=random)


def verify(connection: Connection[Any], account_id: int, code: str, *, key: bytes, now: datetime) -> bool:
    """Tell whether a code of the authenticator is right and was not used; it is used up by that."""
    sealed = first(connection, bytes, _QUERIES["secret"], {"account": account_id})
    if sealed is None:
        return False
    step = _step_of(_totp(sealed, account_id, key), code, now)
    return step is not None and first(
        connection, int, _QUERIES["use_step"], {"account": account_id, "step": step}
    ) is not None  # fmt: skip


def takes(connection: Connection[Any], account_id: int, given: str, *, key: bytes, now: datetime) -> bool:
    """Tell whether a code of the authenticator, or a recovery code, is right and unused; it is used up by that."""
    by_authenticator = verify(connection, account_id, given, key=key, now=now)
    return by_authenticator or use_recovery_code(connection, account_id, given, now=now)


def use_recovery_code(connection: Connection[Any], account_id: int, code: str, *, now: datetime) -> bool:
    """Tell whether a recovery code is right and was not used; it is used up by that."""
    values = {"account": account_id, "hash": _hash(code), "now": now}
    return first(connection, int, _QUERIES["use_recovery_code"], values) is not None


def renew_recovery_codes(
    connection: Connection[Any], account_id: int, *, random: Random = secrets.token_bytes
) -> tuple[str, ...]:
    """Return new recovery codes, each good once; those of before end."""
    codes = tuple(_grouped(base64.b32encode(random(_CODE_BYTES)).decode()) for _ in range(RECOVERY_CODES))
    connection.execute(_QUERIES["drop_recovery_codes"].encode(), {"account": account_id})
    for code in codes:
        connection.execute(_QUERIES["put_recovery_code"].encode(), {"account": account_id, "hash": _hash(code)})
    return codes


def recovery_codes_left(connection: Connection[Any], account_id: int) -> int:
    """Count the recovery codes that are left."""
    return only(connection, int, _QUERIES["recovery_codes_left"], {"account": account_id})


def drop(connection: Connection[Any], account_id: int) -> bool:
    """Take the second factor from an account, and what was begun of one; tell whether it had one."""
    connection.execute(_QUERIES["drop_begun"].encode(), {"account": account_id})
    return first(connection, int, _QUERIES["drop_secret"], {"account": account_id}) is not None


def _totp(sealed: bytes, account_id: int, key: bytes) -> TOTP:
    return TOTP(base64.b32encode(_open(sealed, account_id, key)).decode())


def _step_of(totp: TOTP, code: str, now: datetime) -> int | None:
    given, step = code.replace(" ", "").encode(), int(now.timestamp()) // STEP_S
    steps = range(step - DRIFT, step + DRIFT + 1)
    found = [each for each in steps if hmac.compare_digest(totp.generate_otp(each).encode(), given)]
    return found[-1] if found else None


def _seal(secret: bytes, account_id: int, key: bytes) -> bytes:
    return _cipher(key).encrypt(secret, [str(account_id).encode()])


def _open(sealed: bytes, account_id: int, key: bytes) -> bytes:
    try:
        return _cipher(key).decrypt(sealed, [str(account_id).encode()])
    except InvalidTag as exc:
        raise Conflict("The second factor was sealed with another secret of the server; enrol anew.") from exc


def _cipher(key: bytes) -> AESSIV:
    return AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=b"datdai totp").derive(key))


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash(code: str) -> str:
    letters = "".join(sign for sign in code[:64].upper() if sign.isalnum())
    return hashlib.sha256(letters.encode()).hexdigest()
