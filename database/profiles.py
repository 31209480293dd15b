"""Publish compiled profiles, by the publisher's login: their roles, and whose they are on which days; and read them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from psycopg import Connection

from catalogue.layer import Layer
from catalogue.parts import Part, parts_of
from catalogue.profile import Profile, body_of, profile_of, written_term
from core.errors import Unavailable
from database.pool import Reader
from database.queries import load

_QUERIES = load("database", "profiles.sql")
NOTHING = Profile("", {}, {})
"""The profile of whom nothing was ever published for."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Legal days on which a profile is in force: from ``since`` until, not including, ``until`` (``None``: no end)."""

    since: date
    until: date | None
    profile: Profile


def publish(connection: Connection[Any], subject: str, segments: Sequence[Segment]) -> None:
    """Put profiles in force for a subject from the first day of the segments on; what was before stays.

    The roles of a profile that is published already are left as they are.

    Args:
        subject: ``public`` or ``account:<id>``.
        segments: without gaps; no segment changes nothing.
    """
    for profile in {each.profile.hash: each.profile for each in segments}.values():
        make_roles(connection, profile)
    if segments:
        written = [{"from": str(each.since), "until": _day(each.until), "hash": each.profile.hash} for each in segments]
        connection.execute(_QUERIES["put_in_force"].encode(), [subject, json.dumps(written)])


def make_roles(connection: Connection[Any], profile: Profile) -> None:
    """Make the roles of a profile, unless they stand already."""
    parts = json.dumps([_written(each) for each in parts_of(profile)])
    body = json.dumps(body_of(profile), ensure_ascii=False)
    connection.execute(_QUERIES["publish_profile"].encode(), [profile.hash, body, parts])


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


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)


def _written(part: Part) -> dict[str, Any]:
    views = [
        {
            "table": each.table,
            "columns": sorted(each.columns),
            "in_force": each.in_force,
            "terms": [written_term(term) for term in each.terms],
        }
        for each in part.views
    ]
    return {"part": part.name, "views": views}
