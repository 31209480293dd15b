"""A record as schema.org has it: what search engines read in the page of a record. Source: schema.org, Dataset."""

from collections.abc import Iterator
from typing import Any

import orjson

from catalogue.layer import Text
from catalogue.record import Access, Area, Extent, Interval, Kind, Party, Published, Record, Result, Role
from formats.records.about import About
from formats.records.terms import crs_uri, decimal, instant, license_url, parties, party_in, unit_code

type Members = dict[str, Any]

_KINDS = {Kind.DATASET: "Dataset", Kind.SERVICE: "WebAPI", Kind.PROCESS: "WebAPI"}
_ROLES = {
    Role.POINT_OF_CONTACT: "contributor",
    Role.OWNER: "copyrightHolder",
    Role.CUSTODIAN: "maintainer",
    Role.DISTRIBUTOR: "provider",
    Role.PUBLISHER: "publisher",
}
_TAGS = {"vie": "vi", "eng": "en"}


def encode(published: Published, about: About) -> bytes:
    """Return a record as a document."""
    return orjson.dumps(members(published, about))


def script(published: Published, about: About) -> str:
    """Return a record as content of ``<script type="application/ld+json">``: nothing in it can end the element."""
    text = encode(published, about).decode()
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def members(published: Published, about: About) -> Members:
    """Return a record as an object of JSON-LD; texts are in the language of the answer."""
    record = published.record
    given = {
        "@context": "https://schema.org/",
        "@type": _KINDS[record.kind],
        "@id": about.record_url(record.id),
        "url": about.record_url(record.id),
        "identifier": [str(record.id), *(_property(scheme, value) for scheme, value in record.external_ids)],
        "datePublished": instant(published.created),
        "dateModified": instant(published.updated),
        **_of_description(record, about),
        **_of_parties(record, about),
        **_of_access(record, about),
    }
    return {name: value for name, value in given.items() if value not in (None, [])}


def _of_description(record: Record, about: About) -> Members:
    of, language = record.description, about.language
    return {
        "name": of.title.in_language(language),
        "alternateName": of.title.in_language("vi" if language == "en" else "en"),
        "description": of.abstract.in_language(language),
        "keywords": [each.in_language(language) for each in of.keywords],
        "inLanguage": _TAGS.get(of.language, of.language),
        "license": license_url(of.license, about),
        "conditionsOfAccess": "\n".join(each.in_language(language) for each in of.constraints) or None,
        "version": of.edition,
        "creativeWorkStatus": of.status,
        "about": [{"@type": "DefinedTerm", "name": each} for each in of.topics],
        "abstract": None if of.purpose is None else of.purpose.in_language(language),
        "isBasedOn": [_named("Legislation", each, language) for each in of.legal_basis],
        "isPartOf": None if record.general.parent is None else about.record_url(record.general.parent),
        "includedInDataCatalog": _catalogue(about),
        "spatialCoverage": list(_places(of.extent, of.area, language)),
        "temporalCoverage": _temporal(of.interval),
        "contentReferenceTime": None if of.current_on is None else of.current_on.isoformat(),
        "size": None if of.items is None else {"@type": "QuantitativeValue", "value": of.items, "unitText": "items"},
        "additionalProperty": list(_beyond(record, language)),
        "variableMeasured": [_result(each, language) for each in record.quality.results],
    }


def _catalogue(about: About) -> Members:
    return {"@type": "DataCatalog", "@id": about.catalogue, "name": about.title.in_language(about.language)}


def _places(extent: Extent, area: Area | None, language: str) -> Iterator[Members]:
    """Yield the box, latitude first as schema.org has it, then the administrative unit."""
    box = " ".join(decimal(each) for each in (extent.south, extent.west, extent.north, extent.east))
    yield {"@type": "Place", "geo": {"@type": "GeoShape", "box": box}}
    if area is not None:
        name = area.name.in_language(language)
        yield {"@type": "AdministrativeArea", "name": name, "identifier": unit_code(area)}


def _temporal(interval: Interval | None) -> str | None:
    if interval is None or (interval.begin is None and interval.end is None):
        return None
    return "/".join(".." if day is None else day.isoformat() for day in (interval.begin, interval.end))


def _beyond(record: Record, language: str) -> Iterator[Members]:
    """Yield what the regulation asks for and schema.org has no member for."""
    of = record.description
    yield _property("metadataStandard", record.general.standard)
    yield _property("component", of.component)
    yield _property("maintenanceFrequency", of.frequency)
    yield _property("spatialRepresentation", of.representation)
    yield _property("lineage", record.quality.lineage.in_language(language))
    yield from (_property("coordinateReferenceSystem", crs_uri(each)) for each in record.reference_system.srids)
    yield from (_property("scaleDenominator", each) for each in of.scales)
    for each in record.quality.steps:
        yield _property("processStep", f"{each.day.isoformat()}: {each.description.in_language(language)}")
    terms = (("fees", record.distribution.fees), ("ordering", record.distribution.ordering))
    yield from (_property(name, text.in_language(language)) for name, text in terms if text is not None)


def _result(result: Result, language: str) -> Members:
    return {
        "@type": "PropertyValue",
        "propertyID": result.code,
        "name": result.name.in_language(language),
        "value": result.value,
        "unitCode": result.unit,
    }


def _property(name: str, value: str | int) -> Members:
    return {"@type": "PropertyValue", "propertyID": name, "value": value}


def _named(kind: str, name: Text, language: str) -> Members:
    return {"@type": kind, "name": name.in_language(language)}


def _of_parties(record: Record, about: About) -> Members:
    """Return offices by role; the creator, whom search engines ask for, is the owner."""
    found: dict[str, list[Members]] = {}
    for party, role in parties(record, about):
        found.setdefault(_ROLES[role], []).append(_organisation(party, about.language))
    creator = party_in(record, about, Role.OWNER, Role.PUBLISHER)
    return found | ({} if creator is None else {"creator": _organisation(creator, about.language)})


def _organisation(party: Party, language: str) -> Members:
    contact = {"email": party.email, "telephone": party.phone}
    given = {
        "@type": "Organization",
        "name": party.name.in_language(language),
        "url": party.url,
        "address": None if party.address is None else party.address.in_language(language),
        **contact,
    }
    return {name: value for name, value in given.items() if value}


def _of_access(record: Record, about: About) -> Members:
    """Return the ways to the data: downloads of a data set, documents of a service."""
    access = [_download(each, about) for each in record.distribution.access]
    return {
        "encodingFormat": list(record.distribution.formats),
        "distribution" if record.kind is Kind.DATASET else "documentation": access,
    }


def _download(access: Access, about: About) -> Members:
    return {
        "@type": "DataDownload",
        "contentUrl": about.url_of(access),
        "encodingFormat": access.media_type,
        "name": access.title.in_language(about.language),
    }
