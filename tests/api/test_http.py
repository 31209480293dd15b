"""What HTTP itself asks: validators, conditional requests, content codings, caching, preflight, negotiation."""

import gzip
from typing import Any

import brotli
import pytest
import zstandard

COLLECTION = "/collections/thua-dat"
PARCELS = f"{COLLECTION}/items"
CACHED = ["/", "/conformance", "/collections", COLLECTION, f"{COLLECTION}/queryables", "/api", PARCELS, "one"]
CODINGS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.fixture(params=CACHED)
def path(request: pytest.FixtureRequest, api: Any) -> str:
    return f"{PARCELS}/{api.ids(PARCELS, {'limit': 1})[0]}" if request.param == "one" else request.param


def test_the_same_answer_has_the_same_etag(api: Any, path: str) -> None:
    first, second = api.get(path), api.get(path)

    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.data == second.data


@pytest.mark.parametrize("form", ["{}", '"other", {}', "W/{}", "*"])
def test_what_the_client_has_already_is_not_sent_again(api: Any, path: str, form: str) -> None:
    etag = api.get(path).headers["ETag"]

    answer = api.get(path, If_None_Match=form.format(etag.removeprefix("W/") if form.startswith("W/") else etag))

    assert answer.status_code == 304
    assert answer.data == b""
    assert answer.headers["ETag"] == etag
    assert "Content-Length" not in answer.headers


def test_another_etag_gets_the_whole_answer(api: Any, path: str) -> None:
    answer = api.get(path, If_None_Match='"something-else"')

    assert answer.status_code == 200
    assert answer.data


def test_each_page_language_and_coding_has_an_etag_of_its_own(api: Any) -> None:
    asked = [
        ({"limit": 1}, {}),
        ({"limit": 2}, {}),
        ({"limit": 1, "f": "html"}, {"Accept_Language": "vi"}),
        ({"limit": 1, "f": "html"}, {"Accept_Language": "en"}),
        ({"limit": 1, "f": "csv"}, {}),
        ({"limit": 1}, {"Accept_Encoding": "gzip"}),
    ]

    etags = [api.get(PARCELS, parameters, **headers).headers["ETag"] for parameters, headers in asked]

    assert len(set(etags[:5])) == 5
    if api.get(PARCELS, {"limit": 1}, Accept_Encoding="gzip").headers.get("Content-Encoding"):
        assert etags[5] != etags[0]


def test_an_etag_changes_with_the_data(own_api: Any, empty_db: str) -> None:
    import psycopg

    before = own_api.get("/collections/don-vi-hanh-chinh/items")
    with psycopg.connect(empty_db, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc) VALUES (3, '25195', 'Xã Thử',"
            " 'xã', '2020-01-01', 'thử', ST_Multi(ST_MakeEnvelope(550000, 1280000, 560000, 1290000, 9212)))"
        )

    after = own_api.get("/collections/don-vi-hanh-chinh/items", If_None_Match=before.headers["ETag"])

    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert len(after.get_json(force=True)["features"]) == 1


def test_caches_are_told_what_an_answer_depends_on(api: Any, path: str) -> None:
    answer = api.get(path)

    assert answer.headers["Cache-Control"]
    varied = {each.strip().lower() for each in answer.headers["Vary"].split(",")}
    assert {"accept", "accept-encoding"} <= varied


@pytest.mark.parametrize("coding", CODINGS)
def test_a_large_answer_comes_in_the_coding_that_was_asked(api: Any, coding: str) -> None:
    plain = api.get(PARCELS, {"limit": 200})

    coded = api.get(PARCELS, {"limit": 200}, Accept_Encoding=coding)

    assert coded.headers["Content-Encoding"] == coding
    assert CODINGS[coding](coded.data) == plain.data
    assert len(coded.data) < len(plain.data)
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "", "compress", "gzip;q=0, br;q=0, zstd;q=0, identity"])
def test_no_coding_is_used_that_was_not_asked(api: Any, accepted: str) -> None:
    answer = api.get(PARCELS, {"limit": 200}, Accept_Encoding=accepted)

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
    assert answer.get_json(force=True)


