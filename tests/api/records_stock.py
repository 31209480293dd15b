"""A catalogue for tests of OGC API - Records: written by hand, found by every parameter."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
from werkzeug.test import Client

from catalogue.files import read_layers
from catalogue.layer import Component, Text
from catalogue.record import Area, Extent, Interval, Kind, Record
from catalogue.record_keys import RECORDS, full_of, of_component
from tests.api.conftest import BASE, SECRET, Api
from tests.harvest.stock import Stock, at, record

CATALOGUE = f"/collections/{RECORDS}"
ITEMS = f"{CATALOGUE}/items"
PLACES = (
    ("25195", "Phường Tân Phú"),
    ("25198", "Phường Tân Đồng"),
    ("25201", "Xã Tiến Hưng"),
    ("25204", "Xã Thới Hòa"),
)
CADASTRE = of_component("dia-chinh")
HIDDEN = of_component("dia-chinh", 12)
"""A key that the public does not hold: it holds that of the whole component."""
KEYS = (
    *(full_of(each.id, with_access=True) for each in read_layers() if each.id != RECORDS),
    *(of_component(each.value) for each in Component if each is not Component.METADATA),
)
_TOLD = (
    "UPDATE mt.ban_ghi SET keywords = %(keywords)s, external_ids = %(external)s, time_begin = %(begin)s, "
    "time_end = %(end)s, ma_don_vi = %(code)s, ten_don_vi = %(unit)s, ky = %(edition)s, "
    "tim = dm.de_tim(concat_ws(' ', %(title)s::text, %(abstract)s::text, array_to_string(%(keywords)s::text[], ' '))) "
    "WHERE id = %(id)s AND khoa = %(key)s"
)


@dataclass(frozen=True, slots=True)
class Records:
    """The service over a catalogue, and the pen that writes it."""

    api: Api
    stock: Stock

    def put(self, each: Record, seconds: float = 0, key: str = CADASTRE) -> Record:
        """Write a record with all that it is found by."""
        self.stock.put(each, at(seconds), key)
        of = each.description
        end = of.interval.end + timedelta(days=1) if of.interval and of.interval.end else None
        told = {"id": each.id, "key": key, "title": of.title.vi, "abstract": of.abstract.vi, "edition": of.edition}
        told |= {
            "keywords": [word.vi for word in of.keywords],
            "external": [":".join(one) for one in each.external_ids],
        }
        told |= {"begin": of.interval.begin if of.interval else None, "end": end}
        told |= {"code": of.area.code if of.area else None, "unit": of.area.name.vi if of.area else None}
        self.stock.connection.execute(_TOLD, told)
        return each

    def found(self, **parameters: object) -> list[str]:
        """Return the titles of what is found, in order, of all pages."""
        pages = self.api.all_pages(ITEMS, {"lang": "vi", "limit": 7} | parameters)
        return [each["properties"]["title"] for page in pages for each in page["features"]]


def place(number: int, edition: str = "2024") -> Record:
    """Return the record of the cadastre of one commune; communes lie from west to east, years follow each other."""
    code, name = PLACES[number % len(PLACES)]
    made = record(f"dc-{code}-{edition}-{number}")
    west = 106.5 + 0.1 * (number % len(PLACES))
    of = replace(
        made.description,
        title=Text(
            f"Địa chính {name} {edition} số {number:02}", f"Cadastre of {code} in {edition}, number {number:02}"
        ),
        area=Area(code, Text(name, name), 3, date(2007, 1, 1)),
        edition=edition,
        extent=Extent(west, 11.5, west + 0.05, 11.55),
        interval=Interval(date(int(edition), 1, 1), date(int(edition), 12, 31)),
        layer=None,
    )
    return replace(made, description=of, external_ids=(("vn", f"{code}-{edition}"), ("so", str(number))))


def service() -> Record:
    """Return a record of a service, open in time, that names other words."""
    made = record("dich-vu", "quy-hoach", "Dịch vụ bản đồ quy hoạch sử dụng đất")
    of = replace(made.description, interval=None, keywords=(Text("bản đồ nền", "base map"),), license="CC-BY-4.0")
    of = replace(of, extent=Extent(107.2, 12.1, 107.3, 12.2))
    return replace(made, kind=Kind.SERVICE, description=of, external_ids=(("urn", "vn:so:tnmt"),))


@contextmanager
def catalogued(dsn: str, as_app: Callable[[str], str], home: Path) -> Iterator[Records]:
    """Write 24 communes and a service, a hidden record among them, and serve them."""
    from core.settings import Settings
    from server import app

    application = app.create(Settings(database_url=as_app(dsn), home=home, base_url=BASE, secret=SECRET))
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in ("mt.ban_ghi", "cb.doi_song", "cb.khoa_cua"):
            connection.execute(f"DELETE FROM {table}")
        made = Records(Api(Client(application)), Stock(connection))
        made.stock.publish()
        made.stock.hold(*KEYS)
        for number in range(24):
            made.put(place(number, str(2023 + number % 3)), number)
        made.put(service(), 60, of_component("quy-hoach"))
        made.put(record("an", title="Bản ghi không ai thấy"), 61, HIDDEN)
        yield made
    application.close()
