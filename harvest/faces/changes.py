"""The feed of changes, an extension of ours: what came, changed or went away after an instant, as JSON.

An answer holds nothing that moves while nothing changes, so that it keeps its entity tag: ``until`` is the newest
instant that the caller sees, not the time of day. Instants of publications only grow, and each publication comes into
sight whole: what is not seen yet has a later instant, and to ask after ``until`` misses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from core.errors import BadParameter
from core.limits import LIMITS
from core.phrases import Phrase
from formats.records.about import About
from harvest.faces import instants
from harvest.faces.oai_request import Listing, Refused
from harvest.faces.oai_tokens import TokenSeal
from harvest.reading import Catalogue, Entry, Gone, component_of, id_of, instant_of
from harvest.report.rounds import Given
from query.request import largest_page, single_values, whole_number

MEDIA_TYPE = "application/json"
PARAMETERS = ("since", "limit", "cursor", "lang")
PAGE_SIZE = 1_000
_VERB = "changes"
_SECOND = timedelta(seconds=1)
_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_HOW = Phrase("a day or a second as 2025-06-30T00:00:00Z")
_TOKEN = Phrase("the token of a next link")


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the feed is, and what its answers need of the service."""

    url: str
    about: About
    seal: TokenSeal


@dataclass(frozen=True, slots=True)
class Answer:
    """The document, how many entries are in it, and what the report of harvests is told."""

    body: bytes
    entries: int
    given: Given


def answer(pairs: Sequence[tuple[str, str]], feed: Feed, catalogue: Catalogue) -> Answer:
    """Answer a request.

    Raises:
        BadParameter: a parameter is unknown or malformed, or the token is none of this request.
        Unavailable: the catalogue was never published.
    """
    values = single_values(pairs, PARAMETERS)
    limit = _limit(values, catalogue)
    since = _since(values)
    page = _page(values.get("cursor"), since, feed, catalogue)
    found = catalogue.page_with_gone(after=page.after, limit=limit + 1, since=since and _after(since))
    entries = found[:limit]
    links = [{"href": _url(feed, pairs), "rel": "self", "type": MEDIA_TYPE}]
    if len(found) > limit:
        token = feed.seal.seal(replace(page, after=id_of(entries[-1])))
        rest = [pair for pair in pairs if pair[0] != "cursor"]
        links.append({"href": _url(feed, [*rest, ("cursor", token)]), "rel": "next", "type": MEDIA_TYPE})
    document = {
        "since": since and instants.written(since),
        "until": instants.written(page.begun or instants.EPOCH),
        "changes": [_member(each, feed.about) for each in entries],
        "links": links,
    }
    gone = sum(isinstance(each, Gone) for each in entries)
    given = Given(
        records=len(entries) - gone,
        deletions=gone,
        begins=page.after is None,
        ends=len(found) <= limit,
        since=since,
        form=MEDIA_TYPE,
    )
    return Answer(orjson.dumps(document), len(entries), given)


def _after(instant: datetime) -> datetime:
    """Return the next second; the last one that can be written is its own, for nothing ever happens then."""
    return instant + _SECOND if instant < _END else instant


def _limit(values: dict[str, str], catalogue: Catalogue) -> int:
    most = largest_page(catalogue.view)
    if "limit" not in values:
        return min(PAGE_SIZE, most)
    return min(whole_number("limit", values["limit"], 1, LIMITS.page_size_max), most)


def _since(values: dict[str, str]) -> datetime | None:
    try:
        return instants.read(values["since"]) if "since" in values else None
    except ValueError:
        raise BadParameter("since", "not an instant.", _HOW) from None


def _page(cursor: str | None, since: datetime | None, feed: Feed, catalogue: Catalogue) -> Listing:
    """Return where a page begins; the newest instant is read before its entries, which may only be newer."""
    if cursor is None:
        return Listing(_VERB, "", since=since, begun=catalogue.newest() or since)
    try:
        page = feed.seal.open(cursor, _VERB)
    except Refused:
        page = None
    if page is None or page.since != since:
        raise BadParameter("cursor", "not a token of this query.", _TOKEN)
    return page


def _member(entry: Entry, about: About) -> dict[str, Any]:
    href = about.record_url(id_of(entry))
    member = {"id": str(id_of(entry)), "op": "put", "at": instants.written(instant_of(entry))}
    member["component"] = component_of(entry)
    if isinstance(entry, Gone):
        member["op"] = "delete"
        if entry.superseded_by:
            member["supersededBy"] = str(entry.superseded_by)
    return {**member, "href": href}


def _url(feed: Feed, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{feed.url}?{urlencode(pairs)}" if pairs else feed.url
