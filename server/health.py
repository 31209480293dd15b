"""Is the process alive, can it answer, and does what belongs to answering go on."""

import threading
from datetime import datetime, timedelta

from auth.audit.watch import Watch
from core.clocks import Clock
from core.errors import MethodNotAllowed, NotFound
from database.reader import Reader
from server.http import Request, Response

_METHODS = ("GET", "HEAD")
_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_LOOK_EVERY = timedelta(seconds=10)
"""Anybody may ask, as often as they like; nobody makes the audit be looked at more often."""


class Sealing:
    """What ``/health/ready`` knows of the seals of the audit."""

    def __init__(self, watch: Watch, clock: Clock) -> None:
        self._watch = watch
        self._clock = clock
        self._one_looks = threading.Lock()
        self._looked_at: datetime | None = None
        self._goes_on = True

    def goes_on(self) -> bool:
        """Tell whether the audit is sealed, as of the last look; while somebody looks, as of the one before."""
        if self._one_looks.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._one_looks.release()
        return self._goes_on

    def close(self) -> None:
        """Close the connection."""
        self._watch.close()

    def _look(self) -> None:
        now = self._clock.now()
        if self._looked_at is None or abs(now - self._looked_at) >= _LOOK_EVERY:
            self._goes_on = self._watch.look() is None
            self._looked_at = now


def answer(request: Request, reader: Reader, sealing: Sealing) -> Response:
    """Answer ``/health/live`` (the process runs) and ``/health/ready`` (the database answers too, else 503).

    Where the audit is not sealed, data are answered for and decisions put on record all the same: 200, ``degraded``.
    """
    if request.path not in ("/health/live", "/health/ready"):
        raise NotFound
    if request.method not in _METHODS:
        raise MethodNotAllowed(_METHODS)
    if request.path == "/health/ready":
        reader.read(None, [("SELECT 1", ())])
        if not sealing.goes_on():
            return Response(200, _HEADERS, b'{"status":"degraded","checks":{"audit_seals":"stopped"}}')
    return Response(200, _HEADERS, b'{"status":"ok"}')
