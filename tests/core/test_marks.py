"""Normal forms of texts, whatever a client writes."""

import unicodedata

import pytest

from core.marks import MARKS_MAX, normalized


@pytest.mark.parametrize(
    "text", ["", "Đồng Xoài", unicodedata.normalize("NFD", "Nguyễn Thị Ứng" * 100), "a" + "\u0301" * 30]
)
def test_a_text_that_somebody_may_write_is_normalized(text: str):
    assert normalized("NFC", text) == unicodedata.normalize("NFC", text)
    assert normalized("NFKD", text) == unicodedata.normalize("NFKD", text)


@pytest.mark.parametrize("before", ["", "ấ", "a" * 1_000])
def test_a_heap_of_marks_is_left_as_it_is(before: str):
    heap = before + "\u0323\u0301" * MARKS_MAX

    assert normalized("NFC", heap) == heap


def test_a_million_marks_are_not_put_in_order(monkeypatch: pytest.MonkeyPatch):
    lengths: list[int] = []
    monkeypatch.setattr(unicodedata, "normalize", lambda _form, text: lengths.append(len(text)) or text)

    normalized("NFC", "\u0323\u0301" * 500_000)
    normalized("NFC", "x")

    assert lengths == [1]
