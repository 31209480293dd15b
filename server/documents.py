"""Landing page, conformance, collections, schemas and the API definition, as JSON or as a page."""

import json
from collections.abc import Callable
from dataclasses import replace

from catalogue.record_keys import RECORDS
from formats.format import Link
from formats.gml_schema import gml_schema
from formats.json_text import link_members
from query.cql2 import FUNCTIONS
from query.request import single_values
from server import answers, described, local_catalogue, pages, shell
from server.conformance import CLASSES
from server.context import Context
from server.http import Response
from server.links import link, self_and_alternates
from server.representations import CATALOGUE, HTML, JSON, OPENAPI, SCHEMA, XSD, Plain, chosen
from server.shelf import Json


def landing(context: Context) -> Response:
    """Answer ``/``."""
    links = [
        link(context, "service-desc", context.url("/api"), OPENAPI.media_types[0]),
        link(context, "service-doc", context.url("/api", [("f", "html")]), "text/html"),
        link(context, "conformance", context.url("/conformance"), "application/json"),
        link(context, "data", context.url("/collections"), "application/json"),
        *described.catalogue_links(context),
    ]
    return _answer(context, "landing", JSON, lambda: shell.landing(context), links)


def conformance(context: Context) -> Response:
    """Answer ``/conformance``."""
    return _answer(context, "conformance", JSON, lambda: {"conformsTo": list(CLASSES)}, None)


def collections(context: Context) -> Response:
    """Answer ``/collections``."""
    representation = chosen(context, (JSON, CATALOGUE, HTML))
    whole = context.shelf.keep(
        (context.request.path, context.language), lambda: described.collections_document(context)
    )
    links = [
        *_self_and_others(context, representation, JSON),
        described.root_link(context),
        *described.profile_links(),
    ]
    shown = whole | {"collections": local_catalogue.found(context, whole["collections"])}
    return _written(context, "collections", representation, shown | {"links": link_members(links)})


def collection(context: Context, id_: str) -> Response:
    """Answer ``/collections/{id}``."""
    context.shelf.view(id_)
    links = described.collection_links(context, id_)
    if id_ == RECORDS:
        return _catalogue(context, id_, links)
    return _answer(context, "collection", JSON, lambda: shell.collection(context, id_), links)


def _catalogue(context: Context, id_: str, links: list[Link]) -> Response:
    """Answer with the description of the catalogue. Source: OGC 20-004r1, /req/record-collection/default-mediatype."""
    representation = chosen(context, (CATALOGUE, JSON, HTML))
    single_values(context.parameters, ("f", "lang"))
    document = context.shelf.keep((context.request.path, context.language), lambda: shell.collection(context, id_))
    links = [*_self_and_others(context, representation, CATALOGUE), *links]
    return _written(context, "collection", representation, document | {"links": link_members(links)})


def _self_and_others(context: Context, representation: Plain, json_form: Plain) -> list[Link]:
    """Return the links to a document that is JSON under two media types, of which ``f=json`` asks for one."""
    shown = representation if representation is HTML else json_form
    own, *others = self_and_alternates(context, shown, (json_form, HTML))
    return [replace(own, type=representation.media_types[0]), *others]


def schema(context: Context, id_: str, kind: str) -> Response:
    """Answer ``/collections/{id}/schema``, ``/queryables`` and ``/sortables``."""
    view = context.shelf.view(id_)
    offers = (SCHEMA, HTML, XSD) if kind == "schema" else (SCHEMA, HTML)
    if chosen(context, offers) is XSD:
        single_values(context.parameters, ("f", "lang"))
        content = gml_schema(view.collection, language=context.language)
        return answers.document(context, "application/xml; charset=utf-8", content)
    return _answer(context, "schema", SCHEMA, lambda: described.schema_document(context, id_, kind), None)


def api(context: Context) -> Response:
    """Answer ``/api``: the OpenAPI document of this profile."""
    return _answer(context, "api", OPENAPI, lambda: described.api_document(context), None)


def functions(context: Context) -> Response:
    """Answer ``/functions``: what CQL2 filters may call. Source: OGC 19-079r2, requirement get-functions-operation."""
    return _answer(
        context,
        "functions",
        JSON,
        lambda: {"functions": [described.function_document(each, context.language) for each in FUNCTIONS]},
        None,
    )


def _answer(
    context: Context,
    page: str,
    json_form: Plain,
    make: Callable[[], Json],
    links: list[Link] | None,
) -> Response:
    """Answer with a document that the profile and the language determine; ``links=None`` has no place for any."""
    offers = (json_form, HTML)
    representation = chosen(context, offers)
    single_values(context.parameters, ("f", "lang"))
    document = context.shelf.keep((context.request.path, context.language), make)
    if links is not None:
        document = document | {"links": link_members([*self_and_alternates(context, representation, offers), *links])}
    return _written(context, page, representation, document)


def _written(context: Context, page: str, representation: Plain, document: Json) -> Response:
    if representation is HTML:
        return answers.page(context, pages.document(context, page, document))
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return answers.document(context, representation.media_types[0], body)
