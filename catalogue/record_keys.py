"""Who may see which records: the keys that a profile holds. Source: ``docs/explanation/permissions.md``.

Whoever reads a collection has the frame of its record: nothing in it was computed from rows. What was computed
(counts, the extent and currency of the data, loads, results of checks) stands in full records, which a clause on the
layer of records gives. A row of the catalogue has one key, and a profile the keys of the rows that it sees; of one
record it never holds two. Keys are a list, so what several clauses give is always exactly what each of them gives.
"""

from collections.abc import Collection as Several
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from catalogue.key_names import COMPONENT, COMPONENTS, KEY, RECORDS, frame_of, full_of, is_frame, of_component
from catalogue.layer import Layer
from catalogue.profile import Collection, OneOf, RowScope, whole

__all__ = ["COMPONENT", "KEY", "RECORDS", "frame_of", "full_of", "is_frame", "keys_of", "of_component", "records_of"]


def records_of(read: Iterable[Collection], given: Several[RowScope], layers: Mapping[str, Layer]) -> Collection | None:
    """Return the collection of records of a profile, ``None`` where it sees no record.

    Args:
        read: the collections that it reads, without that of records.
        given: what clauses on the layer of records give, each by administrative unit and component database.
        layers: all that there are, by id.
    """
    layer = layers.get(RECORDS)
    if layer is None:
        return None
    ids = {each.id for each in read}
    full = dict(_full(given, ids, layers))
    keys = (*(frame_of(each) for each in ids if each not in full), *full.values(), *_of_units(given, layer))
    return keyed(layer, keys) if keys else None


def keyed(layer: Layer, keys: Iterable[str]) -> Collection:
    """Return the collection of the records that some keys show."""
    return replace(whole(layer), scope=RowScope((OneOf(KEY, tuple(sorted(keys))),)))


def keys_of(collection: Collection) -> tuple[str, ...]:
    """Return the keys that a collection of records holds."""
    term = collection.scope.term(KEY)
    return tuple(str(each) for each in term.values) if isinstance(term, OneOf) else ()


def _full(given: Iterable[RowScope], read: set[str], layers: Mapping[str, Layer]) -> Iterator[tuple[str, str]]:
    """Yield layers with the keys of their full records: those of a clause on the whole province tell of all rows."""
    territory = layers[RECORDS].territory
    components = {name for each in given if each.term(territory) is None for name in _components(each)}
    for each in layers.values():
        if each.id != RECORDS and each.component.value in components:
            yield each.id, full_of(each.id, with_access=each.id in read)


def _of_units(given: Iterable[RowScope], layer: Layer) -> frozenset[str]:
    """Return the keys of the records of units; who has those of all units has no other key of them."""
    everywhere = {name for each in given if each.term(layer.territory) is None for name in _components(each)}
    apart = {
        of_component(name, int(unit))
        for each in given
        if isinstance(units := each.term(layer.territory), OneOf)
        for name in _components(each)
        if name not in everywhere
        for unit in units.values
    }
    return frozenset(apart | {of_component(name) for name in everywhere})


def _components(given: RowScope) -> tuple[str, ...]:
    term = given.term(COMPONENT)
    return tuple(each for each in COMPONENTS if each in term.values) if isinstance(term, OneOf) else COMPONENTS
