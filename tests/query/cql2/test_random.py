"""Random filters: those that compile run without error, and select what a naive evaluator selects."""

import json
import math
import operator
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadFilter
from core.limits import LIMITS
from query.cql2 import Filter, compile_filter, parse_json, parse_text
from query.names import Name

type Select = Callable[[str], list[int]]
type Row = dict[str, object]

EXAMPLES = settings(max_examples=300, deadline=None)


# Any filter: well formed, of any types, with the values that hurt.

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0", "1", "-1", "2", "0.5", "1e308", "1e-308", "5e-324", "9223372036854775807", "1e200"]),
)
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6).map(
    lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
)
DATES = st.dates().map(lambda day: f"DATE('{day.isoformat()}')")
TIMES = st.datetimes().map(lambda time: f"TIMESTAMP('{time.isoformat(timespec='seconds')}Z')")
PLACES = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda place: f"{place[0]!r} {place[1]!r}")
SHAPES = st.one_of(
    PLACES.map("POINT({})".format),
    st.lists(PLACES, min_size=2, max_size=4).map(lambda line: f"LINESTRING({','.join(line)})"),
    st.lists(PLACES, min_size=3, max_size=6).map(lambda ring: f"POLYGON(({','.join([*ring, ring[0]])}))"),
    st.lists(PLACES, min_size=1, max_size=3).map(lambda points: f"MULTIPOINT({','.join(points)})"),
    st.tuples(*[st.integers(-180, 180), st.integers(-90, 90)] * 2).map(
        lambda box: f"BBOX({box[0]},{min(box[1], box[3])},{box[2]},{max(box[1], box[3])})"
    ),
    st.tuples(PLACES, PLACES).map(lambda two: f"GEOMETRYCOLLECTION(POINT({two[0]}),LINESTRING({two[0]},{two[1]}))"),
)
NUMBER_NAMES = st.sampled_from(["so_to", "so_lon", "dien_tich", "length(ten)", "year(ngay)", "array_size(nhan)"])
COMPUTED = st.recursive(
    NUMBERS | NUMBER_NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "div", "^"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(st.sampled_from(["abs", "floor", "ceil"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
    ),
    max_leaves=8,
)
TEXTS = st.recursive(
    STRINGS | st.sampled_from(["ten", "ghi_chu"]),
    lambda inner: st.tuples(st.sampled_from(["CASEI", "ACCENTI"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
    max_leaves=2,
)
DAYS = DATES | st.sampled_from(["ngay", "ngay_cuoi"])
INSTANTS = TIMES | st.sampled_from(["luc", "luc_cuoi"])
GEOMETRIES = SHAPES | st.sampled_from(["geom", "centroid(geom)"])
ARRAYS = st.lists(TEXTS, max_size=3).map(lambda items: f"({','.join(items)})") | st.just("nhan")
DAY_SPANS = DAYS | st.tuples(DAYS, st.sampled_from(["ngay", "ngay_cuoi", "'..'"])).map(
    lambda ends: f"INTERVAL({ends[0].removeprefix('DATE(').removesuffix(')')},{ends[1]})"
)
COMPARE = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
SPATIAL = [
    f"S_{name}" for name in ["INTERSECTS", "EQUALS", "DISJOINT", "TOUCHES", "WITHIN", "OVERLAPS", "CROSSES", "CONTAINS"]
]
TEMPORAL = [
    f"T_{name}"
    for name in [
        "AFTER",
        "BEFORE",
        "CONTAINS",
        "DISJOINT",
        "DURING",
        "EQUALS",
        "FINISHEDBY",
        "FINISHES",
        "INTERSECTS",
        "MEETS",
        "METBY",
        "OVERLAPPEDBY",
        "OVERLAPS",
        "STARTEDBY",
        "STARTS",
    ]
]
ARRAY = [f"A_{name}" for name in ["EQUALS", "CONTAINS", "CONTAINEDBY", "OVERLAPS"]]


def _pairs(names: list[str], operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(names), operands, operands).map(lambda t: f"{t[0]}({t[1]},{t[2]})")


def _compared(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(operands, COMPARE, operands).map(" ".join),
        st.tuples(operands, operands, operands).map(lambda t: f"{t[0]} BETWEEN {t[1]} AND {t[2]}"),
        st.tuples(operands, st.lists(operands, min_size=1, max_size=4)).map(lambda t: f"{t[0]} IN ({','.join(t[1])})"),
        operands.map("{} IS NULL".format),
    )


PREDICATES = st.one_of(
    *map(_compared, (COMPUTED, TEXTS, DAYS, INSTANTS, COMPUTED | TEXTS | DAYS)),
    st.tuples(TEXTS, STRINGS).map(lambda t: f"{t[0]} LIKE {t[1]}"),
    st.tuples(TEXTS, STRINGS).map(lambda t: f"{t[0]} NOT LIKE CASEI({t[1]})"),
    _pairs(SPATIAL, GEOMETRIES),
    _pairs(TEMPORAL, DAY_SPANS | INSTANTS),
    _pairs(ARRAY, ARRAYS),
    st.sampled_from(["da_cap", "TRUE", "FALSE", "starts_with(ten,'P')", "geom IS NULL"]),
)
FILTERS = st.recursive(
    PREDICATES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map("NOT ({})".format),
    ),
    max_leaves=5,
)


@EXAMPLES
@given(text=FILTERS)
def test_a_random_filter_runs_without_error_whatever_the_data(text: str, select: Select) -> None:
    try:
        select(text)
    except BadFilter:
        return


@EXAMPLES
@given(text=_pairs(SPATIAL, GEOMETRIES))
def test_every_spatial_predicate_runs_on_every_shape(text: str, select: Select) -> None:
    try:
        select(text)
    except BadFilter as refused:
        assert "not valid" in str(refused)  # noqa: PT017 - any other refusal is a fault of ours


@EXAMPLES
@given(text=st.tuples(COMPUTED, COMPARE, COMPUTED).map(" ".join))
def test_arithmetic_never_fails(text: str, select: Select) -> None:
    try:
        select(text)
    except BadFilter as refused:
        assert re.search("range of a double|it costs", str(refused))  # noqa: PT017 - any other refusal is a fault of ours


@EXAMPLES
@given(text=FILTERS)
def test_what_the_box_excludes_does_not_match(
    text: str, things: Callable[[Filter], list[int]], thing_names: dict[str, Name], connection: psycopg.Connection
) -> None:
    try:
        found = compile_filter(parse_text(text, LIMITS), thing_names, filter_srid=4326, swap_axes=False)
    except BadFilter:
        return
    if found.bbox is None:
        return

    query = "SELECT t.id FROM things AS t WHERE t.geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)"
    touching = {row[0] for row in connection.execute(query, found.bbox)}

    with suppress(BadFilter):  # a shape that crosses itself
        assert set(things(found)) <= touching


@EXAMPLES
@given(text=FILTERS)
def test_text_and_json_compile_to_the_same_sql(
    text: str, thing_names: dict[str, Name], write_json: Callable[[object], object]
) -> None:
    try:
        node = parse_text(text, LIMITS)
        from_text = compile_filter(node, thing_names, filter_srid=4326, swap_axes=False)
    except BadFilter:
        return
    again = parse_json(json.dumps(write_json(node)), LIMITS)

    from_json = compile_filter(again, thing_names, filter_srid=4326, swap_axes=False)

    assert from_json.bbox == from_text.bbox
    assert sorted(map(str, from_json.condition.params)) == sorted(map(str, from_text.condition.params)) or (
        "NOT LIKE" in text  # in JSON a negation of its own, with the range that a positive pattern has
    )


# Garbage.

WORDS = st.sampled_from(
    [
        "a",
        "so_to",
        "ten",
        "geom",
        "(",
        ")",
        ",",
        "=",
        "<>",
        "<",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "AND",
        "OR",
        "NOT",
        "LIKE",
        "IN",
        "IS",
        "NULL",
        "BETWEEN",
        "TRUE",
        "DIV",
        "'x'",
        "''",
        "1",
        "1.5",
        ".5",
        "1e9",
        '"x"',
        "DATE(",
        "TIMESTAMP(",
        "INTERVAL(",
        "POINT(",
        "POLYGON((",
        "BBOX(",
        "S_INTERSECTS(",
        "T_AFTER(",
        "A_EQUALS(",
        "CASEI(",
        "f(",
        "'2025-01-01'",
        "'..'",
        "\\",
        "'",
        '"',
        ";",
        "--",
        "/*",
        "%s",
        "{}",
        "\n",
        "\xa0",
        "đ",
    ]
)


def _filter_or_refusal(parse: Callable[[], object], names: dict[str, Name]) -> None:
    try:
        compile_filter(parse(), names, filter_srid=4326, swap_axes=False)
    except BadFilter:
        return


@settings(max_examples=1_000, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=20).map(" ".join), st.lists(WORDS).map("".join)))
def test_any_text_is_a_filter_or_refused(text: str, thing_names: dict[str, Name]) -> None:
    _filter_or_refusal(lambda: parse_text(text, LIMITS), thing_names)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["..", "ten"])
KEYS = st.sampled_from(["op", "args", "property", "date", "timestamp", "interval", "bbox", "type", "coordinates"])
OPS = st.sampled_from(["and", "not", "=", "like", "in", "between", "isNull", "casei", "+", "s_within", "t_after", "f"])
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.fixed_dictionaries({"op": OPS, "args": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"type": st.sampled_from(["Point", "Polygon"]), "coordinates": inner}),
    ),
    max_leaves=10,
)


