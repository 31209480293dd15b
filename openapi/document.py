"""The OpenAPI document of a profile: OpenAPI 3.0.3, complete in itself, no reference leaves it.

3.0 and not 3.1, because OGC's executable tests and the clients in use read 3.0 only.
"""

from typing import Any

from catalogue.codelists import Codelists
from catalogue.profile import Collection, Profile
from catalogue.record_keys import RECORDS
from openapi.fragment import fragment, text
from openapi.parameters import exported, own, shared
from openapi.paths import feature_schemas, of_collection, of_service
from openapi.security import Security

type Json = dict[str, Any]

_OF_RECORDS = f"/collections/{RECORDS}"
MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.0"


def build(
    profile: Profile,
    *,
    base_url: str,
    title: str,
    description: str,
    version: str,
    codelists: Codelists,
    language: str,
    security: Security | None = None,
) -> Json:
    """Return the document of what this profile may see, the same for the same arguments, in a fixed order.

    Args:
        base_url: address of the service, without a slash at the end.
        security: how a client signs in; ``None`` says nothing of it.
    """
    collections = tuple(profile.collections.values())
    paths = of_service(language)
    for each in collections:
        paths |= of_collection(each, exported(profile, each), language)
    document: Json = {
        "openapi": "3.0.3",
        "info": {"title": title, "description": description, "version": version},
        "servers": [{"url": base_url}],
        "tags": _tags(collections, language),
        "paths": paths,
        "components": _components(profile, codelists, language),
    }
    return _secured(document, security)


def _tags(collections: tuple[Collection, ...], language: str) -> list[Json]:
    components = sorted({str(each.layer.component) for each in collections})
    service = {"name": "service", "description": text("service-description", language)}
    return [service, *({"name": each, "description": text(each, language)} for each in components)]


def _components(profile: Profile, codelists: Codelists, language: str) -> Json:
    parameters = shared(language)
    schemas = dict(fragment("schemas", language))
    for each in profile.collections.values():
        for face in (each, exported(profile, each)):
            parameters |= own(face, codelists, language) if face else {}
        schemas |= feature_schemas(each, language)
    return {
        "parameters": parameters,
        "headers": fragment("headers", language),
        "responses": fragment("responses", language),
        "schemas": schemas,
    }


def _secured(document: Json, security: Security | None) -> Json:
    if security:
        document["components"]["securitySchemes"] = dict(security.schemes)
        document["security"] = list(security.needed)
    if security and security.of_records:
        for path, operations in document["paths"].items():
            if path.startswith(_OF_RECORDS):
                operations.update(
                    {name: each | {"security": list(security.of_records)} for name, each in operations.items()}
                )
    return document
