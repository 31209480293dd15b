"""What records say."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.files import read_layers
from catalogue.layer import Component, Text
from catalogue.record import Area, Extent, Interval, Party, Role, body_of, record_of
from catalogue.service import read_service, told_as_sample
from harvest.making.figures import Figures, InUnit, Load, Unit, counted
from harvest.making.identity import id_of_collection, id_of_unit
from harvest.making.layers import frame, full
from harvest.making.supplement import Supplement, body_of_supplement, merged, supplement_of
from harvest.making.units import of_unit
from harvest.making.variants import Variant, frames, full_records, lacks, row_of, unit_records

SERVICE = read_service(Path(__file__).parents[3] / "config" / "service.yml")
LAYERS = {each.id: each for each in read_layers()}
DATA = tuple(each for each in LAYERS.values() if each.component is not Component.METADATA)
PARCELS = LAYERS["thua-dat"]
AREA = Area("25351", Text("Xã Tân Quan", "Xã Tân Quan"), 3, date(2025, 7, 1))
UNIT = Unit(17, AREA, Extent(106.5, 11.5, 106.6, 11.6))
NEWEST = Load(UUID(int=1), date(2025, 6, 2), "thua.shp", 200, 150, (("HH-03", 40), ("XX-99", 10)))
FIGURES = Figures(150, Extent(106.6, 11.4, 107.0, 12.0), date(2014, 7, 1), date(2025, 6, 30), (NEWEST,))
figures = st.builds(
    Figures,
    items=st.integers(0, 10**7),
    begin=st.none() | st.dates(date(1990, 1, 1), date(2025, 1, 1)),
    current_on=st.none() | st.dates(date(2000, 1, 1), date(2026, 1, 1)),
)


@pytest.mark.parametrize("layer", DATA, ids=lambda each: each.id)
def test_every_layer_has_a_whole_record(layer):
    for record in (frame(SERVICE, layer, layer.id), full(SERVICE, layer, FIGURES, with_access=True)):
        assert lacks(record) == ()
        assert record_of(json.dumps(body_of(record))) == record


@given(figures)
def test_a_frame_says_the_same_whatever_the_rows_are(found: Figures):
    before = frame(SERVICE, PARCELS, "thua-dat")

    full(SERVICE, PARCELS, found, with_access=True)
    told = frame(SERVICE, PARCELS, "thua-dat")

    assert told == before
    assert (told.description.items, told.description.current_on, told.description.interval) == (None, None, None)
    assert (told.quality.steps, told.quality.results) == ((), ())


def test_a_full_record_has_the_identifier_of_its_frame_and_tells_of_the_data():
    record = full(SERVICE, PARCELS, FIGURES, with_access=False)

    assert record.id == frame(SERVICE, PARCELS, "thua-dat").id
    told = record.description
    assert (told.items, told.extent, told.current_on) == (150, FIGURES.extent, date(2025, 6, 30))
    assert told.interval == Interval(date(2014, 7, 1), None)
    assert not [each for each in record.distribution.access if each.href.startswith("/collections")]


def test_steps_tell_day_and_file_of_loads_and_results_what_was_turned_away():
    quality = full(SERVICE, PARCELS, FIGURES, with_access=True).quality

    assert [(each.day, each.source) for each in quality.steps] == [(date(2025, 6, 2), Text("thua.shp", "thua.shp"))]
    assert [(each.code, each.value, each.unit) for each in quality.results] == [
        ("TU-CHOI", 25.0, "%"),
        ("HH-03", 20.0, "%"),
        ("XX-99", 5.0, "%"),
    ]
    assert quality.results[1].name.en == "The geometry is not valid"


def test_what_is_not_known_is_not_said():
    told = full(SERVICE, PARCELS, Figures(), with_access=True)

    assert (told.description.interval, told.description.current_on, told.quality.steps) == (None, None, ())


def test_the_collection_of_an_agreement_is_a_record_of_its_own_with_its_own_links():
    record = frame(SERVICE, PARCELS, "thua-dat~DT7")

    assert record.id != frame(SERVICE, PARCELS, "thua-dat").id
    assert {each.href for each in record.distribution.access} == {
        "/collections/thua-dat~DT7",
        "/collections/thua-dat~DT7/items",
    }


def test_a_code_that_is_used_again_is_another_record():
    before = replace(AREA, since=date(2022, 10, 1))

    assert id_of_unit(SERVICE, "dia-chinh", AREA, None) != id_of_unit(SERVICE, "dia-chinh", before, None)
    assert id_of_unit(SERVICE, "dia-chinh", AREA, "2024") != id_of_unit(SERVICE, "dia-chinh", AREA, None)


def test_identifiers_are_the_same_for_ever():
    assert str(id_of_collection(SERVICE, "dia-chinh", "thua-dat")) == "8a5be2f1-81ea-536d-9740-4947dc015282"
    assert str(id_of_unit(SERVICE, "dia-chinh", AREA, None)) == "178f4db2-7982-5deb-bba8-f31fc175c630"


def test_an_edition_tells_of_its_year_and_prices_hold_from_a_day_on():
    found = Figures(3, None, date(2020, 1, 1), None)
    by_component = counted(DATA)
    statistics = InUnit(Component.STATISTICS, UNIT, "2024", found)
    prices = InUnit(Component.PRICES, UNIT, "2020", found)

    year = of_unit(SERVICE, statistics, by_component[Component.STATISTICS]).description
    price = of_unit(SERVICE, prices, by_component[Component.PRICES]).description

    assert year.interval == Interval(date(2024, 1, 1), date(2024, 12, 31))
    assert price.interval == Interval(date(2020, 1, 1), None)
    assert (year.edition, year.area, year.extent, year.items) == ("2024", AREA, UNIT.extent, 3)


def test_of_two_layers_over_one_table_the_one_in_force_is_counted():
    names = {each.id for each in counted(DATA)[Component.CADASTRE]}

    assert "thua-dat" in names
    assert "thua-dat-lich-su" not in names


def test_a_record_of_a_unit_is_the_same_under_both_of_its_keys():
    held = InUnit(Component.CADASTRE, UNIT, None, Figures(5))

    apart, together = unit_records(SERVICE, counted(DATA), [held], {})

    assert (apart.key, together.key) == ("don-vi:dia-chinh/17", "don-vi:dia-chinh")
    assert row_of(apart)["ban_ghi"] == row_of(together)["ban_ghi"]


def test_there_is_no_record_of_the_records():
    assert not list(frames(SERVICE, LAYERS, ["sieu-du-lieu", "khong-co"], {}))
    assert "sieu-du-lieu" not in {
        each.record.description.layer for each in full_records(SERVICE, LAYERS.values(), {}, {})
    }


def test_records_of_the_sample_say_that_the_data_are_not_real():
    told = frame(told_as_sample(SERVICE), PARCELS, "thua-dat").description.constraints

    assert "The demonstration shows sample data, not real data." in [each.en for each in told]


def test_texts_of_a_row_are_in_nfc():
    decomposed = replace(PARCELS, title=Text("Thu\u031b\u0309a", "Parcel"))

    row = row_of(Variant("khung:thua-dat", 0, frame(SERVICE, decomposed, "thua-dat")))

    assert row["title"] == "Thử" + "a"
    assert "\u031b" not in row["ban_ghi"]


def test_the_end_of_a_row_is_the_first_day_that_is_no_part_of_it():
    held = InUnit(Component.STATISTICS, UNIT, "2024", Figures(1))
    variant = next(iter(unit_records(SERVICE, counted(DATA), [held], {})))

    row = row_of(variant)

    assert (row["time_begin"], row["time_end"]) == ("2024-01-01", "2025-01-01")


def test_a_record_names_what_it_lacks():
    nobody = replace(SERVICE, contact_email="")
    record = merged(frame(nobody, PARCELS, "thua-dat"), Supplement(topics=(), abstract=Text("", "")))

    assert lacks(record) == ("abstract", "topics", "contact")


def test_what_people_say_is_in_place_of_what_files_say():
    office = Party(Text("Chi cục", "Branch"), (Role.POINT_OF_CONTACT,), email="chi-cuc@so.example")
    said = Supplement(
        purpose=Text("Mục đích", "Purpose"), scales=(1000,), contacts=(office,), license="CC-BY-4.0",
        lineage=Text("Đo năm 2012", "Surveyed in 2012"), external_ids=(("doi", "10.1/x"),),
    )  # fmt: skip

    record = merged(full(SERVICE, PARCELS, FIGURES, with_access=True), said)

    assert record.description.purpose == said.purpose
    assert (record.description.scales, record.description.license) == ((1000,), "CC-BY-4.0")
    assert record.general.parties == (office,)
    assert record.quality.lineage == said.lineage
    assert record.external_ids == said.external_ids
    assert (record.description.items, record.quality.steps) == (
        150,
        full(SERVICE, PARCELS, FIGURES, with_access=True).quality.steps,
    )


def test_a_supplement_is_written_and_read_alike():
    said = Supplement(abstract=Text("Tóm tắt", "Abstract"), topics=("boundaries",))

    assert supplement_of(json.dumps(body_of_supplement(said))) == said
    assert body_of_supplement(Supplement()) == {}


def test_a_supplement_that_says_what_is_computed_is_refused():
    with pytest.raises(ValueError, match="items"):
        supplement_of('{"items": 5}')
