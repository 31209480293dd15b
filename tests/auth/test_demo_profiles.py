"""What each account of the demo may see: a table written by hand, against what the compiler makes of the files."""

from collections.abc import Iterable, Iterator
from datetime import date

import pytest

from auth.model import AccountKind, AgreementKind, Function, GrantInForce, Period
from auth.policy.clauses import Place, Terms, Vocabulary, body_of, grants_of
from auth.policy.compiler import Compiled, compile_profile_of, compile_public
from auth.territory import territories_of
from catalogue.files import read_layers
from catalogue.profile import Allowance, Between, Collection, OneOf, Operation, Profile, RowScope, Term
from catalogue.record_keys import keys_of
from formats.offered import FORMATS
from loader.demo.files import read_demo
from loader.sample.units import read_units

TODAY = date(2025, 6, 30)
LAYERS = {each.id: each for each in read_layers()}
DEMO = read_demo()
UNITS = read_units()
TERRITORIES = territories_of(
    (each.id, each.level, each.code, each.parent_id, each.valid_from, each.valid_to) for each in UNITS.all()
)
VOCABULARY = Vocabulary(LAYERS, frozenset(each.key for each in FORMATS))

# Sets of columns. What is personal or restricted appears only where a row of the table says so.
BORDERS = "id cap ma ten loai cha_id ma_cha ten_cha dien_tich_cong_bo can_cu hieu_luc_tu hieu_luc_den"
LIMITS = "id xa_id ma_xa loai ten can_cu hieu_luc_tu"
PLANS = "id xa_id ma_xa cap loai ten so_quyet_dinh ngay_quyet_dinh co_quan_duyet ky_tu ky_den ty_le_ban_do"
ZONES = "id xa_id ma_xa phuong_an_id ma_loai_dat_qh ten nam_quy_hoach dien_tich"
YEARLY = "id xa_id ma_xa nam ten so_quyet_dinh ngay_quyet_dinh"
PROJECTS = "id xa_id ma_xa ke_hoach_id nam stt ten ma_loai_dat_qh dien_tich dien_tich_thu_hoi"
OPEN_PARCEL = (
    "id xa_id ma_xa so_to so_thua ma_dinh_danh dien_tich dia_chi loai_dat loai_dat_chinh nhom_dat_chinh"
    " muc_dich he_ma trang_thai hieu_luc_tu"
)
PARCEL = f"{OPEN_PARCEL} dien_tich_phap_ly loai_doi_tuong da_cap_gcn tranh_chap"
PURPOSE = "id xa_id ma_xa thua_id stt ma_loai_dat he_ma dien_tich thoi_han ngay_het_han nguon_goc"
RIGHT = (
    "id xa_id ma_xa thua_id so_to so_thua loai_quyen hinh_thuc ty_le the_chap loai_chu loai_doi_tuong ten_chu"
    " hieu_luc_tu"
)
HOLDER = f"{RIGHT} gcn_id nam_sinh so_dinh_danh dia_chi_chu"
DOSSIER = (
    "id xa_id ma_xa he_thong ma_ho_so trung_ma ma_thu_tuc loai_bien_dong ngay_nhan ngay_hen ngay_tra trang_thai"
    " giai_doan_thue so_thua_dat"
)
PRICES = {
    "bang-gia": "id xa_id ma_xa ten so_quyet_dinh ngay_quyet_dinh hieu_luc_tu hieu_luc_den",
    "doan-duong": "id xa_id ma_xa bang_gia_id ten_duong diem_dau diem_cuoi loai_dat he_ma don_gia be_rong_m"
    " hieu_luc_tu hieu_luc_den",
    "vi-tri-gia-dat": "id xa_id ma_xa doan_duong_id vi_tri he_so don_gia",
    "vung-gia-tri": "id xa_id ma_xa bang_gia_id khu_vuc vi_tri loai_dat he_ma don_gia hieu_luc_tu hieu_luc_den",
}
PLANNING = {
    "don-vi-hanh-chinh": BORDERS,
    "chi-gioi": LIMITS,
    "phuong-an-quy-hoach": PLANS,
    "vung-quy-hoach": ZONES,
    "ke-hoach": YEARLY,
    "cong-trinh-ke-hoach": PROJECTS,
}
FIGURES = "id xa_id ma_xa nam bieu ma_loai_dat he_ma cot gia_tri don_vi_tinh"
TARGETS = "id xa_id ma_xa phuong_an_id ma_loai_dat_qh dien_tich da_dung"

