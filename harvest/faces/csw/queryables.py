"""The properties that a constraint may name, and the columns of the catalogue that answer for them.

Only the last step of a name counts, in any case: ``dc:title``, ``apiso:Title``, ``csw:Record/dc:title`` are one.
Source: OGC 07-006r1, tables 6 to 10; OGC 07-045, tables 6 to 9.
"""

from collections.abc import Mapping

from harvest.faces.csw.faults import Fault
from harvest.faces.csw.names import local

ANY_TEXT = "anytext"
BOX = "boundingbox"
COLUMNS: Mapping[str, str] = {
    "identifier": "id",
    "title": "title",
    "abstract": "description",
    "description": "description",
    "subject": "keywords",
    "type": "type",
    "modified": "updated",
    "date": "updated",
    "created": "created",
    "tempextent_begin": "time_begin",
    "tempextent_end": "time_end",
}
"""Column by the name in lower case."""
GEOMETRY = "geometry"
"""What CQL2 calls the extent."""
_EXTENTS = (BOX, "spatial", "coverage", "geometry")
DUBLIN_CORE = (
    "csw:AnyText", "dc:identifier", "dc:title", "dct:abstract", "dc:subject", "dc:type", "dct:modified",
    "dct:created", "ows:BoundingBox",
)  # fmt: skip
ISO = (
    "apiso:AnyText", "apiso:Identifier", "apiso:Title", "apiso:Abstract", "apiso:Subject", "apiso:Type",
    "apiso:Modified", "apiso:BoundingBox", "apiso:TempExtent_begin", "apiso:TempExtent_end",
)  # fmt: skip
SORTABLES: Mapping[str, str] = {each: COLUMNS[each] for each in ("identifier", "title", "type", "modified", "created")}
_SORTABLE = "dc:identifier, dc:title, dc:type, dct:modified, dct:created"


def column_of(name: str) -> str:
    """Return the column of a property, ``ANY_TEXT``, or ``GEOMETRY`` for the extent.

    Raises:
        Fault: there is no such property.
    """
    known = local(name)
    if known == ANY_TEXT:
        return ANY_TEXT
    if known in _EXTENTS:
        return GEOMETRY
    if known not in COLUMNS:
        raise Fault(f"There is no property {name[:60]}. There are: {', '.join((*DUBLIN_CORE, *ISO))}.", locator=name)
    return COLUMNS[known]


def sortable(name: str) -> str:
    """Return the column by which a property sorts.

    Raises:
        Fault: nothing is sorted by it.
    """
    if local(name) not in SORTABLES:
        raise Fault(f"Nothing is sorted by {name[:60]}. Allowed: {_SORTABLE}.", locator="SortBy")
    return SORTABLES[local(name)]
