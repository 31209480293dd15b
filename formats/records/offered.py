"""All encodings of a metadata record, in the order in which the server prefers them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from catalogue.record import Published
from formats.records import dcat, dublin_core, iso19115_3, iso19139, oarec, schema_org
from formats.records.about import About
from formats.records.encodings import (
    DCAT_JSON,
    DCAT_RDF,
    DCAT_TURTLE,
    DUBLIN_CORE,
    ISO_19115_3,
    ISO_19139,
    JSON,
    SCHEMA_ORG,
    Encoding,
)
from formats.records.markup import Element

type Encode = Callable[[Published, About], bytes]
type ToElement = Callable[[Published, About], Element]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFormat(Encoding):
    """An encoding with its encoder; where it is XML ``element`` makes the root of what ``encode`` writes."""

    encode: Encode
    element: ToElement | None = None


def _offer(encoding: Encoding, encode: Encode, element: ToElement | None = None) -> RecordFormat:
    return RecordFormat(**asdict(encoding), encode=encode, element=element)


RECORD_FORMATS: tuple[RecordFormat, ...] = (
    _offer(JSON, oarec.encode),
    _offer(ISO_19139, iso19139.encode, iso19139.element),
    _offer(ISO_19115_3, iso19115_3.encode, iso19115_3.element),
    _offer(DCAT_TURTLE, dcat.encode_turtle),
    _offer(DCAT_RDF, dcat.encode_rdf, dcat.element),
    _offer(DCAT_JSON, dcat.encode_json),
    _offer(SCHEMA_ORG, schema_org.encode),
    _offer(DUBLIN_CORE, dublin_core.encode, dublin_core.element),
)
BY_KEY = {each.key: each for each in RECORD_FORMATS}
BY_PREFIX = {each.prefix: each for each in RECORD_FORMATS if each.prefix is not None}
"""By ``metadataPrefix`` of OAI-PMH."""
