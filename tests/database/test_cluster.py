"""The embedded cluster: made once, private, found again after any kind of death."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from core.errors import DatabaseError
from core.settings import Settings
from database import cluster as module
from database.cluster import (
    Cluster,
    cluster_folder,
    cluster_owner,
    database_of,
    ensure_database,
    find_binaries,
    server_settings,
    started,
    temporary_folder,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = temporary_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def private(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder / "có dấu cách" / "pg", durable=False)
    yield cluster
    cluster.destroy()


def _value(cluster: Cluster, query: str) -> object:
    with psycopg.connect(cluster.dsn()) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def _postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def test_start_is_quick_and_a_second_start_attaches(private: Cluster) -> None:
    private.start()
    private.stop()
    begun = time.monotonic()

    first, second = private.start(), private.start()

    assert (first, second) == (True, False)
    assert time.monotonic() - begun < 2
    assert private.is_running()


def test_stop_ends_it_once(private: Cluster) -> None:
    assert not private.stop()
    private.start()

    assert private.stop()
    assert not private.stop()
    assert not private.is_running()


def test_nobody_else_can_reach_it(private: Cluster) -> None:
    private.start()

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (private.folder, private.data, private.sockets)]
    assert modes == [0o700] * 3
    assert _value(private, "SHOW listen_addresses") == ""
    assert private.data.stat().st_uid == cluster_owner().uid


def test_text_is_utf8_sorted_by_code_point_and_pages_carry_checksums(private: Cluster) -> None:
    private.start()

    assert _value(private, "SHOW server_encoding") == "UTF8"
    assert _value(private, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    assert _value(private, "SELECT upper('đ')") == "Đ"
    assert _value(private, "SHOW data_checksums") == "on"


def test_a_durable_cluster_waits_for_the_disk(folder: Path) -> None:
    durable = Cluster(folder / "pg")
    durable.start()

    kept = [_value(durable, f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")]

    assert kept == ["on", "on", "on"]
    durable.destroy()


def test_a_server_that_was_killed_starts_again(private: Cluster) -> None:
    private.start()
    _value(private, "SELECT 1")
    os.kill(_postmaster(private), signal.SIGKILL)

    assert private.start()
    assert _value(private, "SELECT 1") == 1


def test_a_pid_file_of_another_process_is_no_obstacle(private: Cluster) -> None:
    private.start()
    lines = (private.data / "postmaster.pid").read_text().splitlines(keepends=True)
    private.stop()
    user = cluster_owner().uid if os.geteuid() == 0 else None
    other = subprocess.Popen(["/bin/sleep", "60"], user=user, cwd="/")
    (private.data / "postmaster.pid").write_text("".join([f"{other.pid}\n", *lines[1:]]))

    try:
        assert private.start()
        assert _value(private, "SELECT 1") == 1
    finally:
        other.kill()
        other.wait()


def test_half_a_data_directory_is_made_anew(private: Cluster) -> None:
    private.start()
    private.stop()
    private.data.rename(private.folder / "data.new")
    (private.folder / "data.new" / "PG_VERSION").unlink()

    assert private.start()
    assert not (private.folder / "data.new").exists()


def test_two_starters_at_once_start_one(private: Cluster) -> None:
    results: list[bool] = []
    starters = [threading.Thread(target=lambda: results.append(private.start())) for _ in range(3)]

    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()

    assert sorted(results) == [False, False, True]


def test_the_last_user_stops_it_unless_it_is_kept(private: Cluster) -> None:
    with started(private):
        with started(private):
            pass
        assert private.is_running()
        assert private.is_used()
    assert not private.is_running()
    assert not private.is_used()

    with started(private, keep=True), started(private):
        pass
    assert private.is_running()


def test_what_was_started_by_hand_outlives_its_users(private: Cluster) -> None:
    private.start()

    with started(private):
        pass

    assert private.is_running()


def test_a_cluster_that_was_kept_and_died_is_not_kept_when_it_is_started_anew(private: Cluster) -> None:
    private.start()
    os.kill(_postmaster(private), signal.SIGKILL)

    with started(private):
        pass

    assert not private.is_running()


USER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from database.cluster import Cluster, ensure_database, started
with started(Cluster(Path(sys.argv[1]), durable=False)) as cluster:
    print(ensure_database(cluster.dsn(), "dat"), flush=True)
    sys.stdin.readline()
"""


