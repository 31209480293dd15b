"""Several administrative units, each read apart: the same rows in the same order as in one statement on all of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from catalogue.files import read_layers
from catalogue.profile import Collection, OneOf, RowScope, Term
from query import items
from query.condition import EVERYTHING, Condition
from query.crs import CRS84
from query.encoding import RowEncoding, Shape
from query.items import ItemsQuery, count_statement, page_statement, rows_statement
from query.paging import Position, order_sql, read_sortby
from query.view import APART_MAX, View, view_of

LAYER = next(each for each in read_layers() if each.id == "thua-dat")
ORDERS = (
    "id",
    "-id",
    "xa_id",
    "-xa_id,so_to",
    "ma_xa",
    "-ma_xa,so_thua",
    "dien_tich",
    "-ma_dinh_danh",
    "ma_dinh_danh,-so_to",
)
SMALL = Condition('t."dien_tich" < %s::float8', (900.0,))
GROUP = OneOf("nhom_dat_chinh", ("NNP", "PNN"))


@pytest.fixture(scope="module")
def province(sample_db: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(sample_db, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def communes(province: psycopg.Connection[Any]) -> tuple[int, ...]:
    found = province.execute("SELECT xa_id FROM dc.thua_dat GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 7").fetchall()
    return tuple(xa for (xa,) in found)


def _view(*terms: Term) -> View:
    return view_of(Collection(LAYER.id, LAYER, LAYER.columns, RowScope(terms)))


def _query(view: View, sortby: str, limit: int) -> ItemsQuery:
    order = read_sortby(sortby, view.collection)
    return ItemsQuery(view.collection.columns[:1], Shape(CRS84, None, with_geometry=False), order, limit, "")


def _truth(province: psycopg.Connection[Any], view: View, query: ItemsQuery) -> list[str]:
    where = " AND ".join([view.rows.sql, *(each.sql for each in query.equals)])
    params = [*view.rows.params, *(value for each in query.equals for value in each.params)]
    sql = f"SELECT t.id::text FROM dc.thua_dat AS t WHERE {where} ORDER BY {order_sql(query.order, view)}"
    return [id_ for (id_,) in province.execute(sql.encode(), params)]


def _rows(province: psycopg.Connection[Any], view: View, query: ItemsQuery) -> list[tuple[Any, ...]]:
    sql, params = rows_statement(query, view, RowEncoding.VALUES)
    return [row[-len(query.order) :] for row in province.execute(sql.encode(), params)]


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "merged"])
@pytest.mark.parametrize("sortby", ORDERS)
def test_pages_of_several_units_hold_each_row_once_in_order(
    province: psycopg.Connection[Any],
    communes: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    sortby: str,
    *,
    joined: bool,
) -> None:
    monkeypatch.setattr(items, "_JOINED_ROWS_MAX", 10**9 if joined else 0)
    view = _view(OneOf("xa_id", communes), GROUP)
    query = replace(_query(view, sortby, 23), equals=(SMALL,))
    truth = _truth(province, view, query)

    found, last = list[str](), None
    while page := _rows(province, view, replace(query, position=last and Position(last)))[: query.limit]:
        found += [row[-1] for row in page]
        last = page[-1]
    back = _rows(province, view, replace(query, position=Position(last or (), backward=True)))

    assert ("LATERAL" in rows_statement(query, view, RowEncoding.VALUES)[0]) == joined
    assert len(truth) > 3 * query.limit
    assert found == truth
    assert [row[-1] for row in back] == truth[-2 : -query.limit - 3 : -1]


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "merged"])
@pytest.mark.parametrize("offset", [0, 5, 150, 100_000])
@pytest.mark.parametrize("sortby", ["id", "-xa_id", "dien_tich"])
def test_an_offset_skips_rows_of_all_units_together(
    province: psycopg.Connection[Any],
    communes: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    sortby: str,
    offset: int,
    *,
    joined: bool,
) -> None:
    monkeypatch.setattr(items, "_JOINED_ROWS_MAX", 10**9 if joined else 0)
    view = _view(OneOf("xa_id", communes))
    query = replace(_query(view, sortby, 20), offset=offset)

    found = [row[-1] for row in _rows(province, view, query)]

    assert found == _truth(province, view, query)[offset : offset + 21]


def test_counts_of_several_units_are_those_of_all_together(
    province: psycopg.Connection[Any], communes: tuple[int, ...]
) -> None:
    view = _view(OneOf("xa_id", communes), GROUP)
    query = replace(_query(view, "id", 20), equals=(SMALL,))

    hits = province.execute(*_bytes(count_statement(query, view))).fetchone()
    page = province.execute(*_bytes(page_statement(query, view, RowEncoding.GEOJSON))).fetchone()

    assert page
    assert hits == (page[2],) == (len(_truth(province, view, query)),)


def test_few_units_are_read_apart_and_many_or_one_or_none_together() -> None:
    few, many = (tuple(range(1, count + 1)) for count in (APART_MAX, APART_MAX + 1))

    assert _view(OneOf("xa_id", few)).units == few
    assert [_view(*terms).units for terms in ((OneOf("xa_id", many),), (OneOf("xa_id", (1,)),), ())] == [(), (), ()]
    assert replace(_view(OneOf("xa_id", few)), rows=EVERYTHING).units == ()


def _bytes(statement: tuple[str, tuple[object, ...]]) -> tuple[bytes, tuple[object, ...]]:
    return statement[0].encode(), statement[1]
