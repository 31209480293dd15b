"""The OpenAPI document. Requirements of OGC 17-069r4 are named in the tests."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from auth.credentials.tokens import SCOPES
from catalogue.files import read_layers
from catalogue.profile import Allowance, Collection, Operation, RowScope, compile_profile, everything
from formats.offered import FORMATS
from formats.records.offered import RECORD_FORMATS
from openapi import security
from openapi.document import build
from query.records import OWN, PARAMETERS
from query.request import EXPORT_PARAMETERS, ITEMS_PARAMETERS, property_parameters
from query.view import view_of
from tests.openapi.conftest import COLUMNS

LAYERS = Path(__file__).parents[2] / "config" / "layers"
WORDS = {"base_url": "http://127.0.0.1:8000", "title": "datdai", "description": "Đất đai", "version": "0.1.0"}


def written(profile, codelists, language="vi", **more):
    return build(profile, codelists=codelists, language=language, **WORDS, **more)


def parameters(document, path):
    shared = document["components"]["parameters"]
    references = document["paths"][path]["get"]["parameters"]
    found = [shared[each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each for each in references]
    return {each["name"]: each for each in found}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_document_is_valid_openapi_3_0(profile, codelists, language):
    document = written(profile, codelists, language)

    OpenAPIV30SpecValidator(document).validate()
    assert document["openapi"] == "3.0.3"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_document_of_the_real_layers_is_valid(codelists, language):
    OpenAPIV30SpecValidator(written(everything(read_layers(LAYERS)), codelists, language)).validate()


def test_every_reference_is_local_and_every_component_is_used(profile, codelists):
    document = written(profile, codelists)
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    components = {f"#/components/{kind}/{name}" for kind, members in document["components"].items() for name in members}

    assert references == components


def test_texts_of_one_language_only(profile, codelists):
    english = json.dumps(written(profile, codelists, "en"), ensure_ascii=False)

    assert not re.findall(r"[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", english.replace("Đất đai", ""))
    assert '"vi":' not in english


def test_each_collection_has_its_own_paths(profile, codelists):
    paths = written(profile, codelists)["paths"]

    assert {path for path in paths if path.startswith("/collections/bieu")} == {
        "/collections/bieu",
        "/collections/bieu/schema",
        "/collections/bieu/queryables",
        "/collections/bieu/sortables",
        "/collections/bieu/items",
        "/collections/bieu/items/{itemId}",
        "/collections/bieu/export",
    }
    assert {"/", "/conformance", "/api", "/functions", "/collections", "/health/live", "/health/ready"} <= paths.keys()


@pytest.mark.parametrize("identifier", ["thua-dat", "bieu"])
def test_req_core_fc_bbox_definition(profile, codelists, identifier):
    bbox = parameters(written(profile, codelists), f"/collections/{identifier}/items")["bbox"]

    assert (bbox["in"], bbox["required"], bbox["style"], bbox["explode"]) == ("query", False, "form", False)
    assert bbox["schema"] == {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}


def test_req_core_fc_limit_definition(profile, codelists):
    limit = parameters(written(profile, codelists), "/collections/thua-dat/items")["limit"]

    assert (limit["in"], limit["required"], limit["style"], limit["explode"]) == ("query", False, "form", False)
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10}


def test_req_core_fc_time_definition(profile, codelists):
    datetime = parameters(written(profile, codelists), "/collections/thua-dat/items")["datetime"]

    assert (datetime["in"], datetime["required"], datetime["style"]) == ("query", False, "form")
    assert datetime["explode"] is False
    assert datetime["schema"] == {"type": "string"}


def test_crs_parameters_list_what_the_collection_offers(profile, codelists):
    crs = parameters(written(profile, codelists), "/collections/thua-dat/items")["crs"]

    assert crs["schema"]["enum"][0] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert "http://www.opengis.net/def/crs/EPSG/0/9212" in crs["schema"]["enum"]


def test_what_has_no_geometry_and_no_search_column_offers_neither(profile, codelists):
    offered = parameters(written(profile, codelists), "/collections/bieu/items")

    assert not {"crs", "bbox-crs", "filter-crs", "zoom-level", "q"} & offered.keys()


def test_each_queryable_is_a_parameter_and_a_hidden_column_is_none(profile, codelists):
    document = written(profile, codelists)

    assert {"id", "so_to", "loai", "tu"} <= parameters(document, "/collections/thua-dat/items").keys()
    assert "cac_loai" not in parameters(document, "/collections/thua-dat/items")
    assert "loai" not in parameters(document, "/collections/thua-dat~dt-7/items")
    assert "ghi_chu" not in parameters(document, "/collections/thua-dat/items")


def test_the_export_takes_the_parameters_of_items_without_paging(profile, codelists):
    document = written(profile, codelists)
    of_items = parameters(document, "/collections/thua-dat/items").keys()
    of_export = parameters(document, "/collections/thua-dat/export").keys()

    assert of_items - of_export == {"limit", "offset", "cursor", "resulttype"}


def test_a_long_filter_may_be_posted_as_a_form(profile, codelists):
    paths = written(profile, codelists)["paths"]

    for path in ("/collections/thua-dat/items", "/collections/thua-dat/export"):
        assert list(paths[path]["post"]["requestBody"]["content"]) == ["application/x-www-form-urlencoded"]


@pytest.mark.parametrize(("path", "paged"), [("items", True), ("export", False)])
def test_the_document_and_the_server_know_the_same_parameters(profile, codelists, path, paged):
    document = written(profile, codelists)
    view = view_of(profile.collections["thua-dat"])
    understood = {*(ITEMS_PARAMETERS if paged else EXPORT_PARAMETERS), *property_parameters(view)}

    assert parameters(document, f"/collections/thua-dat/{path}").keys() == understood


def test_the_document_offers_the_formats_there_are(profile, codelists):
    document = written(profile, codelists)
    keys = [each.key for each in FORMATS]
    media_types = {each.media_types[0] for each in FORMATS}
    export = document["paths"]["/collections/thua-dat/export"]["get"]

    assert parameters(document, "/collections/thua-dat/export")["f"]["schema"]["enum"] == keys
    assert parameters(document, "/collections/thua-dat/items")["f"]["schema"]["enum"] == [*keys, "html"]
    assert media_types <= export["responses"]["200"]["content"].keys()


def test_the_document_offers_no_format_and_no_export_that_is_not_granted(collection, codelists):
    look = Allowance(frozenset({Operation.READ, Operation.QUERY}), formats=frozenset({"json", "gpkg"}))
    take = Allowance(frozenset({Operation.EXPORT}), formats=frozenset({"csv"}))
    kept = Collection("thua-dat~a", collection.layer, COLUMNS, RowScope(), allowance=look)
    whole = Collection("thua-dat~b", collection.layer, COLUMNS, RowScope(), allowance=look)
    taken = Collection("thua-dat~b", collection.layer, COLUMNS[:2], RowScope(), allowance=take)

    document = written(compile_profile([kept, whole, taken]), codelists)
    OpenAPIV30SpecValidator(document).validate()
    items = parameters(document, "/collections/thua-dat~a/items")
    export = parameters(document, "/collections/thua-dat~b/export")
    answered = {
        path: set(document["paths"][path]["get"]["responses"]["200"]["content"])
        for path in document["paths"]
        if "thua-dat" in path
    }

    assert "/collections/thua-dat~a/export" not in answered
    assert answered["/collections/thua-dat~a/items"] == answered["/collections/thua-dat~a/items/{itemId}"]
    assert answered["/collections/thua-dat~b/items"] == {
        "application/geo+json",
        "application/geopackage+sqlite3",
        "text/html",
    }
    assert answered["/collections/thua-dat~b/export"] == {"text/csv; charset=utf-8; header=present"}
    assert items["f"]["schema"]["enum"] == ["json", "gpkg", "html"]
    assert export["f"]["schema"]["enum"] == ["csv"]
    assert export["properties"]["schema"]["items"]["enum"] == ["id", "so_to"]
    assert "so_to" in items
    assert "so_to" not in export


def test_security_schemes_are_as_given_and_absent_without(profile, codelists):
    bearer = {"bearer": {"type": "http", "scheme": "bearer"}}

    signed = written(profile, codelists, security=security.Security(bearer, [{"bearer": []}]))

    assert signed["components"]["securitySchemes"] == bearer
    assert signed["security"] == [{"bearer": []}]
    assert "securitySchemes" not in written(profile, codelists)["components"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_ways_to_sign_in_stand_in_the_document_with_their_scopes(profile, codelists, language):
    of_service = security.security_of("https://dat.example", language)

    signed = written(profile, codelists, language, security=of_service)

    flows = signed["components"]["securitySchemes"]["oauth2"]["flows"]
    assert flows["authorizationCode"]["authorizationUrl"] == "https://dat.example/oauth/authorize"
    assert tuple(flows["authorizationCode"]["scopes"]) == security.SCOPES == SCOPES
    assert "admin" not in flows["clientCredentials"]["scopes"]
    assert signed["security"] == [{}, {"oauth2": ["features:read"]}, {"bearer": []}]
    OpenAPIV30SpecValidator(signed).validate()


def test_what_a_profile_hides_is_nowhere_in_its_document(collection, codelists):
    narrow = Collection("thua-dat~dt-7", collection.layer, collection.columns[:2], RowScope())

    document = json.dumps(written(compile_profile([narrow]), codelists), ensure_ascii=False)

    for hidden in ("dien_tich", "ghi_chu", "Diện tích", "cac_loai", "CLN", '"bieu', "thua-dat/"):
        assert hidden not in document, hidden


def test_a_document_that_is_changed_changes_no_other(profile, codelists):
    before = json.dumps(written(profile, codelists))

    spoilt = written(profile, codelists)
    spoilt["components"]["schemas"]["link"]["properties"].clear()
    spoilt["components"]["parameters"]["bbox"]["schema"].clear()

    assert json.dumps(written(profile, codelists)) == before


def test_the_same_arguments_give_the_same_bytes(profile, codelists):
    assert json.dumps(written(profile, codelists)) == json.dumps(written(profile, codelists))


def test_24_collections_take_less_than_150_ms_and_half_a_megabyte(collection, codelists):
    layer = collection.layer
    many = compile_profile(Collection(f"lop-{n}", layer, layer.columns, RowScope()) for n in range(24))

    times = []
    for _ in range(3):
        begin = time.perf_counter()
        document = written(many, codelists)
        times.append(time.perf_counter() - begin)

    assert min(times) < 0.150
    assert len(json.dumps(document)) < 500_000


def test_the_document_tells_what_an_agreement_limits(collection, codelists):
    read = Allowance(frozenset({Operation.READ}), frozenset({"json", "csv"}), page_max=5)
    whole = Allowance(frozenset({Operation.EXPORT}), frozenset({"csv"}))
    reading = replace(collection, allowance=read)
    exporting = replace(collection, columns=collection.columns[:1], allowance=whole)

    document = written(compile_profile([reading, exporting]), codelists)

    items, export = (parameters(document, f"/collections/thua-dat/{each}") for each in ("items", "export"))
    assert items["limit"]["schema"]["maximum"] == 5
    assert items["f"]["schema"]["enum"] == ["json", "csv", "html"]
    assert export["f"]["schema"]["enum"] == ["csv"]
    assert not {"filter", "q", "sortby", *(each.name for each in collection.columns)} & items.keys()
    assert set(document["paths"]["/collections/thua-dat/items"]["get"]["responses"]["200"]["content"]) == {
        "application/geo+json",
        "text/csv; charset=utf-8; header=present",
        "text/html",
    }
    OpenAPIV30SpecValidator(document).validate()


def test_what_is_not_exported_has_no_path_for_it(collection, codelists):
    reading = replace(collection, allowance=Allowance(frozenset({Operation.READ})))

    document = written(compile_profile([reading]), codelists)

    assert "/collections/thua-dat/export" not in document["paths"]


RECORDS = "/collections/sieu-du-lieu"


@pytest.fixture(scope="module")
def whole() -> dict:
    signed = security.security_of(WORDS["base_url"], "en")
    return written(everything(read_layers(LAYERS)), {}, "en", security=signed)


def test_the_parameters_of_records_are_those_that_are_read(whole):
    collection = everything(read_layers(LAYERS)).collections["sieu-du-lieu"]
    named = parameters(whole, f"{RECORDS}/items")

    assert set(named) == {*PARAMETERS, *OWN, *property_parameters(view_of(collection))}
    assert named["f"]["schema"]["enum"] == ["json", "dcat-ttl", "dcat-rdf", "dcat-jsonld", "html"]
    assert named["type"]["schema"]["type"] == "array"


def test_a_record_is_described_in_each_encoding(whole):
    answers = whole["paths"][f"{RECORDS}/items/{{itemId}}"]["get"]["responses"]

    assert set(answers["200"]["content"]) == {*(each.media_types[0] for each in RECORD_FORMATS), "text/html"}
    assert answers["410"]["description"]


def test_records_ask_for_a_scope_of_their_own(whole):
    asked = {path: item["get"].get("security") for path, item in whole["paths"].items()}

    assert {"oauth2": ["records:read"]} in asked[f"{RECORDS}/items"]
    assert {path for path in asked if asked[path]} == {path for path in asked if path.startswith(RECORDS)}


def test_a_search_of_records_may_be_sent_as_a_form(whole):
    assert "requestBody" in whole["paths"][f"{RECORDS}/items"]["post"]
