"""What of the catalogue, or of how the service is set up, would trip a harvester.

Each rule names the clients that it is about and where that is known from. A rule looks at one record, at the service,
or at all records together; what it finds is counted, with a few examples.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from catalogue.layer import Text
from catalogue.record import Json, Record, body_of
from core.clocks import VIETNAM

EXAMPLES_MAX: Final = 20
TITLE_MAX: Final = 100
"""Characters of a package's name in CKAN, which is made of the title."""
TAG_MAX: Final = 100
"""Characters of a tag in CKAN."""
TERM_MAX: Final = 32_766
"""Bytes of one term in Lucene, on which Solr (CKAN) and Elasticsearch (GeoNetwork) stand."""
RECORD_MAX: Final = 1_000_000
"""Bytes; GeoNetwork takes twenty records in one answer."""
AHEAD_MAX: Final = timedelta(minutes=10)
LATE_MAX: Final = timedelta(minutes=10)
_PHONE = re.compile(r"\+[1-9][0-9]{3,14}")
_EMAIL = re.compile(r"\S+@(\S+\.)+\S+")
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_DOMAIN = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]+)+")
_LANGUAGE = re.compile(r"[a-z]{3}")


class Severity(StrEnum):
    ERROR = "error"
    """A harvest fails, loses records, or does not see changes."""
    WARNING = "warning"
    """A client shows or finds it badly."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record with its instants."""

    record: Record
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Around:
    """What rules know of the service.

    Attributes:
        published: when the catalogue was last published; ``None``: never.
        looked: when the publisher last had nothing left to do.
    """

    base_url: str
    contact_email: str
    published: datetime | None
    looked: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        clients: whom it trips.
        text: what was found, and what follows.
        source: where that is known from.
        record: tells whether a record breaks it; ``None``: it is not about single records.
        service: the same of the service.
    """

    code: str
    severity: Severity
    clients: tuple[str, ...]
    text: Text
    source: str
    record: Callable[[Seen, Around], bool] | None = None
    service: Callable[[Around], bool] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken: by how many records, and by which for example; none where it is about the service."""

    code: str
    severity: Severity
    clients: tuple[str, ...]
    text: Text
    source: str
    records: int = 0
    examples: tuple[UUID, ...] = ()


@dataclass(slots=True)
class _Together:
    """What rules about all records remember of each."""

    titles: Counter[str] = field(default_factory=Counter[str])
    by_title: dict[str, list[UUID]] = field(default_factory=dict[str, list[UUID]])
    ids: set[UUID] = field(default_factory=set[UUID])
    parents: dict[UUID, list[UUID]] = field(default_factory=dict[UUID, list[UUID]])
    records: int = 0

    def add(self, record: Record) -> None:
        self.records += 1
        self.ids.add(record.id)
        title = record.description.title.vi.strip().casefold()
        self.titles[title] += 1
        _few(self.by_title.setdefault(title, []), record.id)
        if record.general.parent:
            _few(self.parents.setdefault(record.general.parent, []), record.id)


def lint(found: Iterable[Seen], around: Around) -> list[Finding]:
    """Return the rules that are broken, errors first, in the order of the reference.

    Args:
        found: every record that harvesters may get, read once.
    """
    together, counts, examples = _Together(), Counter[str](), dict[str, list[UUID]]()
    for each in found:
        together.add(each.record)
        for rule in RULES:
            if rule.record and rule.record(each, around):
                counts[rule.code] += 1
                _few(examples.setdefault(rule.code, []), each.record.id)
    findings = [_finding(rule, counts[rule.code], examples.get(rule.code, ())) for rule in RULES if counts[rule.code]]
    findings += [_finding(rule) for rule in RULES if rule.service and rule.service(around)]
    findings += _of_all(together)
    order = [each.code for each in RULES]
    return sorted(findings, key=lambda each: (each.severity is not Severity.ERROR, order.index(each.code)))


