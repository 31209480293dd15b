"""All rows of one commune, and those of all communes in their order."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

from loader.sample.borders import add_borders
from loader.sample.cadastre import add_cadastre
from loader.sample.dossiers import add_changes_and_dossiers
from loader.sample.model import Batch, Head, Rows, Task, packed
from loader.sample.parcels import lay_out
from loader.sample.planning import add_planning
from loader.sample.prices import add_prices
from loader.sample.statistics import add_plots

_AHEAD: Final = 3
"""Communes that may be finished before they are wanted: bounds the memory."""
_WORTH_A_PROCESS: Final = 20_000
"""Below this many parcels a second process costs more than it gains."""


def fill_all(tasks: Sequence[Task], head: Head) -> Iterator[Batch]:
    """Yield the rows of communes in their order; a second process makes those of a large province ahead."""
    if sum(task.parcels for task in tasks) < _WORTH_A_PROCESS:
        yield from (fill(task, head) for task in tasks)
        return
    waiting: deque[Future[Batch]] = deque()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_end_with_parent) as pool:
        for task in tasks:
            waiting.append(pool.submit(fill, task, head))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _end_with_parent() -> None:
    """Let this process end when the one that started it is killed: it would wait for work for ever."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def fill(task: Task, head: Head) -> Batch:
    """Return the rows of a commune; depends on nothing but the arguments."""
    rows = Rows()
    ground = lay_out(task)
    add_cadastre(task, ground, rows)
    add_changes_and_dossiers(task, ground, rows)
    add_borders(task, ground, rows)
    add_plots(task, ground, rows)
    add_planning(task, ground, head, rows)
    add_prices(task, ground, head, rows)
    return packed(rows)
