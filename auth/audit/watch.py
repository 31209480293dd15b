"""Does the sealing go on? Looked at from beside the sealer, which cannot tell that it has died or is kept from work."""

import logging
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import Connection

from auth.audit import heads, keys, store
from auth.audit.sealer import is_ours
from core.clocks import VIETNAM, Clock, calendar_day
from database.writer import Writer

LATE: Final = timedelta(minutes=15)
"""How long a row, or the head of yesterday, waits for its seal at most. Seals are made every second."""
_log = logging.getLogger("datdai.audit")


class Why(StrEnum):
    """Why the audit is not sealed."""

    UNSIGNED = "unsigned"
    """The last seal, or the head of yesterday, is not signed with the key of this server."""
    LATE = "late"
    """What was to be sealed waits for too long."""
    UNREADABLE = "unreadable"
    """Neither can it be looked at: the key or the database is not to be read. The sealer needs both."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The audit is not sealed.

    Attributes:
        since: when that which waits came in, the unsigned seal says it was made, or looking failed first.
    """

    why: Why
    since: datetime


class Watch:
    """Looks whether the sealing goes on."""

    def __init__(self, auditor_dsn: str, home: Path, clock: Clock) -> None:
        """Put a watch together.

        Args:
            auditor_dsn: of the login that reads the audit.
            home: folder that keeps the key.
        """
        self._auditor = Writer(auditor_dsn, purpose="watch", size=1)
        self._home = home
        self._clock = clock
        self._blind_since: datetime | None = None

    def look(self) -> Stop | None:
        """Return that the audit is not sealed, and since when; ``None``: it is."""
        now = self._clock.now()
        try:
            key = keys.own_public_key(self._home)
            with self._auditor.transaction() as connection:
                store.read_all(connection)
                found = found_by(connection, key, now)
        except Exception as error:  # whatever it was, it may keep the sealer from its work, too
            self._blind_since = self._blind_since or now
            _log.warning("the seals cannot be looked at: %s", " ".join(str(error).split()) or type(error).__name__)
            return Stop(Why.UNREADABLE, self._blind_since)
        self._blind_since = None
        return found

    def close(self) -> None:
        """Close the connection."""
        self._auditor.close()


def found_by(connection: Connection[Any], key: Ed25519PublicKey, now: datetime) -> Stop | None:
    """Return that the audit is not sealed, by an auditor's transaction that reads everything; ``None``: it is."""
    last = store.last(connection)
    if last and not is_ours(connection, last, key):
        return Stop(Why.UNSIGNED, min(last.seal.made_at, now))
    today = calendar_day(now)
    midnight, yesterday = datetime.combine(today, time(), VIETNAM), today - timedelta(days=1)
    made = store.heads(connection, yesterday, yesterday)
    if any(not heads.is_genuine(each, key) for each in made):
        return Stop(Why.UNSIGNED, midnight)
    lacks_head = not made and store.last_before(connection, midnight)
    waiting = (store.waiting_since(connection, last), midnight if lacks_head else None)
    late = [each for each in waiting if each and now - each > LATE]
    return Stop(Why.LATE, min(late)) if late else None
