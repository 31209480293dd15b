"""How complete a record is: a checklist in the five groups of the regulation.

Mandatory is what an encoding cannot do without, or fails its validation without; recommended is what the regulation
asks for besides. Source: TT 09/2024/TT-BTNMT, Điều 8; TT 17/2010/TT-BTNMT; ISO 19115-1, Annex F (core); the
constraints of ISO 19139; DCAT-AP 3; OGC API Records 1.0, record.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from catalogue.layer import Text
from catalogue.record import Party, Record, Role

ABSTRACT_MIN: Final = 60
"""Characters; a shorter description repeats the title."""


class Group(IntEnum):
    """The groups of the regulation."""

    METADATA = 1
    REFERENCE_SYSTEM = 2
    DATA = 3
    QUALITY = 4
    DISTRIBUTION = 5


GROUPS: Mapping[Group, Text] = {
    Group.METADATA: Text("Thông tin chung về siêu dữ liệu", "The metadata themselves"),
    Group.REFERENCE_SYSTEM: Text("Hệ quy chiếu tọa độ", "Reference system"),
    Group.DATA: Text("Mô tả dữ liệu", "Description of the data"),
    Group.QUALITY: Text("Chất lượng dữ liệu", "Quality of the data"),
    Group.DISTRIBUTION: Text("Trao đổi và phân phối dữ liệu", "Exchange and distribution"),
}


class Level(StrEnum):
    MANDATORY = "mandatory"
    RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list.

    Attributes:
        name: what it is about; what is missing, for people.
        holds: tells whether a record has it.
        concerns: tells whether it is asked of a record at all.
        supplement: the member of a supplement that gives it; ``None``: it is computed, or stands in configuration.
    """

    code: str
    group: Group
    level: Level
    name: Text
    holds: Callable[[Record], object]
    concerns: Callable[[Record], bool] = lambda _: True
    supplement: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """What a record lacks."""

    code: str
    group: int
    level: Level
    name: Text
    supplement: str | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete a record is, in whole percent, never rounded up to 100.

    Attributes:
        groups: by the number of the group, all of its checks.
    """

    mandatory: int
    recommended: int
    groups: Mapping[int, int]
    missing: tuple[Missing, ...]


def completeness_of(record: Record) -> Completeness:
    """Return how complete a record is."""
    asked = [each for each in CHECKS if each.concerns(record)]
    lacking = [each for each in asked if not each.holds(record)]
    return Completeness(
        _percent(asked, lacking, lambda each: each.level is Level.MANDATORY),
        _percent(asked, lacking, lambda each: each.level is Level.RECOMMENDED),
        {group.value: _percent(asked, lacking, lambda each, g=group: each.group is g) for group in Group},
        tuple(Missing(each.code, each.group.value, each.level, each.name, each.supplement) for each in lacking),
    )


@dataclass(frozen=True, slots=True)
class Lacking:
    """One line of the list, and in how many records it is missing."""

    code: str
    level: Level
    name: Text
    records: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How complete many records are.

    Attributes:
        whole: how many of them lack nothing mandatory.
        mandatory, recommended: the mean percentage.
        missing: what is missing, most often first.
    """

    records: int
    whole: int
    mandatory: int
    recommended: int
    missing: tuple[Lacking, ...]


def summary_of(found: Iterable[Completeness]) -> Summary:
    """Return how complete many records are."""
    records = whole = mandatory = recommended = 0
    lacking: Counter[str] = Counter()
    for each in found:
        records, whole = records + 1, whole + (each.mandatory == 100)
        mandatory, recommended = mandatory + each.mandatory, recommended + each.recommended
        lacking.update(missing.code for missing in each.missing)
    lines = (Lacking(code, _BY_CODE[code].level, _BY_CODE[code].name, n) for code, n in lacking.most_common())
    return Summary(records, whole, _mean(mandatory, records), _mean(recommended, records), tuple(lines))


def _percent(asked: Sequence[Check], lacking: Sequence[Check], of: Callable[[Check], bool]) -> int:
    whole = sum(map(of, asked))
    return _mean(100 * (whole - sum(map(of, lacking))), whole)


def _mean(total: int, number: int) -> int:
    return total // number if number else 100


def _has_place(record: Record) -> bool:
    return record.description.representation != "textTable"


def _contact(record: Record) -> Party | None:
    """Return whom harvesters write to: the point of contact, else the first office."""
    found = record.general.parties
    return next((each for each in found if Role.POINT_OF_CONTACT in each.roles), found[0] if found else None)


def _does(record: Record, *roles: Role) -> bool:
    return any(set(each.roles) & set(roles) for each in record.general.parties)


def _of_contact(name: str) -> Callable[[Record], object]:
    return lambda record: getattr(_contact(record), name, None)


def _english(record: Record) -> bool:
    told = record.description
    return all(each.en and each.en != each.vi for each in (told.title, told.abstract))


