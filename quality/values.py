"""Rules on single values (VB), and the reading of numbers, dates and yes/no as legacy files write them."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

from quality.encodings import residue
from quality.rules import BAD_DATE, BAD_TYPE, MISSING_VALUE, RESIDUE, TOO_LONG, Batch, Finding, Rule

_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YES: Final = frozenset({"1", "true", "t", "yes", "y", "có", "co", "x", "đúng"})
_NO: Final = frozenset({"0", "false", "f", "no", "n", "không", "khong", "sai"})


class UnreadableError(ValueError):
    """The text means no value of the type."""


def read_text(value: object) -> str | None:
    """Return the text without blanks around it; a blank one is missing, a whole number has no ".0"."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        value = int(value) if value.is_integer() else value
    text = str(value).strip() if value is not None else ""
    return text or None


def read_date(value: object) -> date | None:
    """Return a date from a date, ``dd/MM/yyyy``, ``yyyy-MM-dd`` or ``yyyyMMdd``.

    Raises:
        UnreadableError: it is none of them, or no day of the calendar.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = read_text(value)
    return None if text is None else _date(text)


def _date(text: str) -> date:
    try:
        if found := _DAY_FIRST.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as exc:
        raise UnreadableError(text) from exc
    raise UnreadableError(text)


def read_number(value: object) -> float | None:
    """Return a number; a text may have a decimal comma or point, and no separators of thousands.

    Raises:
        UnreadableError: it is no finite number.
    """
    text = read_text(value)
    if text is None:
        return None
    try:
        number = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError as exc:
        raise UnreadableError(text) from exc
    if not math.isfinite(number):
        raise UnreadableError(text)
    return number


def read_integer(value: object) -> int | None:
    """Return a whole number; ``12.0`` is one.

    Raises:
        UnreadableError: it is none.
    """
    number = read_number(value)
    if number is None:
        return None
    if not number.is_integer():
        raise UnreadableError(str(value))
    return int(number)


def read_boolean(value: object) -> bool | None:
    """Return yes or no, from a boolean, 0 or 1, or a word in Vietnamese or English.

    Raises:
        UnreadableError: it is neither.
    """
    text = read_text(value)
    if text is None:
        return None
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise UnreadableError(text)


def check_required(batch: Batch, column: str) -> Iterator[Finding]:
    """Yield rows whose value is missing or blank."""
    for i, value in enumerate(batch.values[column]):
        if value is None or value == "":
            yield batch.finding(MISSING_VALUE, i, f"Thiếu «{column}».", f"“{column}” is missing.", column=column)


def check_length(batch: Batch, column: str, longest: int) -> Iterator[Finding]:
    """Yield texts with more characters than ``longest``."""
    for i, value in enumerate(batch.values[column]):
        if value is not None and len(value) > longest:
            yield batch.finding(
                TOO_LONG,
                i,
                f"«{column}» dài {len(value)} ký tự, tối đa {longest}.",
                f"“{column}” has {len(value)} characters, at most {longest}.",
                column=column,
            )


def check_residue(batch: Batch, column: str) -> Iterator[Finding]:
    """Yield texts that hold what is left of a wrong or damaged encoding."""
    for i, value in enumerate(batch.values[column]):
        if isinstance(value, str) and not value.isascii() and (found := residue(value)):
            yield batch.finding(
                RESIDUE, i, f"«{value}» còn ký tự lạ «{found}».", f"“{value}” holds “{found}”.", column=column
            )


def check_readable(batch: Batch, column: str, read: Callable[[object], object]) -> Iterator[Finding]:
    """Yield values that a function refuses by ``UnreadableError``."""
    for i, value in enumerate(batch.values[column]):
        try:
            read(value)
        except UnreadableError:
            rule, vi, en = _WORDS.get(read, _OTHER)
            yield batch.finding(rule, i, f"«{value}» {vi} ({column}).", f"“{value}” {en} ({column}).", column=column)


_WORDS: Final[Mapping[Callable[[object], object], tuple[Rule, str, str]]] = {
    read_date: (BAD_DATE, "không phải là ngày", "is no date"),
    read_number: (BAD_TYPE, "không phải là số", "is no number"),
    read_integer: (BAD_TYPE, "không phải là số nguyên", "is no whole number"),
    read_boolean: (BAD_TYPE, "không phải là có/không", "is neither yes nor no"),
}
_OTHER: Final = (BAD_TYPE, "không đọc được", "cannot be read")
