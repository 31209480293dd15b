import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely

from quality.areas import AreaTolerance, check_areas
from quality.codes import Code, check_codes, code_at, split_codes
from quality.keys import duplicate_words, reference_words, stored_words
from quality.rules import RULES, Batch, Finding
from quality.values import (
    UnreadableError,
    check_length,
    check_readable,
    check_required,
    check_residue,
    read_boolean,
    read_date,
    read_integer,
    read_number,
    read_text,
)

TT27_END = date(2024, 8, 1)
LAND = {
    "LUN": (Code("LUN", "TT27", "NNP", date(2019, 2, 1), TT27_END),),
    "CNT": (Code("CNT", "TT08", "NNP", TT27_END, None),),
    "ODT": (
        Code("ODT", "TT27", "PNN", date(2019, 2, 1), TT27_END),
        Code("ODT", "TT08", "PNN", TT27_END, None),
    ),
    "CLN": (Code("CLN", "TT08", "NNP", TT27_END, None),),
}


def batch_of(**values: Sequence[object]) -> Batch:
    columns = {name: np.array(column, object) for name, column in values.items()}
    size = len(next(iter(values.values())))
    rows = np.arange(1, 1 + size)
    return Batch(rows, [f"dòng số {row}" for row in rows], columns, None)


def told(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    return [(each.rule.code, each.row) for each in findings]


def test_every_rule_has_a_code_of_its_own_and_titles_in_both_languages():
    assert all(code == rule.code and rule.vi and rule.en for code, rule in RULES.items())
    assert len({rule.vi for rule in RULES.values()}) == len(RULES)
    assert {code[:2] for code in RULES} == {"HH", "KH", "MA", "DV", "DT", "TD", "VB"}


def test_findings_on_keys_name_the_key_and_what_it_meets():
    assert duplicate_words("tờ 1 thửa 2", 7) == (
        "Trùng với dòng 7: tờ 1 thửa 2.",
        "Row 7 has the same key: tờ 1 thửa 2.",
    )
    assert stored_words("tờ 1 thửa 2") == ("Đã có: tờ 1 thửa 2.", "Stored already: tờ 1 thửa 2.")
    assert reference_words("thua_id", "5", "dc.thua_dat") == (
        "«thua_id» 5 không có trong dc.thua_dat.",
        "“thua_id” 5 is not in dc.thua_dat.",
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ODT+CLN", ("ODT", "CLN")),
        ("ODT +CLN", ("ODT", "CLN")),
        ("cln; odt", ("CLN", "ODT")),
        ("ODT", ("ODT",)),
        ("ODT+ODT", ("ODT",)),
        (" + ", ()),
        ("", ()),
    ],
)
def test_joined_codes_are_split_in_order(text: str, parts: tuple[str, ...]):
    assert split_codes(text) == parts


def test_a_code_is_judged_at_its_date():
    batch = batch_of(loai_dat=["LUN", "CNT", "ZZZ", None])

    before = told(list(check_codes(batch, "loai_dat", codes=LAND, day=date(2020, 1, 1))))
    after = told(list(check_codes(batch, "loai_dat", codes=LAND, day=date(2025, 6, 30))))

    assert before == [("MA-02", 2), ("MA-01", 3)]
    assert after == [("MA-02", 1), ("MA-01", 3)]


def test_a_code_that_is_not_in_force_is_told_with_its_validity():
    (finding,) = check_codes(batch_of(x=["LUN"]), "x", codes=LAND, day=date(2025, 6, 30))

    assert finding.column == "x"
    assert finding.vi == ("Mã «LUN» không có hiệu lực ngày 30/06/2025; hiệu lực: 01/02/2019 – 01/08/2024 (TT27).")


def test_the_day_on_which_a_code_ends_belongs_to_its_successor():
    assert code_at(LAND, "ODT", TT27_END) == LAND["ODT"][1]
    assert code_at(LAND, "LUN", TT27_END) is None


def test_joined_codes_are_a_warning_and_each_is_judged():
    batch = batch_of(loai_dat=["ODT +CLN", "ODT+XXX"])

    findings = list(check_codes(batch, "loai_dat", codes=LAND, day=date(2025, 6, 30), joined=True))

    assert told(findings) == [("MA-03", 1), ("MA-01", 2), ("MA-03", 2)]
    assert findings[0].vi == "«ODT +CLN» là nhiều mã: ODT, CLN."


