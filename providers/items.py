"""The feature provider: pygeoapi's arguments in, our statements, features as PostgreSQL wrote them out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, overload

from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError

from catalogue.layer import Column
from catalogue.types import ColumnType
from core.errors import BadParameter, DatdaiError
from core.limits import LIMITS
from core.phrases import Phrase
from providers.source import Source, as_provider_error, source_of
from query.bbox import read_bbox
from query.cql2 import Filter, compile_filter
from query.crs import CRS84, Crs, crs_named
from query.encoding import RowEncoding, Shape
from query.instant import read_datetime
from query.items import ItemsQuery, count_statement, item_statement, narrowing_box, narrowing_search, page_statement
from query.paging import read_sortby
from query.request import equal_to, largest_page
from query.search import read_search
from query.values import read_value
from query.view import View

type Json = dict[str, Any]
_TYPES = {
    ColumnType.INTEGER: {"type": "integer"},
    ColumnType.NUMBER: {"type": "number"},
    ColumnType.BOOLEAN: {"type": "boolean"},
    ColumnType.DATE: {"type": "string", "format": "date"},
    ColumnType.TIMESTAMP: {"type": "string", "format": "date-time"},
    ColumnType.TEXT_ARRAY: {"type": "array"},
}


def _type_of(column: Column) -> Json:
    return {"type": "number"} if column.wide else _TYPES.get(column.type, {"type": "string"})


class Features(Sequence[Json]):
    """The features of a page as one text, parsed only if somebody looks inside."""

    def __init__(self, text: str, count: int) -> None:
        self.text = text
        self._count = count
        self._parsed: list[Json] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Json: ...
    @overload
    def __getitem__(self, index: slice) -> list[Json]: ...
    def __getitem__(self, index: int | slice) -> Json | list[Json]:
        return self._features()[index]

    def __iter__(self) -> Iterator[Json]:
        return iter(self._features())

    def _features(self) -> list[Json]:
        parsed = self._parsed
        if parsed is None:
            parsed = self._parsed = cast("list[Json]", json.loads(f"[{self.text}]"))
        return parsed


class ItemsProvider(BaseProvider):
    """Items of one layer of the catalogue.

    ``data`` is the id of the layer; ``options`` are ``database_url`` and ``layers``, the folder of layer files.
    pygeoapi makes one at each request: nothing is opened here.
    """

    def __init__(self, provider_def: Json) -> None:
        super().__init__(provider_def)
        options = provider_def.get("options") or {}
        self._database_url: str = options.get("database_url", "")
        self._layers: str = options.get("layers", "config/layers")

    @property
    def _source(self) -> Source:
        return source_of(self._database_url, self._layers)

    @property
    def _view(self) -> View:
        return self._source.view(self.data)

    @property
    def fields(self) -> Json:
        return self.get_fields()

    def get_fields(self) -> Json:
        """Return the queryables: what this shell may filter and sort by."""
        return {each.name: {**_type_of(each), "title": each.title.vi} for each in self._view.collection.queryables}

    def query(self, **asked: Any) -> Json:
        """Return a page as a GeoJSON object whose ``features`` are a text until somebody looks inside.

        Args:
            asked: what pygeoapi hands to every feature provider (offset, limit, resulttype, bbox, datetime_, ...).

        Raises:
            ProviderInvalidQueryError: a parameter is wrong; the text says what is allowed.
            ProviderConnectionError: the database is away.
        """
        try:
            query = self._query(asked)
            return self._hits(query) if asked.get("resulttype") == "hits" else self._page(query)
        except DatdaiError as error:
            raise as_provider_error(error) from error

    def get(self, identifier: str, crs_transform_spec: Any = None, **_: Any) -> Json:
        """Return one item.

        Raises:
            ProviderItemNotFoundError: there is none, or the identifier could be none.
        """
        view = self._view
        try:
            key = read_value(view.layer.key, identifier)
            shape = _shape(view, crs_transform_spec, skip_geometry=False)
            statement = item_statement(view, key, view.collection.columns, shape, RowEncoding.GEOJSON)
            rows = self._source.read(self.data, statement)
        except BadParameter:
            rows = []
        except DatdaiError as error:
            raise as_provider_error(error) from error
        if not rows:
            raise ProviderItemNotFoundError(f"no item {identifier}")
        return json.loads(bytes(rows[0][0]))  # pyright: ignore[reportArgumentType]

    def _query(self, asked: Mapping[str, Any]) -> ItemsQuery:
        view = self._view
        offset, bbox, q = asked.get("offset", 0), asked.get("bbox"), asked.get("q")
        if offset > LIMITS.offset_max:
            raise BadParameter("offset", "not a whole number in range.", Phrase("{} to {}", (0, LIMITS.offset_max)))
        order = ",".join(each["order"] + each["property"] for each in asked.get("sortby") or ()) or None
        selected, period = asked.get("select_properties"), asked.get("datetime_")
        return ItemsQuery(
            columns=tuple(each for each in view.collection.columns if not selected or each.name in selected),
            shape=_shape(view, asked.get("crs_transform_spec"), skip_geometry=asked.get("skip_geometry", False)),
            order=read_sortby(order, view.collection),
            limit=min(asked.get("limit", LIMITS.page_size_default), largest_page(view)),
            fingerprint="",
            offset=offset,
            bbox=read_bbox(",".join(map(repr, bbox))) if bbox else None,
            period=read_datetime(period) if period else None,
            terms=read_search(q) if q and view.search else (),
            equals=tuple(equal_to(view, name, text) for name, text in asked.get("properties") or ()),
            filter=_filter(asked.get("filterq"), view),
        )

    def _page(self, query: ItemsQuery) -> Json:
        statement = page_statement(query, self._view, RowEncoding.GEOJSON)
        features, found, matched = self._source.read(
            self.data, statement, narrowing_box(query, self._view), narrowing_search(query)
        )[0][:3]
        returned = min(int(str(found)), query.limit)
        text = bytes(features).decode() if features else ""  # pyright: ignore[reportArgumentType]
        content: Json = {"type": "FeatureCollection", "features": Features(text, returned), "numberReturned": returned}
        return content if matched is None else content | {"numberMatched": matched}

    def _hits(self, query: ItemsQuery) -> Json:
        matched = self._source.read(
            self.data, count_statement(query, self._view), narrowing_box(query, self._view), narrowing_search(query)
        )[0][0]
        return {"type": "FeatureCollection", "features": [], "numberMatched": matched, "numberReturned": 0}


def _shape(view: View, crs_transform_spec: Any, *, skip_geometry: bool) -> Shape:
    crs: Crs = CRS84
    if crs_transform_spec is not None:
        crs = crs_named("crs", crs_transform_spec.target_crs_uri, view.layer.srids)
    return Shape(crs, None, with_geometry=not skip_geometry and view.geometry is not None)


def _filter(filterq: Any, view: View) -> Filter | None:
    if filterq is None:
        return None
    return compile_filter(filterq, view.names, filter_srid=4326, swap_axes=False)
