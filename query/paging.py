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
from query.condition import Condition, all_of, any_of
from query.view import SQL_TYPES, View


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
            allowed = ", ".join(each.name for each in collection.sortables)
            raise BadParameter("sortby", "not a list of different sortables.", f"{allowed}, each with + or - before it")
        keys.append(SortKey(column, part.strip().startswith("-")))
    key = collection.layer.key
    if any(each.column.name == key.name for each in keys):
        return tuple(keys[: 1 + [each.column.name for each in keys].index(key.name)])
    return (*keys, SortKey(key, descending=keys[-1].descending if keys else False))


def order_sql(order: Order, view: View, *, backward: bool = False) -> str:
    """Return the ORDER BY list; NULLS come as PostgreSQL's indexes have them."""
    keys = (key.flipped() if backward else key for key in order)
    return ", ".join(f"{view.expression(key.column)} {'DESC' if key.descending else 'ASC'}" for key in keys)


def position_condition(position: Position, order: Order, view: View) -> Condition:
    """Return the condition that a row lies beyond a position."""
    keys = [key.flipped() if position.backward else key for key in order]
    if len({key.descending for key in keys}) == 1 and all(key.column.required for key in keys):
        return _row_comparison(keys, position.values, view)
    steps = [
        all_of(
            [*(_equal(keys[i], position.values[i], view) for i in range(n)), _beyond(keys[n], position.values[n], view)]
        )
        for n in range(len(keys))
    ]
    return all_of([_not_before(keys[0], position.values[0], view), any_of(steps)])


def _row_comparison(keys: list[SortKey], values: tuple[str | None, ...], view: View) -> Condition:
    left = ", ".join(view.expression(key.column) for key in keys)
    right = ", ".join(_placeholder(key) for key in keys)
    return Condition(f"(({left}) {'<' if keys[0].descending else '>'} ({right}))", values)


def _placeholder(key: SortKey) -> str:
    return f"%s::{SQL_TYPES[key.column.type]}"


def _equal(key: SortKey, value: str | None, view: View) -> Condition:
    column = view.expression(key.column)
    if value is None:
        return Condition(f"{column} IS NULL")
    return Condition(f"{column} = {_placeholder(key)}", (value,))


def _beyond(key: SortKey, value: str | None, view: View) -> Condition:
    column = view.expression(key.column)
    if value is None:
        return Condition(f"({column} IS NOT NULL)" if key.descending else "FALSE")
    if key.descending:
        return Condition(f"{column} < {_placeholder(key)}", (value,))
    nulls = "" if key.column.required else f" OR {column} IS NULL"
    return Condition(f"({column} > {_placeholder(key)}{nulls})", (value,))


def _not_before(key: SortKey, value: str | None, view: View) -> Condition:
    """Repeat what follows for the first column alone, so that an index can find the place."""
    if value is None or (not key.descending and not key.column.required):
        return Condition("TRUE")
    return Condition(f"{view.expression(key.column)} {'<=' if key.descending else '>='} {_placeholder(key)}", (value,))


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
