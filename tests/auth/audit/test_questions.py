"""Of a query goes on record what was asked, not of whom."""

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from auth.audit import questions
from auth.audit.questions import (
    HMACS_MAX,
    SEALED_MAX,
    STEPS_MAX,
    TEXT_MAX,
    Envelope,
    Question,
    Questions,
    envelope_to,
    private_key,
    unseal,
)
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
        ("resulttype=hits", "resulttype=hits"),
        ("resulttype=results", "resulttype=results"),
        ("resulttype=Nguyễn", f"resulttype={h('Nguyễn')}"),
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


def test_equal_literals_compare_in_parameter_filter_tree_and_form():
    by_form = ASK.of("", NAMES, form=[("filter", '{"op":"=","args":[{"property":"gia"},7.0]}')]).text or ""

    assert of("gia = 7.0").split()[-1] == h("7") == of("gia = '7'").split()[-1]
    assert h("7") in by_form
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

    assert ASK.of("", NAMES, form=[("filter", text)]).text == f"filter={h(text)}"


def test_the_clear_copy_is_read_with_the_private_key_alone(tmp_path: Path):
    key, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    (tmp_path / "pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    envelope = envelope_to(tmp_path / "pub")

    first, second = (Questions(b"k" * 32, envelope).of("chu=An", NAMES).sealed or "" for _ in range(2))

    told = {"query": "chu=An", "path": {}, "form": []}
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


class _Counting(Questions):
    """Counts the HMACs that a record takes."""

    hmacs = 0

    def literal(self, value: str) -> str:
        self.hmacs += 1
        return super().literal(value)


_MEGABYTE = 1_000_000
_LARGE = [
    "." * _MEGABYTE,
    "1 " * (_MEGABYTE // 2),
    "chu " * (_MEGABYTE // 4),
    "chu," * (_MEGABYTE // 4),
    "''" * (_MEGABYTE // 2),
    "'a' " * (_MEGABYTE // 4),
    "(" * _MEGABYTE,
    "point(" * (_MEGABYTE // 6),
    "point" + "(" * _MEGABYTE,
    "point" + " " * _MEGABYTE,
    "point() " * (_MEGABYTE // 8),
    '"' * _MEGABYTE,
    "9" * _MEGABYTE,
    "\u0323\u0301" * (_MEGABYTE // 2),
    '{"op":"in","args":[' + ",".join("1" * (_MEGABYTE // 2)) + "]}",
    '{"op":"and","args":[' + ",".join(['{"property":"chu"}'] * (_MEGABYTE // 19)) + "]}",
    "{" * _MEGABYTE,
]


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize("text", _LARGE, ids=[each[:6] for each in _LARGE])
def test_what_a_record_costs_does_not_grow_with_what_is_sent(
    text: str, is_answered: bool, monkeypatch: pytest.MonkeyPatch
):
    steps = _count_calls(monkeypatch, questions.Reading, "step")
    taken = _count_calls(monkeypatch, questions.Reading, "take")
    normal = _count_calls(monkeypatch, unicodedata, "normalize")
    for name in ("filter", "properties", "sortby", text[:10_000]):
        ask = _Counting(b"k" * 32)
        del steps[:], taken[:], normal[:]

        told = ask.of("", NAMES, form=[(name, text)], is_answered=is_answered)

        most = STEPS_MAX if is_answered else TEXT_MAX
        assert ask.hmacs <= HMACS_MAX + 1
        assert (len(steps) <= most + 1, len(taken) <= most) == (True, True)
        assert sum(map(len, normal)) <= HMACS_MAX * 256
        assert len(told.text or "") <= TEXT_MAX + 50


def _count_calls(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[str]:
    """Note the last argument of each call of a function."""
    whole, calls = getattr(owner, name), list[str]()

    def call(*arguments: Any) -> Any:
        calls.append(arguments[-1] if isinstance(arguments[-1], str) else "")
        return whole(*arguments)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_thousands_of_parameters_cost_no_more_than_the_first_hundred():
    ask = _Counting(b"k" * 32)

    told = ask.of("&".join(f"x{n}={n}" for n in range(30_000)), NAMES).text or ""

    assert ask.hmacs <= 2 * 100 + 1
    assert told.count("&") == 99
    assert told.endswith(h("&".join(f"x{n}={n}" for n in range(30_000))))


def test_every_column_that_the_longest_filter_names_is_told():
    longest = " OR ".join(["gia <= 5"] * 2_000 + ["chu = 'An'"])
    tree = json.dumps({"op": "or", "args": [{"op": "=", "args": [{"property": "gia"}, 5]}] * 8_000
                       + [{"op": "=", "args": [{"property": "chu"}, "An"]}]})  # fmt: skip

    assert ASK.of("", NAMES, form=[("filter", longest)]).columns == ("chu", "gia")
    assert ASK.of("", NAMES, form=[("filter", tree)]).columns == ("chu", "gia")


def test_what_is_longer_than_any_filter_may_have_named_every_column():
    assert ASK.of("", NAMES, form=[("filter", "1 " * 100_000 + "chu = 'An'")]).columns == ("*",)


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("", ("*",)),
        ("limit=3", ("*",)),
        ("filter=gia>5", ("*", "gia")),
        ("exclude-properties=chu", ("*", "chu")),
        ("properties=gia", ("gia",)),
        ("properties=gia&filter=chu='An'", ("chu", "gia")),
        ("resulttype=hits", None),
        ("resulttype=hits&filter=gia>5", ("gia",)),
    ],
)
def test_all_columns_are_told_wherever_none_were_chosen(query: str, columns: tuple[str, ...] | None):
    assert ASK.of(query, NAMES, gives_items=True).columns == columns
    assert "*" not in (ASK.of(query, NAMES).columns or ())


def test_a_long_clear_copy_is_cut_and_tells_what_it_was():
    key = X25519PrivateKey.generate()
    ask = Questions(b"k" * 32, Envelope(key.public_key()))

    sealed = ask.of("", NAMES, form=[("filter", "ă" * 1_000_000)]).sealed or ""

    told = json.loads(unseal(key, sealed))
    whole = json.dumps({"query": "", "path": {}, "form": [["filter", "ă" * 1_000_000]]}, ensure_ascii=False)
    assert told == {"cut": whole[:SEALED_MAX], "sha256": hashlib.sha256(whole.encode()).hexdigest()}
