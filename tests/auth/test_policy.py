"""The policy compiler on agreements as they occur."""

from datetime import date
from typing import Any

import pytest

from auth.model import AgreementKind, Function, Grant, GrantInForce, Period
from auth.policy.compiler import (
    NOTHING,
    Because,
    Compiled,
    Refused,
    boundaries,
    compile_profile_of,
    compile_public,
    conflict,
    grant_faults,
)
from catalogue.files import read_layers
from catalogue.profile import Allowance, Between, OneOf, Operation, RowScope, Term, everything
from catalogue.record_keys import RECORDS, keys_of
from core.clocks import VIETNAM

LAYERS = {each.id: each for each in read_layers()}
DAY = date(2025, 6, 30)
ALWAYS = Period(date(2025, 1, 1))
PARCELS = ("id", "xa_id", "so_to", "so_thua", "dien_tich", "nhom_dat_chinh", "trang_thai", "hieu_luc_tu")
READ = ("read", "query", "tile")


def grant(
    agreement: str = "tt-1",
    layer: str = "thua-dat",
    columns: tuple[str, ...] = PARCELS,
    rows: tuple[Term, ...] = (),
    operations: tuple[str, ...] = READ,
    kind: AgreementKind = AgreementKind.DEFAULT,
    period: Period = ALWAYS,
    *,
    geometry: bool = True,
    **limits: Any,
) -> GrantInForce:
    allowance = Allowance(frozenset(map(Operation, operations)), **limits)
    return GrantInForce(
        agreement, kind, period, Grant(layer, frozenset(columns), geometry, RowScope(rows), allowance)
    )  # fmt: skip


def function(code: str = "dia-chinh", period: Period = ALWAYS, **narrows: Any) -> Function:
    return Function(code, "Chức năng", period, **narrows)


def compiled(*grants: GrantInForce, functions: tuple[Function, ...] = (function(),), day: date = DAY) -> Compiled:
    found = compile_profile_of(grants, functions, LAYERS, day)
    assert isinstance(found, Compiled), [str(each) for each in found.reasons]
    return found


def reasons(*grants: GrantInForce, functions: tuple[Function, ...] = (function(),)) -> list[str]:
    found = compile_profile_of(grants, functions, LAYERS, DAY)
    assert isinstance(found, Refused)
    return [str(each) for each in found.reasons]


def communes(*ids: int) -> tuple[OneOf, ...]:
    return (OneOf("xa_id", ids),)


def records(*terms: Term, agreement: str = "tt-sdl", **changes: Any) -> GrantInForce:
    """Return a clause on records."""
    columns = tuple(each.name for each in LAYERS[RECORDS].columns)
    return grant(agreement, RECORDS, **({"columns": columns, "rows": terms, "operations": ("read", "query")} | changes))


def keys(found: Compiled) -> set[str]:
    given = found.profile.collections.get(RECORDS)
    return set(keys_of(given)) if given else set()


def test_without_a_function_an_account_may_see_nothing_of_what_its_unit_may() -> None:
    assert compiled(grant(), functions=()).profile.hash == NOTHING.profile.hash


def test_a_function_that_has_ended_gives_nothing() -> None:
    ended = function(period=Period(date(2025, 1, 1), DAY))

    assert not compiled(grant(), functions=(ended,)).profile.facets


def test_an_agreement_is_in_force_from_its_first_day_until_the_day_before_its_end() -> None:
    given = grant(period=Period(date(2025, 6, 30), date(2025, 7, 2)))

    seen = [bool(compiled(given, day=date(2025, *each)).profile.facets) for each in ((6, 29), (6, 30), (7, 1), (7, 2))]

    assert seen == [False, True, True, False]


def test_default_sharing_is_the_layer_and_a_special_request_is_a_collection_of_its_own() -> None:
    given = compiled(
        grant(columns=("id", "xa_id"), rows=communes(1)),
        grant("dt-2025-017", kind=AgreementKind.SPECIAL),
    )

    assert list(given.profile.collections) == ["sieu-du-lieu", "thua-dat", "thua-dat~dt-2025-017"]
    assert [each.name for each in given.profile.collections["thua-dat"].columns] == ["id", "xa_id"]
    assert given.because["thua-dat~dt-2025-017", Operation.READ] == Because(("dt-2025-017",), ("dia-chinh",))


def test_columns_stand_in_the_order_of_the_layer() -> None:
    found = compiled(grant(columns=tuple(reversed(PARCELS)))).profile.collections["thua-dat"]

    assert tuple(each.name for each in found.columns) == PARCELS


