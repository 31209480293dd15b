"""JSON written by Python around the features that PostgreSQL wrote."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from formats.format import Answer, Link

type Members = dict[str, Any]


def json_text(value: Any) -> str:
    """Return compact JSON; text stays as it is, nothing is escaped for HTML."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def members_text(members: Members) -> str:
    """Return the members of an object without its braces."""
    return json_text(members)[1:-1]


def link_members(links: Iterable[Link]) -> list[Members]:
    """Return links as JSON objects; what is ``None`` is absent."""
    return [
        {name: getattr(link, name) for name in ("href", "rel", "type", "title", "hreflang") if getattr(link, name)}
        for link in links
    ]


def collection_head(head: Members) -> bytes:
    """Return the text of a feature collection up to its first feature."""
    return ("{" + members_text({"type": "FeatureCollection", **head}) + ',"features":[').encode()


def collection_tail(answer: Answer, links: Iterable[Link], *, returned: int | None) -> bytes:
    """Return the text after the last feature: links, and those counts that are known."""
    tail: Members = {"links": link_members(links)}
    counts = {"numberMatched": answer.number_matched, "numberReturned": returned}
    tail |= {name: count for name, count in counts.items() if count is not None}
    return ("]," + members_text(tail) + "}").encode()


def with_members(feature: bytes, *, before: Members, after: Members) -> bytes:
    """Return a JSON object with further members at its begin and its end."""
    head = "{" + members_text(before) + "," if before else "{"
    tail = "," + members_text(after) + "}" if after else "}"
    return b"".join((head.encode(), feature[1:-1], tail.encode()))


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
