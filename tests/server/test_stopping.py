"""How the server ends."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any


def test_ctrl_c_in_a_terminal_ends_the_server_without_a_complaint(
    api_db: str, as_app: Callable[[str], str], serve: Callable[..., AbstractContextManager[Any]], tmp_path: Path
):
    with serve(as_app(api_db), tmp_path, DATDAI_WORKERS="2") as server:
        os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
        code = server.process.wait(timeout=15)

    assert code == 0
    assert "ERROR" not in server.log.read_text()
