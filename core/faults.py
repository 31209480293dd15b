"""What is wrong with a document or a body, as phrases: pydantic says it in English alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError

from core.limits import LIMITS
from core.phrases import Phrase

type Fault = tuple[str, Phrase]
"""The place as a path (``clauses.0.columns``), and what is wrong there."""

_ODD = Phrase("not as it must be.")
_LIMITS: Mapping[str, tuple[str, ...]] = {
    "string_too_short": ("min_length",),
    "string_too_long": ("max_length",),
    "too_short": ("min_length",),
    "too_long": ("max_length",),
    "greater_than_equal": ("ge",),
    "less_than_equal": ("le",),
    "literal_error": ("expected",),
    "enum": ("expected",),
}
"""The members of a fault's context that its text says; what was sent is never among them."""
TEXTS: Mapping[str, Phrase] = {
    "missing": Phrase("is missing."),
    "extra_forbidden": Phrase("there is no such key."),
    "invalid_key": Phrase("there is no such key."),
    "model_type": Phrase("must be a mapping."),
    "model_attributes_type": Phrase("must be a mapping."),
    "dict_type": Phrase("must be a mapping."),
    "list_type": Phrase("must be a list."),
    "too_short": Phrase("at least {} entries are needed."),
    "too_long": Phrase("at most {} entries are taken."),
    "string_type": Phrase("must be a text."),
    "string_sub_type": Phrase("must be a text."),
    "string_unicode": Phrase("must be a text in UTF-8."),
    "string_too_short": Phrase("at least {} characters are needed."),
    "string_too_long": Phrase("at most {} characters are taken."),
    "string_pattern_mismatch": Phrase("must be written as {}."),
    "bool_type": Phrase("must be true or false."),
    "bool_parsing": Phrase("must be true or false."),
    "int_type": Phrase("must be a whole number."),
    "int_parsing": Phrase("must be a whole number."),
    "int_parsing_size": Phrase("the number is too large."),
    "int_from_float": Phrase("must be a whole number."),
    "float_type": Phrase("must be a number."),
    "float_parsing": Phrase("must be a number."),
    "finite_number": Phrase("must be a finite number."),
    "greater_than_equal": Phrase("must be at least {}."),
    "less_than_equal": Phrase("must be at most {}."),
    "date_type": Phrase("must be a day such as 2025-06-30."),
    "date_parsing": Phrase("must be a day such as 2025-06-30."),
    "date_from_datetime_parsing": Phrase("must be a day such as 2025-06-30."),
    "date_from_datetime_inexact": Phrase("must be a day such as 2025-06-30."),
    "enum": Phrase("must be one of {}."),
    "literal_error": Phrase("must be one of {}."),
    "json_invalid": Phrase("is no JSON."),
    "recursion_loop": Phrase("is nested too deeply."),
    "value_error": _ODD,
    "assertion_error": _ODD,
}
"""A text for each type of fault that a model may raise; a test compares it with the models."""
SHAPES: Mapping[str, Phrase] = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": Phrase("small letters and digits, joined by single hyphens (tax-2025)"),
    r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$": Phrase(
        "the code of a unit, a point, the name of a request (thue.yc-1)"
    ),
    r"^[a-z0-9]+([._-][a-z0-9]+)*$": Phrase(
        "small letters and digits, joined by single dots, hyphens or underscores (tax.lan)"
    ),
    r"^[0-9]{2,5}$": Phrase("an official code of 2 to 5 digits (25195)"),
    r"^([0-9]{2}|[0-9]{3}|[0-9]{5})$": Phrase("an official code of 2, 3 or 5 digits (25195)"),
    r"^[a-z_][a-z0-9_]{0,62}$": Phrase("a name of small letters, digits and underscores (xa_id)"),
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$": Phrase("an e-mail address (so@example.vn)"),
    r"^\+[1-9][0-9]{3,14}$": Phrase("a phone number by E.164, digits alone behind a plus (+842713879427)"),
    r"^https?://[^\s<>\"{}|\\^`]+$": Phrase("an address of the web (https://example.vn)"),
    r"^[A-Za-z0-9][A-Za-z0-9.+-]*$": Phrase("an identifier of SPDX, or other (CC-BY-4.0)"),
    r"^[A-Za-z][A-Za-z0-9.+-]*:[^\s:/][^\s]*$": Phrase("a scheme, a colon, a value without spaces (nsdi:70-dc-2025)"),
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": Phrase(
        "a UUID in small letters (0b7e7a52-3c1c-5b0e-9a51-3f1a1c0e8a11)"
    ),
}
"""What people read of a regular expression, with an example; a test compares it with the models."""
_OWN = {
    str(each): each
    for each in (
        Phrase("the text is not in Unicode NFC"),
        Phrase("the text has a control character"),
        Phrase("a SHA-256 is 64 lower-case hexadecimal digits"),
    )
}
"""What validators of ours say."""


def faults_of(error: ValidationError, *, whole: str) -> Sequence[Fault]:
    """Return every fault, without the values that were sent.

    Args:
        whole: the place of a fault of the document as a whole.
    """
    return tuple(_faults(error, whole))


def _faults(error: ValidationError, whole: str) -> Iterator[Fault]:
    for each in error.errors(include_url=False, include_input=False):
        yield ".".join(str(part) for part in each["loc"] if not _is_branch(part)) or whole, _text(each)


def _text(fault: Mapping[str, Any]) -> Phrase:
    context: Mapping[str, Any] = fault.get("ctx", {})
    if own := _OWN.get(str(context.get("error", ""))):
        return Phrase("{}.", (own,))
    if fault["type"] == "string_pattern_mismatch":
        shape = SHAPES.get(str(context.get("pattern", "")))
        return replace(TEXTS[fault["type"]], values=(shape,)) if shape else _ODD
    text = TEXTS.get(fault["type"], _ODD)
    values = tuple(_listed(str(context.get(name, ""))) for name in _LIMITS.get(fault["type"], ()))
    return replace(text, values=values)


def _listed(value: str) -> str:
    """Return allowed values as a list without the words of one language."""
    return value.replace(" or ", ", ")


def _is_branch(part: str | int) -> bool:
    """Tell whether a part of a place names an alternative of a model rather than a key of the document."""
    return isinstance(part, str) and (
        part[:1] in "_[" or "[" in part or part in ("date", "float", "int", "str", "bool")
    )


def excess_of(written: Any, where: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Yield where a document or a body holds a longer text, or a longer list, than any model of ours takes.

    Whatever a model leaves unbounded is bounded by it: keys too, and members that have no model.
    """
    place = ".".join(where) or "-"
    if isinstance(written, str):
        if len(written) > LIMITS.admin_text_max:
            yield place, Phrase("at most {} characters are taken.", (LIMITS.admin_text_max,))
    elif isinstance(written, Mapping):
        members = cast("Mapping[object, Any]", written)
        if len(members) > LIMITS.admin_list_max:
            yield place, Phrase("at most {} entries are taken.", (LIMITS.admin_list_max,))
        elif any(len(str(key)) > LIMITS.admin_text_max for key in members):
            yield place, Phrase("at most {} characters are taken.", (LIMITS.admin_text_max,))
        else:
            for key, each in members.items():
                yield from excess_of(each, (*where, str(key)))
    elif isinstance(written, list):
        entries = cast("list[Any]", written)
        if len(entries) > LIMITS.admin_list_max:
            yield place, Phrase("at most {} entries are taken.", (LIMITS.admin_list_max,))
        else:
            for number, each in enumerate(entries):
                yield from excess_of(each, (*where, str(number)))
