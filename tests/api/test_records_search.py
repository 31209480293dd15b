"""The parameters of a page of records: each selects, all are joined by AND, and what is unknown is refused by name."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from rdflib import DCAT, RDF, Graph, Namespace

from tests.api.records_stock import ITEMS, PLACES, place, service

if TYPE_CHECKING:
    from tests.api.records_stock import Records

ALL = [place(number, str(2023 + number % 3)) for number in range(24)]
SERVICE = service().description.title.vi


def _titles(keep: Any) -> list[str]:
    return sorted(each.description.title.vi for each in ALL if keep(each))


def _is(each: Any, code: str, edition: str) -> bool:
    return each.description.area.code.startswith(code) and each.description.edition == edition


def test_a_page_of_records_says_what_there_is(catalogue: "Records"):
    page = catalogue.api.json(ITEMS, {"limit": 10})

    assert page["type"] == "FeatureCollection"
    assert page["numberMatched"] == 25
    assert page["numberReturned"] == len(page["features"]) == 10
    assert "timeStamp" not in page


def test_records_come_by_identifier(catalogue: "Records"):
    pages = catalogue.api.all_pages(ITEMS, {"limit": 4})
    ids = [UUID(each["id"]) for page in pages for each in page["features"]]

    assert ids == sorted(ids)
    assert len(ids) == 25


def test_what_no_key_of_the_caller_shows_is_not_there(catalogue: "Records"):
    assert "Bản ghi không ai thấy" not in catalogue.found()
    assert catalogue.api.json(ITEMS, {"q": "không ai thấy"})["numberMatched"] == 0


@pytest.mark.parametrize(
    ("asked", "keep"),
    [
        ({"q": "tan phu"}, lambda each: "Tân Phú" in each.description.title.vi),
        ({"q": "TÂN  phú"}, lambda each: "Tân Phú" in each.description.title.vi),
        ({"q": "phu tan"}, lambda _: False),
        (
            {"q": "tien hung,thoi hoa"},
            lambda each: each.description.area.code in ("25201", "25204"),
        ),
        ({"bbox": "106.5,11.5,106.56,11.56"}, lambda each: each.description.area.code == "25195"),
        (
            {"bbox": "11.5,106.5,11.56,106.56", "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"},
            lambda each: each.description.area.code == "25195",
        ),
        ({"type": "dataset", "ky": "2024"}, lambda each: each.description.edition == "2024"),
        ({"type": "dataset,process", "ky": "2025"}, lambda each: each.description.edition == "2025"),
        ({"type": "process"}, lambda _: False),
        ({"type": ""}, lambda _: False),
        ({"externalIds": "vn:25195-2023"}, lambda each: ("vn", "25195-2023") in each.external_ids),
        ({"externalIds": "25195-2023"}, lambda each: ("vn", "25195-2023") in each.external_ids),
        ({"externalIds": "so:25195-2023"}, lambda _: False),
        ({"externalIds": "vn:"}, lambda _: True),
        ({"externalIds": "vn"}, lambda _: True),
        ({"externalIds": "so:3,so:4"}, lambda each: {("so", "3"), ("so", "4")} & set(each.external_ids)),
        ({"ids": f"{ALL[3].id},{ALL[5].id},x"}, lambda each: each in (ALL[3], ALL[5])),
        ({"ids": ""}, lambda _: False),
        ({"ids": "khong-phai-uuid"}, lambda _: False),
        ({"ma_don_vi": "25201", "q": "2024"}, lambda each: _is(each, "25201", "2024")),
        ({"filter": "ky = '2023' AND ma_don_vi LIKE '2519%'"}, lambda each: _is(each, "2519", "2023")),
        (
            {"filter": '{"op":"a_contains","args":[{"property":"external_ids"},["so:7"]]}', "filter-lang": "cql2-json"},
            lambda each: ("so", "7") in each.external_ids,
        ),
    ],
)  # fmt: skip
def test_a_parameter_selects(catalogue: "Records", asked: dict[str, str], keep: Any):
    found = sorted(catalogue.found(**asked))

    assert found == _titles(keep)
    assert catalogue.api.json(ITEMS, asked)["numberMatched"] == len(found)


@pytest.mark.parametrize(
    ("period", "editions"),
    [("2024-05-01", {"2024"}), ("../2023-12-31", {"2023"}), ("2024-12-31/..", {"2024", "2025"}), ("2030-01-01", set())],
)
def test_datetime_asks_for_the_time_of_the_data_and_open_ends_meet_every_time(
    catalogue: "Records", period: str, editions: set[str]
):
    expected = _titles(lambda each: each.description.edition in editions)

    assert sorted(catalogue.found(datetime=period)) == sorted([*expected, SERVICE])


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"khong_co": "1"}, "khong_co"),
        ({"properties": "title"}, "properties"),
        ({"crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}, "crs"),
        ({"limit": "0"}, "limit"),
        ({"bbox": "1,2"}, "bbox"),
        ({"datetime": "hom-qua"}, "datetime"),
        ({"q": ""}, "q"),
        ({"sortby": "description"}, "sortby"),
        ({"filter": "ban_ghi LIKE '%'"}, "filter"),
        ({"cursor": "x"}, "cursor"),
        ({"f": "csv"}, "f"),
        ({"type": "a\x00"}, "type"),
        ("ids=a&ids=b", "ids"),
        ("type=a&type=b", "type"),
    ],
)
def test_what_is_wrong_is_refused_by_name(catalogue: "Records", asked: Any, name: str):
    assert catalogue.api.problem(ITEMS, asked)["parameter"] == name


@pytest.mark.parametrize(
    "order", ["title", "-title", "-ky,title", "updated", "-updated", "created,-title", "license,-ky"]
)
def test_records_come_in_the_order_asked_for_forward_and_backward(catalogue: "Records", order: str):
    first = catalogue.api.json(ITEMS, {"limit": 4, "sortby": order})
    pages = list(catalogue.api.all_pages(ITEMS, {"limit": 4, "sortby": order}))
    ids = [each["id"] for page in pages for each in page["features"]]
    whole = catalogue.api.ids(ITEMS, {"limit": 100, "sortby": order})
    page, back = pages[-1], []
    while before := next((each["href"] for each in page["links"] if each["rel"] == "prev"), None):
        page = catalogue.api.json(before)
        back.append([each["id"] for each in page["features"]])

    assert ids == whole
    assert len(set(ids)) == 25
    assert back[-1] == [each["id"] for each in first["features"]]


@pytest.mark.parametrize("order", ["title", "ten_don_vi"])
def test_an_order_is_that_of_the_values(catalogue: "Records", order: str):
    features = catalogue.api.json(ITEMS, {"limit": 100, "sortby": f"-{order}", "lang": "vi"})["features"]
    values = [each["properties"].get(order) for each in features]
    known = [each for each in values if each is not None]

    assert known == sorted(known, reverse=True)


def test_offset_and_limit_lead_through_all_records_once(catalogue: "Records"):
    pages = [catalogue.api.ids(ITEMS, {"limit": 10, "offset": offset}) for offset in (0, 10, 20, 30)]

    assert [len(each) for each in pages] == [10, 10, 5, 0]
    assert len({id_ for page in pages for id_ in page}) == 25


def test_a_full_last_page_has_no_next(catalogue: "Records"):
    page = catalogue.api.json(ITEMS, {"limit": 5, "offset": 20})

    assert len(page["features"]) == 5
    assert not [each for each in page["links"] if each["rel"] == "next"]


def test_a_form_takes_the_same_parameters(catalogue: "Records"):
    by_form = catalogue.api.client.post(
        ITEMS, base_url="http://land.test", data={"q": "tan phu", "limit": "3"}, headers={"Accept": "application/json"}
    )

    assert by_form.status_code == 200
    page = by_form.get_json(force=True)
    assert page["numberMatched"] == len(catalogue.found(q="tan phu"))
    assert page["features"] == catalogue.api.json(ITEMS, {"q": "tan phu", "limit": 3})["features"]


def test_a_cursor_belongs_to_its_selection(catalogue: "Records"):
    page = catalogue.api.json(ITEMS, {"limit": 4, "type": "dataset"})
    cursor = next(each["href"] for each in page["links"] if each["rel"] == "next").partition("cursor=")[2]

    assert catalogue.api.problem(ITEMS, f"type=dataset,service&cursor={cursor}")["parameter"] == "cursor"


def test_every_commune_is_found_by_its_name_without_marks(catalogue: "Records"):
    for code, name in PLACES:
        assert catalogue.found(q=name) == catalogue.found(ma_don_vi=code)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph")  # by the library itself
@pytest.mark.parametrize(("key", "syntax"), [("dcat-ttl", "turtle"), ("dcat-rdf", "xml"), ("dcat-jsonld", "json-ld")])
def test_linked_data_is_paged_as_harvesters_of_dcat_follow_it(catalogue: "Records", key: str, syntax: str):
    hydra = Namespace("http://www.w3.org/ns/hydra/core#")
    following, found, pages = f"{ITEMS}?f={key}&limit=10", set[str](), 0
    while following:
        answer = catalogue.api.get(following)
        assert answer.status_code == 200
        graph = Graph().parse(data=answer.data, format=syntax)
        found |= {str(each) for each in graph.subjects(RDF.type, DCAT.Dataset)}
        found |= {str(each) for each in graph.subjects(RDF.type, DCAT.DataService)}
        assert int(next(graph.objects(None, hydra.totalItems))) == 25
        following = str(next(graph.objects(None, hydra.next), ""))
        pages += 1

    assert pages == 3
    assert len({each for each in found if "/items/" in each}) == 25
