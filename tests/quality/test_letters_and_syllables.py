import unicodedata

import pytest

from quality.letters import BEYOND_LATIN1, LETTERS, ascii_base, without_tone
from quality.syllables import is_syllable


def test_there_are_134_letters_in_composed_form():
    assert len(LETTERS) == 134
    assert all(unicodedata.is_normalized("NFC", letter) and len(letter) == 1 for letter in LETTERS)


def test_letters_that_western_encodings_have_do_not_prove_unicode():
    assert not BEYOND_LATIN1 & set("àáâãèéêìíòóôõùúýÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝ")
    assert set("ăđĩũơưạảấĐỴ") <= BEYOND_LATIN1


@pytest.mark.parametrize(("letter", "base"), [("ặ", "a"), ("Đ", "D"), ("đ", "d"), ("ữ", "u"), ("Ỵ", "Y"), ("ơ", "o")])
def test_every_letter_has_an_ascii_base(letter: str, base: str):
    assert ascii_base(letter) == base


def test_tones_are_split_from_letters():
    assert without_tone("Đường") == ("Đương", "\u0300")


def test_vietnamese_words_are_syllables():
    words = "Thửa đất xã Phước Long Đăng quyết quốc Quỳnh giếng gì khuỷu nghiêng ưu Ơ Đắk Đak Huyền xoong hoà hòa"

    assert [word for word in words.split() if not is_syllable(word)] == []


@pytest.mark.parametrize("word", ["đât", "Phờng", "Évry", "Êt", "lóaa", "trång", "tắn\u0301", "", "Krông"])
def test_other_words_are_not(word: str):
    assert not is_syllable(word)
