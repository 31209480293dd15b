"""Words that several encodings of a record share: component databases, thesauri, numbers as schemas want them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from catalogue.layer import Text
from catalogue.record import Area, Party, Record, Role
from formats.records.about import About

_COMPONENTS = {
    "hanh-chinh": Text("Đơn vị hành chính", "Administrative units"),
    "dia-chinh": Text("Cơ sở dữ liệu địa chính", "Cadastral database"),
    "thong-ke": Text("Cơ sở dữ liệu thống kê, kiểm kê đất đai", "Land statistics and inventory database"),
    "quy-hoach": Text("Cơ sở dữ liệu quy hoạch, kế hoạch sử dụng đất", "Land-use planning database"),
    "gia-dat": Text("Cơ sở dữ liệu giá đất", "Land price database"),
    "ho-so": Text("Hồ sơ giao dịch đất đai", "Land transaction dossiers"),
    "sieu-du-lieu": Text("Siêu dữ liệu đất đai", "Land metadata"),
}


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """Where controlled keywords come from, and the day from which on it is so."""

    title: Text
    day: date


COMPONENTS = Thesaurus(
    Text(
        "Cơ sở dữ liệu thành phần của cơ sở dữ liệu quốc gia về đất đai (TT 09/2024/TT-BTNMT)",
        "Component databases of the national land database (TT 09/2024/TT-BTNMT)",
    ),
    date(2024, 7, 31),
)
UNITS = Thesaurus(
    Text(
        "Danh mục và mã số các đơn vị hành chính Việt Nam (QĐ 124/2004/QĐ-TTg)",
        "Codes of the administrative units of Vietnam (QĐ 124/2004/QĐ-TTg)",
    ),
    date(2004, 7, 8),
)
DEFAULT_PROTOCOL = "WWW:LINK-1.0-http--link"
"""Of a link that says no other, as GeoNetwork and CKAN know it."""


def component_title(component: str) -> Text:
    """Return what people call a component database; an unknown one stands for itself."""
    return _COMPONENTS.get(component) or Text(component, component)


def unit_code(area: Area) -> str:
    """Return the identifier of an administrative unit: codes are used again, so with the day since when it has it."""
    return f"{area.code}/{area.since.isoformat()}"


def crs_uri(srid: int) -> str:
    """Return the URI by which OGC knows a coordinate reference system of EPSG."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{srid}"


def license_url(license_id: str, about: About) -> str:
    """Return where a license stands: that of SPDX, or the conditions of use."""
    return about.terms_url if license_id == "other" else f"https://spdx.org/licenses/{license_id}"


def decimal(number: float) -> str:
    """Return a number without exponent, as ``xs:decimal`` wants it, to its last digit."""
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def instant(moment: datetime) -> str:
    """Return an instant in UTC, whole seconds, ``Z``; years have four digits."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def midnight(day: date) -> str:
    """Return the begin of a day as a local time, for schemas that know no day there."""
    return f"{day.isoformat()}T00:00:00"


def named(record: Record, about: About) -> tuple[Party, ...]:
    """Return who has to do with the data; where the record names nobody: the provider, if there is one."""
    return record.general.parties or ((about.provider,) if about.provider is not None else ())


def parties(record: Record, about: About) -> Iterator[tuple[Party, Role]]:
    """Yield who has to do with the data, each role apart."""
    for party in named(record, about):
        for role in party.roles or (Role.POINT_OF_CONTACT,):
            yield party, role


def party_in(record: Record, about: About, *roles: Role) -> Party | None:
    """Return who has one of these roles, an earlier role first; else whoever comes first; ``None``: nobody is named."""
    known = list(parties(record, about))
    found = (party for wanted in roles for party, role in known if role is wanted)
    return next(found, known[0][0] if known else None)
