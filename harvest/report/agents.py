"""Families of harvesting programs: what a header User-Agent is told as, for it may hold anything, persons included."""

from collections.abc import Sequence

OTHER = "other"
"""What is none of the families, or says nothing."""

FAMILIES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("GeoNetwork", ("geonetwork",)),
    ("CKAN", ("ckan",)),
    ("pycsw", ("pycsw",)),
    ("udata", ("udata",)),
    ("Esri", ("esri", "arcgis", "geoportal")),
    ("QGIS", ("qgis",)),
    ("OWSLib", ("owslib",)),
    ("ogc-client", ("ogc-client", "geonetwork-ui")),
    ("sickle", ("sickle",)),
    ("oaipmh-scythe", ("scythe",)),
    ("pyoai", ("pyoai",)),
    ("HTTP-OAI", ("http-oai", "libwww-perl", "catmandu", "lwp::")),
    ("ResourceSync", ("resync",)),
    ("GDAL", ("gdal",)),
    ("crawler", ("googlebot", "bingbot", "bot/", "crawler", "spider")),
    ("curl", ("curl/",)),
    ("Wget", ("wget/",)),
    ("Python", ("python-requests", "python-urllib", "httpx", "aiohttp", "python/")),
    ("Java", ("apache-httpclient", "java/", "okhttp")),
    ("Node", ("node", "undici", "axios")),
    ("browser", ("mozilla/",)),
)
"""Name and what tells it, in lower case; the first that fits counts, so programs stand before what they are made of."""


def family_of(user_agent: str) -> str:
    """Return the family of a program by its header ``User-Agent``."""
    said = user_agent[:300].lower()
    return next((name for name, signs in FAMILIES if any(sign in said for sign in signs)), OTHER)
