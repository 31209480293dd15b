"""The readers of single parameters: what they accept, and what they say of what they do not."""

from datetime import date

import pytest

from catalogue.layer import Column, Text
from catalogue.types import ColumnType
from core.errors import BadParameter
from query.bbox import Bbox, lonlat_box, read_bbox
from query.crs import CRS84, crs_named, epsg
from query.instant import Period, read_datetime
from query.paging import CursorSeal, Position
from query.search import read_search
from query.values import read_value

SRIDS = (4326, 9212, 3405, 3857)


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("106,11,107,12", ((106, 11, 107, 12),)),
        ("106,11,-5,107,12,900", ((106, 11, 107, 12),)),
        ("170,-10,-170,10", ((170, -10, 180, 10), (-180, -10, -170, 10))),
        ("-200,-100,200,100", ((-180, -90, 180, 90),)),
        ("1e9,1,2e9,2", ()),
    ],
)
def test_a_bbox_in_crs84_is_longitude_first(text: str, boxes: tuple[tuple[float, ...], ...]):
    assert read_bbox(text) == Bbox(CRS84, boxes)


def test_a_bbox_in_epsg_4326_is_latitude_first():
    assert read_bbox("11,106,12,107", epsg(4326)).boxes == ((106, 11, 107, 12),)


def test_a_projected_bbox_is_cut_to_what_can_be_computed():
    assert read_bbox("-1e300,-1e300,1e300,1e300", epsg(9212)).boxes == ((-1_500_000, 0, 2_500_000, 4_000_000),)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "a,b,c,d", "1_0,1,20,2", "١,1,2,2", "1,2,3,nan", "1,2,inf,4", "1,5,2,4", "1,2,3,4,5"]
)
def test_a_bbox_that_is_none_is_refused(text: str):
    with pytest.raises(BadParameter, match="bbox"):
        read_bbox(text)


def test_a_projected_bbox_has_no_antimeridian():
    with pytest.raises(BadParameter):
        read_bbox("5,1,4,2", epsg(9212))


def test_the_narrowing_box_holds_both_sides_of_the_antimeridian():
    assert lonlat_box(read_bbox("170,-10,-170,10")) == (-180, -10, 180, 10)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-06-30", date(2025, 6, 30), date(2025, 6, 30)),
        ("2025-06-30T20:00:00Z", date(2025, 7, 1), date(2025, 7, 1)),
        ("2025-06-30T20:00:00+07:00", date(2025, 6, 30), date(2025, 6, 30)),
        ("2025-01-01/..", date(2025, 1, 1), None),
        ("../2025-01-01", None, date(2025, 1, 1)),
        ("/2025-01-01T00:00:00.123Z", None, date(2025, 1, 1)),
        ("2020-01-01/2025-01-01", date(2020, 1, 1), date(2025, 1, 1)),
    ],
)
def test_datetime_means_legal_days(text: str, first: date | None, last: date | None):
    assert read_datetime(text) == Period(first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../..",
        "2025",
        "2025-13-01",
        "2025-02-30T00:00:00Z",
        "2025-01-02/2025-01-01",
        "a/b",
        "1/2/3",
        "2025-06-30\n",
        "٢٠٢٥-٠٦-٣٠",
    ],
)
def test_a_datetime_that_is_none_is_refused(text: str):
    with pytest.raises(BadParameter, match="datetime"):
        read_datetime(text)


@pytest.mark.parametrize(
    ("name", "srid", "lat_first"),
    [
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, False),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", 4326, True),
        ("http://www.opengis.net/def/crs/EPSG/0/9212", 9212, False),
        ("[EPSG:3405]", 3405, False),
        ("urn:ogc:def:crs:EPSG::3857", 3857, False),
    ],
)
def test_a_crs_has_several_names(name: str, srid: int, lat_first: bool):
    crs = crs_named("crs", name, SRIDS)

    assert (crs.srid, crs.lat_first) == (srid, lat_first)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "4326",
        "EPSG:4326\n",
        "EPSG:٤٣٢٦",
        "[EPSG:4326",
        "[EPSG:2154]",
        "http://www.opengis.net/def/crs/EPSG/0/99999",
        "x",
    ],
)
def test_a_crs_that_is_not_offered_is_refused_with_those_that_are(name: str):
    with pytest.raises(BadParameter, match="EPSG/0/9212"):
        crs_named("crs", name, SRIDS)


def test_search_terms_stand_between_commas():
    assert read_search(" Tân Phú , Đồng Xoài,") == ("Tân Phú", "Đồng Xoài")


@pytest.mark.parametrize("text", ["", " , ", "\u0300", "a\x00b", ",".join("abcdefghi")])
def test_a_search_for_nothing_or_for_too_much_is_refused(text: str):
    with pytest.raises(BadParameter):
        read_search(text)


@pytest.mark.parametrize("text", ["3766891700", "3766891700.0"])
def test_a_wide_number_is_taken_back_as_json_writes_it(text: str):
    column = Column("gia_tri", ColumnType.INTEGER, Text("a", "a"), wide=True)

    assert read_value(column, text) == 3766891700


@pytest.mark.parametrize(("text", "wide"), [("1.0", False), ("1.5", True), ("1.00", True), (".0", True)])
def test_no_other_decimal_is_a_whole_number(text: str, wide: bool):
    with pytest.raises(BadParameter):
        read_value(Column("cot", ColumnType.INTEGER, Text("a", "a"), wide=wide), text)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (ColumnType.INTEGER, "1.5"),
        (ColumnType.INTEGER, str(2**63)),
        (ColumnType.INTEGER, "٣"),
        (ColumnType.INTEGER, "1_0"),
        (ColumnType.INTEGER, "\n1"),
        (ColumnType.NUMBER, "1_0"),
        (ColumnType.DATE, "2025-W27-1"),
        (ColumnType.DATE, "20250630"),
        (ColumnType.NUMBER, "nan"),
        (ColumnType.NUMBER, "1e999"),
        (ColumnType.BOOLEAN, "True"),
        (ColumnType.DATE, "30/06/2025"),
        (ColumnType.TIMESTAMP, "2025-06-30T00:00:00"),
        (ColumnType.UUID, "x"),
        (ColumnType.TEXT, "a\x00"),
    ],
)
def test_a_value_of_another_type_is_refused(type_: ColumnType, text: str):
    column = Column("cot", type_, Text("a", "a"))

    with pytest.raises(BadParameter, match="cot"):
        read_value(column, text)


def test_a_sealed_position_is_the_same_text_each_time_and_opens_to_itself():
    seal, position = CursorSeal(b"k" * 32), Position(("Đồng", None, "7"), backward=True)

    token = seal.seal(position, context="query")

    assert token == seal.seal(position, context="query")
    assert seal.open(token, context="query") == position


def test_a_sealed_position_tells_nothing_and_opens_nowhere_else():
    seal = CursorSeal(b"k" * 32)
    token = seal.seal(Position(("bí mật",)), context="query")

    with pytest.raises(BadParameter):
        seal.open(token, context="other query")
    with pytest.raises(BadParameter):
        CursorSeal(b"l" * 32).open(token, context="query")


def test_a_token_with_any_other_last_letter_is_refused():
    seal = CursorSeal(b"k" * 32)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    for length in range(6):
        token = seal.seal(Position(("x" * length,)), context="query")
        for last in set(letters) - {token[-1]}:
            with pytest.raises(BadParameter):
                seal.open(token[:-1] + last, context="query")
