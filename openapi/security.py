"""How a client signs in, as the document says it: OAuth 2 as far as OpenAPI 3.0 has words for it, or a bearer token.

The device flow has none in 3.0; the description tells of it, and the server's own metadata (RFC 8414) too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openapi.fragment import text

type Json = dict[str, Any]

SCOPES = ("features:read", "tiles:read", "records:read", "processes:execute", "features:write", "admin")
"""As ``auth.credentials.tokens`` has them."""
NEEDED = "features:read"
"""What the operations of the document ask of a token."""
NEEDED_OF_RECORDS = "records:read"
"""What those on metadata records ask of it."""


@dataclass(frozen=True, slots=True)
class Security:
    """The security of a document.

    Attributes:
        schemes: ways to sign in, by name.
        needed: which of them a request needs; any one of the list is enough, and an empty one is nothing at all.
        of_records: the same for requests for metadata records; nothing: as for all others.
    """

    schemes: Mapping[str, Json]
    needed: Sequence[Json]
    of_records: Sequence[Json] = ()


def security_of(base_url: str, language: str) -> Security:
    """Return the security of the service: without a token an answer is the public's, with one its account's."""
    return Security(schemes(base_url, language), _any_of(NEEDED), _any_of(NEEDED_OF_RECORDS))


def _any_of(scope: str) -> list[Json]:
    return [{}, {"oauth2": [scope]}, {"bearer": []}]


def schemes(base_url: str, language: str) -> dict[str, Json]:
    """Return the ways to sign in, by name."""
    scopes = {scope: text(f"scope-{scope.replace(':', '-')}", language) for scope in SCOPES}
    token_url, at = f"{base_url}/oauth/token", f"{base_url}/oauth/authorize"
    machine = {scope: said for scope, said in scopes.items() if scope != "admin"}
    code: Json = {"authorizationUrl": at, "tokenUrl": token_url, "refreshUrl": token_url, "scopes": scopes}
    return {
        "oauth2": {
            "type": "oauth2",
            "description": text("security-oauth2", language, base_url=base_url),
            "flows": {
                "authorizationCode": code,
                "clientCredentials": {"tokenUrl": token_url, "scopes": machine},
            },
        },
        "bearer": {"type": "http", "scheme": "bearer", "description": text("security-bearer", language)},
    }
