from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely

from core.errors import LoadRefused
from loader.files import Chunk
from loader.mapping import (
    Context,
    LayerMapping,
    Origin,
    Reading,
    Target,
    origin_of,
    read_columns,
    read_mapping,
    reader,
)
from quality.codes import Code
from quality.encodings import Encoding
from quality.values import UnreadableError

CONFIG = Path(__file__).parents[2] / "config" / "mappings"
DAY = date(2025, 6, 30)
LAND = {
    "ODT": (Code("ODT", "TT08", "PNN", date(2024, 8, 1), None),),
    "CLN": (Code("CLN", "TT08", "NNP", date(2024, 8, 1), None),),
    "LUN": (Code("LUN", "TT27", "NNP", date(2019, 2, 1), date(2024, 8, 1)),),
}
CONTEXT = Context(DAY, {"loai_dat": LAND}, {})


def chunk_of(**columns: list[object]) -> Chunk:
    size = len(next(iter(columns.values())))
    values = {name: np.array([*column, None], object)[:-1] for name, column in columns.items()}
    return Chunk(1, values, np.array([shapely.box(0, 0, 10, 12.34)] * size, object))


@pytest.mark.parametrize(
    ("reading", "value", "expected"),
    [
        (Reading.TEXT, " a ", "a"),
        (Reading.INTEGER, "12", 12),
        (Reading.AREA, "120,04", 120.0),
        (Reading.LETTERS, "A", 1),
        (Reading.LETTERS, "AB", 28),
        (Reading.JOINED_CODES, "odt +CLN", "ODT+CLN"),
        (Reading.CODES, "ODT +CLN", ["ODT", "CLN"]),
        (Reading.CODES, ["ODT"], ["ODT"]),
        (Reading.FIRST_CODE, "ODT+CLN", "ODT"),
        (Reading.FIRST_GROUP, "ODT+CLN", "PNN"),
        (Reading.FIRST_GROUP, "LUN", None),
        (Reading.CODE_SYSTEM, "CLN", "TT08"),
        (Reading.CODE_SYSTEM, "LUN", None),
        (Reading.UUID, "A713F742-06e2-44bf-829d-c090f8926797", "a713f742-06e2-44bf-829d-c090f8926797"),
    ],
)
def test_values_are_read_as_the_mapping_says(reading: Reading, value: object, expected: object):
    assert reader(reading, CONTEXT, "loai_dat")(value) == expected


@pytest.mark.parametrize("reading", list(Reading))
def test_a_missing_value_stays_missing(reading: Reading):
    read = reader(reading, CONTEXT, "loai_dat")

    assert read(None) is None
    assert read("  ") is None


@pytest.mark.parametrize(("reading", "value"), [(Reading.LETTERS, "A1"), (Reading.UUID, "12"), (Reading.AREA, "12 m2")])
def test_other_values_are_refused(reading: Reading, value: str):
    with pytest.raises(UnreadableError):
        reader(reading, CONTEXT, None)(value)


def test_the_first_name_that_the_file_has_is_taken_in_any_case():
    mapping = LayerMapping("x", columns={"so_to": Origin(("SoTo", "SHBANDO")), "nguon": Origin(value="iLIS")})

    assert origin_of(mapping, "so_to", ["shbando", "soto"]) == Origin(("soto",))
    assert origin_of(mapping, "so_to", ["khac"]) is None
    assert origin_of(mapping, "nguon", []) == Origin(value="iLIS")
    assert origin_of(mapping, "dia_chi", ["DIA_CHI"]) == Origin(("DIA_CHI",))


def test_a_constant_of_the_user_goes_before_the_file():
    mapping = LayerMapping("x", columns={"ma_xa": Origin(("MaXa",))}).with_values({"ma_xa": "25195"})

    assert origin_of(mapping, "ma_xa", ["MaXa"]) == Origin(value="25195")


def test_what_is_read_from_a_column_follows_its_constant():
    group = Origin(("loai_dat",), reading=Reading.FIRST_GROUP)

    mapping = LayerMapping("x", columns={"nhom": group}).with_values({"loai_dat": "ODT"})

    assert mapping.columns["nhom"] == Origin(value="ODT", reading=Reading.FIRST_GROUP)
    assert mapping.columns["loai_dat"] == Origin(value="ODT")


def test_a_value_that_cannot_be_read_is_a_finding_and_missing():
    targets = {"so_to": Target("so_to", "int4", required=True)}
    chunk = chunk_of(so_to=[1, "x", 2**31, None])

    values, findings = read_columns(chunk, {"so_to": Origin(("so_to",))}, targets, CONTEXT, codelist=None)

    assert values["so_to"].tolist() == [1, None, None, None]
    assert [(each.rule.code, each.row, each.column) for each in findings] == [
        ("VB-04", 2, "so_to"),
        ("VB-04", 3, "so_to"),
    ]


def test_an_area_that_the_file_lacks_is_computed():
    targets = {"dien_tich": Target("dien_tich", "float8", required=True)}
    origin = Origin(("dt",), reading=Reading.AREA, computed=True)

    values, _ = read_columns(chunk_of(dt=[5.55, None, 0]), {"dien_tich": origin}, targets, CONTEXT, codelist=None)

    assert values["dien_tich"].tolist() == [5.5, 123.4, 123.4]


def test_texts_become_unicode_by_the_encoding_of_their_column():
    targets = {"dia_chi": Target("dia_chi", "text", required=False)}
    context = Context(DAY, {}, {"DC": Encoding.TCVN3})

    values, _ = read_columns(
        chunk_of(DC=["Thöa ®Êt", "Thửa đất", None]), {"dia_chi": Origin(("DC",))}, targets, context, codelist=None
    )

    assert values["dia_chi"].tolist() == ["Thửa đất", "Thửa đất", None]


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yml")), ids=lambda path: path.stem)
def test_the_mappings_that_are_shipped_can_be_read(path: Path):
    assert read_mapping(path, "thua-dat").name == path.stem


def test_a_layer_that_a_mapping_does_not_name_is_taken_by_its_own_names():
    assert read_mapping(CONFIG / "ours.yml", "moc").columns == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("layers: [", "malformed"),
        ("title: {}\nlayers: {x: {columns: {a: {form: [b]}}}}", "form"),
        ("title: {}\nlayers: {x: {columns: {a: {from: [b], as: nonsense}}}}", "first-code"),
    ],
)
def test_a_malformed_mapping_is_refused_with_the_fault(tmp_path: Path, text: str, problem: str):
    path = tmp_path / "xau.yml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(LoadRefused, match=problem):
        read_mapping(path, "x")


def test_a_mapping_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(LoadRefused, match="There is no mapping"):
        read_mapping(tmp_path / "khong_co.yml", "x")
