"""Query parameters of one collection. What several collections share stands once, in ``components``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from catalogue.codelists import Codelists, titles
from catalogue.layer import Column, Layer
from catalogue.profile import Collection, Operation, Profile
from catalogue.types import ColumnType
from core.limits import LIMITS
from openapi.fragment import fragment, text
from openapi.records import is_of_records, key_of, names_of_page, own_parameters
from openapi.schemas import json_type

type Json = dict[str, Any]

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
HTML_KEY = "html"
_SELECTIONS = ("properties", "exclude-properties")
_FORMATS = {"f-items": Operation.READ, "f-export": Operation.EXPORT}
_CODES_SHOWN = 20
"""Longer code lists are in the queryables only: they would be repeated in every tool that shows the document."""


def crs_uri(srid: int) -> str:
    """Return the URI of an EPSG code. Source: OGC 18-058r1, 6.2."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{srid}"


def shared(language: str) -> Json:
    """Return the parameters that all collections have in common, by their key in ``components``."""
    return fragment("parameters", language) | {"limit": _limit(language)}


def of_items(collection: Collection) -> list[str]:
    """Return the component keys of the parameters of ``items``."""
    if is_of_records(collection):
        return names_of_page(_of_records(collection), _of_queryables(collection))
    paging = [_limit_key(collection), "offset", "cursor", "resulttype", _formats_key("f-items", collection)]
    return [*_of_selection(collection), *paging, *_of_queryables(collection)]


def of_export(collection: Collection) -> list[str]:
    """Return the component keys of the parameters of ``export``: those of items but for paging."""
    return [*_of_selection(collection), _formats_key("f-export", collection), *_of_queryables(collection)]


def of_item(collection: Collection) -> list[str]:
    """Return the component keys of the query parameters of a single item."""
    if is_of_records(collection):
        return [key_of("f-record"), "lang"]
    crs = [_crs_key("crs", collection.layer), "zoom-level"] if collection.geometry else []
    return [
        *crs,
        "skipGeometry",
        *(_key(name, collection) for name in _SELECTIONS),
        _formats_key("f-items", collection),
        "lang",
    ]


def exported(profile: Profile, collection: Collection) -> Collection | None:
    """Return what an export sees of a collection, or ``None``; where reading sees another thing, under another name.

    The name tells the parameters of the one from those of the other.
    """
    found = profile.facet(collection.id, Operation.EXPORT)
    return found if found is None or found is collection else replace(found, id=f"{found.id}~.export")


def formats_read(collection: Collection) -> frozenset[str] | None:
    """Return the formats in which a collection is read: those granted, and pages where GeoJSON is; ``None``: all."""
    granted = collection.allowance.formats
    return granted | {HTML_KEY} if granted and "json" in granted else granted


def own(collection: Collection, codelists: Codelists, language: str) -> Json:
    """Return the parameters that belong to one collection, by their key in ``components``."""
    parameters = _own(collection, codelists, language)
    if is_of_records(collection):
        used = {*of_items(collection), *of_item(collection)}
        return {key: each for key, each in (parameters | own_parameters(language)).items() if key in used}
    return parameters


def _own(collection: Collection, codelists: Codelists, language: str) -> Json:
    names = [each.name for each in collection.columns]
    parameters = {_key(each, collection): _query(each, text(each, language), _list_of(names)) for each in _SELECTIONS}
    if collection.allowance.page_max is not None:
        parameters[_limit_key(collection)] = _limit(language, collection.allowance.page_max)
    if collection.sortables:
        parameters[_key("sortby", collection)] = _sortby(collection, language)
    if collection.geometry:
        for name in ("crs", "bbox-crs", "filter-crs"):
            parameters[_crs_key(name, collection.layer)] = _crs(name, collection.layer, language)
    parameters |= _formats(collection, language)
    for column in _by_equality(collection):
        parameters[_key(column.name, collection, "by")] = _by_value(column, codelists, language)
    return parameters


def component_key(collection_id: str) -> str:
    """Return a collection id in the letters that component keys may have (``~`` is none of them)."""
    return collection_id.replace("~", ".")


