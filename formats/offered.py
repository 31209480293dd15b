"""All encoders, in the order in which the server prefers them."""

from typing import Any

from formats.csv_text import Csv
from formats.flatgeobuf import FlatGeobuf
from formats.format import Format
from formats.geojson import GeoJson
from formats.geopackage import GeoPackage
from formats.gml import Gml
from formats.jsonfg import JsonFg

FORMATS: tuple[Format[Any, Any], ...] = (GeoJson(), JsonFg(), Csv(), FlatGeobuf(), GeoPackage(), Gml())
