"""Public keys of clients, as they are registered."""

import base64
import binascii
from typing import Any

from joserfc import jwk
from joserfc.errors import JoseError

from core.errors import BadRequest

KEYS_MAX = 5
RSA_BITS_MIN = 2048
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KEPT = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})
_CURVES = {"EC": ("P-256",), "OKP": ("Ed25519",)}
_ALGORITHMS = {"EC": ("ES256",), "RSA": ("RS256",), "OKP": ("EdDSA", "Ed25519")}


def checked_keys(jwks: Any) -> dict[str, Any]:
    """Return a key set as it may be kept: public keys to verify signatures with, P-256, Ed25519, or RSA.

    Raises:
        BadRequest: it is no key set, has a private key in it, or one that is too weak or of another kind.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= KEYS_MAX or not all(isinstance(key, dict) for key in keys):
        raise BadRequest("A key set is an object with 1 to {} keys.", KEYS_MAX)
    names = [key.get("kid") for key in keys]
    if len(keys) > 1 and (not all(isinstance(name, str) for name in names) or len(set(names)) < len(names)):
        raise BadRequest("Of several keys each has a kid of its own.")
    return {"keys": [_checked(key) for key in keys]}


def _checked(key: dict[str, Any]) -> dict[str, Any]:
    if _PRIVATE & key.keys():
        raise BadRequest(
            "A private or secret key was sent. It is known to others now: make a new one, and send its public part."
        )
    kind = key.get("kty")
    if (
        not isinstance(kind, str)
        or kind not in _ALGORITHMS
        or key.get("use", "sig") != "sig"
        or key.get("alg") not in (None, *_ALGORITHMS[kind])
    ):
        raise BadRequest("A key is for signatures by ES256, RS256 or EdDSA.")
    if kind in _CURVES and key.get("crv") not in _CURVES[kind]:
        raise BadRequest("A key is for signatures by ES256, RS256 or EdDSA.")
    if kind == "RSA" and _bits(key.get("n")) < RSA_BITS_MIN:
        raise BadRequest("An RSA key has at least {} bits.", RSA_BITS_MIN)
    kept = {name: value for name, value in key.items() if name in _KEPT}
    try:
        _ = jwk.import_key(kept).public_key
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadRequest("A key cannot be read.") from None
    return kept


def _bits(modulus: object) -> int:
    if not isinstance(modulus, str):
        return 0
    try:
        return int.from_bytes(base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length()
    except (ValueError, binascii.Error):
        return 0
