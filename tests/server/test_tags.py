"""Entity tags, 304, content codings, HEAD and OPTIONS."""

from io import BytesIO

import psycopg
import pytest
from werkzeug.test import Client

from server.app import Application

ITEMS = "/collections/thua-dat/items?limit=20"


def test_an_unchanged_answer_is_304_twice(client: Client):
    tag = client.get(ITEMS).headers["ETag"]

    answers = [client.get(ITEMS, headers={"If-None-Match": tag}) for _ in range(2)]

    assert [each.status_code for each in answers] == [304, 304]
    assert [each.get_data() for each in answers] == [b"", b""]


def test_a_known_tag_answers_without_a_query_on_the_data(application: Application, monkeypatch: pytest.MonkeyPatch):
    client = Client(application)
    tag = client.get(ITEMS).headers["ETag"]
    client.get(ITEMS, headers={"If-None-Match": tag})
    asked: list[str] = []
    read = application._parts.reader.read
    monkeypatch.setattr(
        type(application._parts.reader),
        "read",
        lambda _, entry, statements, **more: (
            asked.extend(sql for sql, _ in statements) or read(entry, statements, **more)
        ),
    )

    answer = client.get(ITEMS, headers={"If-None-Match": tag})

    assert answer.status_code == 304
    assert asked == ["SELECT lg.phien_ban_cua('dc.thua_dat', NULL)"]


def test_a_write_by_sql_ends_the_tag(client: Client, sample_db: str):
    first = client.get(ITEMS)
    tag = first.headers["ETag"]
    client.get(ITEMS, headers={"If-None-Match": tag})
    shown = first.get_json(force=True)["features"][0]["id"]

    with psycopg.connect(sample_db) as writer:
        writer.execute("UPDATE dc.thua_dat SET dia_chi = 'Đường Thử' WHERE id = %s", (shown,))
    answer = client.get(ITEMS, headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag
    assert answer.get_json(force=True)["features"][0]["properties"]["dia_chi"] == "Đường Thử"


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_each_coding_has_its_own_tag(client: Client, coding: str):
    plain = client.get(ITEMS)

    coded = client.get(ITEMS, headers={"Accept-Encoding": coding})

    assert coded.headers["Content-Encoding"] == coding
    assert coded.headers["ETag"] != plain.headers["ETag"]
    assert len(coded.get_data()) < len(plain.get_data())


@pytest.mark.parametrize("path", ["/", "/collections", "/api", "/conformance", "/collections/thua-dat", ITEMS])
def test_head_is_get_without_a_body(client: Client, path: str):
    answer = client.head(path)

    assert answer.status_code == 200
    assert answer.get_data() == b""
    assert answer.headers["Content-Type"] == client.get(path).headers["Content-Type"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/collections/thua-dat/items", "GET, HEAD, POST, OPTIONS"),
        ("/collections/thua-dat/items/1", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_says_what_is_allowed(client: Client, path: str, allowed: str):
    answer = client.options(path)

    assert answer.status_code == 204
    assert answer.headers["Allow"] == allowed


def test_options_tells_nothing_of_what_there_is(client: Client):
    """A browser asks them before it sends a token."""
    known, unknown = client.options("/collections/thua-dat/items"), client.options("/collections/x/items")

    assert known.status_code == unknown.status_code == 204
    assert dict(known.headers) == dict(unknown.headers)
    assert client.options("/x").get_data() == client.get("/x").get_data()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_method_that_is_not_there_is_405_with_allow(client: Client, method: str):
    answer = client.open("/collections/thua-dat/items", method=method)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


def test_a_form_carries_the_same_parameters_as_a_query(client: Client):
    asked = {"filter": "dien_tich > 500", "limit": "7", "properties": "dien_tich"}

    by_form = client.post("/collections/thua-dat/items", data=asked)
    by_query = client.get("/collections/thua-dat/items", query_string=asked)

    assert by_form.get_json(force=True)["features"] == by_query.get_json(force=True)["features"]


def test_another_body_is_415(client: Client):
    answer = client.post("/collections/thua-dat/items", data="{}", content_type="application/json")

    assert answer.status_code == 415
    assert answer.get_json(force=True)["code"] == "NoApplicableCode"


@pytest.mark.parametrize("item", ["%0A101", "+101", "0101", "101%20", "%EF%BC%91", "1e2"])
def test_an_item_has_one_address(client: Client, item: str):
    assert client.get("/collections/don-vi-hanh-chinh/items/101").status_code == 200
    assert client.get(f"/collections/don-vi-hanh-chinh/items/{item}").status_code == 404


@pytest.mark.parametrize("header", ['"' + r"\"" * 20_000, 'a/b;x="' + ";" * 20_000, "text/html," * 10_000])
def test_a_header_too_long_to_be_read_is_refused_at_once(client: Client, header: str):
    assert client.get(ITEMS, headers={"Accept": header}).status_code == 400


def test_if_none_match_means_nothing_to_a_post(client: Client):
    answer = client.post("/collections/thua-dat/items", data={"limit": "1"}, headers={"If-None-Match": "*"})

    assert answer.status_code == 200


def test_a_compressed_form_is_415(client: Client):
    answer = client.post("/collections/thua-dat/items", data={"limit": "1"}, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415


def test_a_chunked_form_is_read(client: Client):
    answer = client.post(
        "/collections/thua-dat/items",
        input_stream=BytesIO(b"filter=so_to%3D999999"),
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )

    assert answer.get_json(force=True)["numberMatched"] == 0
