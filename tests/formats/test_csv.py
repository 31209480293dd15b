"""CSV, read back by GDAL and by Python."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.layer import GeometryKind
from formats.csv_text import Csv
from formats.format import Answer
from query.encoding import RowEncoding

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode(), newline="")))


def test_the_bytes_are_these(make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]) -> None:
    page = Csv().page(make_answer(GeometryKind.POINT), make_rows(RowEncoding.WKT, GeometryKind.POINT))

    head, first = page.decode().split("\r\n", 1)
    assert head == '"ma","ten","so","dien_tich","co_gcn","ngay","luc","loai","geometry"'
    assert first == (
        '"0198c3a0-0000-7000-8000-000000000001","Đất ở ""nông thôn""\r\n=1+1, <b>&amp;\t\u2028",4611686018427387905,'
        '0.1,"true","2025-06-30","2025-06-30T17:30:15.250000Z","[""ONT"",""C\\""L,N"",""Đất""]",'
        '"POINT (106.9 11.5)"\r\n'
        '"0198c3a0-0000-7000-8000-000000000002","",-1,-1234567.875,"false","0001-01-01","1969-12-31T00:00:00Z","[]",'
        '"POINT (-1 -2)"\r\n'
        '"0198c3a0-0000-7000-8000-000000000003",,,,,,,,\r\n'
    )


@pytest.mark.parametrize("kind", GeometryKind)
def test_gdal_reads_every_geometry(
    kind: GeometryKind,
    make_answer: Callable[..., Answer],
    make_rows: Callable[..., list[Any]],
    shapes: dict[GeometryKind, tuple[str, str]],
    tmp_path: Any,
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"".join(Csv().stream(make_answer(kind), iter(make_rows(RowEncoding.WKT, kind)))))

    _, _, geometry, _ = pyogrio.raw.read(path, GEOM_POSSIBLE_NAMES="geometry")

    assert [each and shapely.from_wkb(each).wkt for each in geometry] == [*shapes[kind], None]


def test_an_empty_result_is_the_line_of_names(make_answer: Callable[..., Answer]) -> None:
    answer = replace(make_answer(None), columns=make_answer().columns[:2])

    assert Csv().page(answer, []) == b'"ma","ten"\r\n'


def test_an_item_is_a_page_of_one(make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]) -> None:
    row = make_rows(RowEncoding.WKT)[0]

    assert Csv().item(make_answer(), row) == Csv().page(make_answer(), [row])


@pytest.mark.parametrize("text", ["=1+1", "+84", "-5", "@SUM(A1)", "\t=1"])
def test_text_that_looks_like_a_formula_is_not_altered(text: str, with_values: Callable[..., Any]) -> None:
    answer, rows = with_values(ten=text)

    assert _read(Csv().page(answer, rows))[1][0] == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(ten=TEXT, so=st.integers(-(2**63), 2**63 - 1), dien_tich=st.floats(allow_nan=False), loai=st.lists(TEXT))
def test_every_value_comes_back(
    with_values: Callable[..., Any], ten: str, so: int, dien_tich: float, loai: list[str]
) -> None:
    answer, rows = with_values(ten=ten, so=so, dien_tich=dien_tich, loai=loai)

    records = _read(Csv().page(answer, rows))

    text, integer, number, array, _ = records[1]
    assert len(records) == 2
    assert (text, int(integer), float(number)) == (ten, so, dien_tich)
    assert json.loads(array) == loai


def test_a_column_named_geometry_keeps_its_name(make_answer: Callable[..., Answer]) -> None:
    column = replace(make_answer().columns[1], name="geometry")
    answer = make_answer(columns=(column,))

    head, _ = _read(Csv().page(answer, [("1", "POINT (1 2)", "x")]))

    assert head == ["geometry", "geometry_"]


def test_instants_are_in_utc(with_values: Callable[..., Any]) -> None:
    answer, rows = with_values(luc=datetime(2025, 6, 30, tzinfo=UTC))

    assert _read(Csv().page(answer, rows))[1][0] == "2025-06-30T00:00:00Z"
