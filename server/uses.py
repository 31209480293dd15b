"""Notes that tokens and sessions are used, off the way of requests: nobody waits for it, and nothing depends on it."""

import logging
import queue
import threading
from contextlib import suppress

import psycopg

from auth.credentials import sessions, tokens
from core.clocks import Clock
from core.errors import DatdaiError
from database.writer import Writer
from server.access import Principal

_WAITING_MAX = 1_000
_log = logging.getLogger("datdai.server")


class Uses:
    """One thread that writes; what comes while a thousand wait is not noted."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._waiting: queue.Queue[Principal | None] = queue.Queue(_WAITING_MAX)
        self._thread = threading.Thread(target=self._work, name="uses", daemon=True)
        self._thread.start()

    def note(self, principal: Principal) -> None:
        """Note a use of a token or a session."""
        if principal[0] in ("token", "session"):
            with suppress(queue.Full):
                self._waiting.put_nowait(principal)

    def close(self) -> None:
        """Write what waits, and close the connection."""
        self._waiting.put(None)
        self._thread.join()
        self._writer.close()

    def _work(self) -> None:
        while principal := self._waiting.get():
            try:
                self._write(*principal)
            except (DatdaiError, psycopg.Error) as error:
                _log.warning("a use was not noted: %s", " ".join(str(error).split()))

    def _write(self, kind: str, key: str) -> None:
        with self._writer.transaction() as connection:
            if kind == "token":
                tokens.note_use(connection, key, now=self._clock.now())
            else:
                sessions.touch(connection, key, now=self._clock.now())
