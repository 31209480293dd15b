"""What accounts of the demo may see, written by hand as SQL that goes around the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

type Rows = Callable[..., list[tuple[Any, ...]]]

IN_FORCE = "hieu_luc_den IS NULL"
TAN_PHU = "xa_id IN (SELECT id FROM hc.don_vi WHERE ma = '25195')"
LOC_HOA = "xa_id IN (SELECT id FROM hc.don_vi WHERE ma = '25273')"
LOC_NINH = "xa_id IN (SELECT id FROM hc.don_vi WHERE '692' IN (ma, ma_cha))"
BU_DOP = "xa_id IN (SELECT id FROM hc.don_vi WHERE '693' IN (ma, ma_cha))"

BORDERS = "id cap ma ten loai cha_id ma_cha ten_cha dien_tich_cong_bo can_cu hieu_luc_tu hieu_luc_den"
ZONES = "id xa_id ma_xa phuong_an_id ma_loai_dat_qh ten nam_quy_hoach dien_tich"
PARCEL = (
    "id xa_id ma_xa so_to so_thua ma_dinh_danh dien_tich dien_tich_phap_ly dia_chi loai_dat loai_dat_chinh"
    " nhom_dat_chinh muc_dich he_ma loai_doi_tuong da_cap_gcn tranh_chap trang_thai hieu_luc_tu"
)
RIGHT = (
    "id xa_id ma_xa thua_id so_to so_thua loai_quyen hinh_thuc ty_le the_chap loai_chu loai_doi_tuong ten_chu"
    " hieu_luc_tu"
)
HOLDER = f"{RIGHT} gcn_id nam_sinh so_dinh_danh dia_chi_chu"


@dataclass(frozen=True, slots=True)
class Sees:
    """Rows and columns of a table; ``spatial`` where geometries are among them."""

    table: str
    where: str
    columns: str
    spatial: bool = True

    def names(self) -> set[str]:
        """Return the names of the columns."""
        return set(self.columns.split())

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of the rows, ordered as text."""
        return sorted(str(each) for (each,) in rows(f"SELECT id FROM {self.table} WHERE {self.where}"))


WORLDS: Mapping[str, Mapping[str, Sees]] = {
    "25195.diachinh": {
        "don-vi-hanh-chinh": Sees("hc.don_vi", "TRUE", BORDERS),
        "chi-gioi": Sees("dc.chi_gioi", IN_FORCE, "id xa_id ma_xa loai ten can_cu hieu_luc_tu"),
        "vung-quy-hoach": Sees("qh.vung", "TRUE", ZONES),
        "thua-dat": Sees("dc.thua_dat", f"{IN_FORCE} AND {TAN_PHU}", PARCEL),
        "muc-dich-su-dung": Sees(
            "dc.muc_dich",
            TAN_PHU,
            "id xa_id ma_xa thua_id stt ma_loai_dat he_ma dien_tich thoi_han ngay_het_han nguon_goc",
            spatial=False,
        ),
        "quyen-su-dung-dat": Sees("dc.quyen_su_dung_dat", f"{IN_FORCE} AND {TAN_PHU}", RIGHT),
    },
    "25195.motcua": {
        "thua-dat": Sees("dc.thua_dat", f"{IN_FORCE} AND {TAN_PHU}", "id xa_id ma_xa so_to so_thua dia_chi"),
        "quyen-su-dung-dat": Sees(
            "dc.quyen_su_dung_dat",
            f"{IN_FORCE} AND {TAN_PHU}",
            "id xa_id ma_xa thua_id so_to so_thua ten_chu nam_sinh so_dinh_danh dia_chi_chu",
        ),
        "ho-so": Sees(
            "hs.ho_so",
            TAN_PHU,
            "id xa_id ma_xa he_thong ma_ho_so trung_ma ma_thu_tuc loai_bien_dong ngay_nhan ngay_hen ngay_tra"
            " trang_thai giai_doan_thue so_thua_dat",
            spatial=False,
        ),
    },
    "692.diaban": {
        "thua-dat": Sees("dc.thua_dat", f"{IN_FORCE} AND {LOC_HOA}", PARCEL),
        "quyen-su-dung-dat": Sees("dc.quyen_su_dung_dat", f"{IN_FORCE} AND {LOC_HOA}", HOLDER),
    },
    "ioc.may": {
        "don-vi-hanh-chinh": Sees("hc.don_vi", "TRUE", "id cap ma ten loai hieu_luc_tu hieu_luc_den"),
        "thua-dat": Sees(
            "dc.thua_dat",
            IN_FORCE,
            "id xa_id ma_xa dien_tich loai_dat loai_dat_chinh nhom_dat_chinh he_ma hieu_luc_tu",
        ),
        "khoanh-dat": Sees("tk.khoanh_dat", "TRUE", "id xa_id ma_xa nam stt ma_loai_dat nhom_dat he_ma dien_tich"),
        "vung-quy-hoach": Sees("qh.vung", "TRUE", "id xa_id ma_xa ma_loai_dat_qh ten nam_quy_hoach dien_tich"),
    },
}

SPECIAL = Sees(
    "dc.thua_dat",
    f"{IN_FORCE} AND {BU_DOP} AND nhom_dat_chinh = 'NNP' AND hieu_luc_tu >= '2010-01-01'",
    "id xa_id ma_xa so_to so_thua dien_tich loai_dat loai_dat_chinh nhom_dat_chinh he_ma loai_doi_tuong hieu_luc_tu",
)
"""``thua-dat~dt-2025-001`` of ``692.diachinh``, beside the parcels of its own district."""
