"""Imports go downwards only, and the tool that says so looks at every package."""

import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_import_contracts_hold() -> None:
    tool = Path(sys.executable).with_name("lint-imports")

    run = subprocess.run([tool, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_every_package_of_the_tree_is_installed_typed_and_contracted() -> None:
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - {"tests", "benchmarks"}

    inner = {
        ".".join(path.parent.relative_to(REPOSITORY).parts)
        for package in packages
        for path in (REPOSITORY / package).rglob("__init__.py")
    }
    assert inner == set(PROJECT["tool"]["setuptools"]["packages"])
    assert packages == set(PROJECT["tool"]["importlinter"]["root_packages"])
    assert packages | {"benchmarks"} == set(PROJECT["tool"]["basedpyright"]["include"])
