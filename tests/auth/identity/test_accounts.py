"""Accounts from being made to being revoked, and who may do what to whose."""

from datetime import date

import pytest

from auth.credentials import passwords
from auth.model import AccountKind, AccountState, UnitKind
from auth.people import accounts, first_admins, handovers, positions, states, units
from auth.people.accounts import NewAccount
from auth.people.proposals import Act
from auth.people.units import NewUnit
from core.errors import BadRequest, Conflict, Forbidden, NotFound

ISSUED, MUST_CHANGE, ACTIVE, SUSPENDED, REVOKED = AccountState

TRANSITIONS = {
    ("hand_over", ISSUED): MUST_CHANGE,
    ("reset", MUST_CHANGE): MUST_CHANGE,
    ("reset", ACTIVE): MUST_CHANGE,
    ("change_password", MUST_CHANGE): ACTIVE,
    ("change_password", ACTIVE): ACTIVE,
    ("expire", ACTIVE): MUST_CHANGE,
    ("suspend", ISSUED): SUSPENDED,
    ("suspend", MUST_CHANGE): SUSPENDED,
    ("suspend", ACTIVE): SUSPENDED,
    ("resume", SUSPENDED): ACTIVE,
    ("revoke", ISSUED): REVOKED,
    ("revoke", MUST_CHANGE): REVOKED,
    ("revoke", ACTIVE): REVOKED,
    ("revoke", SUSPENDED): REVOKED,
}
"""Every transition that there is; every other act is refused in that state."""
ACTS = ("hand_over", "reset", "change_password", "expire", "suspend", "resume", "revoke")


NAMED = {
    each.__name__: each
    for each in (
        handovers.hand_over,
        handovers.reset,
        handovers.reset_totp,
        states.suspend,
        states.resume,
        states.revoke,
    )
}


def bring(people, state):
    """Bring Lan, who is active, into a state."""
    if state is ISSUED:
        return "minh"
    if state is MUST_CHANGE:
        people.new_key = handovers.reset(people.connection, people.head, "lan", clock=people.clock)
    if state is SUSPENDED:
        states.suspend(people.connection, people.head, "lan", clock=people.clock)
    if state is REVOKED:
        states.revoke(people.connection, people.head, "lan", clock=people.clock)
    return "lan"


def act(people, name, code):
    connection, head, clock = people.connection, people.head, people.clock
    match name:
        case "hand_over":
            handovers.hand_over(connection, head, code, to_person="Lan", clock=clock)
        case "change_password":
            current = people.good if people.account(code).password_until else getattr(people, "new_key", "")
            passwords.change_password(connection, people.id(code), current=current, new="Suối&đá 77 hòn", clock=clock)
        case "expire":
            if not states.expire_password(connection, people.id(code), now=people.at(days=100).now()):
                raise Conflict
        case _:
            NAMED[name](connection, head, code, clock=clock)


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("name", ACTS)
def test_an_act_leads_where_the_table_says_and_is_refused_elsewhere(people, name, state):
    code = bring(people, state)
    assert people.account(code).state is state

    if (name, state) in TRANSITIONS:
        act(people, name, code)
        assert people.account(code).state is TRANSITIONS[name, state]
    else:
        with pytest.raises(Conflict):
            act(people, name, code)
        assert people.account(code).state is state


def test_the_database_itself_lets_nobody_come_back_who_was_revoked(people):
    states.revoke(people.connection, people.head, "lan", clock=people.clock)

    with pytest.raises(Exception, match="does not go from revoked to active"):
        people.connection.execute("UPDATE acl.account SET state = 'active' WHERE code = 'lan'")


def test_a_suspended_account_comes_back_to_where_its_password_leaves_it(people):
    for code in ("lan", "minh"):
        states.suspend(people.connection, people.head, code, clock=people.clock)

    late = people.at(days=100)
    assert states.resume(people.connection, people.head, "lan", clock=late).state is MUST_CHANGE
    assert states.resume(people.connection, people.head, "minh", clock=people.clock).state is ISSUED


def test_a_suspended_account_whose_position_ends_later_is_resumed_until_that_day(people):
    states.suspend(people.connection, people.head, "lan", clock=people.clock)
    people.ask("UPDATE acl.account SET ends_on = '2025-07-04' WHERE code = 'lan'")

    assert states.resume(people.connection, people.head, "lan", clock=people.clock).state is ACTIVE

    states.suspend(people.connection, people.head, "lan", clock=people.clock)
    people.set_day(date(2025, 7, 4))
    with pytest.raises(Conflict, match="has ended"):
        states.resume(people.connection, people.head, "lan", clock=people.clock)


def test_what_the_so_suspended_the_head_does_not_resume(people):
    states.suspend(people.connection, people.admin, "lan", clock=people.clock)

    with pytest.raises(Forbidden):
        states.resume(people.connection, people.head, "lan", clock=people.clock)
    assert states.resume(people.connection, people.admin, "lan", clock=people.clock).state is ACTIVE