_M, _R = Level.MANDATORY, Level.RECOMMENDED
CHECKS: Final[Sequence[Check]] = (
    Check(
        "1.contact",
        Group.METADATA,
        _M,
        Text("Cơ quan chịu trách nhiệm", "Responsible office"),
        _contact,
        supplement="contacts",
    ),
    Check(
        "1.email",
        Group.METADATA,
        _M,
        Text("Thư điện tử của đầu mối liên hệ", "E-mail of the point of contact"),
        _of_contact("email"),
        supplement="contacts",
    ),
    Check(
        "1.standard",
        Group.METADATA,
        _M,
        Text("Chuẩn siêu dữ liệu", "Metadata standard"),
        lambda record: record.general.standard,
    ),
    Check(
        "1.language",
        Group.METADATA,
        _M,
        Text("Ngôn ngữ của siêu dữ liệu", "Language of the metadata"),
        lambda record: len(record.general.language) == 3,
    ),
    Check(
        "1.owner",
        Group.METADATA,
        _R,
        Text("Cơ quan chủ quản dữ liệu", "Owner of the data"),
        lambda record: _does(record, Role.OWNER, Role.CUSTODIAN),
        supplement="contacts",
    ),
    Check(
        "1.phone",
        Group.METADATA,
        _R,
        Text("Điện thoại của đầu mối liên hệ", "Phone of the point of contact"),
        _of_contact("phone"),
        supplement="contacts",
    ),
    Check(
        "1.address",
        Group.METADATA,
        _R,
        Text("Địa chỉ của đầu mối liên hệ", "Address of the point of contact"),
        _of_contact("address"),
        supplement="contacts",
    ),
    Check(
        "2.srid",
        Group.REFERENCE_SYSTEM,
        _M,
        Text("Hệ tọa độ", "Coordinate reference system"),
        lambda record: record.reference_system.srids,
        _has_place,
    ),
    Check("3.title", Group.DATA, _M, Text("Tên bộ dữ liệu", "Title"), lambda record: record.description.title.vi),
    Check(
        "3.abstract",
        Group.DATA,
        _M,
        Text("Tóm tắt nội dung", "Abstract"),
        lambda record: record.description.abstract.vi,
        supplement="abstract",
    ),
    Check(
        "3.keywords",
        Group.DATA,
        _M,
        Text("Từ khóa", "Keywords"),
        lambda record: record.description.keywords,
        supplement="keywords",
    ),
    Check(
        "3.topics",
        Group.DATA,
        _M,
        Text("Chủ đề ISO 19115", "Topic of ISO 19115"),
        lambda record: record.description.topics,
        supplement="topics",
    ),
    Check(
        "3.license",
        Group.DATA,
        _M,
        Text("Giấy phép", "License"),
        lambda record: record.description.license,
        supplement="license",
    ),
    Check(
        "3.abstract-long",
        Group.DATA,
        _R,
        Text(f"Tóm tắt ít nhất {ABSTRACT_MIN} ký tự", f"An abstract of at least {ABSTRACT_MIN} characters"),
        lambda record: len(record.description.abstract.vi) >= ABSTRACT_MIN,
        supplement="abstract",
    ),
    Check(
        "3.english",
        Group.DATA,
        _R,
        Text("Tên và tóm tắt tiếng Anh", "Title and abstract in English"),
        _english,
        supplement="abstract",
    ),
    Check(
        "3.purpose",
        Group.DATA,
        _R,
        Text("Mục đích", "Purpose"),
        lambda record: record.description.purpose,
        supplement="purpose",
    ),
    Check(
        "3.interval",
        Group.DATA,
        _R,
        Text("Phạm vi thời gian", "Period of which the data tell"),
        lambda record: record.description.interval,
    ),
    Check(
        "3.current",
        Group.DATA,
        _R,
        Text("Ngày dữ liệu cập nhật gần nhất", "Day of the newest data"),
        lambda record: record.description.current_on,
    ),
    Check(
        "3.items",
        Group.DATA,
        _R,
        Text("Số đối tượng", "Number of items"),
        lambda record: record.description.items is not None,
    ),
    Check(
        "3.scale",
        Group.DATA,
        _R,
        Text("Tỷ lệ", "Scale"),
        lambda record: record.description.scales,
        _has_place,
        "scales",
    ),
    Check(
        "3.frequency",
        Group.DATA,
        _R,
        Text("Tần suất cập nhật", "Frequency of updates"),
        lambda record: record.description.frequency not in ("", "unknown"),
        supplement="frequency",
    ),
    Check(
        "3.constraints",
        Group.DATA,
        _R,
        Text("Ràng buộc khai thác, sử dụng", "Constraints of use"),
        lambda record: record.description.constraints,
        supplement="constraints",
    ),
    Check(
        "3.legal-basis",
        Group.DATA,
        _R,
        Text("Căn cứ pháp lý", "Legal basis"),
        lambda record: record.description.legal_basis,
        supplement="legal_basis",
    ),
    Check(
        "4.lineage",
        Group.QUALITY,
        _M,
        Text("Nguồn gốc dữ liệu", "Lineage"),
        lambda record: record.quality.lineage.vi,
        supplement="lineage",
    ),
    Check(
        "4.steps",
        Group.QUALITY,
        _R,
        Text("Các bước xây dựng, cập nhật", "Steps of making and updating"),
        lambda record: record.quality.steps,
    ),
    Check(
        "4.results",
        Group.QUALITY,
        _R,
        Text("Kết quả kiểm tra chất lượng", "Results of quality checks"),
        lambda record: record.quality.results,
    ),
    Check(
        "5.format",
        Group.DISTRIBUTION,
        _M,
        Text("Định dạng phân phối", "Format of distribution"),
        lambda record: record.distribution.formats,
    ),
    Check(
        "5.access",
        Group.DISTRIBUTION,
        _R,
        Text("Liên kết truy cập dữ liệu", "Links to the data"),
        lambda record: record.distribution.access,
    ),
    Check(
        "5.fees",
        Group.DISTRIBUTION,
        _R,
        Text("Phí, lệ phí", "Fees"),
        lambda record: record.distribution.fees,
        supplement="fees",
    ),
    Check(
        "5.ordering",
        Group.DISTRIBUTION,
        _R,
        Text("Cách yêu cầu cung cấp", "How to order"),
        lambda record: record.distribution.ordering,
        supplement="ordering",
    ),
)
_BY_CODE: Final = {each.code: each for each in CHECKS}
