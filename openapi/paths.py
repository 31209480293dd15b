"""Paths of the document: the service's own, and those of each collection by name."""

from collections.abc import Iterable
from typing import Any

from catalogue.profile import Collection
from openapi.fragment import text
from openapi.parameters import HTML_KEY, component_key, formats_read, of_export, of_item, of_items
from openapi.records import content_of_page, content_of_record, gone, is_of_records, schemas
from openapi.schemas import MEDIA_TYPE, TYPES, json_type

type Json = dict[str, Any]

HTML: Json = {"text/html": {"schema": {"type": "string"}}}
BINARY: Json = {"schema": {"type": "string", "format": "binary"}}
_OTHERS = {
    "jsonfg": ("application/vnd.ogc.fg+json", {"schema": {"type": "object"}}),
    "csv": ("text/csv; charset=utf-8; header=present", {"schema": {"type": "string"}}),
    "fgb": ("application/vnd.flatgeobuf", BINARY),
    "gpkg": ("application/geopackage+sqlite3", BINARY),
    "gml": (
        'application/gml+xml; version=3.2; profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"',
        {"schema": {"type": "string"}},
    ),
}
_XSD: Json = {"application/xml": {"schema": {"type": "string"}}}
_HEALTH = {"live": "/health/live", "ready": "/health/ready"}
_DOCUMENTS = {
    "landing": ("/", "landingPage"),
    "conformance": ("/conformance", "confClasses"),
    "functions": ("/functions", "functions"),
    "collections": ("/collections", "collections"),
}


def of_service(language: str) -> Json:
    """Return the paths that every profile has."""
    paths = {path: _document(name, "service", _json(schema), language) for name, (path, schema) in _DOCUMENTS.items()}
    searching = [_ref("parameters", each) for each in ("bbox", "datetime", "q", "ids")]
    paths["/collections"]["get"]["parameters"] += searching
    api = {"application/vnd.oai.openapi+json;version=3.0": {"schema": {"type": "object"}}}
    paths["/api"] = _document("api", "service", api, language)
    for name, path in _HEALTH.items():
        operation = _operation(name, "service", text(name, language))
        paths[path] = {"get": operation | {"responses": _answers(_json("health"), language, ("Unavailable",))}}
    return paths


def of_collection(collection: Collection, exported: Collection | None, language: str) -> Json:
    """Return the paths of one collection; ``exported``: what an export sees of it, ``None``: there is none."""
    root = f"/collections/{collection.id}"
    paths = {
        root: _described(collection, "collection", _json("collection"), language),
        f"{root}/schema": _described(collection, "schema", _schema() | _XSD, language, "f-schema"),
        f"{root}/queryables": _described(collection, "queryables", _schema(), language),
        f"{root}/sortables": _described(collection, "sortables", _schema(), language),
        f"{root}/items": _items(collection, language),
        f"{root}/items/{{itemId}}": _item(collection, language),
    }
    return paths | ({f"{root}/export": _export(collection, exported, language)} if exported else {})


def feature_schemas(collection: Collection, language: str) -> Json:
    """Return the schemas of a collection's items and pages, by their key in ``components``."""
    if is_of_records(collection):
        return schemas(language)
    key = component_key(collection.id)
    return {
        f"{key}.properties": {
            "type": "object",
            "properties": {
                each.name: {"title": each.title.in_language(language), **json_type(each), "nullable": True}
                for each in collection.columns
            },
        },
        f"{key}.feature": _refined("feature", {"properties": _ref("schemas", f"{key}.properties")}),
        f"{key}.features": _refined(
            "featureCollection", {"features": {"type": "array", "items": _ref("schemas", f"{key}.feature")}}
        ),
    }


def _items(collection: Collection, language: str) -> Json:
    parameters = [_ref("parameters", each) for each in of_items(collection)]
    if is_of_records(collection):
        return _records(collection, parameters, language)
    content = _encodings_and_page(collection, "features")
    paths = _features(collection, "items", parameters, content, language)
    return paths | _by_form(collection, "items-form", paths["get"], language)


def _records(collection: Collection, parameters: list[Json], language: str) -> Json:
    answers = _answers(content_of_page() | HTML, language)
    get = _titled(collection, "records-page", language) | {"parameters": parameters, "responses": answers}
    return {"get": get} | _by_form(collection, "items-form", get, language)


def _titled(collection: Collection, kind: str, language: str) -> Json:
    return _operation(f"{kind}.{collection.id}", collection.layer.component, _title(kind, collection, language))