@pytest.mark.parametrize("name", ["hand_over", "reset", "suspend", "resume", "revoke"])
@pytest.mark.parametrize(
    ("actor", "code", "error"),
    [
        ("head", "truong", Forbidden),  # oneself
        ("admin", "qt1", Forbidden),  # oneself, for an admin too
        ("lan", "minh", Forbidden),  # no head
        ("other", "lan", NotFound),  # the head of another unit
        ("head", "qt1", NotFound),
        ("head", "nobody", NotFound),
    ],
)
def test_nobody_acts_on_themselves_nor_beyond_their_unit(people, name, actor, code, error):
    who = getattr(people, actor)
    more = {"to_person": "x"} if name == "hand_over" else {}

    with pytest.raises(error):
        NAMED[name](people.connection, who, code, clock=people.clock, **more)


def test_a_head_acts_on_no_other_head_of_the_unit(people):
    people.make("truong2", "xa", AccountKind.UNIT_HEAD)

    with pytest.raises(Forbidden):
        handovers.hand_over(people.connection, people.head, "truong2", to_person="x", clock=people.clock)


def test_the_so_resets_heads_and_heads_their_people(people):
    assert people.two(Act.RESET, "truong")
    assert handovers.reset(people.connection, people.head, "lan", clock=people.clock)


def test_a_reset_ends_the_password_and_every_session_and_token(people):
    people.give_token("lan")
    people.give_session("lan")

    code = handovers.reset(people.connection, people.head, "lan", clock=people.clock)

    assert people.alive("lan") == (0, 0)
    assert type(people.sign_in("lan")).__name__ == "Refused"
    assert people.sign_in("lan", code).must_change


def test_suspension_ends_sessions_and_tokens_and_has_the_rights_published_anew(people):
    people.give_token("lan")
    people.give_session("lan")
    people.settle()

    states.suspend(people.connection, people.head, "lan", clock=people.clock)

    assert people.alive("lan") == (0, 0)
    assert people.stale() == {people.id("lan")}
    assert type(people.sign_in("lan")).__name__ == "Refused"


def test_with_an_account_die_the_clients_that_it_made_and_their_tokens(people):
    people.make("may", "xa", AccountKind.MACHINE)
    people.ask(
        "INSERT INTO oauth.client (id, unit_id, name, made_by, account_id) "
        "SELECT 'ban-do', unit_id, 'Bản đồ', id, %s FROM acl.account WHERE code = 'lan'",
        people.id("may"),
    )
    people.give_token("lan")
    people.give_token("may", client="ban-do")
    others = people.give_token("truong")

    states.revoke(people.connection, people.head, "lan", clock=people.clock)

    assert people.ask("SELECT revoked_at FROM oauth.client WHERE id = 'ban-do'") == [(people.now,)]
    assert people.ask("SELECT hash FROM oauth.token WHERE revoked_at IS NULL") == [(others,)]


def test_the_last_two_admins_stay(people):
    people.make("truong-so", "so", AccountKind.UNIT_HEAD)
    people.activate("truong-so")
    states.revoke(people.connection, people.admin, "qt3", clock=people.clock)

    for name in ("revoke", "suspend"):
        with pytest.raises(Conflict):
            NAMED[name](people.connection, people.admin, "qt2", clock=people.clock)
    leave = people.propose(Act.POSITION, "qt2", position="Nghỉ", kind=AccountKind.INDIVIDUAL)
    with pytest.raises(Conflict):
        people.approve(leave.number, by=people.caller("truong-so"))


def test_the_first_admins_are_two_persons_and_made_once(connection, people):
    unit = NewUnit("so", "Sở", UnitKind.DEPARTMENT, people.today)
    same = [NewAccount(code, "so", AccountKind.SYSTEM_ADMIN, "Một người") for code in ("a1", "a2")]

    with pytest.raises(Conflict):
        first_admins.bootstrap(connection, same, unit=unit, clock=people.clock)
    people.ask("UPDATE acl.account SET kind = 'individual' WHERE kind = 'system_admin'")
    with pytest.raises(BadRequest):
        first_admins.bootstrap(connection, same, unit=unit, clock=people.clock)


def test_a_head_makes_accounts_within_the_allowance_of_the_unit(people):
    new = NewAccount("hoa", "xa", AccountKind.INDIVIDUAL, "Hoa")
    with pytest.raises(Conflict):
        accounts.create_account(people.connection, people.head, new, clock=people.clock)

    units.change_unit(people.connection, people.admin, "xa", allowance=1)
    made = accounts.create_account(people.connection, people.head, new, clock=people.clock)

    assert (made.state, made.of_allowance) == (ISSUED, True)
    with pytest.raises(Conflict):
        accounts.create_account(
            people.connection, people.head, NewAccount("hue", "xa", AccountKind.INDIVIDUAL, "Huệ"), clock=people.clock
        )
    states.revoke(people.connection, people.head, "hoa", clock=people.clock)
    accounts.create_account(
        people.connection, people.head, NewAccount("hue", "xa", AccountKind.INDIVIDUAL, "Huệ"), clock=people.clock
    )


