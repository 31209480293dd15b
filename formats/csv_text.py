"""CSV: RFC 4180, UTF-8 without byte order mark, first line with the names of the columns, geometry as WKT.

Text is always in quotes and nothing else is, so that null (an empty field) differs from empty text (``""``), and
the code ``"0012"`` from the number 12. Values are never altered: text that begins with ``=`` stays what the database
holds.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import batched

from catalogue.types import ColumnType
from formats.format import Answer, Row
from formats.values import Convert, array_text, boolean_text, free_name, instant_text, iso_text
from query.encoding import RowEncoding

_CONVERT: dict[ColumnType, Convert] = {
    ColumnType.BOOLEAN: boolean_text,
    ColumnType.DATE: iso_text,
    ColumnType.TIMESTAMP: instant_text,
    ColumnType.UUID: str,
    ColumnType.TEXT_ARRAY: array_text,
}
_BATCH = 500


class Csv:
    key = "csv"
    media_types = ("text/csv; charset=utf-8; header=present",)
    extension = "csv"
    encoding = RowEncoding.WKT
    is_file = False
    is_compressed = False

    def page(self, answer: Answer, rows: Sequence[Row]) -> bytes:
        return b"".join(self.stream(answer, iter(rows)))

    def item(self, answer: Answer, row: Row) -> bytes:
        return self.page(answer, (row,))

    def stream(self, answer: Answer, rows: Iterator[Row]) -> Iterator[bytes]:
        names = [each.name for each in answer.columns]
        if answer.with_geometry:
            names.append(free_name("geometry", answer.columns))
        yield _lines([names])
        for some in batched(rows, _BATCH):
            yield _lines(_records(answer, some))


def _records(answer: Answer, rows: Iterable[Row]) -> Iterator[list[object]]:
    converted = [(i, _CONVERT[each.type]) for i, each in enumerate(answer.columns) if each.type in _CONVERT]
    for row in rows:
        record = list(row[2:])
        for i, convert in converted:
            if record[i] is not None:
                record[i] = convert(record[i])
        if answer.with_geometry:
            record.append(row[1])
        yield record


def _lines(records: Iterable[Sequence[object]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_STRINGS, lineterminator="\r\n").writerows(records)
    return text.getvalue().encode()
