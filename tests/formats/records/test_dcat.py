"""GeoDCAT-AP: one graph in three spellings, with what the profile makes mandatory."""

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import DCAT, DCTERMS, RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from catalogue.record import Kind, Published
from formats.records import dcat
from formats.records.dcat import Page
from formats.records.linked import Iri
from tests.formats.records.made import ABOUT, FULL, READABLE, RECORD, published

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
SHAPES = Path(__file__).with_name("dcat_ap.shapes.ttl")
SYNTAXES = {"dcat-ttl": "turtle", "dcat-rdf": "xml", "dcat-jsonld": "json-ld"}
ENCODERS = {"dcat-ttl": dcat.encode_turtle, "dcat-rdf": dcat.encode_rdf, "dcat-jsonld": dcat.encode_json}
THIS = URIRef(ABOUT.record_url(RECORD.id))
_FEW = settings(max_examples=25)


def _graph(record: Published, key: str = "dcat-ttl") -> Graph:
    return Graph().parse(data=ENCODERS[key](record, ABOUT), format=SYNTAXES[key])


def _report(graph: Graph) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyshacl import validate

        conforms, _, text = validate(graph, shacl_graph=Graph().parse(SHAPES), advanced=False)
    return "" if conforms else text


@_FEW
@given(published(st.characters(exclude_categories=("Cs",))))
def test_three_spellings_say_one_graph(record: Published) -> None:
    graphs = [_graph(record, key) for key in ENCODERS]

    assert all(isomorphic(graphs[0], each) for each in graphs[1:])
    assert len(graphs[0]) == sum(len(said) for said in dcat.graph(record, ABOUT).values())


@pytest.mark.parametrize("kind", list(Kind))
def test_what_dcat_ap_makes_mandatory_is_there(kind: Kind) -> None:
    assert _report(_graph(replace(FULL, record=replace(RECORD, kind=kind)))) == ""


@settings(max_examples=8)
@given(published(READABLE, most=1))
def test_what_dcat_ap_makes_mandatory_is_there_whatever_the_record(record: Published) -> None:
    named = replace(record.record, general=RECORD.general)

    assert _report(_graph(replace(record, record=named))) == ""


@pytest.mark.parametrize("missing", ["title", "description", "publisher", "modified"])
def test_the_shapes_see_what_is_missing(missing: str) -> None:
    graph = _graph(FULL)
    graph.remove((None, DCTERMS[missing], None))

    assert f"dct:{missing}" in _report(graph)


def test_an_address_holds_no_character_that_would_end_it() -> None:
    assert Iri('https://a.vn/x y<z>"{đ}\n').text == "https://a.vn/x%20y%3Cz%3E%22%7Bđ%7D%0A"


def test_instants_are_typed_and_the_license_has_an_address() -> None:
    graph = _graph(FULL)

    assert (THIS, DCTERMS.modified, Literal("2025-06-30T01:02:03Z", datatype=XSD.dateTime)) in graph
    assert (THIS, DCTERMS.license, URIRef(ABOUT.terms_url)) in graph


def test_a_service_tells_where_it_is_called_and_has_no_distribution() -> None:
    graph = _graph(replace(FULL, record=replace(RECORD, kind=Kind.SERVICE)))

    assert (THIS, RDF.type, DCAT.DataService) in graph
    assert URIRef("https://land.example.vn/collections/thua-dat/items") in set(graph.objects(THIS, DCAT.endpointURL))
    assert not list(graph.objects(THIS, DCAT.distribution))


@pytest.mark.parametrize("key", ENCODERS)
def test_a_page_of_the_list_leads_to_the_next_one_by_old_and_new_names(key: str) -> None:
    first = "https://land.example.vn/l"
    page = Page(f"{first}?page=2", first, f"{first}?page=3", total=9)
    graph = Graph().parse(data=dcat.encode_list([FULL], ABOUT, page, key), format=SYNTAXES[key])
    this = URIRef(page.url)

    assert (this, RDF.type, HYDRA.PagedCollection) in graph
    assert set(graph.objects(this, HYDRA.next)) == set(graph.objects(this, HYDRA.nextPage)) == {URIRef(page.next or "")}
    assert graph.value(this, HYDRA.totalItems) == Literal(9)
    assert THIS in set(graph.objects(URIRef(ABOUT.catalogue), DCAT.dataset))


def test_the_last_page_leads_nowhere_and_an_empty_list_is_a_catalogue() -> None:
    page = Page("https://land.example.vn/l", "https://land.example.vn/l", None, total=0)
    graph = Graph().parse(data=dcat.encode_list([], ABOUT, page), format="turtle")

    assert not list(graph.objects(None, HYDRA.next))
    assert (URIRef(ABOUT.catalogue), RDF.type, DCAT.Catalog) in graph


def test_a_list_in_another_spelling_is_refused() -> None:
    with pytest.raises(KeyError):
        dcat.encode_list([], ABOUT, Page("https://a.vn/", "https://a.vn/", None), "json")


def test_json_ld_needs_no_context_from_elsewhere() -> None:
    found: Any = json.loads(dcat.encode_json(FULL, ABOUT))

    assert isinstance(found["@context"], dict)
