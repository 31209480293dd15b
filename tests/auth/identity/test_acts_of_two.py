"""What gives control of an admin, a head or an officer of the Sở: never one person alone."""

from datetime import timedelta

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege, RestrictViolation

from auth import notices
from auth.credentials import totp
from auth.model import AccountKind, AccountState, Function, Period
from auth.people import accounts, functions, handovers, outside, positions, proposals, states
from auth.people.accounts import NewAccount
from auth.people.positions import NewPosition
from auth.people.proposals import Act, Arguments, Means, NewProposal, State
from auth.people.sign_in import NeedsTotp, Refused, SignedIn
from auth.standing import SHARING, is_one_person
from core.errors import BadRequest, Conflict, Forbidden, NotFound

HEAD, ADMIN, PERSON = AccountKind.UNIT_HEAD, AccountKind.SYSTEM_ADMIN, AccountKind.INDIVIDUAL
ISSUER = "https://sso.example"


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


@pytest.fixture
def department(people):
    """The people, with a head of the Sở, and one of its people who prepares agreements."""
    people.make("gd", "so", HEAD)
    people.make("vien", "so")
    people.activate("gd", "vien")
    functions.define_function(
        people.connection, people.admin, "so", Function(SHARING, "Chia sẻ dữ liệu", Period(people.today)), layers=()
    )
    first, second = people.two(Act.GIVE_FUNCTION, "vien", function=SHARING).split()
    people.set_password("vien", first + second, "Núi-xanh 4 mùa")
    return people


def control_of(people, code) -> list[tuple]:
    """All by which an account is entered, and what it may govern."""
    return people.ask(
        "SELECT a.kind, a.unit_id, a.person, a.password_until, a.state IN ('must_change', 'active'), "
        "(SELECT array_agg(p.hash ORDER BY p.id) FROM acl.password p WHERE p.account_id = a.id), "
        "(SELECT array_agg(c::text) FROM acl.activation c WHERE c.account_id = a.id), "
        "(SELECT array_agg(t.account_id) FROM acl.totp t WHERE t.account_id = a.id), "
        "(SELECT array_agg(o.subject) FROM oauth.outside_subject o WHERE o.account_id = a.id), "
        "(SELECT array_agg(f.function_id) FROM acl.account_function f WHERE f.account_id = a.id) "
        "FROM acl.account a WHERE a.code = %s",
        code,
    )


# What one alone is refused


def alone(people, name: str, code: str) -> None:
    connection, admin, clock, day = people.connection, people.admin, people.clock, people.today
    match name:
        case "create head":
            accounts.create_account(connection, admin, NewAccount("moi", "xa", HEAD, "Mới"), clock=clock)
        case "create admin":
            accounts.create_account(connection, admin, NewAccount("moi", "so", ADMIN, "Mới"), clock=clock)
        case "hand_over":
            handovers.hand_over(connection, admin, code, to_person="Tôi", clock=clock)
        case "reset" | "reset_totp" | "resume":
            NAMED[name](connection, admin, code, clock=clock)
        case "to another unit":
            positions.change_position(connection, admin, code, position="x", unit="thue", day=day, clock=clock)
        case "to an ordinary one":
            positions.change_position(connection, admin, code, position="x", kind=PERSON, day=day, clock=clock)
        case "promote to head" | "promote to admin":
            kind = HEAD if name == "promote to head" else ADMIN
            positions.change_position(connection, admin, code, position="x", kind=kind, day=day, clock=clock)
        case "link":
            outside.link(connection, admin, code, issuer=ISSUER, subject="toi", now=clock.now())
        case _:
            functions.give_function(connection, admin, code, SHARING, layers=(), day=day)


ALONE = [
    ("create head", "-"),
    ("create admin", "-"),
    *((act, code) for act in ("reset", "reset_totp", "link") for code in ("truong", "gd", "qt2", "vien")),
    *((act, code) for act in ("to another unit", "to an ordinary one") for code in ("truong", "gd", "qt2")),
    *((act, "moi-truong") for act in ("hand_over", "link")),
    *(("resume", code) for code in ("thu-2", "vien-2")),
    *((act, code) for act in ("promote to head", "promote to admin") for code in ("vien", "thuong")),
    ("give_function", "thuong"),
]


