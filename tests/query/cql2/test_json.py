"""CQL2 JSON, written by hand, means what the text means."""

import json
from collections.abc import Callable

import pytest

from core.errors import BadFilter
from core.limits import LIMITS
from query.cql2 import Node, parse_json, parse_text

A, B = {"property": "a"}, {"property": "b"}
RING = [[0, 0], [9, 0], [9, 9], [0, 0]]
EXAMPLES = [
    ({"op": "and", "args": [{"op": "=", "args": [A, 1]}, {"op": "<>", "args": [B, "x"]}]}, "a=1 AND b<>'x'"),
    ({"op": "or", "args": [A, B, True]}, "a OR b OR TRUE"),
    ({"op": "not", "args": [{"op": "<", "args": [A, 1]}]}, "NOT a<1"),
    ({"op": "<=", "args": [A, 1.5]}, "a<=1.5"),
    ({"op": ">", "args": [-1, A]}, "-1>a"),
    ({"op": ">=", "args": [A, False]}, "a>=FALSE"),
    ({"op": "like", "args": [A, "x%"]}, "a LIKE 'x%'"),
    ({"op": "like", "args": [{"op": "casei", "args": [A]}, {"op": "casei", "args": ["X%"]}]},
     "CASEI(a) LIKE CASEI('X%')"),
    ({"op": "between", "args": [A, 1, {"op": "+", "args": [B, 2]}]}, "a BETWEEN 1 AND b+2"),
    ({"op": "in", "args": [A, ["x", "y"]]}, "a IN ('x','y')"),
    ({"op": "isNull", "args": [A]}, "a IS NULL"),
    ({"op": "=", "args": [{"op": "accenti", "args": [A]}, {"op": "accenti", "args": ["Đ"]}]},
     "ACCENTI(a)=ACCENTI('Đ')"),
    ({"op": "=", "args": [{"op": "-", "args": [{"op": "*", "args": [A, 2]}, {"op": "/", "args": [B, 3]}]}, 0]},
     "a*2-b/3=0"),
    ({"op": "=", "args": [{"op": "%", "args": [{"op": "div", "args": [A, 2]}, {"op": "^", "args": [B, 3]}]}, 0]},
     "a div 2 % b^3 = 0"),
    ({"op": "=", "args": [A, {"date": "2025-06-30"}]}, "a=DATE('2025-06-30')"),
    ({"op": "=", "args": [A, {"timestamp": "2025-06-30T17:00:00Z"}]}, "a=TIMESTAMP('2025-06-30T17:00:00Z')"),
    ({"op": "t_after", "args": [A, {"interval": ["..", "2025-06-30"]}]}, "T_AFTER(a,INTERVAL('..','2025-06-30'))"),
    ({"op": "t_before", "args": [{"interval": [A, B]}, {"date": "2025-06-30"}]},
     "T_BEFORE(INTERVAL(a,b),DATE('2025-06-30'))"),
    ({"op": "t_contains", "args": [A, B]}, "T_CONTAINS(a,b)"),
    ({"op": "t_disjoint", "args": [A, B]}, "T_DISJOINT(a,b)"),
    ({"op": "t_during", "args": [A, B]}, "T_DURING(a,b)"),
    ({"op": "t_equals", "args": [A, B]}, "T_EQUALS(a,b)"),
    ({"op": "t_finishedBy", "args": [A, B]}, "T_FINISHEDBY(a,b)"),
    ({"op": "t_finishes", "args": [A, B]}, "T_FINISHES(a,b)"),
    ({"op": "t_intersects", "args": [A, B]}, "T_INTERSECTS(a,b)"),
    ({"op": "t_meets", "args": [A, B]}, "T_MEETS(a,b)"),
    ({"op": "t_metBy", "args": [A, B]}, "T_METBY(a,b)"),
    ({"op": "t_overlappedBy", "args": [A, B]}, "T_OVERLAPPEDBY(a,b)"),
    ({"op": "t_overlaps", "args": [A, B]}, "T_OVERLAPS(a,b)"),
    ({"op": "t_startedBy", "args": [A, B]}, "T_STARTEDBY(a,b)"),
    ({"op": "t_starts", "args": [A, B]}, "T_STARTS(a,b)"),
    ({"op": "a_containedBy", "args": [A, ["x", "y"]]}, "A_CONTAINEDBY(a,('x','y'))"),
    ({"op": "a_contains", "args": [A, []]}, "A_CONTAINS(a,())"),
    ({"op": "a_equals", "args": [A, ["a", True, 1.0, 8]]}, "A_EQUALS(a,('a',TRUE,1.0,8))"),
    ({"op": "a_overlaps", "args": [A, B]}, "A_OVERLAPS(a,b)"),
    ({"op": "s_intersects", "args": [A, {"bbox": [1, 2, 3, 4]}]}, "S_INTERSECTS(a,BBOX(1,2,3,4))"),
    ({"op": "s_intersects", "args": [A, {"bbox": [1, 2, 0, 3, 4, 9]}]}, "S_INTERSECTS(a,BBOX(1,2,0,3,4,9))"),
    ({"op": "s_contains", "args": [A, {"type": "Point", "coordinates": [1, 2.5]}]}, "S_CONTAINS(a,POINT(1 2.5))"),
    ({"op": "s_crosses", "args": [A, {"type": "LineString", "coordinates": [[0, 0], [1, 1, 7]]}]},
     "S_CROSSES(a,LINESTRING(0 0,1 1))"),
    ({"op": "s_disjoint", "args": [A, {"type": "Polygon", "coordinates": [RING], "bbox": [0, 0, 9, 9]}]},
     "S_DISJOINT(a,POLYGON((0 0,9 0,9 9,0 0)))"),
    ({"op": "s_equals", "args": [A, {"type": "MultiPoint", "coordinates": [[1, 2]]}]}, "S_EQUALS(a,MULTIPOINT((1 2)))"),
    ({"op": "s_overlaps", "args": [A, {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]]]}]},
     "S_OVERLAPS(a,MULTILINESTRING((0 0,1 1)))"),
    ({"op": "s_touches", "args": [A, {"type": "MultiPolygon", "coordinates": [[RING]]}]},
     "S_TOUCHES(a,MULTIPOLYGON(((0 0,9 0,9 9,0 0))))"),
    ({"op": "s_within", "args": [A, {"type": "GeometryCollection",
                                     "geometries": [{"type": "Point", "coordinates": [1, 2]}]}]},
     "S_WITHIN(a,GEOMETRYCOLLECTION(POINT(1 2)))"),
    ({"op": "f", "args": []}, "f()"),
    ({"op": "f", "args": [A, 1, "x", True]}, "f(a,1,'x',TRUE)"),
    (A, "a"),
    (True, "TRUE"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "text"), EXAMPLES, ids=lambda each: each if isinstance(each, str) else "")
