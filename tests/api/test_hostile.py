"""Nothing that a client sends gives a 500, and what is hostile is refused before it costs anything."""

import string
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PARCELS = "/collections/thua-dat/items"
EXPORT = "/collections/thua-dat/export"
NAMES = """
    limit offset bbox bbox-crs crs datetime q filter filter-lang filter-crs sortby properties zoom-level f cursor
    resulttype lang so_to id dien_tich hieu_luc_tu exclude-properties skipGeometry ma_xa
"""
WORDS = r"""
    so_to dien_tich hieu_luc_tu muc_dich geometry loai_dat_chinh AND OR NOT IN BETWEEN LIKE IS NULL TRUE
    ( ) , = <> < > <= >= + - * / ^ % div 'x' '' 1 1.5 1e9 -1 " é \ ; -- /*
    DATE('2020-01-01') TIMESTAMP('2020-01-01T00:00:00Z') INTERVAL('..','..') POINT(106\t11) BBOX(1,2,3,4)
    POLYGON((0\t0,1\t0,1\t1,0\t0)) S_INTERSECTS( T_AFTER( A_CONTAINS( CASEI( ACCENTI(
"""

# The same data base answers all examples: a function-scoped fixture is none of ours here.
quick = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
values = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "0", "-1", "1e400", "nan", "1,2,3,4", "..", "/", "2020-01-01/..", "NULL", "%", "\x00", "json"]
    ),
    st.lists(st.floats(), min_size=3, max_size=7).map(lambda numbers: ",".join(map(str, numbers))),
    st.integers().map(str),
)


@quick
@given(pairs=st.lists(st.tuples(st.sampled_from(NAMES.split()), values), min_size=1, max_size=4))
def test_no_value_of_any_parameter_gives_a_500(api: Any, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)

    answer = api.get(PARCELS, query)

    assert answer.status_code in {200, 400, 404, 413}, query


@quick
@given(query=st.text(alphabet=string.printable + "éĐ\x00", max_size=60).map(lambda text: text.replace("#", "")))
def test_no_raw_query_string_gives_a_500(api: Any, query: str) -> None:
    raw = query.encode().decode("latin-1")

    answer = api.client.get(PARCELS, environ_overrides={"QUERY_STRING": raw})

    assert answer.status_code in {200, 400, 413}, query


@quick
@given(words=st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=14))
def test_no_filter_gives_a_500(api: Any, words: list[str]) -> None:
    answer = api.get(PARCELS, "limit=1&filter=" + quote(" ".join(words).replace("\\t", " ")))

    assert answer.status_code in {200, 400}, words


@quick
@given(path=st.text(max_size=40), item=st.text(max_size=20))
def test_no_path_gives_a_500(api: Any, path: str, item: str) -> None:
    for target in (f"/{quote(path, errors='replace')}", f"{PARCELS}/{quote(item, safe='', errors='replace')}"):
        assert api.get(target).status_code in {200, 400, 404}, target


@quick
@given(
    accept=st.text(alphabet=string.printable.strip(), max_size=40),
    name=st.sampled_from(
        ["Accept", "Accept-Encoding", "Accept-Language", "If-None-Match", "Range", "If-Match", "If-Modified-Since"]
    ),
)
def test_no_header_gives_a_500(api: Any, accept: str, name: str) -> None:
    assert api.get(PARCELS, {"limit": 1}, **{name: accept}).status_code in {200, 304, 400, 406, 412}, (name, accept)


