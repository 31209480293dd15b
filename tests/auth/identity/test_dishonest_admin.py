"""One dishonest admin of the Sở, with a token of his own, before the whole admin API: whom he can come to be."""

import re
import threading
from dataclasses import replace

import psycopg
import pytest

from auth.api import accounts, functions, outside, proposals
from auth.people import proposals as acts
from auth.people.accounts import caller_named
from auth.people.proposals import Means
from auth.standing import SHARING
from core.clocks import StoppedClock
from core.errors import Conflict, DatdaiError

TARGETS = ("truong", "gd", "qt2", "qt3", "vien", "chua-nhan")
"""A head, the head of the Sở, the two other admins, an officer of the Sở, and a head who was not handed over yet."""

TAKES_AWAY = {
    "POST /accounts/{account}/provision",  # a record, and nothing else
    "POST /accounts/{account}/suspend",
    "POST /accounts/{account}/revoke",
    "POST /accounts/{account}/leaving",
    "POST /accounts/{account}/leaving/acknowledgement",
    "DELETE /accounts/{account}/functions/{function}",
    "DELETE /outside-subjects/{account}",
}
"""What one person does alone to whom it may: it gives nobody anything."""

BODIES = {
    "POST /accounts/{account}/provision": [{"to_person": "Tôi"}],
    "POST /accounts/{account}/handovers": [{"to_person": "Tôi"}],
    "POST /accounts/{account}/reset": [None, {}],
    "POST /accounts/{account}/reset-second-factor": [None],
    "POST /accounts/{account}/resume": [None],
    "POST /accounts/{account}/position": [
        {"position": "x", "unit": "thue"},
        {"position": "x", "kind": "individual"},
        {"position": "x", "kind": "unit_head", "unit": "so"},
    ],
    "POST /accounts/{account}/functions": [{"function": SHARING}],
}
"""What he sends: every way that an endpoint knows."""


NOT_HIS_WAY = [
    *((target, {"function": SHARING}) for target in TARGETS if target != "vien"),  # heads act for the Sở without it
    ("gd", {"position": "x", "kind": "unit_head", "unit": "so"}),  # what she is
    *(("vien", {"position": "x"} | more) for more in ({"unit": "thue"}, {"kind": "individual"})),  # an officer no more
]


def routes():
    """Every endpoint that writes to an account, as the API describes itself."""
    for topic in (accounts, functions, outside):
        for path, item in topic.PATHS.items():
            for method in item:
                if method in {"post", "put", "patch", "delete"} and "{account}" in path:
                    yield f"{method.upper()} {path}"


GIVES = sorted(set(routes()) - TAKES_AWAY)


def own_token(api):
    return api.people["qt1"]


@pytest.fixture(scope="module")
def town(whole):
    """The people, with a head of the Sở, an officer, and a head who waits; all made by two."""
    for code, unit in (("gd", "so"), ("chua-nhan", "xa")):
        two(whole, "create", code, unit=unit, kind="unit_head", person=f"Bà {code}")
    activate(whole, "gd", two(whole, "hand_over", "gd", to_person="Bà gd"))
    new = {"code": "vien", "unit": "so", "kind": "individual", "person": "Ông Viên"}
    assert whole.ask("qt1", "POST", "/accounts", new)[0] == 201
    function = {"code": SHARING, "name": "Chia sẻ dữ liệu", "since": "2025-07-01"}
    assert whole.ask("qt1", "POST", "/units/so/functions", function)[0] == 201
    two(whole, "give_function", "vien", function=SHARING)
    activate(whole, "vien", two(whole, "hand_over", "vien", to_person="Ông Viên"))
    with psycopg.connect(whole.dsn) as owner:
        owner.execute(
            "INSERT INTO acl.totp (account_id, sealed, confirmed_at, last_step) "
            "SELECT id, 'x', now(), 0 FROM acl.account WHERE code = ANY (%s)",
            [list(TARGETS)],
        )
    return whole


