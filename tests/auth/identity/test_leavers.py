"""Leavers, staff lists, attestation, and what the daily job does about them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from auth import notices
from auth.notices import Kind
from auth.people import daily, leavers, positions, states
from auth.people.leavers import StaffMember
from core.calendar import working_days
from core.clocks import StoppedClock
from core.errors import BadRequest, Conflict, Forbidden, NotFound

CALENDAR = working_days()


def leave(people, code="lan", actor=None, *, ended_on=None, day=None):
    day = day or people.today
    return leavers.record_leaving(
        people.connection, actor or people.head, code, ended_on=ended_on or day, day=day, clock=people.clock,
        calendar=CALENDAR,
    )  # fmt: skip


def run(people, day, clock=None, calendar=CALENDAR):
    """Run the whole daily job."""
    clock = clock or StoppedClock(datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
    people.set_day(day)
    done = daily.run(people.connection, day=day, clock=clock)
    return done, daily.watch_absences(people.connection, day=day, clock=clock, calendar=calendar)


def kinds(people, actor=None):
    return [(n.kind, n.account) for n in notices.notices_seen(people.connection, actor or people.admin, limit=100)]


def test_entered_in_time_rights_end_the_same_day(people):
    people.give_token("lan")

    leaving = leave(people)

    assert (leaving.breach, leaving.deadline) == (False, date(2025, 7, 8))
    assert people.account("lan").state == "revoked"
    assert people.alive("lan") == (0, 0)
    assert kinds(people) == []


@pytest.mark.parametrize(
    ("ended_on", "entered_on", "breach"),
    [
        (date(2025, 6, 24), date(2025, 7, 1), False),  # the fifth working day
        (date(2025, 6, 23), date(2025, 7, 1), True),  # the sixth
        (date(2025, 8, 26), date(2025, 9, 4), False),  # a weekend, Quốc khánh on Monday and Tuesday
        (date(2025, 8, 26), date(2025, 9, 5), True),
    ],
)
def test_five_working_days_run_for_the_unit_and_a_late_entry_is_a_breach(people, ended_on, entered_on, breach):
    people.set_day(entered_on)

    leaving = leave(people, ended_on=ended_on, day=entered_on)

    assert leaving.breach is breach
    assert (kinds(people) == [(Kind.LEAVING_LATE, "lan")]) is breach
    reported = leavers.leavings_seen(people.connection, people.admin, limit=10, breaches=True)
    assert [each.account for _, each in reported] == (["lan"] if breach else [])


def test_the_so_reads_a_breach_once(people):
    leave(people, ended_on=date(2025, 6, 2))
    with pytest.raises(Forbidden):
        leavers.acknowledge_breach(people.connection, people.head, "lan", clock=people.clock)

    leavers.acknowledge_breach(people.connection, people.admin, "lan", clock=people.clock)

    assert leavers.leaving_seen(people.connection, people.head, "lan").acknowledged_by == "qt1"
    with pytest.raises(Conflict):
        leavers.acknowledge_breach(people.connection, people.admin, "lan", clock=people.clock)


def test_a_day_to_come_ends_rights_when_it_comes(people):
    leave(people, ended_on=date(2025, 7, 4))
    assert people.account("lan").state == "active"

    people.set_day(date(2025, 7, 4))
    assert type(people.sign_in("lan")).__name__ == "Refused"  # before any job ran
    done, _ = run(people, date(2025, 7, 4))

    assert done.ended == ("lan",)
    assert people.account("lan").state == "revoked"
    assert kinds(people) == [(Kind.POSITION_ENDED, "lan")]


@pytest.mark.parametrize(
    ("actor", "code", "error"),
    [("head", "truong", Forbidden), ("lan", "minh", Forbidden), ("other", "lan", NotFound), ("head", "x", NotFound)],
)
def test_a_leaver_is_entered_by_the_head_of_the_unit_or_the_so(people, actor, code, error):
    with pytest.raises(error):
        leave(people, code, getattr(people, actor))


def test_a_leaver_is_entered_once(people):
    leave(people, ended_on=date(2025, 7, 4))

    with pytest.raises(Conflict):
        leave(people, ended_on=date(2026, 7, 4))


def test_an_admin_does_not_leave_when_fewer_than_two_would_be_left(people):
    leave(people, "qt3", people.admin, ended_on=date(2025, 12, 31))

    with pytest.raises(Conflict):
        leave(people, "qt2", people.admin, ended_on=date(2025, 12, 31))


def staff(*codes):
    return [StaffMember(f"Người {code}", f"CB-{code}") for code in codes]


def import_list(people, *codes, listed_on=None, actor=None, day=None):
    return leavers.import_staff(
        people.connection, actor or people.head, "xa", staff(*codes), listed_on=listed_on or people.today,
        day=day or people.today, clock=people.clock,
    )  # fmt: skip


def test_a_staff_list_shows_who_is_missing(people):
    missing = import_list(people, "truong", "minh", "somebody-without-account")

    assert [(m.account, m.missing_since) for m in missing] == [("lan", people.today)]
    assert leavers.missing_seen(people.connection, people.admin, limit=10) == missing
    assert leavers.missing_seen(people.connection, people.other, limit=10) == []


def test_people_without_a_number_are_compared_by_name_in_any_spelling(people):
    people.ask("UPDATE acl.account SET person_code = NULL, person = 'Đặng Thị Lan' WHERE code = 'lan'")
    listed = [*staff("truong", "minh"), StaffMember("ĐẶNG THỊ LAN")]

    missing = leavers.import_staff(
        people.connection, people.head, "xa", listed, listed_on=people.today, day=people.today, clock=people.clock
    )

    assert missing == []


def test_the_missing_are_warned_of_on_day_four_and_revoked_on_day_five(people):
    import_list(people, "truong", "minh")  # Tuesday
    results = {day: run(people, date(2025, 7, day))[1] for day in (2, 3, 4, 5, 7)}

    assert [day for day, watched in results.items() if watched.warned] == [7]  # Monday, the fourth working day
    assert people.account("lan").state == "active"
    _, watched = run(people, date(2025, 7, 8))
    assert watched.revoked == ("lan",)
    assert people.account("lan").state == "revoked"
    leaving = leavers.leaving_seen(people.connection, people.admin, "lan")
    assert (leaving.source, leaving.breach, leaving.ended_on) == ("staff_list", True, people.today)
    assert {kind for kind, _ in kinds(people)} == {Kind.ABSENCE_WARNED, Kind.ABSENCE_REVOKED, Kind.LEAVING_LATE}


def test_a_job_that_did_not_run_for_days_catches_up_at_once(people):
    import_list(people, "truong", "minh")

    _, watched = run(people, date(2025, 7, 20))

    assert (watched.warned, watched.revoked) == (("lan",), ("lan",))


def test_who_is_on_the_next_list_again_keeps_the_account(people):
    import_list(people, "truong", "minh")
    assert import_list(people, "truong", "minh", "lan", listed_on=date(2025, 7, 3), day=date(2025, 7, 3)) == []

    _, watched = run(people, date(2025, 7, 20))

    assert watched.revoked == ()


def test_a_second_list_does_not_set_the_clock_back(people):
    import_list(people, "truong", "minh")
    missing = import_list(people, "truong", "minh", listed_on=date(2025, 7, 7), day=date(2025, 7, 7))

    assert [m.missing_since for m in missing] == [people.today]


def test_a_missing_person_whose_leaving_lies_ahead_is_revoked_all_the_same(people):
    import_list(people, "truong", "minh")
    leave(people, ended_on=date(2025, 12, 31))

    run(people, date(2025, 7, 8))

    assert people.account("lan").state == "revoked"


@pytest.mark.parametrize(
    ("people_listed", "listed_on", "error"),
    [((), None, BadRequest), (("truong",), date(2025, 7, 2), BadRequest), (("truong",), date(2025, 6, 1), Conflict)],
)
def test_a_list_that_cannot_be_is_refused(people, people_listed, listed_on, error):
    import_list(people, "truong", "minh", "lan")

    with pytest.raises(error):
        import_list(people, *people_listed, listed_on=listed_on)


def test_only_the_head_and_the_so_import_a_staff_list(people):
    with pytest.raises(Forbidden):
        import_list(people, "truong", actor=people.lan)
    with pytest.raises(NotFound):
        import_list(people, "truong", actor=people.other)


Q3, Q4, Q1 = date(2025, 9, 30), date(2025, 12, 31), date(2026, 1, 1)


def test_what_is_not_attested_in_a_whole_quarter_is_suspended(people):
    october = StoppedClock(datetime(2025, 10, 15, 2, tzinfo=UTC))
    leavers.attest(people.connection, people.head, ["lan"], clock=october)
    leavers.attest(people.connection, people.admin, ["truong", "thu", "qt2", "qt3"], clock=october)
    leavers.attest(people.connection, people.second, ["qt1"], clock=october)
    people.settle()

    before, _ = run(people, Q4)  # everybody was made in the third quarter; the fourth is the first whole one
    after, _ = run(people, Q1)

    assert before.suspended == ()
    assert after.suspended == ("minh",)
    assert people.account("minh").suspended_for == "not_attested"
    assert people.id("minh") in people.stale()
    assert (Kind.NOT_ATTESTED, "minh") in kinds(people)


def test_heads_are_told_before_the_quarter_ends(people):
    run(people, date(2025, 12, 17))
    assert (Kind.ATTESTATION_DUE, "minh") not in kinds(people)

    run(people, date(2025, 12, 18))

    assert (Kind.ATTESTATION_DUE, "minh") in kinds(people, people.head)
    assert (Kind.ATTESTATION_DUE, "thu") not in kinds(people, people.head)


def test_the_last_two_admins_are_not_suspended_but_named(people):
    done, _ = run(people, Q1)

    assert sorted(done.kept) == ["qt2", "qt3"]
    assert "qt1" in done.suspended


def test_a_late_attestation_lets_the_head_resume_the_account(people):
    run(people, Q1)
    late = StoppedClock(datetime(2026, 1, 5, 2, tzinfo=UTC))

    leavers.attest(people.connection, people.head, ["minh"], clock=late)
    states.resume(people.connection, people.head, "minh", clock=late)

    done, _ = run(people, date(2026, 1, 6), late)
    assert done.suspended == ()


@pytest.mark.parametrize(
    ("actor", "code", "error"),
    [
        ("head", "truong", Forbidden),
        ("admin", "qt1", Forbidden),
        ("lan", "minh", Forbidden),
        ("other", "lan", NotFound),
    ],
)
def test_nobody_attests_themselves_or_people_of_others(people, actor, code, error):
    with pytest.raises(error):
        leavers.attest(people.connection, getattr(people, actor), [code], clock=people.clock)


def test_who_is_attested_is_listed_for_head_and_so(people):
    quarter = leavers.attest(people.connection, people.head, ["lan"], clock=people.clock)

    listed = leavers.attested_seen(people.connection, people.head, quarter=quarter, limit=100)

    assert quarter == "2025Q3"
    assert {(each.account, each.is_attested) for each in listed} == {("truong", False), ("lan", True), ("minh", False)}
    with pytest.raises(Forbidden):
        leavers.attested_seen(people.connection, people.lan, quarter=quarter, limit=100)


def test_old_passwords_are_asked_for_and_warned_of_by_the_job(people):
    people.give_token("lan")
    for day in (14, 13, 7, 6, 2, 1):
        run(people, date(2025, 10, 1) - timedelta(days=day))
    assert kinds(people, people.lan) == [(Kind.PASSWORD_EXPIRES, "lan")] * 3

    done, _ = run(people, date(2025, 10, 1))

    assert set(done.expired) == {"lan", "truong", "thu"}
    assert people.account("lan").state == "must_change"
    assert people.alive("lan") == (0, 0)


def test_the_job_run_twice_does_nothing_the_second_time(people):
    import_list(people, "truong", "minh")
    leave(people, "minh", ended_on=date(2025, 7, 4))
    first = run(people, Q1)
    told, acts = kinds(people), people.acts()

    second = run(people, Q1)

    assert first[0].ended == ("minh",)
    assert first[1].revoked == ("lan",)
    assert second[0].ended == second[0].suspended == second[0].expired == ()
    assert second[1].warned == second[1].revoked == ()
    assert (kinds(people), people.acts()) == (told, acts)


@pytest.mark.parametrize("ended_on", [date(2023, 12, 15), date(2027, 12, 30)])
def test_rights_end_the_same_day_where_the_calendar_lacks_the_year_and_the_deadline_is_said_to_be_unknown(
    people, ended_on
):
    people.give_token("lan")
    people.set_day(ended_on)

    leaving = leave(people, ended_on=ended_on, day=ended_on)

    assert people.account("lan").state == "revoked"
    assert people.alive("lan") == (0, 0)
    assert (leaving.deadline, leaving.breach) == (None, False)
    assert kinds(people) == [(Kind.DEADLINE_UNKNOWN, "lan")]


def test_an_entry_whose_deadline_is_unknown_is_read_by_the_so_like_a_late_one(people):
    leave(people, ended_on=date(2023, 12, 15))

    listed = leavers.leavings_seen(people.connection, people.admin, limit=10, breaches=True)
    leavers.acknowledge_breach(people.connection, people.admin, "lan", clock=people.clock)

    assert [each.account for _, each in listed] == ["lan"]
    assert leavers.leaving_seen(people.connection, people.head, "lan").acknowledged_by == "qt1"


def test_who_is_missing_in_a_year_that_the_calendar_lacks_keeps_nobody_else_from_being_watched(people):
    import_list(people, "truong")
    people.ask("UPDATE acl.absence SET missing_since = '2027-12-29' WHERE account_id = %s", people.id("lan"))
    people.ask("UPDATE acl.absence SET missing_since = '2027-12-20' WHERE account_id = %s", people.id("minh"))
    day = date(2028, 1, 20)
    in_use = StoppedClock(people.now)

    people.set_day(day)
    watched = daily.watch_absences(people.connection, day=day, clock=in_use, calendar=CALENDAR)

    assert (watched.revoked, watched.unknown) == (("minh",), ("lan",))
    assert people.account("lan").state == "active"
    assert (Kind.DEADLINE_UNKNOWN, "lan") in kinds(people)
    again = daily.watch_absences(people.connection, day=day, clock=in_use, calendar=CALENDAR)
    assert (again.warned, again.revoked) == ((), ())


def test_days_that_the_calendar_knows_are_enough_to_revoke_who_is_missing(people):
    import_list(people, "truong", "minh")
    people.ask("UPDATE acl.absence SET missing_since = '2023-12-15'")

    _, watched = run(people, date(2025, 7, 1))

    assert (watched.revoked, watched.unknown) == (("lan",), ())
    assert leavers.leaving_seen(people.connection, people.admin, "lan").deadline is None


def move(people, unit="thue"):
    positions.change_position(
        people.connection, people.admin, "lan", position="Chuyên viên", unit=unit, day=people.today, clock=people.clock
    )


def test_who_moves_to_another_unit_is_not_missing_from_the_list_of_the_new_one(people):
    import_list(people, "truong", "minh")

    move(people)

    assert leavers.missing_seen(people.connection, people.admin, limit=10) == []
    assert run(people, date(2025, 7, 20))[1] == daily.Watched((), (), (), ())
    assert people.account("lan").state == "active"
    assert people.ask("SELECT 1 FROM acl.leaving") == []


def test_who_changes_the_position_within_the_unit_is_missing_still(people):
    import_list(people, "truong", "minh")

    move(people, unit=None)

    assert [each.account for each in leavers.missing_seen(people.connection, people.admin, limit=10)] == ["lan"]


def test_an_attestation_counts_for_the_quarter_of_vietnam(people):
    new_year_in_vietnam = StoppedClock(datetime(2025, 12, 31, 17, tzinfo=UTC))

    assert leavers.attest(people.connection, people.head, ["lan"], clock=new_year_in_vietnam) == "2026Q1"
    last_moment = StoppedClock(new_year_in_vietnam.now() - timedelta(seconds=1))
    assert leavers.attest(people.connection, people.head, ["lan"], clock=last_moment) == "2025Q4"


def test_who_is_not_attested_is_suspended_when_the_quarter_ends_in_vietnam(people):
    midnight = datetime(2025, 12, 31, 17, tzinfo=UTC)

    before = daily.run(people.connection, day=people.today, clock=StoppedClock(midnight - timedelta(seconds=1)))
    after = daily.run(people.connection, day=people.today, clock=StoppedClock(midnight))

    assert before.suspended == ()
    assert "minh" in after.suspended


def test_who_was_made_after_midnight_in_vietnam_was_not_there_all_the_quarter(people):
    people.ask("UPDATE acl.account SET made_at = '2025-09-30 17:00+00' WHERE code = 'minh'")
    people.ask("UPDATE acl.account SET made_at = '2025-09-30 16:59:59+00' WHERE code = 'lan'")

    done, _ = run(people, Q1)

    assert "lan" in done.suspended
    assert "minh" not in done.suspended
