import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from core.errors import LoadRefused
from loader.files import _refuse_curves, fingerprint, open_source, read_chunks, srid_of

PRJ = (
    'PROJCS["VN_2000_TM_3_106_15",GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",SPHEROID["WGS_1984",6378137.0,'
    '298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",106.25],'
    'PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.fixture
def rows(files):
    return [files.parcel(i) for i in range(1, 26)]


@pytest.mark.parametrize("name", ["thua.gpkg", "thua.shp", "thua.fgb", "thua.gdb", "thua.geojson"])
def test_every_format_is_read_in_order_and_in_chunks(files, rows, tmp_path: Path, name: str):
    path = files.write(tmp_path / name, rows, geometry_type="Polygon", **_driver(name))

    chunks = list(read_chunks(open_source(path), size=10))

    assert [(chunk.first, len(chunk)) for chunk in chunks] == [(1, 10), (11, 10), (21, 5)]
    assert [number for chunk in chunks for number in chunk.values["so_thua"]] == list(range(1, 26))
    assert chunks[0].values["dia_chi"][0] == "Khu phố Phú Thịnh"
    assert chunks[2].shapes[4].geom_type in ("Polygon", "MultiPolygon")
    assert shapely.area(chunks[2].shapes[4]) == pytest.approx(400, rel=1e-3)


@pytest.mark.parametrize("top", [{}, {"id": 7}], ids=["as a property", "beside the id of the feature"])
def test_a_property_of_the_name_id_is_read_as_any_other(tmp_path: Path, top: dict[str, int]):
    point = {"type": "Point", "coordinates": [106.9, 11.5]}
    feature = {"type": "Feature", **top, "properties": {"id": 20, "ten": "a"}, "geometry": point}
    path = tmp_path / "moc.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")

    (chunk,) = read_chunks(open_source(path))

    assert {name: list(values) for name, values in chunk.values.items()} == {"id": [20], "ten": ["a"]}


def _driver(name: str) -> dict[str, str]:
    by_suffix = {"gdb": {"driver": "OpenFileGDB", "layer": "thua"}, "fgb": {"SPATIAL_INDEX": "NO"}}
    return by_suffix.get(name.rpartition(".")[2], {})


def test_a_zipped_shapefile_is_read(files, rows, tmp_path: Path):
    files.write(tmp_path / "thua.shp", rows, geometry_type="Polygon")
    archive = tmp_path / "thua.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for part in tmp_path.glob("thua.*"):
            if part != archive:
                opened.write(part, part.name)

    source = open_source(archive)

    assert (source.driver, source.srid, source.features) == ("ESRI Shapefile", 9212, 25)
    assert sum(map(len, read_chunks(source))) == 25


@pytest.mark.parametrize("name", ["thua.gpkg", "thua.shp", "thua.fgb"])
def test_the_coordinate_system_of_the_file_is_told(files, rows, tmp_path: Path, name: str):
    assert open_source(files.write(tmp_path / name, rows, geometry_type="Polygon")).srid == 9212


@pytest.mark.parametrize(
    ("text", "srid"),
    [
        (PRJ, 9212),
        (PRJ.replace("106.25", "107.75"), 5899),
        ("EPSG:4326", 4326),
        ("OGC:CRS84", 4326),
        ("EPSG:3405", 3405),
        (PRJ.replace("VN_2000", "Somewhere").replace("Vietnam_2000", "Somewhere"), None),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_a_coordinate_system_becomes_an_epsg_number(text: str | None, srid: int | None):
    assert srid_of(text) == srid


def test_a_shapefile_without_a_code_page_keeps_every_byte(files, tmp_path: Path):
    row = files.parcel(1, dia_chi="thÞ x· Ph\u00adíc Long \u0081")
    path = files.write(tmp_path / "thua.shp", [row], geometry_type="Polygon", encoding="ISO-8859-1")
    (tmp_path / "thua.cpg").unlink(missing_ok=True)

    (chunk,) = read_chunks(open_source(path))

    assert chunk.values["dia_chi"][0] == "thÞ x· Ph\u00adíc Long \u0081"


def test_missing_geometries_and_values_are_none(files, rows, tmp_path: Path):
    rows[1] |= {"shape": None, "dia_chi": None}

    (chunk,) = read_chunks(open_source(files.write(tmp_path / "thua.gpkg", rows)))

    assert chunk.shapes[1] is None
    assert chunk.values["dia_chi"][1] is None


@pytest.mark.parametrize("code", [10, 12, 15, 1010])
def test_arcs_and_solids_are_refused_with_the_row(code: int):
    curve = np.array([shapely.to_wkb(shapely.Point(1, 2)), None, b"\x01" + code.to_bytes(4, "little")], object)

    with pytest.raises(LoadRefused, match=r"Row 13 is a .*CONVERT_TO_LINEAR"):
        _refuse_curves(curve, 11)


def test_a_third_dimension_is_dropped(files, tmp_path: Path):
    row = files.parcel(1, shapely.force_3d(files.square(), 12.0))

    (chunk,) = read_chunks(open_source(files.write(tmp_path / "thua.gpkg", [row])))

    assert not chunk.shapes[0].has_z


def test_the_layer_of_a_file_is_chosen_by_name_or_because_it_is_the_only_one(files, rows, tmp_path: Path):
    path = files.write(tmp_path / "tat_ca.gpkg", rows, layer="ThuaDat")
    assert open_source(path, ["khac"]).layer == "ThuaDat"

    files.write(path, rows[:1], layer="Nha", append=True)

    assert open_source(path, ["thuadat"]).layer == "ThuaDat"
    with pytest.raises(LoadRefused, match="has the layers ThuaDat, Nha"):
        open_source(path, ["khac"])


def test_a_file_that_is_missing_unknown_or_damaged_is_refused(files, rows, tmp_path: Path):
    text = tmp_path / "thua.txt"
    text.write_text("không phải tệp không gian", encoding="utf-8")
    damaged = files.write(tmp_path / "thua.gpkg", rows)
    damaged.write_bytes(damaged.read_bytes()[:2000])

    for path in (tmp_path / "khong_co.gpkg", text, damaged):
        with pytest.raises(LoadRefused, match=path.name):
            open_source(path)


def test_a_file_that_breaks_off_is_refused_with_the_row(files, tmp_path: Path):
    path = files.write(tmp_path / "thua.fgb", [files.parcel(i) for i in range(1, 3000)], SPATIAL_INDEX="NO")
    path.write_bytes(path.read_bytes()[:-50_000])

    with pytest.raises(LoadRefused, match="breaks off after row"):
        list(read_chunks(open_source(path), size=100))


def test_another_format_is_refused_by_name(tmp_path: Path):
    table = tmp_path / "bang.csv"
    table.write_text("x,y\n1,2\n", encoding="utf-8")

    with pytest.raises(LoadRefused, match="CSV is not read here"):
        open_source(table)


def test_the_fingerprint_covers_all_parts_of_a_shapefile(files, rows, tmp_path: Path):
    path = files.write(tmp_path / "thua.shp", rows, geometry_type="Polygon")
    before = fingerprint(path)
    copy = shutil.copytree(tmp_path, tmp_path.with_name("copy")) / "thua.shp"

    assert fingerprint(copy) == before
    with (tmp_path / "thua.dbf").open("ab") as dbf:
        dbf.write(b" ")
    assert fingerprint(path) != before
