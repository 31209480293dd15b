"""Errors in the language of who asks: programs English, people Vietnamese, unless they ask otherwise."""

import re

import pytest

from core.limits import LIMITS

PARCELS = "/collections/thua-dat/items"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
REFUSED = [
    ("/nothing", 404, "Không có tài nguyên này."),
    (f"{PARCELS}?limit=x", 400, "limit: phải là số nguyên trong phạm vi cho phép. Giá trị hợp lệ: từ 1 đến 9999"),
    (f"{PARCELS}?so_to=x", 400, "so_to: giá trị không hợp lệ đối với thuộc tính này. Giá trị hợp lệ: số nguyên."),
    (f"{PARCELS}?filter=so_to%20%3E", 400, "Điều kiện lọc: biểu thức kết thúc quá sớm. (tại ký tự thứ 8)"),
    (f"{PARCELS}?filter=so_to%3D%27a%27", 400, 'Điều kiện lọc: cần số bên cạnh "so_to", không phải văn bản trong'),
    (f"{PARCELS}?bbox=1,2,3", 400, "bbox: có 3 giá trị. Giá trị hợp lệ: bốn hoặc sáu số hữu hạn, gồm"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "status", "detail"), REFUSED)
def test_a_program_that_asks_for_vietnamese_reads_it(client, address, status, detail):
    by_header = client.get(address, headers={"Accept-Language": "vi"})
    by_parameter = client.get(f"{address}{'&' if '?' in address else '?'}lang=vi")

    for answer in (by_header, by_parameter):
        assert answer.status_code == status
        assert answer.headers["Content-Language"] == "vi"
        assert answer.json["detail"].startswith(detail)
        assert answer.json["description"] == answer.json["detail"]
        assert not answer.json["title"].isascii()


@pytest.mark.parametrize("headers", [{}, {"Accept-Language": "en"}, {"Accept-Language": "de"}])
def test_any_other_program_reads_english(client, headers):
    answer = client.get(f"{PARCELS}?limit=x", headers=headers)

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == "en"
    assert answer.json["title"] == "Bad Request"
    assert answer.json["detail"] == "limit: not a whole number in range. Allowed: 1 to 999999999999."
    assert answer.json["allowed"] == "1 to 999999999999"


def test_a_language_that_is_none_is_refused_in_the_language_of_the_header(client):
    answer = client.get(f"{PARCELS}?lang=de", headers={"Accept-Language": "vi"})

    assert answer.json["detail"] == "lang: không thuộc các từ được phép. Giá trị hợp lệ: vi, en."


@pytest.mark.parametrize(("query", "language", "title"), [
    ("", "vi", "Không tìm thấy trang này"),
    ("?lang=en", "en", "There is no such page"),
])  # fmt: skip
def test_a_page_of_an_error_is_in_one_language_with_its_title(client, query, language, title):
    answer = client.get(f"/nothing{query}", headers=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["Content-Language"] == language
    assert f"<title>{title} · " in answer.text
    assert "Not Found" not in answer.text


def test_a_browser_gets_its_form_back_with_what_is_wrong_beside_the_field(client):
    answer = client.get(f"{PARCELS}?so_to=abc&so_thua=7&q=%E1%BA%A5p", headers=BROWSER)
    label = next(each for each in re.findall(r"<label.*?</label>", answer.text, re.DOTALL) if 'name="so_to"' in each)

    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'value="abc"' in label
    assert "Giá trị không hợp lệ đối với thuộc tính này. Giá trị hợp lệ: số nguyên." in label
    assert 'name="so_thua" value="7"' in answer.text
    assert 'name="q" value="ấp"' in answer.text


@pytest.mark.parametrize(
    "query", ["%ff=1", "x" * (LIMITS.query_string_max + 1), "&".join(f"a{n}=1" for n in range(200))]
)
def test_a_query_that_cannot_be_read_is_a_page_too(client, query):
    answer = client.get(f"{PARCELS}?{query}", headers=BROWSER)

    assert answer.status_code in (400, 413)
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_table_names_units_titles_codes_and_its_day(client):
    page = client.get(f"{PARCELS}?limit=5", headers=BROWSER).text

    assert re.search(r">(Xã|Phường|Thị trấn) [^<(]+ \(2\d{4}\)</a>", page)
    assert "tính đến ngày 30/06/2025." in page
    assert ">Hiện trạng</span>" in page
    assert "hien_trang ·" not in page


def test_a_layer_with_its_history_tells_no_day(client):
    assert "tính đến ngày" not in client.get("/collections/don-vi-hanh-chinh/items", headers=BROWSER).text


def test_a_layer_without_geometry_takes_skip_geometry_and_no_crs(client):
    table = "/collections/bieu-thong-ke/items?limit=1"

    assert client.get(f"{table}&skipGeometry=true").status_code == 200
    assert client.get(f"{table}&skipGeometry=false").status_code == 200
    assert client.get(f"{table}&skipGeometry=x").status_code == 400
    assert client.get(f"{table}&crs=http://www.opengis.net/def/crs/EPSG/0/4326").status_code == 400


def test_links_name_their_formats(client):
    links = client.get(f"{PARCELS}?limit=1&lang=vi").json["links"]
    titles = {each["title"] for each in links if each["rel"] == "alternate"}

    assert titles == {
        f"Tài liệu này ở dạng {name}" for name in ("JSON-FG", "CSV", "FlatGeobuf", "GeoPackage", "GML", "HTML")
    }


def test_functions_are_described_in_both_languages(client):
    vietnamese, english = (client.get(f"/functions?f=json&lang={each}").json["functions"] for each in ("vi", "en"))

    assert vietnamese[0]["description"] == "Giá trị tuyệt đối."
    assert english[0]["description"] == "Absolute value."
