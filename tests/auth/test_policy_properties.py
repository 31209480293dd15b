"""The compiler against an oracle that is slow and obvious: a small world, cell by cell.

A cell is a value of a column in a row, seen, taken away in a format, or read on a page of some size, by an operation.
Every grant and every function says of each cell whether it gives it; what somebody may see is what some grant and some
function of theirs both give. The compiler must give exactly that, or refuse, and it may refuse only what no single list
of terms and columns can say.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auth.model import AgreementKind, Function, Grant, GrantInForce, Period
from auth.policy.compiler import (
    NOTHING,
    Compiled,
    Refused,
    boundaries,
    collection_id,
    compile_profile_of,
    compile_public,
)
from auth.policy.union import Box, Piece, TooMuch, canonical, column_of, is_empty, united
from catalogue.layer import Column, Component, Geometry, GeometryKind, Layer, Rows, Text
from catalogue.profile import Allowance, Between, Collection, OneOf, Operation, RowScope, Term, body_of
from catalogue.types import ColumnType

EXAMPLES = settings(max_examples=200, deadline=None)
MANY = settings(max_examples=600, deadline=None)
WORDS = Text("chữ", "words")
DAY = date(2025, 6, 30)
DAYS = [DAY + timedelta(days=n) for n in range(-2, 4)]
OPERATIONS = (Operation.READ, Operation.QUERY, Operation.EXPORT)
FORMATS = ("csv", "geojson", "any other")
PAGES = (10, 100, 10_000)
GEOMETRY = "(geometry)"

COLUMNS = {
    "id": (ColumnType.UUID, True),
    "xa_id": (ColumnType.INTEGER, True),
    "nhom": (ColumnType.TEXT, False),
    "tu": (ColumnType.DATE, True),
    "den": (ColumnType.DATE, False),
    "gia": (ColumnType.INTEGER, False),
    "chu": (ColumnType.TEXT, False),
}
VALUES: Mapping[str, tuple[Any, ...]] = {
    "xa_id": (1, 2, 3),
    "nhom": ("NN", "PNN", "CSD", None),
    "tu": ("2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"),
    "den": ("2024-01-01", "2024-06-01", "2025-01-01", None),
}
"""What occurs in the world. Grants name the first two of ``xa_id`` and ``nhom``, and days but the first."""

type Row = tuple[Any, ...]
type Cell = tuple[Row, str, str]
type World = dict[tuple[str, Operation], set[Cell]]


def layer(id_: str) -> Layer:
    columns = tuple(Column(name, type_, WORDS, required=required) for name, (type_, required) in COLUMNS.items())
    return Layer(
        id=id_, schema="dc", table=id_.replace("-", "_"), component=Component.CADASTRE, title=WORDS, description=WORDS,
        keywords=(), managing_unit="so", license="proprietary", key=columns[0], territory="xa_id",
        scopes=("nhom", "tu", "den"), rows=Rows.ALL, columns=columns, time=None, search=None, search_reads=(),
        geometry=Geometry("geom_goc", 9212, "geom", GeometryKind.POINT), srids=(4326,), tiles=None, exchange=(),
    )  # fmt: skip


LAYERS = {each: layer(each) for each in ("thua", "quyen")}
UNRESTRICTED = Function("moi-viec", "Mọi việc", Period(DAYS[0]))
ROWS: list[Row] = list(itertools.product(*VALUES.values()))

# --- what somebody may be given


def rarely[T](common: T, *others: T) -> st.SearchStrategy[T]:
    """Draw the first value three times as often as the others together."""
    return st.sampled_from([*([common] * (3 * len(others))), *others])


def subsets(*of: Any) -> list[frozenset[Any]]:
    return [frozenset(each) for n in range(len(of), -1, -1) for each in itertools.combinations(of, n)]


def dates(column: str) -> list[Between]:
    limits = [None, *(each for each in VALUES[column][1:] if each)]
    return [Between(column, *each) for each in itertools.product(limits, limits) if each != (None, None)]


def listed(column: str, *values: Any) -> list[OneOf]:
    return [OneOf(column, each) for each in [values, values[:1], values[1:], (), values[:1] * 2]]


TERMS: list[list[Term]] = [
    [*listed("xa_id", 1, 2)], [*listed("nhom", "NN", "PNN")], [*dates("tu")], [*dates("den")]
]  # fmt: skip
SETS = ({"gia", "chu"}, {"gia"}, {"chu"}, set(COLUMNS))


@st.composite
def scopes(draw: st.DrawFn) -> RowScope:
    chosen = draw(st.lists(st.integers(0, len(TERMS) - 1), unique=True, max_size=2))
    return RowScope(tuple(draw(st.sampled_from(TERMS[each])) for each in chosen))


periods = rarely(
    Period(DAY - timedelta(days=1)), Period(DAYS[0], DAYS[3]), Period(DAYS[3]), Period(DAYS[0], DAYS[2])
)  # fmt: skip
allowances = st.builds(
    Allowance,
    rarely(*subsets(*OPERATIONS)),
    rarely(None, frozenset({"csv"}), frozenset({"csv", "geojson"}), frozenset[str]()),
    rarely(None, 10, 100),
)


@st.composite
def grants(draw: st.DrawFn) -> GrantInForce:
    rows = draw(scopes())
    columns = frozenset(draw(st.sampled_from(SETS)) | {"id", "xa_id", *(each.column for each in rows.terms)})
    clause = Grant(draw(rarely("thua", "quyen")), columns, draw(st.booleans()), rows, draw(allowances))
    kind = draw(rarely(AgreementKind.DEFAULT, AgreementKind.SPECIAL))
    return GrantInForce(draw(st.sampled_from(["tt-1", "tt-2", "tt-3"])), kind, draw(periods), clause)


@st.composite
def related(draw: st.DrawFn) -> list[GrantInForce]:
    """Grants that differ from one another in one thing or in two, so that some have a union and some have none."""
    first = draw(grants())
    found = [first]
    for _ in range(draw(st.integers(1, 3))):
        other, clause = draw(grants()).grant, draw(st.sampled_from(found)).grant
        kept = draw(st.sampled_from([("rows",), ("columns",), ("geometry",), ("allowance",), ("rows", "columns")]))
        changed = replace(clause, **{each: getattr(other, each) for each in kept})
        needed = frozenset({"id", "xa_id", *(each.column for each in changed.rows.terms)})
        found.append(replace(first, grant=replace(changed, columns=changed.columns | needed)))
    return found


@st.composite
def functions(draw: st.DrawFn) -> Function:
    """A function that never drops a column which rows are selected by."""
    narrowed = draw(rarely(None, *subsets("gia", "chu")))
    kept = None if narrowed is None else {"thua": narrowed | {"id", *VALUES}}
    return Function(
        code=draw(st.sampled_from(["cn-1", "cn-2"])), name="Chức năng", period=draw(periods),
        layers=draw(rarely(None, *subsets("thua", "quyen"))), columns=kept,
        operations=draw(rarely(None, *subsets(*OPERATIONS))), territory=draw(rarely(None, *subsets(1, 2))),
    )  # fmt: skip


careless = functions().map(lambda each: replace(each, columns={"thua": frozenset({"id", "gia"}), "quyen": frozenset()}))
"""Functions that forget the columns which rows are selected by."""
some_grants = related() | st.lists(grants(), max_size=4)
some_functions = st.lists(functions(), min_size=1, max_size=3)

# --- the oracle


def passes(row: Row, term: Term) -> bool:
    value = row[list(VALUES).index(term.column)]
    if isinstance(term, OneOf):
        return value is not None and value in term.values
    return value is not None and (term.begin or "") <= value and (term.end is None or value < term.end)


def cells(
    *, rows: Iterable[Term], columns: Iterable[str], geometry: bool, formats: frozenset[str] | None, page: int | None
) -> set[Cell]:
    seen = [row for row in ROWS if all(passes(row, each) for each in rows)]
    out = [each for each in FORMATS if formats is None or each in formats]
    pages = [f"page of {each}" for each in PAGES if page is None or each <= page]
    return set(itertools.product(seen, [*columns, *([GEOMETRY] if geometry else [])], ["seen", *out, *pages]))


def given_by(each: GrantInForce, function: Function, day: date) -> World:
    """Return the cells that a grant and a function both give, by collection and operation."""
    clause = each.grant
    if not (each.period.holds(day) and function.period.holds(day)):
        return {}
    if function.layers is not None and clause.layer not in function.layers:
        return {}
    allowed = clause.allowance.operations & (function.operations if function.operations is not None else set(Operation))
    kept = (function.columns or {}).get(clause.layer, clause.columns)
    here = [] if function.territory is None else [OneOf("xa_id", tuple(function.territory))]
    found = cells(
        rows=[*clause.rows.terms, *here], columns=clause.columns & kept, geometry=clause.geometry,
        formats=clause.allowance.formats, page=clause.allowance.page_max,
    )  # fmt: skip
    id_ = f"{clause.layer}~{each.agreement}" if each.kind is AgreementKind.SPECIAL else clause.layer
    return {(id_, operation): found for operation in allowed if found}


def oracle(given: Iterable[GrantInForce], held: Iterable[Function], day: date = DAY) -> World:
    world: World = {}
    for each, function in itertools.product(list(given), list(held)):
        for key, found in given_by(each, function, day).items():
            world.setdefault(key, set()).update(found)
    return world


def of_profile(compiled: Compiled) -> World:
    return {key: of_collection(each) for key, each in compiled.profile.facets.items()}


def of_collection(each: Collection) -> set[Cell]:
    names = [column.name for column in each.columns]
    return cells(
        rows=each.scope.terms, columns=names, geometry=each.shows_geometry,
        formats=each.allowance.formats, page=each.allowance.page_max,
    )  # fmt: skip


def is_one_view(found: set[Cell]) -> bool:
    """Tell whether cells are one AND of terms × one set of columns, the same in all that is allowed."""
    rows = {row for row, *_ in found}
    said = (can_be_said(name, {row[n] for row in rows}) for n, name in enumerate(VALUES))
    return is_product(found) and is_product(rows) and all(said)


def has_odd_query(world: World) -> bool:
    """Tell whether something is queried elsewhere than it is read."""
    return any(found != world.get((id_, Operation.READ)) for (id_, op), found in world.items() if op is Operation.QUERY)


def is_product(found: set[tuple[Any, ...]]) -> bool:
    size = 1
    for values in zip(*found, strict=True):
        size *= len(set(values))
    return len(found) == size


def can_be_said(column: str, values: set[Any]) -> bool:
    """Tell whether a term, or none, lets exactly these values of the world pass."""
    everything = VALUES[column]
    if values == set(everything):
        return True
    if column in {"xa_id", "nhom"}:
        return values <= {1, 2, "NN", "PNN"}
    known = [each for each in everything if each]
    places = sorted(known.index(each) for each in values - {None})
    return None not in values and places == list(range(places[0], places[-1] + 1)) and len(places) < len(known)


def compiled_of(given: Iterable[GrantInForce], held: Iterable[Function], day: date = DAY) -> Compiled | Refused:
    return compile_profile_of(given, held, LAYERS, day)


# --- what must be true


@given(some_grants, some_functions)
@MANY
def test_a_profile_is_the_union_of_its_pieces_or_it_is_refused_because_no_view_is_that_union(
    given_: list[GrantInForce], held: list[Function]
) -> None:
    wanted = oracle(given_, held)

    found = compiled_of(given_, held)

    if isinstance(found, Refused):
        assert not all(is_one_view(each) for each in wanted.values()) or has_odd_query(wanted)
    else:
        assert of_profile(found) == wanted


@given(some_grants, st.lists(functions() | careless, min_size=1, max_size=3))
@MANY
def test_what_stays_of_rights_that_are_refused_is_every_collection_that_fits_by_itself_and_not_a_cell_more(
    given_: list[GrantInForce], held: list[Function]
) -> None:
    found = compiled_of(given_, held)

    assume(isinstance(found, Refused))
    ids = {collection_id(each) for each in given_}
    alone = {id_: compiled_of([each for each in given_ if collection_id(each) == id_], held) for id_ in ids}
    assert {each.collection for each in found.misfits} == {
        id_ for id_, each in alone.items() if isinstance(each, Refused)
    }
    wanted = oracle([each for each in given_ if isinstance(alone[collection_id(each)], Compiled)], held)
    assert of_profile(found.kept) == wanted
    assert found.kept.because.keys() == found.kept.profile.facets.keys()


@given(some_grants, some_functions)
@EXAMPLES
def test_a_function_gives_no_cell_that_no_grant_gives(given_: list[GrantInForce], held: list[Function]) -> None:
    everything = oracle(given_, [UNRESTRICTED])

    found = compiled_of(given_, held)

    assume(isinstance(found, Compiled))
    assert is_within(of_profile(found), everything)


@given(some_grants, some_functions, grants())
@EXAMPLES
def test_a_further_grant_takes_nothing_away(
    given_: list[GrantInForce], held: list[Function], more: GrantInForce
) -> None:
    before, after = compiled_of(given_, held), compiled_of([*given_, more], held)

    assume(isinstance(before, Compiled) and isinstance(after, Compiled))
    assert is_within(of_profile(before), of_profile(after))


@given(some_grants, some_functions, functions())
@EXAMPLES
def test_a_further_function_takes_nothing_away(
    given_: list[GrantInForce], held: list[Function], more: Function
) -> None:
    before, after = compiled_of(given_, held), compiled_of(given_, [*held, more])

    assume(isinstance(before, Compiled) and isinstance(after, Compiled))
    assert is_within(of_profile(before), of_profile(after))


@given(some_grants, st.lists(functions() | careless, max_size=3), st.randoms(use_true_random=False))
@EXAMPLES
def test_order_changes_neither_the_profile_nor_the_reasons(
    given_: list[GrantInForce], held: list[Function], chance: Random
) -> None:
    first = compiled_of(given_, held)

    second = compiled_of(chance.sample(given_, len(given_)), chance.sample(held, len(held)))

    if isinstance(first, Compiled) and isinstance(second, Compiled):
        assert (first.profile.hash, first.because) == (second.profile.hash, second.because)
        assert body_of(first.profile) == body_of(second.profile)
    else:
        assert first == second


@given(some_grants, some_functions)
@EXAMPLES
def test_equal_rights_have_equal_hashes_however_many_grants_they_stand_on(
    given_: list[GrantInForce], held: list[Function]
) -> None:
    found = compiled_of(given_, held)
    assume(isinstance(found, Compiled))

    # Each operation and each commune of the list in a clause of its own.
    divided = [part for each in given_ for part in parts_of_grant(each)]

    again = compiled_of(divided, held)
    assert isinstance(again, Compiled)
    assert again.profile.hash == found.profile.hash


@given(st.lists(grants(), max_size=3), st.lists(functions() | careless, max_size=3))
@EXAMPLES
def test_what_narrows_away_a_column_that_rows_are_selected_by_is_refused_and_nothing_else_for_that_reason(
    given_: list[GrantInForce], held: list[Function]
) -> None:
    dropped = any(drops(each, function) for each in given_ for function in held)

    found = compiled_of(given_, held)

    reasons = [str(each) for each in found.reasons] if isinstance(found, Refused) else []
    assert dropped == any("leaves out column" in each for each in reasons)


@given(some_grants, some_functions)
@EXAMPLES
def test_between_two_boundaries_nothing_changes(given_: list[GrantInForce], held: list[Function]) -> None:
    changes = boundaries(given_, held, DAYS[0])

    for day, following in pairwise(DAYS):
        before, after = (compiled_of(given_, held, each) for each in (day, following))
        if isinstance(before, Compiled):
            until = before.profile.valid_until
            assert (until and until.date()) == next((each for each in changes if each > day), None)
        if following not in changes:
            assert outline(before) == outline(after)


@given(some_grants, some_functions)
@EXAMPLES
def test_every_right_names_the_agreements_and_functions_that_give_some_of_it(
    given_: list[GrantInForce], held: list[Function]
) -> None:
    found = compiled_of(given_, held)
    assume(isinstance(found, Compiled))

    for key, because in found.because.items():
        sources = [(a, f) for a in given_ for f in held if key in given_by(a, f, DAY)]
        assert because.agreements == tuple(sorted({a.agreement for a, _ in sources}))
        assert because.functions == tuple(sorted({f.code for _, f in sources}))
    assert found.because.keys() == found.profile.facets.keys()


@given(related(), st.integers(2, 4))
@EXAMPLES
def test_the_pieces_that_a_refusal_names_are_too_much_by_themselves(given_: list[GrantInForce], number: int) -> None:
    pieces = [Piece(box_of(each.grant), f"tt-{n}", "cn") for n, each in enumerate(given_[:number])]
    pieces = [
        each
        for each in pieces
        if not any(is_empty(term, column_of(each.box.layer, term.column)) for term in each.box.terms)
    ]
    found = united(pieces) if pieces else None

    if isinstance(found, TooMuch):
        assert isinstance(united(found.pieces), TooMuch)
        assert 2 <= len(found.pieces) <= len(pieces)


@given(st.lists(grants(), min_size=1, max_size=3))
@EXAMPLES
def test_publications_to_everybody_are_compiled_without_functions_and_give_accounts_nothing(
    given_: list[GrantInForce],
) -> None:
    published = [replace(each, kind=AgreementKind.PUBLIC) for each in given_]

    found = compile_public([*published, *given_], LAYERS, DAY)

    alike = compiled_of([replace(each, kind=AgreementKind.DEFAULT) for each in given_], [UNRESTRICTED])
    assert type(found) is type(alike)
    assert isinstance(found, Refused) or outline(found) == outline(alike)
    nothing = compiled_of(published, [UNRESTRICTED])
    assert isinstance(nothing, Compiled)
    assert nothing.profile.hash == NOTHING.profile.hash


# --- what the tests above ask with


def is_within(small: World, large: World) -> bool:
    return all(found <= large.get(key, set()) for key, found in small.items())


def parts_of_grant(each: GrantInForce) -> Iterator[GrantInForce]:
    clause = each.grant
    for operation in clause.allowance.operations:
        allowance = replace(clause.allowance, operations=frozenset({operation}))
        for rows in parts_of_rows(clause.rows):
            yield replace(each, grant=replace(clause, rows=rows, allowance=allowance))


def parts_of_rows(rows: RowScope) -> Iterator[RowScope]:
    territory = rows.term("xa_id")
    if not isinstance(territory, OneOf):
        yield RowScope(rows.terms[::-1])
        return
    others = tuple(each for each in rows.terms if each is not territory)
    for value in territory.values:
        yield RowScope((*others, OneOf("xa_id", (value, value))))


def drops(each: GrantInForce, function: Function) -> bool:
    clause = each.grant
    in_force = each.period.holds(DAY) and function.period.holds(DAY)
    about = function.layers is None or clause.layer in function.layers
    allowed = clause.allowance.operations & (set(Operation) if function.operations is None else function.operations)
    kept = (function.columns or {}).get(clause.layer)
    needed = {
        "id",
        *(term.column for term in clause.rows.terms),
        *(["xa_id"] if function.territory is not None else []),
    }
    return bool(in_force and about and allowed and kept is not None and not needed <= kept)


def outline(found: Compiled | Refused) -> object:
    if isinstance(found, Refused):
        return found.reasons
    return found.profile.hash, {key: each.agreements for key, each in found.because.items()}


def box_of(clause: Grant) -> Box:
    allowance = clause.allowance
    terms = tuple(canonical(each, column_of(LAYERS[clause.layer], each.column)) for each in clause.rows.terms)
    return Box(
        LAYERS[clause.layer], clause.columns, clause.geometry, tuple(sorted(terms, key=lambda each: each.column)),
        allowance.formats, allowance.page_max, allowance.daily_items,
    )  # fmt: skip
