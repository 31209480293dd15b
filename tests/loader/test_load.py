import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import psycopg
import pytest
import shapely
import shapely.affinity
import yaml
from psycopg import sql

from core.errors import LoadRefused
from loader import staging
from loader.load import Result, load
from quality import tcvn3, vni
from quality.coordinates import offsets
from quality.encodings import Encoding
from quality.rules import Finding
from quality.vn2000 import from_lonlat, to_lonlat

PROVINCE = """
    INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, hieu_luc_den, can_cu, geom_goc) VALUES
    (1, '70', 'Bình Phước', 'Tỉnh', '1997-01-01', '2025-07-01', 'thử',
     ST_Multi(ST_MakeEnvelope(517000, 1249000, 629000, 1361000, 9212)))"""
MAPPINGS = Path(__file__).parents[2] / "config" / "mappings"
LOADER_ROLE = """
    SELECT rolname FROM pg_roles
    WHERE rolname LIKE '%\\_loader' AND NOT rolsuper AND has_table_privilege(oid, 'dc.thua_dat', 'INSERT')"""
"""The role bears the name of the database from which that of a test was copied."""
BOW_TIE = shapely.from_wkt("POLYGON((570300 1275300,570310 1275310,570310 1275300,570300 1275310,570300 1275300))")


def codes(outcome) -> dict[str, int]:
    return {rule.code: count for rule, count in outcome.by_rule}


def found(land, path: Path, rule: str) -> list[Finding]:
    """Load a file and return what a rule says of it."""
    listed: list[Finding] = []

    class Reading:
        def write(self, connection, _outcome):
            listed.extend(each for each in staging.findings(connection) if each.rule.code == rule)

        def finish(self): ...
        def discard(self): ...

    land.load(path, reports=[Reading()])
    return listed


def sentences(land, path: Path, rule: str) -> list[str]:
    return sorted(each.vi for each in found(land, path, rule))


def keys(land, path: Path, rule: str) -> list[str]:
    return sorted(each.key for each in found(land, path, rule))


def is_untouched(land) -> bool:
    return land.one("SELECT (SELECT count(*) FROM dc.thua_dat) + (SELECT count(*) FROM lg.dot_nap)") == 0


@pytest.mark.parametrize("name", ["thua.gpkg", "thua.fgb", "thua.geojson"])
def test_a_sound_file_is_written_whole_and_recorded(land, files, tmp_path: Path, name: str):
    path = files.write(tmp_path / name, [files.parcel(i) for i in range(1, 13)])

    outcome = land.load(path)

    assert (outcome.result, outcome.read, outcome.written, outcome.rejected) == (Result.WRITTEN, 12, 12, 0)
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 12
    assert land.rows("SELECT lop, tep, anh_xa, so_doc, so_nhan, so_tu_choi, bat_dau::date::text FROM lg.dot_nap") == [
        ("thua-dat", name, "ours", 12, 12, 0, "2026-01-05")
    ]
    assert land.one("SELECT sum(so_dong) FROM lg.thay_doi WHERE bang = 'dc.thua_dat'") == 12


def test_codes_are_split_and_their_group_and_system_are_those_of_the_day(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, loai_dat="ODT +CLN")])

    outcome = land.load(path)

    assert codes(outcome) == {"MA-03": 1}
    assert land.rows("SELECT loai_dat, loai_dat_chinh, nhom_dat_chinh, muc_dich, he_ma FROM dc.thua_dat") == [
        ("ODT+CLN", "ODT", "PNN", ["ODT", "CLN"], "TT08")
    ]


def test_a_survey_in_its_own_zone_is_stored_as_it_is(land, files, tmp_path: Path):
    lon, lat = to_lonlat(9212, *shapely.get_coordinates(files.square()).T)
    shape = shapely.Polygon(list(zip(*from_lonlat(9210, lon, lat), strict=True)))
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, shape)], crs="EPSG:9210")

    outcome = land.load(path)

    assert outcome.srid == 9210
    stored = bytes(land.one("SELECT ST_AsBinary(ST_GeometryN(geom_goc, 1)) FROM dc.thua_dat"))  # pyright: ignore
    assert shapely.from_wkb(stored).equals_exact(shape, 0)
    assert land.one("SELECT ST_SRID(geom_goc) FROM dc.thua_dat") == 9210