def test_territories_of_two_agreements_are_joined() -> None:
    given = compiled(grant("tt-1", rows=communes(2, 1)), grant("tt-2", rows=communes(3)))

    assert given.profile.collections["thua-dat"].scope == RowScope((OneOf("xa_id", (1, 2, 3)),))
    assert given.because["thua-dat", Operation.READ].agreements == ("tt-1", "tt-2")


def test_the_whole_province_takes_in_a_territory() -> None:
    given = compiled(grant("tt-1", rows=communes(1)), grant("tt-2"))

    assert given.profile.collections["thua-dat"].scope == RowScope()


def test_one_function_may_read_everywhere_and_another_export_its_own_territory() -> None:
    given = compiled(
        grant(operations=(*READ, "export")),
        functions=(
            function("tra-cuu", operations=frozenset({Operation.READ, Operation.QUERY})),
            function("trich-luc", operations=frozenset({Operation.EXPORT}), territory=frozenset({7})),
        ),
    )

    facets = given.profile.facets
    assert facets["thua-dat", Operation.READ].scope == RowScope()
    assert facets["thua-dat", Operation.EXPORT].scope == RowScope((OneOf("xa_id", (7,)),))
    assert ("thua-dat", Operation.TILE) not in facets
    assert given.because["thua-dat", Operation.EXPORT].functions == ("trich-luc",)


def test_a_function_keeps_of_a_territory_what_both_have() -> None:
    given = compiled(grant(rows=communes(1, 2)), functions=(function(territory=frozenset({2, 3})),))

    assert given.profile.collections["thua-dat"].scope == RowScope((OneOf("xa_id", (2,)),))


def test_a_function_elsewhere_gives_no_collection_at_all() -> None:
    assert not compiled(grant(rows=communes(1)), functions=(function(territory=frozenset({2})),)).profile.facets


def test_a_function_cannot_name_itself_a_layer_or_column_that_the_unit_has_not() -> None:
    wide = function(layers=frozenset({"thua-dat", "ho-so"}), columns={"thua-dat": frozenset({*PARCELS, "dia_chi"})})

    given = compiled(grant(), functions=(wide,))

    assert list(given.profile.collections) == [RECORDS, "thua-dat"]
    assert keys(given) == {"khung:thua-dat"}
    assert given.profile.collections["thua-dat"].column("dia_chi") is None


@pytest.mark.parametrize(
    ("narrows", "dropped"),
    [
        ({"columns": {"thua-dat": frozenset({"xa_id", "so_to"})}}, "'id'"),
        ({"columns": {"thua-dat": frozenset({"id", "so_to", "trang_thai"})}}, "'xa_id'"),
        ({"columns": {"thua-dat": frozenset({"id", "so_to", "xa_id"})}}, "'trang_thai'"),
    ],
)
def test_a_function_may_not_drop_the_columns_that_identify_or_select_rows(narrows: Any, dropped: str) -> None:
    given = grant(rows=(*communes(1), OneOf("trang_thai", ("hien_hanh",))))

    (said,) = reasons(given, functions=(function(**narrows),))

    assert said == (
        f"Function 'dia-chinh' leaves out column {dropped} of layer 'thua-dat', "
        "by which agreement 'tt-1' identifies or selects rows."
    )


def test_a_territory_of_a_function_needs_the_column_of_the_territory() -> None:
    (said,) = reasons(grant(columns=("id", "so_to")), functions=(function(territory=frozenset({1})),))

    assert "'xa_id'" in said


def test_a_layer_that_shows_its_territory_in_no_column_is_limited_all_the_same() -> None:
    units = grant(layer="don-vi-hanh-chinh", columns=("id", "ten"))

    given = compiled(units, functions=(function(territory=frozenset({5, 6})),))

    assert given.profile.collections["don-vi-hanh-chinh"].scope == RowScope((OneOf("xa_id", (5, 6)),))


def test_rows_of_one_agreement_are_not_given_the_columns_of_another() -> None:
    (said,) = reasons(
        grant("tt-1", columns=("id", "xa_id", "dien_tich")),
        grant("tt-2", columns=("id", "xa_id", "so_to"), rows=communes(7)),
    )

    assert said == (
        "Collection 'thua-dat': put together, agreement 'tt-1' through function 'dia-chinh' and agreement 'tt-2' "
        "through function 'dia-chinh' would also give other values of xa_id with column 'so_to', which no "
        "clause of them gives."
    )


