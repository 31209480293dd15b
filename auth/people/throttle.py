"""How often a sign-in may fail: by the name that is typed, and by the address that it comes from.

Five failures within 15 minutes close a name for a minute, each further one for twice as long as the one before, up to
15 minutes; thirty close an address (of IPv6: a network /64) until 15 minutes after the first. Right or wrong, what is
closed is refused; what a closed address sends is not written down either, or whoever likes could fill the disk.

Who is signed in is counted by the session alone: five wrong proofs in a row end it. Nobody without the session can use
them up, and another session takes a whole sign-in, so that is all there is to guess.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from auth.rows import first, only
from core.addresses import network_of
from database.queries import load

WINDOW: Final = timedelta(minutes=15)
BY_NAME: Final = 5
BY_ADDRESS: Final = 30
IN_SESSION: Final = 5
DELAY: Final = timedelta(minutes=1)
DELAY_MAX: Final = timedelta(minutes=15)
FORGOTTEN: Final = timedelta(hours=24)
"""A name that was closed is as new when so long nobody failed."""
_QUERIES: Final = load("auth.people", "sign_in.sql")


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures counted under one key."""

    count: int
    first_at: datetime
    last_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Tell whether so much time has passed that the count begins anew."""
        window = WINDOW if self.count < BY_NAME else FORGOTTEN
        return now - self.last_at >= window

    def close_name(self, now: datetime) -> bool:
        """Tell whether a name with these failures is closed."""
        return self.count >= BY_NAME and now < self.last_at + delay(self.count)

    def close_address(self, now: datetime) -> bool:
        """Tell whether an address with these failures is closed."""
        return self.count >= BY_ADDRESS and now < self.first_at + WINDOW


@dataclass(frozen=True, slots=True)
class Gate:
    """What is counted for one sign-in; the name's count is held until the end of the transaction."""

    name: str
    address: str
    by_name: Failures
    by_address: Failures | None
    now: datetime

    @property
    def is_closed(self) -> bool:
        """Tell whether the sign-in is refused, right or wrong."""
        return self.is_address_closed or self.by_name.close_name(self.now)

    @property
    def is_address_closed(self) -> bool:
        """Tell whether whoever comes from there is refused, whatever the name: that tells nothing of any account."""
        return self.by_address is not None and self.by_address.close_address(self.now)


def delay(failures: int) -> timedelta:
    """Return for how long a name is closed after so many failures."""
    doublings = min(failures - BY_NAME, 10)
    return min(DELAY * 2**doublings, DELAY_MAX)


def approach(connection: Connection[Any], *, name: str, address: str, now: datetime) -> Gate:
    """Look up the failures of a name and of an address; sign-ins of one name come one after the other.

    Where the address is closed, nothing is written, and the name is not looked at.
    """
    key, of_address = _key(name), _key(network_of(address))
    by_address = first(connection, Failures, _QUERIES["failures_of_address"], {"key": of_address})
    if by_address and by_address.close_address(now):
        return Gate(key, of_address, Failures(0, now, now), by_address, now)
    by_name = _held(connection, "account", key, now)
    return Gate(key, of_address, by_name, by_address, now)


def count_failure(connection: Connection[Any], gate: Gate) -> None:
    """Count a failure, of the name unless it is closed already, and of the address; nothing where that is closed."""
    if gate.is_address_closed:
        return
    if not gate.by_name.close_name(gate.now):
        _count(connection, "account", gate.name, gate, anew=gate.by_name.is_over(gate.now))
    anew = gate.by_address is not None and gate.now >= gate.by_address.first_at + WINDOW
    _count(connection, "address", gate.address, gate, anew=anew)


def forget(connection: Connection[Any], gate: Gate) -> None:
    """Forget the failures of the name, after a sign-in that went well."""
    connection.execute(_QUERIES["forget_failures"].encode(), {"kind": "account", "key": gate.name})


def hold_session(connection: Connection[Any], session: str, *, now: datetime) -> None:
    """Let the proofs of one session, known by its hash, come one after the other until the end of the transaction."""
    _held(connection, "session", session, now)


def count_in_session(connection: Connection[Any], session: str, *, now: datetime) -> bool:
    """Count a wrong proof of a session; tell whether that was one too many in a row."""
    failures = _held(connection, "session", session, now)
    values = {"kind": "session", "key": session, "now": now, "anew": False}
    connection.execute(_QUERIES["count_failure"].encode(), values)
    return failures.count + 1 >= IN_SESSION


def forget_session(connection: Connection[Any], session: str) -> None:
    """Forget the wrong proofs of a session, after a right one or with its end."""
    connection.execute(_QUERIES["forget_failures"].encode(), {"kind": "session", "key": session})


def forget_old(connection: Connection[Any], now: datetime) -> None:
    """Forget every count that plays no part any more."""
    connection.execute(_QUERIES["forget_old_failures"].encode(), {"before": now - FORGOTTEN})


def _held(connection: Connection[Any], kind: str, key: str, now: datetime) -> Failures:
    return only(connection, Failures, _QUERIES["hold_failures"], {"kind": kind, "key": key, "now": now})


def _count(connection: Connection[Any], kind: str, key: str, gate: Gate, *, anew: bool) -> None:
    values = {"kind": kind, "key": key, "now": gate.now, "anew": anew}
    connection.execute(_QUERIES["count_failure"].encode(), values)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
