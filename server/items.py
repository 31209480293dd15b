"""The lane of items: pages and single items, encoded by PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from catalogue.layer import Column
from core.errors import BadParameter, NotFound
from database.lines import Row, Statement
from formats.format import Answer, Format, Link
from formats.offered import FORMATS
from query.crs import CRS84, Crs
from query.encoding import RowEncoding, Shape
from query.items import (
    ItemsQuery,
    count_statement,
    item_statement,
    narrowing_box,
    narrowing_search,
    page_statement,
    rows_statement,
    version_statement,
)
from query.paging import Position
from query.request import read_item_query, read_items_query
from query.values import read_value
from query.view import View
from server import answers, pages
from server.context import Context
from server.http import Headers, Response
from server.links import header_of, link, self_and_alternates
from server.representations import HTML, HTML_SENT, chosen, offered_by

type AnyFormat = Format[Any, Any]
JSON_TEXT = (RowEncoding.GEOJSON, RowEncoding.JSONFG)
_OFFERS = (*FORMATS, HTML)
_GEOJSON: AnyFormat = FORMATS[0]
PAGE_FOR_PEOPLE_MAX = 1_000
"""Rows of a page as HTML: 10,000 take seconds to write and nobody reads them."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the database gave it: rows for the encoder, and where it lies in the order."""

    rows: Any
    returned: int
    matched: int | None
    next: Position | None = None
    prev: Position | None = None


def items(context: Context, collection_id: str) -> Response:
    """Answer ``/collections/{id}/items``."""
    view = context.shelf.view(collection_id)
    offers = offered_by(view.collection, _OFFERS)
    representation = chosen(context, offers)
    encoder = _encoder(representation)
    if representation is HTML:
        context = as_form(context)
    query = read_items_query(context.parameters, view, context.parts.seal, context.profile.hash)
    if representation is HTML:
        query = replace(query, limit=min(query.limit, PAGE_FOR_PEOPLE_MAX))
    if context.request.method == "HEAD":
        crs = encoder_crs(query.shape.crs, encoder)
        media_type = HTML_SENT if representation is HTML else representation.media_types[0]
        return Response(200, (("Content-Type", media_type), *answers.common(context), crs), rows=0)
    conditional = answers.Conditional(context)
    if conditional.is_asked and (known := conditional.unchanged(_version(context, view))):
        return known
    page = (
        _hits(context, view, query, encoder.encoding) if query.hits else _page(context, view, query, encoder.encoding)
    )
    context.take(view.collection, max(1, page.returned))
    links = page_links(context, view, query, page, self_and_alternates(context, representation, offers))
    answer = replace(
        answer_of(context, view, query.columns, query.shape, links),
        number_matched=page.matched,
        number_returned=page.returned,
    )
    body = encoder.page(answer, page.rows)
    if representation is HTML:
        response = answers.page(context, pages.items(context, view, json.loads(body)))
    else:
        more = headers_of(answer, encoder)
        response = answers.document(context, encoder.media_types[0], body, *more, after=conditional)
    return on_record(context, response, page.returned)


def item(context: Context, collection_id: str, item_id: str) -> Response:
    """Answer ``/collections/{id}/items/{itemId}``."""
    view = context.shelf.view(collection_id)
    offers = offered_by(view.collection, _OFFERS)
    representation = chosen(context, offers)
    columns, shape = read_item_query(context.parameters, view)
    encoder = _encoder(representation)
    row = _row(context, view, item_id, columns, shape, encoder.encoding)
    links = self_and_alternates(context, representation, offers)
    links.append(link(context, "collection", _collection_url(context, view), "application/json"))
    answer = answer_of(context, view, columns, shape, links)
    body = encoder.item(answer, row)
    if representation is HTML:
        response = answers.page(context, pages.item(context, view, json.loads(body)))
    else:
        response = answers.document(context, encoder.media_types[0], body, *headers_of(answer, encoder))
    return on_record(context, response, 1)


def answer_of(context: Context, view: View, columns: tuple[Column, ...], shape: Shape, links: Sequence[Link]) -> Answer:
    """Return what an encoder may know of an answer."""
    base = _collection_url(context, view)
    return Answer(
        collection=view.collection,
        columns=columns,
        crs=shape.crs,
        language=context.language,
        links=tuple(links),
        schema_url=f"{base}/schema",
        gml_schema_url=f"{base}/schema?f=gml",
        with_geometry=shape.with_geometry,
    )


def headers_of(answer: Answer, encoder: AnyFormat) -> Headers:
    """Return the CRS of an answer, and what formats without a place for it need beside them: links, counts, a name."""
    crs = encoder_crs(answer.crs, encoder)
    if encoder.encoding in JSON_TEXT:
        return (crs,)
    headers = [crs, ("Content-Disposition", f'attachment; filename="{answer.collection.id}.{encoder.extension}"')]
    if answer.links:
        headers.append(("Link", header_of(answer.links)))
    counts = (("OGC-NumberReturned", answer.number_returned), ("OGC-NumberMatched", answer.number_matched))
    return (*headers, *((name, str(count)) for name, count in counts if count is not None))


def encoder_crs(crs: Crs, encoder: AnyFormat) -> tuple[str, str]:
    """Return the header of the CRS in which coordinates really stand: files with x first have no latitude first."""
    x_first = encoder.encoding in (RowEncoding.VALUES, RowEncoding.WKT)
    return "Content-Crs", f"<{CRS84.uri if crs.lat_first and x_first else crs.uri}>"


