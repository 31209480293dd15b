"""The ways to a token. Authlib leads through each of them; what is read and written is here.

Authlib issues, saves, and only then forgets what was redeemed. Here the code, refresh token or device code is used up
first, in one statement, and its row stays locked until the tokens are kept.
"""

# The stubs describe an older Authlib, and types that it does not ask for.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from typing import Any, override

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, grants
from authlib.oauth2.rfc8628 import DeviceCodeGrant as AuthlibDeviceCode

from auth.credentials import tokens
from auth.credentials.tokens import Prefix, hash_of, in_order, is_wellformed, new_secret
from auth.oauth import issue
from auth.oauth.issue import Flow
from auth.oauth.model import QUERIES, Account, Client, Code, Device, Refresh

ALL_METHODS = ["client_secret_basic", "private_key_jwt", "none"]
CONFIDENTIAL_METHODS = ["client_secret_basic", "private_key_jwt"]
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class AuthorizationCode(grants.AuthorizationCodeGrant):
    """A person consents in a browser, and the client redeems a code once."""

    request: Any
    TOKEN_ENDPOINT_AUTH_METHODS = ALL_METHODS

    @staticmethod
    @override
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        asked = request.payload.redirect_uri
        if not asked or not client.check_redirect_uri(asked):
            raise InvalidRequestError  # Authlib writes the address into the text, and fails at some characters
        return asked

    @override
    def generate_authorization_code(self) -> str:
        return new_secret(Prefix.CODE)

    @override
    def save_authorization_code(self, code: str, request: Any) -> None:
        flow, account, client = self.server.flow, request.user, request.client
        values = {
            "hash": hash_of(code),
            "client_id": client.id,
            "account_id": account.id,
            "family": issue.begin_family(flow, account.id, client.id, proved_at=account.proved_at),
            "redirect_uri": request.payload.redirect_uri,
            "scopes": request.scope.split(),
            "challenge": request.payload.data["code_challenge"],
            "now": flow.now,
            "expires_at": flow.now + tokens.CODE_LIFETIME,
        }
        flow.connection.execute(QUERIES["insert_code"].encode(), values)

    @override
    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Use the code up; on a second use end all that came out of the first."""
        if not is_wellformed(code, Prefix.CODE):
            return None
        flow: Flow = self.server.flow
        values = {"hash": hash_of(code), "client_id": client.id, "now": flow.now}
        found = flow.connection.execute(QUERIES["redeem_code"].encode(), values).fetchone()
        if found:
            return Code(*found)
        used = flow.connection.execute(QUERIES["family_of_used_code"].encode(), values).fetchone()
        if used:
            tokens.end_family(flow.connection, used[0], now=flow.now)
        return None

    @override
    def delete_authorization_code(self, authorization_code: object) -> None:
        """Do nothing: it was used up when it was read."""

    @override
    def authenticate_user(self, authorization_code: Code) -> Account | None:
        return Account.find(self.server.flow.connection, authorization_code.account_id, self.server.flow.now)

    @override
    def generate_token(self, user: Any = None, scope: Any = None, **_: object) -> dict[str, Any]:
        code: Code = self.request.authorization_code
        scopes = code.scopes
        return issue.of_family(
            self.server.flow, self.request.client, user.id, code.family, scopes=scopes, of_refresh=scopes
        )


class RefreshToken(grants.RefreshTokenGrant):
    """A client trades its refresh token for a new pair; the old one is good for nothing but its alarm."""

    request: Any
    TOKEN_ENDPOINT_AUTH_METHODS = ALL_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    @override
    def authenticate_refresh_token(self, refresh_token: str) -> Refresh:
        """Use the token up; on a second use end its family.

        Raises:
            InvalidGrantError: it is not good.
            InvalidScopeError: it is, but not for the scopes asked for; it stays good.
        """
        if not is_wellformed(refresh_token, Prefix.REFRESH):
            raise InvalidGrantError
        flow: Flow = self.server.flow
        client: Client = self.request.client
        asked = (self.request.payload.scope or "").split()
        values = {"hash": hash_of(refresh_token), "client_id": client.id, "now": flow.now, "scopes": asked}
        found = flow.connection.execute(QUERIES["use_refresh"].encode(), values).fetchone()
        if found:
            return Refresh(*found)
        raise self._why_not(flow, values)

    @override
    def authenticate_user(self, refresh_token: Refresh) -> Account:
        account = Account.find(self.server.flow.connection, refresh_token.account_id, self.server.flow.now)
        if account is None:
            raise InvalidGrantError
        return account

    @override
    def issue_token(self, user: Account, refresh_token: Refresh) -> dict[str, Any]:
        asked = (self.request.payload.scope or "").split()
        scopes = in_order(asked or refresh_token.scopes)
        return issue.of_family(
            self.server.flow,
            self.request.client,
            user.id,
            refresh_token.family,
            scopes=scopes,
            of_refresh=refresh_token.scopes,
        )

    @override
    def revoke_old_credential(self, refresh_token: object) -> None:
        """Do nothing: it was used up when it was read."""

    def _why_not(self, flow: Flow, values: dict[str, Any]) -> Exception:
        found = flow.connection.execute(QUERIES["refresh_as_it_is"].encode(), values).fetchone()
        match found:
            case (family, True, _):
                tokens.end_family(flow.connection, family, now=flow.now)
                return InvalidGrantError()
            case (_, False, False):
                return InvalidScopeError()
            case _:
                return InvalidGrantError()


class ClientCredentials(grants.ClientCredentialsGrant):
    """A machine asks for itself, and acts as the machine account that it was registered with."""

    request: Any
    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS

    @override
    def generate_token(self, user: Any = None, scope: Any = None, **_: object) -> dict[str, Any]:
        flow: Flow = self.server.flow
        client: Client = self.request.client
        account = Account.find(flow.connection, client.account_id, flow.now)
        if account is None:
            raise InvalidGrantError
        return issue.of_machine(flow, client, account.id, client.scopes_for(scope))


class DeviceCode(AuthlibDeviceCode):
    """A device without a browser waits until a person has decided elsewhere."""

    request: Any
    TOKEN_ENDPOINT_AUTH_METHODS = ALL_METHODS

    @override
    def query_device_credential(self, device_code: str) -> Device:
        flow: Flow = self.server.flow
        values = {"hash": hash_of(device_code), "client_id": self.request.client.id, "now": flow.now}
        found = flow.connection.execute(QUERIES["poll_device"].encode(), values).fetchone()
        if found is None or not is_wellformed(device_code, Prefix.DEVICE):
            raise InvalidGrantError
        device = Device(*found)
        if device.allowed is None:
            flow.connection.execute(QUERIES["note_poll"].encode(), values | {"too_soon": device.too_soon})
        self.device = device
        return device

    @override
    def query_user_grant(self, user_code: str) -> tuple[Account, bool] | None:
        if self.device.allowed is None:
            return None
        account = Account.find(self.server.flow.connection, self.device.account_id, self.server.flow.now)
        if account is None:
            raise InvalidGrantError
        return account, self.device.allowed

    @override
    def should_slow_down(self, credential: Device) -> bool:
        return credential.too_soon

    @override
    def generate_token(self, user: Any = None, scope: Any = None, **_: object) -> dict[str, Any]:
        flow, device = self.server.flow, self.device
        values = {"hash": device.hash, "now": flow.now}
        if device.family is None:
            raise InvalidGrantError
        if not flow.connection.execute(QUERIES["use_device"].encode(), values).rowcount:
            tokens.end_family(flow.connection, device.family, now=flow.now)
            raise InvalidGrantError
        scopes = device.scopes
        return issue.of_family(flow, self.request.client, user.id, device.family, scopes=scopes, of_refresh=scopes)
