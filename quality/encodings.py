"""Vietnamese text in the encodings of legacy files, found column by column and turned into Unicode NFC."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from quality import tcvn3, vni
from quality.letters import BEYOND_LATIN1
from quality.syllables import is_syllable


class Encoding(StrEnum):
    """What the characters of a text column are; the value is the word that users write."""

    UNICODE = "unicode"
    TCVN3 = "tcvn3"
    """ABC fonts, seen as Latin-1 or CP1252."""
    VNI = "vni"
    TCVN_VN1 = "tcvn-vn1"
    """The full set of TCVN 5712, with capitals in the control ranges."""
    UTF8 = "utf8"
    """UTF-8 that somebody read as Latin-1 or CP1252."""
    UTF8_TCVN3 = "utf8-tcvn3"
    """TCVN3 saved as UTF-8 and read as Latin-1 or CP1252: encoded twice."""
    UTF8_VNI = "utf8-vni"
    TCVN3_CAPITALS = "tcvn3-hoa"
    """TCVN3 under an all-caps font (.VnArialH): never detected, only said."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a column holds.

    Args:
        confidence: 0 to 1; 0 when no word said anything.
        words: words beyond ASCII that were looked at.
    """

    encoding: Encoding
    confidence: float
    words: int


_SHOWN: Final = {ord(bytes([b]).decode("cp1252", "ignore") or chr(b)): b for b in range(0x80, 0xA0)}
_WORD_BREAK: Final = re.compile(r"[\x00-\x40\x5b-\x60\x7b-\x7f\u2010-\u2026]+")
_UNIT: Final = re.compile(r"k?m[²³]", re.IGNORECASE)

_LEAST_SHARE: Final = 0.6
_LEAST_LEAD: Final = 0.2
_LEAST_LEAD_MIXED: Final = 0.5


def undo_utf8(text: str) -> str:
    """Return the text that UTF-8 bytes shown as Latin-1 or CP1252 mean; unchanged where they mean none."""
    try:
        return bytes(_SHOWN.get(ord(each), ord(each)) for each in text).decode("utf-8")
    except ValueError:
        return text


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


DECODERS: Final[Mapping[Encoding, Callable[[str], str]]] = {
    Encoding.UNICODE: _nfc,
    Encoding.TCVN3: tcvn3.decode,
    Encoding.VNI: vni.decode,
    Encoding.TCVN_VN1: tcvn3.decode_vn1,
    Encoding.UTF8: undo_utf8,
    Encoding.UTF8_TCVN3: lambda text: tcvn3.decode(undo_utf8(text)),
    Encoding.UTF8_VNI: lambda text: vni.decode(undo_utf8(text)),
    Encoding.TCVN3_CAPITALS: tcvn3.decode_capitals,
}
# In a detection a letter without a place speaks against the encoding: "à" is none in TCVN3.
_STRICT: Final[Mapping[Encoding, Callable[[str], str]]] = {
    Encoding.TCVN3: lambda text: tcvn3.decode(text, unknown="\ufffd"),
    Encoding.VNI: lambda text: vni.decode(text, unknown="\ufffd"),
    Encoding.UTF8_TCVN3: lambda text: tcvn3.decode(undo_utf8(text), unknown="\ufffd"),
    Encoding.UTF8_VNI: lambda text: vni.decode(undo_utf8(text), unknown="\ufffd"),
}
_DETECTED: Final = tuple(each for each in Encoding if each is not Encoding.TCVN3_CAPITALS)


def is_unicode(text: str) -> bool:
    """Say whether a text holds a Vietnamese letter that no 8-bit encoding shows, composed or not."""
    return not BEYOND_LATIN1.isdisjoint(_nfc(text))


def to_unicode(text: str, encoding: Encoding) -> str:
    """Return the text in Unicode NFC; text that is Unicode for certain passes in any column."""
    return _nfc(text) if is_unicode(text) else _nfc(DECODERS[encoding](text))


def detect(values: Iterable[str]) -> Detection:
    """Say what the values of one column hold; a column decides, not one word.

    Without a clear lead of one encoding the answer is Unicode: nothing is changed on a guess. Where some
    values are Unicode for certain, the others need a larger lead to be taken for something else.
    """
    telling = [each for each in values if not each.isascii()]
    doubtful = [each for each in telling if not is_unicode(each)]
    shares = {encoding: _share(map(_STRICT.get(encoding, DECODERS[encoding]), doubtful)) for encoding in _DETECTED}
    best = max(_DETECTED, key=lambda each: shares[each][0])
    share, words = shares[best]
    lead = share - shares[Encoding.UNICODE][0]
    least_lead = _LEAST_LEAD if telling == doubtful else _LEAST_LEAD_MIXED
    certain = share >= _LEAST_SHARE and lead >= least_lead
    chosen = best if certain else Encoding.UNICODE
    share, words = shares[chosen]
    return Detection(chosen, share * words / (words + 1), words)


def residue(text: str) -> str | None:
    """Return the part of a text that is left of a wrong or damaged encoding; ``None`` when it is clean."""
    for pattern in _RESIDUE:
        if found := pattern.search(text):
            return found[0]
    return None


# ươ whose ư was dropped: it is a soft hyphen in TCVN3. No word is spelt so.
_LOST_U: Final = re.compile(r"(?<![ưƯ])([ơờởỡớợ])(c|ng)\b", re.IGNORECASE)
_RESIDUE: Final = (
    re.compile("[\ufffd\u00ad\u0080-\u009f]"),
    re.compile(r"[^\W\d_][¡-©¬-¯´-¹¼-¿×÷]|[¡-©¬-¯´-¹¼-¿×÷][^\W\d_]"),  # signs inside a word
    _LOST_U,
)


def _share(texts: Iterable[str]) -> tuple[float, int]:
    """Return the share of words beyond ASCII that are syllables, and how many words there were."""
    words = [word for text in texts for word in _WORD_BREAK.split(text) if _has_a_say(word)]
    good = sum(map(_well_spelt, words))
    return (good / len(words) if words else 0.0), len(words)


def _has_a_say(word: str) -> bool:
    return not word.isascii() and any(map(str.isalpha, word)) and not _UNIT.fullmatch(word)


def _well_spelt(word: str) -> bool:
    """Say whether a word is a syllable in lower case, in capitals or with one capital first."""
    tail = word[1:]
    capitals = sum(map(str.isupper, tail))
    # TCVN3 has no accented capitals: "NGUYễN" is capitals throughout.
    ascii_capitals = all(each.isupper() for each in tail if each.isascii())
    one_case = capitals == 0 or (ascii_capitals and word[0].isupper())
    return one_case and (is_syllable(word) or is_syllable(_LOST_U.sub(r"ư\1\2", word)))
