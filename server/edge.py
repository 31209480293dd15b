"""Where requests come in: from which address they come, and how many threads one kind of them may hold."""

import threading
from collections import Counter
from typing import Any

from core.addresses import network_of

_WAIT_S = 0.05


class Edge:
    """What one process keeps of it.

    Whoever sends a body slowly, or signs in over and over, holds threads: half of them stay free for answers, and
    of the other half one for other addresses (of IPv6: other networks /64).
    """

    def __init__(self, threads: int, proxy_hops: int) -> None:
        """Begin with every thread free.

        Args:
            proxy_hops: proxies in front of the server, each of which adds one address to X-Forwarded-For.
        """
        self._most = max(1, threads // 2)
        self._most_of_address = max(1, self._most - 1)
        self._aside = Counter[str]()
        self._changed = threading.Condition()
        self._proxy_hops = proxy_hops

    def address_of(self, environ: dict[str, Any]) -> str:
        """Return the address that a request comes from: what the first of our proxies saw, if there are any.

        A header that is shorter than the proxies would make it was not written by them all, and is not believed.
        """
        seen = [each.strip() for each in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if self._proxy_hops and len(seen) >= self._proxy_hops and seen[-self._proxy_hops]:
            return seen[-self._proxy_hops]
        return environ.get("REMOTE_ADDR", "")

    def enter_aside(self, address: str) -> bool:
        """Tell whether one request more may be answered by the application of permission; ``leave_aside`` ends it."""
        network = network_of(address)
        with self._changed:
            is_free = self._changed.wait_for(lambda: self._has_room(network), _WAIT_S)
            if is_free:
                self._aside[network] += 1
            return is_free

    def leave_aside(self, address: str) -> None:
        """Note that it was answered."""
        network = network_of(address)
        with self._changed:
            self._aside[network] -= 1
            if not self._aside[network]:
                del self._aside[network]
            self._changed.notify_all()

    def _has_room(self, network: str) -> bool:
        return self._aside.total() < self._most and self._aside[network] < self._most_of_address