def _item(collection: Collection, language: str) -> Json:
    identifier: Json = {
        "name": "itemId",
        "in": "path",
        "required": True,
        "description": text("item-id", language),
        "schema": dict(TYPES[collection.layer.key.type]),
    }
    parameters = [identifier, *(_ref("parameters", each) for each in of_item(collection))]
    if is_of_records(collection):
        operation = _titled(collection, "record", language) | {"parameters": parameters}
        return {
            "get": operation | {"responses": _answers(content_of_record() | HTML, language) | {"410": gone(language)}}
        }
    content = _encodings_and_page(collection, "feature")
    return _features(collection, "item", parameters, content, language)


def _export(collection: Collection, exported: Collection, language: str) -> Json:
    parameters = [_ref("parameters", each) for each in of_export(exported)]
    content = _encodings(collection, "features", exported.allowance.formats)
    paths = _features(collection, "export", parameters, content, language)
    return paths | _by_form(collection, "export-form", paths["get"], language)


def _by_form(collection: Collection, kind: str, get: Json, language: str) -> Json:
    """Return the POST that takes the parameters of a GET as a form."""
    operation = _titled(collection, kind, language)
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}
    body = {"description": text("form", language), "content": form}
    answers = {status: answer for status, answer in get["responses"].items() if status != "304"}
    return {"post": operation | {"requestBody": body, "responses": answers}}


def _features(collection: Collection, kind: str, parameters: list[Json], content: Json, language: str) -> Json:
    operation = _titled(collection, kind, language)
    answers = _answers(content, language)
    answers["200"]["headers"]["Content-Crs"] = _ref("headers", "Content-Crs")
    return {"get": operation | {"parameters": parameters, "responses": answers}}


def _described(collection: Collection, kind: str, content: Json, language: str, formats: str = "f-document") -> Json:
    operation = _titled(collection, kind, language)
    return _get(operation, content, language, formats)


def _document(name: str, tag: str, content: Json, language: str) -> Json:
    return _get(_operation(name, tag, text(name, language)), content, language, "f-document")


def _get(operation: Json, content: Json, language: str, formats: str) -> Json:
    parameters = [_ref("parameters", formats), _ref("parameters", "lang")]
    return {"get": operation | {"parameters": parameters, "responses": _answers(content | HTML, language)}}


def _operation(name: str, tag: str, summary: str) -> Json:
    return {"tags": [str(tag)], "summary": summary, "operationId": name}


def _answers(
    content: Json,
    language: str,
    failures: Iterable[str] = ("NotModified", "BadRequest", "NotFound", "NotAcceptable", "Unavailable", "Problem"),
) -> Json:
    headers = {"ETag": _ref("headers", "ETag")}
    success = {"description": text("success", language), "headers": headers, "content": content}
    return {"200": success} | {_STATUS[each]: _ref("responses", each) for each in failures}


_STATUS = {
    "NotModified": "304",
    "BadRequest": "400",
    "NotFound": "404",
    "NotAcceptable": "406",
    "Unavailable": "503",
    "Problem": "default",
}


def _title(kind: str, collection: Collection, language: str) -> str:
    return text(kind, language, title=collection.layer.title.in_language(language))


def _encodings(collection: Collection, kind: str, formats: frozenset[str] | None) -> Json:
    """Return the encodings of a collection's items; ``formats``: keys of those in which they may leave."""
    written = {"schema": _ref("schemas", f"{component_key(collection.id)}.{kind}")}
    known = {"json": ("application/geo+json", written)} | _OTHERS
    return {media_type: content for key, (media_type, content) in known.items() if formats is None or key in formats}


def _encodings_and_page(collection: Collection, kind: str) -> Json:
    """Return the encodings in which a collection is read, and the page for people."""
    formats = formats_read(collection)
    return _encodings(collection, kind, formats) | (HTML if formats is None or HTML_KEY in formats else {})


def _json(schema: str) -> Json:
    return {"application/json": {"schema": _ref("schemas", schema)}}


def _schema() -> Json:
    return {MEDIA_TYPE: {"schema": _ref("schemas", "jsonSchema")}}


def _refined(base: str, properties: Json) -> Json:
    return {"allOf": [_ref("schemas", base), {"type": "object", "properties": properties}]}


def _ref(kind: str, key: str) -> Json:
    return {"$ref": f"#/components/{kind}/{key}"}
