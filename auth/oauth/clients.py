"""Clients: programs that ask for tokens, and who may register them.

A system admin registers clients of every unit, a unit head those of its own. A client for everybody's sign-in, one that
may look into tokens, or ask for the scope ``admin``, is left to an admin and the operator, by the login that owns the
database: with it one admin could collect what the others prove. What acts for a unit without a person is left to its
head.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from auth.audit import acts
from auth.credentials import tokens
from auth.credentials.tokens import (
    ADMINISTRATION,
    Prefix,
    Random,
    checked_networks,
    checked_scopes,
    hash_of,
    new_secret,
)
from auth.model import AccountKind, Caller
from auth.oauth.keys import checked_keys
from auth.oauth.redirects import checked_origin, checked_redirect
from auth.rows import only, refusals
from core.errors import BadRequest, Conflict, Forbidden, NotFound
from core.marks import normalized
from database.queries import load

AUTH_METHODS = ("none", "client_secret_basic", "private_key_jwt")
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE)
ADDRESSES_MAX = 10
NAME_MAX = 100
OF_UNIT_MAX = 50

_QUERIES = load("auth.oauth", "clients.sql")
_ID = re.compile(r"[A-Za-z0-9_-]{3,64}")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client is to be.

    Attributes:
        id: chosen name; ``None`` makes one up. A head's stands behind the code of the unit and a low line, which
            no code has: no unit learns which ids another one has, nor takes them.
        unit, account: codes; the account is the machine account that acts when the client asks for itself.
        jwks: its public keys, for ``private_key_jwt`` alone.
        networks: where it may be used from; none: from anywhere.
        for_everybody: accounts of every unit may sign in to it, not those of its unit alone.
    """

    name: str
    unit: str
    grant_types: Sequence[str]
    scopes: Sequence[str]
    id: str | None = None
    auth_method: str = "none"
    account: str | None = None
    jwks: Mapping[str, Any] | None = None
    redirect_uris: Sequence[str] = ()
    origins: Sequence[str] = ()
    networks: Sequence[str] = ()
    for_everybody: bool = False
    may_introspect: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """A client as it is registered, without its secret."""

    id: str
    name: str
    unit_id: int
    unit: str
    account: str | None
    made_by: str | None
    made_at: datetime
    revoked_at: datetime | None
    auth_method: str
    jwks: dict[str, Any] | None
    redirect_uris: list[str]
    grant_types: list[str]
    scopes: list[str]
    origins: list[str]
    networks: list[IPv4Network | IPv6Network] = field(default_factory=list[IPv4Network | IPv6Network])
    for_everybody: bool = False
    may_introspect: bool = False


def qgis(unit: str) -> Draft:
    """Return the client that QGIS is: public, with PKCE, on the loopback, for everybody."""
    return Draft(
        id="qgis",
        name="QGIS",
        unit=unit,
        grant_types=("authorization_code", "refresh_token"),
        scopes=("features:read", "tiles:read", "records:read"),
        redirect_uris=("http://127.0.0.1:7070/", "http://[::1]:7070/"),
        for_everybody=True,
    )


def register(
    connection: Connection[Any], actor: Caller, draft: Draft, *, now: datetime, random: Random = secrets.token_bytes
) -> tuple[Client, str | None]:
    """Register a client; its secret, where it has one, is returned this once.

    Raises:
        Forbidden: the actor may not register clients, or not such a one.
        NotFound: the unit is not the actor's, or there is none.
        BadRequest: the draft does not hold together.
        Conflict: the id is taken, another name looks like this one, the unit has as many clients as it may have, or
            the machine account is not fit.
    """
    unit_id = _unit_in_charge(connection, actor, draft.unit)
    values = _checked(connection, actor, draft)
    client_id = _named(actor, draft) or f"c{tokens.hash_of(random(32).hex())[:19]}"
    secret = new_secret(Prefix.CLIENT_SECRET, random=random) if draft.auth_method == "client_secret_basic" else None
    values |= {
        "id": _checked_id(client_id),
        "unit_id": unit_id,
        "account_id": _machine(connection, actor, draft, unit_id),
        "made_by": actor.account_id,
        "now": now,
        "secret_hash": hash_of(secret) if secret else None,
    }
    _require_room(connection, unit_id)
    _refuse_alike(connection, values)
    if not connection.execute(_QUERIES["insert_client"].encode(), values).rowcount:
        raise Conflict("There is a client of this name already.")
    client = find(connection, actor, client_id)
    acts.record(connection, actor, "client.register", f"client:{client.id}", after=_told(client))
    return client, secret


