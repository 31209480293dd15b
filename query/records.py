"""Pages of metadata records: the parameters of OGC API - Records, and the statements that they become.

Source: OGC 20-004r1, clause 7.5.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from core.errors import BadParameter
from core.limits import LIMITS
from core.marks import has_heap
from query.condition import NOTHING, Condition, any_of
from query.crs import CRS84
from query.encoding import RowEncoding, Shape
from query.items import ItemsQuery, Statement, rows_statement
from query.paging import CursorSeal
from query.request import OwnReaders, read_query
from query.view import View

READ_COLUMNS = ("created", "updated", "ban_ghi")
"""What a record is made of again: its instants as this caller sees them, and its body."""
PARAMETERS = (
    "f", "lang", "bbox", "bbox-crs", "datetime", "q", "filter", "filter-lang", "filter-crs", "sortby",
    "limit", "offset", "cursor",
)  # fmt: skip
ITEM_PARAMETERS = ("f", "lang")
_WITHOUT_GEOMETRY = Shape(CRS84, with_geometry=False)


def read_records_query(pairs: Sequence[tuple[str, str]], view: View, seal: CursorSeal, profile_hash: str) -> ItemsQuery:
    """Read the parameters of a page of records.

    Raises:
        BadParameter, BadFilter: something that is unknown, malformed or too large; the text says what is allowed.
    """
    query = read_query(pairs, view, seal, profile_hash, PARAMETERS, OWN)
    columns = tuple(each for each in view.collection.columns if each.name in READ_COLUMNS)
    return replace(query, columns=columns, shape=_WITHOUT_GEOMETRY)


def records_statement(query: ItemsQuery, view: View) -> Statement:
    """Compose a page of up to limit + 1 rows in the order of the page's reading direction.

    Columns: id, NULL, created, updated, the body of the record as JSON, then the keys of the order as text.
    """
    return rows_statement(query, view, RowEncoding.VALUES)


def hangs_on_instants(query: ItemsQuery) -> bool:
    """Tell whether the instants that a caller sees select the rows: these differ between callers of one profile."""
    return query.filter is not None or any('"updated"' in each.sql for each in query.equals)


def _ids(text: str, view: View) -> Condition:
    """Return the records of a list of identifiers; what could be none finds nothing, and so does an empty list."""
    ids = [UUID(each) for each in _listed("ids", text) if _is_id(each)]
    return Condition(f"{view.key} = ANY (%s::uuid[])", (ids,)) if ids else NOTHING


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _types(text: str, view: View) -> Condition:
    return Condition(f"{view.names['type'].sql} = ANY (%s::text[])", (_listed("type", text),))


def _external_ids(text: str, view: View) -> Condition:
    """Return the records with one of some identifiers given elsewhere: ``scheme:value``, ``value``, or a scheme.

    A word alone is the value of an identifier, or its scheme; ``scheme:`` is the scheme alone.
    """
    asked = _listed("externalIds", text)
    words = [each for each in asked if ":" not in each]
    schemes = [*words, *(each[:-1] for each in asked if each.endswith(":") and each.count(":") == 1)]
    one = any_of(
        [
            Condition("e.whole = ANY (%s::text[])", (asked,)),
            Condition("substr(e.whole, strpos(e.whole, ':') + 1) = ANY (%s::text[])", (words,)),
            Condition("split_part(e.whole, ':', 1) = ANY (%s::text[])", (schemes,)),
        ]
    )
    ids = view.names["external_ids"].sql
    return Condition(f"EXISTS (SELECT FROM unnest({ids}) AS e (whole) WHERE {one.sql})", one.params)


OWN: OwnReaders = MappingProxyType({"ids": _ids, "type": _types, "externalIds": _external_ids})
"""Parameters that records have and other items have not, by name. All of them are joined by AND."""


def _listed(name: str, text: str) -> list[str]:
    """Return the words of a list by comma, each once.

    Raises:
        BadParameter: a word is too long, or has a NUL character.
    """
    words = list(dict.fromkeys(unicodedata.normalize("NFC", each.strip()) for each in text.split(",")))
    if any("\x00" in each or len(each) > LIMITS.text_literal_max or has_heap(each) for each in words):
        raise BadParameter(name, "not a list of words.", "words by comma")
    return [each for each in words if each]
