"""OWSLib's catalogue client: capabilities, pages, filters, both schemas, single records, exceptions."""

from collections.abc import Iterator

import pytest
from owslib.catalogue.csw2 import CatalogueServiceWeb
from owslib.fes import And, BBox, PropertyIsEqualTo, PropertyIsGreaterThanOrEqualTo, PropertyIsLike

from tests.harvest.stock import at, record

pytestmark = pytest.mark.client
GMD = "http://www.isotc211.org/2005/gmd"
ALL = {str(record(str(n)).id): f"Tập {n}" for n in range(25)}


@pytest.fixture
def service(catalogue_url: str) -> CatalogueServiceWeb:
    """The client, connected to the catalogue."""
    return CatalogueServiceWeb(catalogue_url)


def _pages(service: CatalogueServiceWeb, **asked: object) -> Iterator[dict[str, object]]:
    start = 0
    while True:
        service.getrecords2(startposition=start, maxrecords=10, **asked)
        yield dict(service.records)
        start = service.results["nextrecord"]
        if not start:
            return


def test_it_reads_the_catalogue(service: CatalogueServiceWeb) -> None:
    assert service.version == "2.0.2"
    assert {each.name for each in service.operations} >= {"GetRecords", "GetRecordById"}
    assert GMD in service.get_operation_by_name("GetRecords").parameters["outputSchema"]["values"]
    assert service.identification.title

    found = {id_: each.title for page in _pages(service, esn="full") for id_, each in page.items()}
    assert found == ALL
    assert service.results["matches"] == 25

    one, other = list(ALL)[:2]
    service.getrecordbyid([one, other, "none"])
    assert {each.title for each in service.records.values()} == {ALL[one], ALL[other]}

    metadata = {id_ for page in _pages(service, esn="full", outputschema=GMD) for id_ in page}
    assert metadata == set(ALL)
    service.getrecordbyid([one], outputschema=GMD)
    assert service.records[one].identification[0].title == ALL[one]
    assert service.records[one].datestamp == f"{at(int(ALL[one][4:])):%Y-%m-%dT%H:%M:%SZ}"

    service.describerecord()


def test_it_searches(service: CatalogueServiceWeb) -> None:
    def found(*constraints: object) -> set[str]:
        return {each.title for page in _pages(service, constraints=list(constraints)) for each in page.values()}

    assert found(PropertyIsLike("csw:AnyText", "%tap 1%")) == {f"Tập {n}" for n in (1, *range(10, 20))}
    assert found(PropertyIsEqualTo("dc:title", "Tập 7")) == {"Tập 7"}
    assert found(PropertyIsGreaterThanOrEqualTo("dct:modified", f"{at(20):%Y-%m-%dT%H:%M:%SZ}")) == {
        f"Tập {n}" for n in range(20, 25)
    }
    both = And([PropertyIsEqualTo("dc:subject", "thửa đất"), PropertyIsLike("dc:title", "Tập 2_", singleChar="_")])
    assert found(both) == {f"Tập {n}" for n in range(20, 25)}
    assert len(found(BBox([106, 11, 108, 13]))) == 25
    assert len(found(BBox([11, 106, 13, 108], crs="urn:ogc:def:crs:EPSG::4326"))) == 25
    assert found(BBox([10, 11, 12, 13])) == set()
    service.getrecords2(cql="dc:title = 'Tập 3' or dc:title = 'Tập 4'", esn="brief")
    assert {each.title for each in service.records.values()} == {"Tập 3", "Tập 4"}
    service.getrecords2(constraints=[], resulttype="hits")
    assert service.results["matches"] == 25
