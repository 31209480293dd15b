"""Reading: one transaction for an answer, exports apart, a database that goes and comes back."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import LiteralString, cast

import psycopg
import pytest

from core.errors import ProfileMoved, QueryTimeout, TooManyRequests, Unauthorized, Unavailable
from database.cluster import Cluster, temporary_folder
from database.lines import Entry, numbered
from database.pool import Pool
from database.reader import Reader, Tuning

PUBLIC = Entry("public", "", "hash")
STUB = """
CREATE SCHEMA acl;
CREATE TABLE so (id int PRIMARY KEY, chu text);
INSERT INTO so SELECT i, 'đất ' || i FROM generate_series(1, 1000) AS i;
CREATE ROLE nguoi_doc NOLOGIN;
GRANT SELECT ON so TO nguoi_doc;
CREATE FUNCTION acl.enter(kind text, key text, profile_hash text, part text, bbox float8[], search text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF kind = 'unknown' THEN
        RAISE EXCEPTION 'no such principal' USING ERRCODE = '28000';
    END IF;
    PERFORM set_config('acl.entry', concat_ws('|', kind, key, profile_hash, part, bbox::text), true);
    SET LOCAL ROLE nguoi_doc;
END $$;
"""


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A cluster that the tests of this module may stop and start."""
    folder = temporary_folder()
    cluster = Cluster(folder / "pg", durable=False)
    cluster.start()
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(STUB)
    yield cluster
    cluster.destroy()
    shutil.rmtree(folder)


@pytest.fixture
def reader(own_cluster: Cluster) -> Iterator[Reader]:
    tuning = Tuning(pool_size=2, export_pool_size=1, statement_timeout_ms=2_000, wait_ms=500)
    reader = Reader(own_cluster.dsn(), tuning)
    yield reader
    reader.close()


@pytest.fixture
def admin(own_cluster: Cluster) -> Iterator[psycopg.Connection]:
    with psycopg.connect(own_cluster.dsn(), autocommit=True) as connection:
        yield connection


def _one(reader: Reader, text: str, *params: object) -> object:
    [[(value,)]] = reader.read(PUBLIC, [(text, params)])
    return value


def _until(admin: psycopg.Connection, question: LiteralString) -> None:
    for _ in range(500):
        if admin.execute(question).fetchone() == (True,):
            return
        time.sleep(0.01)
    pytest.fail(f"never true: {question}")


def test_each_statement_gives_its_rows_in_order(reader: Reader) -> None:
    first, second, third = reader.read(
        PUBLIC,
        [
            ("SELECT id, chu FROM so WHERE id < %s ORDER BY id", [3]),
            ("SELECT 1 WHERE false", []),
            ("SELECT count(*) FROM so", ()),
        ],
    )

    assert first == [(1, "đất 1"), (2, "đất 2")]
    assert second == []
    assert third == [(1000,)]


def test_json_arrives_as_the_text_that_postgresql_wrote(reader: Reader) -> None:
    rows = reader.read(PUBLIC, [("""SELECT '{"a":  1}'::json, '{"b":2}'::jsonb""", ())])

    assert rows == [[('{"a":  1}', '{"b": 2}')]]


def test_binary_results_are_the_same_values(reader: Reader) -> None:
    query = """SELECT 'đ'::text, 5, 1.5::float8, '\\x00ff'::bytea, '{"a":  1}'::json, true"""

    assert reader.read(PUBLIC, [(query, ())]) == reader.read(PUBLIC, [(query, ())], binary=True)


@pytest.mark.parametrize(
    "value",
    ["đường 'quoted' \\ %s", 7, 2**40, -1.5, True, None, ["a", None, '"x"'], [1, 2], b"\x00\xff"],
)
def test_values_travel_unchanged_however_often_they_are_asked(reader: Reader, value: object) -> None:
    kinds = {str: "text", int: "int8", float: "float8", bool: "bool", bytes: "bytea", type(None): "text"}
    kind = "text[]" if value == ["a", None, '"x"'] else "int[]" if value == [1, 2] else kinds[type(value)]

    answers = [_one(reader, f"SELECT %s::{kind}", value) for _ in range(5)]

    assert answers == [value] * 5


def test_the_caller_enters_in_the_same_transaction_and_leaves_nothing_behind(reader: Reader) -> None:
    entry = Entry("token", "khóa", "hash", "2", (1.5, -2.0, 3.0, 4.0))
    query = "SELECT current_setting('acl.entry', true), current_user::text, pg_backend_pid()"

    [[(inside, user, pid)]] = reader.read(entry, [(query, ())])

    assert inside == "token|khóa|hash|2|{1.5,-2,3,4}"
    assert user == "nguoi_doc"
    # The next caller gets the same connection and sees its own entry alone.
    assert reader.read(PUBLIC, [(query, ())]) == [[("public||hash|0", "nguoi_doc", pid)]]


def test_nothing_can_be_written(reader: Reader) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.read(PUBLIC, [("RESET ROLE", ()), ("INSERT INTO so VALUES (0, '')", ())])


@pytest.mark.parametrize(
    ("setting", "value"), [("max_parallel_workers_per_gather", "0"), ("client_connection_check_interval", "2s")]
)
def test_answers_and_exports_use_one_process_and_end_when_nobody_waits(
    reader: Reader, setting: str, value: str
) -> None:
    question = f"SELECT current_setting('{setting}')"

    with reader.stream(PUBLIC, (question, ()), batch=1) as rows:
        assert list(rows) == [(value,)]

    assert _one(reader, question) == value


def test_repeatable_statements_see_one_snapshot(reader: Reader, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE doi (n int); INSERT INTO doi VALUES (1); GRANT SELECT ON doi TO nguoi_doc")
    writer = threading.Timer(0.2, lambda: admin.execute("UPDATE doi SET n = 2"))
    statements = [("SELECT n FROM doi", ()), ("SELECT pg_sleep(0.6)::text", ()), ("SELECT n FROM doi", ())]

    writer.start()
    first, _, last = reader.read(PUBLIC, statements, repeatable=True)
    writer.join()

    assert first == last == [(1,)]
    assert _one(reader, "SELECT n FROM doi") == 2


def test_an_error_rolls_back_and_the_connection_serves_on(reader: Reader) -> None:
    pid = _one(reader, "SELECT pg_backend_pid()")

    for _ in range(5):
        with pytest.raises(psycopg.errors.DivisionByZero):
            reader.read(PUBLIC, [("SELECT 1 / %s", [0]), ("SELECT 2", ())])

    assert _one(reader, "SELECT pg_backend_pid()") == pid


def test_a_refused_entry_runs_nothing(reader: Reader) -> None:
    with pytest.raises(psycopg.errors.InvalidAuthorizationSpecification):
        reader.read(Entry("unknown", "", ""), [("SELECT 1", ())])

    assert _one(reader, "SELECT 1") == 1


def test_a_slow_statement_is_a_timeout_and_costs_no_connection(own_cluster: Cluster) -> None:
    reader = Reader(own_cluster.dsn(), Tuning(pool_size=1, statement_timeout_ms=500))
    pid = _one(reader, "SELECT pg_backend_pid()")

    with pytest.raises(QueryTimeout):
        _one(reader, "SELECT pg_sleep(5)::text")

    assert _one(reader, "SELECT pg_backend_pid()") == pid
    reader.close()


def test_a_server_that_answers_nothing_is_given_up(own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(own_cluster.dsn(), Tuning(pool_size=1, statement_timeout_ms=2_000))

    monkeypatch.setattr("database.reader._NETWORK_SLACK_MS", -3_900)

    with pytest.raises(Unavailable, match="cannot be reached"):
        _one(reader, "SELECT pg_sleep(1.5)::text")

    monkeypatch.undo()
    assert _one(reader, "SELECT 1") == 1
    reader.close()


def test_what_a_server_does_not_answer_in_time_is_not_asked_again(
    own_cluster: Cluster, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(own_cluster.dsn(), Tuning(pool_size=1, statement_timeout_ms=2_000))
    monkeypatch.setattr("database.reader._NETWORK_SLACK_MS", -3_700)

    with pytest.raises(Unavailable):
        _one(reader, "SELECT pg_sleep(1.25)::text")

    asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(1.25)%' AND state = 'active'"
    assert admin.execute(asked).fetchone() == (1,)
    reader.close()


def test_a_statement_asked_again_is_prepared(reader: Reader) -> None:
    for _ in range(4):
        _one(reader, "SELECT chu FROM so WHERE id = %s", 5)

    query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT chu FROM so%%'"
    assert _one(reader, query) == 1


@pytest.mark.parametrize("before", [[], [("SELECT 1 / 0", ())]])
def test_a_statement_whose_preparation_failed_is_prepared_anew(
    reader: Reader, admin: psycopg.Connection, before: list[tuple[str, tuple[()]]]
) -> None:
    pid = _one(reader, "SELECT pg_backend_pid()")
    statement = ("SELECT n FROM chua_co", ())
    for _ in range(5):
        with pytest.raises(psycopg.DatabaseError):
            reader.read(PUBLIC, [*before, statement])

    admin.execute("CREATE TABLE chua_co (n int); INSERT INTO chua_co VALUES (3); GRANT SELECT ON chua_co TO nguoi_doc")
    answer = reader.read(PUBLIC, [statement])
    admin.execute("DROP TABLE chua_co")

    assert answer == [[(3,)]]
    assert _one(reader, "SELECT pg_backend_pid()") == pid  # a lost name would have cost the connection


def test_prepared_statements_are_bounded(reader: Reader) -> None:
    for number in range(600):
        for _ in range(3):
            _one(reader, f"SELECT {number}")

    prepared = _one(reader, "SELECT count(*) FROM pg_prepared_statements")
    assert isinstance(prepared, int)
    assert 500 < prepared <= 516


def test_who_reads_again_is_given_the_connection_that_holds_the_plans(
    reader: Reader, admin: psycopg.Connection
) -> None:
    others = [replace(PUBLIC, profile_hash=each) for each in ("one", "two")]
    waits = ("SELECT pg_backend_pid(), pg_advisory_xact_lock_shared(1)::text", ())
    for _ in range(3):
        reader.read(PUBLIC, [waits])  # from now on it is prepared
    admin.execute("SELECT pg_advisory_lock(1)")
    pids: dict[str, int] = {}

    def first(entry: Entry) -> None:
        pids[entry.profile_hash] = cast("int", reader.read(entry, [waits])[0][0][0])

    threads = [threading.Thread(target=first, args=[each]) for each in others]
    for each in threads:
        each.start()
    _until(admin, "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    admin.execute("SELECT pg_advisory_unlock(1)")
    for each in threads:
        each.join()

    again = [(each.profile_hash, reader.read(each, [("SELECT pg_backend_pid()", ())])[0][0][0]) for each in others * 3]

    assert len(set(pids.values())) == 2
    assert set(again) == set(pids.items())


def test_a_statement_is_prepared_for_each_role_apart(reader: Reader) -> None:
    roles = [
        replace(PUBLIC, profile_hash=each, bbox=box) for each in ("a", "b") for box in (None, (0.0, 0.0, 1.0, 1.0))
    ]
    for _ in range(4):
        for each in roles:
            reader.read(each, [("SELECT 'mỗi vai trò' AS c FROM so WHERE id = 1", ())])

    query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT ''mỗi vai trò%%'"
    counts = [reader.read(each, [(query, ())])[0][0][0] for each in roles]

    assert counts == [4] * 4


def test_a_table_changed_under_a_prepared_statement_is_no_error(reader: Reader, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE bien (n int); INSERT INTO bien VALUES (1); GRANT SELECT ON bien TO nguoi_doc")
    for _ in range(5):
        reader.read(PUBLIC, [("SELECT * FROM bien", ())])

    admin.execute("ALTER TABLE bien ADD COLUMN m text DEFAULT 'mới'")

    assert reader.read(PUBLIC, [("SELECT * FROM bien", ())]) == [[(1, "mới")]]


def test_requests_and_answers_larger_than_any_buffer_pass(reader: Reader) -> None:
    text = "đ" * 4_000_000
    statements = [("SELECT %s::text", [text])] * 3

    assert reader.read(PUBLIC, statements) == [[(text,)]] * 3


def test_a_full_pool_is_unavailable_after_the_wait(reader: Reader, admin: psycopg.Connection) -> None:
    waits = "SELECT pg_advisory_xact_lock_shared(1)::text"
    admin.execute("SELECT pg_advisory_lock(1)")
    holders = [threading.Thread(target=lambda: reader.read(PUBLIC, [(waits, ())])) for _ in range(2)]
    for holder in holders:
        holder.start()
    _until(admin, "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")

    with pytest.raises(Unavailable, match="busy"):
        _one(reader, "SELECT 1")

    admin.execute("SELECT pg_advisory_unlock(1)")
    for holder in holders:
        holder.join()
    assert _one(reader, "SELECT 1") == 1


class _Plain:
    """A connection that stands until it is closed."""

    def __init__(self) -> None:
        self.is_open = True
        self.readers: list[str] = []

    def is_usable(self) -> bool:
        return self.is_open

    def close(self) -> None:
        self.is_open = False


@pytest.mark.parametrize(("knows", "opens"), [(31, False), (32, True)])
def test_who_is_new_is_given_another_connection_where_one_knows_many(knows: int, *, opens: bool) -> None:
    pool = Pool(_Plain, size=2, wait_s=0, exhausted=TooManyRequests, readers=lambda each: each.readers)
    with pool.lent("first") as first:
        first.readers = [str(number) for number in range(knows)]

    with pool.lent("new") as second:
        pass
    with pool.lent("7") as again:
        pass

    assert (second is not first) == opens
    assert again is first


def test_a_full_pool_gives_who_is_new_the_connection_that_knows_fewest() -> None:
    pool = Pool(_Plain, size=2, wait_s=0, exhausted=TooManyRequests, readers=lambda each: each.readers)
    with pool.lent("a") as most, pool.lent("b") as fewest:
        most.readers = [str(number) for number in range(50)]
        fewest.readers = [str(number) for number in range(100, 140)]

    with pool.lent("new") as given:
        pass

    assert given is fewest


def test_connections_that_broke_are_replaced_however_often() -> None:
    pool = Pool(_Plain, size=1, wait_s=0, exhausted=TooManyRequests, readers=lambda each: each.readers)

    for _ in range(3):
        with pool.lent("a") as lent:
            lent.readers = [str(number) for number in range(50)]
            lent.close()

    with pool.lent("b") as lent:
        assert lent.is_open


def test_a_closed_pool_closes_what_comes_back() -> None:
    pool = Pool(_Plain, size=2, wait_s=0, exhausted=TooManyRequests)
    with pool.lent() as idle, pool.lent() as used:
        pass
    assert idle.is_open
    assert used.is_open

    with pool.lent() as used:
        pool.close()
        assert used.is_open

    assert not idle.is_open
    assert not used.is_open


def test_many_threads_each_get_their_own_answer(own_cluster: Cluster) -> None:
    reader = Reader(own_cluster.dsn(), Tuning(pool_size=3))
    wrong: list[tuple[int, object]] = []

    def ask(thread: int) -> None:
        for number in range(thread * 100, thread * 100 + 100):
            answer = _one(reader, "SELECT %s::int", number)
            if answer != number:
                wrong.append((number, answer))

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    reader.close()


def test_a_restarted_server_is_not_noticed(own_cluster: Cluster, reader: Reader) -> None:
    sleepers = [threading.Thread(target=lambda: _one(reader, "SELECT pg_sleep(0.2)::text")) for _ in range(2)]
    for sleeper in sleepers:
        sleeper.start()
    for sleeper in sleepers:
        sleeper.join()

    own_cluster.stop()
    own_cluster.start()

    assert [_one(reader, "SELECT 1") for _ in range(3)] == [1, 1, 1]


def test_a_server_that_is_away_is_unavailable_at_once_and_used_again_when_back(
    own_cluster: Cluster, reader: Reader
) -> None:
    own_cluster.stop()
    begun = time.monotonic()

    for _ in range(20):
        with pytest.raises(Unavailable):
            _one(reader, "SELECT 1")

    assert time.monotonic() - begun < 5  # and not twenty times the wait for a free connection
    own_cluster.start()
    assert _one(reader, "SELECT 1") == 1


def test_what_a_killed_connection_was_asked_is_asked_again(reader: Reader, admin: psycopg.Connection) -> None:
    pid = _one(reader, "SELECT pg_backend_pid()")
    killer = threading.Timer(0.2, lambda: admin.execute("SELECT pg_terminate_backend(%s)", [pid]))

    killer.start()
    answer = _one(reader, "SELECT pg_backend_pid() FROM pg_sleep(0.6)")
    killer.join()

    assert answer != pid


def test_a_stream_gives_all_rows(reader: Reader) -> None:
    statement = ("SELECT id, chu FROM so WHERE id <= %s ORDER BY id", [950])

    with reader.stream(PUBLIC, statement, batch=100) as rows:
        numbers = [number for number, _ in rows]

    assert numbers == list(range(1, 951))


def test_an_export_that_is_left_gives_its_connection_back_at_once(reader: Reader, admin: psycopg.Connection) -> None:
    endless = "SELECT generate_series(1, 100000000), repeat('x', 1000)"

    for _ in range(3):
        with reader.stream(PUBLIC, (endless, ()), batch=10) as rows:
            next(rows)

    with reader.stream(PUBLIC, ("SELECT 1", ()), batch=10) as rows:
        assert list(rows) == [(1,)]
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state <> 'idle' AND pid <> pg_backend_pid()"
    )
    assert admin.execute(running, ["%generate_series(1, 100000000), repeat%"]).fetchone() == (0,)


def test_exports_beyond_the_limit_are_refused_and_answers_go_on(reader: Reader) -> None:
    with reader.stream(PUBLIC, ("SELECT id FROM so", ()), batch=10) as rows:
        next(rows)

        with pytest.raises(TooManyRequests), reader.stream(PUBLIC, ("SELECT 1", ()), batch=10):
            pass

        assert _one(reader, "SELECT 1") == 1


def test_an_export_cut_while_nobody_reads_it_is_closed_without_a_complaint(
    reader: Reader, admin: psycopg.Connection
) -> None:
    with reader.stream(PUBLIC, ("SELECT id, pg_backend_pid() FROM so", ()), batch=10) as rows:
        _, pid = next(rows)
        admin.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])

    with reader.stream(PUBLIC, ("SELECT 1", ()), batch=10) as rows:
        assert list(rows) == [(1,)]


def test_an_export_cut_by_the_server_is_unavailable(reader: Reader, admin: psycopg.Connection) -> None:
    def export() -> list[object]:
        with reader.stream(PUBLIC, ("SELECT id, pg_backend_pid() FROM so", ()), batch=10) as rows:
            _, pid = next(rows)
            admin.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])
            return list(rows)

    with pytest.raises(Unavailable):
        export()

    with reader.stream(PUBLIC, ("SELECT 1", ()), batch=10) as rows:
        assert list(rows) == [(1,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", b"SELECT 1"),
        ("SELECT %s, %s", b"SELECT $1, $2"),
        ("SELECT 5 %% %s", b"SELECT 5 % $1"),
        ("LIKE '%%s'", b"LIKE '%s'"),
        ("SELECT '%%%s", b"SELECT '%$1"),
        ("x" * 30_000 + "%s", b"x" * 30_000 + b"$1"),
    ],
)
def test_placeholders_become_numbers(text: str, expected: bytes) -> None:
    assert numbered(text) == expected


def test_the_servers_login_enters_the_profile_of_who_may_see_nothing(
    empty_db: str, as_app: Callable[[str], str]
) -> None:
    reader = Reader(as_app(empty_db), Tuning(pool_size=1))

    for _ in range(3):
        [[(user,)]] = reader.read(Entry("public", "", ""), [("SELECT current_user::text", ())])
        assert user == "datdai_mau_p__0"

    reader.close()


def test_a_profile_that_is_not_in_force_any_more_is_told(empty_db: str, as_app: Callable[[str], str]) -> None:
    reader = Reader(as_app(empty_db), Tuning(pool_size=1))

    with pytest.raises(ProfileMoved):
        reader.read(Entry("public", "", "0" * 64), [("SELECT 1", ())])
    with pytest.raises(Unauthorized):
        reader.read(Entry("token", "0" * 64, ""), [("SELECT 1", ())])

    reader.close()
