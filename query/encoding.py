"""The forms in which PostgreSQL delivers rows to the encoders."""

from enum import StrEnum


class RowEncoding(StrEnum):
    """What one row is; after the first two forms, a tuple ``(id, geometry | None, value, ...)``."""

    GEOJSON = "geojson"
    """One GeoJSON Feature as text."""
    JSONFG = "jsonfg"
    """One JSON-FG Feature as text."""
    VALUES = "values"
    """Geometry as little-endian ISO WKB, x first."""
    WKT = "wkt"
    """Geometry as WKT, x first."""
    GML = "gml"
    """Geometry as GML 3.2 without srsName, axes in the order of the CRS."""
