"""XML that a client sent, read without entities, DTD and network, up to a size and a depth."""

from lxml import etree

from core.limits import LIMITS
from formats.records.markup import Element
from harvest.faces.csw.faults import NOTHING_APPLIES, Fault

DEPTH_MAX = LIMITS.filter_depth_max + 8
"""A filter stands in GetRecords, Query, Constraint and Filter."""


def parse(body: bytes, *, locator: str | None = None) -> Element:
    """Return the root.

    Raises:
        Fault: it is no XML, has a document type, or is too large or too deep.
    """
    if len(body) > LIMITS.filter_post_max:
        raise Fault(f"The request is larger than {LIMITS.filter_post_max} bytes.", code=NOTHING_APPLIES, status=413)
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Fault(f"The XML cannot be read: {str(error)[:200]}", locator=locator) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault("XML with a document type is refused.", locator=locator)
    _check_depth(root, locator)
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _check_depth(root: Element, locator: str | None) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEPTH_MAX:
            raise Fault(f"The XML is nested deeper than {DEPTH_MAX} elements.", locator=locator)
