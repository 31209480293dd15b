"""What the days bring to accounts and rights: done by the supervisor, every hour, and twice without harm.

Rights that changed and were not published by who changed them are looked for every second, the seals every minute.
"""

import logging
import threading
from collections.abc import Callable, Sequence

import psycopg

from auth.audit.watch import LATE, Watch, Why
from auth.notices import Kind, notify_of_sealing
from auth.oauth.forget import forget
from auth.people import daily
from auth.people.admins import one_at_a_time
from auth.rights import stale
from catalogue.layer import Layer
from core.calendar import working_days
from core.clocks import VIETNAM, Clock, LegalDay, calendar_day
from core.errors import DatdaiError
from core.settings import Settings
from database.connections import login_of
from database.profiles import drop_unused
from database.writer import Writer
from server.proofs import legal_day

_FIRST_AFTER_S = 60.0
_EVERY_S = 3_600.0
_LOOK_EVERY_S = 1.0
_TELL_EVERY_S = 60.0
_log = logging.getLogger("datdai.daily")


class Daily:
    """The hourly work; each part for itself, so that one that fails hinders no other."""

    def __init__(self, settings: Settings, layers: Sequence[Layer], clock: Clock) -> None:
        self._identity = _writer(settings, "identity", "daily")
        self._publisher = _writer(settings, "publisher", "daily")
        self._watch = _watch(settings, clock)
        self._layers = tuple(layers)
        self._clock = clock
        self._told_on = ""
        self._stop_told_on: LegalDay | None = None

    def run(self) -> None:
        """Do everything that is due."""
        for part in (self._accounts, self._absences, self._calendar, self._tokens, self._rights, self._seals):
            try:
                part()
            except (DatdaiError, psycopg.Error) as error:
                _log.warning("%s: %s", part.__name__.strip("_"), " ".join(str(error).split()))

    def close(self) -> None:
        """Close the connections."""
        self._identity.close()
        self._publisher.close()
        self._watch.close()

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

    def _seals(self) -> None:
        """Tell the operator once a day that the audit is not sealed."""
        stop, today = self._watch.look(), calendar_day(self._clock.now())
        if stop and self._stop_told_on != today:
            self._stop_told_on = today
            since = stop.since.astimezone(VIETNAM).isoformat(timespec="seconds")
            _log.warning(
                "the audit has not been sealed since %s (%s): see docs/reference/audit.md#when-the-sealing-stops",
                since,
                stop.why,
            )


class Telling:
    """Tells the Sở by a notice that the audit is not sealed any more, once, and once that it is again."""

    def __init__(self, watch: Watch, identity: Writer, clock: Clock) -> None:
        self._watch = watch
        self._identity = identity
        self._clock = clock
        self._told: Kind | None = None

    def look(self) -> None:
        """Look once, and tell what changed; what cannot be looked at for a while may be nothing but a line."""
        stop, now = self._watch.look(), self._clock.now()
        if stop and stop.why is Why.UNREADABLE and now - stop.since < LATE:
            return
        kind = Kind.SEALING_STOPPED if stop else Kind.SEALING_GOES_ON
        if kind is self._told:
            return
        try:
            with self._identity.transaction() as connection:
                one_at_a_time(connection)
                notify_of_sealing(connection, kind, calendar_day(stop.since if stop else now), now=now)
            self._told = kind
        except (DatdaiError, psycopg.Error) as error:
            _log.warning("the Sở was not told of the seals: %s", " ".join(str(error).split()))

    def close(self) -> None:
        """Close the connections."""
        self._watch.close()
        self._identity.close()


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
    healing = Healing(_writer(settings, "publisher", "healing"), layers)
    telling = Telling(_watch(settings, clock), _writer(settings, "identity", "telling"), clock)
    for name, run, close, waits in (
        ("daily", work.run, work.close, (_FIRST_AFTER_S, _EVERY_S)),
        ("healing", healing.look, healing.close, (_LOOK_EVERY_S, _LOOK_EVERY_S)),
        ("telling", telling.look, telling.close, (_FIRST_AFTER_S, _TELL_EVERY_S)),
    ):
        threading.Thread(target=_repeat, args=(run, close, stop, *waits), name=name, daemon=True).start()
    return stop


def _writer(settings: Settings, login: str, purpose: str) -> Writer:
    given = {"identity": settings.identity_database_url, "publisher": settings.publisher_database_url}[login]
    return Writer(login_of(given, settings.database_url or "", login), purpose=purpose, size=1)


def _watch(settings: Settings, clock: Clock) -> Watch:
    dsn = login_of(settings.auditor_database_url, settings.database_url or "", "auditor")
    return Watch(dsn, settings.home, clock)


def _repeat(
    work: Callable[[], None], close: Callable[[], None], stop: threading.Event, first_s: float, every_s: float
) -> None:
    wait_s = first_s
    while not stop.wait(wait_s):
        work()
        wait_s = every_s
    close()