def two(api, act, account, **arguments) -> str:
    body = {"act": act, "account": account, "reason": "QĐ 1", "arguments": arguments}
    status, made = api.ask("qt1", "POST", "/account-proposals", body)
    assert status == 201, made
    one = f"/account-proposals/{made['number']}"
    status, approved = api.ask("qt2", "POST", f"{one}/approval")
    assert status == 200, approved
    if approved["half"] is None:
        return ""
    return api.ask("qt1", "POST", f"{one}/half")[1]["half"] + approved["half"]


def activate(api, code, key) -> None:
    assert key
    with psycopg.connect(api.dsn) as owner:
        owner.execute("UPDATE acl.account SET state = 'active', password_until = '2099-01-01' WHERE code = %s", [code])
        owner.execute("DELETE FROM acl.activation")


def control(api):
    """All by which the targets are entered, and what they govern; who there is that governs."""
    return api.rows(
        "SELECT a.code, a.kind, a.unit_id, a.person, a.state, a.password_until, a.ends_on, "
        "(SELECT array_agg(p.hash ORDER BY p.id) FROM acl.password p WHERE p.account_id = a.id), "
        "(SELECT array_agg(c::text) FROM acl.activation c WHERE c.account_id = a.id), "
        "(SELECT array_agg(t::text) FROM acl.totp t WHERE t.account_id = a.id), "
        "(SELECT array_agg(o.subject) FROM oauth.outside_subject o WHERE o.account_id = a.id), "
        "(SELECT array_agg(f::text) FROM acl.account_function f WHERE f.account_id = a.id) "
        "FROM acl.account a WHERE acl.la_dac_quyen(a.id) OR a.code = ANY (%s) ORDER BY a.code",
        list(TARGETS),
    )


def test_every_endpoint_that_writes_to_an_account_is_one_of_those_that_are_tried_or_that_take_away():
    assert set(BODIES) | TAKES_AWAY == set(routes())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("route", GIVES)
def test_no_endpoint_gives_him_anything_of_another_who_governs(town, route, target):
    before = control(town)
    method, path = route.split(" ")

    for body in BODIES[route]:
        if (target, body) in NOT_HIS_WAY:
            continue
        status, told = town.ask(own_token(town), method, path.replace("{account}", target), body)
        assert status in {403, 404}, told
        assert "activation_code" not in (told or {})

    assert control(town) == before


@pytest.mark.parametrize("target", TARGETS)
def test_he_links_nobody_to_himself(town, target):
    before = control(town)
    session = {"headers": {"Sec-Fetch-Site": "same-origin"}}
    body = {"account": target, "issuer": "https://sso.example", "subject": "toi"}

    for kind in ("token", "session"):
        actor = replace(own_token(town), kind=kind)
        assert town.ask(actor, "POST", "/outside-subjects", body, **session)[0] == 403

    assert control(town) == before


def test_he_holds_the_key_of_nobody_in_any_unit_and_gives_nobody_functions(town):
    session = {"headers": {"Sec-Fetch-Site": "same-origin"}}
    fresh = town.new_account()
    keys = "SELECT (SELECT count(*) FROM acl.activation), (SELECT count(*) FROM oauth.outside_subject)"
    before = town.rows(keys)
    link = {"account": "lan", "issuer": "https://sso.example", "subject": "toi"}

    statuses = [
        town.ask("qt1", "POST", f"/accounts/{fresh}/handovers", {"to_person": "Tôi"})[0],
        town.ask("qt1", "POST", "/accounts/lan/reset")[0],
        town.ask("qt1", "POST", "/accounts/lan/reset-second-factor")[0],
        town.ask("qt1", "POST", "/accounts/lan/functions", {"function": "dia-chinh"})[0],
        town.ask(replace(own_token(town), kind="session"), "POST", "/outside-subjects", link, **session)[0],
    ]

    assert statuses == [403] * 5
    assert town.rows(keys) == before


@pytest.mark.parametrize(("kind", "unit"), [("unit_head", "xa"), ("unit_head", "so"), ("system_admin", "so")])
def test_he_makes_nobody_who_governs(town, kind, unit):
    before = control(town)

    status, _ = town.ask("qt1", "POST", "/accounts", {"code": "ma", "unit": unit, "kind": kind, "person": "Ma"})

    assert status == 403
    assert control(town) == before


