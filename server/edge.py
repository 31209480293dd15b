"""Where requests come in: from which address they come, and how many threads one kind of them may hold."""

import re
import threading
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from core.addresses import network_of

_WAIT_S = 0.05
_NAME = r"[\w!#$%&'*+.^`|~-]++"
_VALUE = r'"(?:[^"\\]|\\.)*+"|[^\s",;=\\]++'
_PAIR = re.compile(f"({_NAME})=({_VALUE})", re.ASCII)
_LAST = re.compile(
    f"(?:^|,)[ \\t]*+({_NAME}=(?:{_VALUE})(?:[ \\t]*+;[ \\t]*+{_NAME}=(?:{_VALUE}))*+)[ \\t]*+$", re.ASCII
)
"""The last element of ``Forwarded``; where several could be it, the longest: a comma may stand in quotes."""


def seen_by_proxies(environ: dict[str, Any], hops: int) -> dict[str, str]:
    """Return what the first of our proxies saw of a request: its address (``for``) and scheme (``proto``).

    Only ``Forwarded`` (RFC 7239) is read. Its name has no hyphen: of X-Forwarded-For, WSGI does not tell what a proxy
    wrote from what a client wrote as X_Forwarded_For. A header that is shorter than the proxies would make it was not
    written by them all, and is not believed. Nor is an element that says something twice.
    """
    told = _element(environ.get("HTTP_FORWARDED", ""), hops)
    pairs = [(name.lower(), value) for name, value in _PAIR.findall(told)]
    seen = dict(pairs)
    if len(seen) < len(pairs):
        return {}
    return {"for": _address(_said(seen.get("for", ""))), "proto": _said(seen.get("proto", "")).lower()}


def address_of(environ: dict[str, Any], hops: int) -> str:
    """Return the address that a request comes from; behind proxies what the first one saw, or nothing.

    The address of a proxy is nobody's: what is bound to a network would be open to all who come through it.
    """
    return seen_by_proxies(environ, hops).get("for", "") if hops else environ.get("REMOTE_ADDR", "")


def _element(header: str, number: int) -> str:
    """Return an element, counted from the end: the end is ours, whatever quote a client left open before it."""
    found = None
    for _ in range(number):
        found = _LAST.search(header)
        if found is None:
            return ""
        header = header[: found.start()]
    return found[1] if found else ""


def _said(value: str) -> str:
    """Return a value without its quotes."""
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def comes_twice(cookies: str, name: str) -> bool:
    """Tell whether a header holds a cookie more than once."""
    return sum(each.partition("=")[0].strip() == name for each in cookies.split(";")) > 1


def _address(text: str) -> str:
    """Return the address of a node: ``192.0.2.1:80``, ``[2001:db8::1]:80``, with a port or without; else nothing."""
    for shown in (text, text.removeprefix("[").partition("]")[0], text.rpartition(":")[0]):
        with suppress(ValueError):
            return str(ip_address(shown))
    return ""


class Room:
    """Threads that one kind of requests may hold at once, and of these the most for one address, which leaves one.

    Of IPv6 a network /64 counts as one address.
    """

    def __init__(self, most: int) -> None:
        """Begin with all of them free."""
        self._most = most
        self._most_of_address = max(1, most - 1)
        self._held = Counter[str]()
        self._changed = threading.Condition()

    def enter(self, address: str) -> bool:
        """Tell whether one request more of an address may hold a thread; ``leave`` ends it."""
        network = network_of(address)
        with self._changed:
            is_free = self._changed.wait_for(lambda: self._has_place(network), _WAIT_S)
            if is_free:
                self._held[network] += 1
            return is_free

    def leave(self, address: str) -> None:
        """Note that it ended."""
        network = network_of(address)
        with self._changed:
            self._held[network] -= 1
            if not self._held[network]:
                del self._held[network]
            self._changed.notify_all()

    def _has_place(self, network: str) -> bool:
        return self._held.total() < self._most and self._held[network] < self._most_of_address


class Edge:
    """What one process keeps of it: whoever sends a body slowly, or signs in over and over, holds threads.

    Attributes:
        aside: requests that the application of permission answers; half of the threads stay free of them.
        bodies: bodies that are read for the service itself.
    """

    def __init__(self, threads: int, proxy_hops: int) -> None:
        """Begin with every thread free.

        Args:
            proxy_hops: proxies in front of the server, each of which adds one element to ``Forwarded``.
        """
        self.aside = Room(max(1, threads // 2))
        self.bodies = Room(threads // 4 + 1)
        self._proxy_hops = proxy_hops

    def address_of(self, environ: dict[str, Any]) -> str:
        """Return the address that a request comes from; nothing where no proxy of ours tells it."""
        return address_of(environ, self._proxy_hops)
