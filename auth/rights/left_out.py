"""Collections that are left out of profiles, because their pieces cannot be put together: noted, and told once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from auth.policy.compiler import Giver, Misfit
from core.phrases import Phrase
from database.queries import load

_SQL = load("auth.rights", "left_out.sql")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A collection that somebody lacks from ``since`` until, not including, ``until``: the pieces that do not fit."""

    since: date
    until: date | None
    collection: str
    pieces: tuple[Giver, ...]
    reasons: tuple[Phrase, ...]


def periods_of(found: Iterable[tuple[date, Sequence[Misfit]]]) -> tuple[LeftOut, ...]:
    """Return what is left out on the days from each given day to the next; the last one has no end."""
    days = list(found)
    ends: list[date | None] = [*(since for since, _ in days[1:]), None]
    every = [
        LeftOut(since, until, each.collection, each.pieces, each.reasons)
        for (since, misfits), until in zip(days, ends, strict=True)
        for each in misfits
    ]
    return tuple(_joined(sorted(every, key=lambda each: (each.collection, str(each.pieces), each.since))))


def note(connection: Connection[Any], found: Mapping[str, Sequence[LeftOut]], day: date) -> None:
    """Note what is left out of profiles from a legal day on; of what was not before, a notice tells.

    Args:
        connection: of the publisher login, which holds the lock of publishing.
        found: everything by subject, ``public`` or ``account:<id>``; nothing for whose profile is whole.
    """
    values = {"subjects": list(found), "rows": Jsonb(list(_rows(found))), "day": day}
    for statement in ("tell", "forget", "cut", "note"):
        connection.execute(_SQL[statement].encode(), values)


def not_noted(connection: Connection[Any], found: Mapping[str, Sequence[LeftOut]]) -> list[LeftOut]:
    """Return what is left out by what is found and is not noted so for all of its days."""
    rows = list(_rows(found))
    if not rows:
        return []
    fresh = {each for (each,) in connection.execute(_SQL["not_noted"].encode(), {"rows": Jsonb(rows)}).fetchall()}
    return [each for number, each in enumerate(_all(found)) if number in fresh]


def _joined(rows: Iterable[LeftOut]) -> Iterator[LeftOut]:
    """Yield periods of the same pieces as one where they meet."""
    last: LeftOut | None = None
    for each in rows:
        if last and (last.collection, last.pieces, last.until) == (each.collection, each.pieces, each.since):
            last = replace(last, until=each.until)
            continue
        if last:
            yield last
        last = each
    if last:
        yield last


def _all(found: Mapping[str, Sequence[LeftOut]]) -> Iterator[LeftOut]:
    return (each for rows in found.values() for each in rows)


def _rows(found: Mapping[str, Sequence[LeftOut]]) -> Iterator[dict[str, object]]:
    numbered = enumerate((subject, each) for subject, rows in found.items() for each in rows)
    for number, (subject, each) in numbered:
        yield {
            "number": number,
            "subject": subject,
            "collection": each.collection,
            "pieces": [list(piece) for piece in each.pieces],
            "since": each.since.isoformat(),
            "until": each.until.isoformat() if each.until else None,
        }
