"""The test of unions against an oracle, cell by cell, on each type of column that terms may name.

The world has a value for whatever no limit divides: below the least, above the greatest, each one between, and none at
all where the column may lack one. So a set of its values can be said by a term exactly if it can be said of all values.
"""

import itertools
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.policy.union import LISTED_MAX, Box, Piece, TooMuch, canonical, column_of, united
from catalogue.layer import Column, Component, Geometry, GeometryKind, Layer, Rows, Text
from catalogue.profile import Between, OneOf, Term
from catalogue.types import ColumnType

MANY = settings(max_examples=1_000, deadline=None)
WORDS = Text("chữ", "words")
DAYS = ("2024-01-01", "2024-01-02", "2024-06-01")
NUMBERS = (0, 1, 2, 3, 4)
VALUES: dict[str, tuple[ColumnType, tuple[Any, ...]]] = {
    "nam": (ColumnType.INTEGER, (-1, *NUMBERS, 5, None)),
    "to": (ColumnType.INTEGER, (-1, *NUMBERS, 5)),
    "thue": (ColumnType.BOOLEAN, (False, True, None)),
    "dat": (ColumnType.BOOLEAN, (False, True)),
    "den": (ColumnType.DATE, ("2023-12-31", *DAYS, None)),
    "tu": (ColumnType.DATE, ("2023-12-31", *DAYS)),
    "nhom": (ColumnType.TEXT, ("CSD", "NN", "another one", None)),
}
"""What occurs. Lists name ``NUMBERS``, both truths and two words; limits are 0 to 5 and ``DAYS``."""
COLUMNS = tuple(Column(name, type_, WORDS, required=None not in values) for name, (type_, values) in VALUES.items())
LAYER = Layer(
    id="thua", schema="dc", table="thua", component=Component.CADASTRE, title=WORDS, description=WORDS, keywords=(),
    managing_unit="so", license="proprietary", key=Column("id", ColumnType.UUID, WORDS, required=True),
    territory="xa_id", scopes=tuple(VALUES), rows=Rows.ALL, columns=COLUMNS, time=None, search=None, search_reads=(),
    geometry=Geometry("geom_goc", 9212, "geom", GeometryKind.POINT), srids=(4326,), tiles=None, exchange=(),
)  # fmt: skip


def lists(name: str, values: Sequence[Any]) -> list[Term]:
    return [OneOf(name, each) for n in range(1, len(values) + 1) for each in itertools.combinations(values, n)]


def intervals(name: str, limits: Sequence[str]) -> list[Term]:
    pairs = itertools.product([None, *limits], [*limits, None])
    return [
        Between(name, begin, end)
        for begin, end in pairs
        if (begin or end) and (begin is None or end is None or begin < end)
    ]


def terms_on(name: str) -> list[Term]:
    """Return every term that divides the values of the world and can be said of a column."""
    match VALUES[name][0]:
        case ColumnType.INTEGER:
            return [*lists(name, NUMBERS), *intervals(name, [str(each) for each in range(6)])]
        case ColumnType.BOOLEAN:
            return lists(name, (False, True))
        case ColumnType.DATE:
            return intervals(name, DAYS)
        case _:
            return lists(name, ("CSD", "NN"))


TERMS = {name: terms_on(name) for name in VALUES}


def passes(value: Any, term: Term | None) -> bool:
    match term:
        case None:
            return True
        case OneOf(_, values):
            return value is not None and value in values
        case Between(_, begin, end) if isinstance(value, int):
            return (begin is None or int(begin) <= value) and (end is None or value < int(end))
        case Between(_, begin, end):
            return value is not None and (begin or "") <= value and (end is None or value < end)


SAID = {
    name: {frozenset(value for value in VALUES[name][1] if passes(value, each)) for each in [None, *TERMS[name]]}
    for name in VALUES
}
"""The sets of values that a term says, or none."""

