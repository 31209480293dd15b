"""Rows and columns of the pages' tables, out of the documents."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

type Json = Mapping[str, Any]

_FORMATS = {
    "application/geo+json": "GeoJSON",
    "text/csv": "CSV",
    "application/vnd.flatgeobuf": "FlatGeobuf",
    "application/geopackage+sqlite3": "GeoPackage",
    "application/gml+xml": "GML",
    "application/vnd.ogc.fg+json": "JSON-FG",
    "application/json": "JSON",
    "application/xml": "XML Schema",
    "text/html": "HTML",
    "application/schema+json": "JSON Schema",
    "application/vnd.oai.openapi+json": "OpenAPI 3.0",
    "application/ld+json": "JSON-LD",
    "application/rdf+xml": "RDF/XML",
    "text/turtle": "Turtle",
}
UNITS = "don-vi-hanh-chinh"
"""The collection of administrative units."""
TERRITORY = "xa_id"
"""The property by which every layer refers to its administrative unit."""
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an OpenAPI document."""

    path: str
    method: str
    content: Json


def columns(document: Json, schema: Json | None) -> list[tuple[str, Json]]:
    """Return name and schema of each property in a page of items, in the order of the schema, without the id."""
    declared: Json = (schema or {}).get("properties", {})
    used = {name: None for each in document.get("features", ()) for name in each.get("properties") or ()}
    known = [name for name in declared if name in used]
    ordered = [*known, *(name for name in used if name not in declared)]
    return [(name, declared.get(name, {})) for name in ordered if declared.get(name, {}).get("x-ogc-role") != "id"]


def short(identifier: object) -> str:
    """Return an id short enough for a table: of a UUID the last group, which tells rows apart."""
    text = str(identifier)
    return f"…{text[-12:]}" if _UUID.match(text) else text


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def formats(links: list[Json], relation: str) -> list[tuple[str, Json]]:
    """Return the links of one relation that lead to another format than HTML, each with the name of it."""
    found = [each for each in links if each.get("rel") == relation and each.get("type") != "text/html"]
    return [(_format_name(each), each) for each in found]


def operations(document: Json) -> list[tuple[Json, list[Operation]]]:
    """Return each tag of an OpenAPI document with its operations, in the order of the document."""
    every = [
        Operation(path, method, content)
        for path, item in document.get("paths", {}).items()
        for method, content in item.items()
        if isinstance(content, dict) and "responses" in content
    ]
    return [(tag, [each for each in every if tag["name"] in each.content.get("tags", ())]) for tag in document["tags"]]


def parameters(document: Json) -> list[tuple[str, list[tuple[str, Json]]]]:
    """Return the shared parameters of an OpenAPI document by the layer they belong to; those of all come first."""
    groups: dict[str, list[tuple[str, Json]]] = {"": []}
    for key, each in document.get("components", {}).get("parameters", {}).items():
        layer = re.split(r"\.(?:of|by)\.", key)[0] if "." in key else ""
        groups.setdefault(layer, []).append((key, each))
    return [(layer, members) for layer, members in groups.items() if members]


def resolved(document: Json, part: Json) -> Json:
    """Return what a local reference points at, or the part itself."""
    reference = part.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return part
    found: Any = document
    for step in reference[2:].split("/"):
        found = found[step]
    return found


def anchor(part: Json) -> str:
    """Return the name under which a shared part is described on the page; empty for one that is not shared."""
    return str(part.get("$ref", "")).rsplit("/", 1)[-1]


def _format_name(link: Json) -> str:
    return format_name(str(link.get("type", ""))) or str(link.get("title") or link.get("type") or link.get("rel"))


def format_name(media_type: str) -> str:
    """Return the name by which people know a format; empty where there is none."""
    return _FORMATS.get(media_type.partition(";")[0].strip(), "")
