"""What a parcel and a dossier say of their certificates, holders and parcels is true, whoever wrote what."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

CERTIFICATE = """
    EXISTS (SELECT FROM dc.giay_chung_nhan g WHERE g.thua_id = t.id AND
            CASE WHEN g.hieu_luc_den IS NULL THEN g.trang_thai = 'hieu_luc'
                 ELSE t.hieu_luc_den IS NOT NULL AND g.hieu_luc_den >= t.hieu_luc_den END)"""
IN_FORCE = "q.thua_id = t.id AND (q.hieu_luc_den IS NULL OR q.hieu_luc_den >= t.hieu_luc_den)"
STALE = f"""
    SELECT 'da_cap_gcn', t.id FROM dc.thua_dat t
    WHERE EXISTS (SELECT FROM dc.giay_chung_nhan g WHERE g.thua_id = t.id) AND t.da_cap_gcn <> {CERTIFICATE}
    UNION ALL
    SELECT 'loai_doi_tuong', t.id FROM dc.thua_dat t
    WHERE EXISTS (SELECT FROM dc.quyen_su_dung_dat q JOIN dc.nguoi n ON n.id = q.nguoi_id
                  WHERE {IN_FORCE} AND n.he_ma = t.he_ma)
      AND t.loai_doi_tuong IS DISTINCT FROM
          (SELECT q.loai_doi_tuong FROM dc.quyen_su_dung_dat q JOIN dc.nguoi n ON n.id = q.nguoi_id
           WHERE {IN_FORCE} AND n.he_ma = t.he_ma
           ORDER BY q.loai_quyen DESC, q.ty_le DESC, q.hieu_luc_tu, q.id LIMIT 1)
    UNION ALL
    SELECT 'loai_doi_tuong', t.id FROM dc.thua_dat t
    WHERE EXISTS (SELECT FROM dc.quyen_su_dung_dat q WHERE q.thua_id = t.id)
      AND NOT EXISTS (SELECT FROM dc.quyen_su_dung_dat q WHERE {IN_FORCE}) AND t.loai_doi_tuong IS NOT NULL
    UNION ALL
    SELECT 'so_thua_dat', h.id FROM hs.ho_so h
    WHERE EXISTS (SELECT FROM hs.ho_so_thua t WHERE t.ho_so_id = h.id)
      AND h.so_thua_dat <> (SELECT count(*) FROM hs.ho_so_thua t WHERE t.ho_so_id = h.id)"""
PARCEL = """
    (SELECT t.id FROM dc.thua_dat t
     WHERE t.hieu_luc_den IS NULL AND t.da_cap_gcn AND t.loai_doi_tuong = 'CNV'
       AND (SELECT count(*) FROM dc.giay_chung_nhan g WHERE g.thua_id = t.id) = 1
       AND (SELECT count(*) FROM dc.quyen_su_dung_dat q WHERE q.thua_id = t.id) = 1
     ORDER BY t.id LIMIT 1)"""
CLOSED = "(SELECT id FROM dc.thua_dat WHERE hieu_luc_den IS NOT NULL AND da_cap_gcn ORDER BY id LIMIT 1)"
DOSSIER = "(SELECT ho_so_id FROM hs.ho_so_thua ORDER BY ho_so_id LIMIT 1)"
COMPANY = "(SELECT id FROM dc.nguoi WHERE loai_doi_tuong = 'TKT' ORDER BY id LIMIT 1)"
NEW_PAPER = (
    "INSERT INTO dc.giay_chung_nhan (thua_id, loai, so_vao_so, so_phat_hanh, ngay_cap, cap_boi, hieu_luc_tu) "
    "VALUES ({}, '11', 'VD', 'XX 999', '2025-01-02', 'huyen', '2025-01-02')"
)
NEW_RIGHT = (
    "INSERT INTO dc.quyen_su_dung_dat (thua_id, nguoi_id, loai_quyen, hinh_thuc, ty_le, hieu_luc_tu, hieu_luc_den) "
    "VALUES ({}, {}, 'SDD', 'rieng', 1, '2000-01-02', {})"
)
BARE = """
    (SELECT t.id FROM dc.thua_dat t
     WHERE t.hieu_luc_den IS NULL AND NOT EXISTS (SELECT FROM dc.giay_chung_nhan g WHERE g.thua_id = t.id)
     ORDER BY t.id LIMIT 1)"""


@pytest.fixture
def land(sample_db: str) -> Iterator[psycopg.Connection]:
    """The sample province; what a test writes is rolled back."""
    with psycopg.connect(sample_db) as connection:
        yield connection
        connection.rollback()


def _one(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values or None).fetchone()
    return row[0] if row else None


def test_the_sample_province_is_true(land: psycopg.Connection):
    assert land.execute(STALE.encode()).fetchall() == []


@pytest.mark.parametrize(
    ("act", "table", "row", "column", "wanted"),
    [
        (f"DELETE FROM dc.quyen_su_dung_dat WHERE thua_id = {PARCEL}", "dc.thua_dat", PARCEL, "loai_doi_tuong", None),
        (
            f"UPDATE dc.quyen_su_dung_dat SET hieu_luc_den = '2025-06-01' WHERE thua_id = {PARCEL}",
            *("dc.thua_dat", PARCEL, "loai_doi_tuong", None),
        ),
        (
            f"UPDATE dc.quyen_su_dung_dat SET nguoi_id = {COMPANY} WHERE thua_id = {PARCEL}",
            *("dc.thua_dat", PARCEL, "loai_doi_tuong", "TKT"),
        ),
        (
            "UPDATE dc.nguoi SET loai_doi_tuong = 'CNN' WHERE id IN "
            f"(SELECT nguoi_id FROM dc.quyen_su_dung_dat WHERE thua_id = {PARCEL})",
            *("dc.thua_dat", PARCEL, "loai_doi_tuong", "CNN"),
        ),
        (
            f"UPDATE dc.thua_dat SET loai_doi_tuong = 'TKT' WHERE id = {PARCEL}",
            "dc.thua_dat",
            PARCEL,
            "loai_doi_tuong",
            "CNV",
        ),
        (f"UPDATE dc.thua_dat SET da_cap_gcn = false WHERE id = {PARCEL}", "dc.thua_dat", PARCEL, "da_cap_gcn", True),
        (
            f"UPDATE dc.giay_chung_nhan SET trang_thai = 'da_thu_hoi' WHERE thua_id = {PARCEL}",
            *("dc.thua_dat", PARCEL, "da_cap_gcn", False),
        ),
        (
            f"UPDATE dc.giay_chung_nhan SET hieu_luc_den = '2025-06-01' WHERE thua_id = {PARCEL}",
            *("dc.thua_dat", PARCEL, "da_cap_gcn", False),
        ),
        (NEW_PAPER.format(BARE), "dc.thua_dat", BARE, "da_cap_gcn", True),
        (
            f"UPDATE dc.giay_chung_nhan SET thua_id = {BARE} WHERE thua_id = {PARCEL}",
            *("dc.thua_dat", PARCEL, "da_cap_gcn", False),
        ),
        (f"UPDATE dc.thua_dat SET da_cap_gcn = false WHERE id = {CLOSED}", "dc.thua_dat", CLOSED, "da_cap_gcn", True),
        (f"UPDATE hs.ho_so SET so_thua_dat = 9 WHERE id = {DOSSIER}", "hs.ho_so", DOSSIER, "so_thua_dat", 1),
        (
            f"INSERT INTO hs.ho_so_thua SELECT {DOSSIER}, id FROM dc.thua_dat WHERE id NOT IN "
            f"(SELECT thua_id FROM hs.ho_so_thua WHERE ho_so_id = {DOSSIER}) ORDER BY id LIMIT 4",
            *("hs.ho_so", DOSSIER, "so_thua_dat", 5),
        ),
        (f"DELETE FROM hs.ho_so_thua WHERE ho_so_id = {DOSSIER}", "hs.ho_so", DOSSIER, "so_thua_dat", 0),
    ],
)
def test_no_writer_of_plain_sql_makes_it_stale(
    land: psycopg.Connection, act: str, table: str, row: str, column: str, wanted: object
):
    key = _one(land, f"SELECT {row}")

    land.execute(act.encode())

    assert _one(land, f"SELECT {column} FROM {table} WHERE id = %s", key) == wanted
    assert land.execute(STALE.encode()).fetchall() == []


@pytest.mark.parametrize(
    "act",
    [
        "DELETE FROM dc.giay_chung_nhan WHERE xa_id % 2 = 0",  # rights refer to some of them
        "UPDATE dc.giay_chung_nhan SET trang_thai = 'da_thu_hoi' WHERE xa_id % 3 = 0",
        "UPDATE dc.giay_chung_nhan SET hieu_luc_den = hieu_luc_tu + 400 WHERE xa_id % 3 = 1",
        "UPDATE dc.quyen_su_dung_dat SET hieu_luc_den = hieu_luc_tu + 400 WHERE xa_id % 3 = 1",
        "DELETE FROM dc.quyen_su_dung_dat WHERE xa_id % 3 = 2",
        "UPDATE dc.nguoi SET loai_doi_tuong = 'CNN' WHERE loai_doi_tuong = 'CNV' AND nam_sinh > 1970",
        "UPDATE dc.thua_dat SET hieu_luc_den = '2025-06-29' WHERE hieu_luc_den IS NULL AND xa_id % 5 = 0",
        "UPDATE dc.thua_dat SET da_cap_gcn = NOT da_cap_gcn, loai_doi_tuong = NULL",
        NEW_RIGHT.format(PARCEL, COMPANY, "NULL"),
        NEW_RIGHT.format(PARCEL, COMPANY, "'2001-01-02'"),
        "DELETE FROM hs.ho_so_thua WHERE ho_so_id::text < '8'",
    ],
)
def test_bulk_changes_leave_nothing_stale_and_are_logged(land: psycopg.Connection, act: str):
    land.execute("UPDATE dc.quyen_su_dung_dat SET gcn_id = NULL")
    before = _one(land, "SELECT max(id) FROM lg.thay_doi")
    facts = "SELECT id, da_cap_gcn, loai_doi_tuong FROM dc.thua_dat ORDER BY id"
    old = land.execute(facts.encode()).fetchall()

    land.execute(act.encode())

    assert land.execute(STALE.encode()).fetchall() == []
    changed = {str(was[0]) for was, now in zip(old, land.execute(facts.encode()), strict=True) if was != now}
    logged = _one(
        land,
        "SELECT array_agg(k) FROM lg.thay_doi, unnest(khoa) k WHERE id > %s AND bang = 'dc.thua_dat' "
        "AND thao_tac = 'U' AND cot && '{da_cap_gcn, loai_doi_tuong}'",
        before,
    )
    assert set(logged or []) == changed  # pyright: ignore


def test_what_a_source_states_holds_until_something_is_known(land: psycopg.Connection):
    parcel = _one(land, f"SELECT {BARE}")

    land.execute("UPDATE dc.thua_dat SET da_cap_gcn = true WHERE id = %s", [parcel])
    assert _one(land, "SELECT da_cap_gcn FROM dc.thua_dat WHERE id = %s", parcel) is True

    land.execute(
        NEW_PAPER.format(f"'{parcel}'")
        .replace("hieu_luc_tu)", "hieu_luc_tu, trang_thai)")
        .replace("'2025-01-02')", "'2025-01-02', 'da_thu_hoi')")
        .encode()
    )
    assert _one(land, "SELECT da_cap_gcn FROM dc.thua_dat WHERE id = %s", parcel) is False


def test_a_load_by_copy_that_says_the_truth_updates_no_parcel(land: psycopg.Connection):
    """Where the parcels came with the truth, their certificates cost no second write of them."""
    assert (
        _one(land, "SELECT count(*) FROM lg.thay_doi WHERE bang IN ('dc.thua_dat', 'hs.ho_so') AND thao_tac = 'U'") == 0
    )


def test_two_writers_of_one_parcel_do_not_miss_each_other(sample_db: str):
    with psycopg.connect(sample_db) as first, psycopg.connect(sample_db) as second:
        parcel = _one(first, f"SELECT {PARCEL}")
        first.execute("UPDATE dc.giay_chung_nhan SET trang_thai = 'da_thu_hoi' WHERE thua_id = %s", [parcel])
        insert = threading.Thread(target=lambda: second.execute(NEW_PAPER.format(f"'{parcel}'").encode()))
        insert.start()
        insert.join(0.5)
        first.commit()
        insert.join(20)
        second.commit()

        assert _one(first, "SELECT da_cap_gcn FROM dc.thua_dat WHERE id = %s", parcel) is True
