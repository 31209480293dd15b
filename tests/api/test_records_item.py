"""A single record: its encodings, when it was taken away, before the first publication, by whom it came into sight."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from formats.records.offered import RECORD_FORMATS
from tests.api.records_stock import CADASTRE, CATALOGUE, HIDDEN, ITEMS, place
from tests.harvest.stock import PUBLIC_SUBJECT, at, record

if TYPE_CHECKING:
    from tests.api.records_stock import Records

ONE = place(0, "2023")
PATH = f"{ITEMS}/{ONE.id}"
NAMES = [each.key for each in RECORD_FORMATS]


@pytest.mark.parametrize("each", RECORD_FORMATS, ids=NAMES)
def test_a_record_leaves_in_each_encoding(catalogue: "Records", each):
    answer = catalogue.api.get(PATH, {"f": each.key})

    assert answer.status_code == 200
    assert answer.content_type == each.media_types[0]
    assert str(ONE.id) in answer.text
    assert answer.headers["ETag"]


@pytest.mark.parametrize("each", RECORD_FORMATS, ids=NAMES)
def test_a_record_is_negotiated_by_its_media_type(catalogue: "Records", each):
    answer = catalogue.api.get(PATH, Accept=each.media_types[0])

    assert answer.status_code == 200
    assert answer.content_type == each.media_types[0]


def test_geojson_is_what_asks_for_nothing_gets(catalogue: "Records"):
    assert catalogue.api.get(PATH).content_type == "application/geo+json"
    assert catalogue.api.get(PATH, Accept="*/*").content_type == "application/geo+json"


def test_a_record_is_the_same_alone_and_in_a_page(catalogue: "Records"):
    alone = catalogue.api.json(PATH)

    assert catalogue.api.json(ITEMS, {"ids": str(ONE.id)})["features"] == [alone]


def test_every_link_of_a_record_to_itself_is_answered(catalogue: "Records"):
    own = [each for each in catalogue.api.json(PATH)["links"] if each["rel"] in ("self", "alternate")]

    for each in own:
        if each["href"].partition("f=")[2] in ("", "html", *NAMES):
            answer = catalogue.api.get(each["href"])
            assert (answer.status_code, answer.mimetype) == (200, each["type"].partition(";")[0])
    assert any(each["type"] == "text/html" for each in own)


def test_what_is_not_changed_is_not_sent_again(catalogue: "Records"):
    for path, asked in ((PATH, {}), (ITEMS, {"limit": 5}), (PATH, {"f": "html"})):
        tag = catalogue.api.get(path, asked).headers["ETag"]

        again = catalogue.api.get(path, asked, If_None_Match=tag)

        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", [PATH, ITEMS])
def test_head_has_no_body(catalogue: "Records", path: str):
    answer = catalogue.api.ask("HEAD", path)

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.content_type == "application/geo+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nobody_writes_records_here(catalogue: "Records", method: str):
    assert catalogue.api.ask(method, PATH).status_code == 405


@pytest.mark.parametrize("name", ["khong-phai-uuid", str(UUID(int=7)), str(ONE.id).upper(), "%00"])
def test_what_never_was_is_not_found(catalogue: "Records", name: str):
    catalogue.api.problem(f"{ITEMS}/{name}", status=404)


def test_what_was_always_hidden_is_not_found_even_when_it_goes(catalogue: "Records"):
    hidden = catalogue.put(record("an-2"), key=HIDDEN)
    absent = catalogue.api.problem(f"{ITEMS}/{UUID(int=9)}", status=404)

    assert catalogue.api.problem(f"{ITEMS}/{hidden.id}", status=404) == absent
    catalogue.stock.remove(hidden.id, at(90), HIDDEN)
    assert catalogue.api.problem(f"{ITEMS}/{hidden.id}", status=404) == absent


def test_what_was_taken_away_is_gone_since_an_instant(catalogue: "Records"):
    gone = catalogue.put(record("di-1"))
    catalogue.stock.remove(gone.id, at(100))

    problem = catalogue.api.problem(f"{ITEMS}/{gone.id}", status=410)

    assert problem["deletedAt"] == "2026-01-01T00:01:40Z"
    assert "supersededBy" not in problem
    assert catalogue.api.json(ITEMS, {"ids": str(gone.id)})["numberMatched"] == 0
    page = catalogue.api.get(f"{ITEMS}/{gone.id}", Accept="text/html")
    assert page.status_code == 410
    assert "đã được gỡ bỏ" in page.text


def test_what_took_its_place_is_told_where_the_caller_sees_it(catalogue: "Records"):
    gone, hidden_gone = catalogue.put(record("di-2")), catalogue.put(record("di-3"))
    shown, hidden = catalogue.put(record("den-2")), catalogue.put(record("den-3"), key=HIDDEN)
    catalogue.stock.remove(gone.id, at(110), by=shown.id)
    catalogue.stock.remove(hidden_gone.id, at(110), by=hidden.id)

    assert catalogue.api.problem(f"{ITEMS}/{gone.id}", status=410)["supersededBy"].endswith(f"/items/{shown.id}")
    assert "supersededBy" not in catalogue.api.problem(f"{ITEMS}/{hidden_gone.id}", status=410)
    for each in (shown, hidden):
        catalogue.stock.remove(each.id, at(111), CADASTRE if each is shown else HIDDEN)


def test_what_came_back_is_there(catalogue: "Records"):
    made = catalogue.put(record("ve-1"))
    catalogue.stock.remove(made.id, at(120))
    catalogue.put(made, 130)

    assert catalogue.api.json(f"{ITEMS}/{made.id}")["properties"]["updated"] == "2026-01-01T00:02:10Z"
    catalogue.stock.remove(made.id, at(140))


@pytest.mark.parametrize("path", [ITEMS, PATH, f"{ITEMS}/{UUID(int=7)}"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_catalogue_that_was_never_published_is_not_an_empty_one(catalogue: "Records", path: str, method: str):
    catalogue.stock.unpublish()
    try:
        answer = catalogue.api.ask(method, path)
    finally:
        catalogue.stock.publish()

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_page_for_people_before_the_first_publication_is_503(catalogue: "Records"):
    catalogue.stock.unpublish()
    try:
        answer = catalogue.api.get(ITEMS, Accept="text/html")
    finally:
        catalogue.stock.publish()

    assert answer.status_code == 503
    assert "chưa được công bố" in answer.text


@contextmanager
def _entered(catalogue: "Records", key: str, seconds: float) -> Iterator[None]:
    """Have the public get a key after it was first noted."""
    execute = catalogue.stock.connection.execute
    execute(
        "UPDATE cb.khoa_cua SET tu = %s, dau_tien = false WHERE khoa = %s AND chu_the = %s",
        [at(seconds), key, PUBLIC_SUBJECT],
    )
    yield
    execute(
        "UPDATE cb.khoa_cua SET tu = %s, dau_tien = true WHERE khoa = %s AND chu_the = %s", [at(0), key, PUBLIC_SUBJECT]
    )


def _updated(catalogue: "Records", **asked: object) -> list[str]:
    features = catalogue.api.json(ITEMS, {"limit": 100} | asked)["features"]
    return [each["properties"]["updated"] for each in features]


def test_nothing_was_updated_before_the_caller_could_see_it(catalogue: "Records"):
    entered, before = "2026-01-01T00:00:10Z", catalogue.api.json(PATH)["properties"]["updated"]
    with _entered(catalogue, CADASTRE, 10):
        seen = _updated(catalogue, sortby="updated")
        pages = catalogue.api.all_pages(ITEMS, {"limit": 3, "sortby": "-updated"})
        paged = [each["properties"]["updated"] for page in pages for each in page["features"]]
        matched = catalogue.api.json(ITEMS, {"filter": f"updated < TIMESTAMP('{entered}')"})["numberMatched"]
        alone = catalogue.api.json(PATH)["properties"]["updated"]
        by_value = catalogue.api.json(ITEMS, {"updated": entered})["numberMatched"]

    assert seen == sorted(seen)
    assert min(seen) == alone == entered > before
    assert paged == sorted(seen, reverse=True)
    assert matched == 0
    assert by_value == seen.count(entered) > 1


def test_a_count_on_instants_is_not_remembered_for_another_day(catalogue: "Records"):
    asked = {"filter": "updated < TIMESTAMP('2026-01-01T00:00:10Z')"}
    before = catalogue.api.json(ITEMS, asked)["numberMatched"]
    with _entered(catalogue, CADASTRE, 10):
        during = catalogue.api.json(ITEMS, asked)["numberMatched"]

    assert (before, during) == (10, 0)


def test_a_record_is_a_page_for_people_with_all_five_groups(catalogue: "Records"):
    vietnamese = catalogue.api.get(PATH, Accept="text/html")
    english = catalogue.api.get(PATH, {"f": "html", "lang": "en"}).text

    assert vietnamese.mimetype == "text/html"
    for group in ("1. Thông tin chung", "2. Hệ quy chiếu", "3. Mô tả", "4. Chất lượng", "5. Trao đổi"):
        assert group in vietnamese.text
    assert "Địa chính Phường Tân Phú 2023 số 00" in vietnamese.text
    assert "Cadastre of 25195 in 2023, number 00" in english
    assert "&lt;boundaries&gt;" in english
    for key in NAMES:
        assert f"f={key}" in english


def test_the_page_of_a_record_holds_it_as_schema_org(catalogue: "Records"):
    if "schema-org" not in NAMES:
        pytest.skip("not encoded yet")
    page = catalogue.api.get(PATH, {"f": "html", "lang": "en"}).text

    content = json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])

    assert content == catalogue.api.json(PATH, {"f": "schema-org", "lang": "en"})


def test_the_page_of_records_searches(catalogue: "Records"):
    page = catalogue.api.get(ITEMS, {"f": "html", "q": "tan phu", "thanh_phan": "dia-chinh"})

    assert page.status_code == 200
    assert page.text.count("Địa chính Phường Tân Phú") >= 6
    assert 'value="tan phu"' in page.text
    assert '<option value="dia-chinh" selected>' in page.text


def test_the_page_of_a_refused_search_says_what_is_wrong_beside_its_field(catalogue: "Records"):
    page = catalogue.api.get(ITEMS, {"f": "html", "bbox": "1,2"}, Accept="text/html")

    assert page.status_code == 400
    assert 'value="1,2" ' in page.text
    assert 'id="fault"' in page.text


def test_the_collection_of_another_layer_is_served_as_before(catalogue: "Records"):
    assert catalogue.api.json("/collections/thua-dat/items", {"limit": 1})["numberReturned"] == 1
    assert catalogue.api.json(CATALOGUE)["id"] == "sieu-du-lieu"
