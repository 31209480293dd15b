"""The documents of a profile as JSON objects, with their links; the same for every request in one language."""

from importlib.metadata import version

from catalogue.profile import Operation
from catalogue.record_keys import RECORDS
from catalogue.types import ColumnType
from formats.format import Link, Representation
from formats.json_text import link_members
from formats.offered import FORMATS
from formats.records.offered import BY_KEY
from openapi import document as openapi_document
from openapi import schemas
from openapi.security import security_of
from query.cql2 import Function
from server import shell
from server.cataloguing import about_of
from server.context import Context
from server.links import link, name_of
from server.representations import HTML, offered_by
from server.shelf import Json

CATALOGUE_PROFILE = "http://www.opengis.net/def/profile/OGC/0/ogc-catalog"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
_SCHEMA_TYPE = "application/schema+json"
_JSON_TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "number",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "datetime",
    ColumnType.TIMESTAMP: "datetime",
    ColumnType.UUID: "string",
    ColumnType.TEXT_ARRAY: "string",
    ColumnType.GEOMETRY: "geometry",
}


def collections_document(context: Context) -> Json:
    """Return the list of collections, each with its links."""
    described = shell.collections(context)
    for each in described:
        each["links"] = link_members(collection_links(context, each["id"]))
    shared = dict.fromkeys(crs for each in described for crs in each.get("crs", ()))  # CRS84 first, as in each
    return _as_catalogue(context) | {"collections": described, "crs": list(shared)}


def _as_catalogue(context: Context) -> Json:
    """Return what makes the list of collections a catalogue. Source: OGC 20-004r1, /req/local-resources-catalog."""
    service, language = context.parts.service, context.language
    return {
        "id": "collections",
        "type": "Collection",
        "itemType": "record",
        "title": service.title.in_language(language),
        "description": service.description.in_language(language),
        "recordsArrayName": "collections",
        "language": {"code": language},
    }


def collection_document(context: Context, id_: str) -> Json:
    """Return one collection with its links."""
    return shell.collection(context, id_) | {"links": link_members(collection_links(context, id_))}


def schema_document(context: Context, id_: str, kind: str) -> Json:
    """Return the schema of returnables (``schema``), ``queryables`` or ``sortables``."""
    parts, visible = context.parts, context.profile.collections
    about = {"base_url": parts.base_url, "language": context.language}
    match kind:
        case "queryables":
            return schemas.queryables(visible[id_], parts.codelists, **about)
        case "sortables":
            return schemas.sortables(visible[id_], parts.codelists, **about)
        case _:
            return schemas.schema(visible[id_], parts.codelists, visible=visible, **about)


def api_document(context: Context) -> Json:
    service = context.parts.service
    return openapi_document.build(
        context.profile,
        base_url=context.parts.base_url,
        title=service.title.in_language(context.language),
        description=service.description.in_language(context.language),
        version=version("datdai"),
        codelists=context.parts.codelists,
        language=context.language,
        security=security_of(context.parts.base_url, context.language),
    )


def function_document(function: Function, language: str) -> Json:
    arguments = [{"type": sorted({_JSON_TYPES[kind] for kind in kinds})} for kinds in function.arguments]
    return {
        "name": function.name,
        "description": function.description.in_language(language),
        "arguments": arguments,
        "returns": [_JSON_TYPES[function.returns]],
    }


def profile_links() -> list[Link]:
    """Return the profile of a catalogue. Source: OGC 20-004r1, /req/json/catalog-content-profile."""
    return [Link(CATALOGUE_PROFILE, "profile")]


def catalogue_links(context: Context) -> list[Link]:
    """Return the links to the catalogues of this service: its collections, and the metadata where the caller sees some.

    Source: OGC 20-004r1, /req/local-resources-catalog/discovery, /req/autodiscovery/links.
    """
    paths = ["/collections", f"/collections/{RECORDS}/items"][: 1 + (RECORDS in context.profile.collections)]
    types = ("application/json", "application/geo+json")
    return [
        link(context, _REL + "ogc-catalog", context.url(path), type_, "catalogue")
        for path, type_ in zip(paths, types, strict=False)
    ]


def root_link(context: Context) -> Link:
    return link(context, "root", context.url("/"), "application/json")


def collection_links(context: Context, id_: str) -> list[Link]:
    base = f"/collections/{id_}"
    schema_links = [
        link(context, rel, context.url(f"{base}/{name}"), _SCHEMA_TYPE, name)
        for rel, name in (
            (_REL + "schema", "schema"),
            (_REL + "queryables", "queryables"),
            (_REL + "sortables", "sortables"),
        )
    ]
    offers: tuple[Representation, ...] = offered_by(context.profile.collections[id_], (*FORMATS, HTML))
    if id_ == RECORDS:
        offers = (BY_KEY["json"], HTML, *(BY_KEY[each] for each in ("dcat-ttl", "dcat-rdf", "dcat-jsonld")))
    # The first without a query: GDAL appends an item's id to it.
    items = [
        link(context, "items", context.url(f"{base}/items", [("f", each.key)] if number else []), each.media_types[0])
        for number, each in enumerate(offers)
    ]
    own = [root_link(context), *items, *schema_links, *_export_links(context, id_)]
    return [*own, *profile_links(), _license_link(context)] if id_ == RECORDS else own


def _license_link(context: Context) -> Link:
    return link(context, "license", about_of(context).terms_url, "text/html")


def _export_links(context: Context, id_: str) -> list[Link]:
    exported = context.profile.facet(id_, Operation.EXPORT)
    return [
        link(
            context,
            "enclosure",
            context.url(f"/collections/{id_}/export", [("f", each.key)]),
            each.media_types[0],
            "",
            name_of(each),
        )
        for each in (offered_by(exported, FORMATS) if exported else ())
    ]