@pytest.mark.parametrize("kind", ["unit_head", "system_admin"])
def test_he_is_given_no_code_and_promotes_nobody(town, kind):
    code = town.new_account(unit="so")
    assert town.ask("qt1", "POST", f"/accounts/{code}/handovers", {"to_person": "Ma"})[0] == 403
    before = control(town)

    status, _ = town.ask("qt1", "POST", f"/accounts/{code}/position", {"position": "x", "kind": kind})
    given, _ = town.ask("qt1", "POST", f"/accounts/{code}/functions", {"function": SHARING})

    assert (status, given) == (403, 403)
    assert control(town) == before


@pytest.mark.parametrize("target", TARGETS)
def test_his_own_proposal_gets_him_no_further(town, target):
    act = "hand_over" if target == "chua-nhan" else "reset"
    arguments = {"to_person": "Tôi"} if act == "hand_over" else {}
    before = control(town)
    body = {"act": act, "account": target, "reason": "Tôi cần", "arguments": arguments}

    status, made = town.ask("qt1", "POST", "/account-proposals", body)
    one = f"/account-proposals/{made['number']}"
    tried = [town.ask("qt1", "POST", f"{one}/{what}")[0] for what in ("approval", "half")]

    assert (status, tried) == (201, [403, 409])
    assert control(town) == before
    for who in ("qt2", "head"):
        numbers = {each["proposal"] for each in town.ask(who, "GET", "/notices?limit=1000")[1]["items"]}
        assert (made["number"] in numbers) == (who == "qt2" or target in {"truong", "chua-nhan"})
    assert town.ask("qt1", "POST", f"{one}/withdrawal")[0] == 200


def test_with_an_accomplice_who_governs_nothing_he_gets_no_further(town):
    before = control(town)
    for accomplice in ("head", "lan", "other"):
        body = {"act": "reset", "account": "gd", "reason": "x"}
        number = town.ask("qt1", "POST", "/account-proposals", body)[1]["number"]
        assert town.ask(accomplice, "POST", f"/account-proposals/{number}/approval")[0] == 403
        assert town.ask("qt1", "POST", f"/account-proposals/{number}/withdrawal")[0] == 200

    assert control(town) == before


def test_he_makes_no_second_admin_of_himself_who_approves(town):
    """The account that he proposes is not in use before its owner has both halves; the honest one holds the other."""
    made = {"unit": "so", "kind": "system_admin", "person": "Bóng ma"}
    two(town, "create", "bong-ma", **made)
    body = {"act": "hand_over", "account": "bong-ma", "reason": "x", "arguments": {"to_person": "Tôi"}}
    number = town.ask("qt1", "POST", "/account-proposals", body)[1]["number"]
    assert town.ask("qt1", "POST", "/accounts/bong-ma/handovers", {"to_person": "Tôi"})[0] == 403
    assert town.ask("qt2", "POST", f"/account-proposals/{number}/refusal", {"reason": "Không có người này"})[0] == 200

    assert town.ask("qt1", "POST", f"/account-proposals/{number}/half")[0] == 409
    assert town.rows("SELECT state FROM acl.account WHERE code = 'bong-ma'") == [("issued",)]


def test_a_unit_that_he_calls_the_so_gives_him_no_officer(town):
    new = {"code": "so-2", "name": "Sở giả", "kind": "so", "since": "2025-01-01"}
    assert town.ask("qt1", "POST", "/units", new)[0] == 201
    code = town.new_account(unit="so-2")
    function = {"code": SHARING, "name": "Chia sẻ", "since": "2025-07-01"}
    assert town.ask("qt1", "POST", "/units/so-2/functions", function)[0] == 201

    assert town.ask("qt1", "POST", f"/accounts/{code}/functions", {"function": SHARING})[0] == 403


def test_an_officer_of_another_unit_who_moves_into_the_so_holds_nothing_there(town):
    code = town.new_account(unit="thue")
    function = {"code": SHARING, "name": "Chia sẻ", "since": "2025-07-01"}
    assert town.ask("qt1", "POST", "/units/thue/functions", function)[0] == 201
    assert town.ask("other", "POST", f"/accounts/{code}/functions", {"function": SHARING})[0] == 201
    assert town.ask("qt1", "POST", f"/accounts/{code}/position", {"position": "x", "unit": "so"})[0] == 200

    assert town.rows("SELECT acl.la_dac_quyen(id) FROM acl.account WHERE code = %s", code) == [(False,)]


