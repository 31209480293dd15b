"""Landing page, conformance, collections, schemas and the API definition, as JSON or as a page."""

import json
from collections.abc import Callable

from catalogue.types import ColumnType
from formats.format import Link
from formats.gml_schema import gml_schema
from formats.json_text import link_members
from formats.offered import FORMATS
from openapi import document as openapi_document
from openapi import schemas
from query.cql2 import FUNCTIONS, Function
from query.request import single_values
from server import answers, pages, shell
from server.conformance import CLASSES
from server.context import Context
from server.http import Response
from server.links import link, self_and_alternates
from server.representations import HTML, JSON, OPENAPI, SCHEMA, XSD, Plain, chosen
from server.shelf import Json

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


def landing(context: Context) -> Response:
    """Answer ``/``."""
    links = [
        link(context, "service-desc", context.url("/api"), OPENAPI.media_types[0]),
        link(context, "service-doc", context.url("/api", [("f", "html")]), "text/html"),
        link(context, "conformance", context.url("/conformance"), "application/json"),
        link(context, "data", context.url("/collections"), "application/json"),
    ]
    return _answer(context, "landing", JSON, lambda: shell.landing(context), links)


def conformance(context: Context) -> Response:
    """Answer ``/conformance``."""
    return _answer(context, "conformance", JSON, lambda: {"conformsTo": list(CLASSES)}, None)


def collections(context: Context) -> Response:
    """Answer ``/collections``."""
    return _answer(context, "collections", JSON, lambda: collections_document(context), [_root(context)])


def collection(context: Context, id_: str) -> Response:
    """Answer ``/collections/{id}``."""
    context.shelf.view(id_)
    links = _collection_links(context, id_)
    return _answer(context, "collection", JSON, lambda: shell.collection(context, id_), links)


def schema(context: Context, id_: str, kind: str) -> Response:
    """Answer ``/collections/{id}/schema``, ``/queryables`` and ``/sortables``."""
    view = context.shelf.view(id_)
    offers = (SCHEMA, HTML, XSD) if kind == "schema" else (SCHEMA, HTML)
    if chosen(context, offers) is XSD:
        single_values(context.parameters, ("f", "lang"))
        content = gml_schema(view.collection, language=context.language)
        return answers.document(context, "application/xml; charset=utf-8", content)
    return _answer(context, "schema", SCHEMA, lambda: schema_document(context, id_, kind), None)


def api(context: Context) -> Response:
    """Answer ``/api``: the OpenAPI document of this profile."""
    return _answer(context, "api", OPENAPI, lambda: _api_document(context), None)


def functions(context: Context) -> Response:
    """Answer ``/functions``: what CQL2 filters may call. Source: OGC 19-079r2, requirement get-functions-operation."""
    return _answer(
        context, "functions", JSON, lambda: {"functions": [_function(each) for each in FUNCTIONS]}, None, offers=(JSON,)
    )


def collections_document(context: Context) -> Json:
    """Return the list of collections, each with its links."""
    described = shell.collections(context)
    for each in described:
        each["links"] = link_members(_collection_links(context, each["id"]))
    return {"collections": described, "crs": sorted({crs for each in described for crs in each["crs"]})}


def collection_document(context: Context, id_: str) -> Json:
    """Return one collection with its links."""
    return shell.collection(context, id_) | {"links": link_members(_collection_links(context, id_))}


def schema_document(context: Context, id_: str, kind: str) -> Json:
    """Return the schema of returnables (``schema``), ``queryables`` or ``sortables``."""
    make = {"schema": schemas.schema, "queryables": schemas.queryables, "sortables": schemas.sortables}[kind]
    parts = context.parts
    published = context.profile.collections[id_]
    return make(published, parts.codelists, base_url=parts.base_url, language=context.language)


def _function(function: Function) -> Json:
    arguments = [{"type": sorted({_JSON_TYPES[kind] for kind in kinds})} for kinds in function.arguments]
    return {
        "name": function.name,
        "description": function.description,
        "arguments": arguments,
        "returns": [_JSON_TYPES[function.returns]],
    }


def _api_document(context: Context) -> Json:
    service = context.parts.service
    return openapi_document.build(
        context.profile,
        base_url=context.parts.base_url,
        title=service.title.in_language(context.language),
        description=service.description.in_language(context.language),
        version="1.0.0",
        codelists=context.parts.codelists,
        language=context.language,
    )


def _answer(
    context: Context,
    page: str,
    json_form: Plain,
    make: Callable[[], Json],
    links: list[Link] | None,
    offers: tuple[Plain, ...] = (),
) -> Response:
    """Answer with a document that the profile and the language determine; ``links=None`` has no place for any."""
    offers = offers or (json_form, HTML)
    representation = chosen(context, offers)
    single_values(context.parameters, ("f", "lang"))
    document = context.shelf.keep((context.request.path, context.language), make)
    if links is not None:
        document = document | {"links": link_members([*self_and_alternates(context, representation, offers), *links])}
    if representation is HTML:
        return answers.page(context, pages.document(context, page, document))
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return answers.document(context, json_form.media_types[0], body)


def _root(context: Context) -> Link:
    return link(context, "root", context.url("/"), "application/json")


def _collection_links(context: Context, id_: str) -> list[Link]:
    base = f"/collections/{id_}"
    schema_links = [
        link(context, rel, context.url(f"{base}/{name}"), _SCHEMA_TYPE, name)
        for rel, name in (
            (_REL + "schema", "schema"),
            (_REL + "queryables", "queryables"),
            (_REL + "sortables", "sortables"),
        )
    ]
    # Without a query: GDAL appends an item's id to it.
    items = [link(context, "items", context.url(f"{base}/items"), FORMATS[0].media_types[0])]
    items += [
        link(context, "items", context.url(f"{base}/items", [("f", each.key)]), each.media_types[0])
        for each in (*FORMATS[1:], HTML)
    ]
    whole = [
        link(context, "enclosure", context.url(f"{base}/export", [("f", each.key)]), each.media_types[0], "", each.key)
        for each in FORMATS
    ]
    return [_root(context), *items, *schema_links, *whole]
