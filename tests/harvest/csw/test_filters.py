"""Constraints select what they say, in either language, among rows written by SQL."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harvest.faces.csw.cql import read_text
from harvest.faces.csw.faults import Fault
from harvest.faces.csw.fes import read_filter
from harvest.faces.csw.filters import condition_of
from harvest.faces.csw.predicates import And, Compare, IsNull, Like, Not, Or, Predicate, Spatial, between
from harvest.faces.csw.tree import parse
from harvest.reading import Catalogue
from tests.harvest.csw.oracle import RELATIONS, SIGNS, Seen, as_filter, as_text, selects
from tests.harvest.stock import Stock, record

WORDS = ("Thửa đất", "thửa", "Đồng Xoài", "dong", "a_b", "100%", "O'Neil", "", "Quy hoạch", "<&>", "back\\slash")
DAY = date(2025, 6, 30)
INSTANT = datetime(2025, 6, 30, 12, 0, 0, tzinfo=UTC)
_UPDATE = """UPDATE mt.ban_ghi SET title = %(title)s, description = %(abstract)s, keywords = %(subject)s,
 type = %(type)s, created = '2000-01-01Z', updated = %(modified)s, time_begin = %(begin)s, time_end = %(end)s,
 tim = dm.de_tim(%(text)s),
 geom = ST_Multi(ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)) WHERE id = %(id)s"""


def _rows(random: Random) -> list[Seen]:
    return [_row(random, n) for n in range(40)]


def _row(random: Random, n: int) -> Seen:
    west, south = random.randint(100, 110), random.randint(5, 15)
    begin = random.choice([None, DAY + timedelta(days=random.randint(-3, 3))])
    return Seen(
        id=record(str(n)).id,
        title=random.choice([each for each in WORDS if each]),
        abstract=" ".join(random.sample(WORDS, 2)),
        subject=tuple(random.sample([each for each in WORDS if each], random.randint(0, 3))),
        type=random.choice(["dataset", "service", "process"]),
        modified=INSTANT + timedelta(hours=random.randint(-48, 48)),
        begin=begin,
        last=random.choice([None, (begin or DAY) + timedelta(days=random.randint(0, 3))]),
        box=(west, south, west + random.randint(1, 4), south + random.randint(1, 4)),
    )


@pytest.fixture
def rows(stock: Stock) -> list[Seen]:
    """40 rows."""
    found = _rows(Random(7))
    for n, each in enumerate(found):
        stock.put(record(str(n)))
        values: dict[str, Any] = {
            name: getattr(each, name) for name in ("id", "title", "abstract", "type", "modified", "begin")
        }
        values |= dict(zip(("west", "south", "east", "north"), each.box, strict=True))
        values |= {"subject": list(each.subject), "end": each.last and each.last + timedelta(days=1)}
        values |= {"text": " ".join((each.title, each.abstract, *each.subject))}
        stock.connection.execute(_UPDATE, values)
    return found


_sign = st.sampled_from(list(SIGNS))
_equality = st.sampled_from(["=", "<>"])
_word = st.sampled_from(WORDS)
_piece = st.sampled_from(["%", "_", "thửa", "Thửa", "đất", "a", "\\_", "\\%", "100", "'", "\\\\", "Đ", " "])
_pattern = st.lists(_piece, min_size=1, max_size=4).map("".join)
_id = st.integers(0, 41).map(lambda n: str(record(str(n)).id))
_days = st.integers(-4, 4).map(lambda n: (DAY + timedelta(days=n)).isoformat())
_instants = st.integers(-50, 50).map(lambda n: (INSTANT + timedelta(hours=n)).isoformat().replace("+00:00", "Z"))
_abroad = st.integers(-50, 50).map(lambda n: (INSTANT + timedelta(hours=n - 7)).isoformat().replace("+00:00", "+07:00"))
_texts = st.sampled_from(["dc:title", "dct:abstract", "dc:type", "apiso:Title", "csw:Record/dc:title"])
_any = st.sampled_from(["dc:title", "dc:subject", "dct:modified", "apiso:TempExtent_begin", "apiso:TempExtent_end"])


@st.composite
def _boxes(draw: Any) -> tuple[int, int, int, int]:
    west, south = draw(st.integers(98, 112)), draw(st.integers(3, 17))
    return west, south, west + draw(st.integers(1, 6)), south + draw(st.integers(1, 6))


_leaves: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(Compare, _texts, _sign, _word, st.booleans()),
    st.builds(
        Compare, st.just("dc:type"), _equality, st.sampled_from(["dataset", "DATASET", "service"]), st.booleans()
    ),
    st.builds(Compare, st.just("dc:identifier"), _sign, _id),
    st.builds(Compare, st.just("apiso:Identifier"), _equality, st.sampled_from(["none", "", "1234"])),
    st.builds(Compare, st.just("dc:subject"), _equality, _word, st.booleans()),
    st.builds(Compare, st.sampled_from(["csw:AnyText", "AnyText"]), _equality, _word),
    st.builds(
        Compare, st.sampled_from(["dct:modified", "apiso:Modified"]), _sign, st.one_of(_days, _instants, _abroad)
    ),
    st.builds(Compare, st.sampled_from(["apiso:TempExtent_begin", "apiso:TempExtent_end"]), _sign, _days),
    st.builds(Like, st.one_of(_texts, st.just("dc:subject")), _pattern, st.booleans()),
    st.builds(Like, st.just("dc:identifier"), st.sampled_from(["%", "0%", "%a_%", "%-5%"])),
    st.builds(
        Like, st.just("csw:AnyText"), st.sampled_from(["%thua%", "%Đồng Xoài%", "%", "%quy%hoach%", "%khong co%"])
    ),
    st.builds(IsNull, _any),
    st.builds(between, st.just("dct:modified"), _days, _instants),
    st.builds(between, st.just("dc:title"), _word, _word),
    st.builds(Spatial, st.just("ows:BoundingBox"), st.sampled_from(list(RELATIONS)), _boxes()),
)
_predicates = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)


def _found(catalogue: Catalogue, predicate: Predicate) -> set[str]:
    where = condition_of(predicate, catalogue.view)
    return {str(each.record.id) for each in catalogue.page(after=None, limit=100, where=where)}


def test_a_constraint_selects_what_it_says(rows: list[Seen], asked: Callable[[], Catalogue]) -> None:
    catalogue = asked()
    seen = {"some": 0, "by text": 0}

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(_predicates, st.booleans(), st.sampled_from(["*?!", "%_\\", "*#\\"]))
    def check(predicate: Predicate, lat_first: bool, wild: str) -> None:
        try:
            found = _found(catalogue, read_filter(parse(as_filter(predicate, lat_first=lat_first, wild=wild).encode())))
        except Fault as fault:
            assume("too much" not in fault.text)
            raise
        expected = {str(each.id) for each in rows if selects(predicate, each)}
        seen["some"] += 0 < len(expected) < len(rows)

        assert found == expected
        if text := as_text(predicate):
            seen["by text"] += 1
            assert _found(catalogue, read_text(text)) == expected

    check()
    assert min(seen.values()) > 50


def _nested(levels: int) -> str:
    return (
        "".join("<ogc:Not>" * levels)
        + "<ogc:PropertyIsNull><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:PropertyIsNull>"
        + "</ogc:Not>" * levels
    )


def _filter(inner: str) -> str:
    return f'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml">{inner}</ogc:Filter>'


def _compared(name: str, value: str, tag: str = "PropertyIsEqualTo") -> str:
    return f"<ogc:{tag}><ogc:PropertyName>{name}</ogc:PropertyName><ogc:Literal>{value}</ogc:Literal></ogc:{tag}>"


def _in_box(low: str, high: str, crs: str = "EPSG:4326") -> str:
    corners = f"<gml:lowerCorner>{low}</gml:lowerCorner><gml:upperCorner>{high}</gml:upperCorner>"
    return f'<ogc:BBOX><gml:Envelope srsName="{crs}">{corners}</gml:Envelope></ogc:BBOX>'


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<ogc:Other/>",
        "<ogc:And/>",
        "<ogc:Not/>",
        _compared("dc:title", "a") * 2,
        _compared("dc:nothing", "a"),
        _compared("ows:BoundingBox", "a"),
        _compared("dct:modified", "yesterday"),
        _compared("dct:modified", "2025-02-30"),
        _compared("dct:modified", "2025-06-30", "PropertyIsLike"),
        _compared("dc:subject", "a", "PropertyIsLessThan"),
        _compared("csw:AnyText", "a", "PropertyIsLessThan"),
        _compared("dc:title", "a" * 5_000),
        _compared("dc:title", "*a" * 10, "PropertyIsLike"),
        _compared("dc:subject", "*a" * 10, "PropertyIsLike"),
        "<ogc:And>" + _compared("csw:AnyText", "a") * 20 + "</ogc:And>",
        _nested(33),
        "<ogc:PropertyIsEqualTo><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:PropertyIsEqualTo>",
        "<ogc:PropertyIsEqualTo><ogc:Literal>a</ogc:Literal><ogc:Literal>a</ogc:Literal></ogc:PropertyIsEqualTo>",
        "<ogc:PropertyIsBetween><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:PropertyIsBetween>",
        _in_box("1 2", "3 4", "EPSG:3405"),
        "<ogc:BBOX><gml:Envelope><gml:lowerCorner>1 2</gml:lowerCorner></gml:Envelope></ogc:BBOX>",
        _in_box("1 95", "3 99"),
        _in_box("1 nan", "3 99"),
        "<ogc:BBOX><gml:Point><gml:pos>1 2</gml:pos></gml:Point></ogc:BBOX>",
        _compared("dc:title", "a", "PropertyIsLike").replace("Like>", 'Like wildCard="*" singleChar="*">', 1),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(asked: Callable[[], Catalogue], inner: str) -> None:
    with pytest.raises(Fault) as refused:
        condition_of(read_filter(parse(_filter(inner).encode())), asked().view)

    assert refused.value.status == 400
    assert refused.value.locator


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dc:title",
        "dc:title =",
        "dc:title = 'a' OR",
        "dc:title = 'a' dc:title = 'b'",
        "= 'a'",
        "dc:title LIKE 'a\\'",
        "dc:subject LIKE 'a\\'",
        "dc:identifier LIKE 'a\\'",
        "dc:title NOT = 'a'",
        "dc:title NOT IS NULL",
        "dc:title IS 'a'",
        "(dc:title = 'a'",
        "(" * 40 + "dc:title = 'a'" + ")" * 40,
        "NOT " * 40 + "dc:title = 'a'",
        "DATE(" * 2_000,
        "BBOX(ows:BoundingBox, 1, 2, 3)",
        "BBOX(dc:title, 1, 2, 3, 4)",
        "dc:title = 'a\x00'",
        "csw:AnyText = 'a\x00'",
        "dc:title = 'a'; DROP TABLE x",
        "dct:modified > '9999-12-31'",
        "apiso:TempExtent_end = '9999-12-31'",
        "dc:title = '" + "a" * 17_000 + "'",
    ],
)
def test_a_text_that_is_not_understood_is_refused(asked: Callable[[], Catalogue], text: str) -> None:
    with pytest.raises(Fault) as refused:
        condition_of(read_text(text), asked().view)

    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dc:title = 'a' OR dc:title = 'b' AND dc:type = 'c'", "Or"),
        ("NOT dc:title = 'a' AND dc:type = 'c'", "And"),
        ("(dc:title = 'a' OR dc:title = 'b') AND dc:type = 'c'", "And"),
        ("dct:modified AFTER 2025-06-30T00:00:00Z", "Compare"),
        ("dct:modified BETWEEN DATE('2025-06-30') AND TIMESTAMP('2025-06-30T00:00:00Z')", "And"),
        ("dc:title NOT LIKE '%a%'", "Not"),
        ("dc:title IS NOT NULL", "Not"),
        ("\"dc:title\" = 'it''s'", "Compare"),
        ("INTERSECTS(ows:BoundingBox, ENVELOPE(1, 2, 3, 4))", "Spatial"),
        ("BBOX(ows:BoundingBox, 2, 1, 4, 3, 'urn:ogc:def:crs:EPSG::4326')", "Spatial"),
    ],
)
def test_words_bind_as_they_should(text: str, expected: str) -> None:
    assert type(read_text(text)).__name__ == expected


def test_identifiers_of_features_select_by_identifier(rows: list[Seen], asked: Callable[[], Catalogue]) -> None:
    ids = "".join(f'<ogc:FeatureId fid="{each.id}"/>' for each in rows[:2])

    found = _found(asked(), read_filter(parse(_filter(ids).encode())))

    assert found == {str(each.id) for each in rows[:2]}


def test_a_literal_may_come_first(rows: list[Seen], asked: Callable[[], Catalogue]) -> None:
    operands = "<ogc:Literal>2025-06-30</ogc:Literal><ogc:PropertyName>dct:modified</ogc:PropertyName>"
    turned = f"<ogc:PropertyIsLessThan>{operands}</ogc:PropertyIsLessThan>"

    found = _found(asked(), read_filter(parse(_filter(turned).encode())))

    assert found == {str(each.id) for each in rows if each.modified >= datetime(2025, 7, 1, tzinfo=UTC)}