@pytest.mark.parametrize(
    ("actor", "unit", "kind", "error"),
    [
        ("head", "xa", AccountKind.UNIT_HEAD, Forbidden),
        ("head", "xa", AccountKind.SYSTEM_ADMIN, Forbidden),
        ("head", "xa", AccountKind.MACHINE, Forbidden),
        ("head", "thue", AccountKind.INDIVIDUAL, NotFound),
        ("lan", "xa", AccountKind.INDIVIDUAL, Forbidden),
        ("admin", "xa", AccountKind.SYSTEM_ADMIN, BadRequest),
    ],
)
def test_accounts_beyond_the_actors_reach_are_not_made(people, actor, unit, kind, error):
    units.change_unit(people.connection, people.admin, "xa", allowance=9)

    with pytest.raises(error):
        accounts.create_account(
            people.connection, getattr(people, actor), NewAccount("moi", unit, kind, "Mới"), clock=people.clock
        )


def test_a_handover_is_on_record_with_who_to_whom_and_when(people):
    handovers.provide(people.connection, people.admin, "minh", to_person="Nguyễn Văn Trưởng", clock=people.clock)
    handed = handovers.hand_over(
        people.connection, people.head, "minh", to_person="Trần Minh", note="Biên bản 12", clock=people.clock
    )

    records = handovers.handovers_of(people.connection, people.head, "minh")

    assert [(r.kind, r.by, r.to_person, r.at) for r in records] == [
        ("provided", "qt1", "Nguyễn Văn Trưởng", people.now),
        ("handed_over", "truong", "Trần Minh", people.now),
    ]
    assert handed.record == records[1]
    assert handed.account.state is MUST_CHANGE


def test_an_activation_code_is_kept_as_a_hash_and_nowhere_on_record(people):
    handed = handovers.hand_over(people.connection, people.head, "minh", to_person="Minh", clock=people.clock)
    plain = handed.activation_code.replace("-", "")

    kept = people.ask("SELECT (SELECT string_agg(a::text, '') FROM acl.activation a), "
                      "(SELECT string_agg(a::text, '') FROM audit.act a)")  # fmt: skip

    assert len(plain) == 24
    assert all(handed.activation_code not in text and plain not in text for text in kept[0])


def test_a_changed_position_strips_the_functions_at_once(people):
    people.ask(
        "INSERT INTO acl.function (unit_id, code, name, valid_from) "
        "SELECT id, 'dia-chinh', 'Địa chính', '2025-01-01' FROM acl.unit WHERE code = 'xa'"
    )
    people.ask(
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) "
        "SELECT %s, id, d FROM acl.function, (VALUES (date '2025-07-02')) v (d)",
        people.id("lan"),
    )
    people.ask("UPDATE acl.account_function SET valid_from = '2025-01-01'")
    people.settle()

    positions.change_position(
        people.connection, people.head, "lan", position="Văn thư", day=people.today, clock=people.clock
    )

    assert people.ask("SELECT valid_until FROM acl.account_function") == [(people.today,)]
    assert people.account("lan").position == "Văn thư"
    assert people.stale() == {people.id("lan")}


def test_only_the_so_moves_a_person_to_another_unit_or_kind(people):
    for change in ({"unit": "thue"}, {"kind": AccountKind.UNIT_HEAD}):
        with pytest.raises(Forbidden):
            positions.change_position(
                people.connection, people.head, "lan", position="x", day=people.today, clock=people.clock, **change
            )

    people.give_token("lan")
    moved = positions.change_position(
        people.connection,
        people.admin,
        "lan",
        position="Cán bộ thuế",
        unit="thue",
        day=people.today,
        clock=people.clock,
    )

    assert moved.unit == "thue"
    assert people.alive("lan") == (0, 0)


def test_people_see_themselves_heads_their_unit_and_admins_all(people):
    def seen(actor):
        return {a.code for a in accounts.accounts_seen(people.connection, actor, limit=100)}

    assert seen(people.lan) == {"lan"}
    assert seen(people.head) == {"truong", "lan", "minh"}
    assert seen(people.admin) == {"qt1", "qt2", "qt3", "truong", "lan", "minh", "thu"}
    with pytest.raises(NotFound):
        accounts.account_seen(people.connection, people.other, "lan")
    with pytest.raises(Forbidden):
        accounts.account_seen(people.connection, people.lan, "minh")


def test_every_act_is_on_record(people):
    before = set(people.acts())

    states.suspend(people.connection, people.head, "lan", clock=people.clock)
    states.resume(people.connection, people.head, "lan", clock=people.clock)
    handovers.reset(people.connection, people.head, "lan", clock=people.clock)
    states.revoke(people.connection, people.head, "lan", clock=people.clock)

    assert set(people.acts()) - before == {
        (f"account.{act}", "account:lan") for act in ("suspend", "resume", "reset", "revoke")
    }


def test_the_login_of_the_server_and_the_publisher_read_no_secret(people):
    for login, table in (
        ("publisher", "password"),
        ("publisher", "totp"),
        ("auditor", "password"),
        ("auditor", "activation"),
        ("app", "password"),
        ("app", "account"),
    ):
        answer = people.ask("SELECT has_any_column_privilege(%s, %s, 'SELECT')", f"datdai_mau_{login}", f"acl.{table}")
        assert answer == [(False,)], (login, table)
