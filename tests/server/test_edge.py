"""Where requests come in: whose address counts, and how much of a process one kind of them takes."""

import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from werkzeug.test import Client, EnvironBuilder

from core.settings import Settings
from server.app import Application, create
from server.edge import Edge, comes_twice


class _Slow(RawIOBase):
    """A body that its sender holds back."""

    def __init__(self) -> None:
        self.is_read = threading.Event()
        self.is_let_go = threading.Event()

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        self.is_read.set()
        self.is_let_go.wait(30)
        return 0


@contextmanager
def _made(dsn: str, home: Path, *, threads: int = 8, proxy_hops: int = 0) -> Generator[Application]:
    made = create(Settings(database_url=dsn, home=home, threads=threads, proxy_hops=proxy_hops))
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _held(application: Application, path: str) -> Generator[None]:
    """Send a request whose body does not come."""
    body = _Slow()
    form = "application/x-www-form-urlencoded"
    environ = EnvironBuilder(path, method="POST", content_type=form).get_environ()
    environ |= {"wsgi.input": body, "CONTENT_LENGTH": "5000"}
    sender = threading.Thread(target=lambda: list(application(environ, lambda _status, _headers: None)), daemon=True)
    sender.start()
    try:
        assert body.is_read.wait(10)
        yield
    finally:
        body.is_let_go.set()
        sender.join(10)


@pytest.mark.parametrize("path", ["/signin", "/oauth/token"])
def test_bodies_that_do_not_come_hold_no_more_than_half_of_the_threads(
    sample_db: str, as_app: Callable[[str], str], tmp_path: Path, path: str
):
    with _made(as_app(sample_db), tmp_path, threads=2) as application:
        with _held(application, path):
            beside = Client(application).get("/signin")
            answer = Client(application).get("/collections")
        after = Client(application).get("/signin")

    assert (beside.status_code, beside.headers["Retry-After"]) == (503, "5")
    assert answer.status_code == 200
    assert after.status_code == 200


def test_bodies_that_do_not_come_from_one_address_leave_others_room_to_sign_in(
    sample_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    with (
        _made(as_app(sample_db), tmp_path, threads=4) as application,
        _held(application, "/signin"),
    ):
        same = Client(application).get("/signin")
        other = Client(application).get("/signin", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})

    assert (same.status_code, other.status_code) == (503, 200)


def test_the_addresses_of_one_customer_count_together():
    room = Edge(4, 0).aside

    assert room.enter("2001:db8:0:1::1")
    assert not room.enter("2001:db8:0:1:ffff::2")
    assert room.enter("2001:db8:0:2::1")
    room.leave("2001:db8:0:1::3")
    assert room.enter("2001:db8:0:1:ffff::2")


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "for=203.0.113.9", "10.0.0.5"),
        (1, "for=203.0.113.9", "203.0.113.9"),
        (1, 'proto=https; For="203.0.113.9:4711"', "203.0.113.9"),
        (1, 'for="[2001:DB8::1]:4711";proto=https', "2001:db8::1"),
        (1, 'for="[2001:db8::1]"', "2001:db8::1"),
        (1, 'for="2001:db8::1"', "2001:db8::1"),
        (1, "for=192.0.2.1,for=203.0.113.9", "203.0.113.9"),
        (1, 'for="192.0.2.1, for=203.0.113.9', "203.0.113.9"),
        (2, "for=192.0.2.1, for=203.0.113.9, for=10.0.0.6", "203.0.113.9"),
        (1, 'for=192.0.2.1;host="x, for=203.0.113.9', "203.0.113.9"),
        (1, 'a=", for="203.0.113.9";proto=https', "203.0.113.9"),
        (1, 'for=203.0.113.9;proto=https;host="x,for=192.0.2.1"', "203.0.113.9"),
        (1, 'for=203.0.113.9;by="x;for=192.0.2.1"', "203.0.113.9"),
        (1, 'host="x;for=192.0.2.1;y" ; for=203.0.113.9', "203.0.113.9"),
        (1, r'for=203.0.113.9;host="x\",for=192.0.2.1;y=\""', "203.0.113.9"),
        (2, 'for=203.0.113.9;host=",", for="10.0.0.6";by="a,b"', "203.0.113.9"),
        (1, "for=203.0.113.9;for=192.0.2.1", ""),
        (1, 'For=203.0.113.9;host="x";for="192.0.2.1"', ""),
        (1, "for=203.0.113.9,", ""),
        (1, 'for=203.0.113.9;host="x', ""),
        (2, "for=203.0.113.9", ""),
        (1, "for=unknown", ""),
        (1, "for=_secret", ""),
        (1, "203.0.113.9", ""),
        (1, "", ""),
    ],
)
def test_the_address_is_the_one_that_the_first_proxy_of_ours_saw(proxies: int, header: str, address: str):
    environ = {"REMOTE_ADDR": "10.0.0.5", "HTTP_FORWARDED": header, "HTTP_X_FORWARDED_FOR": "198.51.100.7"}

    assert Edge(8, proxies).address_of(environ) == address


