"""Of a query goes on record what was asked, not of whom."""

import json
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from auth.audit.questions import TEXT_MAX, Envelope, Question, Questions, envelope_to, private_key, unseal
from core.errors import SettingsError

NAMES = frozenset({"gia", "chu", "geom", "ngay"})
ASK = Questions(b"k" * 32)


def of(filter_text: str) -> str:
    found = ASK.of(urlencode({"filter": filter_text}), NAMES).text
    assert found
    return found.removeprefix("filter=")


def h(value: str) -> str:
    return ASK.literal(value)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("gia = 5", f"gia = {h('5')}"),
        ("gia=5.00", f"gia={h('5')}"),
        ("GIA = 5", f"{h('GIA')} = {h('5')}"),
        ('"gia" IN (1, 2)', f"gia in ({h('1')}, {h('2')})"),
        ("chu LIKE 'Nguyễn%'", f"chu like {h('Nguyễn%')}"),
        ("chu = 'O''Brien'", f"chu = {h(chr(79) + chr(39) + 'Brien')}"),
        ("Nguyễn Văn An", f"{h('Nguyễn')} {h('Văn')} {h('An')}"),
        ("S_INTERSECTS(geom, POLYGON((1 2,3 4, 1 2)))", f"s_intersects(geom, {h('polygon((1 2,3 4, 1 2))')})"),
        ("ngay > DATE('2025-01-01')", f"ngay > date({h('2025-01-01')})"),
        ("hidden > 1", f"{h('hidden')} > {h('1')}"),
        ("chu = 'open", f"chu = {h(chr(39) + 'open')}"),
    ],
)
def test_a_filter_keeps_its_shape_and_loses_its_literals(asked: str, told: str):
    assert of(asked) == told


def test_a_tree_of_cql2_keeps_its_shape_and_loses_its_literals():
    tree = {
        "op": "and",
        "args": [
            {"op": "<=", "args": [{"property": "gia"}, 5]},
            {"op": "casei", "args": [{"property": "secret"}]},
            {"op": "s_within", "args": [{"property": "geom"}, {"type": "Point", "coordinates": [1, 2]}]},
            {"op": "drop 'An'", "args": ["An", True, None], "Văn": {"date": "2025-01-01"}},
        ],
    }

    told = json.loads(of(json.dumps(tree)))

    assert told["args"][0] == {"op": "<=", "args": [{"property": "gia"}, h("5")]}
    assert told["args"][1] == {"op": "casei", "args": [{"property": h("secret")}]}
    assert told["args"][2]["args"][1].startswith("#")
    assert told["args"][3] == {
        h("op")[:0] + "op": h("drop 'An'"),
        "args": [h("An"), True, None],
        h("Văn"): {"date": h("2025-01-01")},
    }


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("limit=10&f=json&lang=vi", "limit=10&f=json&lang=vi"),
        ("f=Nguyễn+Văn+An", f"f={h('Nguyễn Văn An')}"),
        ("limit=0912345678", f"limit={h('0912345678')}"),
        (
            "crs=" + quote("http://www.opengis.net/def/crs/EPSG/0/9212"),
            "crs=http://www.opengis.net/def/crs/EPSG/0/9212",
        ),
        ("bbox=1,2,3,4", f"bbox={h('1,2,3,4')}"),
        ("gia=5", f"gia={h('5')}"),
        ("luong=5", f"{h('luong')}={h('5')}"),
        ("properties=gia,luong&sortby=-gia,%2Bchu", f"properties=gia,{h('luong')}&sortby=-gia,+chu"),
    ],
)
def test_a_parameter_is_told_where_it_tells_of_nobody(query: str, told: str):
    assert ASK.of(query, NAMES).text == told


def test_the_columns_that_are_named_are_told():
    assert ASK.of("gia=5&sortby=-chu&properties=ngay,luong&limit=3", NAMES).columns == ("chu", "gia", "ngay")
    assert ASK.of("limit=3", NAMES).columns is None


def test_a_request_that_asks_nothing_has_no_question():
    assert ASK.of("", NAMES) == Question(None, None, None)


def test_ids_of_the_path_are_literals():
    assert ASK.of("", NAMES, path={"item": "25351"}).text == f"item={h('25351')}"


def test_equal_literals_compare_in_parameter_filter_tree_and_body():
    by_body = ASK.of("", NAMES, body=b'{"op":"=","args":[{"property":"gia"},7.0]}').text or ""

    assert of("gia = 7.0").split()[-1] == h("7") == of("gia = '7'").split()[-1]
    assert h("7") in by_body
    assert ASK.of("gia=07", NAMES).text == f"gia={h('7')}"


def test_another_key_gives_other_literals():
    assert Questions(b"x" * 32).literal("5") != h("5")


def test_a_long_question_is_cut_and_still_compares():
    first, second = (of("gia IN (" + ",".join(str(n) for n in range(last)) + ")") for last in (1_000, 1_001))

    assert len(first) < TEXT_MAX + 50
    assert first != second


@given(st.text(max_size=60))
def test_nothing_that_a_client_writes_can_be_read_again(text: str):
    marked = f"Xyzzy{text}Xyzzy 4711 'Xyzzy' \"Xyzzy\""

    for query in (
        urlencode({"filter": marked}, errors="replace"),
        urlencode({"q": marked, marked: marked, "f": marked, "properties": marked}, errors="replace"),
        urlencode({"filter": json.dumps({"op": marked, marked: [marked, {"property": marked}]})}, errors="replace"),
    ):
        told = ASK.of(query, NAMES).text or ""
        assert "xyzzy" not in told.lower()


def test_a_deep_tree_is_a_literal_and_no_failure():
    text = '{"args":[' * 100_000

    assert of(text) == h(text)


def test_the_clear_copy_is_read_with_the_private_key_alone(tmp_path: Path):
    key, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    (tmp_path / "pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    envelope = envelope_to(tmp_path / "pub")

    first, second = (Questions(b"k" * 32, envelope).of("chu=An", NAMES).sealed or "" for _ in range(2))

    told = {"query": "chu=An", "path": {}, "body": ""}
    assert first != second
    assert json.loads(unseal(private_key(tmp_path / "key"), first)) == told
    assert json.loads(unseal(key, second)) == told
    with pytest.raises(InvalidTag):
        unseal(other, first)


def test_an_envelope_renews_its_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Envelope, "_MESSAGES_MAX", 2)
    key = X25519PrivateKey.generate()
    envelope = Envelope(key.public_key())

    sealed = [envelope.seal(f"Đất {number}") for number in range(5)]

    assert [unseal(key, each) for each in sealed] == [f"Đất {number}" for number in range(5)]
    assert len({each[:40] for each in sealed}) == 3


def test_a_key_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "x").write_text("x")

    with pytest.raises(SettingsError):
        envelope_to(tmp_path / "x")
    with pytest.raises(SettingsError):
        private_key(tmp_path / "x")
    assert envelope_to(None) is None


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "9" * 4_000, "1e999999999999999999999"])
def test_a_number_beyond_all_bounds_is_a_literal_as_well(number: str):
    assert of(f"gia = {number}").startswith("gia = #")
