"""Units: the dated tree, and who succeeds whom."""

from datetime import date

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege, RestrictViolation

from auth.model import AccountKind, UnitKind
from auth.people import states, units
from auth.people.proposals import Act
from auth.people.units import NewUnit
from core.errors import BadRequest, Conflict, Forbidden, NotFound

SINCE = date(2025, 7, 1)


def make(people, code, **more):
    return units.create_unit(
        people.connection, people.admin, NewUnit(code, f"Đơn vị {code}", UnitKind.DIVISION, date(2020, 1, 1), **more)
    )


def test_a_unit_stands_below_another_one_from_a_day_on(people):
    make(people, "phong-a", parent="so")
    make(people, "chi-cuc")
    units.set_parent(people.connection, people.admin, "phong-a", parent="chi-cuc", since=SINCE, day=people.today)

    phong = units.find_unit(people.connection, "phong-a")
    parents = units.parents_of(people.connection, phong.id)

    assert [(p.code, p.since, p.until) for p in parents] == [
        ("so", date(2020, 1, 1), SINCE),
        ("chi-cuc", SINCE, None),
    ]


def test_a_parent_that_was_to_come_is_replaced_by_another_one(people):
    make(people, "phong-a", parent="so")
    make(people, "chi-cuc")
    for parent, since in (("chi-cuc", date(2025, 9, 1)), ("chi-cuc", SINCE), (None, SINCE)):
        units.set_parent(people.connection, people.admin, "phong-a", parent=parent, since=since, day=people.today)

    parents = units.parents_of(people.connection, units.find_unit(people.connection, "phong-a").id)
    assert [(p.code, p.until) for p in parents] == [("so", SINCE)]


def test_what_stood_above_a_unit_in_the_past_is_not_rewritten(people):
    make(people, "phong-a", parent="so")
    make(people, "chi-cuc")
    unit = units.find_unit(people.connection, "phong-a").id
    stood, acts = units.parents_of(people.connection, unit), people.acts()

    for parent, since in (("chi-cuc", date(2019, 1, 1)), ("chi-cuc", date(2025, 6, 30)), (None, date(2024, 1, 1))):
        with pytest.raises(Conflict, match="from today on"):
            units.set_parent(people.connection, people.admin, "phong-a", parent=parent, since=since, day=people.today)

    assert units.parents_of(people.connection, unit) == stood
    assert people.acts() == acts


def test_a_time_without_a_unit_above_is_not_rewritten_once_there_was_one(people):
    make(people, "phong-a", parent="so")
    people.ask("UPDATE acl.unit_parent SET valid_until = '2023-01-01'")

    with pytest.raises(Conflict, match="from today on"):
        units.set_parent(
            people.connection, people.admin, "phong-a", parent="so", since=date(2024, 1, 1), day=people.today
        )


def test_a_unit_that_never_stood_below_another_one_is_put_there_from_its_beginning(people):
    make(people, "phong-a")

    units.set_parent(people.connection, people.admin, "phong-a", parent="so", since=date(2020, 1, 1), day=people.today)

    parents = units.parents_of(people.connection, units.find_unit(people.connection, "phong-a").id)
    assert [(p.code, p.since) for p in parents] == [("so", date(2020, 1, 1))]


def test_a_change_of_parent_is_on_record_with_all_days(people):
    make(people, "phong-a", parent="so")
    make(people, "chi-cuc")
    units.set_parent(
        people.connection, people.admin, "phong-a", parent="chi-cuc", since=date(2025, 9, 1), day=people.today
    )
    units.set_parent(people.connection, people.admin, "phong-a", parent=None, since=SINCE, day=people.today)

    [(before, after)] = people.ask(
        "SELECT before, after FROM audit.act WHERE act = 'unit.set_parent' ORDER BY id DESC LIMIT 1"
    )
    so, agency = ("so", "2020-01-01"), ("chi-cuc", "2025-09-01")
    assert before == {"parents": [
        {"code": so[0], "since": so[1], "until": agency[1]}, {"code": agency[0], "since": agency[1], "until": None}
    ]}  # fmt: skip
    assert after == {"parents": [{"code": so[0], "since": so[1], "until": "2025-07-01"}]}