COLUMNS: dict[str, dict[str, str]] = {
    "public": {
        "don-vi-hanh-chinh": "id cap ma ten loai cha_id ma_cha ten_cha dien_tich_cong_bo hieu_luc_tu hieu_luc_den",
        "chi-gioi": "id xa_id ma_xa loai ten hieu_luc_tu",
        "phuong-an-quy-hoach": "id xa_id ma_xa cap loai ten so_quyet_dinh ngay_quyet_dinh co_quan_duyet ky_tu ky_den",
        "vung-quy-hoach": ZONES,
    },
    "so.quantri1": {},
    "so.quantri2": {},
    "vpdk.canbo": {
        "don-vi-hanh-chinh": BORDERS,
        "thua-dat": PARCEL,
        "thua-dat-lich-su": f"{PARCEL} so_to_cu so_thua_cu hieu_luc_den",
        "muc-dich-su-dung": PURPOSE,
        "quyen-su-dung-dat": HOLDER,
        "giay-chung-nhan": "id xa_id ma_xa thua_id loai so_vao_so so_phat_hanh ngay_cap cap_boi trang_thai hieu_luc_tu",
        "tai-san": "id xa_id ma_xa thua_id loai ten so_tang dien_tich_xay_dung dien_tich_san ket_cau cap_hang"
        " nam_hoan_thanh hieu_luc_tu",
        "han-che": "id xa_id ma_xa thua_id loai noi_dung so_van_ban dien_tich hieu_luc_tu",
        "bien-dong": "id xa_id ma_xa loai ma_bien_dong ngay_dang_ky noi_dung ho_so_id",
        "ho-so": DOSSIER,
        "moc": "id xa_id ma_xa loai so_hieu cap_hang do_cao hieu_luc_tu",
    },
    "vpdk.luutru": {
        "thua-dat-lich-su": f"{PARCEL} so_to_cu so_thua_cu hieu_luc_den",
        "giay-chung-nhan": "id xa_id ma_xa thua_id loai so_vao_so so_phat_hanh ngay_cap cap_boi trang_thai hieu_luc_tu",
        "bien-dong": "id xa_id ma_xa loai ma_bien_dong ngay_dang_ky noi_dung ho_so_id",
    },
    "quyhoach.canbo": {
        **PLANNING,
        "thua-dat": OPEN_PARCEL,
        "bieu-thong-ke": FIGURES,
        "chi-tieu-su-dung-dat": TARGETS,
    },
    "689.diachinh": {
        **PLANNING,
        **PRICES,
        "thua-dat": OPEN_PARCEL,
        "quyen-su-dung-dat": f"{RIGHT} gcn_id dia_chi_chu",
    },
    "692.diachinh": {
        **PLANNING,
        "thua-dat": PARCEL,
        "quyen-su-dung-dat": HOLDER,
        "thua-dat~dt-2025-001": "id xa_id ma_xa so_to so_thua dien_tich loai_dat loai_dat_chinh nhom_dat_chinh he_ma"
        " loai_doi_tuong hieu_luc_tu",
    },
    "692.diaban": {"thua-dat": PARCEL, "quyen-su-dung-dat": HOLDER},
    "25195.diachinh": {
        "don-vi-hanh-chinh": BORDERS,
        "chi-gioi": LIMITS,
        "vung-quy-hoach": ZONES,
        "thua-dat": PARCEL,
        "muc-dich-su-dung": PURPOSE,
        "quyen-su-dung-dat": RIGHT,
    },
    "25195.motcua": {
        "thua-dat": "id xa_id ma_xa so_to so_thua dia_chi",
        "quyen-su-dung-dat": "id xa_id ma_xa thua_id so_to so_thua ten_chu nam_sinh so_dinh_danh dia_chi_chu",
        "ho-so": DOSSIER,
    },
    "25270.diachinh": {**PLANNING, "thua-dat": PARCEL, "quyen-su-dung-dat": HOLDER},
    "thue.canbo": {
        **PRICES,
        "thua-dat": PARCEL,
        "gia-thua": "id xa_id ma_xa thua_id so_to so_thua bang_gia_id doan_duong_id vung_gia_tri_id loai_dat he_ma"
        " vi_tri don_gia gia_tri thoi_diem can_cu",
        "ho-so": DOSSIER,
    },
    "hcc.canbo": {"ho-so": DOSSIER},
    "vpubnd.canbo": {"bieu-thong-ke": FIGURES, "chi-tieu-su-dung-dat": TARGETS},
    "ioc.may": {
        "don-vi-hanh-chinh": "id cap ma ten loai hieu_luc_tu hieu_luc_den",
        "thua-dat": "id xa_id ma_xa dien_tich loai_dat loai_dat_chinh nhom_dat_chinh he_ma hieu_luc_tu",
        "khoanh-dat": "id xa_id ma_xa nam stt ma_loai_dat nhom_dat he_ma dien_tich",
        "vung-quy-hoach": "id xa_id ma_xa ma_loai_dat_qh ten nam_quy_hoach dien_tich",
    },
    "bo.may": {
        "bieu-thong-ke": FIGURES,
        "khoanh-dat": "id xa_id ma_xa nam stt ma_loai_dat ma_loai_dat_truoc nhom_dat ma_ket_hop he_ma ma_doi_tuong"
        " ma_doi_tuong_truoc ma_khu_vuc dt_khong_gian dien_tich",
    },
    "tthdl.vanhanh": {},
}

