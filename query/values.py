"""Values of columns as a client writes them in a URL."""

import math
import re
import unicodedata
from datetime import date, datetime
from uuid import UUID

from catalogue.layer import Column
from catalogue.types import ColumnType
from core.errors import BadParameter
from core.limits import LIMITS
from core.marks import has_heap
from core.phrases import Phrase

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_BIGINT = range(-(2**63), 2**63)
_HOW = {
    ColumnType.TEXT: Phrase("text"),
    ColumnType.INTEGER: Phrase("an integer of 64 bits"),
    ColumnType.NUMBER: Phrase("a finite number"),
    ColumnType.BOOLEAN: Phrase("true or false"),
    ColumnType.DATE: Phrase("a date as 2025-06-30"),
    ColumnType.TIMESTAMP: Phrase("an instant as 2025-06-30T00:00:00Z"),
    ColumnType.UUID: Phrase("a UUID"),
    ColumnType.TEXT_ARRAY: Phrase("text"),
}


def read_value(column: Column, text: str) -> object:
    """Return a value of the type of a column.

    Raises:
        BadParameter: the text is no such value.
    """
    try:
        return _parsed(column.type, text.removesuffix(".0") if column.wide else text)
    except (ValueError, OverflowError):
        raise BadParameter(column.name, "not a value of this property.", _HOW[column.type]) from None


def _parsed(type_: ColumnType, text: str) -> object:
    match type_:
        case ColumnType.INTEGER:
            return _integer(text)
        case ColumnType.NUMBER:
            return finite(text)
        case ColumnType.BOOLEAN:
            return _truth(text)
        case ColumnType.DATE:
            return _day(text)
        case ColumnType.TIMESTAMP:
            return _instant(text)
        case ColumnType.UUID:
            return UUID(text)
        case _:
            return _text(text)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    value = int(text)
    if value not in _BIGINT:
        raise ValueError(text)
    return value


def finite(text: str) -> float:
    """Return a number as JSON writes it.

    Raises:
        ValueError: the text is no such number, or is beyond what a double holds.
    """
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _text(text: str) -> str:
    if "\x00" in text or len(text) > LIMITS.text_literal_max or has_heap(text):
        raise ValueError(text)
    return unicodedata.normalize("NFC", text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _day(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant
