"""What publishing would do is shown as PostgreSQL would answer, and leaves nothing behind."""

from datetime import date
from typing import Any

import psycopg
import pytest

from auth.sharing import agreements, effect
from tests.auth.sharing.conftest import DAY, VOCABULARY, World, clause, document, people_of

DISTRICTS = (
    "SELECT DISTINCT h.ma FROM hc.don_vi h JOIN hc.don_vi x ON x.cha_id = h.id JOIN dc.thua_dat t "
    "ON t.xa_id = x.id WHERE h.cap = 2 ORDER BY 1 LIMIT 2"
)


@pytest.fixture(scope="module")
def province(sample_db: str) -> World:
    with psycopg.connect(sample_db) as dba:
        people = people_of(dba)
    return World(sample_db, people)


def drafted(province: World, code: str, **changes: Any) -> agreements.Drafted:
    return province.act(agreements.draft, "so.mot", document(agreement=code, **changes), vocabulary=VOCABULARY, day=DAY)


def shown(province: World, code: str) -> effect.Effect:
    with psycopg.connect(province.login("publisher")) as connection:
        agreement = agreements.agreement_named(connection, code)
        return effect.effect_of(connection, agreement, vocabulary=VOCABULARY, day=DAY)


def published(province: World, code: str) -> None:
    """Bring a draft in force around the service."""
    for state in ("proposed", "accepted", "published"):
        province.rows(
            "UPDATE acl.agreement_version v SET state = %s FROM acl.agreement a "
            "WHERE a.id = v.agreement_id AND a.code = %s AND v.state <> 'revoked'",
            state,
            code,
        )


def codes(province: World) -> list[str]:
    return [each for (each,) in province.rows(DISTRICTS)]


def parcels(province: World, district: str) -> int:
    return province.rows(
        "SELECT count(*) FROM dc.thua_dat t JOIN hc.don_vi x ON x.id = t.xa_id JOIN hc.don_vi h ON h.id = x.cha_id "
        "WHERE h.ma = %s AND t.hieu_luc_den IS NULL",
        district,
    )[0][0]


def test_a_first_agreement_gains_all_that_it_gives(province: World):
    one, _ = codes(province)
    drafted(province, "lan-dau", clauses=[clause(rows={"territory": {"districts": [one]}})])

    (whole,) = shown(province, "lan-dau").classes

    (found,) = whole.collections
    assert (found.id, found.rows_before, found.rows_lost) == ("thua-dat", 0, 0)
    assert found.rows_after == found.rows_gained == parcels(province, one) > 0
    assert found.columns_gained == ("dien_tich", "id", "ma_xa", "so_thua", "so_to", "xa_id")
    assert len(found.sample) == effect.SAMPLE_ROWS
    assert set(found.sample[0]) == set(found.columns_gained)


def test_a_next_version_shows_what_is_gained_and_lost(province: World):
    one, other = codes(province)
    unit = {"recipient": "ubnd-689"}
    drafted(province, "doi-dia-ban", **unit, clauses=[clause(rows={"territory": {"districts": [one]}})])
    published(province, "doi-dia-ban")
    columns = ["id", "xa_id", "loai_dat"]
    rows = {"territory": {"districts": [other]}}
    drafted(province, "doi-dia-ban", **unit, valid_from="2025-09-01", clauses=[clause(columns=columns, rows=rows)])

    seen = shown(province, "doi-dia-ban")

    (found,) = seen.classes[0].collections
    assert seen.day == date(2025, 9, 1)
    assert (found.rows_before, found.rows_lost) == (parcels(province, one), parcels(province, one))
    assert (found.rows_after, found.rows_gained) == (parcels(province, other), parcels(province, other))
    assert found.columns_gained == ("loai_dat",)
    assert found.columns_lost == ("dien_tich", "ma_xa", "so_thua", "so_to")


def test_each_class_of_accounts_is_shown_by_its_functions(province: World):
    one, _ = codes(province)
    province.rows(
        "INSERT INTO acl.function (unit_id, code, name, narrows, valid_from) SELECT id, 'dien-tich', 'Diện tích', "
        '\'{"columns": {"thua-dat": ["id", "xa_id", "dien_tich"]}}\', \'2023-01-01\' '
        "FROM acl.unit WHERE code = 'ubnd-25270'"
    )
    province.rows(
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) SELECT a.id, f.id, '2023-01-01' "
        "FROM acl.account a, acl.function f WHERE a.code = '25270.lanhdao' AND f.code = 'dien-tich'"
    )
    rows = {"territory": {"districts": [one]}}
    drafted(province, "theo-chuc-nang", recipient="ubnd-25270", clauses=[clause(rows=rows)])

    whole, own = shown(province, "theo-chuc-nang").classes

    assert (own.functions, own.accounts) == (("dien-tich",), ("25270.lanhdao",))
    assert own.collections[0].columns_gained == ("dien_tich", "id", "xa_id")
    assert len(whole.collections[0].columns_gained) == 6


def test_a_special_agreement_is_a_collection_of_its_own(province: World):
    one, _ = codes(province)
    special = province.rows(
        "INSERT INTO acl.request (code, unit_id, data, purpose, legal_basis, valid_from, state) "
        "SELECT 'yc-1', id, 'x', 'x', 'x', '2025-01-01', 'preparing' FROM acl.unit WHERE code = 'cuc-thue' RETURNING id"
    )
    assert special
    rows = {"territory": {"districts": [one]}}
    drafted(province, "dt-1", kind="dac_thu", request="yc-1", clauses=[clause(rows=rows)])

    (whole,) = shown(province, "dt-1").classes

    assert "thua-dat~dt-1" in [each.id for each in whole.collections]


def test_the_time_of_hidden_rows_is_shown_for_further_terms(province: World):
    terms = [{"column": "nhom_dat_chinh", "one_of": ["NNP"]}]
    drafted(
        province,
        "dat-nong-nghiep",
        recipient="so",
        clauses=[clause(columns=["id", "nhom_dat_chinh"], rows={"territory": "province", "terms": terms})],
    )

    (found,) = shown(province, "dat-nong-nghiep").timings

    assert found.collection == "thua-dat"
    assert found.hidden_ms > 0
    assert found.ratio == pytest.approx(found.hidden_ms / found.empty_ms, rel=0.05)


def test_a_look_leaves_no_role_behind(province: World):
    one, _ = codes(province)
    drafted(province, "khong-dau-vet", recipient="so", clauses=[clause(rows={"territory": {"districts": [one]}})])
    roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'datdai\\_mau\\_p\\_%%'"
    grants = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname ~ 'publisher$'"
    before = province.rows(roles), province.rows(grants), province.rows("SELECT count(*) FROM acl.profile")

    shown(province, "khong-dau-vet")

    assert before == (province.rows(roles), province.rows(grants), province.rows("SELECT count(*) FROM acl.profile"))


def test_postgresql_commits_no_look(province: World):
    connection = psycopg.connect(province.login("publisher"))
    connection.execute("SELECT acl.xem_thu('', '0')")

    with pytest.raises(psycopg.errors.InvalidTransactionTermination):
        connection.commit()
    connection.close()


def test_nobody_else_may_look_through_a_profile(province: World):
    for login in ("identity", "app"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(province.login(login)) as connection:
            connection.execute("SELECT acl.xem_thu('', '0')")