# Ids of administrative units: the sample province numbers them, so they are facts of it.
DONG_XOAI = (12, 108, 109, 110, 111, 112, 113, 114, 115)
LOC_NINH = (15, *range(130, 146))
BU_DOP = (16, *range(146, 153))
TAN_PHU, LOC_NINH_TOWN, LOC_HOA = 108, 130, 131

ROWS: dict[str, dict[str, tuple[Term, ...]]] = {
    "public": {"chi-gioi": (OneOf("loai", ("dia_gioi", "quy_hoach")),)},
    "689.diachinh": {"quyen-su-dung-dat": (OneOf("xa_id", DONG_XOAI),)},
    "692.diachinh": {
        "thua-dat": (OneOf("xa_id", LOC_NINH),),
        "quyen-su-dung-dat": (OneOf("xa_id", LOC_NINH),),
        "thua-dat~dt-2025-001": (
            Between("hieu_luc_tu", "2010-01-01", None),
            OneOf("nhom_dat_chinh", ("NNP",)),
            OneOf("xa_id", BU_DOP),
        ),
    },
    "692.diaban": {
        "thua-dat": (OneOf("xa_id", (LOC_HOA,)),),
        "quyen-su-dung-dat": (OneOf("xa_id", (LOC_HOA,)),),
    },
    "25195.diachinh": dict.fromkeys(
        ("thua-dat", "muc-dich-su-dung", "quyen-su-dung-dat"), (OneOf("xa_id", (TAN_PHU,)),)
    ),
    "25195.motcua": dict.fromkeys(("thua-dat", "quyen-su-dung-dat", "ho-so"), (OneOf("xa_id", (TAN_PHU,)),)),
    "25270.diachinh": dict.fromkeys(("thua-dat", "quyen-su-dung-dat"), (OneOf("xa_id", (LOC_NINH_TOWN,)),)),
    "thue.canbo": {"ho-so": (OneOf("giai_doan_thue", (True,)),)},
    "bo.may": {"khoanh-dat": (Between("nam", "2024", None),)},
}
"""Terms, ordered by column; a collection that is not here has all rows."""

