"""What is sent to hurt is refused at once, by a BadFilter and nothing else."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from core.errors import BadFilter
from core.limits import LIMITS
from query.cql2 import Filter, compile_filter, parse_json, parse_text
from query.names import Name

TEXTS = {
    "10,000 parentheses": "(" * 10_000 + "a=1" + ")" * 10_000,
    "4,000 parentheses": "(" * 4_000 + "a='x'" + ")" * 4_000,
    "33 parentheses": "(" * 33 + "a='x'" + ")" * 33,
    "open parentheses only": "(" * 100_000,
    "4,000 NOT": "NOT " * 4_000 + "a",
    "4,000 NOT in parentheses": "NOT (" * 4_000 + "a" + ")" * 4_000,
    "nested functions": "f(" * 5_000 + ")" * 5_000,
    "a chain of additions": "1" + "+1" * 2_000 + "=1",
    "a chain of ANDs": " AND ".join(["a=1"] * 20_000),
    "a short chain of additions": "1" + "+1" * 100 + "=1",
    "a list of 100,000": f"a IN ({','.join(map(str, range(100_000)))})",
    "a list of 1,001": f"a IN ({','.join(map(str, range(1_001)))})",
    "an array of 1,001": f"A_EQUALS(a,({','.join(map(str, range(1_001)))}))",
    "a megabyte of one name": "a" * 1_000_000,
    "more than a megabyte": "a" * 1_100_000,
    "a megabyte of signs": "=" * 1_000_000,
    "a megabyte of quotes": "'" * 1_000_001,
    "a megabyte of backslashes": "'" + "\\" * 1_000_000,
    "a megabyte of text": "a='" + "x" * 1_000_000 + "'",
    "a long number": "a=" + "9" * 100_000,
    "a long fraction": "a=0." + "9" * 100_000,
    "too many vertices": f"S_WITHIN(g,LINESTRING({','.join(['1 1'] * 10_001)}))",
    "too many vertices in all": " OR ".join([f"S_WITHIN(g,LINESTRING({','.join(['1 1'] * 5_001)}))"] * 2),
    "an open ring": "S_WITHIN(g,POLYGON((" + "1 1," * 100_000,
    "many open rings": "S_WITHIN(g,MULTIPOLYGON(" + "((1 1)," * 50_000,
    "spaces in a geometry": "S_WITHIN(g,POLYGON((" + " " * 500_000 + "x",
    "white space before a tag": "POLYGON" + " " * 500_000 + "x",
    "a pattern of wildcards": "a LIKE '" + "%a" * 500 + "%'",
    "a lone escape": "a LIKE 'x\\\\'",
    "28 powers": " AND ".join(["n ^ 0.5 >= 0"] * 28),
    "a power of each": " OR ".join(f"n ^ {each} < 0" for each in range(17)),
    "a division of huge by tiny": "(n ^ 70 * n ^ 70) % (n ^ -70 * n ^ -70) = 1",
    "eight words without diacritics": " OR ".join(["ACCENTI(CASEI(a)) LIKE '%x%'"] * 8),
    "a shape that each row looks at in full": f"S_TOUCHES(g,LINESTRING({','.join(f'{x} 1' for x in range(180))}))"
    f" OR S_CROSSES(g,LINESTRING({','.join(f'{x / 9} 1' for x in range(400))}))",
    "a folded word beside many": f"ACCENTI(CASEI(a)) IN ({','.join(['a'] * 100)})",
    "rows beside themselves": "S_TOUCHES(g,g) OR S_OVERLAPS(g,centroid(g))",
    "an array beside a thousand texts, twice": " OR ".join(
        [f"A_OVERLAPS(l,({','.join(f"'{n}'" for n in range(1_000))}))"] * 2
    ),
    "NUL": "a='\0'",
    "a lone surrogate": "a='\udfff'",
}
DOCUMENTS = {
    "100,000 brackets": "[" * 100_000,
    "100,000 braces": '{"op":' * 100_000,
    "nested NOT": '{"op":"not","args":[' * 5_000 + "true" + "]}" * 5_000,
    "33 NOT": '{"op":"not","args":[' * 33 + "true" + "]}" * 33,
    "a list of 1,001": json.dumps({"op": "in", "args": [{"property": "a"}, list(range(1_001))]}),
    "20,000 operands": json.dumps({"op": "and", "args": [True] * 20_000}),
    "a long integer": '{"op":"=","args":[{"property":"a"},' + "9" * 100_000 + "]}",
    "a long text": json.dumps({"op": "=", "args": [{"property": "a"}, "x" * 5_000]}),
    "more than a megabyte": " " * 1_100_000,
    "an open text": '"' + "\\" * 1_000_000,
    "too many vertices": json.dumps(
        {"op": "s_within", "args": [{"property": "g"}, {"type": "MultiPoint", "coordinates": [[1, 1]] * 10_001}]}
    ),
}
SECONDS_MAX = 3.0  # of CPU: milliseconds on an idle machine
"""On a busy machine; measured alone each takes some milliseconds, those of a megabyte of tokens below 100."""


REASONS = (
    "nested deeper|more than|longer than|not closed|not expected here|ends too early|single backslash|NUL|not JSON"
    "|no property|it costs"
)


def _refused(parse: Callable[[], object]) -> float:
    """Return the seconds that a refusal takes; a wrong type is no reason, for it would hide a limit."""
    start = time.thread_time()
    with pytest.raises(BadFilter, match=REASONS):
        parse()
    return time.thread_time() - start


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_hostile_text_is_refused_at_once(text: str, thing_names: dict[str, Name]) -> None:
    parse_text("a", LIMITS)
    names = {"a": thing_names["ten"], "g": thing_names["geom"], "n": thing_names["so_to"], "l": thing_names["nhan"]}

    seconds = _refused(lambda: compile_filter(parse_text(text, LIMITS), names, filter_srid=4326, swap_axes=False))

    assert seconds < SECONDS_MAX


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_hostile_document_is_refused_at_once(document: str, thing_names: dict[str, Name]) -> None:
    names = {"a": thing_names["ten"], "g": thing_names["geom"]}

    seconds = _refused(lambda: compile_filter(parse_json(document, LIMITS), names, filter_srid=4326, swap_axes=False))

    assert seconds < SECONDS_MAX


def _balanced(operand: str, sign: str, levels: int) -> str:
    """Write 2 ** levels operands, joined in pairs of pairs."""
    return operand if levels == 0 else f"({sign.join([_balanced(operand, sign, levels - 1)] * 2)})"


@pytest.mark.parametrize("operand", ["1.7e308", "5e-324", "dien_tich", "9223372036854775807"])
@pytest.mark.parametrize("sign", ["*", "/", "-", "%", " div ", "^"])
def test_the_longest_arithmetic_reaches_no_overflow(
    operand: str, sign: str, things: Callable[[Filter], list[int]], thing_names: dict[str, Name]
) -> None:
    levels = 7 if operand[0].isdigit() else 6
    text = f"{_balanced(operand, '*', levels)} {sign} {_balanced(operand, '*', levels)} > 0"
    limits = replace(LIMITS, filter_cost_max=10**9)

    found = things(
        compile_filter(parse_text(text, limits), thing_names, filter_srid=4326, swap_axes=False, limits=limits)
    )

    assert isinstance(found, list)


@pytest.mark.parametrize(
    "text",
    [
        " AND ".join(["so_to=1"] * 170),
        " OR ".join(["(ten='x' AND NOT so_to IN (1,2))"] * 50),
        f"so_to IN ({','.join(map(str, range(1_000)))})",
        f"S_INTERSECTS(geom,LINESTRING({','.join(f'{x / 100} 1' for x in range(10_000))}))",
        "so_to" + "+so_to" * 25 + "=1",
        f"ten='{'x' * 4_096}'",
        " OR ".join(f"so_to ^ {each} < 0" for each in range(15)),
        " OR ".join(["ACCENTI(CASEI(ten)) LIKE ACCENTI(CASEI('%x%'))"] * 6),
        " OR ".join(["S_TOUCHES(geom,POLYGON((106 11,107 11,107 12,106 12,106 11)))"] * 6),
        f"so_to + 0.5 IN ({','.join(f'{each}.5' for each in range(1_000))})",
        "ten LIKE '" + "%a" * 7 + "%'",
        "(" * 31 + "so_to=1" + ")" * 31,
    ],
    ids=lambda text: text[:20],
)
def test_what_stays_within_the_limits_runs(text: str, select: Callable[[str], list[int]]) -> None:
    assert isinstance(select(text), list)


_MARKS = "\u0323\u0301" * 400_000


@pytest.mark.parametrize("text", [f"a = '{_MARKS}'", f"a IN ('{_MARKS[:100]}', 'b')", f'"{_MARKS}" = 1'])
def test_a_letter_with_a_heap_of_marks_is_refused_before_they_are_put_in_order(text: str):
    with pytest.raises(BadFilter, match=r"marks|4096 characters"):
        parse_text(text, LIMITS)


@pytest.mark.parametrize(
    "inner",
    [",".join("1" * 500_000), ",".join(["[]"] * 300_000), ",".join(['"a"'] * 200_000), ",".join(['{"a":1}'] * 100_000)],
)
def test_json_with_more_parts_than_a_filter_may_have_is_refused_before_it_is_read(
    inner: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json, "loads", None)

    with pytest.raises(BadFilter, match="words and signs"):
        parse_json(f'{{"op":"in","args":[{{"property":"a"}},[{inner}]]}}', LIMITS)
