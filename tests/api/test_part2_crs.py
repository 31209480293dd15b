"""OGC 18-058r1 (Features Part 2), requirements class crs: each requirement by its name, and points to 1 mm."""

import csv
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pyproj
import pytest

PARCELS = "/collections/thua-dat/items"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
STORED = "http://www.opengis.net/def/crs/EPSG/0/9212"
LAT_LON = "http://www.opengis.net/def/crs/EPSG/0/4326"
UTM = "http://www.opengis.net/def/crs/EPSG/0/3405"
MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"
OFFERED = [CRS84, LAT_LON, STORED, UTM, MERCATOR]

type Rows = Callable[..., list[tuple[Any, ...]]]

# Longitude, latitude in WGS 84 and E, N in EPSG:9212 by EPSG:6960, computed by PROJ.
POINTS = {
    "Đồng Xoài": (106.90, 11.535, 570704.4987, 1275711.0972),
    "Lộc Ninh": (106.59, 11.845, 536848.8934, 1309941.9229),
    "north": (106.90, 12.28, 570511.5658, 1358120.7194),
    "Chơn Thành": (106.65, 11.42, 543452.4117, 1262941.0212),
    "Bù Đăng": (107.24, 11.81, 607687.1019, 1306238.8129),
}
MILLIMETRE = 0.001
MILLIMETRE_IN_DEGREES = 0.001 / 111_320


@pytest.fixture(scope="module")
def parcel(api: Any) -> Any:
    return api.json(PARCELS, {"limit": 1})["features"][0]


def test_req_crs_crs_uri(api: Any) -> None:
    for each in api.json("/collections")["collections"]:
        for uri in [*each.get("crs", []), each.get("storageCrs", CRS84)]:
            assert uri == "#/crs" or uri.startswith("http://www.opengis.net/def/crs/"), each["id"]


def test_req_crs_fc_md_crs_list(api: Any) -> None:
    offered = api.json("/collections/thua-dat")["crs"]

    assert offered[0] == CRS84
    assert set(OFFERED) <= set(offered)


def test_req_crs_fc_md_storage_crs_and_valid_value(api: Any) -> None:
    collection = api.json("/collections/thua-dat")

    assert collection["storageCrs"] == STORED
    assert collection["storageCrs"] in collection["crs"]


def test_a_layer_without_geometry_has_no_crs_and_no_place(api: Any) -> None:
    collection = api.json("/collections/ho-so")

    assert not {"crs", "storageCrs"} & collection.keys()
    assert "spatial" not in collection.get("extent", {}), "clients take what has a place for a map layer"


def test_req_crs_fc_md_crs_list_global(api: Any) -> None:
    document = api.json("/collections")

    if any("#/crs" in each.get("crs", []) for each in document["collections"]):
        assert CRS84 in document["crs"]


@pytest.mark.parametrize("name", ["crs", "bbox-crs"])
def test_req_crs_fc_crs_definition_and_fc_bbox_crs_definition(api: Any, name: str) -> None:
    document = api.json("/api")
    keys = [each["$ref"].rpartition("/")[2] for each in document["paths"][PARCELS]["get"]["parameters"]]
    found = [document["components"]["parameters"][key] for key in keys]

    parameter = next(each for each in found if each["name"] == name)

    assert (parameter["in"], parameter["style"], parameter["explode"]) == ("query", "form", False)
    assert parameter["schema"]["type"] == "string"
    assert not parameter["required"]


@pytest.mark.parametrize("name", ["crs", "bbox-crs", "filter-crs"])
@pytest.mark.parametrize(
    "value",
    ["http://www.opengis.net/def/crs/EPSG/0/32648", "http://www.opengis.net/def/crs/EPSG/0/0", "x", "", "EPSG:9212;x"],
)
def test_req_crs_crs_exception_and_bbox_crs_exception(api: Any, name: str, value: str) -> None:
    more = {"bbox": "106,11,107,12", "filter": "S_INTERSECTS(geometry, POINT(106 11))"}

    problem = api.problem(PARCELS, more | {name: value})

    assert name in problem["description"]
    assert CRS84 in problem["description"]


@pytest.mark.parametrize("uri", OFFERED)
def test_req_crs_ogc_crs_header_and_value(api: Any, uri: str, parcel: Any) -> None:
    for path in (PARCELS, f"{PARCELS}/{parcel['id']}"):
        assert api.get(path, {"crs": uri}).headers["Content-Crs"] == f"<{uri}>"


def test_req_crs_fc_crs_default_value(api: Any, parcel: Any) -> None:
    for path in (PARCELS, f"{PARCELS}/{parcel['id']}"):
        assert api.get(path).headers["Content-Crs"] == f"<{CRS84}>"


