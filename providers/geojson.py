"""The formatter that lets features leave pygeoapi as PostgreSQL wrote them.

Its ``f`` is ``json``, so it stands in for pygeoapi's own serialiser, which escapes ``<`` and ``>`` in all texts.
"""

from typing import Any

import orjson
from pygeoapi.formatter.base import BaseFormatter

from formats.json_text import members_text
from providers.items import Features


class GeoJsonFormatter(BaseFormatter):
    """GeoJSON from the texts of a page."""

    def __init__(self, formatter_def: dict[str, Any]) -> None:
        super().__init__(formatter_def)
        self.name = "GeoJSON"
        self.f = "json"
        self.mimetype = "application/geo+json"
        self.extension = "geojson"

    def write(self, options: dict[str, Any] | None = None, data: Any = None) -> str:  # noqa: ARG002 - pygeoapi's signature
        """Return the page; ``timeStamp`` stays out, so that equal pages have equal bytes."""
        features = data["features"]
        text = features.text if isinstance(features, Features) else orjson.dumps(list(features))[1:-1].decode()
        names = ("links", "numberMatched", "numberReturned")
        tail = {name: data[name] for name in names if name in data}
        return '{"type":"FeatureCollection","features":[' + text + "]," + members_text(tail).decode() + "}"