def change(connection: Connection[Any], actor: Caller, client_id: str, changes: Mapping[str, Any]) -> Client:
    """Change fields of a client that are not its identity: all of ``Draft`` but id, unit, account and auth_method.

    Tokens that are out keep their scopes until they end, ten minutes at most; with other networks they end at once.
    Consents are not asked for again. With the account that gave it an address the client ends.

    Raises:
        As ``register``; NotFound too where the client is another unit's.
    """
    old = _living(connection, actor, client_id)
    if not set(changes) <= _CHANGEABLE:
        raise BadRequest("Of a client can be changed: {}.", ", ".join(sorted(_CHANGEABLE)))
    if old.account is not None:
        _require_head(actor)
    _require_operator(connection, _draft_of(old))
    draft = replace(_draft_of(old), **dict(changes))
    values = {"id": old.id, "unit_id": old.unit_id, "actor": actor.account_id, "gave_keys": draft.jwks != old.jwks}
    values |= _checked(connection, actor, draft)
    values["gave_addresses"] = any(values[each] != getattr(_draft_of(old), each) for each in _ADDRESSES)
    _refuse_alike(connection, values)
    with refusals():
        connection.execute(_QUERIES["update_client"].encode(), values)
    new = find(connection, actor, client_id)
    if new.networks != old.networks:
        connection.execute(_QUERIES["revoke_tokens_of_client"].encode(), {"id": client_id})
    acts.record(connection, actor, "client.change", f"client:{client_id}", _told(old), _told(new))
    return new


def renew_secret(
    connection: Connection[Any], actor: Caller, client_id: str, *, random: Random = secrets.token_bytes
) -> str:
    """Give a client a new secret in place of the old one, which is good for nothing from now on.

    Raises:
        Conflict: it has none, or is revoked.
        Forbidden, NotFound: as ``register``.
    """
    client = _living(connection, actor, client_id)
    if client.auth_method != "client_secret_basic":
        raise Conflict("This client has no secret.")
    _require_operator(connection, _draft_of(client))
    if client.account is not None:
        _require_head(actor)
    secret = new_secret(Prefix.CLIENT_SECRET, random=random)
    connection.execute(
        _QUERIES["update_secret"].encode(), {"id": client_id, "secret_hash": hash_of(secret), "actor": actor.account_id}
    )
    acts.record(connection, actor, "client.renew_secret", f"client:{client_id}")
    return secret


def revoke(connection: Connection[Any], actor: Caller, client_id: str, *, now: datetime) -> None:
    """End a client with every consent and token that was given to it.

    Raises:
        Conflict: it is revoked already.
        Forbidden, NotFound: as ``register``.
    """
    client = _living(connection, actor, client_id)
    _end(connection, [client_id], now)
    acts.record(connection, actor, "client.revoke", f"client:{client_id}", before=_told(client))


def find(connection: Connection[Any], actor: Caller, client_id: str) -> Client:
    """Return a client, revoked or not.

    Raises:
        Forbidden: the actor has nothing to do with clients.
        NotFound: there is none, or it is another unit's.
    """
    _require_registrar(actor)
    with connection.cursor(row_factory=class_row(Client)) as cursor:
        given = client_id if _ID.fullmatch(client_id) else ""
        found = cursor.execute(_QUERIES["client"].encode(), {"id": given}).fetchone()
    if found is None or not _is_in_charge(actor, found.unit_id):
        raise NotFound
    return found


