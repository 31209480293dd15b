"""The publication of the catalogue beside the answers: the supervisor looks every second."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg

from catalogue.files import read_layers
from catalogue.service import read_service
from core.settings import Settings
from database.connections import connect, login_of
from harvest.publishing.said import SaidByOfficers
from harvest.publishing.tick import Outcome, Sources, publish, tick

_EVERY_S = 1.0
_FIRST_WITHIN_S = 5.0
_START_WITHIN_S = 30.0
"""How long the start waits for the first publication: that of a hundred thousand records goes on behind it."""
_CONFIG = Path(__file__).parent.parent / "config"
_log = logging.getLogger("datdai.publishing")


class Publishing:
    """Looks at what changed and publishes it; each kind of trouble is told once, and once that it is over."""

    def __init__(self, dsn: str, sources: Sources) -> None:
        self._dsn = dsn
        self._sources = sources
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._troubles: dict[str, tuple[str, str]] = {}

    def first(self) -> None:
        """Publish what there is, before anybody asks; what cannot be published now is published by the next looks."""
        self._try(lambda: publish(self._open(), self._sources, within_s=_FIRST_WITHIN_S))

    def look(self) -> None:
        """Look once; the database may be away."""
        self._try(lambda: tick(self._open(), self._sources))

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _open(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn, purpose="publishing", autocommit=True)
        return self._connection

    def _try(self, work: Callable[[], Outcome]) -> None:
        try:
            self._told_of(work())
        except Exception as error:  # a worker loop: whatever it was, the next look comes
            self.close()
            why = " ".join(str(error).split()) or type(error).__name__
            self._tell("away", f"the catalogue is not published: {why}", of=_kind(error))

    def _told_of(self, outcome: Outcome) -> None:
        if outcome.busy:
            return
        self._tell("away", "")
        waiting = f"{outcome.waiting} records wait to be removed until an officer says so: datdai catalogue held"
        self._tell("waiting", waiting if outcome.waiting else "")
        lacking = f"{outcome.lacking} records lack what they need and stay as they were: datdai catalogue status"
        self._tell("lacking", lacking if outcome.lacking else "")

    def _tell(self, kind: str, trouble: str, *, of: str = "") -> None:
        """Log a trouble where it is another one than was told last of its kind; empty: there is none.

        Args:
            of: what tells it from others, where its text may differ each time.
        """
        before, before_of = self._troubles.get(kind, ("", ""))
        self._troubles[kind] = trouble, of or trouble
        if trouble and (of or trouble) != before_of:
            _log.warning("%s", trouble)
        elif before and not trouble:
            _log.info("over: %s", before)


def _kind(error: Exception) -> str:
    """Return what kind of trouble it is: its text may name an instant, a process or a row."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return f"{type(error).__module__}.{type(error).__qualname__} {state or ''}"


def sources_of(settings: Settings) -> Sources:
    """Return what records are made of besides the database.

    Raises:
        CatalogueError: a file is not as it must be.
    """
    service = read_service(settings.service or _CONFIG / "service.yml")
    return Sources(
        read_layers(_CONFIG / "layers"), service, SaidByOfficers(), removal_share=settings.catalogue_removal_share
    )


def start(settings: Settings) -> threading.Event:
    """Publish once, then go on in a thread of its own; set the event to end it."""
    stop = threading.Event()
    dsn = login_of(settings.publisher_database_url, settings.database_url or "", "publisher")
    work = Publishing(dsn, sources_of(settings))
    done = threading.Event()
    threading.Thread(target=_repeat, args=(work, done, stop), name="publishing", daemon=True).start()
    done.wait(_START_WITHIN_S)
    return stop


def _repeat(work: Publishing, done: threading.Event, stop: threading.Event) -> None:
    work.first()
    done.set()
    while not stop.wait(_EVERY_S):
        work.look()
    work.close()
