"""The types that a published column may have."""

from enum import StrEnum


class ColumnType(StrEnum):
    """Type of a column on the wire; the value is the word used in layer files.

    Chosen so that row security can push comparisons down: no numeric, no enum, no range types.
    """

    TEXT = "text"
    """``text COLLATE "C"`` in the database."""
    INTEGER = "integer"
    """``smallint``, ``integer`` or ``bigint``."""
    NUMBER = "number"
    """``double precision``."""
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    """``timestamptz``, an instant."""
    UUID = "uuid"
    TEXT_ARRAY = "text[]"
    GEOMETRY = "geometry"
