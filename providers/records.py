"""The record provider: the metadata catalogue, as far as it is public, in a stock ``pygeoapi serve``."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from pygeoapi.provider.base import ProviderItemNotFoundError

from catalogue.record import Published, record_of
from core.errors import BadParameter, DatdaiError, Unavailable
from formats.records import oarec
from formats.records.about import About
from providers.items import ItemsProvider
from providers.source import as_provider_error
from query import published
from query.crs import CRS84
from query.encoding import Shape
from query.items import ItemsQuery, count_statement, narrowing_box, narrowing_search
from query.records import READ_COLUMNS, records_statement
from query.values import read_value

type Json = dict[str, Any]
type Row = tuple[Any, ...]
_OF_THE_SHELL = frozenset({"self", "alternate", "collection"})
"""Links that pygeoapi makes by itself, of its own addresses."""


class RecordsProvider(ItemsProvider):
    """Records of the catalogue. ``options`` has ``url`` besides: of the service to which links to data lead."""

    def __init__(self, provider_def: Json) -> None:
        super().__init__(provider_def)
        self._url: str = (provider_def.get("options") or {}).get("url", "").rstrip("/")

    def query(self, **asked: Any) -> Json:
        """Return a page of records with the exact number matched.

        Args:
            asked: what pygeoapi hands to every record provider (offset, limit, bbox, datetime_, q, ...).

        Raises:
            ProviderInvalidQueryError: a parameter is wrong; the text says what is allowed.
            ProviderConnectionError: the database is away, or the catalogue was never published.
        """
        try:
            rows, matched = self._rows(self._records_query(asked))
        except DatdaiError as error:
            raise as_provider_error(error) from error
        shown = [] if asked.get("resulttype") == "hits" else rows
        features = [self._feature(row, asked.get("language")) for row in shown]
        counts = {"numberMatched": matched, "numberReturned": len(features)}
        return {"type": "FeatureCollection", "features": features} | counts

    def get(self, identifier: str, crs_transform_spec: Any = None, **more: Any) -> Json:
        """Return one record.

        Raises:
            ProviderItemNotFoundError: there is none, or the identifier could be none.
        """
        del crs_transform_spec  # a record is in degrees
        view = self._view
        try:
            statement = published.record_statement(view, read_value(view.layer.key, identifier))  # pyright: ignore[reportArgumentType]
            rows = self._source.read(self.data, statement)
        except BadParameter:
            rows = []
        except DatdaiError as error:
            raise as_provider_error(error) from error
        if not rows:
            raise ProviderItemNotFoundError(f"no record {identifier}")
        return self._feature(rows[0], more.get("language"))

    def _records_query(self, asked: Mapping[str, Any]) -> ItemsQuery:
        query = self._query({**asked, "select_properties": list(READ_COLUMNS), "crs_transform_spec": None})
        return replace(query, shape=Shape(CRS84, with_geometry=False))

    def _rows(self, query: ItemsQuery) -> tuple[list[Row], int]:
        """Return rows of (created, updated, body), and the number matched.

        Raises:
            Unavailable: the catalogue was never published.
        """
        view = self._view
        statements = [published.CLOCK, records_statement(query, view), count_statement(query, view)]
        clock, rows, counted = self._source.read_all(
            self.data, statements, narrowing_box(query, view), narrowing_search(query)
        )
        if not clock or clock[0][0] is None:
            raise Unavailable("The catalogue was not published yet. Try again later.")
        return [row[2:5] for row in rows[: query.limit]], cast("int", counted[0][0])

    def _feature(self, row: Row, language: object) -> Json:
        created, updated, body = cast("tuple[datetime, datetime, str]", row)
        found = Published(record_of(body), created.astimezone(UTC), updated.astimezone(UTC))
        about = About(
            self._url, "en" if str(language).startswith("en") else "vi", f"{self._url}/collections/{self.data}"
        )
        made = oarec.members(found, about)
        return made | {"links": [each for each in made["links"] if each["rel"] not in _OF_THE_SHELL]}
