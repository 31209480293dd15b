"""Register the clients of the demo: those of machine accounts, and QGIS for everybody who signs in."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.model import AccountKind
from auth.oauth import clients
from auth.oauth.clients import Draft
from loader.demo.deriving import derived, source
from loader.demo.files import ClientEntry
from loader.demo.staffing import ADMIN, Office
from loader.demo.stage import callers

KEY_NAME = "demo"
"""``kid`` of the keys by which clients of the demo prove themselves."""


def register(office: Office) -> None:
    """Let the heads register the clients of their units, and an admin with the operator QGIS."""
    stage, now = office.stage, office.stage.clock.now()
    people = callers(stage.connection, now)
    heads = {each.unit: people[each.code] for each in office.demo.accounts if each.kind is AccountKind.UNIT_HEAD}
    stage.found(clients.register, people[ADMIN], clients.qgis(office.demo.units[0].code), now=now)
    for each in office.demo.clients:
        random = source(derived(office.key, "client", each.id))
        stage.keep(clients.register, heads[each.unit], _draft(each, office.key), now=now, random=random)


def signing_key_of(client: str, *, key: bytes) -> Ed25519PrivateKey:
    """Return the key by which a client that has one signs its assertions."""
    return Ed25519PrivateKey.from_private_bytes(derived(key, "signing", client))


def _draft(entry: ClientEntry, key: bytes) -> Draft:
    signing = signing_key_of(entry.id, key=key) if entry.auth_method == "private_key_jwt" else None
    return Draft(
        id=entry.id,
        name=entry.name,
        unit=entry.unit,
        account=entry.account,
        auth_method=entry.auth_method,
        grant_types=("client_credentials",),
        scopes=entry.scopes,
        jwks={"keys": [_public(signing)]} if signing else None,
    )


def _public(signing: Ed25519PrivateKey) -> dict[str, str]:
    x = base64.urlsafe_b64encode(signing.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": KEY_NAME, "alg": "EdDSA"}