@contextmanager
def _user(cluster: Cluster) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the cluster until it is told to end; it says whether it made the database."""
    repository = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", USER, str(cluster.folder), repository]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> int:
    process.communicate("\n", timeout=60)
    return process.returncode


def test_two_processes_that_start_at_once_share_one_cluster_and_the_last_stops_it(private: Cluster) -> None:
    with _user(private) as first, _user(private) as second:
        made = sorted([_said(first), _said(second)])

        assert made == ["False", "True"]
        for leaving, is_running in ((first, True), (second, False)):
            assert _end(leaving) == 0
            assert private.is_running() is is_running


def test_a_process_that_is_killed_leaves_the_cluster_to_the_other(private: Cluster) -> None:
    with _user(private) as first:
        _said(first)
        with _user(private) as second:
            _said(second)
            first.kill()
            first.wait()

            assert private.is_running()
            assert _end(second) == 0
    assert not private.is_running()


def test_two_makers_of_one_database_make_one(private: Cluster) -> None:
    private.start()
    results: list[bool] = []
    makers = [threading.Thread(target=lambda: results.append(ensure_database(private.dsn(), "Một"))) for _ in range(6)]

    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()

    assert sorted(results) == [False] * 5 + [True]


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(folder: Path) -> None:
    long = Cluster(folder / ("d" * 90) / "pg", durable=False)

    long.start()

    assert long.is_running()
    assert len(str(long.sockets / ".s.PGSQL.5432")) <= module.SOCKET_PATH_MAX
    assert stat.S_IMODE(long.sockets.stat().st_mode) == 0o700
    long.destroy()
    assert not long.sockets.exists()


def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    long = Cluster(folder / ("d" * 90) / "pg", durable=False)
    long.sockets.symlink_to(folder)

    try:
        with pytest.raises(DatabaseError, match="belongs to somebody else"):
            long.start()
    finally:
        long.sockets.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_a_folder_that_postgres_cannot_enter_is_one_sentence(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(DatabaseError, match=f"'postgres' cannot enter {closed}"):
        Cluster(closed / "pg").start()


def test_root_gets_a_folder_for_each_home_and_others_use_their_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cluster_folder(tmp_path) == tmp_path / "pg"

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    one, other = cluster_folder(tmp_path / "one"), cluster_folder(tmp_path / "other")
    assert one != other
    assert one.is_relative_to("/var/lib/datdai")


def test_a_database_is_made_once(private: Cluster) -> None:
    private.start()

    assert ensure_database(private.dsn(), "Đất đai")
    assert not ensure_database(private.dsn(), "Đất đai")


def test_an_address_in_the_settings_starts_nothing(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql://somewhere/x", home=tmp_path)

    with database_of(settings) as complete:
        assert complete == settings

    assert list(tmp_path.iterdir()) == []


def test_a_release_that_is_not_here_is_one_sentence() -> None:
    with pytest.raises(DatabaseError, match=r"PostgreSQL 99 with PostGIS is needed; found PostgreSQL: \d"):
        find_binaries(99)


def test_postgresql_without_postgis_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_has_postgis", lambda _: False)

    with pytest.raises(DatabaseError, match="PostGIS is missing"):
        find_binaries()


@pytest.mark.parametrize(
    ("gigabytes", "shared", "work"), [(1, "128MB", "8MB"), (8, "1024MB", "16MB"), (24, "3072MB", "48MB")]
)
def test_memory_settings_follow_the_machine(gigabytes: int, shared: str, work: str) -> None:
    settings = server_settings(durable=True, memory_bytes=gigabytes * 1024**3)

    assert (settings["shared_buffers"], settings["work_mem"]) == (shared, work)
