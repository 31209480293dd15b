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
from datetime import datetime
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
    connection: Connection[Any], account_id: int, *, account: str, key: bytes, random: Random = secrets.token_bytes
) -> Enrolment:
    """Begin the second factor of an account; until ``confirm`` it is asked of nobody.

    Args:
        account: its code, which the authenticator shows.
        key: 32 bytes, as ``core.settings.secret_key`` returns them.

    Raises:
        Conflict: the account has one.
    """
    secret = random(_SECRET_BYTES)
    values = {"account": account_id, "sealed": _seal(secret, account_id, key)}
    if first(connection, int, _QUERIES["put_secret"], values) is None:
        raise Conflict("The account has a second factor already.")
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
    """Confirm the second factor by a first code; return the recovery codes, which cannot be read again.

    Raises:
        Forbidden: the code is wrong, or was used.
        Conflict: nothing waits to be confirmed.
    """
    if is_enrolled(connection, account_id) is not False:
        raise Conflict("There is no second factor to confirm.")
    if not verify(connection, account_id, code, key=key, now=clock.now()):
        raise Forbidden("The code is wrong.")
    only(connection, int, _QUERIES["confirm"], {"account": account_id, "now": clock.now()})
    return renew_recovery_codes(connection, account_id, random=random)


def is_enrolled(connection: Connection[Any], account_id: int) -> bool | None:
    """Tell whether the account has a confirmed second factor; ``None``: not even one to confirm."""
    return first(connection, _confirmed, _QUERIES["secret"], {"account": account_id})


def verify(connection: Connection[Any], account_id: int, code: str, *, key: bytes, now: datetime) -> bool:
    """Tell whether a code of the authenticator is right and was not used; it is used up by that."""
    sealed = first(connection, _sealed, _QUERIES["secret"], {"account": account_id})
    if sealed is None:
        return False
    totp = TOTP(base64.b32encode(_open(sealed, account_id, key)).decode())
    step = _step_of(totp, code, int(now.timestamp()) // STEP_S)
    return step is not None and first(
        connection, int, _QUERIES["use_step"], {"account": account_id, "step": step}
    ) is not None  # fmt: skip


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
    """Take the second factor from an account; tell whether it had one."""
    return first(connection, int, _QUERIES["drop_secret"], {"account": account_id}) is not None


def _sealed(sealed: bytes, _confirmed: bool) -> bytes:
    return sealed


def _confirmed(_sealed: bytes, confirmed: bool) -> bool:
    return confirmed


def _step_of(totp: TOTP, code: str, now: int) -> int | None:
    given = code.replace(" ", "").encode()
    steps = (now + drift for drift in range(-DRIFT, DRIFT + 1))
    found = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), given)]
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