@pytest.mark.parametrize("parent", ["phong-a", "phong-b", "phong-c"])
def test_no_unit_stands_above_itself(people, parent):
    for code, above in (("phong-a", None), ("phong-b", "phong-a"), ("phong-c", "phong-b")):
        make(people, code, parent=above)

    with pytest.raises(BadRequest):
        units.set_parent(people.connection, people.admin, "phong-a", parent=parent, since=SINCE, day=people.today)


def test_a_circle_in_turns_is_none(people):
    make(people, "phong-a", parent="so")
    make(people, "phong-b")
    units.set_parent(people.connection, people.admin, "phong-a", parent=None, since=SINCE, day=people.today)

    units.set_parent(people.connection, people.admin, "so", parent="phong-a", since=SINCE, day=people.today)


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewUnit("so", "Sở", UnitKind.DEPARTMENT, SINCE), Conflict),
        (NewUnit("Sở", "Sở", UnitKind.DEPARTMENT, SINCE), BadRequest),
        (NewUnit("moi", "  ", UnitKind.OTHER, SINCE), BadRequest),
        (NewUnit("moi", "Mới", UnitKind.OTHER, SINCE, until=SINCE), BadRequest),
        (NewUnit("moi", "Mới", UnitKind.OTHER, SINCE, territory=-1), BadRequest),
        (NewUnit("moi", "Mới", UnitKind.OTHER, SINCE, parent="nobody"), NotFound),
    ],
)
def test_a_unit_that_cannot_be_is_not_made(people, new, error):
    with pytest.raises(error):
        units.create_unit(people.connection, people.admin, new)


def test_a_second_account_of_who_proposed_a_succession_does_not_approve_it(people):
    proposed = propose(people)
    people.ask("UPDATE acl.account SET person = (SELECT person FROM acl.account WHERE code = 'qt1') WHERE code = 'qt2'")

    with pytest.raises(Forbidden):
        units.decide_succession(people.connection, people.second, proposed.id, approve=True)
    with pytest.raises(CheckViolation):
        people.connection.execute("UPDATE acl.unit_succession SET state = 'approved', decided_at = now(), "
                                  "decided_by = (SELECT id FROM acl.account WHERE code = 'qt2')")  # fmt: skip


def test_only_the_so_makes_and_changes_units(people):
    for actor in (people.head, people.lan):
        with pytest.raises(Forbidden):
            units.create_unit(people.connection, actor, NewUnit("moi", "Mới", UnitKind.OTHER, SINCE))
        with pytest.raises(Forbidden):
            units.change_unit(people.connection, actor, "xa", allowance=100)


def test_a_unit_of_others_is_not_there(people):
    assert units.unit_seen(people.connection, people.head, "xa").name == "UBND xã An Phú"
    with pytest.raises(NotFound):
        units.unit_seen(people.connection, people.head, "thue")
    assert [u.code for u in units.units_seen(people.connection, people.head, limit=9)] == ["xa"]


def test_the_end_of_a_unit_has_the_rights_of_its_people_published_anew(people):
    people.settle()

    units.change_unit(people.connection, people.admin, "xa", until=date(2025, 8, 1))

    assert people.stale() == {people.id(code) for code in ("truong", "lan", "minh")}


def test_the_so_does_not_end_while_its_people_govern(people):
    for until in (people.today, date(2030, 1, 1)):
        with pytest.raises(Conflict, match="govern"):
            units.change_unit(people.connection, people.admin, "so", until=until)

    assert units.find_unit(people.connection, "so").until is None


def test_the_so_ends_once_those_who_govern_have_moved_to_the_next_one(people):
    make_so = NewUnit("so-moi", "Sở mới", UnitKind.DEPARTMENT, date(2020, 1, 1))
    units.create_unit(people.connection, people.admin, make_so)
    people.ask("UPDATE acl.account SET unit_id = (SELECT id FROM acl.unit WHERE code = 'so-moi') "
               "WHERE kind = 'system_admin'")  # fmt: skip

    ended = units.change_unit(people.connection, people.caller("qt1"), "so", until=people.today)

    assert ended.until == people.today


