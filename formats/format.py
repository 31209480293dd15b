"""What an encoder is, and all that it may know of an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from catalogue.layer import Column
from catalogue.profile import Collection
from query.crs import Crs
from query.encoding import RowEncoding

type Row = tuple[Any, ...]
"""``(id, geometry | None, value of the 1st column, value of the 2nd, ...)`` as the row encoding says."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an answer; ``rel`` is a registered relation or a URI."""

    href: str
    rel: str
    type: str | None = None
    title: str | None = None
    hreflang: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an encoder may know: nothing beyond the view of the profile.

    Attributes:
        columns: the selected columns, in the order of the values of a row.
        crs: in which the geometries of the rows stand.
        language: ``vi`` or ``en``, of titles inside a file.
        schema_url: of the JSON Schema of the collection, for JSON-FG; ``None``: not told.
        gml_schema_url: of the GML application schema; ``None``: not told.
        number_matched: exact, or ``None`` where it is not known.
        number_returned: rows that will follow, or ``None`` where the end of the stream will tell.
        with_geometry: rows carry geometries; always false for a layer without any.
    """

    collection: Collection
    columns: tuple[Column, ...]
    crs: Crs
    language: str = "vi"
    links: tuple[Link, ...] = ()
    schema_url: str | None = None
    gml_schema_url: str | None = None
    number_matched: int | None = None
    number_returned: int | None = None
    with_geometry: bool = True


class Representation(Protocol):
    """What content negotiation reads of an offer.

    ``media_types`` are the types that ask for it, parameters included; the first is the one that is sent.
    """

    @property
    def key(self) -> str: ...
    @property
    def media_types(self) -> tuple[str, ...]: ...


class Format[PageRows, OneRow](Representation, Protocol):
    """An encoder of one media type. ``encoding`` says in which form it takes rows."""

    @property
    def extension(self) -> str:
        """Return the ending of file names, without a dot."""
        ...

    @property
    def encoding(self) -> RowEncoding: ...

    @property
    def is_file(self) -> bool:
        """Tell whether all rows are read before the first byte leaves ``stream``."""
        ...

    @property
    def is_compressed(self) -> bool:
        """Tell whether a content coding would be wasted on it."""
        ...

    def page(self, answer: Answer, rows: PageRows) -> bytes:
        """Encode one page; no row at all gives a valid empty document."""
        ...

    def item(self, answer: Answer, row: OneRow) -> bytes:
        """Encode a single item."""
        ...

    def stream(self, answer: Answer, rows: Iterator[OneRow]) -> Iterator[bytes]:
        """Encode rows as they come, in constant memory. Closing the iterator early leaves nothing behind."""
        ...
