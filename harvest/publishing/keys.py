"""Which keys subjects hold, from when until when: also those that were given and taken between two looks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from catalogue.record_keys import KEY, RECORDS
from database.queries import load

_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "keys.sql").items()}


@dataclass(frozen=True, slots=True)
class Opened:
    """A key that a subject got.

    Attributes:
        lost: it was taken again before anybody looked.
        first: the subject had it when it was first noted.
    """

    subject: str
    key: str
    lost: bool
    first: bool


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """What happened to keys since it was last noted."""

    passed: tuple[int, ...]
    """Numbers of what was worked off."""
    now: Mapping[str, str]
    """The profile of each subject that was looked at."""
    opened: tuple[Opened, ...]
    closed: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        """Tell whether any key was given or taken."""
        return bool(self.opened or self.closed)


def changes(connection: Connection[Any], day: date) -> KeyChanges:
    """Return what happened to keys until now; the keys of profiles that are new are written down."""
    passed = connection.execute(_QUERIES["passed"]).fetchall()
    moved = dict(connection.execute(_QUERIES["moved"], {"day": day}).fetchall())
    _read(connection, {each[2] for each in passed} | set(moved.values()), day)
    ways = _ways(connection, passed, moved)
    held = _held(connection, {each for way in ways.values() for each in way if each})
    opened: list[Opened] = []
    closed: list[tuple[str, str]] = []
    for subject, way in ways.items():
        states = [held[each] if each is not None else None for each in way]
        opened += _opened(subject, states)
        closed += ((subject, key) for key in _closed(states))
    now = {subject: way[-1] or "" for subject, way in ways.items()}
    return KeyChanges(tuple(each[0] for each in passed), now, tuple(opened), tuple(closed))


def write(connection: Connection[Any], found: KeyChanges, stamp: datetime | None) -> None:
    """Write down what happened to keys; ``stamp`` may be ``None`` where nothing did."""
    if found:
        _write(connection, found, stamp)
    if found.passed:
        connection.execute(_QUERIES["forget_passed"], {"numbers": list(found.passed)})
    if found.now:
        subjects, hashes = list(found.now), list(found.now.values())
        connection.execute(_QUERIES["note"], {"subjects": subjects, "hashes": hashes})


def frames(connection: Connection[Any], day: date) -> frozenset[str]:
    """Return the collections whose frames somebody may see, today or by a profile that is made already."""
    return frozenset(row[0] for row in connection.execute(_QUERIES["frames"], {"day": day}))


def published_frames(connection: Connection[Any]) -> frozenset[str]:
    """Return the collections whose frames the catalogue holds."""
    return frozenset(row[0] for row in connection.execute(_QUERIES["published_frames"]))


def _read(connection: Connection[Any], hashes: Iterable[str], day: date) -> None:
    asked = {"hashes": sorted(hashes), "day": day}
    new = [row[0] for row in connection.execute(_QUERIES["read_profiles"], asked)]
    if new:
        connection.execute(_QUERIES["read_keys"], {"hashes": new, "layer": RECORDS, "column": KEY})


def _ways(
    connection: Connection[Any], passed: Sequence[tuple[Any, ...]], moved: Mapping[str, str]
) -> dict[str, list[str | None]]:
    """Return the profiles that each subject had one after the other; the first is ``None`` where none was noted."""
    subjects = sorted({each[1] for each in passed} | set(moved))
    noted = dict(connection.execute(_QUERIES["noted"], {"subjects": subjects}).fetchall())
    ways: dict[str, list[str | None]] = {each: [noted.get(each)] for each in subjects}
    for _, subject, hash_ in passed:
        ways[subject].append(hash_)
    for subject, way in ways.items():
        last = moved.get(subject, noted.get(subject))
        if last is not None and way[-1] != last:
            way.append(last)
    return ways


def _held(connection: Connection[Any], hashes: Iterable[str]) -> Mapping[str, set[str]]:
    held: dict[str, set[str]] = defaultdict(set)
    for hash_, key in connection.execute(_QUERIES["keys"], {"hashes": sorted(hashes)}):
        held[hash_].add(key)
    return held


def _opened(subject: str, states: Sequence[set[str] | None]) -> Iterator[Opened]:
    """Yield the keys that came; a key that was away meanwhile came, too."""
    known = [each for each in states if each is not None]
    is_first = states[0] is None
    for key in sorted(set[str]().union(*known)):
        has = [key in each for each in known]
        if all(has):
            if is_first:
                yield Opened(subject, key, lost=False, first=True)
        elif has[-1] or is_first or not has[0]:
            yield Opened(subject, key, lost=not has[-1], first=is_first and has[0] and not has[-1])


def _closed(states: Sequence[set[str] | None]) -> list[str]:
    """Return the keys that went, also those that came back."""
    before, *after = states
    return sorted(key for key in before or () if not all(each and key in each for each in after))


def _write(connection: Connection[Any], found: KeyChanges, stamp: datetime | None) -> None:
    closed = {"subjects": [each[0] for each in found.closed], "keys": [each[1] for each in found.closed]}
    connection.execute(_QUERIES["close"], closed | {"stamp": stamp})
    opened = {
        "subjects": [each.subject for each in found.opened],
        "keys": [each.key for each in found.opened],
        "lost": [each.lost for each in found.opened],
        "first": [each.first for each in found.opened],
    }
    connection.execute(_QUERIES["open"], opened | {"stamp": stamp})
