"""Sitemaps of the pages of records. Source: sitemaps.org, protocol 0.9."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from core.errors import NotFound
from formats.records.about import About
from formats.records.markup import Xml, document, node
from harvest.faces import instants
from harvest.reading import Catalogue
from harvest.report.rounds import Given
from query.request import single_values, whole_number

MEDIA_TYPE = "application/xml; charset=utf-8"
PART_MAX = 50_000
"""Addresses in one sitemap, and sitemaps in one index. Source: sitemaps.org."""
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass(frozen=True, slots=True)
class Answer:
    """The document, how many records are in it, and what the report of harvests is told."""

    body: bytes
    records: int
    given: Given


def answer(
    pairs: Sequence[tuple[str, str]], url: str, about: About, catalogue: Catalogue, *, part_max: int = PART_MAX
) -> Answer:
    """Answer a request: all records, or an index of parts where they are too many for one document.

    Args:
        url: where the sitemap is.

    Raises:
        BadParameter: a parameter is unknown or malformed.
        NotFound: there is no such part.
        Unavailable: the catalogue was never published.
    """
    values = single_values(pairs, ("part", "lang"))
    part = whole_number("part", values["part"], 1, PART_MAX) if "part" in values else None
    if part is None and (records := catalogue.count()) > part_max:
        return Answer(_index(url, ceil(records / part_max)), 0, Given())
    found = catalogue.stamps(offset=part_max * ((part or 1) - 1), limit=part_max)
    if part is not None and not found:
        raise NotFound
    pages = [
        node("url", node("loc", about.record_url(id_)), node("lastmod", instants.written(at))) for id_, at in found
    ]
    given = Given(records=len(pages), begins=part in (None, 1), ends=part is None or len(pages) < part_max)
    return Answer(document(_root("urlset", pages)), len(pages), given)


def _index(url: str, parts: int) -> bytes:
    return document(
        _root("sitemapindex", [node("sitemap", node("loc", f"{url}?part={n}")) for n in range(1, parts + 1)])
    )


def _root(tag: str, content: Sequence[Xml]) -> Xml:
    return node(tag, content, attributes={"xmlns": _NAMESPACE})
