"""Rows of the cadastre: parcels, purposes, holders, rights, certificates, assets, restrictions, changes.

Every person, organisation and number is invented and looks it: names say so, identity numbers start with 999, which
no province has, serial numbers with XX and nine digits.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from loader.sample.model import (
    LAST_DAY,
    OLD_SYSTEM,
    SYSTEM,
    SYSTEM_SINCE,
    Rows,
    Task,
    group_of,
)
from loader.sample.parcels import Ground, Parcel
from loader.sample.randomness import Draw
from loader.sample.shapes import areas, from_corners, hex_wkb, multipolygons

_OLD_CODES: Final = {"CNT": "NKH"}
_OLD_HOLDERS: Final = {"CNV": "GDC", "TCQ": "UBQ", "TSQ": "TPQ", "TTG": "CDS"}
MANAGERS: Final = frozenset(("TCQ", "TSQ", "KTQ", "CDQ"))
_GARDEN_SHARE: Final = (0.35, 0.75)
_PERSONS: Final = ("Ông Ví Dụ", "Bà Ví Dụ", "Người Thử", "Ông Giả Định", "Bà Giả Định", "Bà Thử Nghiệm")
_GROUPS: Final = ("Hộ Ví Dụ", "Hộ Giả Định", "Hộ Thử Nghiệm")
_ORGANISATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "TKT": ("Công ty TNHH Thử Nghiệm", "Công ty Cổ phần Ví Dụ", "Hợp tác xã Giả Định", "Công ty Cao su Giả Định"),
    "TVN": ("Công ty Vốn Nước Ngoài Thử Nghiệm",),
    "TSN": ("Đơn vị Sự nghiệp Ví Dụ", "Ban Quản lý Rừng Ví Dụ"),
    "TCN": ("Cơ quan Nhà nước Ví Dụ",),
    "TTG": ("Cơ sở Tôn giáo Ví Dụ",),
    "CDS": ("Cộng đồng Dân cư Ví Dụ",),
    "TCQ": ("Ủy ban nhân dân (dữ liệu mẫu)",),
    "TSQ": ("Trung tâm Phát triển quỹ đất (dữ liệu mẫu)",),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A holder: its key and the code of its kind."""

    id: str
    kind: str


class Holders:
    """The holders of one commune; made when first needed, some hold several parcels."""

    def __init__(self, task: Task, rows: Rows, draw: Draw) -> None:
        self._task = task
        self._rows = rows
        self._draw = draw
        self._people: dict[str, list[Person]] = {}

    def one(self, kind: str) -> Person:
        """Return a holder of a kind, an old one or a new one."""
        people = self._people.setdefault(kind, [])
        share_of_new = 0.75 if kind in ("CNV", "CNN") else 0.3 if kind == "TKT" else 0.15
        if people and not self._draw.chance(share_of_new):
            return self._draw.pick(people)
        person = self._person(kind) if kind in ("CNV", "CNN") else self._organisation(kind)
        people.append(person)
        return person

    def _number(self) -> int:
        return self._task.number * 1_000_000 + len(self._rows.lines["dc.nguoi"]) + 1

    def _person(self, kind: str) -> Person:
        draw, number = self._draw, self._number()
        at = draw.number()
        what = "ca_nhan" if at < 0.55 else "vo_chong" if at < 0.85 else "ho_gia_dinh"
        first = draw.pick(_GROUPS if what == "ho_gia_dinh" else _PERSONS)
        name = f"{first} {number:09d}" if what != "vo_chong" else f"Ông Ví Dụ {number:09d} và bà Ví Dụ {number:09d}"
        sex = {"Ô": "nam", "B": "nu"}.get(first[0]) if what == "ca_nhan" else None
        row = (what, SYSTEM, kind, name, draw.whole(1940, 2003), sex, f"999{number:09d}", self._address())
        return self._added(kind, row)

    def _organisation(self, kind: str) -> Person:
        number = self._number()
        name = f"{self._draw.pick(_ORGANISATIONS[kind])} {number:09d}"
        what = "cong_dong" if kind == "CDS" else "to_chuc"
        return self._added(kind, (what, SYSTEM, kind, name, None, None, f"999{number:09d}", self._address()))

    def _address(self) -> str:
        return f"{hamlet(self._task, self._draw.whole(1, 9))}, {self._task.place}"

    def _added(self, kind: str, row: tuple[str | int | None, ...]) -> Person:
        person = Person(self._draw.uuid(), kind)
        self._rows.add("dc.nguoi", person.id, *row)
        return person


def hamlet(task: Task, number: int) -> str:
    """Return the name of a neighbourhood: quarters in wards and towns, hamlets elsewhere."""
    return f"Khu phố {number}" if task.unit.is_urban else f"Ấp {number}"


def sheet_of(task: Task, parcel: Parcel) -> int:
    """Return the number of the sheet: after the reform those of each former commune start at another thousand."""
    return parcel.sheet if task.era == "before_reform" else 1000 * task.rank + parcel.sheet


