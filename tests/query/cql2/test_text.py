"""CQL2 text becomes the nodes that the standard means."""

import json
from collections.abc import Callable

import pytest

from core.errors import BadFilter
from core.limits import LIMITS
from query.cql2 import Node, parse_text

type Writer = Callable[[Node], object]


@pytest.fixture
def written(write_json: Writer) -> Callable[[str], str]:
    """Parse a text and write it short: operators before their operands, properties by their bare names."""

    def short(node: object) -> str:
        match node:
            case {"op": name, "args": args}:
                return f"{name}({' '.join(map(short, args))})"
            case {"property": name}:
                return name
            case _:
                return json.dumps(node, ensure_ascii=False, separators=(",", ":"))

    return lambda text: short(write_json(parse_text(text, LIMITS)))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a=1 OR b=2 AND c=3", "or(=(a 1) and(=(b 2) =(c 3)))"),
        ("a=1 AND b=2 OR c=3", "or(and(=(a 1) =(b 2)) =(c 3))"),
        ("(a=1 OR b=2) AND c=3", "and(or(=(a 1) =(b 2)) =(c 3))"),
        ("NOT a=1 AND b=2", "and(not(=(a 1)) =(b 2))"),
        ("NOT (a=1 OR b=2)", "not(or(=(a 1) =(b 2)))"),
        ("not a=1 or not b=2 and not c=3", "or(not(=(a 1)) and(not(=(b 2)) not(=(c 3))))"),
        ("a=1 AND b BETWEEN 1 AND 2 AND c=3", "and(and(=(a 1) between(b 1 2)) =(c 3))"),
        ("a+b*c-d/e=0", "=(-(+(a *(b c)) /(d e)) 0)"),
        ("a-b-c=0", "=(-(-(a b) c) 0)"),
        ("a*b^2=0", "=(*(a ^(b 2)) 0)"),
        ("(a+b)*c=0", "=(*(+(a b) c) 0)"),
        ("a div 2 % 3 = 0", "=(%(div(a 2) 3) 0)"),
        ("-a^2=0", "=(^(*(-1 a) 2) 0)"),
        ("a-1>+2", ">(-(a 1) 2)"),
        ("a>-1", ">(a -1)"),
        ("(a=1)=TRUE", "=(=(a 1) true)"),
    ],
)
def test_operators_bind_as_the_grammar_says(text: str, meaning: str, written: Callable[[str], str]) -> None:
    assert written(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a <> 1", "<>(a 1)"),
        ("a LIKE 'x%'", 'like(a "x%")'),
        ("a NOT LIKE 'x%'", 'not(like(a "x%"))'),
        ("a NOT BETWEEN 1 AND 2", "not(between(a 1 2))"),
        ("a IN (1)", "in(a [1])"),
        ("a not in ('x','y')", 'not(in(a ["x","y"]))'),
        ("a IS NULL", "isNull(a)"),
        ("a is not null", "not(isNull(a))"),
        ("TRUE", "true"),
        ("false", "false"),
        ("a", "a"),
        ("f(a, 1, 'x')", 'f(a 1 "x")'),
        ("f()", "f()"),
        ("CASEI(ACCENTI(a)) = accenti(CaseI('Đ'))", '=(casei(accenti(a)) accenti(casei("Đ")))'),
        ("a = DATE('2025-06-30')", '=(a {"date":"2025-06-30"})'),
        ("a = TIMESTAMP('2025-06-30T17:00:00.5Z')", '=(a {"timestamp":"2025-06-30T17:00:00.500000Z"})'),
        ("T_AFTER(a, b)", "t_after(a b)"),
        ("t_intersects(INTERVAL(a,'..'), Interval('2025-01-01', b))",
         't_intersects({"interval":[{"property":"a"},".."]} {"interval":["2025-01-01",{"property":"b"}]})'),
        ("A_EQUALS(a, ())", "a_equals(a [])"),
        ("A_CONTAINS((a,'b'), ('x', TRUE, 1.0))", 'a_contains([{"property":"a"},"b"] ["x",true,1.0])'),
        ("S_WITHIN(g, BBOX(1,2,3,4))", 's_within(g {"bbox":[1.0,2.0,3.0,4.0]})'),
        ("S_WITHIN(g, BBOX(1,2,-9,3,4,9))", 's_within(g {"bbox":[1.0,2.0,3.0,4.0]})'),
    ],
)  # fmt: skip
def test_every_kind_of_predicate_and_value_is_read(text: str, meaning: str, written: Callable[[str], str]) -> None:
    assert written(text) == meaning


