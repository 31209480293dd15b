"""The how-to is true: each line of it that a machine can run is run."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.client,
    pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning"),  # pyogrio's own, for dates
]
PAGE = (Path(__file__).parent.parent.parent / "docs/how-to/connect-clients.md").read_text(encoding="utf-8")
SERVED = "http://127.0.0.1:8000"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
SCRIPTS = [block for kind, block in BLOCKS if kind == "python" and "iface" not in block]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all lines: some read what others wrote."""
    return tmp_path_factory.mktemp("how-to")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_it_says(live: Any, folder: Path, command: str) -> None:
    program = command.split(maxsplit=1)[0]
    if subprocess.run(["which", program], capture_output=True, check=False).returncode:
        pytest.skip(f"{program} is not installed")
    line = command.replace(SERVED, live.url)
    if program == "curl":
        line = line.replace("curl ", "curl --fail-with-body ", 1)

    done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR" not in done.stderr
    if "-o " not in command:
        assert done.stdout or program == "ogr2ogr"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs(live: Any, script: str) -> None:
    exec(compile(script.replace(SERVED, live.url), "connect-clients.md", "exec"), {})


def test_the_page_has_something_for_each_client() -> None:
    assert len(COMMANDS) > 10
    assert len(SCRIPTS) >= 3