HOSTILE: dict[str, Callable[[], str]] = {
    "10,000 parentheses": lambda: "(" * 10_000 + "so_to = 1" + ")" * 10_000,
    "10,000 NOT": lambda: "NOT " * 10_000 + "so_to = 1",
    "a long OR": lambda: " OR ".join(["so_to=1"] * 10_000),
    "a huge IN": lambda: "so_to IN (" + ",".join(["1"] * 100_000) + ")",
    "deep arithmetic": lambda: "so_to = " + "(1+" * 10_000 + "1" + ")" * 10_000,
    "minus minus": lambda: "so_to = " + "-" * 100_000 + "1",
    "catastrophic LIKE": lambda: "loai_dat_chinh LIKE '" + "%a" * 100 + "'",
    "nested functions": lambda: "CASEI(" * 10_000 + "loai_dat_chinh" + ")" * 10_000 + " = 'x'",
    "a polygon of many points": lambda: "S_INTERSECTS(geometry, LINESTRING(" + ",".join(["106 11"] * 20_000) + "))",
    "an open string": lambda: "loai_dat_chinh = '" + "a" * 900_000,
    "a long name": lambda: "a" * 900_000 + " = 1",
    "many quotes": lambda: "'" * 300_001,
    "a deep array": lambda: "A_CONTAINS(muc_dich, " + "(" * 3_000 + "'x'" + ")" * 3_000 + ")",
    "a huge number": lambda: "so_to = " + "9" * 900_000,
    "a huge exponent": lambda: "dien_tich = 1e999999999",
    "a power of powers": lambda: "dien_tich = 9^9^9^9^9^9",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_filter_is_refused_before_it_costs_anything(api: Any, name: str) -> None:
    filter_ = HOSTILE[name]()
    before = time.thread_time()

    answer = api.client.post(PARCELS, data={"filter": filter_})

    assert answer.status_code == 400, answer.text[:300]
    problem = answer.get_json(force=True)
    assert problem["parameter"] == "filter"
    assert len(problem["description"]) < 1_000
    assert time.thread_time() - before < 3.0, "milliseconds are promised; the slack is for a loaded machine"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5_000,
        '{"op":"not","args":[' * 500 + "1" + "]}" * 500,
        '{"op":"in","args":[{"property":"so_to"},[' + ",".join(["1"] * 2_000) + "]]}",
        '{"op":"=","args":[{"property":"so_to"},1e999]}',
        '{"op":"=","args":[{"property":"so_to"},NaN]}',
        '{"op":"=","args":[]}',
        '{"op":"=","args":[{"property":["so_to"]},1]}',
        '{"op":["="],"args":[1,1]}',
        '{"op":"pg_sleep","args":[10]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":["a","b"]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon","coordinates":[[]]}]}',
        '{"op":"=","args":[{"property":"so_to"},"\\ud800"]}',
        '{"op":"=","args":[{"property":"loai_dat_chinh"},"\\u0000"]}',
        "null",
        "1",
        '"so_to = 1"',
        "",
    ],
)
def test_a_hostile_json_filter_is_refused(api: Any, text: str) -> None:
    answer = api.client.post(
        PARCELS,
        data="filter-lang=cql2-json&filter=" + quote(text),
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 400, answer.text[:300]
    assert answer.get_json(force=True)["parameter"] == "filter"


@pytest.mark.parametrize("term", ["a" * 8_000, ",".join(["a"] * 9), ",".join(["a"] * 5_000), "%" * 5_000])
def test_a_hostile_search_is_refused_or_finds_nothing(api: Any, term: str) -> None:
    answer = api.client.post(PARCELS, data={"q": term})

    assert answer.status_code == 400 or answer.get_json(force=True)["features"] == []


def test_a_sort_order_of_thousands_of_names_is_refused(api: Any) -> None:
    assert api.problem(PARCELS, {"sortby": ",".join(["so_to"] * 2_000)})["parameter"] == "sortby"


def test_a_property_that_is_named_again_and_again_comes_once_or_is_refused(api: Any) -> None:
    answer = api.get(PARCELS, {"properties": "so_to,so_to,so_to", "limit": 1})

    assert answer.status_code == 400 or answer.text.count('"so_to":') == 1


def test_thousands_of_parameters_are_refused(api: Any) -> None:
    assert api.get(PARCELS, "&".join(f"a{n}=1" for n in range(2_000))).status_code == 400


def test_an_export_is_refused_as_items_are(api: Any) -> None:
    for parameters in ({"limit": "1"}, {"offset": "1"}, {"filter": "x"}, {"bbox": "1"}, {"crs": "x"}, {"f": "html"}):
        api.problem(EXPORT, parameters)
