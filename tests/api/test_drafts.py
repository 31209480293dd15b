"""Drafts that are declared: Part 6 property selection, Part 7 zoom level, Part 8 sorting, Part 9 text search."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

COLLECTION = "/collections/thua-dat"
PARCELS = f"{COLLECTION}/items"
UNITS = "/collections/don-vi-hanh-chinh/items"

type Rows = Callable[..., list[tuple[Any, ...]]]


def _declares(api: Any, name: str) -> bool:
    return any(each.endswith(f"/conf/{name}") for each in api.json("/conformance")["conformsTo"])


def _all(api: Any, path: str, parameters: dict[str, object]) -> list[Any]:
    return [each for page in api.all_pages(path, {"limit": 700} | parameters) for each in page["features"]]


# Part 8, OGC 24-030


def test_req_sorting_sortby_definition(api: Any) -> None:
    document = api.json("/api")
    keys = [each["$ref"].rpartition("/")[2] for each in document["paths"][PARCELS]["get"]["parameters"]]

    (found,) = [one for key in keys if (one := document["components"]["parameters"][key])["name"] == "sortby"]

    assert (found["style"], found["explode"], found["schema"]["type"]) == ("form", False, "array")


@pytest.mark.parametrize(
    ("sortby", "order"),
    [
        ("dien_tich", "dien_tich, id"),
        ("+dien_tich", "dien_tich, id"),
        ("-dien_tich", "dien_tich DESC, id DESC"),
        ("so_to,-so_thua", "so_to, so_thua DESC, id DESC"),
        ("-hieu_luc_tu,so_to", "hieu_luc_tu DESC, so_to, id"),
        ("loai_dat_chinh,-dien_tich", "loai_dat_chinh, dien_tich DESC, id DESC"),
        ("ma_dinh_danh", "ma_dinh_danh, id"),
        ("-ma_dinh_danh", "ma_dinh_danh DESC, id DESC"),
    ],
)
def test_req_sorting_sortby_response(api: Any, rows: Rows, sortby: str, order: str) -> None:
    found = [each["id"] for each in _all(api, PARCELS, {"sortby": sortby})]

    assert found == [
        each for (each,) in rows(f"SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL ORDER BY {order}")
    ]


def test_req_sorting_sortby_names_sortables_only(api: Any) -> None:
    sortables = api.json(f"{COLLECTION}/sortables", {"f": "json"})["properties"]

    for name in sortables:
        assert api.get(PARCELS, {"sortby": f"-{name}", "limit": 1}).status_code == 200
    for name in ("dia_chi", "muc_dich", "geometry", "nguon", "so_to;", "so_to desc", "so_to,so_to"):
        assert api.problem(PARCELS, {"sortby": name})["parameter"] == "sortby"


# Part 6, OGC 24-019


@pytest.mark.parametrize("names", ["so_to", "so_thua,so_to", "dien_tich,muc_dich,hieu_luc_tu"])
def test_req_properties_response(api: Any, names: str) -> None:
    page = api.json(PARCELS, {"properties": names, "limit": 3})
    single = api.json(f"{PARCELS}/{page['features'][0]['id']}", {"properties": names})

    for feature in [*page["features"], single]:
        assert set(feature["properties"]) == set(names.split(","))
        assert feature["geometry"]
        assert feature["id"]


def test_req_properties_response_without_the_parameter_has_all(api: Any) -> None:
    schema = api.json(f"{COLLECTION}/schema", {"f": "json"})["properties"]
    feature = api.json(PARCELS, {"limit": 1})["features"][0]

    assert set(feature["properties"]) | {"id", "geometry"} == set(schema)


def test_req_properties_features_request_is_on_items_and_item(api: Any) -> None:
    paths = api.json("/api")["paths"]

    for path in (PARCELS, f"{PARCELS}/{{itemId}}"):
        assert any(each.get("$ref", "").endswith(".properties") for each in paths[path]["get"]["parameters"])


# Part 7, OGC 24-020


@pytest.mark.parametrize("zoom", ["4", "10", "12.5", "24"])
def test_req_zoom_level_response(api: Any, zoom: str) -> None:
    plain = api.json(UNITS, {"limit": 20})["features"]
    coarse = api.json(UNITS, {"limit": 20, "zoom-level": zoom})["features"]

    assert [each["id"] for each in coarse] == [each["id"] for each in plain]
    for one, other in zip(coarse, plain, strict=True):
        assert one["geometry"]["type"] == other["geometry"]["type"]
        assert _size(one) <= _size(other)


def test_the_coarser_the_zoom_the_fewer_the_vertices(api: Any) -> None:
    sizes = [sum(map(_size, api.json(UNITS, {"limit": 100, "zoom-level": zoom})["features"])) for zoom in (3, 8, 20)]

    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_req_zoom_level_features_request_is_on_a_single_item(api: Any) -> None:
    feature = api.json(UNITS, {"limit": 1})["features"][0]

    coarse = api.json(f"{UNITS}/{feature['id']}", {"zoom-level": "3"})

    assert _size(coarse) <= _size(feature)


# Part 9, OGC 24-031


@pytest.mark.parametrize(
    "q",
    [
        "Đồng Xoài",
        "đồng xoài",
        "dong xoai",
        "DONG XOAI",
        "ĐỒNG  XOÀI",
        "\u0110o\u0302\u0300ng Xoa\u0300i",
        "khong-co-tu-nay,dong xoai",
    ],
)
def test_req_text_search_q_response(api: Any, rows: Rows, q: str) -> None:
    found = {int(each["id"]) for each in _all(api, UNITS, {"q": q})}

    expected = {key for key, name in rows("SELECT id, ten FROM hc.don_vi") if "dong xoai" in _folded(name)}
    assert found == expected != set()


@pytest.mark.parametrize("q", ["%", "_", "\\", "%%", "d_ng", "' OR 1=1", "xoai dong"])
def test_q_has_no_wildcards_and_keeps_the_order_of_words(api: Any, q: str) -> None:
    assert api.json(UNITS, {"q": q})["features"] == []


def test_q_is_a_parameter_only_where_a_layer_can_be_searched(api: Any) -> None:
    assert api.problem("/collections/khoanh-dat/items", {"q": "x"})["parameter"] == "q"


@pytest.mark.parametrize(
    "name",
    [
        "sorting",
        "features-sorting",
        "sortables",
        "properties",
        "properties-features",
        "zoom-level",
        "zoom-level-features",
    ],
)
def test_the_drafts_above_are_declared(api: Any, name: str) -> None:
    assert _declares(api, name)


def _folded(text: str) -> str:
    """Return what a Vietnamese reader types in a hurry."""
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(each for each in letters if not unicodedata.combining(each))


def _size(feature: Any) -> int:
    return str(feature["geometry"]["coordinates"]).count(",")
