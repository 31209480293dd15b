"""The admin API of units, functions and accounts: as HTTP clients meet it."""

from dataclasses import replace

import pytest
from openapi_spec_validator import validate

from auth.api import accounts, functions, proposals, units
from auth.model import AccountKind

ROUTES = [*units.ROUTES, *functions.ROUTES, *accounts.ROUTES, *proposals.ROUTES]


def name_of(route) -> str:
    return f"{route.method} {route.path}"


BODIES = {
    "UnitMade": {"code": "khong", "name": "Không", "kind": "khac", "since": "2025-01-01"},
    "UnitChanged": {"name": "Khác"},
    "ParentSet": {"parent": "so", "since": "2025-07-01"},
    "SuccessionProposed": {"old": "xa", "new": "thue", "day": "2025-07-01", "basis": "NQ"},
    "Decision": {"approve": True},
    "StaffList": {"listed_on": "2025-07-01", "people": [{"name": "A"}]},
    "Defined": {"code": "khong", "name": "Không", "since": "2025-01-01"},
    "Redefined": {"name": "Không"},
    "Given": {"function": "khong"},
    "AccountMade": {"code": "khong", "unit": "xa", "kind": "unit_head", "person": "A"},
    "GivenTo": {"to_person": "A"},
    "PositionChanged": {"position": "A"},
    "Left": {"ended_on": "2025-07-01"},
    "Attestation": {"accounts": ["qt1"]},
    "Proposed": {"act": "reset", "account": "khong", "reason": "A"},
    "Refusal": {"reason": "A"},
}


def filled(path, **names):
    values = {"unit": "thue", "account": "qt1", "function": "khong-co", "number": "999999"} | names
    return path.format(**values)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_nobody_who_is_not_signed_in_passes(whole, route):
    status, problem = whole.ask(None, route.method, filled(route.path), {})

    assert status == 401
    assert problem["title"] == "Unauthorized"


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_token_for_something_else_and_a_machine_do_not_pass(whole, route):
    for change in ({"scopes": frozenset({"features:read"})}, {"account_kind": AccountKind.MACHINE}):
        actor = replace(whole.people["qt1"], **change)
        assert whole.ask(actor, route.method, filled(route.path), {})[0] == 403


LISTS = {"/units", "/unit-successions", "/functions", "/accounts", "/notices", "/account-proposals"}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.path not in LISTS or r.method != "GET"], ids=name_of)
def test_somebody_of_another_unit_without_authority_gets_nothing(whole, route):
    body = BODIES[route.takes.__name__] if route.takes else None

    status, _ = whole.ask("lan", route.method, filled(route.path), body)

    assert status in {403, 404}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.takes], ids=name_of)
def test_a_body_with_an_unknown_member_is_refused_and_the_member_named(whole, route):
    status, problem = whole.ask("qt1", route.method, filled(route.path), {"khong_co": 1})

    assert status == 400
    assert "khong_co" in {fault["member"] for fault in problem["faults"]}


@pytest.mark.parametrize("route", [r for r in ROUTES if "{" in r.path], ids=name_of)
def test_what_does_not_exist_is_not_found(whole, route):
    body = BODIES[route.takes.__name__] if route.takes else None

    status, problem = whole.ask("qt1", route.method, filled(route.path, unit="khong", account="khong"), body)

    assert status == 404
    assert problem["detail"] == "There is no such resource."


@pytest.mark.parametrize("text", ["{", "[]", '{"code": 1}', ""])
def test_what_is_no_such_json_is_refused(whole, text):
    whole.actor = whole.people["qt1"]

    answer = whole.client.post("/admin/api/units", data=text, content_type="application/json")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_body_of_another_media_type_or_too_long_is_refused(whole):
    whole.actor = whole.people["qt1"]

    assert whole.client.post("/admin/api/units", data="code=x").status_code == 415
    long = '"' + "x" * 1_048_600 + '"'
    assert whole.client.post("/admin/api/units", data=long, content_type="application/json").status_code == 413


