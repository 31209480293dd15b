"""The rows of the catalogue: each record as each key shows it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from unicodedata import normalize
from uuid import UUID

from catalogue.layer import Component, Layer
from catalogue.record import Extent, Record, Role, body_of
from catalogue.record_keys import RECORDS, frame_of, full_of, of_component
from catalogue.service import Service
from harvest.making.figures import Figures, InUnit
from harvest.making.layers import frame, full
from harvest.making.supplement import Supplements, merged
from harvest.making.units import of_unit

VERSION = 1
"""Raised when records are made otherwise: all of them are made anew then."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A record as one key shows it; ``unit`` is the number of its administrative unit, 0 the whole province."""

    key: str
    unit: int
    record: Record


def frames(
    service: Service, layers: Mapping[str, Layer], collections: Iterable[str], supplements: Supplements
) -> Iterator[Variant]:
    """Yield the frames of the records of these collections; what no layer declares has none."""
    for each in collections:
        layer = layers.get(each.partition("~")[0])
        if layer and layer.id != RECORDS:
            record = frame(service, layer, each)
            yield Variant(frame_of(each), 0, merged(record, supplements.get(record.id)))


def full_records(
    service: Service, layers: Iterable[Layer], figures: Mapping[str, Figures], supplements: Supplements
) -> Iterator[Variant]:
    """Yield the full records of the layers, without and with the links to their items."""
    for each in layers:
        if each.id == RECORDS:
            continue
        for linked in (False, True):
            record = full(service, each, figures.get(each.id, Figures()), with_access=linked)
            yield Variant(full_of(each.id, with_access=linked), 0, merged(record, supplements.get(record.id)))


def unit_records(
    service: Service,
    counted: Mapping[Component, tuple[Layer, ...]],
    held: Iterable[InUnit],
    supplements: Supplements,
) -> Iterator[Variant]:
    """Yield the records of administrative units, each under the key of its unit and under that of all units."""
    for each in held:
        record = of_unit(service, each, counted[each.component])
        record = merged(record, supplements.get(record.id))
        for unit in (each.unit.number, None):
            yield Variant(of_component(each.component.value, unit), each.unit.number, record)


def lacks(record: Record) -> tuple[str, ...]:
    """Return what the encodings of a record need and it does not say."""
    told = record.description
    needed = {
        "title": told.title.vi and told.title.en,
        "abstract": told.abstract.vi and told.abstract.en,
        "topics": told.topics,
        "contact": any(each.email and Role.POINT_OF_CONTACT in each.roles for each in record.general.parties),
        "extent": _is_box(told.extent),
        "lineage": record.quality.lineage.vi,
    }
    return tuple(name for name, given in needed.items() if not given)


def rows_of(variants: Iterable[Variant]) -> Iterator[tuple[Variant, dict[str, Any]]]:
    """Yield variants with their rows; what follows one of the same record is not written out a second time."""
    before: Variant | None = None
    row: dict[str, Any] = {}
    for each in variants:
        if before and before.record is each.record and before.unit == each.unit:
            row = row | {"khoa": each.key}
        else:
            row = row_of(each)
        before = each
        yield each, row


def row_of(variant: Variant) -> dict[str, Any]:
    """Return a variant as a row of the catalogue, without its instants; all texts are in NFC."""
    record = variant.record
    body = normalize("NFC", json.dumps(body_of(record), ensure_ascii=False, sort_keys=True))
    told, area = record.description, record.description.area
    return {
        "id": str(record.id),
        "khoa": variant.key,
        "xa_id": variant.unit,
        "type": record.kind.value,
        "title": normalize("NFC", told.title.vi),
        "description": normalize("NFC", told.abstract.vi),
        "keywords": [normalize("NFC", each.vi) for each in told.keywords],
        "thanh_phan": told.component,
        "lop": told.layer,
        "ma_don_vi": area and area.code,
        "ten_don_vi": area and normalize("NFC", area.name.vi),
        "ky": told.edition,
        "external_ids": [f"{scheme}:{value}" for scheme, value in record.external_ids],
        "license": told.license,
        "time_begin": _iso(told.interval.begin if told.interval else None),
        "time_end": _iso(told.interval.end + timedelta(days=1) if told.interval and told.interval.end else None),
        "ban_ghi": body,
        "dau_van": hashlib.sha256(body.encode()).hexdigest(),
        "tay": told.extent.west,
        "nam": told.extent.south,
        "dong": told.extent.east,
        "bac": told.extent.north,
    }


def identifier(variant: Variant) -> tuple[UUID, str]:
    """Return what tells a variant from all others."""
    return variant.record.id, variant.key


def _iso(day: date | None) -> str | None:
    return day and day.isoformat()


def _is_box(extent: Extent) -> bool:
    across, along = extent.west <= extent.east, extent.south <= extent.north
    return across and along and abs(extent.west) <= 180 and abs(extent.east) <= 180 and abs(extent.south) <= 90
