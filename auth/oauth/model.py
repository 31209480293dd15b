"""Clients, codes and device codes as Authlib asks about them."""

# The stubs describe an older Authlib, and types that it does not ask for.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Self, override

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, InvalidScopeError
from authlib.oauth2.rfc8628 import DeviceCredentialMixin
from psycopg import Connection
from psycopg.rows import class_row

from auth.credentials.tokens import ADMINISTRATION, SCOPES, hash_of, in_order
from auth.oauth.redirects import is_registered
from database.queries import load

QUERIES = load("auth.oauth", "oauth.sql")
_ID = re.compile(r"[A-Za-z0-9_-]{3,64}")


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):
    """A registered client that is not revoked."""

    id: str
    name: str
    unit_id: int
    unit: str
    account_id: int | None
    auth_method: str
    secret_hash: str | None
    jwks: dict[str, Any] | None
    redirect_uris: list[str]
    grant_types: list[str]
    scopes: list[str]
    origins: list[str]
    networks: list[IPv4Network | IPv6Network]
    for_everybody: bool
    may_introspect: bool
    registered_by: str = ""

    @classmethod
    def find(cls, connection: Connection[Any], client_id: str | None) -> Self | None:
        """Return a client by its id; ``None`` for one that is unknown or revoked."""
        if client_id is None or not _ID.fullmatch(client_id):
            return None
        with connection.cursor(row_factory=class_row(cls)) as cursor:
            return cursor.execute(QUERIES["living_client"].encode(), {"id": client_id}).fetchone()

    def scopes_for(self, asked: str | None) -> list[str]:
        """Return the scopes of a request; one that names none gets all that the client may ask for but ``admin``.

        Raises:
            InvalidScopeError: one is unknown, or not the client's.
        """
        given = (asked or "").split()
        if not set(given) <= set(SCOPES) & set(self.scopes):
            raise InvalidScopeError
        scopes = in_order(given or [each for each in self.scopes if each != ADMINISTRATION])
        if not scopes:
            raise InvalidScopeError
        return scopes

    @override
    def get_client_id(self) -> str:
        return self.id

    @override
    def get_default_redirect_uri(self) -> None:
        return None

    @override
    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(self.scopes_for(scope))

    @override
    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return is_registered(redirect_uri, self.redirect_uris)

    @override
    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret_hash is not None and compare_digest(hash_of(client_secret), self.secret_hash)

    @override
    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.auth_method

    @override
    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    @override
    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is going to be.

    Attributes:
        proved_at: when the person who consents in a browser last proved who they are.
    """

    id: int
    code: str
    unit_id: int
    unit: str
    proved_at: datetime | None = None

    @classmethod
    def find(cls, connection: Connection[Any], account_id: int | None, now: datetime) -> Self | None:
        """Return an account that may act now."""
        with connection.cursor(row_factory=class_row(cls)) as cursor:
            values = {"account_id": account_id, "now": now}
            return cursor.execute(QUERIES["acting_account"].encode(), values).fetchone()


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):
    """An authorization code, redeemed just now."""

    client_id: str
    account_id: int
    family: uuid.UUID
    redirect_uri: str
    scopes: list[str]
    code_challenge: str

    @override
    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    @override
    def get_scope(self) -> str:
        return " ".join(self.scopes)


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token, used just now."""

    account_id: int
    family: uuid.UUID
    scopes: list[str]

    def check_client(self, client: Client) -> bool:
        """Tell whether it is the client's; it was found with the client's id."""
        return bool(client.id)

    def get_scope(self) -> str:
        """Return the scopes that the consent gave."""
        return " ".join(self.scopes)


@dataclass(frozen=True, slots=True)
class Device(DeviceCredentialMixin):
    """A device code."""

    hash: str
    client_id: str
    scopes: list[str]
    interval_s: int
    expired: bool
    too_soon: bool
    account_id: int | None
    allowed: bool | None
    family: uuid.UUID | None
    used_at: datetime | None

    @override
    def get_client_id(self) -> str:
        return self.client_id

    @override
    def get_scope(self) -> str:
        return " ".join(self.scopes)

    @override
    def get_user_code(self) -> str:
        return self.hash

    @override
    def is_expired(self) -> bool:
        return self.expired
