"""Quotas of an agreement: how many items of a collection a unit takes on one day."""

from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from werkzeug.test import Client

from auth.model import PUBLIC
from catalogue.files import read_layers
from catalogue.profile import Allowance, Operation, compile_profile, whole
from core.clocks import StoppedClock
from core.errors import TooManyRequests
from core.settings import Settings
from database.connections import login_of
from database.writer import Writer
from server.app import Application, create
from server.quotas import Quotas

ITEMS = "/collections/thua-dat/items"


@pytest.fixture
def limited(
    sample_db: str, as_app: Callable[[str], str], publish: Callable[..., None], tmp_path: Path
) -> Iterator[Application]:
    """The application, with parcels published at 25 a day, 20 a page, as GeoJSON and CSV."""
    parcels = whole(next(each for each in read_layers() if each.id == "thua-dat"))
    allowance = Allowance(frozenset(Operation), frozenset({"json", "csv"}), page_max=20, daily_items=25)
    publish(sample_db, compile_profile([replace(parcels, allowance=allowance)]))
    with psycopg.connect(sample_db) as connection:
        connection.execute("DELETE FROM acl.taken")
    made = create(Settings(database_url=as_app(sample_db), home=tmp_path))
    yield made
    made.close()


def test_what_is_over_the_quota_of_the_day_is_refused_and_not_counted(limited: Application):
    client = Client(limited)

    pages = [client.get(ITEMS, query_string={"limit": n}).status_code for n in (20, 6, 5, 1)]

    assert pages == [200, 429, 200, 429]


def test_nothing_tells_of_items_once_the_quota_of_the_day_is_used_up(limited: Application):
    client = Client(limited)
    known = client.get(ITEMS, query_string={"limit": 20}).get_json(force=True)["features"][0]["id"]
    client.get(ITEMS, query_string={"limit": 5})

    asked = [
        (ITEMS, {"resulttype": "hits"}),
        (ITEMS, {"resulttype": "hits", "filter": "so_to = 1"}),
        (ITEMS, {"limit": 1, "filter": "so_to = -1"}),
        (f"{ITEMS}/{known}", {}),
        (f"{ITEMS}/00000000-0000-4000-8000-000000000000", {}),
        ("/collections/thua-dat/export", {"so_to": -1}),
    ]
    answers = [client.get(path, query_string=query).status_code for path, query in asked]

    assert answers == [429] * len(asked)


def test_a_number_of_hits_and_that_there_is_nothing_count_as_one_item_each(limited: Application):
    client = Client(limited)
    client.get(ITEMS, query_string={"limit": 20})

    told = [
        client.get(ITEMS, query_string={"resulttype": "hits"}).status_code,
        client.get(ITEMS, query_string={"limit": 1, "filter": "so_to = -1"}).status_code,
        client.get(f"{ITEMS}/00000000-0000-4000-8000-000000000000").status_code,
    ]
    rest = [client.get(ITEMS, query_string={"limit": n}).status_code for n in (3, 2)]

    assert told == [200, 200, 404]
    assert rest == [429, 200]


def test_an_export_is_counted_before_it_begins(limited: Application):
    client = Client(limited)

    whole_layer = client.get("/collections/thua-dat/export")
    one = client.get("/collections/thua-dat/export", query_string={"so_to": -1})

    assert whole_layer.status_code == 429
    assert int(whole_layer.headers["Retry-After"]) >= 60
    assert one.status_code == 200


def test_a_page_is_never_larger_than_the_agreement_says(limited: Application):
    page = Client(limited).get(ITEMS, query_string={"limit": 1000}).get_json(force=True)

    assert page["numberReturned"] == 20


def test_only_the_formats_of_the_agreement_are_offered(limited: Application):
    client = Client(limited)

    answers = {f: client.get(ITEMS, query_string={"f": f, "limit": 1}) for f in ("json", "csv", "gpkg", "html")}

    # A page for people shows what may leave as GeoJSON.
    assert [each.status_code for each in answers.values()] == [200, 200, 400, 200]
    assert "gpkg" not in answers["json"].text


def test_a_page_for_people_and_a_single_item_are_counted_as_any_other(limited: Application):
    client = Client(limited)

    page = client.get(ITEMS, query_string={"limit": 20, "f": "html"})
    key = client.get(ITEMS, query_string={"limit": 1}).get_json(force=True)["features"][0]["id"]
    items = [client.get(f"{ITEMS}/{key}", query_string={"f": f}).status_code for f in ("html", "csv", "json")]

    assert page.status_code == 200
    assert [*items, client.get(ITEMS, query_string={"limit": 2}).status_code] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("instant", "is_given"),
    [
        (datetime(2026, 11, 23, 16, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), True),
    ],
)
def test_a_quota_begins_anew_at_midnight_in_vietnam_where_the_legal_day_stands(
    sample_db: str, as_app: Callable[[str], str], instant: datetime, *, is_given: bool
):
    parcels = whole(next(each for each in read_layers() if each.id == "thua-dat"))
    parcels = replace(parcels, allowance=Allowance(frozenset(Operation), None, daily_items=20))
    with psycopg.connect(sample_db) as connection:
        connection.execute("DELETE FROM acl.taken")
        connection.execute("UPDATE lg.ngay_phap_ly SET ngay = '2025-06-30'")
    dsn = login_of(None, as_app(sample_db), "identity")

    with closing(Quotas(Writer(dsn, purpose="t"), StoppedClock(datetime(2026, 11, 23, 5, tzinfo=UTC)))) as quotas:
        quotas.take(PUBLIC, parcels, 20)
    outcome = nullcontext() if is_given else pytest.raises(TooManyRequests)
    with closing(Quotas(Writer(dsn, purpose="t"), StoppedClock(instant))) as quotas, outcome:
        quotas.take(PUBLIC, parcels, 1)