@settings(max_examples=1_000, deadline=None)
@given(document=DOCUMENTS.map(json.dumps) | st.text(max_size=30) | st.binary(max_size=30))
def test_any_document_is_a_filter_or_refused(document: str | bytes, thing_names: dict[str, Name]) -> None:
    _filter_or_refusal(lambda: parse_json(document, LIMITS), thing_names)


# An independent evaluator: each case is a text and a function from a row to True, False or None.

SIGNS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _key(value: object) -> object:
    """Make a value comparable as PostgreSQL compares: NaN above all, infinite dates at the ends."""
    match value:
        case float() if math.isnan(value):
            return (1, 0)
        case int() | float():
            return (0, value)
        case "infinity" | "-infinity":
            return (1 if value == "infinity" else -1, date.min)
        case date():
            return (0, value)
        case _:
            return value


type Case = tuple[str, Callable[[Row], bool | None]]


def _on(values: Callable[[Row], list[object]], test: Callable[..., bool]) -> Callable[[Row], bool | None]:
    """Test values of a row; unknown as soon as one is."""

    def evaluate(row: Row) -> bool | None:
        found = values(row)
        return None if None in found else test(*map(_key, found))

    return evaluate


def _binary(name: str, sign: str, value: object, written: str, *, flip: bool) -> Case:
    text = f"{written} {FLIPPED[sign]} {name}" if flip else f"{name} {sign} {written}"
    return text, _on(lambda row: [row[name], value], SIGNS[sign])


