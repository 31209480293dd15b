"""What a profile does not show is like what never was: a server that never knew its name answers alike, to the byte."""

from pathlib import Path

import pytest

from tests.leaks.paired import ask_catalogues
from tests.leaks.record import ALL
from tests.leaks.renaming import catalogues
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds

NAMES = [each.name for each in BY_NAME.values() if each.is_let_in]


@pytest.mark.parametrize("name", NAMES if ALL else ["commune-clerk"])
def test_a_hidden_name_is_no_name(worlds: Worlds, tmp_path: Path, name: str) -> None:
    viewpoint = BY_NAME[name]
    with worlds.pair(viewpoint, 5) as pair, catalogues(worlds, viewpoint, tmp_path) as (one, other):
        figures = ask_catalogues(pair, one, other, 5)

    assert not figures.found, "\n".join(map(str, figures.found[:6]))
