"""Sign in through an outside OpenID Connect provider, as the single sign-on of a province is one.

Authorization code with PKCE, then the ID token, checked here with algorithms of our own choice. What comes back is the
name that the provider has for somebody; whose account that is, is looked up elsewhere, and never made up.

Source: OpenID Connect Core 1.0, clauses 3.1.2, 3.1.3 and 3.1.3.7; RFC 9207.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from core.clocks import Clock
from core.errors import SignInRefused, Unavailable
from core.limits import LIMITS
from core.settings import Settings

ALGORITHMS = ("RS256", "PS256", "ES256")
"""Signatures that an ID token may carry, whatever its own header or the provider's metadata say."""
SCOPE = "openid"
BACK = "/account/sso/back"
"""Path to which the provider sends the browser back."""
_WITHIN_S = 5
_KEPT = timedelta(hours=1)
_KEYS_AGAIN_AFTER = timedelta(minutes=1)
SKEW = timedelta(seconds=60)
"""How far the clock of the provider may be from ours."""
_ISSUED_WITHIN = timedelta(minutes=10)
_ANEW = {"prompt": "login", "max_age": str(LIMITS.proof_max_age_s)}
_DISCOVERY = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Registration:
    """How we are known to the provider.

    Attributes:
        issuer: exactly as the provider writes it in its tokens.
        redirect_uri: our address that the provider sends the browser back to.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser on its way to the provider.

    Attributes:
        address: where it is sent.
        state, nonce, verifier: what is kept for it until it is back; the verifier has not left this server.
    """

    address: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody, as one provider knows them.

    Attributes:
        proved_at: when they last proved to the provider who they are; ``None``: it does not say.
    """

    issuer: str
    subject: str
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider publishes about itself, and when it was read."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: datetime


class Provider:
    """One provider; what it publishes is read when first needed and kept for an hour."""

    def __init__(self, registration: Registration, clock: Clock) -> None:
        self._registration = registration
        self._clock = clock
        self._known: _Known | None = None
        self._lock = threading.Lock()

    @property
    def issuer(self) -> str:
        """The name of the provider, as it stands in its tokens."""
        return self._registration.issuer

    def depart(self, secret: Callable[[], str], *, anew: bool = False) -> Departure:
        """Return where to send a browser.

        Args:
            secret: gives another unguessable text of 43 to 128 URL-safe characters at each call.
            anew: the person is to prove there anew who they are; the provider must say when that was.

        Raises:
            Unavailable: the provider cannot be reached, or does not describe itself properly.
        """
        state, nonce, verifier = secret(), secret(), secret()
        endpoint = self._knowledge().metadata["authorization_endpoint"]
        with self._client() as client:
            address, _ = client.create_authorization_url(
                endpoint, state=state, code_verifier=verifier, nonce=nonce, **(_ANEW if anew else {})
            )
        return Departure(address, state, nonce, verifier)

    def arrive(self, departure: Departure, parameters: Mapping[str, str]) -> Subject:
        """Return who came back from the provider.

        Args:
            departure: what was kept for this browser; it must not be used again.
            parameters: of the address that the provider sent the browser to.

        Raises:
            SignInRefused: the provider refused, the answer belongs to another departure, or the ID token is unsound.
            Unavailable: the provider cannot be reached.
        """
        known = self._knowledge()
        code = _code(departure, parameters, known.metadata, self._registration.issuer)
        claims = self._claims(self._id_token(code, departure.verifier, known))
        if not compare_digest(_text(claims, "nonce"), departure.nonce):
            raise SignInRefused(reason="the ID token is not for this sign-in")
        return Subject(self._registration.issuer, _text(claims, "sub"), _proved_at(claims, self._clock.now()))

    def _id_token(self, code: str, verifier: str, known: _Known) -> str:
        """Redeem the code."""
        try:
            with self._client() as client:
                answer: Mapping[str, Any] = client.fetch_token(
                    known.metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=self._registration.redirect_uri,
                    code_verifier=verifier,
                    allow_redirects=False,
                )
        except AuthlibBaseError as exc:
            raise SignInRefused(reason=f"the provider does not redeem the code: {exc.error}") from exc
        except (RequestException, ValueError) as exc:
            raise _away() from exc
        return _text(answer, "id_token")

    def _claims(self, token: str) -> Mapping[str, Any]:
        """Return the claims of an ID token after its signature and they themselves were checked."""
        try:
            decoded = self._decoded(token)
        except (JoseError, ValueError) as exc:
            raise SignInRefused(reason=f"the ID token cannot be verified: {type(exc).__name__}") from exc
        _check(decoded.claims, self._registration, self._clock.now())
        return decoded.claims

    def _decoded(self, token: str) -> jwt.Token:
        """Verify a signature; with keys read anew where the provider may have changed its own."""
        known = self._knowledge()
        try:
            return jwt.decode(token, known.keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            if self._clock.now() - known.at < _KEYS_AGAIN_AFTER:
                raise
        return jwt.decode(token, self._knowledge(than=known).keys, algorithms=ALGORITHMS)

    def _knowledge(self, *, than: _Known | None = None) -> _Known:
        """Return what the provider publishes, read anew where it is old, or no newer than ``than``."""
        with self._lock:
            known, now = self._known, self._clock.now()
            if known is None or known is than or now - known.at > _KEPT:
                known = self._known = self._read(now)
            return known

    def _read(self, now: datetime) -> _Known:
        issuer = self._registration.issuer
        metadata = self._document(issuer.rstrip("/") + _DISCOVERY)
        faults = [name for name in _ENDPOINTS if not is_guarded(str(metadata.get(name, "")))]
        if metadata.get("issuer") != issuer or faults:
            raise _away() from ValueError(f"metadata of another issuer, or unguarded addresses: {faults}")
        keys = self._document(metadata["jwks_uri"]).get("keys")
        try:
            return _Known(metadata, KeySet.import_key_set({"keys": _signing(keys)}), now)
        except (JoseError, ValueError, TypeError, KeyError) as exc:
            raise _away() from exc

    def _document(self, address: str) -> Mapping[str, Any]:
        try:
            with self._client() as client:
                answer = client.request("GET", address, withhold_token=True, allow_redirects=False)
                document = answer.json() if answer.status_code == 200 else None
        except (RequestException, ValueError) as exc:
            raise _away() from exc
        if not isinstance(document, dict):
            raise _away()
        return cast("Mapping[str, Any]", document)

    def _client(self) -> AbstractContextManager[Any]:
        mine = self._registration
        client = OAuth2Session(
            mine.client_id,
            mine.client_secret,
            scope=SCOPE,
            redirect_uri=mine.redirect_uri,
            code_challenge_method="S256",
            default_timeout=_WITHIN_S,
        )
        return cast("AbstractContextManager[Any]", client)


def provider_of(settings: Settings, clock: Clock) -> Provider | None:
    """Return the provider that the settings name, ``None`` where they name none.

    One whose password rule is not declared equal to ours is no provider: signing in there would go round the rule.
    """
    issuer, client_id, secret = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret
    if issuer is None or client_id is None or secret is None or not settings.oidc_password_rule_equal:
        return None
    return Provider(Registration(issuer, client_id, secret, settings.public_url + BACK), clock)


def is_guarded(address: str) -> bool:
    """Tell whether what is sent to an address stays secret: https, or the machine itself."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    )


