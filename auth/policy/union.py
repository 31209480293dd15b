"""The union of the pieces that somebody has of one collection: one piece again, or what it would give too much.

A piece is a box: values of each column that limits rows × columns × limits of use. The hull of some boxes is the
smallest box around them. It is their union exactly when no cell of it lies outside all of them; otherwise serving it
would give what nobody agreed to. Source: the cross product of grants, ``docs/explanation/permissions.md``.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from itertools import pairwise
from typing import Any

from catalogue.layer import Column, Layer, Text
from catalogue.profile import Allowance, Between, OneOf, Operation, Term
from catalogue.types import ColumnType
from core.phrases import Phrase

_INTEGER_MAX = 2**31 - 1
"""Of PostgreSQL's ``integer``, in which row security keeps territories."""


@dataclass(frozen=True, slots=True)
class Box:
    """Rows × columns × limits of one layer.

    Attributes:
        terms: as ``canonical`` writes them, ordered by column, one for each.
        geometry: it is shown, or there is none to be shown.
    """

    layer: Layer = field(compare=False)
    columns: frozenset[str]
    geometry: bool
    terms: tuple[Term, ...]
    formats: frozenset[str] | None
    page_max: int | None
    daily_items: int | None

    def term(self, column: str) -> Term | None:
        """Return the term on a column, or ``None``: that column limits nothing."""
        return next((each for each in self.terms if each.column == column), None)

    def allowance(self, operations: Iterable[Operation]) -> Allowance:
        return Allowance(frozenset(operations), self.formats, self.page_max, self.daily_items)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one function leaves of one clause; ``function`` is ``None`` in the public profile."""

    box: Box
    agreement: str
    function: str | None

    @property
    def name(self) -> Phrase:
        if self.function is None:
            return Phrase("agreement '{}'", (self.agreement,))
        return Phrase("agreement '{}' through function '{}'", (self.agreement, self.function))


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The pieces are no box.

    Attributes:
        pieces: the fewest found that would have to be put together.
        given: what they would give together and none gives.
    """

    pieces: tuple[Piece, ...]
    given: Phrase


@dataclass(frozen=True, slots=True)
class _Atom:
    """What no piece divides of one dimension; ``held``: a bit for each piece that has it."""

    name: Phrase
    held: int


type _Dimension = Sequence[_Atom]


def united(pieces: Sequence[Piece]) -> Box | TooMuch:
    """Return the union of some pieces of one layer, whatever their order.

    Limits of use (formats, page, day) must fit rows and columns, each for itself.
    """
    boxes = tuple(dict.fromkeys(each.box for each in pieces))
    if len(boxes) == 1:
        return boxes[0]
    columns = sorted({term.column for each in boxes for term in each.terms})
    rows = [_values(boxes, column) for column in columns]
    for limits in (_formats(boxes), _at_most(boxes, "page_max"), _at_most(boxes, "daily_items")):
        if cell := _outside([*rows, _shown(boxes), limits], len(boxes)):
            return _too_much(pieces, boxes, cell)
    return _hull(boxes, columns)


def column_of(layer: Layer, name: str) -> Column:
    """Return a column that terms may name: one of the layer's, or its territory that no column shows."""
    declared = next((each for each in layer.columns if each.name == name), None)
    return declared or Column(name, ColumnType.INTEGER, Text(name, name), required=True)


def canonical(term: Term, column: Column) -> Term:
    """Return a term in the one way of writing it: values once and in order, limits as the type writes them.

    Raises:
        ValueError: the values do not fit the type of the column, or the term has no limit.
    """
    match term:
        case OneOf(name, values):
            return OneOf(name, _in_order(_of_type(each, column.type) for each in values))
        case Between(name, None, None):
            raise ValueError(name)
        case Between(name, begin, end):
            return Between(name, _limit(begin, column.type), _limit(end, column.type))


def is_empty(term: Term, column: Column) -> bool:
    """Tell whether a canonical term can hold for no row."""
    match term:
        case OneOf(_, values):
            return not values
        case Between(_, begin, end):
            return begin is not None and end is not None and _point(begin, column) >= _point(end, column)


