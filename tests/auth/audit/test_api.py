"""The audit over HTTP: everybody reads as far as one may, and each reading is on record."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from psycopg.conninfo import make_conninfo

from auth.api import document
from auth.audit.reading import AfterHours, FirstUse, Report, Wanted, scope_of
from auth.audit.sheets import sheet_of
from auth.model import PUBLIC, Caller
from core.clocks import Clock, StoppedClock
from core.errors import Forbidden

NOW = datetime(2025, 6, 30, 5, 0, tzinfo=UTC)
"""The instant at which the API is asked."""

type Api = Callable[[Caller | None], FlaskClient]
type People = dict[str, Caller]

pytestmark = pytest.mark.usefixtures("history")
PATHS = ("records", "acts", "reports/unit/tan-quan", "heads", "verification")


def items(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(f"/admin/api/audit/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.json
    return answer.json["items"]


def test_a_system_admin_reads_every_unit(api: Api, people: People):
    found = items(api(people["quan-tri"]), "records?limit=1000")

    assert len(found) == 35
    assert {each["unit"] for each in found} == {"tan-quan", "thue"}
    assert found[0]["status"] == 200
    assert found[0]["rows"] == 30


def test_a_head_reads_the_own_unit(api: Api, people: People):
    assert {each["account"] for each in items(api(people["binh"]), "records?limit=1000")} == {"lan", "binh"}
    assert [each["account"] for each in items(api(people["binh"]), "acts?act=unit")] == ["lan", "binh"]


def test_a_person_reads_what_is_the_own(api: Api, people: People):
    assert {each["account"] for each in items(api(people["lan"]), "records?limit=1000")} == {"lan"}
    assert [each["account"] for each in items(api(people["lan"]), "acts?act=unit")] == ["lan"]


def test_who_did_nothing_reads_nothing(api: Api, people: People):
    assert items(api(people["an"]), "records") == []


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_without_signing_in(api: Api, path: str):
    answer = api(None).get(f"/admin/api/audit/{path}")

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("hoa", "records?unit=tan-quan"),
        ("hoa", "acts?unit=so"),
        ("hoa", "reports/unit/tan-quan"),
        ("lan", "records?account=binh"),
        ("lan", "records?unit=tan-quan"),
        ("lan", "reports/unit/tan-quan"),
        ("lan", "reports/account/binh"),
        ("an", "reports/unit/so"),
        ("may", "records"),
        ("binh", "heads"),
        ("binh", "verification"),
    ],
)
def test_what_is_anothers_is_refused(api: Api, people: People, who: str, path: str):
    assert api(people[who]).get(f"/admin/api/audit/{path}").status_code == 403


def test_an_agreement_of_several_units_shows_a_head_the_own_part(api: Api, people: People):
    answer = api(people["hoa"]).get("/admin/api/audit/reports/agreement/dt-2")

    assert answer.json
    assert (answer.json["requests"], answer.json["rows"]) == (1, 20)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("granted=false", 1),
        ("account=hoa", 2),
        ("agreement=dt-2", 3),
        ("collection=thua-dat&account=binh", 1),
        ("collection=other", 0),
        ("literal=7", 3),
        ("literal=7.00&unit=thue", 2),
        ("literal=8", 0),
        ("from=2025-06-30", 7),
        ("from=2025-06-28&to=2025-06-29", 2),
    ],
)
def test_a_search_finds_what_was_asked_for(api: Api, people: People, query: str, count: int):
    assert len(items(api(people["quan-tri"]), f"records?limit=1000&{query}")) == count


@pytest.mark.parametrize(
    ("query", "count"), [("act=unit.rename", 4), ("act=unit.ren", 0), ("about=unit:thue", 1), ("account=hoa", 1)]
)
def test_acts_are_searched(api: Api, people: People, query: str, count: int):
    assert len(items(api(people["quan-tri"]), f"acts?{query}")) == count


@pytest.mark.parametrize("path", ["records", "acts"])
def test_pages_follow_one_another_without_gap(api: Api, people: People, path: str):
    client = api(people["quan-tri"])
    everything = [each["id"] for each in items(client, f"{path}?limit=1000&to=2025-06-30")]

    after, seen = "", []
    while after is not None:
        answer = client.get(f"/admin/api/audit/{path}?limit=3&to=2025-06-30{after and f'&after={after}'}").json
        assert answer
        seen += [each["id"] for each in answer["items"]]
        after = answer.get("next")

    assert seen == everything
    assert len(seen) > 3


@pytest.mark.parametrize(
    "query",
    [
        "granted=maybe",
        "from=yesterday",
        "from=0001-01-01",
        "from=2025-07-01",
        "from=2020-01-01",
        "limit=0",
        "after=x",
        "who=lan",
    ],
)
def test_a_bad_parameter_is_named(api: Api, people: People, query: str):
    answer = api(people["quan-tri"]).get(f"/admin/api/audit/records?{query}")

    assert answer.status_code == 400
    assert answer.json
    assert answer.json["parameter"] == query.split("=", maxsplit=1)[0]


def test_a_report_of_anything_else_is_unknown(api: Api, people: People):
    assert api(people["quan-tri"]).get("/admin/api/audit/reports/person/lan").status_code == 404


def test_a_report_tells_sums_days_and_what_stands_out(api: Api, people: People):
    told = api(people["binh"]).get("/admin/api/audit/reports/unit/tan-quan").json

    assert told
    assert (told["requests"], told["denials"], told["rows"], told["unfinished"]) == (33, 1, 28 * 400 + 5_011, 1)
    assert told["days"][-1] == {
        "day": "2025-06-30", "requests": 5, "denials": 1, "rows": 5_011, "bytes": 501_100, "unfinished": 1,
    }  # fmt: skip
    assert [(each["account"], each["day"], each["usual"]) for each in told["unusual"]] == [("lan", "2025-06-30", 400)]
    weekend = sum((NOW - timedelta(days=day)).isoweekday() > 5 for day in range(1, 29))
    assert [(each["account"], each["requests"]) for each in told["after_hours"]] == [("lan", weekend + 1)]
    first = {(each["account"], each["column"]): each["request_id"] for each in told["first_uses"]}
    assert first == {("lan", "*"): "r28", ("lan", "gia"): "r29", ("lan", "chu"): "r29", ("binh", "*"): "r33"}


def test_the_name_of_a_table_holds_nothing_that_breaks_a_header(api: Api, people: People):
    answer = api(people["quan-tri"]).get("/admin/api/audit/reports/unit/a%0Ab%22;?f=csv")

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == "attachment; filename=unit-a_b__.csv"


@pytest.mark.parametrize(("query", "accept"), [("?f=csv", "application/json"), ("", "text/csv")])
def test_a_report_is_a_table_for_spreadsheets_too(api: Api, people: People, query: str, accept: str):
    path = "/admin/api/audit/reports/unit/tan-quan"
    told = api(people["binh"]).get(path).json
    answer = api(people["binh"]).get(path + query, headers={"Accept": accept})

    assert answer.content_type == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == "attachment; filename=unit-tan-quan.csv"
    assert answer.data.startswith("\ufeffpart,day,account,".encode())
    lines = list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))
    assert told
    assert Counter(each["part"] for each in lines) == {
        "total": 1,
        "day": len(told["days"]),
        "after_hours": len(told["after_hours"]),
        "unusual": len(told["unusual"]),
        "first_use": len(told["first_uses"]),
    }
    assert (lines[0]["requests"], lines[0]["rows"]) == (str(told["requests"]), str(told["rows"]))
    assert [each["usual"] for each in lines if each["part"] == "unusual"] == ["400"]


def test_a_report_in_another_format_is_refused(api: Api, people: People):
    answer = api(people["binh"]).get("/admin/api/audit/reports/unit/tan-quan?f=xlsx")

    assert answer.status_code == 400
    assert api(people["binh"]).get("/admin/api/audit/records?f=csv").status_code == 400


def test_whoever_may_not_read_a_report_may_not_as_a_table(api: Api, people: People):
    assert api(people["lan"]).get("/admin/api/audit/reports/unit/tan-quan?f=csv").status_code == 403
    assert api(None).get("/admin/api/audit/reports/unit/tan-quan?f=csv").status_code == 401


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_table_is_a_formula(begin: str):
    odd = f'{begin}HYPERLINK("x")'
    use = FirstUse("lan", "thua-dat", odd, NOW, odd)
    report = Report(-1, 0, 0, 0, 0, [], [AfterHours(odd, 1, 1, NOW)], [], [use])

    lines = list(csv.reader(StringIO(sheet_of(report).removeprefix("\ufeff"), newline="")))

    cells = [cell for line in lines for cell in line]
    assert cells.count(f"'{odd}") == 3
    assert [each for each in cells if each.startswith(("=", "+", "@", "\t", "\r"))] == []
    assert [each for each in cells if each.startswith("-")] == ["-1"]


def test_a_use_before_the_period_is_no_first_one(api: Api, people: People):
    told = api(people["binh"]).get("/admin/api/audit/reports/account/lan?from=2025-06-29").json

    assert told
    assert [each["column"] for each in told["first_uses"]] == ["chu", "gia"]


def test_reading_is_an_act_on_record_that_holds_no_literal(api: Api, people: People, empty_db: str):
    items(api(people["hoa"]), "records?literal=7&account=hoa")

    with psycopg.connect(empty_db) as owner:
        row = owner.execute("SELECT account, act, about, after FROM audit.act ORDER BY id DESC LIMIT 1").fetchone()
    assert row
    assert row[:3] == ("hoa", "audit.read", "audit:records")
    assert row[3]["account"] == "hoa"
    assert row[3]["literal"].startswith("#")


def test_a_reading_that_cannot_be_recorded_is_refused(api: Api, people: People, empty_db: str):
    with psycopg.connect(empty_db) as owner:
        owner.execute("REVOKE INSERT (subject) ON audit.act FROM datdai_mau_identity")

    answer = api(people["quan-tri"]).get("/admin/api/audit/records")

    assert answer.status_code == 500
    assert "tan-quan" not in answer.text


def test_heads_and_verification_are_for_system_admins(api: Api, people: People, seal: Callable[[Clock], None]):
    client = api(people["quan-tri"])
    assert client.get("/admin/api/audit/verification").status_code == 409
    for clock in (StoppedClock(NOW), StoppedClock(NOW + timedelta(days=1))):
        seal(clock)

    heads = items(client, "heads?to=2025-07-01")
    verdict = client.get("/admin/api/audit/verification?from=2025-06-30&to=2025-06-30").json

    assert [head["day"] for head in heads] == ["2025-06-30"]
    assert verdict
    assert verdict["fault"] is None
    assert verdict["rows"] == 73
    assert client.get("/admin/api/audit/verification?from=2025-01-01").status_code == 400


def test_a_tampered_row_is_named_over_http(api: Api, people: People, empty_db: str, seal: Callable[[Clock], None]):
    seal(StoppedClock(NOW))
    with psycopg.connect(empty_db) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE audit.act SET about = 'unit:x' WHERE id = 2")

    verdict = api(people["quan-tri"]).get("/admin/api/audit/verification?from=2025-06-30").json

    assert verdict
    assert (verdict["fault"]["kind"], verdict["fault"]["row"]) == ("changed", "act 2")


def test_a_reader_who_says_nothing_sees_nothing(empty_db: str):
    with psycopg.connect(make_conninfo(empty_db, user="datdai_mau_auditor")) as connection:
        for table in ("decision", "outcome", "act"):
            assert connection.execute(f"SELECT count(*) FROM audit.{table}").fetchone() == (0,)


def test_the_database_itself_holds_a_reader_to_the_scope(empty_db: str):
    with psycopg.connect(make_conninfo(empty_db, user="datdai_mau_auditor")) as connection:
        connection.execute("SET datdai.audit_of = 'unit:thue'")

        assert connection.execute("SELECT DISTINCT unit FROM audit.decision").fetchall() == [("thue",)]
        assert connection.execute("SELECT DISTINCT unit FROM audit.act").fetchall() == [("thue",)]
        assert connection.execute("SELECT count(*) FROM audit.outcome").fetchone() == (2,)


def test_the_public_reads_nothing_of_the_audit():
    with pytest.raises(Forbidden):
        scope_of(PUBLIC, Wanted(NOW, NOW))


@pytest.mark.usefixtures("people")
def test_the_document_describes_every_path_and_is_valid():
    found = document()

    validate(found)
    assert {path.rsplit("/audit/", 1)[1] for path in found["paths"] if "/audit/" in path} == {
        "records", "acts", "reports/{about}/{code}", "heads", "verification",
    }  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_refused(api: Api, people: People, path: str):
    answer = api(people["quan-tri"]).delete(f"/admin/api/audit/{path}", headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 405
