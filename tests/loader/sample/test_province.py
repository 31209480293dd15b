"""The sample province in a database: whole, consistent, and accepted by every check."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from core.errors import DatabaseError
from loader import codelists, sample

type Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def database(sample_db: str) -> Iterator[Connection]:
    with psycopg.connect(sample_db, autocommit=True) as connection:
        yield connection


def _one(database: Connection, query: str) -> Any:
    row = database.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_the_load_is_marked_complete_and_a_second_one_is_refused(database: Connection, sample_db: str):
    assert sample.built_as(database) == "parcels=2000 seed=1 era=before_reform"
    with pytest.raises(DatabaseError, match="already"):
        sample.build(sample_db, parcels=2_000, seed=1)


def test_an_empty_database_is_not_taken_for_a_whole_one(empty_db: str):
    with psycopg.connect(empty_db) as connection:
        assert sample.built_as(connection) is None


def test_a_load_that_fails_leaves_nothing(empty_db: str, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("loader.sample.building.tail_rows", broken)
    with pytest.raises(KeyboardInterrupt):
        sample.build(empty_db, parcels=200, seed=1)

    with psycopg.connect(empty_db) as connection:
        assert sample.built_as(connection) is None
        assert connection.execute("SELECT count(*) FROM dc.thua_dat").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM hc.don_vi").fetchone() == (0,)
        assert connection.execute("SELECT to_regclass('dc.thua_dat_hinh') IS NOT NULL").fetchone() == (True,)


def test_the_legal_day_is_the_last_one_before_the_reform(database: Connection):
    assert _one(database, "SELECT lg.hom_nay()::text") == "2025-06-30"


def test_units_of_both_states_stand_with_their_validity(database: Connection):
    rows = database.execute(
        "SELECT cap, hieu_luc_den IS NULL, count(*) FROM hc.don_vi GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()

    assert rows == [(1, False, 1), (1, True, 1), (2, False, 11), (3, False, 111), (3, True, 40)]


def test_every_old_commune_has_one_whole_successor(database: Connection):
    query = """
        SELECT count(*), count(DISTINCT cu_id), count(DISTINCT moi_id), min(ty_le)
        FROM hc.chuyen_doi c JOIN hc.don_vi d ON d.id = c.cu_id WHERE d.cap = 3
    """
    assert database.execute(query).fetchone() == (111, 111, 40, 1.0)


def test_communes_tile_the_province(database: Connection):
    query = """
        SELECT abs(sum(ST_Area(x.geom_goc)) - (SELECT ST_Area(geom_goc) FROM hc.don_vi WHERE ma = '70'))
        FROM hc.don_vi x WHERE cap = 3 AND hieu_luc_den IS NOT NULL
    """
    assert _one(database, query) < 1


def test_there_are_as_many_parcels_as_asked_for(database: Connection):
    assert abs(_one(database, "SELECT count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL") - 2_000) <= 20


def test_parcels_lie_in_their_commune(database: Connection):
    query = """
        SELECT count(*) FROM dc.thua_dat t JOIN hc.don_vi x ON x.id = t.xa_id
        WHERE NOT ST_Covers(x.geom_goc, t.geom_goc)
    """
    assert _one(database, query) == 0


def test_parcels_in_force_do_not_overlap(database: Connection):
    query = """
        SELECT count(*) FROM dc.thua_dat a JOIN dc.thua_dat b ON a.geom && b.geom AND a.id < b.id
        WHERE a.hieu_luc_den IS NULL AND b.hieu_luc_den IS NULL AND ST_Relate(a.geom_goc, b.geom_goc, '2********')
    """
    assert _one(database, query) == 0


def test_areas_are_those_of_the_geometry(database: Connection):
    assert _one(database, "SELECT max(abs(dien_tich - ST_Area(geom_goc))) FROM dc.thua_dat") < 0.051


def test_purposes_add_up_to_the_legal_area(database: Connection):
    query = """
        SELECT count(*) FROM dc.thua_dat t
        WHERE t.dien_tich_phap_ly::numeric <> (
            SELECT sum(m.dien_tich::numeric) FROM dc.muc_dich m WHERE m.thua_id = t.id)
    """
    assert _one(database, query) == 0


def test_the_identifier_is_the_geohash_of_a_point_inside(database: Connection):
    query = """
        SELECT count(*) FROM dc.thua_dat
        WHERE ST_Distance(ST_SetSRID(ST_PointFromGeoHash(ma_dinh_danh), 4326)::geography, geom::geography) > 0
    """
    assert _one(database, query) == 0


def test_statistical_plots_tile_their_commune(database: Connection):
    query = """
        SELECT max(abs(ST_Area(x.geom_goc) - k.dien_tich)) FROM hc.don_vi x
        JOIN (SELECT xa_id, sum(dt_khong_gian) AS dien_tich FROM tk.khoanh_dat GROUP BY 1) k ON k.xa_id = x.id
    """
    assert _one(database, query) < 0.01
    assert _one(database, "SELECT count(DISTINCT xa_id) FROM tk.khoanh_dat") == 111


def test_plots_do_not_overlap(database: Connection):
    query = """
        SELECT count(*) FROM tk.khoanh_dat a JOIN tk.khoanh_dat b ON a.geom && b.geom AND a.id < b.id
        WHERE a.xa_id BETWEEN 101 AND 110 AND b.xa_id = a.xa_id AND ST_Relate(a.geom_goc, b.geom_goc, '2********')
    """
    assert _one(database, query) == 0


def test_form_01_is_counted_from_the_plots(database: Connection):
    query = """
        SELECT max(abs(b.gia_tri - k.ha)) FROM tk.bieu b
        JOIN (SELECT xa_id, ma_loai_dat, sum(dien_tich) / 10000 AS ha FROM tk.khoanh_dat GROUP BY 1, 2) k
          USING (xa_id, ma_loai_dat)
        WHERE b.bieu = '01/TKKK' AND b.cot = 'tong'
    """
    # each of a row's holders is rounded by less than a hundredth
    assert _one(database, query) < 0.05


def test_form_01_adds_up_by_holder_and_by_group(database: Connection):
    by_holder = """
        SELECT count(*) FROM (
            SELECT sum(gia_tri::numeric) FILTER (WHERE cot = 'tong') AS whole,
                   sum(gia_tri::numeric) FILTER (WHERE cot IN ('tong_su_dung', 'tong_quan_ly')) AS sides,
                   sum(gia_tri::numeric) FILTER (WHERE cot NOT LIKE 'tong%') AS holders
            FROM tk.bieu WHERE bieu = '01/TKKK' GROUP BY xa_id, ma_loai_dat) f
        WHERE whole <> sides OR whole <> holders
    """
    by_group = """
        SELECT count(*) FROM tk.bieu g
        JOIN (SELECT b.xa_id, b.bieu, b.cot, m.ma_cha, sum(b.gia_tri::numeric) AS parts
              FROM tk.bieu b JOIN dm.muc m ON m.danh_muc = 'loai_dat' AND m.he_ma = b.he_ma AND m.ma = b.ma_loai_dat
              GROUP BY 1, 2, 3, 4) p
          ON (p.xa_id, p.bieu, p.cot, p.ma_cha) = (g.xa_id, g.bieu, g.cot, g.ma_loai_dat)
        WHERE g.gia_tri::numeric <> p.parts
    """
    assert _one(database, by_holder) == 0
    assert _one(database, by_group) == 0


def test_form_03_of_the_province_adds_up_to_its_area(database: Connection):
    query = """
        SELECT abs((SELECT sum(gia_tri) FROM tk.bieu WHERE xa_id = 1 AND bieu = '03/TKKK' AND cot = 'tong'
                    AND ma_loai_dat IN ('NNP', 'PNN', 'CSD')) * 10000
                   - (SELECT ST_Area(geom_goc) FROM hc.don_vi WHERE id = 1))
    """
    assert _one(database, query) < 111 * 50 + 1


def test_prices_of_parcels_follow_from_segments_and_positions(database: Connection):
    query = """
        SELECT count(*) FILTER (WHERE v.id IS NULL OR v.don_gia <> g.don_gia), count(*)
        FROM gd.gia_thua g LEFT JOIN gd.vi_tri v ON v.doan_duong_id = g.doan_duong_id AND v.vi_tri = g.vi_tri
        WHERE g.doan_duong_id IS NOT NULL
    """
    wrong, all_of_them = database.execute(query).fetchone() or (1, 0)
    assert wrong == 0
    assert all_of_them > 100


def test_the_street_of_a_price_runs_near_its_parcel(database: Connection):
    query = """
        SELECT max(ST_Distance(g.geom_goc, d.geom_goc))
        FROM gd.gia_thua g JOIN gd.doan_duong d ON d.id = g.doan_duong_id
        WHERE g.vi_tri = 1
    """
    assert _one(database, query) < 15


def test_no_price_has_two_streets_of_different_price_tables(database: Connection):
    query = """
        SELECT count(*) FROM gd.gia_thua g JOIN gd.doan_duong d ON d.id = g.doan_duong_id
        WHERE d.bang_gia_id <> g.bang_gia_id
    """
    assert _one(database, query) == 0


def test_planning_zones_overlap_parcels(database: Connection):
    query = (
        "SELECT count(*) FROM qh.vung v JOIN dc.thua_dat t ON ST_Overlaps(v.geom_goc, t.geom_goc) AND v.geom && t.geom"
    )
    assert _one(database, query) > 100


def test_houses_stand_on_their_parcel(database: Connection):
    query = """
        SELECT count(*) FROM dc.tai_san s JOIN dc.thua_dat t ON t.id = s.thua_id
        WHERE NOT ST_Covers(t.geom_goc, s.geom_goc)
    """
    assert _one(database, query) == 0


def test_genealogy_leads_from_closed_parcels_to_later_ones(database: Connection):
    query = """
        SELECT count(*) FROM dc.thua_dat_pha_he p
        JOIN dc.thua_dat cha ON cha.id = p.thua_cha JOIN dc.thua_dat con ON con.id = p.thua_con
        WHERE cha.hieu_luc_den IS DISTINCT FROM con.hieu_luc_tu
    """
    assert _one(database, query) == 0
    assert _one(database, "SELECT count(*) FROM dc.thua_dat_pha_he") > 20


def test_doubled_receipt_codes_are_kept_and_flagged(database: Connection):
    query = """
        SELECT count(*) FROM (SELECT ma_ho_so, bool_and(trung_ma) AS flagged, count(*) AS times
                              FROM hs.ho_so GROUP BY 1) h WHERE (times > 1) <> flagged
    """
    assert _one(database, query) == 0
    assert _one(database, "SELECT count(*) FROM hs.ho_so WHERE trung_ma") > 0


def test_settled_changes_have_their_dossier(database: Connection):
    assert _one(database, "SELECT count(*) FROM dc.bien_dong WHERE ho_so_id IS NULL") == 0


def test_every_layer_has_rows(database: Connection):
    tables = database.execute("SELECT DISTINCT bang FROM lg.dem").fetchall()
    watched = database.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'nhat_ky_them'")

    assert {name for (name,) in watched} - {"mt.ban_ghi"} == {
        name for (name,) in tables
    }  # records are published, not loaded


def test_the_counts_of_the_log_are_those_of_the_tables(database: Connection):
    assert _one(database, "SELECT lg.so_dong_trong('dc.thua_dat', false, NULL)") == _one(
        database, "SELECT count(*) FROM dc.thua_dat"
    )


def test_all_names_of_holders_are_invented(database: Connection):
    query = "SELECT count(*) FROM dc.nguoi WHERE ho_ten !~ 'Ví Dụ|Thử|Giả Định|dữ liệu mẫu' OR so_dinh_danh !~ '^999'"
    assert _one(database, query) == 0
    assert _one(database, "SELECT count(*) FROM dc.nguoi WHERE so_dien_thoai IS NOT NULL") == 0


def test_every_check_of_the_database_holds(database: Connection):
    assert _one(database, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == 0


def test_codes_are_loaded_once_and_titles_follow(empty_db: str):
    codelists.load(empty_db)

    again = codelists.load(empty_db)

    assert again == 0
    with psycopg.connect(empty_db) as connection:
        assert connection.execute("SELECT count(*) FROM dm.muc").fetchone() == (len(codelists.read()),)


def test_parents_of_codes_are_codes_of_their_list():
    codes = codelists.read()
    known = {(code.code_list, code.system, code.code) for code in codes}

    assert all((c.code_list, c.system, c.parent) in known for c in codes if c.parent)
    assert len(known) == len(codes)


def test_after_the_reform_the_province_stands_in_new_communes(empty_db: str):
    sample.build(empty_db, parcels=1_000, seed=1, era="after_reform")

    with psycopg.connect(empty_db) as database:
        assert _one(database, "SELECT lg.hom_nay()::text") == "2025-07-15"
        assert _one(database, "SELECT count(DISTINCT xa_id) FROM dc.thua_dat WHERE xa_id BETWEEN 301 AND 340") == 40
        assert _one(database, "SELECT count(*) FROM dc.thua_dat WHERE xa_id < 301 OR so_to_cu IS NULL") == 0
        assert _one(database, "SELECT ma_xa FROM dc.thua_dat ORDER BY xa_id LIMIT 1") == "25195"
