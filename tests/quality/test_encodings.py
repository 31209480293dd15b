import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality import tcvn3, vni
from quality.encodings import (
    DECODERS,
    Detection,
    Encoding,
    detect,
    is_unicode,
    residue,
    to_unicode,
    undo_utf8,
)
from quality.letters import LETTERS, LOWER, ascii_base

VECTORS = [
    ("Thửa đất", "54 68 f6 61 20 ae ca 74"),
    ("Đất trồng lúa", "a7 ca 74 20 74 72 e5 6e 67 20 6c f3 61"),
    ("thị xã Phước Long", "74 68 de 20 78 b7 20 50 68 ad ed 63 20 4c 6f 6e 67"),
    ("Bù Đăng", "42 ef 20 a7 a8 6e 67"),
    ("Đồng Xoài", "a7 e5 6e 67 20 58 6f b5 69"),
    ("Đắk Ơ", "a7 be 6b 20 a5"),
]
VNI_VECTORS = [
    ("Thửa đất", "Thöûa ñaát"),
    ("thị xã Phước Long", "thò xaõ Phöôùc Long"),
    ("Bù Đăng", "Buø Ñaêng"),
    ("kỹ sư ở lý thuyết, kỵ sĩ nghỉ", "kyõ sö ôû lyù thuyeát, kî só nghæ"),
    ("XÃ THUẬN LỢI", "XAÕ THUAÄN LÔÏI"),
    ("Ỷ Ý Ỵ", "YÛ YÙ Î"),
]
NAMES = [
    "Phường Tân Thiện, thành phố Đồng Xoài, tỉnh Bình Phước",
    "Xã Nghĩa Trung, huyện Bù Đăng",
    "Đường số 7, khu phố Phước Vĩnh",
    "Đất ở tại đô thị",
    "Đất trồng cây lâu năm",
    "Nhà nước giao đất không thu tiền sử dụng đất",
    "Quyết định của Uỷ ban nhân dân",
]
# A capital and the same letter with a tone ("Aá") is no word: TCVN3 writes Á so.
words = st.text(st.sampled_from(LOWER + tuple("abcdeghiklmnopqrstuvxy")), min_size=1, max_size=7).filter(
    lambda word: len({ascii_base(each) for each in word[:2]}) == min(len(word), 2)
)
texts = st.lists(words | words.map(str.capitalize) | st.sampled_from([",", "12", "m²"]), max_size=8).map(" ".join)


def in_vn1(text: str) -> str:
    """Return text in VN1 as Latin-1 shows it."""
    return text.translate({ord(letter): chr(byte) for byte, letter in tcvn3.VN1.items()})


def latin1(codes: str) -> str:
    return bytes.fromhex(codes).decode("latin-1")


def cp1252(codes: str) -> str:
    return bytes.fromhex(codes).decode("cp1252")


@pytest.mark.parametrize(("text", "codes"), VECTORS)
def test_tcvn3_bytes_read_as_latin1_or_cp1252_become_unicode(text: str, codes: str):
    assert tcvn3.decode(latin1(codes)) == text
    assert tcvn3.decode(cp1252(codes)) == text


@pytest.mark.parametrize(("text", "codes"), VECTORS)
def test_unicode_becomes_tcvn3_bytes(text: str, codes: str):
    assert tcvn3.encode(text).encode("latin-1").hex(" ") == codes


@pytest.mark.parametrize("table", [tcvn3.VN1, tcvn3.VN3, vni.LOWER])
def test_tables_give_each_letter_once_and_composed(table: dict[object, str]):
    assert len(set(table.values())) == len(table)
    assert all(unicodedata.is_normalized("NFC", letter) for letter in table.values())
    assert set(table.values()) <= LETTERS


def test_tables_are_complete():
    assert set(tcvn3.VN1.values()) == LETTERS
    assert set(tcvn3.VN3.values()) == set(LOWER) | set("ĂÂÊÔƠƯĐ")
    assert set(vni.LOWER.values()) == set(LOWER)


@pytest.mark.parametrize("letter", sorted(LETTERS))
def test_every_letter_survives_the_way_there_and_back(letter: str):
    assert tcvn3.decode(tcvn3.encode(letter)) == letter
    assert tcvn3.decode_vn1(in_vn1(letter)) == letter
    assert vni.decode(vni.encode(letter)) == letter


@given(texts)
def test_texts_survive_the_way_there_and_back(text: str):
    assert vni.decode(vni.encode(text)) == text
    assert tcvn3.decode_vn1(in_vn1(text)) == text
    assert tcvn3.decode(tcvn3.encode(text)).lower() == text.lower()


@pytest.mark.parametrize(("text", "written"), VNI_VECTORS)
def test_vni_is_read_in_one_pass_with_the_longest_match(text: str, written: str):
    assert vni.decode(written) == text
    assert vni.encode(text) == written


def test_vni_capitals_are_met_with_lower_case_marks():
    assert vni.decode("Aân Phuù") == "Ân Phú"
    assert vni.decode("ÑAÁT") == "ĐẤT"


@pytest.mark.parametrize(
    ("written", "text"),
    [("Uñy ban", "Ủy ban"), ("¤é", "Ộ"), ("NGUYÔN", "NGUYễN"), ("GOßNG", "GOòNG"), ("AÊn", "Ấn")],
)
def test_a_tcvn3_capital_is_a_base_letter_with_the_lower_case_letter_after_it(written: str, text: str):
    assert tcvn3.decode(written) == text


