"""The small province with an account of each viewpoint, and pairs of worlds made from it; what a long run has done."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.leaks.record import read, write
from tests.leaks.worlds import Worlds, build_template


@pytest.fixture(scope="session")
def worlds(cluster: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Makes pairs of worlds; the world that stays as it is lives as long as the run."""
    template = build_template(cluster, sample_template)
    with ExitStack() as stack:
        yield Worlds(cluster, template, tmp_path_factory.mktemp("leaks"), stack, {})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the run that goes on here has passed before."""
    passed = {each["passed"] for each in read(Path(os.environ.get("DATDAI_TEST_LEAKS_BEFORE", ""))) if "passed" in each}
    done = [each for each in items if each.nodeid in passed]
    config.hook.pytest_deselected(items=done)
    items[:] = [each for each in items if each.nodeid not in passed]
    if "PYTEST_XDIST_WORKER" in os.environ:
        write({"planned": len(items) + len(done)})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Put down what passed, so that a run that was stopped can go on."""
    report: pytest.TestReport = yield  # pyright: ignore
    if report.when == "call":
        write({"passed" if report.passed else "failed": item.nodeid})
    return report  # pyright: ignore
