"""The records of layers: the frame that everybody sees who reads a collection, and the full one."""

from collections.abc import Iterator
from dataclasses import replace

from catalogue.layer import Layer, Text
from catalogue.record import (
    Access,
    Description,
    Distribution,
    Extent,
    General,
    Interval,
    Kind,
    Party,
    Quality,
    Record,
    ReferenceSystem,
    Result,
    Role,
    Step,
)
from catalogue.service import SAMPLE, Service
from harvest.making.figures import Figures, Load
from harvest.making.identity import id_of_collection
from harvest.making.words import CONSTRAINT, WORDS
from quality import rules

FORMAT = "application/geo+json"
"""What every collection is offered in."""
_STEPS = 20
"""How many loads a record tells of."""
_UNTOLD = frozenset({"proprietary", "various"})
"""Words for a licence that are no identifiers of SPDX."""
_RULES = {each.code: each for each in vars(rules).values() if isinstance(each, rules.Rule)}
_SHARE = Text("Tỷ lệ dòng bị từ chối", "Share of rows turned away")


def frame(service: Service, layer: Layer, collection: str) -> Record:
    """Return what everybody may know who reads a collection: nothing in it is computed from rows."""
    title = layer.title if collection == layer.id else _of_agreement(layer.title, collection.partition("~")[2])
    words = WORDS[layer.component]
    return Record(
        id=id_of_collection(service, layer.component.value, collection),
        kind=Kind.DATASET,
        general=General(parties=office(service)),
        reference_system=ReferenceSystem(_srids(layer)),
        description=Description(
            title=title,
            abstract=layer.description,
            component=layer.component.value,
            layer=layer.id,
            edition=None,
            area=None,
            keywords=tuple(dict.fromkeys((*layer.keywords, *words.keywords))),
            topics=words.topics,
            extent=Extent(*service.extent),
            interval=None,
            representation="vector" if layer.geometry else "textTable",
            license=license_of(layer.license),
            constraints=constraints_of(service),
            legal_basis=words.legal_basis,
        ),
        quality=Quality(words.lineage),
        distribution=Distribution((FORMAT,), _links(layer, collection)),
    )


def full(service: Service, layer: Layer, figures: Figures, *, with_access: bool) -> Record:
    """Return what is told of a layer to who has the records of the whole province."""
    record = frame(service, layer, layer.id)
    described = replace(
        record.description,
        extent=figures.extent or record.description.extent,
        interval=Interval(figures.begin, None) if figures.begin else None,
        items=figures.items,
        current_on=figures.current_on,
    )
    access = record.distribution.access if with_access else (site(service),)
    return replace(
        record,
        description=described,
        quality=replace(record.quality, steps=tuple(_steps(figures)), results=tuple(_results(figures))),
        distribution=replace(record.distribution, access=access),
    )


def office(service: Service) -> tuple[Party, ...]:
    """Return the office that answers for the data: never a person."""
    roles = (Role.POINT_OF_CONTACT, Role.CUSTODIAN, Role.DISTRIBUTOR, Role.PUBLISHER)
    return (
        Party(
            service.provider,
            roles,
            email=service.contact_email or None,
            phone=service.contact_phone,
            url=service.provider_url or None,
            address=service.contact_address,
        ),
    )


def site(service: Service) -> Access:
    """Return where the data are asked for by who has no link to them."""
    return Access(service.provider_url, "related", "text/html", service.provider, "WWW:LINK-1.0-http--link")


def constraints_of(service: Service) -> tuple[Text, ...]:
    """Return what limits the use of the data; over the sample province also that they are not real."""
    return (CONSTRAINT, SAMPLE) if service.sample else (CONSTRAINT,)


def license_of(given: str) -> str:
    """Return the identifier of SPDX, or ``other``."""
    return "other" if given in _UNTOLD else given


def _of_agreement(title: Text, agreement: str) -> Text:
    return Text(f"{title.vi} (thỏa thuận {agreement})", f"{title.en} (agreement {agreement})")


def _srids(layer: Layer) -> tuple[int, ...]:
    return tuple(dict.fromkeys((layer.geometry.stored_srid, *layer.srids))) if layer.geometry else ()


def _links(layer: Layer, collection: str) -> tuple[Access, ...]:
    page = f"/collections/{collection}"
    return (
        Access(f"{page}/items", "items", FORMAT, layer.title, "OGC API Features"),
        Access(page, "describedby", "application/json", layer.title, "OGC API Features"),
    )


def _steps(figures: Figures) -> Iterator[Step]:
    for each in figures.loads[:_STEPS]:
        yield Step(
            each.day,
            Text(
                f"Nạp dữ liệu: đọc {each.read} dòng, nhận {each.taken} dòng.",
                f"Data loaded: {each.read} rows read, {each.taken} rows taken.",
            ),
            Text(each.file, each.file),
        )


def _results(figures: Figures) -> Iterator[Result]:
    newest = next(iter(figures.loads), None)
    if newest is None or not newest.read:
        return
    yield _result(newest, "TU-CHOI", _SHARE, newest.read - newest.taken)
    for code, rows in newest.refused:
        rule = _RULES.get(code)
        yield _result(newest, code, Text(rule.vi, rule.en) if rule else Text(code, code), rows)


def _result(load: Load, code: str, name: Text, rows: int) -> Result:
    return Result(code, name, load.day, round(100 * rows / load.read, 4), "%")