def test_there_is_no_way_alone_over_http():
    paths = [*accounts.PATHS, *functions.PATHS, *outside.PATHS, *proposals.PATHS]

    assert not [path for path in paths if re.search("alone|force|bootstrap", path)]


@pytest.mark.parametrize("more", [{"alone": True}, {"state": "alone"}, {"warrant": {}}, {"proposed_by": "qt2"}])
def test_nothing_that_he_adds_to_a_proposal_is_taken(town, more):
    body = {"act": "reset", "account": "truong", "reason": "x"} | more

    assert town.ask("qt1", "POST", "/account-proposals", body)[0] == 400


def test_the_whole_way_over_http(town):
    body = {"act": "reset", "account": "truong", "reason": "Quên mật khẩu"}
    made = town.ask("qt1", "POST", "/account-proposals", body)[1]
    one = f"/account-proposals/{made['number']}"

    assert town.ask("qt2", "GET", one)[1]["state"] == "proposed"
    assert made["number"] in {e["number"] for e in town.ask("qt2", "GET", "/account-proposals?open=true")[1]["items"]}
    approved = town.ask("qt2", "POST", f"{one}/approval")[1]
    assert approved["proposal"]["decided_by"] == "qt2"
    assert town.ask("qt2", "POST", f"{one}/approval")[0] == 409
    assert town.ask("qt2", "POST", f"{one}/half")[0] == 403
    assert town.ask("qt1", "POST", f"{one}/half")[1]["half"] != approved["half"]
    assert town.ask("qt1", "POST", f"{one}/half")[0] == 409
    assert town.ask("qt2", "POST", f"{one}/refusal", {"reason": "x"})[0] == 409
    assert town.ask("qt1", "POST", f"{one}/withdrawal")[0] == 409
    assert town.ask("lan", "GET", one)[0] == 404
    assert town.ask("qt1", "GET", "/account-proposals?open=ja")[0] == 400
    for wrong in ({"act": "bribe"}, {"arguments": {"code": "x"}}, {"reason": ""}, {"account": "Ô"}):
        assert town.ask("qt1", "POST", "/account-proposals", body | wrong)[0] == 400


def test_of_two_approvals_at_once_exactly_one_takes_effect(town):
    body = {"act": "reset", "account": "other-head", "reason": "x"}
    two(town, "create", "other-head", unit="thue", kind="unit_head", person="Bà Hai")
    two(town, "hand_over", "other-head", to_person="Bà Hai")
    number = town.ask("qt1", "POST", "/account-proposals", body)[1]["number"]
    approvers = [town.people["qt2"], acting(town, "qt3"), acting(town, "gd")]
    results: list[object] = [None] * len(approvers)
    ready = threading.Barrier(len(approvers))

    def approve(place: int) -> None:
        with psycopg.connect(town.dsn) as connection:
            connection.execute("SET SESSION AUTHORIZATION datdai_mau_identity")
            (now,) = connection.execute("SELECT proposed_at FROM acl.proposal WHERE id = %s", [number]).fetchone()
            ready.wait()
            try:
                means = Means(StoppedClock(now), now.date(), ())
                results[place] = acts.approve(connection, approvers[place], number, means=means)
            except DatdaiError as exc:
                connection.rollback()
                results[place] = exc

    threads = [threading.Thread(target=approve, args=[place]) for place in range(len(approvers))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert sorted(type(each).__name__ for each in results) == ["Approved", "Conflict", "Conflict"]
    assert all("decided before" in str(each.text) for each in results if isinstance(each, Conflict))
    assert town.rows("SELECT count(*) FROM audit.act WHERE act = 'account.reset' AND about = 'account:other-head'") == [
        (1,)
    ]


def acting(api, code):
    with psycopg.connect(api.dsn) as connection:
        return caller_named(connection, code)
