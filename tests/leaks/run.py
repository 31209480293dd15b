"""Run the long run, and write down what was asked and found: ``make leaks``."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILES = (
    "long_run.py",
    "test_planted_leaks.py",
    "test_walls.py",
    "test_adaptive.py",
    "test_mixed_callers.py",
    "test_hidden_is_absent.py",
)


def main() -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        environment = os.environ | {"DATDAI_TEST_LEAKS_RESULTS": str(results), "DATDAI_TEST_LEAKS": "all"}
        files = [str(HERE / each) for each in FILES if (HERE / each).exists()]
        command = [sys.executable, "-m", "pytest", "-n", "2", "-q", *files, *sys.argv[1:]]
        status = subprocess.run(command, cwd=HERE.parent.parent, env=environment, check=False).returncode
        lines = [json.loads(each) for each in results.read_text().splitlines()] if results.exists() else []
    day = datetime.now(UTC).date()
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{day}.md").write_text(_written(lines, day.isoformat(), time.monotonic() - begun, status))
    return status


def _written(lines: list[dict[str, Any]], day: str, seconds: float, status: int) -> str:
    pairs = [each for each in lines if "viewpoint" in each]
    notes = [each["note"] for each in lines if "note" in each]
    changes, statuses = Counter[str](), Counter[str]()
    for each in pairs:
        changes.update(each["changes"])
        statuses.update(each["statuses"])
    rows = [_row(name, [each for each in pairs if each["viewpoint"] == name]) for name in _names(pairs)]
    total = {key: sum(each[key] for each in pairs) for key in ("worlds", "requests")}
    differences = [text for each in pairs for text in each["differences"]]
    shapes = {shape for each in pairs for shape in each["shapes"]}
    parts = [
        f"# Paired worlds, {day}",
        f"{'Passed' if status == 0 else 'FAILED'} in {seconds / 60:.0f} minutes.",
        f"- request shapes: {len(shapes)}{_of_which(pairs)}\n"
        f"- viewpoints (profiles): {len(rows)}\n- pairs of worlds: {total['worlds']}\n"
        f"- requests, each sent to both worlds: {total['requests']:,}\n- differences: {len(differences)}\n"
        f"- changes that stood in the other worlds: {sum(changes.values()):,} ({_counted(changes)})\n"
        f"- answers by status: {_counted(statuses)}",
        "| viewpoint | worlds | requests | differences | seconds |\n|---|---|---|---|---|\n" + "\n".join(rows),
        *([f"- {each}" for each in notes] and ["\n".join(f"- {each}" for each in notes)]),
        *(f"```\n{each}\n```" for each in differences[:20]),
    ]
    return "\n\n".join(parts) + "\n"


def _of_which(pairs: list[dict[str, Any]]) -> str:
    drawn = os.environ.get("DATDAI_TEST_LEAKS_SHAPES")
    return f", of which each world was asked in {drawn}, drawn by its seed" if drawn and pairs else ""


def _names(pairs: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(sorted(each["viewpoint"] for each in pairs)))


def _row(name: str, pairs: list[dict[str, Any]]) -> str:
    worlds, requests = (sum(each[key] for each in pairs) for key in ("worlds", "requests"))
    differences = sum(len(each["differences"]) for each in pairs)
    return f"| {name} | {worlds} | {requests:,} | {differences} | {sum(each['seconds'] for each in pairs):.0f} |"


def _counted(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
