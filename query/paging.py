"""Keyset paging: sort orders, positions in them, and the opaque tokens that carry a position."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from catalogue.layer import Column
from catalogue.profile import Collection
from core.errors import BadParameter
from core.phrases import Phrase
from query.condition import Condition, all_of
from query.view import SQL_TYPES, View, quoted


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of a sort order; nulls come last going up and first going down."""

    column: Column
    descending: bool = False

    def flipped(self) -> "SortKey":
        """Return the same key in the other direction."""
        return SortKey(self.column, not self.descending)


type Order = tuple[SortKey, ...]
"""A total order: its last key is the key of the collection."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an order: just after the row with these values, or just before it when ``backward``.

    Values are texts as PostgreSQL prints them; ``None`` is NULL.
    """

    values: tuple[str | None, ...]
    backward: bool = False


def read_sortby(value: str | None, collection: Collection) -> Order:
    """Read ``sortby``; nothing is the order of the key.

    Raises:
        BadParameter: a name that is no sortable, or comes twice.
    """
    keys: list[SortKey] = []
    for part in (value or "").split(",") if value is not None else ():
        name = part.strip()[1:] if part.strip()[:1] in ("+", "-") else part.strip()
        column = next((each for each in collection.sortables if each.name == name), None)
        if column is None or any(key.column.name == name for key in keys):
            names = ", ".join(each.name for each in collection.sortables)
            allowed = Phrase("{}, each with + or - before it", (names,))
            raise BadParameter("sortby", "not a list of different sortables.", allowed)
        keys.append(SortKey(column, part.strip().startswith("-")))
    key = collection.layer.key
    if any(each.column.name == key.name for each in keys):
        return tuple(keys[: 1 + [each.column.name for each in keys].index(key.name)])
    return (*keys, SortKey(key, descending=keys[-1].descending if keys else False))


def order_sql(order: Order, view: View, *, backward: bool = False, of_names: bool = False) -> str:
    """Return the ORDER BY list; NULLS come as PostgreSQL's indexes have them.

    Args:
        of_names: rows were read already, so that each column stands under its name with the value that it shows.
    """
    keys = [key.flipped() if backward else key for key in order]
    columns = [f"t.{quoted(key.column.name)}" if of_names else view.expression(key.column) for key in keys]
    return ", ".join(
        f"{column} {'DESC' if key.descending else 'ASC'}" for key, column in zip(keys, columns, strict=True)
    )


def beyond(position: Position, order: Order, view: View) -> list[Condition]:
    """Return the rows beyond a position as disjoint conditions, all rows of one before all rows of the next.

    Each is a range of an index that starts at the position or at NULL; in one condition, OR would hide them from it.
    """
    keys = [key.flipped() if position.backward else key for key in order]
    return _beyond(keys, position.values, view)


def _beyond(keys: list[SortKey], values: tuple[str | None, ...], view: View) -> list[Condition]:
    """Compare whole rows where every key goes one way and only the first may be null; else go key by key."""
    (first, *rest), value = keys, values[0]
    one_way = all(key.descending == first.descending and key.column.required for key in rest)
    if one_way and value is not None:
        return [_row_comparison(keys, values, view), *_nulls_behind(first, view)]
    column = view.expression(first.column)
    if value is None:
        same, behind = Condition(f"{column} IS NULL"), [Condition(f"{column} IS NOT NULL")] if first.descending else []
    else:
        # Not "=", which would tempt PostgreSQL to walk an index of the next key through the rows of all other values.
        same = Condition(f"({column} BETWEEN {_placeholder(first)} AND {_placeholder(first)})", (value, value))
        behind = [_row_comparison([first], (value,), view), *_nulls_behind(first, view)]
    return [*(all_of([same, each]) for each in _beyond(rest, values[1:], view)), *behind]


def _row_comparison(keys: list[SortKey], values: tuple[str | None, ...], view: View) -> Condition:
    """Compare keys from left to right; a row with a NULL where it matters is not found."""
    left = ", ".join(view.expression(key.column) for key in keys)
    right = ", ".join(_placeholder(key) for key in keys)
    return Condition(f"(({left}) {'<' if keys[0].descending else '>'} ({right}))", values)


def _nulls_behind(key: SortKey, view: View) -> list[Condition]:
    has_some = not key.descending and not key.column.required
    return [Condition(f"{view.expression(key.column)} IS NULL")] if has_some else []


def _placeholder(key: SortKey) -> str:
    return f"%s::{SQL_TYPES[key.column.type]}"


class CursorSeal:
    """Seals positions into tokens that only this service can read or make.

    Deterministic, so that equal pages have equal bytes. Source: RFC 5297 (AES-SIV).
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"datdai cursor" + secret).digest())

    def seal(self, position: Position, *, context: str) -> str:
        """Return the token of a position; ``context`` says to which query of which profile it belongs."""
        content = json.dumps([position.backward, *position.values], ensure_ascii=False).encode()
        sealed = self._cipher.encrypt(content, [context.encode()])
        return _written(sealed)

    def open(self, token: str, *, context: str) -> Position:
        """Return the position of a token.

        Raises:
            BadParameter: the token was not made here, or for another query.
        """
        try:
            content = self._cipher.decrypt(_read(token), [context.encode()])
        except (ValueError, binascii.Error, InvalidTag):
            raise BadParameter("cursor", "not a token of this query.", "the token of a next or prev link") from None
        backward, *values = cast("list[object]", json.loads(content))
        return Position(tuple(None if each is None else str(each) for each in values), bool(backward))


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _read(token: str) -> bytes:
    sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    if _written(sealed) != token:
        raise ValueError(token)  # the last letter has bits that say nothing: one position has one token
    return sealed
