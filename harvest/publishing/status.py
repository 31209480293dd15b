"""How the publication stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from database.queries import load
from harvest.publishing.removals import Held, held

_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "status.sql").items()}


@dataclass(frozen=True, slots=True)
class Status:
    """What is published, and what is in the way.

    Attributes:
        published: instant of the newest publication; ``None``: there was none.
        looked: when the publisher looked last.
        held: the removals that wait.
        lacking: records that lack something: identifier, title, what.
    """

    published: datetime | None
    looked: datetime | None
    records: int
    rows: int
    subjects: int
    held: Held | None
    lacking: tuple[tuple[UUID, str, tuple[str, ...]], ...]


def status_of(connection: Connection[Any]) -> Status:
    """Return how the publication stands."""
    row = connection.execute(_QUERIES["status"]).fetchone() or (None, None, 0, 0, 0)
    published, looked, records, rows, subjects = row
    waiting = held(connection)
    lacking = tuple((id_, title, tuple(missing)) for id_, title, missing in connection.execute(_QUERIES["lacking"]))
    return Status(published, looked, records, rows, subjects, waiting if waiting and waiting.waits else None, lacking)
