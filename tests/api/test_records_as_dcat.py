"""Pages of records as linked data: a harvester of DCAT follows ``hydra:next`` and has the whole catalogue."""

from typing import TYPE_CHECKING

import pytest
from rdflib import DCAT, RDF, Graph, Namespace, URIRef

from tests.api.records_stock import ITEMS

if TYPE_CHECKING:
    from tests.api.records_stock import Records

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
FORMS = {"dcat-ttl": "text/turtle", "dcat-rdf": "application/rdf+xml", "dcat-jsonld": "application/ld+json"}


def _next(graph: Graph) -> str | None:
    """Return what CKAN's harvester does, which knows one way to say it, and udata's, which knows another."""
    ways = {(HYDRA.PagedCollection, HYDRA.nextPage), (HYDRA.PartialCollectionView, HYDRA.next)}
    found = {graph.value(node, link) for kind, link in ways for node in graph.subjects(RDF.type, kind)}
    (one,) = found
    return None if one is None else str(one)


@pytest.mark.parametrize("form", FORMS)
def test_a_harvester_of_dcat_gets_every_record_that_the_caller_sees(catalogue: "Records", form: str):
    expected = {each["id"] for page in catalogue.api.all_pages(ITEMS, {"limit": 100}) for each in page["features"]}
    seen: list[str] = []
    target: str | None = f"{ITEMS}?f={form}&limit=10"

    while target:
        answer = catalogue.api.ask("GET", target)
        assert answer.mimetype == FORMS[form]
        graph = Graph().parse(data=answer.data, format=FORMS[form])
        catalogues = list(graph.subjects(RDF.type, DCAT.Catalog))
        assert len(catalogues) == 1
        found = {*graph.subjects(RDF.type, DCAT.Dataset), *graph.subjects(RDF.type, DCAT.DataService)}
        seen.extend(str(each).rpartition("/")[2] for each in found)
        target = _next(graph)

    assert len(seen) == len(set(seen))
    assert set(seen) == expected


def test_a_page_as_linked_data_keeps_to_the_filter(catalogue: "Records"):
    answer = catalogue.api.ask("GET", f"{ITEMS}?f=dcat-ttl&q=tan%20phu&limit=100")
    graph = Graph().parse(data=answer.data, format="turtle")
    matched = catalogue.api.json(ITEMS, {"q": "tan phu"})["numberMatched"]

    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == matched
    assert [each.toPython() for each in graph.objects(None, HYDRA.totalItems)] == [matched]


def test_an_accept_header_asks_for_linked_data_too(catalogue: "Records"):
    answer = catalogue.api.ask("GET", ITEMS, Accept="text/turtle")
    graph = Graph().parse(data=answer.data, format="turtle")

    assert answer.mimetype == "text/turtle"
    assert (None, RDF.type, URIRef(DCAT.Catalog)) in graph
