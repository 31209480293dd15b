"""Who completes which records, in versions that nobody changes."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RestrictViolation, UniqueViolation

from core.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from harvest.curation import store
from harvest.curation.documents import read_supplement
from tests.auth.sharing.conftest import DAY, LAYERS, World
from tests.harvest.curation.conftest import COMMUNE, NOWHERE, PARCELS, PLANS

PURPOSE = {"purpose": {"vi": "Quản lý đất đai", "en": "Land administration"}}
GIVEN = {"layers": LAYERS, "day": DAY}


def complete(world: World, who: str, record: Any, written: Any = PURPOSE, read: int | None = None) -> store.Version:
    given = GIVEN | {"read": read, "reason": "bổ sung mục đích"}
    return world.act(store.complete, who, record, read_supplement(written), **given)


def seen(world: World, who: str) -> list[Any]:
    return [each.record.id for each in world.act(store.records_seen, who, **GIVEN, limit=10)]


def test_an_officer_of_the_so_completes_every_record(curated: World) -> None:
    assert seen(curated, "so.hai") == [PARCELS, COMMUNE, PLANS]
    assert complete(curated, "so.hai", PLANS).number == 1


def test_of_a_record_that_several_keys_show_the_fullest_is_shown(curated: World) -> None:
    found = curated.act(store.record_seen, "so.hai", PARCELS, **GIVEN)

    assert found.record.description.items == 7


def test_who_does_not_share_for_the_so_or_a_managing_unit_completes_nothing(curated: World) -> None:
    for who in ("so.khac", "thue.canbo"):
        with pytest.raises(Forbidden):
            seen(curated, who)
        with pytest.raises(Forbidden):
            complete(curated, who, PARCELS)


def test_a_head_whose_unit_manages_a_layer_in_a_part_does_not_speak_for_the_province(curated: World) -> None:
    assert seen(curated, "689.lanhdao") == []
    with pytest.raises(NotFound):
        complete(curated, "689.lanhdao", PARCELS)


def test_the_head_of_a_unit_that_manages_a_layer_everywhere_completes_its_record(curated: World) -> None:
    curated.manage("vung-quy-hoach", "cuc-thue")

    assert seen(curated, "thue.lanhdao") == [PLANS]
    assert complete(curated, "thue.lanhdao", PLANS).number == 1
    with pytest.raises(NotFound):
        complete(curated, "thue.lanhdao", PARCELS)


def test_who_manages_every_layer_of_a_component_in_a_territory_completes_what_lies_there(
    curated: World, manage_all: Callable[..., None]
) -> None:
    assert COMMUNE not in seen(curated, "689.lanhdao")

    manage_all("ubnd-689", "689")

    assert seen(curated, "689.lanhdao") == [COMMUNE]
    assert complete(curated, "689.lanhdao", COMMUNE).number == 1


def test_versions_follow_one_another_and_tell_who_wrote_what_and_why(curated: World) -> None:
    complete(curated, "so.hai", PARCELS)
    complete(curated, "so.mot", PARCELS, {"scales": [500, 1000]}, read=1)

    found = curated.act(store.history, "so.hai", PARCELS, **GIVEN)

    assert [(each.number, each.by, each.supplement) for each in found] == [
        (2, "so.mot", {"scales": [500, 1000]}),
        (1, "so.hai", PURPOSE),
    ]
    assert found[0].reason == "bổ sung mục đích"


def test_who_read_an_older_version_overwrites_nothing(curated: World) -> None:
    complete(curated, "so.hai", PARCELS, read=0)

    with pytest.raises(PreconditionFailed):
        complete(curated, "so.mot", PARCELS, {"scales": [500]}, read=0)

    assert len(curated.act(store.history, "so.hai", PARCELS, **GIVEN)) == 1


def test_what_says_nothing_new_is_refused(curated: World) -> None:
    complete(curated, "so.hai", PARCELS)

    with pytest.raises(Conflict):
        complete(curated, "so.hai", PARCELS)


def test_a_record_that_there_is_not_is_not_completed(curated: World) -> None:
    with pytest.raises(NotFound):
        complete(curated, "so.hai", NOWHERE)

    assert curated.rows("SELECT count(*) FROM cb.bo_sung") == [(0,)]


def test_a_supplement_outlives_its_record_and_is_there_when_it_comes_back(curated: World) -> None:
    complete(curated, "so.hai", PLANS)
    curated.rows("UPDATE mt.ban_ghi SET id = %s WHERE id = %s", NOWHERE, PLANS)

    assert [each.number for each in curated.act(store.history, "so.hai", PLANS, **GIVEN)] == [1]
    with pytest.raises(NotFound):
        complete(curated, "so.hai", PLANS, {})

    curated.rows("UPDATE mt.ban_ghi SET id = %s WHERE id = %s", PLANS, NOWHERE)
    assert curated.act(store.newest_of, "so.hai", PLANS, **GIVEN).supplement == PURPOSE


def test_the_act_is_on_record_with_what_was_said_before(curated: World) -> None:
    complete(curated, "so.hai", PARCELS)
    complete(curated, "so.hai", PARCELS, {"scales": [500]})

    acts = curated.rows("SELECT about, account, before, after FROM audit.act WHERE act = 'record.complete' ORDER BY at")
    assert [each[:2] for each in acts] == [(f"record:{PARCELS}", "so.hai")] * 2
    assert acts[1][2]["supplement"] == PURPOSE
    assert acts[1][3]["supplement"] == {"scales": [500]}


@pytest.mark.parametrize(
    ("version", "record", "account", "refusal"),
    [
        (2, PARCELS, "so.hai", UniqueViolation),
        (1, NOWHERE, "so.hai", RestrictViolation),
        (1, PARCELS, "so.khac", InsufficientPrivilege),
        (1, PARCELS, "689.lanhdao", InsufficientPrivilege),
    ],
)
def test_the_database_itself_refuses_gaps_unknown_records_and_others(
    curated: World, version: int, record: Any, account: str, refusal: type[Exception]
) -> None:
    query = (
        "INSERT INTO cb.bo_sung (ban_ghi, so, noi_dung, nguoi, ly_do) "
        "VALUES (%s, %s, '{}', (SELECT id FROM acl.account WHERE code = %s), 'x')"
    )
    with psycopg.connect(curated.login("identity")) as connection, pytest.raises(refusal):
        connection.execute(query, [record, version, account])


@pytest.mark.parametrize("statement", ["UPDATE cb.bo_sung SET ly_do = 'khác'", "DELETE FROM cb.bo_sung"])
def test_what_was_written_stays_even_for_the_owner_of_the_database(curated: World, statement: str) -> None:
    complete(curated, "so.hai", PARCELS)

    with pytest.raises(RestrictViolation):
        curated.rows(statement)


def test_the_publisher_reads_supplements_and_writes_none(curated: World) -> None:
    complete(curated, "so.hai", PARCELS)

    with psycopg.connect(curated.login("publisher")) as connection:
        assert connection.execute("SELECT count(*) FROM cb.bo_sung").fetchone() == (1,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute("INSERT INTO cb.bo_sung SELECT * FROM cb.bo_sung")
