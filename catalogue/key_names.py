"""How the keys of records are written: one key is one way to see a record. See ``catalogue.record_keys``."""

from catalogue.layer import Component

RECORDS = "sieu-du-lieu"
"""Id of the layer of records."""
KEY = "khoa"
"""Column with the key of a row."""
COMPONENT = "thanh_phan"
"""Column with the component database, on which a clause may stand besides the territory."""
COMPONENTS = tuple(each.value for each in Component if each is not Component.METADATA)
"""The component databases that records tell of."""


def frame_of(collection: str) -> str:
    """Return the key of what everybody who reads a collection knows of it."""
    return f"khung:{collection}"


def is_frame(key: str) -> bool:
    """Return whether a key comes with a collection that is read, and not with a clause on records."""
    return key.startswith(frame_of(""))


def full_of(layer: str, *, with_access: bool) -> str:
    """Return the key of the full record of a layer; ``with_access``: with the links to its items."""
    return f"{'ca-hai' if with_access else 'day-du'}:{layer}"


def of_component(component: str, unit: int | None = None) -> str:
    """Return the key of the records of a component database: those of one administrative unit, or of all."""
    return f"don-vi:{component}" if unit is None else f"don-vi:{component}/{unit}"
