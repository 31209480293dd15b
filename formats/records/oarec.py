"""A record as OGC API Records has it: a GeoJSON feature. Source: OGC 20-004r1, clauses 7.2 and 8.3."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from catalogue.layer import Text
from catalogue.record import Access, Area, Description, Extent, Interval, Party, Published, Quality, Record
from formats.records.about import LANGUAGES, About
from formats.records.encodings import ENCODINGS, JSON, format_name
from formats.records.terms import component_title, crs_uri, instant, named, unit_code

type Members = dict[str, Any]

CONFORMS_TO = ("http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core",)
PROFILE = "http://www.opengis.net/def/profile/OGC/0/ogc-record"
TOPICS = "https://standards.iso.org/iso/19115/resources/Codelists/cat/codelists.xml#MD_TopicCategoryCode"
_PHONE = re.compile(r"\+[1-9]\d{3,14}", re.ASCII)
_RESERVED = frozenset({"collection", "self", "alternate", "profile"})
"""Relations that are the record's own."""
_LANGUAGE_NAMES = {"vi": ("Tiếng Việt", "Vietnamese"), "en": ("English", "English")}
_TAGS = {"vie": "vi", "eng": "en"}
_TITLES = {
    "self": Text("Bản ghi này", "This record"),
    "alternate": Text("Bản ghi này ở dạng {}", "This record as {}"),
    "collection": Text("Danh mục", "The catalogue"),
    "profile": Text("Bản ghi của OGC API Records", "Record of OGC API Records"),
    "license": Text("Điều kiện sử dụng", "Conditions of use"),
    "up": Text("Bản ghi cha", "The record that this one is a part of"),
}


def encode(published: Published, about: About) -> bytes:
    """Return a record as UTF-8 text."""
    return orjson.dumps(members(published, about))


def members(published: Published, about: About) -> Members:
    """Return a record as an object of JSON; its member ``links`` is a list that may be added to."""
    record = published.record
    return {
        "id": str(record.id),
        "type": "Feature",
        "conformsTo": list(CONFORMS_TO),
        "time": time_of(record.description.interval),
        "geometry": polygon(record.description.extent),
        "properties": _properties(published, about),
        "links": list(links(record, about)),
    }


def time_of(interval: Interval | None) -> Members | None:
    """Return the ``time`` of a record; an interval that is open at both ends says nothing."""
    if interval is None or (interval.begin is None and interval.end is None):
        return None
    return {"interval": [_day(interval.begin), _day(interval.end)], "resolution": "P1D"}


def polygon(extent: Extent) -> Members:
    """Return a box as a polygon, longitude first, counterclockwise."""
    west, south, east, north = extent.west, extent.south, extent.east, extent.north
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def links(record: Record, about: About) -> Iterator[Members]:
    """Yield the links of a record: its own first, then the ways to the data."""
    url = about.record_url(record.id)
    yield _link(url, "self", JSON.media_types[0], _TITLES["self"], about)
    yield _link(about.catalogue, "collection", "application/json", _TITLES["collection"], about)
    yield {"href": PROFILE, "rel": "profile", "title": _TITLES["profile"].in_language(about.language)}
    for each in ENCODINGS:
        if each is not JSON:
            href = about.encoding_url(record.id, each.key)
            title = _TITLES["alternate"].in_language(about.language).format(each.name)
            yield {"href": href, "rel": "alternate", "type": each.media_types[0], "title": title}
    if record.general.parent is not None:
        yield _link(about.record_url(record.general.parent), "up", JSON.media_types[0], _TITLES["up"], about)
    yield from (_access(each, about) for each in record.distribution.access)
    if record.description.license == "other" and all(each.rel != "license" for each in record.distribution.access):
        yield _link(about.terms_url, "license", "text/html", _TITLES["license"], about)


def _access(access: Access, about: About) -> Members:
    rel = "related" if access.rel in _RESERVED else access.rel
    link = _link(about.url_of(access), rel, access.media_type, access.title, about)
    return link if access.protocol is None else {**link, "protocol": access.protocol}


def _link(href: str, rel: str, media_type: str, title: Text, about: About) -> Members:
    return {"href": href, "rel": rel, "type": media_type, "title": title.in_language(about.language)}