COMPONENTS = "hanh-chinh dia-chinh thong-ke quy-hoach gia-dat ho-so".split()  # noqa: SIM905 - a list to read
PRICE_LAYERS = "bang-gia doan-duong gia-thua vi-tri-gia-dat vung-gia-tri"
PLAN_LAYERS = "chi-tieu-su-dung-dat cong-trinh-ke-hoach ke-hoach phuong-an-quy-hoach vung-quy-hoach"
LAND_LAYERS = (
    "bien-dong chi-gioi giay-chung-nhan han-che moc muc-dich-su-dung quyen-su-dung-dat tai-san thua-dat"
    " thua-dat-lich-su"
)
RECORDS: dict[str, dict[str, str]] = {
    "public": {
        "khung": "chi-gioi",
        "ca-hai": "don-vi-hanh-chinh phuong-an-quy-hoach vung-quy-hoach",
        "day-du": "chi-tieu-su-dung-dat cong-trinh-ke-hoach ke-hoach",
        "don-vi": "hanh-chinh quy-hoach",
    },
    "689.diachinh": {
        "khung": " ".join(COLUMNS["689.diachinh"]),
        "don-vi": " ".join(f"{component}/{unit}" for component in COMPONENTS for unit in DONG_XOAI),
    },
    "ioc.may": {
        "ca-hai": "don-vi-hanh-chinh khoanh-dat thua-dat vung-quy-hoach",
        "day-du": " ".join(
            {*f"bieu-thong-ke ho-so {PRICE_LAYERS} {PLAN_LAYERS} {LAND_LAYERS}".split()}
            - {"thua-dat", "vung-quy-hoach"}
        ),
        "don-vi": " ".join(COMPONENTS),
    },
    "bo.may": {
        "ca-hai": "bieu-thong-ke khoanh-dat",
        "day-du": f"don-vi-hanh-chinh ho-so {PRICE_LAYERS} {PLAN_LAYERS} {LAND_LAYERS}",
        "don-vi": " ".join(COMPONENTS),
    },
}
"""Records by the kind of their key; whoever is not here sees the frames of the collections above, and nothing else."""

PERSONAL = {"ten_chu", "nam_sinh", "so_dinh_danh", "dia_chi_chu"}
OFFICERS = sorted(each.code for each in DEMO.accounts if each.kind is not AccountKind.UNIT_HEAD)


def profile(account: str, day: date = TODAY) -> Profile:
    """Compile what an account, or ``public``, sees on a day."""
    if account == "public":
        made = compile_public(_grants(None), LAYERS, day)
    else:
        found = DEMO.account(account)
        made = compile_profile_of(_grants(found.unit), _functions(account), LAYERS, day)
    assert isinstance(made, Compiled), made
    return made.profile


def test_the_table_names_every_account_but_the_heads() -> None:
    assert sorted(COLUMNS) == sorted([*OFFICERS, "public"])


@pytest.mark.parametrize("account", COLUMNS)
def test_an_account_sees_exactly_these_collections(account: str) -> None:
    assert sorted(_data(account)) == sorted(COLUMNS[account])


@pytest.mark.parametrize("account", COLUMNS)
def test_an_account_sees_exactly_these_columns(account: str) -> None:
    seen = {id_: {each.name for each in found.columns} for id_, found in _data(account).items()}

    assert seen == {id_: set(names.split()) for id_, names in COLUMNS[account].items()}


@pytest.mark.parametrize("account", COLUMNS)
def test_an_account_sees_exactly_these_rows(account: str) -> None:
    seen = {id_: _ordered(found.scope.terms) for id_, found in _data(account).items()}

    assert seen == dict.fromkeys(COLUMNS[account], ()) | ROWS.get(account, {})


@pytest.mark.parametrize("account", COLUMNS)
def test_an_account_sees_exactly_these_records(account: str) -> None:
    told = RECORDS.get(account, {"khung": " ".join(COLUMNS[account])})
    keys = {f"{kind}:{each}" for kind, named in told.items() for each in named.split()}

    found = profile(account).collections.get("sieu-du-lieu")

    assert (set(keys_of(found)) if found else set()) == keys
    assert found is None or found.columns == LAYERS["sieu-du-lieu"].columns
    assert found is None or found.allowance == Allowance(frozenset({Operation.READ, Operation.QUERY}))


@pytest.mark.parametrize("account", [each.code for each in DEMO.accounts if each.kind is AccountKind.UNIT_HEAD])
def test_a_head_without_a_function_sees_nothing(account: str) -> None:
    assert profile(account).facets == {}


@pytest.mark.parametrize("account", COLUMNS)
def test_persons_are_seen_by_the_register_and_in_the_own_territory_only(account: str) -> None:
    for found in profile(account).collections.values():
        if PERSONAL & {each.name for each in found.columns}:
            assert account == "vpdk.canbo" or found.scope.term("xa_id") is not None