def _of_all(together: _Together) -> Iterable[Finding]:
    twice = [title for title, times in together.titles.items() if times > 1]
    if twice:
        examples = [id_ for title in twice for id_ in together.by_title[title]]
        yield _finding(_TITLE_TWICE, sum(together.titles[title] for title in twice), examples)
    orphans = [id_ for parent, ids in together.parents.items() if parent not in together.ids for id_ in ids]
    if orphans:
        yield _finding(_PARENT_GONE, len(orphans), orphans)
    if not together.records:
        yield _finding(_NO_RECORD)


def _finding(rule: Rule, records: int = 0, examples: Sequence[UUID] = ()) -> Finding:
    few = tuple(examples[:EXAMPLES_MAX])
    return Finding(rule.code, rule.severity, rule.clients, rule.text, rule.source, records, few)


def _few(ids: list[UUID], id_: UUID) -> None:
    if len(ids) < EXAMPLES_MAX:
        ids.append(id_)


def _any_phone(seen: Seen, _: Around) -> bool:
    return any(each.phone and not _PHONE.fullmatch(each.phone) for each in seen.record.general.parties)


def _no_email(seen: Seen, _: Around) -> bool:
    return not any(each.email and _EMAIL.fullmatch(each.email) for each in seen.record.general.parties)


def _license(seen: Seen, _: Around) -> bool:
    told = seen.record
    is_linked = any(each.rel == "license" for each in told.distribution.access)
    return told.description.license == "other" and not is_linked


def _license_id(seen: Seen, _: Around) -> bool:
    return not _SPDX.fullmatch(seen.record.description.license)


def _long_title(seen: Seen, _: Around) -> bool:
    title = seen.record.description.title
    return max(len(title.vi), len(title.en)) > TITLE_MAX


def _no_title(seen: Seen, _: Around) -> bool:
    return not seen.record.description.title.vi.strip()


def _no_abstract(seen: Seen, _: Around) -> bool:
    return not seen.record.description.abstract.vi.strip()


def _long_keyword(seen: Seen, _: Around) -> bool:
    return any(max(len(each.vi), len(each.en)) > TAG_MAX for each in seen.record.description.keywords)


def _language(seen: Seen, _: Around) -> bool:
    told = (seen.record.general.language, seen.record.description.language)
    return not all(_LANGUAGE.fullmatch(each) for each in told)


def _one_language(seen: Seen, _: Around) -> bool:
    told = seen.record.description
    return not (told.title.en.strip() and told.abstract.en.strip())


def _cut_id(seen: Seen, _: Around) -> bool:
    return any(set(value) & set("/%#?") for _, value in seen.record.external_ids)


def _not_advanced(seen: Seen, _: Around) -> bool:
    day = seen.record.description.current_on
    return day is not None and day > seen.updated.astimezone(VIETNAM).date()


def _backwards(seen: Seen, _: Around) -> bool:
    return seen.created > seen.updated


def _ahead(seen: Seen, around: Around) -> bool:
    return seen.updated > around.now + AHEAD_MAX


def _fractions(seen: Seen, _: Around) -> bool:
    return bool(seen.updated.microsecond or seen.created.microsecond)


def _big_text(seen: Seen, _: Around) -> bool:
    told = seen.record
    texts = (told.description.title, told.description.abstract, told.quality.lineage, told.description.purpose)
    return any(len(each.vi.encode()) > TERM_MAX or len(each.en.encode()) > TERM_MAX for each in texts if each)


def _big_record(seen: Seen, _: Around) -> bool:
    return _length(body_of(seen.record)) > RECORD_MAX


def _length(value: Json | object) -> int:
    return len(str(value).encode())


def _bad_extent(seen: Seen, _: Around) -> bool:
    box = seen.record.description.extent
    return not (-180 <= box.west <= box.east <= 180 and -90 <= box.south <= box.north <= 90)


def _flat_extent(seen: Seen, _: Around) -> bool:
    box = seen.record.description.extent
    return box.west == box.east or box.south == box.north


def _bad_link(seen: Seen, _: Around) -> bool:
    return any(
        not each.href.startswith(("/", "http://", "https://")) or bool(re.search(r"\s", each.href))
        for each in seen.record.distribution.access
    )


