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


def _leaves(of: argparse.ArgumentParser, name: str = "") -> dict[str, argparse.ArgumentParser]:
    below = _subcommands(of)
    found = {} if below else {name.strip(): of}
    return found | {leaf: each for word, sub in below.items() for leaf, each in _leaves(sub, f"{name} {word}").items()}


COMMANDS = _subcommands(parser())
LEAVES = _leaves(parser())
SECTIONS = [part.split("\n", 1) for part in (REFERENCE / "commands.md").read_text(encoding="utf-8").split("\n## ")]


def _options(command: str) -> list[argparse.Action]:
    return [each for each in LEAVES[command]._actions if each.option_strings and "--help" not in each.option_strings]


def _row(command: str) -> str:
    """Return the line of the reference that describes a command, or an act in the section of its command."""
    *group, last = command.split()
    heading, begin = (f"`datdai {group[0]}`", f"{last}") if group else ("# Commands", f"datdai {last}")
    lines = next(text for title, text in SECTIONS if title == heading).splitlines()
    return next(line for line in lines if any(_first(each, begin.count(" ")) == begin for each in _usages(line)))


def _usages(line: str) -> list[str]:
    return re.findall(r"`([^`]+)`", line.split(" | ", maxsplit=1)[0]) if line.startswith("| `") else []


def _first(usage: str, more: int = 0) -> str:
    return " ".join(usage.split()[: more + 1])


def _is_of(heading: str, command: str) -> bool:
    """Tell whether a section is about the options of a command."""
    group, last = command.split(maxsplit=1)[0], command.rsplit(maxsplit=1)[-1]
    return heading.startswith(f"Options of `datdai {group}") and re.search(rf"[ `]{last}`", heading) is not None


def test_every_setting_is_described_and_no_other() -> None:
    described = set(re.findall(r"DATDAI_[A-Z_]*[A-Z]", SETTINGS)) - {"DATDAI_"}

    assert described == set(variables())


@pytest.mark.parametrize(
    ("name", "default"),
    [(name, field.default) for name, field in Settings.model_fields.items() if field.default is not None],
)
def test_the_described_default_is_the_real_one(name: str, default: object) -> None:
    assert f"| `DATDAI_{name.upper()}` | `{default}` |" in SETTINGS


@pytest.mark.parametrize("command", LEAVES)
def test_every_command_is_described_with_the_options_that_it_takes_and_no_other(command: str) -> None:
    told = _row(command) + "".join(text for heading, text in SECTIONS if _is_of(heading, command))
    taken = {name for action in _options(command) for name in action.option_strings}

    assert set(re.findall(r"--[a-z][a-z-]*", _row(command))) - {"--as"} <= taken - {"--as"}
    assert {name for name in taken if not re.search(rf"{name}(?![a-z-])", told)} - {"--as"} == set()


@pytest.mark.parametrize("command", [each for each in LEAVES if " " in each])
def test_what_an_act_cannot_do_without_stands_outside_brackets(command: str) -> None:
    usage = re.sub(
        r"\[[^]]*\]", "", next(each for each in _usages(_row(command)) if _first(each) == command.split()[1])
    )
    needed = {action.option_strings[0] for action in _options(command) if action.required}

    assert set(re.findall(r"--[a-z][a-z-]*", usage)) == needed - {"--as"}


@pytest.mark.parametrize("command", [each for each in LEAVES if " " in each])
def test_whose_act_it_is_has_to_be_said_unless_the_reference_says_otherwise(command: str) -> None:
    takes = "--as" in {name for action in _options(command) for name in action.option_strings}

    assert takes is ("without `--as`" not in _row(command))


def test_every_described_command_exists() -> None:
    described = set(re.findall(r"`datdai ([a-z][a-z-]*)", PAGES))

    assert described <= set(COMMANDS)