def test_degrees_go_through_the_one_coordinate_operation(land, files, tmp_path: Path):
    lon, lat = to_lonlat(9212, *shapely.get_coordinates(files.square()).T)
    shape = shapely.Polygon(list(zip(lon, lat, strict=True)))
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, shape)], crs="EPSG:4326")

    outcome = land.load(path)

    assert (outcome.result, outcome.srid) == (Result.WRITTEN, 9212)
    wanted = f"ST_GeomFromText('{shapely.centroid(files.square()).wkt}', 9212)"
    assert land.one(f"SELECT ST_Distance(ST_Centroid(geom_goc), {wanted}) < 0.001 FROM dc.thua_dat")


def test_one_wrong_row_keeps_the_whole_file_out(land, files, tmp_path: Path):
    rows = [files.parcel(1), files.parcel(2, loai_dat="XYZ"), files.parcel(3)]

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows))

    assert (outcome.result, outcome.written, outcome.rejected) == (Result.REFUSED, 0, 3)
    assert codes(outcome) == {"MA-01": 1}
    assert is_untouched(land)


def test_the_good_rows_are_written_when_that_is_accepted_and_the_others_are_kept(land, files, tmp_path: Path):
    rows = [files.parcel(1), files.parcel(2, loai_dat="XYZ"), files.parcel(3, so_to=-1), files.parcel(4, BOW_TIE)]

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows), accept_valid=True)

    assert (outcome.result, outcome.written, outcome.rejected) == (Result.WRITTEN, 1, 3)
    assert land.rows("SELECT so_doc, so_nhan, so_tu_choi FROM lg.dot_nap") == [(4, 1, 3)]
    kept = land.rows(
        "SELECT dong, ma_loi, gia_tri->>'loai_dat', gia_tri->>'so_thua', geom IS NOT NULL FROM lg.tu_choi ORDER BY dong"
    )
    assert kept == [
        (2, ["MA-01"], "XYZ", "2", True),
        (3, ["VB-07"], "ODT", "3", True),
        (4, ["HH-03"], "ODT", "4", True),
    ]


def test_a_file_without_any_good_row_is_refused_even_then(land, files, tmp_path: Path):
    outcome = land.load(files.write(tmp_path / "x.gpkg", [files.parcel(1, loai_dat="XYZ")]), accept_valid=True)

    assert outcome.result is Result.REFUSED
    assert is_untouched(land)


def test_a_dry_run_says_the_same_and_writes_nothing(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1), files.parcel(2)])

    outcome = land.load(path, dry_run=True)

    assert (outcome.result, outcome.read, outcome.written, outcome.load_id) == (Result.DRY_RUN, 2, 2, None)
    assert is_untouched(land)


def test_a_number_that_occurs_twice_keeps_the_first(land, files, tmp_path: Path):
    rows = [files.parcel(1), files.parcel(1, files.square(7)), files.parcel(2)]

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows), accept_valid=True)

    assert codes(outcome) == {"KH-01": 1}
    assert land.one("SELECT array_agg(dong) FROM lg.tu_choi") == [2]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"dien_tich_phap_ly": -1.0}, "VB-07"),
        ({"tai_lieu_do_dac_id": "a713f742-06e2-44bf-829d-c090f8926797"}, "KH-03"),
        ({"shape": shapely.box(570980, 1275200, 571040, 1275210)}, "DV-02"),
        ({"shape": shapely.box(570100, 1275100, 570120, 1275120)}, "HH-09"),
    ],
)
def test_a_number_whose_first_row_is_rejected_belongs_to_the_second(land, files, tmp_path: Path, fault, code: str):
    land.load(files.write(tmp_path / "cu.gpkg", [files.parcel(9, files.square(0))]))
    sound = files.parcel(1, dien_tich_phap_ly=400.0, tai_lieu_do_dac_id=None)
    rows = [sound | fault, sound, sound | {"shape": files.square(7)}]

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows), accept_valid=True)

    assert outcome.written == 1
    assert land.rows("SELECT dong, ma_loi FROM lg.tu_choi ORDER BY dong") == [(1, [code]), (3, ["KH-01"])]


