"""The policy compiler: grants and functions in force to a profile. Pure: no connection, no clock.

Rights are the union, over the functions that an account holds, of the grants of its unit as far as each function
leaves them. Nothing denies and nothing has priority, so order does not matter; what nobody gave does not exist. A union
that could be served only by giving more than its pieces give is refused; what is refused says what stays without the
collections that do not fit. Source: ``docs/explanation/permissions.md``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import reduce
from types import MappingProxyType

from auth.model import AgreementKind, Function, Grant, GrantInForce, UnitKind
from auth.policy.union import Box, Piece, TooMuch, canonical, column_of, is_empty, united
from catalogue.layer import Layer
from catalogue.profile import READING, Collection, OneOf, Operation, Profile, RowScope, Term, compile_profile
from catalogue.record_keys import RECORDS, records_of
from core.clocks import VIETNAM
from core.errors import Conflict
from core.phrases import Phrase

_OVER_GRANT = "Collection '{}': put together, {} would also give {}, which no clause of them gives."
_ODD_QUERY = "Collection '{}': {} would let it be queried in other rows or columns than it is read in."
NO_REQUEST = Phrase("Records are given by default sharing and by publication, not by an agreement on a request.")
_CUT = "Function '{}' leaves out column '{}' of layer '{}', whose items are given whole."
_DROPPED = "Function '{}' leaves out column '{}' of layer '{}', by which agreement '{}' identifies or selects rows."

type Key = tuple[str, Operation]
"""Id of a collection, and what is done with it."""


@dataclass(frozen=True, slots=True)
class Because:
    """Codes of the agreements and functions that a right stands on, each once and in order."""

    agreements: tuple[str, ...]
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A profile, and why everything in it is there: a ``Because`` for each of its facets."""

    profile: Profile
    because: Mapping[Key, Because]


NOTHING = Compiled(compile_profile(()), MappingProxyType({}))
"""Nobody's rights."""

