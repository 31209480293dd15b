import io
import json
from pathlib import Path

import pyogrio
import pyogrio.raw
import pytest
import shapely

from loader.report import JsonReport, RejectsReport, TextReport
from quality.vn2000 import to_lonlat


@pytest.fixture
def mixed(files, tmp_path: Path) -> Path:
    rows = [files.parcel(i) for i in range(1, 6)]
    rows[1]["loai_dat"] = "XYZ"
    rows[3]["shape"] = files.square(3, size=22)
    return files.write(tmp_path / "thua.gpkg", rows)


def test_the_text_tells_the_end_the_counts_and_the_first_findings(land, mixed: Path):
    out = io.StringIO()

    land.load(mixed, reports=[TextReport(out)])

    text = out.getvalue()
    assert "TỪ CHỐI, không thay đổi gì / REFUSED" in text
    assert "Đọc / read 5, ghi / written 0, từ chối / rejected 5" in text
    assert "HH-08 LỖI / error" in text
    assert "dòng 2 (ma_xa 25195, so_to 1, so_thua 2): MA-01 Không có mã «XYZ»." in text


def test_the_text_and_the_json_tell_from_which_system_the_file_was_brought_to_which(land, files, tmp_path: Path):
    lon, lat = to_lonlat(9212, *shapely.get_coordinates(files.square()).T)
    degrees = files.parcel(1, shapely.Polygon(list(zip(lon, lat, strict=True))))
    path = files.write(tmp_path / "thua.geojson", [degrees], crs="EPSG:4326")
    planes = files.write(tmp_path / "thua.gpkg", [files.parcel(2)])
    out, same, document = io.StringIO(), io.StringIO(), tmp_path / "bao_cao.json"

    land.load(path, reports=[TextReport(out), JsonReport(document)], dry_run=True)
    land.load(planes, reports=[TextReport(same)], dry_run=True)

    text = "thua.geojson -> thua-dat (chuyển từ / transformed from EPSG:4326 -> EPSG:9212, 30/06/2025)"
    assert out.getvalue().splitlines()[0] == text
    assert same.getvalue().splitlines()[0] == "thua.gpkg -> thua-dat (EPSG:9212, 30/06/2025)"
    report = json.loads(document.read_text(encoding="utf-8"))
    assert (report["source_srid"], report["srid"]) == (4326, 9212)


def test_the_text_of_a_file_with_many_faults_stays_short(land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(i, loai_dat="XYZ") for i in range(1, 200)])
    out = io.StringIO()

    land.load(path, reports=[TextReport(out)])

    assert len(out.getvalue().splitlines()) < 30


def test_the_text_shows_errors_before_warnings(land, files, tmp_path: Path):
    rows = [files.parcel(i, loai_dat="ODT+CLN") for i in range(1, 40)] + [files.parcel(40, loai_dat="XYZ")]
    out = io.StringIO()

    land.load(files.write(tmp_path / "thua.gpkg", rows), reports=[TextReport(out)])

    assert "Không có mã «XYZ»" in out.getvalue()


def test_the_json_holds_every_finding_with_its_place(land, mixed: Path, tmp_path: Path):
    path = tmp_path / "bao_cao.json"

    outcome = land.load(mixed, accept_valid=True, reports=[JsonReport(path)])

    report = json.loads(path.read_text(encoding="utf-8"))
    assert (report["result"], report["read"], report["written"], report["load"]) == ("written", 5, 3, outcome.load_id)
    assert {rule["code"]: rule["count"] for rule in report["rules"]} == {"DT-01": 1, "HH-08": 1, "MA-01": 1}
    assert [each["row"] for each in report["findings"] if each["rule"] == "MA-01"] == [2]
    overlap = next(each for each in report["findings"] if each["rule"] == "HH-08")
    assert shapely.from_geojson(json.dumps(overlap["geometry"])).area == pytest.approx(400)
    assert list(tmp_path.glob("*.part*")) == []


def test_the_geopackage_holds_the_rejected_rows_and_the_places_of_their_faults(land, mixed: Path, tmp_path: Path):
    path = tmp_path / "tu_choi.gpkg"

    land.load(mixed, accept_valid=True, reports=[RejectsReport(path)])

    assert sorted(str(name) for name, _ in pyogrio.list_layers(path)) == ["loi", "tu_choi"]
    about = pyogrio.read_info(path, layer="tu_choi")
    assert (about["crs"], about["features"]) == ("EPSG:9212", 2)
    _, _, shapes, (rows, codes, values) = pyogrio.raw.read(path, layer="tu_choi")
    assert rows.tolist() == [2, 4]
    assert codes.tolist() == ["MA-01", "HH-08"]
    assert json.loads(values[0])["loai_dat"] == "XYZ"
    assert shapely.from_wkb(shapes[0]).area == pytest.approx(400)


def test_a_sound_file_makes_no_geopackage_of_rejects(land, files, tmp_path: Path):
    path = tmp_path / "tu_choi.gpkg"

    land.load(files.write(tmp_path / "thua.gpkg", [files.parcel(1)]), reports=[RejectsReport(path)])

    assert not path.exists()


def test_a_report_of_a_refused_load_is_written_too(land, mixed: Path, tmp_path: Path):
    path = tmp_path / "bao_cao.json"

    land.load(mixed, reports=[JsonReport(path)])

    assert json.loads(path.read_text(encoding="utf-8"))["result"] == "refused"