def test_a_row_that_is_shut_out_shuts_nobody_out(land, files, tmp_path: Path):
    rows = [
        files.parcel(1, files.square(0)),
        files.parcel(2, shapely.box(570110, 1275100, 570130, 1275120)),
        files.parcel(3, files.square(1)),
        files.parcel(2, files.square(5)),
        files.parcel(2, files.square(7)),
    ]

    land.load(files.write(tmp_path / "thua.gpkg", rows), accept_valid=True)

    assert land.rows("SELECT dong, ma_loi FROM lg.tu_choi ORDER BY dong") == [(2, ["HH-08"]), (5, ["KH-01"])]


def test_the_watermark_of_the_counts_moves_after_a_load(land, files, tmp_path: Path):
    before = land.one("SELECT giao_dich::text FROM lg.moc_dem")

    land.load(files.write(tmp_path / "thua.gpkg", [files.parcel(1), files.parcel(2)]))

    # How far they are folded depends on the oldest transaction of the whole cluster, which other tests share.
    assert land.one("SELECT giao_dich::text FROM lg.moc_dem") != before


def test_a_text_that_no_index_can_hold_is_an_error_of_its_row(land, files, tmp_path: Path):
    rows = [
        {"ma_xa": "25195", "loai": "quy_hoach", "so_hieu": text, "hieu_luc_tu": "2024-09-01"}
        for text in ("1", 301 * "ố")
    ]
    rows = [row | {"shape": shapely.Point(570100 + i, 1275100)} for i, row in enumerate(rows)]

    outcome = land.load(files.write(tmp_path / "moc.gpkg", rows), "moc", accept_valid=True)

    assert (outcome.written, codes(outcome)) == (1, {"VB-02": 1})


def test_a_file_that_lies_elsewhere_says_once_that_its_rows_do(land, files, tmp_path: Path):
    shapes = [shapely.box(1275100, 570100 + 20 * i, 1275120, 570120 + 20 * i) for i in range(5)]
    rows = [files.parcel(i, shape) for i, shape in enumerate(shapes, start=1)]
    found: list[tuple[int, str]] = []

    class Reading:
        def write(self, connection, _outcome):
            found.extend((each.row, each.vi) for each in staging.findings(connection) if each.rule.code == "DV-02")

        def finish(self): ...
        def discard(self): ...

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows), reports=[Reading()])

    assert codes(outcome) == {"DV-02": 1, "TD-01": 1}
    ((row, words),) = found
    assert row == 0
    assert words.startswith("5 dòng nằm ngoài xã của mình, ví dụ dòng 1 (ma_xa 25195, so_to 1, so_thua 1); 2 (")


@pytest.mark.parametrize("mistake", ["no-datum-shift", "rotation-signs"])
def test_a_wrong_datum_shift_is_found_by_places_that_are_known(land, files, tmp_path: Path, mistake: str):
    known = [files.parcel(i, files.square(20 + i)) for i in range(1, 5)]
    land.load(files.write(tmp_path / "cu.gpkg", known))
    lon, lat = to_lonlat(9212, 570_500, 1_275_100)
    east, north = offsets(9212, float(lon), float(lat))[mistake]
    rows = [row | {"shape": shapely.affinity.translate(row["shape"], east, north)} for row in known]
    rows += [files.parcel(9, shapely.affinity.translate(files.square(30, 5), east, north))]

    outcome = land.load(files.write(tmp_path / "moi.gpkg", rows), accept_valid=True)

    assert outcome.result is Result.REFUSED
    assert codes(outcome)["TD-05"] == 1
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 4


def test_a_file_that_was_loaded_before_is_refused(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1), files.parcel(2)])
    land.load(path)

    outcome = land.load(path)

    assert outcome.result is Result.REFUSED
    assert codes(outcome) == {"KH-02": 2}
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 2


def test_a_number_that_is_no_longer_in_force_is_free(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1)])
    land.load(path)
    with psycopg.connect(land.dsn) as connection:
        connection.execute("UPDATE dc.thua_dat SET hieu_luc_den = '2025-01-01'")

    assert land.load(path).result is Result.WRITTEN


def test_rows_of_the_past_in_the_file_do_not_take_a_number(land, files, tmp_path: Path):
    past = files.parcel(1, files.square(5), hieu_luc_den="2025-01-01")
    now = files.parcel(1, hieu_luc_den=None)

    assert land.load(files.write(tmp_path / "thua.gpkg", [past, now])).result is Result.WRITTEN


