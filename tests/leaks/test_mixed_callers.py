"""Three callers served by one process, in both orders, pages for people first: each sees what it sees alone."""

import os
from pathlib import Path

from tests.leaks.mixing import mixed
from tests.leaks.shapes import SHAPES
from tests.leaks.worlds import Worlds, copy_of

SAMPLE = SHAPES if os.environ.get("DATDAI_TEST_LEAKS") == "all" else SHAPES[::6]


def test_whoever_asked_before_changes_no_answer(worlds: Worlds, tmp_path: Path) -> None:
    with copy_of(worlds.cluster, worlds.template) as dsn:
        found = list(mixed(worlds, tmp_path, dsn, SAMPLE).differences())

    assert not found, "\n".join(map(str, found[:6]))


def test_a_cursor_of_another_caller_is_like_one_that_nobody_made(worlds: Worlds, tmp_path: Path) -> None:
    with copy_of(worlds.cluster, worlds.template) as dsn:
        answers = list(mixed(worlds, tmp_path, dsn, ()).foreign_cursors())

    for foreign, made_up in answers:
        assert foreign.status == 400
        assert foreign == made_up
