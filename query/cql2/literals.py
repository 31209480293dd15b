"""Literals as both encodings know them, checked so that PostgreSQL never meets a value that it refuses."""

import math
import re
import unicodedata
from datetime import UTC, date, datetime

from core.errors import BadFilter
from core.marks import MARKS_MAX, has_heap

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,12}))?[Zz]")
_DIGITS_MAX = 400
"""Digits in one number; a float8 needs at most 309 before the point."""


def composed(text: str) -> str:
    """Return a text or a name in NFC, the form in which the database holds texts.

    Raises:
        BadFilter: a letter of it carries so many marks that it takes long to put them in order.
    """
    if has_heap(text):
        raise BadFilter("a letter carries more than {} marks.", MARKS_MAX)
    return unicodedata.normalize("NFC", text)


def check_characters(text: str) -> None:
    """Refuse what is not a Unicode text: NUL and lone surrogates."""
    if _NO_TEXT.search(text):
        raise BadFilter("it holds a NUL character or half of a surrogate pair.")


def number(text: str) -> int | float:
    """Read a number. Integers keep all their digits.

    Raises:
        BadFilter: it lies beyond the range of a double.
    """
    if len(text) > _DIGITS_MAX:
        raise BadFilter("a number has more than {} digits.", _DIGITS_MAX)
    value = float(text)
    if math.isinf(value):
        raise BadFilter("a number lies beyond the range of a double (about 1.8e308).")
    return int(text) if text.lstrip("+-").isdigit() else value


def day(text: str) -> date:
    """Read ``YYYY-MM-DD``.

    Raises:
        BadFilter: it is written otherwise, or there is no such day.
    """
    if _DATE.fullmatch(text) is None:
        raise BadFilter("a date is written as DATE('2025-06-30').")
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise BadFilter("there is no such date.") from exc


def timestamp(text: str) -> datetime:
    """Read ``YYYY-MM-DDThh:mm:ss[.fff]Z``; what is finer than a microsecond is cut off.

    Raises:
        BadFilter: it is written otherwise, is not in UTC, or there is no such instant.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise BadFilter("a timestamp is written in UTC, as TIMESTAMP('2025-06-30T17:00:00Z').")
    try:
        whole = datetime.fromisoformat(found[1])
    except ValueError as exc:
        raise BadFilter("there is no such date and time.") from exc
    return whole.replace(microsecond=int((found[2] or "0")[:6].ljust(6, "0")), tzinfo=UTC)


def instant(text: str) -> date:
    """Read a date or a timestamp, whichever is written."""
    return timestamp(text) if len(text) > 10 else day(text)


def bound(text: str) -> date | None:
    """Read an end of an interval; ``None`` for the open end ``..``."""
    return None if text == ".." else instant(text)


def shown(name: str) -> str:
    """Return a client's name for an error text: printable, short, quoted."""
    kept = "".join(each if each.isprintable() else "?" for each in name[:60])
    return f'"{kept}{"…" if len(name) > 60 else ""}"'


def wrong_count(name: str, count: int) -> BadFilter:
    """Return the refusal of an operator or function with another number of operands."""
    if count == 1:
        return BadFilter("{} takes 1 operand.", name)
    return BadFilter("{} takes {} operands.", name, count)
