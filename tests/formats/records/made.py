"""Records made up: one that has everything, and strategies for all that a record can be."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import strategies as st

from catalogue.layer import Component, Text
from catalogue.record import (
    Access,
    Area,
    Description,
    Distribution,
    Extent,
    General,
    Interval,
    Kind,
    Party,
    Published,
    Quality,
    Record,
    ReferenceSystem,
    Result,
    Role,
    Step,
)
from formats.records.about import About

ABOUT = About("https://land.example.vn", "vi", "https://land.example.vn/collections/sieu-du-lieu")
ENGLISH = replace(ABOUT, language="en")

_OFFICE = Party(
    Text("Sở Tài nguyên & Môi trường", "Department of Environment"),
    (Role.POINT_OF_CONTACT, Role.OWNER, Role.CUSTODIAN, Role.DISTRIBUTOR, Role.PUBLISHER),
    "so@example.vn",
    "+842713879427",
    "https://so.example.vn",
    Text("Số 1 đường A", "1 A street"),
)
_DESCRIPTION = Description(
    title=Text("Thửa đất <phường A>", "Parcels <ward A>"),
    abstract=Text('Thửa đất "hiện hành"; ]]> & hết', "Parcels in force"),
    component="dia-chinh",
    layer="thua-dat",
    edition="2024",
    area=Area("25195", Text("Phường A", "Ward A"), 3, date(2018, 1, 1)),
    keywords=(Text("thửa đất", "parcel"), Text("địa chính", "cadastre")),
    topics=("planningCadastre", "boundaries"),
    extent=Extent(106.41, 11.3, 107.43, 12.3),
    interval=Interval(date(999, 1, 2), date(2025, 6, 30)),
    scales=(2000, 500),
    items=120,
    current_on=date(2025, 6, 29),
    constraints=(Text("Không in lại", "No reprint"),),
    legal_basis=(Text("TT 09/2024/TT-BTNMT", "Circular 09/2024"),),
    purpose=Text("Quản lý đất đai", "Land administration"),
)
_QUALITY = Quality(
    Text("Đo đạc năm 2018", "Surveyed in 2018"),
    (
        Step(date(2018, 5, 1), Text("Đo đạc", "Survey"), Text("Bản đồ giấy", "Paper map")),
        Step(date(2024, 1, 1), Text("Nạp", "Load")),
    ),
    (
        Result("HH-08", Text("Chồng lấn", "Overlaps"), date(2024, 1, 1), 0.25, "%", passed=True),
        Result("KH-01", Text("Trùng", "Twice"), date(2024, 1, 1), 3.0, "1", False, Text("TT 09", "Circular 09")),
        Result("MA-01", Text("Mã", "Codes"), date(2024, 1, 1), 1e-9, "m2"),
    ),
)
ACCESS = (
    Access(
        "/collections/thua-dat/items", "items", "application/geo+json", Text("Các thửa", "Items"), "OGC API Features"
    ),
    Access("https://so.example.vn/f.csv?a=1&b=2", "enclosure", "text/csv", Text("Tệp", "File")),
    Access("/collections/thua-dat", "collection", "application/json", Text("Lớp", "Layer")),
    Access("/docs", "describedby", "text/html", Text("Tài liệu", "Documentation")),
)
RECORD = Record(
    UUID("6ba7b810-9dad-51d1-80b4-00c04fd430c8"),
    Kind.DATASET,
    General((_OFFICE,), parent=UUID("6ba7b811-9dad-51d1-80b4-00c04fd430c8")),
    ReferenceSystem((9212, 4326)),
    _DESCRIPTION,
    _QUALITY,
    Distribution(("application/geo+json", "text/csv"), ACCESS, Text("Không", "None"), Text("Xin phép", "Ask")),
    (("vn:lop", "thua-dat"),),
)
FULL = Published(RECORD, datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 30, 1, 2, 3, tzinfo=UTC))

READABLE = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"))
"""Letters that every encoding can hold, and that are seen."""


def published(characters: st.SearchStrategy[str] | None = None, *, most: int = 3) -> st.SearchStrategy[Published]:
    """Return records of all kinds, their texts of these characters; ``None``: of any, blank texts included."""
    texts = st.text() if characters is None else st.text(characters, min_size=1)
    both = st.builds(Text, texts, texts)
    return st.builds(
        lambda record, moments: Published(record, *sorted(moments)),
        _records(both, most),
        st.tuples(_MOMENTS, _MOMENTS),
    )


_FIRST = datetime(1, 1, 2, tzinfo=UTC).replace(tzinfo=None)
_MOMENTS = st.datetimes(_FIRST, timezones=st.just(UTC)).map(lambda each: each.replace(microsecond=0))
_URLS = st.sampled_from(
    ("/a", "/collections/x/items?f=csv&limit=5", "https://example.vn/x;y?z=%C4%90", "http://[::1]/#a")
)
_TOPICS = st.sampled_from(("planningCadastre", "boundaries", "environment", "economy"))
_TYPES = st.sampled_from(("application/geo+json", "text/csv", "text/html", "application/x-strange; version=1"))
_RELS = st.sampled_from(("items", "enclosure", "collection", "self", "alternate", "license", "about", "data"))
_KINDS = st.sampled_from(Kind)
_UNITS = st.sampled_from(("1", "%", "m2", "km/h"))


def _extents() -> st.SearchStrategy[Extent]:
    lons, lats = (st.integers(-n * 10**7, n * 10**7).map(lambda each: each / 10**7) for n in (180, 90))
    pairs = [st.tuples(each, each).map(sorted) for each in (lons, lats)]
    return st.tuples(*pairs).map(lambda box: Extent(box[0][0], box[1][0], box[0][1], box[1][1]))


def _parties(both: st.SearchStrategy[Text]) -> st.SearchStrategy[Party]:
    roles = st.lists(st.sampled_from(Role), max_size=3, unique=True).map(tuple)
    phones = st.sampled_from(("+842713879427", "(028) 38207202", "", None))
    emails = st.sampled_from(("so@example.vn", "", None))
    return st.builds(
        Party, both, roles, emails, phones, st.sampled_from(("https://so.example.vn/", None)), st.none() | both
    )


def _descriptions(both: st.SearchStrategy[Text], most: int) -> st.SearchStrategy[Description]:
    def some[T](of: st.SearchStrategy[T], least: int = 0) -> st.SearchStrategy[tuple[T, ...]]:
        return st.lists(of, min_size=least, max_size=most, unique=True).map(tuple)

    return st.builds(
        Description,
        title=both,
        abstract=both,
        component=st.sampled_from([each.value for each in Component]),
        layer=st.none() | st.just("thua-dat"),
        edition=st.none() | st.just("2024"),
        area=st.none()
        | st.builds(Area, st.from_regex(r"[0-9]{5}", fullmatch=True), both, st.integers(1, 3), st.dates()),
        keywords=some(both),
        topics=some(_TOPICS, 1),
        extent=_extents(),
        interval=st.none() | st.builds(Interval, st.none() | st.dates(), st.none() | st.dates()),
        representation=st.sampled_from(("vector", "textTable", "grid")),
        scales=some(st.integers(1, 10**7)),
        items=st.none() | st.integers(0, 2**40),
        current_on=st.none() | st.dates(),
        license=st.sampled_from(("other", "CC-BY-4.0")),
        constraints=some(both),
        legal_basis=some(both),
        purpose=st.none() | both,
    )


def _records(both: st.SearchStrategy[Text], most: int) -> st.SearchStrategy[Record]:
    def some[T](of: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
        return st.lists(of, max_size=most).map(tuple)

    steps = st.builds(Step, st.dates(), both, st.none() | both)
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    codes = st.from_regex(r"[A-Z]{2}-[0-9]{2}", fullmatch=True)
    passed = st.sampled_from((None, True, False))
    results = st.builds(Result, codes, both, st.dates(), numbers, _UNITS, passed, st.none() | both)
    access = st.builds(Access, _URLS, _RELS, _TYPES, both, st.none() | st.just("OGC API Features"))
    return st.builds(
        Record,
        st.uuids(),
        _KINDS,
        st.builds(General, some(_parties(both)), parent=st.none() | st.uuids()),
        st.builds(ReferenceSystem, st.lists(st.sampled_from((9212, 4326, 3405)), unique=True).map(tuple)),
        _descriptions(both, most),
        st.builds(Quality, both, some(steps), some(results)),
        st.builds(
            Distribution, st.lists(_TYPES, unique=True).map(tuple), some(access), st.none() | both, st.none() | both
        ),
        st.lists(st.tuples(st.just("vn:lop"), st.just("thua-dat")), max_size=1).map(tuple),
    )
