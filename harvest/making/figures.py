"""What was counted of the data, as values: nothing of it is in a frame."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from catalogue.layer import Component, Layer, Rows
from catalogue.record import Area, Extent
from harvest.making.words import EDITIONS, WORDS


@dataclass(frozen=True, slots=True)
class Load:
    """A load of data: its day, the file without its path, and what became of the rows."""

    id: UUID
    day: date
    file: str
    read: int
    taken: int
    refused: tuple[tuple[str, int], ...] = ()
    """Rows that a rule turned away, by its code; told of the newest load alone."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted.

    Attributes:
        extent: the box around the geometries; ``None``: there are none.
        begin: the earliest day on which one of the rows took effect; ``None``: not known.
        current_on: the day of the newest change; ``None``: not known.
        loads: the newest first.
    """

    items: int = 0
    extent: Extent | None = None
    begin: date | None = None
    current_on: date | None = None
    loads: tuple[Load, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Unit:
    """An administrative unit, with its number in the database and the box of its boundary."""

    number: int
    area: Area
    extent: Extent


@dataclass(frozen=True, slots=True)
class InUnit:
    """What a component database holds in an administrative unit, of one edition; ``None``: the state in force."""

    component: Component
    unit: Unit
    edition: str | None
    figures: Figures


def counted(layers: tuple[Layer, ...]) -> dict[Component, tuple[Layer, ...]]:
    """Return the layers that records of administrative units count, by component database: of each table one.

    Where layers of the component have editions, only those count; of two layers over one table that of the rows
    in force.
    """
    return {component: _of_component(layers, component) for component in WORDS}


def edition_column(layer: Layer) -> str | None:
    """Return the column that tells the year of a row, which scopes may name; ``None``: there is none."""
    column = EDITIONS.get(layer.id)
    return column if column in layer.scopes else None


def begin_column(layer: Layer) -> str | None:
    """Return the column with the day on which a row took effect, where scopes may name it."""
    return layer.time.begin if layer.time and layer.time.begin in layer.scopes else None


def _of_component(layers: tuple[Layer, ...], component: Component) -> tuple[Layer, ...]:
    found: dict[str, Layer] = {}
    for each in layers:
        if each.component is component and (each.qualified_table not in found or each.rows is Rows.IN_FORCE):
            found[each.qualified_table] = each
    yearly = tuple(each for each in found.values() if edition_column(each))
    return yearly or tuple(found.values())