def test_overlaps_inside_the_file_and_with_the_table_are_found(land, files, tmp_path: Path):
    land.load(files.write(tmp_path / "cu.gpkg", [files.parcel(1, files.square(0))]))
    rows = [
        files.parcel(2, files.square(1)),
        files.parcel(3, shapely.box(570110, 1275110, 570119, 1275115), dien_tich=45.0),
        files.parcel(4, files.square(5)),
        files.parcel(5, shapely.box(570210, 1275100, 570230, 1275120)),
    ]

    outcome = land.load(files.write(tmp_path / "moi.gpkg", rows), accept_valid=True)

    assert land.rows("SELECT dong, ma_loi FROM lg.tu_choi ORDER BY dong") == [(2, ["HH-09"]), (4, ["HH-08"])]
    assert outcome.written == 2


def test_a_parcel_that_leaves_its_commune_is_found(land, files, tmp_path: Path):
    rows = [
        files.parcel(1, shapely.box(570980, 1275100, 571020, 1275110)),
        files.parcel(2, shapely.box(570980, 1275200, 571040, 1275210), dien_tich=600.0),
    ]

    land.load(files.write(tmp_path / "thua.gpkg", rows), accept_valid=True)

    assert land.rows("SELECT dong, ma_loi FROM lg.tu_choi") == [(2, ["DV-02"])]


def test_a_commune_code_means_what_it_meant_on_the_day(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1)])

    land.load(path, day=date(2025, 7, 1))

    assert land.one("SELECT d.ten FROM dc.thua_dat t JOIN hc.don_vi d ON d.id = t.xa_id") == "Bình Phước"


def test_a_commune_code_that_is_not_in_force_on_the_day_is_an_error(land, files, tmp_path: Path):
    rows = [files.parcel(1, ma_xa="25210", shape=shapely.box(572000, 1276000, 572020, 1276020)), files.parcel(2)]

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows), day=date(2025, 7, 1), dry_run=True)

    assert codes(outcome) == {"DV-01": 1}


def test_a_land_use_code_that_ended_is_an_error_and_was_none_before(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, loai_dat="LUN")])

    assert codes(land.load(path, dry_run=True)) == {"MA-02": 1}
    assert land.load(path, day=date(2020, 1, 1)).result is Result.WRITTEN
    assert land.one("SELECT he_ma FROM dc.thua_dat") == "TT27"


@pytest.mark.parametrize("encode", [tcvn3.encode, vni.encode])
def test_legacy_text_is_found_and_converted(land, files, tmp_path: Path, encode):
    rows = [files.parcel(i, dia_chi=encode("Khu phố Phước Thiện, đường số 7")) for i in range(1, 6)]
    path = files.write(tmp_path / "thua.shp", rows, geometry_type="Polygon", encoding="ISO-8859-1")
    (tmp_path / "thua.cpg").unlink(missing_ok=True)

    outcome = land.load(path, values={"hieu_luc_tu": "2024-09-01"})

    assert codes(outcome) == {"VB-06": 1}
    assert land.rows("SELECT DISTINCT dia_chi FROM dc.thua_dat") == [("Khu phố Phước Thiện, đường số 7",)]


def test_an_encoding_that_is_said_is_not_guessed(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, dia_chi="thöa ®Êt")])

    outcome = land.load(path, encoding=Encoding.TCVN3_CAPITALS)

    assert codes(outcome) == {"VB-06": 1}
    assert land.one("SELECT dia_chi FROM dc.thua_dat") == "THỬA ĐẤT"


@pytest.mark.parametrize(
    ("shape", "options", "code"),
    [
        (shapely.box(1275100, 570100, 1275120, 570120), {}, "TD-01"),
        (shapely.box(706600, 1275100, 706620, 1275120), {}, "TD-02"),
        (shapely.box(106.895, 11.53, 106.896, 11.531), {}, "TD-03"),
        (shapely.box(100, 100, 120, 120), {}, "TD-04"),
        (shapely.box(570100, 1275100, 570120, 1275120), {"srid": 5899}, "TD-02"),
    ],
)
def test_coordinates_that_lie_elsewhere_keep_the_file_out(land, files, tmp_path: Path, shape, options, code: str):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, shape)])

    outcome = land.load(path, accept_valid=True, **options)

    assert outcome.result is Result.REFUSED
    assert code in codes(outcome)
    assert is_untouched(land)


