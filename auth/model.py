"""The words of permission as values: units, functions, accounts, grants, and who asks.

Days are legal days (``lg.hom_nay``); the end of a period, ``until``, is the first day on which it is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from catalogue.profile import Allowance, Operation, RowScope


class UnitKind(StrEnum):
    """Kinds of units (đơn vị) that use the database."""

    DEPARTMENT = "so"
    """The Sở itself, which runs the database."""
    DIVISION = "phong_so"
    """A division of the Sở, with duties and agreements of its own."""
    STATE_BODY = "so_nganh"
    DISTRICT = "huyen"
    COMMUNE = "xa"
    TAX = "thue"
    ONE_STOP = "mot_cua"
    PROVINCIAL_OFFICE = "vp_ubnd"
    OPERATIONS_CENTRE = "ioc"
    MINISTRY = "bo"
    DATA_CENTRE = "trung_tam_du_lieu"
    """Runs the machines; sees health and backups, never a row."""
    OTHER = "khac"


class AccountKind(StrEnum):
    SYSTEM_ADMIN = "system_admin"
    UNIT_HEAD = "unit_head"
    INDIVIDUAL = "individual"
    MACHINE = "machine"


class AccountState(StrEnum):
    ISSUED = "issued"
    """Made, and not handed over yet: it has no password."""
    MUST_CHANGE = "must_change"
    """Its password must be changed before anything else."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class AgreementKind(StrEnum):
    DEFAULT = "mac_dinh"
    """Default sharing: a unit joined a package."""
    SPECIAL = "dac_thu"
    """Special request: collections of its own."""
    PUBLIC = "cong_khai"
    """Publication to everybody, without a token."""


@dataclass(frozen=True, slots=True)
class Period:
    """Legal days from ``since`` until, not including, ``until`` (``None``: without end)."""

    since: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Tell whether a day lies in the period."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Grant:
    """One clause of an agreement: some rows and columns of one layer, and what may be done with them.

    Attributes:
        columns: names of the columns, each one written out: a column that a layer gains later is in no old agreement.
    """

    layer: str
    columns: frozenset[str]
    geometry: bool
    rows: RowScope
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class GrantInForce:
    """A grant with the agreement that it stands in.

    Attributes:
        agreement: its code, lower-case letters, digits and hyphens; it names the collections of a special request.
    """

    agreement: str
    kind: AgreementKind
    period: Period
    grant: Grant


@dataclass(frozen=True, slots=True)
class Function:
    """A function or duty (chức năng, nhiệm vụ) inside a unit: it narrows the unit's grants and never widens them.

    Attributes:
        layers: ids of the layers it is about; ``None``: all of the unit's.
        columns: by layer, the columns that it keeps; a layer not named here keeps all.
        operations: ``None``: all of the grants'.
        territory: ids (``xa_id``) of the administrative units that it is about; ``None``: all of the grants'.
    """

    code: str
    name: str
    period: Period
    layers: frozenset[str] | None = None
    columns: Mapping[str, frozenset[str]] | None = None
    operations: frozenset[Operation] | None = None
    territory: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the access check found out.

    Attributes:
        subject: whose profile it is: ``account:<id>`` or ``public``.
        kind: ``token``, ``session``, ``job``, ``subscription`` or ``public``: how PostgreSQL is entered.
        key: the principal within its kind: the hash of the token, as ``auth.credentials.tokens.hash_of`` writes it.
        scopes: scopes of the token; they narrow, and ``None`` narrows nothing.
        proved_at: when the person last proved who they are, by signing in or anew; ``None``: nobody did, as with
            personal tokens, machines and devices.
    """

    subject: str
    kind: str
    key: str
    account_id: int | None = None
    account: str | None = None
    account_kind: AccountKind | None = None
    unit_id: int | None = None
    unit: str | None = None
    client_id: str | None = None
    scopes: frozenset[str] | None = None
    proved_at: datetime | None = None


PUBLIC = Caller("public", "public", "")
