"""Where requests come in: from which address they come, and how many threads one kind of them may hold."""

import threading
from typing import Any

_WAIT_S = 0.05


class Edge:
    """What one process keeps of it.

    Whoever sends a body slowly, or signs in over and over, holds threads; half of them stay free for answers.
    """

    def __init__(self, threads: int, proxy_hops: int) -> None:
        """Begin with every thread free.

        Args:
            proxy_hops: proxies in front of the server, each of which adds one address to X-Forwarded-For.
        """
        self._aside = threading.BoundedSemaphore(max(1, threads // 2))
        self._proxy_hops = proxy_hops

    def address_of(self, environ: dict[str, Any]) -> str:
        """Return the address that a request comes from: what the first of our proxies saw, if there are any.

        A header that is shorter than the proxies would make it was not written by them all, and is not believed.
        """
        seen = [each.strip() for each in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if self._proxy_hops and len(seen) >= self._proxy_hops and seen[-self._proxy_hops]:
            return seen[-self._proxy_hops]
        return environ.get("REMOTE_ADDR", "")

    def enter_aside(self) -> bool:
        """Tell whether one request more may be answered by the application of permission; ``leave_aside`` ends it."""
        return self._aside.acquire(timeout=_WAIT_S)

    def leave_aside(self) -> None:
        """Note that it was answered."""
        self._aside.release()
