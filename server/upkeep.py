"""Small regular work beside the answers: counts of the change log are folded."""

import logging
import threading
from collections.abc import Callable

from database.connections import connect
from database.queries import load

_EVERY_S = 30.0
_QUERIES = load("server", "upkeep.sql")
_log = logging.getLogger("datdai.upkeep")


def start(dsn: str) -> threading.Event:
    """Begin the work in a thread of its own; set the event to end it."""
    stop = threading.Event()
    work = threading.Thread(target=repeat, args=(lambda: _fold(dsn), stop), name="upkeep", daemon=True)
    work.start()
    return stop


def repeat(work: Callable[[], object], stop: threading.Event, *, every_s: float = _EVERY_S) -> None:
    """Do the work again and again until ``stop`` is set; what goes wrong is logged, and the next round comes."""
    while not stop.is_set():
        try:
            work()
        except Exception as error:  # a worker loop: whatever it was, the server goes on for days
            _log.warning("counts were not folded: %s", " ".join(str(error).split()) or type(error).__name__)
        stop.wait(every_s)


def _fold(dsn: str) -> None:
    with connect(dsn, purpose="upkeep", autocommit=True) as connection:
        connection.execute(_QUERIES["fold_log"].encode())