def test_a_division_with_all_admins_but_one_does_not_end(people):
    make(people, "phong-a")
    move = "UPDATE acl.account SET unit_id = (SELECT id FROM acl.unit WHERE code = 'phong-a') WHERE code = %s"
    people.ask(move, "qt3")
    units.change_unit(people.connection, people.admin, "phong-a", until=date(2025, 9, 1))
    units.change_unit(people.connection, people.admin, "phong-a", stays=True)
    people.ask(move, "qt2")

    for until in (people.today, date(2025, 9, 1)):
        with pytest.raises(Conflict, match="fewer than 2"):
            units.change_unit(people.connection, people.admin, "phong-a", until=until)


@pytest.mark.parametrize("until", [date(2025, 6, 1), date(2025, 9, 1)])
def test_admins_of_a_unit_that_ends_do_not_count_among_those_who_stay(people, until):
    make(people, "phong-a", until=until)
    people.ask("UPDATE acl.account SET unit_id = (SELECT id FROM acl.unit WHERE code = 'phong-a') WHERE code = 'qt3'")

    with pytest.raises(Conflict, match="fewer than 2"):
        states.suspend(people.connection, people.admin, "qt2", clock=people.clock)


def test_an_admin_of_the_last_two_does_not_move_to_a_unit_that_ends(people):
    make(people, "phong-a", until=date(2025, 9, 1))
    people.make("truong-so", "so", AccountKind.UNIT_HEAD)
    people.activate("truong-so")
    states.suspend(people.connection, people.admin, "qt3", clock=people.clock)
    moved = people.propose(Act.POSITION, "qt2", position="Phòng A", unit="phong-a")

    with pytest.raises(Conflict, match="fewer than 2"):
        people.approve(moved.number, by=people.caller("truong-so"))


def test_an_end_that_has_not_come_is_taken_back_and_one_that_has_come_is_not(people):
    units.change_unit(people.connection, people.admin, "xa", until=date(2025, 8, 1))
    people.settle()

    assert units.change_unit(people.connection, people.admin, "xa", stays=True).until is None
    assert people.stale() == {people.id(code) for code in ("truong", "lan", "minh")}
    units.change_unit(people.connection, people.admin, "xa", until=people.today)
    for more in ({"stays": True}, {"until": date(2030, 1, 1)}):
        with pytest.raises(Conflict, match="over already"):
            units.change_unit(people.connection, people.admin, "xa", **more)


def propose(people, actor=None, **more):
    given = {"old": "xa", "new": "thue", "day": SINCE, "basis": "Nghị quyết 1662/NQ-UBTVQH15"} | more
    return units.propose_succession(people.connection, actor or people.admin, **given)


def test_a_second_officer_approves_a_succession_and_nothing_counts_before(people):
    proposed = propose(people)
    assert proposed.state == "proposed"
    with pytest.raises(Forbidden):
        units.decide_succession(people.connection, people.admin, proposed.id, approve=True)

    units.decide_succession(people.connection, people.second, proposed.id, approve=True)

    found = units.successions_seen(people.connection, people.admin, limit=9)
    assert [(each.id, each.old, each.new, each.state) for each in found] == [(proposed.id, "xa", "thue", "approved")]
    with pytest.raises(Conflict):
        units.decide_succession(people.connection, people.third, proposed.id, approve=False)


def test_the_database_itself_wants_a_second_officer(people):
    number = propose(people).id

    with pytest.raises(Exception, match="second_officer"):
        people.connection.execute(
            "UPDATE acl.unit_succession SET state = 'approved', decided_by = proposed_by, decided_at = now() "
            "WHERE id = %s",
            [number],
        )


def test_a_refused_succession_may_be_proposed_again_an_open_one_not(people):
    first = propose(people)
    units.decide_succession(people.connection, people.second, first.id, approve=False)
    propose(people)

    with pytest.raises(Conflict):
        propose(people)


def test_a_succession_of_who_was_revoked_since_is_refused_by_another_one_and_not_approved(people):
    proposed = propose(people)
    states.revoke(people.connection, people.second, "qt1", clock=people.clock)

    with pytest.raises(Conflict, match="may not act any more"), people.connection.transaction():
        units.decide_succession(people.connection, people.second, proposed.id, approve=True)
    refused = units.decide_succession(people.connection, people.second, proposed.id, approve=False)

    assert (refused.state, refused.decided_by) == ("refused", people.id("qt2"))


