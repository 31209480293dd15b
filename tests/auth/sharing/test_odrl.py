"""An agreement as ODRL: who shares what with whom, for what purpose, under which limits."""

from datetime import UTC, date, datetime

from auth.policy.clauses import Place, body_of
from auth.sharing.agreements import Agreement, Version
from auth.sharing.odrl import odrl_of
from auth.territory import territories_of
from tests.auth.sharing.conftest import DAY, PLACES, VOCABULARY, clause, document

SINCE = date(2020, 1, 1)
TERRITORIES = territories_of((*each, SINCE, None) for each in PLACES)
URL = "https://dulieu.example.vn"


def policy(kind: str = "mac_dinh", recipient: str | None = "cuc-thue", **changes):
    body = body_of(document(**changes), VOCABULARY, Place(TERRITORIES, DAY))
    version = Version(
        2, "published", SINCE, None, body, "0" * 64, 1, "so.mot", datetime(2025, 1, 1, tzinfo=UTC), None, None, None
    )
    return odrl_of(Agreement(1, "thue-1", kind, 2, recipient, None, None, None), version, base=URL, assigner="so")


def test_an_agreement_names_both_sides_and_the_collection():
    found = policy()

    assert (found["@type"], found["uid"]) == ("Agreement", f"{URL}/agreements/thue-1/2")
    assert (found["assigner"], found["assignee"]) == (f"{URL}/units/so", f"{URL}/units/cuc-thue")
    (permission,) = found["permission"]
    assert permission["target"]["source"] == f"{URL}/collections/thua-dat"
    assert permission["action"] == ["datdai:query", "read"]


def test_a_special_agreement_targets_its_own_collection():
    (permission,) = policy(kind="dac_thu")["permission"]

    assert permission["target"]["source"] == f"{URL}/collections/thua-dat~thue-1"


def test_a_publication_is_an_offer_to_whom_it_may_concern():
    found = policy(kind="cong_khai", recipient=None)

    assert found["@type"] == "Offer"
    assert "assignee" not in found


def test_rows_and_columns_refine_the_target():
    terms = [{"column": "hieu_luc_tu", "begin": "2020-01-01", "end": "2024-01-01"}]
    columns = ["id", "xa_id", "hieu_luc_tu"]
    (permission,) = policy(clauses=[clause(columns=columns, rows={"territory": "province", "terms": terms})])[
        "permission"
    ]

    shown, geometry, rows = permission["target"]["refinement"]
    assert (shown["leftOperand"], shown["rightOperand"]) == ("datdai:column", ["hieu_luc_tu", "id", "xa_id"])
    assert geometry["rightOperand"]["@value"] == "true"
    assert [each["operator"] for each in rows["and"]["@list"]] == ["gteq", "lt"]


def test_purpose_days_formats_and_quotas_are_constraints():
    clauses = [clause(formats=["csv"], page_max=10, daily_items=100)]
    (permission,) = policy(clauses=clauses, valid_until="2026-01-01")["permission"]

    found = {(each["leftOperand"], each["operator"]): each["rightOperand"] for each in permission["constraint"]}
    assert found["purpose", "isA"]["@type"] == "dpv:Purpose"
    assert found["dateTime", "gteq"]["@value"] == "2025-01-01"
    assert found["dateTime", "lt"]["@value"] == "2026-01-01"
    assert found["fileFormat", "isAnyOf"] == ["csv"]
    assert (found["datdai:itemsOnPage", "lteq"], found["datdai:itemsPerDay", "lteq"]) == (10, 100)
    assert permission["dpv:hasLegalBasis"]["dct:description"]["@value"] == "Quy chế, Điều 9"
