"""Publish compiled profiles, by the publisher's login: their roles, and whose they are on which days; and read them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from psycopg import Connection
from psycopg.types.json import Jsonb

from catalogue.layer import Layer
from catalogue.parts import TableView, parts_of
from catalogue.profile import Profile, body_of, profile_of, written_term
from core.errors import Unavailable
from database.queries import load
from database.reader import Reader

_QUERIES = load("database", "profiles.sql")
type Reasons = Mapping[str, Mapping[str, Sequence[str]]]
"""Codes of agreements by collection and operation."""

NOTHING = Profile("", {}, {})
"""The profile of whom nothing was ever published for."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Legal days on which a profile is in force: from ``since`` until, not including, ``until`` (``None``: no end).

    Attributes:
        because: the agreements that give it to this subject; another one may have an equal profile by others.
    """

    since: date
    until: date | None
    profile: Profile
    because: Reasons = field(default_factory=dict[str, Mapping[str, Sequence[str]]])


def publish(connection: Connection[Any], timelines: Mapping[str, Sequence[Segment]]) -> int:
    """Put profiles in force for subjects, each from the first day of its segments on; what was before stays.

    The roles of a profile that is published already are left as they are.

    Args:
        timelines: by subject, ``public`` or ``account:<id>``: segments in order and without gaps, at least one.

    Returns:
        The number of different profiles.
    """
    profiles = {each.profile.hash: each.profile for segments in timelines.values() for each in segments}
    prepare(connection, profiles.values())
    with connection.cursor() as cursor:
        cursor.executemany(_QUERIES["put_in_force"].encode(), [_timeline(*each) for each in timelines.items()])
    return len(profiles)


def prepare(connection: Connection[Any], profiles: Iterable[Profile]) -> None:
    """Make the roles of profiles that are nobody's yet; no principal may enter one that is not in force for it."""
    with connection.cursor() as cursor:
        cursor.executemany(_QUERIES["publish_profile"].encode(), [_profile(each) for each in profiles])


def profile_hash(reader: Reader, kind: str, key: str) -> str:
    """Return which profile a principal has now; nothing where none was ever published for it.

    Raises:
        Unauthorized: there is no such principal, or not any more.
    """
    return str(reader.read(None, [(_QUERIES["profile_hash"], (kind, key))])[0][0][0])


def read_profile(reader: Reader, hash_: str, layers: Iterable[Layer]) -> Profile:
    """Return a published profile; an empty hash is that of who may see nothing.

    Raises:
        Unavailable: the layer files say something else than when it was published: what they mean now nobody agreed to.
    """
    if not hash_:
        return NOTHING
    body = cast("str", reader.read(None, [(_QUERIES["profile_body"], (hash_,))])[0][0][0])
    profile = profile_of(json.loads(body), layers)
    if profile.hash != hash_:
        raise Unavailable("The layers were changed, and what may be seen of them is not published yet.")
    return profile


def drop_unused(connection: Connection[Any]) -> int:
    """Drop the roles of profiles that nobody needs any more; return how many."""
    row = connection.execute(_QUERIES["drop_unused"].encode()).fetchone()
    return int(row[0]) if row else 0


def _profile(profile: Profile) -> dict[str, Any]:
    parts = [{"part": each.name, "views": [_view(view) for view in each.views]} for each in parts_of(profile)]
    return {"hash": profile.hash, "body": Jsonb(body_of(profile)), "parts": Jsonb(parts)}


def _view(view: TableView) -> dict[str, Any]:
    terms = [written_term(each) for each in view.terms]
    return {"table": view.table, "columns": sorted(view.columns), "in_force": view.in_force, "terms": terms}


def _timeline(subject: str, segments: Sequence[Segment]) -> dict[str, Any]:
    written = [
        {
            "from": str(each.since),
            "until": None if each.until is None else str(each.until),
            "hash": each.profile.hash,
            "because": each.because,
        }
        for each in segments
    ]
    return {"subject": subject, "segments": Jsonb(written)}
