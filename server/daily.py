"""What the days bring to accounts and rights: done by the supervisor, every hour, and twice without harm.

Rights that changed and were not published by who changed them are looked for every second.
"""

import logging
import threading
from collections.abc import Callable, Sequence

import psycopg

from auth.oauth.forget import forget
from auth.people import daily
from auth.rights import stale
from catalogue.layer import Layer
from core.calendar import working_days
from core.clocks import Clock
from core.errors import DatdaiError
from core.settings import Settings
from database.connections import login_of
from database.profiles import drop_unused
from database.writer import Writer
from server.proofs import legal_day

_FIRST_AFTER_S = 60.0
_EVERY_S = 3_600.0
_LOOK_EVERY_S = 1.0
_log = logging.getLogger("datdai.daily")


class Daily:
    """The hourly work; each part for itself, so that one that fails hinders no other."""

    def __init__(self, settings: Settings, layers: Sequence[Layer], clock: Clock) -> None:
        dsn = settings.database_url or ""
        self._identity = Writer(login_of(settings.identity_database_url, dsn, "identity"), purpose="daily", size=1)
        self._publisher = Writer(login_of(settings.publisher_database_url, dsn, "publisher"), purpose="daily", size=1)
        self._layers = tuple(layers)
        self._clock = clock
        self._told_on = ""

    def run(self) -> None:
        """Do everything that is due."""
        for part in (self._accounts, self._absences, self._calendar, self._tokens, self._rights):
            try:
                part()
            except (DatdaiError, psycopg.Error) as error:
                _log.warning("%s: %s", part.__name__.strip("_"), " ".join(str(error).split()))

    def close(self) -> None:
        """Close the connections."""
        self._identity.close()
        self._publisher.close()

    def _accounts(self) -> None:
        with self._identity.transaction() as connection:
            daily.run(connection, day=legal_day(connection), clock=self._clock)

    def _absences(self) -> None:
        with self._identity.transaction() as connection:
            daily.watch_absences(connection, day=legal_day(connection), clock=self._clock, calendar=working_days())

    def _calendar(self) -> None:
        """Tell the operator once a day which years of working days are missing."""
        with self._identity.transaction() as connection:
            day = legal_day(connection)
        missing = working_days().missing_soon(day)
        if missing and self._told_on != day.isoformat():
            self._told_on = day.isoformat()
            _log.warning("config/calendar.yml has no working days of %s", " and ".join(map(str, missing)))

    def _tokens(self) -> None:
        with self._identity.transaction() as connection:
            forget(connection, now=self._clock.now())

    def _rights(self) -> None:
        stale.republish_stale(self._publisher, self._layers)
        with self._publisher.transaction() as connection:
            drop_unused(connection)


class Healing:
    """Publishes the rights of accounts that stay marked: who changed them died before publishing, or could not.

    A mark is left to who made it until it is seen twice. What fails is tried again by the hour, and the log says why.
    """

    def __init__(self, publisher: Writer, layers: Sequence[Layer]) -> None:
        self._publisher = publisher
        self._layers = tuple(layers)
        self._seen = frozenset[int]()
        self._tried = frozenset[int]()

    def look(self) -> None:
        """Look once, and publish what is due; the database may be away."""
        try:
            with self._publisher.transaction() as connection:
                marked = stale.marked(connection)
        except (DatdaiError, psycopg.Error):
            self._tried = frozenset()  # whatever failed then may have failed for that
            return
        due = (marked & self._seen) - self._tried
        self._seen, self._tried = marked, (self._tried & marked) | due
        if due:
            stale.republish_stale(self._publisher, self._layers)

    def close(self) -> None:
        """Close the connection."""
        self._publisher.close()


def start(settings: Settings, layers: Sequence[Layer], clock: Clock) -> threading.Event:
    """Begin the work in threads of its own; set the event to end it."""
    stop = threading.Event()
    work = Daily(settings, layers, clock)
    dsn = login_of(settings.publisher_database_url, settings.database_url or "", "publisher")
    healing = Healing(Writer(dsn, purpose="healing", size=1), layers)
    for name, run, close, waits in (
        ("daily", work.run, work.close, (_FIRST_AFTER_S, _EVERY_S)),
        ("healing", healing.look, healing.close, (_LOOK_EVERY_S, _LOOK_EVERY_S)),
    ):
        threading.Thread(target=_repeat, args=(run, close, stop, *waits), name=name, daemon=True).start()
    return stop


def _repeat(
    work: Callable[[], None], close: Callable[[], None], stop: threading.Event, first_s: float, every_s: float
) -> None:
    wait_s = first_s
    while not stop.wait(wait_s):
        work()
        wait_s = every_s
    close()
