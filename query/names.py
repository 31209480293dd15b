"""The published properties that a filter, a sort order or a selection may name."""

from dataclasses import dataclass

from catalogue.types import ColumnType


@dataclass(frozen=True, slots=True)
class Name:
    """One published property and the SQL that reads it.

    Whoever is not among the names of a query does not exist for it, hidden or never there alike.
    """

    name: str
    """The property as the client writes it, in NFC."""
    type: ColumnType
    sql: str
    """A ready, quoted SQL expression, such as ``t."dien_tich"``, without placeholders. A text is in the C
    collation; a geometry is the EPSG:4326 column, x = longitude."""
    main: bool = True
    """For a geometry: rows are indexed and secured by it. A filter's ``bbox`` is derived from such columns only."""
