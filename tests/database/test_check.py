"""The catalogue against real tables: the shipped layers fit, and each kind of fault is told in one exact sentence."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from catalogue.files import read_layers
from catalogue.layer import Layer, Rows, ValidTime
from core.errors import CatalogueError
from database.check import check_catalogue

LAYERS = {each.id: each for each in read_layers()}


@pytest.fixture
def connection(empty_db: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(empty_db) as connection:
        yield connection


def _faults(connection: Connection[Any], *layers: Layer) -> list[str]:
    try:
        check_catalogue(connection, layers)
    except CatalogueError as error:
        return str(error).splitlines()[1:]
    return []


def test_every_shipped_layer_fits_the_migrated_database(connection: Connection[Any]) -> None:
    faults = _faults(connection, *LAYERS.values())

    assert faults == []


def test_the_login_of_the_server_can_check(empty_db: str, as_app: Callable[[str], str]) -> None:
    with psycopg.connect(as_app(empty_db)) as connection:
        faults = _faults(connection, *LAYERS.values())
        row = connection.execute("SELECT current_user::text").fetchone()

    assert faults == []
    assert row == ("datdai_mau_app",)


def test_every_code_list_that_a_shipped_layer_names_is_loaded_with_the_sample(
    sample_db: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(sample_db) as connection:
        faults = _faults(connection, *LAYERS.values())

    assert faults == []
    assert caplog.records == []


def test_every_reference_of_the_sample_names_an_item_that_is_published(sample_db: str) -> None:
    dangling: list[str] = []
    with psycopg.connect(sample_db) as connection:
        for layer in LAYERS.values():
            for column in layer.columns:
                if column.refers_to:
                    missing = _count_dangling(connection, layer, column.name, LAYERS[column.refers_to])
                    dangling += [f"{layer.id}.{column.name}: {missing}"] if missing else []

    assert dangling == []


def _count_dangling(connection: Connection[Any], layer: Layer, column: str, target: Layer) -> int:
    query = sql.SQL(
        "SELECT count(*) FROM {} l WHERE {} AND l.{} IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM {} t WHERE t.{} = l.{} AND {})"
    ).format(
        sql.Identifier(layer.schema, layer.table),
        _published(layer, "l"),
        sql.Identifier(column),
        sql.Identifier(target.schema, target.table),
        sql.Identifier(target.key.name),
        sql.Identifier(column),
        _published(target, "t"),
    )
    row = connection.execute(query).fetchone()
    return row[0] if row else 0


def _published(layer: Layer, alias: str) -> sql.Composable:
    """Return the condition of the rows that a layer publishes."""
    if layer.rows is Rows.ALL or layer.time is None or layer.time.end is None:
        return sql.SQL("true")
    return sql.SQL("{} IS NULL").format(sql.Identifier(alias, layer.time.end))


def _drop_policies(connection: Connection[Any], table: str) -> None:
    """Drop what stands in the way of changing the type of a column."""
    for (name,) in connection.execute(
        "SELECT polname FROM pg_policy WHERE polrelid = %s::regclass", [table]
    ).fetchall():
        connection.execute(
            sql.SQL("DROP POLICY {} ON {}").format(sql.Identifier(name), sql.Identifier(*table.split(".")))
        )


@pytest.mark.parametrize(
    ("layer", "statement", "sentences"),
    [
        (
            "sieu-du-lieu",
            "ALTER TABLE mt.ban_ghi DROP CONSTRAINT ban_ghi_id_khoa_key",
            ["the key id, khoa is not unique: CREATE UNIQUE INDEX ON mt.ban_ghi (id, khoa)"],
        ),
        (
            "sieu-du-lieu",
            "ALTER TABLE mt.ban_ghi DROP CONSTRAINT ban_ghi_pkey",
            ["the change log knows rows by dong and xa_id, the layer by id and xa_id"],
        ),
        (
            "sieu-du-lieu",
            "DROP TRIGGER nhat_ky_sua ON mt.ban_ghi",
            ["the change log does not see UPDATE: CALL lg.theo_doi('mt.ban_ghi')"],
        ),
        (
            "sieu-du-lieu",
            "UPDATE acl.guarded SET qual = replace(qual, '''khoa''::text', '''lop''::text') WHERE bang = 'mt.ban_ghi'",
            ["row security of mt.ban_ghi has no term for khoa, which scopes name"],
        ),
        ("moc", "ALTER TABLE dc.moc RENAME TO moc_cu", ["there is no table dc.moc"]),
        ("moc", "ALTER TABLE dc.moc DROP COLUMN do_cao", ["the table dc.moc has no column do_cao"]),
        ("doan-duong", "ALTER TABLE gd.doan_duong DROP COLUMN tim", ["the table gd.doan_duong has no column tim"]),
        (
            "doan-duong",
            "ALTER TABLE gd.doan_duong ALTER don_gia TYPE int",
            ["don_gia is declared as wide, which is bigint, but is integer"],
        ),
        (
            "vi-tri-gia-dat",
            "ALTER TABLE gd.vi_tri ALTER vi_tri TYPE bigint",
            ["vi_tri is declared as integer, which is integer or smallint, but is bigint"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc ALTER do_cao TYPE numeric",
            ["do_cao is declared as number, which is double precision, but is numeric"],
        ),
        (
            "thua-dat",
            "ALTER TABLE dc.thua_dat DROP muc_dich CASCADE;"
            'ALTER TABLE dc.thua_dat ADD muc_dich varchar[] COLLATE "C" NOT NULL;'
            "CREATE INDEX ON dc.thua_dat USING gin (muc_dich)",
            ["muc_dich is declared as text[], which is text[], but is character varying[]"],
        ),
        (
            "moc",
            'ALTER TABLE dc.moc ALTER cap_hang TYPE text COLLATE "und-x-icu"',
            ['cap_hang has the collation "und-x-icu": text COLLATE "C" is needed'],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc ALTER do_cao SET NOT NULL",
            ["do_cao is never null in the table, but is not declared as required"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc ALTER so_hieu DROP NOT NULL",
            ["so_hieu is declared as required, but may be null in the table"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc DROP CONSTRAINT moc_pkey",
            ["the key id is not unique: CREATE UNIQUE INDEX ON dc.moc (id)"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc DROP CONSTRAINT moc_pkey, ADD UNIQUE (id), ALTER id DROP NOT NULL",
            ["the key id may be null: ALTER TABLE dc.moc ALTER id SET NOT NULL"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc ALTER xa_id DROP NOT NULL",
            [
                "xa_id is declared as required, but may be null in the table",
                "the territory xa_id must be integer and never null",
            ],
        ),
        (
            "moc",
            "DROP INDEX dc.moc_loai",
            ["loai is sortable without an index: CREATE INDEX ON dc.moc (loai, id)"],
        ),
        (
            "moc",
            "DROP INDEX dc.moc_loai; CREATE INDEX ON dc.moc USING hash (loai); CREATE INDEX ON dc.moc (id, loai)",
            ["loai is sortable without an index: CREATE INDEX ON dc.moc (loai, id)"],
        ),
        (
            "moc",
            "DROP INDEX dc.moc_loai; CREATE INDEX ON dc.moc (loai, id) WHERE do_cao > 0",
            ["loai is sortable without an index: CREATE INDEX ON dc.moc (loai, id)"],
        ),
        (
            "thua-dat",
            "DROP INDEX dc.thua_dat_dinh_danh; CREATE UNIQUE INDEX ON dc.thua_dat (ma_dinh_danh)",
            ["ma_dinh_danh is sortable without an index: CREATE INDEX ON dc.thua_dat (ma_dinh_danh, id)"],
        ),
        (
            "ho-so",
            "ALTER TABLE hs.ho_so DROP CONSTRAINT ho_so_he_thong_ma_ho_so_key",
            ["he_thong is queryable without an index: CREATE INDEX ON hs.ho_so (he_thong, id)"],
        ),
        (
            "thua-dat",
            "DROP INDEX dc.thua_dat_muc_dich",
            ["muc_dich is queryable without an index: CREATE INDEX ON dc.thua_dat USING gin (muc_dich)"],
        ),
        (
            "moc",
            "DROP INDEX dc.moc_hinh; CREATE INDEX ON dc.moc USING gist (geom, xa_id)",
            ["the geometry has no index: CREATE INDEX ON dc.moc USING gist (xa_id, geom)"],
        ),
        (
            "moc",
            "DROP TRIGGER suy_ra_hinh ON dc.moc;"
            "ALTER TABLE dc.moc ALTER geom TYPE geometry(Point, 3857) USING ST_SetSRID(geom, 3857)",
            ["geom has the SRID 3857; 4326 is needed"],
        ),
        (
            "moc",
            "DROP TRIGGER suy_ra_hinh ON dc.moc;"
            "ALTER TABLE dc.moc ALTER geom TYPE geometry(MultiPoint, 4326) USING ST_Multi(geom)",
            ["geom is geometry(MultiPoint,4326); the layer's geometry is point"],
        ),
        (
            "moc",
            "DROP TRIGGER suy_ra_hinh ON dc.moc; ALTER TABLE dc.moc ALTER geom_goc TYPE geometry(Point, 3405)",
            ["geom_goc has the SRID 3405; 9212 is needed"],
        ),
        (
            "moc",
            "DROP TRIGGER suy_ra_hinh ON dc.moc; ALTER TABLE dc.moc ALTER geom_goc TYPE geometry",
            ["geom_goc is geometry; the layer's geometry is point"],
        ),
        (
            "ho-so",
            "ALTER TABLE hs.ho_so ALTER ngay_nhan TYPE timestamp",
            [
                "ngay_nhan is declared as date, which is date, but is timestamp without time zone",
                "ngay_nhan is timestamp without time zone; the period of a layer is told by dates",
            ],
        ),
        (
            "doan-duong",
            "DROP INDEX gd.doan_duong_tim; CREATE INDEX ON gd.doan_duong (tim)",
            ["the search has no index: CREATE INDEX ON gd.doan_duong USING gin (tim gin_trgm_ops)"],
        ),
        (
            "moc",
            "DROP TRIGGER nhat_ky_sua ON dc.moc",
            ["the change log does not see UPDATE: CALL lg.theo_doi('dc.moc')"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc DISABLE TRIGGER USER",
            ["the change log does not see INSERT, UPDATE, DELETE, TRUNCATE: CALL lg.theo_doi('dc.moc')"],
        ),
        (
            "moc",
            "ALTER TABLE dc.moc NO FORCE ROW LEVEL SECURITY",
            ["the table is not behind row security: CALL acl.bao_ve('dc.moc', '{loai}')"],
        ),
        (
            "moc",
            "DELETE FROM acl.guarded WHERE bang = 'dc.moc' AND policy = 'td'",
            ["row security of dc.moc has no term for loai, which scopes name"],
        ),
    ],
)
def test_a_table_that_does_not_fit_is_told_in_one_sentence_each(
    connection: Connection[Any], layer: str, statement: str, sentences: list[str]
) -> None:
    if " TYPE " in statement or "DROP COLUMN" in statement:
        _drop_policies(connection, LAYERS[layer].qualified_table)
    connection.execute(statement.encode())

    faults = _faults(connection, LAYERS[layer])

    assert faults == [f"- {layer}: {each}" for each in sentences]


def test_an_index_of_the_rows_in_force_serves_a_layer_of_these_rows_only(connection: Connection[Any]) -> None:
    connection.execute("DROP INDEX dc.moc_loai; CREATE INDEX ON dc.moc (loai, id) WHERE hieu_luc_den IS NULL")

    in_force = _faults(connection, LAYERS["moc"])
    of_all = _faults(connection, replace(LAYERS["moc"], rows=Rows.ALL))

    assert in_force == []
    assert of_all == ["- moc: loai is sortable without an index: CREATE INDEX ON dc.moc (loai, id)"]


def test_a_territory_that_is_no_column_is_told(connection: Connection[Any]) -> None:
    layer = replace(LAYERS["ho-so"], territory="huyen_id")

    faults = _faults(connection, layer)

    assert faults == [
        "- ho-so: the table hs.ho_so has no column huyen_id",
        "- ho-so: the change log knows rows by id and xa_id, the layer by id and huyen_id",
        "- ho-so: row security knows territory by xa_id, the layer by huyen_id",
    ]


def test_rows_in_force_must_be_those_that_the_change_log_counts(connection: Connection[Any]) -> None:
    connection.execute("ALTER TABLE dc.moc ADD ket_thuc date")
    layer = replace(LAYERS["moc"], time=ValidTime("hieu_luc_tu", "ket_thuc"))

    faults = _faults(connection, layer)

    assert faults == ["- moc: rows in force are those without ket_thuc, but the change log counts by 'hieu_luc_den'"]


def test_faults_of_several_layers_come_in_one_list(connection: Connection[Any]) -> None:
    connection.execute("DROP INDEX dc.moc_loai; DROP INDEX gd.doan_duong_gia; DROP TABLE hs.ho_so CASCADE")

    faults = _faults(connection, LAYERS["moc"], LAYERS["ho-so"], LAYERS["doan-duong"])

    assert faults == [
        "- moc: loai is sortable without an index: CREATE INDEX ON dc.moc (loai, id)",
        "- ho-so: there is no table hs.ho_so",
        "- doan-duong: don_gia is sortable without an index: CREATE INDEX ON gd.doan_duong (don_gia, id)",
    ]


def _add_code(connection: Connection[Any], codelist: str) -> None:
    connection.execute(
        "INSERT INTO dm.muc (danh_muc, he_ma, ma, ten, thu_tu, hieu_luc_tu, can_cu) "
        "VALUES (%s, 'datdai', 'A', 'Mã thử', 1, '2020-01-01', 'thử')",
        [codelist],
    )


def test_a_code_list_without_any_code_is_told(connection: Connection[Any]) -> None:
    _add_code(connection, "trang_thai_ho_so")

    faults = _faults(connection, LAYERS["ho-so"])

    assert faults == ["- ho-so: there is no code list 'loai_bien_dong' in dm.muc, which loai_bien_dong names"]


def test_a_database_without_codes_gives_a_warning_only(
    connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        faults = _faults(connection, LAYERS["ho-so"])

    assert faults == []
    assert [each.message for each in caplog.records] == [
        "The code lists are not loaded yet, so those that layers name were not checked."
    ]


def test_the_check_keeps_the_role_and_the_transaction_of_its_connection(connection: Connection[Any]) -> None:
    connection.execute("CREATE TEMP TABLE cua_toi (id int)")

    _faults(connection, LAYERS["ho-so"])

    assert connection.execute("SELECT current_user::text, to_regclass('cua_toi') IS NOT NULL").fetchone() == (
        "postgres",
        True,
    )