def _is_loopback(host: str | None) -> bool:
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False


def _code(departure: Departure, parameters: Mapping[str, str], metadata: Mapping[str, Any], issuer: str) -> str:
    """Return the code of an answer to a departure, of this issuer."""
    if not compare_digest(parameters.get("state", "").encode(), departure.state.encode()):
        raise SignInRefused(reason="the answer belongs to another browser or another sign-in")
    named = parameters.get("iss")
    if named != issuer and (named is not None or metadata.get("authorization_response_iss_parameter_supported")):
        raise SignInRefused(reason="the answer is of another issuer")
    if "code" not in parameters or "error" in parameters:
        raise SignInRefused(reason="the provider refused")
    return parameters["code"]


def _check(claims: Mapping[str, Any], mine: Registration, now: datetime) -> None:
    """Refuse an ID token that is of another issuer, for another client, over, or from another time."""
    if claims.get("iss") != mine.issuer:
        raise SignInRefused(reason="the ID token is of another issuer")
    if (
        claims.get("aud") not in (mine.client_id, [mine.client_id])
        or claims.get("azp", mine.client_id) != mine.client_id
    ):
        raise SignInRefused(reason="the ID token is for another client")
    issued, ends = _instant(claims, "iat"), _instant(claims, "exp")
    if not now.timestamp() - _ISSUED_WITHIN.total_seconds() <= issued <= now.timestamp() + SKEW.total_seconds():
        raise SignInRefused(reason="the ID token is from another time")
    if ends + SKEW.total_seconds() < now.timestamp():
        raise SignInRefused(reason="the ID token is over")


def _proved_at(claims: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return the claim ``auth_time``, never later than now; ``None`` where there is none."""
    if "auth_time" not in claims:
        return None
    said = _instant(claims, "auth_time")
    if not 0 <= said <= now.timestamp() + SKEW.total_seconds():
        raise SignInRefused(reason="the ID token has no proper auth_time")
    return min(datetime.fromtimestamp(said, now.tzinfo), now)


def _instant(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate (RFC 7519): seconds since 1970."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignInRefused(reason=f"the ID token has no proper {name}")
    return value


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value or not value.isascii() or len(value) > 8_192:
        raise SignInRefused(reason=f"the provider gives no proper {name}")
    return value


def _signing(keys: Any) -> list[Any]:
    """Return the public keys that sign; a set may also hold keys to encrypt with."""
    members = (cast("dict[str, Any]", key) for key in keys if isinstance(key, dict))
    return [key for key in members if key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC")]


def _away() -> Unavailable:
    return Unavailable("Signing in through the provider is not possible now. Try again later.")
