"""Namespaces, schemas and versions, by the names that CSW gives them."""

from lxml.builder import ElementMaker  # pyright: ignore[reportMissingImports]

VERSION = "2.0.2"
CSW = "http://www.opengis.net/cat/csw/2.0.2"
GMD = "http://www.isotc211.org/2005/gmd"
OGC = "http://www.opengis.net/ogc"
OWS = "http://www.opengis.net/ows"
GML = "http://www.opengis.net/gml"
GML32 = "http://www.opengis.net/gml/3.2"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DC = "http://purl.org/dc/elements/1.1/"
DCT = "http://purl.org/dc/terms/"
APISO = "http://www.opengis.net/cat/csw/apiso/1.0"
XML_SCHEMA = "http://www.w3.org/XML/Schema"

PREFIXES = {"csw": CSW, "dc": DC, "dct": DCT, "gmd": GMD, "ows": OWS, "ogc": OGC, "xlink": XLINK, "xsi": XSI}
SCHEMAS = (CSW, GMD)
"""Values of ``outputSchema``."""
TYPES = ("csw:Record", "gmd:MD_Metadata")
"""Values of ``typeNames``; there is one set of records, whichever is named."""
MEDIA_TYPES = ("application/xml", "text/xml")
DISCOVERY = f"{CSW} http://schemas.opengis.net/csw/2.0.2/CSW-discovery.xsd"

csw = ElementMaker(namespace=CSW, nsmap=PREFIXES)
ows = ElementMaker(namespace=OWS, nsmap=PREFIXES)
ogc = ElementMaker(namespace=OGC, nsmap=PREFIXES)


def local(name: str) -> str:
    """Return a name without its prefix or path, in lower case: ``dc:title``, ``csw:Record/dc:title`` are ``title``."""
    return name.strip().rpartition("/")[2].rpartition(":")[2].lower()
