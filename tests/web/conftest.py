"""Documents as the server encodes them, and the pages that show them."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue.layer import Text
from catalogue.record import Published, body_of
from formats.records import oarec
from formats.records.about import About
from tests.harvest.stock import at, record
from web.pages import Around, Pages

BASE = "http://127.0.0.1:8000"
ID = "0197c2a0-1111-7abc-8def-00000000000{n}"
LAND_USE = [
    {"const": "ONT", "title": "Đất ở tại nông thôn"},
    {"const": "CLN", "title": "Đất trồng cây lâu năm"},
]
STATES = [{"const": "hien_trang", "title": "Hiện trạng"}, {"const": "da_xoa", "title": "Đã xóa"}]
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": f"{BASE}/collections/thua-dat/schema",
    "type": "object",
    "title": "Thửa đất",
    "required": ["id", "so_to"],
    "properties": {
        "id": {"title": "Mã đối tượng", "type": "string", "format": "uuid", "x-ogc-role": "id"},
        "so_to": {"title": "Số tờ bản đồ", "type": "integer"},
        "so_thua": {"title": "Số thửa", "type": "integer"},
        "dien_tich": {"title": "Diện tích", "type": "number", "x-ogc-unit": "m2"},
        "gia": {"title": "Giá đất", "type": "integer", "x-ogc-unit": "{VND}/m2"},
        "loai_dat_chinh": {"title": "Mã loại đất", "type": "string", "enum": ["ONT", "CLN"], "oneOf": LAND_USE},
        "xa_id": {"title": "Mã nội bộ", "type": "integer", "x-ogc-collectionId": "don-vi-hanh-chinh"},
        "trang_thai": {"title": "Trạng thái", "type": "string", "oneOf": STATES},
        "muc_dich": {"title": "Các loại đất", "type": "array", "items": {"type": "string", "oneOf": LAND_USE}},
        "da_cap_gcn": {"title": "Đã cấp giấy chứng nhận", "type": "boolean"},
        "hieu_luc_tu": {"title": "Hiệu lực từ", "type": "string", "format": "date"},
        "cap_nhat": {"title": "Cập nhật", "type": "string", "format": "date-time"},
        "dia_chi": {"title": "Địa chỉ thửa đất", "type": "string", "description": "Thôn, xóm hoặc đường"},
        "geometry": {"title": "Hình học", "format": "geometry-multipolygon"},
    },
}


def square(n: int) -> dict[str, Any]:
    west, south, size = 106.88 + 0.0011 * (n % 4), 11.53 + 0.0009 * (n // 4), 0.0009
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size * 0.8],
        [west, south + size * 0.7],
        [west, south],
    ]
    return {"type": "MultiPolygon", "coordinates": [[ring]]}


def feature(n: int) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": ID.format(n=n),
        "geometry": square(n),
        "properties": {
            "id": ID.format(n=n),
            "so_to": 1200 + n,
            "so_thua": 10 + n,
            "dien_tich": 1234.5 + n,
            "gia": 1_250_000 * (n + 1),
            "loai_dat_chinh": "ONT" if n % 2 else "CLN",
            "xa_id": 138,
            "trang_thai": "hien_trang",
            "muc_dich": ["ONT", "CLN"],
            "da_cap_gcn": bool(n % 2),
            "hieu_luc_tu": "2025-06-30",
            "cap_nhat": "2025-06-30T18:05:00Z",
            "dia_chi": None if n == 3 else f"Ấp {n + 1}, xã Đồng Tâm",
        },
    }


def links(path: str, *more: dict[str, str]) -> list[dict[str, str]]:
    types = {"geojson": "application/geo+json", "csv": "text/csv", "gpkg": "application/geopackage+sqlite3"}
    alternates = [
        {"rel": "alternate", "type": media, "href": f"{BASE}{path}?f={name}", "title": name}
        for name, media in types.items()
    ]
    return [{"rel": "self", "type": "text/html", "href": f"{BASE}{path}"}, *alternates, *more]


COLLECTION: dict[str, Any] = {
    "id": "thua-dat",
    "title": "Thửa đất",
    "description": "Thửa đất hiện hành của bản đồ địa chính, không kèm thông tin người sử dụng đất.",
    "keywords": ["thửa đất", "địa chính"],
    "license": "proprietary",
    "itemType": "feature",
    "extent": {
        "spatial": {"bbox": [[106.4, 11.3, 107.5, 12.3]]},
        "temporal": {"interval": [["2014-07-01", None]]},
    },
    "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/EPSG/0/9212"],
    "storageCrs": "http://www.opengis.net/def/crs/EPSG/0/9212",
    "links": links(
        "/collections/thua-dat",
        {
            "rel": "enclosure",
            "type": "application/geopackage+sqlite3",
            "href": f"{BASE}/collections/thua-dat/export?f=gpkg",
        },
    ),
}
OTHERS = {
    "don-vi-hanh-chinh": ("Đơn vị hành chính", "Đơn vị hành chính cấp tỉnh, huyện và xã theo thời kỳ có hiệu lực."),
    "khoanh-dat": ("Khoanh đất", "Khoanh đất thống kê, kiểm kê theo loại đất và đối tượng sử dụng."),
    "vung-quy-hoach": ("Vùng quy hoạch", "Vùng quy hoạch sử dụng đất cấp huyện."),
    "gia-thua": ("Giá thửa đất", "Giá đất của thửa tính theo bảng giá."),
}
COLLECTIONS: dict[str, Any] = {
    "links": links("/collections"),
    "collections": [
        COLLECTION,
        *({"id": key, "title": title, "description": text, "links": []} for key, (title, text) in OTHERS.items()),
    ],
}
ITEMS: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [feature(n) for n in range(8)],
    "numberMatched": 12345,
    "numberReturned": 8,
    "links": links(
        "/collections/thua-dat/items",
        {
            "rel": "next",
            "type": "text/html",
            "href": f"{BASE}/collections/thua-dat/items?cursor=abc&f=html",
        },
    ),
}
OPENAPI: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Đất đai", "version": "0.1.0", "description": "Giao diện"},
    "tags": [{"name": "service", "description": "Dịch vụ"}],
    "paths": {
        "/collections/thua-dat/items": {
            "get": {
                "tags": ["service"],
                "summary": "Thửa đất: các đối tượng",
                "parameters": [
                    {"$ref": "#/components/parameters/thua-dat.by.so_to"},
                    {"name": "x", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"description": "Câu trả lời.", "content": {"application/geo+json": {}}},
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            }
        }
    },
    "components": {
        "parameters": {
            "thua-dat.by.so_to": {
                "name": "so_to",
                "in": "query",
                "description": "Số tờ bản đồ",
                "schema": {"type": "integer", "minimum": 1, "default": 10, "enum": [1, 2]},
            }
        },
        "responses": {"NotFound": {"description": "Không có tài nguyên này."}},
    },
}
LANDING: dict[str, Any] = {
    "title": "Cơ sở dữ liệu đất đai tỉnh Bình Phước",
    "description": "Dữ liệu địa chính, thống kê, quy hoạch và giá đất của tỉnh, theo tiêu chuẩn OGC API – Features.",
    "links": links("/", {"rel": "conformance", "href": f"{BASE}/conformance", "title": "Các nhóm yêu cầu tuân thủ"}),
}
PROBLEM = {
    "status": 400,
    "title": "Bad Request",
    "code": "BadParameter",
    "detail": "limit: not a number. Allowed: 1 to 10000.",
}
FUNCTIONS = {
    "functions": [
        {
            "name": "min",
            "description": "Least",
            "arguments": [{"type": ["number", "integer"]}],
            "returns": ["number"],
        }
    ]
}
MADE = record("mau", title="Thửa đất <mẫu>")
FEATURE = oarec.members(Published(MADE, at(0), at(60)), About(BASE, "vi", f"{BASE}/collections/sieu-du-lieu"))
RECORD: dict[str, Any] = {"feature": FEATURE, "record": body_of(MADE), "links": FEATURE["links"]}
RECORDS: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [FEATURE],
    "numberMatched": 12,
    "numberReturned": 1,
    "links": links("/collections/sieu-du-lieu/items"),
}
CATALOGUE = "/collections/sieu-du-lieu/items"
COMPONENTS = {"dia-chinh": "Dữ liệu địa chính"}
CONFORMANCE = {"conformsTo": ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "urn:x"]}

type Sample = tuple[str, dict[str, Any], Around]
ROOT = "/collections/thua-dat"
IN_COLLECTION = {"collection": COLLECTION, "schema": SCHEMA, "queryables": SCHEMA, "sortables": SCHEMA}
SAMPLES: dict[str, Sample] = {
    "landing": ("landing", LANDING, Around(collections=COLLECTIONS, basemap=f"{BASE}/boundaries")),
    "conformance": ("conformance", CONFORMANCE, Around("/conformance")),
    "collections": ("collections", COLLECTIONS, Around("/collections")),
    "collection": ("collection", COLLECTION, Around(ROOT, collection=COLLECTION, basemap=f"{BASE}/boundaries")),
    "schema": ("schema", SCHEMA, Around(f"{ROOT}/schema", collection=COLLECTION)),
    "queryables": ("schema", SCHEMA, Around(f"{ROOT}/queryables", collection=COLLECTION)),
    "sortables": ("schema", SCHEMA, Around(f"{ROOT}/sortables", collection=COLLECTION)),
    "items": (
        "items",
        ITEMS,
        Around(f"{ROOT}/items", searchable=True, basemap=f"{BASE}/boundaries", **IN_COLLECTION),
    ),
    "item": (
        "item",
        feature(1),
        Around(f"{ROOT}/items/{ID.format(n=1)}", basemap=f"{BASE}/boundaries", **IN_COLLECTION),
    ),
    "records": ("records", RECORDS, Around(CATALOGUE, query={"q": "thửa"}, components=COMPONENTS, **IN_COLLECTION)),
    "record": (
        "record",
        RECORD,
        Around(f"{CATALOGUE}/{MADE.id}", json_ld='{"name":"</script>"}', collection=COLLECTION),
    ),
    "functions": ("functions", FUNCTIONS, Around("/functions")),
    "api": ("api", OPENAPI, Around("/api")),
    "error": ("error", PROBLEM, Around(f"{ROOT}/items", query={"limit": "x"})),
}


@pytest.fixture(scope="session")
def pages() -> Pages:
    title = Text("Cơ sở dữ liệu đất đai tỉnh Bình Phước", "Land database of Bình Phước province")
    return Pages(base_url=BASE, title=title)


@pytest.fixture
def samples() -> dict[str, Sample]:
    """Page, document and surroundings by the name of the sample; copies, which tests may change."""
    return copy.deepcopy(SAMPLES)


@pytest.fixture(scope="session")
def samples_at() -> Callable[[str], dict[str, Sample]]:
    """Give the samples of a service with another address, by their path."""
    documents = ("basemap", "collection", "collections", "schema", "queryables", "sortables")

    def at(base: str) -> dict[str, Sample]:
        def moved(value: Any) -> Any:
            return json.loads(json.dumps(value).replace(BASE, base))

        return {
            around.path: (
                page,
                moved(document),
                replace(around, query={}, **{name: moved(getattr(around, name)) for name in documents}),
            )
            for page, document, around in SAMPLES.values()
            if page != "error"
        }

    return at
