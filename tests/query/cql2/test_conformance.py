"""The standard's own predicates on its own data, in text and in JSON.

Source: OGC 21-065r2, annex A.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from core.limits import LIMITS
from query.cql2 import Node, compile_filter, parse_json, parse_text
from query.names import Name

type Earth = dict[str, dict[str, Name]]
type Count = Callable[[str, Node], int]

DISPUTED = {
    "ACCENTI(name) LIKE accenti('Ch%')": 3,
    "ACCENTI(CASEI(name)) LIKE accenti(casei('Chiș%'))": 1,
    "ACCENTI(CASEI(name)) LIKE accenti(casei('cHis%'))": 1,
}
"""What the data hold: Chișinău, Chicago and Chengdu. The table says 2 in each row; the question is open as
https://github.com/opengeospatial/ogcapi-features/issues/1011."""


class Row(NamedTuple):
    conformance_class: str
    layer: str
    predicate: str
    count: int


def _rows() -> list[Row]:
    lines = Path(__file__).with_name("predicates.tsv").read_text("utf-8").splitlines()
    cells = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Row(name, layer, text, DISPUTED.get(text, int(count))) for name, layer, text, count in cells]


ROWS = _rows()


@pytest.fixture(scope="session")
def count(connection: psycopg.Connection, earth: Earth) -> Count:
    def matching(layer: str, node: Node) -> int:
        condition = compile_filter(node, earth[layer], filter_srid=4326, swap_axes=False).condition
        query = f'SELECT count(*) FROM "{layer}" AS t WHERE {condition.sql}'
        row = connection.execute(query.encode(), condition.params).fetchone()
        assert row
        return row[0]

    return matching


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.conformance_class}: {row.predicate[:60]}")
def test_a_predicate_in_text_selects_the_expected_number_of_items(row: Row, count: Count) -> None:
    assert count(row.layer, parse_text(row.predicate, LIMITS)) == row.count


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.conformance_class}: {row.predicate[:60]}")
def test_a_predicate_in_json_selects_the_expected_number_of_items(
    row: Row, count: Count, write_json: Callable[[Node], object]
) -> None:
    document = json.dumps(write_json(parse_text(row.predicate, LIMITS)))

    assert count(row.layer, parse_json(document, LIMITS)) == row.count


@pytest.mark.parametrize("layer", sorted({row.layer for row in ROWS}))
@pytest.mark.parametrize("seed", range(10))
def test_predicates_combine_by_and_or_and_not(layer: str, seed: int, count: Count) -> None:
    predicates = [row.predicate for row in ROWS if row.layer == layer]
    p1, p2, p3, p4 = random.Random(seed).choices(predicates, k=4)

    text = f"((NOT ({p1}) AND {p2}) OR ({p3} and NOT ({p4})) or not ({p1} AND {p4}))"

    assert count(layer, parse_text(text, LIMITS)) >= 0
