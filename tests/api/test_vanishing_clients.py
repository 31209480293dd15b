"""Clients that go away in the middle of an answer, by the thousand: the server goes on, its connections come back."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

PARCELS = "/collections/thua-dat/items"
REQUESTS = [
    f"{PARCELS}?limit=300",
    "/collections/thua-dat/export?f=json",
    "/collections/thua-dat/export?f=csv",
    f"{PARCELS}?limit=100&f=gml",
    "/collections/don-vi-hanh-chinh/items?limit=100",
    "/",
]

type Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def address(live: Any) -> tuple[str, int]:
    parts = urlsplit(live.url)
    return str(parts.hostname), int(parts.port or 0)


def test_thousands_of_clients_that_go_away_cost_no_connection_and_no_worker(
    live: Any, address: tuple[str, int], rows: Rows
) -> None:
    before = _seconds(lambda: _get(live, f"{PARCELS}?limit=10"))
    others = _connections(rows)  # of this process, and the one that answered just now

    for number in range(2_000):
        _vanish(address, REQUESTS[number % len(REQUESTS)], read=2_000 if number % 20 == 0 else 0)

    _wait_until(lambda: _busy(rows) == 0)
    assert _connections(rows) < others + 8 + 4
    assert len(_get(live, f"{PARCELS}?limit=10000")) > 1_000_000
    assert len(_get(live, "/collections/thua-dat/export?f=json")) > 1_000_000
    assert _seconds(lambda: _get(live, f"{PARCELS}?limit=10")) < before * 20 + 2
    assert live.process.poll() is None


def test_clients_that_read_slowly_do_not_keep_the_others_waiting(
    live: Any, address: tuple[str, int], rows: Rows
) -> None:
    slow = [_begin(address, "/collections/thua-dat/export?f=json") for _ in range(3)]

    try:
        for _ in range(20):
            assert _seconds(lambda: _get(live, f"{PARCELS}?limit=10")) < 5
    finally:
        for each in slow:
            each.close()
    _wait_until(lambda: _busy(rows) == 0)


def test_exports_beyond_the_ceiling_are_told_to_come_back(live: Any, address: tuple[str, int], rows: Rows) -> None:
    target = "/collections/quyen-su-dung-dat/export?f=json"
    slow = [_begin(address, target) for _ in range(12)]

    try:
        statuses = {int(each.recv(64).split(b" ")[1]) for each in slow}
        assert statuses <= {200, 429, 503}
        assert _get(live, f"{PARCELS}?limit=10")
    finally:
        for each in slow:
            each.close()
    _wait_until(lambda: _busy(rows) == 0)
    assert _get(live, target)


@pytest.mark.parametrize(
    "sent", [b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\x16\x03\x01\x02", b"\r\n\r\n", b"GET " * 99]
)
def test_half_a_request_costs_nothing(live: Any, address: tuple[str, int], sent: bytes) -> None:
    for _ in range(50):
        with suppress(OSError), socket.create_connection(address, timeout=5) as line:
            line.sendall(sent)

    assert _get(live, "/health/live")


def _begin(address: tuple[str, int], target: str) -> socket.socket:
    """Ask, with a small window, and read nothing yet."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.settimeout(20)
    line.connect(address)
    line.sendall(f"GET {target} HTTP/1.1\r\nHost: land.test\r\n\r\n".encode())
    return line


def _vanish(address: tuple[str, int], target: str, *, read: int) -> None:
    line = _begin(address, target)
    with suppress(OSError):
        if read:
            line.recv(read)
        # A reset instead of a farewell, as when a cable is pulled.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    line.close()


def _get(live: Any, target: str) -> bytes:
    with urlopen(live.url + target, timeout=60) as answer:
        return bytes(answer.read())


def _seconds(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def _busy(rows: Rows) -> int:
    return int(
        rows(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle'"
        )[0][0]
    )


def _connections(rows: Rows) -> int:
    return int(
        rows(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND usename LIKE '%%\\_app'"
        )[0][0]
    )


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "connections did not come back"
        time.sleep(0.1)
