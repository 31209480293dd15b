"""Quotas of an agreement: how many items of a collection a unit takes on one day."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from werkzeug.test import Client

from catalogue.files import read_layers
from catalogue.profile import Allowance, Operation, compile_profile, whole
from core.settings import Settings
from server.app import Application, create

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
