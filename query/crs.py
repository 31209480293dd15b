"""Coordinate reference systems by which geometries leave and enter: URIs, axis order, precision, extent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import BadParameter

CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG_URI = "http://www.opengis.net/def/crs/EPSG/0/{}"
_FORMS = (
    re.compile(r"https?://www\.opengis\.net/def/crs/EPSG/0/([0-9]{4,6})"),
    re.compile(r"urn:ogc:def:crs:EPSG:[0-9.]*:([0-9]{4,6})"),
    re.compile(r"EPSG:([0-9]{4,6})|\[EPSG:([0-9]{4,6})\]"),
)
_CRS84_FORMS = frozenset(
    {CRS84_URI, CRS84_URI.replace("http:", "https:"), "[OGC:CRS84]", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"}
)
_LAT_FIRST = frozenset({4326, 4756})
WORLD = (-180.0, -90.0, 180.0, 90.0)
_MERCATOR = 20037508.342789244


@dataclass(frozen=True, slots=True)
class Crs:
    """One CRS as a client names it.

    Attributes:
        srid: EPSG code; CRS84 is 4326 with longitude first.
        lat_first: coordinates on the wire are (latitude, longitude).
    """

    uri: str
    srid: int
    lat_first: bool

    @property
    def is_geographic(self) -> bool:
        """Tell whether coordinates are degrees."""
        return self.srid in _LAT_FIRST

    @property
    def decimals(self) -> int:
        """Return the decimals of an ordinate that keep 0.1 mm."""
        return 9 if self.is_geographic else 4

    @property
    def domain(self) -> tuple[float, float, float, float]:
        """Return (min_x, min_y, max_x, max_y), x first, within which the projection is computed safely.

        All of Vietnam lies well inside; a box of a client's is cut to it before PostgreSQL sees it.
        """
        if self.is_geographic:
            return WORLD
        if self.srid == 3857:
            return (-_MERCATOR, -_MERCATOR, _MERCATOR, _MERCATOR)
        return (-1_500_000.0, 0.0, 2_500_000.0, 4_000_000.0)


CRS84 = Crs(CRS84_URI, 4326, lat_first=False)


def epsg(srid: int) -> Crs:
    """Return the CRS of an EPSG code."""
    return Crs(_EPSG_URI.format(srid), srid, lat_first=srid in _LAT_FIRST)


def offered(srids: Sequence[int]) -> tuple[Crs, ...]:
    """Return the CRSs of a collection, CRS84 first."""
    return (CRS84, *(epsg(srid) for srid in srids))


def crs_named(parameter: str, value: str, srids: Sequence[int]) -> Crs:
    """Return the CRS that a client names by URI, URN, safe CURIE or CURIE.

    Raises:
        BadParameter: not the name of a CRS that the collection offers.
    """
    if value in _CRS84_FORMS:
        return CRS84
    codes = (int(match[match.lastindex or 1]) for form in _FORMS if (match := form.fullmatch(value)))
    if (srid := next(codes, None)) in srids and srid is not None:
        return epsg(srid)
    raise BadParameter(parameter, "not a CRS of this collection.", ", ".join(crs.uri for crs in offered(srids)))
