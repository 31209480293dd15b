"""Removals: a publication that would take away more than a share of the records waits until an officer says so."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from database.queries import load

_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "records.sql").items()}
FEW = 5
"""So many removals never wait, however few records there are."""


@dataclass(frozen=True, slots=True)
class Held:
    """Removals that wait, or that were carried out after an officer confirmed them.

    Attributes:
        digest: of the identifiers: just this set is confirmed.
        records: titles by identifier.
    """

    digest: str
    removed: int
    all: int
    records: Mapping[UUID, str]
    since: datetime
    confirmed: bool
    done: datetime | None

    @property
    def waits(self) -> bool:
        """Tell whether the records are still in the catalogue."""
        return self.done is None


def held(connection: Connection[Any]) -> Held | None:
    """Return the removals that wait, or that were held last."""
    row = connection.execute(_QUERIES["held"]).fetchone()
    if row is None:
        return None
    digest, removed, all_, records, since, confirmed, done = row
    return Held(digest, removed, all_, {UUID(each["id"]): each["title"] for each in records}, since, confirmed, done)


def units_of(connection: Connection[Any], records: Iterable[UUID]) -> frozenset[int]:
    """Return the administrative units of records."""
    found = connection.execute(_QUERIES["units_of"], {"ids": list(records)})
    return frozenset(row[0] for row in found)


def may_go(
    connection: Connection[Any], gone: Mapping[UUID, str], before: Held | None, *, share: float, now: datetime
) -> bool:
    """Tell whether removals may happen now; those that may not are written down, and wait."""
    if not gone:
        _let_go(connection, before)
        return True
    row = connection.execute(_QUERIES["computed"], {"now": now}).fetchone()
    all_, lately = row or (0, 0)
    total = len(gone) + lately
    if total <= FEW or total <= share * (all_ + lately):
        _let_go(connection, before)
        return True
    digest = digest_of(gone)
    if before and before.waits and before.digest == digest:
        return before.confirmed
    records = json.dumps([{"id": str(id_), "title": gone[id_]} for id_ in sorted(gone)], ensure_ascii=False)
    values = {"digest": digest, "removed": len(gone), "all": all_, "records": records}
    connection.execute(_QUERIES["hold"], values)
    return False


def carried_out(connection: Connection[Any], gone: Iterable[UUID], stamp: datetime) -> None:
    """Note that removals happened, if they were those that waited."""
    connection.execute(_QUERIES["carried_out"], {"digest": digest_of(gone), "stamp": stamp})


def digest_of(records: Iterable[UUID]) -> str:
    """Return the digest of a set of records."""
    return hashlib.sha256("\n".join(sorted(map(str, records))).encode()).hexdigest()[:32]


def confirm(connection: Connection[Any], digest: str, *, account: int, reason: str) -> bool:
    """Let the removals happen that wait, if they are these; tell whether they are."""
    values = {"digest": digest, "account": account, "reason": reason}
    return connection.execute(_QUERIES["confirm"], values).rowcount == 1


def _let_go(connection: Connection[Any], before: Held | None) -> None:
    if before and before.waits:
        connection.execute(_QUERIES["let_go"])