def test_the_area_tolerance_grows_with_the_root_of_the_area():
    tolerance = AreaTolerance(point_error_m=0.3)

    assert tolerance.at(400) == pytest.approx(12)
    assert tolerance.at(0) == 0.1


def test_stated_areas_are_compared_with_computed_ones():
    shapes = np.array([shapely.box(0, 0, 20, 20)] * 5 + [None], object)
    columns = {"dien_tich": np.array([400.0, 411.9, 412.1, 0.0, None, 5.0], object)}
    batch = Batch(np.arange(1, 7), [""] * 6, columns, shapes)

    findings = list(check_areas(batch, "dien_tich", AreaTolerance(point_error_m=0.3)))

    assert told(findings) == [("DT-01", 3), ("DT-02", 4)]
    assert findings[0].vi == "Ghi 412,1 m², tính 400,0 m²: lệch +12,1 m² (cho phép ±12,0)."
    assert findings[0].en == "Stated 412.1 m², computed 400.0 m²: +12.1 m² (allowed ±12.0)."


def test_missing_long_and_damaged_values_are_told():
    batch = batch_of(dia_chi=["Phường Tân Phú", None, "", "Lo¹i ®Êt", "Thôn 1"])

    assert told(list(check_required(batch, "dia_chi"))) == [("VB-01", 2), ("VB-01", 3)]
    assert told(list(check_length(batch, "dia_chi", 8))) == [("VB-02", 1)]
    assert told(list(check_residue(batch, "dia_chi"))) == [("VB-05", 4)]


def test_unreadable_values_are_told():
    batch = batch_of(ngay=["31/02/2024", "01/03/2024", None], so=["12", "1,5", "x"])

    assert told(list(check_readable(batch, "ngay", read_date))) == [("VB-03", 1)]
    assert told(list(check_readable(batch, "so", read_integer))) == [("VB-04", 2), ("VB-04", 3)]
    assert told(list(check_readable(batch, "so", read_number))) == [("VB-04", 3)]


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("05/02/2024", date(2024, 2, 5)),
        ("5-2-2024", date(2024, 2, 5)),
        ("2024-02-05", date(2024, 2, 5)),
        ("2024-02-05T10:00:00", date(2024, 2, 5)),
        ("20240205", date(2024, 2, 5)),
        (date(2024, 2, 5), date(2024, 2, 5)),
        (datetime(2024, 2, 5, 23), date(2024, 2, 5)),  # noqa: DTZ001 - files hold no zone
        ("", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_dates_are_read_day_first_or_year_first(value: object, day: date | None):
    assert read_date(value) == day


@pytest.mark.parametrize("value", ["2/13/2024", "tháng 2", "2024", "1/1/24"])
def test_other_dates_are_refused(value: str):
    with pytest.raises(UnreadableError):
        read_date(value)


def test_numbers_are_read_with_comma_or_point():
    assert (read_number("1,5"), read_number(" 2.5 "), read_number(3), read_number("")) == (1.5, 2.5, 3.0, None)
    assert (read_integer(12.0), read_integer("7"), read_integer(None)) == (12, 7, None)


@pytest.mark.parametrize("value", ["1.234,5", "12 m²", "inf", "nan", math.inf])
def test_other_numbers_are_refused(value: object):
    with pytest.raises(UnreadableError):
        read_number(value)


def test_texts_have_no_blanks_around_and_whole_numbers_no_point():
    assert [read_text(each) for each in (" a ", "", None, 25195.0, 1.5, math.nan)] == [
        "a",
        None,
        None,
        "25195",
        "1.5",
        None,
    ]


def test_yes_and_no_are_read_in_both_languages():
    assert [read_boolean(each) for each in (True, "Có", 1, "không", 0.0, None)] == [
        True,
        True,
        True,
        False,
        False,
        None,
    ]
    with pytest.raises(UnreadableError):
        read_boolean("có thể")


def test_the_documentation_lists_every_rule_with_its_severity():
    text = (Path(__file__).parents[2] / "docs/how-to/load-data.md").read_text(encoding="utf-8")

    assert [code for code, rule in RULES.items() if f"| {code} | {rule.severity} |" not in text] == []
