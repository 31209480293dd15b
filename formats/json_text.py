"""JSON written by Python around the features that PostgreSQL wrote."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from formats.format import Answer, Link

type Members = dict[str, Any]


def members_text(members: Members) -> bytes:
    """Return the members of an object without its braces: compact, in UTF-8, nothing escaped for HTML."""
    return orjson.dumps(members)[1:-1]


def link_members(links: Iterable[Link]) -> list[Members]:
    """Return links as JSON objects; what is ``None`` is absent."""
    return [_link_member(each) for each in links]


def _link_member(each: Link) -> Members:
    member: Members = {"href": each.href, "rel": each.rel}
    if each.type is not None:
        member["type"] = each.type
    if each.title is not None:
        member["title"] = each.title
    if each.hreflang is not None:
        member["hreflang"] = each.hreflang
    return member


def collection_head(head: Members) -> bytes:
    """Return the text of a feature collection up to its first feature."""
    return b"{" + members_text({"type": "FeatureCollection", **head}) + b',"features":['


def collection_tail(answer: Answer, links: Iterable[Link], *, returned: int | None) -> bytes:
    """Return the text after the last feature: links, and those counts that are known."""
    tail: Members = {"links": link_members(links)}
    counts = {"numberMatched": answer.number_matched, "numberReturned": returned}
    tail |= {name: count for name, count in counts.items() if count is not None}
    return b"]," + members_text(tail) + b"}"


def with_members(feature: bytes, *, before: Members, after: Members) -> bytes:
    """Return a JSON object with further members at its begin and its end."""
    head = b"{" + members_text(before) + b"," if before else b"{"
    tail = b"," + members_text(after) + b"}" if after else b"}"
    return b"".join((head, feature[1:-1], tail))


class Counted:
    """Pieces of an array as they come, separated by commas; ``count`` is right when they are through."""

    def __init__(self, features: Iterator[bytes]) -> None:
        self._features = features
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        separator = b"\n"
        for feature in self._features:
            self.count += 1
            yield separator + feature
            separator = b",\n"
