"""Functions of a unit: the Sở defines them, the head gives them."""

from datetime import date

import pytest

from auth.model import AccountKind, Function, Period
from auth.people import functions, states
from catalogue.files import read_layers
from catalogue.profile import Operation
from core.errors import BadRequest, Conflict, Forbidden, NotFound

LAYERS = read_layers()
SINCE = date(2025, 1, 1)
ALL = Function("dia-chinh", "Địa chính", Period(SINCE))
NARROW = Function(
    "tra-cuu",
    "Tra cứu",
    Period(SINCE),
    layers=frozenset({"thua-dat"}),
    columns={"thua-dat": frozenset({"id", "so_to", "so_thua"})},
    operations=frozenset({Operation.READ, Operation.QUERY}),
)


@pytest.fixture
def defined(people):
    for function in (ALL, NARROW):
        functions.define_function(people.connection, people.admin, "xa", function, layers=LAYERS)
    return people


def give(people, account="lan", code="dia-chinh", actor=None, **more):
    return functions.give_function(
        people.connection, actor or people.head, account, code, layers=LAYERS, day=people.today, **more
    )


def held(people, account="lan"):
    found = functions.functions_held(people.connection, people.head, account)
    return [(each.function.code, each.period.since, each.period.until) for each in found]


def test_a_function_comes_back_as_it_was_defined(defined):
    found = functions.function_seen(defined.connection, defined.head, "xa", "tra-cuu")

    assert found.function == NARROW


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"layers": frozenset({"khong-co"})}, BadRequest),
        ({"columns": {"thua-dat": frozenset({"khong_co"})}}, BadRequest),
        ({"columns": {"khong-co": frozenset()}}, BadRequest),
        ({"territory": frozenset({-1})}, BadRequest),
        ({"code": "Địa chính"}, BadRequest),
        ({"code": "dia-chinh"}, Conflict),
    ],
)
def test_a_function_that_names_what_is_not_there_is_refused(defined, more, error):
    from dataclasses import replace

    with pytest.raises(error):
        functions.define_function(
            defined.connection, defined.admin, "xa", replace(NARROW, **{"code": "moi"} | more), layers=LAYERS
        )


@pytest.mark.parametrize(("narrows"), [{"rows": []}, {"operations": ["own"]}])
def test_how_a_function_narrows_is_a_closed_vocabulary(narrows):
    with pytest.raises(BadRequest):
        functions.function_of("x", "X", narrows, Period(SINCE))


def test_only_the_so_defines_functions(people):
    for actor in (people.head, people.lan):
        with pytest.raises(Forbidden):
            functions.define_function(people.connection, actor, "xa", ALL, layers=LAYERS)


def test_the_head_gives_and_strips_and_both_are_published(defined):
    defined.settle()
    give(defined)
    assert held(defined) == [("dia-chinh", defined.today, None)]
    assert defined.stale() == {defined.id("lan")}

    defined.settle()
    functions.strip_function(defined.connection, defined.head, "lan", "dia-chinh", day=defined.today)

    assert held(defined) == []
    assert defined.stale() == {defined.id("lan")}
    with pytest.raises(Conflict):
        functions.strip_function(defined.connection, defined.head, "lan", "dia-chinh", day=defined.today)


def test_a_stripped_function_is_over_the_same_day_and_stays_on_record(defined):
    give(defined)
    later = date(2025, 7, 9)

    functions.strip_function(defined.connection, defined.head, "lan", "dia-chinh", day=later)

    assert held(defined) == [("dia-chinh", defined.today, later)]


def test_a_function_is_held_once_at_a_time(defined):
    give(defined, until=date(2025, 8, 1))
    with pytest.raises(Conflict), defined.connection.transaction():
        give(defined, since=date(2025, 7, 15))

    give(defined, since=date(2025, 8, 1))


@pytest.mark.parametrize(
    "period", [{"since": date(2025, 6, 30)}, {"since": date(2025, 8, 1), "until": date(2025, 8, 1)}]
)
def test_a_period_that_is_empty_or_past_is_refused(defined, period):
    with pytest.raises(BadRequest):
        give(defined, **period)


@pytest.mark.parametrize(
    ("actor", "account", "error"),
    [
        ("head", "truong", Forbidden),  # oneself
        ("lan", "minh", Forbidden),
        ("lan", "lan", Forbidden),
        ("other", "lan", NotFound),
        ("admin", "qt1", Forbidden),
        ("head", "nobody", NotFound),
    ],
)
def test_nobody_gives_functions_to_themselves_or_to_people_of_others(defined, actor, account, error):
    with pytest.raises(error):
        give(defined, account, actor=getattr(defined, actor))


def test_a_function_of_another_unit_is_not_there(defined):
    functions.define_function(
        defined.connection, defined.admin, "thue", Function("thue", "Thuế", Period(SINCE)), layers=LAYERS
    )

    with pytest.raises(NotFound):
        give(defined, code="thue")
    with pytest.raises(NotFound):
        functions.function_seen(defined.connection, defined.head, "thue", "thue")
    assert [f.unit for f in functions.functions_seen(defined.connection, defined.other, limit=9)] == ["thue"]


def test_who_was_revoked_gets_no_function(defined):
    states.revoke(defined.connection, defined.head, "lan", clock=defined.clock)

    with pytest.raises(Conflict):
        give(defined)


def test_machines_hold_functions_as_well(defined):
    defined.make("may", "xa", AccountKind.MACHINE)

    give(defined, "may")

    assert held(defined, "may") == [("dia-chinh", defined.today, None)]


def test_a_function_written_anew_is_published_for_those_who_hold_it(defined):
    from dataclasses import replace

    give(defined)
    give(defined, "minh", "tra-cuu")
    defined.settle()

    functions.redefine_function(
        defined.connection, defined.admin, "xa", replace(ALL, name="Địa chính xã"), layers=LAYERS, day=defined.today
    )

    assert defined.stale() == {defined.id("lan")}
    assert functions.function_seen(defined.connection, defined.head, "xa", "dia-chinh").function.name == "Địa chính xã"


@pytest.mark.parametrize("period", [{"until": date(2025, 8, 1)}, {"since": date(2025, 8, 1)}, {}])
def test_who_holds_it_for_a_time_or_from_a_coming_day_is_among_those_who_hold_it(defined, period):
    from dataclasses import replace

    give(defined, **period)
    defined.settle()

    functions.redefine_function(
        defined.connection, defined.admin, "xa", replace(ALL, name="Địa chính xã"), layers=LAYERS, day=defined.today
    )

    assert defined.stale() == {defined.id("lan")}


def test_who_leaves_later_is_given_functions_until_that_day(defined):
    defined.ask("UPDATE acl.account SET ends_on = '2025-07-02' WHERE code = 'lan'")

    give(defined)

    assert held(defined) == [("dia-chinh", defined.today, None)]
    defined.ask("UPDATE acl.account SET ends_on = '2025-07-01' WHERE code = 'lan'")
    with pytest.raises(Conflict, match="has ended"):
        give(defined, code="tra-cuu")
