"""Count the data, as a role that sees nothing of what rows tell; counts are kept by administrative unit and year."""

import json
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from psycopg import Connection, sql

from catalogue.layer import Component, Layer, Rows, Text
from catalogue.record import Area, Extent
from database.queries import load
from harvest.making.figures import Figures, InUnit, Load, Unit, begin_column, edition_column

type Dirty = Mapping[str, frozenset[int]]
"""Administrative units by the table whose rows in them changed."""
_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "figures.sql").items()}
_DIGITS = 6
"""Of a degree: a tenth of a metre."""


def changed(connection: Connection[Any], layers: Sequence[Layer], since: str, until: str) -> Dirty:
    """Return where the data changed in transactions from ``since`` on and before ``until``."""
    arguments = {"tables": _tables(layers), "since": since, "until": until}
    found: dict[str, set[int]] = defaultdict(set)
    for table, unit in connection.execute(_QUERIES["changed"], arguments):
        found[table].add(unit)
    return {table: frozenset(units) for table, units in found.items()}


def recount(connection: Connection[Any], layers: Sequence[Layer], dirty: Dirty, since: str, until: str) -> None:
    """Count anew what changed, and write down on which day it did."""
    touched = [each for each in layers if each.qualified_table in dirty]
    with _counting(connection):
        counted = {each.id: _count(connection, each, dirty[each.qualified_table]) for each in touched}
    for each in touched:
        _keep(connection, each, counted[each.id], sorted(dirty[each.qualified_table]))
    _note_days(connection, touched, since, until)


def count_all(connection: Connection[Any], layers: Sequence[Layer], until: str) -> None:
    """Count everything, as if nothing had been counted before."""
    connection.execute(_QUERIES["forget_others"], {"layers": [each.id for each in layers]})
    connection.execute(_QUERIES["forget_days"])
    with _counting(connection):
        counted = {each.id: _count(connection, each, None) for each in layers}
    for each in layers:
        _keep(connection, each, counted[each.id], None)
    _note_days(connection, layers, "0", until)


def of_layers(connection: Connection[Any], layers: Sequence[Layer]) -> dict[str, Figures]:
    """Return what is known of each layer in the whole province; one without rows may be missing."""
    loads = _loads(connection, layers)
    found = {each.id: Figures(loads=loads.get(each.id, ())) for each in layers}
    for layer, items, begin, west, south, east, north, day in connection.execute(_QUERIES["of_layers"]):
        box = None if west is None else _box(west, south, east, north)
        found[layer] = Figures(items, box, begin, day, loads.get(layer, ()))
    return found


def of_units(
    connection: Connection[Any], counted: Mapping[Component, tuple[Layer, ...]], units: Iterable[int] | None
) -> list[InUnit]:
    """Return what administrative units hold by component database and edition: some units, or (``None``) all."""
    pairs = [(layer.id, component.value) for component, layers in counted.items() for layer in layers]
    asked = None if units is None else sorted(units)
    arguments = {"layers": [each[0] for each in pairs], "components": [each[1] for each in pairs], "units": asked}
    rows = connection.execute(_QUERIES["of_units"], arguments).fetchall()
    known = _units(connection, asked)
    return [
        InUnit(Component(component), known[unit], edition or None, Figures(items, None, begin, day))
        for component, unit, edition, items, begin, day in rows
        if unit in known
    ]


def loads_version(connection: Connection[Any]) -> str:
    """Return what differs when there was another load."""
    row = connection.execute(_QUERIES["loads_version"]).fetchone()
    return str(row[0]) if row else ""


@contextmanager
def _counting(connection: Connection[Any]) -> Generator[None]:
    """Be the role that counts for the time of a block; what raises ends the transaction, and the role with it."""
    row = connection.execute(_QUERIES["counter"]).fetchone()
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(row[0] if row else "")))
    yield
    connection.execute(_QUERIES["lay_down"])


def _count(connection: Connection[Any], layer: Layer, units: Iterable[int] | None) -> list[dict[str, Any]]:
    arguments = {
        "table": layer.qualified_table,
        "in_force": layer.rows is Rows.IN_FORCE,
        "edition": edition_column(layer),
        "begin": begin_column(layer),
        "units": None if units is None else sorted(units),
    }
    names = ("xa_id", "ky", "so_dong", "tu", "tay", "nam", "dong", "bac")
    return [dict(zip(names, row, strict=True)) for row in connection.execute(_QUERIES["count"], arguments)]


def _keep(connection: Connection[Any], layer: Layer, counted: list[dict[str, Any]], units: list[int] | None) -> None:
    connection.execute(_QUERIES["forget"], {"layer": layer.id, "units": units})
    written = json.dumps(counted, default=str)
    connection.execute(_QUERIES["keep"], {"layer": layer.id, "counted": written})


def _note_days(connection: Connection[Any], layers: Sequence[Layer], since: str, until: str) -> None:
    arguments = {
        "layers": [each.id for each in layers],
        "tables": [each.qualified_table for each in layers],
        "columns": [edition_column(each) for each in layers],
    }
    connection.execute(_QUERIES["note_days"], arguments | {"since": since, "until": until})


def _units(connection: Connection[Any], asked: list[int] | None) -> dict[int, Unit]:
    with _counting(connection):
        rows = connection.execute(_QUERIES["units"], {"units": asked}).fetchall()
    return {
        number: Unit(number, Area(code, Text(name, name), level, since), _box(*box))
        for number, level, code, name, since, *box in rows
    }


def _loads(connection: Connection[Any], layers: Sequence[Layer]) -> dict[str, tuple[Load, ...]]:
    rows = connection.execute(_QUERIES["loads"], {"layers": [each.id for each in layers]}).fetchall()
    newest: dict[str, Any] = {}
    for id_, layer, *_ in rows:
        newest.setdefault(layer, id_)
    refused: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    for id_, code, count in connection.execute(_QUERIES["refused"], {"loads": list(newest.values())}):
        refused[id_].append((code, count))
    found: dict[str, list[Load]] = defaultdict(list)
    for id_, layer, day, file, read, taken in rows:
        found[layer].append(Load(id_, day, _name(file), read, taken, tuple(refused.get(id_, ()))))
    return {layer: tuple(loads) for layer, loads in found.items()}


def _name(file: str) -> str:
    """Return the name of a file without its path, whatever system wrote it."""
    return PureWindowsPath(PurePosixPath(file).name).name


def _box(west: float, south: float, east: float, north: float) -> Extent:
    return Extent(*(round(each, _DIGITS) for each in (west, south, east, north)))


def _tables(layers: Sequence[Layer]) -> list[str]:
    return sorted({each.qualified_table for each in layers})
