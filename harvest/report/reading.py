"""The report of harvests, as officers of the Sở read it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from psycopg import Connection

from auth.model import Caller
from auth.rows import every
from auth.standing import officer
from core.clocks import VIETNAM
from database.queries import load
from harvest.report.rounds import PAUSE_MAX

_SQL = load("harvest.report", "reading.sql")


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a harvester through a face.

    Attributes:
        who: code of the account, or ``public``.
        client: of OAuth; ``None``: it came without.
        agent: family of the program.
        size: bytes.
        unchanged, refused, unavailable: answers with 304, with 4xx, with 5xx.
        since, until: of which instants the list was asked.
        outcome: ``complete``: it got the last page · ``under_way`` · ``broken_off``: it began a list, and did not come
            back · ``looked``: it asked for no list · ``refused``: nothing that it asked for was answered.
    """

    number: int
    who: str
    client: str | None
    agent: str
    face: str
    begun: datetime
    last: datetime
    requests: int
    records: int
    deletions: int
    size: int
    unchanged: int
    refused: int
    unavailable: int
    since: datetime | None
    until: datetime | None
    form: str | None
    part: str | None
    outcome: str


def rounds_seen(
    connection: Connection[Any],
    actor: Caller,
    *,
    day: date,
    since: date | None = None,
    before: int | None = None,
    limit: int,
) -> list[Round]:
    """Return rounds of harvesters, the newest first.

    Args:
        since: those that went on on this day in Vietnam, or later.
        before: those with a lower number.

    Raises:
        Forbidden: the actor is no officer of the Sở for data sharing.
    """
    officer(connection, actor, day)
    begin = since and datetime.combine(since, time(), VIETNAM)
    values = {"since": begin, "before": before, "limit": limit, "pause": PAUSE_MAX}
    return every(connection, Round, _SQL["rounds"], values)


def clock_of(connection: Connection[Any]) -> tuple[datetime | None, datetime | None]:
    """Return when the catalogue was last published, and when the publisher last had nothing left to do."""
    row = connection.execute(_SQL["clock"].encode()).fetchone()
    return (row[0], row[1]) if row else (None, None)
