"""Keyset paging on PostgreSQL: no row lost or doubled under any order, and no page dearer for lying deep."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.files import read_layers
from catalogue.layer import Column, Rows, Text
from catalogue.profile import Between, Collection, RowScope
from catalogue.types import ColumnType
from query.condition import Condition
from query.crs import CRS84
from query.encoding import RowEncoding, Shape
from query.items import ItemsQuery, page_statement, rows_statement
from query.paging import Position, order_sql, read_sortby
from query.view import View, view_of

SORTABLES = {
    "id": (ColumnType.INTEGER, True),
    "so_to": (ColumnType.INTEGER, True),
    "dien_tich": (ColumnType.NUMBER, True),
    "ma": (ColumnType.TEXT, False),
    "ngay": (ColumnType.DATE, False),
}
"""Type, and whether it is never null."""
TABLE = """
CREATE TABLE thu.{0} (
    id bigint PRIMARY KEY, so_to int NOT NULL, dien_tich float8 NOT NULL, ma text COLLATE "C", ngay date
);
CREATE INDEX ON thu.{0} (so_to, id);
CREATE INDEX ON thu.{0} (dien_tich, id);
CREATE INDEX ON thu.{0} (ma, id);
CREATE INDEX ON thu.{0} (ngay, id);
"""
FILL = """
INSERT INTO thu.nhieu
SELECT n, h % 10, h / 100.0, CASE WHEN h % 5 > 2 THEN md5(n::text) END, CASE WHEN h % 3 > 0 THEN day + h % 30 END
FROM (SELECT n, hashint8(n) & 1048575 AS h, DATE '2025-01-01' AS day FROM generate_series(1, 50000) AS n) AS drawn
"""
SCOPE = Between("so_to", "0", None)
"""All rows, yet nothing that the counters of the change log know."""


def _view(table: str) -> View:
    layer = next(each for each in read_layers(Path(__file__).parents[2] / "config/layers") if each.id == "thua-dat")
    columns = tuple(
        Column(name, type_, Text(name, name), queryable=True, sortable=True, required=required)
        for name, (type_, required) in SORTABLES.items()
    )
    layer = replace(
        layer, schema="thu", table=table, rows=Rows.ALL, key=columns[0], columns=columns,
        geometry=None, time=None, search=None, search_reads=(),
    )  # fmt: skip
    return view_of(Collection(table, layer, columns, RowScope((SCOPE,))))


FEW, MANY = _view("it"), _view("nhieu")


@pytest.fixture(scope="module")
def connection(sample_db: str) -> Iterator[psycopg.Connection]:
    """One table to be filled by each test, and one that holds 50,000 rows."""
    with psycopg.connect(sample_db, autocommit=True) as opened:
        opened.execute("CREATE SCHEMA thu")
        opened.execute(TABLE.format("it"))
        opened.execute(TABLE.format("nhieu"))
        opened.execute(FILL)
        opened.execute("VACUUM ANALYZE thu.nhieu")
        yield opened


def _query(sortby: str, limit: int, position: Position | None = None, *conditions: Condition) -> ItemsQuery:
    order = read_sortby(sortby, FEW.collection)
    return ItemsQuery(FEW.collection.columns[:1], Shape(CRS84), order, limit, "", position=position, equals=conditions)


type Page = tuple[list[int], Position | None, Position | None]
"""Ids in the order shown, where the reading goes on and where it turns back."""


def _page(connection: psycopg.Connection, query: ItemsQuery) -> Page:
    sql, params = page_statement(query, FEW, RowEncoding.GEOJSON)
    row = connection.execute(sql.encode(), params).fetchone()
    assert row
    features, found, _, _, *edges = row
    ids = [each["id"] for each in json.loads(f"[{(features or b'').decode()}]")]
    backward = bool(query.position and query.position.backward)
    nearest, farthest = tuple(edges[: len(query.order)]), tuple(edges[len(query.order) :])
    onward = Position(farthest, backward=backward) if found > query.limit else None
    return ids, onward, Position(nearest, backward=not backward) if ids else None


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0.0, -1.5, 1e300]),
        st.none() | st.sampled_from(["", "a", "Đ"]),
        st.none() | st.sampled_from([date(2025, 1, 1), date(2025, 6, 30)]),
    ),
    max_size=25,
)
SORTS = st.lists(
    st.tuples(st.sampled_from(["", "-"]), st.sampled_from(list(SORTABLES))),
    min_size=1, max_size=4, unique_by=lambda each: each[1],
).map(lambda keys: ",".join(map("".join, keys)))  # fmt: skip
CONDITIONS = st.sampled_from(
    [(), (Condition('t."so_to" <> %s::bigint', (1,)), Condition('t."id" < %s::bigint', (20,)))]
)


@settings(max_examples=300, deadline=None)
@given(rows=ROWS, sortby=SORTS, limit=st.integers(1, 6), conditions=CONDITIONS)
def test_pages_in_both_directions_are_the_slices_of_one_ordered_list(
    rows: list[tuple[object, ...]],
    sortby: str,
    limit: int,
    conditions: tuple[Condition, ...],
    connection: psycopg.Connection,
) -> None:
    _fill(connection, rows)
    expected = _ordered(connection, _query(sortby, limit, None, *conditions))

    pages: list[list[int]] = []
    returns: list[Position | None] = []
    position: Position | None = None
    while not pages or position:
        ids, position, back = _page(connection, _query(sortby, limit, position, *conditions))
        pages.append(ids)
        returns.append(back)
    before = [_page(connection, _query(sortby, limit, back, *conditions)) for back in returns if back]

    assert pages == [expected[n : n + limit] for n in range(0, max(len(expected), 1), limit)]
    assert [ids for ids, *_ in before] == [[], *pages][: len(before)]
    assert [bool(onward) for _, onward, _ in before] == [n > 1 for n in range(len(before))]


def _fill(connection: psycopg.Connection, rows: list[tuple[object, ...]]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM thu.it")
        cursor.executemany("INSERT INTO thu.it VALUES (%s, %s, %s, %s, %s)", [(n, *row) for n, row in enumerate(rows)])


def _ordered(connection: psycopg.Connection, query: ItemsQuery) -> list[int]:
    where = " AND ".join(["TRUE", *(each.sql for each in query.equals)])
    params = [value for each in query.equals for value in each.params]
    sql = f"SELECT t.id FROM thu.it AS t WHERE {where} ORDER BY {order_sql(query.order, FEW)}"
    return [row[0] for row in connection.execute(sql.encode(), params)]


def _plan(connection: psycopg.Connection, query: ItemsQuery) -> dict[str, Any]:
    """Run a page as a prepared statement, so that ``plan_cache_mode`` decides who plans it."""
    sql, params = rows_statement(query, MANY, RowEncoding.VALUES)
    for number in range(1, len(params) + 1):
        sql = sql.replace("%s", f"${number}", 1)
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(f"PREPARE trang AS {sql}".encode())
        places = ", ".join(["%s"] * len(params))
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE trang({places})".encode(), params)
        row = cursor.fetchone()
        cursor.execute("DEALLOCATE trang")
    assert row
    return row[0][0]["Plan"]


def _blocks(connection: psycopg.Connection, query: ItemsQuery) -> int:
    """Return the blocks that a page reads, from memory or from disk."""
    plan = _plan(connection, query)
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def _places(connection: psycopg.Connection, sortby: str) -> list[Position]:
    """Return places all along an order, each in both directions."""
    order = read_sortby(sortby, MANY.collection)
    keys = ", ".join(f"t.{each.column.name}::text" for each in order)
    sql = f"SELECT {keys} FROM thu.nhieu AS t ORDER BY {order_sql(order, MANY)}"
    rows = connection.execute(sql.encode()).fetchall()
    found = [rows[n] for n in (100, 12_345, 20_001, 33_334, 49_900)]
    return [Position(each, backward=backward) for each in found for backward in (False, True)]


ONE_KEY = [sign + name for name in SORTABLES for sign in ("", "-")]
SEVERAL_KEYS = [
    "so_to,-dien_tich", "so_to,ma", "-so_to,ma", "so_to,-ngay,ma", "ngay,-ma", "-ngay,dien_tich", "-ma,dien_tich",
]  # fmt: skip


@pytest.mark.parametrize(
    ("sortby", "groups"), [*((each, 1) for each in ONE_KEY), *((each, 2) for each in SEVERAL_KEYS)]
)
@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
def test_a_deep_page_reads_no_more_than_the_first(
    sortby: str, groups: int, plans: str, connection: psycopg.Connection
) -> None:
    """Under several keys the first page sorts the rows that are equal in the first key; a later one two such groups."""
    connection.execute("SELECT set_config('plan_cache_mode', %s, false)", (plans,))
    back = ",".join(each[1:] if each.startswith("-") else f"-{each}" for each in sortby.split(","))
    first = max(_blocks(connection, _query(each, 10)) for each in (sortby, back))

    found = [_blocks(connection, _query(sortby, 10, each)) for each in _places(connection, sortby)]

    assert max(found) <= groups * first + 10, found


def test_a_page_is_read_branch_after_branch_without_a_sort_of_them_all(connection: psycopg.Connection) -> None:
    plan = _plan(connection, _query("ma", 10, _places(connection, "ma")[0]))

    page = plan["Plans"][0]
    branches = page["Plans"][0]["Plans"]
    assert (page["Node Type"], page["Plans"][0]["Node Type"]) == ("Limit", "Append")
    assert not page["Plans"][0]["Parallel Aware"]
    assert [each["Actual Loops"] for each in branches] == [1, 0]
