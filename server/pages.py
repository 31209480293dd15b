"""The page of a document: what stands around it is fetched for the same caller."""

from typing import Any

from query.view import View
from server import described
from server.context import Context
from server.shelf import Json
from web.pages import Around

_BASEMAP = "don-vi-hanh-chinh"


def document(context: Context, page: str, content: Json) -> str:
    """Return the page of a document of the service or of a collection."""
    parts = context.request.path.strip("/").split("/")
    id_ = parts[1] if len(parts) > 1 and parts[0] == "collections" else None
    more: dict[str, Any] = {}
    if page == "landing":
        more["collections"] = described.collections_document(context)
    if page in ("landing", "collection"):
        more["basemap"] = _basemap(context)
    return _rendered(context, page, content, id_, more)


def items(context: Context, view: View, content: Json) -> str:
    """Return the page of a page of items."""
    return _rendered(context, "items", content, view.collection.id, _around_items(context, view))


def item(context: Context, view: View, content: Json) -> str:
    """Return the page of one item."""
    return _rendered(context, "item", content, view.collection.id, _around_items(context, view))


def _around_items(context: Context, view: View) -> dict[str, Any]:
    id_ = view.collection.id
    more: dict[str, Any] = {
        kind: described.schema_document(context, id_, kind) for kind in ("schema", "queryables", "sortables")
    }
    more["searchable"] = view.search is not None
    more["basemap"] = _basemap(context)
    return more


def _basemap(context: Context) -> str | None:
    """Return the address of the administrative units of the legal day, without those of other days below them."""
    if _BASEMAP not in context.profile.collections:
        return None
    today = str(context.parts.reader.read(context.entry(), [("SELECT lg.hom_nay()::text", ())])[0][0][0])
    pairs = [("properties", "ten,cap"), ("zoom-level", "11"), ("limit", "500"), ("datetime", today)]
    return context.url(f"/collections/{_BASEMAP}/items", pairs)


def error(context: Context, problem: Json) -> str:
    """Return the page of an error."""
    return _rendered(context, "error", problem, None, {})


def _rendered(context: Context, page: str, content: Json, id_: str | None, more: dict[str, Any]) -> str:
    around = Around(
        path=context.request.path,
        query=dict(context.parameters),
        collection=described.collection_document(context, id_) if id_ else None,
        **more,
    )
    return context.parts.pages.render(page, content, language=context.language, around=around)
