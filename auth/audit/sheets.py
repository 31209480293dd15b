"""A report as a table for a spreadsheet: one line for each sum, day, and thing that stands out.

UTF-8 with a byte order mark, by which spreadsheets know it. Text that one of them would take for a formula begins with
an apostrophe: names of columns and accounts come from elsewhere. Files of data (``f=csv`` of a collection) are for
programs, and have neither.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from io import StringIO

from auth.audit.reading import Report
from auth.written import content_of

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
COLUMNS = (
    *("part", "day", "account", "collection", "column", "requests", "denials", "rows", "bytes", "unfinished"),
    *("usual", "last", "at", "request_id"),
)
_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sheet_of(report: Report) -> str:
    """Return a report as CSV with a heading; ``part`` says what a line is."""
    text = StringIO(newline="")
    text.write(_MARK)
    writer = csv.DictWriter(text, COLUMNS, restval="", quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writeheader()
    for line in _lines(report):
        writer.writerow({name: _cell(value) for name, value in line.items()})
    return text.getvalue()


def _lines(report: Report) -> Iterator[Mapping[str, object]]:
    sums = ("requests", "denials", "rows", "bytes", "unfinished")
    yield {"part": "total"} | {name: getattr(report, name) for name in sums}
    parts = {
        "day": report.days,
        "after_hours": report.after_hours,
        "unusual": report.unusual,
        "first_use": report.first_uses,
    }
    for name, found in parts.items():
        yield from ({"part": name} | asdict(each) for each in found)


def _cell(value: object) -> object:
    """Return a value as a spreadsheet shows it and does not run it."""
    plain = content_of(value)
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(_FORMULA) else plain
