"""Ask at random from many connections: wrk for HTTP, pgbench for bare SQL; and look at the memory of processes."""

import json
import math
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.world import VAR

_WRK = Path(__file__).parent / "wrk.lua"
_TIMEOUT_S = 120
_SETTLE_S = 30
_ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one round measured.

    Attributes:
        failed: connections and reads that failed, or timed out.
        refused: answers with a status of 400 or more.
    """

    per_second: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    mib_per_second: float | None = None
    failed: int = 0
    refused: int = 0


def request_line(path: str, *, tag: str = "", token: str | None = None) -> str:
    """Return a request as wrk.lua reads it."""
    return f"{path}\t{tag}\t{token or ''}".rstrip("\t")


def write_requests(name: str, lines: Iterable[str]) -> Path:
    """Write what wrk asks, a line each."""
    path = VAR / "requests" / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    return path


def wrk(url: str, requests: Path, *, connections: int, seconds: float, seed: int) -> Figures:
    """Ask the lines of a file at random for some seconds."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{math.ceil(seconds)}s"]
    command += ["--timeout", f"{_TIMEOUT_S}s", "--script", str(_WRK), url, "--", str(requests), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or "FIGURES" not in done.stdout:
        raise SystemExit(f"benchmarks: wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    return read_wrk(done.stdout)


def read_wrk(text: str) -> Figures:
    """Read what ``wrk.lua`` prints."""
    found = json.loads(text.split("FIGURES ", 1)[1].splitlines()[0])
    seconds = found["seconds"]
    return Figures(
        per_second=found["requests"] / seconds,
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        mib_per_second=found["bytes"] / seconds / 2**20,
        failed=found["failed"],
        refused=found["refused"],
    )


def write_statements(name: str, statements: Iterable[str]) -> list[Path]:
    """Write pgbench's scripts, one statement each."""
    folder = VAR / "statements"
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number, statement in enumerate(statements):
        paths.append(folder / f"{name}-{number}.sql")
        paths[-1].write_text(statement + ";\n")
    return paths


def pgbench(dsn: str, scripts: list[Path], *, connections: int, seconds: float, seed: int) -> Figures:
    """Run the scripts at random for some seconds, prepared."""
    command = ["pgbench", "--no-vacuum", "--protocol=prepared", f"--client={connections}", "--jobs=2"]
    command += [
        f"--time={max(1, round(seconds))}",
        f"--random-seed={seed}",
        *(f"--file={path}" for path in scripts),
        dsn,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"benchmarks: pgbench failed: {done.stderr.strip()[-500:]}")
    return read_pgbench(done.stdout)


def read_pgbench(text: str) -> Figures:
    """Read pgbench's summary."""
    rate = re.search(r"^tps = ([0-9.]+)", text, re.MULTILINE)
    latency = re.search(r"^latency average = ([0-9.]+) ms", text, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", text, re.MULTILINE)
    if rate is None:
        raise ValueError("pgbench printed no rate")
    return Figures(
        float(rate[1]), p50_ms=float(latency[1]) if latency else None, failed=int(failed[1]) if failed else 0
    )


def bound(dsn: str, statement: tuple[str, tuple[object, ...]]) -> str:
    """Return a statement with its values written into it, for pgbench."""
    with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as connection:
        return psycopg.ClientCursor(connection).mogrify(statement[0].encode(), statement[1])


def peak_mib(process: int) -> dict[int, float]:
    """Return the largest resident size so far of a process and its descendants, by process."""
    return {pid: peak for pid in family(process) if (peak := _peak(pid)) is not None}


def forget_peaks(process: int) -> None:
    """Let the kernel measure the peaks anew from now on. Source: proc(5), clear_refs."""
    for pid in family(process):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def seconds_for(rate: float, connections: int, seconds: float) -> float:
    """Return how long to measure: a slow contestant longer, so that what is under way at the end weighs little."""
    wanted = 10 * connections / max(rate, 0.1)
    return min(max(wanted, seconds), 2 * seconds)


def settle(connection: psycopg.Connection, processes: Iterable[int]) -> None:
    """Wait until the servers have worked off what nobody waits for any more, so that it burdens nobody else."""
    pids = [pid for process in processes for pid in family(process)]
    deadline = time.monotonic() + _SETTLE_S
    before = _ticks(pids)
    while time.monotonic() < deadline:
        time.sleep(0.1)
        after = _ticks(pids)
        if after - before <= 1 and not connection.execute(_ACTIVE).fetchone()[0]:  # pyright: ignore
            return
        before = after


def _ticks(pids: Iterable[int]) -> int:
    """Return the processor time that processes have used, in hundredths of a second."""
    return sum(_ticks_of(pid) for pid in pids)


def _ticks_of(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def family(process: int) -> list[int]:
    """Return a process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            parents.setdefault(parent, []).append(int(entry.name))
    found = [process]
    for pid in found:
        found.extend(parents.get(pid, ()))
    return found


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return None


def _peak(pid: int) -> float | None:
    try:
        matched = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(matched[1]) / 1024 if matched else None
