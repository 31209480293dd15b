"""GML, read by GDAL and lxml, and checked against the application schema that goes with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from formats.format import Answer
from formats.gml import Gml
from formats.gml_names import element_name, xml_id
from formats.gml_schema import gml_schema
from query.crs import CRS84, epsg
from query.encoding import RowEncoding

GML = "{http://www.opengis.net/gml/3.2}"
OWN = "{urn:x-datdai:collection:thua-dat~7}"
SF = "{http://www.opengis.net/ogcapi-features-1/1.0/sf}"
STUB = Path(__file__).parent / "gml_stub.xsd"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
XML_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r\x7f\x85"
    ),
    max_size=40,
)


@pytest.fixture
def rows(make_rows: Callable[..., list[Any]]) -> list[Any]:
    return make_rows(RowEncoding.GML)


@pytest.fixture
def schema(make_answer: Callable[..., Answer]) -> etree.XMLSchema:
    document = etree.fromstring(gml_schema(make_answer().collection, language="vi"))
    xsd = "{http://www.w3.org/2001/XMLSchema}"
    gml, levels = document.findall(f"{xsd}import")
    gml.set("schemaLocation", STUB.as_uri())
    document.remove(levels)
    return etree.XMLSchema(document)


def _gdal(path: Path, content: bytes, **options: str) -> tuple[dict[str, Any], list[str | None], dict[str, list[Any]]]:
    path.write_bytes(content)
    meta, _, geometry, fields = pyogrio.raw.read(path, datetime_as_string=True, **options)
    shapes = [each and shapely.from_wkb(each).wkt for each in geometry]
    return meta, shapes, dict(zip(meta["fields"], (each.tolist() for each in fields), strict=True))


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        (epsg(4326), "MULTIPOLYGON (((106 11, 107 11, 107 12, 106 11)))"),
        (CRS84, "MULTIPOLYGON (((11 106, 11 107, 12 107, 11 106)))"),
    ],
    ids=["latitude first", "as it stands"],
)
def test_gdal_reads_what_was_written(
    crs: Any, expected: str, make_answer: Callable[..., Answer], rows: list[Any], keys: tuple[str, ...], tmp_path: Path
) -> None:
    meta, shapes, fields = _gdal(tmp_path / "x.gml", Gml().page(make_answer(crs=crs), rows))

    assert shapes == [expected, expected, None]
    assert "4326" in meta["crs"] or "CRS84" in meta["crs"]
    assert fields["gml_id"] == [f"i.{key}" for key in keys]
    assert fields["ma"] == list(keys)
    assert fields["ten"] == ['Đất ở "nông thôn"\r\n=1+1, <b>&amp;\t\u2028', None, None] or fields["ten"][1] == ""
    assert fields["dien_tich"][:2] == [0.1, -1234567.875]
    assert fields["co_gcn"][:2] == [True, False]
    assert fields["ngay"] == ["2025-06-30", "0001-01-01", None]
    assert fields["luc"] == ["2025-06-30T17:30:15.250Z", "1969-12-31T00:00:00Z", None]
    assert json.loads(fields["loai"][0]) == ["ONT", 'C"L,N', "Đất"]


def test_gdal_reads_an_empty_result_by_its_schema(make_answer: Callable[..., Answer], tmp_path: Path) -> None:
    answer = make_answer()
    xsd = tmp_path / "x.xsd"
    xsd.write_bytes(gml_schema(answer.collection, language="vi"))

    meta, shapes, fields = _gdal(tmp_path / "x.gml", Gml().page(answer, []), XSD=str(xsd))

    assert shapes == []
    assert meta["geometry_type"] == "MultiSurface" or meta["geometry_type"] == "MultiPolygon"
    assert set(fields) >= {"ma", "ten", "so", "dien_tich", "co_gcn", "ngay", "luc", "loai"}


def test_an_empty_result_is_a_collection_without_members(make_answer: Callable[..., Answer]) -> None:
    root = etree.fromstring(Gml().page(make_answer(), []))

    assert root.tag == f"{SF}FeatureCollection"
    assert root.get(f"{GML}id") == "thua-dat_7E_7"
    assert len(root) == 0


def test_features_are_valid_against_the_schema(
    make_answer: Callable[..., Answer], rows: list[Any], schema: etree.XMLSchema
) -> None:
    root = etree.fromstring(Gml().page(make_answer(), rows))

    for feature in root.iterfind(f"{SF}featureMember/*"):
        schema.assertValid(etree.ElementTree(feature))
    assert len(root) == 3


def test_a_selection_in_any_order_is_valid(
    make_answer: Callable[..., Answer], rows: list[Any], schema: etree.XMLSchema
) -> None:
    whole = make_answer()
    answer = replace(whole, columns=(whole.columns[3], whole.columns[1]))
    row = (rows[0][0], rows[0][1], 1.5, "x")

    item = etree.fromstring(Gml().item(answer, row))

    schema.assertValid(etree.ElementTree(item))
    assert [etree.QName(each).localname for each in item] == ["ten", "dien_tich", "geometry"]


def test_every_geometry_has_an_identifier_of_its_own_and_the_outermost_the_crs(
    make_answer: Callable[..., Answer], rows: list[Any]
) -> None:
    root = etree.fromstring(Gml().page(make_answer(crs=epsg(9212)), rows))

    identifiers = root.xpath("//@gml:id", namespaces={"gml": GML[1:-1]})
    assert len(identifiers) == len(set(identifiers)) == 1 + 3 + 2 * 2
    assert root.xpath("//@srsName") == ["http://www.opengis.net/def/crs/EPSG/0/9212"] * 2


def test_a_single_item_is_the_feature_itself(make_answer: Callable[..., Answer], rows: list[Any]) -> None:
    item = etree.fromstring(Gml().item(make_answer(gml_schema_url="https://x.vn/s?a=1&b=2"), rows[0]))

    assert item.tag == f"{OWN}thua-dat_7E_7"
    assert item.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation").split()[-2:] == [
        OWN[1:-1],
        "https://x.vn/s?a=1&b=2",
    ]


def test_a_stream_is_the_page(make_answer: Callable[..., Answer], rows: list[Any]) -> None:
    assert b"".join(Gml().stream(make_answer(), iter(rows))) == Gml().page(make_answer(), rows)


def test_numbers_that_are_none_are_written_as_xml_schema_has_them(
    with_values: Callable[..., Any], schema: etree.XMLSchema
) -> None:
    for number, text in ((float("inf"), "INF"), (float("-inf"), "-INF"), (float("nan"), "NaN"), (1e300, "1e+300")):
        answer, rows = with_values(dien_tich=number)

        item = etree.fromstring(Gml().item(answer, rows[0]))

        schema.assertValid(etree.ElementTree(item))
        assert item.findtext(f"{OWN}dien_tich") == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(ten=XML_TEXT, loai=st.lists(TEXT, max_size=3))
def test_text_comes_back_from_xml(with_values: Callable[..., Any], ten: str, loai: list[str]) -> None:
    answer, rows = with_values(ten=ten, loai=loai)

    item = etree.fromstring(Gml().item(answer, rows[0]))

    assert (item.findtext(f"{OWN}ten") or "") == ten


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(ten=TEXT)
def test_what_xml_cannot_hold_becomes_a_replacement_character(with_values: Callable[..., Any], ten: str) -> None:
    answer, rows = with_values(ten=ten)
    allowed = [each if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff") else "\ufffd" for each in ten]

    item = etree.parse(BytesIO(Gml().page(answer, rows))).getroot()

    assert (item.findtext(f".//{OWN}ten") or "") == "".join(allowed)


@settings(max_examples=300)
@given(one=TEXT, other=TEXT)
def test_different_keys_have_different_identifiers(one: str, other: str) -> None:
    assert (xml_id(one) == xml_id(other)) == (one == other)


@pytest.mark.parametrize(
    ("name", "expected"), [("thua-dat", "thua-dat"), ("a~7", "a_7E_7"), ("7a", "_7a"), ("a_b", "a_5F_b")]
)
def test_element_names_are_names_in_xml(name: str, expected: str) -> None:
    assert element_name(name) == expected
    etree.QName(expected)


def test_the_schema_shows_titles_in_the_language_asked_for(make_answer: Callable[..., Answer]) -> None:
    collection = make_answer().collection

    vietnamese, english = (etree.fromstring(gml_schema(collection, language=each)) for each in ("vi", "en"))

    path = "string(//*[local-name()='element'][@name='ten']//*[local-name()='documentation'])"
    assert vietnamese.xpath(path) == "Tên & <gọi>"
    assert english.xpath(path) == "ten in English"
