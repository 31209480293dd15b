"""Exports under way: one that nobody reads, or whose caller may not come in any more, is ended."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from core.errors import DatdaiError, ProfileMoved, Unauthorized
from core.limits import LIMITS

_LOOK_EVERY_S = 2.0
_log = logging.getLogger("datdai.server")


class Export(Protocol):
    """What is looked after."""

    @property
    def waits_since(self) -> float | None:
        """Return since when the next piece could be taken, on a monotonic clock; ``None`` while one is made."""
        ...

    def still_allowed(self) -> None:
        """Ask the database whether the caller may come in; raises what it answers."""
        ...

    def end(self) -> None: ...


class Running:
    """The exports of one process, and the thread that looks after them while there are any."""

    def __init__(self, stalled_s: float = LIMITS.export_stalled_s, every_s: float = _LOOK_EVERY_S) -> None:
        self._stalled_s = stalled_s
        self._every_s = every_s
        self._exports: dict[Export, bool] = {}
        self._lock = threading.Lock()
        self._is_looked_after = False

    def add(self, export: Export) -> Callable[[], None]:
        """Look after an export from now on; call what is returned when it has ended."""
        with self._lock:
            self._exports[export] = False
            begins, self._is_looked_after = not self._is_looked_after, True
        if begins:
            threading.Thread(target=self._work, name="exports", daemon=True).start()
        return lambda: self._remove(export)

    def _remove(self, export: Export) -> None:
        with self._lock:
            self._exports.pop(export, None)

    def _work(self) -> None:
        while True:
            time.sleep(self._every_s)
            with self._lock:
                exports = list(self._exports)
                self._is_looked_after = bool(exports)
            if not exports:
                return
            for each in exports:
                try:
                    self._look_at(each)
                except Exception:
                    _log.exception("an export could not be ended")
                    self._remove(each)

    def _look_at(self, export: Export) -> None:
        waits_since = export.waits_since
        if waits_since is not None and time.monotonic() - waits_since > self._stalled_s:
            _log.info("an export was ended: nobody reads it")
            export.end()
        elif not self._is_allowed(export):
            _log.info("an export was ended: its caller may not have it any more")
            export.end()

    def _is_allowed(self, export: Export) -> bool:
        """Tell whether its caller may still come in; a profile that moved is looked at twice: it may stay the same."""
        try:
            export.still_allowed()
        except Unauthorized:
            return False
        except ProfileMoved:
            with self._lock:
                moved_before = self._exports.get(export, False)
                if export in self._exports:
                    self._exports[export] = True
            return not moved_before
        except DatdaiError:
            return True  # the database is away, or busy: the export learns of it by itself
        with self._lock:
            if export in self._exports:
                self._exports[export] = False
        return True
