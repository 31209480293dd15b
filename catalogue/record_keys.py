"""Who may see which records: the keys that a profile holds. Source: ``docs/explanation/catalogue.md``.

Whoever reads a collection has the frame of its record: nothing in it was computed from rows. What was computed
(counts, the extent and currency of the data, loads, results of checks) stands in full records, which a clause on the
layer of records gives. A row of the catalogue has one key, and a profile the keys of the rows that it sees; of one
record it never holds two.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from catalogue.layer import Component, Layer
from catalogue.profile import Collection, OneOf, Operation, RowScope

RECORDS = "sieu-du-lieu"
"""Id of the layer of records."""
KEY = "khoa"
"""Column with the key of a row."""
COMPONENT = "thanh_phan"
"""Column with the component database, on which a clause may stand besides the territory."""
_OPERATIONS = frozenset({Operation.READ, Operation.QUERY})


def frame_of(collection: str) -> str:
    """Return the key of what everybody who reads a collection knows of it."""
    return f"khung:{collection}"


def full_of(layer: str, *, with_access: bool) -> str:
    """Return the key of the full record of a layer; ``with_access``: with the links to its items."""
    return f"{'ca-hai' if with_access else 'day-du'}:{layer}"


def of_component(component: str, unit: int | None = None) -> str:
    """Return the key of the records of a component database: those of one administrative unit, or of all."""
    return f"don-vi:{component}" if unit is None else f"don-vi:{component}/{unit}"


def records_of(read: Iterable[Collection], given: Collection | None, layers: Mapping[str, Layer]) -> Collection | None:
    """Return the collection of records of a profile, ``None`` where it sees no record.

    Args:
        read: the collections that it reads, without that of records.
        given: what clauses on the layer of records give, by administrative unit and component database.
        layers: all that there are, by id.
    """
    layer = layers.get(RECORDS)
    if layer is None:
        return None
    ids = {each.id for each in read}
    full = dict(_full(given, ids, layers)) if given else {}
    frames = (frame_of(each) for each in ids if each not in full)
    keys = (*frames, *full.values(), *(_of_units(given) if given else ()))
    if not keys:
        return None
    scope = RowScope((OneOf(KEY, tuple(sorted(keys))),))
    whole = Collection(RECORDS, layer, layer.columns, scope)
    allowance = replace((given or whole).allowance, operations=_OPERATIONS, formats=None)
    return replace(whole, allowance=allowance)


def keys_of(collection: Collection) -> tuple[str, ...]:
    """Return the keys that a collection of records holds."""
    term = collection.scope.term(KEY)
    return tuple(str(each) for each in term.values) if isinstance(term, OneOf) else ()


def _full(given: Collection, read: set[str], layers: Mapping[str, Layer]) -> Iterator[tuple[str, str]]:
    """Yield layers with the keys of their full records: those of a clause on the whole province tell of all rows."""
    if given.scope.term(given.layer.territory) is not None:
        return
    components = set(_components(given))
    for each in layers.values():
        if each.id != RECORDS and each.component.value in components:
            yield each.id, full_of(each.id, with_access=each.id in read)


def _of_units(given: Collection) -> Iterator[str]:
    units = given.scope.term(given.layer.territory)
    for component in _components(given):
        if isinstance(units, OneOf):
            yield from (of_component(component, int(each)) for each in units.values)
        else:
            yield of_component(component)


def _components(given: Collection) -> list[str]:
    term = given.scope.term(COMPONENT)
    known = [each.value for each in Component if each is not Component.METADATA]
    return [each for each in known if each in term.values] if isinstance(term, OneOf) else known
