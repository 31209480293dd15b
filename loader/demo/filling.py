"""Fill a sample province with the demo: all of it, or nothing."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from psycopg import Connection
from psycopg.types.json import Jsonb

from auth.clauses import AgreementDocument, PackageDocument, Place, Terms, Vocabulary, body_of
from auth.model import AgreementKind, UnitKind
from auth.territory import COMMUNE, DISTRICT, Territories, read_territories
from catalogue.layer import Layer
from core.errors import DatabaseError
from database.queries import load
from formats.offered import FORMATS
from loader import sample
from loader.demo.files import Demo, FunctionEntry, UnitEntry

LOAD_NAME: Final = "don-vi-mau"
"""``lg.dot_nap.lop`` of the row that marks a database with the demo."""
SINCE: Final = date(2025, 1, 1)
"""The day from which the demo's accounts hold their functions."""
_LEVELS: Final = {UnitKind.DISTRICT: DISTRICT, UnitKind.COMMUNE: COMMUNE}
_QUERIES: Final = load("loader.demo", "filling.sql")


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the demo is filled in over."""

    connection: Connection[Any]
    territories: Territories
    vocabulary: Vocabulary
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


def is_demo(connection: Connection[Any]) -> bool:
    """Tell whether the demo was loaded into this database."""
    return connection.execute(_QUERIES["is_filled"].encode(), {"name": LOAD_NAME}).fetchone() == (True,)


def fill(connection: Connection[Any], demo: Demo, layers: Mapping[str, Layer]) -> bool:
    """Fill in the demo, in the transaction of the DBA; tell whether anything was done.

    Raises:
        DatabaseError: the database holds no sample province.
        BadDocument: an agreement does not fit the layers.
    """
    if "era=before_reform" not in (sample.built_as(connection) or ""):
        raise DatabaseError("The demo goes with the sample province before the reform; this database does not hold it.")
    if is_demo(connection):
        return False
    _fill(_Ground(connection, read_territories(connection), _vocabulary(layers), _legal_day(connection)), demo)
    values = {"name": LOAD_NAME, "sha256": hashlib.sha256(repr(demo).encode()).hexdigest(), "rows": len(demo.accounts)}
    connection.execute(_QUERIES["mark"].encode(), values)
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return True


def _vocabulary(layers: Mapping[str, Layer]) -> Vocabulary:
    return Vocabulary(layers, frozenset(each.key for each in FORMATS))


def _legal_day(connection: Connection[Any]) -> date:
    return cast("tuple[date]", connection.execute(_QUERIES["legal_day"].encode()).fetchone())[0]


def _fill(ground: _Ground, demo: Demo) -> None:
    units = _add_units(ground, demo)
    accounts = _add_accounts(ground, demo, units)
    officers = (accounts["so.quantri1"], accounts["so.quantri2"])
    packages = {each.package: _add_agreement(ground, _of_package(each), each, officers) for each in demo.packages}
    for unit in demo.units:
        for code in unit.joins:
            package = next(each for each in demo.packages if each.package == code)
            values = {"code": f"{code}-{unit.code}", "kind": AgreementKind.DEFAULT, "recipient": units[unit.code]}
            values |= {"title": package.title, "package": packages[code], "own": ground.place(unit)}
            _add_agreement(ground, values, package, officers)
    for each in demo.agreements:
        _add_agreement(ground, _of_agreement(ground, demo, each, units), each, officers)


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


def _of_package(package: PackageDocument) -> dict[str, Any]:
    return {"code": package.package, "kind": "goi", "recipient": None, "title": package.title, "package": None}


def _of_agreement(
    ground: _Ground, demo: Demo, agreement: AgreementDocument, units: Mapping[str, int]
) -> dict[str, Any]:
    recipient = agreement.recipient
    return {
        "code": agreement.agreement,
        "kind": agreement.kind,
        "recipient": units[recipient] if recipient else None,
        "title": agreement.title,
        "package": None,
        "own": ground.place(demo.unit(recipient)) if recipient else None,
    }


def _add_agreement(ground: _Ground, values: Mapping[str, Any], terms: Terms, officers: tuple[int, int]) -> int:
    kind = values["kind"]
    place = Place(ground.territories, ground.day, values.get("own"), kind == "goi", kind == AgreementKind.PUBLIC)
    id_ = ground.insert("insert_agreement", values)
    version = {
        "agreement": id_,
        "valid_from": terms.valid_from,
        "valid_until": terms.valid_until,
        "body": Jsonb(body_of(terms, ground.vocabulary, place)),
        "maker": officers[0],
        "checker": officers[1],
    }
    ground.connection.execute(_QUERIES["insert_version"].encode(), version)
    return id_