@pytest.mark.parametrize(("act", "code"), ALONE)
def test_one_admin_alone_is_refused_whatever_gives_control_and_nothing_changes(department, act, code):
    people = department
    for each in ("truong", "vien"):
        people.enrol(each)
    people.make("moi-truong", "xa", HEAD)
    people.make("thuong", "so")
    people.activate("thuong")
    if act == "resume":
        code = {"thu-2": "thu", "vien-2": "vien"}[code]
        states.suspend(people.connection, people.admin, code, clock=people.clock)
    before, acts = control_of(people, code), people.acts()

    with pytest.raises(Forbidden, match="takes two persons"):
        alone(people, act, code)

    assert (control_of(people, code), people.acts()) == (before, acts)


def test_what_takes_control_away_one_does_alone_and_at_once(department):
    people = department
    with people.connection.transaction():
        outside.link(people.connection, people.caller("truong"), "truong", issuer=ISSUER, subject="t", now=people.now)

    outside.unlink(people.connection, people.admin, "truong", issuer=ISSUER)
    functions.strip_function(people.connection, people.admin, "vien", SHARING, day=people.today)
    states.suspend(people.connection, people.admin, "gd", clock=people.clock)
    states.revoke(people.connection, people.admin, "truong", clock=people.clock)

    assert people.account("truong").state is AccountState.REVOKED


def test_heads_alone_hold_keys_of_their_people_and_the_department_by_two(people):
    with pytest.raises(Forbidden, match="two persons"):
        handovers.reset(people.connection, people.admin, "lan", clock=people.clock)

    assert handovers.reset(people.connection, people.head, "lan", clock=people.clock)
    assert people.sign_in("lan", people.two(Act.RESET, "lan")).must_change


def test_what_gives_nobody_a_key_of_an_ordinary_account_is_a_matter_of_one(people):
    states.suspend(people.connection, people.admin, "lan", clock=people.clock)

    with pytest.raises(Conflict, match="One person may do this alone"):
        people.propose(Act.RESUME, "lan")
    assert states.resume(people.connection, people.admin, "lan", clock=people.clock)


# What two do


def test_a_head_is_made_and_handed_over_by_two_and_activated_by_both_halves(people):
    people.two(Act.CREATE, "moi", unit="xa", kind=HEAD, person="Người mới", position="Chủ tịch")

    first, second = people.two(Act.HAND_OVER, "moi", to_person="Người mới", note="BB 3").split()

    assert people.account("moi").state is AccountState.MUST_CHANGE
    for each in (first, second, first + first, second + second, first[:-1] + second):
        assert isinstance(people.sign_in("moi", each), Refused)
    people.ask("DELETE FROM acl.sign_in_failure")
    assert people.sign_in("moi", f"{second} {first}".lower()).must_change
    people.set_password("moi", first + second)
    assert isinstance(people.sign_in("moi", first + second), Refused)


def test_neither_half_is_kept_and_the_code_is_good_for_nothing_until_both_are_there(people):
    number = people.propose(Act.RESET, "truong").number
    second = people.approve(number).half

    assert people.ask("SELECT hash, first_half FROM acl.activation WHERE account_id = %s", people.id("truong")) == [
        (None, None)
    ]
    assert isinstance(people.sign_in("truong", second), Refused)
    first = proposals.take_half(people.connection, people.admin, number, clock=people.clock)
    kept = people.ask("SELECT (SELECT string_agg(a::text, '') FROM acl.activation a), "
                      "(SELECT string_agg(a::text, '') FROM audit.act a), "
                      "(SELECT string_agg(p::text, '') FROM acl.proposal p)")  # fmt: skip
    assert all(half not in text and half.replace("-", "") not in text for half in (first, second) for text in kept[0])
    assert people.sign_in("truong", first + second).must_change


def test_the_proposer_fetches_the_half_once_and_nobody_else_does(people):
    number = people.propose(Act.RESET, "truong").number
    with pytest.raises(Conflict, match="no half"):
        proposals.take_half(people.connection, people.admin, number, clock=people.clock)
    people.approve(number)

    for other in (people.second, people.third, people.head):
        with pytest.raises(Forbidden):
            proposals.take_half(people.connection, other, number, clock=people.clock)
    with pytest.raises(NotFound):
        proposals.take_half(people.connection, people.lan, number, clock=people.clock)
    assert proposals.take_half(people.connection, people.admin, number, clock=people.clock)
    with pytest.raises(Conflict, match="no half"):
        proposals.take_half(people.connection, people.admin, number, clock=people.clock)


def test_the_code_of_two_is_good_for_a_day_like_every_other(people):
    number = people.propose(Act.RESET, "truong").number
    second = people.approve(number).half

    with pytest.raises(Conflict):
        proposals.take_half(people.connection, people.admin, number, clock=people.at(hours=24))
    first = proposals.take_half(people.connection, people.admin, number, clock=people.at(hours=23))
    assert isinstance(people.sign_in("truong", first + second, clock=people.at(hours=24)), Refused)


