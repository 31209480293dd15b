"""Where what stays of somebody's rights cannot be put together, what does not fit is left out, and nothing else."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import psycopg
import pytest

from auth.model import AccountKind, Caller
from auth.notices import Kind, Notice, notices_seen
from auth.rights.explain import Denied, Granted, explain
from auth.rights.publishing import Published, require_publishable
from catalogue.profile import Operation
from core.errors import Conflict
from server.cli import main
from server.proofs import prove_published
from tests.auth.rights import AUGUST, DAY, JULY, LAYERS, PARCELS, World, clause
from tests.conftest import TEMPLATE

FEW = ["id", "xa_id", "so_to"]
PIECES = (("tt-thue", "cot"), ("tt-thue", "huyen"))


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax office with parcels and prices, and one account with three functions that fit: one of them holds all."""

    unit: int
    account: int
    functions: dict[str, int]

    @property
    def subject(self) -> str:
        return f"account:{self.account}"


@pytest.fixture
def world(empty_db: str) -> Iterator[World]:
    with psycopg.connect(empty_db, autocommit=True) as own:
        found = World(empty_db, own)
        found.ask("UPDATE lg.ngay_phap_ly SET ngay = %s", DAY)
        yield found


@pytest.fixture
def tax(world: World) -> Tax:
    unit = world.unit("cuc-thue")
    narrows = {"moi": {}, "cot": {"columns": {"thua-dat": FEW}}, "huyen": {"territory": [2, 3]}}
    functions = {code: world.function(unit, code, each) for code, each in narrows.items()}
    account = world.account("thue.canbo", unit)
    for each in functions.values():
        world.give(account, each)
    world.agree("tt-thue", unit, clause(), clause("gia-thua", ["id", "xa_id"]))
    return Tax(unit, account, functions)


def strip(world: World, tax: Tax, code: str = "moi", on: date | None = None) -> None:
    """Take a function away, at once or on a coming day."""
    where = "WHERE account_id = %s AND function_id = %s"
    if on is None:
        world.ask(f"DELETE FROM acl.account_function {where}", tax.account, tax.functions[code])
    else:
        world.ask(
            f"UPDATE acl.account_function SET valid_until = %s {where}", on, tax.account, tax.functions[code]
        )  # fmt: skip


def require(world: World, tax: Tax) -> None:
    with world.login("identity") as connection:
        require_publishable(connection, LAYERS, [tax.account], DAY)


def told(world: World) -> list[tuple[object, ...]]:
    return world.ask(
        "SELECT a.code, u.code, n.collection, n.day, n.pieces FROM acl.notice n JOIN acl.unit u ON u.id = n.unit_id "
        "LEFT JOIN acl.account a ON a.id = n.account_id WHERE n.kind = 'left_out' ORDER BY n.id"
    )


def test_what_does_not_fit_is_left_out_of_that_profile_alone_and_everything_else_goes_on(
    world: World, tax: Tax
) -> None:
    other = world.account("thue.khac", tax.unit)
    world.give(other, tax.functions["cot"])
    world.publish()
    before = world.in_force(f"account:{other}")
    assert world.collections(tax.subject) == ["gia-thua", "thua-dat"]

    strip(world, tax)
    published = world.publish()

    assert published.subjects == (tax.subject,)
    assert world.collections(tax.subject) == ["gia-thua"]
    assert world.in_force(f"account:{other}") == before
    assert world.faults() == ()


def test_the_service_starts_and_publishes_again_with_a_collection_left_out(world: World, tax: Tax) -> None:
    strip(world, tax)
    world.publish()

    prove_published(world.dsn.replace("user=postgres", f"user={TEMPLATE}_publisher"), LAYERS)
    assert world.publish() == Published((), 0)


def test_a_start_finds_out_that_a_profile_has_what_should_be_left_out_of_it(world: World, tax: Tax) -> None:
    world.publish()

    strip(world, tax)

    other = f"{tax.subject}: what is published differs from what its agreements and functions give"
    assert world.faults()[0] == other


