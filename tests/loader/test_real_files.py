"""Real open data, where it is at hand; what it is and its licences stand beside it."""

from pathlib import Path

import psycopg
import pytest

from loader.load import Result

PARCELS = "parcels_open/fr_etalab_cadastre_{}_parcelles_2022-01-01.geojson.gz"
WIDE = """
    INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, hieu_luc_den, can_cu, geom_goc) VALUES
    (1, '70', 'Bình Phước', 'Tỉnh', '1997-01-01', '2025-07-01', 'thử',
     ST_Multi(ST_MakeEnvelope(517000, 1249000, 629000, 1361000, 9212)))"""


@pytest.mark.parametrize(("commune", "count"), [("75118", 6821), ("91216", 4241)])
def test_the_open_french_cadastre_is_loaded_whole(land, data_folder: Path, commune: str, count: int):
    outcome = land.load(data_folder / PARCELS.format(commune), mapping="etalab")

    assert (outcome.result, outcome.read, outcome.written) == (Result.WRITTEN, count, count)
    assert {rule.code for rule, _ in outcome.by_rule} == {"DT-01", "HH-07"}
    assert land.one("SELECT count(*) FROM dc.thua_dat WHERE ST_IsValid(geom) AND ST_SRID(geom_goc) = 9212") == count


def test_a_french_file_that_is_not_moved_lies_outside(land, data_folder: Path):
    outcome = land.load(
        data_folder / PARCELS.format("91216"),
        values={"ma_xa": "25195", "so_to": "1", "so_thua": "1", "dien_tich": "1", "loai_dat": "ODT"}
        | {"hieu_luc_tu": "2024-09-01", "id": "a713f742-06e2-44bf-829d-c090f8926797"},
        dry_run=True,
    )

    assert "TD-04" in {rule.code for rule, _ in outcome.by_rule}


def test_the_communes_of_2026_are_loaded_whole_and_add_up(land, data_folder: Path):
    with psycopg.connect(land.dsn) as connection:
        connection.execute("DELETE FROM hc.don_vi WHERE hieu_luc_den IS NULL")

    outcome = land.load(
        data_folder / "admin/former_binhphuoc_communes_2026.geojson", layer="don-vi-hanh-chinh", mapping="ranh-gioi"
    )

    assert (outcome.result, outcome.written) == (Result.WRITTEN, 40)
    area = land.one("SELECT sum(ST_Area(geom::geography)) / 1e6 FROM hc.don_vi WHERE hieu_luc_tu = '2025-07-01'")
    assert area == pytest.approx(6870.2, abs=1)
    assert land.one("SELECT ten FROM hc.don_vi WHERE ma = '25351'") == "Tân Quan"


def test_the_districts_before_the_reform_are_loaded_whole(land, data_folder: Path):
    with psycopg.connect(land.dsn) as connection:
        connection.execute(WIDE)

    outcome = land.load(
        data_folder / "admin/binhphuoc_districts_gis_chinhphu.geojson",
        layer="don-vi-hanh-chinh",
        mapping="ranh-gioi-huyen",
    )

    assert (outcome.result, outcome.written) == (Result.WRITTEN, 11)
    assert land.one("SELECT ten FROM hc.don_vi WHERE ma = '689'") == "Thành phố Đồng Xoài"
