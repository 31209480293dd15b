"""Records completed by hand, removals confirmed and the report of harvests, over the admin API."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from openapi_spec_validator import validate
from psycopg.types.json import Jsonb

from auth.api import blueprint, document
from auth.api.http import Access
from auth.model import Caller
from core.errors import Unauthorized
from database.writer import Writer
from harvest.report.rounds import Face, Given, sum_of, write_round
from server.mounted import MORE_TOPICS, assemble
from tests.auth.sharing.conftest import CLOCK, LAYERS, World
from tests.harvest.curation.conftest import NOWHERE, PARCELS, PLANS
from web.texts import error_texts

ONE = f"/catalogue/records/{PARCELS}"
PURPOSE = {"purpose": {"vi": "Quản lý đất đai", "en": "Land administration"}}
BODY = {"supplement": PURPOSE, "reason": "theo công văn 12"}
DIGEST = "0123456789abcdef"
CONFIRM = {"digest": DIGEST, "reason": "đã kiểm tra"}
ENDPOINTS: list[tuple[str, str, Any]] = [
    ("GET", "/catalogue/records", None),
    ("GET", ONE, None),
    ("GET", f"{ONE}/supplement", None),
    ("PUT", f"{ONE}/supplement", BODY),
    ("GET", f"{ONE}/history", None),
    ("GET", "/catalogue/completeness", None),
    ("GET", "/catalogue/removals", None),
    ("POST", "/catalogue/removals/confirmation", CONFIRM),
    ("GET", "/harvests", None),
    ("GET", "/harvests/lint", None),
]


class Api:
    """The admin API, asked by whom the test says."""

    def __init__(self, world: World, writers: list[Writer]) -> None:
        access = Access(*writers, LAYERS, CLOCK, self._caller, texts=error_texts, base_url="http://localhost:8000")
        self._flask = assemble([blueprint(access, MORE_TOPICS)], secret=b"s" * 32)
        self.world = world
        self.who: Caller | None = None

    def _caller(self) -> Caller:
        if self.who is None:
            raise Unauthorized
        return self.who

    def ask(self, method: str, path: str, body: Any = None, who: str | None = "so.mot", **headers: str) -> Any:
        self.who = self.world.people[who] if who else None
        return self.send(method, path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {"Sec-Fetch-Site": "same-origin"} | {name.replace("_", "-"): each for name, each in headers.items()}
        return self._flask.test_client().open(f"/admin/api{path}", method=method, json=body, headers=given)


@pytest.fixture
def api(curated: World) -> Iterator[Api]:
    writers = [Writer(curated.login(each), purpose="test") for each in ("identity", "publisher", "auditor")]
    yield Api(curated, writers)
    for each in writers:
        each.close()


def statuses(api: Api, who: str | None) -> set[int]:
    return {
        api.ask(method, path, body, who, If_Match="*" if method == "PUT" else "").status_code
        for method, path, body in ENDPOINTS
    }


def test_who_has_not_signed_in_gets_nothing(api: Api) -> None:
    assert statuses(api, None) == {401}


def test_who_answers_for_no_data_may_do_none_of_it(api: Api) -> None:
    assert statuses(api, "so.khac") == {403}
    assert statuses(api, "thue.canbo") == {403}


def test_the_document_describes_the_endpoints_and_is_valid(api: Api) -> None:
    found = document(MORE_TOPICS)

    validate(found)
    assert "put" in found["paths"]["/admin/api/catalogue/records/{record}/supplement"]
    assert api.ask("GET", "").get_json() == found


def test_the_list_tells_how_complete_each_record_is_page_by_page(api: Api) -> None:
    first = api.ask("GET", "/catalogue/records?limit=2").get_json()
    rest = api.ask("GET", f"/catalogue/records?limit=2&after={first['next']}").get_json()

    assert [each["id"] for each in first["items"] + rest["items"]][:1] == [str(PARCELS)]
    assert [each["id"] for each in rest["items"]] == [str(PLANS)]
    assert "next" not in rest
    assert first["items"][0]["mandatory"] == 100
    assert "3.purpose" in first["items"][0]["missing"]


def test_the_list_is_narrowed_to_a_component(api: Api) -> None:
    found = api.ask("GET", "/catalogue/records?component=quy-hoach").get_json()

    assert [each["id"] for each in found["items"]] == [str(PLANS)]
    assert api.ask("GET", "/catalogue/records?component=gi-do").status_code == 400
    assert api.ask("GET", "/catalogue/records?after=x").status_code == 400


def test_a_record_shows_what_it_lacks_in_vietnamese(api: Api) -> None:
    found = api.ask("GET", ONE).get_json()

    assert found["record"]["id"] == str(PARCELS)
    assert found["groups"]["3"]["vi"] == "Mô tả dữ liệu"
    assert "Mục đích" in [each["name"]["vi"] for each in found["completeness"]["missing"]]


def test_a_supplement_is_written_by_the_version_that_was_read(api: Api) -> None:
    before = api.ask("GET", f"{ONE}/supplement")
    written = api.ask("PUT", f"{ONE}/supplement", BODY, If_Match=before.headers["ETag"])
    again = api.ask("PUT", f"{ONE}/supplement", BODY | {"supplement": {}}, "so.hai", If_Match=before.headers["ETag"])

    assert (before.headers["ETag"], before.get_json()["supplement"]) == ('"0"', {})
    assert (written.status_code, written.headers["ETag"]) == (200, '"1"')
    assert "3.purpose" not in [each["code"] for each in written.get_json()["completeness"]["missing"]]
    assert again.status_code == 412
    assert api.ask("GET", f"{ONE}/supplement").get_json()["supplement"] == PURPOSE
    assert [each["by"] for each in api.ask("GET", f"{ONE}/history").get_json()["items"]] == ["so.mot"]


def test_a_change_that_names_no_version_is_refused(api: Api) -> None:
    assert api.ask("PUT", f"{ONE}/supplement", BODY).status_code == 428
    for wrong in ('W/"0"', "0", '"x"', '"0", "1"'):
        assert api.ask("PUT", f"{ONE}/supplement", BODY, If_Match=wrong).status_code == 412, wrong
    assert api.ask("PUT", f"{ONE}/supplement", BODY, If_Match="*").status_code == 200


def test_every_fault_of_a_supplement_is_named_at_once_and_nothing_is_written(api: Api) -> None:
    wrong = {"scales": [0], "license": "CC BY", "abstract": {"vi": "x"}, "la": 1}

    refused = api.ask("PUT", f"{ONE}/supplement", {"supplement": wrong}, If_Match="*", Accept_Language="vi")

    assert refused.status_code == 400
    faults = {each["member"]: each["problem"] for each in refused.get_json()["faults"]}
    assert set(faults) == {
        "supplement.scales.0",
        "supplement.license",
        "supplement.abstract.en",
        "supplement.la",
        "reason",
    }
    assert faults["supplement.la"] == "không có khóa này."
    twice = api.ask("PUT", f"{ONE}/supplement", BODY | {"supplement": {"scales": [5, 5]}}, If_Match="*")
    assert [each["member"] for each in twice.get_json()["faults"]] == ["supplement.scales.1"]
    assert api.world.rows("SELECT count(*) FROM cb.bo_sung") == [(0,)]


@pytest.mark.parametrize("record", [NOWHERE, "khong", str(PARCELS).upper().replace("1", "A"), "..%2F"])
def test_a_record_that_there_is_not_is_not_found(api: Api, record: object) -> None:
    for method, path in (("GET", ""), ("GET", "/supplement"), ("PUT", "/supplement"), ("GET", "/history")):
        body, tag = (BODY, "*") if method == "PUT" else (None, "")
        assert api.ask(method, f"/catalogue/records/{record}{path}", body, If_Match=tag).status_code == 404


def test_writing_needs_a_fresh_proof_and_a_page_of_ours(api: Api) -> None:
    api.who = replace(api.world.people["so.mot"], proved_at=None)
    unproved = [api.send(*each, If_Match="*").status_code for each in ENDPOINTS if each[0] != "GET"]
    foreign = api.ask("PUT", f"{ONE}/supplement", BODY, If_Match="*", Sec_Fetch_Site="cross-site")

    assert unproved == [401, 401]
    assert foreign.status_code == 403
    assert api.world.rows("SELECT count(*) FROM cb.bo_sung") == [(0,)]


def test_completeness_is_summed_over_what_one_completes(api: Api) -> None:
    api.world.manage("vung-quy-hoach", "cuc-thue")

    assert api.ask("GET", "/catalogue/completeness").get_json()["records"] == 3
    assert api.ask("GET", "/catalogue/completeness", who="thue.lanhdao").get_json()["records"] == 1
    assert api.ask("GET", "/catalogue/completeness?component=gia-dat").get_json()["records"] == 0


def test_removals_that_wait_are_shown_and_just_these_are_confirmed_by_an_officer(api: Api) -> None:
    assert api.ask("GET", "/catalogue/removals").get_json() == {"held": None}
    with psycopg.connect(api.world.dsn) as dba:
        dba.execute(
            "INSERT INTO cb.giu_lai (dau_van, tu, so_go, tong, ban_ghi) VALUES (%s, now(), 1, 3, %s)",
            [DIGEST, Jsonb([{"id": str(PLANS), "title": "Quy hoạch"}])],
        )

    shown = api.ask("GET", "/catalogue/removals").get_json()["held"]
    others = api.ask("POST", "/catalogue/removals/confirmation", CONFIRM | {"digest": "khac"})
    done = api.ask("POST", "/catalogue/removals/confirmation", CONFIRM, "so.hai")

    assert (shown["digest"], shown["records"]) == (DIGEST, [{"id": str(PLANS), "title": "Quy hoạch"}])
    assert (others.status_code, done.status_code) == (409, 204)
    assert api.ask("GET", "/catalogue/removals").get_json()["held"]["confirmed"] is True
    acts = "SELECT account, about FROM audit.act WHERE act = 'catalogue.confirm_removal'"
    assert api.world.rows(acts) == [("so.hai", f"catalogue:{DIGEST}")]


def test_rounds_of_harvesters_are_told_with_how_they_ended(api: Api) -> None:
    now = CLOCK.now()
    account = api.world.people["thue.canbo"].subject
    rounds = (
        ("public", Given(records=5, begins=True, ends=True, form="iso19139")),
        ("public", Given(begins=True)),
        (account, Given(status=503)),
        (account, Given()),
    )
    with psycopg.connect(api.world.login("identity")) as connection:
        for number, (who, given) in enumerate(rounds):
            write_round(connection, (who, None, f"agent {number}", Face.OAI), sum_of(given, now))

    found = api.ask("GET", "/harvests").get_json()["items"]
    page = api.ask("GET", "/harvests?limit=1").get_json()

    assert [(each["who"], each["outcome"]) for each in found] == [
        ("thue.canbo", "looked"),
        ("thue.canbo", "refused"),
        ("public", "broken_off"),
        ("public", "complete"),
    ]
    assert api.ask("GET", f"/harvests?limit=1&after={page['next']}").get_json()["items"] == [found[1]]
    assert api.ask("GET", "/harvests?since=2025-06-30").get_json()["items"] == found
    assert api.ask("GET", "/harvests?since=2025-07-01").get_json()["items"] == []
    assert api.ask("GET", "/harvests?since=hom-nay").status_code == 400


def test_the_lint_reads_the_records_and_the_service(api: Api) -> None:
    found = {each["code"]: each for each in api.ask("GET", "/harvests/lint").get_json()["findings"]}

    assert {"https", "host", "admin-email", "never-published"} <= set(found)
    assert found["host"]["clients"] == ["OAI-PMH harvesters", "data.europa.eu"]
