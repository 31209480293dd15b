"""The paths of the collection of metadata records. Source: OGC 20-004r1, clauses 7.4 to 7.6 and 7.9."""

from typing import Any

from catalogue.profile import Collection
from catalogue.record_keys import RECORDS
from formats.records.offered import RECORD_FORMATS
from openapi.fragment import fragment, text

type Json = dict[str, Any]

_LISTS = ("json", "dcat-ttl", "dcat-rdf", "dcat-jsonld")
"""Keys of the encodings that have room for many records."""
_OWN = ("type", "externalIds")
_HTML = "html"
_NOT_RETURNED = frozenset({"external_ids", "time_begin", "time_end", "ban_ghi"})
"""Columns that are searched or made a record of, and are no properties of it."""


def is_of_records(collection: Collection) -> bool:
    """Tell whether a collection is that of metadata records."""
    return collection.layer.id == RECORDS


def names_of_page(common: list[str], by_value: list[str]) -> list[str]:
    """Return the component keys of the parameters of a page: ``common`` are those that all collections have."""
    besides = (each for each in by_value if not each.endswith(".by.type"))
    return [*common, "ids", *map(key_of, _OWN), key_of("f-records"), *besides]


def key_of(name: str) -> str:
    """Return the component key of a parameter or schema that records alone have."""
    return f"{RECORDS}.own.{name}"


def own_parameters(language: str) -> Json:
    """Return the parameters that records alone have, by their key in ``components``."""
    written = {key_of(name): each for name, each in fragment("records", language)["parameters"].items()}
    written[key_of("f-records")] = _formats((*_LISTS, _HTML), language)
    written[key_of("f-record")] = _formats((*(each.key for each in RECORD_FORMATS), _HTML), language)
    return written


def schemas(language: str) -> Json:
    """Return the schemas of records, by their key in ``components``."""
    return fragment("records", language)["schemas"]


def returnables(schema: Json, language: str) -> Json:
    """Return the schema of what a record returns, out of that of its columns: not each column is a member of it."""
    columns = {name: each for name, each in schema["properties"].items() if name not in _NOT_RETURNED}
    members = fragment("records", language)["schemas"]["record"]["properties"]["properties"]["properties"]
    known = {name: {"title": name} | each for name, each in members.items() if name not in columns}
    numbered = (columns | known).items()
    properties = {name: each | {"x-ogc-propertySeq": number} for number, (name, each) in enumerate(numbered, start=1)}
    required = [each for each in schema.get("required", ()) if each in properties]
    return schema | {"properties": properties, "required": required, "additionalProperties": True}


def content_of_page() -> Json:
    """Return the encodings of a page of records."""
    return {each.media_types[0]: _content(each.key, "records") for each in RECORD_FORMATS if each.key in _LISTS}


def content_of_record() -> Json:
    """Return the encodings of a record."""
    return {each.media_types[0]: _content(each.key, "record") for each in RECORD_FORMATS}


def gone(language: str) -> Json:
    """Return the answer about a record that was taken away."""
    schema = {"$ref": "#/components/schemas/goneProblem"}
    return {"description": text("gone", language), "content": {"application/problem+json": {"schema": schema}}}


def _content(key: str, schema: str) -> Json:
    return {"schema": {"$ref": f"#/components/schemas/{schema}"} if key == "json" else {"type": "string"}}


def _formats(keys: tuple[str, ...], language: str) -> Json:
    whole = fragment("parameters", language)["f-items"]
    return whole | {"schema": {"type": "string", "enum": list(keys)}}
