"""Opaque tokens: their format, their hash, and how they are issued, found and ended.

A token is ``lda_`` with 256 random bits and a checksum, 54 characters that scanners of leaked secrets recognise. The
database keeps its SHA-256 alone. What is no token to the service, like a code or a client's secret, has the same form
with another prefix, so that one can never be taken for another.
"""

import hashlib
import re
import secrets
import uuid
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from auth.audit import acts
from auth.credentials.holds import hold_account, may_still_act
from auth.model import AccountKind, Caller
from core.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthorized
from core.marks import normalized
from database.queries import load

type Random = Callable[[int], bytes]
type Network = IPv4Network | IPv6Network

SCOPES = ("features:read", "tiles:read", "records:read", "processes:execute", "features:write", "admin")
"""What a token may be narrowed to, coarsely; never more than its account's agreements give."""
ADMINISTRATION = "admin"
"""The scope that opens the admin API."""
ACCESS_LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(hours=8)
"""From one refresh to the next."""
FAMILY_LIFETIME = timedelta(hours=12)
"""From the consent to the last access token."""
CODE_LIFETIME = timedelta(minutes=1)
DEVICE_LIFETIME = timedelta(minutes=15)
PERSONAL_LIFETIME_MAX = timedelta(days=90)
ADMINISTRATION_LIFETIME_MAX = timedelta(days=7)
"""Of a personal token that opens the admin API: such a one reads, drafts and takes back, for a script of some days."""
PERSONAL_MAX = 20
"""Personal tokens that one account may have at a time."""
PURPOSE_MAX = 200
NETWORKS_MAX = 16

_MAY_NOT_ACT = "This account may not act now: its owner has not activated it, or it is suspended or over."
_QUERIES = load("auth.credentials", "tokens.sql")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES = 32
_RANDOM_CHARACTERS = 43  # 62 ** 43 > 2 ** 256
_CHECK_CHARACTERS = 6  # 62 ** 6 > 2 ** 32
_FORM = re.compile(r"[a-z]{3}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")


class Prefix(StrEnum):
    """What a secret is good for."""

    TOKEN = "lda"  # noqa: S105 - a prefix
    REFRESH = "ldr"
    CODE = "ldc"
    DEVICE = "ldd"
    CLIENT_SECRET = "lds"  # noqa: S105 - a prefix
    SESSION = "ldp"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token or a personal token, as the database knows it.

    Attributes:
        networks: those of the token's issue; ``client_networks`` are the client's own of now. It is good in both.
        proved_at: when the person behind its consent had last proved who they are; ``None`` where none did.
    """

    hash: str
    kind: str
    account_id: int
    client_id: str | None
    scopes: list[str]
    family: uuid.UUID
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    purpose: str
    networks: list[Network]
    used_at: datetime | None
    proved_at: datetime | None = None
    client_networks: list[Network] = field(default_factory=list[Network])


@dataclass(frozen=True, slots=True)
class Consent:
    """What an account allowed a client, alive still.

    Attributes:
        client, unit: names of the client and of its unit, for people.
        used_at: when a token of it was last used, to some minutes.
    """

    id: uuid.UUID
    client_id: str
    client: str
    unit: str
    begun_at: datetime
    ends_at: datetime
    scopes: list[str]
    used_at: datetime | None


def new_secret(prefix: Prefix = Prefix.TOKEN, *, random: Random = secrets.token_bytes) -> str:
    """Return a new secret; ``random`` gives so many random bytes."""
    body = f"{prefix}_{_base62(int.from_bytes(random(_RANDOM_BYTES)), _RANDOM_CHARACTERS)}"
    return f"{body}_{_checksum(body)}"


def is_wellformed(text: str, prefix: Prefix = Prefix.TOKEN) -> bool:
    """Tell whether a text can be such a secret: what is mistyped or cut off is known without asking the database."""
    body, _, check = text.rpartition("_")
    return bool(_FORM.fullmatch(text)) and text.startswith(f"{prefix}_") and check == _checksum(body)


def hash_of(secret: str) -> str:
    """Return the lower-case hexadecimal SHA-256 of a secret, which is all that is kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_access(
    connection: Connection[Any],
    *,
    account_id: int,
    client_id: str,
    scopes: Collection[str],
    family: uuid.UUID,
    now: datetime,
    expires_at: datetime,
    random: Random = secrets.token_bytes,
) -> str:
    """Issue an access token, good from where the client is; it cannot be read again."""
    token = new_secret(random=random)
    values = {
        "hash": hash_of(token),
        "account_id": account_id,
        "client_id": client_id,
        "scopes": in_order(scopes),
        "family": family,
        "now": now,
        "expires_at": expires_at,
    }
    connection.execute(_QUERIES["insert_access"].encode(), values)
    return token