def _in_order(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


def _of_type(value: Any, type_: ColumnType) -> int | str | bool:
    """Return a value of a list as row security can look it up."""
    wanted = {ColumnType.INTEGER: int, ColumnType.TEXT: str, ColumnType.BOOLEAN: bool}.get(type_)
    if wanted is None or type(value) is not wanted:
        raise ValueError(value)
    return _small(value) if isinstance(value, int) else value


def _small(number: int) -> int:
    if not -_INTEGER_MAX <= number <= _INTEGER_MAX:
        raise ValueError(number)
    return number


def _limit(text: str | None, type_: ColumnType) -> str | None:
    return None if text is None else str(_parsed(text, type_))


def _parsed(text: str, type_: ColumnType) -> date | int:
    """Return a limit as a value that can be compared."""
    match type_:
        case ColumnType.DATE:
            return date.fromisoformat(text)
        case ColumnType.INTEGER:
            return _small(int(text))
        case _:
            raise ValueError(text)


def _point(value: Any, column: Column) -> Any:
    return _parsed(value, column.type) if isinstance(value, str) else value


def _atom(boxes: Sequence[Box], name: Phrase, has: Iterable[bool]) -> _Atom:
    return _Atom(name, _bits(boxes, has))


def _bits(boxes: Sequence[Box], has: Iterable[bool]) -> int:
    return sum(1 << n for n, held in zip(range(len(boxes)), has, strict=True) if held)


def _shown(boxes: Sequence[Box]) -> _Dimension:
    """Return the columns, and the geometry, as atoms."""
    names = sorted({name for each in boxes for name in each.columns})
    atoms = [_atom(boxes, Phrase("column '{}'", (name,)), (name in each.columns for each in boxes)) for name in names]
    geometry = _atom(boxes, Phrase("the geometry"), (each.geometry for each in boxes))
    return [*atoms, geometry] if geometry.held else atoms


def _formats(boxes: Sequence[Box]) -> _Dimension:
    """Return the formats as atoms; where no box has any, nothing divides them."""
    listed = sorted({key for each in boxes for key in each.formats or ()})
    atoms = [_atom(boxes, Phrase("format '{}'", (key,)), (_leaves(each, key) for each in boxes)) for key in listed]
    every = _atom(boxes, Phrase("every format"), (each.formats is None for each in boxes))
    return [*atoms, every] if every.held else atoms or [_Atom(every.name, (1 << len(boxes)) - 1)]


def _leaves(box: Box, format_: str) -> bool:
    return box.formats is None or format_ in box.formats


def _at_most(boxes: Sequence[Box], limit: str) -> _Dimension:
    """Return the numbers of items that some piece allows; each holds what is at most its own."""
    given = [getattr(each, limit) for each in boxes]
    held = {n: _bits(boxes, (each is None or (n is not None and n <= each) for each in given)) for n in set(given)}
    page = limit == "page_max"
    return [_Atom(_so_many(n, page=page), held[n]) for n in sorted(held, key=lambda n: math.inf if n is None else n)]


def _so_many(number: int | None, *, page: bool) -> Phrase:
    if number is None:
        return Phrase("pages without limit") if page else Phrase("days without limit")
    return Phrase("{} items on a page", (number,)) if page else Phrase("{} items a day", (number,))


def _values(boxes: Sequence[Box], name: str) -> _Dimension:
    """Return the values of a column that the hull lets pass."""
    column = column_of(boxes[0].layer, name)
    terms = [each.term(name) for each in boxes]
    free = _bits(boxes, (each is None for each in terms))
    atoms = [*_listed(boxes, terms, column), *_intervals(boxes, terms, column)]
    if free:
        return [*atoms, _Atom(Phrase("other values of {}", (name,)), free)]
    if not column.required and _span(terms, column) == (None, None):
        return [*atoms, _Atom(Phrase("rows without {}", (name,)), 0)]
    return atoms


def _listed(boxes: Sequence[Box], terms: Sequence[Term | None], column: Column) -> Iterator[_Atom]:
    values = _in_order(value for each in terms if isinstance(each, OneOf) for value in each.values)
    span = _span(terms, column)
    for value in values:
        held = _bits(boxes, (_lets(each, value, column) for each in terms))
        lost = span is not None and not _within(value, span, column)
        yield _Atom(Phrase("{} = {}", (column.name, value)), 0 if lost and None not in terms else held)


def _intervals(boxes: Sequence[Box], terms: Sequence[Term | None], column: Column) -> Iterator[_Atom]:
    """Yield the intervals between neighbouring limits, as far as the hull reaches."""
    span = _span(terms, column)
    if span is None:
        return
    limits = (limit for each in terms if isinstance(each, Between) for limit in (each.begin, each.end))
    edges = [None, *_ordered(limits, column), None]
    for begin, end in pairwise(edges):
        if None in terms or _inside((begin, end), span, column):
            held = _bits(boxes, (_spans(each, (begin, end), column) for each in terms))
            yield _Atom(_between(column.name, begin, end), held)


def _between(name: str, begin: str | None, end: str | None) -> Phrase:
    if begin is None:
        return Phrase("{} < {}", (name, end))
    return Phrase("{} >= {}", (name, begin)) if end is None else Phrase("{} <= {} < {}", (begin, name, end))


def _span(terms: Sequence[Term | None], column: Column) -> tuple[str | None, str | None] | None:
    """Return the interval around all intervals, or ``None``: there is no interval."""
    found = [each for each in terms if isinstance(each, Between)]
    if not found:
        return None
    begins, ends = [each.begin for each in found], [each.end for each in found]
    begin = None if None in begins else _ordered(begins, column)[0]
    return begin, None if None in ends else _ordered(ends, column)[-1]


def _ordered(limits: Iterable[str | None], column: Column) -> list[str]:
    return sorted({each for each in limits if each is not None}, key=lambda each: _point(each, column))


def _lets(term: Term | None, value: Any, column: Column) -> bool:
    match term:
        case None:
            return True
        case OneOf(_, values):
            return value in values
        case Between(_, begin, end):
            return _within(value, (begin, end), column)


def _within(value: Any, span: tuple[str | None, str | None], column: Column) -> bool:
    point, (begin, end) = _point(value, column), span
    return (begin is None or _point(begin, column) <= point) and (end is None or point < _point(end, column))


def _spans(term: Term | None, interval: tuple[str | None, str | None], column: Column) -> bool:
    return term is None or (isinstance(term, Between) and _inside(interval, (term.begin, term.end), column))


def _inside(interval: tuple[str | None, str | None], outer: tuple[str | None, str | None], column: Column) -> bool:
    """Tell whether one interval lies in another; the limits are ends of some interval or open."""
    (begin, end), (first, last) = interval, outer
    after = first is None or (begin is not None and _point(begin, column) >= _point(first, column))
    return after and (last is None or (end is not None and _point(end, column) <= _point(last, column)))


def _outside(dimensions: Iterable[_Dimension], boxes: int) -> list[_Atom] | None:
    """Return a cell of the hull, an atom of each dimension, that no single box has; ``None``: there is none.

    Of cells in fewer boxes it follows the smallest sets only: what they miss, larger ones need not show.
    """
    reached: dict[int, list[_Atom]] = {(1 << boxes) - 1: []}
    for atoms in dimensions:
        further: dict[int, list[_Atom]] = {}
        for held, way in reached.items():
            for atom in atoms:
                further.setdefault(held & atom.held, [*way, atom])
        reached = {
            held: way for held, way in further.items() if not any(held | each == held != each for each in further)
        }
    return reached.get(0)


def _too_much(pieces: Sequence[Piece], boxes: Sequence[Box], cell: Sequence[_Atom]) -> TooMuch:
    needed = _needed(cell, (1 << len(boxes)) - 1)
    chosen = _chosen(needed, range(len(boxes)))
    named = tuple(next(each for each in pieces if each.box == boxes[n]) for n in chosen)
    return TooMuch(named, _joined([each.name for each in needed]))


def _needed(cell: Sequence[_Atom], everybody: int) -> list[_Atom]:
    """Return the atoms of a cell without those that it lies outside without."""
    kept = list(cell)
    for atom in cell:
        rest = [each for each in kept if each is not atom]
        if rest and not _common(rest, everybody):
            kept = rest
    return kept


def _common(atoms: Iterable[_Atom], everybody: int) -> int:
    return reduce(lambda held, atom: held & atom.held, atoms, everybody)


def _chosen(atoms: Sequence[_Atom], numbers: Sequence[int]) -> list[int]:
    """Return boxes that have the atoms between them; all of them where one atom lies outside each."""
    chosen: list[int] = []
    open_ = list(atoms)
    while open_:
        best = max(numbers, key=lambda n: (sum(each.held >> n & 1 for each in open_), -n))
        if not any(each.held >> best & 1 for each in open_):
            return list(numbers)
        chosen.append(best)
        open_ = [each for each in open_ if not each.held >> best & 1]
    return sorted(chosen)


def _joined(phrases: Sequence[Phrase]) -> Phrase:
    first, *others = phrases
    return reduce(lambda one, other: Phrase("{} with {}", (one, other)), others, first)


def _hull(boxes: Sequence[Box], columns: Sequence[str]) -> Box:
    """Return the smallest box around some boxes."""
    terms = [_hull_of([each.term(name) for each in boxes], name, boxes[0].layer) for name in columns]
    formats = [each.formats for each in boxes]
    return Box(
        layer=boxes[0].layer,
        columns=frozenset[str]().union(*(each.columns for each in boxes)),
        geometry=any(each.geometry for each in boxes),
        terms=tuple(each for each in terms if each),
        formats=None if None in formats else frozenset[str]().union(*(each for each in formats if each is not None)),
        page_max=_most([each.page_max for each in boxes]),
        daily_items=_most([each.daily_items for each in boxes]),
    )


def _hull_of(terms: Sequence[Term | None], name: str, layer: Layer) -> Term | None:
    column = column_of(layer, name)
    if None in terms:
        return None
    span = _span(terms, column)
    if span is None:
        return OneOf(name, _in_order(value for each in terms if isinstance(each, OneOf) for value in each.values))
    return None if span == (None, None) else Between(name, *span)


def _most(limits: Sequence[int | None]) -> int | None:
    return None if None in limits else max(each for each in limits if each is not None)