def test_a_reset_by_two_ends_the_password_sessions_and_tokens_when_it_is_approved_and_not_before(people):
    people.give_token("truong")
    people.give_session("truong")

    number = people.propose(Act.RESET, "truong").number
    before = people.alive("truong")
    people.approve(number)

    assert (before, people.alive("truong")) == ((1, 1), (0, 0))


def test_the_second_factor_of_an_admin_is_taken_by_two(people):
    people.enrol("qt3")

    people.two(Act.RESET_TOTP, "qt3")

    assert people.ask("SELECT count(*) FROM acl.totp") == [(0,)]


def test_a_suspended_head_comes_back_by_two(people):
    states.suspend(people.connection, people.admin, "truong", clock=people.clock)

    people.two(Act.RESUME, "truong")

    assert people.account("truong").state is AccountState.ACTIVE


def test_a_head_is_linked_by_two_or_by_the_owner(people):
    people.two(Act.LINK, "truong", issuer=ISSUER, subject="t")
    outside.link(people.connection, people.other, "thu", issuer=ISSUER, subject="h", now=people.now)

    assert outside.account_of(people.connection, ISSUER, "t") == people.id("truong")
    assert outside.account_of(people.connection, ISSUER, "h") == people.id("thu")


def entered(people, code) -> None:
    """Give an account everything by which it can be entered."""
    people.enrol(code)
    people.give_token(code)
    people.give_session(code)
    people.two(Act.LINK, code, issuer=ISSUER, subject=f"{code}-cua-toi")


@pytest.mark.parametrize("kind", [HEAD, ADMIN])
def test_who_becomes_an_admin_or_a_head_keeps_nothing_that_one_person_may_know(department, kind):
    people = department
    people.make("thuong", "so")
    people.activate("thuong")
    entered(people, "thuong")

    halves = people.two(Act.POSITION, "thuong", position="Lên chức", kind=kind)

    account = people.account("thuong")
    assert (account.kind, account.state, account.password_until) == (kind, AccountState.MUST_CHANGE, None)
    assert people.alive("thuong") == (0, 0)
    assert people.ask("SELECT count(*) FROM acl.totp WHERE account_id = %s", account.id) == [(0,)]
    assert outside.account_of(people.connection, ISSUER, "thuong-cua-toi") is None
    assert isinstance(people.sign_in("thuong"), Refused)
    assert people.sign_in("thuong", halves).must_change


def test_who_becomes_an_officer_keeps_nothing_that_one_person_may_know(department):
    people = department
    people.make("thuong", "so")
    people.activate("thuong")
    entered(people, "thuong")

    halves = people.two(Act.GIVE_FUNCTION, "thuong", function=SHARING)

    assert people.account("thuong").password_until is None
    assert people.alive("thuong") == (0, 0)
    assert isinstance(people.sign_in("thuong"), Refused)
    assert people.sign_in("thuong", halves).must_change


def test_an_outstanding_code_of_one_piece_does_not_outlive_a_promotion(people):
    code = handovers.hand_over(
        people.connection, people.head, "minh", to_person="Minh", clock=people.clock
    ).activation_code

    halves = people.two(Act.POSITION, "minh", position="Phó chủ tịch", kind=HEAD)

    assert isinstance(people.sign_in("minh", code), Refused)
    assert people.sign_in("minh", halves).must_change


def test_who_was_never_handed_over_is_promoted_as_it_is_and_handed_over_by_two(people):
    assert people.two(Act.POSITION, "minh", position="Phó chủ tịch", kind=HEAD) == ""
    assert people.account("minh").state is AccountState.ISSUED
    assert people.two(Act.HAND_OVER, "minh", to_person="Minh")


def test_a_head_who_moves_keeps_the_password_and_one_who_steps_down_is_ordinary(people):
    assert people.two(Act.POSITION, "truong", position="Cục trưởng", unit="thue") == ""
    assert isinstance(people.sign_in("truong"), SignedIn | NeedsTotp)
    people.two(Act.POSITION, "truong", position="Chuyên viên", kind=PERSON)

    assert handovers.reset(people.connection, people.other, "truong", clock=people.clock)


def test_a_suspended_account_is_not_promoted(people):
    states.suspend(people.connection, people.head, "lan", clock=people.clock)
    number = people.propose(Act.POSITION, "lan", position="x", kind=HEAD).number

    with pytest.raises(Conflict):
        people.approve(number)


# Who proposes and approves