def issue_personal(
    connection: Connection[Any],
    actor: Caller,
    *,
    purpose: str,
    scopes: Collection[str],
    lifetime: timedelta,
    now: datetime,
    networks: Sequence[str] = (),
    random: Random = secrets.token_bytes,
) -> tuple[str, Token]:
    """Issue a personal token to the account that asks; the secret is returned this once.

    Args:
        lifetime: at most ``PERSONAL_LIFETIME_MAX``, with the scope ``admin`` ``ADMINISTRATION_LIFETIME_MAX``.
        networks: addresses or networks (CIDR) that it may be used from; none: from anywhere.

    Raises:
        BadRequest: no purpose, an unknown scope, a lifetime or a network that is none.
        Forbidden: the caller signed in by a token, or is nobody: a token makes no other.
        Conflict: the account has as many tokens as it may have, or may not act now.
    """
    account_id = _maker(actor)
    _check_lifetime(lifetime, scopes)
    secret = new_secret(random=random)
    values = {
        "hash": hash_of(secret),
        "account_id": account_id,
        "scopes": checked_scopes(scopes),
        "family": uuid.UUID(bytes=random(16), version=4),
        "now": now,
        "expires_at": now + lifetime,
        "purpose": _checked_purpose(purpose),
        "networks": [str(network) for network in checked_networks(networks)],
    }
    hold_account(connection, account_id)
    if not may_still_act(connection, actor):
        raise Conflict(_MAY_NOT_ACT)
    _require_room(connection, account_id, now)
    connection.execute(_QUERIES["insert_personal"].encode(), values)
    token = _by_hash(connection, values["hash"])
    acts.record(connection, actor, "token.issue", f"token:{token.hash[:16]}", after=_told(token))
    return secret, token


def tokens_of(connection: Connection[Any], account_id: int, *, now: datetime) -> list[Token]:
    """Return the personal tokens of an account that are good now, the newest first."""
    with connection.cursor(row_factory=class_row(Token)) as cursor:
        values = {"account_id": account_id, "now": now}
        return cursor.execute(_QUERIES["personal_of_account"].encode(), values).fetchall()


def find(connection: Connection[Any], secret: str, *, now: datetime) -> Token | None:
    """Return the token that a secret is, if it is good now; ``None`` for whatever else it may be."""
    if not is_wellformed(secret):
        return None
    with connection.cursor(row_factory=class_row(Token)) as cursor:
        values = {"hash": hash_of(secret), "now": now}
        return cursor.execute(_QUERIES["good_token"].encode(), values).fetchone()


def caller_of(connection: Connection[Any], secret: str, *, now: datetime, address: str) -> Caller:
    """Return who a token lets in from an address.

    Raises:
        Unauthorized: it is not good now, or not from there.
    """
    token = find(connection, secret, now=now)
    if token is None or not (is_from(token.networks, address) and is_from(token.client_networks, address)):
        raise Unauthorized
    values = {"account_id": token.account_id, "now": now}
    found = connection.execute(_QUERIES["acting"].encode(), values).fetchone()
    if found is None:
        raise Unauthorized
    code, kind, unit_id, unit = found
    return Caller(
        f"account:{token.account_id}",
        "token",
        token.hash,
        account_id=token.account_id,
        account=code,
        account_kind=AccountKind(kind),
        unit_id=unit_id,
        unit=unit,
        client_id=token.client_id,
        scopes=frozenset(token.scopes),
        proved_at=token.proved_at,
    )


def revoke_personal(connection: Connection[Any], actor: Caller, mark: str, *, now: datetime) -> None:
    """End a personal token of the caller's own.

    Args:
        mark: its hash, or the first 16 characters of it at least.

    Raises:
        BadRequest: the mark is too short, or no hash.
        NotFound: the caller has no such token.
    """
    if not re.fullmatch(r"[0-9a-f]{16,64}", mark):
        raise BadRequest("A token is named by the first 16 or more characters of its hash.")
    with connection.cursor(row_factory=class_row(Token)) as cursor:
        values = {"account_id": actor.account_id, "mark": mark, "now": now}
        token = cursor.execute(_QUERIES["revoke_personal"].encode(), values).fetchone()
    if token is None:
        raise NotFound
    acts.record(connection, actor, "token.revoke", f"token:{token.hash[:16]}", before=_told(token))


def end_family(connection: Connection[Any], family: uuid.UUID, *, now: datetime) -> bool:
    """End all that came out of one consent; tell whether it was alive.

    The row of the family is changed first: a refresh under way holds it, so no token slips out behind.
    """
    values = {"family": family, "now": now}
    ended = connection.execute(_QUERIES["end_family"].encode(), values).rowcount > 0
    connection.execute(_QUERIES["revoke_family"].encode(), values)
    return ended


def consents_of(connection: Connection[Any], account_id: int, *, now: datetime) -> list[Consent]:
    """Return what an account allowed and is alive still, the newest first."""
    with connection.cursor(row_factory=class_row(Consent)) as cursor:
        values = {"account_id": account_id, "now": now}
        return cursor.execute(_QUERIES["consents_of_account"].encode(), values).fetchall()


