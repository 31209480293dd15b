"""Where the long run puts down, line by line, what was asked and found: what is done when it is stopped stays known."""

import json
import os
from pathlib import Path
from typing import Any

ALL = os.environ.get("DATDAI_TEST_LEAKS") == "all"
"""All is asked, as ``make leaks`` does; otherwise a sample."""
_LINES = Path(os.environ.get("DATDAI_TEST_LEAKS_RESULTS", "/dev/null"))


def write(line: dict[str, Any]) -> None:
    """Put one line down."""
    with _LINES.open("a") as lines:
        lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a run; one that was cut off in the middle is left out."""
    if not path.is_file():
        return []
    return [json.loads(each) for each in path.read_text().splitlines() if each.endswith("}")]