def test_two_functions_that_would_cross_are_refused_by_their_names() -> None:
    narrow = {"thua-dat": frozenset({"id", "xa_id", "so_to"})}

    (said,) = reasons(
        grant(rows=communes(1, 2)),
        functions=(
            function("mot", territory=frozenset({1})),
            function("hai", territory=frozenset({2}), columns=narrow),
        ),
    )

    assert "function 'mot'" in said
    assert "function 'hai'" in said
    assert "xa_id = 2 with column" in said


def test_a_collection_is_queried_where_it_is_read_or_not_at_all() -> None:
    (said,) = reasons(
        grant(),
        functions=(
            function("xem", operations=frozenset({Operation.READ})),
            function("tra-cuu", operations=frozenset({Operation.READ, Operation.QUERY}), territory=frozenset({1})),
        ),
    )

    assert said == (
        "Collection 'thua-dat': agreement 'tt-1' through function 'tra-cuu' and agreement 'tt-1' through function "
        "'xem' would let it be queried in other rows or columns than it is read in."
    )


def test_three_pieces_that_fill_the_corners_are_one_view_again() -> None:
    few = ("id", "xa_id")

    given = compiled(
        grant("tt-1", columns=few, rows=communes(1, 2)),
        grant("tt-2", rows=communes(1)),
        grant("tt-3", rows=communes(2)),
    )

    found = given.profile.collections["thua-dat"]
    assert tuple(each.name for each in found.columns) == PARCELS
    assert found.scope == RowScope((OneOf("xa_id", (1, 2)),))


def test_two_terms_that_both_differ_are_refused() -> None:
    (said,) = reasons(
        grant("tt-1", rows=(*communes(1), OneOf("nhom_dat_chinh", ("NNP",)))),
        grant("tt-2", rows=(*communes(2), OneOf("nhom_dat_chinh", ("PNN",)))),
    )

    assert "nhom_dat_chinh = " in said
    assert "xa_id = " in said


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [
        (("2020-01-01", "2022-01-01"), ("2021-01-01", "2023-01-01"), ("2020-01-01", "2023-01-01")),
        (("2020-01-01", "2021-01-01"), ("2021-01-01", None), ("2020-01-01", None)),
        ((None, "2021-01-01"), ("2020-01-01", "2020-06-01"), (None, "2021-01-01")),
        ((None, "2021-01-01"), ("2020-01-01", None), None),
    ],
)
def test_intervals_that_overlap_or_meet_are_joined(one: Any, other: Any, whole: Any) -> None:
    given = compiled(
        grant("tt-1", rows=(Between("hieu_luc_tu", *one),)), grant("tt-2", rows=(Between("hieu_luc_tu", *other),))
    )

    wanted = RowScope((Between("hieu_luc_tu", *whole),)) if whole else RowScope()
    assert given.profile.collections["thua-dat"].scope == wanted


def test_intervals_with_a_gap_between_them_are_refused() -> None:
    (said,) = reasons(
        grant("tt-1", rows=(Between("hieu_luc_tu", "2020-01-01", "2021-01-01"),)),
        grant("tt-2", rows=(Between("hieu_luc_tu", "2022-01-01", None),)),
    )

    assert "2021-01-01 <= hieu_luc_tu < 2022-01-01" in said


def test_limits_of_use_are_joined_where_rows_and_columns_are_equal() -> None:
    given = compiled(
        grant("tt-1", formats=frozenset({"csv"}), page_max=10, daily_items=5),
        grant("tt-2", formats=frozenset({"geojson"}), page_max=100, daily_items=None),
    )

    allowance = given.profile.collections["thua-dat"].allowance
    assert (allowance.formats, allowance.page_max, allowance.daily_items) == (frozenset({"csv", "geojson"}), 100, None)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"formats": frozenset({"csv"})}, "every format"),
        ({"page_max": 100}, "pages without limit"),
        ({"daily_items": 1000}, "days without limit"),
    ],
)
def test_a_limit_of_a_large_territory_is_not_lifted_by_a_small_one_without(limits: Any, said: str) -> None:
    (reason,) = reasons(grant("tt-1", **limits), grant("tt-2", rows=communes(1)))

    assert said in reason


