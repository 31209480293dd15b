"""The parameters of a request for items, read into an ``ItemsQuery``."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from catalogue.layer import Column
from catalogue.profile import Operation
from catalogue.types import ColumnType
from core.errors import BadParameter
from core.limits import LIMITS
from core.phrases import Phrase
from query.bbox import Bbox, read_bbox
from query.condition import Condition
from query.cql2 import Filter, compile_filter, parse_json, parse_text
from query.crs import CRS84, Crs, crs_named
from query.encoding import Shape
from query.instant import read_datetime
from query.items import ItemsQuery, fingerprint_of
from query.paging import CursorSeal, Position, read_sortby
from query.search import read_search
from query.values import read_value
from query.view import SQL_TYPES, View

ITEM_PARAMETERS = ("crs", "properties", "exclude-properties", "zoom-level", "skipGeometry", "f", "lang")
EXPORT_PARAMETERS = (
    *ITEM_PARAMETERS, "bbox", "bbox-crs", "datetime", "q", "filter", "filter-lang", "filter-crs", "sortby",
)  # fmt: skip
ITEMS_PARAMETERS = (*EXPORT_PARAMETERS, "limit", "offset", "cursor", "resulttype")
_SELECTING = ("bbox", "bbox-crs", "datetime", "q", "filter", "filter-lang", "filter-crs", "sortby")
_OF_GEOMETRY = ("crs", "bbox-crs", "filter-crs", "zoom-level")
_OF_QUERIES = ("filter", "filter-lang", "filter-crs", "sortby")
_ZOOM_MAX = 24
type OwnReaders = Mapping[str, Callable[[str, View], Condition]]
"""How parameters of one resource are read, by their names."""
NONE_OF_ITS_OWN: OwnReaders = MappingProxyType({})
_KEPT_FILTER_MAX = 1_000
"""Characters of a filter that is kept compiled: maps and dashboards ask with the same few again and again."""


def single_values(pairs: Sequence[tuple[str, str]], allowed: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a query string by name.

    Raises:
        BadParameter: a name that is not allowed here, or one that comes twice.
    """
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed:
            raise BadParameter(name, "there is no such parameter here.", ", ".join(allowed))
        if name in values:
            raise BadParameter(name, "the parameter comes twice.")
        values[name] = value
    return values


def property_parameters(view: View) -> tuple[str, ...]:
    """Return the queryables that are parameters of their own: those that one value can equal."""
    return view.keep("parameters", lambda: _property_parameters(view))


def _property_parameters(view: View) -> tuple[str, ...]:
    return tuple(each.name for each in view.collection.queryables if each.type is not ColumnType.TEXT_ARRAY)


def read_items_query(
    pairs: Sequence[tuple[str, str]], view: View, seal: CursorSeal, profile_hash: str, *, paged: bool = True
) -> ItemsQuery:
    """Read the parameters of a page of items, or of an export (``paged=False``).

    Raises:
        BadParameter, BadFilter: something that is unknown, malformed or too large; the text says what is allowed.
    """
    return read_query(pairs, view, seal, profile_hash, ITEMS_PARAMETERS if paged else EXPORT_PARAMETERS)


def read_query(
    pairs: Sequence[tuple[str, str]],
    view: View,
    seal: CursorSeal,
    profile_hash: str,
    known: Sequence[str],
    own: OwnReaders = NONE_OF_ITS_OWN,
) -> ItemsQuery:
    """Read the parameters of a resource that pages through a view.

    Args:
        known: those of the parameters of items that it takes.
        own: parameters that no other resource has; one that is named after a queryable stands in for it.

    Raises:
        As ``read_items_query``.
    """
    properties = [each for each in property_parameters(view) if each not in own]
    values = single_values(pairs, [*_understood(known, view), *own, *properties])
    equals = {name: values[name] for name in (*properties, *own) if name in values}
    fingerprint = fingerprint_of(profile_hash, view.collection.id, {k: values.get(k) for k in _SELECTING}, equals)
    return ItemsQuery(
        columns=_columns(values, view),
        shape=read_shape(values, view),
        order=read_sortby(values.get("sortby"), view.collection),
        limit=_limit(values, view),
        fingerprint=fingerprint,
        offset=_offset(values),
        position=_position(values, seal, fingerprint),
        bbox=_bbox(values, view),
        period=read_datetime(values["datetime"]) if "datetime" in values else None,
        terms=read_search(values["q"]) if "q" in values else (),
        equals=tuple(
            own[name](text, view) if name in own else equal_to(view, name, text) for name, text in equals.items()
        ),
        filter=_filter(values, view),
        hits=_hits(values),
    )


def read_item_query(pairs: Sequence[tuple[str, str]], view: View) -> tuple[tuple[Column, ...], Shape]:
    """Read the parameters of a single item: its columns and how its geometry leaves."""
    values = single_values(pairs, _understood(ITEM_PARAMETERS, view))
    return _columns(values, view), read_shape(values, view)


