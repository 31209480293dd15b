"""The identifiers of records: made of what a record is about, never of a row's number.

Codes of administrative units are used again by law, so the day since which a unit has its code is part of it.
"""

from uuid import UUID, uuid5

from catalogue.record import Area
from catalogue.service import Service

_NAMESPACE = UUID("5a1a6f0e-7b0d-5c0c-9a53-6d3f1e6b2d54")
"""Of these identifiers alone, for ever."""


def id_of_collection(service: Service, component: str, collection: str) -> UUID:
    """Return the identifier of the record of a layer, or of the collection of an agreement."""
    return _id(service, component, collection, "", "", "")


def id_of_unit(service: Service, component: str, area: Area, edition: str | None) -> UUID:
    """Return the identifier of the record of a component database in an administrative unit, of one edition."""
    return _id(service, component, "", area.code, area.since.isoformat(), edition or "")


def _id(service: Service, *parts: str) -> UUID:
    return uuid5(_NAMESPACE, "\n".join((service.province or service.provider_url, *parts)))
