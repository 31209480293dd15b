"""What ``config/demo`` says: units, functions, accounts, clients, managers, packages, requests, agreements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict

from auth.model import AccountKind, UnitKind
from auth.policy.clauses import AgreementDocument, PackageDocument, read_document
from catalogue.profile import Operation

FOLDER: Final = Path(__file__).parents[2] / "config" / "demo"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitEntry(_Entry):
    """A unit. ``territory`` is the code of what a committee governs; ``joins`` names packages."""

    code: str
    name: str
    kind: UnitKind
    parent: str | None = None
    territory: str | None = None
    valid_from: date
    joins: tuple[str, ...] = ()


class FunctionEntry(_Entry):
    """A function of a unit; what is absent narrows nothing. ``territory`` holds codes of communes."""

    unit: str
    code: str
    name: str
    layers: frozenset[str] | None = None
    columns: Mapping[str, frozenset[str]] | None = None
    operations: frozenset[Operation] | None = None
    territory: tuple[str, ...] | None = None


class AccountEntry(_Entry):
    """An account; a machine has no person."""

    code: str
    unit: str
    kind: AccountKind
    person: str | None = None
    functions: tuple[str, ...] = ()


class ClientEntry(_Entry):
    """A program that asks for tokens as a machine account."""

    id: str
    name: str
    unit: str
    account: str
    auth_method: str
    scopes: tuple[str, ...]


class RequestEntry(_Entry):
    """A special request of a unit: what it asks for, why, and for how long."""

    request: str
    unit: str
    data: str
    purpose: str
    legal_basis: str
    valid_from: date
    valid_until: date | None = None


class ManagingEntry(_Entry):
    """A unit manages a layer in the whole province."""

    layer: str
    unit: str


@dataclass(frozen=True, slots=True)
class Demo:
    """All that the demo consists of, in the order of the files."""

    units: tuple[UnitEntry, ...]
    functions: tuple[FunctionEntry, ...]
    accounts: tuple[AccountEntry, ...]
    clients: tuple[ClientEntry, ...]
    managing: tuple[ManagingEntry, ...]
    packages: tuple[PackageDocument, ...]
    requests: tuple[RequestEntry, ...]
    agreements: tuple[AgreementDocument, ...]

    def unit(self, code: str) -> UnitEntry:
        """Return the unit of that code."""
        return next(each for each in self.units if each.code == code)

    def account(self, code: str) -> AccountEntry:
        """Return the account of that code."""
        return next(each for each in self.accounts if each.code == code)


def read_demo(folder: Path = FOLDER) -> Demo:
    """Return the demo that the files of a folder describe.

    Raises:
        BadDocument: a file is not as it must be; the text lists every fault of it.
    """
    return Demo(
        units=_entries(folder, "units", UnitEntry),
        functions=_entries(folder, "functions", FunctionEntry),
        accounts=_entries(folder, "accounts", AccountEntry),
        clients=_entries(folder, "clients", ClientEntry),
        managing=_entries(folder, "managing", ManagingEntry),
        packages=_entries(folder, "packages", PackageDocument),
        requests=_entries(folder, "requests", RequestEntry),
        agreements=_entries(folder, "agreements", AgreementDocument),
    )


def _entries[Kind: BaseModel](folder: Path, name: str, kind: type[Kind]) -> tuple[Kind, ...]:
    written: list[Any] = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
    return tuple(read_document(kind, each) for each in written)