@pytest.mark.parametrize(
    "name",
    ["[EPSG:3405]", "EPSG:3405", "https://www.opengis.net/def/crs/EPSG/0/3405", "urn:ogc:def:crs:EPSG::3405"],
)
def test_a_crs_may_be_named_as_clients_do(api: Any, name: str) -> None:
    answer = api.get(PARCELS, {"crs": name, "limit": 1})

    assert answer.headers["Content-Crs"] == f"<{UTM}>"


@pytest.mark.parametrize("uri", OFFERED)
def test_req_crs_fc_crs_action(api: Any, rows: Rows, uri: str, parcel: Any) -> None:
    srid = 4326 if uri == CRS84 else int(uri.rpartition("/")[2])

    shape = api.json(f"{PARCELS}/{parcel['id']}", {"crs": uri})["geometry"]

    (expected,) = rows(
        "SELECT ST_AsGeoJSON(hc.doi_toa_do(geom_goc, %s), 15)::json FROM dc.thua_dat WHERE id = %s",
        srid,
        parcel["id"],
    )[0]
    points = [tuple(point) for polygon in expected["coordinates"] for ring in polygon for point in ring]
    if uri == LAT_LON:
        points = [(y, x) for x, y in points]
    tolerance = MILLIMETRE if srid != 4326 else MILLIMETRE_IN_DEGREES
    found = [point for polygon in shape["coordinates"] for ring in polygon for point in ring]
    assert len(found) == len(points)
    for one, other in zip(found, points, strict=True):
        assert one == pytest.approx(other, abs=tolerance)


def test_axis_order_is_that_of_the_crs(api: Any, parcel: Any) -> None:
    path = f"{PARCELS}/{parcel['id']}"

    first = {uri: api.json(path, {"crs": uri})["geometry"]["coordinates"][0][0][0] for uri in OFFERED}

    assert first[LAT_LON] == first[CRS84][::-1]
    assert 10 < first[LAT_LON][0] < 13
    east, north = first[STORED]
    assert 517_000 < east < 629_000
    assert 1_249_000 < north < 1_361_000


def test_the_surveyed_coordinates_come_back_as_they_were_surveyed(api: Any, rows: Rows, parcel: Any) -> None:
    shape = api.json(f"{PARCELS}/{parcel['id']}", {"crs": STORED})["geometry"]

    (surveyed,) = rows("SELECT ST_AsGeoJSON(geom_goc, 4)::json FROM dc.thua_dat WHERE id = %s", parcel["id"])[0]
    assert shape["coordinates"] == surveyed["coordinates"]