def _like(name: str, pattern: str) -> Case:
    parts = [{"%": ".*", "_": "."}.get(each, re.escape(each)) for each in pattern]
    matcher = re.compile("".join(parts), re.DOTALL)
    return f"{name} LIKE '{pattern}'", _on(lambda row: [row[name]], lambda text: bool(matcher.fullmatch(text)))


def _in(name: str, numbers: list[int]) -> Case:
    text = f"{name} IN ({','.join(map(str, numbers))})"
    return text, _on(lambda row: [row[name]], lambda found: found in [_key(each) for each in numbers])


def _between(name: str, low: int, high: int) -> Case:
    text = f"{name} BETWEEN {low} AND {high}"
    return text, _on(lambda row: [row[name]], lambda found: _key(low) <= found <= _key(high))


RELATIONS = {
    "T_AFTER": "a > d",
    "T_BEFORE": "b < c",
    "T_INTERSECTS": "a <= d, b >= c",
    "T_EQUALS": "a = c, b = d",
    "T_CONTAINS": "a < c, b > d",
    "T_DURING": "a > c, b < d",
    "T_MEETS": "b = c",
    "T_METBY": "a = d",
    "T_OVERLAPS": "a < c, b > c, b < d",
    "T_OVERLAPPEDBY": "c < a, a < d, d < b",
    "T_STARTS": "a = c, b < d",
    "T_STARTEDBY": "a = c, b > d",
    "T_FINISHES": "b = d, a > c",
    "T_FINISHEDBY": "b = d, a < c",
}
"""What must hold between the intervals [a, b] and [c, d]; an end that is unset leaves a comparison unknown."""


def _temporal(name: str, start: date, end: date) -> Case:
    text = f"{name}(INTERVAL(ngay,ngay_cuoi),INTERVAL('{start}','{end}'))"

    def evaluate(row: Row) -> bool | None:
        ends = {"a": row["ngay"], "b": row["ngay_cuoi"], "c": start, "d": end}
        comparisons = [each.split(" ") for each in RELATIONS[name].split(", ")]
        found = {_on(lambda _, x=x, y=y: [ends[x], ends[y]], SIGNS[sign])(row) for x, sign, y in comparisons}
        return False if False in found else None if None in found else True

    return text, evaluate