def test_an_all_caps_font_is_read_as_capitals_only_when_said():
    assert tcvn3.decode_capitals("thöa ®Êt") == "THỬA ĐẤT"
    assert to_unicode("thöa ®Êt", Encoding.TCVN3_CAPITALS) == "THỬA ĐẤT"


@pytest.mark.parametrize("encoder", [tcvn3.encode, vni.encode])
def test_a_column_in_a_legacy_encoding_is_found(encoder: object):
    column = [encoder(name) for name in NAMES]  # pyright: ignore
    expected = {tcvn3.encode: Encoding.TCVN3, vni.encode: Encoding.VNI}[encoder]  # pyright: ignore

    found = detect(column)

    assert found.encoding is expected
    assert found.confidence > 0.9
    assert [to_unicode(each, found.encoding).lower() for each in column] == [name.lower() for name in NAMES]


def test_text_encoded_twice_is_found():
    column = [tcvn3.encode(name).encode("utf-8").decode("latin-1") for name in NAMES]

    found = detect(column)

    assert found.encoding is Encoding.UTF8_TCVN3
    assert to_unicode(column[3], found.encoding) == "Đất ở tại đô thị"


def test_utf8_read_as_latin1_is_found():
    column = [name.encode("utf-8").decode("latin-1") for name in NAMES]

    found = detect(column)

    assert found.encoding is Encoding.UTF8
    assert [to_unicode(each, found.encoding) for each in column] == NAMES


def test_capitals_in_the_control_ranges_are_found():
    column = [in_vn1(name.upper()) for name in NAMES]

    found = detect(column)

    assert found.encoding is Encoding.TCVN_VN1
    assert to_unicode(column[0], found.encoding) == NAMES[0].upper()


def test_capitals_in_the_control_ranges_are_read_as_cp1252_shows_them():
    assert tcvn3.decode_vn1("€‚Ÿ") == "ÀÃŨ"


def test_few_odd_words_beside_sure_unicode_are_left_alone():
    assert detect([*NAMES, "xã", "xã", "®Êt"]).encoding is Encoding.UNICODE
    assert detect(["xã", "®Êt", "®Êt", "lóa"]).encoding is Encoding.TCVN3


def test_one_word_that_would_fit_does_not_make_a_foreign_column_tcvn3():
    assert detect(["Êt", "Évry", "Señor", "Çelik"]).encoding is Encoding.UNICODE


def test_a_unicode_column_stays_as_it_is():
    found = detect(NAMES)

    assert found.encoding is Encoding.UNICODE
    assert [to_unicode(each, found.encoding) for each in NAMES] == NAMES


@pytest.mark.parametrize("encoding", list(Encoding))
def test_unicode_text_passes_whatever_the_column_is_said_to_be(encoding: Encoding):
    assert to_unicode("Thửa đất", encoding) == "Thửa đất"
    assert to_unicode(unicodedata.normalize("NFD", "Thửa đất"), encoding) == "Thửa đất"


def test_letters_that_both_unicode_and_tcvn3_have_do_not_make_a_column_tcvn3():
    assert detect(["xã", "nhà", "Hà", "hà"]).encoding is Encoding.UNICODE
    assert tcvn3.decode("xã") == "xó"


def test_other_languages_are_left_alone():
    assert detect(["Évry-Courcouronnes", "Métropole du Grand Paris", "Señor"]) == Detection(Encoding.UNICODE, 0.0, 3)


def test_one_odd_word_does_not_decide_against_the_column():
    column = [*NAMES * 3, "xã", "nhà", "Loài", "®Êt"]

    assert detect(column).encoding is Encoding.UNICODE


def test_values_that_are_unicode_have_no_say_about_the_others():
    found = detect(NAMES + [tcvn3.encode(name) for name in NAMES])

    assert found.encoding is Encoding.TCVN3
    assert [to_unicode(name, found.encoding) for name in NAMES] == NAMES


def test_an_empty_or_ascii_column_has_no_confidence():
    assert detect([]) == Detection(Encoding.UNICODE, 0.0, 0)
    assert detect(["ODT", "CLN+ONT", ""]) == Detection(Encoding.UNICODE, 0.0, 0)


def test_a_column_whose_soft_hyphens_were_dropped_is_still_found_and_its_words_are_residue():
    column = [tcvn3.encode(name).replace("\u00ad", "") for name in NAMES]

    found = detect(column)

    assert found.encoding is Encoding.TCVN3
    assert residue(to_unicode(column[0], found.encoding)) == "ờng"


@pytest.mark.parametrize("text", ["Ph\ufffdớc", "Ph\u00adớc", "Phờng", "Lo¹i", "®Êt", "Tân\u0081"])
def test_what_is_left_of_a_wrong_encoding_is_shown(text: str):
    assert residue(text)


@pytest.mark.parametrize("text", ["Phường Tân Phú", "100 m²", "5° – “Đất”", "© 2026", "Évry", ""])
def test_clean_text_has_no_residue(text: str):
    assert residue(text) is None


@given(st.text())
def test_no_text_breaks_a_decoder(text: str):
    assert all(isinstance(decode(text), str) for decode in DECODERS.values())
    assert detect([text]).confidence < 1


@given(st.text())
def test_decoding_gives_composed_text(text: str):
    assert all(unicodedata.is_normalized("NFC", to_unicode(text, each)) for each in Encoding)


def test_only_letters_beyond_latin1_prove_unicode():
    assert is_unicode("Thửa")
    assert is_unicode(unicodedata.normalize("NFD", "Thửa"))
    assert not is_unicode("nhà")
    assert undo_utf8("nhà") == "nhà"
