"""The closed catalogue of rules on data, and what a check finds.

Codes: HH shape (hình học), KH key (khóa), MA code (mã), DV territory (đơn vị), DT area (diện tích), TD
coordinates (tọa độ), VB value or text (văn bản). A code never changes its meaning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

type Values = NDArray[np.object_]
type Positions = NDArray[np.int64]


class Severity(StrEnum):
    """What a finding means for its row."""

    ERROR = "error"
    """The row is not written."""
    WARNING = "warning"
    """The row is written and reported."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with its title for people."""

    code: str
    severity: Severity
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says about one row.

    Args:
        row: position in the file, 1 is the first; 0 is the file itself.
        key: the row's key in words, empty where it has none.
        column: the column that is wrong, ``None`` where no single one is.
        geometry: where the fault lies, in the coordinates of the file.
    """

    rule: Rule
    row: int
    key: str
    column: str | None
    vi: str
    en: str
    geometry: BaseGeometry | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as columns; all arrays have one length.

    Args:
        rows: positions in the file, 1 is the first.
        keys: each row's key in words.
        values: columns by name; ``None`` is a missing value.
        shapes: geometries or ``None``; ``None`` for a table without geometry.
    """

    rows: Positions
    keys: Sequence[str]
    values: Mapping[str, Values]
    shapes: Values | None

    def finding(
        self,
        rule: Rule,
        i: int,
        vi: str,
        en: str,
        *,
        column: str | None = None,
        at: BaseGeometry | None = None,
    ) -> Finding:
        """Return a finding on the row at index ``i`` of the arrays."""
        return Finding(rule, int(self.rows[i]), self.keys[i], column, vi, en, at)


def _error(code: str, vi: str, en: str) -> Rule:
    return Rule(code, Severity.ERROR, vi, en)


def _warning(code: str, vi: str, en: str) -> Rule:
    return Rule(code, Severity.WARNING, vi, en)


MISSING_SHAPE: Final = _error("HH-01", "Thiếu hình", "The geometry is missing")
EMPTY_SHAPE: Final = _error("HH-02", "Hình rỗng", "The geometry is empty")
INVALID_SHAPE: Final = _error("HH-03", "Hình không hợp lệ", "The geometry is not valid")
WRONG_SHAPE_TYPE: Final = _error("HH-04", "Sai loại hình", "The geometry has the wrong type")
NOT_FINITE: Final = _error("HH-05", "Tọa độ không phải số hữu hạn", "A coordinate is not a finite number")
REPEATED_POINT: Final = _warning("HH-06", "Đỉnh trùng nhau", "Neighbouring vertices coincide")
SPIKE: Final = _warning("HH-07", "Đỉnh nhọn", "The boundary has a spike")
OVERLAP: Final = _error("HH-08", "Chồng lấn trong tệp", "Overlaps another row of the file")
OVERLAP_STORED: Final = _error("HH-09", "Chồng lấn với dữ liệu đã có", "Overlaps what is stored")
DUPLICATE_KEY: Final = _error("KH-01", "Trùng số hiệu trong tệp", "The key occurs twice in the file")
STORED_KEY: Final = _error("KH-02", "Số hiệu đã có", "The key is stored already")
UNKNOWN_REFERENCE: Final = _error("KH-03", "Tham chiếu đến cái không có", "Refers to what is not there")
UNKNOWN_CODE: Final = _error("MA-01", "Mã không có trong danh mục", "The code is in no list")
CODE_NOT_IN_FORCE: Final = _error("MA-02", "Mã không có hiệu lực", "The code is not in force at the date")
JOINED_CODES: Final = _warning("MA-03", "Nhiều mã ghép", "Several codes are joined")
UNKNOWN_UNIT: Final = _error("DV-01", "Mã đơn vị hành chính không có hiệu lực", "No such unit at the date")
OUTSIDE_UNIT: Final = _error("DV-02", "Nằm ngoài địa giới xã", "Lies outside its commune")
AREA_DIFFERS: Final = _warning("DT-01", "Diện tích ghi khác diện tích tính", "Stated and computed area differ")
AREA_NOT_POSITIVE: Final = _error("DT-02", "Diện tích không dương", "The area is not positive")
AXES_SWAPPED: Final = _error("TD-01", "Đổi chỗ X và Y", "X and Y are exchanged")
WRONG_ZONE: Final = _error("TD-02", "Sai kinh tuyến trục hoặc hệ tọa độ", "Wrong central meridian or system")
DEGREES: Final = _error("TD-03", "Tọa độ là độ thay vì mét", "Degrees in place of metres")
OUT_OF_AREA: Final = _error("TD-04", "Nằm ngoài địa bàn", "Lies outside the area")
DATUM_SHIFT: Final = _error("TD-05", "Sai phép chuyển hệ", "A wrong datum shift")
METRES: Final = _error("TD-06", "Tọa độ là mét thay vì độ", "Metres in place of degrees")
UNPLACEABLE: Final = _error("TD-07", "Tọa độ không chuyển được", "The coordinates cannot be transformed")
MISSING_VALUE: Final = _error("VB-01", "Thiếu giá trị bắt buộc", "A required value is missing")
TOO_LONG: Final = _error("VB-02", "Giá trị quá dài", "The value is too long")
BAD_DATE: Final = _error("VB-03", "Ngày không hợp lệ", "The date cannot be read")
BAD_TYPE: Final = _error("VB-04", "Sai kiểu giá trị", "The value has the wrong type")
RESIDUE: Final = _warning("VB-05", "Còn dấu vết bảng mã cũ", "Residue of a legacy encoding")
CONVERTED: Final = _warning("VB-06", "Đã chuyển bảng mã cũ", "A legacy encoding was converted")
REFUSED: Final = _error("VB-07", "Cơ sở dữ liệu từ chối", "The database refuses the value")

RULES: Final[Mapping[str, Rule]] = {
    rule.code: rule
    for rule in (
        *(MISSING_SHAPE, EMPTY_SHAPE, INVALID_SHAPE, WRONG_SHAPE_TYPE, NOT_FINITE, REPEATED_POINT, SPIKE),
        *(OVERLAP, OVERLAP_STORED, DUPLICATE_KEY, STORED_KEY, UNKNOWN_REFERENCE),
        *(UNKNOWN_CODE, CODE_NOT_IN_FORCE, JOINED_CODES),
        *(UNKNOWN_UNIT, OUTSIDE_UNIT, AREA_DIFFERS, AREA_NOT_POSITIVE),
        *(AXES_SWAPPED, WRONG_ZONE, DEGREES, OUT_OF_AREA, DATUM_SHIFT, METRES, UNPLACEABLE),
        *(MISSING_VALUE, TOO_LONG, BAD_DATE, BAD_TYPE, RESIDUE, CONVERTED, REFUSED),
    )
}
"""All rules by code."""