def test_who_proposed_does_not_approve(people):
    number = people.propose(Act.RESET, "truong").number

    with pytest.raises(Forbidden, match="A second officer decides"):
        people.approve(number, by=people.admin)
    with pytest.raises(Forbidden, match="A second officer decides"):
        proposals.refuse(people.connection, people.admin, number, reason="x", clock=people.clock)


def test_whose_account_it_is_neither_proposes_nor_approves(people):
    with pytest.raises(Forbidden, match="own account"):
        people.propose(Act.RESET, "qt1")
    number = people.propose(Act.RESET, "qt2").number
    with pytest.raises(Forbidden, match="own account"):
        people.approve(number, by=people.second)
    assert people.approve(number, by=people.third).half


def test_who_is_one_person_has_one_meaning_without_an_account_too(people):
    admin, second = people.id("qt1"), people.id("qt2")

    found = {each: is_one_person(people.connection, *each) for each in
             [(admin, admin), (admin, second), (None, second), (admin, None), (None, None)]}  # fmt: skip

    assert found == {
        (admin, admin): True, (admin, second): False,
        (None, second): True,  # nobody says whose it is: it may be theirs
        (admin, None): False, (None, None): False,  # the operator's act is no other person's of the service
    }  # fmt: skip


def test_one_person_with_two_accounts_is_one_person(people):
    people.ask("UPDATE acl.account SET person = 'Trần Một' WHERE code IN ('qt1', 'qt2')")
    people.ask("UPDATE acl.account SET person = 'QUẢN TRỊ 3' WHERE code = 'truong'")
    number = people.propose(Act.RESET, "thu").number

    with pytest.raises(Forbidden, match="A second officer"):
        people.approve(number, by=people.second)
    with pytest.raises(Forbidden, match="own account"):
        people.approve(people.propose(Act.RESET, "truong").number, by=people.third)
    people.ask("UPDATE acl.account SET person_code = code WHERE code IN ('qt1', 'qt2')")
    assert people.approve(number, by=people.second).half


def test_the_head_of_the_so_proposes_and_approves_with_an_admin_and_no_other_head_does(department):
    people = department
    director = people.caller("gd")

    assert people.approve(people.propose(Act.RESET, "truong").number, by=director).half
    number = people.propose(Act.RESET, "thu", by=director).number
    assert people.approve(number, by=people.second).half
    for other in (people.head, people.lan, people.caller("vien")):
        with pytest.raises(Forbidden):
            people.propose(Act.RESET, "thu", by=other)
        with pytest.raises(Forbidden):
            people.approve(people.propose(Act.RESET, "qt3").number, by=other)


def test_two_heads_of_the_so_without_an_admin_do_nothing(department):
    people = department
    people.make("pgd", "so", HEAD)
    people.activate("pgd")
    number = people.propose(Act.RESET, "truong", by=people.caller("gd")).number

    with pytest.raises(Forbidden), people.connection.transaction():
        people.approve(number, by=people.caller("pgd"))
    assert people.ask("SELECT count(*) FROM acl.activation WHERE account_id = %s", people.id("truong")) == [(0,)]


@pytest.mark.parametrize("state", ["issued", "must_change", "suspended", "revoked"])
def test_only_an_account_in_use_proposes_and_approves(people, state):
    first, second = (
        people.propose(Act.RESET, "truong").number,
        people.propose(Act.RESET, "thu", by=people.second).number,
    )
    people.ask("ALTER TABLE acl.account DISABLE TRIGGER giu_tai_khoan")
    people.ask("UPDATE acl.account SET state = %s, suspended_for = %s WHERE code = 'qt2'",
               state, "so" if state == "suspended" else None)  # fmt: skip
    people.ask("ALTER TABLE acl.account ENABLE TRIGGER giu_tai_khoan")

    with pytest.raises(Forbidden):
        people.propose(Act.RESET, "truong", by=people.second)
    with pytest.raises(Forbidden):
        people.approve(first, by=people.second)
    with pytest.raises(Conflict, match="may not act any more"):
        people.approve(second, by=people.admin)


# The life of a proposal


def test_a_proposal_changes_nothing_but_that_it_is_there(people):
    before, account = control_of(people, "truong"), people.account("truong")

    made = people.propose(Act.RESET, "truong")

    assert (made.state, made.proposed_by, made.expires_at) == (State.PROPOSED, "qt1", people.now + timedelta(days=5))
    assert (control_of(people, "truong"), people.account("truong")) == (before, account)