def test_an_account_lives_its_life_over_http(whole):
    code = whole.new_account(person_code="CB-9", position="Chuyên viên")
    one = f"/accounts/{code}"

    assert whole.ask("qt1", "POST", f"{one}/provision", {"to_person": "Trưởng"})[0] == 201
    status, handed = whole.ask("head", "POST", f"{one}/handovers", {"to_person": "Người mới", "note": "BB 1"})
    assert status == 201
    assert handed["account"]["state"] == "must_change"
    assert len(handed["activation_code"].replace("-", "")) == 24
    assert [r["kind"] for r in whole.ask("head", "GET", f"{one}/handovers")[1]["items"]] == ["provided", "handed_over"]
    assert whole.ask("head", "POST", f"{one}/handovers", {"to_person": "x"})[0] == 409
    assert whole.ask("head", "POST", f"{one}/reset")[1]["activation_code"] != handed["activation_code"]
    assert whole.ask("head", "POST", f"{one}/reset-second-factor")[0] == 409
    assert whole.ask("head", "POST", f"{one}/suspend")[1]["suspended_for"] == "unit"
    assert whole.ask("head", "POST", f"{one}/suspend")[0] == 409
    assert whole.ask("head", "POST", f"{one}/resume")[1]["state"] == "issued"
    assert whole.ask("head", "POST", f"{one}/position", {"position": "Văn thư"})[1]["position"] == "Văn thư"
    assert whole.ask("head", "POST", f"{one}/revoke")[1]["state"] == "revoked"
    assert whole.ask("head", "POST", f"{one}/revoke")[0] == 409
    assert whole.ask("head", "GET", one)[1]["state"] == "revoked"


def test_a_late_leaver_is_reported_to_the_so(whole):
    code = whole.new_account()

    status, left = whole.ask("head", "POST", f"/accounts/{code}/leaving", {"ended_on": "2025-06-02"})
    assert (status, left["breach"]) == (201, True)
    listed = whole.ask("qt1", "GET", "/leavings?breaches=true")[1]["items"]
    assert code in {each["account"] for each in listed}
    assert whole.ask("qt1", "POST", f"/accounts/{code}/leaving/acknowledgement")[0] == 204
    assert whole.ask("qt1", "POST", f"/accounts/{code}/leaving/acknowledgement")[0] == 409
    assert whole.ask("head", "GET", f"/accounts/{code}/leaving")[1]["acknowledged_by"] == "qt1"
    assert code in {notice["account"] for notice in whole.ask("head", "GET", "/notices")[1]["items"]}
    assert whole.ask("qt1", "GET", "/leavings?breaches=ja")[0] == 400


def test_a_staff_list_and_an_attestation_over_http(whole):
    code = whole.new_account(person="Trần Vắng Mặt")
    people = [{"name": "Nguyễn Văn Truong", "person_code": "CB-truong"}, {"name": "Lan", "person_code": "CB-lan"}]

    status, result = whole.ask("head", "POST", "/units/xa/staff-list", {"listed_on": "2025-07-01", "people": people})
    assert status == 200
    assert code in {each["account"] for each in result["missing"]}
    assert code in {each["account"] for each in whole.ask("head", "GET", "/missing")[1]["items"]}
    assert whole.ask("head", "POST", "/attestations", {"accounts": [code]}) == (
        201,
        {"quarter": "2025Q3", "accounts": [code]},
    )
    attested = whole.ask("head", "GET", "/attestations?quarter=2025Q3")[1]["items"]
    assert {each["account"]: each["is_attested"] for each in attested}[code] is True


def test_units_and_successions_over_http(whole):
    new = {"code": "phong-qh", "name": "Phòng Quy hoạch", "kind": "phong_so", "since": "2025-01-01", "parent": "so"}

    assert whole.ask("qt1", "POST", "/units", new)[0] == 201
    assert whole.ask("qt1", "POST", "/units", new)[0] == 409
    assert whole.ask("qt1", "GET", "/units/phong-qh")[1]["parents"][0]["code"] == "so"
    assert whole.ask("qt1", "PATCH", "/units/phong-qh", {"allowance": 3})[1]["allowance"] == 3
    for until in ("2030-01-01", None):
        assert whole.ask("qt1", "PATCH", "/units/phong-qh", {"until": until})[1]["until"] == until
    assert whole.ask("qt1", "PATCH", "/units/so", {"until": "2025-07-01"})[0] == 409
    assert whole.ask("qt2", "GET", "/units/so")[1]["unit"]["until"] is None
    assert whole.ask("qt1", "PUT", "/units/phong-qh/parent", {"parent": None, "since": "2025-07-01"})[0] == 204
    proposal = {"old": "phong-qh", "new": "so", "day": "2025-07-01", "basis": "Quyết định 1"}
    status, proposed = whole.ask("qt1", "POST", "/unit-successions", proposal)
    assert (status, proposed["state"]) == (201, "proposed")
    decision = f"/unit-successions/{proposed['id']}/decision"
    assert whole.ask("qt1", "POST", decision, {"approve": True})[0] == 403
    assert whole.ask("qt2", "POST", decision, {"approve": True})[1]["state"] == "approved"
    assert whole.ask("qt2", "POST", decision, {"approve": True})[0] == 409


