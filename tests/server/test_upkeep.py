"""Small regular work goes on whatever goes wrong."""

import logging
import threading

import pytest

from core.errors import DatabaseError
from server.upkeep import repeat


@pytest.mark.parametrize(
    "error", [DatabaseError("away"), RuntimeError("no such thread"), OSError(24, "Too many open files")]
)
def test_an_error_of_any_kind_is_logged_and_the_next_round_comes(error: Exception, caplog: pytest.LogCaptureFixture):
    stop = threading.Event()
    rounds: list[int] = []

    def work() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 3:
            stop.set()
            return
        raise error

    with caplog.at_level(logging.WARNING, "datdai.upkeep"):
        repeat(work, stop, every_s=0)

    assert rounds == [0, 1, 2]
    assert [record.getMessage() for record in caplog.records] == [f"counts were not folded: {error}"] * 2
