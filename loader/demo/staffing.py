"""Staff the demo as the Sở does: its first two admins, units, functions, heads; the heads hand out the rest."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pyotp.totp import TOTP

from auth.credentials import passwords, totp
from auth.model import AccountKind, Caller, Function, Period, UnitKind
from auth.people import accounts, first_admins, functions, handovers, units
from auth.people.accounts import Account, NewAccount
from auth.people.proposals import Act
from auth.people.units import NewUnit
from auth.territory import COMMUNE, DISTRICT, Territories, read_territories
from catalogue.layer import Layer
from core.errors import CatalogueError
from loader.demo.deriving import password_of, second_factor_of, source
from loader.demo.files import AccountEntry, Demo, FunctionEntry, UnitEntry
from loader.demo.stage import Stage, callers
from loader.demo.two import by_two

ADMIN: Final = "so.quantri1"
"""The admin who makes units, functions and accounts."""
SINCE: Final = date(2025, 1, 1)
"""The day from which the demo's accounts hold their functions."""
_LEVELS: Final = {UnitKind.DISTRICT: DISTRICT, UnitKind.COMMUNE: COMMUNE}
_WITH_SECOND_FACTOR: Final = (AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD)


@dataclass(frozen=True, slots=True)
class Office:
    """The Sở at work.

    Attributes:
        key: 32 bytes: secrets at rest are sealed with it, and those of the demo derived from it.
        day: the legal day.
    """

    stage: Stage
    demo: Demo
    layers: Sequence[Layer]
    key: bytes
    day: date


def staff(office: Office) -> Mapping[str, Caller]:
    """Make units, functions and accounts, hand the accounts over and give the functions; return who may act."""
    stage = office.stage
    territories = read_territories(stage.connection)
    _appoint(office)
    admin = _people(office)[ADMIN]
    for unit in office.demo.units[1:]:
        stage.keep(units.create_unit, admin, _new_unit(office, unit, territories))
    for each in office.demo.functions:
        function = _function(each, territories, office.day)
        stage.keep(functions.define_function, admin, each.unit, function, layers=office.layers)
    for head in _of(office, AccountKind.UNIT_HEAD):
        _appoint_head(office, head, admin)
    for each in _of(office, AccountKind.INDIVIDUAL, AccountKind.MACHINE):
        _employ(office, each, admin)
    return _people(office)


def _appoint(office: Office) -> None:
    """Make the Sở and its first admins, as its DBA does."""
    unit = office.demo.units[0]
    new = NewUnit(unit.code, unit.name, unit.kind, unit.valid_from)
    admins = [_new(each) for each in _of(office, AccountKind.SYSTEM_ADMIN)]
    for handed in office.stage.found(first_admins.bootstrap, admins, unit=new, clock=office.stage.clock):
        _take_over(office, handed.account, handed.activation_code)


def _appoint_head(office: Office, entry: AccountEntry, admin: Caller) -> None:
    """Make the account of a head, and hand it over, as two admins do."""
    stage, person = office.stage, entry.person or ""
    by_two(stage, Act.CREATE, entry.code, unit=entry.unit, kind=entry.kind, person=person)
    code = by_two(stage, Act.HAND_OVER, entry.code, to_person=person)
    _take_over(office, stage.keep(accounts.account_seen, admin, entry.code), code)


def _employ(office: Office, entry: AccountEntry, admin: Caller) -> None:
    """Make the account of a person within the allowance, or that of a machine, and give it its functions."""
    stage, clock, head = office.stage, office.stage.clock, _people(office)[_head(office, entry.unit)]
    if entry.kind is AccountKind.MACHINE:
        stage.keep(accounts.create_account, admin, _new(entry), clock=clock)
    else:
        stage.keep(accounts.create_account, head, _new(entry), clock=clock)
        handed = stage.keep(handovers.hand_over, head, entry.code, to_person=entry.person or "", clock=clock)
        _take_over(office, handed.account, handed.activation_code)
    for code in entry.functions:
        stage.keep(functions.give_function, head, entry.code, code, layers=office.layers, day=SINCE)


def _take_over(office: Office, owner: Account, code: str) -> None:
    """Use the activation code, choose a password and, where one is asked for, set up the second factor."""
    stage, clock = office.stage, office.stage.clock
    password = password_of(owner.code, passwords.expiry(clock.now()), key=office.key)
    stage.keep(passwords.change_password, owner.id, current=code, new=password, clock=clock)
    if owner.kind in _WITH_SECOND_FACTOR:
        secret = second_factor_of(owner.code, key=office.key)
        stage.keep(totp.enrol, owner.id, account=owner.code, key=office.key, now=clock.now(), random=source(secret))
        code = TOTP(base64.b32encode(secret).decode()).at(clock.now())
        stage.keep(totp.confirm, owner.id, code, key=office.key, clock=clock)


def _new_unit(office: Office, unit: UnitEntry, territories: Territories) -> NewUnit:
    people = [each for each in _of(office, AccountKind.INDIVIDUAL) if each.unit == unit.code]
    place = _place(territories, _LEVELS[unit.kind], unit.territory, office.day) if unit.territory else None
    return NewUnit(
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        since=unit.valid_from,
        territory=place,
        parent=unit.parent,
        allowance=len(people),
    )


def _function(entry: FunctionEntry, territories: Territories, day: date) -> Function:
    places = frozenset(_place(territories, COMMUNE, code, day) for code in entry.territory or ())
    return Function(
        code=entry.code,
        name=entry.name,
        period=Period(SINCE),
        layers=entry.layers,
        columns=entry.columns,
        operations=entry.operations,
        territory=places or None,
    )


def _place(territories: Territories, level: int, code: str, day: date) -> int:
    found = territories.find(level, code, day)
    if found is None:
        raise CatalogueError(f"nothing had the code {code} on {day}")
    return found.id


def _new(entry: AccountEntry) -> NewAccount:
    return NewAccount(entry.code, entry.unit, entry.kind, entry.person)


def _of(office: Office, *kinds: AccountKind) -> list[AccountEntry]:
    return [each for each in office.demo.accounts if each.kind in kinds]


def _head(office: Office, unit: str) -> str:
    return next(each.code for each in _of(office, AccountKind.UNIT_HEAD) if each.unit == unit)


def _people(office: Office) -> Mapping[str, Caller]:
    return callers(office.stage.connection, office.stage.clock.now())
