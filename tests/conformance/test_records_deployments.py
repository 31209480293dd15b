"""OGC 20-004r1, clause 8: the abstract tests of searchable catalogues and of the catalogue of local resources."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.records_stock import CATALOGUE, ITEMS

if TYPE_CHECKING:
    from tests.api.records_stock import Records

CONF = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0"


def _listed(catalogue: "Records", **asked: object) -> list[str]:
    return [each["id"] for each in catalogue.api.json("/collections", asked)["collections"]]


# searchable-catalog


@pytest.mark.parametrize(
    "name",
    [
        "searchable-catalog", "searchable-catalog-sorting", "searchable-catalog/sorting",
        "searchable-catalog-filtering", "searchable-catalog/filtering", "local-resources-catalog",
        "local-resources-catalog-query-parameters", "local-resources-catalog/query-parameters",
    ],
)  # fmt: skip
def test_req_conformance(catalogue: "Records", name: str):
    classes = catalogue.api.json("/conformance")["conformsTo"]

    assert f"{CONF}/{name}" in classes
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes


def test_what_is_not_served_is_not_declared(catalogue: "Records"):
    classes = set(catalogue.api.json("/conformance")["conformsTo"])

    absent = ("crawlable-catalog", "query-param-profile", "local-resources-catalog-sorting", "core", "opensearch")
    assert not classes & {f"{CONF}/{each}" for each in absent}


def test_req_searchable_catalog_mandatory_catalog_properties(catalogue: "Records"):
    document = catalogue.api.json(CATALOGUE)

    assert (document["id"], document["type"]) == ("sieu-du-lieu", "Collection")
    assert document["links"]


def test_req_searchable_catalog_mandatory_record_properties(catalogue: "Records"):
    assert all(each["id"] for each in catalogue.api.json(ITEMS, {"limit": 100})["features"])


def test_req_searchable_catalog_mandatory_queryables(catalogue: "Records"):
    links = catalogue.api.json(CATALOGUE)["links"]
    (link,) = [each for each in links if each["rel"] == f"{REL}/queryables"]
    properties = catalogue.api.json(link["href"])["properties"]

    assert {"id", "type", "title", "description", "keywords", "created", "updated", "geometry"} <= properties.keys()


def test_req_searchable_catalog_filtering(catalogue: "Records"):
    assert catalogue.api.json(ITEMS, {"filter": "title LIKE '%2024%'"})["numberMatched"] == 8


def test_req_searchable_catalog_sorting(catalogue: "Records"):
    titles = [each["properties"]["title"] for each in catalogue.api.json(ITEMS, {"sortby": "title"})["features"]]

    assert titles == sorted(titles)


# local-resources-catalog


def test_req_local_resources_catalog_mandatory_catalog_properties(catalogue: "Records"):
    document = catalogue.api.json("/collections")

    assert (document["id"], document["type"]) == ("collections", "Collection")
    assert document["recordsArrayName"] == "collections"
    assert document["links"]


def test_req_local_resources_catalog_mandatory_record_properties(catalogue: "Records"):
    assert all(each["id"] for each in catalogue.api.json("/collections")["collections"])


def test_req_local_resources_catalog_discovery(catalogue: "Records"):
    links = [each for each in catalogue.api.json("/")["links"] if each["rel"] == f"{REL}/ogc-catalog"]
    paths = catalogue.api.json("/api", {"f": "json"})["paths"]

    assert [each["href"].removeprefix("http://land.test") for each in links] == ["/collections", ITEMS]
    for each in links:
        assert each["href"].removeprefix("http://land.test") in paths
        assert catalogue.api.get(each["href"], Accept=each["type"]).mimetype == each["type"]


def test_req_local_resources_catalog_query_parameters(catalogue: "Records"):
    document = catalogue.api.json("/api", {"f": "json"})
    written = document["paths"]["/collections"]["get"]["parameters"]
    names = [document["components"]["parameters"][each["$ref"].rsplit("/", 1)[1]]["name"] for each in written]

    assert {"bbox", "datetime", "q", "ids"} <= set(names)


@pytest.mark.parametrize(
    ("asked", "some"),
    [
        ({"ids": "thua-dat,sieu-du-lieu"}, {"thua-dat", "sieu-du-lieu"}),
        ({"ids": "khong-co"}, set()),
        ({"q": "SIEU  DU LIEU DAT DAI"}, {"sieu-du-lieu"}),
        ({"q": "du lieu sieu"}, set()),
        ({"q": "thửa đất", "ids": "thua-dat"}, {"thua-dat"}),
        ({"bbox": "0,0,1,1"}, set()),
        ({"bbox": "106,11,107,12", "ids": "thua-dat"}, {"thua-dat"}),
        ({"datetime": "../1990-01-01"}, set()),
        ({"datetime": "2024-01-01", "ids": "thua-dat"}, {"thua-dat"}),
    ],
)
def test_req_local_resources_catalog_query_parameters_response(
    catalogue: "Records", asked: dict[str, str], some: set[str]
):
    found = _listed(catalogue, **asked)

    assert set(found) == some


def test_the_whole_list_is_there_without_a_parameter(catalogue: "Records"):
    every = _listed(catalogue)

    assert len(every) > len(_listed(catalogue, bbox="106,11,107,12")) > 5
    assert len(every) == len(set(every))


@pytest.mark.parametrize("asked", [{"khong_co": "1"}, {"bbox": "1"}, {"datetime": "x"}, {"q": ""}, {"limit": "1"}])
def test_what_is_wrong_is_refused_by_name(catalogue: "Records", asked: Any):
    assert catalogue.api.problem("/collections", asked)["parameter"] == next(iter(asked))
