"""Every command of the page on searching the catalogue is answered, with something in it where records are asked."""

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.api.conftest import catalogue
from tests.docs.conftest import blocks

if TYPE_CHECKING:
    from tests.api.records_stock import Records

__all__ = ["catalogue"]
COMMANDS = [line for block in blocks("how-to/search-the-catalogue.md", "sh") for line in block.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_answered(catalogue: "Records", command: str):
    words = shlex.split(command)
    address = next(each for each in words if each.startswith("https://dat.example"))
    asked = dict([words[words.index("--data-urlencode") + 1].split("=", 1)]) if "--data-urlencode" in words else {}

    answer = catalogue.api.get(address.removeprefix("https://dat.example"), asked or "", Accept="*/*")

    assert answer.status_code == 200
    if "turtle" in answer.mimetype:
        return
    content = answer.get_json(force=True)
    assert content.get("features") or content.get("collections")


def test_there_are_commands():
    assert len(COMMANDS) == 6