def test_a_document_means_what_its_text_means(
    document: object, text: str, write_json: Callable[[Node], object]
) -> None:
    from_json = write_json(parse_json(json.dumps(document), LIMITS))
    from_text = write_json(parse_text(text, LIMITS))

    assert from_json == from_text


@pytest.mark.parametrize(("document", "text"), EXAMPLES, ids=lambda each: each if isinstance(each, str) else "")
def test_bytes_and_text_are_read_alike(document: object, text: str, write_json: Callable[[Node], object]) -> None:
    encoded = json.dumps(document, ensure_ascii=False).encode()

    assert write_json(parse_json(encoded, LIMITS)) == write_json(parse_text(text, LIMITS))


@pytest.mark.parametrize("digits", ["9007199254740993", "9223372036854775807", "123456789012345678901234567890"])
def test_integers_keep_every_digit(digits: str, write_json: Callable[[Node], object]) -> None:
    node = write_json(parse_json(f'{{"op":"=","args":[{{"property":"a"}},{digits}]}}', LIMITS))

    assert str(node["args"][1]) == digits


def test_texts_and_names_are_composed(write_json: Callable[[Node], object]) -> None:
    document = {"op": "=", "args": [{"property": "đa\u0302\u0301t"}, "đa\u0302\u0301t"]}

    assert write_json(parse_json(json.dumps(document), LIMITS)) == {"op": "=", "args": [{"property": "đất"}, "đất"]}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("", "it is not JSON: Expecting value. (at character 1)"),
        ('{"op":"=","args":[1,2]', "it is not JSON: Expecting ',' delimiter. (at character 23)"),
        (b"\xff", "it is not UTF-8."),
        ("null", "null is not a value here; use the operator isNull."),
        ('{"op":"=","op":"<","args":[1,2]}', "an object has the same member twice."),
        ('{"op":"=","args":[1,NaN]}', "NaN is not a number."),
        ('{"op":"=","args":[1,-Infinity]}', "-Infinity is not a number."),
        ('{"op":"=","args":[1,1e999]}', "a number lies beyond the range of a double (about 1.8e308)."),
        ('{"op":"=","args":[1]}', "= takes 2 operands."),
        ('{"op":"not","args":[true,true]}', "not takes 1 operand."),
        ('{"op":"and","args":[true]}', "and takes two operands or more."),
        ('{"op":"between","args":[1,[2,3]]}', "between takes 3 operands."),
        ('{"op":"in","args":[1,2]}', "in takes a value and an array."),
        ('{"op":"s_within","args":[1]}', "s_within takes 2 operands."),
        ('{"interval":["2025-01-01"]}', "an interval has two ends."),
        ('{"interval":["yesterday",".."]}', "a date is written as DATE('2025-06-30')."),
        ('{"bbox":[1,2,3]}', "a BBOX has four numbers, or six with heights."),
        ('{"bbox":[1,2,3,"4"]}', "coordinates are numbers."),
        ('{"bbox":[1,2,3,true]}', "coordinates are numbers."),
        ('{"type":"Circle","coordinates":[1,2]}',
         "a geometry is a GeoJSON geometry with the members type and coordinates."),
        ('{"type":"Point","coordinates":[1,2],"crs":"x"}',
         "a geometry is a GeoJSON geometry with the members type and coordinates."),
        ('{"type":"Polygon","coordinates":[1,2]}',
         "the coordinates of a geometry are not nested as its type asks."),
        ('{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}',
         "a ring has four positions or more and ends where it starts."),
        ('{"type":"Polygon","coordinates":[]}', "a geometry may not be empty."),
        ('{"type":"GeometryCollection","geometries":[]}',
         "a geometry is a GeoJSON geometry with the members type and coordinates."),
        ('{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":'
         '[{"type":"Point","coordinates":[1,2]}]}]}', "a GeometryCollection may not hold another."),
        ('"\\ud800"', "it holds a NUL character or half of a surrogate pair."),
        ('"\\u0000"', "it holds a NUL character or half of a surrogate pair."),
    ],
)  # fmt: skip
def test_a_mistake_is_told(document: str | bytes, problem: str) -> None:
    with pytest.raises(BadFilter) as raised:
        parse_json(document, LIMITS)

    assert str(raised.value) == f"filter: {problem}"


@pytest.mark.parametrize(
    "document",
    [
        '{"op":"=","args":[1,1],"comment":"x"}',
        '{"property":"a","op":"x"}',
        '{"property":1}',
        '{"op":1,"args":[]}',
        '{"op":"=","args":{}}',
        '{"date":1}',
        '{"bbox":1}',
        "{}",
    ],
)
def test_unknown_members_and_forms_are_refused(document: str) -> None:
    with pytest.raises(BadFilter, match="an object has the members op and args"):
        parse_json(document, LIMITS)