@pytest.mark.parametrize(
    ("wkt", "kind", "coordinates"),
    [
        ("POINT(1 2)", "Point", [1, 2]),
        ("point z ( -1.5e1  2. 3 )", "Point", [-15, 2]),
        ("POINTZ(1 2 3)", "Point", [1, 2]),
        ("LINESTRING(0 0,1 .5)", "LineString", [[0, 0], [1, 0.5]]),
        ("POLYGON((0 0,1 0,1 1,0 0))", "Polygon", [[[0, 0], [1, 0], [1, 1], [0, 0]]]),
        ("POLYGON ( (0 0,9 0,9 9,0 0) ,\n(1 1,2 1,2 2,1 1) )", "Polygon",
         [[[0, 0], [9, 0], [9, 9], [0, 0]], [[1, 1], [2, 1], [2, 2], [1, 1]]]),
        ("MULTIPOINT(1 2,3 4)", "MultiPoint", [[1, 2], [3, 4]]),
        ("MULTIPOINT((1 2), (3 4))", "MultiPoint", [[1, 2], [3, 4]]),
        ("MULTILINESTRING((0 0,1 1),(2 2,3 3))", "MultiLineString", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]),
        ("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))", "MultiPolygon",
         [[[[0, 0], [1, 0], [1, 1], [0, 0]]], [[[5, 5], [6, 5], [6, 6], [5, 5]]]]),
    ],
)  # fmt: skip
def test_wkt_is_read_with_or_without_heights(wkt: str, kind: str, coordinates: list, write_json: Writer) -> None:
    node = write_json(parse_text(f"S_INTERSECTS(g,{wkt})", LIMITS))

    assert json.loads(json.dumps(node))["args"][1] == {"type": kind, "coordinates": coordinates}


def test_a_collection_keeps_its_members(write_json: Writer) -> None:
    wkt = "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING Z(0 0 1,1e1 1 1), MULTIPOINT((1 2)))"

    node = json.loads(json.dumps(write_json(parse_text(f"S_INTERSECTS(g,{wkt})", LIMITS))))

    assert node["args"][1]["geometries"] == [
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": [[0, 0], [10, 1]]},
        {"type": "MultiPoint", "coordinates": [[1, 2]]},
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'Via dell''Avvento'", "Via dell'Avvento"),
        (r"'it\'s'", "it's"),
        (r"'\a\b\t\n\v\f\r'", "\a\b\t\n\v\f\r"),
        (r"'\\'", "\\"),
        (r"'a\\'", "a\\"),
        (r"'\\%\\_'", r"\%\_"),
        (r"'\%\_'", r"\%\_"),
        (r"'\\n'", r"\n"),
        (r"'\d'", r"\d"),
        ("''", ""),
        ("''''", "'"),
        ("'two\nlines'", "two\nlines"),
        ("'AND (OR'", "AND (OR"),
        ("'\u0110u\u031bo\u031b\u0300ng'", "Đường"),
    ],
)
def test_escapes_in_texts_are_resolved(text: str, value: str, write_json: Writer) -> None:
    assert write_json(parse_text(f"a={text}", LIMITS)) == {"op": "=", "args": [{"property": "a"}, value]}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a"),
        ("_a", "_a"),
        ("diện_tích", "diện_tích"),
        ("Đất", "Đất"),
        ("die\u0323\u0302n", "diện"),
        ("eo:cloud.cover", "eo:cloud.cover"),
        (":x", ":x"),
        ("x2", "x2"),
        ("andy", "andy"),
        ("nullable", "nullable"),
        ("date", "date"),
        ("point", "point"),
        ("interval", "interval"),
        ("s_intersects", "s_intersects"),
        ('"and"', "and"),
        ('"true"', "true"),
        ('"hai từ"', "hai từ"),
        ('"a"', "a"),
    ],
)
def test_names_are_read_in_any_letters_quoted_or_not(text: str, name: str, write_json: Writer) -> None:
    assert write_json(parse_text(f"{text}=1", LIMITS)) == {"op": "=", "args": [{"property": name}, 1]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740993", 9007199254740993),
        ("9223372036854775807", 2**63 - 1),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("-0", 0),
        ("007", 7),
    ],
)
def test_numbers_keep_every_digit(text: str, value: float, write_json: Writer) -> None:
    operand = write_json(parse_text(f"a={text}", LIMITS))["args"][1]

    assert (operand, type(operand)) == (value, type(value))


