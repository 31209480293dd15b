"""Clients that prove who they are by a JWT which they signed (``private_key_jwt``).

The key, the algorithm and the claims are looked at here rather than by Authlib, which takes any list of audiences, any
age, and whatever algorithm joserfc recommends.

Source: RFC 7523, 2.2 and 3; OpenID Connect Core 1.0, 9; RFC 8725.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from psycopg import Connection

from auth.oauth.model import QUERIES, Client

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "RS256", "EdDSA", "Ed25519")
AGE_MAX = timedelta(minutes=5)
SKEW = timedelta(seconds=30)
LENGTH_MAX = 8_192
JTI_MAX = 256
_KEY_TYPES = {"ES256": "EC", "RS256": "RSA", "EdDSA": "OKP", "Ed25519": "OKP"}
_TYPES = (None, "JWT", "jwt", "client-authentication+jwt")


def authenticate(
    query_client: Callable[[str], Client | None],
    form: Mapping[str, str],
    *,
    connection: Connection[Any],
    audiences: tuple[str, ...],
    now: datetime,
) -> Client:
    """Return the client whose assertion stands in a form, and use the assertion up.

    Raises:
        InvalidClientError: whatever is wrong with it.
    """
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != TYPE or len(assertion) > LENGTH_MAX:
        raise InvalidClientError
    client = query_client(_claimed(assertion))
    if client is None or client.jwks is None:
        raise InvalidClientError
    claims = _verified(assertion, client.jwks)
    expires_at = _checked(claims, client.id, audiences, now)
    _use_up(connection, client.id, claims["jti"], expires_at)
    return client


def _claimed(assertion: str) -> str:
    """Return whose assertion it says it is; nothing of it is proved yet."""
    try:
        subject = json.loads(jws.extract_compact(assertion.encode()).payload)["sub"]
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        raise InvalidClientError from None
    return subject if isinstance(subject, str) else ""


def _verified(assertion: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of an assertion that one of the keys signed."""
    header = jws.extract_compact(assertion.encode()).headers()
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or header.get("typ") not in _TYPES:
        raise InvalidClientError
    for key in jwks["keys"]:
        if key["kty"] == _KEY_TYPES[algorithm] and kid in (None, key.get("kid")):
            claims = _read_with(assertion, key, algorithm)
            if claims is not None:
                return claims
    raise InvalidClientError


def _read_with(assertion: str, key: dict[str, Any], algorithm: str) -> dict[str, Any] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is the older name of Ed25519
            return jwt.decode(assertion, jwk.import_key(key), algorithms=[algorithm]).claims
    except (JoseError, ValueError, RecursionError):
        return None


def _checked(claims: Mapping[str, Any], client_id: str, audiences: tuple[str, ...], now: datetime) -> datetime:
    """Return when an assertion expires, having looked at each of its claims."""
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    jti = claims.get("jti")
    if claims.get("iss") != client_id or claims.get("sub") != client_id or audience not in audiences:
        raise InvalidClientError
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_MAX:
        raise InvalidClientError
    expires_at = _instant(claims.get("exp"))
    if not now - SKEW < expires_at <= now + AGE_MAX + SKEW:
        raise InvalidClientError
    for name in ("iat", "nbf"):
        if name in claims and not now - AGE_MAX - SKEW <= _instant(claims[name]) <= now + SKEW:
            raise InvalidClientError
    return expires_at


def _instant(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidClientError
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise InvalidClientError from None


def _use_up(connection: Connection[Any], client_id: str, jti: str, expires_at: datetime) -> None:
    digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()
    values = {"client_id": client_id, "jti_hash": digest, "expires_at": expires_at + SKEW}
    if not connection.execute(QUERIES["insert_assertion"].encode(), values).rowcount:
        raise InvalidClientError
