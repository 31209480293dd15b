"""The administrative units of the sample province: facts from ``config/units``, with the keys they get."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

FACTS: Final = Path(__file__).parents[2] / "config" / "units" / "binh-phuoc.yml"

OLD_PROVINCE_ID: Final = 1
NEW_PROVINCE_ID: Final = 2
_FIRST_DISTRICT_ID = 11
_FIRST_OLD_COMMUNE_ID = 101
_FIRST_NEW_COMMUNE_ID = 301


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit during one validity; ``valid_to`` is exclusive. ``level``: 1 province, 2 district, 3 commune."""

    id: int
    level: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    declared_m2: float | None
    valid_from: date
    valid_to: date | None
    legal_basis: str

    @property
    def is_urban(self) -> bool:
        return self.kind in ("Phường", "Thị trấn")


@dataclass(frozen=True, slots=True)
class Units:
    """Both states of the territory and the way from one to the other.

    ``positions`` holds a rough lon, lat for each new commune and each district, by id; ``successor`` leads from
    the id of an old commune to that of the new one.
    """

    province: Unit
    districts: tuple[Unit, ...]
    communes: tuple[Unit, ...]
    new_province: Unit
    new_communes: tuple[Unit, ...]
    successor: Mapping[int, int]
    positions: Mapping[int, tuple[float, float]]
    reform_day: date
    reform_basis: str

    def all(self) -> tuple[Unit, ...]:
        """Return every unit, parents before children."""
        return (self.province, self.new_province, *self.districts, *self.communes, *self.new_communes)


def read_units(file: Path = FACTS) -> Units:
    """Return the units of the sample province."""
    facts: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    old, reform = facts["state_2023"], facts["reform"]
    before = (old["valid_from"], reform["day"], old["legal_basis"])
    after = (reform["day"], None, reform["legal_basis"])
    districts = _numbered(old["districts"], _FIRST_DISTRICT_ID, 2, OLD_PROVINCE_ID, before)
    communes = _communes(old["districts"], districts, before)
    new_communes = _numbered(reform["communes"], _FIRST_NEW_COMMUNE_ID, 3, NEW_PROVINCE_ID, after)
    return Units(
        province=_unit(OLD_PROVINCE_ID, 1, old["province"], None, before),
        districts=districts,
        communes=communes,
        new_province=_unit(NEW_PROVINCE_ID, 1, reform["province"], None, after),
        new_communes=new_communes,
        successor=_successors(reform["communes"], communes, new_communes),
        positions=_positions(old["districts"], districts) | _positions(reform["communes"], new_communes),
        reform_day=reform["day"],
        reform_basis=reform["legal_basis"],
    )


type _Validity = tuple[date, date | None, str]


def _unit(key: int, level: int, fact: Mapping[str, Any], parent: int | None, validity: _Validity) -> Unit:
    km2 = fact.get("declared_km2")
    declared = None if km2 is None else round(km2 * 1e6, 1)
    return Unit(key, level, fact["code"], fact["name"], fact["kind"], parent, declared, *validity)


def _numbered(
    facts: list[dict[str, Any]], first: int, level: int, parent: int, validity: _Validity
) -> tuple[Unit, ...]:
    return tuple(_unit(first + i, level, fact, parent, validity) for i, fact in enumerate(facts))


def _communes(facts: list[dict[str, Any]], districts: tuple[Unit, ...], validity: _Validity) -> tuple[Unit, ...]:
    pairs = [(district, fact) for district, group in zip(districts, facts, strict=True) for fact in group["communes"]]
    return tuple(
        _unit(_FIRST_OLD_COMMUNE_ID + i, 3, fact, district.id, validity) for i, (district, fact) in enumerate(pairs)
    )


def _successors(facts: list[dict[str, Any]], old: tuple[Unit, ...], new: tuple[Unit, ...]) -> dict[int, int]:
    ids = {unit.code: unit.id for unit in old}
    return {ids[code]: unit.id for unit, fact in zip(new, facts, strict=True) for code in fact["formed_from"]}


def _positions(facts: list[dict[str, Any]], units: tuple[Unit, ...]) -> dict[int, tuple[float, float]]:
    return {unit.id: tuple(fact["lon_lat"]) for unit, fact in zip(units, facts, strict=True)}
