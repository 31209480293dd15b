"""Connections of clients that send or take nothing any more: what they held is given back to others."""

import errno
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.limits import LIMITS
from server.listening import watch, watch_port

FORM = "application/x-www-form-urlencoded"
ITEMS = "/collections/don-vi-hanh-chinh/items"
TOKEN = "/oauth/token"
KEEPALIVE = 2
"""Of /proc/net/tcp: the timer that asks whether the other end is there still."""

type Address = tuple[str, int]


@pytest.fixture(scope="module")
def address(
    api_db: str,
    as_app: Callable[[str], str],
    serve: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Address]:
    """Where a server with four threads answers, behind a proxy."""
    more = {"DATDAI_THREADS": "4", "DATDAI_PROXY_HOPS": "1"}
    with serve(as_app(api_db), tmp_path_factory.mktemp("home"), **more) as server:
        parts = urlsplit(server.url)
        yield str(parts.hostname), int(parts.port or 0)


def _head_of_http2(path: str) -> bytes:
    """Return what opens a connection of HTTP/2 and begins a form on it that does not end."""
    fields = {":method": "POST", ":path": path, ":scheme": "http", ":authority": "x", "content-type": FORM}
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )
    settings, head = b"\0\0\0\4\0\0\0\0\0", len(block).to_bytes(3) + b"\1\4" + (1).to_bytes(4)
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + head + block


def _head(path: str, *, length: int = 1_000, source: str = "") -> bytes:
    """Return the head of a form that is to be ``length`` bytes long."""
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {FORM}", f"Content-Length: {length}")
    return ("\r\n".join((*lines, *([f"Forwarded: for={source}"] if source else []))) + "\r\n\r\n").encode()


def _timer(server: Address, client: Address) -> int:
    """Return which timer the kernel runs for the server's end of a connection."""
    ends = [f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}" for host, port in (server, client)]
    rows = [each.split() for each in Path("/proc/net/tcp").read_text().splitlines()]
    return next(int(each[5].partition(":")[0]) for each in rows if each[1:3] == ends)


@contextmanager
def _opened(address: Address, sent: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(address, 20) as line:
        line.sendall(sent)
        yield line


def _posted(address: Address, path: str, *, source: str = "") -> int:
    connection = http.client.HTTPConnection(*address, timeout=20)
    headers = {"Content-Type": FORM} | ({"Forwarded": f"for={source}"} if source else {})
    try:
        connection.request("POST", path, b"limit=1", headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _becomes(answered: Callable[[], int], wanted: int) -> int:
    """Return what is answered once it is as wanted, or after ten seconds."""
    until = time.monotonic() + 10
    while (status := answered()) != wanted and time.monotonic() < until:
        time.sleep(0.2)
    return status


@pytest.mark.parametrize(("path", "status"), [(ITEMS, 200), (TOKEN, 400)])
@pytest.mark.parametrize("begun", [_head, _head_of_http2])
def test_whoever_goes_away_amid_a_body_leaves_the_place_to_others(
    address: Address, begun: Callable[[str], bytes], path: str, status: int
):
    for _ in range(8):
        with _opened(address, begun(path)):
            time.sleep(0.05)  # it has come in before its line is cut

    assert _becomes(lambda: _posted(address, path), status) == status


def test_bodies_that_never_come_from_one_address_leave_room_to_others(address: Address):
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(_opened(address, _head(ITEMS, source="203.0.113.9")))
        same = _becomes(lambda: _posted(address, ITEMS, source="203.0.113.9"), 429)
        other = [_posted(address, ITEMS, source="198.51.100.7") for _ in range(5)]

    assert (same, other) == (429, [200] * 5)
    assert _becomes(lambda: _posted(address, ITEMS, source="203.0.113.9"), 200) == 200


def test_http_2_is_not_spoken(address: Address):
    with _opened(address, _head_of_http2(TOKEN)) as line:
        answer = line.recv(100)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


def test_whether_a_silent_client_is_there_still_is_asked(address: Address):
    def timer() -> int:
        with socket.create_connection(address, 20) as line:
            line.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(10_000)
            time.sleep(0.5)  # what was answered is acknowledged by now
            return _timer(address, line.getsockname())

    assert _becomes(timer, KEEPALIVE) == KEEPALIVE


def test_a_connection_whose_client_takes_nothing_is_ended():
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        watch(listening, stalled_s=1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(listening.getsockname())
        line, _ = listening.accept()
        with line:
            line.settimeout(60)
            with pytest.raises((TimeoutError, BrokenPipeError, ConnectionResetError)) as ended:
                while True:
                    line.sendall(b"x" * 100_000)

    assert ended.value.errno in (errno.ETIMEDOUT, errno.EPIPE, errno.ECONNRESET)


def test_the_socket_of_a_port_is_found_among_all_of_the_process(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as local, socket.create_server(("127.0.0.1", 0)) as other:
        local.bind(str(tmp_path / "s"))
        local.listen()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            watch_port(listening.getsockname()[1])

            assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LIMITS.export_stalled_s * 1_000
            assert other.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