def _properties(published: Published, about: About) -> Members:
    record, text = published.record, about.language
    given = {
        "type": record.kind.value,
        "title": record.description.title.in_language(text),
        "description": record.description.abstract.in_language(text),
        "created": instant(published.created),
        "updated": instant(published.updated),
        "language": _language(text),
        "languages": [_language(each) for each in LANGUAGES],
        "contacts": [contact(each, text) for each in named(record, about)],
        "formats": [{"name": format_name(each), "mediaType": each} for each in record.distribution.formats],
        "externalIds": [{"scheme": scheme, "value": value} for scheme, value in record.external_ids],
        **_of_description(record.description, about),
        **_beyond(record, text),
    }
    return {name: value for name, value in given.items() if value not in (None, [])}


def _of_description(description: Description, about: About) -> Members:
    """Return what the standard has members for, then the columns by which records are filtered."""
    area = description.area
    return {
        "keywords": [each.in_language(about.language) for each in description.keywords],
        "themes": list(_themes(description, about)),
        "resourceLanguages": [_language(_TAGS.get(description.language, description.language))],
        "license": description.license,
        "rights": "\n".join(each.in_language(about.language) for each in description.constraints) or None,
        "thanh_phan": description.component,
        "lop": description.layer,
        "ma_don_vi": None if area is None else area.code,
        "ten_don_vi": None if area is None else area.name.in_language(about.language),
        "ky": description.edition,
    }


def _beyond(record: Record, language: str) -> Members:
    """Return what the regulation asks for and the standard has no member for."""
    of, general, distribution = record.description, record.general, record.distribution
    return {
        "metadataStandard": general.standard,
        "parentIdentifier": None if general.parent is None else str(general.parent),
        "referenceSystems": [crs_uri(each) for each in record.reference_system.srids],
        "status": of.status,
        "maintenanceFrequency": of.frequency,
        "spatialRepresentation": of.representation,
        "scaleDenominators": list(of.scales),
        "itemCount": of.items,
        "currentOn": None if of.current_on is None else of.current_on.isoformat(),
        "administrativeUnitSince": None if of.area is None else of.area.since.isoformat(),
        "administrativeLevel": None if of.area is None else of.area.level,
        "legalBasis": [each.in_language(language) for each in of.legal_basis],
        "purpose": None if of.purpose is None else of.purpose.in_language(language),
        "fees": None if distribution.fees is None else distribution.fees.in_language(language),
        "ordering": None if distribution.ordering is None else distribution.ordering.in_language(language),
        "quality": _quality(record.quality, language),
    }


def _quality(quality: Quality, language: str) -> Members:
    steps = [
        {
            "date": each.day.isoformat(),
            "description": each.description.in_language(language),
            **({} if each.source is None else {"source": each.source.in_language(language)}),
        }
        for each in quality.steps
    ]
    results = [
        {
            "code": each.code,
            "name": each.name.in_language(language),
            "date": each.day.isoformat(),
            "value": each.value,
            "unit": each.unit,
            "passed": each.passed,
            **({} if each.specification is None else {"specification": each.specification.in_language(language)}),
        }
        for each in quality.results
    ]
    return {"lineage": quality.lineage.in_language(language), "steps": steps, "results": results}


def contact(party: Party, language: str) -> Members:
    """Return an office as a contact; a telephone number that E.164 does not know is left out."""
    name = party.name.in_language(language)
    phone = party.phone if party.phone is not None and _PHONE.fullmatch(party.phone) else None
    given: Members = {
        "name": name,
        "organization": name,
        "roles": [each.value for each in party.roles],
        "emails": [{"value": party.email}] if party.email else [],
        "phones": [{"value": phone}] if phone else [],
        "addresses": [{"deliveryPoint": [party.address.in_language(language)]}] if party.address else [],
        "links": [{"href": party.url, "rel": "about", "type": "text/html"}] if party.url else [],
    }
    return {member: value for member, value in given.items() if value or member == "name"}


def _themes(description: Description, about: About) -> Iterator[Members]:
    component = {
        "id": description.component,
        "title": component_title(description.component).in_language(about.language),
    }
    yield {"concepts": [component], "scheme": f"{about.catalogue}/queryables#thanh_phan"}
    if description.topics:
        yield {"concepts": [{"id": each, "url": f"{TOPICS}_{each}"} for each in description.topics], "scheme": TOPICS}
    if description.area is not None:
        yield {"concepts": [_unit(description.area, about)], "scheme": f"{about.catalogue}/queryables#ma_don_vi"}


def _unit(area: Area, about: About) -> Members:
    return {"id": unit_code(area), "title": area.name.in_language(about.language)}


def _language(code: str) -> Members:
    names = _LANGUAGE_NAMES.get(code)
    return {"code": code} if names is None else {"code": code, "name": names[0], "alternate": names[1]}


def _day(day: date | None) -> str:
    return ".." if day is None else day.isoformat()
