"""What a program needs to know to ask for a token by itself: server and resource metadata."""

from typing import Any

from auth.credentials.tokens import SCOPES
from auth.oauth.assertions import ALGORITHMS
from auth.oauth.grants import ALL_METHODS, CONFIDENTIAL_METHODS, DEVICE_CODE

SERVER_PATH = "/.well-known/oauth-authorization-server"
RESOURCE_PATH = "/.well-known/oauth-protected-resource"


def of_server(issuer: str) -> dict[str, Any]:
    """Return the metadata of the authorization server. Source: RFC 8414, 2; RFC 8628, 4; RFC 9207, 3."""
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "prompt_values_supported": ["login"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "protected_resources": [issuer],
        "ui_locales_supported": ["vi", "en"],
    }
    for endpoint, methods in (
        ("token", ALL_METHODS),
        ("revocation", ALL_METHODS),
        ("introspection", CONFIDENTIAL_METHODS),
    ):
        document[f"{endpoint}_endpoint_auth_methods_supported"] = list(methods)
        document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(ALGORITHMS)
    return document


def of_resource(issuer: str) -> dict[str, Any]:
    """Return the metadata of the service as something that tokens protect. Source: RFC 9728, 2."""
    return {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
    }
