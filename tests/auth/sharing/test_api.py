"""Agreements, packages, requests, managing units and migrations over the admin API."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask import Flask
from openapi_spec_validator import validate

from auth.api import blueprint, document
from auth.api.http import Access
from auth.model import Caller
from core.errors import Unauthorized
from database.writer import Writer
from server.mounted import assemble
from tests.auth.sharing.conftest import CLOCK, LAYERS, World, clause, written
from web.texts import error_texts

CODE = "thue-2025-01"
SEEN = {"body_hash": "0" * 64}
REASON = {"reason": "không còn cần"}
PACKAGE = {key: each for key, each in written().items() if key not in ("agreement", "kind", "recipient")} | {
    "package": "dia-ban",
    "title": "Thửa đất trong địa bàn",
    "clauses": [clause(rows={"territory": "own"})],
}
REQUEST = {
    "request": "yc-1",
    "data": "Thửa đất",
    "purpose": "Rà soát",
    "legal_basis": "Điều 9",
    "valid_from": "2025-07-01",
}
MANAGER = {"layer": "thua-dat", "unit": "ubnd-689", "territory": "689", "valid_from": "2025-01-01"}
MIGRATION = {
    "succession": "sap-nhap",
    "from_unit": "ubnd-25270",
    "takes_effect": "2025-07-01",
    "legal_basis": "Nghị quyết",
    "successors": [{"unit": "ubnd-689", "rows": "keep"}],
}
ENDPOINTS: list[tuple[str, str, Any]] = [
    ("GET", "/agreements", None),
    ("POST", "/agreements", written()),
    ("GET", f"/agreements/{CODE}", None),
    ("PUT", f"/agreements/{CODE}", written()),
    ("POST", f"/agreements/{CODE}/propose", {}),
    ("POST", f"/agreements/{CODE}/accept", SEEN),
    ("POST", f"/agreements/{CODE}/decline", REASON),
    ("POST", f"/agreements/{CODE}/withdraw", REASON),
    ("POST", f"/agreements/{CODE}/publish", SEEN),
    ("POST", f"/agreements/{CODE}/revoke", REASON),
    ("GET", f"/agreements/{CODE}/effect", None),
    ("GET", f"/agreements/{CODE}/document", None),
    ("GET", f"/agreements/{CODE}/odrl", None),
    ("GET", "/packages", None),
    ("POST", "/packages", PACKAGE),
    ("PUT", "/packages/dia-ban", PACKAGE),
    ("GET", "/packages/dia-ban/joinings", None),
    ("POST", "/packages/dia-ban/joinings", {"unit": "ubnd-689"}),
    ("GET", "/requests", None),
    ("POST", "/requests", REQUEST),
    ("GET", "/requests/cuc-thue.yc-1", None),
    ("POST", "/requests/cuc-thue.yc-1/answer", {"note": "x"}),
    ("POST", "/requests/cuc-thue.yc-1/prepare", {"note": "x"}),
    ("POST", "/requests/cuc-thue.yc-1/refuse", REASON),
    ("POST", "/requests/cuc-thue.yc-1/withdraw", REASON),
    ("GET", "/managers", None),
    ("POST", "/managers", MANAGER),
    ("POST", "/managers/1/end", {"on": "2025-12-31"}),
    ("GET", "/manager-proposals", None),
    ("GET", "/manager-proposals/2", None),
    ("POST", "/manager-proposals/2/approval", None),
    ("POST", "/manager-proposals/2/refusal", REASON),
    ("POST", "/manager-proposals/2/withdrawal", None),
    ("POST", "/successions", MIGRATION),
    ("GET", "/successions/sap-nhap", None),
    ("POST", "/successions/sap-nhap/approve", {}),
    ("POST", "/successions/sap-nhap/refuse", REASON),
]
UNKNOWN = [each for each in ENDPOINTS if "/thue-2025-01" in each[1] or "yc-1" in each[1] or "/sap-nhap" in each[1]] + [
    ("PUT", "/packages/dia-ban", PACKAGE),
    ("GET", "/packages/dia-ban/joinings", None),
    ("POST", "/packages/dia-ban/joinings", {"unit": "ubnd-689"}),
    ("POST", "/managers/1/end", {"on": "2025-12-31"}),
    ("GET", "/manager-proposals/2", None),
    ("POST", "/manager-proposals/2/approval", None),
    ("POST", "/manager-proposals/2/refusal", REASON),
    ("POST", "/manager-proposals/2/withdrawal", None),
]
FOR_OFFICERS = [
    each
    for each in ENDPOINTS
    if each[0] != "GET" and not each[1].endswith(("/accept", "/decline", "/revoke", "/joinings", "/withdraw"))
    if each[1] != "/requests"
]


class Api:
    """The admin API, asked by whom the test says."""

    def __init__(self, flask: Flask, world: World) -> None:
        self._flask = flask
        self.world = world
        self.who: Caller | None = None

    def ask(self, method: str, path: str, body: Any = None, who: str | None = "so.mot", language: str = "en") -> Any:
        self.who = self.world.people[who] if who else None
        headers = {"Sec-Fetch-Site": "same-origin", "Accept-Language": language}
        return self._flask.test_client().open(f"/admin/api{path}", method=method, json=body, headers=headers)

    def from_site(self, site: str, path: str) -> Any:
        """Read by a session what a page of some site asks for."""
        self.who = self.world.people["so.hai"]
        return self._flask.test_client().get(f"/admin/api{path}", headers={"Sec-Fetch-Site": site})

    def good(self, method: str, path: str, body: Any = None, who: str = "so.mot") -> Any:
        """Ask for what has to go well; return the content."""
        response = self.ask(method, path, body, who)
        assert response.status_code < 300, response.text
        return response.get_json() if response.data else None


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    writers = [Writer(world.login(each), purpose="test") for each in ("identity", "publisher", "auditor")]

    def caller() -> Caller:
        if made.who is None:
            raise Unauthorized
        return made.who

    access = Access(*writers, LAYERS, CLOCK, caller, texts=error_texts)
    made = Api(assemble([blueprint(access)], secret=b"s" * 32), world)
    yield made
    for each in writers:
        each.close()


def published(api: Api, code: str = CODE, **changes: Any) -> str:
    """Draft, accept and publish an agreement; return the hash of its body."""
    seen = {"body_hash": api.good("POST", "/agreements", written(agreement=code, **changes))["body_hash"]}
    api.good("POST", f"/agreements/{code}/propose", {})
    for who in ("thue.lanhdao", "so.lanhdao"):
        api.good("POST", f"/agreements/{code}/accept", seen, who)
    api.good("GET", f"/agreements/{code}/effect", who="so.hai")
    api.good("POST", f"/agreements/{code}/publish", seen, "so.hai")
    return seen["body_hash"]


def statuses(api: Api, endpoints: list[tuple[str, str, Any]], who: str | None) -> dict[str, int]:
    return {f"{method} {path}": api.ask(method, path, body, who).status_code for method, path, body in endpoints}


def test_who_has_not_signed_in_gets_nothing(api: Api):
    assert set(statuses(api, ENDPOINTS, None).values()) == {401}


def test_what_officers_do_nobody_else_does(api: Api):
    found = statuses(api, FOR_OFFICERS, "thue.lanhdao")

    assert {each: status for each, status in found.items() if status != 403} == {}


def test_what_there_is_not_is_not_found(api: Api):
    found = statuses(api, UNKNOWN, "so.mot")

    assert {each: status for each, status in found.items() if status != 404} == {}


def test_a_body_with_an_unknown_member_is_refused_with_its_name(api: Api):
    for method, path, body in ENDPOINTS:
        if body:
            response = api.ask(method, path, body | {"thừa": 1})
            assert response.status_code == 400, path
            assert "thừa" in response.get_json()["detail"], path


def test_an_agreement_goes_its_way(api: Api):
    published(api)

    shown = api.good("GET", f"/agreements/{CODE}", who="thue.canbo")
    (version,) = shown["versions"]
    assert (version["state"], version["maker"], version["checker"]) == ("published", "so.mot", "so.hai")
    assert [each["accepted_by"] for each in version["parties"]] == ["thue.lanhdao", "so.lanhdao"]
    assert [each["code"] for each in api.good("GET", "/agreements", who="thue.canbo")["items"]] == [CODE]
    assert api.good("GET", "/agreements", who="689.lanhdao")["items"] == []
    api.good("POST", f"/agreements/{CODE}/revoke", REASON | {"on": "2025-12-31"}, "thue.lanhdao")
    assert api.good("GET", f"/agreements/{CODE}")["versions"][0]["valid_until"] == "2025-12-31"


def test_every_fault_of_the_clauses_is_named_with_its_place(api: Api):
    wrong = clause(columns=["id", "gia"], operations=["read", "fly"], formats=["doc"], rows={"territory": "own"})

    response = api.ask("POST", "/agreements", written(clauses=[clause(), wrong]))

    assert response.status_code == 400
    faults = {each["member"]: each["problem"] for each in response.get_json()["faults"]}
    assert set(faults) == {
        "clauses.1.columns",
        "clauses.1.operations",
        "clauses.1.formats",
        "clauses.1.rows.territory",
    }
    assert faults["clauses.1.formats"].startswith("there is no format doc. Allowed: csv,")


def test_faults_of_a_body_are_said_in_the_language_that_is_asked_for(api: Api):
    wrong = {"agreement": "X", "kind": "mac_dinh", "la": 1}

    said = {each: api.ask("POST", "/agreements", wrong, language=each).get_json() for each in ("vi", "en", "vi-VN,vi")}

    problems = {key: {each["member"]: each["problem"] for each in found["faults"]} for key, found in said.items()}
    assert (problems["vi"]["document"], problems["en"]["document"]) == ("còn thiếu.", "is missing.")
    assert problems["vi"]["la"] == "không có khóa này."
    assert problems["vi-VN,vi"] == problems["vi"]
    assert "còn thiếu." in said["vi"]["detail"]


def test_an_agreement_is_published_by_nobody_in_the_wrong_state(api: Api):
    seen = {"body_hash": api.good("POST", "/agreements", written())["body_hash"]}

    for act, body in (("publish", seen), ("accept", seen), ("decline", REASON), ("revoke", REASON)):
        assert api.ask("POST", f"/agreements/{CODE}/{act}", body, "so.hai").status_code == 409, act
    assert api.ask("POST", "/agreements", written()).status_code == 409


def test_a_draft_is_changed_declined_and_withdrawn(api: Api):
    first = api.good("POST", "/agreements", written())
    second = api.good("PUT", f"/agreements/{CODE}", written(clauses=[clause(page_max=10)]))
    assert first["body_hash"] != second["body_hash"]
    assert api.ask("PUT", f"/agreements/{CODE}", written(agreement="khac")).status_code == 400
    assert api.ask("PUT", f"/agreements/{CODE}", written(), "so.hai").status_code == 403

    api.good("POST", f"/agreements/{CODE}/propose", {})
    api.good("POST", f"/agreements/{CODE}/decline", REASON, "thue.lanhdao")
    api.good("POST", f"/agreements/{CODE}/withdraw", REASON)

    assert api.good("GET", f"/agreements/{CODE}")["versions"][0]["state"] == "revoked"


def test_the_effect_is_for_officers_and_is_on_record(api: Api):
    layer = clause(layer="don-vi-hanh-chinh", columns=["id", "ten"], geometry=False, rows={"territory": "province"})
    api.good("POST", "/agreements", written(clauses=[layer]))

    (whole,) = api.good("GET", f"/agreements/{CODE}/effect")["classes"]

    assert whole["collections"][0]["facets"][0]["rows_gained"] == 6
    assert {language: each.split(":")[0] for language, each in whole["reasons"][0].items()} == {
        "vi": "Chưa tài khoản nào của đơn vị được giao chức năng", "en": "No account of the unit holds a function"
    }  # fmt: skip
    assert api.ask("GET", f"/agreements/{CODE}/effect", who="thue.lanhdao").status_code == 403
    assert api.world.rows("SELECT count(*) FROM audit.act WHERE act = 'agreement.effect'") == [(1,)]


def test_the_effect_that_a_foreign_page_fetched_is_seen_by_nobody(api: Api):
    published(api)
    api.good("POST", "/agreements", written(agreement="thue-2", clauses=[clause()]))
    before = api.world.rows("SELECT count(*) FROM audit.act WHERE act = 'agreement.effect'")

    answers = [api.from_site(site, "/agreements/thue-2/effect") for site in ("cross-site", "same-site")]

    assert [each.status_code for each in answers] == [403, 403]
    assert api.world.rows("SELECT count(*) FROM audit.act WHERE act = 'agreement.effect'") == before
    assert api.from_site("same-origin", "/agreements/thue-2/effect").status_code == 200


def test_a_version_leaves_as_json_yaml_and_odrl(api: Api):
    body_hash = published(api)
    api.world.rows("SELECT 1")

    as_json = api.good("GET", f"/agreements/{CODE}/document")
    as_yaml = api.ask("GET", f"/agreements/{CODE}/document?f=yaml&version=1")
    odrl = api.ask("GET", f"/agreements/{CODE}/odrl", who="thue.canbo")

    assert yaml.safe_load(as_yaml.text) == as_json
    assert "Tính thuế" in as_yaml.text
    assert odrl.content_type == "application/ld+json"
    assert odrl.get_json()["assigner"].endswith("/units/so")
    assert api.good("POST", "/agreements", as_json)["body_hash"] == body_hash
    assert api.ask("GET", f"/agreements/{CODE}/document?version=9").status_code == 404
    assert api.ask("GET", f"/agreements/{CODE}/odrl", who="689.lanhdao").status_code == 404


def test_a_package_is_agreed_and_joined(api: Api):
    seen = {"body_hash": api.good("POST", "/packages", PACKAGE)["body_hash"]}
    assert api.ask("POST", "/packages/dia-ban/joinings", {"unit": "ubnd-689"}).status_code == 409
    seen = {"body_hash": api.good("PUT", "/packages/dia-ban", PACKAGE | {"purpose": "Dùng chung"})["body_hash"]}
    api.good("POST", "/agreements/dia-ban/propose", {})
    api.good("POST", "/agreements/dia-ban/accept", seen, "so.lanhdao")
    api.good("GET", "/agreements/dia-ban/effect", who="so.hai")
    api.good("POST", "/agreements/dia-ban/publish", seen, "so.hai")

    api.good("POST", "/packages/dia-ban/joinings", {"unit": "ubnd-689"}, "689.lanhdao")
    done = api.ask("POST", "/packages/dia-ban/joinings", {"unit": "ubnd-689"})

    assert (done.status_code, done.get_json()["agreement"]) == (201, "dia-ban-ubnd-689")
    assert [each["unit"] for each in api.good("GET", "/packages/dia-ban/joinings")["items"]] == ["ubnd-689"]
    assert [each["code"] for each in api.good("GET", "/packages", who="thue.canbo")["items"]] == ["dia-ban"]
    assert api.ask("POST", "/packages/dia-ban/joinings", {"unit": "khong-co"}).status_code == 400
    assert api.ask("POST", "/packages/dia-ban/joinings", {"unit": "cuc-thue"}, "689.lanhdao").status_code == 403


def test_a_request_goes_its_way(api: Api):
    api.good("POST", "/requests", REQUEST, "thue.lanhdao")
    assert api.ask("POST", "/requests", REQUEST, "thue.canbo").status_code == 403
    assert api.ask("POST", "/requests", REQUEST, "thue.lanhdao").status_code == 409
    assert api.ask("POST", "/requests/cuc-thue.yc-1/prepare", {"note": "x"}).status_code == 409
    api.good("POST", "/requests/cuc-thue.yc-1/answer", {"note": "tiếp nhận"})
    api.good("POST", "/requests/cuc-thue.yc-1/prepare", {"note": "dự thảo"})
    published(api, "dt-1", kind="dac_thu", request="cuc-thue.yc-1")

    shown = api.good("GET", "/requests/cuc-thue.yc-1", who="thue.canbo")

    assert [each["state"] for each in shown["steps"]] == ["sent", "answered", "preparing", "agreed"]
    assert api.ask("POST", "/requests/cuc-thue.yc-1/withdraw", REASON, "thue.lanhdao").status_code == 409
    assert api.ask("POST", "/requests/cuc-thue.yc-1/refuse", REASON).status_code == 409
    assert api.ask("GET", "/requests/cuc-thue.yc-1", who="689.lanhdao").status_code == 404
    assert [each["code"] for each in api.good("GET", "/requests", who="thue.canbo")["items"]] == ["cuc-thue.yc-1"]


def managed(api: Api) -> int:
    """Name a managing unit as two officers; return the number of the entry."""
    number = api.good("POST", "/managers", MANAGER)["number"]
    decide(api, number)
    return api.good("GET", "/managers")["items"][0]["id"]


def decide(api: Api, number: int) -> None:
    api.good("POST", f"/manager-proposals/{number}/approval", who="so.hai")


def test_managing_units_are_named_listed_and_ended(api: Api):
    entry = managed(api)

    assert api.good("GET", "/managers")["items"][0] | {"valid_until": None} == MANAGER | {
        "id": entry,
        "territory_name": "Đơn vị thử",
        "valid_until": None,
    }
    assert api.ask("POST", "/managers", MANAGER).status_code == 409
    assert api.ask("POST", "/managers", MANAGER | {"layer": "khong-co"}).status_code == 400
    assert api.ask("POST", "/managers", MANAGER | {"territory": "999"}).status_code == 400
    assert api.ask("POST", f"/managers/{entry}/end", {"on": "2024-12-31"}).status_code == 409
    number = api.good("POST", f"/managers/{entry}/end", {"on": "2025-12-31"})["number"]
    approval = f"/manager-proposals/{number}/approval"
    assert api.good("GET", "/managers")["items"][0]["valid_until"] is None
    assert api.ask("POST", approval).status_code == 403
    assert api.ask("POST", approval, who="689.lanhdao").status_code == 403
    seen = api.good("GET", "/manager-proposals", who="689.lanhdao")["items"]
    assert [(each["act"], each["state"], each["entry"]) for each in seen] == [
        ("name", "approved", None),
        ("end", "proposed", entry),
    ]
    assert api.good("GET", "/manager-proposals", who="thue.lanhdao")["items"] == []
    decide(api, number)
    assert api.ask("POST", approval, who="so.hai").status_code == 409
    assert api.good("GET", "/managers")["items"][0]["valid_until"] == "2025-12-31"


def test_proposals_of_managing_units_are_listed_by_page_and_shown_to_whom_they_concern(api: Api):
    for layer in ("thua-dat", "moc", "ho-so"):
        made = api.ask("POST", "/managers", MANAGER | {"layer": layer})
        assert made.headers["Location"] == f"/admin/api/manager-proposals/{made.get_json()['number']}"
    first = api.good("GET", "/manager-proposals?limit=2", who="689.lanhdao")
    rest = api.good("GET", f"/manager-proposals?limit=2&after={first['next']}", who="689.lanhdao")
    last = f"/manager-proposals/{rest['items'][0]['number']}"

    assert [each["layer"] for each in first["items"] + rest["items"]] == ["thua-dat", "moc", "ho-so"]
    assert "next" not in rest
    assert api.good("GET", last, who="689.lanhdao")["state"] == "proposed"
    hidden, unknown = (api.ask("GET", f"/manager-proposals/{each}", who="25270.lanhdao") for each in (last[-1], 999))
    assert hidden.status_code == 404
    assert hidden.get_json() == unknown.get_json()
    for bad in ("limit=0", "limit=x", "after=x", "open=x"):
        assert api.ask("GET", f"/manager-proposals?{bad}").status_code == 400


def test_a_proposal_of_a_managing_unit_is_withdrawn_or_refused_with_a_reason(api: Api):
    numbers = [api.good("POST", "/managers", MANAGER)["number"] for _ in range(2)]
    withdrawal, refusal = f"/manager-proposals/{numbers[0]}/withdrawal", f"/manager-proposals/{numbers[1]}/refusal"

    assert api.ask("POST", withdrawal, who="so.hai").status_code == 403
    assert api.good("POST", withdrawal)["state"] == "withdrawn"
    assert api.ask("POST", withdrawal).status_code == 409
    assert api.ask("POST", refusal, {}, "so.hai").status_code == 400
    assert api.good("POST", refusal, REASON, "so.hai")["answer"] == REASON["reason"]
    assert api.good("GET", "/manager-proposals?open=true")["items"] == []
    told = api.good("GET", "/notices", who="689.lanhdao")["items"]
    assert [(each["kind"], each["layer"], each["by"]) for each in told] == [
        ("manager_proposed", "thua-dat", "so.mot")
    ] * 2


def test_a_unit_is_told_of_managing_units_that_concern_it_alone(api: Api):
    for changes in ({}, {"layer": "ho-so", "unit": "ubnd-25270", "territory": "25270"}):
        decide(api, api.good("POST", "/managers", MANAGER | changes)["number"])

    def layers(who: str) -> list[str]:
        return [each["layer"] for each in api.good("GET", "/managers", who=who)["items"]]

    before = layers("thue.lanhdao")
    published(api)

    assert (before, layers("thue.lanhdao")) == ([], ["thua-dat"])
    assert (layers("689.lanhdao"), layers("25270.lanhdao")) == (["thua-dat"], ["ho-so"])
    assert sorted(layers("so.mot")) == ["ho-so", "thua-dat"]


def test_managing_units_are_listed_by_page(api: Api):
    for layer in ("thua-dat", "moc", "ho-so"):
        decide(api, api.good("POST", "/managers", MANAGER | {"layer": layer})["number"])

    first = api.good("GET", "/managers?limit=2", who="689.lanhdao")
    rest = api.good("GET", f"/managers?limit=2&after={first['next']}", who="689.lanhdao")

    assert [each["layer"] for each in first["items"] + rest["items"]] == ["thua-dat", "moc", "ho-so"]
    assert "next" not in rest
    for bad in ("limit=0", "limit=x", "after=x"):
        assert api.ask("GET", f"/managers?{bad}").status_code == 400


def test_a_package_that_is_not_open_yet_is_told_to_no_unit(api: Api):
    api.good("POST", "/packages", PACKAGE)

    assert api.good("GET", "/packages", who="thue.lanhdao")["items"] == []
    assert [each["code"] for each in api.good("GET", "/packages")["items"]] == ["dia-ban"]


def test_a_migration_is_drafted_by_one_officer_and_decided_by_another(api: Api):
    assert api.ask("POST", "/successions", MIGRATION).status_code == 409
    one, two = (api.world.people[each].account_id for each in ("so.mot", "so.hai"))
    api.world.rows(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, state, proposed_by, proposed_at, decided_by, "
        "decided_at) SELECT o.id, n.id, '2025-07-01', 'x', 'approved', %s, now(), %s, now() FROM acl.unit o, "
        "acl.unit n WHERE o.code = 'cuc-thue' AND n.code = 'ubnd-689'",
        one,
        two,
    )
    published(api)
    api.good("POST", "/successions", MIGRATION | {"from_unit": "cuc-thue"})

    assert api.ask("POST", "/successions/sap-nhap/approve", {}).status_code == 403
    assert api.good("GET", "/successions/sap-nhap")["items"][0]["code"] == f"{CODE}-ubnd-689"
    assert api.good("POST", "/successions/sap-nhap/approve", {}, "so.hai") == {"agreements": [f"{CODE}-ubnd-689"]}
    assert api.ask("POST", "/successions/sap-nhap/refuse", REASON, "so.hai").status_code == 409


def test_the_document_of_the_api_is_openapi_and_names_every_endpoint():
    described = document()

    validate(described)
    paths = {
        (method.upper(), path.removeprefix("/admin/api"))
        for path, item in described["paths"].items()
        for method in item
        if method != "parameters"
    }
    names = {
        CODE: "{code}",
        "dia-ban": "{code}",
        "cuc-thue.yc-1": "{code}",
        "sap-nhap": "{code}",
        "1": "{number}",
        "2": "{number}",
    }
    asked = {(method, "/".join(names.get(part, part) for part in path.split("/"))) for method, path, _ in ENDPOINTS}
    assert asked <= paths


PLACE = {"name": "Đơn vị thử", "since": "2020-01-01", "until": None}


def test_the_territory_of_a_unit_is_given_and_shown_by_its_official_code(api: Api):
    new = {"code": "ubnd-692", "name": "UBND huyện", "kind": "huyen", "since": "2025-01-01", "territory": "692"}

    made = api.good("POST", "/units", new)
    changed = api.good("PATCH", "/units/ubnd-692", {"territory": "25270"})

    assert made["territory"] == {"code": "692"} | PLACE
    assert changed["territory"] == {"code": "25270"} | PLACE
    assert api.good("GET", "/units/ubnd-692")["unit"] == changed
    listed = {each["code"]: each["territory"] for each in api.good("GET", "/units")["items"]}
    assert listed["ubnd-689"] == {"code": "689"} | PLACE
    assert listed["so"] is None
    assert api.world.rows("SELECT territory FROM acl.unit WHERE code = 'ubnd-692'") == [(6,)]


@pytest.mark.parametrize("territory", [5, "5", "1234", "999", "99999", ["692"]])
def test_nobody_is_asked_for_an_internal_id(api: Api, territory: Any):
    new = {"code": "ubnd-692", "name": "UBND huyện", "kind": "huyen", "since": "2025-01-01", "territory": territory}
    function = {"code": "f", "name": "F", "since": "2025-07-01", "narrows": {"territory": [territory]}}

    assert api.ask("POST", "/units", new).status_code == 400
    assert api.ask("POST", "/units/ubnd-689/functions", function).status_code == 400


def test_a_code_is_read_on_the_first_day_of_what_it_is_for(api: Api):
    api.world.rows("UPDATE hc.don_vi SET hieu_luc_den = '2025-07-01' WHERE ma = '692'")
    new = {"code": "ubnd-692", "name": "UBND huyện", "kind": "huyen", "territory": "692"}

    assert api.ask("POST", "/units", new | {"since": "2025-07-01"}).status_code == 400
    assert api.ask("POST", "/units", new | {"since": "2025-06-30"}).status_code == 201


def test_a_function_is_narrowed_by_official_codes_and_shows_them_with_names(api: Api):
    new = {"code": "dia-ban", "name": "Địa bàn", "since": "2025-07-01", "narrows": {"territory": ["689", "25270"]}}

    made = api.good("POST", "/units/ubnd-689/functions", new)

    wanted = [{"code": each} | PLACE for each in ("25195", "25198", "25270", "689")]
    assert made["narrows"] == {"territory": wanted}
    assert api.good("GET", "/units/ubnd-689/functions/dia-ban") == made
    assert made in api.good("GET", "/functions")["items"]
    assert api.world.rows("SELECT narrows FROM acl.function WHERE code = 'dia-ban'") == [({"territory": [2, 3, 4, 6]},)]
    shown = {"territory": [each["code"] for each in made["narrows"]["territory"]]}
    again = api.good("PUT", "/units/ubnd-689/functions/dia-ban", {"name": "Địa bàn", "narrows": shown})
    assert again == made


def test_a_managing_unit_is_shown_with_the_code_and_the_name_of_its_territory(api: Api):
    managed(api)

    (found,) = api.good("GET", "/managers")["items"]

    assert (found["territory"], found["territory_name"]) == ("689", "Đơn vị thử")
