"""Revocation (RFC 7009), introspection (RFC 7662) and the beginning of the device flow (RFC 8628)."""

# The stubs describe an older Authlib, and types that it does not ask for.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

import secrets
from typing import Any, override

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint

from auth.credentials import tokens
from auth.credentials.tokens import ADMINISTRATION, Prefix, Token, hash_of, is_wellformed, new_secret
from auth.oauth.grants import ALL_METHODS, CONFIDENTIAL_METHODS, DEVICE_CODE
from auth.oauth.issue import Flow
from auth.oauth.model import QUERIES, Account, Client

NO_CONTENT_WORTH = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")]
USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants: no code reads like a word, none has a character that is taken for another (RFC 8628, 6.1)."""


class Revocation(RevocationEndpoint):
    """End what a token belongs to; whether there was such a token is not told."""

    CLIENT_AUTH_METHODS = ALL_METHODS

    @override
    def create_endpoint_response(self, request: Any) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        client: Client = self.authenticate_endpoint_client(request)
        flow: Flow = self.server.flow
        text = request.form.get("token")
        if not text:
            raise InvalidRequestError
        if is_wellformed(text) or is_wellformed(text, Prefix.REFRESH):
            values = {"hash": hash_of(text), "client_id": client.id}
            found = flow.connection.execute(QUERIES["family_of_token"].encode(), values).fetchone()
            if found:
                tokens.end_family(flow.connection, found[0], now=flow.now)
        return 200, {}, NO_CONTENT_WORTH


class Introspection(IntrospectionEndpoint):
    """Tell what a token is good for, to clients that were registered for that; to others each is inactive."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    @override
    def create_endpoint_response(self, request: Any) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        client: Client = self.authenticate_endpoint_client(request)
        text = request.form.get("token")
        if not text:
            raise InvalidRequestError
        flow: Flow = self.server.flow
        token = tokens.find(flow.connection, text, now=flow.now) if client.may_introspect else None
        return 200, self._told(flow, token) if token else {"active": False}, NO_CONTENT_WORTH

    def _told(self, flow: Flow, token: Token) -> dict[str, Any]:
        account = Account.find(flow.connection, token.account_id, flow.now)
        if account is None:
            return {"active": False}
        found = flow.connection.execute(QUERIES["agreements_of_unit"].encode(), {"unit_id": account.unit_id})
        told: dict[str, Any] = {
            "active": True,
            "scope": " ".join(token.scopes),
            "token_type": "Bearer",
            "sub": f"account:{token.account_id}",
            "username": account.code,
            "unit": account.unit,
            "iss": self.server.issuer,
            "aud": self.server.issuer,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "authorization_details": [
                {"type": "agreement", "identifier": code, "version": number} for code, number in found
            ],
        }
        if token.proved_at:
            told["auth_time"] = int(token.proved_at.timestamp())
        return told | ({"client_id": token.client_id} if token.client_id else {})


class DeviceAuthorization(DeviceAuthorizationEndpoint):
    """Give a device a code for itself and one for the person."""

    CLIENT_AUTH_METHODS = ALL_METHODS
    EXPIRES_IN = int(tokens.DEVICE_LIFETIME.total_seconds())

    @override
    def authenticate_client(self, request: Any) -> Client:
        client: Client = super().authenticate_client(request)
        if DEVICE_CODE not in client.grant_types:
            raise UnauthorizedClientError
        return client

    @override
    def generate_device_code(self) -> str:
        return new_secret(Prefix.DEVICE)

    @override
    def generate_user_code(self) -> str:
        letters = [secrets.choice(USER_CODE_ALPHABET) for _ in range(8)]
        return f"{''.join(letters[:4])}-{''.join(letters[4:])}"

    @override
    def get_verification_uri(self) -> str:
        return f"{self.server.issuer}/oauth/device"

    @override
    def save_device_credential(self, client_id: str, scope: str | None, data: dict[str, Any]) -> None:
        flow: Flow = self.server.flow
        client = Client.find(flow.connection, client_id)
        scopes = client.scopes_for(scope) if client else []
        if ADMINISTRATION in scopes:
            raise InvalidScopeError  # who consents does not see which screen they let in
        values = {
            "hash": hash_of(data["device_code"]),
            "user_code_hash": hash_of(data["user_code"]),
            "client_id": client_id,
            "scopes": scopes,
            "now": flow.now,
            "expires_at": flow.now + tokens.DEVICE_LIFETIME,
            "interval_s": self.INTERVAL,
        }
        flow.connection.execute(QUERIES["insert_device"].encode(), values)