def test_geometry_is_a_column_like_others_when_rights_are_joined() -> None:
    given = compiled(grant("tt-1", geometry=False), grant("tt-2"))
    (said,) = reasons(grant("tt-1", geometry=False), grant("tt-2", rows=communes(1)))

    assert given.profile.collections["thua-dat"].shows_geometry
    assert "the geometry" in said


def test_all_of_every_layer_is_the_profile_of_everything() -> None:
    names = {id_: tuple(each.name for each in layer.columns) for id_, layer in LAYERS.items()}

    data = [grant(layer=id_, columns=names[id_], operations=tuple(Operation)) for id_ in names if id_ != RECORDS]
    given = compiled(*data, records())

    assert given.profile.hash == everything(LAYERS.values()).hash


def test_a_profile_is_valid_until_the_next_start_or_end_at_midnight_in_vietnam() -> None:
    given = compiled(
        grant(period=Period(date(2025, 1, 1), date(2025, 12, 1))),
        functions=(function(), function("sau", Period(date(2025, 7, 1)))),
    )

    assert given.profile.valid_until is not None
    assert given.profile.valid_until.isoformat() == "2025-07-01T00:00:00+07:00"
    assert given.profile.valid_until.tzinfo is VIETNAM


def test_boundaries_are_the_days_to_come_on_which_anything_starts_or_ends() -> None:
    given = [grant(period=Period(date(2025, 1, 1), date(2025, 8, 1))), grant(period=Period(date(2025, 7, 1)))]

    found = boundaries(given, [function(period=Period(DAY, date(2025, 8, 1)))], DAY)

    assert found == (date(2025, 7, 1), date(2025, 8, 1))


def test_the_public_needs_no_function_and_its_publications_are_nobody_elses() -> None:
    published = grant("cong-khai-1", kind=AgreementKind.PUBLIC)

    public = compile_public([published, grant("tt-1", layer="ho-so")], LAYERS, DAY)

    assert isinstance(public, Compiled)
    facets = [("thua-dat", each) for each in READ] + [(RECORDS, "read"), (RECORDS, "query")]
    assert public.because == {(id_, Operation(each)): Because(("cong-khai-1",), ()) for id_, each in facets}
    assert not compiled(published).profile.facets


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        (grant(layer="khong-co"), "No file declares the layer 'khong-co'."),
        (grant(columns=(*PARCELS, "ten_chu")), "Layer 'thua-dat' has no column 'ten_chu'."),
        (grant(columns=("xa_id",)), "The columns of layer 'thua-dat' lack its key 'id'."),
        (grant(rows=(OneOf("so_to", (1,)),)), "Rows of layer 'thua-dat' cannot be limited by 'so_to'."),
        (
            grant(columns=("id", "so_to"), rows=communes(1)),
            "Rows of layer 'thua-dat' are limited by 'xa_id', which is not among the columns.",
        ),
        (grant(rows=(*communes(1), *communes(2))), "Rows of layer 'thua-dat' are limited twice by 'xa_id'."),
        *(
            (grant(rows=(term,)), f"The limit on '{term.column}' does not fit layer 'thua-dat'.")
            for term in (
                Between("xa_id", "1", "5"), OneOf("xa_id", ("1",)), OneOf("xa_id", (True,)),
                OneOf("xa_id", (2**31,)), OneOf("hieu_luc_tu", ("2025-01-01",)),
                OneOf("trang_thai", (1,)), Between("trang_thai", "a", "b"), Between("hieu_luc_tu", None, None),
                Between("hieu_luc_tu", "infinity", None), Between("hieu_luc_tu", "2025-02-30", None),
            )
        ),
    ],
)  # fmt: skip
def test_a_clause_that_does_not_fit_its_layer_is_refused_with_the_reason(clause: GrantInForce, said: str) -> None:
    assert [str(each) for each in grant_faults(clause.grant, LAYERS)] == [said]
    assert reasons(clause) == [f"Agreement 'tt-1': {said}"]


def test_a_refusal_says_every_reason_in_one_error() -> None:
    found = compile_profile_of([grant("tt-1", "a"), grant("tt-2", "b")], [function()], LAYERS, DAY)

    assert isinstance(found, Refused)
    assert str(conflict(found)) == (
        "The rights cannot be put together. Agreement 'tt-1': No file declares the layer 'a'. "
        "Agreement 'tt-2': No file declares the layer 'b'."
    )


def test_many_functions_over_a_long_list_of_communes_compile_at_once() -> None:
    held = tuple(function(f"xa-{n}", territory=frozenset({n, n + 1})) for n in range(110))

    given = compiled(*(grant(f"tt-{n}", rows=communes(*range(111))) for n in range(5)), functions=held)

    assert given.profile.collections["thua-dat"].scope == RowScope(communes(*range(111)))


