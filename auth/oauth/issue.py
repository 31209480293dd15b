"""What comes out of a grant: tokens of a family, kept before they are told."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from psycopg import Connection

from auth.credentials import tokens
from auth.credentials.holds import share_account
from auth.credentials.tokens import Prefix, hash_of, new_secret
from auth.oauth.model import QUERIES, Account, Client


@dataclass(frozen=True, slots=True)
class Flow:
    """One request of a flow: the transaction that it stands in, and when it came."""

    connection: Connection[Any]
    now: datetime


def begin_family(flow: Flow, account_id: int, client_id: str, *, proved_at: datetime | None = None) -> uuid.UUID:
    """Begin what a person consented to.

    Args:
        proved_at: when they had last proved who they are; what comes out of the consent keeps it, whatever is renewed.

    Raises:
        InvalidGrantError: the account may not act any more.
    """
    _share(flow, account_id)
    family = uuid.uuid4()
    values = {
        "family": family,
        "account_id": account_id,
        "client_id": client_id,
        "now": flow.now,
        "ends_at": flow.now + tokens.FAMILY_LIFETIME,
        "proved_at": proved_at,
    }
    flow.connection.execute(QUERIES["begin_family"].encode(), values)
    return family


def of_family(
    flow: Flow,
    client: Client,
    account_id: int,
    family: uuid.UUID,
    *,
    scopes: Collection[str],
    of_refresh: Collection[str],
) -> dict[str, Any]:
    """Issue an access token of a family, and a refresh token where the client may have one.

    Args:
        of_refresh: scopes of the refresh token: those that the consent gave, however narrow the access token is.

    Raises:
        InvalidGrantError: the family is over.
    """
    values = {"family": family, "now": flow.now}
    found = flow.connection.execute(QUERIES["hold_family"].encode(), values).fetchone()
    if found is None:
        raise InvalidGrantError
    ends_at: datetime = found[0]
    answer = _access(flow, client, account_id, family, scopes=scopes, ends_at=ends_at)
    if "refresh_token" in client.grant_types:
        answer["refresh_token"] = _refresh(flow, client, account_id, family, scopes=of_refresh, ends_at=ends_at)
    return answer


def of_machine(flow: Flow, client: Client, account_id: int, scopes: Collection[str]) -> dict[str, Any]:
    """Issue an access token to a client that asks for itself; there is no refresh token.

    Raises:
        InvalidGrantError: the client was revoked meanwhile, or the account may not act any more.
    """
    _share(flow, account_id)
    if flow.connection.execute(QUERIES["hold_client"].encode(), {"id": client.id}).fetchone() is None:
        raise InvalidGrantError
    ends_at = flow.now + tokens.ACCESS_LIFETIME
    return _access(flow, client, account_id, uuid.uuid4(), scopes=scopes, ends_at=ends_at)


def _share(flow: Flow, account_id: int) -> None:
    """Keep an account that may act as it is until the commit."""
    share_account(flow.connection, account_id)
    if Account.find(flow.connection, account_id, flow.now) is None:
        raise InvalidGrantError


def _access(
    flow: Flow, client: Client, account_id: int, family: uuid.UUID, *, scopes: Collection[str], ends_at: datetime
) -> dict[str, Any]:
    expires_at = min(flow.now + tokens.ACCESS_LIFETIME, ends_at)
    token = tokens.issue_access(
        flow.connection,
        account_id=account_id,
        client_id=client.id,
        scopes=scopes,
        family=family,
        now=flow.now,
        expires_at=expires_at,
    )
    expires_in = int((expires_at - flow.now).total_seconds())
    return {"token_type": "Bearer", "access_token": token, "expires_in": expires_in, "scope": " ".join(scopes)}


def _refresh(
    flow: Flow, client: Client, account_id: int, family: uuid.UUID, *, scopes: Collection[str], ends_at: datetime
) -> str:
    token = new_secret(Prefix.REFRESH)
    values = {
        "hash": hash_of(token),
        "client_id": client.id,
        "account_id": account_id,
        "family": family,
        "scopes": list(scopes),
        "now": flow.now,
        "expires_at": min(flow.now + tokens.REFRESH_LIFETIME, ends_at),
    }
    flow.connection.execute(QUERIES["insert_refresh"].encode(), values)
    return token
