"""The records of a component database in an administrative unit, of one edition."""

from datetime import date

from catalogue.layer import Component, Layer, Text
from catalogue.record import (
    Area,
    Description,
    Distribution,
    General,
    Interval,
    Kind,
    Quality,
    Record,
    ReferenceSystem,
)
from catalogue.service import Service
from harvest.making.figures import InUnit
from harvest.making.identity import id_of_unit
from harvest.making.layers import FORMAT, constraints_of, license_of, office, site
from harvest.making.words import WORDS


def of_unit(service: Service, held: InUnit, layers: tuple[Layer, ...]) -> Record:
    """Return the record of what a component database holds in an administrative unit.

    Args:
        layers: those of the component that were counted, at least one.
    """
    words, figures, area = WORDS[held.component], held.figures, held.unit.area
    licenses = {license_of(each.license) for each in layers}
    return Record(
        id=id_of_unit(service, held.component.value, area, held.edition),
        kind=Kind.DATASET,
        general=General(parties=office(service)),
        reference_system=ReferenceSystem(_srids(layers)),
        description=Description(
            title=_title(words.title, area, held.edition),
            abstract=_abstract(layers, area, held.edition),
            component=held.component.value,
            layer=None,
            edition=held.edition,
            area=area,
            keywords=(*words.keywords, area.name),
            topics=words.topics,
            extent=held.unit.extent,
            interval=_interval(held),
            representation="vector" if any(each.geometry for each in layers) else "textTable",
            items=figures.items,
            current_on=figures.current_on,
            license=licenses.pop() if len(licenses) == 1 else "other",
            constraints=constraints_of(service),
            legal_basis=words.legal_basis,
        ),
        quality=Quality(words.lineage),
        distribution=Distribution((FORMAT,), (site(service),)),
    )


def _title(title: Text, area: Area, edition: str | None) -> Text:
    vi, en = f"{title.vi}, {area.name.vi}", f"{title.en}, {area.name.en}"
    return Text(f"{vi}, năm {edition}", f"{en}, {edition}") if edition else Text(vi, en)


def _abstract(layers: tuple[Layer, ...], area: Area, edition: str | None) -> Text:
    vi, en = "; ".join(each.title.vi for each in layers), "; ".join(each.title.en for each in layers)
    year_vi, year_en = (f", năm {edition}", f", {edition}") if edition else ("", "")
    return Text(
        f"Dữ liệu của {area.name.vi} (mã {area.code}, từ ngày {area.since.isoformat()}){year_vi}: {vi}.",
        f"Data of {area.name.en} (code {area.code}, since {area.since.isoformat()}){year_en}: {en}.",
    )


def _interval(held: InUnit) -> Interval | None:
    """Return the year of an edition; prices hold from a day on, and an end is not known."""
    begin = held.figures.begin
    if held.edition is None or held.component is Component.PRICES:
        return Interval(begin, None) if begin else None
    year = int(held.edition)
    return Interval(date(year, 1, 1), date(year, 12, 31))


def _srids(layers: tuple[Layer, ...]) -> tuple[int, ...]:
    shown = [each for each in layers if each.geometry]
    return tuple(
        dict.fromkeys(srid for each in shown if each.geometry for srid in (each.geometry.stored_srid, *each.srids))
    )