@pytest.mark.parametrize("uri", OFFERED)
def test_req_crs_fc_bbox_crs_action(api: Any, rows: Rows, uri: str, parcel: Any) -> None:
    srid = 4326 if uri == CRS84 else int(uri.rpartition("/")[2])
    box = rows(
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Expand(hc.doi_toa_do(geom_goc, %s),"
        " %s) AS e FROM dc.thua_dat WHERE id = %s) AS x",
        srid,
        0.005 if srid == 4326 else 500,
        parcel["id"],
    )[0]
    written = (box[1], box[0], box[3], box[2]) if uri == LAT_LON else box

    query = {"bbox": ",".join(map(repr, written)), "bbox-crs": uri, "limit": 1_000}
    found = [each["id"] for page in api.all_pages(PARCELS, query) for each in page["features"]]

    expected = rows(
        "SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL"
        " AND ST_Intersects(hc.doi_toa_do(geom_goc, %s), ST_MakeEnvelope(%s, %s, %s, %s, %s)) ORDER BY id",
        srid,
        *box,
        srid,
    )
    assert sorted(found) == sorted(each for (each,) in expected)
    assert parcel["id"] in found


def test_req_crs_fc_bbox_crs_default_value(api: Any) -> None:
    box = "106.5,11.5,106.9,12"

    assert api.ids(PARCELS, {"bbox": box}) == api.ids(PARCELS, {"bbox": box, "bbox-crs": CRS84})


def test_a_box_beyond_the_domain_of_its_crs_is_cut_to_it(api: Any) -> None:
    for uri in (STORED, UTM, MERCATOR):
        assert api.ids(PARCELS, {"bbox": "-1e9,-1e9,1e9,1e9", "bbox-crs": uri, "limit": 1})
        assert api.ids(PARCELS, {"bbox": "1e300,1e300,1e301,1e301", "bbox-crs": uri}) == []


@pytest.mark.parametrize("name", POINTS)
def test_a_surveyed_point_is_right_to_the_millimetre_in_wgs84(own_api: Any, empty_db: str, name: str) -> None:
    lon, lat, east, north = POINTS[name]
    _survey(empty_db, east, north)

    (found,) = own_api.json("/collections/moc/items")["features"]

    assert found["geometry"]["coordinates"] == pytest.approx([lon, lat], abs=MILLIMETRE_IN_DEGREES)


@pytest.mark.parametrize("name", POINTS)
def test_a_point_in_wgs84_finds_what_was_surveyed_within_a_millimetre(own_api: Any, empty_db: str, name: str) -> None:
    lon, lat, east, north = POINTS[name]
    _survey(empty_db, east, north)

    for at, half, other in (
        (f"filter=S_INTERSECTS(geometry, POLYGON(({{}})))&crs={CRS84}", MILLIMETRE_IN_DEGREES, (lon, lat)),
        (f"filter=S_INTERSECTS(geometry, POLYGON(({{}})))&filter-crs={STORED}", MILLIMETRE, (east, north)),
    ):
        on_it, beside = (at.format(_square(x, other[1], half)) for x in (other[0], other[0] + 2.5 * half))
        assert len(own_api.ids("/collections/moc/items", on_it.replace(" ", "%20"))) == 1
        assert own_api.ids("/collections/moc/items", beside.replace(" ", "%20")) == []


@pytest.mark.parametrize("name", POINTS)
def test_the_one_operation_is_right_to_the_millimetre_both_ways(rows: Rows, name: str) -> None:
    lon, lat, east, north = POINTS[name]

    there = "hc.doi_toa_do(ST_SetSRID(ST_MakePoint(%s, %s), 4326), 9212)"
    back = "hc.doi_toa_do(ST_SetSRID(ST_MakePoint(%s, %s), 9212), 4326)"

    found = rows(f"SELECT ST_X(p), ST_Y(p) FROM (SELECT {there} AS p) AS x", lon, lat)[0]
    assert found == pytest.approx((east, north), abs=MILLIMETRE)
    found = rows(f"SELECT ST_X(p), ST_Y(p) FROM (SELECT {back} AS p) AS x", east, north)[0]
    assert found == pytest.approx((lon, lat), abs=MILLIMETRE_IN_DEGREES)


@pytest.mark.parametrize(
    ("uri", "x", "y"),
    [(UTM, 707019.1117, 1275934.3681), (LAT_LON, 11.535, 106.90), (STORED, 570704.4987, 1275711.0972)],
)
def test_a_point_is_right_to_the_millimetre_in_each_crs(
    own_api: Any, empty_db: str, uri: str, x: float, y: float
) -> None:
    _survey(empty_db, 570704.4987, 1275711.0972)

    (found,) = own_api.json("/collections/moc/items", {"crs": uri})["features"]

    tolerance = MILLIMETRE_IN_DEGREES if uri == LAT_LON else MILLIMETRE
    assert found["geometry"]["coordinates"] == pytest.approx([x, y], abs=tolerance)


def test_the_service_and_proj_agree(own_api: Any, empty_db: str) -> None:
    _survey(empty_db, 570704.4987, 1275711.0972)
    official = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=tmerc +lat_0=0 +lon_0=106.25 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84"
        " +step +proj=cart +ellps=WGS84 +step +proj=helmert +x=-191.90441429 +y=-39.30318279 +z=-111.45032835"
        " +rx=-0.00928836 +ry=0.01975479 +rz=-0.00427372 +s=0.252906278 +convention=coordinate_frame"
        " +step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )

    (found,) = own_api.json("/collections/moc/items")["features"]

    expected = official.transform(570704.4987, 1275711.0972)
    assert found["geometry"]["coordinates"] == pytest.approx(expected[:2], abs=MILLIMETRE_IN_DEGREES)


def test_every_format_is_in_the_crs_that_was_asked(api: Any) -> None:
    table = list(csv.DictReader(api.get(PARCELS, {"f": "csv", "crs": STORED, "limit": 1}).text.splitlines()))
    gml = api.get(PARCELS, {"f": "gml", "crs": STORED, "limit": 1})
    fg = api.json(PARCELS, {"f": "jsonfg", "crs": STORED, "limit": 1})

    assert any("5" in value for value in table[0].values())
    assert "9212" in gml.text
    assert gml.headers["Content-Crs"] == f"<{STORED}>"
    assert "9212" in json.dumps(fg.get("coordRefSys", fg["features"][0].get("coordRefSys")))


def _survey(dsn: str, east: float, north: float) -> None:
    """Put one unit and one boundary mark into an empty province."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO hc.don_vi (id, cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc) VALUES (1, 3, '25195',"
            " 'Xã Thử', 'xã', '2020-01-01', 'thử', ST_Multi(ST_MakeEnvelope(5e5, 124e4, 64e4, 137e4, 9212)))"
        )
        connection.execute(
            "INSERT INTO dc.moc (xa_id, loai, so_hieu, hieu_luc_tu, geom_goc) VALUES"
            " (1, 'dia_gioi', 'M1', '2020-01-01', ST_SetSRID(ST_MakePoint(%s, %s), 9212))",
            [east, north],
        )


def _square(lon: float, lat: float, half: float) -> str:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return ", ".join(f"{lon + half * x:.11f} {lat + half * y:.11f}" for x, y in corners)