type Giver = tuple[str, str | None]
"""Codes of an agreement and of the function through which it gives; ``None``: through any, or without one."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A collection whose pieces cannot be put together: the pieces that stand in the way, in order, and why."""

    collection: str
    pieces: tuple[Giver, ...]
    reasons: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Grants and functions that make no profile; ``reasons`` name them, and ``str`` says each in English.

    Attributes:
        misfits: the collections that do not fit, by id.
        kept: what stays without them: each further collection as its own pieces give it, and nothing else.
    """

    reasons: tuple[Phrase, ...]
    misfits: tuple[Misfit, ...] = ()
    kept: Compiled = NOTHING


def compile_profile_of(
    grants: Iterable[GrantInForce], functions: Iterable[Function], layers: Mapping[str, Layer], day: date
) -> Compiled | Refused:
    """Compile what an account may see on a legal day.

    Args:
        grants: those of its unit, in force or not; publications to everybody are passed over.
        functions: those that it holds, in force or not; without any in force it may see nothing.
        layers: by id.
    """
    own = [each for each in grants if each.kind is not AgreementKind.PUBLIC]
    held = list(functions)
    return _compiled(own, [each for each in held if each.period.holds(day)], layers, day, boundaries(own, held, day))


def compile_public(grants: Iterable[GrantInForce], layers: Mapping[str, Layer], day: date) -> Compiled | Refused:
    """Compile what everybody may see on a legal day: publications alone, and no function is needed."""
    own = [each for each in grants if each.kind is AgreementKind.PUBLIC]
    return _compiled(own, [None], layers, day, boundaries(own, (), day))


def boundaries(grants: Iterable[GrantInForce], functions: Iterable[Function], since: date) -> tuple[date, ...]:
    """Return the days after ``since`` on which anything starts or ends, in order."""
    periods = [*(each.period for each in grants), *(each.period for each in functions)]
    days = {day for each in periods for day in (each.since, each.until) if day is not None}
    return tuple(sorted(day for day in days if day > since))


def collection_id(grant: GrantInForce) -> str:
    """Return the id of the collection that a grant gives: that of a special request is its own."""
    return f"{grant.grant.layer}~{grant.agreement}" if grant.kind is AgreementKind.SPECIAL else grant.grant.layer


def conflict(refused: Refused) -> Conflict:
    """Return a refusal as the error that the act is refused with; it says every reason."""
    first, *others = refused.reasons
    text = first
    for each in others:
        text = Phrase("{} {}", (text, each))
    return Conflict("The rights cannot be put together. {}", text)


def grant_faults(grant: Grant, layers: Mapping[str, Layer], recipient: UnitKind | None = None) -> tuple[Phrase, ...]:
    """Return what is wrong with a clause in itself: layer, columns, terms; and for a kind of unit that receives it."""
    layer = layers.get(grant.layer)
    if layer is None:
        return (Phrase("No file declares the layer '{}'.", (grant.layer,)),)
    return (
        *kind_faults(recipient, layer),
        *_column_faults(grant, layer),
        *_term_faults(grant, layer),
        *(record_faults(grant, layer) if layer.id == RECORDS else ()),
    )


def record_faults(grant: Grant, layer: Layer) -> Iterator[Phrase]:
    """Yield what is wrong with a clause on records: only their rows can be limited."""
    if grant.columns < {each.name for each in layer.columns} or not grant.geometry:
        yield Phrase("Records are given whole: with all columns and with the geometry.")
    if grant.allowance != READING:
        yield Phrase("Records are given to read and to query, in every format and in any number.")


def kind_faults(recipient: UnitKind | None, layer: Layer) -> tuple[Phrase, ...]:
    """Return why a kind of unit never has a layer, whatever is agreed."""
    if recipient is UnitKind.DATA_CENTRE:
        return (Phrase("Who runs the data centre sees no row of data."),)
    if recipient is UnitKind.PROVINCIAL_OFFICE and not layer.aggregate:
        return (Phrase("The provincial office sees aggregates only; layer '{}' is none.", (layer.id,)),)
    return ()


def _column_faults(grant: Grant, layer: Layer) -> Iterator[Phrase]:
    for name in sorted(grant.columns - {each.name for each in layer.columns}):
        yield Phrase("Layer '{}' has no column '{}'.", (layer.id, name))
    if layer.key.name not in grant.columns:
        yield Phrase("The columns of layer '{}' lack its key '{}'.", (layer.id, layer.key.name))


def _term_faults(grant: Grant, layer: Layer) -> Iterator[Phrase]:
    names = [each.column for each in grant.rows.terms]
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield Phrase("Rows of layer '{}' are limited twice by '{}'.", (layer.id, name))
    for term in grant.rows.terms:
        if term.column not in {layer.territory, *layer.scopes}:
            yield Phrase("Rows of layer '{}' cannot be limited by '{}'.", (layer.id, term.column))
        elif term.column not in _visible(grant.columns, layer):
            yield Phrase(
                "Rows of layer '{}' are limited by '{}', which is not among the columns.", (layer.id, term.column)
            )
        elif not _is_sound(term, layer):
            yield Phrase("The limit on '{}' does not fit layer '{}'.", (term.column, layer.id))


def _is_sound(term: Term, layer: Layer) -> bool:
    """Tell whether a term fits its column; the territory is always a list."""
    if term.column == layer.territory and not isinstance(term, OneOf):
        return False
    try:
        canonical(term, column_of(layer, term.column))
    except (ValueError, TypeError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Rights:
    """What was found so far: the pieces of each operation on each collection, and what stands in the way."""

    pieces: dict[Key, list[Piece]]
    faults: dict[str, dict[Phrase, frozenset[Giver]]]

    def refuse(self, collection: str, reason: Phrase, givers: Iterable[Giver]) -> None:
        self.faults[collection][reason] = frozenset(givers)


def _compiled(
    grants: Iterable[GrantInForce],
    functions: Iterable[Function | None],
    layers: Mapping[str, Layer],
    day: date,
    changes: tuple[date, ...],
) -> Compiled | Refused:
    rights, held = _Rights(defaultdict(list), defaultdict(dict)), list(functions)
    for grant in sorted((each for each in grants if each.period.holds(day)), key=lambda each: each.agreement):
        _add(rights, grant, held, layers)
    on_records = _taken(rights)
    boxes = {key: box for key, box in _united(rights).items() if key[0] not in rights.faults}
    until = datetime.combine(changes[0], time(), VIETNAM) if changes else None
    because = {key: _because(rights.pieces[key]) for key in sorted(boxes)}
    collections = _collections(boxes)
    read = [each for each in collections if each.allows(Operation.READ)]
    if records := records_of(read, [RowScope(each.box.terms) for each in on_records], layers):
        collections.append(records)
        reading = _because([*on_records, *_read(rights, boxes)])
        because |= {(RECORDS, each): reading for each in sorted(records.allowance.operations)}
    found = Compiled(compile_profile(collections, until), MappingProxyType(because))
    return _refused(rights.faults, found) if rights.faults else found


def _taken(rights: _Rights) -> list[Piece]:
    """Take the pieces on records out of the rights: they become keys, and are not put together as others are."""
    taken = {each: rights.pieces.pop((RECORDS, each), []) for each in Operation}
    return [] if RECORDS in rights.faults else taken[Operation.READ]


def _read(rights: _Rights, boxes: Iterable[Key]) -> Iterator[Piece]:
    return (each for key in boxes if key[1] is Operation.READ for each in rights.pieces[key])


def _refused(faults: Mapping[str, Mapping[Phrase, frozenset[Giver]]], kept: Compiled) -> Refused:
    reasons = {each for of_one in faults.values() for each in of_one}
    misfits = (
        Misfit(id_, _in_order(each for givers in of_one.values() for each in givers), tuple(sorted(of_one, key=str)))
        for id_, of_one in sorted(faults.items())
    )
    return Refused(tuple(sorted(reasons, key=str)), tuple(misfits), kept)


def _in_order(givers: Iterable[Giver]) -> tuple[Giver, ...]:
    return tuple(sorted(set(givers), key=lambda each: (each[0], each[1] or "")))


def _add(
    rights: _Rights, grant: GrantInForce, functions: Sequence[Function | None], layers: Mapping[str, Layer]
) -> None:
    """Add what each function leaves of a grant."""
    if not any(_operations(grant.grant, each) for each in functions):
        return
    if faults := grant_faults(grant.grant, layers):
        for each in faults:
            rights.refuse(collection_id(grant), Phrase("Agreement '{}': {}", (grant.agreement, each)), [_giver(grant)])
        return
    if grant.kind is AgreementKind.SPECIAL and grant.grant.layer == RECORDS:
        rights.refuse(
            collection_id(grant), Phrase("Agreement '{}': {}", (grant.agreement, NO_REQUEST)), [_giver(grant)]
        )
        return
    whole = _box(grant.grant, layers[grant.grant.layer])
    for function in functions:
        if operations := _operations(grant.grant, function):
            _add_piece(rights, grant, _narrowed(whole, function), function, operations)


def _add_piece(
    rights: _Rights, grant: GrantInForce, box: Box, function: Function | None, operations: Iterable[Operation]
) -> None:
    if function and (lost := _lost(box)):
        reason = Phrase(_DROPPED, (function.code, lost, grant.grant.layer, grant.agreement))
        rights.refuse(collection_id(grant), reason, [_giver(grant, function)])
    elif function and (cut := _cut(box)):
        reason = Phrase(_CUT, (function.code, cut, RECORDS))
        rights.refuse(collection_id(grant), reason, [_giver(grant, function)])
    elif not any(is_empty(each, column_of(box.layer, each.column)) for each in box.terms):
        piece = Piece(box, grant.agreement, function.code if function else None)
        for operation in operations:
            rights.pieces[collection_id(grant), operation].append(piece)


def _giver(grant: GrantInForce, function: Function | None = None) -> Giver:
    return grant.agreement, function.code if function else None


def _box(grant: Grant, layer: Layer) -> Box:
    terms = (canonical(each, column_of(layer, each.column)) for each in grant.rows.terms)
    return Box(
        layer=layer,
        columns=grant.columns,
        geometry=grant.geometry or layer.geometry is None,
        terms=tuple(sorted(terms, key=lambda each: each.column)),
        formats=grant.allowance.formats,
        page_max=grant.allowance.page_max,
        daily_items=grant.allowance.daily_items,
    )


def _operations(grant: Grant, function: Function | None) -> frozenset[Operation]:
    """Return what may be done; nothing at all where the function is about other layers."""
    if function and function.layers is not None and grant.layer not in function.layers:
        return frozenset()
    given = grant.allowance.operations
    return given if function is None or function.operations is None else given & function.operations


def _narrowed(box: Box, function: Function | None) -> Box:
    """Return what a function leaves of the rows and columns of its layer."""
    if function is None:
        return box
    kept = (function.columns or {}).get(box.layer.id)
    narrow = box if kept is None else replace(box, columns=box.columns & kept)
    return narrow if function.territory is None else _within(narrow, function.territory)


def _within(box: Box, territory: frozenset[int]) -> Box:
    name = box.layer.territory
    given = box.term(name)
    values = territory & frozenset(given.values) if isinstance(given, OneOf) else territory
    terms = [each for each in box.terms if each.column != name]
    terms.append(OneOf(name, tuple(sorted(values))))
    return replace(box, terms=tuple(sorted(terms, key=lambda each: each.column)))


def _lost(box: Box) -> str | None:
    """Return a column that identifies or selects rows and is not there, or ``None``."""
    needed = {box.layer.key.name, *(each.column for each in box.terms)}
    return min(needed - _visible(box.columns, box.layer), default=None)


def _cut(box: Box) -> str | None:
    """Return a column of records that is not there, or ``None``: they have all columns or none."""
    return (
        min({each.name for each in box.layer.columns} - box.columns, default=None) if box.layer.id == RECORDS else None
    )


def _visible(columns: frozenset[str], layer: Layer) -> frozenset[str]:
    """Return some columns, and the territory where the layer has no column that shows it."""
    return columns if any(each.name == layer.territory for each in layer.columns) else columns | {layer.territory}


def _united(rights: _Rights) -> dict[Key, Box]:
    """Return the union of the pieces of each operation; operations with the same pieces are looked at once."""
    found: dict[tuple[str, tuple[Piece, ...]], Box | TooMuch] = {}
    boxes: dict[Key, Box] = {}
    for key in sorted(rights.pieces):
        pieces = tuple(sorted(rights.pieces[key], key=_place))
        same = (key[0], pieces)
        union = found.setdefault(same, found.get(same) or united(pieces))
        if isinstance(union, TooMuch):
            rights.refuse(key[0], _over_grant(key[0], union), _sources(union.pieces))
        else:
            boxes[key] = union
    _refuse_odd_queries(rights, boxes)
    return boxes


def _refuse_odd_queries(rights: _Rights, boxes: Mapping[Key, Box]) -> None:
    """Refuse what could be selected by properties elsewhere than it is read: pages read and query in one breath."""
    for (id_, operation), box in boxes.items():
        if operation is Operation.QUERY and box != boxes.get((id_, Operation.READ)):
            pieces = sorted({*rights.pieces[id_, operation], *rights.pieces[id_, Operation.READ]}, key=_place)
            rights.refuse(id_, Phrase(_ODD_QUERY, (id_, _givers(pieces))), _sources(pieces))


def _sources(pieces: Iterable[Piece]) -> Iterator[Giver]:
    return ((each.agreement, each.function) for each in pieces)


def _place(piece: Piece) -> tuple[str, str, str]:
    """Order pieces by who gave them, and those of one giver by what they hold."""
    box = piece.box
    content = (sorted(box.columns), box.geometry, box.terms, sorted(box.formats or ()), box.page_max, box.daily_items)
    return piece.agreement, piece.function or "", repr(content)


def _over_grant(collection: str, union: TooMuch) -> Phrase:
    return Phrase(_OVER_GRANT, (collection, _givers(union.pieces), union.given))


def _givers(pieces: Iterable[Piece]) -> Phrase:
    first, *others = dict.fromkeys(each.name for each in pieces)
    return reduce(lambda one, other: Phrase("{} and {}", (one, other)), others, first)


def _collections(boxes: Mapping[Key, Box]) -> list[Collection]:
    """Return the collections, one for all operations that see the same."""
    operations: dict[tuple[str, Box], list[Operation]] = defaultdict(list)
    for (id_, operation), box in boxes.items():
        operations[id_, box].append(operation)
    return [_collection(id_, box, allowed) for (id_, box), allowed in operations.items()]


def _collection(id_: str, box: Box, operations: Iterable[Operation]) -> Collection:
    columns = tuple(each for each in box.layer.columns if each.name in box.columns)
    return Collection(id_, box.layer, columns, RowScope(box.terms), box.geometry, box.allowance(operations))


def _because(pieces: Iterable[Piece]) -> Because:
    given = list(pieces)
    functions = {each.function for each in given if each.function is not None}
    return Because(tuple(sorted({each.agreement for each in given})), tuple(sorted(functions)))
