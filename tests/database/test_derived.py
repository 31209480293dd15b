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
      AND h.so_thua_dat <> (SELECT count(*) FROM hs.ho_so_thua t WHERE t.ho_so_id = h.id)
    UNION ALL
    SELECT 'xa_id of ' || k.bang, k.thua_id FROM dc.thua_dat t JOIN
        (SELECT 'quyen' AS bang, thua_id, xa_id, ma_xa FROM dc.quyen_su_dung_dat
         UNION ALL SELECT 'giay_chung_nhan', thua_id, xa_id, ma_xa FROM dc.giay_chung_nhan
         UNION ALL SELECT 'muc_dich', thua_id, xa_id, ma_xa FROM dc.muc_dich
         UNION ALL SELECT 'tai_san', thua_id, xa_id, ma_xa FROM dc.tai_san
         UNION ALL SELECT 'han_che', thua_id, xa_id, ma_xa FROM dc.han_che
         UNION ALL SELECT 'gia_thua', thua_id, xa_id, ma_xa FROM gd.gia_thua) k ON k.thua_id = t.id
    WHERE (k.xa_id, k.ma_xa) <> (t.xa_id, t.ma_xa)
    UNION ALL
    SELECT 'so_thua of ' || k.bang, k.thua_id FROM dc.thua_dat t JOIN
        (SELECT 'quyen' AS bang, thua_id, so_to, so_thua, geom_goc FROM dc.quyen_su_dung_dat
         UNION ALL SELECT 'gia_thua', thua_id, so_to, so_thua, geom_goc FROM gd.gia_thua) k ON k.thua_id = t.id
    WHERE (k.so_to, k.so_thua) <> (t.so_to, t.so_thua) OR NOT k.geom_goc ~= t.geom_goc
    UNION ALL
    SELECT 'ten_chu', q.id FROM dc.quyen_su_dung_dat q JOIN dc.nguoi n ON n.id = q.nguoi_id
    WHERE (q.ten_chu, q.loai_doi_tuong) <> (n.ho_ten, n.loai_doi_tuong)"""
PARCEL = """
    (SELECT t.id FROM dc.thua_dat t
     WHERE t.hieu_luc_den IS NULL AND t.da_cap_gcn AND t.loai_doi_tuong = 'CNV'
       AND (SELECT count(*) FROM dc.giay_chung_nhan g WHERE g.thua_id = t.id) = 1
       AND (SELECT count(*) FROM dc.quyen_su_dung_dat q WHERE q.thua_id = t.id) = 1
       AND t.so_thua < 90000
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
OLD_SYSTEM = (
    "(SELECT id FROM dc.thua_dat WHERE he_ma = 'TT27' AND loai_doi_tuong = 'GDC' "
    "AND loai_dat = 'CLN' ORDER BY id LIMIT 1)"
)
MOVE = (
    "UPDATE dc.thua_dat SET xa_id = (SELECT max(xa_id) FROM dc.moc), "
    "so_thua = 90000 + (SELECT max(so_thua) FROM dc.thua_dat) WHERE id = '{}'"
)
RENAME = "UPDATE dc.nguoi SET ho_ten = ho_ten || ' Moi' WHERE id = '{}'"
# What hangs on a parcel, each once more.
NEW = {
    "quyen": NEW_RIGHT.format("'{}'", COMPANY, "NULL"),
    "giay_chung_nhan": NEW_PAPER.replace("'XX 999'", "gen_random_uuid()::text").format("'{}'"),
    "muc_dich": "INSERT INTO dc.muc_dich (thua_id, stt, he_ma, ma_loai_dat) "
    "SELECT id, 90, he_ma, loai_dat_chinh FROM dc.thua_dat WHERE id = '{}'",
    "tai_san": "INSERT INTO dc.tai_san (thua_id, loai, hieu_luc_tu, geom_goc) "
    "SELECT '{}', loai, hieu_luc_tu, geom_goc FROM dc.tai_san LIMIT 1",
    "han_che": "INSERT INTO dc.han_che (thua_id, loai, hieu_luc_tu) VALUES ('{}', 'han_che', '2025-01-02')",
    "gia_thua": "INSERT INTO gd.gia_thua (thua_id, bang_gia_id, doan_duong_id, vung_gia_tri_id, loai_dat, he_ma, "
    "vi_tri, don_gia, gia_tri, thoi_diem, can_cu) SELECT '{}', bang_gia_id, doan_duong_id, vung_gia_tri_id, "
    "loai_dat, he_ma, vi_tri, don_gia, gia_tri, '2031-01-01', can_cu FROM gd.gia_thua LIMIT 1",
}
PAUSE = "SELECT pg_sleep(0.6)"


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
        (
            f"UPDATE hs.ho_so_thua SET ho_so_id = (SELECT max(id::text)::uuid FROM hs.ho_so) "
            f"WHERE ho_so_id = {DOSSIER}",
            *("hs.ho_so", DOSSIER, "so_thua_dat", 0),
        ),
        (
            NEW_RIGHT.format(PARCEL, COMPANY, "NULL").replace("'SDD'", "'QLD'"),
            *("dc.thua_dat", PARCEL, "loai_doi_tuong", "CNV"),
        ),
        (
            f"UPDATE dc.thua_dat SET he_ma = 'TT08' WHERE id = {OLD_SYSTEM}",
            *("dc.thua_dat", OLD_SYSTEM, "loai_doi_tuong", "CNV"),
        ),
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


def test_a_right_that_ended_is_known_all_the_same(land: psycopg.Connection):
    parcel = _one(land, f"SELECT {PARCEL}")
    land.execute("DELETE FROM dc.quyen_su_dung_dat WHERE thua_id = %s", [parcel])
    land.execute("UPDATE dc.thua_dat SET loai_doi_tuong = 'TKT' WHERE id = %s", [parcel])

    land.execute(NEW_RIGHT.format(f"'{parcel}'", COMPANY, "'2001-01-02'").encode())

    assert _one(land, "SELECT loai_doi_tuong FROM dc.thua_dat WHERE id = %s", parcel) is None


def _write(dsn: str, statements: list[str], refused: list[str]) -> None:
    try:
        with psycopg.connect(dsn, options="-c statement_timeout=20s") as connection:
            for statement in statements:
                connection.execute(statement.encode())
    except psycopg.Error as error:
        refused.append(f"{error.sqlstate}: {error}")


def _race(dsn: str, held: str, *writers: list[str]) -> list[str]:
    """Let writers start, one by one, while somebody holds what he wrote; who was refused, and what is stale then."""
    refused: list[str] = []
    threads = [threading.Thread(target=_write, args=(dsn, each, refused)) for each in writers]
    with psycopg.connect(dsn) as holder:
        holder.execute(held.encode())
        for thread in threads:
            thread.start()
            thread.join(0.4)
        holder.commit()
        for thread in threads:
            thread.join(30)
        return refused + [f"stale {what} {key}" for what, key in holder.execute(STALE.encode())]


def _prepared(dsn: str, query: str, *statements: str) -> str:
    """The key that a query finds, after statements with it were committed."""
    with psycopg.connect(dsn) as connection:
        key = str(_one(connection, f"SELECT {query}"))
        for statement in statements:
            connection.execute(statement.format(key).encode())
        return key


@pytest.mark.parametrize("child", NEW)
def test_what_is_hung_on_a_parcel_that_is_being_moved_goes_with_it(sample_db: str, child: str):
    parcel = _prepared(sample_db, PARCEL)

    assert _race(sample_db, MOVE.format(parcel), [NEW[child].format(parcel)]) == []


@pytest.mark.parametrize("child", NEW)
def test_a_parcel_that_is_moved_while_something_is_hung_on_it_takes_it_along(sample_db: str, child: str):
    parcel = _prepared(sample_db, PARCEL)

    assert _race(sample_db, NEW[child].format(parcel), [MOVE.format(parcel)]) == []


@pytest.mark.parametrize("table", ["dc.quyen_su_dung_dat", "dc.giay_chung_nhan", "dc.tai_san", "gd.gia_thua"])
def test_what_is_hung_over_to_a_parcel_that_is_being_moved_goes_with_it(sample_db: str, table: str):
    parcel = _prepared(sample_db, PARCEL)
    row = _prepared(sample_db, f"(SELECT id FROM {table} WHERE thua_id <> '{parcel}' ORDER BY id DESC LIMIT 1)")

    over = f"UPDATE {table} SET thua_id = '{parcel}' WHERE id = '{row}'"
    assert _race(sample_db, MOVE.format(parcel), [over]) == []


@pytest.mark.parametrize("child", ["muc_dich", "han_che", "gia_thua"])
def test_a_row_that_is_changed_where_it_hangs_does_not_wait_in_a_circle_with_a_move(sample_db: str, child: str):
    """The row is held by its writer when the mover, who has the parcel already, comes to it."""
    parcel = _prepared(sample_db, PARCEL, NEW[child])
    table = NEW[child].split()[2]
    row = _prepared(sample_db, f"(SELECT id FROM {table} WHERE thua_id = '{parcel}' LIMIT 1)")

    own = f"SELECT FROM {table} WHERE id = '{row}' FOR UPDATE"
    touch = f"UPDATE {table} SET cap_nhat = cap_nhat WHERE id = '{row}'"
    assert _race(sample_db, "SELECT 1", [own, PAUSE, touch], [MOVE.format(parcel)]) == []


@pytest.mark.parametrize("rename_first", [True, False])
def test_a_right_says_the_name_that_its_holder_has(sample_db: str, rename_first: bool):
    parcel = _prepared(sample_db, PARCEL)
    acts = [RENAME.format(_prepared(sample_db, COMPANY)), NEW["quyen"].format(parcel)]

    assert _race(sample_db, acts[not rename_first], [acts[rename_first]]) == []


def test_two_who_hang_several_things_on_one_parcel_do_not_wait_in_a_circle(sample_db: str):
    parcel = _prepared(sample_db, PARCEL)
    one = [NEW["muc_dich"].format(parcel), PAUSE, NEW["quyen"].format(parcel)]
    other = [NEW["han_che"].format(parcel), PAUSE, NEW["giay_chung_nhan"].format(parcel)]

    assert _race(sample_db, "SELECT 1", one, other) == []


def test_naming_a_holder_and_moving_his_parcel_do_not_wait_in_a_circle(sample_db: str):
    parcel = _prepared(sample_db, PARCEL)
    holder = _prepared(sample_db, f"(SELECT nguoi_id FROM dc.quyen_su_dung_dat WHERE thua_id = '{parcel}')")
    held = f"SELECT FROM dc.quyen_su_dung_dat WHERE thua_id = '{parcel}' FOR UPDATE"

    assert _race(sample_db, held, [RENAME.format(holder)], [MOVE.format(parcel)]) == []


def test_naming_a_holder_and_giving_him_one_more_right_do_not_wait_in_a_circle(sample_db: str):
    parcel = _prepared(sample_db, PARCEL)
    holder = _prepared(sample_db, f"(SELECT nguoi_id FROM dc.quyen_su_dung_dat WHERE thua_id = '{parcel}')")
    more = NEW_RIGHT.format(f"'{parcel}'", f"'{holder}'", "NULL").replace("'SDD'", "'QLD'")
    held = f"SELECT FROM dc.thua_dat WHERE id = '{parcel}' FOR NO KEY UPDATE"

    assert _race(sample_db, held, [more], [RENAME.format(holder)]) == []


def test_two_who_end_the_rights_of_one_parcel_do_not_miss_each_other(sample_db: str):
    second = NEW["quyen"].replace(
        COMPANY, "(SELECT id FROM dc.nguoi WHERE loai_doi_tuong = 'CNV' ORDER BY id DESC LIMIT 1)"
    )
    parcel = _prepared(sample_db, PARCEL, second)
    end = (
        "UPDATE dc.quyen_su_dung_dat SET hieu_luc_den = '2025-06-01' "
        "WHERE id = (SELECT {} FROM dc.quyen_su_dung_dat WHERE thua_id = '{}')"
    )

    stale = _race(sample_db, end.format("min(id::text)::uuid", parcel), [end.format("max(id::text)::uuid", parcel)])

    assert stale == []


def test_two_who_revoke_the_certificates_of_one_parcel_do_not_miss_each_other(sample_db: str):
    parcel = _prepared(sample_db, PARCEL, NEW["giay_chung_nhan"])
    revoke = (
        "UPDATE dc.giay_chung_nhan SET trang_thai = 'da_thu_hoi' "
        "WHERE id = (SELECT {} FROM dc.giay_chung_nhan WHERE thua_id = '{}')"
    )

    stale = _race(
        sample_db, revoke.format("min(id::text)::uuid", parcel), [revoke.format("max(id::text)::uuid", parcel)]
    )

    assert stale == []


def test_two_who_tie_parcels_to_one_dossier_do_not_miss_each_other(sample_db: str):
    tie = (
        f"INSERT INTO hs.ho_so_thua SELECT {DOSSIER}, id FROM dc.thua_dat "
        f"WHERE id NOT IN (SELECT thua_id FROM hs.ho_so_thua) ORDER BY id {{}} LIMIT 1"
    )

    assert _race(sample_db, tie.format("ASC"), [tie.format("DESC")]) == []


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