def _disjoint(start: date, end: date) -> Case:
    text, evaluate = _not(_temporal("T_INTERSECTS", start, end))
    return text.removeprefix("NOT (").removesuffix(")").replace("T_INTERSECTS", "T_DISJOINT"), evaluate


SETS: dict[str, Callable[[set[object], set[object]], bool]] = {
    "A_EQUALS": operator.eq,
    "A_CONTAINS": operator.ge,
    "A_CONTAINEDBY": operator.le,
    "A_OVERLAPS": lambda one, two: bool(one & two),
}


def _array(name: str, items: list[str]) -> Case:
    text = f"{name}(nhan,({','.join(f"'{each}'" for each in items)}))"
    return text, _on(lambda row: [row["nhan"]], lambda found: SETS[name](set(found), set(items)))


def _and(one: Case, two: Case) -> Case:
    def evaluate(row: Row) -> bool | None:
        found = {one[1](row), two[1](row)}
        return False if False in found else None if None in found else True

    return f"({one[0]}) AND ({two[0]})", evaluate


def _or(one: Case, two: Case) -> Case:
    def evaluate(row: Row) -> bool | None:
        found = {one[1](row), two[1](row)}
        return True if True in found else None if None in found else False

    return f"({one[0]}) OR ({two[0]})", evaluate


def _not(case: Case) -> Case:
    def evaluate(row: Row) -> bool | None:
        found = case[1](row)
        return None if found is None else not found

    return f"NOT ({case[0]})", evaluate


SMALL = st.integers(-8, 12)
NUMERIC = st.sampled_from(["so_to", "so_lon", "dien_tich"])
EDGES = st.sampled_from(
    [date(2025, 6, 30), date(2025, 7, 30), date(2025, 12, 31), date(2024, 2, 29), date(2025, 1, 1), date(1, 1, 1)]
)
CASES = st.recursive(
    st.one_of(
        st.builds(
            lambda name, sign, number, flip: _binary(name, sign, number, str(number), flip=flip),
            NUMERIC, st.sampled_from(list(SIGNS)), SMALL | st.sampled_from([2.5, 0.1, 2**62, -(2**63)]), st.booleans(),
        ),
        st.builds(
            lambda sign, text: _binary("ten", sign, text, f"'{text}'", flip=False),
            st.sampled_from(list(SIGNS)), st.sampled_from(["", "Z", "a", "Phước Bình", "Đ"]),
        ),
        st.builds(
            lambda sign, day, flip: _binary("ngay", sign, day, f"DATE('{day}')", flip=flip),
            st.sampled_from(list(SIGNS)), EDGES, st.booleans(),
        ),
        st.builds(_like, st.sampled_from(["ten", "ghi_chu"]), st.text("aPhb%_ướcB", max_size=5)),
        st.builds(_in, NUMERIC, st.lists(SMALL, min_size=1, max_size=4)),
        st.builds(_between, NUMERIC, SMALL, SMALL),
        st.builds(
            lambda name, edges: _temporal(name, min(edges), max(edges)),
            st.sampled_from(list(RELATIONS)), st.tuples(EDGES, EDGES),
        ),
        st.builds(lambda edges: _disjoint(min(edges), max(edges)), st.tuples(EDGES, EDGES)),
        st.builds(_array, st.sampled_from(list(SETS)), st.lists(st.sampled_from("abcz"), min_size=1, max_size=3)),
        st.sampled_from(["ten", "ngay", "da_cap"]).map(
            lambda name: (f"{name} IS NULL", lambda row: row[name] is None)
        ),
        st.just(("da_cap", lambda row: row["da_cap"])),
    ),
    lambda inner: st.builds(_and, inner, inner) | st.builds(_or, inner, inner) | inner.map(_not),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="session")
def rows(raw_things: list[Row]) -> list[Row]:
    return [row | {name: _day(row[name]) for name in ("ngay", "ngay_cuoi")} for row in raw_things]


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) and value[0].isdigit() else value


@settings(max_examples=1_000, deadline=None)
@given(case=CASES)
def test_a_filter_selects_what_a_naive_evaluator_selects(case: Case, rows: list[Row], select: Select) -> None:
    text, evaluate = case

    expected = [number for number, row in enumerate(rows, 1) if evaluate(row) is True]

    assert select(text) == expected
