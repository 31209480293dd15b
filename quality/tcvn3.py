"""TCVN 5712:1993, the encoding of the ABC fonts (.VnTime), as text that was read as Latin-1 or CP1252.

The set in use is VN3: all lower-case letters, but of the capitals only Ă Â Ê Ô Ơ Ư Đ. Other capitals are
written as the base letter with the lower-case letter after it ("Uñy" is Ủy), or with an all-caps font
(.VnTimeH) that shows the lower-case bytes as capitals. The larger set VN1 has a place for every capital, in
the control ranges too; there CP1252 shows punctuation, so it is a variant of its own.
"""

import re
from collections.abc import Mapping
from typing import Final

from quality.letters import LETTERS, ascii_base, without_tone

_VN3_RUNS: Final = {
    0xA1: "ĂÂÊÔƠƯĐăâêôơưđ",
    0xB5: "àảãáạ",
    0xBB: "ằẳẵắ",
    0xC6: "ặầẩẫấậè",
    0xCE: "ẻẽéẹềểễếệìỉ",
    0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù",
    0xF1: "ủũúụừửữứựỳỷỹýỵ",
}
_VN1_RUNS: Final = {
    0x01: "ÚỤ",
    0x04: "ỪỬỮ",
    0x11: "ỨỰỲỶỸÝỴ",
    0x80: "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ",
    0xAF: "Ằ",
    0xBA: "Ẳ",
    0xBF: "ẴẮẦẨẪẤỀ",
    0xCD: "Ể",
    0xD9: "ỄẾỒ",
    0xE0: "Ổ",
    0xF0: "Ỗ",
    0xFF: "Ố",
}


def _spread(runs: Mapping[int, str]) -> dict[int, str]:
    return {start + i: letter for start, letters in runs.items() for i, letter in enumerate(letters)}


VN3: Final[Mapping[int, str]] = _spread(_VN3_RUNS)
"""Byte to letter, the set of the ABC fonts."""
VN1: Final[Mapping[int, str]] = VN3 | _spread(_VN1_RUNS)
"""Byte to letter, with a place for every capital."""

# CP1252 shows 27 of the bytes 0x80-0x9F as other characters; 81 8D 8F 90 9D stay as they are, or are lost.
_CP1252: Final = {ord(shown): byte for byte in range(0x80, 0xA0) if (shown := bytes([byte]).decode("cp1252", "ignore"))}
_NO_PLACE: Final = tuple(code for code in range(0xA0, 0x100) if chr(code).isalpha() and code not in VN3)
_FROM_VN1: Final = VN1 | {shown: VN1[byte] for shown, byte in _CP1252.items()}
_TO_VN3: Final = {ord(letter): chr(byte) for byte, letter in VN3.items()}

_LOWER: Final = "".join(sorted(letter for letter in LETTERS if letter.islower()))
# "GOòNG" is a word with two o, "Oò" elsewhere is one capital.
_PAIR: Final = re.compile(rf"([AEIOUYĂÂÊÔƠƯ])([{_LOWER}])(?!(?<=[A-ZĐ]O[òóọỏõ])(?:NG|C))")


def decode(text: str, *, unknown: str | None = None) -> str:
    """Return the Unicode text (NFC) of VN3 text as Latin-1 or CP1252 shows it.

    Args:
        unknown: what a letter without a place becomes; ``None`` leaves it.
    """
    table = VN3 if unknown is None else VN3 | dict.fromkeys(_NO_PLACE, unknown)
    return _PAIR.sub(_capital, text.translate(table))


def decode_capitals(text: str) -> str:
    """Return the Unicode text of VN3 text that an all-caps font (.VnArialH) shows."""
    return text.translate(VN3).upper()


def decode_vn1(text: str) -> str:
    """Return the Unicode text (NFC) of VN1 text as Latin-1 or CP1252 shows it."""
    return text.translate(_FROM_VN1)


def encode(text: str) -> str:
    """Return VN3 text as Latin-1 shows it; a capital without a place becomes base and lower-case letter."""
    return "".join(map(_encoded, text))


def _encoded(letter: str) -> str:
    if letter in LETTERS and ord(letter) not in _TO_VN3:
        return ascii_base(letter) + _TO_VN3[ord(letter.lower())]
    return _TO_VN3.get(ord(letter), letter)


def _capital(pair: re.Match[str]) -> str:
    """Join a capital and the same letter in lower case with a tone; other pairs stay."""
    capital, lower = pair[1], pair[2]
    bare, tone = without_tone(lower)
    same = capital.lower() in (bare, ascii_base(lower))
    return lower.upper() if same and (tone or capital.lower() != bare) else pair[0]
