"""Publishing: what agreements, functions and accounts give is what PostgreSQL is told, for all days to come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pytest

from auth.policy.compiler import NOTHING
from auth.rights.publishing import Published, check_published, publish_public, republish, require_publishable
from catalogue.record_keys import KEY, RECORDS
from core.errors import Conflict
from database.profiles import drop_unused
from tests.auth.rights import AUGUST, DAY, JULY, LAYERS, PARCELS, World, clause


@pytest.fixture
def world(empty_db: str) -> Iterator[World]:
    with psycopg.connect(empty_db, autocommit=True) as own:
        yield World(empty_db, own)


@dataclass(frozen=True, slots=True)
class Tax:
    unit: int
    function: int
    account: int

    @property
    def subject(self) -> str:
        return f"account:{self.account}"


@pytest.fixture
def tax(world: World) -> Tax:
    """A tax office that may see parcels, with one function and one account that holds it."""
    unit = world.unit("cuc-thue")
    found = Tax(unit, world.function(unit), world.account("thue.canbo", unit))
    world.give(found.account, found.function)
    world.agree("tt-thue", unit, clause())
    return found


def test_an_account_sees_what_its_functions_leave_of_the_agreements_of_its_unit(world: World, tax: Tax) -> None:
    published = world.publish()

    assert published == Published((tax.subject, "public"), 2)
    assert [each[:2] for each in world.in_force(tax.subject)] == [(DAY, None)]
    assert world.collections(tax.subject) == ["thua-dat"]
    assert world.collections("public") == []
    assert world.faults() == ()


def test_the_role_of_a_published_profile_may_read_the_columns_granted_and_no_other(world: World, tax: Tax) -> None:
    world.publish([tax.account])

    query = (
        "SELECT a.attname FROM acl.profile_in_force p JOIN acl.profile_role r USING (hash) "
        "JOIN pg_attribute a ON a.attrelid = 'dc.thua_dat'::regclass AND a.attnum > 0 "
        "WHERE p.subject = %s AND has_column_privilege(r.role, a.attrelid, a.attnum, 'SELECT') ORDER BY a.attname"
    )
    readable = {each for (each,) in world.ask(query, tax.subject)}
    assert readable == {*PARCELS, "hieu_luc_den", "geom", "geom_goc"}


def test_publishing_twice_changes_nothing_the_second_time(world: World, tax: Tax) -> None:
    world.publish()

    assert world.publish() == Published((), 0)
    assert world.publish(day=JULY) == Published((), 0)
    assert [each[:2] for each in world.in_force(tax.subject)] == [(DAY, None)]


def test_what_starts_or_ends_later_is_published_in_advance(world: World, tax: Tax) -> None:
    world.agree("tt-gia", tax.unit, clause("gia-thua", ["id", "xa_id"]), since=JULY, until=AUGUST)

    world.publish()

    assert [each[:2] for each in world.in_force(tax.subject)] == [(DAY, JULY), (JULY, AUGUST), (AUGUST, None)]
    days = (DAY, JULY, date(2025, 7, 31), AUGUST)
    assert [len(world.collections(tax.subject, each)) for each in days] == [1, 2, 2, 1]
    assert [world.faults(each) for each in days] == [(), (), (), ()]


def test_the_frames_of_records_come_and_go_with_what_is_read(world: World, tax: Tax) -> None:
    world.agree("tt-gia", tax.unit, clause("gia-thua", ["id", "xa_id"]), since=JULY, until=AUGUST)
    world.agree("tt-xuat", tax.unit, clause("ho-so", ["id", "xa_id"], operations=["export"]), since=JULY)

    world.publish()

    query = (
        "SELECT c->'rows'->0->'one_of' FROM acl.profile p, jsonb_array_elements(p.body->'collections') c "
        "WHERE p.hash = acl.hash_of(%s, %s) AND c->>'id' = %s"
    )
    keys = [world.ask(query, tax.subject, day, RECORDS) for day in (DAY, JULY, AUGUST)]
    assert keys == [[(["khung:thua-dat"],)], [(["khung:gia-thua", "khung:thua-dat"],)], [(["khung:thua-dat"],)]]
    assert world.ask(query, "public", DAY, RECORDS) == []


@pytest.mark.parametrize("end", ["account", "function", "gift", "unit"])
def test_rights_end_with_the_position_the_function_its_gift_and_the_unit(world: World, end: str) -> None:
    unit = world.unit("cuc-thue", until=JULY if end == "unit" else None)
    function = world.function(unit, until=JULY if end == "function" else None)
    account = world.account("thue.canbo", unit, ends_on=JULY if end == "account" else None)
    world.give(account, function, until=JULY if end == "gift" else None)
    world.agree("tt-thue", unit, clause())

    world.publish()

    subject = f"account:{account}"
    assert [each[:2] for each in world.in_force(subject)] == [(DAY, JULY), (JULY, None)]
    assert world.collections(subject, DAY) == ["thua-dat"]
    assert world.in_force(subject)[1][2] == NOTHING.profile.hash


@pytest.mark.parametrize(
    ("state", "sees"),
    [("issued", False), ("must_change", True), ("active", True), ("suspended", False), ("revoked", False)],
)
def test_only_an_account_that_is_in_use_has_rights(world: World, tax: Tax, state: str, sees: bool) -> None:
    account = world.account("thue.khac", tax.unit, state)
    world.give(account, tax.function)

    world.publish([account])

    assert (world.in_force(f"account:{account}")[0][2] != NOTHING.profile.hash) == sees


def test_a_data_centre_never_has_a_row_whatever_is_agreed(world: World) -> None:
    unit = world.unit("trung-tam", "trung_tam_du_lieu")
    account = world.account("tt.vanhanh", unit)
    world.give(account, world.function(unit))
    world.agree("tt-trung-tam", unit, clause())

    world.publish()

    assert [each[2] for each in world.in_force(f"account:{account}")] == [NOTHING.profile.hash]


def test_a_function_of_another_unit_gives_nothing_to_an_account_that_moved(world: World, tax: Tax) -> None:
    elsewhere = world.unit("so-khac", "so_nganh")
    world.agree("tt-khac", elsewhere, clause("ho-so", ["id", "xa_id"]))
    world.publish()

    world.ask("UPDATE acl.account SET unit_id = %s WHERE id = %s", elsewhere, tax.account)
    world.publish([tax.account])

    assert world.collections(tax.subject) == []


def test_publications_are_everybodys_and_are_added_to_no_account(world: World, tax: Tax) -> None:
    world.agree("cong-khai", None, clause("chi-gioi", ["id", "xa_id"]), kind="cong_khai")

    with world.login("publisher") as connection:
        published = publish_public(connection, LAYERS, DAY)
    world.publish([tax.account])

    assert published.subjects == ("public",)
    assert world.collections("public") == ["chi-gioi"]
    assert world.collections(tax.subject) == ["thua-dat"]


def test_a_unit_is_published_without_touching_others(world: World, tax: Tax) -> None:
    other = world.account("khac.mot", world.unit("so-khac", "so_nganh"))

    assert world.publish(tax.unit).subjects == (tax.subject,)
    assert world.in_force(f"account:{other}") == []


def test_the_login_that_keeps_accounts_finds_out_in_its_own_transaction_what_cannot_be_published(
    world: World, tax: Tax
) -> None:
    narrow = {"columns": {"thua-dat": ["id", "xa_id"]}, "territory": [3]}
    wide = {"columns": {"thua-dat": PARCELS}, "territory": [4]}

    with world.login("identity") as connection:
        require_publishable(connection, LAYERS, [tax.account], DAY)
    for code, narrows in (("mot", narrow), ("hai", wide)):
        account = world.account(f"thue.{code}", tax.unit)
        world.give(account, world.function(tax.unit, code, narrows))
        with world.login("identity") as connection:
            require_publishable(connection, LAYERS, [account], DAY)
    with world.login("identity") as connection, pytest.raises(Conflict):
        connection.execute(
            "INSERT INTO acl.account_function (account_id, function_id, valid_from) "
            "SELECT a.id, f.id, '2025-01-01' FROM acl.account a, acl.function f "
            "WHERE a.code = 'thue.mot' AND f.code = 'hai'"
        )
        require_publishable(connection, LAYERS, tax.unit, DAY)


def test_equal_functions_of_two_units_give_each_what_its_own_unit_agreed_upon(world: World, tax: Tax) -> None:
    other = world.unit("so-khac", "so_nganh")
    world.agree("tt-khac", other, clause("ho-so", ["id", "xa_id"]))
    account = world.account("khac.canbo", other)
    world.give(account, world.function(other))

    world.publish()

    assert (world.collections(tax.subject), world.collections(f"account:{account}")) == (["thua-dat"], ["ho-so"])


def test_a_function_narrows_by_layers_columns_operations_and_territory(world: World, tax: Tax) -> None:
    narrows = {
        "layers": ["thua-dat"], "columns": {"thua-dat": ["id", "xa_id", "so_to"]}, "operations": ["read"],
        "territory": [5, 6],
    }  # fmt: skip
    account = world.account("thue.hep", tax.unit)
    world.give(account, world.function(tax.unit, "hep", narrows))
    world.agree("tt-gia", tax.unit, clause("gia-thua", ["id", "xa_id"]))

    world.publish([account])

    query = "SELECT p.body->'collections' FROM acl.profile p WHERE p.hash = acl.hash_of(%s, %s)"
    ((collections,),) = world.ask(query, f"account:{account}", DAY)
    records, only = collections
    assert (only["columns"], only["operations"]) == (["id", "xa_id", "so_to"], ["read"])
    assert only["rows"] == [{"column": "xa_id", "one_of": [5, 6]}]
    assert (records["id"], records["rows"]) == (RECORDS, [{"column": KEY, "one_of": ["khung:thua-dat"]}])


def test_what_was_done_to_agreements_or_profiles_without_publishing_is_found(world: World, tax: Tax) -> None:
    world.publish()

    def changed(statement: str, *values: Any) -> tuple[str, ...]:
        with psycopg.connect(world.dsn) as connection:
            connection.execute(statement, values)
            found = check_published(connection, LAYERS, DAY)
            connection.rollback()
        return found

    other = f"{tax.subject}: what is published differs from what its agreements and functions give"
    assert changed("UPDATE acl.agreement_version SET state = 'revoked'") == (other,)
    assert changed("DELETE FROM acl.account_function") == (other,)
    assert changed("UPDATE acl.profile_in_force SET hash = %s", NOTHING.profile.hash) == (other,)
    assert changed("DELETE FROM acl.profile_in_force WHERE subject <> 'public'") == (other,)
    extra = "INSERT INTO acl.profile_in_force SELECT 'account:99', '2025-01-01', NULL, %s"
    assert changed(extra, NOTHING.profile.hash) == (other.replace(tax.subject, "account:99"),)
    assert "its body or its roles" in changed("""UPDATE acl.profile SET body = '{"collections": []}'""")[0]
    assert "its body or its roles" in changed("DELETE FROM acl.profile_role WHERE hash <> ''")[0]


def because(world: World, subject: str, day: date = DAY) -> Any:
    return world.ask("SELECT acl.agreements_of(%s, %s)", subject, day)[0][0]


def test_only_those_agreements_are_named_that_give_an_operation_to_the_account(world: World, tax: Tax) -> None:
    few = {"layers": ["thua-dat"], "operations": ["read"], "territory": [5, 6]}
    account = world.account("thue.hep", tax.unit)
    world.give(account, world.function(tax.unit, "hep", few))
    world.agree("tt-xuat", tax.unit, clause(operations=["export"]))
    world.agree("tt-gia", tax.unit, clause("gia-thua", ["id", "xa_id"]))
    world.agree("tt-noi-khac", tax.unit, clause("thua-dat", PARCELS, 7))

    world.publish()

    both = ["tt-noi-khac", "tt-thue"]
    assert because(world, f"account:{account}") == {
        "thua-dat": {"read": ["tt-thue"]},
        RECORDS: {"read": ["tt-thue"], "query": ["tt-thue"]},
    }
    assert because(world, tax.subject) == {
        "thua-dat": {"read": both, "query": both, "export": ["tt-xuat"]},
        "gia-thua": {"read": ["tt-gia"], "query": ["tt-gia"]},
        RECORDS: {each: sorted([*both, "tt-gia"]) for each in ("read", "query")},
    }


def test_equal_profiles_are_one_and_are_whose_they_are_by_other_agreements(world: World, tax: Tax) -> None:
    unit = world.unit("cuc-khac")
    account = world.account("khac.canbo", unit)
    world.give(account, world.function(unit))
    world.agree("tt-khac", unit, clause())

    world.publish()

    subject = f"account:{account}"
    assert world.in_force(subject)[0][2] == world.in_force(tax.subject)[0][2]
    assert [each["thua-dat"]["read"] for each in (because(world, subject), because(world, tax.subject))] == [
        ["tt-khac"], ["tt-thue"]
    ]  # fmt: skip


def test_an_agreement_that_gives_the_same_as_another_one_is_named_from_its_first_day_on(world: World, tax: Tax) -> None:
    world.ask("UPDATE acl.agreement_version SET valid_until = %s", JULY)
    world.agree("tt-thue-2", tax.unit, clause(), since=JULY)

    world.publish()

    june, july = world.in_force(tax.subject)
    assert june[2] == july[2]
    assert [because(world, tax.subject, each)["thua-dat"]["read"] for each in (DAY, JULY)] == [
        ["tt-thue"], ["tt-thue-2"]
    ]  # fmt: skip
    assert world.faults() == world.faults(JULY) == ()


def test_agreements_that_were_named_around_publishing_are_found(world: World, tax: Tax) -> None:
    world.publish()
    world.ask("UPDATE acl.profile_in_force SET because = '{}' WHERE subject = %s", tax.subject)

    assert world.faults() == (f"{tax.subject}: what is published differs from what its agreements and functions give",)
    assert world.publish().subjects == (tax.subject,)
    assert world.faults() == ()


def test_one_transaction_publishes_at_a_time(world: World, tax: Tax) -> None:
    world.publish()

    with world.login("publisher") as first, world.login("publisher") as second:
        assert republish(first, LAYERS, [tax.account], DAY) == Published((), 0)
        second.execute("SET lock_timeout = '50ms'")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            republish(second, LAYERS, [tax.account], DAY)


def test_roles_that_nobody_needs_are_dropped_and_come_back_when_they_are_needed(world: World, tax: Tax) -> None:
    world.publish()
    world.ask("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE id = %s", tax.account)
    world.publish()

    with world.login("publisher") as connection:
        drop_unused(connection)
    world.ask("UPDATE acl.profile_role SET unused_since = unused_since - interval '25 hours'")
    with world.login("publisher") as connection:
        dropped = drop_unused(connection)

    assert dropped >= 1
    assert world.faults() == ()
    world.ask("UPDATE acl.account SET state = 'active', suspended_for = NULL WHERE id = %s", tax.account)
    world.publish()
    assert world.faults() == ()


def test_six_hundred_accounts_are_published_in_seconds_and_equal_rights_share_a_profile(
    world: World, timed: Callable[[], float]
) -> None:
    for n in range(30):
        unit = world.unit(f"ubnd-{n}", "xa")
        world.agree(
            f"tt-{n}", unit, clause("thua-dat", PARCELS, n), clause("quyen-su-dung-dat", ["id", "xa_id"], n),
            clause("vung-quy-hoach", ["id", "xa_id"]), clause("chi-gioi", ["id", "xa_id"]),
        )  # fmt: skip
        functions = [world.function(unit, f"f-{k}", {"layers": ["thua-dat", "chi-gioi"][: k + 1]}) for k in range(2)]
        for k in range(20):
            world.give(world.account(f"a.{n}.{k}", unit), functions[k % 2])

    published = world.publish()

    assert timed() < 30
    assert (len(published.subjects), published.profiles) == (601, 61)
    assert world.faults() == ()


@pytest.fixture
def timed() -> Callable[[], float]:
    started = time.monotonic()
    return lambda: time.monotonic() - started
