"""What the land database keeps by itself, whoever writes."""

from collections.abc import Iterator

import psycopg
import pytest

from catalogue.files import read_layers
from catalogue.record_keys import RECORDS
from database.migrate import migrate

SCHEMAS = ["hc", "dm", "dc", "tk", "qh", "gd", "hs", "lg", "acl"]


@pytest.fixture(scope="module")
def land(sample_db: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(sample_db, autocommit=True) as connection:
        yield connection


def _one(connection: psycopg.Connection, query: str, *params: object) -> object:
    row = connection.execute(query.encode(), params).fetchone()
    return row[0] if row else None


def test_no_routine_that_runs_as_its_owner_is_for_everybody(land: psycopg.Connection):
    query = """
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY (%s) AND p.prosecdef AND has_function_privilege('public', p.oid, 'EXECUTE')
    """

    assert land.execute(query, [SCHEMAS]).fetchall() == []


def test_every_routine_that_runs_as_its_owner_pins_its_search_path(land: psycopg.Connection):
    query = """
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY (%s) AND p.prosecdef AND coalesce(array_to_string(p.proconfig, ','), '') !~ 'search_path='
    """

    assert land.execute(query, [SCHEMAS]).fetchall() == []


def test_no_table_of_the_land_can_be_truncated(land: psycopg.Connection):
    tables = land.execute(
        "SELECT relname, oid::regclass::text FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace::regnamespace::text IN ('hc', 'dc', 'tk', 'qh', 'gd', 'hs')"
    ).fetchall()

    for _, table in tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), land.transaction():
            land.execute(f"TRUNCATE {table} CASCADE".encode())
    assert len(tables) > 25


def test_what_hangs_on_a_parcel_moves_with_it_to_another_commune(land: psycopg.Connection):
    parcel, commune = land.execute(
        "SELECT g.thua_id, t.xa_id FROM dc.giay_chung_nhan g JOIN dc.thua_dat t ON t.id = g.thua_id LIMIT 1"
    ).fetchone() or ("", 0)
    other = 101 if commune != 101 else 102

    land.execute("UPDATE dc.thua_dat SET xa_id = %s, so_to = 9999 WHERE id = %s", [other, parcel])

    for table in ("quyen_su_dung_dat", "muc_dich", "giay_chung_nhan", "tai_san", "han_che"):
        found = land.execute(f"SELECT DISTINCT xa_id FROM dc.{table} WHERE thua_id = %s".encode(), [parcel]).fetchall()
        assert found in ([(other,)], [])
    assert _one(land, "SELECT xa_id FROM dc.giay_chung_nhan WHERE thua_id = %s", parcel) == other


def test_a_right_shows_its_holder_as_he_is_now(land: psycopg.Connection):
    person = _one(land, "SELECT nguoi_id FROM dc.quyen_su_dung_dat LIMIT 1")

    land.execute("UPDATE dc.nguoi SET ho_ten = 'Người Thử Đổi Tên' WHERE id = %s", [person])

    names = land.execute("SELECT DISTINCT ten_chu FROM dc.quyen_su_dung_dat WHERE nguoi_id = %s", [person]).fetchall()
    assert names == [("Người Thử Đổi Tên",)]


@pytest.mark.parametrize(
    "change",
    [
        "loai_dat_chinh = 'ZZZ', muc_dich = '{ZZZ}'",
        "muc_dich = muc_dich || '{ZZZ}'",
        "trang_thai = 'khong_co'",
        "he_ma = 'TT99'",
    ],
)
def test_a_code_outside_its_list_is_refused(land: psycopg.Connection, change: str):
    with pytest.raises(psycopg.errors.CheckViolation, match="is not in list"):
        land.execute(f"UPDATE dc.thua_dat SET {change} WHERE id = (SELECT id FROM dc.thua_dat LIMIT 1)".encode())


CODE = (
    "INSERT INTO dm.muc (danh_muc, he_ma, ma, ten, thu_tu, hieu_luc_tu, hieu_luc_den, can_cu) "
    "SELECT danh_muc, 'TT99', ma, ten, thu_tu, %s, NULL, 'thử' FROM dm.muc "
    "WHERE (danh_muc, he_ma, ma) = ('loai_dat', 'TT08', 'ODT')"
)


