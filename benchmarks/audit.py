"""``python -m benchmarks.audit``: decisions a second that one process makes durable, and rows sealed and verified."""

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

from auth.audit import heads, keys, store
from auth.audit.records import Decision, Outcome
from auth.audit.sealer import sealing
from auth.audit.verifier import verify
from auth.audit.writer import AuditWriter
from core.clocks import RealClock
from database.cluster import Cluster, ensure_database, temporary_folder
from database.migrate import migrate

DATABASE = "kiem_toan"
THREADS = (1, 8, 64)


def main() -> None:
    """Measure in a cluster of its own that flushes to disk, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each step")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    folder = temporary_folder()
    cluster = Cluster(folder / "pg")
    try:
        cluster.start()
        ensure_database(cluster.dsn(), DATABASE)
        migrate(cluster.dsn(DATABASE))
        measure(cluster, folder, seconds=chosen.seconds, rounds=chosen.rounds)
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def measure(cluster: Cluster, folder: Path, *, seconds: float, rounds: int) -> None:
    """Write from few and from many threads in turn, then seal and verify what was written."""
    writer_dsn, reader_dsn = (cluster.dsn(DATABASE, f"{DATABASE}_{name}") for name in ("audit", "auditor"))
    for _ in range(rounds):
        for threads in THREADS:
            writer = AuditWriter(writer_dsn)
            times = write(writer, threads, seconds)
            writer.close()
            cut = quantiles(times, n=100)
            _say(f"{threads:3} threads  {len(times) / seconds:8.0f}/s  p50 {cut[49]:.2f} ms  p99 {cut[98]:.2f} ms")
    with sealing(writer_dsn, reader_dsn, folder, RealClock()) as sealer:
        _say(f"sealed    {_rate(sealer.round):8.0f} rows/s")
    with store.reader(reader_dsn, purpose="benchmark") as reader:
        key = keys.public_key(keys.public_file(folder))
        _say(f"verified  {_rate(lambda: verify(reader, key, heads.folder_of(folder)).rows):8.0f} rows/s")


def write(writer: AuditWriter, threads: int, seconds: float) -> list[float]:
    """Decide from some threads for some time; return the milliseconds that each decision took."""
    times: list[float] = []
    end = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end:
            decision = _decision()
            begun = time.perf_counter()
            writer.decide(decision)
            times.append((time.perf_counter() - begun) * 1_000)
            writer.outcome(Outcome(decision.request_id, 200, 1, 2_000, 900, finished=True, at=decision.at))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return times


def _decision() -> Decision:
    return Decision(
        request_id=uuid4().hex,
        at=datetime.now(UTC),
        subject="account:7",
        account="lan",
        unit="ubnd-xa",
        client="qgis",
        token="0123456789abcdef",
        ip="10.0.0.7",
        method="GET",
        route="/collections/{collection}/items/{item}",
        collection="thua-dat",
        operation="read",
        profile_hash="ab" * 32,
        agreements=("dt-2025-001",),
        granted=True,
        status=None,
        reason=None,
        query="item=#0123456789abcdef",
    )


def _rate(work: Callable[[], int]) -> float:
    begun = time.monotonic()
    count = work()
    return count / (time.monotonic() - begun)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
