"""The admin API: every act on units, accounts, agreements and audit, as JSON over HTTP."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from flask import Blueprint

from auth.api import (
    accounts,
    agreements,
    audit,
    clients,
    explain,
    functions,
    managers,
    outside,
    packages,
    proposals,
    requests,
    tokens,
    units,
)
from auth.api.http import PREFIX, Access, answer, guard, install_problems
from auth.api.proofs import needs_proof
from core.limits import LIMITS

TOPICS: tuple[ModuleType, ...] = (
    accounts,
    agreements,
    audit,
    clients,
    explain,
    functions,
    managers,
    outside,
    packages,
    proposals,
    requests,
    tokens,
    units,
)
"""Modules with ``blueprint(access)`` and ``PATHS``, the OpenAPI paths below ``/admin/api``."""


def blueprint(access: Access, more: Sequence[ModuleType] = ()) -> Blueprint:
    """Return the whole admin API as one blueprint, at ``/admin/api``; only who is signed in passes.

    Args:
        more: topics of packages above this one.
    """
    whole = Blueprint("admin", __name__, url_prefix=PREFIX)
    guard(whole, access)
    install_problems(whole, access)
    for topic in (*TOPICS, *more):
        whole.register_blueprint(topic.blueprint(access))
    whole.add_url_rule("", "document", lambda: answer(document(more)))
    return whole


def blueprints(access: Access, more: Sequence[ModuleType] = ()) -> tuple[Blueprint, ...]:
    """Return what an application registers to have the admin API."""
    return (blueprint(access, more),)


def document(more: Sequence[ModuleType] = ()) -> dict[str, Any]:
    """Return the OpenAPI document of the admin API."""
    topics = (*TOPICS, *more)
    paths = {PREFIX + path: _with_proof(path, item) for topic in topics for path, item in topic.PATHS.items()}
    return {
        "openapi": "3.0.3",
        "info": {"title": "datdai: administration", "version": "1.0.0"},
        "paths": {PREFIX: {"get": {"summary": "This document", "responses": {"200": {"description": "OpenAPI 3.0"}}}}}
        | paths,
        "components": _COMPONENTS,
        "security": [{"token": []}, {"session": []}],
    }


def _with_proof(path: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI says of a path, with which of its operations need a fresh proof of the person."""
    said = {"description": _PROOF}
    return {name: each | said if needs_proof(name.upper(), path) else each for name, each in item.items()}


_PROOF = (
    "Needs a fresh proof of the person: whoever asks signed in, or proved anew who they are, "
    f"at most {LIMITS.proof_max_age_s} seconds ago. Else 401 with the error `insufficient_user_authentication`."
)
_COMPONENTS: dict[str, Any] = {
    "securitySchemes": {
        "token": {"type": "http", "scheme": "bearer", "description": "A token with the scope admin."},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-datdai", "description": "A signed-in browser."},
    },
    "parameters": {
        "limit": {
            "name": "limit",
            "in": "query",
            "description": "Entries on a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
        },
        "after": {
            "name": "after",
            "in": "query",
            "description": "`next` of the page before.",
            "schema": {"type": "string"},
        },
    },
    "responses": {
        "Problem": {
            "description": "Why not: problem details (RFC 9457).",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    },
    "schemas": {
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "faults": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"member": {"type": "string"}, "problem": {"type": "string"}},
                    },
                },
            },
        }
    },
}