def test_metres_that_are_taken_for_degrees_are_the_only_finding(land, files, tmp_path: Path):
    land.load(files.write(tmp_path / "cu.gpkg", [files.parcel(i) for i in (1, 2, 3)]))
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(i) for i in range(4, 9)])

    for srid in (4326, 4756):
        outcome = land.load(path, srid=srid, accept_valid=True)

        assert (outcome.result, codes(outcome)) == (Result.REFUSED, {"TD-06": 1})


def test_metres_are_known_from_degrees_where_no_unit_tells_the_place(land, files, tmp_path: Path):
    with psycopg.connect(land.dsn) as connection:
        connection.execute("DELETE FROM hc.don_vi")
    unit = {"cap": 3, "ma": "25195", "ten": "Tân Phú", "loai": "x", "hieu_luc_tu": "2020-01-01", "can_cu": "thử"}
    path = files.write(tmp_path / "dv.gpkg", [unit | {"shape": files.square()}])

    outcome = land.load(path, "don-vi-hanh-chinh", srid=4326, values={"id": "9"})

    assert codes(outcome) == {"TD-06": 1}


def test_degrees_that_are_exchanged_are_the_only_finding(land, files, tmp_path: Path):
    path = files.write(tmp_path / "x.gpkg", [files.parcel(1, shapely.box(11.53, 106.895, 11.5301, 106.8951))])

    assert codes(land.load(path, srid=4326, values={"dien_tich": "131"})) == {"TD-01": 1}


@pytest.mark.parametrize("srid", [4326, 9212])
def test_a_row_whose_coordinates_have_no_place_is_an_error_of_its_own(land, files, tmp_path: Path, srid: int):
    rows = [files.parcel(i) for i in range(1, 20)]
    if srid == 4326:
        rows = [row | {"shape": shapely.transform(row["shape"], in_degrees)} for row in rows]
    lost = files.parcel(20, shapely.box(3e9, 3e9, 3.001e9, 3.001e9))

    outcome = land.load(files.write(tmp_path / "x.gpkg", [*rows, lost], crs=f"EPSG:{srid}"), accept_valid=True)

    assert (outcome.result, outcome.written) == (Result.WRITTEN, 19)
    assert land.rows("SELECT dong, 'TD-07' = ANY (ma_loi) FROM lg.tu_choi") == [(20, True)]


def in_degrees(points: np.ndarray) -> np.ndarray:
    return np.column_stack(to_lonlat(9212, points[:, 0], points[:, 1]))


def test_what_the_database_cannot_compute_is_one_sentence(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1)])
    with psycopg.connect(land.dsn) as connection:
        connection.execute(
            "CREATE FUNCTION vo() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE internal_error USING MESSAGE = 'transform: Invalid coordinate'; END $$;"
            "CREATE TRIGGER vo BEFORE INSERT ON dc.thua_dat FOR EACH ROW EXECUTE FUNCTION vo()"
        )

    with pytest.raises(LoadRefused, match="nothing was changed: transform: Invalid coordinate"):
        land.load(path)


def test_a_row_that_collides_under_two_keys_is_told_of_each_by_its_columns(land, files, tmp_path: Path):
    code = "0123bcdfghjk"
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, ma_dinh_danh=code)])
    land.load(path)
    twice = files.write(
        tmp_path / "hai.gpkg", [files.parcel(5, files.square(i), ma_dinh_danh="5555bcdfghjk") for i in (5, 6)]
    )

    assert sentences(land, path, "KH-02") == [
        f"Đã có: ma_dinh_danh {code}.",
        "Đã có: ma_xa 25195, so_to 1, so_thua 1.",
    ]
    assert sentences(land, twice, "KH-01") == [
        "Trùng với dòng 1: ma_dinh_danh 5555bcdfghjk.",
        "Trùng với dòng 1: ma_xa 25195, so_to 1, so_thua 5.",
    ]


def test_a_value_that_cannot_be_read_is_counted_once_and_told_with_its_key(land, files, tmp_path: Path):
    rows = [files.parcel(1, hieu_luc_tu="31/02/2024", dien_tich="bốn trăm"), files.parcel(2, dien_tich="400")]
    path = files.write(tmp_path / "thua.gpkg", rows)

    assert codes(land.load(path)) == {"VB-03": 1, "VB-04": 1}
    assert keys(land, path, "VB-03") == ["ma_xa 25195, so_to 1, so_thua 1"]


