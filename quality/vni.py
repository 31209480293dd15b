"""VNI for Windows: base letter and mark, two bytes a letter, as text that was read as Latin-1 or CP1252."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_TONES: Final = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_CIRCUMFLEX: Final = {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
_BREVE: Final = {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
_SINGLE: Final = {"ô": "ơ", "ö": "ư", "ñ": "đ", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _with_marks(written: str, letter: str, marks: Mapping[str, str]) -> dict[str, str]:
    return {written + mark: unicodedata.normalize("NFC", letter + tone) for tone, mark in marks.items()}


def _lower_table() -> dict[str, str]:
    table = dict(_SINGLE)
    for base, written in {"a": "a", "e": "e", "o": "o", "u": "u", "ơ": "ô", "ư": "ö", "y": "y"}.items():
        table |= _with_marks(written, base, _TONES)
    for base, letter in {"a": "â", "e": "ê", "o": "ô"}.items():
        table |= _with_marks(base, letter, _CIRCUMFLEX)
    del table["yï"]  # ỵ has a byte of its own, î
    return table | _with_marks("a", "ă", _BREVE)


LOWER: Final[Mapping[str, str]] = _lower_table()
"""One or two characters, as Latin-1 shows them, to one lower-case letter (NFC)."""

_ONE_LETTER: Final = re.compile(
    "|".join(sorted(LOWER, key=len, reverse=True)) + "|[à-öø-ÿ]", re.IGNORECASE
)  # the pairs first: the longest match
_WRITTEN: Final = {letter: written for written, letter in LOWER.items()}
_ENCODE: Final = _WRITTEN | {letter.upper(): written.upper() for letter, written in _WRITTEN.items()}


def decode(text: str, *, unknown: str | None = None) -> str:
    """Return the Unicode text (NFC) of VNI text in one pass, the longest match first.

    The case of the base letter decides (capitals are met with lower-case marks).

    Args:
        unknown: what a mark without its base becomes; ``None`` leaves it.
    """
    return _ONE_LETTER.sub(lambda match: _letter(match[0], unknown), text)


def encode(text: str) -> str:
    """Return VNI text as Latin-1 shows it."""
    return "".join(_ENCODE.get(each, each) for each in text)


def _letter(written: str, unknown: str | None) -> str:
    letter = LOWER.get(written.lower())
    if letter is None:
        return written if unknown is None else unknown
    return letter.upper() if written[0].isupper() else letter
