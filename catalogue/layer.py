"""Layers: what the owner of the database declares once, in ``config/layers``."""

from dataclasses import dataclass
from enum import StrEnum

from catalogue.types import ColumnType


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in Vietnamese and English."""

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the text in ``vi`` or ``en``; any other language reads Vietnamese."""
        return self.en if language == "en" else self.vi


class Component(StrEnum):
    """The component databases of the regulation, and what stands beside them."""

    ADMINISTRATIVE = "hanh-chinh"
    CADASTRE = "dia-chinh"
    STATISTICS = "thong-ke"
    PLANNING = "quy-hoach"
    PRICES = "gia-dat"
    DOSSIERS = "ho-so"
    METADATA = "sieu-du-lieu"


class GeometryKind(StrEnum):
    """Geometry type of a layer; the value is PostGIS's name in lower case."""

    POINT = "point"
    MULTILINESTRING = "multilinestring"
    MULTIPOLYGON = "multipolygon"


class Rows(StrEnum):
    """Which rows of the table a layer publishes."""

    ALL = "all"
    IN_FORCE = "in-force"
    """Rows whose validity has no end (``time.until`` is null)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A published column. ``unit`` is a UCUM code; ``codelist`` names a list of ``dm.muc``."""

    name: str
    type: ColumnType
    title: Text
    description: Text | None = None
    unit: str | None = None
    codelist: str | None = None
    role: str | None = None
    """Role of OGC 23-058r2, for example ``primary-interval-start``."""
    refers_to: str | None = None
    """Id of the layer whose items the values identify; the role is then ``reference``."""
    queryable: bool = False
    sortable: bool = False
    required: bool = False
    personal: bool = False
    """It tells of a person: it is in no publication to everybody."""
    wide: bool = False
    """Whole numbers that 32 bits may not hold, all exact in a ``double``: JSON writes them with a decimal point."""
    seen_from: str | None = None
    """Column with the key by which a caller sees the row: the instant is never before the caller got that key."""
    codes: tuple[str, ...] = ()
    """Codes of its list that the values can be; empty: any of them."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The geometry of a layer: as surveyed, and as derived for reading.

    Attributes:
        stored: column of the surveyed geometry; ``lonlat`` where there is no other.
        stored_srid: EPSG code of ``stored``, published as ``storageCrs``.
        lonlat: column in EPSG:4326, x = longitude, that reading and the spatial index use.
    """

    stored: str
    stored_srid: int
    lonlat: str
    kind: GeometryKind


@dataclass(frozen=True, slots=True)
class ValidTime:
    """Columns (dates) of the period in which a row is true: from ``begin`` until, not including, ``end``.

    ``end`` is ``None`` where a row tells one day only.
    """

    begin: str
    end: str | None


@dataclass(frozen=True, slots=True)
class Tiles:
    """Zoom levels, inclusive, at which tiles show the layer, and from which zoom on each column is in them."""

    min_zoom: int
    max_zoom: int
    columns: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ExchangeVersion:
    """One version of the exchange structure (cấu trúc dữ liệu trao đổi) of a layer; ``day`` is ISO 8601."""

    version: str
    day: str
    note: Text


@dataclass(frozen=True, slots=True)
class Layer:
    """One published table.

    Attributes:
        key: column that identifies an item; unique, never re-used.
        territory: column with the administrative unit (``xa_id``), on which row scopes stand.
        scopes: further columns that scopes of rows may name; row security knows a term for each.
        search: column with the folded text that ``q`` reads, or ``None``.
        search_reads: columns that the folded text is made of: who may not see one of them has no ``q``.
        srids: EPSG codes in which geometries are offered besides CRS84, the storage CRS among them.
        exchange: versions of the exchange structure, newest first.
        aggregate: its items are sums and counts of areas, none is one object or person.
        item_title: what people call an item, with columns in braces; ``None``: by its identifier.
    """

    id: str
    schema: str
    table: str
    component: Component
    title: Text
    description: Text
    keywords: tuple[Text, ...]
    managing_unit: str
    license: str
    key: Column
    territory: str
    scopes: tuple[str, ...]
    rows: Rows
    columns: tuple[Column, ...]
    geometry: Geometry | None
    time: ValidTime | None
    search: str | None
    search_reads: tuple[str, ...]
    srids: tuple[int, ...]
    tiles: Tiles | None
    exchange: tuple[ExchangeVersion, ...]
    aggregate: bool = False
    item_title: Text | None = None

    @property
    def qualified_table(self) -> str:
        """Return ``schema.table``, the name under which the change log knows the table."""
        return f"{self.schema}.{self.table}"
