"""Changes with the genealogy of parcels, and dossiers: some led to a change, some are under way, some are doubles."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from loader.sample.model import LAST_DAY, Era, Rows, Task
from loader.sample.parcels import Change, Ground, Parcel
from loader.sample.randomness import Draw, add_working_days, to_working_day

PROCEDURES: Final = (
    ("1.012756", "Đăng ký đất đai lần đầu đối với trường hợp được giao quản lý", 17),
    ("1.012766", "Đăng ký biến động quyền sử dụng đất", 10),
    ("1.012781", "Cấp giấy chứng nhận lần đầu", 20),
    ("1.012782", "Đăng ký biến động do tách thửa, hợp thửa", 15),
    ("1.012789", "Cung cấp thông tin, dữ liệu đất đai", 10),
    ("1.012793", "Đăng ký biện pháp bảo đảm bằng quyền sử dụng đất", 3),
    ("1.012812", "Hòa giải tranh chấp đất đai", 30),
)
"""Code, short title, working days. Source: decision 2304/QĐ-BNNMT of 2025, second-hand."""

_STEPS: Final = (
    "tiep_nhan", "cho_tham_dinh", "cho_chuyen_thue", "cho_thue", "cho_giay_nop_tien", "cho_in_gcn", "cho_kiem_tra",
    "cho_ky_duyet", "cho_ban_giao", "da_giao_mot_cua", "da_tra_ket_qua",
)  # fmt: skip
_TAX: Final = frozenset(("cho_thue", "cho_giay_nop_tien"))
_TAXED: Final = frozenset(("CN", "TA", "TK", "CM"))
_KINDS: Final = (("1.012766", "CN"), ("1.012766", "TA"), ("1.012766", "TK"), ("1.012766", "CM"), ("1.012793", "TC"),
                 ("1.012793", "XC"), ("1.012781", None), ("1.012789", None), ("1.012766", "CL"))  # fmt: skip
_PARTS: Final = ("Đơn đăng ký (mẫu)", "Giấy chứng nhận đã cấp", "Hợp đồng hoặc văn bản về việc chuyển quyền")
_ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
LEGAL_DAY: Final[dict[Era, date]] = {"before_reform": date(2025, 6, 30), "after_reform": date(2025, 7, 15)}


def add_changes_and_dossiers(task: Task, ground: Ground, rows: Rows) -> None:
    """Add the splits and mergers of a commune, the dossiers that led to them, and other dossiers."""
    draw = Draw(task.seed, task.unit.id, 3)
    for change in ground.changes:
        dossier = _Dossier(task, rows, draw, "1.012782", "TN").settled(change.day, change.before)
        _add_change(task, change, dossier, rows, draw)
    for parcel in ground.parcels:
        if draw.chance(0.04):
            _add_dossier(task, parcel, rows, draw)


def _add_change(task: Task, change: Change, dossier: str | None, rows: Rows, draw: Draw) -> None:
    key = draw.uuid()
    words = "Tách thửa" if len(change.after) > 1 else "Hợp thửa"
    rows.add("dc.bien_dong", key, task.owner.id, "TN", _change_code(task, rows), change.day, words, dossier)
    for before, after, area in change.flows:
        rows.add("dc.thua_dat_pha_he", before, after, key, area)


def _change_code(task: Task, rows: Rows) -> str:
    return f"BD-{task.unit.code}-{len(rows.lines['dc.bien_dong']) + 1:05d}"


def _add_dossier(task: Task, parcel: Parcel, rows: Rows, draw: Draw) -> None:
    procedure, kind = draw.pick(_KINDS)
    made = _Dossier(task, rows, draw, procedure, kind)
    legal_day = LEGAL_DAY[task.era]
    if draw.chance(0.3):
        made.under_way(legal_day, parcel)
        return
    start = max(parcel.since + timedelta(days=60), date(2022, 1, 4))
    if start >= LAST_DAY:
        made.under_way(legal_day, parcel)
        return
    day = draw.working_day(start, LAST_DAY)
    key = made.settled(day, (parcel,))
    if kind is not None:
        words = "Biến động của dữ liệu mẫu"
        rows.add("dc.bien_dong", draw.uuid(), task.owner.id, kind, _change_code(task, rows), day, words, key)


class _Dossier:
    """One dossier in the making."""

    def __init__(self, task: Task, rows: Rows, draw: Draw, procedure: str, kind: str | None) -> None:
        self._task = task
        self._rows = rows
        self._draw = draw
        self._procedure = procedure
        self._kind = kind
        self._days = next(days for code, _, days in PROCEDURES if code == procedure)

    def settled(self, day: date, parcels: Sequence[Parcel]) -> str:
        """Add a dossier whose result was given on a day; return its key."""
        steps = _steps(self._kind)
        first = self._day_before(day, len(steps))
        return self._add(first, steps, day, parcels)

    def under_way(self, today: date, parcel: Parcel) -> str:
        """Add a dossier that stands in some step today."""
        steps = _steps(self._kind)
        steps = steps[: self._draw.whole(1, len(steps) - 2)]
        return self._add(self._day_before(today, len(steps)), steps, None, (parcel,))

    def _day_before(self, day: date, steps: int) -> date:
        back = day - timedelta(days=steps + self._draw.whole(2, 12))
        return to_working_day(back, back, back + timedelta(days=3))

    def _add(self, first: date, steps: Sequence[str], done: date | None, parcels: Sequence[Parcel]) -> str:
        draw, rows = self._draw, self._rows
        key = draw.uuid()
        code = self._code(first, len(rows.lines["hs.ho_so"]) + 1)
        due = add_working_days(first, self._days)
        tail = (self._procedure, self._kind, first, due, done, steps[-1], steps[-1] in _TAX, len(parcels))
        is_double = draw.chance(0.03)
        rows.add("hs.ho_so", key, self._task.owner.id, "mot-cua-dien-tu", code, is_double, *tail)
        for parcel in parcels:
            rows.add("hs.ho_so_thua", key, parcel.id)
        self._add_steps(key, first, steps, done)
        for place, part in enumerate(_PARTS[: draw.whole(1, 3)], start=1):
            rows.add("hs.thanh_phan", draw.uuid(), key, place, part, place == 2)
        if is_double:
            rows.add("hs.ho_so", draw.uuid(), self._task.owner.id, "so-tiep-nhan-giay", code, True, *tail[:-1], 0)
        return key

    def _code(self, first: date, number: int) -> str:
        """Return a receipt code in the form of its time."""
        if first < date(2025, 7, 1):
            return f"{self._task.number + 1:03d}.00.19.H10-{first:%y%m%d}-{number:06d}"
        return f"H19.{self._task.number + 1}-{first:%y%m%d}-{number:06d}"

    def _add_steps(self, key: str, first: date, steps: Sequence[str], done: date | None) -> None:
        draw = self._draw
        at = datetime.combine(first, time(7 + draw.whole(0, 3), 5 * draw.whole(0, 11)), _ZONE)
        end = None if done is None else datetime.combine(done, time(16, 30), _ZONE)
        span = timedelta(days=1) if end is None else (end - at) / len(steps)
        for place, step in enumerate(steps, start=1):
            is_last = place == len(steps)
            left = None if is_last else at + span
            row = (key, place, step, at.isoformat(), left and left.isoformat(), step in _TAX)
            self._rows.add("hs.buoc", draw.uuid(), *row)
            at += span


def _steps(kind: str | None) -> tuple[str, ...]:
    """Return the steps that a dossier passes; only what is taxed goes to the tax office."""
    tax = ("cho_chuyen_thue", *_TAX)
    return tuple(step for step in _STEPS if kind in _TAXED or step not in tax)
