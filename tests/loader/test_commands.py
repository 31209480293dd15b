import argparse
import json
from pathlib import Path

import pytest

from core.errors import DatabaseError, LoadRefused
from core.settings import Settings
from loader.commands import register
from server.cli import parser as whole_parser


@pytest.fixture
def run(land):
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    settings = Settings(database_url=land.dsn, admin_database_url=land.dsn)

    def run(*arguments: object) -> int:
        chosen = parser.parse_args(["load", *map(str, arguments)])
        return chosen.run(chosen, settings)

    return run


def test_a_sound_file_is_loaded(run, land, files, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1)])

    assert run("thua-dat", path) == 0
    assert "written 1" in capsys.readouterr().out
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 1


def test_wrong_rows_give_one_and_reports(run, land, files, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1), files.parcel(2, loai_dat="XYZ")])
    report = tmp_path / "bao_cao.json"

    assert run("thua-dat", path, "--report", report, "--rejects", tmp_path / "tu_choi.gpkg") == 1
    assert json.loads(report.read_text(encoding="utf-8"))["result"] == "refused"
    assert (tmp_path / "tu_choi.gpkg").exists()
    assert "REFUSED" in capsys.readouterr().out
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 0


def test_a_dry_run_tells_by_its_code_whether_the_file_is_sound(run, land, files, tmp_path: Path):
    sound = files.write(tmp_path / "tot.gpkg", [files.parcel(1)])
    wrong = files.write(tmp_path / "xau.gpkg", [files.parcel(1, loai_dat="XYZ")])

    assert run("thua-dat", sound, "--dry-run") == 0
    assert run("thua-dat", wrong, "--dry-run") == 1
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 0


def test_options_reach_the_load(run, land, files, tmp_path: Path):
    row = files.parcel(1, dia_chi="thöa ®Êt", loai_dat="LUN")
    del row["ma_xa"]
    path = files.write(tmp_path / "thua.gpkg", [row])

    arguments = ["--ngay", "2020-01-01", "--encoding", "tcvn3", "--set", "ma_xa=25195", "--srid", "9212"]
    assert run("thua-dat", path, *arguments, "--mapping", "ours", "--accept-valid") == 0
    assert land.rows("SELECT dia_chi, he_ma, ma_xa FROM dc.thua_dat") == [("thửa đất", "TT27", "25195")]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["thua", "x.gpkg"], "There is no layer thua. There are: .*thua-dat"),
        (["sieu-du-lieu", "x.gpkg"], "Records are made by the server of what is loaded; nobody loads them."),
        (["thua-dat", "khong_co.gpkg"], "There is no file khong_co.gpkg"),
        (["thua-dat", "x.gpkg", "--mapping", "khong-co"], "There is no mapping"),
        (["thua-dat", "x.gpkg", "--set", "ma_xa"], "--set takes COLUMN=VALUE"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(run, arguments: list[str], problem: str):
    with pytest.raises(LoadRefused, match=problem):
        run(*arguments)


def test_a_report_that_cannot_be_written_keeps_the_file_out(run, land, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, loai_dat="XYZ")])

    with pytest.raises(LoadRefused, match=r"A report cannot be written; nothing was changed: .*there is no folder"):
        run("thua-dat", path, "--report", tmp_path / "r.json", "--rejects", tmp_path / "khong_co" / "r.gpkg")
    assert list(tmp_path.glob("r*")) == []
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 0


def test_a_database_that_is_away_is_one_sentence(files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1)])
    nowhere = f"host={tmp_path} dbname=x"
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    chosen = parser.parse_args(["load", "thua-dat", str(path)])

    with pytest.raises(DatabaseError, match="The database cannot be reached: "):
        chosen.run(chosen, Settings(database_url=nowhere, admin_database_url=nowhere))


def test_a_report_is_called_by_its_own_name_when_it_cannot_be_written(run, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1, loai_dat="XYZ")])

    for option, name in (("--report", "r.json"), ("--rejects", "r.gpkg")):
        (tmp_path / name.replace(".", ".part.") / "x").mkdir(parents=True)
        with pytest.raises(LoadRefused, match=name) as refused:
            run("thua-dat", path, option, tmp_path / name)
        assert ".part" not in str(refused.value)


def test_a_day_that_is_none_says_how_a_day_is_written(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        whole_parser().parse_args(["load", "thua-dat", "x.gpkg", "--ngay", "30/06/2025"])

    assert "30/06/2025 is no day; write it as YYYY-MM-DD" in capsys.readouterr().err


def test_an_encoding_that_is_none_names_those_that_there_are(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        whole_parser().parse_args(["load", "thua-dat", "x.gpkg", "--encoding", "tcvn"])

    error = capsys.readouterr().err.partition("error:")[2]
    assert all(name in error for name in ("unicode", "tcvn3", "vni", "utf8-tcvn3"))


def test_an_option_that_is_mistyped_prints_the_usage_of_its_command(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        whole_parser().parse_args(["load", "thua-dat", "x.gpkg", "--dryrun"])

    assert left.value.code == 2
    error = capsys.readouterr().err
    assert "load [-h] [--mapping NAME]" in error
    assert "unknown: --dryrun" in error


@pytest.mark.parametrize("srid", ["99999", "0", "5773"])
def test_a_coordinate_system_that_there_is_not_is_one_sentence(run, files, tmp_path: Path, srid: str):
    path = files.write(tmp_path / "thua.gpkg", [files.parcel(1)])

    with pytest.raises(LoadRefused, match=f"--srid {srid} is no plane .* 9212 .* 4756 .* 4326"):
        run("thua-dat", path, "--srid", srid)


def test_a_layer_that_the_file_lacks_is_refused_with_the_one_that_it_has(run, files, tmp_path: Path):
    path = files.write(tmp_path / "thua.geojson", [files.parcel(1)])

    with pytest.raises(LoadRefused, match=r"thua.geojson has no layer abc; it has thua alone"):
        run("thua-dat", path, "--source-layer", "abc")
    assert run("thua-dat", path, "--source-layer", "THUA", "--dry-run") == 0


def test_metres_that_are_taken_for_degrees_are_one_sentence_and_give_one(run, land, files, tmp_path: Path, capsys):
    path = _metres_without_a_system(files, tmp_path)

    assert run("thua-dat", path) == 1
    out = capsys.readouterr().out
    assert "TD-06 LỖI / error" in out
    assert "cả tệp: TD-06 Tọa độ là mét, nhưng hệ tọa độ EPSG:4326 tính bằng độ. Hãy thử --srid 9212" in out
    assert land.one("SELECT count(*) FROM dc.thua_dat") == 0
    assert run("thua-dat", path, "--srid", "9212") == 0


def _metres_without_a_system(files, folder: Path) -> Path:
    path = files.write(folder / "thua.geojson", [files.parcel(i) for i in (1, 2)])
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("crs", None)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