def test_a_proposal_may_be_approved_for_five_days(people):
    first, second = (people.propose(Act.RESET, code).number for code in ("truong", "thu"))

    assert people.approve(first, clock=people.at(days=5, seconds=-1)).half
    with pytest.raises(Conflict, match="expired"):
        people.approve(second, clock=people.at(days=5))
    shown = proposals.proposals_seen(people.connection, people.admin, now=people.at(days=5).now(), limit=99)
    assert [each.state for each in shown if each.number in {first, second}] == [State.APPROVED, State.EXPIRED]
    assert proposals.proposals_seen(
        people.connection, people.admin, now=people.at(days=5).now(), limit=99, is_open=True
    ) == []  # fmt: skip


@pytest.mark.parametrize("how", ["approve", "refuse", "withdraw"])
def test_what_was_decided_is_decided(people, how):
    number = people.propose(Act.RESET, "truong").number
    match how:
        case "approve":
            people.approve(number)
        case "refuse":
            proposals.refuse(people.connection, people.second, number, reason="Không", clock=people.clock)
        case _:
            proposals.withdraw(people.connection, people.admin, number, clock=people.clock)

    for act in (
        lambda: people.approve(number, by=people.third),
        lambda: proposals.refuse(people.connection, people.third, number, reason="x", clock=people.clock),
        lambda: proposals.withdraw(people.connection, people.admin, number, clock=people.clock),
    ):
        with pytest.raises(Conflict, match="decided before"):
            act()


def test_only_who_proposed_withdraws(people):
    number = people.propose(Act.RESET, "truong").number

    with pytest.raises(Forbidden):
        proposals.withdraw(people.connection, people.second, number, clock=people.clock)


def test_what_does_not_fit_any_more_is_refused_at_the_approval_and_stays_open(people):
    number = people.propose(Act.RESET, "truong").number
    states.suspend(people.connection, people.third, "truong", clock=people.clock)

    with pytest.raises(Conflict), people.connection.transaction():
        people.approve(number)

    assert people.ask("SELECT state FROM acl.proposal WHERE id = %s", number) == [("proposed",)]


@pytest.mark.parametrize(
    ("act", "code", "given", "error"),
    [
        (Act.RESET, "khong", {}, NotFound),
        (Act.CREATE, "moi", {"unit": "khong", "kind": HEAD, "person": "A"}, NotFound),
        (Act.CREATE, "lan", {"unit": "xa", "kind": HEAD, "person": "A"}, Conflict),
        (Act.CREATE, "moi", {"unit": "xa", "kind": PERSON, "person": "A"}, Conflict),
        (Act.CREATE, "moi", {"unit": "xa", "kind": HEAD}, BadRequest),
        (Act.HAND_OVER, "truong", {}, BadRequest),
        (Act.RESET, "truong", {"unit": "xa"}, BadRequest),
        (Act.POSITION, "truong", {"position": "Vẫn thế"}, Conflict),
        (Act.GIVE_FUNCTION, "lan", {"function": SHARING}, Conflict),
    ],
)
def test_what_cannot_be_proposed_is_refused(people, act, code, given, error):
    with pytest.raises(error):
        people.propose(act, code, **given)


def test_both_persons_are_on_record_with_what_was_done(people):
    before = len(people.ask("SELECT id FROM audit.act"))

    people.two(Act.RESET, "truong")

    rows = people.ask("SELECT account, act, about FROM audit.act ORDER BY id OFFSET %s", before)
    assert rows == [
        ("qt1", "account.propose", "account:truong"),
        ("qt2", "account.approve", "account:truong"),
        ("qt1", "account.reset", "account:truong"),
        ("qt1", "account.take_half", "account:truong"),
    ]


def test_the_admins_the_head_of_the_so_the_head_of_the_unit_and_the_owner_are_told(department):
    people = department
    people.two(Act.RESET, "thu")

    def told(actor):
        seen = notices.notices_seen(people.connection, actor, limit=999)
        return [(each.kind.value, each.act, each.by) for each in seen if each.account == "thu"][-2:]

    both = [("act_proposed", "reset", "qt1"), ("act_done", "reset", "qt1")]
    for actor in (people.admin, people.second, people.third, people.caller("gd"), people.other):
        assert told(actor) == both
    assert told(people.head) == []
    assert told(people.lan) == []


def test_a_proposal_is_known_to_the_so_the_unit_and_the_owner(people):
    number = people.propose(Act.RESET, "truong").number

    for actor in (people.admin, people.third, people.head):
        assert proposals.proposal_seen(people.connection, actor, number, now=people.now).account == "truong"
    for actor in (people.other, people.lan):
        with pytest.raises(NotFound):
            proposals.proposal_seen(people.connection, actor, number, now=people.now)