def _of_selection(collection: Collection) -> list[str]:
    layer = collection.layer
    keys = ["bbox", "datetime", *(_key(name, collection) for name in _SELECTIONS)]
    if collection.allows(Operation.QUERY):
        keys += ["filter", "filter-lang"]
    if collection.sortables:
        keys.append(_key("sortby", collection))
    if layer.search and all(collection.column(each) for each in layer.search_reads):
        keys += ["q"] if collection.allows(Operation.QUERY) else []
    if collection.geometry:
        crs = ("crs", "bbox-crs", "filter-crs") if collection.allows(Operation.QUERY) else ("crs", "bbox-crs")
        keys += [*(_crs_key(name, layer) for name in crs), "zoom-level"]
    return [*keys, "skipGeometry", "lang"]


def _of_records(collection: Collection) -> list[str]:
    """Return the parameters of a page of records that other collections have as well; a record has one geometry."""
    absent = {"zoom-level", "skipGeometry", _crs_key("crs", collection.layer)}
    absent |= {_key(name, collection) for name in _SELECTIONS}
    selecting = [each for each in _of_selection(collection) if each not in absent]
    return [*selecting, _limit_key(collection), "offset", "cursor"]


def _of_queryables(collection: Collection) -> list[str]:
    return [_key(each.name, collection, "by") for each in _by_equality(collection)]


def _by_equality(collection: Collection) -> list[Column]:
    """Return the queryables that one value can equal; arrays are for filters only."""
    return [each for each in collection.queryables if each.type is not ColumnType.TEXT_ARRAY]


def _key(name: str, collection: Collection, kind: str = "of") -> str:
    return f"{component_key(collection.id)}.{kind}.{name}"


def _crs_key(name: str, layer: Layer) -> str:
    return "-".join([name, *map(str, layer.srids)])


def _query(name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _limit_key(collection: Collection) -> str:
    return "limit" if collection.allowance.page_max is None else _key("limit", collection)


def _formats_key(name: str, collection: Collection) -> str:
    return name if collection.allowance.formats is None else _key(name, collection)


def _formats(collection: Collection, language: str) -> Json:
    """Return the parameters ``f`` of a collection that may not leave in every format."""
    formats = formats_read(collection)
    if formats is None:
        return {}
    whole = fragment("parameters", language)
    used = [name for name, operation in _FORMATS.items() if collection.allows(operation)]
    enums = {name: [each for each in whole[name]["schema"]["enum"] if each in formats] for name in used}
    return {
        _key(name, collection): whole[name] | {"schema": whole[name]["schema"] | {"enum": enum}}
        for name, enum in enums.items()
    }


def _limit(language: str, most: int = LIMITS.page_size_max) -> Json:
    schema = {
        "type": "integer",
        "minimum": 1,
        "maximum": min(most, LIMITS.page_size_max),
        "default": min(most, LIMITS.page_size_default),
    }
    return _query("limit", text("limit", language), schema)


def _crs(name: str, layer: Layer, language: str) -> Json:
    uris = [CRS84, *map(crs_uri, layer.srids)]
    return _query(name, text(name, language), {"type": "string", "enum": uris, "default": CRS84})


def _sortby(collection: Collection, language: str) -> Json:
    orders = [f"{sign}{each.name}" for each in collection.sortables for sign in ("", "+", "-")]
    return _query("sortby", text("sortby", language), _list_of(orders))


def _list_of(names: Sequence[str]) -> Json:
    return {"type": "array", "items": {"type": "string", "enum": list(names)}}


def _by_value(column: Column, codelists: Codelists, language: str) -> Json:
    title = column.title.in_language(language)
    codes = titles(codelists.get(column.codelist or "", ()), language)
    if 0 < len(codes) <= _CODES_SHOWN:
        listed = "; ".join(f"{code} {meaning}" for code, meaning in codes.items())
        title = f"{title}. {text('codes', language, codes=listed)}"
    return _query(column.name, title, dict(json_type(column)))
