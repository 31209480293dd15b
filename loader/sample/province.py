"""Rows that exist once: units and their succession, procedures, price tables, plans; and the sums at the end."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from loader.sample.dossiers import PROCEDURES
from loader.sample.model import Batch, Era, Head, Rows, Task, one_hex
from loader.sample.planning import YEARS
from loader.sample.prices import COEFFICIENTS, PRICE_TABLES, REACH_M
from loader.sample.randomness import Draw
from loader.sample.statistics import Cells, add_form, form_01, form_03, rounded_cells
from loader.sample.territory import SRID, Territory
from loader.sample.units import Unit, Units

HEAD_COLUMNS: Mapping[str, str] = {
    "hc.chuyen_doi": "cu_id moi_id ngay ty_le can_cu",
    "hs.thu_tuc": "ma ten so_ngay can_cu",
    "gd.bang_gia": "id xa_id ten so_quyet_dinh ngay_quyet_dinh hieu_luc_tu hieu_luc_den",
    "gd.quy_tac": "id bang_gia_id ma thu_tu dien_giai dieu_kien tac_dong",
    "qh.phuong_an": "id xa_id cap loai ten so_quyet_dinh ngay_quyet_dinh co_quan_duyet ky_tu ky_den ty_le_ban_do",
    "qh.ke_hoach": "id xa_id nam ten so_quyet_dinh ngay_quyet_dinh",
}
TAIL_COLUMNS: Mapping[str, str] = {
    "tk.bieu": "id xa_id nam bieu he_ma ma_loai_dat cot gia_tri don_vi_tinh",
    "qh.chi_tieu": "id xa_id phuong_an_id ma_loai_dat_qh dien_tich da_dung",
}
UNIT_COLUMNS = "id cap ma ten loai cha_id dien_tich_cong_bo srid_goc hieu_luc_tu hieu_luc_den can_cu geom_goc"


def unit_rows(units: Units, territory: Territory) -> list[Rows]:
    """Return the rows of the units, one batch for each level: a child's parent must stand before it."""
    levels: list[Rows] = [Rows(), Rows(), Rows()]
    for unit in units.all():
        levels[unit.level - 1].add(
            "hc.don_vi", unit.id, unit.level, unit.code, unit.name, unit.kind, unit.parent_id, unit.declared_m2, SRID,
            unit.valid_from, unit.valid_to, unit.legal_basis, one_hex(territory.shapes[unit.id]),
        )  # fmt: skip
    return levels


def head_rows(units: Units, seed: int, era: Era) -> tuple[Head, Rows]:
    """Return the keys that communes point to, and the rows that have them."""
    draw = Draw(seed, 0, 9)
    rows = Rows()
    pairs = [*units.successor.items(), (units.province.id, units.new_province.id)]
    for old, new in pairs:
        rows.add("hc.chuyen_doi", old, new, units.reform_day, 1.0, units.reform_basis)
    for code, title, days in PROCEDURES:
        rows.add("hs.thu_tuc", code, title, days, "Quyết định 2304/QĐ-BNNMT")
    owner = units.province.id if era == "before_reform" else units.new_province.id
    tables = (_add_price_table(rows, draw, owner, 0), _add_price_table(rows, draw, owner, 1))
    province_plan = _add_plan(rows, draw, units.province)
    plans = {district.id: _add_plan(rows, draw, district) for district in units.districts}
    yearly = {
        (district.id, year): _add_year(rows, draw, district, year) for district in units.districts for year in YEARS
    }
    return Head(tables, province_plan, plans, yearly), rows


def _add_price_table(rows: Rows, draw: Draw, owner: int, which: int) -> str:
    number, day, since, until, title = PRICE_TABLES[which]
    key = draw.uuid()
    rows.add("gd.bang_gia", key, owner, title, number, day, since, until)
    for place, share in enumerate(COEFFICIENTS, start=1):
        reach = f"{REACH_M[place - 1]}" if place <= len(REACH_M) else "null"
        words = f"Vị trí {place}: hệ số {share} (dữ liệu mẫu)"
        condition = f'{{"cach_mep_duong_m": {{"den": {reach}}}}}'
        effect = f'{{"vi_tri": {place}, "he_so": {share}}}'
        rows.add("gd.quy_tac", draw.uuid(), key, f"VT{place}", place, words, condition, effect)
    return key