def test_the_operator_alone_needs_the_login_that_owns_the_database(people):
    new, means = NewProposal(Act.RESET, "truong", "Mất điện", Arguments()), Means(people.clock, people.today, ())

    with pytest.raises(Forbidden, match="at the machine"):
        proposals.do_alone(people.connection, people.admin, new, means=means)
    people.connection.execute("RESET SESSION AUTHORIZATION")
    done = proposals.do_alone(people.connection, people.admin, new, means=means)

    assert people.sign_in("truong", done.activation_code).must_change
    assert ("account.alone", "account:truong") in people.acts()


# What PostgreSQL refuses by itself, whatever the application forgets

SET = "UPDATE acl.account SET"
GUARDS = {
    "an admin is made": "INSERT INTO acl.account (code, unit_id, kind, person) "
    "SELECT 'moi', id, 'system_admin', 'M' FROM acl.unit WHERE code = 'so'",
    "a head is made": "INSERT INTO acl.account (code, unit_id, kind, person) "
    "SELECT 'moi', id, 'unit_head', 'M' FROM acl.unit WHERE code = 'xa'",
    "an ordinary one becomes a head": f"{SET} kind = 'unit_head' WHERE code = 'minh'",
    "an ordinary one becomes an admin": f"{SET} kind = 'system_admin' WHERE code = 'thuong'",
    "a head steps down": f"{SET} kind = 'individual' WHERE code = 'truong'",
    "a head moves": f"{SET} unit_id = (SELECT id FROM acl.unit WHERE code = 'thue') WHERE code = 'truong'",
    "a head is handed over": f"{SET} state = 'must_change' WHERE code = 'moi-truong'",
    "a head is resumed": f"{SET} state = 'active', suspended_for = NULL WHERE code = 'thu'",
    "a head is prolonged": f"{SET} ends_on = NULL WHERE code = 'het-han'",
    "a head has a code of one piece": "INSERT INTO acl.activation (account_id, whole, expires_at) "
    "SELECT id, repeat('a', 64), now() FROM acl.account WHERE code = 'truong'",
    "an officer has a code of one piece": "INSERT INTO acl.activation (account_id, whole, expires_at) "
    "SELECT id, repeat('a', 64), now() FROM acl.account WHERE code = 'vien'",
    "a head has a code of an old proposal": "INSERT INTO acl.activation "
    "(account_id, second_half, second_by, proposal_id, expires_at) "
    "SELECT a.id, repeat('a', 64), p.decided_by, p.id, now() "
    "FROM acl.account a JOIN acl.proposal p ON p.account = a.code AND p.act = 'hand_over' WHERE a.code = 'truong'",
    "a head has a code of another's proposal": "INSERT INTO acl.activation "
    "(account_id, second_half, second_by, proposal_id, expires_at) "
    "SELECT a.id, repeat('a', 64), p.decided_by, p.id, now() "
    "FROM acl.account a, acl.proposal p WHERE p.account = 'thu' AND p.act = 'hand_over' AND a.code = 'truong'",
    "the half of the approver is replaced": "UPDATE acl.activation SET second_half = repeat('a', 64)",
    "the half of the proposer is replaced": "UPDATE acl.activation SET first_half = repeat('a', 64) "
    "WHERE account_id = (SELECT id FROM acl.account WHERE code = 'qt3')",
    "the half of the proposer is another's": "UPDATE acl.activation SET first_half = repeat('a', 64), "
    "first_by = (SELECT id FROM acl.account WHERE code = 'qt3') "
    "WHERE account_id = (SELECT id FROM acl.account WHERE code = 'cho')",
    "the function of sharing is given": "INSERT INTO acl.account_function (account_id, function_id, valid_from) "
    "SELECT a.id, f.id, '2025-07-01' FROM acl.account a, acl.function f "
    "WHERE a.code = 'thuong' AND f.code = 'chia-se-du-lieu'",
    "the function of sharing is prolonged": "UPDATE acl.account_function SET valid_until = NULL",
    "the second factor of a head becomes another one": "UPDATE acl.totp SET sealed = 'x'::bytea "
    "WHERE account_id = (SELECT id FROM acl.account WHERE code = 'truong')",
    "the second factor of a head is taken": "DELETE FROM acl.totp "
    "WHERE account_id = (SELECT id FROM acl.account WHERE code = 'truong')",
    "somebody else is linked to a head": "INSERT INTO oauth.outside_subject "
    "(issuer, subject, account_id, linked_by, linked_at) SELECT 'i', 's', a.id, b.id, now() "
    "FROM acl.account a, acl.account b WHERE a.code = 'truong' AND b.code = 'qt1'",
    "a proposal is approved by who proposed it": "UPDATE acl.proposal SET state = 'approved', "
    "decided_by = proposed_by, decided_at = proposed_at WHERE state = 'proposed'",
    "a proposal is approved by the owner": "UPDATE acl.proposal SET state = 'approved', decided_at = proposed_at, "
    "decided_by = (SELECT id FROM acl.account WHERE code = 'qt2') WHERE state = 'proposed'",
    "a proposal is approved by a head of a unit": "UPDATE acl.proposal SET state = 'approved', "
    "decided_at = proposed_at, decided_by = (SELECT id FROM acl.account WHERE code = 'truong') "
    "WHERE state = 'proposed'",
    "a proposal is made by a head of a unit": "INSERT INTO acl.proposal "
    "(act, account, unit_id, arguments, reason, proposed_by, proposed_at, expires_at) "
    "SELECT 'reset', 'qt1', unit_id, '{}', 'x', id, now(), now() + interval '1 day' "
    "FROM acl.account WHERE code = 'truong'",
    "a unit becomes the Sở": "UPDATE acl.unit SET kind = 'so' WHERE code = 'xa'",
    "a person becomes another one": f"{SET} person = 'Khác' WHERE code = 'truong'",
    "a proposal is forgotten": "DELETE FROM acl.proposal",
    "a proposal says something else": "UPDATE acl.proposal SET account = 'qt1'",
    "who wrote the transaction is written": "UPDATE acl.proposal SET decided_in = '1'",
}