def add_cadastre(task: Task, ground: Ground, rows: Rows) -> None:
    """Add what the cadastre holds of a commune, but changes and dossiers."""
    draw = Draw(task.seed, task.unit.id, 2)
    surveys = _surveys(task, rows, draw)
    parcels = (*ground.parcels, *ground.closed)
    shapes = hex_wkb(multipolygons([parcel.ring for parcel in parcels]))
    holders = Holders(task, rows, draw)
    for parcel, shape in zip(parcels, shapes, strict=True):
        _add_parcel(task, parcel, shape, surveys, holders, rows, draw)
    _add_assets(ground, rows, draw)


def _surveys(task: Task, rows: Rows, draw: Draw) -> tuple[str, str]:
    found = (draw.uuid(), draw.uuid())
    makers = (("1", 1000, "Đo trực tiếp"), ("1", 2000 if task.unit.is_urban else 5000, "Ảnh hàng không"))
    for key, (kind, scale, method) in zip(found, makers, strict=True):
        day = draw.working_day(date(2004, 1, 5), date(2007, 12, 28))
        rows.add("dc.tai_lieu_do_dac", key, task.owner.id, kind, "Đơn vị đo đạc Ví Dụ", method, scale, day)
    return found


def _add_parcel(
    task: Task, parcel: Parcel, shape: str, surveys: tuple[str, str], holders: Holders, rows: Rows, draw: Draw
) -> None:
    is_old = parcel.until is not None and parcel.until < SYSTEM_SINCE
    system = OLD_SYSTEM if is_old else SYSTEM
    codes = [_OLD_CODES.get(code, code) if is_old else code for code in parcel.use.codes]
    is_managed = parcel.use.holder in MANAGERS
    has_paper = not is_managed and codes[0] not in ("BCS", "SON") and draw.chance(0.88)
    moved = task.era == "after_reform"
    rows.add(
        "dc.thua_dat",
        parcel.id,
        task.owner.id,
        parcel.geohash,
        sheet_of(task, parcel),
        parcel.number,
        str(parcel.sheet) if moved else None,
        str(parcel.number) if moved else None,
        parcel.area_m2,
        parcel.legal_m2,
        f"{hamlet(task, 1 + parcel.block % 9)}, {task.place}",
        system,
        "+".join(codes),
        codes[0],
        group_of(codes[0]),
        "{" + ",".join(codes) + "}",
        _OLD_HOLDERS.get(parcel.use.holder, parcel.use.holder) if is_old else parcel.use.holder,
        has_paper,
        draw.chance(0.004),
        parcel.state,
        surveys[0 if parcel.area_m2 < 3000 else 1],
        "Dữ liệu mẫu",
        parcel.since,
        parcel.until,
        shape,
    )
    _add_purposes(parcel, system, codes, rows, draw)
    paper = _add_certificate(task, parcel, rows, draw) if has_paper else None
    _add_rights(parcel, paper, holders, rows, draw)
    if parcel.until is None and paper is not None:
        _add_restrictions(parcel, rows, draw)


def purposes(parcel: Parcel) -> list[tuple[str, float]]:
    """Return code and area of each purpose; the areas add up to the legal area, to a tenth of a square metre."""
    codes = parcel.use.codes
    if len(codes) == 1:
        return [(codes[0], parcel.legal_m2)]
    low, high = _GARDEN_SHARE
    share = low + (high - low) * (parcel.number % 7) / 6
    lot = min(round(parcel.legal_m2 * share, 1), 400.0)
    return [(codes[0], lot), (codes[1], round(parcel.legal_m2 - lot, 1))]


def _add_purposes(parcel: Parcel, system: str, codes: Sequence[str], rows: Rows, draw: Draw) -> None:
    for place, (code, (_, area)) in enumerate(zip(codes, purposes(parcel), strict=True), start=1):
        is_farmed = group_of(code) == "NNP"
        term = "50 năm" if is_farmed else "Lâu dài"
        end = date(parcel.since.year + 50, parcel.since.month, 1) if is_farmed else None
        rows.add(
            "dc.muc_dich", draw.uuid(), parcel.id, place, system, code, area, term, end, _origin(parcel, code, draw)
        )


def _origin(parcel: Parcel, code: str, draw: Draw) -> str:
    if parcel.use.holder in MANAGERS:
        return "DG-QL"
    if code == "SKK":
        return "DT-KCN-THN"
    if parcel.use.holder in ("TKT", "TVN"):
        return "DT-THN" if draw.chance(0.6) else "DT-TML"
    if group_of(code) == "NNP":
        return "CNQ-KTT"
    return "CNQ-CTT" if draw.chance(0.7) else "DG-CTT"


