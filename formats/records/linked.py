"""A small graph of RDF, and its three spellings. Source: RDF 1.1 Turtle, RDF/XML, JSON-LD 1.1."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from formats.records.markup import Xml, clean, node, root

PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geodcat": "http://data.europa.eu/930/",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "prov": "http://www.w3.org/ns/prov#",
    "sdmx-attribute": "http://purl.org/linked-data/sdmx/2009/attribute#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void": "http://rdfs.org/ns/void#",
}
_NOT_IN_IRIS = re.compile('[\x00-\x20<>"{}|^`\\\\\x7f-\x9f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile('[\\\\"\n\r\t]')


@dataclass(frozen=True, slots=True)
class Name:
    """A term of a vocabulary, ``prefix:local``."""

    curie: str


@dataclass(frozen=True, slots=True)
class Iri:
    """A thing by its address; what no IRI can hold is percent-encoded."""

    value: str

    @property
    def text(self) -> str:
        """Return the address as every spelling can write it."""
        return _NOT_IN_IRIS.sub(lambda each: "".join(f"%{byte:02X}" for byte in _bytes(each[0])), self.value)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text in a language, or a value of a datatype (``prefix:local``); neither: plain text."""

    value: str
    language: str | None = None
    datatype: str | None = None


type Term = Name | Iri | Literal
type Triple = tuple[Iri, str, Term]
"""Subject, predicate as ``prefix:local``, object."""
type Members = dict[str, Any]
type Graph = Mapping[Iri, list[tuple[str, Term]]]


def by_subject(triples: Iterable[Triple]) -> Graph:
    """Return what is said of each subject, in the order of its first mention; what is said twice stands once."""
    graph: dict[Iri, dict[tuple[str, Term], None]] = {}
    for subject, predicate, term in triples:
        graph.setdefault(subject, {})[predicate, term] = None
    return {subject: list(said) for subject, said in graph.items()}


def turtle(graph: Graph) -> bytes:
    """Return a graph as Turtle."""
    prefixes = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items())
    blocks = (
        f"\n<{subject.text}>\n" + " ;\n".join(f"    {predicate} {_turtle(term)}" for predicate, term in said) + " .\n"
        for subject, said in graph.items()
    )
    return (prefixes + "".join(blocks)).encode()


def rdf_xml(graph: Graph) -> Xml:
    """Return a graph as ``rdf:RDF``."""
    return root("rdf:RDF", PREFIXES, (_description(subject, said) for subject, said in graph.items()))


def json_ld(graph: Graph) -> bytes:
    """Return a graph as JSON-LD, flattened."""
    nodes = [_object(subject, said) for subject, said in graph.items()]
    return orjson.dumps({"@context": PREFIXES, "@graph": nodes})


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _expanded(curie: str) -> str:
    prefix, _, local = curie.partition(":")
    return PREFIXES[prefix] + local


def _turtle(term: Term) -> str:
    match term:
        case Name():
            return term.curie
        case Iri():
            return f"<{term.text}>"
        case Literal():
            text = _ESCAPED.sub(lambda each: _ESCAPES[each[0]], clean(term.value))
            suffix = f"@{term.language}" if term.language else f"^^{term.datatype}" if term.datatype else ""
            return f'"{text}"{suffix}'


def _description(subject: Iri, said: list[tuple[str, Term]]) -> Xml:
    return node("rdf:Description", (_property(*each) for each in said), attributes={"rdf:about": subject.text})


def _property(predicate: str, term: Term) -> Xml:
    match term:
        case Name():
            return node(predicate, attributes={"rdf:resource": _expanded(term.curie)})
        case Iri():
            return node(predicate, attributes={"rdf:resource": term.text})
        case Literal():
            given = {"xml:lang": term.language, "rdf:datatype": _expanded(term.datatype) if term.datatype else None}
            return node(predicate, term.value, attributes={name: text for name, text in given.items() if text})


def _object(subject: Iri, said: list[tuple[str, Term]]) -> Members:
    members: Members = {"@id": subject.text}
    for predicate, term in said:
        if predicate == "rdf:type" and isinstance(term, Name):
            members.setdefault("@type", []).append(term.curie)
        else:
            members.setdefault(predicate, []).append(_value(term))
    return members


def _value(term: Term) -> Members:
    match term:
        case Name():
            return {"@id": term.curie}
        case Iri():
            return {"@id": term.text}
        case Literal(value, language, datatype):
            kind = {"@language": language} if language else {"@type": datatype} if datatype else {}
            return {"@value": clean(value), **kind}