def test_functions_are_defined_by_the_so_and_given_by_the_head_over_http(whole):
    code = whole.new_account()
    new = {"code": "tra-cuu", "name": "Tra cứu", "since": "2025-01-01", "narrows": {"operations": ["read"]}}

    assert whole.ask("qt1", "POST", "/units/xa/functions", new)[0] == 201
    assert whole.ask("qt1", "POST", "/units/xa/functions", new)[0] == 409
    assert whole.ask("qt1", "POST", "/units/xa/functions", new | {"narrows": {"rows": 1}})[0] == 400
    shown = whole.ask("head", "GET", "/units/xa/functions/tra-cuu")[1]
    assert shown["narrows"] == {"operations": ["read"]}
    assert whole.ask("qt1", "PUT", "/units/xa/functions/tra-cuu", {"name": "Tra"})[1]["narrows"] == {}
    status, held = whole.ask("head", "POST", f"/accounts/{code}/functions", {"function": "tra-cuu"})
    assert (status, held["since"]) == (201, "2025-07-01")
    assert whole.ask("head", "POST", f"/accounts/{code}/functions", {"function": "tra-cuu"})[0] == 409
    assert [f["code"] for f in whole.ask("head", "GET", f"/accounts/{code}/functions")[1]["items"]] == ["tra-cuu"]
    assert whole.ask("head", "DELETE", f"/accounts/{code}/functions/tra-cuu")[0] == 204
    assert whole.ask("head", "DELETE", f"/accounts/{code}/functions/tra-cuu")[0] == 409


def test_lists_are_paged_and_show_what_the_actor_may_know_of(whole):
    seen, after = [], None
    while True:
        query = "?limit=2" + (f"&after={after}" if after else "")
        status, page = whole.ask("head", "GET", f"/accounts{query}")
        assert status == 200
        assert len(page["items"]) <= 2
        seen += [each["code"] for each in page["items"]]
        after = page.get("next")
        if after is None:
            break

    everybody = whole.ask("head", "GET", "/accounts")[1]["items"]
    assert seen == [each["code"] for each in everybody]
    assert {each["unit"] for each in everybody} == {"xa"}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=x", "after=-1", "state=dead"])
def test_a_bad_parameter_is_refused(whole, query):
    assert whole.ask("qt1", "GET", f"/accounts?{query}")[0] == 400


def test_what_an_act_changed_is_published_right_after_it(whole):
    code = whole.new_account()

    whole.ask("head", "POST", f"/accounts/{code}/suspend")

    assert whole.rows("SELECT count(*) FROM acl.stale_profile") == [(0,)]
    published = whole.rows(
        "SELECT count(*) FROM acl.profile_in_force WHERE subject = "
        "(SELECT 'account:' || id FROM acl.account WHERE code = %s)",
        code,
    )
    assert published == [(1,)]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 409),
        ({}, 409),
    ],
)
def test_a_foreign_page_cannot_use_the_session_of_a_browser(whole, headers, status):
    code = whole.new_account()
    whole.ask("head", "POST", f"/accounts/{code}/revoke")
    session = replace(whole.people["head"], kind="session")

    assert whole.ask(session, "POST", f"/accounts/{code}/revoke", {}, headers=headers)[0] == status


def test_a_session_without_fetch_metadata_needs_a_json_body(whole):
    session = replace(whole.people["head"], kind="session")

    assert whole.ask(session, "POST", "/accounts/lan/suspend")[0] == 403


def test_errors_are_said_in_the_language_that_is_asked_for(whole):
    _, problem = whole.ask("qt1", "GET", "/accounts/khong", headers={"Accept-Language": "vi"})

    assert problem["detail"] == "Không có tài nguyên này."


def test_no_answer_of_the_admin_api_is_kept_by_a_cache(whole):
    whole.actor = whole.people["qt1"]

    for path in ("/admin/api/units", "/admin/api/units/khong"):
        assert whole.client.get(path).headers["Cache-Control"] == "no-store"


def test_another_method_is_refused_with_those_that_there_are(whole):
    whole.actor = whole.people["qt1"]

    answer = whole.client.delete("/admin/api/units")

    assert answer.status_code == 405


def test_the_document_is_openapi_and_names_every_endpoint(whole):
    status, document = whole.ask("qt1", "GET", "")

    assert status == 200
    validate(document)
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert {(route.method, f"/admin/api{route.path}") for route in ROUTES} <= described


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/accounts/%00", None),
        ("GET", "/units/a%00b", None),
        ("POST", "/accounts", {"code": "nul", "unit": "xa", "kind": "individual", "person": "a\0b"}),
    ],
)
def test_what_the_database_cannot_keep_is_a_fault_of_the_request(whole, method, path, body):
    assert whole.ask("qt1", method, path, body)[0] == 400
