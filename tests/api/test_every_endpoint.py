"""The cases of every endpoint: works, bad parameter, unknown id, wrong method, shape of the error, HEAD, formats."""

from typing import Any
from uuid import UUID

import pytest

COLLECTION = "/collections/thua-dat"
DOCUMENTS = ["/", "/conformance", "/api", "/collections", COLLECTION]
SCHEMAS = [f"{COLLECTION}/{kind}" for kind in ("schema", "queryables", "sortables")]
ITEMS = f"{COLLECTION}/items"
EXPORT = f"{COLLECTION}/export"
ABSENT = [
    "/nowhere",
    "/collections/no-such",
    "/collections/no-such/schema",
    "/collections/no-such/queryables",
    "/collections/no-such/sortables",
    "/collections/no-such/items",
    "/collections/no-such/export",
    f"{ITEMS}/{UUID(int=0)}",
    f"{ITEMS}/no-uuid",
    f"{ITEMS}/%00",
    f"{ITEMS}/a%2Fb",
    f"{COLLECTION}/nowhere",
    "/collections/Thua-Dat",
]


@pytest.fixture(scope="module")
def one(api: Any) -> str:
    """The path of one parcel."""
    return f"{ITEMS}/{api.ids(ITEMS, {'limit': 1})[0]}"


@pytest.fixture(params=[*DOCUMENTS, *SCHEMAS, ITEMS, "one", EXPORT])
def path(request: pytest.FixtureRequest, one: str) -> str:
    return one if request.param == "one" else request.param


def test_it_works(api: Any, path: str) -> None:
    answer = api.get(path)

    assert answer.status_code == 200
    assert answer.data


def test_an_unknown_parameter_is_refused_by_name(api: Any, path: str) -> None:
    problem = api.problem(path, {"khong_co": "1"})

    assert problem["parameter"] == "khong_co"
    assert "khong_co" in problem["description"]
    assert "f" in problem["allowed"].split(", ")


def test_a_format_that_does_not_exist_is_refused_by_name(api: Any, path: str) -> None:
    problem = api.problem(path, {"f": "doc"})

    assert problem["parameter"] == "f"
    assert "json" in problem["allowed"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_that_it_does_not_take_is_refused_with_those_it_takes(api: Any, path: str, method: str) -> None:
    if method == "POST" and path in {ITEMS, EXPORT}:
        pytest.skip("takes a form with the parameters of a GET")

    answer = api.ask(method, path)

    assert answer.status_code == 405
    allowed = {each.strip() for each in answer.headers["Allow"].split(",")}
    assert {"GET", "HEAD", "OPTIONS"} <= allowed
    assert method not in allowed


def test_head_has_the_headers_of_get_and_no_body(api: Any, path: str) -> None:
    got = api.get(path)

    head = api.ask("HEAD", path)

    assert head.status_code == got.status_code
    assert head.data == b""
    assert head.content_type == got.content_type
    for name in ("Content-Crs", "Cache-Control", "Vary"):
        assert head.headers.get(name) == got.headers.get(name), name
    for name in ("ETag", "Content-Length", "Link"):  # what only the content tells may be left out, not be wrong
        assert head.headers.get(name) in {None, got.headers.get(name)}, name


def test_options_tells_the_methods(api: Any, path: str) -> None:
    answer = api.ask("OPTIONS", path)

    assert answer.status_code in {200, 204}
    assert {each.strip() for each in answer.headers["Allow"].split(",")} >= {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("target", ABSENT)
def test_what_does_not_exist_is_404_in_one_shape(api: Any, target: str) -> None:
    problem = api.problem(target, status=404)

    assert problem["description"] == api.problem("/nowhere", status=404)["description"]


@pytest.mark.parametrize("target", ABSENT)
def test_what_does_not_exist_says_so_to_head_without_a_body(api: Any, target: str) -> None:
    answer = api.ask("HEAD", target)

    assert answer.status_code == 404
    assert answer.data == b""


@pytest.mark.parametrize("target", [*DOCUMENTS, *SCHEMAS, ITEMS])
def test_a_browser_gets_html(api: Any, target: str) -> None:
    answer = api.get(target, Accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"


@pytest.mark.parametrize("target", [*DOCUMENTS, *SCHEMAS, ITEMS])
def test_f_outweighs_accept(api: Any, target: str) -> None:
    answer = api.get(target, {"f": "json"}, Accept="text/html")

    assert answer.status_code == 200
    assert "json" in answer.mimetype


@pytest.mark.parametrize("target", [*DOCUMENTS, *SCHEMAS, ITEMS])
def test_without_accept_and_with_any_the_answer_is_json(api: Any, target: str) -> None:
    for headers in ({}, {"Accept": "*/*"}):
        answer = api.get(target, **headers)

        assert "json" in answer.mimetype
        answer.get_json(force=True)


def test_what_cannot_be_served_is_not_acceptable(api: Any, path: str) -> None:
    answer = api.get(path, Accept="image/png")

    assert answer.status_code == 406
    assert answer.mimetype == "application/problem+json"


def test_no_answer_tells_what_the_server_is_made_of(api: Any, path: str) -> None:
    answer = api.get(path)

    assert "X-Powered-By" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "mimetype", "begin"),
    [
        ("json", "application/geo+json", b"{"),
        ("csv", "text/csv", b""),
        ("fgb", "application/vnd.flatgeobuf", b"fgb\x03"),
        ("gpkg", "application/geopackage+sqlite3", b"SQLite format 3"),
        ("gml", "application/gml+xml", b"<?xml"),
    ],
)
@pytest.mark.parametrize("what", [ITEMS, "one", EXPORT])
def test_each_format_is_served_by_name_and_by_media_type(
    api: Any, one: str, what: str, name: str, mimetype: str, begin: bytes
) -> None:
    target = one if what == "one" else what

    by_name = api.get(target, {"f": name})
    by_type = api.get(target, Accept=mimetype)

    assert by_name.status_code == by_type.status_code == 200
    assert by_name.mimetype == by_type.mimetype == mimetype
    assert by_name.data.lstrip(b"\xef\xbb\xbf").startswith(begin)


def test_a_link_of_any_document_leads_somewhere(api: Any, path: str) -> None:
    if path in {*SCHEMAS, "/api", EXPORT, "/conformance"}:
        pytest.skip("a document without links")
    links = api.json(path)["links"]

    for each in links:
        if each["rel"] == "profile":
            continue  # names a profile, which OGC describes elsewhere
        answer = api.ask("HEAD", each["href"], **({"Accept": each["type"]} if "type" in each else {}))
        assert answer.status_code == 200, each
        assert answer.mimetype == each.get("type", answer.mimetype).split(";")[0], each


@pytest.mark.parametrize("query", ["limit", "limit=", "&&", "=", "=1", "f=json&f=html", "%ff%fe=1"])
def test_a_query_string_that_is_none_is_refused(api: Any, query: str) -> None:
    expected = 200 if query == "&&" else 400

    assert api.get(ITEMS, query).status_code == expected


def test_a_query_string_that_is_too_long_is_refused_as_such(api: Any) -> None:
    answer = api.get(ITEMS, "filter=" + "a" * 20_000)

    assert answer.status_code in {413, 414}
    assert answer.mimetype == "application/problem+json"
