"""Fair shares: nobody takes the places of everybody, and an export ends with the right to it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest

from auth.model import PUBLIC, Caller
from catalogue.files import read_layers
from catalogue.profile import everything
from core.errors import TooManyRequests, Unavailable
from server.exports import Stream
from server.running import Running
from server.shares import Shares
from tests.server.test_access import TOKEN

EXPORT = "/collections/quyen-su-dung-dat/export?f=json"
TOUCHING = {"resulttype": "hits", "filter": "S_TOUCHES(geometry,geometry)"}
ACCOUNT = """
    INSERT INTO acl.account (code, unit_id, kind, state)
    SELECT %s, id, 'machine', 'active' FROM acl.unit WHERE code = %s RETURNING id
"""
LONG = """
    SET session_replication_role = replica;
    UPDATE dc.quyen_su_dung_dat SET dia_chi_chu = repeat('x', 8000)
"""
"""So that an export is more than any buffer between the server and its client takes."""
UNIT = "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, 'khac', '2020-01-01')"
BUSY = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"


class World:
    """A server of one process, and three accounts of two units that may see everything."""

    def __init__(self, dsn: str, url: str) -> None:
        self.dsn, self.url = dsn, url
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 0))

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            cursor = connection.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def begin(self, who: str, path: str = EXPORT) -> "Unread":
        """Ask with a small window, and read no more than the head."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(20)
        line.connect(self._address)
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {who}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += line.recv(256)
        return Unread(line, int(head.split(b" ")[1]), head)

    def begins(self, who: str) -> int:
        """Return how an export is answered of which no more is read."""
        begun = self.begin(who)
        begun.close()
        return begun.status

    def status(self, who: str, query: dict[str, Any]) -> int:
        path = f"{self.url}/collections/thua-dat/items?{urlencode(query)}"
        try:
            with urlopen(Request(path, headers={"Authorization": f"Bearer {who}"}), timeout=60) as answer:
                return answer.status
        except HTTPError as error:
            return error.code if "Retry-After" in error.headers else 0


class Unread:
    """An answer that nobody reads."""

    def __init__(self, line: socket.socket, status: int, head: bytes) -> None:
        self._line, self.status, self.head = line, status, head

    def close(self) -> None:
        self._line.close()


@pytest.fixture(scope="module")
def world(
    sample_db: str,
    as_app: Callable[[str], str],
    publish: Callable[..., None],
    serve: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    with serve(as_app(sample_db), tmp_path_factory.mktemp("home")) as running:
        world = World(sample_db, running.url)
        world.ask(LONG)
        for unit in ("thue", "xa"):
            world.ask(UNIT, unit, unit)
        for code, unit in (("thue.mot", "thue"), ("thue.hai", "thue"), ("xa.mot", "xa")):
            account = world.ask(ACCOUNT, code, unit)[0][0]
            world.ask(TOKEN, sha256(code.encode()).hexdigest(), account, ["features:read"], [])
            publish(sample_db, everything(read_layers()), f"account:{account}")
        yield world


@pytest.fixture
def opened(world: World) -> Iterator[list[Unread]]:
    """What is begun in a test and ends with it."""
    begun: list[Unread] = []
    yield begun
    for each in begun:
        each.close()
    assert eventually(lambda: world.ask(BUSY) == [(0,)])


def eventually(is_so: Callable[[], bool], within_s: float = 15) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.2)
    return False


def test_many_quick_requests_of_one_account_are_all_answered(world: World):
    with ThreadPoolExecutor(16) as pool:
        statuses = set(pool.map(lambda _: world.status("thue.mot", {"limit": 1}), range(300)))

    assert statuses == {200}


def test_exports_that_an_account_or_a_unit_does_not_read_leave_lines_to_others(world: World, opened: list[Unread]):
    callers = ("thue.mot", "thue.mot", "thue.mot", "thue.hai", "thue.hai", "xa.mot")

    opened.extend(map(world.begin, callers))

    assert [each.status for each in opened] == [200, 200, 429, 200, 429, 200]
    assert b"retry-after: " in opened[2].head.lower()


def test_an_export_of_a_suspended_account_breaks_off_within_seconds_and_the_record_says_so(
    world: World, opened: list[Unread]
):
    opened.append(world.begin("xa.mot"))
    world.ask("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'xa.mot'")

    try:
        assert eventually(lambda: world.ask(BUSY) == [(0,)], within_s=8)
        ends = (
            "SELECT o.finished FROM audit.outcome o JOIN audit.decision r USING (request_id) WHERE r.account = 'xa.mot'"
        )
        assert eventually(lambda: (False,) in world.ask(ends))
    finally:
        world.ask("UPDATE acl.account SET state = 'active', suspended_for = NULL WHERE code = 'xa.mot'")


