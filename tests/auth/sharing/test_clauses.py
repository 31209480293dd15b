"""Clauses are read with every fault in one list: what, where and what is allowed."""

from datetime import date
from typing import Any

import pytest

from auth.policy.clauses import FORMATS, AgreementDocument, Place, Terms, body_of, grants_of, read_document, terms_of
from auth.territory import territories_of
from catalogue.profile import Between, OneOf, Operation
from core.errors import BadDocument
from formats.offered import FORMATS as OFFERED
from tests.auth.sharing.conftest import DAY, PLACES, VOCABULARY, clause, document, written

SINCE = date(2020, 1, 1)
TERRITORIES = territories_of((*each, SINCE, None) for each in PLACES)
ALL = [each.name for each in VOCABULARY.layers["thua-dat"].columns]


def body(place: Place | None = None, **changes: Any) -> dict[str, Any]:
    return body_of(document(clauses=[clause(**changes)]), VOCABULARY, place or Place(TERRITORIES, DAY))


def faults(place: Place | None = None, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadDocument) as refused:
        body(place, **changes)
    return [(where.removeprefix("clauses.0."), str(what)) for where, what in refused.value.faults]


def rows(territory: Any = "province", *terms: dict[str, Any]) -> dict[str, Any]:
    return {"territory": territory, "terms": list(terms)}


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"layer": "khong-co"}, "layer", "there is no layer khong-co. Allowed: bang-gia, "),
        ({"columns": ["id", "xa_id", "gia"]}, "columns", "there is no column gia. Allowed: id, xa_id, "),
        ({"columns": ["id", "id", "xa_id"]}, "columns", "id stands there twice."),
        ({"operations": ["read", "fly"]}, "operations", "there is no operation fly. Allowed: read, query, "),
        ({"operations": ["query", "tile"]}, "operations", "without read there is no query, tile."),
        ({"operations": ["read", "tile"], "geometry": False}, "operations", "tiles show the geometry"),
        ({"formats": ["geojson"]}, "formats", "there is no format geojson. Allowed: csv, fgb, "),
        ({"rows": rows({"districts": ["999"]})}, "rows.territory.districts", "nothing had the code 999 on 2025-06-30."),
        ({"rows": rows({"communes": ["692"]})}, "rows.territory.communes", "nothing had the code 692 on"),
        ({"rows": rows({"units": [99]})}, "rows.territory.units", "there is no administrative unit 99."),
        ({"rows": rows({})}, "rows.territory", "at least one code is needed."),
        ({"rows": rows("own")}, "rows.territory", "the recipient has no territory of its own."),
        ({"columns": ["id"]}, "rows.territory", "rows are limited by xa_id, which is not among the columns"),
        ({"layer": "bieu-thong-ke", "columns": "all"}, "geometry", "the layer has no geometry."),
    ],
)
def test_a_fault_is_named_with_its_place(changes: dict[str, Any], where: str, what: str):
    found = faults(**changes)

    assert [each for each in found if each[0] == where and each[1].startswith(what)], found


@pytest.mark.parametrize(
    ("term", "what"),
    [
        ({"column": "dien_tich", "begin": 1}, "rows are not limited by dien_tich here. Allowed: nhom_dat_chinh, "),
        ({"column": "nhom_dat_chinh"}, "either one_of is needed, or begin or end."),
        ({"column": "nhom_dat_chinh", "one_of": ["NNP"], "begin": 1}, "either one_of is needed, or begin or end."),
        ({"column": "nhom_dat_chinh", "one_of": [1]}, "nhom_dat_chinh holds values of the type text"),
        ({"column": "nhom_dat_chinh", "begin": 1}, "nhom_dat_chinh holds values of the type text"),
        ({"column": "hieu_luc_tu", "one_of": ["2020-01-01"]}, "hieu_luc_tu holds values of the type date"),
        ({"column": "hieu_luc_tu", "begin": 2020}, "hieu_luc_tu holds values of the type date"),
        ({"column": "hieu_luc_tu", "begin": "2021-01-01", "end": "2020-01-01"}, "the end lies after the begin."),
    ],
)
def test_a_term_on_rows_is_closed_and_fits_its_column(term: dict[str, Any], what: str):
    found = faults(columns=ALL, rows=rows("province", term))

    assert found[0][0] == "rows.terms.0"
    assert found[0][1].startswith(what), found


def test_a_column_limits_rows_once_and_is_shown():
    twice = {"column": "nhom_dat_chinh", "one_of": ["NNP"]}

    assert ("rows.terms", "nhom_dat_chinh is limited twice.") in faults(
        columns=ALL, rows=rows("province", twice, twice)
    )
    assert "which is not among the columns" in faults(rows=rows("province", twice))[0][1]


