"""OGC 17-069r4 (Features Part 1): requirements classes GeoJSON, HTML, OpenAPI 3.0 and GML SF-0, each by its name."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from lxml import etree
from openapi_spec_validator import OpenAPIV30SpecValidator

PARCELS = "/collections/thua-dat/items"
PAGES = ["/", "/conformance", "/api", "/collections", "/collections/thua-dat", PARCELS]
GMLSF0 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/gmlsf0"
GML = "{http://www.opengis.net/gml/3.2}"
VOID = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]

type FindLink = Callable[..., str | None]


@pytest.fixture(scope="module")
def document(api: Any) -> Any:
    return api.json("/api")


@pytest.fixture(scope="module")
def declares_gml(api: Any) -> bool:
    return GMLSF0 in api.json("/conformance")["conformsTo"]


def test_req_geojson_definition(api: Any) -> None:
    assert api.get(PARCELS, Accept="application/geo+json").mimetype == "application/geo+json"
    assert api.get(PARCELS, Accept="application/json").mimetype in {"application/geo+json", "application/json"}
    for path in ("/", "/conformance", "/collections", "/collections/thua-dat"):
        assert api.get(path, Accept="application/json").mimetype == "application/json"


def test_req_geojson_content(api: Any) -> None:
    page = api.json(PARCELS, {"limit": 3})

    assert page["type"] == "FeatureCollection"
    for feature in page["features"]:
        assert feature["type"] == "Feature"
        single = api.json(f"{PARCELS}/{feature['id']}")
        assert single["id"] == feature["id"]
        assert single["properties"] == feature["properties"]
        assert single["geometry"] == feature["geometry"]
        assert single["links"]


def test_geojson_leaves_the_text_of_the_database_as_it_is(api: Any) -> None:
    raw = api.get(PARCELS, {"limit": 1}).data.decode()

    assert "\\u0" not in raw, "Vietnamese letters are sent as UTF-8, not as escapes"
    assert "&lt;" not in raw
    json.loads(raw)


@pytest.mark.parametrize("path", PAGES)
def test_req_html_definition(api: Any, path: str) -> None:
    answer = api.get(path, Accept="text/html")

    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", PAGES)
def test_req_html_content(api: Any, path: str) -> None:
    page = api.get(path, Accept="text/html").text

    assert page.lstrip().lower().startswith("<!doctype html>")
    balance = _Balance()
    balance.feed(page)
    assert balance.open == []
    assert balance.hrefs


def test_html_of_an_item_tells_its_values(api: Any) -> None:
    feature = api.json(PARCELS, {"limit": 1})["features"][0]

    page = api.get(f"{PARCELS}/{feature['id']}", Accept="text/html").text

    assert feature["properties"]["loai_dat_chinh"] in page
    assert str(feature["properties"]["so_thua"]) in page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "sign"), [("vi", "Thửa đất"), ("en", "Parcels")])
def test_pages_speak_vietnamese_and_english(api: Any, path: str, language: str, sign: str) -> None:
    answer = api.get(path, Accept="text/html", Accept_Language=language)

    assert f'lang="{language}"' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    if "thua-dat" in path or path == "/collections":
        assert sign in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_another_machine(api: Any, path: str) -> None:
    page = api.get(path, Accept="text/html").text

    loaded = re.findall(r"""<(?:script|link|img|iframe|source)\b[^>]*?\s(?:src|href)=["']([^"']+)""", page)
    assert loaded
    assert [each for each in loaded if re.match(r"(https?:)?//(?!land\.test/)", each)] == []


def test_req_oas30_oas_definition_1(api: Any, find_link: FindLink) -> None:
    landing = api.json("/")

    assert find_link(landing, "service-desc", "application/vnd.oai.openapi+json;version=3.0")
    assert find_link(landing, "service-doc", "text/html")


def test_req_oas30_oas_definition_2(document: Any) -> None:
    assert document["openapi"].startswith("3.0.")
    OpenAPIV30SpecValidator(document).validate()


def test_the_document_is_complete_in_itself(document: Any) -> None:
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))

    assert references
    assert [each for each in references if not each.startswith("#/components/")] == []


def test_req_oas30_oas_impl(api: Any, document: Any) -> None:
    for path, operations in document["paths"].items():
        assert set(operations) <= {"get", "post"}
        filled = path.replace("{itemId}", "no-such-item")
        answer = api.get(filled, Accept="application/json, */*;q=0.5")
        assert answer.status_code == (404 if "{" in path else 200), path
        if "post" in operations:
            assert api.client.post(filled, data={"so_luong_khong_co": "1"}).status_code == 400, path
            assert api.client.post(filled, data={"f": "json"}, buffered=True).status_code == 200, path


