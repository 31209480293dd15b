"""What publishing would do is shown as PostgreSQL would answer, and leaves nothing behind."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from auth.sharing import drafting, effect, publication
from catalogue.record_keys import RECORDS
from core.errors import Conflict
from database.walls import check_walls
from tests.auth.sharing.conftest import CLOCK, DAY, LAYERS, VOCABULARY, World, clause, document, people_of

HOLDERS = clause(layer="quyen-su-dung-dat", columns="all", geometry=False, rows={"territory": "province"})

DISTRICTS = (
    "SELECT DISTINCT h.ma FROM hc.don_vi h JOIN hc.don_vi x ON x.cha_id = h.id JOIN dc.thua_dat t "
    "ON t.xa_id = x.id WHERE h.cap = 2 ORDER BY 1 LIMIT 2"
)


@pytest.fixture(scope="module")
def province(sample_db: str) -> World:
    with psycopg.connect(sample_db) as dba:
        people = people_of(dba)
    return World(sample_db, people)


def drafted(province: World, code: str, **changes: Any) -> drafting.Drafted:
    return province.act(drafting.draft, "so.mot", document(agreement=code, **changes), vocabulary=VOCABULARY, day=DAY)


def shown(province: World, code: str, who: str = "so.hai") -> effect.Effect:
    return province.look(code, who)


def published(province: World, code: str) -> None:
    """Bring a draft in force around the service."""
    moved(province, code, "proposed", "accepted", "published")


def accepted(province: World, code: str, **changes: Any) -> drafting.Drafted:
    """Draft, and bring it to where all have accepted, around the service."""
    version = drafted(province, code, **changes)
    moved(province, code, "proposed", "accepted")
    return version


def moved(province: World, code: str, *states: str) -> None:
    for state in states:
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

    (collection,) = whole.collections
    (found,) = collection.facets
    assert (collection.id, collection.operations_gained) == ("thua-dat", ("query", "read"))
    assert (found.operations, found.rows_before, found.rows_lost) == (("read", "query"), 0, 0)
    assert found.rows_after == found.rows_gained == parcels(province, one) > 0
    assert found.columns_gained == ("dien_tich", "id", "ma_xa", "so_thua", "so_to", "xa_id")


def test_frames_of_records_are_no_effect_of_their_own(province: World):
    drafted(province, "chi-khung")

    assert [each.id for one in shown(province, "chi-khung").classes for each in one.collections] == ["thua-dat"]


def test_records_that_a_clause_gives_or_takes_are_shown(province: World):
    records = clause(layer=RECORDS, columns="all", rows={"territory": {"districts": codes(province)[:1]}})

    given = successor(province, "them-ban-ghi", [clause()], [clause(), records], "ubnd-25270")
    taken = successor(province, "bot-ban-ghi", [clause(), records], [clause()], "ubnd-25270")

    assert [each.id for each in given.collections] == [each.id for each in taken.collections] == [RECORDS, "thua-dat"]
    (gained,), (lost,) = (each.collections[0].facets for each in (given, taken))
    assert gained.operations == lost.operations == ("read", "query")


@pytest.mark.parametrize("who", ["so.mot", "so.hai", "so.lanhdao"])
def test_nobody_sees_a_row_of_what_is_not_accepted(province: World, who: str):
    code = f"chua-chap-thuan-{who[3:]}"
    drafted(province, code)
    before = samples(shown(province, code, who))

    moved(province, code, "proposed")

    assert (before, samples(shown(province, code, who))) == ([None], [None])


def test_who_drafted_sees_no_row_even_of_what_all_have_accepted(province: World):
    accepted(province, "nguoi-soan")

    assert samples(shown(province, "nguoi-soan", "so.mot")) == [None]
    province.rows("UPDATE acl.account SET person = (SELECT person FROM acl.account WHERE code = 'so.mot') "
                  "WHERE code = 'so.hai'")  # fmt: skip
    assert samples(shown(province, "nguoi-soan")) == [None]
    province.rows("UPDATE acl.account SET person = 'Người mẫu so.hai' WHERE code = 'so.hai'")


def test_a_second_officer_sees_a_few_rows_of_what_all_have_accepted(province: World):
    accepted(province, "cho-cong-bo")

    seen = shown(province, "cho-cong-bo")

    (rows,) = samples(seen)
    assert seen.state == "accepted"
    assert rows is not None
    assert len(rows) == effect.SAMPLE_ROWS
    assert set(rows[0]) == set(seen.classes[0].collections[0].facets[0].columns_gained)
    assert all(row["so_thua"] for row in rows)


def test_personal_data_are_masked_in_a_sample(province: World):
    accepted(province, "nguoi-su-dung", clauses=[HOLDERS])

    (rows,) = samples(shown(province, "nguoi-su-dung"))

    assert rows
    personal = [each.name for each in VOCABULARY.layers["quyen-su-dung-dat"].columns if each.personal]
    assert len(personal) == 4
    assert {row[name] for row in rows for name in personal} == {effect.MASK}
    assert effect.MASK not in {row["xa_id"] for row in rows}


def test_the_rows_that_were_shown_are_on_record_with_who_saw_them_and_of_which_body(province: World):
    version = accepted(province, "ghi-so")

    (rows,) = samples(shown(province, "ghi-so"))

    assert rows
    (found,) = province.rows(
        "SELECT account, after FROM audit.act WHERE act = 'agreement.effect' AND about = 'agreement:ghi-so'"
    )
    assert found[0] == "so.hai"
    assert found[1]["body_hash"] == version.body_hash
    assert found[1]["sample"] == {"thua-dat": sorted(row["id"] or "" for row in rows)}


def test_a_look_that_cannot_be_put_on_record_shows_nothing(province: World):
    accepted(province, "khong-ghi-duoc")
    province.rows("REVOKE INSERT ON audit.act FROM datdai_mau_publisher")

    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shown(province, "khong-ghi-duoc")
    finally:
        province.rows("GRANT INSERT ON audit.act TO datdai_mau_publisher")


def samples(seen: effect.Effect) -> list[effect.Sample | None]:
    return [each.sample for each in facets(seen) if each.rows_after]


def facets(seen: effect.Effect) -> list[effect.FacetEffect]:
    return [facet for one in seen.classes for collection in one.collections for facet in collection.facets]


def test_a_next_version_shows_what_is_gained_and_lost(province: World):
    one, other = codes(province)
    unit = {"recipient": "ubnd-689"}
    drafted(province, "doi-dia-ban", **unit, clauses=[clause(rows={"territory": {"districts": [one]}})])
    published(province, "doi-dia-ban")
    columns = ["id", "xa_id", "loai_dat"]
    rows = {"territory": {"districts": [other]}}
    drafted(province, "doi-dia-ban", **unit, valid_from="2025-09-01", clauses=[clause(columns=columns, rows=rows)])

    seen = shown(province, "doi-dia-ban")

    (found,) = seen.classes[0].collections[0].facets
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
    assert own.collections[0].facets[0].columns_gained == ("dien_tich", "id", "xa_id")
    assert len(whole.collections[0].facets[0].columns_gained) == 6


def successor(province: World, code: str, first: list[Any], second: list[Any], recipient: str) -> effect.ClassEffect:
    """Publish clauses around the service, draft others in their place, and return what that does to the whole unit."""
    drafted(province, code, recipient=recipient, clauses=first)
    published(province, code)
    drafted(province, code, recipient=recipient, valid_from="2025-09-01", clauses=second)
    seen = shown(province, code).classes[0]
    moved(province, code, "revoked")
    return seen


def parcel_facets(seen: effect.ClassEffect) -> dict[tuple[str, ...], effect.FacetEffect]:
    (collection,) = [each for each in seen.collections if each.id == "thua-dat"]
    return {each.operations: each for each in collection.facets}


def test_what_an_operation_alone_gains_is_shown_with_its_own_rows_and_columns(province: World):
    one, other = codes(province)
    columns = ["id", "xa_id", "so_to", "so_thua"]
    export = clause(operations=["read", "export"], columns=columns, rows={"territory": {"districts": [one]}})
    narrow = clause(operations=["read"], columns=columns, rows={"territory": {"districts": [one]}})

    seen = successor(province, "them-xuat", [narrow], [export], "ubnd-25270")
    back = successor(province, "bot-xuat", [export], [narrow], "ubnd-25270")
    wide = clause(operations=["read", "export"], columns=columns, rows={"territory": {"districts": [one, other]}})
    more = successor(province, "rong-xuat", [export], [wide], "ubnd-25270")

    (collection,) = [each for each in seen.collections if each.id == "thua-dat"]
    assert (collection.operations_gained, collection.operations_lost) == (("export",), ())
    found = parcel_facets(seen)
    assert list(found) == [("read",), ("export",)]
    assert (found["read",].rows_gained, found["read",].columns_gained) == (0, ())
    assert found["export",].rows_gained == found["export",].rows_after == parcels(province, one) > 0
    assert found["export",].columns_gained == tuple(sorted(columns))
    assert (found["export",].limits_before, found["export",].limits_after) == (None, effect.Limits(None, None, None))
    assert back.collections[-1].operations_lost == ("export",)
    assert parcel_facets(back)["export",].rows_lost == parcels(province, one)
    assert parcel_facets(back)["export",].limits_after is None
    assert list(parcel_facets(more)) == [("read", "export")]
    assert parcel_facets(more)["read", "export"].rows_gained == parcels(province, other)


def test_rows_of_one_operation_are_told_apart_from_those_of_the_others(province: World):
    one, other = codes(province)
    columns = ["id", "xa_id", "so_to", "so_thua"]
    read = clause(operations=["read"], columns=columns, rows={"territory": "province"})
    few, many = (
        clause(operations=["read", "export"], columns=columns, rows={"territory": {"districts": some}})
        for some in ([one], [one, other])
    )

    found = parcel_facets(successor(province, "xuat-rong", [read, few], [read, many], "ubnd-25270"))

    assert (found["read",].rows_gained, found["read",].rows_lost) == (0, 0)
    assert found["export",].rows_before == parcels(province, one)
    assert found["export",].rows_gained == parcels(province, other)


@pytest.mark.parametrize(
    ("limit", "before", "after"), [("page_max", 10, 1000), ("daily_items", 100, None), ("formats", ("json",), None)]
)
def test_limits_that_are_lifted_are_shown(province: World, limit: str, before: Any, after: Any):
    def limited(value: Any) -> list[dict[str, Any]]:
        return [clause(**({} if value is None else {limit: list(value) if isinstance(value, tuple) else value}))]

    code = f"noi-{limit.replace('_', '-')}"
    (found,) = parcel_facets(successor(province, code, limited(before), limited(after), "ubnd-25270")).values()

    assert found.limits_before is not None
    assert found.limits_after is not None
    assert (getattr(found.limits_before, limit), getattr(found.limits_after, limit)) == (before, after)
    assert (found.rows_gained, found.columns_gained) == (0, ())


def test_that_nobody_holds_a_function_is_a_fact_beside_what_the_unit_would_have(province: World):
    drafted(province, "chua-giao")

    (whole,) = shown(province, "chua-giao").classes

    assert [each.en for each in whole.reasons] == [
        "No account of the unit holds a function: once it is published nobody sees anything of it yet."
    ]
    assert whole.reasons[0].vi.startswith("Chưa tài khoản nào")
    assert whole.collections


def units_of(province: World, district: str) -> list[int]:
    """Return the ids of a district and its communes."""
    query = "SELECT d.id FROM hc.don_vi d JOIN hc.don_vi h ON h.ma = %s AND h.cap = 2 WHERE h.id IN (d.id, d.cha_id)"
    return [each for (each,) in province.rows(query, district)]


def held(province: World, account: str, unit: str, function: str, narrows: Any) -> None:
    province.rows(
        "WITH f AS (INSERT INTO acl.function (unit_id, code, name, narrows, valid_from) "
        "SELECT id, %s, %s, %s, '2023-01-01' FROM acl.unit WHERE code = %s RETURNING id) "
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) "
        "SELECT a.id, f.id, '2023-01-01' FROM acl.account a, f WHERE a.code = %s",
        function, function, Jsonb(narrows), unit, account,
    )  # fmt: skip


@pytest.fixture
def crossed(province: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """An accepted agreement that makes no box together with a published one, but does within one district."""
    one, _ = codes(province)
    wide, narrow = (f"{each}-{len(request.node.name)}" for each in ("rong", "hep"))
    columns = ["id", "xa_id", "so_to"]
    drafted(province, wide, clauses=[clause(columns=columns, rows={"territory": "province"})])
    published(province, wide)
    columns = ["id", "xa_id", "so_thua"]
    accepted(province, narrow, clauses=[clause(columns=columns, rows={"territory": {"districts": [one]}})])
    parties(province, narrow)
    yield narrow
    for code in (wide, narrow):
        moved(province, code, "revoked")
    province.rows(
        "DELETE FROM acl.account_function g USING acl.account a WHERE a.id = g.account_id AND a.code ~ 'thue'"
    )


def publish(province: World, code: str) -> None:
    ((body_hash,),) = province.rows(
        "SELECT v.body_hash FROM acl.agreement a JOIN acl.agreement_version v ON v.agreement_id = a.id "
        "WHERE a.code = %s AND v.state = 'accepted'",
        code,
    )
    given = {"body_hash": body_hash, "vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    province.publisher(publication.publish, "so.hai", code, **given)


def test_what_only_an_imaginary_account_would_have_is_a_reason_and_hinders_nobody(province: World, crossed: str):
    one, _ = codes(province)
    held(province, "thue.canbo", "cuc-thue", "huyen", {"territory": units_of(province, one)})

    whole, own = shown(province, crossed).classes
    publish(province, crossed)

    assert whole.collections == ()
    assert "cannot be put together" in whole.reasons[0].en
    assert "'thua-dat'" in whole.reasons[0].en
    assert (own.functions, own.accounts, own.reasons) == (("huyen",), ("thue.canbo",), ())
    (found,) = parcel_facets(own).values()
    assert found.columns_gained == ("so_thua",)
    assert (found.rows_before, found.rows_gained) == (parcels(province, one), 0)


def test_that_an_account_could_not_have_it_is_shown_and_refused_when_published(province: World, crossed: str):
    held(province, "thue.canbo", "cuc-thue", "toan-bo", {})

    _, own = shown(province, crossed).classes

    assert own.collections == ()
    assert "publishing would be refused" in own.reasons[0].en
    with pytest.raises(Conflict, match="put together"):
        publish(province, crossed)


def test_a_special_agreement_is_a_collection_of_its_own(province: World):
    one, _ = codes(province)
    special = province.rows(
        "INSERT INTO acl.request (code, unit_id, data, purpose, legal_basis, valid_from, state) "
        "SELECT 'cuc-thue.yc-1', id, 'x', 'x', 'x', '2025-01-01', 'preparing' FROM acl.unit WHERE code = 'cuc-thue' "
        "RETURNING id"
    )
    assert special
    rows = {"territory": {"districts": [one]}}
    drafted(province, "dt-1", kind="dac_thu", request="cuc-thue.yc-1", clauses=[clause(rows=rows)])

    (whole,) = shown(province, "dt-1").classes

    assert "thua-dat~dt-1" in [each.id for each in whole.collections]


def test_the_time_of_hidden_rows_is_shown_for_further_terms(province: World):
    terms = [{"column": "nhom_dat_chinh", "one_of": ["NNP"]}]
    rows = {"territory": "province", "terms": terms}
    drafted(province, "dat-nong-nghiep", recipient="so", clauses=[clause(columns=["id", "nhom_dat_chinh"], rows=rows)])
    (declared,) = shown(province, "dat-nong-nghiep").timings
    moved(province, "dat-nong-nghiep", "proposed", "accepted")

    (found,) = shown(province, "dat-nong-nghiep").timings

    assert declared == effect.Timing("thua-dat", ("query", "read"), ("nhom_dat_chinh",), noticeable=True)
    assert (found.collection, found.columns) == ("thua-dat", ("nhom_dat_chinh",))
    assert found.hidden_ms
    assert found.empty_ms
    assert found.ratio == pytest.approx(found.hidden_ms / found.empty_ms, rel=0.05)
    assert found.noticeable == (found.ratio > effect.NOTICEABLE)


def test_boxes_are_timed_by_the_role_that_requests_with_a_box_take_on(province: World):
    terms = [{"column": "nhom_dat_chinh", "one_of": ["NNP"]}]
    rows = {"territory": "province", "terms": terms}
    accepted(province, "hop", recipient="so", clauses=[clause(columns=["id", "nhom_dat_chinh"], rows=rows)])
    shown(province, "hop")
    with psycopg.connect(province.login("publisher")) as connection:
        (hash_,) = connection.execute(
            "SELECT r.hash FROM acl.profile_role r JOIN acl.scope_term t ON t.role = r.role LIMIT 1"
        ).fetchone() or ("",)
        (role,) = connection.execute("SELECT acl.xem_thu(%s, '0') || '_b'", [hash_]).fetchone() or ("",)
        connection.execute(f'SET LOCAL ROLE "{role}"')

        without_box = connection.execute("SELECT count(*) FROM dc.thua_dat").fetchone()
        connection.execute("SET LOCAL datdai.hop = '90,0,120,30'")
        with_box = connection.execute("SELECT count(*) FROM dc.thua_dat").fetchone()

        assert without_box == (0,)
        assert with_box is not None
        assert with_box[0] > 0
        connection.rollback()


ROLES = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'datdai\\_mau\\_p\\_%%'"
MEMBERSHIPS = (
    "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname ~ 'publisher$'"
)


def traces(province: World) -> list[Any]:
    return [province.rows(each)[0][0] for each in (ROLES, MEMBERSHIPS, "SELECT count(*) FROM acl.profile")]


def test_a_look_at_a_draft_leaves_no_role_behind(province: World):
    one, _ = codes(province)
    drafted(province, "khong-dau-vet", recipient="so", clauses=[clause(rows={"territory": {"districts": [one]}})])
    before = traces(province)

    shown(province, "khong-dau-vet")

    assert traces(province) == before


def test_the_roles_of_what_all_have_accepted_are_nobodys(province: World):
    one, _ = codes(province)
    columns = ["id", "xa_id", "trang_thai"]
    clauses = [clause(columns=columns, rows={"territory": {"districts": [one]}})]
    accepted(province, "vai-tro", recipient="ubnd-689", clauses=clauses)
    roles, memberships, _ = traces(province)
    before = province.rows("SELECT hash FROM acl.profile")

    shown(province, "vai-tro")

    assert traces(province)[:2] == [roles + 3, memberships]
    ((made,),) = set(province.rows("SELECT hash FROM acl.profile")) - set(before)
    assert province.rows("SELECT 1 FROM acl.profile_in_force WHERE hash = %s", made) == []
    with psycopg.connect(province.dsn) as connection:
        check_walls(connection, LAYERS)


def test_publishing_waits_for_no_look(province: World):
    drafted(province, "dang-xem", recipient="ubnd-689")
    given = clause(layer="bang-gia", columns=["id", "xa_id"], geometry=False, rows={"territory": "province"})
    ready = accepted(province, "cong-bo-ngay", recipient="ubnd-25270", clauses=[given])
    parties(province, "cong-bo-ngay")
    shown(province, "cong-bo-ngay")
    with psycopg.connect(province.dsn) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("LOCK TABLE dc.thua_dat IN ACCESS EXCLUSIVE MODE")
        look = pool.submit(shown, province, "dang-xem")
        until_waiting(province)

        with psycopg.connect(province.login("publisher"), options="-c lock_timeout=3s") as connection:
            publication.publish(
                connection,
                province.people["so.hai"],
                "cong-bo-ngay",
                body_hash=ready.body_hash,
                vocabulary=VOCABULARY,
                clock=CLOCK,
                day=DAY,
            )

        assert not look.done()
        holder.rollback()
        assert look.result(30).classes


def parties(province: World, code: str) -> None:
    """Note around the service that the recipient and the Sở have accepted."""
    for role, unit in (("recipient", "a.recipient_id"), ("managing", "s.id")):
        province.rows(
            "INSERT INTO acl.agreement_party SELECT v.agreement_id, v.number, v.round, v.body_hash, " + unit + ", %s "
            "FROM acl.agreement a JOIN acl.agreement_version v ON v.agreement_id = a.id, acl.unit s "
            "WHERE a.code = %s AND s.code = 'so'",
            role,
            code,
        )
    province.rows(
        "INSERT INTO acl.acceptance SELECT p.agreement_id, p.number, p.round, p.body_hash, p.unit_id, c.id "
        "FROM acl.agreement_party p JOIN acl.agreement a ON a.id = p.agreement_id "
        "JOIN acl.account c ON c.unit_id = p.unit_id AND c.kind = 'unit_head' WHERE a.code = %s",
        code,
    )


def until_waiting(province: World) -> None:
    """Wait until somebody waits for a lock on the parcels."""
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'dc.thua_dat'::regclass AND NOT granted"
    for _ in range(200):
        if province.rows(waiting) == [(1,)]:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_who_counts_reads_nothing_of_what_rows_tell(province: World):
    with psycopg.connect(province.login("publisher")) as connection:
        connection.execute("SET ROLE datdai_mau_thuoc")
        counted = connection.execute("SELECT count(id) FROM dc.quyen_su_dung_dat").fetchone()

        for query in (
            "SELECT ten_chu FROM dc.quyen_su_dung_dat",
            "SELECT so_dinh_danh FROM dc.quyen_su_dung_dat",
            "SELECT t FROM dc.thua_dat t",
            "SELECT dia_chi FROM dc.thua_dat",
            "UPDATE dc.thua_dat SET xa_id = xa_id",
            "SELECT 1 FROM dc.nguoi",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(query.encode())

    assert counted is not None
    assert counted[0] > 0


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