def read_shape(values: Mapping[str, str], view: View) -> Shape:
    """Read ``crs``, ``zoom-level`` and ``skipGeometry``."""
    crs = crs_named("crs", values["crs"], view.layer.srids) if "crs" in values else CRS84
    zoom = _zoom(values["zoom-level"]) if "zoom-level" in values else None
    skip = one_of("skipGeometry", values.get("skipGeometry", "false"), ("true", "false")) == "true"
    return Shape(crs, zoom, with_geometry=not skip and view.geometry is not None)


def whole_number(name: str, text: str, lowest: int, highest: int) -> int:
    """Read a whole number between two bounds, both allowed."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or not lowest <= int(text) <= highest:
        raise BadParameter(name, "not a whole number in range.", Phrase("{} to {}", (lowest, highest)))
    return int(text)


def one_of(name: str, text: str, allowed: Sequence[str]) -> str:
    """Read one word of a closed list."""
    if text not in allowed:
        raise BadParameter(name, "not one of the words allowed.", ", ".join(allowed))
    return text


def _understood(parameters: Sequence[str], view: View) -> list[str]:
    """Return the parameters that mean something here: no CRS without a geometry, no search without a text for it.

    Who may not select by properties has no parameter for it.

    ``skipGeometry`` stays: where there is no geometry, what it asks for is so already.
    """
    absent = () if view.geometry else _OF_GEOMETRY
    absent += () if view.collection.allows(Operation.QUERY) else _OF_QUERIES
    return [each for each in parameters if each not in absent and (each != "q" or view.search)]


def _zoom(text: str) -> float:
    """Read ``zoom-level``, which may have decimals. Source: OGC 24-020 (draft)."""
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?", text) or float(text) > _ZOOM_MAX:
        raise BadParameter("zoom-level", "not a number in range.", Phrase("{} to {}", (0, _ZOOM_MAX)))
    return float(text)


def _limit(values: Mapping[str, str], view: View) -> int:
    """Read ``limit``; more than the largest page is the largest page, which an agreement may set lower.

    Source: OGC 17-069r4, requirement fc-limit-response-1.
    """
    most = largest_page(view)
    if "limit" not in values:
        return min(LIMITS.page_size_default, most)
    return min(whole_number("limit", values["limit"], 1, 10**12 - 1), most)


def largest_page(view: View) -> int:
    """Return how many items one page may hold."""
    return min(view.collection.allowance.page_max or LIMITS.page_size_max, LIMITS.page_size_max)


def _offset(values: Mapping[str, str]) -> int:
    if "offset" not in values:
        return 0
    if "cursor" in values:
        raise BadParameter("offset", "cannot be combined with cursor.")
    return whole_number("offset", values["offset"], 0, LIMITS.offset_max)


def _position(values: Mapping[str, str], seal: CursorSeal, fingerprint: str) -> Position | None:
    return seal.open(values["cursor"], context=fingerprint) if "cursor" in values else None


def _hits(values: Mapping[str, str]) -> bool:
    return one_of("resulttype", values.get("resulttype", "results"), ("results", "hits")) == "hits"


def _bbox(values: Mapping[str, str], view: View) -> Bbox | None:
    crs = crs_named("bbox-crs", values["bbox-crs"], view.layer.srids) if "bbox-crs" in values else CRS84
    return read_bbox(values["bbox"], crs) if "bbox" in values else None


def _columns(values: Mapping[str, str], view: View) -> tuple[Column, ...]:
    columns = view.collection.columns
    if "properties" in values:
        wanted = _names("properties", values["properties"], columns)
        columns = tuple(each for each in columns if each.name in wanted)
    if "exclude-properties" in values:
        unwanted = _names("exclude-properties", values["exclude-properties"], view.collection.columns)
        columns = tuple(each for each in columns if each.name not in unwanted)
    return columns


def _names(parameter: str, text: str, columns: Sequence[Column]) -> frozenset[str]:
    names = frozenset(part.strip() for part in text.split(","))
    known = [each.name for each in columns]
    if not names <= set(known):
        raise BadParameter(parameter, "not a list of properties of this collection.", ", ".join(known))
    return names


def equal_to(view: View, name: str, text: str) -> Condition:
    """Return the condition that a queryable equals the value that a client wrote."""
    column = next(each for each in view.collection.queryables if each.name == name)
    return Condition(f"{view.expression(column)} = %s::{SQL_TYPES[column.type]}", (read_value(column, text),))


def _filter(values: Mapping[str, str], view: View) -> Filter | None:
    language = one_of("filter-lang", values.get("filter-lang", "cql2-text"), ("cql2-text", "cql2-json"))
    crs = _filter_crs(values, view)
    text = values.get("filter")
    if text is None:
        return None
    if len(text) > _KEPT_FILTER_MAX:
        return _compiled(text, language, crs, view)
    return view.keep(("filter", language, crs.uri, text), lambda: _compiled(text, language, crs, view))


def _compiled(text: str, language: str, crs: Crs, view: View) -> Filter:
    node = (parse_text if language == "cql2-text" else parse_json)(text, LIMITS)
    return compile_filter(node, view.names, filter_srid=crs.srid, swap_axes=crs.lat_first)


def _filter_crs(values: Mapping[str, str], view: View) -> Crs:
    return crs_named("filter-crs", values["filter-crs"], view.layer.srids) if "filter-crs" in values else CRS84