def test_a_district_reads_parcels_of_the_province_and_exports_its_own() -> None:
    seen = profile("689.diachinh")

    read, export = (seen.facet("thua-dat", each) for each in (Operation.READ, Operation.EXPORT))

    assert read
    assert export
    assert read.scope == RowScope()
    assert export.scope == RowScope((OneOf("xa_id", DONG_XOAI),))
    assert export.allowance.formats == {"json", "gpkg", "csv"}
    assert seen.facet("quyen-su-dung-dat", Operation.EXPORT) is None


def test_the_public_takes_nothing_away_in_bulk() -> None:
    facets = profile("public").facets

    assert {operation for _, operation in facets} == {Operation.READ, Operation.QUERY, Operation.TILE}
    # Records are there to be taken: harvesters ask for all of them.
    assert {each.allowance.page_max for each in facets.values() if each.id != "sieu-du-lieu"} == {1000}


def test_an_agreement_that_begins_later_gives_nothing_before() -> None:
    evening, morning = (profile("thue.canbo", day) for day in (TODAY, date(2025, 7, 1)))

    assert set(morning.collections) - set(evening.collections) == {"muc-dich-su-dung"}
    assert evening.valid_until is not None
    assert evening.valid_until.date() == date(2025, 7, 1)


def test_an_agreement_that_has_ended_gives_nothing_after() -> None:
    before, after = (profile("hcc.canbo", day) for day in (date(2024, 12, 31), date(2025, 1, 1)))

    assert set(before.collections) == {"vung-gia-tri", "sieu-du-lieu"}
    assert set(after.collections) == {"ho-so", "sieu-du-lieu"}
    assert keys_of(before.collections["sieu-du-lieu"]) == ("khung:vung-gia-tri",)
    assert keys_of(after.collections["sieu-du-lieu"]) == ("khung:ho-so",)


def test_who_holds_both_functions_of_the_commune_sees_what_either_sees() -> None:
    both = [*_functions("25195.diachinh"), *_functions("25195.motcua")]

    made = compile_profile_of(_grants("ubnd-tan-phu"), both, LAYERS, TODAY)

    assert isinstance(made, Compiled)
    right = made.profile.collections["quyen-su-dung-dat"]
    assert {each.name for each in right.columns} == set(f"{RIGHT} nam_sinh so_dinh_danh dia_chi_chu".split())


def _data(account: str) -> dict[str, Collection]:
    """Return what an account sees besides records."""
    return {id_: found for id_, found in profile(account).collections.items() if id_ != "sieu-du-lieu"}


def _ordered(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple(sorted(terms, key=lambda each: each.column))


def _grants(unit: str | None) -> list[GrantInForce]:
    joined = [each for each in DEMO.packages if unit and each.package in DEMO.unit(unit).joins]
    return [
        *_in_force(((f"goi-{each.package}", AgreementKind.DEFAULT, each) for each in joined), unit),
        *_in_force(
            ((each.agreement, AgreementKind(each.kind), each) for each in DEMO.agreements if each.recipient == unit),
            unit,
        ),
    ]


def _in_force(documents: Iterable[tuple[str, AgreementKind, Terms]], unit: str | None) -> Iterator[GrantInForce]:
    for code, kind, terms in documents:
        place = Place(TERRITORIES, TODAY, own=_own(unit), public=unit is None)
        for grant in grants_of(body_of(terms, VOCABULARY, place)):
            yield GrantInForce(code, kind, Period(terms.valid_from, terms.valid_until), grant)


def _own(unit: str | None) -> int | None:
    code = DEMO.unit(unit).territory if unit else None
    return next((each.id for each in UNITS.all() if each.code == code), None)


def _functions(account: str) -> list[Function]:
    holder = DEMO.account(account)
    return [
        Function(
            code=each.code,
            name=each.name,
            period=Period(date(2023, 1, 1)),
            layers=each.layers,
            columns=each.columns,
            operations=each.operations,
            territory=_below(each.territory) if each.territory else None,
        )
        for each in DEMO.functions
        if each.unit == holder.unit and each.code in holder.functions
    ]


def _below(codes: Iterable[str]) -> frozenset[int]:
    named = {each.id for each in (*UNITS.districts, *UNITS.communes) if each.code in codes}
    return frozenset(named | {each.id for each in UNITS.communes if each.parent_id in named})
