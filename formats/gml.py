"""GML 3.2 Simple Features, level 0: collections as ``sf:FeatureCollection``, a single item as the feature itself.

Links and counts have no place in it: they go into headers. The schema of its elements is ``formats.gml_schema``.

Source: OGC 17-069r4, clause 8.4; OGC 10-100r3.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from catalogue.layer import Column
from catalogue.types import ColumnType
from formats.chunks import gathered
from formats.format import Answer, Row
from formats.gml_names import GML, SF, SF_SCHEMA, element_name, geometry_name, namespace, xml_id
from formats.values import array_text, boolean_text, instant_text, iso_text
from formats.xml_text import attribute, escaped
from query.encoding import RowEncoding

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_GEOMETRY = re.compile(r"<gml:(?:Point|LineString|Polygon|MultiCurve|MultiSurface)\b")
_SPECIAL_NUMBERS = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}

type Text = Callable[[Any], str]


def _number(value: float) -> str:
    text = repr(value)
    return _SPECIAL_NUMBERS.get(text, text)


_TEXT: dict[ColumnType, Text] = {
    ColumnType.TEXT: escaped,
    ColumnType.INTEGER: str,
    ColumnType.NUMBER: _number,
    ColumnType.BOOLEAN: boolean_text,
    ColumnType.DATE: iso_text,
    ColumnType.TIMESTAMP: instant_text,
    ColumnType.UUID: str,
    ColumnType.TEXT_ARRAY: lambda value: escaped(array_text(value)),
}


class Gml:
    key = "gml"
    media_types = (
        'application/gml+xml; version=3.2; profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"',
        "application/xml",
    )
    extension = "gml"
    encoding = RowEncoding.GML
    is_file = False
    is_compressed = False

    def page(self, answer: Answer, rows: Sequence[Row]) -> bytes:
        return b"".join(self._pieces(answer, iter(rows)))

    def item(self, answer: Answer, row: Row) -> bytes:
        return (_DECLARATION + _Feature(answer).text(row, _namespaces(answer)) + "\n").encode()

    def stream(self, answer: Answer, rows: Iterator[Row]) -> Iterator[bytes]:
        return gathered(self._pieces(answer, rows))

    def _pieces(self, answer: Answer, rows: Iterator[Row]) -> Iterator[bytes]:
        collection_id = element_name(answer.collection.id)
        yield f'{_DECLARATION}<sf:FeatureCollection{_namespaces(answer)} gml:id="{collection_id}">\n'.encode()
        feature = _Feature(answer)
        for row in rows:
            yield f"<sf:featureMember>{feature.text(row)}</sf:featureMember>\n".encode()
        yield b"</sf:FeatureCollection>\n"


def _namespaces(answer: Answer) -> str:
    own = namespace(answer.collection)
    schemas = [SF, SF_SCHEMA] + ([own, answer.gml_schema_url] if answer.gml_schema_url else [])
    declared = {"xmlns:sf": SF, "xmlns:gml": GML, "xmlns:d": own, "xmlns:xsi": _XSI}
    declared["xsi:schemaLocation"] = " ".join(schemas)
    return "".join(f" {name}={attribute(value)}" for name, value in declared.items())


class _Feature:
    """Writes features of one answer; elements stand in the order of the schema, whatever the client's."""

    def __init__(self, answer: Answer) -> None:
        self._element = "d:" + element_name(answer.collection.id)
        self._fields = _fields(answer)
        self._geometry = "d:" + geometry_name(answer.collection)
        self._srs = attribute(answer.crs.uri)
        self._with_geometry = answer.with_geometry

    def text(self, row: Row, declared: str = "") -> str:
        """Return one feature; ``declared`` are further attributes of its element. Null is an absent element."""
        identifier = xml_id(row[0])
        fields = [
            f"{begin}{text(row[place])}{end}" for place, begin, text, end in self._fields if row[place] is not None
        ]
        if self._with_geometry and row[1]:
            fields.append(f"<{self._geometry}>{self._numbered(row[1], identifier)}</{self._geometry}>")
        return f'<{self._element}{declared} gml:id="{identifier}">{"".join(fields)}</{self._element}>'

    def _numbered(self, geometry: str, identifier: str) -> str:
        """Give every geometry its gml:id, which GML 3.2 wants, and the outermost its CRS."""
        count = 0

        def with_id(match: re.Match[str]) -> str:
            nonlocal count
            count += 1
            srs = f" srsName={self._srs}" if count == 1 else ""
            return f'{match[0]}{srs} gml:id="{identifier}.g{count}"'

        return _GEOMETRY.sub(with_id, geometry)


def _fields(answer: Answer) -> list[tuple[int, str, Text, str]]:
    """Return (place in the row, start tag, how to write it, end tag) of each selected column."""
    places = {each.name: place for place, each in enumerate(answer.columns, start=2)}
    return [_field(places[each.name], each) for each in answer.collection.columns if each.name in places]


def _field(place: int, column: Column) -> tuple[int, str, Text, str]:
    return place, f"<d:{column.name}>", _TEXT[column.type], f"</d:{column.name}>"
