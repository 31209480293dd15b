"""pygeoapi's own handlers, one API object for each profile, and our overlay on what they answer.

The configuration that the API object gets is the registry of what the profile publishes; it is made of strings and
numbers alone, because pygeoapi copies it.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pygeoapi.api import API, APIRequest, describe_collections, landing_page
from pygeoapi.l10n import str2locale

from catalogue.layer import Component
from catalogue.profile import Collection
from catalogue.record_keys import RECORDS
from core.errors import NotFound
from formats.records.oarec import contact
from openapi.fragment import text
from query.crs import CRS84, epsg, offered
from server.cataloguing import provider_of
from server.context import LANGUAGES, Context
from server.shelf import Json

# It greets at each start and tells of each collection; what matters it raises.
logging.getLogger("pygeoapi").setLevel(logging.WARNING)
PROVIDER = "providers.items.ItemsProvider"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What pygeoapi reads of a request."""

    args: Mapping[str, str]
    headers: Mapping[str, str]
    path_info: str


def landing(context: Context) -> Json:
    """Return pygeoapi's landing page as JSON, without its links."""
    return _without_links(_answer(context, landing_page))


def collections(context: Context) -> list[Json]:
    """Return pygeoapi's description of each collection, without its links.

    Layers on the map come first, then tables; each by component database and id.
    """
    described = cast("list[Json]", _answer(context, describe_collections)["collections"])
    if len(described) != len(context.profile.collections):
        raise RuntimeError("pygeoapi left a collection out")  # it swallows errors; a shorter list would be a lie
    themes = [str(each) for each in Component]
    overlaid = [_overlaid(context, each) for each in described]
    return sorted(overlaid, key=lambda each: ("crs" not in each, themes.index(each["theme"]["id"]), each["id"]))


def collection(context: Context, id_: str) -> Json:
    """Return pygeoapi's description of one collection, without its links.

    Raises:
        NotFound: the profile has no such collection.
    """
    if id_ not in context.profile.collections:
        raise NotFound
    return _overlaid(context, _answer(context, describe_collections, id_))


def _answer(context: Context, handler: Any, *arguments: str) -> Json:
    api = context.shelf.keep("api", lambda: API(configuration(context), {}))
    asked = _Asked({"f": "json", "lang": context.language}, {}, context.request.path)
    _, status, content = handler(api, APIRequest(asked, [str2locale(each) for each in LANGUAGES]), *arguments)
    if int(status) != 200:
        raise RuntimeError(f"pygeoapi answers {status}")
    return json.loads(content)


def configuration(context: Context) -> Json:
    """Return the configuration of pygeoapi for this profile."""
    service = context.parts.service
    words = {"title": vars_of(service.title), "description": vars_of(service.description)}
    return {
        "server": {
            "url": context.parts.base_url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": list(LANGUAGES),
            "map": {"url": "", "attribution": ""},
            "limits": {"default_items": 10, "max_items": 10_000},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**words, "keywords": {"vi": ["đất đai"], "en": ["land"]}, "url": service.provider_url},
            "license": {"name": service.license, "url": service.provider_url},
            "provider": {"name": service.provider.vi, "url": service.provider_url},
            "contact": {"name": service.provider.vi, "email": service.contact_email},
        },
        "resources": {id_: _resource(context, each) for id_, each in context.profile.collections.items()},
    }


def vars_of(text: Any) -> dict[str, str]:
    """Return a text as pygeoapi's mapping from language to words."""
    return {"vi": text.vi, "en": text.en}


def _resource(context: Context, published: Collection) -> Json:
    service, layer, geometry = context.parts.service, published.layer, published.geometry
    has_time = context.shelf.view(published.id).time is not None
    return {
        "type": "collection",
        "title": vars_of(layer.title),
        "description": vars_of(layer.description),
        "keywords": {language: [each.in_language(language) for each in layer.keywords] for language in LANGUAGES},
        "links": [],
        "extents": {
            "spatial": {"bbox": list(service.extent), "crs": CRS84.uri},
            **({"temporal": {"begin": f"{service.begin}T00:00:00Z", "end": None}} if has_time else {}),
        },
        "providers": [
            {
                "type": "feature",
                "name": PROVIDER,
                "data": published.id,
                "id_field": layer.key.name,
                "crs": [each.uri for each in offered(layer.srids)],
                "storage_crs": epsg(geometry.stored_srid).uri if geometry else CRS84.uri,
            }
        ],
    }


def _overlaid(context: Context, described: Json) -> Json:
    """Set what pygeoapi cannot say: the component database, CRSs as declared, none without geometry."""
    published = context.profile.collections[described["id"]]
    layer, geometry = published.layer, published.geometry
    changed = _without_links(described)
    changed["itemType"] = "feature"
    changed["theme"] = {"id": str(layer.component), "title": text(str(layer.component), context.language)}
    for name in ("crs", "storageCrs"):
        changed.pop(name, None)
    if geometry is None:
        changed["extent"] = {name: value for name, value in changed["extent"].items() if name != "spatial"}
    else:
        changed["crs"] = [each.uri for each in offered(layer.srids)]
        changed["storageCrs"] = epsg(geometry.stored_srid).uri
    return changed | (_of_catalogue(context) if published.id == RECORDS else {})


def _of_catalogue(context: Context) -> Json:
    """Return what makes the description of the records that of a catalogue. Source: OGC 20-004r1, clause 7.3."""
    language, service = context.language, context.parts.service
    return {
        "type": "Collection",
        "itemType": "record",
        "language": {"code": language},
        "languages": [{"code": each} for each in LANGUAGES],
        "contacts": [contact(provider_of(service), language)],
        "license": "other",
        "defaultSortOrder": [{"field": "id", "direction": "asc"}],
    }


def _without_links(document: Json) -> Json:
    return {name: value for name, value in document.items() if name != "links"}
