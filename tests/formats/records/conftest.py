"""Schemas of other standards, which are not ours to carry: read from a folder outside, skipped where it is absent."""

import os
from pathlib import Path

import pytest

VARIABLE = "DATDAI_TEST_SCHEMAS"


class Schemas:
    """The folder that ``DATDAI_TEST_SCHEMAS`` names; what is not in it skips the test that asks."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def path(self, ending: str) -> Path:
        """Return a file by the end of its path."""
        if self._folder is None:
            pytest.skip(f"{VARIABLE} names no folder with {ending}")
        found = sorted(each for each in self._folder.rglob(Path(ending).name) if str(each).endswith("/" + ending))
        if not found:
            pytest.skip(f"{ending} is not in the folder that {VARIABLE} names")
        return found[0]


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    folder = os.environ.get(VARIABLE)
    return Schemas(Path(folder) if folder else None)
