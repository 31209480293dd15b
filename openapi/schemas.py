"""JSON Schemas of a collection: what items return, what filters may name, what may be sorted by.

Code lists follow the profile ``codelist-inline``: each code is a ``oneOf`` member with its title, so the schema is
complete without another request. ``enum`` repeats the bare codes for clients that read no ``oneOf``.

Source: OGC 23-058r2.
"""

from collections.abc import Container, Iterable
from typing import Any

from catalogue.codelists import Codelists, titles
from catalogue.layer import Column, Geometry
from catalogue.profile import Collection, Operation
from catalogue.types import ColumnType
from openapi.records import is_of_records, returnables

type Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MEDIA_TYPE = "application/schema+json"
GEOMETRY = "geometry"
"""Name of the geometry in schemas, filters and GeoJSON, whatever its column is called."""

TYPES: dict[ColumnType, Json] = {
    ColumnType.TEXT: {"type": "string"},
    ColumnType.INTEGER: {"type": "integer"},
    ColumnType.NUMBER: {"type": "number"},
    ColumnType.BOOLEAN: {"type": "boolean"},
    ColumnType.DATE: {"type": "string", "format": "date"},
    ColumnType.TIMESTAMP: {"type": "string", "format": "date-time"},
    ColumnType.UUID: {"type": "string", "format": "uuid"},
    ColumnType.TEXT_ARRAY: {"type": "array", "items": {"type": "string"}},
}
"""JSON Schema of the values of a column; the same words in draft 2020-12 and in OpenAPI 3.0."""


def json_type(column: Column) -> Json:
    """Return the JSON Schema of the values of a column: a wide whole number is written with a decimal point."""
    return {"type": "number"} if column.wide else TYPES[column.type]


def schema(
    collection: Collection, codelists: Codelists, *, base_url: str, language: str, visible: Container[str] = ()
) -> Json:
    """Return the schema of the properties that items of a collection return.

    Args:
        visible: ids of the collections that the caller may see; a reference to any other is a plain property.
    """
    properties = _properties(collection.columns, codelists, language)
    for each in collection.columns:
        if each.refers_to and each.refers_to in visible:
            properties[each.name] |= {"x-ogc-role": "reference", "x-ogc-collectionId": each.refers_to}
    key = collection.layer.key.name
    if key in properties:
        properties[key] |= {"readOnly": True, "x-ogc-role": "id"}
    document = _document(collection, "schema", properties, base_url=base_url, language=language)
    required = [each.name for each in collection.columns if each.required]
    whole = document | ({"required": required} if required else {})
    return returnables(whole, language) if is_of_records(collection) else whole


def queryables(collection: Collection, codelists: Codelists, *, base_url: str, language: str) -> Json:
    """Return the schema of the properties that filters may name; any other name is an error."""
    properties = _properties(collection.queryables, codelists, language)
    return _document(collection, "queryables", properties, base_url=base_url, language=language)


def sortables(collection: Collection, codelists: Codelists, *, base_url: str, language: str) -> Json:
    """Return the schema of the properties that ``sortby`` may name; the geometry is none of them."""
    properties = _properties(collection.sortables, codelists, language)
    return _document(collection, "sortables", properties, base_url=base_url, language=language)


def _document(collection: Collection, kind: str, properties: Json, *, base_url: str, language: str) -> Json:
    layer = collection.layer
    geometry = collection.geometry if kind != "sortables" else None
    if geometry and (kind == "schema" or collection.allows(Operation.QUERY)):
        properties[GEOMETRY] = _geometry(geometry, len(properties) + 1, language)
    return {
        "$schema": DIALECT,
        "$id": f"{base_url}/collections/{collection.id}/{kind}",
        "type": "object",
        "title": layer.title.in_language(language),
        "description": layer.description.in_language(language),
        "additionalProperties": False,
        "properties": properties,
    }


def _properties(columns: Iterable[Column], codelists: Codelists, language: str) -> Json:
    return {
        each.name: _property(each, codelists, language) | {"x-ogc-propertySeq": number}
        for number, each in enumerate(columns, start=1)
    }


def _property(column: Column, codelists: Codelists, language: str) -> Json:
    written: Json = {"title": column.title.in_language(language)}
    if column.description:
        written["description"] = column.description.in_language(language)
    written |= _values(column, codelists, language)
    if column.unit:
        written["x-ogc-unit"] = column.unit
    if column.role and column.role not in ("id", "reference"):
        written["x-ogc-role"] = column.role
    return written


def _values(column: Column, codelists: Codelists, language: str) -> Json:
    plain = json_type(column)
    codes = titles(codelists.get(column.codelist or "", ()), language)
    codes = {code: title for code, title in codes.items() if not column.codes or code in column.codes}
    if not codes:
        return dict(plain)
    coded = {"enum": list(codes), "oneOf": [{"const": code, "title": title} for code, title in codes.items()]}
    if column.type is ColumnType.TEXT_ARRAY:
        return {"type": "array", "items": {"type": "string"} | coded}
    return plain | coded


def _geometry(geometry: Geometry, number: int, language: str) -> Json:
    title = "Geometry" if language == "en" else "Hình học"
    kind = geometry.kind
    return {
        "title": title,
        "format": f"geometry-{kind}",
        "x-ogc-role": "primary-geometry",
        "x-ogc-propertySeq": number,
    }