def test_an_export_that_was_ended_holds_its_place_for_as_long_as_its_thread(world: World, opened: list[Unread]):
    stalled = [world.begin("thue.mot"), world.begin("thue.mot")]
    opened.extend(stalled)
    world.ask("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'thue.mot'")
    try:
        ended = eventually(lambda: world.ask(BUSY) == [(0,)])
    finally:
        world.ask("UPDATE acl.account SET state = 'active', suspended_for = NULL WHERE code = 'thue.mot'")

    opened.append(world.begin("thue.mot"))
    for each in stalled:
        each.close()

    assert (ended, opened[-1].status) == (True, 429)
    assert eventually(lambda: world.begins("thue.mot") == 200)


def test_an_account_that_floods_with_costly_filters_leaves_threads_to_others(world: World):
    floods = 24
    is_over = threading.Event()

    answered: list[int] = []

    def flood() -> None:
        while not is_over.is_set():
            answered.append(world.status("thue.mot", TOUCHING))

    with ThreadPoolExecutor(floods) as pool:
        flooding = [pool.submit(flood) for _ in range(floods)]
        time.sleep(3)
        ahead: list[int] = []
        for _ in range(5):
            before = answered.count(200)
            assert world.status("xa.mot", {"limit": 1}) == 200
            ahead.append(answered.count(200) - before)
        is_over.set()

    for each in flooding:
        each.result()
    assert set(answered) <= {200, 429, 503}
    assert sorted(ahead)[2] < floods // 2, ahead  # who asks is not served behind all that flood


def refused() -> TooManyRequests:
    return TooManyRequests("no")


def caller(account: int, unit: int) -> Caller:
    return Caller(f"account:{account}", "token", "x", account_id=account, unit_id=unit)


def test_an_account_has_half_of_the_places_a_unit_three_quarters_and_the_public_is_one_account():
    shares = Shares(4, refused)

    for who in (caller(1, 1), caller(1, 1), caller(2, 1), PUBLIC, PUBLIC):
        shares.enter(who)

    for who in (caller(1, 1), caller(2, 1), PUBLIC):
        with pytest.raises(TooManyRequests):
            shares.enter(who)


def test_a_place_that_was_given_back_twice_is_free_once():
    shares = Shares(2, refused)
    first = shares.enter(PUBLIC)

    first.leave()
    first.leave()
    shares.enter(PUBLIC)

    with pytest.raises(TooManyRequests):
        shares.enter(PUBLIC)


def test_whoever_waited_in_vain_waits_no_more_for_a_while():
    now = [0.0]
    shares = Shares(2, refused, threads=4, wait_s=0.3, now=lambda: now[0])
    held = shares.enter(PUBLIC)

    took = []
    for at in (0.0, 1.0, 3.0):
        now[0], begun = at, time.monotonic()
        with pytest.raises(TooManyRequests):
            shares.enter(PUBLIC)
        took.append(time.monotonic() - begun >= 0.3)
    threading.Timer(0.1, held.leave).start()
    now[0] = 6.0

    assert took == [True, False, True]
    assert shares.enter(PUBLIC)


def test_an_export_that_nobody_reads_gives_everything_back_and_breaks_off():
    given_back, told = threading.Event(), threading.Event()
    running = Running(stalled_s=0.3, every_s=0.05)

    def pieces(stream: Stream) -> Iterator[bytes]:
        stream.stack.callback(given_back.set)
        stream.stack.callback(running.add(stream))
        return iter([b"1", b"2"])

    stream = Stream(pieces, lambda: None)
    stream.when_ended = told.set

    assert given_back.wait(5)
    assert told.wait(5)
    with pytest.raises(Unavailable):
        next(stream)


def test_an_export_of_which_somebody_reads_keeps_its_thread_when_it_is_ended_until_it_is_closed():
    given_back: list[str] = []

    def pieces(stream: Stream) -> Iterator[bytes]:
        stream.stack.callback(given_back.append, "connection")
        stream.thread.callback(given_back.append, "thread")
        return iter([b"1", b"2"])

    stream = Stream(pieces, lambda: None)
    stream.end()
    before = list(given_back)
    stream.close()
    stream.close()

    assert (before, given_back) == (["connection"], ["connection", "thread"])


def test_an_export_that_cannot_be_ended_keeps_no_other_from_being_ended(caplog: pytest.LogCaptureFixture):
    given_back = threading.Event()
    running = Running(stalled_s=0.1, every_s=0.05)

    def pieces(stream: Stream, when_closed: Callable[[], object]) -> Iterator[bytes]:
        stream.stack.callback(when_closed)
        running.add(stream)
        return iter([b"1"])

    def fail() -> None:
        raise OSError("the disk is gone")

    kept = [Stream(lambda stream, each=each: pieces(stream, each), lambda: None) for each in (fail, given_back.set)]

    assert given_back.wait(5)
    assert "an export could not be ended" in caplog.text
    assert len(kept) == 2


def test_an_export_that_is_read_now_and_then_goes_on():
    running = Running(stalled_s=0.5, every_s=0.05)

    def pieces(stream: Stream) -> Iterator[bytes]:
        stream.stack.callback(running.add(stream))
        return (str(n).encode() for n in range(6))

    read: list[bytes] = []
    with closing(Stream(pieces, lambda: None)) as stream:
        for piece in stream:
            read.append(piece)
            time.sleep(0.2)

    assert b"".join(read) == b"012345"
