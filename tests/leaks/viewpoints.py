"""Callers of every kind: what each may see, as a profile published for an account, or for the public."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from catalogue.files import read_layers
from catalogue.layer import Layer
from catalogue.profile import Allowance, Between, Collection, OneOf, Operation, Profile, RowScope, Term, compile_profile
from catalogue.record_keys import RECORDS, records_of
from server.access import narrowed

LAYERS: Mapping[str, Layer] = {each.id: each for each in read_layers()}

READ = frozenset({Operation.READ})
ASK = frozenset({Operation.READ, Operation.QUERY})
ALL = frozenset({Operation.READ, Operation.QUERY, Operation.EXPORT})
EXPORT = frozenset({Operation.EXPORT})

BORDERS = "id cap ma ten loai cha_id ma_cha ten_cha dien_tich_cong_bo hieu_luc_tu hieu_luc_den"
LIMITS = "id xa_id ma_xa loai ten hieu_luc_tu"
PLANS = "id xa_id ma_xa cap loai ten so_quyet_dinh ngay_quyet_dinh co_quan_duyet ky_tu ky_den"
ZONES = "id xa_id ma_xa phuong_an_id ma_loai_dat_qh ten nam_quy_hoach dien_tich"
OPEN_PARCEL = (
    "id xa_id ma_xa so_to so_thua ma_dinh_danh dien_tich dia_chi loai_dat loai_dat_chinh nhom_dat_chinh muc_dich he_ma"
    " trang_thai hieu_luc_tu"
)
SHAPES_AND_USE = "id xa_id ma_xa dien_tich loai_dat loai_dat_chinh nhom_dat_chinh muc_dich he_ma hieu_luc_tu"
PARCEL = f"{OPEN_PARCEL} dien_tich_phap_ly loai_doi_tuong da_cap_gcn tranh_chap"
PARCEL_OF_OLD = f"{PARCEL} so_to_cu so_thua_cu hieu_luc_den"
PURPOSE = "id xa_id ma_xa thua_id stt ma_loai_dat he_ma dien_tich thoi_han ngay_het_han nguon_goc"
RIGHT = "id xa_id ma_xa thua_id so_to so_thua loai_quyen hinh_thuc ty_le the_chap loai_doi_tuong hieu_luc_tu"
HOLDER = f"{RIGHT} gcn_id loai_chu ten_chu nam_sinh so_dinh_danh dia_chi_chu"
CERTIFICATE = "id xa_id ma_xa thua_id loai so_vao_so so_phat_hanh ngay_cap trang_thai hieu_luc_tu"
DOSSIER = "id xa_id ma_xa ma_ho_so ma_thu_tuc loai_bien_dong ngay_nhan ngay_hen trang_thai giai_doan_thue so_thua_dat"
FIGURES = "id xa_id ma_xa nam bieu ma_loai_dat cot gia_tri don_vi_tinh"
TARGETS = "id xa_id ma_xa phuong_an_id ma_loai_dat_qh dien_tich"
SURVEY = "id xa_id ma_xa nam stt ma_loai_dat nhom_dat dien_tich"
PRICED = "id xa_id ma_xa thua_id so_to so_thua loai_dat he_ma vi_tri don_gia thoi_diem"
LIST = "id xa_id ma_xa ten so_quyet_dinh ngay_quyet_dinh hieu_luc_tu hieu_luc_den"
STREET = "id xa_id ma_xa bang_gia_id ten_duong diem_dau diem_cuoi loai_dat don_gia hieu_luc_tu hieu_luc_den"
ZONE_PRICE = "id xa_id ma_xa khu_vuc vi_tri loai_dat don_gia hieu_luc_tu hieu_luc_den"


@dataclass(frozen=True, slots=True)
class Places:
    """Administrative units of the sample: a commune with many parcels, two districts, and some communes elsewhere."""

    commune: int
    above: tuple[int, ...]
    district: tuple[int, ...]
    other: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """One kind of caller.

    Attributes:
        unit: code of the unit; two viewpoints of one unit are two functions of it. ``None`` is nobody: the public.
        scopes: of its token.
        records: what clauses on records give, each by administrative unit and component database.
    """

    name: str
    unit: str | None
    collections: Callable[[Places], Iterable[Collection]]
    scopes: tuple[str, ...] = ("features:read",)
    records: Callable[[Places], Iterable[RowScope]] = lambda _: ()

    @property
    def is_let_in(self) -> bool:
        """Tell whether its token is good for anything of the profile."""
        return not {"features:read", "records:read"}.isdisjoint(self.scopes)

    def profile(self, places: Places) -> Profile:
        """Return the profile, with the records that come of what is read and of clauses on records."""
        data = list(self.collections(places))
        found = records_of([each for each in data if each.allows(Operation.READ)], list(self.records(places)), LAYERS)
        return compile_profile([*data, *([found] if found else ())])

    def shown(self, places: Places) -> Profile:
        """Return the profile as far as its token shows it; that of a token for other things as it is."""
        profile = self.profile(places)
        is_narrow = "records:read" in self.scopes and "features:read" not in self.scopes
        return narrowed(profile, RECORDS) if is_narrow else profile


def grant(
    layer_id: str,
    columns: str,
    *terms: Term,
    operations: frozenset[Operation] = ALL,
    geometry: bool = True,
    id_: str | None = None,
    formats: frozenset[str] | None = None,
    page_max: int | None = None,
) -> Collection:
    """Return a layer as far as it is granted."""
    layer, names = LAYERS[layer_id], columns.split()
    assert set(names) <= {each.name for each in layer.columns}, (layer_id, names)
    return Collection(
        id=id_ or layer_id,
        layer=layer,
        columns=tuple(each for each in layer.columns if each.name in names),
        scope=RowScope(terms),
        shows_geometry=geometry,
        allowance=Allowance(operations, formats, page_max),
    )


def _in(*units: int) -> OneOf:
    return OneOf("xa_id", units)


def _planning(_: Places) -> list[Collection]:
    return [
        grant("don-vi-hanh-chinh", BORDERS),
        grant("chi-gioi", LIMITS),
        grant("phuong-an-quy-hoach", PLANS),
        grant("vung-quy-hoach", ZONES),
    ]


def _officer(places: Places) -> list[Collection]:
    own = _in(places.commune)
    return [
        grant("don-vi-hanh-chinh", BORDERS, _in(places.commune, *places.above)),
        grant("thua-dat", PARCEL, own),
        grant("quyen-su-dung-dat", HOLDER, own),
        grant("muc-dich-su-dung", PURPOSE, own),
        grant("giay-chung-nhan", CERTIFICATE, own),
    ]


def _clerk(places: Places) -> list[Collection]:
    own = _in(places.commune)
    return [
        grant("don-vi-hanh-chinh", "id cap ten hieu_luc_tu", _in(places.commune)),
        grant("thua-dat", OPEN_PARCEL, own, operations=ASK),
        grant("quyen-su-dung-dat", RIGHT, own, operations=ASK),
    ]


def _district(places: Places) -> list[Collection]:
    own = _in(*places.district)
    return [
        grant("don-vi-hanh-chinh", BORDERS),
        grant("thua-dat", PARCEL, own),
        grant("thua-dat-lich-su", PARCEL_OF_OLD, own),
        grant("khoanh-dat", SURVEY, own),
        grant("bien-dong", "id xa_id ma_xa loai ma_bien_dong ngay_dang_ky", own),
    ]


def _tax(_: Places) -> list[Collection]:
    return [
        grant("gia-thua", PRICED),
        grant("bang-gia", LIST),
        grant("doan-duong", STREET),
        grant("vung-gia-tri", ZONE_PRICE),
        grant("ho-so", DOSSIER, OneOf("giai_doan_thue", (True,))),
    ]


def _planner(places: Places) -> list[Collection]:
    return [
        *_planning(places),
        grant("thua-dat", OPEN_PARCEL),
        grant("ke-hoach", "id xa_id ma_xa nam ten ngay_quyet_dinh", OneOf("nam", (2025,))),
        grant("cong-trinh-ke-hoach", "id xa_id ma_xa ke_hoach_id nam ten ma_loai_dat_qh", OneOf("nam", (2025,))),
    ]


def _office(_: Places) -> list[Collection]:
    return [grant("bieu-thong-ke", FIGURES, OneOf("nam", (2024,))), grant("chi-tieu-su-dung-dat", TARGETS)]


def _ioc(_: Places) -> list[Collection]:
    return [
        grant("don-vi-hanh-chinh", "id cap ma ten loai hieu_luc_tu"),
        grant("thua-dat", SHAPES_AND_USE, OneOf("nhom_dat_chinh", ("NNP",))),
    ]


def _special(places: Places) -> list[Collection]:
    return [
        grant("thua-dat", OPEN_PARCEL, _in(*places.district)),
        grant("thua-dat", f"{SHAPES_AND_USE} loai_doi_tuong", _in(*places.other), id_="thua-dat~dt-1"),
    ]


def _exporter(places: Places) -> list[Collection]:
    return [
        grant("thua-dat", PARCEL, _in(*places.district), operations=ASK),
        grant("thua-dat", OPEN_PARCEL, _in(places.commune), operations=EXPORT, formats=frozenset({"csv", "gpkg"})),
        grant("tai-san", "id xa_id ma_xa thua_id loai ten hieu_luc_tu", _in(*places.district), operations=ASK),
        grant("tai-san", "id xa_id ma_xa loai hieu_luc_tu", OneOf("loai", ("nha_rieng_le",)), _in(places.commune),
              operations=EXPORT),
    ]  # fmt: skip


def _dated(places: Places) -> list[Collection]:
    return [
        grant("thua-dat", OPEN_PARCEL, _in(*places.district), Between("hieu_luc_tu", "2012-01-01", "2023-01-01")),
        grant("giay-chung-nhan", CERTIFICATE, Between("ngay_cap", None, "2018-01-01")),
        grant("ho-so", DOSSIER, Between("ngay_nhan", "2025-01-01", None)),
        grant("khoanh-dat", SURVEY, Between("nam", "2024", "2025"), _in(*places.district)),
    ]


def _flat(places: Places) -> list[Collection]:
    own = _in(*places.district)
    return [
        grant("thua-dat", f"{OPEN_PARCEL} tranh_chap", own, geometry=False),
        grant("quyen-su-dung-dat", RIGHT, own, geometry=False),
        grant("moc", "id xa_id ma_xa loai so_hieu hieu_luc_tu", own, geometry=False),
    ]


def _reader(places: Places) -> list[Collection]:
    own = _in(*places.district)
    return [
        grant("thua-dat", OPEN_PARCEL, own, operations=READ),
        grant("quyen-su-dung-dat", RIGHT, own, operations=READ),
        grant("giay-chung-nhan", CERTIFICATE, own, operations=READ),
    ]


def _narrow(places: Places) -> list[Collection]:
    formats = frozenset({"json", "csv"})
    return [
        grant("thua-dat", OPEN_PARCEL, _in(*places.district), formats=formats, page_max=3),
        grant("vung-quy-hoach", "id xa_id ma_xa ma_loai_dat_qh", OneOf("ma_loai_dat_qh", ("ODT", "ONT")),
              formats=formats, page_max=5),
    ]  # fmt: skip


def _of_district(places: Places) -> list[RowScope]:
    return [RowScope((_in(*places.district[:3]),))]


def _of_cadastre(places: Places) -> list[RowScope]:
    """Those of one component everywhere, and of another one in a few communes."""
    prices = OneOf("thanh_phan", ("gia-dat",))
    return [RowScope((OneOf("thanh_phan", ("dia-chinh",)),)), RowScope((_in(*places.other[:2]), prices))]


VIEWPOINTS: tuple[Viewpoint, ...] = (
    Viewpoint("public-with-nothing", None, lambda _: ()),
    Viewpoint("public-planning", None, _planning),
    Viewpoint("commune-officer", "xa", _officer),
    Viewpoint("commune-clerk", "xa", _clerk),
    Viewpoint("district", "huyen", _district),
    Viewpoint("tax", "thue", _tax),
    Viewpoint("planner", "quy-hoach", _planner),
    Viewpoint("aggregates", "vp-ubnd", _office),
    Viewpoint("ioc", "ioc", _ioc),
    Viewpoint("special-request", "so-nganh", _special),
    Viewpoint("exporter", "vpdk", _exporter),
    Viewpoint("dated", "bo", _dated),
    Viewpoint("without-geometry", "mot-cua", _flat),
    Viewpoint("without-queries", "khac", _reader),
    Viewpoint("few-formats", "doi-tac", _narrow),
    Viewpoint("token-without-features", "huyen", _district, ("tiles:read",)),
    Viewpoint("records-of-a-territory", "huyen", _clerk, records=_of_district),
    Viewpoint("records-of-the-province", "bo", _office, records=lambda _: (RowScope(),)),
    Viewpoint("records-of-a-component", "so-nganh", _clerk, records=_of_cadastre),
    Viewpoint("token-of-records", "bo", _district, ("records:read",), _of_cadastre),
)
BY_NAME: Mapping[str, Viewpoint] = {each.name: each for each in VIEWPOINTS}