def _is_open(around: Around) -> bool:
    return urlsplit(around.base_url).scheme != "https"


def _is_local(around: Around) -> bool:
    """Tell whether nobody outside reaches the address: a name without a domain, or an address of a private network."""
    host = urlsplit(around.base_url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return not _DOMAIN.fullmatch(host) or host.endswith((".local", ".internal", ".localhost"))


def _is_late(around: Around) -> bool:
    return around.published is not None and (around.looked is None or around.now - around.looked > LATE_MAX)


_E, _W = Severity.ERROR, Severity.WARNING
_RECORDS, _DCAT = "OGC 20-004r1 (Records), Record Core", "DCAT-AP 3.0, Dataset"
_ISO = "ISO 19139, constraints of gmd"
_GEONETWORK, _CKAN, _PYCSW = "GeoNetwork", "CKAN", "pycsw"
_OGC_CLIENT, _EUROPE, _OAI = "ogc-client", "data.europa.eu", "OAI-PMH harvesters"
_TITLE_TWICE = Rule(
    "title-twice",
    _W,
    (_CKAN, _GEONETWORK),
    Text(
        "Nhiều bản ghi cùng tên: kết quả tìm kiếm không phân biệt được, CKAN tự thêm số vào tên.",
        "Several records have one title: lists do not tell them apart, and CKAN numbers their names.",
    ),
    "ckanext-spatial, name from the title",
)
_PARENT_GONE = Rule(
    "parent-gone",
    _W,
    (_GEONETWORK,),
    Text(
        "Bản ghi cấp trên không có trong danh mục: liên kết cha con bị hỏng.",
        "The record that it is a part of is not in the catalogue: the link leads nowhere.",
    ),
    "ISO 19115-1, parentMetadata",
)
_NO_RECORD = Rule(
    "no-record",
    _E,
    (_GEONETWORK, _CKAN, _OAI),
    Text(
        "Danh mục không có bản ghi nào: nơi thu thập xóa hết những gì đã thu.",
        "There is no record at all: harvesters delete what they have.",
    ),
    "GeoNetwork issue 419; ckanext-spatial, set difference",
)
RULES: Final[Sequence[Rule]] = (
    Rule("phone", _E, ("OGC API Records clients", _OGC_CLIENT),
         Text("Số điện thoại không theo E.164 (+842713879427): bản ghi không đạt lược đồ JSON.",
              "A phone number is not in E.164 (+842713879427): the record fails the JSON schema."),
         f"{_RECORDS}, contact.phones", _any_phone),
    Rule("email", _W, (_CKAN, _EUROPE, _GEONETWORK),
         Text("Không cơ quan nào có thư điện tử: không có đầu mối liên hệ ở nơi thu thập.",
              "No office has an e-mail address: catalogues show no point of contact."),
         "DCAT-AP 3.0, contact point; ckanext-spatial, contact-email", _no_email),
    Rule("contact", _E, (_GEONETWORK, _CKAN, _PYCSW),
         Text("Không có cơ quan chịu trách nhiệm: ISO 19139 không hợp lệ (gmd:contact).",
              "There is no responsible office: ISO 19139 is not valid (gmd:contact)."),
         "ISO 19139, gmd:MD_Metadata", lambda seen, _: not seen.record.general.parties),
    Rule("license-other", _W, (_OGC_CLIENT, _EUROPE, _CKAN),
         Text("Giấy phép là other mà không có liên kết rel=license: mọi định dạng chỉ dẫn về trang đầu của dịch vụ.",
              "The license is other, and no link rel=license says which: every encoding leads to the landing page."),
         f"{_RECORDS}, license", _license),
    Rule("license-id", _W, (_CKAN, _EUROPE),
         Text("Giấy phép không phải mã SPDX: cổng dữ liệu coi là không rõ giấy phép.",
              "The license is no identifier of SPDX: portals take it as unknown."),
         f"{_RECORDS}, license", _license_id),
    Rule("title", _E, (_GEONETWORK, _CKAN, _EUROPE, _PYCSW),
         Text("Không có tên.", "There is no title."), f"{_DCAT}, dct:title; ISO 19139, title", _no_title),
    Rule("title-long", _W, (_CKAN,),
         Text(f"Tên dài hơn {TITLE_MAX} ký tự: CKAN cắt khi tạo tên gói.",
              f"The title is longer than {TITLE_MAX} characters: CKAN cuts it in the name of the package."),
         "CKAN, PACKAGE_NAME_MAX_LENGTH", _long_title),
    _TITLE_TWICE,
    Rule("abstract", _E, (_EUROPE, _CKAN, _GEONETWORK),
         Text("Không có tóm tắt: DCAT-AP và ISO 19139 bắt buộc.",
              "There is no abstract: DCAT-AP and ISO 19139 ask for one."),
         f"{_DCAT}, dct:description; ISO 19139, abstract", _no_abstract),
    Rule("keywords", _W, (_EUROPE, _CKAN, _GEONETWORK),
         Text("Không có từ khóa: khó tìm thấy ở nơi thu thập.", "There are no keywords: it is hard to find."),
         f"{_DCAT}, dcat:keyword", lambda seen, _: not seen.record.description.keywords),
    Rule("keyword-long", _W, (_CKAN,),
         Text(f"Từ khóa dài hơn {TAG_MAX} ký tự: CKAN cắt bớt.",
              f"A keyword is longer than {TAG_MAX} characters: CKAN cuts it."),
         "CKAN, MAX_TAG_LENGTH", _long_keyword),
    Rule("topics", _E, (_GEONETWORK, _PYCSW),
         Text("Không có chủ đề ISO 19115: bộ dữ liệu không đạt ràng buộc của ISO 19139.",
              "There is no topic of ISO 19115: a dataset fails the constraints of ISO 19139."),
         f"{_ISO}, topicCategory", lambda seen, _: not seen.record.description.topics),
    Rule("format", _E, (_GEONETWORK,),
         Text("Không có định dạng phân phối: không đạt Schematron của ISO 19139.",
              "There is no format of distribution: it fails the Schematron of ISO 19139."),
         f"{_ISO}, distributionFormat", lambda seen, _: not seen.record.distribution.formats),
    Rule("language", _E, (_GEONETWORK, _CKAN),
         Text("Mã ngôn ngữ không gồm ba chữ cái (vie): GeoNetwork không nhận ra ngôn ngữ.",
              "A language is not told by three letters (vie): GeoNetwork does not know it."),
         "ISO 639-2; GeoNetwork, iso19139 language", _language),
    Rule("one-language", _W, (_EUROPE,),
         Text("Thiếu tên hoặc tóm tắt tiếng Anh.", "Title or abstract is not in English."),
         "DCAT-AP 3.0, multilingual literals", _one_language),
    Rule("external-id-cut", _W, (_GEONETWORK,),
         Text("Mã bên ngoài có ký tự / % # hoặc ?: GeoNetwork chỉ giữ phần sau dấu / cuối cùng.",
              "An identifier elsewhere has / % # or ?: GeoNetwork keeps what follows the last slash."),
         "GeoNetwork, harvester Simple URL", _cut_id),
    Rule("date-behind", _E, (_GEONETWORK,),
         Text("Dữ liệu mới hơn ngày cập nhật của bản ghi: GeoNetwork chỉ thu bản ghi có ngày mới hơn.",
              "The data are newer than the date of the record: GeoNetwork takes records with newer dates alone."),
         "GeoNetwork, harvester CSW: modification date", _not_advanced),
    Rule("date-ahead", _E, (_GEONETWORK, _OAI),
         Text("Ngày cập nhật ở tương lai: thu thập tăng dần sẽ bỏ qua hoặc thu mãi.",
              "The date of the record lies ahead: incremental harvests miss it, or take it for ever."),
         "OAI-PMH 2.0, selective harvesting", _ahead),
    Rule("date-backwards", _E, (_GEONETWORK, _EUROPE),
         Text("Bản ghi được cập nhật trước khi được tạo.", "The record was updated before it was created."),
         f"{_DCAT}, dct:modified", _backwards),
    Rule("date-fraction", _E, (_OAI,),
         Text("Thời điểm có phần lẻ của giây: OAI-PMH chỉ tính đến giây.",
              "An instant has fractions of a second: OAI-PMH knows none."),
         "OAI-PMH 2.0, UTCdatetime", _fractions),
    Rule("text-too-big", _E, (_GEONETWORK, _CKAN),
         Text(f"Một văn bản dài hơn {TERM_MAX} byte: Elasticsearch và Solr không lập chỉ mục được.",
              f"A text is longer than {TERM_MAX} bytes: Elasticsearch and Solr do not index it."),
         "Lucene, maximum term length", _big_text),
    Rule("record-too-big", _W, (_GEONETWORK, _PYCSW),
         Text(f"Bản ghi lớn hơn {RECORD_MAX} byte: trang kết quả quá lớn.",
              f"The record is larger than {RECORD_MAX} bytes: a page of them is too much."),
         "GeoNetwork, harvester CSW: maxRecords 20", _big_record),
    Rule("extent", _E, (_GEONETWORK, _CKAN, _EUROPE, _PYCSW),
         Text("Phạm vi không gian sai: ngoài trái đất, hoặc tây nằm sau đông.",
              "The extent is wrong: off the earth, or west beyond east."),
         "ISO 19115-1, EX_GeographicBoundingBox", _bad_extent),
    Rule("extent-flat", _W, (_CKAN,),
         Text("Phạm vi không gian không có diện tích: tìm theo bản đồ không thấy.",
              "The extent has no area: a search on the map does not find it."),
         "ckanext-spatial, spatial search", _flat_extent),
    Rule("link", _E, (_GEONETWORK, _CKAN, _EUROPE),
         Text("Một liên kết không phải địa chỉ http hoặc https.", "A link is no address of http or https."),
         "DCAT-AP 3.0, dcat:accessURL", _bad_link),
    _PARENT_GONE,
    Rule("https", _E, (_EUROPE, _OGC_CLIENT),
         Text("Địa chỉ dịch vụ không dùng https: mã truy cập đi không được mã hóa, trang https không gọi được.",
              "The address of the service is not https: tokens travel in clear, and pages of https may not ask it."),
         "RFC 6750, 5.3; Mixed Content", service=_is_open),
    Rule("host", _E, (_OAI, _EUROPE),
         Text("Địa chỉ dịch vụ chỉ dùng được trong mạng nội bộ: mã OAI và URI của dữ liệu không ai truy cập được.",
              "The address of the service is known inside alone: identifiers of OAI and URIs lead nowhere."),
         "OAI Identifier Format; DATDAI_BASE_URL", service=_is_local),
    Rule("admin-email", _E, (_GEONETWORK, _OAI),
         Text("Thư điện tử của dịch vụ không hợp lệ: câu trả lời Identify không đạt OAI-PMH.xsd.",
              "The e-mail address of the service is none: Identify fails OAI-PMH.xsd, which GeoNetwork checks."),
         "OAI-PMH.xsd, emailType", service=lambda around: not _EMAIL.fullmatch(around.contact_email)),
    Rule("never-published", _E, (_GEONETWORK, _CKAN, _OAI, _OGC_CLIENT),
         Text("Danh mục chưa được công bố lần nào: mọi câu trả lời là 503.",
              "The catalogue was never published: every answer is 503."),
         "the clock of the catalogue", service=lambda around: around.published is None),
    Rule("publisher-late", _E, (_GEONETWORK, _CKAN, _OAI),
         Text("Tiến trình công bố đã ngừng hơn mười phút: thay đổi không đến nơi thu thập.",
              "The publisher has not looked for ten minutes: changes reach nobody."),
         "the clock of the catalogue", service=_is_late),
    _NO_RECORD,
)  # fmt: skip