def grow_old(people, *, days):
    """Let what is proposed be so much older, as its owner can."""
    people.ask("UPDATE acl.unit_succession SET proposed_at = proposed_at - make_interval(days => %s)", days)


@pytest.mark.parametrize("approve", [True, False])
def test_a_succession_that_nobody_decided_in_five_days_has_expired(people, approve):
    proposed = propose(people)
    assert proposed.state == "proposed"
    grow_old(people, days=5)

    found = units.find_succession(people.connection, proposed.id)
    assert (found.state, (proposed.expires_at - found.expires_at).days) == ("expired", 5)
    with pytest.raises(Conflict, match="expired"):
        units.decide_succession(people.connection, people.second, proposed.id, approve=approve)


def test_a_succession_is_approved_on_its_fifth_day(people):
    proposed = propose(people)
    people.ask("UPDATE acl.unit_succession SET proposed_at = proposed_at - interval '4 days 23:59:00'")

    assert units.decide_succession(people.connection, people.second, proposed.id, approve=True).state == "approved"


def test_a_succession_that_has_expired_is_proposed_anew(people):
    old = propose(people)
    grow_old(people, days=5)

    new = propose(people, actor=people.second)

    assert people.ask("SELECT id, state FROM acl.unit_succession ORDER BY id") == [
        (old.id, "expired"),
        (new.id, "proposed"),
    ]
    assert units.decide_succession(people.connection, people.third, new.id, approve=True).state == "approved"


@pytest.mark.parametrize(
    ("more", "error"), [({"new": "xa"}, BadRequest), ({"basis": " "}, BadRequest), ({"old": "nobody"}, NotFound)]
)
def test_a_succession_that_cannot_be_is_refused(people, more, error):
    with pytest.raises(error):
        propose(people, **more)


def test_a_head_sees_the_successions_of_the_own_unit_and_proposes_none(people):
    propose(people)
    make(people, "phong-a")

    assert len(units.successions_seen(people.connection, people.head, limit=9)) == 1
    with pytest.raises(Forbidden):
        propose(people, actor=people.head)


# What PostgreSQL holds of it, should the server not


def test_the_login_of_the_server_brings_no_unit_back_that_is_over(people):
    people.ask("UPDATE acl.unit SET valid_until = %s WHERE code = 'thue'", people.today)

    for query in (
        "UPDATE acl.unit SET valid_until = NULL WHERE code = 'thue'",
        "UPDATE acl.unit SET valid_until = '2099-01-01' WHERE code = 'thue'",
    ):
        with pytest.raises(RestrictViolation, match="stays so"), people.connection.transaction():
            people.connection.execute(query.encode())


def test_the_login_of_the_server_does_not_end_the_so_over_those_who_govern(people):
    with pytest.raises(RestrictViolation, match="govern"):
        people.connection.execute("UPDATE acl.unit SET valid_until = '2025-07-02' WHERE code = 'so'")


def test_the_login_of_the_server_does_not_end_a_unit_with_the_last_admins(people):
    units.create_unit(people.connection, people.admin, NewUnit("phong-a", "Phòng A", UnitKind.DIVISION, people.today))
    people.ask("UPDATE acl.account SET unit_id = (SELECT id FROM acl.unit WHERE code = 'phong-a') "
               "WHERE code IN ('qt2', 'qt3')")  # fmt: skip

    with pytest.raises(RestrictViolation, match="two system admins"):
        people.connection.execute("UPDATE acl.unit SET valid_until = '2025-07-02' WHERE code = 'phong-a'")


def test_the_login_of_the_server_ends_another_unit_and_takes_back_an_end_to_come(people):
    for day in ("2025-07-02", None):
        people.connection.execute("UPDATE acl.unit SET valid_until = %s WHERE code = 'xa'", [day])

    assert people.ask("SELECT valid_until FROM acl.unit WHERE code = 'xa'") == [(None,)]


