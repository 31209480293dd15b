"""Compare what records say now with what is published, and write the difference."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any
from uuid import UUID

from psycopg import Connection

from database.queries import load
from harvest.making.variants import Variant, identifier, lacks, rows_of

type Row = dict[str, Any]
type Name = tuple[UUID, str]
"""What tells a row from all others: the record and the key."""

_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "records.sql").items()}
_BATCH = 2_000
_FRAME = "khung:"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a publication would write.

    Attributes:
        removed: rows that go, with the titles of their records.
        gone: titles of the records of which nothing that was computed is left, by identifier.
        lacking: what records lack, which stay as they are.
    """

    added: Sequence[Row]
    changed: Sequence[Row]
    removed: Mapping[Name, str]
    gone: Mapping[UUID, str]
    lacking: Mapping[UUID, tuple[str, tuple[str, ...]]]
    looked_at: frozenset[UUID]

    @property
    def size(self) -> int:
        """Return how many rows it writes."""
        return len(self.added) + len(self.changed) + len(self.removed)

    def without_removals(self) -> "Difference":
        """Return the difference but for the records that would go."""
        kept = {name: title for name, title in self.removed.items() if name[0] not in self.gone or _is_frame(name)}
        return Difference(self.added, self.changed, kept, {}, self.lacking, self.looked_at)


def difference(connection: Connection[Any], variants: Iterable[Variant], units: frozenset[int] | None) -> Difference:
    """Return what differs from what is published.

    Args:
        units: the administrative units whose records the variants are, besides those of layers; ``None``: all.
    """
    asked = {"units": None if units is None else sorted(units)}
    there = {(id_, key): rest for id_, key, *rest in connection.execute(_QUERIES["published"], asked)}
    added: list[Row] = []
    changed: list[Row] = []
    wanted: set[Name] = set()
    lacking: dict[UUID, tuple[str, tuple[str, ...]]] = {}
    for each, row in rows_of(variants):
        name = identifier(each)
        wanted.add(name)
        if missing := lacks(each.record):
            lacking[name[0]] = (each.record.description.title.vi, missing)
            continue
        if name not in there:
            added.append(row)
        elif there[name][0] != row["dau_van"]:
            changed.append(row)
    removed = {name: rest[1] for name, rest in there.items() if name not in wanted}
    left = {name[0] for name in wanted if not _is_frame(name)}
    gone = {name[0]: title for name, title in removed.items() if not _is_frame(name) and name[0] not in left}
    looked_at = frozenset(name[0] for name in wanted | set(removed))
    return Difference(added, changed, removed, gone, lacking, looked_at)


def write(connection: Connection[Any], found: Difference, stamp: datetime) -> None:
    """Write a difference, and when rows came and went."""
    for rows in batched(found.added, _BATCH):
        _run(connection, "insert", rows=_json(rows), stamp=stamp)
        lives = {"components": [row["thanh_phan"] for row in rows], "stamp": stamp}
        _run(connection, "begin_lives", **_names((row["id"], row["khoa"]) for row in rows), **lives)
    for rows in batched(found.changed, _BATCH):
        _run(connection, "update", rows=_json(rows), stamp=stamp)
    _end(connection, list(found.removed), stamp)


def note_lacking(connection: Connection[Any], found: Difference, *, all_: bool) -> None:
    """Write down which records lack what."""
    connection.execute(_QUERIES["forget_lacking"], {"ids": None if all_ else list(found.looked_at)})
    rows = [{"id": str(id_), "title": title, "thieu": missing} for id_, (title, missing) in found.lacking.items()]
    if rows:
        connection.execute(_QUERIES["note_lacking"], {"rows": _json(rows)})


def _end(connection: Connection[Any], names: list[Name], stamp: datetime) -> None:
    if names:
        arguments = _names(names)
        _run(connection, "end_lives", **arguments, stamp=stamp)
        _run(connection, "delete", **arguments)


def _run(connection: Connection[Any], query: str, **arguments: object) -> None:
    """Run a statement with a plan of its own: one that was made for a small table would do for no large one."""
    connection.execute(_QUERIES[query], arguments, prepare=False)


def _names(names: Iterable[tuple[Any, str]]) -> dict[str, list[Any]]:
    told = list(names)
    return {"ids": [str(each[0]) for each in told], "keys": [each[1] for each in told]}


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _is_frame(name: Name) -> bool:
    return name[1].startswith(_FRAME)