def test_a_code_has_one_meaning_on_a_day(land: psycopg.Connection):
    with pytest.raises(psycopg.errors.ExclusionViolation, match="mot_nghia"):
        land.execute(CODE, ["2030-01-01"])


def test_a_code_may_get_a_successor_before_its_end_is_told(land: psycopg.Connection):
    with land.transaction(force_rollback=True):
        land.execute(CODE, ["2030-01-01"])
        land.execute("UPDATE dm.muc SET hieu_luc_den = '2030-01-01' WHERE (he_ma, ma) = ('TT08', 'ODT')")

        land.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "geometry",
    [
        "ST_GeomFromText('MULTIPOLYGON EMPTY', 9212)",
        "ST_GeomFromText('MULTIPOLYGON(((0 0,1 1,1 0,0 1,0 0)))', 9212)",
        "ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))', 4326)",
    ],
)
def test_a_geometry_that_is_none_is_refused(land: psycopg.Connection, geometry: str):
    with pytest.raises(psycopg.errors.CheckViolation, match="hinh_tot"):
        land.execute(
            f"UPDATE dc.thua_dat SET geom_goc = {geometry} WHERE id = (SELECT id FROM dc.thua_dat LIMIT 1)".encode()
        )


def test_the_derived_geometry_cannot_be_set_by_hand(land: psycopg.Connection):
    parcel = _one(land, "SELECT id FROM dc.thua_dat LIMIT 1")

    land.execute("UPDATE dc.thua_dat SET geom = ST_Translate(geom, 1, 1) WHERE id = %s", [parcel])

    same = "SELECT ST_Equals(geom, hc.doi_toa_do(geom_goc, 4326)) FROM dc.thua_dat WHERE id = %s"
    assert _one(land, same, parcel) is True


@pytest.mark.parametrize("change", ["ma = '25196'", "ten = 'Phường Khác'", "hieu_luc_tu = '2000-01-01'"])
def test_a_unit_keeps_what_it_is_known_by(land: psycopg.Connection, change: str):
    with pytest.raises(psycopg.errors.RestrictViolation):
        land.execute(f"UPDATE hc.don_vi SET {change} WHERE id = 101".encode())


def test_two_live_parcels_cannot_have_one_number(land: psycopg.Connection):
    with pytest.raises(psycopg.errors.UniqueViolation):
        land.execute(
            "UPDATE dc.thua_dat t SET so_to = o.so_to, so_thua = o.so_thua FROM dc.thua_dat o "
            "WHERE t.xa_id = o.xa_id AND t.id <> o.id AND t.hieu_luc_den IS NULL AND o.hieu_luc_den IS NULL"
        )


def test_counts_are_those_of_the_tables_whatever_was_written(land: psycopg.Connection):
    with pytest.raises(ZeroDivisionError), land.transaction():
        land.execute("DELETE FROM dc.han_che")
        raise ZeroDivisionError  # rolled back
    land.execute("UPDATE dc.han_che SET hieu_luc_den = '2026-01-01' WHERE loai = 'the_chap'")
    land.execute("DELETE FROM dc.han_che WHERE loai = 'ngan_chan'")
    land.execute("SELECT lg.don_dem()")
    land.execute("UPDATE dc.han_che SET noi_dung = 'x'")

    counted = land.execute(
        "SELECT lg.so_dong_trong('dc.han_che', false, NULL), lg.so_dong_trong('dc.han_che', true, NULL)"
    ).fetchone()

    real = land.execute("SELECT count(*), count(*) FILTER (WHERE hieu_luc_den IS NULL) FROM dc.han_che").fetchone()
    assert counted == real


