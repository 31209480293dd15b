from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.errors import Unavailable
from harvest.reading import Catalogue, Gone, id_of, instant_of
from query.condition import Condition
from query.paging import read_sortby
from tests.harvest.stock import BEGIN, CADASTRE, PLANS, Stock, at, record, records_only

type Asked = Callable[[], Catalogue]
RECORDS = sorted((record(f"so-{n}") for n in range(7)), key=lambda each: each.id)
PLAN = record("quy-hoach", "quy-hoach")


def filled(stock: Stock) -> None:
    for n, each in enumerate(RECORDS):
        stock.put(each, at(n))
    stock.put(PLAN, at(3), PLANS)


def test_a_catalogue_that_was_never_published_is_unavailable_whatever_is_asked(stock: Stock, asked: Asked) -> None:
    stock.unpublish()

    for ask in (
        Catalogue.clock,
        Catalogue.count,
        Catalogue.components,
        Catalogue.earliest,
        Catalogue.newest,
        lambda each: each.one(RECORDS[0].id),
        lambda each: each.page(after=None, limit=1),
        lambda each: each.page_with_gone(after=None, limit=1),
    ):
        with pytest.raises(Unavailable):
            ask(asked())


def test_an_empty_catalogue_that_was_published_is_empty(asked: Asked) -> None:
    assert asked().page_with_gone(after=None, limit=10) == ()
    assert (asked().count(gone=True), asked().components(), asked().earliest()) == (0, (), None)
    assert asked().clock().published == BEGIN


def test_records_come_back_as_they_were_written(stock: Stock, asked: Asked) -> None:
    stock.put(RECORDS[0], at(5))

    (got,) = asked().page(after=None, limit=10)

    assert (got.record, got.created, got.updated) == (RECORDS[0], at(5), at(5))
    assert got.updated.tzinfo is UTC


def test_pages_by_identifier_give_each_record_once(stock: Stock, asked: Asked) -> None:
    filled(stock)

    after: UUID | None = None
    seen: list[UUID] = []
    while page := asked().page(after=after, limit=3):
        seen += [each.record.id for each in page]
        after = seen[-1]

    assert seen == sorted([each.id for each in RECORDS] + [PLAN.id])


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(None, None, 8), (at(6), None, 1), (at(5), at(6), 2), (None, at(0), 1), (at(7), None, 0), (at(3), at(3), 2)],
)
def test_a_span_includes_both_of_its_ends(
    stock: Stock, asked: Asked, since: datetime | None, until: datetime | None, expected: int
) -> None:
    filled(stock)

    assert len(asked().page(after=None, limit=100, since=since, until=until)) == expected
    assert asked().count(since=since, until=until) == expected


def test_a_component_selects_records_and_what_is_gone(stock: Stock, asked: Asked) -> None:
    filled(stock)
    stock.remove(RECORDS[0].id, at(20))

    assert [id_of(each) for each in asked().page_with_gone(after=None, limit=9, component="quy-hoach")] == [PLAN.id]
    assert len(asked().page_with_gone(after=None, limit=9, component="dia-chinh")) == 7
    assert asked().count(component="dia-chinh", gone=True) == 7
    assert asked().components() == ("dia-chinh", "quy-hoach")


def test_a_condition_selects_among_records(stock: Stock, asked: Asked) -> None:
    filled(stock)
    where = Condition('t."title" = %s', ("Tập quy-hoach",))

    assert [each.record for each in asked().page(after=None, limit=9, where=where)] == [PLAN]
    assert asked().count(where=where) == 1


def test_what_is_gone_comes_in_order_among_the_records_with_the_instant_of_the_loss(stock: Stock, asked: Asked) -> None:
    filled(stock)
    stock.remove(RECORDS[2].id, at(20), by=RECORDS[3].id)

    entries = asked().page_with_gone(after=None, limit=100)

    assert [id_of(each) for each in entries] == sorted([each.id for each in RECORDS] + [PLAN.id])
    gone = next(each for each in entries if isinstance(each, Gone))
    assert gone == Gone(RECORDS[2].id, at(20), "dia-chinh", RECORDS[3].id)
    assert asked().one(RECORDS[2].id) == gone
    assert asked().count() == 7
    assert asked().count(gone=True) == 8


