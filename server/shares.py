"""Fair shares: how much of what answers one account, one unit or the public may hold at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from auth.model import Caller
from core.errors import TooManyRequests
from core.limits import LIMITS
from server.http import Response

_WHOLE = 100
CROWDED_S = 2
"""For how long whoever waited in vain is refused at once: many who wait would hold the threads of others."""

_MOMENT_S = 0.05
"""How long the last thread is held that would be left to others."""

type _Holder = tuple[str, int]


class Shares:
    """Places of one process: part of them is one account's, a larger part its unit's; the public is one account.

    Whoever holds a share waits a moment for the own places; those of others are never waited for.
    """

    def __init__(
        self,
        places: int,
        refusal: Callable[[], TooManyRequests],
        *,
        threads: int = 0,
        wait_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with every place free.

        Args:
            refusal: makes what is told to whom no place is given.
            threads: those that answer; whoever holds places or waits for them leaves one of them to others.
            wait_s: for how long a place of the own share is waited for.
        """
        self._most = {
            "account": _part_of(places, LIMITS.share_of_account),
            "unit": _part_of(places, LIMITS.share_of_unit),
        }
        self._refusal = refusal
        self._threads = threads
        self._wait_s = wait_s
        self._now = now
        self._held: dict[_Holder, int] = {}
        self._waiting = Counter[_Holder]()
        self._crowded_until: dict[_Holder, float] = {}
        self._changed = threading.Condition()

    def enter(self, caller: Caller) -> "Share":
        """Give a place to a caller, who gives it back.

        Raises:
            TooManyRequests: the account or its unit holds all that it may.
        """
        holders = _holders(caller)
        with self._changed:
            if not self._has_room(holders) and not self._waits(holders):
                raise self._refusal()
            for each in holders:
                self._held[each] = self._held.get(each, 0) + 1
        return Share(self, holders)

    def leave(self, holders: tuple[_Holder, ...]) -> None:
        """Take a place back."""
        with self._changed:
            for each in holders:
                self._held[each] -= 1
                if not self._held[each]:
                    del self._held[each]
            self._changed.notify_all()

    def _has_room(self, holders: tuple[_Holder, ...]) -> bool:
        return all(self._held.get(each, 0) < self._most[each[0]] for each in holders)

    def _waits(self, holders: tuple[_Holder, ...]) -> bool:
        if not self._wait_s or self._crowded_until.get(holders[0], 0.0) > self._now():
            return False
        widest = holders[-1]
        is_last = self._held.get(widest, 0) + self._waiting[widest] >= self._threads - 1
        self._waiting[widest] += 1
        found = self._changed.wait_for(lambda: self._has_room(holders), _MOMENT_S if is_last else self._wait_s)
        self._waiting[widest] -= 1
        if found or is_last:
            return found
        now = self._now()
        self._crowded_until = {each: until for each, until in self._crowded_until.items() if until > now}
        self._crowded_until[holders[0]] = now + CROWDED_S
        return False


class Share:
    """A place that is held; it is given back once."""

    __slots__ = ("_holders", "_shares")

    def __init__(self, shares: Shares, holders: tuple[_Holder, ...]) -> None:
        self._shares: Shares | None = shares
        self._holders = holders

    def leave(self) -> None:
        """Give the place back."""
        shares, self._shares = self._shares, None
        if shares:
            shares.leave(self._holders)

    def until_sent(self, response: Response) -> Response:
        """Return the response; the place is given back once it is made, or, where it leaves in pieces, once it left."""
        if isinstance(response.body, bytes):
            self.leave()
            return response
        return Response(response.status, response.headers, _Held(response.body, self), response.rows)


class _Held(Iterator[bytes]):
    """A body whose pieces leave from a place."""

    def __init__(self, source: Iterator[bytes], share: Share) -> None:
        self.source = source
        self._share = share

    def __next__(self) -> bytes:
        try:
            return next(self.source)
        except BaseException:
            self._share.leave()
            raise

    def close(self) -> None:
        """Close the body and give the place back."""
        try:
            if close := getattr(self.source, "close", None):
                close()
        finally:
            self._share.leave()


def _holders(caller: Caller) -> tuple[_Holder, ...]:
    if caller.account_id is None:
        return (("account", 0),)
    account = ("account", caller.account_id)
    return (account,) if caller.unit_id is None else (account, ("unit", caller.unit_id))


def _part_of(places: int, percent: int) -> int:
    return max(1, places * percent // _WHOLE)
