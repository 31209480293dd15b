"""JSON-FG 1.0: the features come complete from PostgreSQL, what holds for all of them stands once, in the root.

Source: OGC 21-045r1, requirements classes Core, Feature Types and Schemas, GeoJSON Profiles.
"""

from collections.abc import Iterator

from catalogue.layer import GeometryKind
from formats.chunks import gathered
from formats.format import Answer, Link
from formats.json_text import Counted, Members, collection_head, collection_tail, link_members, with_members
from query.crs import CRS84
from query.encoding import RowEncoding

_CONFORMANCE = "http://www.opengis.net/spec/json-fg-1/1.0/conf/"
_CONFORMS_TO = [_CONFORMANCE + "core", _CONFORMANCE + "types-schemas"]
_PROFILE = Link("http://www.opengis.net/def/profile/OGC/0/jsonfg", "profile")
_DIMENSION = {GeometryKind.POINT: 0, GeometryKind.MULTILINESTRING: 1, GeometryKind.MULTIPOLYGON: 2}


class JsonFg:
    """JSON-FG under the media type of its drafts, as version 1.0 has none of its own.

    Under GeoJSON's, clients that look for GeoJSON (GDAL) would take links to this one.
    """

    key = "jsonfg"
    media_types = ("application/vnd.ogc.fg+json", "application/fg+json")
    extension = "json"
    encoding = RowEncoding.JSONFG
    is_file = False
    is_compressed = False

    def page(self, answer: Answer, rows: bytes) -> bytes:
        tail = collection_tail(answer, (*answer.links, _PROFILE), returned=answer.number_returned)
        return b"".join((collection_head(_collection_members(answer)), rows, tail))

    def item(self, answer: Answer, row: bytes) -> bytes:
        after = {"links": link_members((*answer.links, _PROFILE))}
        return with_members(row, before=_root_members(answer), after=after)

    def stream(self, answer: Answer, rows: Iterator[bytes]) -> Iterator[bytes]:
        return gathered(self._pieces(answer, rows))

    def _pieces(self, answer: Answer, rows: Iterator[bytes]) -> Iterator[bytes]:
        features = Counted(rows)
        yield collection_head(_collection_members(answer))
        yield from features
        yield collection_tail(answer, (*answer.links, _PROFILE), returned=features.count)


def _root_members(answer: Answer) -> Members:
    members: Members = {"conformsTo": _CONFORMS_TO, "featureType": answer.collection.layer.id}
    if answer.schema_url:
        members["featureSchema"] = answer.schema_url
    if answer.with_geometry and answer.crs != CRS84:
        members["coordRefSys"] = answer.crs.uri
    return members


def _collection_members(answer: Answer) -> Members:
    geometry = answer.collection.geometry
    dimension = {"geometryDimension": _DIMENSION[geometry.kind]} if geometry and answer.with_geometry else {}
    return _root_members(answer) | dimension