def test_a_page_with_what_is_gone_is_cut_after_merging(stock: Stock, asked: Asked) -> None:
    filled(stock)
    for each in RECORDS[::2]:
        stock.remove(each.id, at(20))

    after: UUID | None = None
    seen: list[UUID] = []
    while page := asked().page_with_gone(after=after, limit=2):
        seen += [id_of(each) for each in page]
        after = seen[-1]

    assert seen == sorted([each.id for each in RECORDS] + [PLAN.id])


def test_one_record_is_found_by_its_identifier_and_an_unknown_one_is_none(stock: Stock, asked: Asked) -> None:
    filled(stock)

    found = asked().one(PLAN.id)

    assert found is not None
    assert not isinstance(found, Gone)
    assert found.record == PLAN
    assert asked().one(UUID(int=0)) is None


def test_what_a_subject_got_later_has_the_instant_of_the_getting(
    stock: Stock, asked: Asked, publish: Callable[..., None], empty_db: str
) -> None:
    late = "don-vi:gia-dat"
    price = record("gia", "gia-dat")
    filled(stock)
    stock.put(price, at(1), late)
    publish(empty_db, records_only(CADASTRE, PLANS, late))
    stock.hold(late, since=at(100), first=False)

    (got,) = asked().page(after=None, limit=9, since=at(50))
    assert (got.record, got.created, got.updated) == (price, at(1), at(100))
    assert asked().page(after=None, limit=9, since=at(101)) == ()
    assert len(asked().page(after=None, limit=9, until=at(99))) == 8
    assert len(asked().page(after=None, limit=9, until=at(100))) == 9
    assert asked().newest() == at(100)


def test_a_key_that_was_lost_leaves_tombstones_and_those_who_never_held_it_see_none(
    stock: Stock, asked: Asked, publish: Callable[..., None], empty_db: str
) -> None:
    filled(stock)
    stock.put(record("gia", "gia-dat"), at(1), "don-vi:gia-dat")
    stock.remove(record("gia", "gia-dat").id, at(30), "don-vi:gia-dat")
    publish(empty_db, records_only(CADASTRE))
    stock.lose(PLANS, at(40))

    gone = [each for each in asked().page_with_gone(after=None, limit=100) if isinstance(each, Gone)]

    assert [(each.id, each.at) for each in gone] == [(PLAN.id, at(40))]
    assert asked().page_with_gone(after=None, limit=100, since=at(41)) == ()
    assert asked().one(record("gia", "gia-dat").id) is None


def test_a_record_that_came_back_is_gone_no_more(stock: Stock, asked: Asked) -> None:
    filled(stock)
    stock.remove(RECORDS[0].id, at(20))
    stock.put(RECORDS[0], at(30))

    entries = asked().page_with_gone(after=None, limit=100, since=at(20))

    assert [(id_of(each), instant_of(each)) for each in entries] == [(RECORDS[0].id, at(30))]


def test_the_earliest_instant_is_before_all_others(stock: Stock, asked: Asked) -> None:
    stock.put(RECORDS[0], at(5))
    stock.put(RECORDS[1], at(2))
    stock.remove(RECORDS[1].id, at(3))

    assert asked().earliest() == at(3)
    assert asked().newest() == at(5)


def test_the_second_of_a_reading_does_not_lie_ahead_of_it(asked: Asked) -> None:
    before = datetime.now(UTC)

    now = asked().clock().now

    assert now.microsecond == 0
    assert before - timedelta(seconds=1) < now <= datetime.now(UTC)


def test_a_page_by_offset_comes_in_the_order_asked_for(stock: Stock, asked: Asked) -> None:
    filled(stock)
    catalogue = asked()
    order = read_sortby("-updated", catalogue.view.collection)

    pages = [catalogue.offset_page(offset=offset, limit=4, order=order) for offset in (0, 4, 8)]

    instants = [each.updated for page in pages for each in page]
    assert instants == sorted(instants, reverse=True)
    assert [len(page) for page in pages] == [4, 4, 0]


def test_what_is_seen_again_before_the_next_publication_is_not_gone(stock: Stock, asked: Asked) -> None:
    stock.put(RECORDS[0])
    stock.lose(CADASTRE, at(5))

    (entry,) = asked().page_with_gone(after=None, limit=10)

    assert not isinstance(entry, Gone)
    assert asked().count(gone=True) == 1