def on_record(context: Context, response: Response, rows: int) -> Response:
    """Return an answer with its rows for the record: those in a body that leaves."""
    return replace(response, rows=rows if response.status == 200 and context.request.method != "HEAD" else 0)


def _encoder(representation: Any) -> AnyFormat:
    """Return the encoder of a representation; a page for people is made from GeoJSON."""
    return _GEOJSON if representation is HTML else cast("AnyFormat", representation)


def as_form(context: Context) -> Context:
    """Leave out the fields of a form that were left empty."""
    return replace(context, parameters=[(name, value) for name, value in context.parameters if value])


def _version(context: Context, view: View) -> str:
    rows = context.read([version_statement(view)], of=view.collection.id)
    return str(rows[0][0][0])


def _hits(context: Context, view: View, query: ItemsQuery, encoding: RowEncoding) -> Page:
    counted = _read(context, view, query, count_statement(query, view))
    return Page(b"" if encoding in JSON_TEXT else [], 0, cast("int", counted[0][0]))


def _page(context: Context, view: View, query: ItemsQuery, encoding: RowEncoding) -> Page:
    if encoding in JSON_TEXT:
        return _text_page(context, view, query, encoding)
    statement = rows_statement(query, view, encoding)
    return row_page(query, _read(context, view, query, statement))


def _text_page(context: Context, view: View, query: ItemsQuery, encoding: RowEncoding) -> Page:
    """Read a page. What is counted by reading is counted once at each version of the table."""
    known = context.parts.known_counts.last(query.fingerprint)
    row = _text_row(context, view, query, encoding, counted=known is None)
    if known and known[0] != row[3]:
        known, row = None, _text_row(context, view, query, encoding, counted=True)
    features, found, matched, version, *edges = row
    if known:
        matched = known[1]
    elif version:
        context.parts.known_counts.put(query.fingerprint, version, matched)
    keys = len(query.order)
    nearest, farthest = tuple(edges[:keys]), tuple(edges[keys:])
    return _placed(query, features or b"", found, matched, nearest, farthest)


def _text_row(
    context: Context, view: View, query: ItemsQuery, encoding: RowEncoding, *, counted: bool
) -> tuple[Any, ...]:
    statement = page_statement(query, view, encoding, counted=counted)
    return _read(context, view, query, statement)[0]


def _read(context: Context, view: View, query: ItemsQuery, statement: Statement) -> list[Row]:
    bbox, search = narrowing_box(query, view), narrowing_search(query)
    return context.read([statement], of=view.collection.id, bbox=bbox, search=search, binary=True)[0]


def row_page(query: ItemsQuery, rows: list[tuple[Any, ...]]) -> Page:
    """Return the page that up to limit + 1 rows are, which end in the keys of the order."""
    keys = len(query.order)
    shown = rows[: query.limit]
    nearest, farthest = (tuple(shown[i][-keys:]) if shown else () for i in (0, -1))
    content = [row[:-keys] for row in shown]
    backward = query.position is not None and query.position.backward
    return _placed(query, content[::-1] if backward else content, len(rows), None, nearest, farthest)


def _placed(
    query: ItemsQuery, rows: Any, found: int, matched: int | None, nearest: tuple[Any, ...], farthest: tuple[Any, ...]
) -> Page:
    """Tell what lies after and before a page. ``nearest`` is the row read first, beside the position asked for."""
    returned, has_more = min(found, query.limit), found > query.limit
    backward = query.position is not None and query.position.backward
    onward = Position(farthest, backward=backward) if has_more else None
    back = Position(nearest, backward=not backward) if returned and (query.position or query.offset) else None
    after, before = (back, onward) if backward else (onward, back)
    return Page(rows, returned, matched, after, before)


def page_links(context: Context, view: View, query: ItemsQuery, page: Page, links: list[Link]) -> list[Link]:
    """Return links with those to the pages beside this one, and to the collection."""
    rest = [pair for pair in context.parameters if pair[0] not in ("cursor", "offset")]
    media_type = links[0].type or ""
    for rel, position in (("next", page.next), ("prev", page.prev)):
        if position:
            token = context.parts.seal.seal(position, context=query.fingerprint)
            links.append(link(context, rel, context.url(pairs=[*rest, ("cursor", token)]), media_type))
    links.append(link(context, "collection", _collection_url(context, view), "application/json"))
    return links


def _row(
    context: Context, view: View, item_id: str, columns: tuple[Column, ...], shape: Shape, encoding: RowEncoding
) -> Any:
    """Return the encoded row of an item.

    Raises:
        NotFound: there is no such item in the view, or the id could be none.
    """
    try:
        key = read_value(view.layer.key, item_id)
    except BadParameter:
        raise NotFound from None
    if str(key) != item_id:
        raise NotFound  # one item has one address
    statement = item_statement(view, key, columns, shape, encoding)
    rows = context.read([statement], of=view.collection.id, binary=True)[0]
    context.take(view.collection, 1)
    if not rows:
        raise NotFound
    return rows[0][0] if encoding in JSON_TEXT else rows[0]


def _collection_url(context: Context, view: View) -> str:
    return context.url(f"/collections/{view.collection.id}")
