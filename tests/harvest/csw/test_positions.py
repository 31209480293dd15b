"""Pages leave nothing out while records come and go between them."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from tests.harvest.csw.conftest import Csw, Page
from tests.harvest.stock import Stock, at, record

NAMES = [str(n) for n in range(40)]
ORDERED = sorted(NAMES, key=lambda name: record(name).id)
ADDED = sorted((f"new {n}" for n in range(400)), key=lambda name: record(name).id)


@pytest.fixture
def filled(stock: Stock) -> Stock:
    """40 records."""
    for n, name in enumerate(NAMES):
        stock.put(record(name), at(n))
    return stock


def _ids(names: list[str]) -> list[str]:
    return [str(record(name).id) for name in names]


def _change(stock: Stock, instant: int, *, gone: Sequence[str] = (), come: Sequence[str] = ()) -> None:
    for name in gone:
        stock.remove(record(name).id, at(instant))
    for name in come:
        stock.put(record(name), at(instant))
    stock.publish(at(instant))


def _harvest(csw: Csw, between: Any = lambda _: None, **asked: object) -> list[Page]:
    """Read as harvesters do: on at nextRecord until it is 0; ``between`` is called after each page."""
    pages = [csw.page(**asked)]
    while pages[-1].next:
        between(len(pages))
        pages.append(csw.page(startPosition=pages[-1].next, **asked))
    return pages


def _all_ids(pages: list[Page]) -> list[str]:
    return [id_ for each in pages for id_ in each.ids]


def test_a_record_that_goes_from_an_earlier_page_makes_no_later_page_skip_one(csw: Csw, filled: Stock) -> None:
    pages = _harvest(csw, lambda n: _change(filled, 100 + n, gone=ORDERED[n * 3 - 3 : n * 3]))

    assert _all_ids(pages) == _ids(ORDERED)
    assert [each.returned for each in pages] == [10, 10, 10, 10]
    assert [each.matched for each in pages] == [40, 40, 40, 40]


def test_a_record_that_comes_into_an_earlier_page_makes_no_later_page_repeat_one(csw: Csw, filled: Stock) -> None:
    first = ADDED[:3]
    assert all(record(name).id < record(ORDERED[9]).id for name in first)

    pages = _harvest(csw, lambda n: _change(filled, 100 + n, come=first[n - 1 : n]))

    assert _all_ids(pages) == _ids(ORDERED)
    assert [each.matched for each in pages] == [40, 40, 40, 40]


def test_what_comes_and_goes_behind_the_page_is_counted(csw: Csw, filled: Stock) -> None:
    last = ADDED[-3:]
    counts = []

    pages = _harvest(csw, lambda n: _change(filled, 100 + n, come=last[n - 1 : n]))

    counts = [each.matched for each in pages]
    assert set(_all_ids(pages)) >= set(_ids(ORDERED))
    assert len(_all_ids(pages)) == counts[-1] == 43
    assert counts == [40, 41, 42, 43, 43]


def test_whoever_stops_at_the_count_of_each_page_has_everything(csw: Csw, filled: Stock) -> None:
    start, matched, found = 1, 1, []
    while start <= matched:
        page = csw.page(startPosition=start)
        found += page.ids
        matched, start = page.matched, start + 10
        _change(filled, 100 + start, gone=ORDERED[start // 10 : start // 10 + 1], come=ADDED[-start // 10 :][:1])

    assert set(_ids(ORDERED)) <= set(found)


@pytest.mark.parametrize("order", ["dct:modified:A", "dct:modified:D", "dc:title:D", "dc:identifier:D"])
def test_any_one_order_goes_on_where_it_was(csw: Csw, filled: Stock, order: str) -> None:
    expected = _all_ids(_harvest(csw, SortBy=order, maxRecords=40))

    pages = _harvest(csw, lambda n: _change(filled, 100 + n, gone=_names(expected[n * 2 - 2 : n * 2])), SortBy=order)

    assert _all_ids(pages) == expected
    assert len(expected) == 40


def _names(ids: list[str]) -> list[str]:
    return [name for name in NAMES if str(record(name).id) in ids]


@pytest.mark.usefixtures("filled")
def test_an_order_that_goes_both_ways_is_answered_too(csw: Csw) -> None:
    pages = _harvest(csw, SortBy="dc:type:A,dct:modified:D")

    assert _all_ids(pages) == _ids(NAMES[::-1])


def test_of_two_harvests_at_once_neither_misses_a_record(csw: Csw, filled: Stock) -> None:
    slow = csw.page()
    _change(filled, 100, gone=ORDERED[:5])
    fast = _harvest(csw)
    slow_rest = csw.page(startPosition=11)

    assert set(_all_ids(fast)) == set(_ids(ORDERED[5:]))
    assert set(slow.ids + slow_rest.ids) >= set(_ids(ORDERED[:20]))


def test_a_page_may_be_asked_again(csw: Csw, filled: Stock) -> None:
    csw.page()
    second = csw.page(startPosition=11)
    csw.page(startPosition=21)
    _change(filled, 100, gone=ORDERED[:5])

    assert csw.page(startPosition=11).ids == second.ids


def test_a_harvest_of_the_next_day_begins_anew(csw: Csw, filled: Stock) -> None:
    _harvest(csw)
    _change(filled, 100, gone=ORDERED[:5])
    filled.connection.execute(
        "UPDATE cb.vi_tri SET luc = luc - interval '25 hours', dung_luc = dung_luc - interval '25 hours'"
    )

    pages = _harvest(csw)

    assert [each.returned for each in pages] == [10, 10, 10, 5]
    assert _all_ids(pages) == _ids(ORDERED[5:])


def test_a_place_that_was_used_does_not_hold_the_next_harvest_back(csw: Csw, filled: Stock) -> None:
    _harvest(csw)
    _change(filled, 100, gone=ORDERED[:5])

    pages = _harvest(csw)

    assert _all_ids(pages) == _ids(ORDERED[5:])


def test_a_harvest_that_was_given_up_a_while_ago_does_not_hold_the_next_one_back(csw: Csw, filled: Stock) -> None:
    csw.page()
    _change(filled, 100, gone=ORDERED[:5])
    filled.connection.execute("UPDATE cb.vi_tri SET luc = luc - interval '16 minutes'")

    pages = _harvest(csw)

    assert [each.returned for each in pages] == [10, 10, 10, 5]


def test_two_harvesters_of_one_subject_have_places_of_their_own(csw: Csw, filled: Stock) -> None:
    other = Csw(csw.client, agent="another harvester")
    csw.page()
    _change(filled, 100, gone=ORDERED[:5])
    other.page()

    assert csw.page(startPosition=11).ids == _ids(ORDERED[10:20])
    assert other.page(startPosition=11).ids == _ids(ORDERED[15:25])


def test_a_harvester_whose_address_changes_goes_on_where_it_was(csw: Csw, filled: Stock) -> None:
    csw.page()
    _change(filled, 100, gone=ORDERED[:5])

    assert Csw(csw.client, agent="moved").page(startPosition=11).ids == _ids(ORDERED[10:20])


@pytest.mark.usefixtures("filled")
def test_two_searches_do_not_share_places(csw: Csw) -> None:
    csw.page()
    other = {"CONSTRAINTLANGUAGE": "CQL_TEXT", "CONSTRAINT": f"dc:identifier > '{record(ORDERED[4]).id}'"}
    csw.page(**other)

    assert csw.page(startPosition=11).ids == _ids(ORDERED[10:20])
    assert csw.page(startPosition=11, **other).ids == _ids(ORDERED[15:25])


def test_the_form_of_a_page_does_not_matter_to_where_the_next_begins(csw: Csw, filled: Stock) -> None:
    csw.page(ElementSetName="full", maxRecords=7)
    _change(filled, 100, gone=ORDERED[:3])

    assert csw.page(startPosition=8, maxRecords=3).ids == _ids(ORDERED[7:10])


@pytest.mark.usefixtures("filled")
def test_hits_leave_no_place(csw: Csw, stock: Stock) -> None:
    csw.page(resultType="hits")

    assert stock.connection.execute("SELECT count(*) FROM cb.vi_tri").fetchone() == (0,)


def test_a_flood_of_one_subject_leaves_the_places_of_others(stock: Stock) -> None:
    _note(stock.connection, "account:7", "b" * 32, 11)
    for n in range(1_100):
        _note(stock.connection, "public", f"{n:032}", 11)

    counts = dict(stock.connection.execute("SELECT chu_the, count(*) FROM cb.vi_tri GROUP BY 1").fetchall())
    newest = stock.connection.execute("SELECT max(dau_van), min(dau_van) FROM cb.vi_tri WHERE chu_the = 'public'")
    assert counts == {"account:7": 1, "public": 1_000}
    assert newest.fetchone() == (f"{1_099:032}", f"{100:032}")


def test_a_flood_of_one_program_leaves_the_places_of_others(stock: Stock) -> None:
    _note(stock.connection, "public", "b" * 32, 11, "d" * 32)
    for n in range(1_010):
        _note(stock.connection, "public", f"{n:032}", 11)

    counts = dict(stock.connection.execute("SELECT khach, count(*) FROM cb.vi_tri GROUP BY 1").fetchall())
    assert counts == {"d" * 32: 1, "c" * 32: 999}


def _note(connection: psycopg.Connection[Any], who: str, search: str, number: int, client: str = "c" * 32) -> None:
    connection.execute(
        "SELECT cb.nho_vi_tri(%s, %s, %s, NULL, %s, '{a}', 40, 'v', false)", [who, search, client, number]
    )


def test_nobody_reads_the_place_of_another(stock: Stock) -> None:
    _note(stock.connection, "account:7", "b" * 32, 11)
    stock.connection.execute("SELECT set_config('datdai.chu_the', 'public', false)")

    assert (
        stock.connection.execute("SELECT * FROM cb.vi_tri_cua(%s, %s, 11, false)", ["b" * 32, "c" * 32]).fetchall()
        == []
    )


def test_a_page_behind_a_known_place_does_not_count_again(csw: Csw, stock: Stock) -> None:
    for n in range(60):
        stock.put(record(str(n)))
    _harvest(csw, maxRecords=20)
    stock.connection.execute("UPDATE cb.vi_tri SET so_khop = 61")

    assert csw.page(startPosition=21, maxRecords=20).matched == 61