def test_an_account_of_the_loader_role_takes_the_legal_day(land, files, tmp_path: Path):
    order = land.order(files.write(tmp_path / "thua.gpkg", [files.parcel(1)]))
    with psycopg.connect(land.dsn, autocommit=True) as connection:
        ((role,),) = connection.execute(LOADER_ROLE).fetchall()
        connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role)))

        outcome = load(connection, order, started=datetime(2026, 1, 5, tzinfo=UTC))

    assert (outcome.result, outcome.day) == (Result.WRITTEN, date(2025, 6, 30))


def test_a_neighbouring_zone_is_found_by_the_commune_that_the_file_names(land, files, tmp_path: Path):
    with psycopg.connect(land.dsn) as connection:
        connection.execute(PROVINCE)

    outcome = land.load(files.write(tmp_path / "thua.gpkg", [files.parcel(1)]), srid=9213, dry_run=True)

    assert codes(outcome)["TD-02"] == 1


def test_a_file_without_a_coordinate_system_needs_one_said(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.shp", [files.parcel(1)], geometry_type="Polygon")
    (tmp_path / "thua.prj").unlink()

    with pytest.raises(LoadRefused, match="--srid"):
        land.load(path, values={"hieu_luc_tu": "2024-09-01"})
    assert land.load(path, values={"hieu_luc_tu": "2024-09-01"}, srid=9212).result is Result.WRITTEN


def test_columns_that_the_layer_requires_are_all_named(land, files, tmp_path: Path):
    row = {"ten": "x", "shape": files.square()}

    with pytest.raises(LoadRefused, match=r"so_to, so_thua, dien_tich.*loai_dat.*hieu_luc_tu, ma_xa"):
        land.load(files.write(tmp_path / "thua.gpkg", [row]))


def test_every_layer_says_what_it_requires(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [{"ten_la": "x", "shape": files.square()}])

    for layer in land.layers:
        with pytest.raises(LoadRefused, match=f"lacks what the layer {layer.id} requires: [a-z]"):
            land.load(path, layer=layer.id)


def test_the_mappings_that_are_shipped_name_columns_that_there_are(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [{"ten_la": "x", "shape": files.square()}])

    for mapping in sorted(MAPPINGS.glob("*.yml")):
        for layer in yaml.safe_load(mapping.read_text(encoding="utf-8"))["layers"]:
            with pytest.raises(LoadRefused, match="lacks what the layer"):
                land.load(path, layer=layer, mapping=mapping.stem)


def test_what_only_the_database_knows_refuses_the_load_in_one_sentence(land, files, tmp_path: Path):
    unit = {"cap": 3, "ma": "25195", "ten": "Tân Phú", "loai": "Phường", "hieu_luc_tu": "2020-01-01", "can_cu": "thử"}

    with pytest.raises(LoadRefused, match=r"nothing was changed: .*exclusion constraint"):
        land.load(
            files.write(tmp_path / "dv.gpkg", [unit | {"shape": files.square()}]),
            "don-vi-hanh-chinh",
            values={"id": "9"},
        )
    assert land.one("SELECT count(*) FROM hc.don_vi") == 3


def test_a_reference_that_leads_nowhere_is_a_finding_of_its_row(land, files, tmp_path: Path):
    lost = "a713f742-06e2-44bf-829d-c090f8926797"
    rows = [files.parcel(1, tai_lieu_do_dac_id=lost), files.parcel(2, tai_lieu_do_dac_id=None)]

    outcome = land.load(files.write(tmp_path / "thua.gpkg", rows), accept_valid=True)

    assert (outcome.written, codes(outcome)) == (1, {"KH-03": 1})
    assert land.rows("SELECT dong, ma_loi FROM lg.tu_choi") == [(1, ["KH-03"])]


def test_rows_that_refer_to_rows_of_the_file_fall_with_them(land, files, tmp_path: Path):
    unit = {"loai": "x", "hieu_luc_tu": "2020-01-01", "can_cu": "thử", "shape": files.square()}
    rows = [
        unit | {"id": 901, "cap": 1, "ma": "70", "ten": "Tỉnh Một", "cha_id": None},
        unit | {"id": 902, "cap": 2, "ma": "689", "ten": "Huyện Hai", "cha_id": 901},
        unit | {"id": 903, "cap": 1, "ma": "70", "ten": "Tỉnh Một", "cha_id": None},
        unit | {"id": 904, "cap": 2, "ma": "690", "ten": "Huyện Ba", "cha_id": 903},
        unit | {"id": 905, "cap": 3, "ma": "25196", "ten": "Xã Năm", "cha_id": 904},
    ]

    outcome = land.load(files.write(tmp_path / "dv.gpkg", rows), "don-vi-hanh-chinh", accept_valid=True)

    assert codes(outcome) == {"KH-01": 1, "KH-03": 2}
    assert land.rows("SELECT dong, ma_loi FROM lg.tu_choi ORDER BY dong") == [
        (3, ["KH-01"]),
        (4, ["KH-03"]),
        (5, ["KH-03"]),
    ]


def test_the_names_of_ilis_are_known(land, files, tmp_path: Path):
    row = {"OBJECTID": 1, "MaXa": "25195", "SoHieuToBa": 3, "SoThuTuThu": 12, "DienTich": 400.0, "LoaiDat": "CLN"}
    row |= {"ThoiDiemBa": "01/09/2024", "shape": files.square()}

    outcome = land.load(files.write(tmp_path / "ThuaDat.shp", [row], geometry_type="Polygon"), mapping="ilis")

    assert outcome.result is Result.WRITTEN
    assert land.rows("SELECT so_to, so_thua, nguon, hieu_luc_tu::text FROM dc.thua_dat") == [
        (3, 12, "iLIS", "2024-09-01")
    ]


def test_the_inventory_of_ilis_is_loaded(land, files, tmp_path: Path):
    row = {"MaXa": "25195", "SoThuTuKhoanhDat": 1, "Year": 2024, "MucDichSuDung": "CLN", "MaDoiTuong": "CNV"}
    row |= {"DienTich": 400.0, "shape": files.square()}

    outcome = land.load(files.write(tmp_path / "KhoanhDat.gpkg", [row]), layer="khoanh-dat", mapping="ilis")

    assert (outcome.result, codes(outcome)) == (Result.WRITTEN, {})
    assert land.rows("SELECT stt, nhom_dat, he_ma, dt_khong_gian FROM tk.khoanh_dat") == [(1, "NNP", "TT08", 400.0)]


def test_a_layer_of_lines_is_loaded_by_its_own_names(land, files, tmp_path: Path):
    row = {"ma_xa": "25195", "loai": "quy_hoach", "hieu_luc_tu": "2024-09-01"}
    row |= {"shape": shapely.LineString([(570100, 1275100), (570200, 1275200)])}

    outcome = land.load(files.write(tmp_path / "chi_gioi.gpkg", [row]), layer="chi-gioi")

    assert outcome.result is Result.WRITTEN
    assert land.one("SELECT ST_GeometryType(geom) FROM dc.chi_gioi") == "ST_MultiLineString"


def test_a_load_that_is_killed_leaves_nothing_behind(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(i, files.square(i % 40, i // 40)) for i in range(1, 1600)])
    script = tmp_path / "nap.py"
    script.write_text(
        "import sys, time, psycopg\n"
        f"sys.path[:0] = [{str(Path(__file__).parents[2])!r}, {str(Path(__file__).parent)!r}]\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "import conftest\n"
        "from loader.load import load\n"
        "class Stay:\n"
        "    def write(self, connection, outcome):\n"
        "        print(outcome.written, flush=True)\n"
        "        time.sleep(60)\n"
        f"land = conftest.Land({land.dsn!r}, conftest.read_layers(conftest.CONFIG / 'layers'))\n"
        f"with psycopg.connect(land.dsn) as connection:\n"
        f"    load(connection, land.order(Path({str(path)!r})), started=datetime.now(UTC), reports=[Stay()])\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout
        written = process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)

    assert written == "1599\n"
    for _ in range(100):
        if land.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1:
            break
        time.sleep(0.1)
    assert is_untouched(land)
    assert land.one("SELECT count(*) FROM pg_class WHERE relname LIKE 'nap%'") == 0
