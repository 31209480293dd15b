"""Views: what a collection with fewer columns or rows asks of the database."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.files import read_layers
from catalogue.layer import Layer
from catalogue.profile import Between, Collection, OneOf, RowScope, Term, compile_profile, everything
from core.errors import CatalogueError
from query.condition import EVERYTHING
from query.crs import CRS84
from query.encoding import RowEncoding, Shape, needed_columns, row_columns
from query.instant import period_condition, read_datetime
from query.items import ItemsQuery, count_statement, export_statement, page_statement
from query.paging import read_sortby
from query.view import KEPT_MAX, View, view_of

LAYERS = {each.id: each for each in read_layers(Path(__file__).parents[2] / "config/layers")}


def _view(layer: Layer, *terms: Term, without: str = "") -> View:
    columns = tuple(each for each in layer.columns if each.name != without)
    return view_of(Collection(layer.id, layer, columns, RowScope(terms)))


def _query(view: View) -> ItemsQuery:
    columns = view.collection.columns
    return ItemsQuery(columns, Shape(CRS84), read_sortby(None, view.collection), 10, "")


@pytest.mark.parametrize(
    ("layer", "term", "sql", "value"),
    [
        ("thua-dat", OneOf("nhom_dat_chinh", ("PNN", "CSD")), 't."nhom_dat_chinh" = ANY (%s::text[])', ["PNN", "CSD"]),
        ("thua-dat", OneOf("nhom_dat_chinh", ()), 't."nhom_dat_chinh" = ANY (%s::text[])', []),
        ("ho-so", OneOf("giai_doan_thue", (True,)), 't."giai_doan_thue" = %s::boolean', True),
        ("khoanh-dat", Between("nam", "2024", None), 't."nam" >= %s::bigint', "2024"),
        ("ho-so", Between("ngay_nhan", None, "2025-01-01"), 't."ngay_nhan" < %s::date', "2025-01-01"),
    ],
)
def test_a_scope_of_rows_is_in_every_statement(layer: str, term: Term, sql: str, value: object):
    view = _view(LAYERS[layer], term)

    page, page_values = page_statement(_query(view), view, RowEncoding.GEOJSON)
    export, export_values = export_statement(_query(view), view, RowEncoding.GEOJSON, ordered=False)

    assert sql in page
    assert value in page_values
    assert sql in export
    assert value in export_values


@pytest.mark.parametrize(
    ("units", "page", "export"),
    [
        ((101,), 't."xa_id" = 101', 't."xa_id" = 101'),
        ((101, 102), "unnest('{101,102}'::int[]) AS u (unit)", "t.\"xa_id\" = ANY ('{101,102}'::int[])"),
        ((101, 102, 101), "unnest('{101,102}'::int[]) AS u (unit)", "t.\"xa_id\" = ANY ('{101,102,101}'::int[])"),
        ((), "t.\"xa_id\" = ANY ('{}'::int[])", "t.\"xa_id\" = ANY ('{}'::int[])"),
    ],
)
def test_a_territory_is_in_every_statement_and_several_units_are_read_one_by_one(
    units: tuple[int, ...], page: str, export: str
):
    view = _view(LAYERS["thua-dat"], OneOf("xa_id", units))

    assert page in page_statement(_query(view), view, RowEncoding.GEOJSON)[0]
    assert export in export_statement(_query(view), view, RowEncoding.GEOJSON, ordered=False)[0]


def test_a_territory_is_counted_by_its_own_counters_and_any_further_term_by_reading():
    territory, further = OneOf("xa_id", (101, 102)), OneOf("nhom_dat_chinh", ("PNN",))

    own = _view(LAYERS["thua-dat"], territory)
    narrow = _view(LAYERS["thua-dat"], territory, further)

    assert count_statement(_query(own), own) == (
        "SELECT lg.so_dong('dc.thua_dat', true, '{101,102}'::int[])",
        (),
    )
    assert "lg.so_dong" not in count_statement(_query(narrow), narrow)[0]


def test_a_scope_over_a_column_that_is_not_there_is_refused():
    with pytest.raises(CatalogueError, match="khong_co"):
        _view(LAYERS["thua-dat"], OneOf("khong_co", (1,)))


def test_filters_may_name_queryables_of_the_collection_alone():
    names = _view(LAYERS["thua-dat"], without="dien_tich").names

    assert "so_to" in names
    assert "dien_tich" not in names
    assert "dia_chi" not in names


def test_datetime_asks_nothing_of_a_hidden_time():
    period = read_datetime("2020-01-01")

    assert period_condition(period, _view(LAYERS["thua-dat"])) != EVERYTHING
    assert period_condition(period, _view(LAYERS["thua-dat"], without="hieu_luc_tu")) == EVERYTHING
    assert period_condition(period, _view(LAYERS["thua-dat-lich-su"], without="hieu_luc_den")) == EVERYTHING


def test_there_is_no_search_in_what_is_partly_hidden():
    assert _view(LAYERS["quyen-su-dung-dat"]).search == "tim"
    assert _view(LAYERS["quyen-su-dung-dat"], without="ten_chu").search is None


def test_a_hidden_column_is_in_no_statement():
    view = _view(LAYERS["thua-dat"], without="dia_chi")

    for encoding in RowEncoding:
        if encoding in (RowEncoding.GEOJSON, RowEncoding.JSONFG):
            assert "dia_chi" not in page_statement(_query(view), view, encoding)[0]


@pytest.mark.parametrize(
    ("layer", "hidden"),
    [("thua-dat", "hieu_luc_tu"), ("thua-dat-lich-su", "hieu_luc_tu"), ("thua-dat-lich-su", "hieu_luc_den")],
)
def test_json_fg_tells_no_time_of_which_a_part_is_hidden(layer: str, hidden: str):
    whole, partly = _view(LAYERS[layer]), _view(LAYERS[layer], without=hidden)

    (shown,) = row_columns(whole, (), Shape(CRS84), RowEncoding.JSONFG)
    (silent,) = row_columns(partly, (), Shape(CRS84), RowEncoding.JSONFG)
    read = needed_columns(partly, (), Shape(CRS84))

    assert ""","time":' || ('{"interval":""" in shown
    assert ""","time":' || 'null' || '""" in silent
    assert not {"hieu_luc_tu", "hieu_luc_den"} & set(re.findall(r"\w+", f"{silent} {read}"))


@pytest.mark.parametrize(
    "change",
    [
        lambda layer: replace(layer, geometry=None, rows="all"),
        lambda layer: replace(layer, columns=layer.columns[:-1]),
        lambda layer: replace(layer, columns=(replace(layer.columns[0], queryable=False), *layer.columns[1:])),
        lambda layer: replace(layer, search=None, search_reads=()),
    ],
)
def test_profiles_that_differ_in_anything_have_different_hashes(change):
    layer = LAYERS["thua-dat"]

    assert everything([layer]).hash != everything([change(layer)]).hash


def test_profiles_that_differ_in_rows_alone_have_different_hashes():
    layer = LAYERS["thua-dat"]
    scopes = [(), (OneOf("xa_id", (101,)),), (OneOf("xa_id", (101, 102)),)]

    hashes = {compile_profile([Collection(layer.id, layer, layer.columns, RowScope(each))]).hash for each in scopes}

    assert len(hashes) == 3


def test_what_depends_on_a_view_is_made_once_for_each_view_and_what_is_asked_no_more_goes():
    view, other, made = _view(LAYERS["thua-dat"]), _view(LAYERS["thua-dat"]), list[int]()

    for key in [0, 0, 0, *range(1, KEPT_MAX + 1), 0, 0]:
        view.keep(key, lambda key=key: made.append(key) or str(key))

    assert made == [*range(KEPT_MAX + 1), 0]
    assert other.keep(0, lambda: "another") == "another"
    assert view.keep(0, lambda: "another") == "0"