def end_consent(connection: Connection[Any], actor: Caller, consent: str, *, now: datetime) -> None:
    """End a consent of the caller's own with all that came out of it.

    Args:
        consent: its id.

    Raises:
        NotFound: the caller has no such consent that is alive.
    """
    given = consents_of(connection, actor.account_id or 0, now=now)
    found = next((each for each in given if str(each.id) == consent), None)
    if found is None or not end_family(connection, found.id, now=now):
        raise NotFound
    before = {"client": found.client_id, "scopes": found.scopes, "begun_at": found.begun_at.isoformat()}
    acts.record(connection, actor, "consent.end", f"consent:{consent}", before=before)


def end_consents(connection: Connection[Any], account_id: int, *, now: datetime) -> None:
    """End every consent of an account with all that came out of it; personal tokens stay."""
    values = {"account_id": account_id, "now": now}
    connection.execute(_QUERIES["end_families_of_account"].encode(), values)
    connection.execute(_QUERIES["revoke_access_of_account"].encode(), values)


def end_of_account(connection: Connection[Any], account_id: int, *, now: datetime) -> int:
    """End every token and consent of an account; return how many tokens were good."""
    values = {"account_id": account_id, "now": now}
    connection.execute(_QUERIES["end_families_of_account"].encode(), values)
    return connection.execute(_QUERIES["revoke_of_account"].encode(), values).rowcount


def is_from(networks: Collection[Network], address: str) -> bool:
    """Tell whether an address lies in one of the networks; in no network at all lies every address."""
    if not networks:
        return True
    try:
        at = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(at, "ipv4_mapped", None)
    return any((mapped or at) in network for network in networks)


def note_use(connection: Connection[Any], hash_: str, *, now: datetime) -> None:
    """Note that a token was used, to some minutes: a busy one is written once in five."""
    connection.execute(_QUERIES["note_use"].encode(), {"hash": hash_, "now": now})


def checked_scopes(scopes: Collection[str]) -> list[str]:
    """Return scopes in the order of ``SCOPES``.

    Raises:
        BadRequest: none, or one that is unknown.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise BadRequest("Scopes are one or more of {}.", ", ".join(SCOPES))
    return in_order(scopes)


def checked_networks(networks: Sequence[str]) -> list[Network]:
    """Return addresses and networks as networks.

    Raises:
        BadRequest: too many, or one that is none.
    """
    if len(networks) > NETWORKS_MAX:
        raise BadRequest("At most {} networks.", NETWORKS_MAX)
    try:
        return [ip_network(each.strip()) for each in networks]
    except ValueError:
        raise BadRequest("A network is an address or CIDR such as 10.20.0.0/16.") from None


def in_order(scopes: Collection[str]) -> list[str]:
    """Return scopes without repetition, in the order of ``SCOPES``; what is unknown is left out."""
    return [scope for scope in SCOPES if scope in scopes]


def _maker(actor: Caller) -> int:
    if actor.account_id is None or actor.kind == "token":
        raise Forbidden("A token is made by somebody who has signed in; a token makes no other.")
    return actor.account_id


def _check_lifetime(lifetime: timedelta, scopes: Collection[str]) -> None:
    if not timedelta() < lifetime <= PERSONAL_LIFETIME_MAX:
        raise BadRequest("A personal token lives at most {} days.", PERSONAL_LIFETIME_MAX.days)
    if ADMINISTRATION in scopes and lifetime > ADMINISTRATION_LIFETIME_MAX:
        raise BadRequest("A personal token for administration lives at most {} days.", ADMINISTRATION_LIFETIME_MAX.days)


def _checked_purpose(purpose: str) -> str:
    text = normalized("NFC", purpose).strip()
    if not text or len(text) > PURPOSE_MAX or not text.isprintable():
        raise BadRequest("Say in at most {} characters what the token is for.", PURPOSE_MAX)
    return text


def _require_room(connection: Connection[Any], account_id: int, now: datetime) -> None:
    """Raise Conflict unless the account may act, and have one token more; the account is held."""
    values = {"account_id": account_id, "now": now}
    found = connection.execute(_QUERIES["room_of_account"].encode(), values).fetchone()
    if found is None:
        raise Conflict(_MAY_NOT_ACT)
    if found[0] >= PERSONAL_MAX:
        raise Conflict("The account has {} personal tokens; revoke one first.", PERSONAL_MAX)


def _by_hash(connection: Connection[Any], hash_: object) -> Token:
    with connection.cursor(row_factory=class_row(Token)) as cursor:
        found = cursor.execute(_QUERIES["token_by_hash"].encode(), {"hash": hash_}).fetchone()
    if found is None:
        raise NotFound
    return found


def _told(token: Token) -> dict[str, Any]:
    """Return what the audit keeps of a token: enough to recognise it, nothing to use it."""
    return {
        "account_id": token.account_id,
        "purpose": token.purpose,
        "scopes": token.scopes,
        "expires_at": token.expires_at.isoformat(),
        "networks": [str(network) for network in token.networks],
    }


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_CHARACTERS)
