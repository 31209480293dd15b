"""Unicode normalization that takes no more than linear time, whatever a client writes."""

import unicodedata
from typing import Literal

MARKS_MAX = 30
"""Marks that one letter may carry (UAX #15, stream-safe text): to order n of them takes n * n steps."""


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form; one in which a letter carries too many marks is left as it is."""
    return text if has_heap(text) else unicodedata.normalize(form, text)


def has_heap(text: str) -> bool:
    """Tell whether a letter of a text carries more marks than any writing needs."""
    if text.isascii() or len(text) <= MARKS_MAX:
        return False
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks > MARKS_MAX:
            return True
    return False