@pytest.mark.parametrize("space", ["\n", "\t", "\r\n", "\u00a0", "\u2003", "\u3000"])
def test_any_white_space_separates(space: str, write_json: Writer) -> None:
    spaced = f"a{space}={space}1{space}AND{space}NOT{space}b{space}IN{space}({space}1{space})"

    assert write_json(parse_text(spaced, LIMITS)) == write_json(parse_text("a=1 AND NOT b IN (1)", LIMITS))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it ends too early. (at character 1)"),
        ("a =", "it ends too early. (at character 4)"),
        ("a == 1", '"=" is not expected here. (at character 4)'),
        ("a = b = c", '"=" is not expected here. (at character 7)'),
        ("a != 1", '"!" is not expected here. (at character 3)'),
        ("(a = 1", "it ends too early. (at character 7)"),
        ("a = 1)", '")" is not expected here. (at character 6)'),
        ("a = 'x", "a text is not closed by a single quote. (at character 5)"),
        ('"a = 1', "a name is not closed by a double quote. (at character 1)"),
        ("a = 1 2", '"2" is not expected here. (at character 7)'),
        ("a IN ()", '")" is not expected here. (at character 7)'),
        ("a IN 1", '"1" is not expected here. (at character 6)'),
        ("NOT NOT a", '"NOT" is not expected here. (at character 5)'),
        ("a = 1 AND", "it ends too early. (at character 10)"),
        ("2^3^4 = 1", '"^" is not expected here. (at character 4)'),
        ("S_INTERSECTS(g)", "S_INTERSECTS takes 2 operands."),
        ("T_AFTER(a,b,c)", "T_AFTER takes 2 operands."),
        ("CASEI(a,b)='x'", "CASEI takes 1 operand."),
        ("a = DATE('30/06/2025')", "a date is written as DATE('2025-06-30')."),
        ("a = DATE('2025-02-29')", "there is no such date."),
        ("a = DATE(b)", "DATE takes one text in single quotes."),
        ("a = TIMESTAMP('2025-06-30T17:00:00+07:00')",
         "a timestamp is written in UTC, as TIMESTAMP('2025-06-30T17:00:00Z')."),
        ("a = TIMESTAMP('2025-06-30T24:01:00Z')", "there is no such date and time."),
        ("T_AFTER(a, INTERVAL(1,2))",
         "an end of an INTERVAL is a date, a timestamp, '..', a property or a function."),
        ("a = 1e999", "a number lies beyond the range of a double (about 1.8e308)."),
        ("S_WITHIN(g, POLYGON((0 0,1 0,1 1,0 1)))",
         "a ring has four positions or more and ends where it starts."),
        ("S_WITHIN(g, POLYGON((0 0,1 1,0 0)))", "a ring has four positions or more and ends where it starts."),
        ("S_WITHIN(g, LINESTRING(0 0))", "a line has two positions or more."),
        ("S_WITHIN(g, POINT(1))", "a position has two or three finite numbers."),
        ("S_WITHIN(g, POINT(1 2 3 4))", "a position has two or three finite numbers."),
        ("S_WITHIN(g, POINT(1 1e999))", "a position has two or three finite numbers."),
        ("S_WITHIN(g, POINT(nan 0))", "a geometry is malformed; it is written as in POLYGON((0 0,1 0,1 1,0 0))."),
        ("S_WITHIN(g, POINT(1_0 0))", "a geometry is malformed; it is written as in POLYGON((0 0,1 0,1 1,0 0))."),
        ("S_WITHIN(g, POINT(1 --2))", "a geometry is malformed; it is written as in POLYGON((0 0,1 0,1 1,0 0))."),
        ("S_WITHIN(g, BBOX(1,2,3))", "a BBOX has four numbers, or six with heights."),
        ("S_WITHIN(g, BBOX(1,2,3,1e999))", "a BBOX has finite numbers."),
        ("S_WITHIN(g, POINT EMPTY)", '"EMPTY" is not expected here. (at character 19)'),
        ("a = 'x\0y'", "it holds a NUL character or half of a surrogate pair."),
        ("a = '\ud800'", "it holds a NUL character or half of a surrogate pair."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(BadFilter) as raised:
        parse_text(text, LIMITS)

    assert str(raised.value) == f"filter: {problem}"
