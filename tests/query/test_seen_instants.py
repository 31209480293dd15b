"""A column that shows what a caller sees, not what is stored: in each statement and order, around every cursor."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from catalogue.files import read_layers
from catalogue.profile import Collection, OneOf, RowScope
from catalogue.record_keys import RECORDS
from query import items
from query.crs import CRS84
from query.encoding import RowEncoding, Shape
from query.items import ItemsQuery, export_statement, item_statement, page_statement, rows_statement
from query.paging import Position, read_sortby
from query.request import equal_to
from query.view import View, view_of
from tests.harvest.stock import CADASTRE, PLANS, Stock, at, record

LAYER = next(each for each in read_layers() if each.id == RECORDS)
UNITS = (11, 12, 13)
BARE = Shape(CRS84, with_geometry=False)
ENTERED = at(50)
"""When the subject got the second of its keys."""


@pytest.fixture
def rows(empty_db: str) -> Any:
    """Ask as a subject that got one key at first, and another one later; records of three units, changed in turn."""
    with psycopg.connect(empty_db, autocommit=True) as connection:
        stock = Stock(connection)
        stock.publish()
        stock.hold(CADASTRE)
        stock.hold(PLANS, since=ENTERED, first=False)
        for number in range(12):
            made = record(f"so-{number}", "quy-hoach" if number % 2 else "dia-chinh")
            stock.put(made, at(10 * number), PLANS if number % 2 else CADASTRE)
            connection.execute("UPDATE mt.ban_ghi SET xa_id = %s WHERE id = %s", [UNITS[number % 3], made.id])
        connection.execute("SELECT set_config('datdai.chu_the', 'public', false), set_config('timezone', 'UTC', false)")
        yield lambda statement: connection.execute(statement[0].encode(), statement[1]).fetchall()


def _view(*, apart: bool) -> View:
    terms = (OneOf("xa_id", UNITS), OneOf("khoa", (CADASTRE, PLANS))) if apart else (OneOf("khoa", (CADASTRE, PLANS)),)
    return view_of(Collection(LAYER.id, LAYER, LAYER.columns, RowScope(terms)))


def _query(view: View, sortby: str, limit: int = 5) -> ItemsQuery:
    columns = tuple(each for each in LAYER.columns if each.name == "updated")
    return ItemsQuery(columns, BARE, read_sortby(sortby, view.collection), limit, "")


def _seen(number: int) -> datetime:
    return max(at(10 * number), ENTERED) if number % 2 else at(10 * number)


EXPECTED = sorted(map(_seen, range(12)))


@pytest.mark.parametrize("way", ["alone", "joined", "merged"])
@pytest.mark.parametrize("sortby", ["updated", "-updated", "updated,-title", "-title,updated", "id"])
def test_pages_show_what_is_seen_in_its_order(
    rows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, sortby: str, way: str
):
    view = _view(apart=way != "alone")
    monkeypatch.setattr(items, "_JOINED_ROWS_MAX", 10_000 if way == "joined" else 0)
    query, found, back = _query(view, sortby), [], []

    while page := rows(rows_statement(query, view, RowEncoding.VALUES))[:5]:
        found += page
        query = replace(query, position=Position(page[-1][-len(query.order) :]))
    query = replace(query, position=Position(found[-1][-len(query.order) :], backward=True))
    while page := rows(rows_statement(query, view, RowEncoding.VALUES))[:5]:
        back += page
        query = replace(query, position=Position(page[-1][-len(query.order) :], backward=True))

    seen = [each[2].astimezone(UTC) for each in found]
    assert sorted(seen) == EXPECTED
    assert len({each[0] for each in found}) == 12
    assert [each[0] for each in back] == [each[0] for each in found[-2::-1]]
    if sortby in ("updated", "-updated"):
        assert seen == sorted(seen, reverse=sortby == "-updated")


@pytest.mark.parametrize("apart", [True, False])
def test_features_of_a_page_an_export_and_an_item_show_the_same(rows: Callable[..., Any], *, apart: bool):
    view = _view(apart=apart)
    query = _query(view, "-updated", 100)

    ((page, *_),) = rows(page_statement(query, view, RowEncoding.GEOJSON))
    features = json.loads(b"[" + page + b"]")
    exported = [json.loads(each) for (each,) in rows(export_statement(query, view, RowEncoding.GEOJSON, ordered=True))]
    unordered = [
        json.loads(each) for (each,) in rows(export_statement(query, view, RowEncoding.GEOJSON, ordered=False))
    ]

    assert [datetime.fromisoformat(each["properties"]["updated"]) for each in features] == EXPECTED[::-1]
    assert exported == features
    assert sorted(unordered, key=str) == sorted(features, key=str)
    for each in features:
        ((alone,),) = rows(item_statement(view, each["id"], query.columns, BARE, RowEncoding.GEOJSON))
        assert json.loads(alone) == each


def test_equality_and_filters_ask_for_what_is_seen(rows: Callable[..., Any]):
    view = _view(apart=False)
    stored, seen = (equal_to(view, "updated", each.isoformat()) for each in (at(10), ENTERED))

    matched = [len(rows(rows_statement(replace(_query(view, "id", 100), equals=(each,)), view, RowEncoding.VALUES)))
               for each in (stored, seen)]  # fmt: skip

    assert matched == [0, EXPECTED.count(ENTERED)]