type Cell = tuple[Any, ...]


def cells(box: Box, names: Sequence[str]) -> set[Cell]:
    kept = ([value for value in VALUES[name][1] if passes(value, box.term(name))] for name in names)
    return set(itertools.product(*kept, box.columns))


def is_one_view(found: set[Cell], names: Sequence[str]) -> bool:
    axes = [frozenset(each[n] for each in found) for n in range(len(names) + 1)]
    is_product = set(itertools.product(*axes)) == found
    return is_product and all(axis in SAID[name] for axis, name in zip(axes, names, strict=False))


def box(*terms: Term, columns: Iterable[str] = ("id",)) -> Box:
    written = (canonical(each, column_of(LAYER, each.column)) for each in terms)
    in_order = tuple(sorted(written, key=lambda each: each.column))
    return Box(LAYER, frozenset(columns), False, in_order, None, None, None)


def pieces(*boxes: Box) -> list[Piece]:
    return [Piece(each, f"tt-{n}", "cn") for n, each in enumerate(boxes)]


def together(*boxes: Box) -> Box | TooMuch:
    return united(pieces(*boxes))


FEW, MORE = frozenset({"id"}), frozenset({"id", "gia"})


@st.composite
def some_boxes(draw: st.DrawFn) -> tuple[Box, ...]:
    """Boxes over one column or two; in the second one, and in what they show, they are often alike."""
    first, second = draw(st.permutations(list(VALUES)))[:2]
    seconds = draw(st.sampled_from([[None], [None, *TERMS[second]]]))
    shown = draw(st.sampled_from([[MORE], [MORE], [FEW, MORE]]))
    terms = [None, *TERMS[first]] if len(shown) > 1 else TERMS[first]
    found: list[Box] = []
    for _ in range(draw(st.integers(2, 4))):
        chosen = [draw(st.sampled_from(terms)), draw(st.sampled_from(seconds))]
        found.append(box(*(each for each in chosen if each), columns=draw(st.sampled_from(shown))))
    return tuple(found)


@given(some_boxes())
@MANY
def test_boxes_are_put_together_exactly_where_one_list_of_terms_says_their_union(boxes: tuple[Box, ...]) -> None:
    names = sorted({each.column for one in boxes for each in one.terms})
    wanted = set[Cell]().union(*(cells(each, names) for each in boxes))

    found = together(*boxes)

    if isinstance(found, TooMuch):
        assert not is_one_view(wanted, names)
    else:
        assert cells(found, names) == wanted


@given(
    st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.lists(st.sampled_from(TERMS[name]), min_size=2, max_size=4))
)
@MANY
def test_terms_on_one_column_are_put_together_exactly_where_one_term_says_them(terms: list[Term]) -> None:
    name = terms[0].column
    wanted = frozenset(value for value in VALUES[name][1] if any(passes(value, each) for each in terms))

    found = together(*map(box, terms))

    assert isinstance(found, Box) is (wanted in SAID[name])
    assert isinstance(found, TooMuch) or {value for value, _ in cells(found, [name])} == wanted


