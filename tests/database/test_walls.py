"""The second wall: what PostgreSQL grants is what the profiles say, and the server sees it when it is not."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from catalogue.files import read_layers
from catalogue.profile import Allowance, Between, Collection, OneOf, Operation, Profile, RowScope, compile_profile
from core.errors import DatabaseError
from database.profiles import Segment, drop_unused, publish
from database.walls import check_walls

LAYERS = {each.id: each for each in read_layers()}
READ = Allowance(frozenset({Operation.READ, Operation.QUERY}))
PREFIX = "datdai_mau_"


def _profile() -> Profile:
    """Return a profile with every kind of scope: the province, communes, a group of land, tax dossiers since a day."""
    parcels, holders, dossiers = LAYERS["thua-dat"], LAYERS["quyen-su-dung-dat"], LAYERS["ho-so"]
    few = tuple(each for each in parcels.columns if each.name in ("id", "so_to", "so_thua"))
    tax = RowScope((OneOf("giai_doan_thue", (True,)), Between("ngay_nhan", "2025-01-01", None)))
    group = RowScope((OneOf("xa_id", (3, 1)), OneOf("nhom_dat_chinh", ("PNN",))))
    return compile_profile(
        [
            Collection("thua-dat", parcels, few, RowScope(), shows_geometry=False, allowance=READ),
            Collection(
                "quyen-su-dung-dat", holders, holders.columns, RowScope((OneOf("xa_id", (2, 1)),)), allowance=READ
            ),
            Collection("ho-so", dossiers, dossiers.columns, tax, allowance=READ),
            Collection("thua-dat~dt-7", parcels, parcels.columns, group, allowance=READ),
        ]
    )


@pytest.fixture
def connection(open_db: str) -> Iterator[Connection[Any]]:
    """A database with two profiles: everything to everybody, and one that is narrow in every way."""
    with psycopg.connect(open_db) as connection:
        publish(connection, {"account:1": [Segment(date(2000, 1, 1), None, _profile())]})
        yield connection


def _role(part: str) -> str:
    return f"{PREFIX}p_{_profile().hash[:20]}_{part}"


def test_what_was_published_is_what_postgresql_grants(connection: Connection[Any]):
    check_walls(connection, LAYERS.values())


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("ALTER TABLE dc.moc DISABLE ROW LEVEL SECURITY", "dc.moc is not behind row security"),
        ("ALTER TABLE dc.nguoi NO FORCE ROW LEVEL SECURITY", "dc.nguoi is not behind row security"),
        ("CREATE VIEW dc.tat_ca AS SELECT * FROM dc.nguoi", "dc.tat_ca is not behind row security"),
        ("CREATE TABLE dc.moi (id int)", "dc.moi is not behind row security"),
        ("ALTER POLICY x ON dc.thua_dat USING (true)", "the policy of dc.thua_dat: x is not as it was made"),
        ("DROP POLICY xd ON dc.thua_dat", "the policy of dc.thua_dat: xd is not as it was made"),
        ("CREATE POLICY them ON dc.thua_dat USING (true)", "the policy of dc.thua_dat: them is not as it was made"),
        ("ALTER POLICY t ON dc.moc TO PUBLIC", "the policy of dc.moc: t is not as it was made"),
        ("GRANT SELECT (ten_chu) ON dc.quyen_su_dung_dat TO {0}", "no profile explains dc.quyen_su_dung_dat.ten_chu"),
        ("GRANT SELECT ON dc.nguoi TO {0}", "no profile explains dc.nguoi: SELECT of {0}"),
        ("GRANT SELECT ON dc.nguoi TO PUBLIC", "no profile explains dc.nguoi: SELECT of PUBLIC"),
        ("GRANT SELECT ON oauth.token TO datdai_mau_g_common", "no profile explains oauth.token: SELECT of"),
        ("GRANT INSERT ON mt.ban_ghi TO datdai_mau_loader", "mt.ban_ghi: INSERT of datdai_mau_loader"),
        ("GRANT UPDATE (updated) ON mt.ban_ghi TO datdai_mau_app", "mt.ban_ghi.updated: UPDATE of datdai_mau_app"),
        ("GRANT SELECT ON cb.doi_song TO datdai_mau_identity", "cb.doi_song: SELECT of datdai_mau_identity"),
        ("GRANT SELECT (khoa) ON cb.khoa_cua TO datdai_mau_app", "cb.khoa_cua.khoa: SELECT of datdai_mau_app"),
        ("GRANT SELECT ON cb.dong_ho TO PUBLIC", "cb.dong_ho: SELECT of PUBLIC"),
        ("GRANT EXECUTE ON FUNCTION cb.da_mat TO PUBLIC", "EXECUTE of PUBLIC"),
        ("GRANT EXECUTE ON FUNCTION cb.vao TO datdai_mau_app", "cb.vao(text): EXECUTE of datdai_mau_app"),
        (
            "GRANT EXECUTE ON FUNCTION cb.ghi_da_qua TO datdai_mau_g_common",
            "cb.ghi_da_qua(): EXECUTE of datdai_mau_g_common",
        ),
        (
            "CREATE FUNCTION cb.moi() RETURNS int LANGUAGE sql RETURN 1",
            "the catalogue is the publisher's alone, but cb.moi(): EXECUTE of PUBLIC",
        ),
        (
            "REVOKE EXECUTE ON FUNCTION cb.vao FROM datdai_mau_g_common",
            "vao cannot be called by those who read",
        ),
        ("ALTER POLICY nap ON mt.ban_ghi TO datdai_mau_loader", "the policy of mt.ban_ghi: nap is not as it was made"),
        (
            "ALTER POLICY nap ON mt.ban_ghi TO datdai_mau_loader;"
            "UPDATE acl.guarded SET role = 'datdai_mau_loader' WHERE bang = 'mt.ban_ghi' AND policy = 'nap'",
            "the policy nap of mt.ban_ghi is of datdai_mau_loader",
        ),
        ("UPDATE acl.scope_term SET chu = chu || 'don-vi:x'::text WHERE cot = 'khoa'", "the rows of the role"),
        ("GRANT datdai_mau_g_dc_thua_dat_t TO {1}", "the role {1} is a member of"),
        ("REVOKE datdai_mau_g_common FROM {0}_b", "the role {0}_b is a member of"),
        ("GRANT datdai_mau_loader TO datdai_mau_app", "the login datdai_mau_app is a member of datdai_mau_loader"),
        ("REVOKE {0} FROM datdai_mau_app", "the login datdai_mau_app may not take on {0}"),
        ("ALTER ROLE {0} BYPASSRLS", "the role {0} may do more than it must"),
        ("UPDATE acl.scope SET xa = NULL WHERE role = '{0}' AND xa IS NOT NULL", "the rows of the role {0} are not"),
        ("UPDATE acl.scope SET xa = xa || 9 WHERE role = '{1}'", "the rows of the role {1} are not"),
        ("UPDATE acl.scope_term SET ngay_tu = NULL WHERE cot = 'ngay_nhan'", "the rows of the role {0} are not"),
        ("UPDATE acl.scope SET hien_hanh = false WHERE role = '{1}'", "the rows of the role {1} are not"),
        (
            "UPDATE acl.profile SET body = jsonb_set(body, '{{collections,0,page_max}}', '5')",
            "was published of other",
        ),
        (
            "ALTER ROLE datdai_mau_app SET search_path = hack, public",
            "the role datdai_mau_app has a setting of its own, search_path",
        ),
        ("ALTER ROLE datdai_mau_publisher SET row_security = off", "RESET row_security"),
        ("ALTER ROLE datdai_mau_identity SET session_replication_role = replica", "RESET session_replication_role"),
        (
            "ALTER ROLE datdai_mau_auditor SET datdai.audit_of = 'all'",
            "the role datdai_mau_auditor has a setting of its",
        ),
        ("ALTER ROLE datdai_mau_audit IN DATABASE {db} SET synchronous_commit = off", "IN DATABASE {db} RESET sync"),
        ("ALTER ROLE datdai_mau_role_maker SET role = postgres", "the role datdai_mau_role_maker has a setting of"),
        (
            "ALTER ROLE {0} SET work_mem = '1GB'; ALTER ROLE {0}_b SET search_path = ''",
            "the role {0}_b has a setting of",
        ),
        (
            "ALTER ROLE datdai_mau_g_common SET row_security = off",
            "the role datdai_mau_g_common has a setting of its own",
        ),
        (
            "ALTER DATABASE {db} SET row_security = off",
            "this database has a setting of its own, row_security: ALTER DATA",
        ),
        ("ALTER DATABASE {db} SET datdai.retention = 'on'", "this database has a setting of its own, datdai.retention"),
        ("ALTER ROLE ALL SET search_path = hack", "all roles have a setting of their own, search_path: ALTER ROLE ALL"),
        ("ALTER ROLE ALL SET timezone = 'Europe/Paris'", "all roles have a setting of their own, TimeZone"),
    ],
)
def test_whatever_differs_is_told(connection: Connection[Any], statement: str, sentence: str):
    names = {"db": connection.info.dbname}
    roles = _role("0"), _role("1")
    with connection.transaction(force_rollback=True):  # roles belong to the whole cluster
        connection.execute(statement.format(*roles, **names).encode())

        with pytest.raises(DatabaseError) as refused:
            check_walls(connection, LAYERS.values())

    assert sentence.format(*roles, **names) in str(refused.value)


@pytest.mark.parametrize("login", ["loader", "identity", "app", "worker", "audit", "auditor"])
@pytest.mark.parametrize("act", ["INSERT INTO mt.ban_ghi DEFAULT VALUES", "UPDATE mt.ban_ghi SET updated = now()",
                                 "DELETE FROM mt.ban_ghi", "SELECT * FROM cb.doi_song", "SELECT * FROM cb.khoa_cua",
                                 "SELECT cb.vao('khung:x')"])  # fmt: skip
def test_nobody_but_the_publisher_touches_the_catalogue(connection: Connection[Any], login: str, act: str):
    connection.execute(f"SET LOCAL ROLE datdai_mau_{login}".encode())

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(act.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER ROLE datdai_mau_app SET statement_timeout = '20s'",
        "ALTER ROLE datdai_mau_publisher SET log_min_duration_statement = '1s'",
        "ALTER DATABASE {db} SET work_mem = '64MB'",
        "ALTER DATABASE postgres SET search_path = hack",
        "ALTER ROLE datdai_mau_app IN DATABASE postgres SET row_security = off",
        "CREATE ROLE datdai_mau_report; ALTER ROLE datdai_mau_report SET search_path = hack",
    ],
)
def test_what_changes_no_answer_or_concerns_another_database_or_role_may_be_set(
    connection: Connection[Any], statement: str
):
    with connection.transaction(force_rollback=True):
        connection.execute(statement.format(db=connection.info.dbname).encode())

        check_walls(connection, LAYERS.values())


@pytest.mark.parametrize(
    ("statement", "undo"),
    [
        ("ALTER DATABASE {db} SET row_security = off", "ALTER DATABASE {db} RESET row_security"),
        (
            "ALTER ROLE {0} IN DATABASE {db} SET search_path = hack",
            "ALTER ROLE {0} IN DATABASE {db} RESET search_path",
        ),
    ],
)
def test_what_was_set_is_told_with_what_takes_it_back_and_the_server_need_not_be_superuser_to_see_it(
    connection: Connection[Any], as_app: Callable[[str], str], statement: str, undo: str
):
    names = {"db": connection.info.dbname}
    connection.execute(statement.format(_role("0"), **names).encode())
    connection.commit()
    app = as_app(connection.info.dsn)

    with psycopg.connect(app) as reader, pytest.raises(DatabaseError) as refused:
        check_walls(reader, LAYERS.values())
    told = undo.format(_role("0"), **names)
    connection.execute(told.encode())
    connection.commit()

    assert told in str(refused.value)
    with psycopg.connect(app) as reader:
        check_walls(reader, LAYERS.values())


@pytest.mark.parametrize(("part", "narrows"), [("0", False), ("1", True)])
@pytest.mark.parametrize(("twin", "by"), [("b", "req_bbox"), ("s", "tim ~~")])
def test_nothing_narrows_by_a_column_that_is_not_read(
    connection: Connection[Any], part: str, narrows: bool, twin: str, by: str
):
    connection.execute(f"SET ROLE {_role(part)}_{twin}".encode())

    plan = connection.execute("EXPLAIN SELECT id FROM dc.thua_dat").fetchall()

    assert (by in str(plan)) is narrows


def test_an_equal_profile_is_published_once(connection: Connection[Any]):
    before = connection.execute("SELECT count(*) FROM acl.profile_role").fetchone()

    publish(connection, {"account:2": [Segment(date(2000, 1, 1), None, _profile())]})

    assert connection.execute("SELECT count(*) FROM acl.profile_role").fetchone() == before


def test_a_grant_of_columns_that_stands_is_not_repeated(connection: Connection[Any]):
    narrow = compile_profile([_profile().collections["thua-dat"]])
    written = "SELECT attname, attacl::text, ctid::text FROM pg_attribute WHERE attrelid = 'dc.thua_dat'::regclass"
    before = connection.execute(written).fetchall()

    publish(connection, {"account:2": [Segment(date(2000, 1, 1), None, narrow)]})

    assert narrow.hash != _profile().hash
    assert connection.execute(written).fetchall() == before


def test_the_roles_of_a_profile_that_nobody_has_any_more_are_dropped_a_day_later(connection: Connection[Any]):
    connection.execute("UPDATE acl.profile_in_force SET valid_until = '2001-01-01' WHERE subject = 'account:1'")

    at_once = drop_unused(connection)
    connection.execute("UPDATE acl.profile_role SET unused_since = unused_since - interval '25 hours'")
    a_day_later = drop_unused(connection)

    assert (at_once, a_day_later) == (0, 2)
    assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [_role("0") + "_s"]).fetchone() is None
    check_walls(connection, LAYERS.values())


def test_a_later_publication_leaves_what_was_before(connection: Connection[Any]):
    publish(connection, {"account:1": [Segment(date(2025, 7, 1), None, compile_profile([]))]})

    days = connection.execute(
        "SELECT valid_from, valid_until FROM acl.profile_in_force WHERE subject = 'account:1' ORDER BY 1"
    ).fetchall()

    assert days == [(date(2000, 1, 1), date(2025, 7, 1)), (date(2025, 7, 1), None)]


def test_only_the_publisher_makes_roles(open_db: str, as_app: Callable[[str], str]):
    with psycopg.connect(as_app(open_db)) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        publish(app, {"public": [Segment(date(2000, 1, 1), None, _profile())]})
    with psycopg.connect(open_db, user=f"{PREFIX}publisher") as publisher:
        publish(publisher, {"public": [Segment(date(2000, 1, 1), None, _profile())]})
        publisher.rollback()


@pytest.mark.parametrize(
    ("part", "table", "in_force"),
    [("0", "hs.ho_so", "false"), ("0", "hs.ho_so", "true"), ("0", "dc.thua_dat", "false")],
)
def test_the_counter_of_the_change_log_counts_nothing_that_a_role_may_not_see(
    connection: Connection[Any], part: str, table: str, in_force: str
):
    connection.execute(f"SET ROLE {_role(part)}".encode())

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="counts more"):
        connection.execute(f"SELECT lg.so_dong('{table}', {in_force}, NULL)".encode())


def test_the_counter_of_the_change_log_counts_what_a_role_may_see(connection: Connection[Any]):
    connection.execute(f"SET ROLE {_role('0')}".encode())

    assert connection.execute("SELECT lg.so_dong('dc.thua_dat', true, NULL)").fetchone() == (0,)


@pytest.mark.parametrize(
    "call",
    [
        "_postgis_stats('dc.thua_dat', 'geom')",
        "_postgis_index_extent('dc.thua_dat', 'geom')",
        "_postgis_selectivity('dc.thua_dat', 'geom', ST_MakeEnvelope(106, 11, 107, 12, 4326))",
        "_postgis_join_selectivity('dc.thua_dat', 'geom', 'dc.moc', 'geom')",
        "lo_create(0)",
        "lo_from_bytea(0, 'x')",
        "pg_stat_get_live_tuples('dc.thua_dat'::regclass)",
        "n_live_tup FROM pg_stat_all_tables",
        "pg_relation_size('dc.thua_dat')",
        "pg_total_relation_size('dc.thua_dat')",
        "reltuples FROM pg_class",
        "relpages FROM pg_class",
        "pg_prepared_statement()",
        "name FROM pg_prepared_statements",
        "name FROM pg_cursors",
        "pg_cursor()",
        "pid FROM pg_locks",
        "pg_lock_status()",
        "pg_prepared_xact()",
        "pg_database_size(current_database())",
        "pg_database_size(1::oid)",
        "pg_tablespace_size('pg_default')",
        "pg_tablespace_size(1663::oid)",
        "pg_current_wal_lsn()",
        "pg_current_wal_insert_lsn()",
        "pg_current_wal_flush_lsn()",
        "pg_get_multixact_members('1'::xid)",
        "pg_ls_dir('.')",
        "pg_ls_waldir()",
        "pg_ls_tmpdir()",
        "pg_advisory_lock(1)",
        "pg_try_advisory_xact_lock(1)",
        "pg_notify('x', 'y')",
        "pg_logical_emit_message(false, 'x', repeat('y', 1000))",
        "pg_current_xact_id()",
        "txid_current()",
        "lo_unlink(1)",
        "pg_cancel_backend(1)",
        "pg_terminate_backend(1)",
        "pg_blocking_pids(1)",
        "ts_stat('SELECT to_tsvector(ma) FROM dm.muc')",
        "set_limit(0.1)",
        "setseed(0.5)",
        "lockrow('a', 'b', 'c')",
    ],
)
@pytest.mark.parametrize("role", ["profile", "app"])
def test_nobody_who_reads_asks_statistics_of_hidden_rows_or_leaves_anything_behind(
    connection: Connection[Any], role: str, call: str
):
    connection.execute(f"SET ROLE {_role('0') if role == 'profile' else PREFIX + 'app'}".encode())

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        connection.execute(f"SELECT {call}".encode())


_ANYBODYS = {
    "clock_timestamp", "timeofday", "current_query", "random", "gen_random_uuid", "nextval", "setval", "currval",
    "lastval", "pg_sequence_last_value", "pg_is_in_recovery", "pg_jit_available", "pg_partition_tree",
    "pg_partition_ancestors", "pg_collation_actual_version", "pg_database_collation_actual_version",
    "pg_control_system", "amvalidate", "plpgsql_validator", "st_symmetricdifference",
    "acl.chi_hien_hanh", "acl.dieu_kien", "acl.pham_vi", "lg.hom_nay", "lg.phien_ban_cua", "lg.so_dong",
    "cb.vao", "cb.da_mat", "cb.dong_ho_nay", "cb.vi_tri_cua",
}  # fmt: skip
"""What roles of profiles may call of functions that have an effect, follow a state, or run as their owner: reviewed."""
_OF_THE_LOGIN = {
    "set_config", "acl.enter", "acl.caller_of", "acl.profile_body", "acl.role_for", "lg.don_dem", "lg.la_tinh_mau",
}  # fmt: skip
"""What besides the server's login may call, before it takes on the role of a profile."""
_MAY_CALL = """
    SELECT DISTINCT CASE WHEN n.nspname IN ('pg_catalog', 'public') THEN '' ELSE n.nspname || '.' END || p.proname
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_roles r ON r.rolname ~ %s
    WHERE has_function_privilege(r.oid, p.oid, 'EXECUTE')
      AND (p.prosecdef OR p.prokind = 'p'
           OR p.provolatile = 'v' AND NOT 'internal'::regtype = ANY (p.proargtypes)
              AND p.prorettype::regtype::text NOT IN ('trigger', 'event_trigger', 'internal', 'language_handler'))
"""


@pytest.mark.parametrize(
    ("roles", "reviewed"), [("^datdai_mau_[pgc]_", _ANYBODYS), ("^datdai_mau_app$", _ANYBODYS | _OF_THE_LOGIN)]
)
def test_who_reads_may_call_no_function_with_an_effect_but_those_that_were_reviewed(
    connection: Connection[Any], roles: str, reviewed: set[str]
):
    found = {name for (name,) in connection.execute(_MAY_CALL, [roles])}

    assert "lg.hom_nay" in found
    assert found - reviewed == set()
