"""Fill in the units, functions and accounts of the demo."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from psycopg import Connection
from psycopg.types.json import Jsonb

from auth.model import UnitKind
from auth.territory import COMMUNE, DISTRICT, Territories, read_territories
from database.queries import load
from loader.demo.files import Demo, FunctionEntry, UnitEntry

SINCE: Final = date(2025, 1, 1)
"""The day from which the demo's accounts hold their functions."""
_LEVELS: Final = {UnitKind.DISTRICT: DISTRICT, UnitKind.COMMUNE: COMMUNE}
_QUERIES: Final = load("loader.demo", "demo.sql")


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the demo is filled in over."""

    connection: Connection[Any]
    territories: Territories
    day: date

    def insert(self, query: str, values: Mapping[str, Any]) -> int:
        row = self.connection.execute(_QUERIES[query].encode(), values).fetchone()
        return cast("tuple[int]", row)[0]

    def place(self, unit: UnitEntry) -> int | None:
        """Return the id of what a committee governs."""
        if unit.territory is None:
            return None
        found = self.territories.find(_LEVELS[unit.kind], unit.territory, self.day)
        return found and found.id


def fill(connection: Connection[Any], demo: Demo, day: date) -> None:
    """Fill in units, functions and accounts, in the transaction of the DBA."""
    _fill(_Ground(connection, read_territories(connection), day), demo)


def _fill(ground: _Ground, demo: Demo) -> None:
    units = _add_units(ground, demo)
    _add_accounts(ground, demo, units)


def _add_units(ground: _Ground, demo: Demo) -> dict[str, int]:
    ids: dict[str, int] = {}
    for unit in demo.units:
        values = unit.model_dump() | {"territory": ground.place(unit)}
        ids[unit.code] = ground.insert("insert_unit", values)
        if unit.parent:
            values = {"unit": ids[unit.code], "parent": ids[unit.parent], "valid_from": unit.valid_from}
            ground.connection.execute(_QUERIES["insert_parent"].encode(), values)
    return ids


def _add_accounts(ground: _Ground, demo: Demo, units: Mapping[str, int]) -> dict[str, int]:
    functions: dict[tuple[str, str], int] = {}
    for each in demo.functions:
        values = {"unit": units[each.unit], "code": each.code, "name": each.name, "valid_from": SINCE}
        values |= {"narrows": Jsonb(_narrows(ground, each))}
        functions[each.unit, each.code] = ground.insert("insert_function", values)
    ids: dict[str, int] = {}
    for account in demo.accounts:
        values = account.model_dump() | {"unit": units[account.unit]}
        ids[account.code] = ground.insert("insert_account", values)
        for code in account.functions:
            held = {"account": ids[account.code], "function": functions[account.unit, code], "valid_from": SINCE}
            ground.connection.execute(_QUERIES["give_function"].encode(), held)
    return ids


def _narrows(ground: _Ground, function: FunctionEntry) -> dict[str, Any]:
    ids = [ground.territories.find(COMMUNE, code, ground.day) for code in function.territory or ()]
    narrows = {
        "layers": function.layers and sorted(function.layers),
        "columns": function.columns and {layer: sorted(names) for layer, names in function.columns.items()},
        "operations": function.operations and sorted(function.operations),
        "territory": sorted(each.id for each in ids if each),
    }
    return {key: value for key, value in narrows.items() if value}
