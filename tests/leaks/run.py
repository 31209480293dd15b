"""Run the long run, and write down what was asked and found: ``make leaks``.

What passed is kept under ``var``: a run that was stopped goes on where it was, unless the project was changed.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
KEPT = REPOSITORY / "var" / "leaks.jsonl"
FILES = (
    "test_planted_leaks.py",
    "test_walls.py",
    "test_adaptive.py",
    "test_mixed_callers.py",
    "test_hidden_is_absent.py",
    "long_run.py",
)
ENDINGS = {".py", ".sql", ".yml", ".yaml", ".html", ".lark", ".toml", ".json"}
TELL_EVERY_S = 30
STOP_WITHIN_S = 30

type Lines = list[dict[str, Any]]


def main() -> int:
    begun, before = time.monotonic(), _begun_before()
    earlier = sum(each.get("minutes", 0) for each in _lines()) if before else 0.0
    status = _asked(begun, len(before))
    minutes = earlier + (time.monotonic() - begun) / 60
    lines = _lines()
    day = datetime.now(UTC).date().isoformat()
    state = {0: "Passed", 1: "FAILED"}.get(status, "Stopped before its end")
    asked = f", asked in part ({' '.join(sys.argv[1:])})" if sys.argv[1:] else ""
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{day}.md").write_text(_written(lines, f"{state}, after {minutes:.0f} minutes{asked}.", day))
    if state == "Passed":
        KEPT.unlink()
    else:
        with KEPT.open("a") as kept:
            kept.write(json.dumps({"minutes": (time.monotonic() - begun) / 60}) + "\n")
    return status


def _begun_before() -> set[str]:
    """Return what passed in a run that was stopped; begin anew where the project was changed since."""
    lines, now = _lines(), _fingerprint()
    if lines and lines[0].get("of") == now:
        return {each["passed"] for each in lines if "passed" in each}
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps({"of": now}) + "\n")
    return set()


def _fingerprint() -> str:
    """Return a digest of every file of the project that may change an answer, and of how much is asked."""
    folders = [each for each in sorted(REPOSITORY.iterdir()) if each.is_dir() and each.name[0] != "."]
    files = [file for each in folders if each.name not in ("var", "docs") for file in sorted(each.rglob("*"))]
    digest = hashlib.sha256(repr(sorted(_asking().items())).encode())
    for each in files:
        if each.suffix in ENDINGS and each.is_file():
            digest.update(f"{each.relative_to(REPOSITORY)}\0".encode() + each.read_bytes())
    return digest.hexdigest()


def _asking() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("DATDAI_TEST_LEAKS_")}


def _asked(begun: float, done: int) -> int:
    """Run it in two processes, and tell now and then how far it is; 2 when it was stopped."""
    before = KEPT.with_suffix(".before")
    before.write_bytes(KEPT.read_bytes())
    own = {"DATDAI_TEST_LEAKS": "all", "DATDAI_TEST_LEAKS_RESULTS": str(KEPT), "DATDAI_TEST_LEAKS_BEFORE": str(before)}
    files = [str(HERE / each) for each in FILES]
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", *files, *sys.argv[1:]]
    running = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | own)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                return running.wait(TELL_EVERY_S)
            except subprocess.TimeoutExpired:
                _tell(_lines(), begun, done)
    except KeyboardInterrupt:
        _stop(running)
        return 2
    finally:
        before.unlink()


def _stop(running: subprocess.Popen[bytes]) -> None:
    """Let it end what it does; it may have been told not to listen."""
    running.send_signal(signal.SIGINT)
    try:
        running.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        running.terminate()
        running.wait()


def _tell(lines: Lines, begun: float, done: int) -> None:
    planned = max((each["planned"] for each in lines if "planned" in each), default=0)
    ended = len({each["passed"] for each in lines if "passed" in each}) + sum("failed" in each for each in lines)
    minutes = (time.monotonic() - begun) / 60
    left = minutes / (ended - done) * (planned - ended) if ended > done else float("nan")
    pairs = sum(each["worlds"] for each in lines if "pairs" in each)
    found = sum(len(each["differences"]) for each in lines if "pairs" in each)
    sys.stdout.write(
        f"\n{minutes:.1f} min: {ended} of {planned} done, {pairs} pairs of worlds, {found} differences; "
        f"about {left:.0f} min left\n"
    )
    sys.stdout.flush()


def _lines() -> Lines:
    """Return what was put down, as ``record.read`` does, which is no module here."""
    if not KEPT.exists():
        return []
    return [json.loads(each) for each in KEPT.read_text().splitlines() if each.endswith("}")]


def _written(lines: Lines, state: str, day: str) -> str:
    passed = {each["passed"] for each in lines if "passed" in each}
    failed = {each["failed"] for each in lines if "failed" in each} - passed
    pairs = {(each["pairs"], each["first"]): each for each in lines if "pairs" in each}
    differences = [text for each in pairs.values() for text in each["differences"]]
    parts = [
        f"# What callers may not see changes no answer, {day}",
        state,
        f"## Paired worlds\n\n{_of_pairs(list(pairs.values()))}",
        f"## Planted leaks\n\n{_of_planted([each for each in lines if 'planted' in each])}",
        f"## Each wall alone\n\n{_of_walls([each for each in lines if 'wall' in each])}",
        f"## Searching\n\n{_of_searches([each for each in lines if 'adaptive' in each])}",
        *(["## Failed\n\n" + "\n".join(f"- `{each}`" for each in sorted(failed))] if failed else []),
        *(f"```\n{each}\n```" for each in differences[:20]),
    ]
    return "\n\n".join(parts) + "\n"


def _of_pairs(pairs: Lines) -> str:
    changes, statuses, shapes = Counter[str](), Counter[str](), Counter[str]()
    for each in pairs:
        changes.update(each["changes"])
        statuses.update(each["statuses"])
        shapes.update(each["shapes"])
    rows = [_row(name, [each for each in pairs if each["pairs"] == name]) for name in _names(pairs, "pairs")]
    worlds, requests = (sum(each[key] for each in pairs) for key in ("worlds", "requests"))
    return (
        f"- request shapes: {len(shapes)}; each pair was asked in {sum(shapes.values()) / max(worlds, 1):.0f} of them, "
        "drawn by its seed\n"
        f"- viewpoints (profiles): {len(rows)}\n- pairs of worlds: {worlds}\n"
        f"- requests, each sent to both worlds: {requests:,}\n"
        f"- differences: {sum(len(each['differences']) for each in pairs)}\n"
        f"- changes that stood in the other worlds: {sum(changes.values()):,} ({_counted(changes)})\n"
        f"- answers by status: {_counted(statuses)}\n\n"
        + _table("viewpoint | worlds | shapes | requests | differences | seconds", rows)
    )


def _row(name: str, pairs: Lines) -> str:
    worlds, requests = (sum(each[key] for each in pairs) for key in ("worlds", "requests"))
    differences = sum(len(each["differences"]) for each in pairs)
    shapes = {shape for each in pairs for shape in each["shapes"]}
    seconds = sum(each["seconds"] for each in pairs)
    return f"{name} | {worlds} | {len(shapes)} | {requests:,} | {differences} | {seconds:.0f}"


def _of_planted(planted: Lines) -> str:
    found = {each["planted"]: each["found"] for each in planted}
    rows = [f"{name} | {found[name]}" for name in sorted(found)]
    return (
        f"Found, while the same requests to a server without the leak differed in nothing: {len(found)}.\n\n"
        + _table("planted leak | request that told it first", rows)
    )


def _of_walls(walls: Lines) -> str:
    first, second = (
        {each["viewpoint"]: each for each in walls if each["wall"] == wall} for wall in ("first", "second")
    )
    rows = [
        f"{name} | {_cell(first, name, 'same')} | {_cell(first, name, 'differences')} | {_cell(second, name, 'same')}"
        f" | {_cell(second, name, 'refused')}"
        for name in sorted(first | second)
    ]
    return _table(
        "viewpoint | first wall alone: shapes that answer 200 | differences | "
        "second wall alone: shapes that answer 200 with the bytes of both | requests refused by PostgreSQL (42501)",
        rows,
    )


def _cell(lines: dict[str, dict[str, Any]], name: str, key: str) -> str:
    return f"{lines[name][key]:,}" if name in lines else "not asked"


def _of_searches(searches: Lines) -> str:
    requests = {each["adaptive"]: each["requests"] for each in searches}
    total = f"{sum(requests.values()):,} requests, each sent to both worlds, learnt 0 bits of a number of 30 bits."
    return (
        total + "\n\n" + _table("viewpoint | requests", [f"{name} | {requests[name]:,}" for name in sorted(requests)])
    )


def _names(lines: Lines, key: str) -> list[str]:
    return sorted({each[key] for each in lines})


def _table(head: str, rows: Iterable[str]) -> str:
    columns = head.count(" | ") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *(f"| {each} |" for each in rows)])


def _counted(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