def _add_certificate(task: Task, parcel: Parcel, rows: Rows, draw: Draw) -> str:
    key = draw.uuid()
    number = task.number * 1_000_000 + len(rows.lines["dc.giay_chung_nhan"])
    kind = "1" if parcel.since < date(2009, 12, 10) else "6" if parcel.since < date(2014, 7, 5) else "11"
    by = "so" if parcel.use.holder in ("TKT", "TVN", "TSN", "TTG") else "huyen"
    state = "hieu_luc" if parcel.until is None else "da_thu_hoi"
    book = f"VD{number % 1_000_000:06d}"
    days = (parcel.since, parcel.since, parcel.until)
    rows.add("dc.giay_chung_nhan", key, parcel.id, kind, book, f"XX {number:09d}", days[0], by, state, *days[1:])
    return key


def _add_rights(parcel: Parcel, paper: str | None, holders: Holders, rows: Rows, draw: Draw) -> None:
    kind = "QLD" if parcel.use.holder in MANAGERS else "SDD"
    is_shared = parcel.use.holder == "CNV" and draw.chance(0.04)
    people = [holders.one(parcel.use.holder) for _ in range(2 if is_shared else 1)]
    if len(set(people)) == 1:
        people = people[:1]
    form = "chung" if len(people) > 1 else "rieng"
    for person in people:
        rows.add(
            "dc.quyen_su_dung_dat", draw.uuid(), parcel.id, person.id, paper, kind, form, 1 / len(people),
            False, parcel.since, parcel.until,
        )  # fmt: skip


def _add_restrictions(parcel: Parcel, rows: Rows, draw: Draw) -> None:
    at = draw.number()
    if at >= 0.1:
        return
    kind, words = (
        ("the_chap", "Thế chấp quyền sử dụng đất (dữ liệu mẫu)") if at < 0.08
        else ("han_che", "Hành lang an toàn công trình (dữ liệu mẫu)") if at < 0.095
        else ("ngan_chan", "Tạm dừng giao dịch (dữ liệu mẫu)")
    )  # fmt: skip
    since = draw.working_day(parcel.since, LAST_DAY)
    area = parcel.area_m2 if kind != "han_che" else max(0.1, round(parcel.area_m2 * 0.15, 1))
    if kind == "the_chap":
        _mark_mortgage(parcel, rows)
    document = f"{draw.whole(1, 999)}/VB-MAU"
    rows.add("dc.han_che", draw.uuid(), parcel.id, kind, words, document, area, since, None)


def _mark_mortgage(parcel: Parcel, rows: Rows) -> None:
    """Set ``the_chap`` in the rights of the parcel that was just added: they are the last lines."""
    lines = rows.lines["dc.quyen_su_dung_dat"]
    for i in range(len(lines) - 1, max(-1, len(lines) - 3), -1):
        cells = lines[i].split("\t")
        if cells[1] == parcel.id:
            lines[i] = "\t".join([*cells[:7], "True", *cells[8:]])


def _add_assets(ground: Ground, rows: Rows, draw: Draw) -> None:
    """Add houses and other buildings, each a rectangle within the largest circle that its parcel holds."""
    built = [parcel for parcel in ground.parcels if _is_built(parcel, draw)]
    if not built:
        return
    corners = [_house(ground, parcel, draw) for parcel in built]
    shapes = from_corners(np.array(corners).round(3))
    sizes = areas(shapes).round(1).tolist()
    for parcel, shape, area in zip(built, hex_wkb(shapes), sizes, strict=True):
        home = parcel.use.codes[0] in ("ONT", "ODT")
        floors = draw.whole(1, 3 if home else 2)
        since = draw.working_day(parcel.since, LAST_DAY)
        rows.add(
            "dc.tai_san", draw.uuid(), parcel.id, "nha_rieng_le" if home else "cong_trinh_xay_dung",
            "Nhà ở riêng lẻ" if home else "Công trình", floors, area, round(area * floors, 1),
            draw.pick(("Tường gạch, mái tôn", "Bê tông cốt thép", "Tường gạch, mái ngói")),
            "Cấp IV" if floors == 1 else "Cấp III", since.year, since, shape,
        )  # fmt: skip


def _is_built(parcel: Parcel, draw: Draw) -> bool:
    code = parcel.use.codes[0]
    if parcel.point[2] < 3.0:
        return False
    share = 0.72 if code in ("ONT", "ODT") else 0.9 if code in _WITH_BUILDINGS else 0.0
    return share > 0.0 and draw.chance(share)


_WITH_BUILDINGS: Final = frozenset(("DGD", "DYT", "TSC", "DVH", "DCH", "TON", "TIN", "TMD", "SKC", "SKK"))


def _house(ground: Ground, parcel: Parcel, draw: Draw) -> list[tuple[float, float]]:
    x, y, radius = parcel.point
    reach = min(radius * 0.93, 9.0 if parcel.use.codes[0] in ("ONT", "ODT") else 40.0)
    turn = ground.plan.blocks[parcel.block].angle
    slope = math.radians(30 + 30 * draw.number())
    angles = (turn + slope, turn + math.pi - slope, turn + math.pi + slope, turn - slope)
    return [(x + reach * math.cos(angle), y + reach * math.sin(angle)) for angle in angles]
