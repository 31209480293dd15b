"""GeoJSON: Features Part 1, clause 8.3, over RFC 7946. No ``timeStamp``: an answer depends on its data alone."""

from collections.abc import Iterator

from formats.chunks import gathered
from formats.format import Answer
from formats.json_text import Counted, collection_head, collection_tail, link_members, with_members
from query.encoding import RowEncoding


class GeoJson:
    key = "json"
    media_types = ("application/geo+json", "application/json")
    extension = "geojson"
    encoding = RowEncoding.GEOJSON
    is_file = False
    is_compressed = False

    def page(self, answer: Answer, rows: bytes) -> bytes:
        tail = collection_tail(answer, answer.links, returned=answer.number_returned)
        return b"".join((collection_head({}), rows, tail))

    def item(self, answer: Answer, row: bytes) -> bytes:
        after = {"links": link_members(answer.links)} if answer.links else {}
        return with_members(row, before={}, after=after)

    def stream(self, answer: Answer, rows: Iterator[bytes]) -> Iterator[bytes]:
        return gathered(self._pieces(answer, rows))

    def _pieces(self, answer: Answer, rows: Iterator[bytes]) -> Iterator[bytes]:
        features = Counted(rows)
        yield collection_head({})
        yield from features
        yield collection_tail(answer, answer.links, returned=features.count)
