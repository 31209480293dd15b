"""Passwords that anybody would guess first: words and walks of ``config/passwords``, with what people put behind them.

A password is compared without accents and case, once as it stands, once without what is no letter or digit, and once
with digits and signs that stand for letters read as letters.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import product
from pathlib import Path

from core.marks import normalized

FOLDER = Path(__file__).parents[2] / "config" / "passwords"
_LEET = str.maketrans("0134578@$!", "oieastbasi")
_TAIL = 4
"""Digits at the end that do not make a word harder to guess; beside them one sign."""
_SHORTEST = 4


def is_common(password: str, own: Iterable[str] = ()) -> bool:
    """Tell whether a password is one that is guessed first.

    Args:
        own: names that belong to the account: its own, the person's, the unit's.
    """
    named = {_plain(part) for name in own for part in (name, *name.split())}
    forms = _forms(password)
    return not forms.isdisjoint(blocklist()) or any(
        name in forms or name == _letters(form) for name in named if len(name) >= _SHORTEST for form in forms
    )


@cache
def blocklist(folder: Path = FOLDER) -> frozenset[str]:
    """Return every entry: words, words with a tail, pairs of words, walks over the keyboard, repetitions."""
    words, names, tails, walks = (_lines(folder / f"{each}.txt") for each in ("words", "names", "tails", "walks"))
    stems = {*words, *names}
    entries = stems | set(walks) | {stem + tail for stem, tail in product(stems, tails)}
    entries |= {walk + other for walk, other in product(walks, walks)} | {walk[::-1] for walk in walks}
    entries |= {first + last for first, last in product(names, names)}
    entries |= {sign * count for sign in "0123456789abcdefghijklmnopqrstuvwxyz" for count in range(4, 17)}
    return frozenset(entries)


def folded(text: str) -> str:
    """Return a text in lower case without accents: ``Đồng Xoài`` -> ``dong xoai``."""
    parts = normalized("NFKD", text.replace("Đ", "D").replace("đ", "d").casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _forms(password: str) -> set[str]:
    plain = folded(password)
    bare, read = _plain(plain), _plain(plain.translate(_LEET))
    short = re.sub(rf"[0-9]{{1,{_TAIL}}}$", "", bare)
    stem = _plain(re.sub(r"[^a-z]+$", "", plain).translate(_LEET))
    return {plain, bare, short, read, stem if len(plain) <= len(stem) + _TAIL + 1 else read} - {""}


def _plain(text: str) -> str:
    return "".join(sign for sign in folded(text) if sign.isalnum())


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalpha())


def _lines(file: Path) -> list[str]:
    lines = (line.partition("#")[0] for line in file.read_text(encoding="utf-8").splitlines())
    return [word for line in lines for word in line.split()]
