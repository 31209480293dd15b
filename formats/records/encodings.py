"""Names of the encodings of a metadata record: what asks for each, and what harvesters call it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encoding:
    """One encoding.

    Attributes:
        key: the value of ``f``.
        media_types: that ask for it; the first is the one that is sent.
        name: what people call it.
        prefix: ``metadataPrefix`` of OAI-PMH; ``None``: it is no XML that OAI-PMH could carry.
        schema: location of the XML schema.
        namespace: of the root element.
    """

    key: str
    media_types: tuple[str, ...]
    name: str
    prefix: str | None = None
    schema: str | None = None
    namespace: str | None = None


JSON = Encoding("json", ("application/geo+json", "application/json"), "OGC API Records (GeoJSON)")
ISO_19139 = Encoding(
    "iso19139",
    ("application/vnd.iso.19139+xml", "application/xml", "text/xml"),
    "ISO 19139 (XML)",
    "iso19139",
    "http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd",
    "http://www.isotc211.org/2005/gmd",
)
ISO_19115_3 = Encoding(
    "iso19115-3",
    ("application/vnd.iso.19115-3+xml",),
    "ISO 19115-3 (XML)",
    "iso19115-3",
    "http://standards.iso.org/iso/19115/-3/mdb/2.0/mdb.xsd",
    "http://standards.iso.org/iso/19115/-3/mdb/2.0",
)
DCAT_TURTLE = Encoding("dcat-ttl", ("text/turtle",), "GeoDCAT-AP (Turtle)")
DCAT_RDF = Encoding(
    "dcat-rdf",
    ("application/rdf+xml",),
    "GeoDCAT-AP (RDF/XML)",
    "dcat",
    "https://www.w3.org/2000/07/rdf.xsd",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
)
DCAT_JSON = Encoding("dcat-jsonld", ("application/ld+json",), "GeoDCAT-AP (JSON-LD)")
SCHEMA_ORG = Encoding("schema-org", ('application/ld+json; profile="https://schema.org/"',), "schema.org (JSON-LD)")
DUBLIN_CORE = Encoding(
    "oai_dc",
    ('application/xml; profile="http://www.openarchives.org/OAI/2.0/oai_dc/"',),
    "Dublin Core (XML)",
    "oai_dc",
    "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
    "http://www.openarchives.org/OAI/2.0/oai_dc/",
)
ENCODINGS = (JSON, ISO_19139, ISO_19115_3, DCAT_TURTLE, DCAT_RDF, DCAT_JSON, SCHEMA_ORG, DUBLIN_CORE)
"""In the order in which the server prefers them."""

_FORMATS = {
    "application/geo+json": "GeoJSON",
    "application/json": "JSON",
    "application/vnd.ogc.fg+json": "JSON-FG",
    "text/csv": "CSV",
    "application/vnd.flatgeobuf": "FlatGeobuf",
    "application/geopackage+sqlite3": "GeoPackage",
    "application/gml+xml": "GML",
    "application/vnd.mapbox-vector-tile": "Mapbox Vector Tiles",
    "application/zip": "ZIP",
    "application/pdf": "PDF",
    "text/html": "HTML",
    "image/tiff": "GeoTIFF",
}


def format_name(media_type: str) -> str:
    """Return what people call a format of data; a media type without a name stands for itself."""
    return _FORMATS.get(media_type.partition(";")[0].strip(), media_type)