@pytest.mark.parametrize("piece", ["for=1.2.3.4,", ",", '"', 'a="', ';a="b"', 'a=",', "a=b;", 'a=b;c="\\",', " ;\t"])
def test_a_header_as_long_as_it_can_be_is_read_at_once(piece: str):
    environ = {"HTTP_FORWARDED": piece * (400_000 // len(piece))}

    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(Edge(8, 8).address_of, environ)
        assert reads.result(20) in ("", "1.2.3.4")


@pytest.mark.parametrize("header", ["", "for=unknown", "for=_secret", "for=127.0.0.1;for=127.0.0.1"])
def test_a_token_bound_to_networks_is_refused_where_no_proxy_tells_the_address(
    demo_db: str, as_app: Callable[[str], str], tmp_path: Path, demo_tokens: dict[str, str], header: str
):
    given = {"Authorization": f"Bearer {demo_tokens['so.quantri1']}"}
    paths = ("/collections", "/admin/api/accounts")
    with psycopg.connect(demo_db) as connection:
        connection.execute(
            "UPDATE oauth.token SET networks = '{127.0.0.0/8}' WHERE hash = %s",
            [sha256(demo_tokens["so.quantri1"].encode()).hexdigest()],
        )

    with _made(as_app(demo_db), tmp_path, proxy_hops=1) as application:
        client, proxy = Client(application), {"REMOTE_ADDR": "127.0.0.1"}
        told, untold = (
            [
                client.get(path, headers=given | {"Forwarded": each}, environ_overrides=proxy).status_code
                for path in paths
            ]
            for each in ("for=127.0.0.9", header)
        )

    with psycopg.connect(demo_db) as connection:
        found = connection.execute("SELECT ip FROM audit.decision ORDER BY at DESC LIMIT 4").fetchall()
    assert (told, untold) == ([200, 200], [401, 401])
    assert [ip for (ip,) in found] == [None, None, "127.0.0.9", "127.0.0.9"]


def test_behind_a_proxy_the_record_holds_the_address_of_the_client(
    sample_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    with _made(as_app(sample_db), tmp_path, proxy_hops=1) as application:
        Client(application).get("/collections", headers={"Forwarded": "for=203.0.113.9"})

    with psycopg.connect(sample_db) as connection:
        found = connection.execute("SELECT ip FROM audit.decision ORDER BY at DESC LIMIT 1").fetchone()
    assert found == ("203.0.113.9",)


def test_nothing_that_a_client_writes_takes_the_place_of_what_the_proxy_wrote(
    api_db: str, as_app: Callable[[str], str], serve: Callable[..., AbstractContextManager[Any]], tmp_path: Path
):
    forged = ("X-Forwarded-For: 192.0.2.1", "X_Forwarded_For: 192.0.2.2", "_Forwarded: for=192.0.2.3",
              "Forwarded_: for=192.0.2.4", "-Forwarded: for=192.0.2.5", "HTTP_FORWARDED: for=192.0.2.6")  # fmt: skip
    with serve(as_app(api_db), tmp_path, DATDAI_WORKERS="1", DATDAI_PROXY_HOPS="1") as server:
        parts = urlsplit(server.url)
        for lines in ((*forged, "Forwarded: for=203.0.113.9"), ("Forwarded: for=203.0.113.9", *forged)):
            with socket.create_connection((parts.hostname, parts.port), 30) as line:
                head = "\r\n".join(("GET /nothing-is-here HTTP/1.1", "Host: x", "Connection: close", *lines))
                line.sendall(f"{head}\r\n\r\n".encode())
                assert line.recv(1_000).startswith(b"HTTP/1.1 404")

    with psycopg.connect(api_db) as connection:
        found = connection.execute("SELECT ip FROM audit.decision WHERE route LIKE '%nothing-is-here'").fetchall()
    assert found == [("203.0.113.9",), ("203.0.113.9",)]


@pytest.mark.parametrize(
    ("cookies", "is_twice"),
    [
        ("", False),
        ("datdai=1", False),
        ("datdai=1; other=2", False),
        ("datdai=1; datdai-form=2", False),
        ("datdai=1; datdai=2", True),
        ("datdai=1;datdai=1", True),
        ("other=x;  datdai=1;datdai =2", True),
    ],
)
def test_a_cookie_that_comes_twice_is_found(cookies: str, is_twice: bool):
    assert comes_twice(cookies, "datdai") is is_twice
