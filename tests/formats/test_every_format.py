"""What holds for all encoders alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalogue.layer import Column
from formats.format import Answer, Format
from formats.gml_schema import gml_schema
from formats.offered import FORMATS
from query.encoding import RowEncoding

each_format = pytest.mark.parametrize("encoder", FORMATS, ids=lambda each: each.key)


def _page(encoder: Format[Any, Any], answer: Answer, rows: list[Any]) -> bytes:
    return encoder.page(answer, b",".join(rows) if _is_text(encoder) else rows)


def _is_text(encoder: Format[Any, Any]) -> bool:
    return encoder.encoding in (RowEncoding.GEOJSON, RowEncoding.JSONFG)


@each_format
def test_a_hidden_column_is_named_nowhere(
    encoder: Format[Any, Any],
    make_answer: Callable[..., Answer],
    make_rows: Callable[..., list[Any]],
    hidden: Column,
) -> None:
    answer, rows = make_answer(), make_rows(encoder.encoding)

    written = (
        _page(encoder, answer, rows),
        encoder.item(answer, rows[0]),
        b"".join(encoder.stream(answer, iter(rows))),
        gml_schema(answer.collection, language="vi"),
    )

    assert hidden in answer.collection.layer.columns
    for content in written:
        assert hidden.name.encode() not in content
        assert hidden.title.vi.encode() not in content


@each_format
def test_a_column_that_was_not_selected_is_named_nowhere(
    encoder: Format[Any, Any], make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    whole = make_answer()
    answer = replace(whole, columns=tuple(each for each in whole.columns if each.name != "dien_tich"))
    rows = make_rows(encoder.encoding)
    if not _is_text(encoder):
        rows = [(*row[:5], *row[6:]) for row in rows]

    content = _page(encoder, answer, rows)

    assert b"dien_tich" not in content
    assert "Diện tích".encode() not in content


@each_format
def test_equal_answers_give_equal_bytes(
    encoder: Format[Any, Any], make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    rows = make_rows(encoder.encoding)

    first, second = (_page(encoder, make_answer(), rows) for _ in range(2))

    assert first == second


@each_format
def test_a_stream_reads_its_rows_one_by_one(
    encoder: Format[Any, Any], make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    taken = 0
    row = make_rows(encoder.encoding)[0]

    def source() -> Iterator[Any]:
        nonlocal taken
        for _ in range(20_000):
            taken += 1
            yield row

    chunks = encoder.stream(make_answer(), source())
    for _ in range(3):
        next(chunks)

    assert taken == 20_000 if encoder.is_file else 0 < taken < 2_000


@each_format
def test_an_error_among_the_rows_passes_through(
    encoder: Format[Any, Any], make_answer: Callable[..., Answer], make_rows: Callable[..., list[Any]]
) -> None:
    def source() -> Iterator[Any]:
        yield make_rows(encoder.encoding)[0]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        list(encoder.stream(make_answer(), source()))
