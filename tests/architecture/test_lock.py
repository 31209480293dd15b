"""The lock files fit pyproject.toml and carry hashes, but no address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUN = [Requirement(line) for line in PROJECT["dependencies"]]
DEV = [*RUN, *(Requirement(line) for line in PROJECT["optional-dependencies"]["dev"])]
LOCKS = {"requirements.lock": RUN, "requirements-dev.lock": DEV}


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(lock: str) -> dict[str, Version]:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([^ ;\\]+)", text, re.MULTILINE)
    return {_name(name): Version(version) for name, version in pins}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_within_what_the_project_allows(lock: str) -> None:
    pins = _pins(lock)

    wrong = [
        str(wanted)
        for wanted in LOCKS[lock]
        if (pin := pins.get(_name(wanted.name))) is None or pin not in wanted.specifier
    ]

    assert wrong == [], "run: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_a_hash_and_no_line_an_address(lock: str) -> None:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")

    entries = re.split(r"\n(?=\S)", text.strip())

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_both_locks_pin_the_same_versions() -> None:
    run, dev = _pins("requirements.lock"), _pins("requirements-dev.lock")

    assert {name: dev.get(name) for name in run} == run