def _add_plan(rows: Rows, draw: Draw, unit: Unit) -> str:
    key = draw.uuid()
    level = "tinh" if unit.level == 1 else "huyen"
    title = f"Quy hoạch sử dụng đất thời kỳ 2021–2030 {unit.name} (mẫu)"
    by = "Cơ quan phê duyệt (dữ liệu mẫu)"
    days = (date(2021, 1, 1), date(2031, 1, 1))
    day = draw.working_day(date(2022, 11, 1), date(2023, 6, 30))
    scale = 100_000 if level == "tinh" else 25_000
    rows.add("qh.phuong_an", key, unit.id, level, "su_dung_dat", title, f"MAU-{unit.code}/QĐ", day, by, *days, scale)
    return key


def _add_year(rows: Rows, draw: Draw, unit: Unit, year: int) -> str:
    key = draw.uuid()
    day = draw.working_day(date(year - 1, 12, 15), date(year, 2, 28))
    title = f"Kế hoạch sử dụng đất năm {year} {unit.name} (mẫu)"
    rows.add("qh.ke_hoach", key, unit.id, year, title, f"MAU-{unit.code}-{year}/QĐ", day)
    return key


@dataclass(slots=True)
class Sums:
    """What communes add up to: statistical cells by old commune, targets by owner."""

    cells: dict[int, Cells] = field(default_factory=dict)
    targets: Counter[tuple[int, str, str, str]] = field(default_factory=Counter)

    def take(self, task: Task, batch: Batch) -> None:
        """Add the sums of one commune."""
        self.cells[task.unit.id] = rounded_cells(batch.cells)
        for (plan, code, column), value in batch.targets.items():
            self.targets[task.owner.id, plan, code, column] += value


def tail_rows(units: Units, sums: Sums, seed: int, era: Era) -> Rows:
    """Return the statistical forms of all units of the state, and the targets of plans."""
    draw = Draw(seed, 0, 10)
    rows = Rows()
    if era == "before_reform":
        _forms_before(units, sums, rows, draw)
    else:
        _forms_after(units, sums, rows, draw)
    keys = sorted({key[:3] for key in sums.targets})
    for owner, plan, code in keys:
        target, used = (sums.targets[owner, plan, code, column] / 10 for column in ("dien_tich", "da_dung"))
        rows.add("qh.chi_tieu", draw.uuid(), owner, plan, code, target, used)
    return rows


def _forms_before(units: Units, sums: Sums, rows: Rows, draw: Draw) -> None:
    by_district: dict[str, Cells] = {}
    for district in units.districts:
        inside = {unit.code: sums.cells[unit.id] for unit in units.communes if unit.parent_id == district.id}
        for unit in units.communes:
            if unit.parent_id == district.id:
                add_form(rows, unit.id, "01/TKKK", form_01(sums.cells[unit.id]), draw)
        by_district[district.code] = _total(inside)
        _add_parent(rows, district.id, inside, draw)
    _add_parent(rows, units.province.id, by_district, draw)


def _forms_after(units: Units, sums: Sums, rows: Rows, draw: Draw) -> None:
    parts: defaultdict[str, dict[str, Cells]] = defaultdict(dict)
    codes = {unit.id: unit.code for unit in units.new_communes}
    for old, new in units.successor.items():
        parts[codes[new]][str(old)] = sums.cells[old]
    totals = {code: _total(inside) for code, inside in parts.items()}
    for unit in units.new_communes:
        add_form(rows, unit.id, "01/TKKK", form_01(totals[unit.code]), draw)
    _add_parent(rows, units.new_province.id, totals, draw)


def _add_parent(rows: Rows, owner: int, parts: Mapping[str, Cells], draw: Draw) -> None:
    add_form(rows, owner, "01/TKKK", form_01(_total(parts)), draw)
    add_form(rows, owner, "03/TKKK", form_03(parts), draw)


def _total(parts: Mapping[str, Cells]) -> Cells:
    total: Counter[tuple[str, str]] = Counter()
    for cells in parts.values():
        total.update(cells)
    return total
