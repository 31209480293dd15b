"""One look of the publisher: what is published, when, to whom; and what is not."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from catalogue.layer import Text
from catalogue.record import record_of
from harvest.making.supplement import Supplement
from harvest.publishing import tick as module
from harvest.publishing.removals import confirm, held
from harvest.publishing.status import status_of
from harvest.publishing.tick import Outcome, Sources, is_whole, publish, tick

type Connection = psycopg.Connection[Any]
DELETED = "DELETE FROM tk.bieu WHERE xa_id IN (SELECT DISTINCT xa_id FROM tk.bieu ORDER BY xa_id LIMIT %s)"


def records(connection: Connection) -> dict[tuple[Any, str], tuple[Any, ...]]:
    rows = connection.execute("SELECT id, khoa, updated, ban_ghi FROM mt.ban_ghi").fetchall()
    return {(row[0], row[1]): row[2:] for row in rows}


def published(connection: Connection) -> Any:
    row = connection.execute("SELECT cong_bo FROM cb.dong_ho").fetchone()
    return (row or (None,))[0]


def whole_tick(connection: Connection, sources: Sources) -> Outcome:
    """Look until what was committed is published; other tests hold changes back for a while."""
    return publish(connection, sources, within_s=60)


def test_what_did_not_change_is_no_publication(publisher: Connection, sources: Sources):
    before, instant = records(publisher), published(publisher)

    outcome = tick(publisher, sources)

    assert (outcome.stamp, outcome.added, outcome.changed, outcome.removed) == (None, 0, 0, 0)
    assert (records(publisher), published(publisher)) == (before, instant)


def test_a_change_moves_the_records_that_tell_of_it_and_no_other(
    owner: Connection, publisher: Connection, sources: Sources
):
    before, instant = records(publisher), published(publisher)
    (unit,) = owner.execute("SELECT min(xa_id) FROM tk.bieu").fetchone() or (0,)
    owner.execute("DELETE FROM tk.bieu WHERE id = (SELECT id FROM tk.bieu WHERE xa_id = %s LIMIT 1)", [unit])

    whole_tick(publisher, sources)

    after = records(publisher)
    moved = {key for (id_, key), row in after.items() if row != before.get((id_, key))}
    assert moved == {"don-vi:thong-ke", f"don-vi:thong-ke/{unit}", "day-du:bieu-thong-ke", "ca-hai:bieu-thong-ke"}
    assert {row[0] for name, row in after.items() if row != before.get(name)} == {published(publisher)}
    assert published(publisher) > instant


def test_frames_tell_nothing_of_rows(
    owner: Connection, publisher: Connection, sources: Sources, limited: Callable[..., None]
):
    limited("thua-dat")
    whole_tick(publisher, sources)
    frames = {name: row for name, row in records(publisher).items() if name[1].startswith("khung:")}
    owner.execute("DELETE FROM tk.bieu")
    owner.execute("UPDATE dc.thua_dat SET hieu_luc_den = current_date WHERE hieu_luc_den IS NULL AND xa_id % 2 = 0")

    whole_tick(publisher, replace(sources, removal_share=1))

    assert [name[1] for name in frames] == ["khung:thua-dat"]
    assert {name: row for name, row in records(publisher).items() if name[1].startswith("khung:")} == frames
    record = record_of(next(iter(frames.values()))[1])
    told = record.description
    assert (told.items, told.current_on, told.interval, record.quality.steps, record.quality.results) == (
        None, None, None, (), (),
    )  # fmt: skip
    box = (told.extent.west, told.extent.south, told.extent.east, told.extent.north)
    assert box == sources.service.extent


def test_what_is_committed_late_is_published_then(own_db: str, publisher: Connection, sources: Sources):
    with psycopg.connect(own_db) as slow:
        slow.execute("DELETE FROM tk.bieu WHERE id = (SELECT min(id::text)::uuid FROM tk.bieu)")
        with psycopg.connect(own_db) as quick:
            quick.execute("DELETE FROM tk.bieu WHERE id = (SELECT max(id::text)::uuid FROM tk.bieu)")
        tick(publisher, sources)
        before = records(publisher)
        slow.commit()

    whole_tick(publisher, sources)

    left = publisher.execute("SELECT sum(so_dong) FROM cb.so_lieu WHERE lop = 'bieu-thong-ke'").fetchone()
    with psycopg.connect(own_db) as owner:
        assert left == owner.execute("SELECT count(*) FROM tk.bieu").fetchone()
    assert records(publisher) != before
    assert is_whole(publisher, sources.layers)


def test_a_look_that_dies_leaves_nothing(owner: Connection, publisher: Connection, sources: Sources):
    before, instant = records(publisher), published(publisher)
    owner.execute(DELETED, [1])

    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        while True:
            tick(publisher, sources, before_stamp=die)

    assert (records(publisher), published(publisher)) == (before, instant)
    whole_tick(publisher, sources)
    assert records(publisher) != before


def test_of_two_publishers_one_stands_back(
    publisher: Connection, sources: Sources, another: Callable[[], AbstractContextManager[Connection]]
):
    outcomes: list[Outcome] = []

    def meanwhile() -> None:
        with another() as second:
            outcomes.append(tick(second, sources))

    tick(publisher, sources, before_stamp=meanwhile)

    assert outcomes == [Outcome(busy=True)]


def test_what_is_written_after_its_instant_is_stamped_anew(
    owner: Connection, publisher: Connection, sources: Sources, monkeypatch: pytest.MonkeyPatch
):
    owner.execute(DELETED, [1])
    stamp, given = module._stamp, list[datetime]()

    def noted(last: datetime | None, now: datetime, size: int) -> datetime:
        given.append(stamp(last, now, size))
        return given[-1]

    def wait_for_it() -> None:
        owner.execute("SELECT pg_sleep_until(%s)", given[-1:] or [datetime.now(UTC)])

    monkeypatch.setattr(module, "_stamp", noted)
    outcome = Outcome()
    while outcome.stamp is None:
        outcome = tick(publisher, sources, before_stamp=wait_for_it)

    late, right = given
    assert outcome.stamp == right > late
    for table, column in (("mt.ban_ghi", "updated"), ("cb.doi_song", "den"), ("cb.doi_song", "tu")):
        assert publisher.execute(f"SELECT count(*) FROM {table} WHERE {column} = %s", [late]).fetchone() == (0,)
    found = publisher.execute("SELECT count(*) > 0 FROM mt.ban_ghi WHERE updated = %s", [right]).fetchone()
    assert found == (True,)


def test_what_was_not_seen_in_time_is_stamped_anew_by_the_next_look(
    owner: Connection, publisher: Connection, sources: Sources
):
    owner.execute(DELETED, [1])
    whole_tick(publisher, sources)
    first = published(publisher)
    owner.execute("UPDATE cb.dong_ho SET kip = false")
    moved = {name for name, row in records(publisher).items() if row[0] == first}

    outcome = tick(publisher, sources)

    assert outcome.stamp
    assert outcome.stamp > first
    assert not outcome.late
    assert {name for name, row in records(publisher).items() if row[0] == outcome.stamp} == moved
    assert publisher.execute("SELECT kip FROM cb.dong_ho").fetchone() == (True,)


def test_many_removals_wait_and_everything_else_goes_on(owner: Connection, publisher: Connection, sources: Sources):
    kept = {name for name in records(publisher) if name[1].startswith("don-vi:thong-ke")}
    owner.execute("DELETE FROM tk.bieu")
    owner.execute("DELETE FROM tk.khoanh_dat")

    outcome = whole_tick(publisher, sources)

    assert outcome.waiting == len(kept) / 2
    assert {name for name in records(publisher) if name[1].startswith("don-vi:thong-ke")} == kept
    full = [row[1] for name, row in records(publisher).items() if name[1] == "day-du:khoanh-dat"]
    assert record_of(full[0]).description.items == 0
    waits = status_of(publisher).held
    assert waits
    assert waits.waits
    assert set(waits.records) == {name[0] for name in kept}


def test_just_the_confirmed_removals_happen(owner: Connection, publisher: Connection, sources: Sources):
    owner.execute("DELETE FROM tk.bieu")
    owner.execute("DELETE FROM tk.khoanh_dat")
    whole_tick(publisher, sources)
    waits = held(publisher)
    assert waits

    assert not confirm(publisher, "0" * 32, account=1, reason="thử")
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE cb.giu_lai SET xac_nhan_boi = 1, xac_nhan_luc = now(), ly_do = 'thử'")
    outcome = tick(publisher, sources)

    assert (outcome.removed, outcome.waiting) == (2 * waits.removed, 0)
    assert not [name for name in records(publisher) if name[1].startswith("don-vi:thong-ke")]
    ended = publisher.execute("SELECT count(DISTINCT id) FROM cb.doi_song WHERE den = %s", [outcome.stamp]).fetchone()
    assert ended == (waits.removed,)


def test_what_was_removed_in_the_last_day_counts_too(owner: Connection, publisher: Connection, sources: Sources):
    share = replace(sources, removal_share=20 / 1000)
    owner.execute("DELETE FROM tk.khoanh_dat")
    first = whole_tick(publisher, share)
    owner.execute(DELETED, [8])
    second = whole_tick(publisher, share)
    owner.execute(DELETED, [15])
    third = whole_tick(publisher, share)

    assert (first.waiting, second.waiting) == (0, 0)
    assert third.waiting > 0


def test_records_that_come_back_wait_no_more(owner: Connection, publisher: Connection, sources: Sources):
    owner.execute("CREATE TABLE public.cat AS SELECT * FROM tk.bieu")
    owner.execute("DELETE FROM tk.khoanh_dat")
    whole_tick(publisher, sources)
    owner.execute("DELETE FROM tk.bieu")
    assert whole_tick(publisher, sources).waiting
    owner.execute("INSERT INTO tk.bieu SELECT * FROM public.cat")

    outcome = whole_tick(publisher, sources)

    assert outcome.waiting == 0
    assert held(publisher) is None


class Told:
    """Supplements given in a test."""

    def __init__(self, said: dict[Any, Supplement], version: str) -> None:
        self._said, self._version = said, version

    def version(self, connection: Connection) -> str:  # noqa: ARG002 - as Said has it
        return self._version

    def read(self, connection: Connection) -> dict[Any, Supplement]:  # noqa: ARG002 - as Said has it
        return self._said


def test_what_people_say_stands_in_every_variant(publisher: Connection, sources: Sources):
    id_ = next(name[0] for name in records(publisher) if name[1] == "day-du:thua-dat")
    said = Supplement(abstract=Text("Tóm tắt của cán bộ", "An abstract by an officer"))

    tick(publisher, replace(sources, said=Told({id_: said}, "1")))

    rows = [record_of(row[1]) for name, row in records(publisher).items() if name[0] == id_]
    assert len(rows) >= 2
    assert {each.description.abstract.en for each in rows} == {"An abstract by an officer"}


def test_a_record_that_lacks_what_it_needs_stays_as_it_was(publisher: Connection, sources: Sources):
    before = records(publisher)
    id_ = next(name[0] for name in before if name[1] == "day-du:thua-dat")

    outcome = tick(publisher, replace(sources, said=Told({id_: Supplement(topics=())}, "1")))

    assert outcome.lacking == 1
    assert records(publisher) == before
    assert [(each[0], each[2]) for each in status_of(publisher).lacking] == [(id_, ("topics",))]


def test_keys_given_and_taken_are_noted_at_the_instant(
    publisher: Connection, sources: Sources, limited: Callable[..., None]
):
    def keys() -> set[str]:
        return {
            row[0] for row in publisher.execute("SELECT khoa FROM cb.khoa_cua WHERE den IS NULL AND chu_the = 'public'")
        }

    limited("thua-dat")
    first = tick(publisher, sources)
    assert keys() == {"khung:thua-dat"}
    limited("moc")
    second = tick(publisher, sources)

    assert keys() == {"khung:moc"}
    assert first.stamp
    assert second.stamp
    assert second.stamp > first.stamp
    rows = publisher.execute(
        "SELECT khoa, tu, den, dau_tien FROM cb.khoa_cua WHERE khoa LIKE 'khung:%' ORDER BY khoa"
    ).fetchall()
    assert rows == [
        ("khung:moc", second.stamp, None, False),
        ("khung:thua-dat", first.stamp, second.stamp, False),
    ]


def test_a_key_given_and_taken_between_two_looks_leaves_a_mark(
    publisher: Connection, sources: Sources, limited: Callable[..., None]
):
    limited("thua-dat")
    tick(publisher, sources)
    limited("moc")
    limited("thua-dat")

    outcome = tick(publisher, sources)

    rows = publisher.execute(
        "SELECT khoa, tu = %(s)s, den IS NOT DISTINCT FROM %(s)s, dau_tien FROM cb.khoa_cua "
        "WHERE khoa LIKE 'khung:%%' ORDER BY khoa, tu",
        {"s": outcome.stamp},
    ).fetchall()
    assert rows == [
        ("khung:moc", True, True, False),
        ("khung:thua-dat", False, True, False),
        ("khung:thua-dat", True, False, False),
    ]


def test_a_key_that_a_late_publication_gave_may_be_taken_and_given_again(
    owner: Connection, publisher: Connection, sources: Sources, limited: Callable[..., None]
):
    limited("thua-dat")
    whole_tick(publisher, sources)
    owner.execute("UPDATE cb.dong_ho SET kip = false")
    limited("moc")
    limited("thua-dat")

    outcome = tick(publisher, sources)

    rows = publisher.execute(
        "SELECT khoa, tu = %(s)s, den IS NOT DISTINCT FROM %(s)s, dau_tien FROM cb.khoa_cua "
        "WHERE khoa LIKE 'khung:%%' ORDER BY khoa, tu",
        {"s": outcome.stamp},
    ).fetchall()
    assert rows == [("khung:moc", True, True, False), ("khung:thua-dat", True, False, False)]


def test_a_record_that_late_publications_gave_and_took_comes_back(
    owner: Connection, publisher: Connection, sources: Sources
):
    everything = replace(sources, removal_share=1)
    owner.execute("CREATE TABLE public.cat AS SELECT * FROM tk.bieu")
    owner.execute("DELETE FROM tk.bieu")
    whole_tick(publisher, everything)
    for late in ("INSERT INTO tk.bieu SELECT * FROM public.cat", "DELETE FROM tk.bieu"):
        owner.execute(late)
        whole_tick(publisher, everything)
        owner.execute("UPDATE cb.dong_ho SET kip = false")
    owner.execute("INSERT INTO tk.bieu SELECT * FROM public.cat")

    whole_tick(publisher, everything)

    dead = publisher.execute(
        "SELECT count(*) FROM mt.ban_ghi b WHERE NOT EXISTS "
        "(SELECT FROM cb.doi_song s WHERE s.id = b.id AND s.khoa = b.khoa AND s.den IS NULL)"
    ).fetchone()
    assert dead == (0,)


def test_a_new_day_brings_the_profile_of_that_day(
    owner: Connection, publisher: Connection, sources: Sources, limited: Callable[..., None]
):
    limited("thua-dat")
    tick(publisher, sources)
    (today,) = owner.execute("SELECT lg.hom_nay()").fetchone() or (date.min,)
    limited("moc", since=today + timedelta(days=1))
    before = tick(publisher, sources)
    owner.execute("UPDATE lg.ngay_phap_ly SET ngay = ngay + 1")

    after = tick(publisher, sources)

    assert (before.keys, after.keys) == (0, 2)


def test_a_record_comes_back_with_the_instant_of_its_first_life(
    owner: Connection, publisher: Connection, sources: Sources
):
    owner.execute("CREATE TABLE public.cat AS SELECT * FROM tk.bieu")
    owner.execute("DELETE FROM tk.khoanh_dat")
    whole_tick(publisher, sources)
    created = publisher.execute("SELECT min(created) FROM mt.ban_ghi").fetchone()
    everything = replace(sources, removal_share=1)
    owner.execute("DELETE FROM tk.bieu")
    whole_tick(publisher, everything)
    gone = published(publisher)
    owner.execute("INSERT INTO tk.bieu SELECT * FROM public.cat")
    whole_tick(publisher, everything)

    rows = publisher.execute(
        "SELECT DISTINCT created, updated > %s FROM mt.ban_ghi WHERE thanh_phan = 'thong-ke' AND khoa LIKE 'don-vi:%%'",
        [gone],
    ).fetchall()
    assert [(row[1], row[0] < gone) for row in rows] == [(True, True)]
    assert created


def test_instants_lie_ahead_and_only_grow(owner: Connection, publisher: Connection, sources: Sources):
    owner.execute("UPDATE cb.dong_ho SET cong_bo = date_trunc('second', now()) + interval '1 hour'")
    ahead = published(publisher)
    owner.execute(DELETED, [1])

    outcome = whole_tick(publisher, sources)

    assert published(publisher) == ahead + timedelta(seconds=1)
    assert outcome.late is False
    assert ahead > datetime.now(UTC)


def test_a_harvester_loses_nothing_among_concurrent_writers(own_db: str, publisher: Connection, sources: Sources):
    """Writers commit in any order while a harvester asks what changed since it asked last; its copy ends equal."""
    over = threading.Event()

    def write(number: int) -> None:
        with psycopg.connect(own_db) as writer:
            for unit in range(number, 60, 3):
                writer.execute(
                    "DELETE FROM tk.bieu WHERE id IN (SELECT id FROM tk.bieu WHERE xa_id %% 60 = %s LIMIT 3)", [unit]
                )
                if unit % 2:
                    over.wait(0.02)
                writer.commit()

    copy: dict[tuple[Any, str], str] = {}
    since = datetime(1970, 1, 1, tzinfo=UTC)

    def harvest(reader: Connection) -> None:
        nonlocal since
        with reader.transaction():
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            row = reader.execute("SELECT bay_gio FROM cb.dong_ho_nay()").fetchone()
            changed = reader.execute("SELECT id, khoa, ban_ghi FROM mt.ban_ghi WHERE updated >= %s", [since]).fetchall()
            ended = reader.execute("SELECT id, khoa FROM cb.doi_song WHERE den >= %s", [since]).fetchall()
        for name in ended:
            copy.pop(name, None)
        copy.update({(id_, key): body for id_, key, body in changed})
        since = (row or (since,))[0]

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    with psycopg.connect(own_db, autocommit=True) as reader:
        for each in writers:
            each.start()
        while any(each.is_alive() for each in writers):
            tick(publisher, replace(sources, removal_share=1))
            harvest(reader)
        whole_tick(publisher, replace(sources, removal_share=1))
        harvest(reader)
    for each in writers:
        each.join()

    assert copy == {name: row[1] for name, row in records(publisher).items()}


def test_a_removed_record_names_the_one_of_the_unit_that_succeeds(
    owner: Connection, publisher: Connection, sources: Sources
):
    old, new = (
        row[0]
        for row in owner.execute(
            "SELECT DISTINCT b.xa_id FROM tk.bieu b JOIN hc.don_vi d ON d.id = b.xa_id AND d.cap = 3 ORDER BY 1 LIMIT 2"
        ).fetchall()
    )
    owner.execute(
        "INSERT INTO hc.chuyen_doi (cu_id, moi_id, ngay, ty_le, can_cu) VALUES (%s, %s, '2025-07-01', 1, 'x')",
        [old, new],
    )
    by_unit = "SELECT DISTINCT id FROM mt.ban_ghi WHERE thanh_phan = 'thong-ke' AND xa_id = %s"
    (gone,), (successor,) = (
        publisher.execute(by_unit, [old]).fetchone() or (),
        publisher.execute(by_unit, [new]).fetchone(),
    )
    owner.execute("DELETE FROM tk.khoanh_dat WHERE xa_id = %s", [old])
    owner.execute("DELETE FROM tk.bieu WHERE xa_id = %s", [old])

    whole_tick(publisher, sources)

    found = publisher.execute("SELECT DISTINCT thay_boi FROM cb.doi_song WHERE id = %s", [gone]).fetchall()
    assert found == [(successor,)]


def test_the_publisher_reads_nothing_of_what_rows_tell(publisher: Connection):
    for statement in (
        "SELECT * FROM dc.quyen_su_dung_dat",
        "SELECT dia_chi FROM dc.thua_dat",
        "SELECT gia_tri FROM lg.tu_choi",
        "SELECT tai_khoan FROM lg.dot_nap",
        "SELECT khoa FROM lg.thay_doi",
        "SELECT * FROM dc.nguoi",
    ):
        for role in ("datdai_mau_publisher", "datdai_mau_thuoc"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), publisher.transaction():
                publisher.execute(f"SET LOCAL ROLE {role}")
                publisher.execute(statement)
