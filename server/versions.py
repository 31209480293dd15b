"""What was found at one version of the data and holds as long as the version does."""

import threading
from collections import OrderedDict

_KEPT_MAX = 20_000


class ByVersion[Found]:
    """Findings by key, each with the version of the data that gave it; the last 20,000.

    Versions stay in here: what leaves the server is an answer.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[str, Found]] = OrderedDict()
        self._lock = threading.Lock()

    def last(self, key: str) -> tuple[str, Found] | None:
        """Return the last version for which something was found, and what it was."""
        return self._found.get(key)

    def at(self, key: str, version: str) -> Found | None:
        """Return what was found at this version of the data, where it is known."""
        known = self._found.get(key)
        return known[1] if known and known[0] == version else None

    def put(self, key: str, version: str, found: Found) -> None:
        """Remember what was found."""
        with self._lock:
            self._found[key] = (version, found)
            self._found.move_to_end(key)
            if len(self._found) > _KEPT_MAX:
                self._found.popitem(last=False)
