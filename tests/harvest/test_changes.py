"""The feed of changes from outside."""

from typing import Any

import pytest
from werkzeug.test import Client

from tests.harvest.stock import BASE, PLANS, Stock, at, record

RECORDS = sorted((record(f"so-{n}") for n in range(5)), key=lambda each: each.id)
HIDDEN = record("an", "gia-dat")


@pytest.fixture(scope="module")
def full(kept_stock: Stock, kept_client: Client) -> Client:
    """The application over a catalogue of five records, one of them taken away."""
    for n, each in enumerate(RECORDS):
        kept_stock.put(each, at(n))
    kept_stock.put(HIDDEN, at(50), "don-vi:gia-dat")
    kept_stock.remove(RECORDS[1].id, at(20), by=RECORDS[2].id)
    return kept_client


def ask(client: Client, **parameters: object) -> Any:
    answer = client.get("/changes", query_string=parameters)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def follow(client: Client, page: Any) -> list[Any]:
    """Return the entries of a page and of all that follow it."""
    found = page["changes"]
    while following := [each["href"] for each in page["links"] if each["rel"] == "next"]:
        page = client.get(following[0].removeprefix(BASE)).get_json()
        found += page["changes"]
    return found


def test_all_entries_come_by_identifier_with_instants_and_addresses(full: Client) -> None:
    told = ask(full)

    assert [each["id"] for each in told["changes"]] == [str(each.id) for each in RECORDS]
    assert told["changes"][0] == {
        "id": str(RECORDS[0].id),
        "op": "put",
        "at": "2026-01-01T00:00:00Z",
        "component": "dia-chinh",
        "href": f"{BASE}/collections/sieu-du-lieu/items/{RECORDS[0].id}",
    }


def test_what_was_taken_away_is_a_delete_that_names_its_successor(full: Client) -> None:
    gone = next(each for each in ask(full)["changes"] if each["op"] == "delete")

    assert (gone["id"], gone["at"]) == (str(RECORDS[1].id), "2026-01-01T00:00:20Z")
    assert gone["supersededBy"] == str(RECORDS[2].id)


def test_a_successor_that_the_caller_does_not_see_is_not_named(stock: Stock, client: Client) -> None:
    stock.put(RECORDS[0])
    stock.put(HIDDEN, key="don-vi:gia-dat")
    stock.remove(RECORDS[0].id, at(5), by=HIDDEN.id)

    (gone,) = ask(client)["changes"]

    assert "supersededBy" not in gone


def test_until_is_the_newest_instant_that_the_caller_sees_and_after_it_nothing_comes(full: Client) -> None:
    told = ask(full)

    assert told["until"] == "2026-01-01T00:00:20Z"
    again = ask(full, since=told["until"])
    assert again["changes"] == []
    assert again["until"] == told["until"]


def test_since_leaves_out_what_was_known_then(full: Client) -> None:
    told = ask(full, since="2026-01-01T00:00:03Z")

    assert {each["id"] for each in told["changes"]} == {str(RECORDS[4].id), str(RECORDS[1].id)}


def test_pages_follow_each_other_and_ask_from_one_instant_the_next_time(full: Client) -> None:
    page = ask(full, limit=2)

    assert len(page["changes"]) == 2
    assert [each["id"] for each in follow(full, page)] == [str(each.id) for each in RECORDS]


def test_what_changes_between_pages_is_told_the_next_time(stock: Stock, client: Client) -> None:
    for each in RECORDS:
        stock.put(each)
    page = ask(client, limit=2)
    stock.retitle(RECORDS[0], "Given already", at(70))

    first = follow(client, page)
    then = ask(client, since=page["until"])

    assert [each["id"] for each in first] == [str(each.id) for each in RECORDS]
    assert [each["id"] for each in then["changes"]] == [str(RECORDS[0].id)]


def test_nothing_changed_is_one_request_without_a_body(stock: Stock, client: Client) -> None:
    stock.put(RECORDS[0])
    until = ask(client)["until"]
    tag = client.get("/changes", query_string={"since": until}).headers["ETag"]

    same = client.get("/changes", query_string={"since": until}, headers={"If-None-Match": tag})
    stock.put(HIDDEN, at(90), key="don-vi:gia-dat")
    stock.publish(at(90))
    still = client.get("/changes", query_string={"since": until}, headers={"If-None-Match": tag})
    stock.put(record("neu", "quy-hoach"), at(95), PLANS)
    other = client.get("/changes", query_string={"since": until}, headers={"If-None-Match": tag})

    assert (same.status_code, same.data) == (304, b"")
    assert still.status_code == 304
    assert other.status_code == 200


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=", "limit=0", "limit=x", "cursor=nonsense", "other=1", "since=2026-01-01&since=2026"],
)
def test_a_parameter_that_is_wrong_is_refused(full: Client, query: str) -> None:
    answer = full.get("/changes", query_string=query)

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_token_belongs_to_its_request(full: Client) -> None:
    page = ask(full, limit=2)
    (cursor,) = [each["href"].rpartition("cursor=")[2] for each in page["links"] if each["rel"] == "next"]

    assert full.get(f"/changes?limit=2&since=2026-01-01&cursor={cursor}").status_code == 400
    assert full.get(f"/changes?limit=3&cursor={cursor}").status_code == 200
    assert full.get(f"/oai?verb=ListRecords&resumptionToken={cursor}").status_code == 200  # an error of the protocol


def test_a_catalogue_that_was_never_published_is_unavailable_at_every_face(full: Client, kept_stock: Stock) -> None:
    kept_stock.unpublish()
    try:
        answers = [full.get(path) for path in ("/changes", "/changes?since=2026-01-01", "/sitemap.xml")]
    finally:
        kept_stock.publish()

    assert [each.status_code for each in answers] == [503, 503, 503]
    assert all(int(each.headers["Retry-After"]) for each in answers)


def test_an_empty_catalogue_has_no_changes_and_the_begin_of_time(stock: Stock, client: Client) -> None:
    del stock

    told = ask(client)

    assert (told["changes"], told["until"], told["since"]) == ([], "1970-01-01T00:00:00Z", None)
    assert ask(client, since="2026-05-05")["until"] == "2026-05-05T00:00:00Z"


def test_the_last_second_that_can_be_written_is_answered_as_any_other(full: Client) -> None:
    assert ask(full, since="9999-12-31T23:59:59Z")["changes"] == []