def list_of(connection: Connection[Any], actor: Caller, *, limit: int, after: str | None = None) -> list[Client]:
    """Return clients in the order of their ids, all of them to an admin, those of its unit to a head.

    Raises:
        Forbidden: the actor has nothing to do with clients.
    """
    _require_registrar(actor)
    unit_id = None if actor.account_kind is AccountKind.SYSTEM_ADMIN else actor.unit_id
    with connection.cursor(row_factory=class_row(Client)) as cursor:
        values = {"unit_id": unit_id, "after": (after or "").replace("\0", ""), "limit": limit}
        return cursor.execute(_QUERIES["clients"].encode(), values).fetchall()


_CHANGEABLE = frozenset(
    {
        "name",
        "grant_types",
        "scopes",
        "jwks",
        "redirect_uris",
        "origins",
        "networks",
        "for_everybody",
        "may_introspect",
    }
)
_ADDRESSES = ("redirect_uris", "origins", "networks")


def _require_registrar(actor: Caller) -> None:
    if actor.account_kind not in (AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD):
        raise Forbidden("Clients are registered by system admins and unit heads.")


def _is_in_charge(actor: Caller, unit_id: int) -> bool:
    return actor.account_kind is AccountKind.SYSTEM_ADMIN or actor.unit_id == unit_id


def _require_head(actor: Caller) -> None:
    """Refuse to give an admin, who need not see any data, what proves to be a machine of a unit."""
    if actor.account_kind is not AccountKind.UNIT_HEAD:
        raise Forbidden("A client that acts for a unit is its head's.")


def _unit_in_charge(connection: Connection[Any], actor: Caller, unit: str) -> int:
    _require_registrar(actor)
    found = connection.execute(_QUERIES["unit"].encode(), {"code": unit.replace("\0", "")}).fetchone()
    if found is None or not _is_in_charge(actor, found[0]):
        raise NotFound
    return int(found[0])


def _living(connection: Connection[Any], actor: Caller, client_id: str) -> Client:
    client = find(connection, actor, client_id)
    if client.revoked_at is not None:
        raise Conflict("This client is revoked.")
    return client


def _require_room(connection: Connection[Any], unit_id: int) -> None:
    found = connection.execute(_QUERIES["count_of_unit"].encode(), {"unit_id": unit_id}).fetchone()
    if found and found[0] >= OF_UNIT_MAX:
        raise Conflict("The unit has {} clients; revoke one first.", OF_UNIT_MAX)


def _machine(connection: Connection[Any], actor: Caller, draft: Draft, unit_id: int) -> int | None:
    """Return the id of the machine account, which only a client that asks for itself has."""
    if ("client_credentials" in draft.grant_types) != (draft.account is not None):
        raise BadRequest("A client that asks for itself, and no other, acts as a machine account.")
    if draft.account is None:
        return None
    _require_head(actor)
    values = {"code": draft.account.replace("\0", ""), "unit_id": unit_id}
    found = connection.execute(_QUERIES["machine_account"].encode(), values).fetchone()
    if found is None:
        raise Conflict("The unit has no machine account of this name that may act.")
    return int(found[0])


def _checked(connection: Connection[Any], actor: Caller, draft: Draft) -> dict[str, Any]:
    """Return the columns that a draft gives a client."""
    _check_reach(actor, draft)
    _check_ways(draft)
    _require_operator(connection, draft)
    name = _checked_name(connection, draft.name)
    if max(len(draft.redirect_uris), len(draft.origins)) > ADDRESSES_MAX:
        raise BadRequest("At most {} addresses of a kind.", ADDRESSES_MAX)
    return {
        "name": name,
        "auth_method": draft.auth_method,
        "jwks": Jsonb(checked_keys(draft.jwks)) if draft.jwks is not None else None,
        "redirect_uris": [checked_redirect(each) for each in draft.redirect_uris],
        "grant_types": [each for each in GRANT_TYPES if each in draft.grant_types],
        "scopes": checked_scopes(draft.scopes),
        "origins": [checked_origin(each) for each in draft.origins],
        "networks": [str(each) for each in checked_networks(draft.networks)],
        "for_everybody": draft.for_everybody,
        "may_introspect": draft.may_introspect,
    }


def _check_reach(actor: Caller, draft: Draft) -> None:
    beyond = draft.for_everybody or draft.may_introspect or "admin" in draft.scopes
    if beyond and actor.account_kind is not AccountKind.SYSTEM_ADMIN:
        raise Forbidden("Only a system admin registers a client that reaches beyond its unit.")