def test_req_oas30_oas_impl_media_types(api: Any, document: Any) -> None:
    identifier = api.ids(PARCELS, {"limit": 1})[0]
    for path in (PARCELS, f"{PARCELS}/{{itemId}}", "/collections/thua-dat/export"):
        for media_type in document["paths"][path]["get"]["responses"]["200"]["content"]:
            answer = api.get(path.replace("{itemId}", identifier), Accept=media_type)
            assert answer.mimetype == media_type.partition(";")[0], path


def test_req_oas30_oas_impl_parameters(api: Any, document: Any) -> None:
    """Whatever value a parameter takes, its name is known."""
    for path in (PARCELS, "/collections/don-vi-hanh-chinh/items", "/collections/thua-dat/export"):
        for reference in document["paths"][path]["get"]["parameters"]:
            name = document["components"]["parameters"][reference["$ref"].rpartition("/")[2]]["name"]
            answer = api.get(path, {name: "\x01"})
            assert "no such parameter" not in answer.text[:500], (path, name)


def test_req_oas30_completeness(api: Any, document: Any) -> None:
    paths = set(document["paths"])
    for collection in api.json("/collections")["collections"]:
        root = f"/collections/{collection['id']}"
        assert {root, f"{root}/items", f"{root}/items/{{itemId}}", f"{root}/queryables"} <= paths


@pytest.mark.parametrize(
    ("path", "status"), [(PARCELS, "400"), (f"{PARCELS}/{{itemId}}", "404"), ("/collections/thua-dat", "400")]
)
def test_req_oas30_exceptions_codes(document: Any, path: str, status: str) -> None:
    assert status in document["paths"][path]["get"]["responses"]


def test_req_oas30_security_names_how_a_client_signs_in_and_that_it_need_not(document: Any) -> None:
    schemes = document["components"]["securitySchemes"]

    assert {each for one in document["security"] for each in one} <= schemes.keys()
    assert {} in document["security"]
    assert {each["type"] for each in schemes.values()} >= {"oauth2"}


def test_the_document_speaks_both_languages(api: Any) -> None:
    vietnamese = api.get("/api", Accept_Language="vi").get_json(force=True)
    english = api.get("/api", Accept_Language="en").get_json(force=True)

    assert vietnamese["info"] != english["info"]
    assert vietnamese["paths"].keys() == english["paths"].keys()


def test_req_gmlsf0_definition(api: Any, declares_gml: bool) -> None:
    answer = api.get(PARCELS, Accept="application/gml+xml")

    assert answer.status_code == 200
    assert answer.mimetype == "application/gml+xml"
    assert answer.mimetype_params["version"] == "3.2"
    if declares_gml:
        assert answer.mimetype_params["profile"] == "http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"
        for path in ("/", "/conformance", "/collections", "/collections/thua-dat"):
            assert api.get(path, Accept="application/xml").mimetype == "application/xml"


def test_req_gmlsf0_content(api: Any) -> None:
    feature = api.json(PARCELS, {"limit": 1})["features"][0]

    single = etree.fromstring(api.get(f"{PARCELS}/{feature['id']}", {"f": "gml"}).data)
    page = etree.fromstring(api.get(PARCELS, {"f": "gml", "limit": 3}).data)

    assert str(single.get(f"{GML}id")).endswith(feature["id"])
    assert len([each for each in page.iter() if each.get(f"{GML}id", "").endswith(feature["id"])]) >= 1
    names = {etree.QName(each).localname for each in single}
    assert {"so_to", "so_thua", "dien_tich"} <= names


def test_req_gmlsf0_headers(api: Any, declares_gml: bool) -> None:
    answer = api.get(PARCELS, {"f": "gml", "limit": 3})

    assert 'rel="next"' in ",".join(answer.headers.getlist("Link"))
    matched = str(api.json(PARCELS, {"limit": 3})["numberMatched"])
    assert answer.headers.get("OGC-NumberMatched") in ({matched} if declares_gml else {matched, None})
    assert answer.headers.get("OGC-NumberReturned") in ({"3"} if declares_gml else {"3", None})


class _Balance(HTMLParser):
    """Which elements are open at the end, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.hrefs += [value for name, value in attrs if name == "href" and value]
        if tag not in VOID and tag not in {"p", "li", "dt", "dd", "tr", "td", "th"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
