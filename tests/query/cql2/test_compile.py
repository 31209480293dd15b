"""Nodes and names become bound SQL; what does not fit is refused before any SQL."""

import functools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pygeofilter import ast, values

from catalogue.types import ColumnType
from core.errors import BadFilter
from core.limits import LIMITS
from query.cql2 import FUNCTIONS, Filter, compile_filter, parse_text
from query.names import Name

type Compile = Callable[..., Filter]


@pytest.fixture
def compiled(thing_names: dict[str, Name]) -> Compile:
    def compile_text(text: str, *, srid: int = 4326, swap_axes: bool = False) -> Filter:
        return compile_filter(parse_text(text, LIMITS), thing_names, filter_srid=srid, swap_axes=swap_axes)

    return compile_text


@pytest.mark.parametrize(
    ("text", "sql", "params"),
    [
        ("TRUE", "TRUE", ()),
        ("FALSE", "FALSE", ()),
        ("ten = 'x'", '(t."ten" = (%s::text COLLATE "C"))', ("x",)),
        ("so_to >= 5", '(t."so_to" >= %s::bigint)', (5,)),
        ("so_to = 5.0", '(t."so_to" = %s::bigint)', (5,)),
        ("so_to > 5.5", '(t."so_to" > %s::float8)', (5.5,)),
        ("dien_tich < 100", '(t."dien_tich" < %s::float8)', (100.0,)),
        ("so_to = dien_tich", '(t."so_to" = t."dien_tich")', ()),
        ("da_cap", 't."da_cap"', ()),
        ("NOT da_cap", '(NOT t."da_cap")', ()),
        ("so_to IN (1,2,3)", '(t."so_to" = ANY(%s::bigint[]))', ([1, 2, 3],)),
        ("so_to NOT IN (1)", '(NOT (t."so_to" = ANY(%s::bigint[])))', ([1],)),
        ("so_to IN (1, so_lon)", '((t."so_to" = ANY(%s::bigint[])) OR (t."so_to" IN (t."so_lon")))', ([1],)),
        ("so_to BETWEEN 1 AND 2", '(t."so_to" BETWEEN %s::bigint AND %s::bigint)', (1, 2)),
        ("ten IS NOT NULL", '(t."ten" IS NOT NULL)', ()),
        ("ten LIKE 'abc%'",
         '((t."ten" >= %s::text COLLATE "C") AND (t."ten" < %s::text COLLATE "C"))', ("abc", "abd")),
        ("ten LIKE 'abc'", '(t."ten" = %s::text COLLATE "C")', ("abc",)),
        ("ten LIKE 'ab%c%%'",
         '((t."ten" >= %s::text COLLATE "C") AND (t."ten" < %s::text COLLATE "C")'
         ' AND (t."ten" LIKE %s::text COLLATE "C"))', ("ab", "ac", "ab%c%")),
        ("ten LIKE '%c'", '(t."ten" LIKE %s::text COLLATE "C")', ("%c",)),
        ("ten LIKE 'a\\%b%'",
         '((t."ten" >= %s::text COLLATE "C") AND (t."ten" < %s::text COLLATE "C"))', ("a%b", "a%c")),
        ("ten LIKE 'x\ud7ff%'",
         '((t."ten" >= %s::text COLLATE "C") AND (t."ten" < %s::text COLLATE "C"))', ("x\ud7ff", "x\ue000")),
        ("ten LIKE '\U0010ffff%'", '(t."ten" >= %s::text COLLATE "C")', ("\U0010ffff",)),
        ("ten NOT LIKE 'abc%'", '(t."ten" NOT LIKE %s::text COLLATE "C")', ("abc%",)),
        ("CASEI(ten) LIKE CASEI('A%')",
         '(dm.chu_thuong(t."ten") LIKE dm.chu_thuong((%s::text COLLATE "C")))', ("A%",)),
        ("ACCENTI(CASEI(ten)) = 'x'", '(dm.bo_dau(dm.chu_thuong(t."ten")) = (%s::text COLLATE "C"))', ("x",)),
        ("so_to + 1 = 2", '(((t."so_to"::numeric) + %s::numeric) = %s::numeric)', None),
        ("S_INTERSECTS(geom, POINT(1 2))",
         '(t."geom" && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND'
         ' ST_Intersects(t."geom", ST_GeomFromText(%s, %s)))', (1.0, 2.0, 1.0, 2.0, "POINT(1.0 2.0)", 4326)),
        ("S_DISJOINT(geom, POINT(1 2))",
         '(NOT ST_Intersects(t."geom", ST_GeomFromText(%s, %s)))', ("POINT(1.0 2.0)", 4326)),
        ("T_INTERSECTS(ngay, INTERVAL('..', ngay_cuoi))",
         """((t."ngay" <= t."ngay_cuoi") AND (t."ngay" >= '-infinity'::date))""", ()),
        ("A_CONTAINS(nhan, ('a','b'))", '(t."nhan" @> %s::text[])', (["a", "b"],)),
    ],
)  # fmt: skip
def test_a_filter_becomes_sql_that_indexes_can_answer(
    text: str, sql: str, params: tuple[object, ...] | None, compiled: Compile
) -> None:
    condition = compiled(text).condition

    assert condition.sql == sql
    assert params is None or condition.params == params


