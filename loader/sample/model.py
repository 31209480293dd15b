"""Values that the parts of the sample pass on: what is being made, and the rows made so far."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

import shapely
from shapely import MultiPolygon

from loader.sample.territory import SRID
from loader.sample.units import Unit

type Era = Literal["before_reform", "after_reform"]
type Value = str | int | float | bool | date | None

SYSTEM: Final = "TT08"
OLD_SYSTEM: Final = "TT27"
SYSTEM_SINCE: Final = date(2024, 8, 1)
YEAR: Final = 2024
"""The year of the statistics."""
FIRST_DAY: Final = date(2008, 1, 2)
LAST_DAY: Final = date(2025, 5, 30)
"""Registrations of the sample lie between these days."""


@dataclass(frozen=True, slots=True)
class Head:
    """What exists once in the province: keys that rows of communes point to."""

    price_tables: tuple[str, str]
    province_plan: str
    district_plans: Mapping[int, str]
    yearly_plans: Mapping[tuple[int, int], str]


@dataclass(frozen=True, slots=True)
class Task:
    """One old commune to fill.

    ``owner`` is the unit that its rows belong to: the commune itself, or its successor after the reform; ``rank`` is
    its place among the communes that its owner came from, ``number`` its place among all.
    """

    unit: Unit
    owner: Unit
    district: Unit
    province_name: str
    number: int
    rank: int
    parcels: int
    seed: int
    era: Era
    shape: MultiPolygon
    border_nodes: tuple[tuple[float, float], ...]

    @property
    def place(self) -> str:
        """The end of an address."""
        if self.era == "after_reform":
            return f"{self.owner.name}, {self.province_name}"
        return f"{self.unit.name}, {self.district.name}, {self.province_name}"


@dataclass(slots=True)
class Rows:
    """Lines in the text format of COPY, by table, and sums that the province needs."""

    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    targets: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, table: str, *values: Value) -> None:
        """Add one row; texts hold no tab, backslash or line end."""
        self.lines[table].append("\t".join(["\\N" if value is None else str(value) for value in values]))


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as COPY takes them: number of lines and text, by table; and the sums of the rows."""

    texts: Mapping[str, tuple[int, bytes]]
    cells: Counter[tuple[str, str]]
    targets: Counter[tuple[str, str, str]]


def packed(rows: Rows) -> Batch:
    """Return rows in the form that costs least to hand to another process and to the database."""
    texts = {table: (len(lines), ("\n".join(lines) + "\n").encode()) for table, lines in rows.lines.items() if lines}
    return Batch(texts, rows.cells, rows.targets)


COLUMNS: Final[Mapping[str, str]] = {
    "dc.tai_lieu_do_dac": "id xa_id loai_ban_do don_vi_do_dac phuong_phap_do ty_le ngay_hoan_thanh",
    "dc.thua_dat": "id xa_id ma_dinh_danh so_to so_thua so_to_cu so_thua_cu dien_tich dien_tich_phap_ly dia_chi he_ma"
    " loai_dat loai_dat_chinh nhom_dat_chinh muc_dich loai_doi_tuong da_cap_gcn tranh_chap trang_thai"
    " tai_lieu_do_dac_id nguon hieu_luc_tu hieu_luc_den geom_goc",
    "dc.muc_dich": "id thua_id stt he_ma ma_loai_dat dien_tich thoi_han ngay_het_han nguon_goc",
    "dc.nguoi": "id loai he_ma loai_doi_tuong ho_ten nam_sinh gioi_tinh so_dinh_danh dia_chi",
    "dc.giay_chung_nhan": "id thua_id loai so_vao_so so_phat_hanh ngay_cap cap_boi trang_thai hieu_luc_tu hieu_luc_den",
    "dc.tai_san": "id thua_id loai ten so_tang dien_tich_xay_dung dien_tich_san ket_cau cap_hang nam_hoan_thanh"
    " hieu_luc_tu geom_goc",
    "dc.quyen_su_dung_dat": "id thua_id nguoi_id gcn_id loai_quyen hinh_thuc ty_le the_chap hieu_luc_tu hieu_luc_den",
    "hs.ho_so": "id xa_id he_thong ma_ho_so trung_ma ma_thu_tuc loai_bien_dong ngay_nhan ngay_hen ngay_tra trang_thai"
    " giai_doan_thue so_thua_dat",
    "hs.buoc": "id ho_so_id stt trang_thai vao ra dung_dong_ho",
    "hs.ho_so_thua": "ho_so_id thua_id",
    "hs.thanh_phan": "id ho_so_id stt ten ban_goc",
    "dc.bien_dong": "id xa_id loai ma_bien_dong ngay_dang_ky noi_dung ho_so_id",
    "dc.thua_dat_pha_he": "thua_cha thua_con bien_dong_id dien_tich",
    "dc.han_che": "id thua_id loai noi_dung so_van_ban dien_tich hieu_luc_tu hieu_luc_den",
    "dc.moc": "id xa_id loai so_hieu cap_hang do_cao hieu_luc_tu geom_goc",
    "dc.chi_gioi": "id xa_id loai ten can_cu hieu_luc_tu geom_goc",
    "tk.khoanh_dat": "id xa_id nam stt he_ma ma_loai_dat ma_loai_dat_truoc nhom_dat ma_ket_hop ma_doi_tuong"
    " ma_doi_tuong_truoc dt_khong_gian dien_tich geom_goc",
    "qh.vung": "id xa_id phuong_an_id ma_loai_dat_qh ten nam_quy_hoach dien_tich geom_goc",
    "qh.cong_trinh": "id xa_id ke_hoach_id nam stt ten ma_loai_dat_qh dien_tich dien_tich_thu_hoi geom_goc",
    "gd.doan_duong": "id xa_id bang_gia_id ten_duong diem_dau diem_cuoi loai_dat he_ma don_gia be_rong_m hieu_luc_tu"
    " hieu_luc_den geom_goc",
    "gd.vi_tri": "id xa_id doan_duong_id vi_tri he_so don_gia",
    "gd.vung_gia_tri": "id xa_id bang_gia_id khu_vuc vi_tri loai_dat he_ma don_gia hieu_luc_tu hieu_luc_den geom_goc",
    "gd.gia_thua": "id thua_id bang_gia_id doan_duong_id vung_gia_tri_id loai_dat he_ma vi_tri don_gia gia_tri"
    " thoi_diem can_cu",
}
"""Columns that are written, by table, in an order in which every key exists before it is pointed to."""


def one_hex(shape: shapely.Geometry) -> str:
    """Return the EWKB of a shape in EPSG:9212 as PostGIS reads it from text."""
    return shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True)


def group_of(code: str) -> str:
    """Return the main group of a land-use code: NNP, PNN or CSD."""
    if code in _FARMED:
        return "NNP"
    return "CSD" if code in ("BCS", "DCS", "NCS", "CGT", "MCS") else "PNN"


_FARMED: Final = frozenset(("LUC", "LUK", "HNK", "CLN", "RDD", "RPH", "RSX", "NTS", "CNT", "LMU", "NKH"))
