"""The union of the pieces that somebody has of one collection: one piece again, or what it would give too much.

A piece is a box: values of each column that limits rows × columns × limits of use. The hull of some boxes is the
smallest box around them. It is their union exactly when no cell of it lies outside all of them; otherwise serving it
would give what nobody agreed to. Source: the cross product of grants, ``docs/explanation/permissions.md``.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from itertools import pairwise
from typing import Any

from catalogue.layer import Column, Layer, Text
from catalogue.profile import Allowance, Between, OneOf, Operation, Term
from catalogue.types import ColumnType
from core.limits import LIMITS
from core.phrases import Phrase

_INTEGER_MAX = 2**31 - 1
"""Of PostgreSQL's ``integer``, in which row security keeps territories."""
LISTED_MAX = LIMITS.in_list_max
"""Numbers that are written out where intervals with gaps are put together."""
_LINES = frozenset({ColumnType.INTEGER, ColumnType.DATE})
"""Types whose values stand in a line, one next to the other."""
_TRUTHS = (False, True)


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
type _Span = tuple[float, float]
"""Places of a line from the first one up to, and without, the second one: numbers, or days by their number."""


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
    is_on_line = column.type in _LINES
    atoms = [*(_cells if is_on_line else _listed)(boxes, terms, column)]
    if None in terms:
        if _is_everything(terms, column):
            return atoms
        return [*atoms, _atom(boxes, Phrase("other values of {}", (name,)), (each is None for each in terms))]
    if not column.required and _hull_of(terms, column) is None:
        return [*atoms, _Atom(Phrase("rows without {}", (name,)), 0)]
    return atoms


def _listed(boxes: Sequence[Box], terms: Sequence[Term | None], column: Column) -> Iterator[_Atom]:
    for value in _values_of(terms):
        has = (each is None or (isinstance(each, OneOf) and value in each.values) for each in terms)
        yield _atom(boxes, Phrase("{} = {}", (column.name, value)), has)


def _values_of(terms: Iterable[Term | None]) -> tuple[Any, ...]:
    return _in_order(value for each in terms if isinstance(each, OneOf) for value in each.values)


def _cells(boxes: Sequence[Box], terms: Sequence[Term | None], column: Column) -> Iterator[_Atom]:
    """Yield what no limit divides of a line, as far as the hull reaches, or the terms where it has no end."""
    spans = [None if each is None else _spans(each, column) for each in terms]
    given = [span for each in spans for span in each or ()]
    hull = _joint(given) if None in terms else _spans(_hull_of(terms, column), column)
    edges = sorted({edge for span in (*given, *hull) for edge in span})
    for cell in pairwise(edges):
        if _is_covered(cell, hull):
            yield _atom(boxes, _named(cell, column), (each is None or _is_covered(cell, each) for each in spans))


def _spans(term: Term | None, column: Column) -> tuple[_Span, ...]:
    """Return what a term lets pass of a line, in order."""
    match term:
        case None:
            return ((-math.inf, math.inf),)
        case OneOf(_, values):
            return tuple((value, value + 1) for value in values if not isinstance(value, str))
        case Between(_, begin, end):
            span = (_place(begin, column, -math.inf), _place(end, column, math.inf))
            return (span,) if span[0] < span[1] else ()


def _place(limit: str | None, column: Column, open_: float) -> float:
    if limit is None:
        return open_
    parsed = _parsed(limit, column.type)
    return parsed.toordinal() if isinstance(parsed, date) else parsed


def _is_covered(cell: _Span, spans: Sequence[_Span]) -> bool:
    """Tell whether a cell lies in one of some spans, which are in order and do not overlap."""
    n = bisect_right(spans, cell[0], key=lambda span: span[0]) - 1
    return n >= 0 and cell[1] <= spans[n][1]


def _joint(spans: Iterable[_Span]) -> tuple[_Span, ...]:
    """Return spans in order, those that touch or overlap as one."""
    found: list[_Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)


def _named(cell: _Span, column: Column) -> Phrase:
    begin, end = (_limit_at(each, column.type) for each in cell)
    if begin is None:
        return Phrase("{} < {}", (column.name, end))
    if end is None:
        return Phrase("{} >= {}", (column.name, begin))
    if column.type is ColumnType.INTEGER and cell[1] - cell[0] == 1:
        return Phrase("{} = {}", (column.name, int(cell[0])))
    return Phrase("{} <= {} < {}", (begin, column.name, end))


def _limit_at(place: float, type_: ColumnType) -> str | None:
    """Return a place of a line as the limit of a term."""
    if math.isinf(place):
        return None
    return date.fromordinal(int(place)).isoformat() if type_ is ColumnType.DATE else str(int(place))


def _is_everything(terms: Sequence[Term | None], column: Column) -> bool:
    """Tell whether those that limit a column let pass every row between them."""
    limiting = [each for each in terms if each is not None]
    return column.required and bool(limiting) and _says_all(limiting, column)


def _says_all(terms: Sequence[Term], column: Column) -> bool:
    """Tell whether terms let every value pass between them."""
    if column.type in _LINES:
        return _joint(span for each in terms for span in _spans(each, column)) == _spans(None, column)
    return column.type is ColumnType.BOOLEAN and len(_values_of(terms)) == len(_TRUTHS)


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
    layer = boxes[0].layer
    terms = [_hull_of([each.term(name) for each in boxes], column_of(layer, name)) for name in columns]
    formats = [each.formats for each in boxes]
    return Box(
        layer=layer,
        columns=frozenset[str]().union(*(each.columns for each in boxes)),
        geometry=any(each.geometry for each in boxes),
        terms=tuple(each for each in terms if each),
        formats=None if None in formats else frozenset[str]().union(*(each for each in formats if each is not None)),
        page_max=_most([each.page_max for each in boxes]),
        daily_items=_most([each.daily_items for each in boxes]),
    )


def _hull_of(terms: Sequence[Term | None], column: Column) -> Term | None:
    """Return the smallest term around some of one column; ``None``: nothing limits it.

    Numbers with gaps are listed as far as a list reaches: what it lets pass is then no more than what they do.
    """
    limiting = [each for each in terms if each is not None]
    if len(limiting) < len(terms) or (column.required and _says_all(limiting, column)):
        return None
    if all(isinstance(each, OneOf) for each in limiting):
        return OneOf(column.name, _values_of(limiting))
    spans = _joint(span for each in limiting for span in _spans(each, column))
    begin, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    if column.type is ColumnType.INTEGER and (len(spans) > 1 or _INTEGER_MAX < end < math.inf):
        if sum(last - first for first, last in spans) <= LISTED_MAX:
            return OneOf(column.name, tuple(n for first, last in spans for n in range(int(first), int(last))))
        end = math.inf if end > _INTEGER_MAX else end
    limits = _limit_at(begin, column.type), _limit_at(end, column.type)
    return None if limits == (None, None) else Between(column.name, *limits)


def _most(limits: Sequence[int | None]) -> int | None:
    return None if None in limits else max(each for each in limits if each is not None)
