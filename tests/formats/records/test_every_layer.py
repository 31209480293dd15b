"""The records that the catalogue makes of the layers, in every encoding, against the schemas of all standards."""

import json
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from rdflib import Graph

from catalogue.files import read_layers
from catalogue.record import Extent, Published, Record, record_of
from catalogue.record_keys import RECORDS
from catalogue.service import read_service
from formats.records import dcat, dublin_core, iso19115_3, iso19139, oarec
from formats.records.terms import component_title
from harvest.making.figures import Figures, Load
from harvest.making.variants import frames, full_records, row_of
from harvest.making.words import WORDS
from tests.formats.records.conftest import Schemas, broken
from tests.formats.records.made import ABOUT

HERE = Path(__file__).parent
CONFIG = HERE.parents[2] / "config"
AT = datetime(2025, 6, 30, 1, 2, 3, tzinfo=UTC)
LOADS = (Load(uuid4(), date(2025, 1, 2), "thua.gpkg", 10, 8, (("HH-08", 1), ("KH-01", 1))),)


def _records() -> dict[str, Record]:
    """Return frames and full records of all layers as they are read back from the catalogue."""
    service, layers = read_service(CONFIG / "service.yml"), {each.id: each for each in read_layers(CONFIG / "layers")}
    figures = Figures(5, Extent(106.5, 11.4, 106.6, 11.5), date(999, 1, 1), date(2025, 6, 29), LOADS)
    variants = (
        *frames(service, layers, layers, {}),
        *full_records(service, layers.values(), dict.fromkeys(layers, figures), {}),
    )
    return {each.key: record_of(row_of(each)["ban_ghi"]) for each in variants}


RECORDS_BY_KEY = _records()


@pytest.fixture(params=RECORDS_BY_KEY)
def record(request: pytest.FixtureRequest) -> Published:
    return Published(RECORDS_BY_KEY[request.param], AT, AT)


def test_there_are_records_of_all_layers_but_that_of_records() -> None:
    layers = {each.description.layer for each in RECORDS_BY_KEY.values()}

    assert layers == {each.id for each in read_layers(CONFIG / "layers")} - {RECORDS}


def test_records_json_follows_its_schema(record: Published) -> None:
    schema = json.loads((HERE / "record.schema.json").read_bytes())

    Draft202012Validator(schema).validate(json.loads(oarec.encode(record, ABOUT)))


def test_iso_19139_follows_its_schema(xsd_19139: Any, record: Published) -> None:
    xsd_19139.assertValid(etree.fromstring(iso19139.encode(record, ABOUT)))


def test_iso_19139_keeps_the_constraints(constraints: Any, record: Published) -> None:
    assert broken(constraints, iso19139.encode(record, ABOUT)) == []


def test_iso_19115_3_follows_its_schema(xsd_19115_3: Any, record: Published) -> None:
    xsd_19115_3.assertValid(etree.fromstring(iso19115_3.encode(record, ABOUT)))


def test_records_of_csw_follow_their_schema(schemas: Schemas, record: Published) -> None:
    xsd = etree.XMLSchema(etree.parse(schemas.path("ogc/csw/2.0.2/record.xsd")))

    for element_set in dublin_core.ELEMENT_SETS:
        xsd.assertValid(dublin_core.csw_record(record, ABOUT, element_set))


def test_dcat_has_what_is_mandatory() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyshacl import validate

        records = {each.id: Published(each, AT, AT) for each in RECORDS_BY_KEY.values()}
        page = dcat.Page(f"{ABOUT.base_url}/list", f"{ABOUT.base_url}/list", None)
        graph = Graph().parse(data=dcat.encode_list(list(records.values()), ABOUT, page), format="turtle")
        conforms, _, text = validate(graph, shacl_graph=Graph().parse(HERE / "dcat_ap.shapes.ttl"))

    assert conforms, text


def test_component_databases_have_one_name_in_records_and_encodings() -> None:
    assert {each: component_title(each.value) for each in WORDS} == {each: of.title for each, of in WORDS.items()}