def _require_operator(connection: Connection[Any], draft: Draft) -> None:
    """Raise Forbidden where a client reaches so far that the operator alone registers and changes it."""
    is_far = draft.for_everybody or draft.may_introspect or ADMINISTRATION in draft.scopes
    if is_far and connection.execute(_QUERIES["is_dba"].encode()).fetchone() != (True,):
        raise Forbidden("This is done at the machine alone, by the login that owns the database.")


def _refuse_alike(connection: Connection[Any], values: Mapping[str, Any]) -> None:
    """Raise Conflict where a living client that the same people sign in to has a name that looks like this one."""
    if connection.execute(_QUERIES["alike"].encode(), values).fetchone():
        raise Conflict("There is a client already whose name looks like this one.")


def _check_ways(draft: Draft) -> None:
    """Raise BadRequest unless grants, proof and addresses fit together."""
    grants, confidential = set(draft.grant_types), draft.auth_method != "none"
    if draft.auth_method not in AUTH_METHODS or not grants or not grants <= set(GRANT_TYPES):
        raise BadRequest("Ways to prove itself are {}; grants are {}.", ", ".join(AUTH_METHODS), ", ".join(GRANT_TYPES))
    if (draft.auth_method == "private_key_jwt") != (draft.jwks is not None):
        raise BadRequest("Keys belong to private_key_jwt, and to nothing else.")
    if not confidential and ("client_credentials" in grants or draft.may_introspect):
        raise BadRequest("A public client cannot ask for itself, nor look into tokens.")
    if ("authorization_code" in grants) != bool(draft.redirect_uris):
        raise BadRequest("A client that people sign in to by a browser, and no other, has redirect addresses.")
    if "client_credentials" in grants and "admin" in draft.scopes:
        raise BadRequest("A machine account does not administer.")


def _named(actor: Caller, draft: Draft) -> str | None:
    """Return the id that a client is given: an admin chooses among all, a head among those of the unit."""
    if draft.id is None or actor.account_kind is AccountKind.SYSTEM_ADMIN:
        return draft.id
    own = f"{draft.unit}_"
    return draft.id if draft.id.startswith(own) else own + draft.id


def _checked_id(client_id: str) -> str:
    if not _ID.fullmatch(client_id):
        raise BadRequest("The id of a client has 3 to 64 letters, digits, hyphens and low lines.")
    return client_id


def _checked_name(connection: Connection[Any], name: str) -> str:
    text = normalized("NFC", name).strip()
    if not text or len(text) > NAME_MAX or not text.isprintable():
        raise BadRequest("A client has a name of at most {} characters.", NAME_MAX)
    plain = folded(connection, text)
    if not plain.isascii() or not plain:
        raise BadRequest("The name of a client is written in Vietnamese or English letters.")
    return text


def folded(connection: Connection[Any], name: str) -> str:
    """Return a name without what eyes pass over, as PostgreSQL keeps it: letters of other scripts stay as they are."""
    return only(connection, str, _QUERIES["folded"], {"name": name})


def _draft_of(client: Client) -> Draft:
    return Draft(
        id=client.id,
        name=client.name,
        unit=client.unit,
        grant_types=client.grant_types,
        scopes=client.scopes,
        auth_method=client.auth_method,
        account=client.account,
        jwks=client.jwks,
        redirect_uris=client.redirect_uris,
        origins=client.origins,
        networks=[str(each) for each in client.networks],
        for_everybody=client.for_everybody,
        may_introspect=client.may_introspect,
    )


def _end(connection: Connection[Any], client_ids: list[str], now: datetime) -> None:
    """Revoke clients, then end their families, then their tokens: what is issued meanwhile holds the rows before."""
    for query in ("revoke_clients", "end_families_of_clients", "revoke_tokens_of_clients"):
        connection.execute(_QUERIES[query].encode(), {"ids": client_ids, "now": now})


def _told(client: Client) -> dict[str, Any]:
    """Return what the audit keeps of a client."""
    told = asdict(_draft_of(client))
    return told | {"revoked_at": client.revoked_at.isoformat() if client.revoked_at else None}