def test_a_special_request_that_does_not_fit_is_left_out_by_itself(world: World, tax: Tax) -> None:
    strip(world, tax, "cot")
    strip(world, tax, "huyen")
    world.give(tax.account, world.function(tax.unit, "dac-thu", {"columns": {"gia-thua": ["id", "xa_id"]}}))
    world.agree("dt-1", tax.unit, clause("thua-dat", FEW), clause("thua-dat", PARCELS, 3), kind="dac_thu")

    world.publish()

    assert world.collections(tax.subject) == ["gia-thua", "thua-dat"]
    assert world.ask("SELECT subject, collection FROM acl.left_out") == [(tax.subject, "thua-dat~dt-1")]


def test_what_will_not_fit_is_left_out_from_that_midnight_to_the_next_change(world: World, tax: Tax) -> None:
    strip(world, tax, on=JULY)
    strip(world, tax, "huyen", on=AUGUST)

    world.publish()

    days = [(DAY, JULY), (JULY, AUGUST), (AUGUST, None)]
    assert [each[:2] for each in world.in_force(tax.subject)] == days
    assert [world.collections(tax.subject, since) for since, _ in days] == [
        ["gia-thua", "thua-dat"], ["gia-thua"], ["gia-thua", "thua-dat"],
    ]  # fmt: skip
    assert [world.faults(since) for since, _ in days] == [(), (), ()]
    assert world.ask("SELECT valid_from, valid_until FROM acl.left_out") == [(JULY, AUGUST)]


def test_a_collection_comes_back_when_its_pieces_fit_again(world: World, tax: Tax) -> None:
    strip(world, tax)
    world.publish()

    strip(world, tax, "huyen")
    world.publish()

    assert world.collections(tax.subject) == ["gia-thua", "thua-dat"]
    assert world.ask("SELECT * FROM acl.left_out") == []


@pytest.mark.parametrize("on", [None, JULY], ids=["at once", "from a coming midnight on"])
def test_a_notice_tells_once_which_account_lacks_which_collection_for_which_pieces(
    world: World, tax: Tax, on: date | None
) -> None:
    strip(world, tax, on=on)

    for day in (DAY, DAY, JULY, AUGUST):
        world.publish(day=day)

    assert told(world) == [("thue.canbo", "cuc-thue", "thua-dat", on or DAY, [list(each) for each in PIECES])]


def test_the_head_the_owner_and_the_officers_of_the_department_read_the_notice_and_nobody_else(
    world: World, tax: Tax
) -> None:
    department = world.unit("so", "so")
    officer = world.function(department, "chia-se-du-lieu")
    units = {"so.canbo": department, "so.khac": department, "thue.lanhdao": tax.unit, "thue.khac": tax.unit,
             "khac.lanhdao": world.unit("khac", "so_nganh"), "so.quantri": department}  # fmt: skip
    ids = {code: world.account(code, unit) for code, unit in units.items()} | {"thue.canbo": tax.account}
    world.give(ids["so.canbo"], officer)
    kinds = {"thue.lanhdao": "unit_head", "khac.lanhdao": "unit_head", "so.quantri": "system_admin"}
    for code, kind in kinds.items():
        world.ask("UPDATE acl.account SET kind = %s WHERE code = %s", kind, code)
    strip(world, tax)
    world.publish()

    def seen(code: str) -> list[Notice]:
        ((unit, kind),) = world.ask("SELECT unit_id, kind FROM acl.account WHERE code = %s", code)
        who = Caller(f"account:{ids[code]}", "session", "", account_id=ids[code], account=code,
                     account_kind=AccountKind(kind), unit_id=unit)  # fmt: skip
        with world.login("identity") as connection:
            return notices_seen(connection, who, limit=9)

    found = {code: [(each.kind, each.account, each.collection, each.pieces) for each in seen(code)] for code in ids}
    assert {code for code, each in found.items() if each} == {
        "so.canbo", "so.quantri", "thue.lanhdao", "thue.canbo",
    }  # fmt: skip
    assert found["thue.lanhdao"] == [(Kind.LEFT_OUT, "thue.canbo", "thua-dat", PIECES)]


