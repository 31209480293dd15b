"""How the server ends."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any


def test_ctrl_c_in_a_terminal_ends_the_server_without_a_complaint(
    open_db: str, as_app: Callable[[str], str], serve: Callable[..., AbstractContextManager[Any]], tmp_path: Path
):
    with serve(as_app(open_db), tmp_path, DATDAI_WORKERS="2") as server:
        os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
        code = server.process.wait(timeout=15)

    assert code == 0
    assert "ERROR" not in server.log.read_text()


def test_workers_are_started_anew_and_end_with_a_supervisor_that_was_killed(
    api_db: str, as_app: Callable[[str], str], serve: Callable[..., AbstractContextManager[Any]], tmp_path: Path
):
    with serve(as_app(api_db), tmp_path, DATDAI_WORKERS="2") as server:
        workers = [pid for pid in _children(server.process.pid) if "spawn_main" in _command(pid)]
        environments = [Path(f"/proc/{pid}/environ").read_text() for pid in workers]
        server.process.kill()
        server.process.wait(timeout=5)
        left = _left(workers, within_s=15)

    assert ["MALLOC_ARENA_MAX=" in each for each in environments] == [True, True]
    assert left == []


def _left(processes: list[int], *, within_s: float) -> list[int]:
    """Return those that still run after so many seconds, sooner where none does."""
    until = time.monotonic() + within_s
    while (left := [each for each in processes if _command(each)]) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def _children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _command(process: int) -> str:
    """Return the command line; nothing where the process is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except FileNotFoundError:
        return ""
