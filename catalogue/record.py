"""Metadata records: what the catalogue says of a layer, or of one component database in one administrative unit.

The five groups are those of the Vietnamese regulation; together they hold more than the core of ISO 19115-1.
Source: TT 09/2024/TT-BTNMT, Điều 8; TT 17/2010/TT-BTNMT for the groups that follow the first two.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from catalogue.layer import Text

type Json = dict[str, Any]


class Kind(StrEnum):
    """What a record is of; the value is its ``type`` on the wire."""

    DATASET = "dataset"
    SERVICE = "service"
    PROCESS = "process"


class Role(StrEnum):
    """What a party does; values of ISO 19115-1, CI_RoleCode."""

    POINT_OF_CONTACT = "pointOfContact"
    OWNER = "owner"
    CUSTODIAN = "custodian"
    DISTRIBUTOR = "distributor"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Party:
    """An office that has to do with the data, never a person. ``phone`` is as E.164 writes it: ``+842713879427``."""

    name: Text
    roles: tuple[Role, ...]
    email: str | None = None
    phone: str | None = None
    url: str | None = None
    address: Text | None = None


@dataclass(frozen=True, slots=True)
class General:
    """Group 1, of the metadata themselves: who answers for them, by which standard they are made, in which language."""

    parties: tuple[Party, ...]
    standard: str = "QCVN 42:2020/BTNMT; ISO 19115-1:2014"
    language: str = "vie"
    """ISO 639-2/T."""
    parent: UUID | None = None
    """The record that this one is a part of."""


@dataclass(frozen=True, slots=True)
class ReferenceSystem:
    """Group 2: EPSG codes of the coordinates, that in which they are stored first; none for a table."""

    srids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Extent:
    """A box in degrees, WGS 84."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Days of which the data tell, ``end`` included; ``None`` is open."""

    begin: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Area:
    """An administrative unit by its official code, which is its own since a day: codes are used again."""

    code: str
    name: Text
    level: int
    """1 province, 2 district, 3 commune."""
    since: date


@dataclass(frozen=True, slots=True)
class Description:
    """Group 3, of the data.

    Attributes:
        component: the component database, a value of ``catalogue.layer.Component``.
        layer: the layer; ``None``: all layers of the component.
        edition: the year, or another name of a state of the data; ``None``: the state in force.
        status: of ISO 19115-1, MD_ProgressCode: ``onGoing``, ``completed``, ``historicalArchive``.
        frequency: of ISO 19115-1, MD_MaintenanceFrequencyCode.
        representation: ``vector``, ``textTable`` or ``grid`` (MD_SpatialRepresentationTypeCode).
        topics: MD_TopicCategoryCode.
        scales: denominators of the scales of survey.
        items: how many there are; ``None``: not told.
        license: SPDX identifier, or ``other``.
        constraints: what limits their use.
        legal_basis: the documents by which the data are made.
    """

    title: Text
    abstract: Text
    component: str
    layer: str | None
    edition: str | None
    area: Area | None
    keywords: tuple[Text, ...]
    topics: tuple[str, ...]
    extent: Extent
    interval: Interval | None
    status: str = "onGoing"
    frequency: str = "continual"
    representation: str = "vector"
    language: str = "vie"
    scales: tuple[int, ...] = ()
    items: int | None = None
    current_on: date | None = None
    """The day of the newest change in the data."""
    license: str = "other"
    constraints: tuple[Text, ...] = ()
    legal_basis: tuple[Text, ...] = ()
    purpose: Text | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done to the data on a day: a load, a survey."""

    day: date
    description: Text
    source: Text | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found: ``value`` in ``unit`` (UCUM), by the rule ``code``.

    ``passed`` is ``None`` where the rule sets no bound; ``specification`` names what sets it.
    """

    code: str
    name: Text
    day: date
    value: float
    unit: str
    passed: bool | None = None
    specification: Text | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """Group 4: where the data come from, and what checks found."""

    lineage: Text
    steps: tuple[Step, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """One way to the data. ``href`` begins with ``/`` where it is a path of this service."""

    href: str
    rel: str
    media_type: str
    title: Text
    protocol: str | None = None
    """As catalogues know protocols: ``OGC API Features``, ``WWW:LINK-1.0-http--link``."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Group 5: in which formats, by whom and where the data are had. Formats are media types."""

    formats: tuple[str, ...]
    access: tuple[Access, ...]
    fees: Text | None = None
    ordering: Text | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A metadata record, all but its instants: these belong to who published it."""

    id: UUID
    kind: Kind
    general: General
    reference_system: ReferenceSystem
    description: Description
    quality: Quality
    distribution: Distribution
    external_ids: tuple[tuple[str, str], ...] = ()
    """Pairs of scheme and value."""


@dataclass(frozen=True, slots=True)
class Published:
    """A record as one caller may see it.

    Attributes:
        created: when the catalogue first had it; whole seconds, UTC.
        updated: when what it says last changed for this caller; whole seconds, UTC.
    """

    record: Record
    created: datetime
    updated: datetime


_ADAPTER: TypeAdapter[Record] = TypeAdapter(Record)


def body_of(record: Record) -> Json:
    """Return a record as JSON. ``record_of`` reads it."""
    return _ADAPTER.dump_python(record, mode="json")


def record_of(body: str | bytes) -> Record:
    """Return the record that ``body_of`` wrote.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return _ADAPTER.validate_json(body)
