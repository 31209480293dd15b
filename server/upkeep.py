"""Small regular work beside the answers: counts of the change log are folded."""

import logging
import threading

import psycopg

_EVERY_S = 30.0
_log = logging.getLogger("datdai.upkeep")


def start(dsn: str) -> threading.Event:
    """Begin the work in a thread of its own; set the event to end it."""
    stop = threading.Event()
    threading.Thread(target=_run, args=(dsn, stop), name="upkeep", daemon=True).start()
    return stop


def _run(dsn: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with psycopg.connect(dsn, autocommit=True, application_name="datdai upkeep") as connection:
                connection.execute("SELECT lg.don_dem()")
        except psycopg.Error as error:
            _log.warning("counts were not folded: %s", error)
        stop.wait(_EVERY_S)
