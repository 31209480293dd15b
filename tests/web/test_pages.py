"""Every page from sample documents: in both languages, well-formed, without inline script, hostile text escaped."""

import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest

from web.pages import PAGES, Around

VOID = {"meta", "link", "img", "input", "br", "hr"}
HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(2)>' style='x' {{ 7*7 }} </script><!--"""
STRUCTURE = {"rel", "type", "format", "in", "$ref", "coordinates", "geometry"}
NAMES = [
    "landing", "conformance", "collections", "collection", "schema", "queryables", "sortables", "items", "item", "api",
    "functions", "error", "records", "record",
]  # fmt: skip


class Read(HTMLParser):
    """The elements of a page; ``faults`` names what is not closed or closed twice."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.faults, self._open = [], [], []
        self.feed(html)
        self.close()
        self.faults += [f"<{each}> is not closed" for each in self._open]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def rendered(pages, sample, language="vi"):
    page, document, around = sample
    return pages.render(page, document, language=language, around=around)


def hostile(value, key=""):
    match value:
        case str() if key not in STRUCTURE:
            return HOSTILE
        case dict() if key in ("properties", "conformsTo"):
            return {f"{name}{HOSTILE}" if key == "properties" else name: hostile(each) for name, each in value.items()}
        case dict():
            return {name: hostile(each, name) for name, each in value.items()}
        case list():
            return [hostile(each, key) for each in value]
        case _:
            return value


def besieged(sample):
    page, document, around = sample
    parts = {each.name: hostile(getattr(around, each.name), each.name) for each in fields(Around)}
    query = dict.fromkeys(("q", "bbox", "filter", "sortby", "lang", "datetime", "loai_dat_chinh"), HOSTILE)
    parts |= {"path": around.path, "query": query, "searchable": True}
    return page, hostile(document), replace(around, **parts)


def test_there_is_a_sample_of_every_page(samples):
    assert {page for page, _, _ in samples.values()} == set(PAGES)
    assert set(samples) == set(NAMES)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_well_formed_and_says_its_language(pages, samples, name, language):
    html = rendered(pages, samples[name], language)
    read = Read(html)

    assert html.startswith("<!DOCTYPE html>")
    assert read.faults == []
    assert read.all("html") == [{"lang": language}]
    assert len(read.all("main")) == len(read.all("h1")) == 1
    assert read.elements[[tag for tag, _ in read.elements].index("body") + 1][1]["href"] == "#main"


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_every_field_has_a_label(pages, samples, name):
    html = rendered(pages, samples[name])
    ids = re.findall(r'\sid="([^"]+)"', html)
    loose = re.sub(r"<label.*?</label>", "", html, flags=re.DOTALL)

    assert len(ids) == len(set(ids))
    assert not re.search(r"<(select|input(?! type=\"hidden\"))", loose)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(pages, samples, name):
    read = Read(rendered(pages, samples[name]))
    inline = [
        (tag, key) for tag, attributes in read.elements for key in attributes if key[:2] == "on" or key == "style"
    ]
    loaded = [each["src"] for tag in ("script", "img") for each in read.all(tag) if "src" in each]
    loaded += [each["href"] for each in read.all("link") if each["rel"] in ("stylesheet", "icon")]

    assert inline == []
    assert not read.all("style")
    data = ("application/json", "application/ld+json")
    assert all("src" in each or each.get("type") in data for each in read.all("script"))
    assert all(each.startswith("http://127.0.0.1:8000/static/") for each in loaded)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_in_every_field_comes_out_as_text(pages, samples, name, language):
    calm = Read(rendered(pages, samples[name], language))

    html = rendered(pages, besieged(samples[name]), language)
    read = Read(html)

    assert read.faults == []
    assert "<script>alert" not in html
    assert "49" not in html or "{{ 7*7 }}" in html
    assert len(read.all("script")) <= len(calm.all("script"))
    assert not [key for _, each in read.elements for key in each if key[:2] == "on" or key == "style"]
    assert {tag for tag, _ in read.elements} <= {tag for tag, _ in calm.elements} | {"select", "input", "a", "p", "dl"}


@pytest.mark.parametrize("parameter", ["so_to", "abc", HOSTILE])
def test_hostile_text_in_what_is_wrong_comes_out_as_text(pages, samples, parameter):
    page, document, around = samples["items"]
    fault = {"parameter": parameter, "text": HOSTILE, "reason": HOSTILE}
    names = {"138": HOSTILE, HOSTILE: HOSTILE}
    besieged = replace(around, query={parameter: HOSTILE}, fault=fault, units=names, unit_choices=names)

    html = pages.render(page, document, language="vi", around=besieged)

    assert Read(html).faults == []
    assert "<script>alert" not in html
    assert not [key for _, each in Read(html).elements for key in each if key[:2] == "on" or key == "style"]


@pytest.mark.parametrize("name", ["landing", "conformance", "collection", "items", "item"])
def test_a_link_that_is_script_is_no_link(pages, samples, name):
    page, document, around = samples[name]
    text = json.dumps([document, around.collection]).replace("http://127.0.0.1:8000/", "javascript:alert(1)//")
    bad, collection = json.loads(text)

    html = pages.render(page, bad, language="vi", around=replace(around, collection=collection))

    assert not [each for each in Read(html).all("a") if each.get("href", "").startswith("javascript:")]


def test_the_map_data_cannot_close_its_script_element(pages, samples):
    page, document, around = samples["items"]
    document["features"][0]["geometry"]["type"] = "</script><script>alert(1)</script>"

    html = pages.render(page, document, language="vi", around=around)

    assert "</script><script>alert" not in html
    content = re.search(r'id="map-content">(.*?)</script>', html, re.DOTALL)
    assert json.loads(content[1])["features"]["features"][0]["geometry"]["type"].startswith("</script>")


def test_the_map_holds_geometries_and_no_attribute(pages, samples):
    html = rendered(pages, samples["items"])
    content = json.loads(re.search(r'id="map-content">(.*?)</script>', html, re.DOTALL)[1])

    assert [each["properties"] for each in content["features"]["features"]] == [{"n": n} for n in range(8)]


def test_items_in_another_crs_are_not_drawn(pages, samples):
    page, document, around = samples["items"]
    metres = replace(around, query={"crs": "http://www.opengis.net/def/crs/EPSG/0/9212"}, basemap=None)

    assert "map-content" not in pages.render(page, document, language="vi", around=metres)


def test_a_layer_without_geometry_has_no_map_and_an_empty_page_of_one_with_geometry_has(pages, samples):
    page, document, around = samples["items"]
    empty = document | {"features": []}
    flat = {"properties": {name: each for name, each in around.schema["properties"].items() if name != "geometry"}}

    assert "map-content" in pages.render(page, empty, language="vi", around=around)
    assert "map-content" not in pages.render(page, empty, language="vi", around=replace(around, schema=flat))


def test_values_are_written_as_the_language_writes_them(pages, samples):
    vietnamese, english = (rendered(pages, samples["items"], language) for language in ("vi", "en"))

    assert re.search(r'<td class="number">\s*1\.234,5\s*</td>', vietnamese)
    assert re.search(r'<td class="number">\s*1\.250\.000\s*</td>', vietnamese)
    assert re.search(r'Diện tích</a> <span class="unit">\(m²\)</span></th>', vietnamese)
    assert re.search(r'Giá đất</a> <span class="unit">\(đồng/m²\)</span></th>', vietnamese)
    assert "30/06/2025" in vietnamese
    assert "01:05 01/07/2025" in vietnamese  # 18:05 UTC
    assert "8 trên tổng số 12.345 đối tượng" in vietnamese
    assert re.search(r'<td class="number">\s*1,234\.5\s*</td>', english)
    assert "2025-06-30" in english


def test_one_item_has_its_measures_with_their_units(pages, samples):
    assert "1.235,5 m²" in rendered(pages, samples["item"])


def test_a_table_shows_titles_and_keeps_the_codes_behind_them(pages, samples):
    html = rendered(pages, samples["items"])

    assert '<span class="line" title="CLN · Đất trồng cây lâu năm">Đất trồng cây lâu năm</span>' in html
    assert '<span class="line" title="hien_trang">Hiện trạng</span>' in html


def test_codes_of_the_law_are_told_where_there_is_room_and_words_of_ours_are_not(pages, samples):
    item, items = rendered(pages, samples["item"]), rendered(pages, samples["items"])

    assert "ONT · Đất ở tại nông thôn" in item
    assert '<option value="CLN">CLN · Đất trồng cây lâu năm</option>' in items
    assert '<option value="hien_trang">Hiện trạng</option>' in items
    assert "hien_trang ·" not in item + items


def test_a_unit_is_told_by_its_name_in_tables_and_in_the_form(pages, samples):
    page, document, around = samples["items"]
    named = replace(around, units={"138": "Xã Tân Lập (25360)"}, unit_choices={"12": "Xã Tân Hòa (25363)"})

    html = pages.render(page, document, language="vi", around=named)

    assert re.search(r'items/138" title="138">Xã Tân Lập \(25360\)</a>', html)
    assert '<option value="12">Xã Tân Hòa (25363)</option>' in html
    assert "Đơn vị hành chính" in html
    assert "Mã nội bộ" not in html


def test_a_unit_without_a_known_name_keeps_its_id(pages, samples):
    html = rendered(pages, samples["items"])

    assert re.search(r'items/138" title="138">138</a>', html)
    assert "Mã nội bộ" in html


def test_a_layer_in_force_tells_its_day_and_one_with_a_chosen_day_does_not(pages, samples):
    page, document, around = samples["items"]
    today = replace(around, in_force_on="2025-06-30")
    chosen = replace(today, query={"datetime": "2024-01-01"})

    assert "tính đến ngày 30/06/2025." in pages.render(page, document, language="vi", around=today)
    assert "State in force on 2025-06-30." in pages.render(page, document, language="en", around=today)
    assert "tính đến ngày" not in pages.render(page, document, language="vi", around=chosen)
    assert "tính đến ngày" not in pages.render(page, document, language="vi", around=around)


NOTHING = {"type": "FeatureCollection", "features": [], "links": []}


@pytest.mark.parametrize("name", ["so_to", "loai_dat_chinh", "q", "bbox", "filter"])
def test_what_is_wrong_stands_beside_its_field_which_keeps_what_was_typed(pages, samples, name):
    page, _, around = samples["items"]
    fault = {"parameter": name, "text": f"{name}: sai.", "reason": "sai. Giá trị hợp lệ: khác."}
    asked = replace(around, query={name: "CLN x", "so_thua": "7"}, fault=fault)

    html = pages.render(page, NOTHING, language="vi", around=asked)
    label = next(each for each in re.findall(r"<label.*?</label>", html, re.DOTALL) if f'name="{name}"' in each)

    assert 'aria-invalid="true" aria-describedby="fault"' in label
    assert '<span class="fault" id="fault" role="alert">Sai. Giá trị hợp lệ: khác.</span>' in label
    assert 'value="CLN x"' in label
    assert 'name="so_thua" value="7"' in html
    assert "<table" not in html
    assert "<title>Yêu cầu chưa đúng · Thửa đất · " in html


@pytest.mark.parametrize("name", ["sortby", "abc", "limit", ""])
def test_what_is_wrong_without_a_field_of_its_own_stands_above_the_form_which_does_not_repeat_it(pages, samples, name):
    page, _, around = samples["items"]
    fault = {"parameter": name, "text": f"{name}: sai."}
    asked = replace(around, query={name: "zzz", "so_thua": "7"}, fault=fault)

    html = pages.render(page, NOTHING, language="vi", around=asked)
    form = re.search(r"<form.*?</form>", html, re.DOTALL)[0]

    assert f'id="fault" role="alert">Yêu cầu chưa đúng. {name}: sai.</p>' in html
    assert "zzz" not in form
    assert 'name="so_thua" value="7"' in form


def test_a_reference_leads_to_its_item(pages, samples):
    page, document, around = samples["item"]
    around.schema["properties"]["so_to"]["x-ogc-collectionId"] = "to-ban-do"

    html = pages.render(page, document, language="vi", around=around)

    assert 'href="http://127.0.0.1:8000/collections/to-ban-do/items/1201"' in html


def test_the_form_keeps_what_was_asked_and_opens(pages, samples):
    page, document, around = samples["items"]
    asked = replace(around, query={"loai_dat_chinh": "CLN", "q": "đồng tâm", "limit": "50", "sortby": "-so_to"})

    html = pages.render(page, document, language="vi", around=asked)

    assert '<option value="CLN" selected>' in html
    assert 'name="q" value="đồng tâm"' in html
    assert "<option selected>50</option>" in html
    assert '<input type="hidden" name="sortby" value="-so_to">' in html
    assert "<details open>" in html


def test_a_sort_link_turns_round_and_starts_at_the_first_page(pages, samples):
    page, document, around = samples["items"]
    asked = replace(around, query={"sortby": "so_to", "cursor": "abc", "q": "x"})

    html = pages.render(page, document, language="vi", around=asked)

    assert 'aria-sort="ascending"' in html
    assert 'href="http://127.0.0.1:8000/collections/thua-dat/items?sortby=-so_to&amp;q=x"' in html


def test_paging_stays_a_page_for_people_in_the_same_language(pages, samples):
    page, document, around = samples["items"]

    html = pages.render(page, document, language="en", around=replace(around, query={"lang": "en"}))

    assert 'rel="next" href="http://127.0.0.1:8000/collections/thua-dat/items?cursor=abc&amp;lang=en"' in html


def test_an_empty_page_says_so(pages, samples):
    page, document, around = samples["items"]

    html = pages.render(page, document | {"features": [], "numberMatched": 0}, language="vi", around=around)

    assert "Không có đối tượng nào khớp" in html
    assert "<table" not in html


def test_an_unknown_count_is_not_told(pages, samples):
    page, document, around = samples["items"]
    del document["numberMatched"]

    assert "8 đối tượng trên trang này" in pages.render(page, document, language="vi", around=around)


def test_the_collection_page_has_lines_to_copy(pages, samples):
    html = rendered(pages, samples["collection"])

    assert "ogrinfo -so OAPIF:http://127.0.0.1:8000 thua-dat" in html
    assert "EPSG:9212" in html
    assert "01/07/2014 – nay" in html


def test_there_is_no_page_of_another_name(pages):
    with pytest.raises(KeyError):
        pages.render("../base", {}, language="vi", around=Around())


@pytest.mark.parametrize("name", NAMES)
def test_every_page_names_who_is_signed_in_and_offers_to_sign_out(pages, samples, name):
    page, document, around = samples[name]

    signed_in = Read(pages.render(page, document, language="vi", around=replace(around, account="lan<b>")))
    nobody = Read(pages.render(page, document, language="vi", around=around))

    assert [each["href"] for each in signed_in.all("a") if each["href"].endswith("/signout")] != []
    assert ("b", {}) in signed_in.elements
    assert signed_in.faults == []
    assert [each["href"] for each in nobody.all("a") if each["href"].endswith("/signout")] == []


def test_commands_on_a_collections_page_carry_a_token_for_who_is_signed_in(pages, samples):
    page, document, around = samples["collection"]

    signed_in = pages.render(page, document, language="vi", around=replace(around, account="lan"))
    nobody = pages.render(page, document, language="vi", around=around)

    assert signed_in.count("datdai-header.txt") == 4
    assert "datdai-header.txt" not in nobody


def test_a_landing_page_without_collections_says_why_it_is_empty(pages, samples):
    page, document, around = samples["landing"]
    empty = replace(around, collections={"collections": []})

    assert "không có lớp dữ liệu nào được công khai" in pages.render(page, document, language="vi", around=empty)
    signed_in = pages.render(page, document, language="vi", around=replace(empty, account="lan"))
    assert "đơn vị chưa có thỏa thuận, hoặc bạn chưa được giao chức năng" in signed_in


@pytest.mark.parametrize(("status", "offered"), [(401, True), (404, True), (400, False)])
def test_a_refusal_that_a_sign_in_may_mend_offers_it_to_who_is_not_signed_in(pages, samples, status, offered):
    _, _, around = samples["error"]
    document = {"status": status, "title": "x", "detail": "x"}

    nobody = Read(pages.render("error", document, language="vi", around=around))
    somebody = Read(pages.render("error", document, language="vi", around=replace(around, account="lan")))

    def buttons(page):
        return [each for each in page.all("a") if "button" in each.get("class", "") and "/account" in each["href"]]

    assert bool(buttons(nobody)) is offered
    assert buttons(somebody) == []
