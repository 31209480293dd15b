"""Statements of items, run by PostgreSQL over the sample province."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue.files import read_layers
from catalogue.profile import Collection, RowScope
from core.limits import LIMITS
from query.condition import Condition
from query.crs import CRS84
from query.encoding import RowEncoding, Shape
from query.items import ItemsQuery, export_statement, item_statement, page_statement
from query.paging import read_sortby
from query.view import View, view_of

LAYERS = {each.id: each for each in read_layers(Path(__file__).parents[2] / "config/layers")}
BARE = Shape(CRS84, with_geometry=False)

type Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def parcels() -> View:
    layer = LAYERS["thua-dat"]
    return view_of(Collection(layer.id, layer, layer.columns, RowScope()))


def _query(view: View) -> ItemsQuery:
    return ItemsQuery(view.collection.columns, BARE, read_sortby(None, view.collection), 1, "")


def test_an_item_asked_for_other_columns_is_another_statement(parcels: View):
    first, second = (
        item_statement(parcels, 1, (each,), BARE, RowEncoding.GEOJSON)[0] for each in parcels.collection.columns[1:3]
    )

    assert first != second


def test_an_export_of_what_is_in_force_holds_no_row_of_the_past(rows: Rows, parcels: View):
    whole, in_force = rows("SELECT count(*), count(*) FILTER (WHERE hieu_luc_den IS NULL) FROM dc.thua_dat")[0]
    assert in_force < whole  # else the question is idle

    sql, params = export_statement(_query(parcels), parcels, RowEncoding.GEOJSON, ordered=False)

    assert len(rows(sql, *params)) == in_force


@pytest.mark.parametrize(("below", "told"), [(0, True), (1, False)])
def test_a_count_is_told_up_to_the_ceiling_itself(
    rows: Rows, parcels: View, monkeypatch: pytest.MonkeyPatch, below: int, *, told: bool
):
    ((number,),) = rows("SELECT count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL AND so_to = 1")
    monkeypatch.setattr("query.items.LIMITS", replace(LIMITS, count_max=number - below))
    query = replace(_query(parcels), equals=(Condition('t."so_to" = 1'),))

    sql, params = page_statement(query, parcels, RowEncoding.GEOJSON)

    assert number > query.limit
    assert rows(sql, *params)[0][2] == (number if told else None)