def in_another_transaction(people) -> None:
    """Let it be as if all that was approved had been so in an earlier transaction."""
    people.ask("ALTER TABLE acl.proposal DISABLE TRIGGER giu_de_xuat")
    people.ask("UPDATE acl.proposal SET decided_in = '3' WHERE state = 'approved'")
    people.ask("ALTER TABLE acl.proposal ENABLE TRIGGER giu_de_xuat")


@pytest.fixture
def guarded(department):
    """All that the guards are about: ordinary, waiting, suspended and ending accounts, codes and open proposals."""
    people = department
    people.make("moi-truong", "xa", HEAD)
    people.make("thuong", "so")
    people.make("cho", "xa", HEAD)
    people.make("het-han", "xa", HEAD)
    people.activate("thuong", "minh")
    people.enrol("truong")
    people.approve(people.propose(Act.HAND_OVER, "cho", to_person="Chờ").number)
    people.two(Act.RESET, "qt3")
    positions.set_ends_on(people.connection, people.id("het-han"), people.today)
    functions.strip_function(people.connection, people.admin, "vien", SHARING, day=people.today + timedelta(days=1))
    states.suspend(people.connection, people.admin, "thu", clock=people.clock)
    people.propose(Act.RESET, "qt2")
    in_another_transaction(people)
    return people


@pytest.mark.parametrize("what", GUARDS)
def test_the_login_of_the_server_is_held_to_it_by_postgresql(guarded, what):
    with pytest.raises(InsufficientPrivilege):
        guarded.connection.execute(GUARDS[what].encode())


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("UPDATE acl.proposal SET decided_at = expires_at WHERE state = 'approved'", RestrictViolation),
        ("UPDATE acl.proposal SET state = 'approved', decided_at = expires_at, decided_by = "
         "(SELECT id FROM acl.account WHERE code = 'gd') WHERE state = 'proposed'", CheckViolation),
        ("UPDATE acl.proposal SET state = 'withdrawn', decided_at = proposed_at, decided_by = "
         "(SELECT id FROM acl.account WHERE code = 'gd') WHERE state = 'proposed'", CheckViolation),
        ("INSERT INTO acl.proposal "
            "(act, account, unit_id, arguments, reason, state, proposed_by, proposed_at, expires_at) "
         "SELECT 'reset', 'truong', unit_id, '{}', 'x', 'alone', id, now(), now() + interval '1 day' "
         "FROM acl.account WHERE code = 'qt1'", RestrictViolation),
        ("INSERT INTO acl.proposal (act, account, unit_id, arguments, reason, proposed_by, proposed_at, expires_at) "
         "SELECT 'reset', 'truong', unit_id, '{}', 'x', id, now(), now() + interval '6 days' "
         "FROM acl.account WHERE code = 'qt1'", CheckViolation),
    ],
)  # fmt: skip
def test_a_proposal_keeps_its_order(guarded, query, error):
    with pytest.raises(error):
        guarded.connection.execute(query.encode())


