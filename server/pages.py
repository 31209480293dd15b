"""The page of a document: what stands around it is fetched for the same caller."""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from catalogue.layer import Component, Rows
from catalogue.record_keys import RECORDS
from openapi.fragment import text
from query.units import unit_names_statement
from query.view import View
from server import described
from server.codelists import NAME_READS
from server.context import Context
from server.shelf import Json
from web.pages import Around

_UNITS = "don-vi-hanh-chinh"


def document(context: Context, page: str, content: Json) -> str:
    """Return the page of a document of the service or of a collection."""
    parts = context.request.path.strip("/").split("/")
    id_ = parts[1] if len(parts) > 1 and parts[0] == "collections" else None
    more: dict[str, Any] = {}
    if page == "landing":
        more["collections"] = described.collections_document(context)
    if page in ("landing", "collection"):
        more["basemap"] = _basemap(context, _legal_day(context))
    return _rendered(context, page, content, id_, more)


def items(context: Context, view: View, content: Json) -> str:
    """Return the page of a page of items."""
    return _rendered(context, "items", content, view.collection.id, _around_items(context, view, content))


def item(context: Context, view: View, content: Json) -> str:
    """Return the page of one item."""
    around = _around_items(context, view, content) | {"item_title": _item_title(context, view, content)}
    return _rendered(context, "item", content, view.collection.id, around)


def records(context: Context, view: View, content: Json) -> str:
    """Return the page of a page of metadata records."""
    return _rendered(context, "records", content, view.collection.id, _around_records(context, view))


def record(context: Context, content: Json, json_ld: str) -> str:
    """Return the page of one metadata record: ``feature`` as JSON has it, ``record`` in the groups of the regulation.

    Args:
        json_ld: the record as schema.org has it, for search engines.
    """
    return _rendered(context, "record", content, RECORDS, {"json_ld": json_ld})


def _around_records(context: Context, view: View) -> dict[str, Any]:
    id_ = view.collection.id
    kinds = ("queryables", "sortables")
    more: dict[str, Any] = {kind: described.schema_document(context, id_, kind) for kind in kinds}
    components = (each.value for each in Component if each is not Component.METADATA)
    return more | {"components": {each: text(each, context.language) for each in components}}


def _item_title(context: Context, view: View, content: Json) -> str:
    """Return what people call an item, by what the caller sees of it; empty where that does not do."""
    title, properties = view.layer.item_title, content.get("properties") or {}
    if title is None:
        return ""
    text = title.in_language(context.language)
    named = {name for _, name, _, _ in Formatter().parse(text) if name}
    known = {name: properties[name] for name in named if properties.get(name) is not None}
    return text.format_map(known) if known.keys() == named else ""


def refused_items(context: Context, view: View, fault: Json) -> str:
    """Return the page of items with nothing but its form, filled as it was sent, and what is wrong with it."""
    nothing = {"type": "FeatureCollection", "features": [], "links": []}
    if view.collection.id == RECORDS:
        return _rendered(context, "records", nothing, RECORDS, _around_records(context, view) | {"fault": fault})
    around = _around_items(context, view, nothing) | {"fault": fault}
    return _rendered(context, "items", nothing, view.collection.id, around)


def _around_items(context: Context, view: View, content: Json) -> dict[str, Any]:
    id_ = view.collection.id
    more: dict[str, Any] = {
        kind: described.schema_document(context, id_, kind) for kind in ("schema", "queryables", "sortables")
    }
    day = _legal_day(context)
    more["searchable"] = view.search is not None
    more["basemap"] = _basemap(context, day)
    more["in_force_on"] = day if view.layer.rows is Rows.IN_FORCE else None
    more["units"], more["unit_choices"] = _units(context, content, more["schema"], day)
    return more


def _units(context: Context, content: Json, schema: Json, day: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the names of the administrative units that items refer to, and of those of the day.

    Nothing where the layer refers to none, or the caller may not see what a name is made of.
    """
    published = context.profile.collections.get(_UNITS)
    if published is None or not all(published.column(each) for each in NAME_READS):
        return {}, {}
    names = [key for key, each in schema["properties"].items() if each.get("x-ogc-collectionId") == _UNITS]
    if not names:
        return {}, {}
    units, entry = context.parts.units, context.entry(_UNITS)
    statement = unit_names_statement(context.shelf.view(_UNITS))
    return units.of(_values(content, names), entry, statement), units.on(day, entry, statement)


def _values(content: Json, names: list[str]) -> Iterator[object]:
    for feature in content.get("features", [content]):
        yield from ((feature.get("properties") or {}).get(name) for name in names)


def _legal_day(context: Context) -> str:
    return str(context.read([("SELECT lg.hom_nay()::text", ())])[0][0][0])


def _basemap(context: Context, day: str) -> str | None:
    """Return the address of the administrative units of the legal day, without those of other days below them."""
    if _UNITS not in context.profile.collections:
        return None
    pairs = [("properties", "ten,cap"), ("zoom-level", "11"), ("limit", "500"), ("datetime", day)]
    return context.url(f"/collections/{_UNITS}/items", pairs)


def error(context: Context, problem: Json) -> str:
    """Return the page of an error."""
    return _rendered(context, "error", problem, None, {})


def _rendered(context: Context, page: str, content: Json, id_: str | None, more: dict[str, Any]) -> str:
    around = Around(
        path=context.request.path,
        query=dict(context.parameters),
        collection=described.collection_document(context, id_) if id_ else None,
        account=context.visitor.caller.account if context.visitor.caller.kind == "session" else None,
        catalogues=tuple(each.href for each in described.catalogue_links(context)),
        **more,
    )
    return context.parts.pages.render(page, content, language=context.language, around=around)