def test_the_key_is_among_the_columns():
    (found,) = faults(columns=["xa_id", "dien_tich"])

    assert "'id'" in found[1]


def test_all_faults_of_all_clauses_are_in_one_list():
    wrong = [clause(layer="a"), clause(columns=["id", "b", "xa_id"]), clause(operations=["c"])]

    with pytest.raises(BadDocument) as refused:
        body_of(document(clauses=wrong), VOCABULARY, Place(TERRITORIES, DAY))

    assert [where for where, _ in refused.value.faults] == [
        "clauses.0.layer",
        "clauses.1.columns",
        "clauses.2.operations",
        "clauses.2.operations",
    ]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"thừa": 1}, "thừa"),
        ({"purpose": " "}, "purpose"),
        ({"valid_from": "30/06/2025"}, "valid_from"),
        ({"kind": "goi"}, "kind"),
        ({"agreement": "A B"}, "agreement"),
        ({"document_sha256": "abc"}, "document_sha256"),
        ({"clauses": []}, "clauses"),
        ({"clauses": [clause(geometry="yes")]}, "clauses.0.geometry"),
        ({"clauses": [clause(page_max=0)]}, "clauses.0.page_max"),
        ({"clauses": [clause(rows=rows({"districts": [692]}))]}, "clauses.0.rows.territory.districts.0"),
    ],
)
def test_a_document_that_is_not_one_is_refused_with_the_place(changes: dict[str, Any], where: str):
    with pytest.raises(BadDocument) as refused:
        read_document(AgreementDocument, written(**changes))

    assert where in [each for each, _ in refused.value.faults]


def test_the_end_lies_after_the_begin():
    with pytest.raises(BadDocument, match="valid_until"):
        body_of(document(valid_until="2025-01-01"), VOCABULARY, Place(TERRITORIES, DAY))


@pytest.mark.parametrize(
    ("territory", "place", "ids"),
    [
        ("province", Place(TERRITORIES, DAY), None),
        ({"districts": ["689"], "communes": ["25270"]}, Place(TERRITORIES, DAY), (2, 3, 4, 6)),
        ({"units": [3, 5]}, Place(TERRITORIES, DAY), (3, 5)),
        ("own", Place(TERRITORIES, DAY, own=2), (2, 3, 4)),
        ("own", Place(TERRITORIES, DAY, own=6), (6,)),
        ("own", Place(TERRITORIES, DAY, own=1), None),
        ("own", Place(TERRITORIES, DAY, own_is_open=True), ()),
    ],
)
def test_a_territory_is_written_out_in_ids(territory: Any, place: Place, ids: tuple[int, ...] | None):
    (grant,) = grants_of(body(place, rows=rows(territory)))

    assert grant.rows.terms == (() if ids is None else (OneOf("xa_id", ids),))


def test_a_code_means_what_it_meant_on_the_day():
    old, new = (7, 3, "25351", 2, SINCE, date(2025, 7, 1)), (8, 3, "25351", 5, date(2025, 7, 1), None)
    reused = territories_of([*((*each, SINCE, None) for each in PLACES), old, new])

    def ids(day: date) -> Any:
        (grant,) = grants_of(body(Place(reused, day), rows=rows({"communes": ["25351"]})))
        return grant.rows.terms

    assert ids(date(2025, 6, 30)) == (OneOf("xa_id", (7,)),)
    assert ids(date(2025, 7, 1)) == (OneOf("xa_id", (8,)),)


def test_a_grant_holds_what_the_clause_says():
    terms = ({"column": "hieu_luc_tu", "begin": "2020-01-01"}, {"column": "nhom_dat_chinh", "one_of": ["PNN", "NNP"]})

    (grant,) = grants_of(body(columns="all", rows=rows("province", *terms), formats=["csv"], daily_items=7))

    assert grant.columns == frozenset(ALL)
    assert grant.rows.terms == (
        Between("hieu_luc_tu", "2020-01-01", None),
        OneOf("nhom_dat_chinh", ("NNP", "PNN")),
    )
    assert grant.allowance.operations == {Operation.READ, Operation.QUERY}
    assert (grant.allowance.formats, grant.allowance.page_max, grant.allowance.daily_items) == ({"csv"}, None, 7)


def test_a_body_is_the_same_after_being_written_and_read():
    limits = ({"column": "nam", "begin": 2019, "end": 2024}, {"column": "nhom_dat", "one_of": ["NNP"]})
    first = body(layer="khoanh-dat", columns="all", rows=rows({"districts": ["692"]}, *limits), page_max=5)

    again = body_of(read_document(Terms, terms_of(first)), VOCABULARY, Place(TERRITORIES, DAY))

    assert again == first


def test_formats_of_clauses_are_those_that_there_are():
    assert {each.key for each in OFFERED} | {"html"} == FORMATS