def test_whoever_reads_a_collection_has_the_frame_of_its_record() -> None:
    given = compiled(
        grant(),
        grant("dt-1", kind=AgreementKind.SPECIAL),
        grant("tt-2", "ho-so", ("id", "xa_id"), operations=("export",), geometry=False),
    )

    assert keys(given) == {"khung:thua-dat", "khung:thua-dat~dt-1"}
    assert given.because[RECORDS, Operation.READ] == Because(("dt-1", "tt-1"), ("dia-chinh",))


def test_records_of_the_province_are_full_and_link_to_what_is_read() -> None:
    found = keys(compiled(grant(), grant("dt-1", kind=AgreementKind.SPECIAL), records(cadastre())))

    assert {"ca-hai:thua-dat", "day-du:moc", "khung:thua-dat~dt-1", "don-vi:dia-chinh"} <= found
    assert {each.partition(":")[0] for each in found if each.endswith(":thua-dat")} == {"ca-hai"}
    assert not [each for each in found if each.endswith((":ho-so", ":sieu-du-lieu"))]


def test_records_of_a_territory_are_those_of_its_units_and_tell_nothing_of_the_province() -> None:
    found = keys(compiled(grant(), records(OneOf("xa_id", (7, 8)), cadastre())))

    assert found == {"khung:thua-dat", "don-vi:dia-chinh/7", "don-vi:dia-chinh/8"}


def test_two_clauses_on_records_give_what_each_of_them_gives_and_no_record_twice() -> None:
    prices = OneOf("thanh_phan", ("gia-dat",))
    given = compiled(
        records(OneOf("xa_id", (7,)), agreement="a"),
        records(OneOf("xa_id", (8,)), cadastre(), agreement="b"),
        records(prices, agreement="c"),
    )

    found = keys(given)

    assert {"don-vi:gia-dat", "don-vi:dia-chinh/7", "don-vi:dia-chinh/8", "don-vi:ho-so/7", "day-du:bang-gia"} <= found
    assert not found & {"don-vi:gia-dat/7", "don-vi:ho-so/8", "don-vi:dia-chinh", "day-du:thua-dat"}
    assert given.because[RECORDS, Operation.READ].agreements == ("a", "b", "c")


def test_a_function_narrows_records_of_the_province_to_its_territory() -> None:
    given = compiled(grant(), records(cadastre()), functions=(function(territory=frozenset({7})),))

    assert keys(given) == {"khung:thua-dat", "don-vi:dia-chinh/7"}


def test_a_function_about_other_layers_leaves_the_frames_of_what_it_reads() -> None:
    given = compiled(grant(), records(), functions=(function(layers=frozenset({"thua-dat"})),))

    assert keys(given) == {"khung:thua-dat"}


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ({"kind": AgreementKind.SPECIAL}, "by default sharing and by publication, not by an agreement on a request"),
        ({"columns": ("id", "title")}, "with all columns and with the geometry"),
        ({"geometry": False}, "with all columns and with the geometry"),
        ({"operations": ("read", "query", "export")}, "to read and to query"),
        ({"operations": ("read",)}, "to read and to query"),
        ({"page_max": 10}, "in every format and in any number"),
        ({"daily_items": 10}, "in every format and in any number"),
        ({"formats": frozenset({"json"})}, "in every format and in any number"),
        ({"rows": (OneOf("khoa", ("day-du:thua-dat",)),)}, "cannot be limited by 'khoa'"),
        ({"rows": (OneOf("lop", ("thua-dat",)),)}, "cannot be limited by 'lop'"),
    ],
)
def test_a_clause_that_cuts_records_or_answers_a_request_is_refused(clause: dict[str, Any], said: str) -> None:
    assert said in " ".join(reasons(records(**clause)))


def test_a_function_that_cuts_records_is_refused_and_leaves_the_frames() -> None:
    cut = function(columns={RECORDS: frozenset({"id", "title", "thanh_phan"})})

    found = compile_profile_of([grant(), records()], [cut], LAYERS, DAY)

    assert isinstance(found, Refused)
    assert "whose items are given whole" in str(found.reasons[0])
    assert keys(found.kept) == {"khung:thua-dat"}


def cadastre() -> OneOf:
    return OneOf("thanh_phan", ("dia-chinh",))
