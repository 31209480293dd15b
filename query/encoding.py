"""What PostgreSQL writes for one row: a feature in JSON, or its values and its geometry."""

from dataclasses import dataclass
from enum import StrEnum

from catalogue.layer import Column, Geometry, GeometryKind, Rows
from catalogue.types import ColumnType
from query.crs import Crs
from query.view import View, quoted


class RowEncoding(StrEnum):
    """Form of the rows that an encoder takes."""

    GEOJSON = "geojson"
    """One text: a GeoJSON feature."""
    JSONFG = "jsonfg"
    """One text: a JSON-FG feature."""
    VALUES = "values"
    """(key, WKB or None, column, ...); x before y whatever the CRS says."""
    WKT = "wkt"
    """(key, WKT or None, column, ...); x before y whatever the CRS says."""
    GML = "gml"
    """(key, GML 3.2 geometry without srsName and gml:id, or None, column, ...)."""


_NULL = "'null'"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a geometry leaves.

    Attributes:
        zoom: zoom level of WebMercatorQuad for which the geometry is simplified; ``None`` is the full geometry.
    """

    crs: Crs
    zoom: float | None = None
    with_geometry: bool = True


def row_columns(view: View, columns: tuple[Column, ...], shape: Shape, encoding: RowEncoding) -> tuple[str, ...]:
    """Return the SQL expressions, over the alias ``t``, of one encoded row."""
    key = ("row", encoding, shape, *(each.name for each in columns))
    return view.keep(key, lambda: _row_columns(view, columns, shape, encoding))


def _row_columns(view: View, columns: tuple[Column, ...], shape: Shape, encoding: RowEncoding) -> tuple[str, ...]:
    match encoding:
        case RowEncoding.GEOJSON:
            return (_geojson(view, columns, shape),)
        case RowEncoding.JSONFG:
            return (_jsonfg(view, columns, shape),)
        case RowEncoding.VALUES:
            geometry = _geometry(view, shape, "ST_AsBinary({}, 'NDR')") or "NULL::bytea"
        case RowEncoding.WKT:
            geometry = _geometry(view, shape, f"ST_AsText({{}}, {shape.crs.decimals})") or "NULL::text"
        case RowEncoding.GML:
            geometry = _geometry(view, shape, _gml(shape.crs)) or "NULL::text"
    return (view.key, geometry, *(f"t.{quoted(each.name)}" for each in columns))


def needed_columns(view: View, columns: tuple[Column, ...], shape: Shape) -> tuple[str, ...]:
    """Return the quoted names of the columns of the table that ``row_columns`` reads, each once."""
    key = ("needed", shape, *(each.name for each in columns))
    return view.keep(key, lambda: _needed_columns(view, columns, shape))


def _needed_columns(view: View, columns: tuple[Column, ...], shape: Shape) -> tuple[str, ...]:
    names = [view.layer.key.name, *(each.name for each in columns)]
    if view.time:
        names += [each for each in (view.time.begin, view.time.end) if each and view.collection.column(each)]
    if view.geometry and shape.with_geometry:
        names.append(_source_column(view.geometry, shape.crs))
    return tuple(dict.fromkeys(quoted(each) for each in names))


def _geojson(view: View, columns: tuple[Column, ...], shape: Shape) -> str:
    geometry = _geometry(view, shape, _json_geometry(shape.crs)) or _NULL
    return (
        """'{"type":"Feature","id":' || """ + _key_json(view)
        + """ || ',"geometry":' || """ + geometry
        + """ || ',"properties":' || """ + _properties(view, columns) + " || '}'"
    )  # fmt: skip


def _jsonfg(view: View, columns: tuple[Column, ...], shape: Shape) -> str:
    """Write a JSON-FG feature: ``geometry`` in CRS84, ``place`` in any other CRS. Source: OGC 21-045r1, clause 7."""
    encoded = _geometry(view, shape, _json_geometry(shape.crs)) or _NULL
    in_crs84 = shape.crs.srid == 4326 and not shape.crs.lat_first
    place, geometry = (_NULL, encoded) if in_crs84 else (encoded, _NULL)
    return (
        """'{"type":"Feature","id":' || """ + _key_json(view)
        + """ || ',"time":' || """ + _time_json(view)
        + """ || ',"place":' || """ + place
        + """ || ',"geometry":' || """ + geometry
        + """ || ',"properties":' || """ + _properties(view, columns) + " || '}'"
    )  # fmt: skip


def _json_geometry(crs: Crs) -> str:
    flipped = "ST_FlipCoordinates({})" if crs.lat_first else "{}"
    return f"ST_AsGeoJSON({flipped}, {crs.decimals}, 0)"


def _key_json(view: View) -> str:
    if view.layer.key.type is ColumnType.INTEGER:
        return f"{view.key}::text"
    return f"to_json({view.key})::text"


def _properties(view: View, columns: tuple[Column, ...]) -> str:
    shown = [_shown(each) for each in columns if each.name != view.layer.key.name]
    if not shown:
        return "'{}'"
    return f"(SELECT row_to_json(p)::text FROM (SELECT {', '.join(shown)}) AS p)"


def _shown(column: Column) -> str:
    """Give a wide number a decimal point: GDAL and QGIS guess types from the first rows, 32 bits where those fit."""
    name = quoted(column.name)
    return f"t.{name}::numeric(20, 1) AS {name}" if column.wide else f"t.{name}"


def _time_json(view: View) -> str:
    """Write the valid time where all of it is published; our end is exclusive, that of JSON-FG is not."""
    time = view.time
    if time is None:
        return _NULL
    begin = f"t.{quoted(time.begin)}"
    if time.end is None:
        return f"""COALESCE('{{"date":"' || {begin} || '"}}', 'null')"""
    in_force = view.layer.rows is Rows.IN_FORCE
    last = "'..'" if in_force else f"COALESCE((t.{quoted(time.end)} - 1)::text, '..')"
    return f"""('{{"interval":["' || COALESCE({begin}::text, '..') || '","' || {last} || '"]}}')"""


def _geometry(view: View, shape: Shape, encoder: str) -> str | None:
    """Return the encoded geometry (``encoder`` has one pair of braces for it), or ``None`` where there is none."""
    geometry = view.geometry
    if geometry is None or not shape.with_geometry:
        return None
    expression = _in_crs(geometry, shape.crs)
    if shape.zoom is not None:
        expression = f"ST_SimplifyPreserveTopology({expression}, {_tolerance(shape.crs, shape.zoom)!r})"
        expression = f"ST_Multi({expression})" if geometry.kind is not GeometryKind.POINT else expression
    return encoder.format(expression)


def _source_column(geometry: Geometry, crs: Crs) -> str:
    return geometry.lonlat if crs.srid in (4326, 3857) else geometry.stored


def _in_crs(geometry: Geometry, crs: Crs) -> str:
    column = f"t.{quoted(_source_column(geometry, crs))}"
    return column if crs.srid == 4326 else f"hc.doi_toa_do({column}, {crs.srid})"


def _gml(crs: Crs) -> str:
    """Return the encoder to GML 3.2: long form without srsName (4 + 2), axes flipped (16) for latitude first."""
    return f"ST_AsGML(3, ST_SetSRID({{}}, 0), {crs.decimals}, {22 if crs.lat_first else 6}, 'gml')"


def _tolerance(crs: Crs, zoom: float) -> float:
    """Return half a pixel of WebMercatorQuad at a zoom level, in units of the CRS."""
    world = 360.0 if crs.is_geographic else 40_075_016.68
    return world / (256 * 2**zoom) / 2
