"""The small province with an account of each viewpoint, and pairs of worlds made from it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.leaks.worlds import Worlds, build_template


@pytest.fixture(scope="session")
def worlds(cluster: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Makes pairs of worlds; the world that stays as it is lives as long as the run."""
    template = build_template(cluster, sample_template)
    with ExitStack() as stack:
        yield Worlds(cluster, template, tmp_path_factory.mktemp("leaks"), stack, {})
