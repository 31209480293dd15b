"""The Vietnamese alphabet beyond ASCII: 67 letters in each case."""

import unicodedata
from typing import Final

VOWELS: Final = "aăâeêioôơuưy"
TONES: Final = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
"""Level, huyền, hỏi, ngã, sắc, nặng as combining marks."""

_ACCENTED: Final = (unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES)
LOWER: Final = (*(letter for letter in _ACCENTED if not letter.isascii()), "đ")
LETTERS: Final = frozenset(LOWER) | {letter.upper() for letter in LOWER}
"""All 134, NFC."""

BEYOND_LATIN1: Final = frozenset(letter for letter in LETTERS if ord(letter) > 0xFF)
"""Letters that no 8-bit western encoding shows: a text that holds one is Unicode already."""


def without_tone(text: str) -> tuple[str, str]:
    """Split NFC text into its letters without tone and the tone marks, in order."""
    marks = set(TONES[1:])
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(each for each in parts if each not in marks)
    return unicodedata.normalize("NFC", bare), "".join(each for each in parts if each in marks)


def ascii_base(letter: str) -> str:
    """Return the ASCII letter under one Vietnamese letter; đ gives d."""
    return {"đ": "d", "Đ": "D"}.get(letter, unicodedata.normalize("NFD", letter)[0])