@given(some_boxes(), st.randoms(use_true_random=False))
@MANY
def test_the_order_of_boxes_does_not_matter(boxes: tuple[Box, ...], chance: Any) -> None:
    found, again = together(*boxes), united(chance.sample(pieces(*boxes), len(boxes)))

    assert type(found) is type(again)
    assert isinstance(found, TooMuch) or found == again


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ([OneOf("nam", (2024,)), Between("nam", "2025", "2030")], Between("nam", "2024", "2030")),
        ([OneOf("nam", (2026,)), Between("nam", "2025", "2030")], Between("nam", "2025", "2030")),
        ([OneOf("nam", (2030, 2024)), Between("nam", "2025", None)], Between("nam", "2024", None)),
        ([Between("nam", None, "2024"), OneOf("nam", (2024, 2025))], Between("nam", None, "2026")),
        ([OneOf("nam", (2020,)), Between("nam", "2024", "2026")], OneOf("nam", (2020, 2024, 2025))),
        ([Between("nam", "2020", "2022"), Between("nam", "2024", "2025")], OneOf("nam", (2020, 2021, 2024))),
        ([OneOf("nam", (2024,)), OneOf("nam", (2025,))], OneOf("nam", (2024, 2025))),
        ([Between("nam", "2147483640", "2147483647"), OneOf("nam", (2147483647,))],
         OneOf("nam", tuple(range(2147483640, 2147483648)))),
        ([Between("to", None, "3"), Between("to", "3", None)], None),
        ([OneOf("to", (3,)), Between("to", None, "3"), Between("to", "4", None)], None),
        ([OneOf("dat", (True,)), OneOf("dat", (False,))], None),
        ([OneOf("thue", (True,)), OneOf("thue", (False,))], OneOf("thue", (False, True))),
        ([Between("den", "2024-01-01", "2024-02-01"), Between("den", "2024-02-01", None)],
         Between("den", "2024-01-01", None)),
    ],
)  # fmt: skip
def test_intervals_and_lists_that_touch_are_one_term(terms: list[Term], said: Term | None) -> None:
    found = together(*map(box, terms))

    assert isinstance(found, Box)
    assert found.terms == ((said,) if said else ())


@pytest.mark.parametrize(
    ("terms", "given_too"),
    [
        ([Between("den", None, "2024-01-01"), Between("den", "2024-01-01", None)], "rows without den"),
        ([Between("nam", None, "2024"), OneOf("nam", (2024,)), Between("nam", "2025", None)], "rows without nam"),
        ([Between("nam", None, "2024"), OneOf("nam", (2026,))], "2024 <= nam < 2026"),
        ([Between("nam", None, "2024"), OneOf("nam", (2025,))], "nam = 2024"),
        ([Between("den", "2024-01-01", "2024-02-01"), Between("den", "2024-02-02", None)],
         "2024-02-01 <= den < 2024-02-02"),
        ([OneOf("to", (2**31 - 1,)), Between("to", "5", "2147483647")], "to >= 2147483648"),
    ],
)  # fmt: skip
def test_a_gap_and_rows_without_a_value_are_not_given_away(terms: list[Term], given_too: str) -> None:
    found = together(*map(box, terms))

    assert isinstance(found, TooMuch)
    assert str(found.given) == given_too


def test_both_truths_are_every_row_only_where_each_row_has_one() -> None:
    on = {
        name: (box(OneOf(name, (True,)), columns=MORE), box(OneOf(name, (False,)), columns=MORE))
        for name in ("dat", "thue")
    }

    required, may_lack = together(*on["dat"], box(columns=FEW)), together(*on["thue"], box(columns=FEW))

    assert required == box(columns=MORE)
    assert isinstance(may_lack, TooMuch)
    assert str(may_lack.given) == "other values of thue with column 'gia'"


def test_numbers_with_a_gap_are_listed_up_to_the_length_of_a_list() -> None:
    far, most = OneOf("nam", (-5,)), str(LISTED_MAX - 1)

    listed, longer = (
        together(box(far), box(Between("nam", "0", most))),
        together(box(far), box(Between("nam", "0", str(LISTED_MAX)))),
    )

    assert isinstance(listed, Box)
    assert listed.terms == (OneOf("nam", (-5, *range(LISTED_MAX - 1))),)
    assert isinstance(longer, TooMuch)
    assert str(longer.given) == "-4 <= nam < 0"


def test_a_day_is_an_interval_like_any_other() -> None:
    day = date(2024, 1, 1)

    found = together(
        box(Between("tu", None, day.isoformat())), box(Between("tu", day.isoformat(), "2024-01-02")),
        box(Between("tu", "2024-01-02", None)),
    )  # fmt: skip

    assert found == box()