@pytest.mark.parametrize("coding", CODINGS)
def test_an_export_comes_in_the_coding_that_was_asked(api: Any, coding: str) -> None:
    plain = api.get(f"{COLLECTION}/export", {"f": "csv"})

    coded = api.get(f"{COLLECTION}/export", {"f": "csv"}, Accept_Encoding=coding)

    data = CODINGS[coding](coded.data) if coded.headers.get("Content-Encoding") else coded.data
    assert data == plain.data


def test_head_may_be_conditional(api: Any, path: str) -> None:
    etag = api.get(path).headers["ETag"]

    answer = api.ask("HEAD", path, If_None_Match=etag)

    assert answer.status_code in {200, 304}, "a cheap HEAD may leave the validator out"
    assert answer.data == b""


@pytest.mark.parametrize("target", ["/", "/collections", COLLECTION, PARCELS, f"{COLLECTION}/export", "/api"])
def test_a_page_of_another_site_may_ask(api: Any, target: str) -> None:
    preflight = api.ask(
        "OPTIONS",
        target,
        Origin="https://maps.example",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="authorization,if-none-match",
    )
    answer = api.get(target, Origin="https://maps.example")

    assert preflight.status_code in {200, 204}
    assert preflight.headers["Access-Control-Allow-Origin"] in {"*", "https://maps.example"}
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "if-none-match" in allowed
    assert answer.headers["Access-Control-Allow-Origin"] in {"*", "https://maps.example"}
    exposed = {each.strip().lower() for each in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"content-crs", "link", "etag", "location", "www-authenticate"} <= exposed


def test_a_refusal_may_be_read_by_a_page_of_another_site(api: Any) -> None:
    answer = api.get(PARCELS, {"limit": "x"}, Origin="https://maps.example")

    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] in {"*", "https://maps.example"}


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("application/geo+json", "application/geo+json"),
        ("application/geo+json;q=0.5, text/html;q=0.4", "application/geo+json"),
        ("text/html;q=0.5, application/geo+json", "application/geo+json"),
        ("text/*", "text/html"),
        ("text/csv", "text/csv"),
        ("application/vnd.ogc.fg+json", "application/vnd.ogc.fg+json"),
        ("image/png, */*;q=0.1", "application/geo+json"),
        ("application/geo+json, application/json", "application/geo+json"),
        ("nonsense", "application/geo+json"),
        ("text/html;q=0, */*", "application/geo+json"),
    ],
)
def test_the_client_chooses_the_format(api: Any, accept: str, mimetype: str) -> None:
    answer = api.get(PARCELS, Accept=accept)

    if accept == "text/*":
        assert answer.mimetype in {"text/html", "text/csv"}
    elif accept == "nonsense":
        assert answer.status_code in {200, 406}
    else:
        assert answer.mimetype == mimetype


def test_links_have_the_address_that_clients_see(api: Any) -> None:
    hrefs = [each["href"] for each in api.json("/")["links"]]

    assert hrefs
    assert all(each.startswith("http://land.test") for each in hrefs)


def test_the_host_header_of_a_client_is_not_believed(api: Any) -> None:
    answer = api.client.get("/collections", headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test"})

    assert "evil.test" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff" * 100])
def test_a_body_of_another_type_is_refused(api: Any, body: bytes) -> None:
    for content_type in ("application/json", "", "text/xml", "application/x-www-form-urlencoded; charset=x"):
        answer = api.client.post(PARCELS, data=body, content_type=content_type)
        assert answer.status_code in {200, 400, 415}, content_type


def test_a_body_that_is_too_large_is_refused(api: Any) -> None:
    answer = api.client.post(
        PARCELS, data=b"filter=" + b"a" * 1_100_000, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
