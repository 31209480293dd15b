"""Three callers served by one process, in both orders, pages for people first: each sees what it sees alone."""

from pathlib import Path

from tests.leaks.mixing import mixed
from tests.leaks.record import ALL
from tests.leaks.shapes import SHAPES
from tests.leaks.worlds import Worlds, copy_of

SAMPLE = SHAPES if ALL else SHAPES[::6]


def test_whoever_asked_before_changes_no_answer(worlds: Worlds, tmp_path: Path) -> None:
    with copy_of(worlds.cluster, worlds.template) as dsn:
        found = mixed(tmp_path, dsn, SAMPLE).differences()

    assert not found, "\n".join(map(str, found[:6]))


def test_a_cursor_of_another_caller_is_like_one_that_nobody_made(worlds: Worlds, tmp_path: Path) -> None:
    with copy_of(worlds.cluster, worlds.template) as dsn:
        found = mixed(tmp_path, dsn, ()).foreign_cursors()

    assert not found, "\n".join(map(str, found))
