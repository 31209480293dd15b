"""What the map's script reads from the page: geometries in lon/lat, an address for boundaries, texts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

type Json = Mapping[str, Any]

_CRS84 = ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "[OGC:CRS84]")
_TEXTS = (
    "map-close",
    "map-draw",
    "map-draw-hint",
    "map-fit",
    "map-gesture",
    "map-no-webgl",
    "map-open",
    "map-search-here",
    "map-zoom-in",
    "map-zoom-out",
)
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def script(
    document: Json, basemap: str | None, query: Mapping[str, str], words: Mapping[str, str], *, spatial: bool
) -> str:
    """Return JSON that is safe inside a script element, or nothing where there is nothing to draw.

    Args:
        spatial: boundaries alone make a map too, as around an empty page of a layer with geometries.
    """
    lonlat = query.get("crs", _CRS84[0]) in _CRS84
    features = list(_features(document)) if lonlat else []
    if not features and not (basemap and spatial):
        return ""
    content = {
        "features": {"type": "FeatureCollection", "features": features},
        "basemap": basemap,
        "texts": {key.removeprefix("map-"): words[key] for key in _TEXTS},
    }
    return escaped(json.dumps(content, ensure_ascii=False, separators=(",", ":")))


def escaped(text: str) -> str:
    """Return JSON in which no text can end the script element that it stands in."""
    return text.translate(_ESCAPES)


def _features(document: Json) -> Iterator[Json]:
    """Yield bare geometries numbered as the rows of the table; attributes are in the table already."""
    members = document.get("features") or ([document] if document.get("type") == "Feature" else [])
    members = members or list(_extent(document))
    for number, each in enumerate(members):
        if each.get("geometry"):
            yield {"type": "Feature", "properties": {"n": number}, "geometry": each["geometry"]}


def _extent(document: Json) -> Iterator[Json]:
    for box in document.get("extent", {}).get("spatial", {}).get("bbox", [])[:1]:
        west, south, east, north = (*box[:2], *box[len(box) // 2 :][:2])
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        yield {"geometry": {"type": "Polygon", "coordinates": [ring]}}