def test_after_a_restore_counts_and_versions_go_on_in_a_new_era(empty_db: str):
    with psycopg.connect(empty_db, autocommit=True) as restored:
        unit = (
            "INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc) VALUES (3, %s, 'Xã Thử', 'Xã', "
            "'2000-01-01', 'thử', ST_Multi(ST_MakeEnvelope(570000, 1275000, 571000, 1276000, 9212)))"
        )
        restored.execute(unit, ["00001"])
        # As a dump from another cluster leaves it: its transaction numbers lie far above those of this one.
        restored.execute("ALTER TABLE lg.thay_doi DISABLE TRIGGER chi_them")
        restored.execute("UPDATE lg.thay_doi SET giao_dich = '900000000'")
        restored.execute("ALTER TABLE lg.thay_doi ENABLE TRIGGER chi_them")
        restored.execute("UPDATE lg.moc_dem SET giao_dich = '800000000'")
        restored.execute("UPDATE lg.ky_nguyen SET he_thong = 1")
        before = _one(restored, "SELECT lg.phien_ban_trong('hc.don_vi', NULL)")

        migrate(empty_db)
        restored.execute(unit, ["00002"])

        assert _one(restored, "SELECT lg.so_dong_trong('hc.don_vi', false, NULL)") == 2
        assert _one(restored, "SELECT lg.phien_ban_trong('hc.don_vi', NULL)") != before
        assert _one(restored, "SELECT so FROM lg.ky_nguyen") == 2


def test_a_profile_role_cannot_become_another_or_enter_again(sample_db: str, as_app: object):
    assert callable(as_app)
    with psycopg.connect(as_app(sample_db), autocommit=True) as app:
        for act in (
            "SELECT set_config('role', 'none', true)",
            "SELECT acl.enter('public', '', '', '0', NULL, NULL)",
            "SELECT * FROM dc.nguoi",
            "DELETE FROM dc.thua_dat",
            "SELECT pg_sleep(0)",
            "SELECT query_to_xml('SELECT 1', true, true, '')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
                app.execute(
                    "SELECT acl.enter('public', '', profile_hash, '0', NULL, NULL) FROM acl.caller_of('public', '')"
                )
                app.execute(act.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT count(*) FROM dc.thua_dat")


def test_a_search_reads_the_columns_that_its_layer_says(land: psycopg.Connection):
    query = """
        SELECT array_agg(DISTINCT a.attname::text) FROM pg_attrdef d
        JOIN pg_attribute g ON g.attrelid = d.adrelid AND g.attnum = d.adnum AND g.attname = %s
        JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refobjsubid > 0
        JOIN pg_attribute a ON a.attrelid = p.refobjid AND a.attnum = p.refobjsubid
        WHERE d.adrelid = %s::regclass
    """
    searched = [
        each for each in read_layers() if each.search and each.id != RECORDS
    ]  # the publisher writes that of records

    for layer in searched:
        row = land.execute(query, [layer.search, layer.qualified_table]).fetchone()
        assert row
        assert set(row[0]) - {layer.search} == set(layer.search_reads), layer.id
    assert len(searched) >= 8


def test_what_is_of_the_whole_province_is_folded_into_the_versions_of_its_table_once(land: psycopg.Connection):
    for id_, unit in ((1, 0), (2, 0), (3, 7)):
        land.execute(
            "INSERT INTO mt.ban_ghi (id, khoa, xa_id, type, title, description, thanh_phan, license, created, updated, "
            "ban_ghi, dau_van, tim, geom) SELECT md5(%s)::uuid, 'khung:a', %s, 'dataset', 'a', '', 'ho-so', 'other', "
            "'2026-01-01', '2026-01-01', '{}', '', '', 'SRID=4326;MULTIPOLYGON(((0 0,0 1,1 1,0 0)))'",
            [str(id_), unit],
        )
    versions = "SELECT lg.phien_ban_trong('mt.ban_ghi', NULL), lg.phien_ban_trong('mt.ban_ghi', '{7}')"
    before = land.execute(versions).fetchone()

    land.execute("SELECT lg.don_dem()")

    assert land.execute(versions).fetchone() == before
    folded = land.execute("SELECT count(*) FROM lg.phien_ban WHERE bang = 'mt.ban_ghi' AND xa_id = 0").fetchone()
    assert folded == (1,)
