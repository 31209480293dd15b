"""Vietnamese is spelt in one way: the tone stands on the first vowel of an open oa, oe, uy, as in all pages."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    *(
        "auth",
        "benchmarks",
        "catalogue",
        "config",
        "core",
        "database",
        "deploy",
        "docs",
        "formats",
        "loader",
        "openapi",
    ),
    *("providers", "quality", "query", "server", "tests", "web"),
)
WRITTEN = {".css", ".html", ".js", ".lua", ".md", ".mjs", ".py", ".sh", ".sql", ".svg", ".toml", ".yml"}
BOTH_WAYS = {"tests/quality/test_letters_and_syllables.py", "tests/quality/test_encodings.py"}
"""Tests that what people send is read in either spelling."""
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_OTHER_WAY = re.compile(rf"\w*(?:o[ae]|(?<!q)uy)[{_TONES}](?![\w\u0300-\u036f])", re.IGNORECASE)
"""In canonical decomposition: the tone behind the second vowel, at the end of the syllable."""


def spelt_otherwise(text: str) -> list[str]:
    """Return the words of a text that have their tone on the other vowel."""
    found = _OTHER_WAY.findall(unicodedata.normalize("NFD", text))
    return [unicodedata.normalize("NFC", each) for each in found]


def texts() -> Iterator[Path]:
    for folder in (ROOT, *(ROOT / each for each in FOLDERS)):
        found = folder.iterdir() if folder == ROOT else folder.rglob("*")
        yield from (
            each
            for each in found
            if each.suffix in WRITTEN and each.is_file() and "node_modules" not in each.parts
            if str(each.relative_to(ROOT)) not in BOTH_WAYS
        )


def test_every_text_of_ours_spells_its_tones_in_one_way() -> None:
    found = {str(each.relative_to(ROOT)): spelt_otherwise(each.read_text(encoding="utf-8")) for each in texts()}

    assert {file: words for file, words in found.items() if words} == {}
    assert {"auth/sharing/agreements.py", "quality/rules.py", "config/layers/moc.yml", "web/locale/vi.yml"} <= set(
        found
    )


@pytest.mark.parametrize(
    ("kept", "moved"), [("kho\u0301a", "khoa\u0301"), ("To\u0323a", "Toa\u0323"), ("thu\u0309y", "thuy\u0309")]
)
def test_the_other_spelling_is_found(kept: str, moved: str) -> None:
    assert spelt_otherwise(kept) == []
    assert spelt_otherwise(f"({moved})") == [unicodedata.normalize("NFC", moved)]
    assert spelt_otherwise(f"{moved}n qu\u00fd ho\u1eb7c ngo\u1eadt") == []
