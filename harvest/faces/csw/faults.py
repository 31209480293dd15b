"""What is refused, as an exception report of OWS Common 1.0. Source: OGC 05-008c1, clause 8; OGC 07-006r1, 10.3.7."""

from lxml import etree

from harvest.faces.csw.names import OWS, XSI, ows

INVALID = "InvalidParameterValue"
MISSING = "MissingParameterValue"
NOT_SUPPORTED = "OperationNotSupported"
NEGOTIATION = "VersionNegotiationFailed"
NOTHING_APPLIES = "NoApplicableCode"
_SCHEMA = f"{OWS} http://schemas.opengis.net/ows/1.0.0/owsExceptionReport.xsd"


class Fault(Exception):
    """A request is refused; never leaves the face.

    Args:
        text: what was wrong and what is allowed, in English.
        locator: the parameter or operation that it is about.
    """

    def __init__(self, text: str, *, locator: str | None = None, code: str = INVALID, status: int = 400) -> None:
        self.text = text
        self.locator = locator
        self.code = code
        self.status = status
        super().__init__(text)


def report(fault: Fault) -> bytes:
    """Return the exception report of a fault."""
    exception = ows.Exception(ows.ExceptionText(printable(fault.text)), exceptionCode=fault.code)
    if fault.locator:
        exception.set("locator", printable(fault.locator)[:100])
    root = ows.ExceptionReport(exception, version="1.2.0")
    root.set(f"{{{XSI}}}schemaLocation", _SCHEMA)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def printable(text: str) -> str:
    """Return a text as XML can carry it: what a client sent may hold anything."""
    return "".join(each if each.isprintable() else "?" for each in text)
