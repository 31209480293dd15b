"""What a user can set or call is described in docs/reference, and nothing else is."""

import argparse
import re
from pathlib import Path

import pytest

from core.settings import Settings, variables
from server.cli import parser

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SETTINGS = (REFERENCE / "settings.md").read_text(encoding="utf-8")
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md")))


def _subcommands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    choices = [action.choices for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(choices[0]) if choices else {}


COMMANDS = _subcommands(parser())


def test_every_setting_is_described_and_no_other() -> None:
    described = set(re.findall(r"DATDAI_[A-Z_]*[A-Z]", SETTINGS)) - {"DATDAI_"}

    assert described == set(variables())


@pytest.mark.parametrize(
    ("name", "default"),
    [(name, field.default) for name, field in Settings.model_fields.items() if field.default is not None],
)
def test_the_described_default_is_the_real_one(name: str, default: object) -> None:
    assert f"| `DATDAI_{name.upper()}` | `{default}` |" in SETTINGS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_is_described(command: str) -> None:
    options = [
        option
        for action in COMMANDS[command]._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    ]

    assert f"`datdai {command}" in PAGES
    assert [option for option in options if f"`{option}" not in PAGES and f" {option}" not in PAGES] == []


def test_every_described_command_exists() -> None:
    described = set(re.findall(r"`datdai ([a-z][a-z-]*)", PAGES))

    assert described <= set(COMMANDS)