def test_what_was_approved_in_one_transaction_opens_nothing_in_the_next(people):
    number = people.propose(Act.POSITION, "truong", position="x", kind=PERSON).number
    people.connection.execute(
        "UPDATE acl.proposal SET state = 'approved', decided_by = %s, decided_at = proposed_at WHERE id = %s",
        [people.second.account_id, number],
    )
    people.connection.execute("SAVEPOINT here")
    people.connection.execute("UPDATE acl.account SET kind = 'individual' WHERE code = 'truong'")
    people.connection.execute("ROLLBACK TO here")
    in_another_transaction(people)

    with pytest.raises(InsufficientPrivilege, match="one person alone"):
        people.connection.execute("UPDATE acl.account SET kind = 'individual' WHERE code = 'truong'")


@pytest.mark.parametrize("left", ["password", "totp", "totp begun", "link", "session", "token", "code"])
def test_no_key_of_before_outlives_a_promotion_even_if_the_application_forgets_it(people, left):
    people.make("thuong")
    if left == "password":
        people.activate("thuong")
    if left == "totp":
        people.enrol("thuong")
    if left == "totp begun":
        totp.enrol(people.connection, people.id("thuong"), account="thuong", key=people.key, now=people.now)
    if left == "link":
        people.two(Act.LINK, "thuong", issuer=ISSUER, subject="x")
    if left == "session":
        people.give_session("thuong")
    if left == "token":
        people.give_token("thuong")
    if left == "code":
        handovers.hand_over(people.connection, people.head, "thuong", to_person="x", clock=people.clock)
    for table in ("session", "token"):
        people.ask(f"UPDATE oauth.{table} SET expires_at = 'infinity'")  # the guard goes by the clock of the database
    number = people.propose(Act.POSITION, "thuong", position="x", kind=HEAD).number
    people.connection.execute(
        "UPDATE acl.proposal SET state = 'approved', decided_by = %s, decided_at = proposed_at WHERE id = %s",
        [people.second.account_id, number],
    )

    with pytest.raises(InsufficientPrivilege, match="keep the key of"):
        people.connection.execute("UPDATE acl.account SET kind = 'unit_head' WHERE code = 'thuong'")


def test_the_guards_do_not_bind_the_operator(people):
    people.ask("UPDATE acl.account SET kind = 'individual' WHERE code = 'truong'")

    assert people.account("truong").kind is PERSON


def approver_is_shown(people, number: int) -> Arguments:
    return proposals.proposal_seen(people.connection, people.second, number, now=people.now).arguments


def test_a_position_is_proposed_with_the_unit_and_the_kind_that_it_will_have(people):
    number = people.propose(Act.POSITION, "lan", position="Trưởng phòng", kind=HEAD).number

    shown = approver_is_shown(people, number)

    assert (shown.unit, shown.kind, shown.position) == ("xa", HEAD, "Trưởng phòng")


def test_an_account_that_moved_after_it_was_proposed_is_not_made_the_head_of_where_it_moved(people):
    number = people.propose(Act.POSITION, "lan", position="Trưởng", kind=HEAD).number
    positions.move(people.connection, people.admin, "lan", NewPosition("Chuyên viên", "thue"), day=people.today,
                  clock=people.clock)  # fmt: skip

    with pytest.raises(Conflict, match="changed since"):
        people.approve(number)
    assert (people.account("lan").unit, people.account("lan").kind) == ("thue", PERSON)


@pytest.mark.parametrize(
    "change",
    [
        "unit_id = (SELECT id FROM acl.unit WHERE code = 'thue')",
        "kind = 'individual'",
        "position = 'Chức vụ khác'",
        "state = 'suspended', suspended_for = 'so'",
    ],
)
@pytest.mark.parametrize(("act", "given"), [(Act.RESET, {}), (Act.POSITION, {"position": "x", "unit": "so"})])
def test_what_was_proposed_of_another_account_than_it_is_now_is_not_approved(people, change, act, given):
    number = people.propose(act, "truong", **given).number
    people.ask(f"UPDATE acl.account SET {change} WHERE code = 'truong'")

    with pytest.raises(Conflict, match="changed since"):
        people.approve(number)


def test_what_an_approver_counts_on_is_not_rewritten(people):
    people.propose(Act.RESET, "truong")

    for column in ("found", "arguments"):
        with pytest.raises(InsufficientPrivilege), people.connection.transaction():
            people.connection.execute(f"UPDATE acl.proposal SET {column} = '{{}}'".encode())
