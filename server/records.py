"""OGC API - Records over the metadata catalogue: pages of records, and single ones in each of their encodings.

Source: OGC 20-004r1; OGC 17-069r4, of which a catalogue is a collection.
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

import orjson

from catalogue.record import Published, body_of, record_of
from core.errors import Gone, NotFound, Unavailable
from database.lines import Statement
from formats.format import Link, Representation
from formats.json_text import link_members
from formats.records import oarec
from formats.records.about import About
from formats.records.dcat import Page as DcatPage
from formats.records.dcat import encode_list
from formats.records.encodings import DCAT_JSON, DCAT_RDF, DCAT_TURTLE
from formats.records.offered import BY_KEY, RECORD_FORMATS
from harvest.reading import Catalogue
from harvest.report.rounds import Face, Given
from query import published
from query.items import ItemsQuery, count_statement, narrowing_box, narrowing_search, version_statement
from query.records import ITEM_PARAMETERS, hangs_on_instants, read_records_query, records_statement
from query.request import single_values
from query.view import View
from server import answers, described, pages
from server.cataloguing import about_of, catalogue_of
from server.context import Context
from server.harvests import noted
from server.http import Response
from server.items import PAGE_FOR_PEOPLE_MAX, Page, as_form, on_record, page_links, row_page
from server.links import self_and_alternates
from server.representations import HTML, HTML_SENT, chosen
from server.shelf import Json

JSON = BY_KEY["json"]
_LINKED_DATA = tuple(BY_KEY[each.key] for each in (DCAT_TURTLE, DCAT_RDF, DCAT_JSON))
PAGE_OFFERS = (JSON, HTML, *_LINKED_DATA)
"""In which forms a page of records leaves."""
RECORD_OFFERS = (*RECORD_FORMATS[:1], HTML, *RECORD_FORMATS[1:])
"""In which forms a record leaves."""


def records(context: Context, collection_id: str) -> Response:
    """Answer ``/collections/{id}/items`` of the catalogue."""
    view = context.shelf.view(collection_id)
    representation = chosen(context, PAGE_OFFERS)
    if representation is HTML:
        context = as_form(context)
    query = read_records_query(context.parameters, view, context.parts.seal, context.profile.hash)
    if context.request.method == "HEAD":
        catalogue_of(context).clock()
        sent = HTML_SENT if representation is HTML else representation.media_types[0]
        return Response(200, (("Content-Type", sent), *answers.common(context)), rows=0)
    if representation is HTML:
        query = replace(query, limit=min(query.limit, PAGE_FOR_PEOPLE_MAX))
    page = _page(context, view, query)
    links = self_and_alternates(context, representation, PAGE_OFFERS)
    context.take(view.collection, max(1, page.returned))
    links = page_links(context, view, query, page, links)
    if representation is HTML:
        html = pages.records(context, view, _document(context, page, links))
        return on_record(context, answers.page(context, html), page.returned)
    body = _list(context, query, page, links, representation)
    response = answers.document(context, representation.media_types[0], body)
    given = Given(
        records=page.returned,
        begins=not (query.position or query.offset),
        ends=page.next is None,
        form=representation.media_types[0],
    )
    return on_record(context, noted(context, Face.RECORDS, response, given), page.returned)


def record(context: Context, collection_id: str, record_id: str) -> Response:
    """Answer ``/collections/{id}/items/{recordId}`` of the catalogue."""
    del collection_id  # that of records alone
    catalogue = catalogue_of(context)
    representation = chosen(context, RECORD_OFFERS)
    single_values(context.parameters, ITEM_PARAMETERS)
    found = _found(context, catalogue, record_id)
    context.take(catalogue.view.collection, 1)
    about = about_of(context)
    if representation is HTML:
        return on_record(context, answers.page(context, _for_people(context, found, about)), 1)
    encoder = cast("Any", representation)
    body = orjson.dumps(feature(found, about)) if encoder is JSON else encoder.encode(found, about)
    response = answers.document(context, encoder.media_types[0], body)
    given = Given(records=1, form=encoder.media_types[0])
    return on_record(context, noted(context, Face.RECORDS, response, given), 1)


def _for_people(context: Context, found: Published, about: About) -> str:
    """Return the page of a record."""
    made = feature(found, about)
    content = {"feature": made, "record": body_of(found.record), "links": made["links"]}
    schema_org = BY_KEY.get("schema-org")
    return pages.record(context, content, schema_org.encode(found, about).decode() if schema_org else "")


def feature(found: Published, about: About) -> Json:
    """Return a record as JSON, with the link to its page for people."""
    made = oarec.members(found, about)
    url = about.encoding_url(found.record.id, HTML.key)
    made["links"].append({"href": url, "rel": "alternate", "type": HTML.media_types[0], "title": "HTML"})
    return made


def _found(context: Context, catalogue: Catalogue, record_id: str) -> Published:
    """Return a record.

    Raises:
        Gone: the caller could see it once.
        NotFound: the caller never could, or it is no identifier.
        Unavailable: the catalogue was never published.
    """
    found = catalogue.one(_id(record_id))
    if isinstance(found, Published):
        return found
    if found is None:
        raise NotFound
    successor = catalogue.one(found.superseded_by) if found.superseded_by else None
    seen = isinstance(successor, Published)
    raise Gone(oarec.instant(found.at), about_of(context).record_url(successor.record.id) if seen else None)


def _id(text: str) -> UUID:
    try:
        id_ = UUID(text)
    except ValueError:
        raise NotFound from None
    if str(id_) != text:
        raise NotFound  # one record has one address
    return id_


def _page(context: Context, view: View, query: ItemsQuery) -> Page:
    """Read a page and the exact number matched on one snapshot.

    What selects without the instants of this caller is counted once at each version of the table.
    """
    known = None if hangs_on_instants(query) else context.parts.known_counts.last(query.fingerprint)
    read = partial(_read, context, view, query)
    statements = [version_statement(view), records_statement(query, view)]
    counting = [] if known else [count_statement(query, view)]
    (version,), rows, *counted = read([*statements, *counting])
    if known and known[0] != version[0]:
        (version,), rows, *counted = read([*statements, count_statement(query, view)])
    matched = int(cast("int", counted[0][0][0])) if counted else cast("int", known and known[1])
    if not hangs_on_instants(query):
        context.parts.known_counts.put(query.fingerprint, str(version[0]), matched)
    return replace(row_page(query, rows), matched=matched)


def _read(context: Context, view: View, query: ItemsQuery, statements: list[Statement]) -> list[list[tuple[Any, ...]]]:
    """Run statements on one snapshot.

    Raises:
        Unavailable: the catalogue was never published.
    """
    clock, *found = context.read(
        [published.CLOCK, *statements],
        of=view.collection.id,
        bbox=narrowing_box(query, view),
        search=narrowing_search(query),
        binary=True,
        repeatable=True,
    )
    if not clock or clock[0][0] is None:
        raise Unavailable("The catalogue was not published yet. Try again later.")
    return found


def _list(context: Context, query: ItemsQuery, page: Page, links: list[Link], form: Representation) -> bytes:
    """Return a page for programs: as JSON, or as the linked data that catalogues of DCAT follow."""
    if form is JSON:
        return orjson.dumps(_document(context, page, links))
    to = {each.rel: each.href for each in links}
    rest = [pair for pair in context.parameters if pair[0] not in ("cursor", "offset")]
    place = DcatPage(
        url=to["self"],
        first=context.url(pairs=rest),
        next=to.get("next"),
        previous=to.get("prev"),
        total=page.matched,
        size=query.limit,
    )
    return encode_list(_records(page), about_of(context), place, form.key)


def _records(page: Page) -> list[Published]:
    return [_published(*row[2:]) for row in page.rows]


def _document(context: Context, page: Page, links: list[Link]) -> Json:
    about = about_of(context)
    return {
        "type": "FeatureCollection",
        "features": [feature(each, about) for each in _records(page)],
        "links": link_members([*links, *described.profile_links()]),
        "numberMatched": page.matched,
        "numberReturned": page.returned,
    }


def _published(created: datetime, updated: datetime, body: str) -> Published:
    return Published(record_of(body), created.astimezone(UTC), updated.astimezone(UTC))