def test_what_everybody_sees_is_left_out_as_well_and_the_department_is_told(world: World) -> None:
    world.unit("so", "so")
    for code, given in (("ck-1", clause("thua-dat", FEW)), ("ck-2", clause("thua-dat", PARCELS, 3))):
        world.agree(code, None, given, clause("chi-gioi", ["id", "xa_id"]), kind="cong_khai")

    world.publish()

    assert world.collections("public") == ["chi-gioi"]
    assert told(world) == [(None, "so", "thua-dat", DAY, [["ck-1", None], ["ck-2", None]])]
    assert world.faults() == ()


def test_explaining_says_what_is_left_out_and_why_and_grants_the_rest(world: World, tax: Tax) -> None:
    strip(world, tax)

    with world.login("identity") as connection:
        parcels, prices = (
            explain(connection, LAYERS, "thue.canbo", layer, day=DAY).decisions[layer][Operation.READ]
            for layer in ("thua-dat", "gia-thua")
        )

    assert isinstance(parcels, Denied)
    assert parcels.reason.en.startswith("The rights cannot be put together: Collection 'thua-dat': ")
    assert all(f"'{function}'" in parcels.reason.en for _, function in PIECES)
    assert isinstance(prices, Granted)


def test_why_something_is_left_out_is_explained_in_vietnamese_without_an_english_word(
    world: World, tax: Tax, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    strip(world, tax)

    status = main(["explain", "thue.canbo", "thua-dat"], {"DATDAI_DATABASE_URL": as_app(world.dsn)})

    said = capsys.readouterr().out
    line = next(each for each in said.splitlines() if "không gộp được" in each)
    assert status == 0
    assert line.startswith(
        "  đọc, truy vấn: không được phép: Các quyền không gộp được: Lớp dữ liệu 'thua-dat': gộp lại, "
    )
    assert not re.search(r"\b(agreement|function|columns?|rows?|and|through|would|clause|read|query)\b", said)


@pytest.mark.parametrize("on", [None, JULY], ids=["at once", "from a coming midnight on"])
def test_what_gives_is_refused_where_something_would_be_left_out_on_any_day_to_come(
    world: World, tax: Tax, on: date | None
) -> None:
    world.publish()
    require(world, tax)

    strip(world, tax, on=on)

    with pytest.raises(Conflict, match="Collection 'thua-dat'"):
        require(world, tax)


def test_what_is_left_out_already_is_in_the_way_of_no_gift_of_something_else(world: World, tax: Tax) -> None:
    strip(world, tax)
    world.publish()

    world.agree("tt-them", tax.unit, clause("chi-gioi", ["id", "xa_id"]))
    require(world, tax)
    world.agree("tt-cheo", tax.unit, clause("gia-thua", ["id", "xa_id", "gia"], 3))

    with pytest.raises(Conflict) as refused:
        require(world, tax)
    assert "'gia-thua'" in str(refused.value)
    assert "'thua-dat'" not in str(refused.value)


def test_what_is_left_out_for_a_time_may_not_be_left_out_for_longer_by_a_gift(world: World, tax: Tax) -> None:
    strip(world, tax)
    strip(world, tax, "huyen", on=JULY)
    world.publish()
    require(world, tax)

    world.give(tax.account, tax.functions["huyen"], since=JULY)

    with pytest.raises(Conflict):
        require(world, tax)


@pytest.mark.parametrize("state", ["issued", "must_change", "suspended"])
def test_an_account_that_is_not_in_use_is_given_nothing_that_would_not_fit(world: World, tax: Tax, state: str) -> None:
    account = world.account("thue.moi", tax.unit, state)
    world.publish()

    def give(code: str) -> None:
        world.give(account, tax.functions[code])
        with world.login("identity") as connection:
            require_publishable(connection, LAYERS, [account], DAY)

    give("cot")
    with pytest.raises(Conflict):
        give("huyen")


def test_a_clause_on_a_layer_that_is_not_declared_any_more_is_left_out(world: World, tax: Tax) -> None:
    world.agree("tt-cu", tax.unit, clause("lop-cu", ["id", "xa_id"]))

    world.publish()

    assert world.collections(tax.subject) == ["gia-thua", "thua-dat"]
    assert [(each[2], each[4]) for each in told(world)] == [("lop-cu", [["tt-cu", None]])]
    assert world.faults() == ()