SUCCESSION = (
    "INSERT INTO acl.unit_succession "
    "(old_id, new_id, day, basis, state, proposed_by, decided_by) "
    "SELECT o.id, n.id, '2025-07-01', 'QĐ 1', %s, p.id, d.id "
    "FROM acl.unit o JOIN acl.unit n ON n.code = 'thue' JOIN acl.account p ON p.code = %s "
    "LEFT JOIN acl.account d ON d.code = %s WHERE o.code = 'xa'"
)


@pytest.mark.parametrize(
    ("state", "proposer", "decider"),
    [("approved", "qt1", "qt2"), ("refused", "qt1", "qt2"), ("proposed", "truong", None), ("proposed", "lan", None)],
)
def test_the_login_of_the_server_writes_no_succession_that_was_not_proposed(people, state, proposer, decider):
    with pytest.raises((RestrictViolation, InsufficientPrivilege)):
        people.connection.execute(SUCCESSION, [state, proposer, decider])


@pytest.mark.parametrize("decider", ["truong", "thu", "qt1"])
def test_the_login_of_the_server_has_a_succession_approved_by_a_second_one_who_may(people, decider):
    people.connection.execute(SUCCESSION, ["proposed", "qt1", None])

    with pytest.raises((InsufficientPrivilege, CheckViolation)):
        people.connection.execute(
            "UPDATE acl.unit_succession SET state = 'approved', decided_at = now(), "
            "decided_by = (SELECT id FROM acl.account WHERE code = %s)", [decider]
        )  # fmt: skip


def test_the_login_of_the_server_decides_a_succession_once(people):
    people.connection.execute(SUCCESSION, ["proposed", "qt1", None])
    decide = (
        "UPDATE acl.unit_succession SET state = %s, decided_at = now(), "
        "decided_by = (SELECT id FROM acl.account WHERE code = 'qt2')"
    )
    people.connection.execute(decide, ["refused"])

    with pytest.raises(RestrictViolation):
        people.connection.execute(decide, ["approved"])


APPROVE = (
    "UPDATE acl.unit_succession SET state = 'approved', {} decided_by = (SELECT id FROM acl.account WHERE code = 'qt2')"
)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE acl.account SET state = 'revoked' WHERE code = 'qt1'",
        "UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'qt1'",
        "UPDATE acl.account SET kind = 'individual' WHERE code = 'qt1'",
        "UPDATE acl.account SET ends_on = lg.hom_nay() WHERE code = 'qt1'",
    ],
)
def test_the_login_of_the_server_has_no_succession_approved_of_who_may_not_propose_any_more(people, change):
    people.connection.execute(SUCCESSION, ["proposed", "qt1", None])
    people.ask(change)

    with pytest.raises(InsufficientPrivilege, match="propose and approve"):
        people.connection.execute(APPROVE.format("").encode())


@pytest.mark.parametrize("said", ["", "decided_at = proposed_at, "])
def test_the_login_of_the_server_has_no_succession_approved_after_five_days(people, said):
    people.connection.execute(SUCCESSION, ["proposed", "qt1", None])
    grow_old(people, days=5)

    with pytest.raises(CheckViolation, match="in_time"):
        people.connection.execute(APPROVE.format(said).encode())


def test_the_login_of_the_server_says_of_no_succession_when_it_was_proposed(people):
    people.connection.execute(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, proposed_by, proposed_at) "
        "SELECT o.id, n.id, '2025-07-01', 'QĐ 1', p.id, 'infinity' FROM acl.unit o, acl.unit n, acl.account p "
        "WHERE (o.code, n.code, p.code) = ('xa', 'thue', 'qt1')"
    )

    assert people.ask("SELECT proposed_at <= clock_timestamp() FROM acl.unit_succession") == [(True,)]
    with pytest.raises(InsufficientPrivilege):
        people.connection.execute("UPDATE acl.unit_succession SET proposed_at = 'infinity'")


def test_the_login_of_the_server_lets_no_succession_expire_before_its_time(people):
    people.connection.execute(SUCCESSION, ["proposed", "qt1", None])

    with pytest.raises(RestrictViolation, match="five days"):
        people.connection.execute("UPDATE acl.unit_succession SET state = 'expired'")