@pytest.mark.parametrize(
    "text",
    [
        "ten = 'DROP TABLE'", "ten IN ('DROP TABLE')", "ten LIKE 'DROP TABLE%'", "CASEI(ten) LIKE CASEI('DROP TABLE')",
        "A_OVERLAPS(nhan, ('DROP TABLE', ten))", "starts_with(ten, 'DROP TABLE')", "'DROP TABLE' = ten",
    ],
)  # fmt: skip
def test_a_client_s_text_is_bound_and_never_sql(text: str, compiled: Compile) -> None:
    condition = compiled(text).condition

    assert "DROP" not in condition.sql
    assert "DROP" in str(condition.params)
    assert condition.sql.count("%s") == len(condition.params)
    assert condition.sql.count("%") == len(condition.params)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gia > 1", 'there is no property "gia".'),
        ("Ten = 'x'", 'there is no property "Ten".'),
        ("ten = 5", 'a text in single quotes is wanted beside "ten", not a number.'),
        ("5 = ten", 'a text in single quotes is wanted beside "ten", not a number.'),
        ("so_to = '5'", 'a number is wanted beside "so_to", not a text in single quotes.'),
        ("dien_tich = TRUE", 'a number is wanted beside "dien_tich", not a boolean.'),
        ("da_cap = 'true'", 'a boolean, TRUE or FALSE is wanted beside "da_cap", not a text in single quotes.'),
        ("ngay = 5", """a date, written DATE('2025-06-30') is wanted beside "ngay", not a number."""),
        ("ngay = luc", """a date, written DATE('2025-06-30') is wanted beside "ngay", not a timestamp."""),
        ("luc = DATE('2025-06-30')",
         """a timestamp, written TIMESTAMP('2025-06-30T17:00:00Z') is wanted beside "luc", not a date."""),
        ("ngay = '30/6/2025'", "a date is written as DATE('2025-06-30')."),
        ("ma = 'x'", "a UUID is written as 'fa7e1920-9107-422d-a3db-c468cbc5d6df'."),
        ("ten IN ('x', 5)", 'a text in single quotes is wanted beside "ten", not a number.'),
        ("ten LIKE 5", "a LIKE pattern is a text in single quotes, or CASEI or ACCENTI of one."),
        ("ten LIKE ghi_chu", "a LIKE pattern is a text in single quotes, or CASEI or ACCENTI of one."),
        ("so_to LIKE '5%'", "a text in single quotes is wanted, not a number."),
        ("ten LIKE 'x\\\\'", "a LIKE pattern may not end with a single backslash."),
        ("ten LIKE '%1%2%3%4%5%6%7%8%'", "a LIKE pattern has more than 8 percent signs."),
        ("da_cap BETWEEN FALSE AND TRUE",
         "a date, written DATE('2025-06-30') or a number or a text in single quotes or a timestamp, written "
         "TIMESTAMP('2025-06-30T17:00:00Z') is wanted, not a boolean."),
        ("ten + 1 = 2", "a number is wanted, not a text in single quotes."),
        ("ten", "a condition is wanted, not a text in single quotes."),
        ("ten AND TRUE", "a condition is wanted, not a text in single quotes."),
        ("5", "a condition is wanted, not a number."),
        ("so_to + 1", "a condition is wanted, not a number."),
        ("('a','b')", "an array or an interval is not a value here; use the A_ and T_ functions."),
        ("ten = INTERVAL('..','..')", "an array or an interval is not a value here; use the A_ and T_ functions."),
        ("geom = geom", "geometries are compared by the S_ functions and arrays by the A_ functions."),
        ("nhan = 'a'", "geometries are compared by the S_ functions and arrays by the A_ functions."),
        ("S_WITHIN(ten, POINT(1 2))", "a geometry is wanted, not a text in single quotes."),
        ("S_WITHIN(geom, POINT(90 180))",
         "a coordinate lies outside its reference system; mind the order of axes."),
        ("S_WITHIN(geom, BBOX(1,9,2,8))", "a BBOX has its lower corner first."),
        ("T_AFTER(ten, DATE('2025-06-30'))", "a date or a timestamp is wanted, not a text in single quotes."),
        ("T_AFTER(ngay, '2025-06-30')",
         "an instant is written DATE('2025-06-30') or TIMESTAMP('2025-06-30T17:00:00Z')."),
        ("T_AFTER(ngay, luc)",
         "dates are compared with dates, timestamps with timestamps; a date has no time zone."),
        ("T_AFTER(ngay, INTERVAL('2025-01-01','2025-01-02T00:00:00Z'))",
         "dates are compared with dates, timestamps with timestamps; a date has no time zone."),
        ("T_AFTER(ngay, INTERVAL('2025-01-02','2025-01-01'))", "an INTERVAL starts after it ends."),
        ("T_DURING(ngay, INTERVAL('2025-01-01','..'))",
         "this temporal function takes intervals, not instants; write INTERVAL(start, end)."),
        ("A_CONTAINS(nhan, (1,2))", "both arrays of an array function have elements of one type."),
        ("A_CONTAINS(nhan, ('a',2))", "a text in single quotes is wanted, not a number."),
        ("A_CONTAINS(nhan, (POINT(1 2)))", "an element of an array is a scalar, not a geometry."),
        ("pg_sleep(5)", 'there is no function "pg_sleep".'),
        ("length(5) = 1", "a text in single quotes is wanted, not a number."),
        ("length(ten, ten) = 1", "length takes 1 operand."),
        ("starts_with(ten)", "starts_with takes 2 operands."),
        ("CASEI(so_to) = 'x'", "a text in single quotes is wanted, not a number."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_what_is_wanted(text: str, problem: str, compiled: Compile) -> None:
    with pytest.raises(BadFilter) as raised:
        compiled(text)

    assert str(raised.value) == f"filter: {problem}"


def test_a_hidden_name_and_an_unknown_one_get_the_same_text(thing_names: dict[str, Name]) -> None:
    visible = {name: each for name, each in thing_names.items() if name != "ghi_chu"}

    def problem(names: dict[str, Name]) -> str:
        with pytest.raises(BadFilter) as raised:
            compile_filter(parse_text("ghi_chu = 'x'", LIMITS), names, filter_srid=4326, swap_axes=False)
        return str(raised.value)

    assert problem(visible) == problem({}) == 'filter: there is no property "ghi_chu".'


def test_a_name_in_an_error_is_short_and_printable(compiled: Compile) -> None:
    with pytest.raises(BadFilter) as raised:
        compiled('"' + "x\x1b\u202e" * 100 + '" = 1')

    assert str(raised.value) == 'filter: there is no property "' + "x??" * 20 + '…".'


@pytest.mark.parametrize(
    ("text", "bbox"),
    [
        ("S_INTERSECTS(geom, BBOX(1,2,3,4))", (1, 2, 3, 4)),
        ("S_WITHIN(POINT(1 2), geom)", (1, 2, 1, 2)),
        ("S_INTERSECTS(geom, LINESTRING(5 6,1 2)) AND so_to = 1", (1, 2, 5, 6)),
        ("S_INTERSECTS(geom, BBOX(0,0,9,9)) AND S_TOUCHES(geom, BBOX(1,1,2,2))", (1, 1, 2, 2)),
        ("S_INTERSECTS(geom, BBOX(0,0,1,1)) OR S_EQUALS(geom, BBOX(5,5,9,9))", (0, 0, 9, 9)),
        ("S_INTERSECTS(geom, BBOX(0,0,1,1)) OR so_to = 1", None),
        ("NOT S_INTERSECTS(geom, BBOX(0,0,1,1))", None),
        ("S_DISJOINT(geom, BBOX(0,0,1,1))", None),
        ("S_INTERSECTS(geom, BBOX(170,0,-170,1))", (-180, 0, 180, 1)),
        ("S_INTERSECTS(centroid(geom), BBOX(0,0,1,1))", None),
        ("S_INTERSECTS(geom, geom)", None),
        ("S_INTERSECTS(BBOX(0,0,1,1), POINT(0 0))", None),
        ("so_to = 1", None),
        ("TRUE", None),
    ],
)  # fmt: skip
def test_the_box_that_matching_rows_touch_is_derived(
    text: str, bbox: tuple[float, ...] | None, compiled: Compile
) -> None:
    assert compiled(text).bbox == bbox


def test_a_second_geometry_implies_no_box() -> None:
    names = {"tam": Name("tam", ColumnType.GEOMETRY, 't."tam"', main=False)}

    found = compile_filter(
        parse_text("S_INTERSECTS(tam, POINT(1 2))", LIMITS), names, filter_srid=4326, swap_axes=False
    )

    assert found.bbox is None


@pytest.mark.parametrize(
    ("box", "wkt"),
    [
        ("1,2,3,4", "POLYGON((1.0 2.0,3.0 2.0,3.0 4.0,1.0 4.0,1.0 2.0))"),
        ("1,2,1,4", "LINESTRING(1.0 2.0,1.0 4.0)"),
        ("1,2,3,2", "LINESTRING(1.0 2.0,3.0 2.0)"),
        ("1,2,1,2", "POINT(1.0 2.0)"),
        ("1,1e-200,1,0", "POINT(1.0 0.0)"),
    ],
)
def test_a_box_without_width_or_height_is_a_line_or_a_point(box: str, wkt: str, compiled: Compile) -> None:
    condition = compiled(f"S_DISJOINT(geom, BBOX({box}))").condition

    assert condition.params == (wkt, 4326)


def test_axes_are_swapped_on_demand_in_every_literal(compiled: Compile) -> None:
    swapped = compiled("S_WITHIN(geom, POINT(11 106)) OR S_WITHIN(geom, BBOX(10,105,11,106))", swap_axes=True)
    plain = compiled("S_WITHIN(geom, POINT(106 11)) OR S_WITHIN(geom, BBOX(105,10,106,11))")

    assert swapped == plain


def test_another_reference_system_goes_through_the_named_operation(compiled: Compile) -> None:
    found = compiled("S_WITHIN(geom, POINT(500000 1270000))", srid=9212)

    assert found.bbox
    west, south, east, north = found.bbox
    assert west < 106.25179 < east  # the point itself, by EPSG:6960 (106.251786, 11.484103)
    assert south < 11.4841 < north
    assert found.condition.params[:2] == ("POINT(500000.0 1270000.0)", 9212)
    assert found.condition.sql.count("hc.doi_toa_do(ST_GeomFromText(%s, %s), 4326)") == 2


@pytest.mark.parametrize(("srid", "far"), [(9212, 1.1e7), (3405, -1.1e7), (3857, 2.01e7), (4756, 180.5)])
def test_coordinates_beyond_a_reference_system_are_refused(srid: int, far: float, compiled: Compile) -> None:
    with pytest.raises(BadFilter, match="outside its reference system"):
        compiled(f"S_WITHIN(geom, POINT({far} 0))", srid=srid)


A = ast.Attribute
PLACE = values.Geometry({"type": "Point", "coordinates": (106, 11, 5)})


@pytest.mark.parametrize(
    "node",
    [
        ast.BBox(A("geom"), 1, 2, 3, 4),
        ast.Relate(A("geom"), PLACE, "T********"),
        ast.DistanceWithin(A("geom"), PLACE, 5, "m"),
        ast.Exists(A("ten"), not_=False),
        ast.Include(not_=False),
        ast.TimeBeforeOrDuring(values.Interval(None, None), values.Interval(None, None)),
        ast.Equal(A("ten"), timedelta(days=1)),
        ast.TimeAfter(A("luc"), values.Interval(timedelta(days=1), None)),
        ast.Equal(A("ten"), "a\0b"),
        ast.Equal(A("ten"), "\ud800"),
        ast.GeometryWithin(A("geom"), values.Geometry({"type": "Point", "coordinates": (float("nan"), 1.0)})),
        ast.GeometryWithin(A("geom"), values.Geometry({"type": "Polygon", "coordinates": ()})),
        functools.reduce(lambda node, _: ast.Not(node), range(5_000), A("da_cap")),
    ],
    ids=lambda node: type(node).__name__,
)
def test_nodes_of_another_parser_that_cql2_does_not_know_are_refused(
    node: ast.Node, thing_names: dict[str, Name]
) -> None:
    with pytest.raises(BadFilter):
        compile_filter(node, thing_names, filter_srid=4326, swap_axes=False)


def test_nodes_of_another_parser_compile_like_ours(thing_names: dict[str, Name], compiled: Compile) -> None:
    ours = compiled("S_WITHIN(geom, POINT(106 11)) AND luc = TIMESTAMP('2025-06-30T17:00:00Z')")
    naive = datetime(2025, 6, 30, 17)  # noqa: DTZ001 - as pygeofilter reads an instant without a zone
    theirs = ast.And(ast.GeometryWithin(A("geom"), PLACE), ast.Equal(A("luc"), naive))

    found = compile_filter(theirs, thing_names, filter_srid=4326, swap_axes=False)

    assert found.condition.sql == ours.condition.sql
    assert found.bbox == ours.bbox
    assert found.condition.params[-1] == ours.condition.params[-1]


def test_published_functions_are_listed_with_their_types() -> None:
    assert [each.name for each in FUNCTIONS] == [
        "abs", "floor", "ceil", "length", "starts_with", "array_size", "year", "month", "centroid",
    ]  # fmt: skip
    assert all(each.arguments for each in FUNCTIONS)
    assert all(text.endswith(".") for each in FUNCTIONS for text in (each.description.vi, each.description.en))
