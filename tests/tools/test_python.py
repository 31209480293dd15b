"""Which Python the makefile takes, and what it says where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
REAL = f'exec "{sys.executable}" "$@"'


def _program(path: Path, lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


def _run(script: str, *arguments: str, path: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": str(home)} | more
    command = ["/bin/sh", str(TOOLS / script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3.12",
        "bin/python3",
        ".pyenv/versions/3.13.1/bin/python",
        ".local/share/uv/python/cpython-3.12.9-linux-x86_64-gnu/bin/python",
    ],
)
def test_a_python_is_found_on_the_path_and_where_pyenv_and_uv_keep_theirs(tmp_path: Path, place: str) -> None:
    _program(tmp_path / "bin" / "python3.13", "exit 127")  # a shim whose version is not installed
    python = _program(tmp_path / place, REAL)

    found = _run("python.sh", path=str(tmp_path / "bin"), home=tmp_path)

    assert (found.stdout, found.returncode) == (f"{python}\n", 0)


def test_a_named_python_wins(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "python3.13", REAL)
    named = _program(tmp_path / "mine", REAL)

    found = _run("python.sh", path=str(tmp_path / "bin"), home=tmp_path, PYTHON=str(named))

    assert found.stdout == f"{named}\n"


def test_a_named_python_that_is_too_old_is_refused_though_another_would_do(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "python3.13", REAL)
    named = _program(tmp_path / "old", "exit 1")

    found = _run("python.sh", path=str(tmp_path / "bin"), home=tmp_path, PYTHON=str(named))

    assert (found.stdout, found.returncode) == ("", 1)
    assert found.stderr == f"PYTHON={named} is no Python of 3.12 or newer with venv and ensurepip.\n"


@pytest.mark.skipif(not shutil.which("dpkg"), reason="compares versions with Debian's dpkg")
def test_where_the_system_offers_an_old_python_only_the_remedies_are_named_and_nothing_is_installed(
    tmp_path: Path,
) -> None:
    _program(tmp_path / "bin" / "apt-cache", "echo '  Candidate: 3.11.2-1+b1'")
    _program(tmp_path / "bin" / "apt-get", f"touch {tmp_path}/ran")

    said = _run("packages.sh", "python", path=f"{tmp_path}/bin:{os.defpath}", home=tmp_path)

    assert said.returncode == 1
    assert said.stderr.count("\n") == 1
    assert all(remedy in said.stderr for remedy in ("pyenv install 3.13", "uv python install 3.13", "PYTHON=/path/to"))
    assert not (tmp_path / "ran").exists()
